/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fcntl.c - fcntl(2), flock(2), ioctl(2).
 */
#include <asm/ioctls.h>
#include <asm/resource.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "fs/fdtable.h"
#include "fs/locks.h"
#include "fs/pipe.h"
#include "sched/process.h"
#include "syscall/at.h"
#include "syscall/syscall.h"

/* Absent in a kernel that makes no pipes. */
#pragma weak pipe_of

#define SETFL_CHANGES (O_APPEND | FASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK)
#define FLOCK_SH      1u
#define FLOCK_EX      2u
#define FLOCK_NB      4u
#define FLOCK_UN      8u

static long fcntl_dup(struct file *f, unsigned long min, bool cloexec)
{
    int fd;

    if (min >= process_current()->rlimits[RLIMIT_NOFILE].soft || min >= FD_MAX)
        return -EINVAL;
    fd = fd_install_take(file_get(f), (int)min, cloexec);
    if (fd < 0)
        file_put(f);
    return fd;
}

static long fcntl_setfl(struct file *f, unsigned flags)
{
    if ((flags & ~f->flags & O_NOATIME) && f->inode &&
        !inode_is_owner(f->inode))
        return -EPERM;
    f->flags = (f->flags & ~(unsigned)SETFL_CHANGES) | (flags & SETFL_CHANGES);
    return 0;
}

/* l_whence, l_start, l_len to a range; a negative length reaches back. */
static int range_get(const struct file *f, const struct flock *fl,
                     struct file_lock *out)
{
    off_t base, start;

    switch (fl->l_whence) {
    case SEEK_SET:
        base = 0;
        break;
    case SEEK_CUR:
        base = (off_t)f->pos;
        break;
    case SEEK_END:
        base = (off_t)f->inode->size;
        break;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, fl->l_start, &start))
        return -EOVERFLOW;
    out->end = UINT64_MAX;
    if (fl->l_len > 0) {
        off_t end;

        if (__builtin_add_overflow(start, fl->l_len - 1, &end))
            return -EOVERFLOW;
        out->end = (uint64_t)end;
    } else if (fl->l_len < 0) {
        out->end = (uint64_t)(start - 1);
        start += fl->l_len;
    }
    if (start < 0)
        return -EINVAL;
    out->start = (uint64_t)start;
    return 0;
}

static long fcntl_getlk(struct inode *i, const struct file_lock *want,
                        struct flock *fl, uaddr_t arg)
{
    const struct file_lock *l = locks_conflict(i, want);

    fl->l_type = F_UNLCK;
    if (l) {
        fl->l_type = l->is_write ? F_WRLCK : F_RDLCK;
        fl->l_whence = SEEK_SET;
        fl->l_start = (off_t)l->start;
        fl->l_len = l->end == UINT64_MAX ? 0 : (off_t)(l->end - l->start + 1);
        fl->l_pid = l->pid;
    }
    return copy_to_user(arg, fl, sizeof(*fl)) ? -EFAULT : 0;
}

