/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock_settime.c - setting clocks: only what is refused, since the test also
 * runs on a host whose clock is not ours to set.
 *
 * covers: settimeofday
 */
#include "check.h"

#include <sys/time.h>

TEST(clocks_that_cannot_be_set)
{
    struct timespec t = { 1000, 0 };

    CHECK_ERR(clock_settime(CLOCK_MONOTONIC, &t), EINVAL);
    CHECK_ERR(clock_settime(CLOCK_PROCESS_CPUTIME_ID, &t), EINVAL);
    CHECK_ERR(clock_settime(99, &t), EINVAL);
    t.tv_nsec = 1000000000;
    CHECK_ERR(clock_settime(CLOCK_REALTIME, &t), EINVAL);
    CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, bad_pointer()),
              EFAULT);
}

TEST(settimeofday_checks_its_argument)
{
    struct timeval t = { 1000, 1000000 };

    CHECK_ERR(syscall(SYS_settimeofday, &t, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_settimeofday, bad_pointer(), NULL), EFAULT);
}
