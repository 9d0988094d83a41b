/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock_nanosleep.c - sleeping on clocks, relative and absolute.
 *
 * covers: nanosleep clock_getres gettimeofday time timerfd_create
 * covers: timerfd_settime timerfd_gettime timer_settime timer_gettime
 */
#include "check.h"

#include <sys/time.h>
#include <sys/timerfd.h>

#define MS 1000000

static long sleep_raw(int clock, int flags, const void *t, void *left)
{
    return syscall(SYS_clock_nanosleep, clock, flags, t, left);
}

TEST(relative_sleeps_last_long_enough)
{
    static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC,
                                  CLOCK_BOOTTIME, CLOCK_TAI };
    struct timespec t = { 0, 5 * MS };

    for (unsigned i = 0; i < 4; i++) {
        int64_t start = now_ns(CLOCK_MONOTONIC);

        CHECK_OK(sleep_raw(clocks[i], 0, &t, NULL));
        CHECK(now_ns(CLOCK_MONOTONIC) - start >= 5 * MS);
    }
}

TEST(absolute_sleeps_end_at_their_time)
{
    static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC };
    struct timespec past = { 1, 0 };

    for (unsigned i = 0; i < 2; i++) {
        int64_t end = now_ns(clocks[i]) + 5 * MS;
        struct timespec t = { end / 1000000000, end % 1000000000 };

        CHECK_OK(sleep_raw(clocks[i], TIMER_ABSTIME, &t, NULL));
        CHECK(now_ns(clocks[i]) >= end);
        CHECK_OK(sleep_raw(clocks[i], TIMER_ABSTIME, &past, NULL));
    }
}

TEST(sleep_errors)
{
    struct timespec t = { 0, 0 }, bad = { 0, 1000000000 }, neg = { -1, 0 };

    CHECK_OK(sleep_raw(CLOCK_MONOTONIC, 0, &t, NULL));
    CHECK_ERR(sleep_raw(CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL);
    CHECK_ERR(sleep_raw(CLOCK_MONOTONIC, 0, &neg, NULL), EINVAL);
    CHECK_ERR(sleep_raw(CLOCK_MONOTONIC, 0, bad_pointer(), NULL), EFAULT);
    CHECK_ERR(sleep_raw(99, 0, &t, NULL), EINVAL);
    CHECK_ERR(sleep_raw(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL), EOPNOTSUPP);
    CHECK_ERR(sleep_raw(CLOCK_MONOTONIC_COARSE, 0, &t, NULL), EOPNOTSUPP);
    CHECK_ERR(sleep_raw(CLOCK_MONOTONIC_RAW, 0, &t, NULL), EOPNOTSUPP);
    CHECK_ERR(syscall(SYS_nanosleep, &bad, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_nanosleep, bad_pointer(), NULL), EFAULT);
}

TEST(resolutions_and_old_clocks)
{
    struct timespec t = { 9, 9 };
    struct timeval tv;
    int64_t now;

    CHECK_OK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &t));
    CHECK_EQ(t.tv_sec, 0);
    CHECK_EQ(t.tv_nsec, 1);
    CHECK_OK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL));
    CHECK_ERR(syscall(SYS_clock_getres, 99, &t), EINVAL);
    CHECK_ERR(syscall(SYS_clock_getres, CLOCK_REALTIME, bad_pointer()), EFAULT);
    CHECK_ERR(syscall(SYS_clock_gettime, CLOCK_REALTIME, bad_pointer()),
              EFAULT);
    CHECK_OK(syscall(SYS_gettimeofday, &tv, NULL));
    now = now_ns(CLOCK_REALTIME) / 1000000000;
    CHECK(now - tv.tv_sec <= 1 && now - tv.tv_sec >= 0);
    CHECK(syscall(SYS_time, NULL) - now <= 1);
    CHECK_ERR(syscall(SYS_time, bad_pointer()), EFAULT);
    CHECK_ERR(syscall(SYS_gettimeofday, bad_pointer(), NULL), EFAULT);
}

TEST(timer_descriptors)
{
    struct itimerspec t = { { 0, 2 * MS }, { 0, 2 * MS } }, now;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct timespec pause = { 0, 11 * MS };
    uint64_t n = 0;

    CHECK_ERR(read(fd, &n, 8), EAGAIN);
    CHECK_OK(timerfd_settime(fd, 0, &t, NULL));
    nanosleep(&pause, NULL);
    CHECK_EQ(read(fd, &n, 8), 8);
    CHECK(n >= 5);
    CHECK_OK(timerfd_gettime(fd, &now));
    CHECK_EQ(now.it_interval.tv_nsec, 2 * MS);
    CHECK(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 2 * MS);
    CHECK_ERR(read(fd, &n, 7), EINVAL);
    CHECK_ERR(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
    CHECK_ERR(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
    CHECK_ERR(timerfd_settime(fd, 8, &t, NULL), EINVAL);
    CHECK_ERR(timerfd_settime(0, 0, &t, NULL), EINVAL); /* not a timer */
    CHECK_ERR(timerfd_settime(-1, 0, &t, NULL), EBADF);
    CHECK_ERR(timerfd_gettime(-1, &now), EBADF);
    t.it_value.tv_nsec = -1;
    CHECK_ERR(timerfd_settime(fd, 0, &t, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_timerfd_settime, fd, 0, bad_pointer(), NULL), EFAULT);
    CHECK_ERR(syscall(SYS_timerfd_gettime, fd, bad_pointer()), EFAULT);
    close(fd);
}
