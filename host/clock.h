/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the host's clocks as one number.
 */
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S 1000000000ull

/* The clock's time in ns. */
static inline uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts = { 0 };

    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

#endif
