/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_mounts.c - /proc/PID/mounts, mountinfo, mountstats.
 */
#include "core/errno.h"
#include "fs/proc.h"
#include "fs/special.h"
#include "mm/heap.h"

static int each_mount(struct text_file *t,
                      int (*put)(struct text_file *t, unsigned idx,
                                 const struct superblock *sb, const char *path))
{
    char *path = kmalloc(PATH_MAX);
    struct superblock *sb;
    struct dentry *d;
    int err = 0;

    if (!path)
        return -ENOMEM;
    for (unsigned i = 0; !err && (sb = vfs_mount_at(i, &d)); i++)
        if (dentry_path(d, path, PATH_MAX) >= 0)
            err = put(t, i, sb, path);
    kfree(path);
    return err;
}

static int put_mount(struct text_file *t, unsigned idx,
                     const struct superblock *sb, const char *path)
{
    (void)idx;
    return text_printf(t, "%s %s %s %s,relatime 0 0\n", sb->type, path,
                       sb->type, sb->read_only ? "ro" : "rw");
}

static int put_mountinfo(struct text_file *t, unsigned idx,
                         const struct superblock *sb, const char *path)
{
    const char *mode = sb->read_only ? "ro" : "rw";

    return text_printf(t, "%u %u %u:%u / %s %s,relatime - %s %s %s\n",
                       idx + VFS_ROOT_ID, idx ? VFS_ROOT_ID : 1,
                       DEV_MAJOR(sb->dev), DEV_MINOR(sb->dev), path, mode,
                       sb->type, sb->type, mode);
}

static int put_mountstats(struct text_file *t, unsigned idx,
                          const struct superblock *sb, const char *path)
{
    (void)idx;
    return text_printf(t, "device %s mounted on %s with fstype %s\n", sb->type,
                       path, sb->type);
}

int proc_show_mounts(struct text_file *t, void *inode)
{
    (void)inode;
    return each_mount(t, put_mount);
}

int proc_show_mountinfo(struct text_file *t, void *inode)
{
    (void)inode;
    return each_mount(t, put_mountinfo);
}

int proc_show_mountstats(struct text_file *t, void *inode)
{
    (void)inode;
    return each_mount(t, put_mountstats);
}
