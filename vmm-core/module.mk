# SPDX-License-Identifier: GPL-2.0-or-later
# The monitor and the device models: freestanding C, no libc (design, section 6).
vmm-srcs := $(wildcard vmm-core/core/*.c vmm-core/dev/*.c)
FLAGS_vmm-core := -ffreestanding
$(BUILD)/libvmm.a: $(call objects,$(vmm-srcs))

# The same files for MIPS: $(BUILD)/mips/vmm-core.elf, and measure.elf, which measures their paths.
CROSS	  ?= mips64el-linux-gnuabi64-
MIPSFLAGS := -mabi=64 -EL -march=mips64r2 -msym32 -mno-abicalls -fno-pic -G0 -std=gnu11 -O3 -g \
	     -ffreestanding -fno-builtin -fno-stack-protector -fno-tree-loop-distribute-patterns \
	     $(WARNINGS) -Ivmm-core/include -Ivmm-core/core -Ivmm-core/mips -MMD -MP
mips-core := $(patsubst %.c,$(BUILD)/mips/%.o,$(vmm-srcs))
mips-hal  := $(patsubst %,$(BUILD)/mips/vmm-core/%.o,rt/memory mips/hal_mips mips/entry \
	       mips/refill mips/quick mips/quick_tlb)

# Optimised as a whole at the final links; the objects are good for ld -r and nm as well.
$(mips-core) $(BUILD)/mips/vmm-core/mips/hal_mips.o: MIPSFLAGS += -flto -ffat-lto-objects
$(BUILD)/mips/%.o: %.c vmm-core/module.mk
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CC-MIPS $<")
	$(Q)$(CROSS)gcc $(MIPSFLAGS) -c -o $@ $<
$(BUILD)/mips/%.o: %.S vmm-core/module.mk
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(MIPSFLAGS) -c -o $@ $<
-include $(shell find $(BUILD)/mips -name '*.d' 2>/dev/null)

# The core linked alone leaves nothing undefined but hal_*, natively and for MIPS.
$(BUILD)/mips/core.o: $(mips-core) $(BUILD)/mips/vmm-core/rt/memory.o
	$(Q)$(CROSS)ld -EL -m elf64ltsmip --no-warn-mismatch -r -o $@ $^
$(BUILD)/core.o: $(call objects,$(vmm-srcs))
	$(Q)ld -r -o $@ $^
$(BUILD)/core.gate: $(BUILD)/core.o $(BUILD)/mips/core.o vmm-core/mips/gate
	$(Q)vmm-core/mips/gate "$(CROSS)" $(BUILD)/core.o $(BUILD)/mips/core.o
	$(Q)touch $@
MIPSLINK = $(Q)$(CROSS)gcc $(MIPSFLAGS) -flto=auto -nostdlib -static -Wl,--build-id=none \
	   -Wl,--no-warn-mismatch
$(BUILD)/mips/vmm-core.elf: $(mips-core) $(mips-hal) vmm-core/mips/link.ld
	@$(if $(V),,echo "  LD-MIPS $@")
	$(MIPSLINK) -Wl,-T,vmm-core/mips/link.ld -o $@ $(mips-core) $(mips-hal)
priv-runtime := tests/guest/priv/runtime
$(BUILD)/mips/measure.elf: vmm-core/mips/measure.c $(mips-core) $(mips-hal) \
		$(wildcard $(priv-runtime)/*)
	$(MIPSLINK) -Wno-main -DPROGRAM='"measure"' -I$(priv-runtime) \
		-Wl,-T,$(priv-runtime)/link.ld -o $@ $< $(mips-core) $(mips-hal) \
		$(wildcard $(priv-runtime)/*.c $(priv-runtime)/*.S)
# (The sanitizers would leave their own symbols.)
ALL += $(if $(SAN),,$(BUILD)/core.gate) $(BUILD)/mips/vmm-core.elf $(BUILD)/mips/measure.elf
