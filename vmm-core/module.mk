# SPDX-License-Identifier: GPL-2.0-or-later
# The monitor and the device models: freestanding C, no libc (design, section 6).
vmm-srcs := $(wildcard vmm-core/core/*.c vmm-core/dev/*.c)
FLAGS_vmm-core := -ffreestanding
$(BUILD)/libvmm.a: $(call objects,$(vmm-srcs))
