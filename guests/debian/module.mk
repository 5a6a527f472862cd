# SPDX-License-Identifier: GPL-2.0-or-later
# The program disco-mark, which `disco` adds to the Debian guest's initramfs.
debian-out := $(BUILD)/guests/debian
MARKFLAGS  := -mabi=64 -EL -march=mips64r2 -msoft-float -msym32 -mno-abicalls -fno-pic -G0 -std=gnu11 \
	      -Os -ffreestanding -fno-builtin -fno-stack-protector -fno-tree-loop-distribute-patterns \
	      -fno-asynchronous-unwind-tables $(WARNINGS) -Ivmm-core/include

$(debian-out)/disco-mark: guests/debian/disco-mark.c guests/debian/module.mk \
		vmm-core/include/dev/finisher.h vmm-core/include/dev/address_map.h
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CC-MIPS $<")
	$(Q)$(CROSS)gcc $(MARKFLAGS) -nostdlib -static -Wl,-Ttext-segment=0x10000000,--build-id=none,-s \
		-o $@ $<
ALL += $(debian-out)/disco-mark