static long fcntl_lock(struct file *f, unsigned cmd, uaddr_t arg)
{
    bool is_ofd = cmd >= F_OFD_GETLK;
    struct file_lock want = {
        .kind = is_ofd ? LOCK_KIND_OFD : LOCK_KIND_POSIX,
        .owner = is_ofd ? (const void *)f : thread_current()->files,
        .pid = is_ofd ? -1 : process_current()->pid,
    };
    unsigned mode = f->flags & O_ACCMODE;
    struct flock fl;
    int err;

    if (!f->inode)
        return -EBADF;
    if (copy_from_user(&fl, arg, sizeof(fl)))
        return -EFAULT;
    if (is_ofd && fl.l_pid != 0)
        return -EINVAL;
    err = range_get(f, &fl, &want);
    if (err)
        return err;
    want.is_write = fl.l_type == F_WRLCK;
    if (cmd == F_GETLK || cmd == F_OFD_GETLK) {
        if (fl.l_type != F_RDLCK && fl.l_type != F_WRLCK)
            return -EINVAL;
        return fcntl_getlk(f->inode, &want, &fl, arg);
    }
    switch (fl.l_type) {
    case F_UNLCK:
        return locks_drop(f->inode, &want);
    case F_RDLCK:
        if (mode == O_WRONLY)
            return -EBADF;
        break;
    case F_WRLCK:
        if (mode == O_RDONLY)
            return -EBADF;
        break;
    default:
        return -EINVAL;
    }
    return locks_take(f->inode, &want, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}

static long fcntl_owner(struct file *f, unsigned cmd, unsigned long arg)
{
    struct f_owner_ex ex = { .type = F_OWNER_PID, .pid = f->owner_pid };

    switch (cmd) {
    case F_SETOWN:
        return file_set_owner(f, (int)arg);
    case F_GETOWN:
        return f->owner_pid;
    case F_SETOWN_EX:
        if (copy_from_user(&ex, arg, sizeof(ex)))
            return -EFAULT;
        if (ex.type < F_OWNER_TID || ex.type > F_OWNER_PGRP)
            return -EINVAL;
        return file_set_owner(f, ex.type == F_OWNER_PGRP ? -ex.pid : ex.pid);
    case F_GETOWN_EX:
        if (f->owner_pid < 0) {
            ex.type = F_OWNER_PGRP;
            ex.pid = -f->owner_pid;
        }
        return copy_to_user(arg, &ex, sizeof(ex)) ? -EFAULT : 0;
    case F_SETSIG:
        if (arg > 64)
            return -EINVAL;
        f->owner_signal = (short)arg;
        return 0;
    default: /* F_GETSIG */
        return f->owner_signal;
    }
}

static long fcntl_file(struct file *f, int fd, unsigned cmd, unsigned long arg)
{
    switch (cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return fcntl_dup(f, arg, cmd == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return fd_get_cloexec(fd);
    case F_SETFD:
        return fd_set_cloexec(fd, arg & FD_CLOEXEC);
    case F_GETFL:
        return (long)f->flags;
    default:
        break;
    }
    if (f->flags & O_PATH)
        return -EBADF;
    switch (cmd) {
    case F_SETFL:
        return fcntl_setfl(f, (unsigned)arg);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return fcntl_lock(f, cmd, arg);
    case F_SETOWN:
    case F_GETOWN:
    case F_SETOWN_EX:
    case F_GETOWN_EX:
    case F_SETSIG:
    case F_GETSIG:
        return fcntl_owner(f, cmd, arg);
    case F_GETLEASE:
        return F_UNLCK;
    case F_SETPIPE_SZ:
    case F_GETPIPE_SZ:
        if (!pipe_of || !pipe_of(f))
            return -EBADF;
        return f->ops->fcntl(f, cmd, arg);
    default:
        return f->ops->fcntl ? f->ops->fcntl(f, cmd, arg) : -EINVAL;
    }
}

long sys_fcntl(int fd, unsigned cmd, unsigned long arg)
{
    struct file *f = fd_get(fd);
    long result;

    if (!f)
        return -EBADF;
    result = fcntl_file(f, fd, cmd, arg);
    file_put(f);
    return result;
}

long sys_flock(int fd, unsigned op)
{
    struct file *f = fd_get(fd);
    struct file_lock want = { .kind = LOCK_KIND_FLOCK,
                              .owner = f,
                              .is_write = (op & ~FLOCK_NB) == FLOCK_EX,
                              .end = UINT64_MAX,
                              .pid = process_current()->pid };
    long err;

    if (!f)
        return -EBADF;
    switch (op & ~FLOCK_NB) {
    case FLOCK_SH:
    case FLOCK_EX:
        err = -EBADF;
        if (f->inode && !(f->flags & O_PATH))
            err = locks_take(f->inode, &want, !(op & FLOCK_NB));
        break;
    case FLOCK_UN:
        err = -EBADF;
        if (f->inode && !(f->flags & O_PATH))
            err = locks_drop(f->inode, &want);
        break;
    default:
        err = -EINVAL;
    }
    file_put(f);
    return err;
}

static long ioctl_flag(struct file *f, unsigned flag, uaddr_t arg)
{
    uint32_t on;

    if (user_get32(&on, arg))
        return -EFAULT;
    if (on)
        f->flags |= flag;
    else
        f->flags &= ~flag;
    return 0;
}

static long ioctl_regular(struct file *f, unsigned cmd, uaddr_t arg)
{
    if (cmd == FIONREAD) {
        uint64_t left = f->inode->size > f->pos ? f->inode->size - f->pos : 0;

        return user_put32(arg, (uint32_t)left) ? -EFAULT : 0;
    }
    return -ENOTTY;
}

static long ioctl_file(struct file *f, int fd, unsigned cmd, uaddr_t arg)
{
    switch (cmd) {
    case FIOCLEX:
        return fd_set_cloexec(fd, true);
    case FIONCLEX:
        return fd_set_cloexec(fd, false);
    case FIONBIO:
        return ioctl_flag(f, O_NONBLOCK, arg);
    case FIOASYNC:
        return ioctl_flag(f, FASYNC, arg);
    case FIGETBSZ:
        if (!f->inode)
            return -ENOTTY;
        return user_put32(arg, PAGE_SIZE) ? -EFAULT : 0;
    default:
        break;
    }
    if (f->ops->ioctl)
        return f->ops->ioctl(f, cmd, arg);
    if (f->inode && S_ISREG(f->inode->mode))
        return ioctl_regular(f, cmd, arg);
    return -ENOTTY;
}

long sys_ioctl(int fd, unsigned cmd, uaddr_t arg)
{
    struct file *f = fd_get(fd);
    long result;

    if (!f)
        return -EBADF;
    result = (f->flags & O_PATH) ? -EBADF : ioctl_file(f, fd, cmd, arg);
    file_put(f);
    return result;
}
