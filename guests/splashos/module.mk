# SPDX-License-Identifier: GPL-2.0-or-later
# SplashOS programs: $(BUILD)/guests/splashos/NAME.elf in the stock segments, and mapped/NAME.elf in
# mapped segments. One program is one file of programs/; the library is linked whole.
splash-src   := guests/splashos
splash-out   := $(BUILD)/guests/splashos
splash-names := $(patsubst $(splash-src)/programs/%.c,%,$(wildcard $(splash-src)/programs/*.c))
splash-lib   := $(patsubst %.c,$(splash-out)/obj/%.o,$(notdir $(wildcard $(splash-src)/lib/*.c)))
# Every rounding is the program's: contraction would make results depend on the compiler's choices.
SPLASHFLAGS  := -mabi=64 -EL -march=mips64r2 -mhard-float -msym32 -mno-abicalls -fno-pic -G0 \
		-std=gnu11 -O2 -g -ffreestanding -fno-builtin -fno-stack-protector \
		-fno-tree-loop-distribute-patterns -fno-math-errno -ffp-contract=off $(WARNINGS) -Wno-main \
		-I$(splash-src)/include -Ivmm-core/include -MMD -MP
SPLASHLD     := $(CROSS)ld -EL -m elf64ltsmip -L$(splash-src)

$(splash-out)/obj/%.o: $(splash-src)/lib/%.c
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CC-MIPS $<")
	$(Q)$(CROSS)gcc $(SPLASHFLAGS) -c -o $@ $<
$(splash-out)/obj/program_%.o: $(splash-src)/programs/%.c
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CC-MIPS $<")
	$(Q)$(CROSS)gcc $(SPLASHFLAGS) -DPROGRAM='"$*"' -c -o $@ $<
$(splash-out)/obj/entry.o: $(splash-src)/lib/entry.S
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(SPLASHFLAGS) -c -o $@ $<
$(splash-out)/obj/entry_mapped.o: $(splash-src)/lib/entry.S
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(SPLASHFLAGS) -DSPLASH_MAPPED -c -o $@ $<
-include $(wildcard $(splash-out)/obj/*.d)

$(splash-out)/%.elf: $(splash-out)/obj/program_%.o $(splash-out)/obj/entry.o $(splash-lib) \
		$(splash-src)/link.ld $(splash-src)/sections.ld $(splash-src)/module.mk
	@$(if $(V),,echo "  LD-MIPS $@")
	$(Q)$(SPLASHLD) -T link.ld -o $@ $(filter %.o,$^)
$(splash-out)/mapped/%.elf: $(splash-out)/obj/program_%.o $(splash-out)/obj/entry_mapped.o \
		$(splash-lib) $(splash-src)/link_mapped.ld $(splash-src)/sections.ld
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  LD-MIPS $@")
	$(Q)$(SPLASHLD) -T link_mapped.ld -o $@ $(filter %.o,$^)
.SECONDARY: $(patsubst %,$(splash-out)/obj/program_%.o,$(splash-names))
ALL += $(patsubst %,$(splash-out)/%.elf,$(splash-names)) \
       $(patsubst %,$(splash-out)/mapped/%.elf,$(splash-names))
