/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attr.c - attributes: chmod, chown, times, length, umask.
 */
#include <asm/resource.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#include "core/errno.h"
#include "fs/notify.h"
#include "syscall/at.h"
#include "syscall/syscall.h"
#include "time/clock.h"

#define UTIME_NOW_NSEC  0x3fffffff
#define UTIME_OMIT_NSEC 0x3ffffffe
#define ID_KEEP         0xffffffffu

static int chmod_inode(struct inode *i, unsigned mode)
{
    struct kstat attr = { .mode = mode & 07777 };

    if (!i)
        return -EINVAL;
    if (i->sb->read_only)
        return -EROFS;
    if (!inode_is_owner(i))
        return -EPERM;
    if (S_ISLNK(i->mode))
        return -EOPNOTSUPP;
    if (!cred_is_root() && !cred_in_group(i->gid))
        attr.mode &= ~(uint32_t)S_ISGID;
    return inode_setattr(i, ATTR_MODE, &attr);
}

long sys_fchmodat2(int dirfd, uaddr_t path, unsigned mode, int flags)
{
    struct at_target t;
    int err;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    err = at_get(dirfd, path, flags, &t);
    if (err)
        return err;
    return at_changed(&t, chmod_inode(t.inode, mode), IN_ATTRIB);
}

long sys_fchmodat(int dirfd, uaddr_t path, unsigned mode)
{
    return sys_fchmodat2(dirfd, path, mode, 0);
}

long sys_chmod(uaddr_t path, unsigned mode)
{
    return sys_fchmodat2(AT_FDCWD, path, mode, 0);
}

long sys_fchmod(int fd, unsigned mode)
{
    struct at_target t;
    int err = at_get_fd(fd, false, &t);

    if (err)
        return err;
    return at_changed(&t, chmod_inode(t.inode, mode), IN_ATTRIB);
}

/* Root may give files away; an owner may change to a group of his. Both lose
 * set-user-ID and set-group-ID, as on Linux. */
static int chown_inode(struct inode *i, unsigned uid, unsigned gid)
{
    struct kstat attr;
    unsigned valid = 0;

    if (!i)
        return -EINVAL;
    if (i->sb->read_only)
        return -EROFS;
    attr = (struct kstat){ .uid = uid, .gid = gid, .mode = i->mode };
    if (uid != ID_KEEP)
        valid |= ATTR_UID;
    if (gid != ID_KEEP)
        valid |= ATTR_GID;
    if (!cred_is_root() && valid) {
        if (!inode_is_owner(i))
            return -EPERM;
        if ((valid & ATTR_UID) && uid != i->uid)
            return -EPERM;
        if ((valid & ATTR_GID) && gid != i->gid && !cred_in_group(gid))
            return -EPERM;
    }
    if (!S_ISDIR(i->mode) && (i->mode & (S_ISUID | S_ISGID))) {
        attr.mode &= ~(uint32_t)S_ISUID;
        if (i->mode & S_IXGRP)
            attr.mode &= ~(uint32_t)S_ISGID;
        valid |= ATTR_MODE;
    }
    return inode_setattr(i, valid, &attr);
}

long sys_fchownat(int dirfd, uaddr_t path, unsigned uid, unsigned gid,
                  int flags)
{
    struct at_target t;
    int err;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    err = at_get(dirfd, path, flags, &t);
    if (err)
        return err;
    return at_changed(&t, chown_inode(t.inode, uid, gid), IN_ATTRIB);
}

