/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timespec.h - Linux's time structures and our nanoseconds.
 *
 * What:      conversions for system calls. Values beyond 292 years become
 *            TIMESPEC_NS_MAX, as Linux's KTIME_MAX.
 * Context:   anywhere.
 * Errors:    -EINVAL a negative part or a fraction of a second or more.
 * Units:     ns.
 */
#ifndef TIME_TIMESPEC_H
#define TIME_TIMESPEC_H

#include <linux/time_types.h>

#include "core/errno.h"
#include "core/types.h"

#define TIMESPEC_NS_MAX ((uint64_t)INT64_MAX)

MUST_CHECK static inline int ns_of_parts(int64_t sec, int64_t part,
                                         uint64_t parts_per_sec,
                                         uint64_t *ns_out)
{
    uint64_t ns_per_part = NS_PER_SEC / parts_per_sec;

    if (sec < 0 || part < 0 || (uint64_t)part >= parts_per_sec)
        return -EINVAL;
    if ((uint64_t)sec >= TIMESPEC_NS_MAX / NS_PER_SEC)
        *ns_out = TIMESPEC_NS_MAX;
    else
        *ns_out = (uint64_t)sec * NS_PER_SEC + (uint64_t)part * ns_per_part;
    return 0;
}

MUST_CHECK static inline int timespec_to_ns(const struct __kernel_timespec *ts,
                                            uint64_t *ns_out)
{
    return ns_of_parts(ts->tv_sec, ts->tv_nsec, NS_PER_SEC, ns_out);
}

MUST_CHECK static inline int timeval_to_ns(
    const struct __kernel_old_timeval *tv, uint64_t *ns_out)
{
    return ns_of_parts(tv->tv_sec, tv->tv_usec, 1000000, ns_out);
}

static inline struct __kernel_timespec timespec_of_ns(uint64_t ns)
{
    struct __kernel_timespec ts = {
        .tv_sec = (int64_t)(ns / NS_PER_SEC),
        .tv_nsec = (int64_t)(ns % NS_PER_SEC),
    };

    return ts;
}

static inline struct __kernel_old_timeval timeval_of_ns(uint64_t ns)
{
    struct __kernel_old_timeval tv = {
        .tv_sec = (int64_t)(ns / NS_PER_SEC),
        .tv_usec = (int64_t)(ns % NS_PER_SEC / 1000),
    };

    return tv;
}

#endif
