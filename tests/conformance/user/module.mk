# SPDX-License-Identifier: GPL-2.0-or-later
# The guest program (cross-compiled, without libc) and the host program that runs it on our engines.
CROSS ?= mips64el-linux-gnuabi64-
user-conformance := $(BUILD)/conformance/user $(BUILD)/conformance/harness
user-dir := tests/conformance/user
user-guest := $(addprefix $(user-dir)/,main.c encode.c random.c os.c run.S)

$(BUILD)/conformance/user: $(user-guest) $(user-dir)/user.h emu-mips/cpu/insn.def emu-mips/cpu/decode.h
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CROSS   $@")
	$(Q)$(CROSS)gcc -std=gnu11 -O2 -march=mips64r2 -mabi=64 -mno-abicalls -fno-pic -msoft-float \
		-ffreestanding -nostdlib -static -Wl,-N -Wl,--build-id=none -Wall -Wextra -Werror \
		-Iemu-mips/include -Ivmm-core/include $(user-guest) -o $@

$(BUILD)/conformance/harness: $(BUILD)/obj/$(user-dir)/harness.o $(BUILD)/libemu.a $(BUILD)/libvmm.a
	@$(if $(V),,echo "  LD      $@")
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(USER_LIBS)
