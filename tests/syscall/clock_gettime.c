/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock_gettime.c - the clocks and what reads them.
 *
 * covers: clock_getres gettimeofday time clock_nanosleep nanosleep times
 * covers: getrusage
 */
#include "check.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>

TEST(clocks_go_forward)
{
    static const clockid_t clocks[] = {
        CLOCK_REALTIME,          CLOCK_MONOTONIC,
        CLOCK_MONOTONIC_RAW,     CLOCK_REALTIME_COARSE,
        CLOCK_MONOTONIC_COARSE,  CLOCK_PROCESS_CPUTIME_ID,
        CLOCK_THREAD_CPUTIME_ID, CLOCK_BOOTTIME,
    };

    for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        struct timespec a = { -1, -1 }, b;

        CHECK_OK(clock_gettime(clocks[i], &a));
        CHECK(a.tv_nsec >= 0 && a.tv_nsec < 1000000000);
        for (int n = 0; n < 1000; n++) {
            CHECK_OK(clock_gettime(clocks[i], &b));
            if (b.tv_sec < a.tv_sec ||
                (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec)) {
                CHECK(!"a clock went backwards");
                break;
            }
            a = b;
        }
        CHECK_OK(clock_getres(clocks[i], &a));
        CHECK_EQ(a.tv_sec, 0);
        CHECK(a.tv_nsec > 0 && a.tv_nsec <= 10000000);
    }
}

TEST(the_system_call_agrees_with_the_vdso)
{
    struct timespec a, b, c;

    for (clockid_t clock = 0; clock < 2; clock++) {
        CHECK_OK(clock_gettime(clock, &a));
        CHECK_OK(syscall(SYS_clock_gettime, clock, &b));
        CHECK_OK(clock_gettime(clock, &c));
        int64_t x = a.tv_sec * 1000000000ll + a.tv_nsec;
        int64_t y = b.tv_sec * 1000000000ll + b.tv_nsec;
        int64_t z = c.tv_sec * 1000000000ll + c.tv_nsec;
        CHECK(x <= y && y <= z);
    }
}

TEST(the_date_is_today)
{
    struct timeval tv;
    struct timespec ts;
    time_t t = time(NULL), stored;

    CHECK(t > 1700000000 && t < 4000000000);
    CHECK_OK(gettimeofday(&tv, NULL));
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &ts));
    CHECK(llabs((long long)tv.tv_sec - t) <= 2);
    CHECK(llabs((long long)ts.tv_sec - t) <= 2);
    t = (time_t)syscall(SYS_time, &stored);
    CHECK_EQ(t, stored);
}

TEST(sleeping_takes_at_least_so_long)
{
    struct timespec t = { 0, 15000000 };
    int64_t began = now_ns(CLOCK_MONOTONIC);

    CHECK_OK(nanosleep(&t, NULL));
    CHECK(now_ns(CLOCK_MONOTONIC) - began >= 15000000);
    began = now_ns(CLOCK_MONOTONIC);
    CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, 0, &t, NULL), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) - began >= 14000000);
}

TEST(sleeping_until)
{
    struct timespec t;
    int64_t until = now_ns(CLOCK_MONOTONIC) + 20000000;

    t.tv_sec = until / 1000000000;
    t.tv_nsec = until % 1000000000;
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) >= until);
    t.tv_sec = 0; /* long past */
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
}

TEST(processor_time_is_used_not_slept)
{
    struct timespec pause = { 0, 50000000 };
    int64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    volatile unsigned x = 0;

    nanosleep(&pause, NULL);
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu < 45000000);
    cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (unsigned i = 0; i < 5000000; i++)
        x += i;
    CHECK(now_ns(CLOCK_THREAD_CPUTIME_ID) > cpu);
}

TEST(usage_is_reported)
{
    struct rusage u;
    struct tms t;

    CHECK_OK(getrusage(RUSAGE_SELF, &u));
    CHECK(u.ru_utime.tv_usec + u.ru_utime.tv_sec + u.ru_stime.tv_usec +
              u.ru_stime.tv_sec >
          0);
    CHECK_OK(getrusage(RUSAGE_CHILDREN, &u));
    CHECK_EQ(u.ru_utime.tv_sec, 0);
    CHECK_ERR(getrusage(77, &u), EINVAL);
    CHECK(times(&t) != -1);
}

TEST(errors)
{
    struct timespec t = { 0, 1000000000 };

    CHECK_ERR(clock_gettime(99, &t), EINVAL);
    CHECK_ERR(syscall(SYS_nanosleep, &t, NULL), EINVAL);
    t.tv_nsec = -1;
    CHECK_ERR(syscall(SYS_nanosleep, &t, NULL), EINVAL);
    CHECK_EQ(clock_nanosleep(99, 0, &t, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_nanosleep, bad_pointer(), NULL), EFAULT);
    CHECK_ERR(syscall(SYS_clock_gettime, 0, bad_pointer()), EFAULT);
}
