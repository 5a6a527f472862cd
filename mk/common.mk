# SPDX-License-Identifier: GPL-2.0-or-later
# Compilers, flags and the pattern rules. Options: V=1 shows commands, SAN=1 builds with the
# address and undefined-behaviour sanitizers into build-san/, CC=clang selects the compiler.

ifeq ($(origin CC),default)
CC := gcc
endif
SAN   ?=
ifeq ($(SAN),)
BUILD ?= build
else
BUILD ?= build-san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif
Q := $(if $(V),,@)

INCLUDES := -Ivmm-core/include -Iemu-mips/include -Iemu-mips -Inuma-map/include -Ikmod/uapi
WARNINGS := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla
CFLAGS   ?= -O2 -g
ALLFLAGS  = -std=c11 -D_GNU_SOURCE $(WARNINGS) $(INCLUDES) -MMD -MP $(CFLAGS) $(SANFLAGS)
LDFLAGS  += $(SANFLAGS) -pthread
ALL      :=

# objects SOURCES: the object files of a list of C sources
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

# Flags changed in a makefile change the objects.
$(BUILD)/obj/%.o: %.c mk/common.mk
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CC      $<")
	$(Q)$(CC) $(ALLFLAGS) $(FLAGS_$(firstword $(subst /, ,$<))) -c -o $@ $<

$(BUILD)/lib%.a:
	@$(if $(V),,echo "  AR      $@")
	$(Q)rm -f $@ && ar rcs $@ $^

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
