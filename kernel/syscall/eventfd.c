/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eventfd.c - eventfd(2), timerfd_create(2) and its times, memfd_create(2).
 */
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/special.h"
#include "syscall/fd.h"
#include "syscall/syscall.h"
#include "time/timespec.h"

#define EFD_SEMAPHORE    1
#define MEMFD_PREFIX     "memfd:"
#define MEMFD_PREFIX_LEN (sizeof(MEMFD_PREFIX) - 1)

long sys_eventfd2(unsigned count, int flags)
{
    struct file *f;
    int err;

    if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    err = eventfd_create(count, (unsigned)flags, &f);
    return err ? err : fd_give(f, flags & O_CLOEXEC);
}

long sys_eventfd(unsigned count)
{
    return sys_eventfd2(count, 0);
}

/* ---- timerfd ---- */

long sys_timerfd_create(int clock, int flags)
{
    struct file *f;
    int err;

    if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
        return -EINVAL;
    switch (clock) {
    case CLOCK_MONOTONIC:
    case CLOCK_REALTIME:
    case CLOCK_BOOTTIME:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
        break;
    default:
        return -EINVAL;
    }
    err = timerfd_create(clock, (unsigned)flags, &f);
    return err ? err : fd_give(f, flags & TFD_CLOEXEC);
}

static int put_time(uaddr_t out, const struct timerfd_time *t)
{
    struct __kernel_itimerspec its = {
        .it_interval = timespec_of_ns(t->interval_ns),
        .it_value = timespec_of_ns(t->value_ns),
    };

    return copy_to_user(out, &its, sizeof(its));
}

long sys_timerfd_settime(int fd, int flags, uaddr_t new_time, uaddr_t old)
{
    struct __kernel_itimerspec its;
    struct timerfd_time t, before;
    struct file *f;
    int err;

    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    if (copy_from_user(&its, new_time, sizeof(its)) != 0)
        return -EFAULT;
    err = timespec_to_ns(&its.it_interval, &t.interval_ns);
    if (!err)
        err = timespec_to_ns(&its.it_value, &t.value_ns);
    if (err)
        return err;
    f = fd_get(fd);
    if (!f)
        return -EBADF;
    err = timerfd_set(f, flags, &t, &before);
    file_put(f);
    if (!err && old)
        err = put_time(old, &before);
    return err;
}

long sys_timerfd_gettime(int fd, uaddr_t out)
{
    struct file *f = fd_get(fd);
    struct timerfd_time t;
    int err;

    if (!f)
        return -EBADF;
    err = timerfd_get(f, &t);
    file_put(f);
    return err ? err : put_time(out, &t);
}

/* ---- memfd ---- */

long sys_memfd_create(uaddr_t user_name, unsigned flags)
{
    char name[NAME_MAX + 1] = MEMFD_PREFIX;
    unsigned seals = (flags & MFD_ALLOW_SEALING) ? 0 : F_SEAL_SEAL;
    struct file *f;
    ssize_t len;
    int err;

    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    len = user_string(name + MEMFD_PREFIX_LEN, user_name,
                      sizeof(name) - MEMFD_PREFIX_LEN);
    if (len < 0)
        return len == -ENAMETOOLONG ? -EINVAL : len;
    err = vfs_memory_file(name, 0777, O_RDWR | O_LARGEFILE, seals, &f);
    return err ? err : fd_give(f, flags & MFD_CLOEXEC);
}
