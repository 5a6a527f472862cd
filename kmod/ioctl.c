// SPDX-License-Identifier: GPL-2.0
/* The table of calls, and the structures' way in and out. */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/nodemask.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "disco.h"

int disco_copy_in(void *to, size_t size, size_t least, const void __user *from)
{
	u32 known;

	if (get_user(known, (const u32 __user *)from))
		return -EFAULT;
	if (known < least)
		return -EINVAL;
	if (known > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, size, from, known);
}

int disco_copy_out(void __user *to, const void *from, size_t size)
{
	u32 known = *(const u32 *)from;

	return copy_to_user(to, from, min_t(size_t, known, size)) ? -EFAULT : 0;
}

static u64 capabilities(void)
{
	u64 all = DISCO_CAP_REMAP | DISCO_CAP_ONE_FLUSH | DISCO_CAP_LONGTERM |
		  DISCO_CAP_COUNT_SCAN | DISCO_CAP_COUNT_HINT | DISCO_CAP_COUNT_FEED;

	if (IS_ENABLED(CONFIG_PERF_EVENTS) && perfmon_capable())
		all |= DISCO_CAP_COUNT_PMU;
	return all;
}

static long info_ioctl(void __user *arg)
{
	struct disco_info info;
	int ret, node;

	ret = disco_copy_in(&info, sizeof(info), sizeof(info), arg);
	if (ret)
		return ret;
	if (info.flags || memchr_inv(info.reserved, 0, sizeof(info.reserved)))
		return -EINVAL;
	info.version = DISCO_ABI_VERSION;
	info.page_size = PAGE_SIZE;
	info.capabilities = capabilities();
	info.max_slots = DISCO_MAX_SLOTS;
	info.max_batch = DISCO_MAX_BATCH;
	info.max_views = DISCO_MAX_VIEWS;
	info.max_pages = READ_ONCE(disco_max_pages);
	info.used_pages = disco_used_pages();
	info.nodes = 0;
	for_each_node_state(node, N_MEMORY)
		if (node < 64)
			info.nodes |= 1ull << node;
	return disco_copy_out(arg, &info, sizeof(info));
}

static long create_ioctl(struct disco_file *file, void __user *arg)
{
	struct disco_space_create create;
	struct disco_space *space;
	int ret;

	ret = disco_copy_in(&create, sizeof(create), sizeof(create), arg);
	if (ret)
		return ret;
	ret = disco_check_create(&create);
	if (ret)
		return ret;
	if (READ_ONCE(file->space))
		return -EEXIST;
	space = disco_space_new(&create, current->mm, file->inode->i_mapping);
	if (IS_ERR(space))
		return PTR_ERR(space);
	disco_space_layout(space, &create);
	if (disco_copy_out(arg, &create, sizeof(create))) {
		disco_space_free(space);
		return -EFAULT;
	}
	if (cmpxchg_release(&file->space, NULL, space)) {
		disco_space_free(space);
		return -EEXIST;
	}
	return 0;
}

static long (*const space_calls[])(struct disco_space *space, void __user *arg) = {
	[_IOC_NR(DISCO_REMAP)] = disco_remap_ioctl,
	[_IOC_NR(DISCO_QUERY)] = disco_query_ioctl,
	[_IOC_NR(DISCO_COUNT_CONFIG)] = disco_count_config_ioctl,
	[_IOC_NR(DISCO_COUNT_READ)] = disco_count_read_ioctl,
	[_IOC_NR(DISCO_COUNT_FEED)] = disco_count_feed_ioctl,
};

long disco_ioctl(struct file *filp, unsigned int cmd, unsigned long number)
{
	struct disco_file *file = filp->private_data;
	void __user *arg = (void __user *)number;
	struct disco_space *space;
	unsigned int nr = _IOC_NR(cmd);

	if (cmd == DISCO_INFO)
		return info_ioctl(arg);
	if (cmd == DISCO_SPACE_CREATE)
		return create_ioctl(file, arg);
	if (cmd != _IO(DISCO_IOC_TYPE, nr) || nr >= ARRAY_SIZE(space_calls) || !space_calls[nr])
		return -ENOTTY;
	space = smp_load_acquire(&file->space); /* create_ioctl() */
	if (!space)
		return -ENODEV;
	if (current->mm != space->mm)
		return -EPERM;
	return space_calls[nr](space, arg);
}
