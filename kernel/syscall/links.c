/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links.c - names: mkdir, mknod, link, symlink, unlink, rename.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "syscall/at.h"
#include "syscall/syscall.h"

static long mknod_mode(int dirfd, uaddr_t path, unsigned mode, uint64_t rdev)
{
    struct path_text p;
    int err = path_get(&p, path);

    if (err)
        return err;
    err = vfs_mknod(dirfd, p.text, mode, rdev);
    path_put(&p);
    return err;
}

long sys_mkdirat(int dirfd, uaddr_t path, unsigned mode)
{
    return mknod_mode(dirfd, path, S_IFDIR | (mode & 01777), 0);
}

long sys_mkdir(uaddr_t path, unsigned mode)
{
    return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_mknodat(int dirfd, uaddr_t path, unsigned mode, unsigned dev)
{
    if ((mode & S_IFMT) == 0)
        mode |= S_IFREG;
    if (S_ISDIR(mode))
        return -EPERM;
    if (!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode) &&
        !S_ISCHR(mode) && !S_ISBLK(mode))
        return -EINVAL;
    if ((S_ISCHR(mode) || S_ISBLK(mode)) && !cred_is_root())
        return -EPERM;
    if (!S_ISCHR(mode) && !S_ISBLK(mode))
        dev = 0;
    return mknod_mode(dirfd, path, mode & (S_IFMT | 07777), dev);
}

long sys_mknod(uaddr_t path, unsigned mode, unsigned dev)
{
    return sys_mknodat(AT_FDCWD, path, mode, dev);
}

long sys_symlinkat(uaddr_t target, int dirfd, uaddr_t path)
{
    struct path_text to, p;
    int err = path_get(&to, target);

    if (err)
        return err;
    err = path_get(&p, path);
    if (!err) {
        err = vfs_symlink(to.text, dirfd, p.text);
        path_put(&p);
    }
    path_put(&to);
    return err;
}

long sys_symlink(uaddr_t target, uaddr_t path)
{
    return sys_symlinkat(target, AT_FDCWD, path);
}

long sys_linkat(int old_dirfd, uaddr_t old_path, int new_dirfd,
                uaddr_t new_path, int flags)
{
    struct path_text p;
    struct at_target t;
    int err;

    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (!(flags & AT_SYMLINK_FOLLOW))
        flags |= AT_SYMLINK_NOFOLLOW;
    err = at_get(old_dirfd, old_path, flags, &t);
    if (err)
        return err;
    err = path_get(&p, new_path);
    if (!err) {
        err = t.dentry ? vfs_link(t.dentry, new_dirfd, p.text) : -EXDEV;
        path_put(&p);
    }
    at_put(&t);
    return err;
}

long sys_link(uaddr_t old_path, uaddr_t new_path)
{
    return sys_linkat(AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

long sys_unlinkat(int dirfd, uaddr_t path, int flags)
{
    struct path_text p;
    int err;

    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    err = path_get(&p, path);
    if (err)
        return err;
    err = vfs_unlink(dirfd, p.text, flags & AT_REMOVEDIR);
    path_put(&p);
    return err;
}

long sys_unlink(uaddr_t path)
{
    return sys_unlinkat(AT_FDCWD, path, 0);
}

long sys_rmdir(uaddr_t path)
{
    return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

long sys_renameat2(int old_dirfd, uaddr_t old_path, int new_dirfd,
                   uaddr_t new_path, unsigned flags)
{
    struct path_text from, to;
    int err = path_get(&from, old_path);

    if (err)
        return err;
    err = path_get(&to, new_path);
    if (!err) {
        err = vfs_rename(old_dirfd, from.text, new_dirfd, to.text, flags);
        path_put(&to);
    }
    path_put(&from);
    return err;
}

long sys_renameat(int old_dirfd, uaddr_t old_path, int new_dirfd,
                  uaddr_t new_path)
{
    return sys_renameat2(old_dirfd, old_path, new_dirfd, new_path, 0);
}

long sys_rename(uaddr_t old_path, uaddr_t new_path)
{
    return sys_renameat2(AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

/* The mounts of a guest are fixed when it is built; even root is told so. */
long sys_mount(uaddr_t source, uaddr_t target, uaddr_t type,
               unsigned long flags, uaddr_t data)
{
    (void)source, (void)target, (void)type, (void)flags, (void)data;
    return -EPERM;
}

long sys_umount2(uaddr_t target, int flags)
{
    (void)target, (void)flags;
    return -EPERM;
}

long sys_pivot_root(uaddr_t new_root, uaddr_t put_old)
{
    (void)new_root, (void)put_old;
    return -EPERM;
}
