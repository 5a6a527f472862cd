# SPDX-License-Identifier: GPL-2.0-or-later
# The simulated machine. It neither prints nor exits: that is userspace's.
emu-srcs := $(wildcard emu-mips/cpu/*.c emu-mips/mem/*.c emu-mips/jit/*.c emu-mips/board/*.c emu-mips/monitor/*.c)
$(BUILD)/libemu.a: $(call objects,$(emu-srcs))
