#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Prints the compiler's defines for what this kernel's headers have. Features are looked for, not
# version numbers: stable kernels and distributions take changes back.
# Usage: conftest.sh SRCTREE OBJTREE
src=$1

has() { # define header regex
	grep -qE "$3" "$src/$2" 2>/dev/null && echo "-D$1"
}

has DISCO_HAS_VM_FLAGS_SET include/linux/mm.h 'vm_flags_set\('
has DISCO_HAS_ZAP_SPECIAL include/linux/mm.h 'zap_special_vma_range\('
has DISCO_HAS_EVENTFD_COUNTLESS include/linux/eventfd.h 'eventfd_signal\(struct eventfd_ctx \*ctx\)'
has DISCO_HAS_MKWRITE_NOVMA arch/x86/include/asm/pgtable.h 'pte_mkwrite_novma\('
has DISCO_HAS_RSS_PERCPU include/linux/mm_types.h 'struct percpu_counter rss_stat'
exit 0
