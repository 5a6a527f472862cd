# SPDX-License-Identifier: GPL-2.0-or-later
# Host NUMA: topology, placement, views with and without the module.
numa-srcs := $(wildcard numa-map/*.c)
$(BUILD)/libnumamap.a: $(call objects,$(numa-srcs))
