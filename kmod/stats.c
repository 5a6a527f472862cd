// SPDX-License-Identifier: GPL-2.0
/* /sys/kernel/debug/disco: figures since loading, and the spaces there are. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "disco.h"

atomic64_t disco_stats[DISCO_STATS];

static struct dentry *folder;

static const char *const names[DISCO_STATS] = {
	[DISCO_STAT_BATCHES] = "batches",
	[DISCO_STAT_ENTRIES] = "entries",
	[DISCO_STAT_FAILED] = "entries_failed",
	[DISCO_STAT_BUSY] = "entries_busy",
	[DISCO_STAT_FLUSHES] = "flushes",
	[DISCO_STAT_FALLBACKS] = "fallback_flushes",
	[DISCO_STAT_FAULTS] = "faults",
	[DISCO_STAT_COLLAPSES] = "write_collapses",
	[DISCO_STAT_BREAKS] = "write_breaks",
	[DISCO_STAT_COPIES] = "page_copies",
	[DISCO_STAT_SCANS] = "scans",
	[DISCO_STAT_SPACES] = "spaces_created",
};

static int stats_show(struct seq_file *file, void *unused)
{
	int i;

	for (i = 0; i < DISCO_STATS; i++)
		seq_printf(file, "%s %lld\n", names[i], atomic64_read(&disco_stats[i]));
	seq_printf(file, "pages_used %lu\n", disco_used_pages());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static void show_space(struct disco_space *space, void *file)
{
	seq_printf(file, "%u owner %d slots %lu views %u pages %ld tables %lu%s%s\n", space->id,
		   space->owner, space->slots, space->views, atomic_long_read(&space->pages),
		   space->metadata_pages, space->flags & DISCO_SPACE_STRICT ? " strict" : "",
		   space->flags & DISCO_SPACE_LONGTERM ? " longterm" : "");
}

static int spaces_show(struct seq_file *file, void *unused)
{
	disco_for_each_space(show_space, file);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(spaces);

void disco_stats_init(void)
{
	folder = debugfs_create_dir("disco", NULL);
	debugfs_create_file("stats", 0400, folder, NULL, &stats_fops);
	debugfs_create_file("spaces", 0400, folder, NULL, &spaces_fops);
}

void disco_stats_exit(void)
{
	debugfs_remove_recursive(folder);
}
