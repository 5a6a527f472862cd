// SPDX-License-Identifier: GPL-2.0
/*
 * The device file. Every open has an inode of its own, so that a space's mappings can be found and
 * taken away without those of others.
 */
#include <linux/fs.h>
#include <linux/memory.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/poll.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>

#include "disco.h"

#define DISCO_FS_MAGIC 0x44495343

/* Mounted while the device is open: a mount for good would hold the module. */
static struct vfsmount *disco_mount;
static int disco_mount_users;

static int disco_fs_init(struct fs_context *fc)
{
	return init_pseudo(fc, DISCO_FS_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type disco_fs = {
	.name = "disco",
	.owner = THIS_MODULE,
	.init_fs_context = disco_fs_init,
	.kill_sb = kill_anon_super,
};

static int disco_open(struct inode *inode, struct file *filp)
{
	struct disco_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!file)
		return -ENOMEM;
	ret = simple_pin_fs(&disco_fs, &disco_mount, &disco_mount_users);
	if (ret)
		goto free;
	file->inode = alloc_anon_inode(disco_mount->mnt_sb);
	if (IS_ERR(file->inode)) {
		ret = PTR_ERR(file->inode);
		goto unpin;
	}
	filp->f_mapping = file->inode->i_mapping;
	filp->private_data = file;
	return 0;

unpin:
	simple_release_fs(&disco_mount, &disco_mount_users);
free:
	kfree(file);
	return ret;
}

/* The last of the file and its mappings is gone. */
static int disco_release(struct inode *inode, struct file *filp)
{
	struct disco_file *file = filp->private_data;

	if (file->space)
		disco_space_free(file->space);
	iput(file->inode);
	simple_release_fs(&disco_mount, &disco_mount_users);
	kfree(file);
	return 0;
}

static int disco_file_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct disco_file *file = filp->private_data;
	struct disco_space *space = smp_load_acquire(&file->space); /* create_ioctl() */

	if (!space)
		return -ENODEV;
	if (vma->vm_mm != space->mm)
		return -EPERM;
	return disco_mmap(space, vma);
}

static __poll_t disco_poll(struct file *filp, poll_table *wait)
{
	struct disco_file *file = filp->private_data;
	struct disco_space *space = smp_load_acquire(&file->space); /* create_ioctl() */

	if (!space || !space->ring.ring)
		return EPOLLERR;
	poll_wait(filp, &space->ring.wait, wait);
	return disco_ring_has(space) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations disco_fops = {
	.owner = THIS_MODULE,
	.open = disco_open,
	.release = disco_release,
	.mmap = disco_file_mmap,
	.poll = disco_poll,
	.unlocked_ioctl = disco_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice disco_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "disco",
	.fops = &disco_fops,
	.mode = 0600,
};

static void drain_pool(struct disco_space *space, void *data)
{
	disco_pool_drain(space);
}

/* A node that is to go offline gets the spare pages back; pages in use keep it online. */
static int disco_memory_event(struct notifier_block *nb, unsigned long action, void *data)
{
	if (action == MEM_GOING_OFFLINE)
		disco_for_each_space(drain_pool, NULL);
	return NOTIFY_OK;
}

static struct notifier_block disco_memory_notifier = {
	.notifier_call = disco_memory_event,
};

int disco_device_init(void)
{
	int ret = register_memory_notifier(&disco_memory_notifier);

	if (ret)
		return ret;
	ret = misc_register(&disco_misc);
	if (ret)
		unregister_memory_notifier(&disco_memory_notifier);
	return ret;
}

void disco_device_exit(void)
{
	misc_deregister(&disco_misc);
	unregister_memory_notifier(&disco_memory_notifier);
}
