/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open.c - open(2), close(2), dup(2) and their kin.
 */
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/fdtable.h"
#include "syscall/at.h"
#include "syscall/syscall.h"

#define OPEN_KNOWN                                                     \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |    \
     O_NONBLOCK | O_SYNC | O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE | \
     O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)
#define RESOLVE_KNOWN                                                \
    (RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | \
     RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED)

static int open_path(int dirfd, uaddr_t path, const struct open_how *how,
                     struct file **out)
{
    struct path_text p;
    int err = path_get(&p, path);

    if (err)
        return err;
    err = vfs_open_how(dirfd, p.text, (unsigned)how->flags, (uint32_t)how->mode,
                       how->resolve, out);
    path_put(&p);
    return err;
}

static long open_how(int dirfd, uaddr_t path, const struct open_how *how)
{
    unsigned flags = (unsigned)how->flags;
    struct dentry *known = NULL;
    struct file *f;
    int fd, err;

    if (!how->resolve && (flags & O_TMPFILE) != O_TMPFILE)
        known = path_known(dirfd, path);
    if (known) {
        err = vfs_open_known(known, flags, &f);
        dentry_unref(known);
    } else {
        err = open_path(dirfd, path, how, &f);
    }
    if (err)
        return err;
    fd = fd_install_take(f, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_put(f);
    return fd;
}

long sys_openat(int dirfd, uaddr_t path, int flags, unsigned mode)
{
    struct open_how how = { .flags = (unsigned)flags & OPEN_KNOWN,
                            .mode = mode & 07777 };

    if ((how.flags & (O_TMPFILE & ~O_DIRECTORY)) &&
        (how.flags & O_TMPFILE) != O_TMPFILE)
        return -EINVAL;
    if (!(how.flags & O_PATH))
        how.flags |= O_LARGEFILE; /* as F_GETFL shows it on x86-64 */
    return open_how(dirfd, path, &how);
}

long sys_open(uaddr_t path, int flags, unsigned mode)
{
    return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(uaddr_t path, unsigned mode)
{
    return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* A longer structure is fine when what we do not know is zero. */
static int how_get(struct open_how *how, uaddr_t from, size_t len)
{
    if (len < sizeof(*how))
        return -EINVAL;
    if (len > PAGE_SIZE)
        return -E2BIG;
    if (copy_from_user(how, from, sizeof(*how)))
        return -EFAULT;
    for (size_t at = sizeof(*how); at < len; at++) {
        uint8_t byte;

        if (copy_from_user(&byte, from + at, 1))
            return -EFAULT;
        if (byte)
            return -E2BIG;
    }
    return 0;
}

static int how_check(const struct open_how *how)
{
    bool creates = how->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY));
    const uint64_t path_flags =
        O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_LARGEFILE;

    if (how->flags & ~(uint64_t)OPEN_KNOWN ||
        how->resolve & ~(uint64_t)RESOLVE_KNOWN)
        return -EINVAL;
    if ((how->resolve & RESOLVE_BENEATH) && (how->resolve & RESOLVE_IN_ROOT))
        return -EINVAL;
    if (creates ? how->mode & ~07777ull : how->mode != 0)
        return -EINVAL;
    if ((how->flags & O_PATH) && (how->flags & ~path_flags))
        return -EINVAL;
    if ((how->flags & (O_TMPFILE & ~O_DIRECTORY)) &&
        (how->flags & O_TMPFILE) != O_TMPFILE)
        return -EINVAL;
    if ((how->flags & O_CREAT) && (how->flags & O_DIRECTORY))
        return -EINVAL;
    return 0;
}

long sys_openat2(int dirfd, uaddr_t path, uaddr_t how_ptr, size_t len)
{
    struct open_how how;
    int err = how_get(&how, how_ptr, len);

    if (!err)
        err = how_check(&how);
    if (err)
        return err;
    if (!(how.flags & O_PATH))
        how.flags |= O_LARGEFILE;
    return open_how(dirfd, path, &how);
}

long sys_close(int fd)
{
    return fd_close(fd);
}

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    int err;

    if (flags & ~(unsigned)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
        return -EINVAL;
    if (first > last)
        return -EINVAL;
    if (flags & CLOSE_RANGE_UNSHARE) {
        err = fdtable_unshare();
        if (err)
            return err;
    }
    if (flags & CLOSE_RANGE_CLOEXEC)
        fd_cloexec_range(first, last);
    else
        fd_close_range(first, last);
    return 0;
}

long sys_dup(int fd)
{
    struct file *f = fd_get(fd);
    int new_fd;

    if (!f)
        return -EBADF;
    new_fd = fd_install_take(f, 0, false);
    if (new_fd < 0)
        file_put(f);
    return new_fd;
}

static long dup_to(int fd, int new_fd, bool cloexec)
{
    struct file *f = fd_get(fd);
    int err;

    if (!f)
        return -EBADF;
    err = fd_replace_take(f, new_fd, cloexec);
    if (err < 0)
        file_put(f);
    return err;
}

long sys_dup2(int fd, int new_fd)
{
    if (fd == new_fd)
        return fd_peek(fd) ? fd : -EBADF;
    return dup_to(fd, new_fd, false);
}

long sys_dup3(int fd, int new_fd, int flags)
{
    if (flags & ~O_CLOEXEC)
        return -EINVAL;
    if (fd == new_fd)
        return -EINVAL;
    return dup_to(fd, new_fd, flags & O_CLOEXEC);
}
