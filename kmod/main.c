// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading, and the parameters. */
#include <linux/module.h>

#include "disco.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

unsigned long disco_max_pages;
module_param_named(max_pages, disco_max_pages, ulong, 0644);
MODULE_PARM_DESC(max_pages, "Pages all spaces together may hold, tables included (default: half of the memory)");

unsigned int disco_pool_pages = 4096;
module_param_named(pool_pages, disco_pool_pages, uint, 0644);
MODULE_PARM_DESC(pool_pages, "Free pages a space keeps on each node for reuse (default 4096)");

static int __init disco_init(void)
{
	int ret;

	if (!disco_max_pages)
		disco_max_pages = totalram_pages() / 2;
	ret = disco_pte_init();
	if (ret)
		return ret;
	ret = disco_device_init();
	if (ret) {
		disco_pte_exit();
		return ret;
	}
	disco_stats_init();
	return 0;
}

static void __exit disco_exit(void)
{
	disco_stats_exit();
	disco_device_exit();
	disco_pte_exit();
}

module_init(disco_init);
module_exit(disco_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Disco: batched remapping of pages between NUMA nodes, and access counters");
MODULE_VERSION("1.0");
