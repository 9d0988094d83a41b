/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll.c - epoll_create(2), epoll_ctl(2), epoll_wait(2) and their variants.
 */
#include "fs/epoll.h"

#include <linux/fcntl.h>

#include "core/errno.h"
#include "process/signal.h"
#include "syscall/deadline.h"
#include "syscall/fd.h"
#include "syscall/syscall.h"

#define EVENTS_MAX ((unsigned)INT32_MAX / sizeof(struct epoll_event))

COLD long sys_epoll_create1(int flags)
{
    struct file *f;
    int err;

    if (flags & ~EPOLL_CLOEXEC)
        return -EINVAL;
    err = epoll_create_file(&f);
    return err ? err : fd_give(f, flags & EPOLL_CLOEXEC);
}

COLD long sys_epoll_create(int size)
{
    return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

long sys_epoll_ctl(int epfd, int op, int fd, uaddr_t user)
{
    struct epoll_event event = { 0 };
    struct file *ep, *target;
    long err = -EBADF;

    if (op != EPOLL_CTL_DEL && copy_from_user(&event, user, sizeof(event)) != 0)
        return -EFAULT;
    ep = fd_get(epfd);
    if (!ep)
        return -EBADF;
    target = fd_get(fd);
    if (target && !(target->flags & O_PATH))
        err = epoll_control(ep, op, target, fd, &event);
    if (target)
        file_put(target);
    file_put(ep);
    return err;
}

static long wait_until(int epfd, uaddr_t events, int max, uint64_t deadline)
{
    struct file *ep;
    long n;

    if (max <= 0 || (unsigned)max > EVENTS_MAX)
        return -EINVAL;
    if (!user_range_ok(events, (size_t)max * sizeof(struct epoll_event)))
        return -EFAULT;
    ep = fd_get(epfd);
    if (!ep)
        return -EBADF;
    n = epoll_is(ep) ? epoll_wait_events(ep, events, (unsigned)max, deadline)
                     : -EINVAL;
    file_put(ep);
    return n;
}

long sys_epoll_wait(int epfd, uaddr_t events, int max, int timeout_ms)
{
    return wait_until(epfd, events, max, deadline_of_ms(timeout_ms));
}

static long wait_masked(int epfd, uaddr_t events, int max, uint64_t deadline,
                        uaddr_t sigmask, size_t sigmask_len)
{
    long n = signal_mask_swap_user(sigmask, sigmask_len);

    if (n)
        return n;
    n = wait_until(epfd, events, max, deadline);
    return sigmask ? signal_mask_restore(n) : n;
}

long sys_epoll_pwait(int epfd, uaddr_t events, int max, int timeout_ms,
                     uaddr_t sigmask, size_t sigmask_len)
{
    return wait_masked(epfd, events, max, deadline_of_ms(timeout_ms), sigmask,
                       sigmask_len);
}

long sys_epoll_pwait2(int epfd, uaddr_t events, int max, uaddr_t timeout,
                      uaddr_t sigmask, size_t sigmask_len)
{
    uint64_t deadline;
    int err = deadline_of_timespec(timeout, &deadline);

    return err ? err
               : wait_masked(epfd, events, max, deadline, sigmask, sigmask_len);
}
