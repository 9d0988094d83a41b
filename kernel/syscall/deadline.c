/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deadline.c - from a timeout in the program's memory to a deadline and back.
 */
#include "syscall/deadline.h"

#include "core/errno.h"
#include "mm/user.h"
#include "sched/wait.h"
#include "time/clock.h"
#include "time/timespec.h"

#define NS_PER_MS 1000000ull
#define NS_PER_US 1000ull

static uint64_t deadline_of_ns(uint64_t ns)
{
    uint64_t now;

    if (ns == 0)
        return 0;
    now = clock_mono_ns();
    return ns >= TIMESPEC_NS_MAX - now ? WAIT_FOREVER : now + ns;
}

uint64_t deadline_of_ms(int timeout_ms)
{
    if (timeout_ms < 0)
        return WAIT_FOREVER;
    return deadline_of_ns((uint64_t)timeout_ms * NS_PER_MS);
}

int deadline_of_timespec(uaddr_t timeout, uint64_t *deadline_out)
{
    struct __kernel_timespec ts;
    uint64_t ns;
    int err;

    *deadline_out = WAIT_FOREVER;
    if (!timeout)
        return 0;
    if (copy_from_user(&ts, timeout, sizeof(ts)) != 0)
        return -EFAULT;
    err = timespec_to_ns(&ts, &ns);
    if (!err)
        *deadline_out = deadline_of_ns(ns);
    return err;
}

int deadline_of_timeval(uaddr_t timeout, uint64_t *deadline_out)
{
    int64_t tv[2];
    uint64_t ns;
    int err;

    *deadline_out = WAIT_FOREVER;
    if (!timeout)
        return 0;
    if (copy_from_user(tv, timeout, sizeof(tv)) != 0)
        return -EFAULT;
    if (tv[0] >= 0 && tv[1] >= 1000000) { /* select() takes many us */
        tv[0] += tv[1] / 1000000;
        tv[1] %= 1000000;
    }
    err = ns_of_parts(tv[0], tv[1], 1000000, &ns);
    if (!err)
        *deadline_out = deadline_of_ns(ns);
    return err;
}

int deadline_of_real(uaddr_t timeout, uint64_t *deadline_out)
{
    struct __kernel_timespec ts;
    uint64_t ns, now;
    int err;

    *deadline_out = WAIT_FOREVER;
    if (!timeout)
        return 0;
    if (copy_from_user(&ts, timeout, sizeof(ts)) != 0)
        return -EFAULT;
    err = timespec_to_ns(&ts, &ns);
    if (err)
        return err;
    now = clock_real_ns();
    *deadline_out = ns > now ? deadline_of_ns(ns - now) : 0;
    return 0;
}

static void put_left(uaddr_t timeout, uint64_t deadline, uint64_t ns_per_part)
{
    uint64_t now, left = 0, parts[2];

    if (!timeout || deadline == WAIT_FOREVER)
        return;
    if (deadline) {
        now = clock_mono_ns();
        left = deadline > now ? deadline - now : 0;
    }
    parts[0] = left / NS_PER_SEC;
    parts[1] = left % NS_PER_SEC / ns_per_part;
    if (copy_to_user(timeout, parts, sizeof(parts)) != 0)
        return; /* a constant in read-only memory is legal */
}

void deadline_put_left(uaddr_t timeout, uint64_t deadline)
{
    put_left(timeout, deadline, 1);
}

void deadline_put_left_timeval(uaddr_t timeout, uint64_t deadline)
{
    put_left(timeout, deadline, NS_PER_US);
}
