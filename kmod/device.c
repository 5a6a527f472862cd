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

static struct vfsmount *disco_mount;

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

	if (!file)
		return -ENOMEM;
	file->inode = alloc_anon_inode(disco_mount->mnt_sb);
	if (IS_ERR(file->inode)) {
		int ret = PTR_ERR(file->inode);

		kfree(file);
		return ret;
	}
	filp->f_mapping = file->inode->i_mapping;
	filp->private_data = file;
	return 0;
}

/* The last of the file and its mappings is gone. */
static int disco_release(struct inode *inode, struct file *filp)
{
	struct disco_file *file = filp->private_data;

	if (file->space)
		disco_space_free(file->space);
	iput(file->inode);
	kfree(file);
	return 0;
}

static int disco_file_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct disco_file *file = filp->private_data;
	struct disco_space *space = smp_load_acquire(&file->space);

	if (!space)
		return -ENODEV;
	if (vma->vm_mm != space->mm)
		return -EPERM;
	return disco_mmap(space, vma);
}

static __poll_t disco_poll(struct file *filp, poll_table *wait)
{
	struct disco_file *file = filp->private_data;
	struct disco_space *space = smp_load_acquire(&file->space);

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
	int ret;

	disco_mount = kern_mount(&disco_fs);
	if (IS_ERR(disco_mount))
		return PTR_ERR(disco_mount);
	ret = register_memory_notifier(&disco_memory_notifier);
	if (ret)
		goto unmount;
	ret = misc_register(&disco_misc);
	if (ret)
		goto unregister;
	return 0;

unregister:
	unregister_memory_notifier(&disco_memory_notifier);
unmount:
	kern_unmount(disco_mount);
	return ret;
}

void disco_device_exit(void)
{
	misc_deregister(&disco_misc);
	unregister_memory_notifier(&disco_memory_notifier);
	kern_unmount(disco_mount);
}
