# SPDX-License-Identifier: GPL-2.0-or-later
# libFuzzer targets (clang). What is fuzzed is compiled here with sanitizers; the rest is linked.
FUZZ_CC := clang -std=c11 -D_GNU_SOURCE $(WARNINGS) $(INCLUDES) -O1 -g -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined
fuzz-bins := $(BUILD)/fuzz/virtio_fuzz $(BUILD)/fuzz/load_fuzz

$(BUILD)/fuzz/virtio_fuzz: tests/fuzz/virtio_fuzz.c $(wildcard vmm-core/dev/virt*.c) vmm-core/dev/guest_memory.c
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  FUZZ    $@")
	$(Q)$(FUZZ_CC) -o $@ $^

$(BUILD)/fuzz/load_fuzz: tests/fuzz/load_fuzz.c emu-mips/board/elf_file.c emu-mips/board/devicetree.c \
		$(BUILD)/libemu.a $(BUILD)/libvmm.a
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  FUZZ    $@")
	$(Q)$(FUZZ_CC) $(SANFLAGS) -o $@ $^ $(BUILD)/libemu.a $(USER_LIBS)
