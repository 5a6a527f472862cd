# SPDX-License-Identifier: GPL-2.0-or-later
# The program disco.
user-srcs := $(wildcard userspace/*.c userspace/*/*.c)
USER_LIBS := -luring -lfdt -lconfig -ljansson -lcapstone -lnuma -lm
## make            build everything
$(BUILD)/disco: $(call objects,$(user-srcs)) $(BUILD)/libemu.a $(BUILD)/libvmm.a $(BUILD)/libnumamap.a
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(USER_LIBS)
ifneq ($(user-srcs),)
ALL += $(BUILD)/disco
endif
