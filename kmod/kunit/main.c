// SPDX-License-Identifier: GPL-2.0
/* The module of the unit tests: the objects of disco.ko and the suites, without the device. */
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include "../trace.h"
#include "fixture.h"

unsigned long disco_max_pages;
unsigned int disco_pool_pages = 4096;

kunit_test_suites(&disco_slot_suite, &disco_remap_suite, &disco_count_suite, &disco_ring_suite,
		  &disco_abi_suite, &disco_fail_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Unit tests of disco");