long sys_chown(uaddr_t path, unsigned uid, unsigned gid)
{
    return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(uaddr_t path, unsigned uid, unsigned gid)
{
    return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, unsigned uid, unsigned gid)
{
    struct at_target t;
    int err = at_get_fd(fd, false, &t);

    if (err)
        return err;
    return at_changed(&t, chown_inode(t.inode, uid, gid), IN_ATTRIB);
}

long sys_umask(unsigned mask)
{
    struct fs_context *fs = thread_current()->fs;
    uint32_t old = fs->umask;

    fs->umask = mask & 0777;
    return old;
}

/* ---- times ---- */

struct new_times {
    int64_t sec[2]; /* atime, mtime */
    int64_t nsec[2];
};

/* NULL times means now, which more than the owner may set. */
static int utime_inode(struct inode *i, const struct new_times *times)
{
    static const unsigned bits[2] = { ATTR_ATIME, ATTR_MTIME };
    uint64_t now = clock_real_ns(), value[2] = { now, now };
    struct kstat attr = { 0 };
    unsigned valid = ATTR_ATIME | ATTR_MTIME;
    bool is_now = true;

    if (!i)
        return -EINVAL;
    for (int n = 0; times && n < 2; n++) {
        if (times->nsec[n] != UTIME_NOW_NSEC)
            is_now = false;
        if (times->nsec[n] == UTIME_OMIT_NSEC)
            valid &= ~bits[n];
        else if (times->nsec[n] != UTIME_NOW_NSEC)
            value[n] = (uint64_t)(times->sec[n] * (int64_t)NS_PER_SEC +
                                  times->nsec[n]);
    }
    if (valid == 0)
        return 0;
    if (i->sb->read_only)
        return -EROFS;
    if (!inode_is_owner(i)) {
        int err = is_now ? inode_permission(i, MAY_WRITE) : -EPERM;

        if (err)
            return err;
    }
    attr.atime_ns = value[0];
    attr.mtime_ns = value[1];
    return inode_setattr(i, valid, &attr);
}

/* What the watchers hear: which times were set tells a touch from a use. */
static uint32_t utime_event(const struct new_times *times)
{
    bool a = !times || times->nsec[0] != UTIME_OMIT_NSEC;
    bool m = !times || times->nsec[1] != UTIME_OMIT_NSEC;

    return a && m ? IN_ATTRIB : a ? IN_ACCESS : m ? IN_MODIFY : 0;
}

static long utime_at(int dirfd, uaddr_t path, int flags,
                     const struct new_times *times)
{
    struct at_target t;
    int err;

    if (path == 0 && dirfd != AT_FDCWD && !(flags & ~AT_EMPTY_PATH))
        err = at_get_fd(dirfd, false, &t); /* futimens() */
    else
        err = at_get(dirfd, path, flags, &t);
    if (err)
        return err;
    return at_changed(&t, utime_inode(t.inode, times), utime_event(times));
}

/* Largest second whose nanoseconds fit; Linux clamps to a file system's. */
static int64_t clamp_sec(int64_t sec)
{
    const int64_t max = INT64_MAX / (int64_t)NS_PER_SEC - 1;

    return sec > max ? max : sec < -max ? -max : sec;
}

long sys_utimensat(int dirfd, uaddr_t path, uaddr_t times, int flags)
{
    struct __kernel_timespec ts[2];
    struct new_times new;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (times == 0)
        return utime_at(dirfd, path, flags, NULL);
    if (copy_from_user(ts, times, sizeof(ts)))
        return -EFAULT;
    for (int n = 0; n < 2; n++) {
        new.sec[n] = clamp_sec(ts[n].tv_sec);
        new.nsec[n] = ts[n].tv_nsec;
        if (new.nsec[n] != UTIME_NOW_NSEC &&new.nsec[n] != UTIME_OMIT_NSEC &&
            (uint64_t) new.nsec[n] >= NS_PER_SEC)
            return -EINVAL;
    }
    return utime_at(dirfd, path, flags, &new);
}

static long utime_usec(int dirfd, uaddr_t path, uaddr_t times)
{
    int64_t tv[4];
    struct new_times new;

    if (times == 0)
        return utime_at(dirfd, path, 0, NULL);
    if (copy_from_user(tv, times, sizeof(tv)))
        return -EFAULT;
    for (int n = 0; n < 2; n++) {
        if ((uint64_t)tv[2 * n + 1] >= 1000000)
            return -EINVAL;
        new.sec[n] = clamp_sec(tv[2 * n]);
        new.nsec[n] = tv[2 * n + 1] * 1000;
    }
    return utime_at(dirfd, path, 0, &new);
}

long sys_utimes(uaddr_t path, uaddr_t times)
{
    return utime_usec(AT_FDCWD, path, times);
}

long sys_futimesat(int dirfd, uaddr_t path, uaddr_t times)
{
    return utime_usec(dirfd, path, times);
}

long sys_utime(uaddr_t path, uaddr_t times)
{
    struct new_times new = { .nsec = { 0, 0 } };

    if (times == 0)
        return utime_at(AT_FDCWD, path, 0, NULL);
    if (copy_from_user(new.sec, times, sizeof(new.sec)))
        return -EFAULT;
    new.sec[0] = clamp_sec(new.sec[0]);
    new.sec[1] = clamp_sec(new.sec[1]);
    return utime_at(AT_FDCWD, path, 0, &new);
}

/* ---- length ---- */

/* Growing is writing: RLIMIT_FSIZE, with its signal. */
static int size_check(const struct inode *i, off_t len)
{
    if ((uint64_t)len > i->size &&
        (uint64_t)len > process_current()->rlimits[RLIMIT_FSIZE].soft)
        return (int)write_signals(NULL, -EFBIG);
    return 0;
}

long sys_truncate(uaddr_t path, off_t len)
{
    struct dentry *d;
    struct inode *i;
    int err;

    if (len < 0)
        return -EINVAL;
    err = path_lookup_user(AT_FDCWD, path, PATH_FOLLOW, &d);
    if (err)
        return err;
    i = d->inode;
    if (S_ISDIR(i->mode))
        err = -EISDIR;
    else if (!S_ISREG(i->mode))
        err = -EINVAL;
    else
        err = inode_permission(i, MAY_WRITE);
    if (!err)
        err = inode_may_be_written(i);
    if (!err)
        err = size_check(i, len);
    if (!err)
        err = inode_truncate(i, (uint64_t)len);
    if (!err)
        notify_dentry(d, IN_MODIFY);
    dentry_put(d);
    return err;
}

long sys_ftruncate(int fd, off_t len)
{
    struct at_target t;
    int err;

    if (len < 0)
        return -EINVAL;
    err = at_get_fd(fd, false, &t);
    if (err)
        return err;
    if (!t.inode || !S_ISREG(t.inode->mode) || !t.file->ops->truncate ||
        (t.file->flags & O_ACCMODE) == O_RDONLY)
        err = -EINVAL;
    else
        err = size_check(t.inode, len);
    if (!err)
        err = t.file->ops->truncate(t.file, (uint64_t)len);
    return at_changed(&t, err, IN_MODIFY);
}

static bool is_fifo(const struct at_target *t)
{
    struct kstat st;

    return at_stat(t, &st) == 0 && S_ISFIFO(st.mode);
}

static int fallocate_file(const struct at_target *t, int mode, off_t off,
                          off_t len)
{
    struct file *f = t->file;
    off_t end;

    if (off < 0 || len <= 0)
        return -EINVAL;
    if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
        return -EOPNOTSUPP;
    if ((mode & FALLOC_FL_PUNCH_HOLE) && (mode & FALLOC_FL_ZERO_RANGE))
        return -EOPNOTSUPP;
    if ((f->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (f->inode && S_ISDIR(f->inode->mode))
        return -EISDIR;
    if (!f->inode || !S_ISREG(f->inode->mode))
        return is_fifo(t) ? -ESPIPE : -ENODEV;
    if (__builtin_add_overflow(off, len, &end))
        return -EFBIG;
    if (!f->ops->fallocate)
        return -EOPNOTSUPP;
    if (!(mode & FALLOC_FL_KEEP_SIZE)) {
        int err = size_check(f->inode, end);

        if (err)
            return err;
    }
    return f->ops->fallocate(f, mode, (uint64_t)off, (uint64_t)len);
}

long sys_fallocate(int fd, int mode, off_t off, off_t len)
{
    struct at_target t;
    int err = at_get_fd(fd, false, &t);

    if (err)
        return err;
    return at_changed(&t, fallocate_file(&t, mode, off, len), IN_MODIFY);
}
