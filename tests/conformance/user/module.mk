# SPDX-License-Identifier: GPL-2.0-or-later
# The guest program (cross-compiled, without libc) and the host program that runs it on our engines.
CROSS ?= mips64el-linux-gnuabi64-
user-conformance := $(BUILD)/conformance/user $(BUILD)/conformance/user-o32 $(BUILD)/conformance/harness
user-dir := tests/conformance/user
user-guest := $(addprefix $(user-dir)/,main.c encode.c random.c os.c run.S)

user-flags := -std=gnu11 -O2 -fno-pic -mno-abicalls -msoft-float -ffreestanding -nostdlib -static \
	-Wl,-N -Wl,--build-id=none -Wall -Wextra -Werror -Iemu-mips/include -Ivmm-core/include

$(BUILD)/conformance/user: user-abi := -mabi=64 -march=mips64r2
$(BUILD)/conformance/user-o32: user-abi := -mabi=32 -march=mips32r2 -Wl,-Ttext-segment=0x10000000
$(BUILD)/conformance/user $(BUILD)/conformance/user-o32: $(user-guest) $(user-dir)/user.h \
		emu-mips/cpu/insn.def emu-mips/cpu/decode.h
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CROSS   $@")
	$(Q)$(CROSS)gcc $(user-flags) $(user-abi) $(user-guest) -o $@

$(BUILD)/conformance/harness: $(BUILD)/obj/$(user-dir)/harness.o $(BUILD)/libemu.a $(BUILD)/libvmm.a
	@$(if $(V),,echo "  LD      $@")
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(USER_LIBS)
