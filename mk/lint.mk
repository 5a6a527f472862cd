# SPDX-License-Identifier: GPL-2.0-or-later
LINT_C := $(wildcard vmm-core/*/*.c emu-mips/*/*.c numa-map/*.c userspace/*.c userspace/*/*.c tests/unit/*.c)
LINT_H := $(wildcard vmm-core/include/*/*.h emu-mips/include/*/*.h emu-mips/*/*.h numa-map/*.h numa-map/include/*/*.h userspace/*.h)
LINT_GUEST := $(wildcard guests/splashos/*/*.c)
## make lint       clang-format, cppcheck, clang-tidy, shellcheck, freestanding check
.PHONY: lint
lint: $(BUILD)/core.gate
	$(Q)clang-format --dry-run -Werror $(LINT_C) $(LINT_H) $(LINT_GUEST) \
		$(wildcard guests/splashos/*/*.h)
	$(Q)cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,portability \
		--suppress=missingIncludeSystem $(INCLUDES) -Iguests/splashos/include $(LINT_C) \
		$(LINT_GUEST)
	$(Q)printf '%s\n' $(filter-out vmm-core/mips/%,$(LINT_C)) | xargs -P 2 -n 1 sh -c 'clang-tidy --quiet "$$0" -- \
		-std=c11 -D_GNU_SOURCE $(INCLUDES) -Iemu-mips -Iuserspace 2>/dev/null'
	$(Q)shellcheck -x $$(git ls-files | xargs grep -lE '^#!.*(bash|/sh)' --)
