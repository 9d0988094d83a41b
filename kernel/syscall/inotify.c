/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inotify.c - inotify_init(2), inotify_add_watch(2), inotify_rm_watch(2).
 */
#include "fs/inotify.h"

#include <linux/inotify.h>

#include "core/errno.h"
#include "fs/dentry.h"
#include "syscall/fd.h"
#include "syscall/syscall.h"

#define MASK_KNOWN                                                          \
    (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | \
     IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD |       \
     IN_ISDIR | IN_ONESHOT)

long sys_inotify_init1(int flags)
{
    struct file *f;
    int err;

    if (flags & ~(IN_CLOEXEC | IN_NONBLOCK))
        return -EINVAL;
    err = inotify_create((unsigned)flags, &f);
    return err ? err : fd_give(f, flags & IN_CLOEXEC);
}

long sys_inotify_init(void)
{
    return sys_inotify_init1(0);
}

static int add_path(struct file *f, uaddr_t path, uint32_t mask)
{
    unsigned flags = (mask & IN_DONT_FOLLOW ? 0 : PATH_FOLLOW) |
                     (mask & IN_ONLYDIR ? PATH_DIRECTORY : 0);
    struct dentry *d;
    int err;

    if ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE))
        return -EINVAL;
    err = path_lookup_user(AT_FDCWD, path, flags, &d);
    if (err)
        return err;
    err = inode_permission(d->inode, MAY_READ);
    if (!err)
        err = inotify_add(f, d->inode, mask);
    dentry_put(d);
    return err;
}

long sys_inotify_add_watch(int fd, uaddr_t path, unsigned mask)
{
    struct file *f;
    long wd;

    if (!(mask & MASK_KNOWN))
        return -EINVAL;
    f = fd_get(fd);
    if (!f)
        return -EBADF;
    wd = inotify_is(f) ? add_path(f, path, mask) : -EINVAL;
    file_put(f);
    return wd;
}

long sys_inotify_rm_watch(int fd, int wd)
{
    struct file *f = fd_get(fd);
    long err;

    if (!f)
        return -EBADF;
    err = inotify_is(f) ? inotify_remove(f, wd) : -EINVAL;
    file_put(f);
    return err;
}
