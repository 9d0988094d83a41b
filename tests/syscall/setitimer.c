/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setitimer.c - timers that interrupt a program which never calls the kernel,
 * and those that end its sleeps.
 *
 * covers: alarm getitimer pause
 */
#include "check.h"

#include <poll.h>
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t seen;

static void count(int sig)
{
    (void)sig;
    seen++;
}

static void handle(int sig, int flags)
{
    struct sigaction a = { .sa_handler = count, .sa_flags = flags };

    sigemptyset(&a.sa_mask);
    sigaction(sig, &a, NULL);
    seen = 0;
}

static void start(int which, long first_us, long interval_us)
{
    struct itimerval t = { { interval_us / 1000000, interval_us % 1000000 },
                           { first_us / 1000000, first_us % 1000000 } };

    CHECK_OK(setitimer(which, &t, NULL));
}

static void spin_until(int count_wanted)
{
    while (seen < count_wanted)
        continue;
}

TEST(a_busy_loop_is_interrupted)
{
    int64_t ns = now_ns(CLOCK_MONOTONIC);

    handle(SIGALRM, 0);
    start(ITIMER_REAL, 20000, 0);
    spin_until(1);
    ns = now_ns(CLOCK_MONOTONIC) - ns;
    CHECK(ns >= 20000000);
    CHECK_EQ(seen, 1);
}

TEST(a_busy_loop_is_interrupted_again_and_again)
{
    int64_t ns = now_ns(CLOCK_MONOTONIC);

    handle(SIGALRM, 0);
    start(ITIMER_REAL, 2000, 2000);
    spin_until(20);
    ns = now_ns(CLOCK_MONOTONIC) - ns;
    start(ITIMER_REAL, 0, 0);
    CHECK(ns >= 38000000); /* one signal for each interval at most */
}

TEST(used_time_interrupts_too)
{
    handle(SIGPROF, 0);
    start(ITIMER_PROF, 10000, 5000);
    spin_until(3);
    start(ITIMER_PROF, 0, 0);
    handle(SIGVTALRM, 0);
    start(ITIMER_VIRTUAL, 10000, 5000);
    spin_until(3);
    start(ITIMER_VIRTUAL, 0, 0);
}

/* How much of 400 ms of used time a sleep of 50 ms leaves. */
static long left_after_sleep_us(void)
{
    struct timespec t = { 0, 50000000 };
    struct itimerval left;

    start(ITIMER_PROF, 400000, 0);
    CHECK_OK(nanosleep(&t, NULL));
    CHECK_OK(getitimer(ITIMER_PROF, &left));
    start(ITIMER_PROF, 0, 0);
    CHECK(left.it_value.tv_usec <= 420000);
    return left.it_value.tv_usec;
}

/* A sleeping program uses no time. While its CPU waits for one of the host's,
 * it seems to run, so it may take more than one attempt. */
TEST(used_time_stands_still_in_sleep)
{
    int attempts = 20;

    handle(SIGPROF, 0);
    while (left_after_sleep_us() < 360000 && --attempts > 0)
        continue;
    CHECK(attempts > 0);
}

TEST(it_ends_calls_that_sleep)
{
    struct timespec t = { 10, 0 }, left = { 0, 0 };
    int fds[2];
    char c;

    /* Again and again: on a busy machine one may come before the call. */
    handle(SIGALRM, SA_RESTART); /* these are never restarted */
    start(ITIMER_REAL, 10000, 10000);
    CHECK_ERR(nanosleep(&t, &left), EINTR);
    CHECK(left.tv_sec == 9);
    CHECK_ERR(poll(NULL, 0, 10000), EINTR);
    CHECK_ERR(pause(), EINTR);
    CHECK(seen >= 3);
    start(ITIMER_REAL, 0, 0);
    handle(SIGALRM, 0);
    CHECK_OK(pipe(fds));
    start(ITIMER_REAL, 10000, 10000);
    CHECK_ERR(read(fds[0], &c, 1), EINTR);
    start(ITIMER_REAL, 0, 0);
    CHECK(seen >= 1);
    close(fds[0]);
    close(fds[1]);
}

static int restart_fds[2];

static void feed(int sig)
{
    (void)sig;
    seen++;
    if (seen == 3 && write(restart_fds[1], "x", 1) != 1)
        abort();
}

TEST(a_read_restarts_until_there_is_something)
{
    struct sigaction a = { .sa_handler = feed, .sa_flags = SA_RESTART };
    char c = 0;

    sigemptyset(&a.sa_mask);
    seen = 0;
    CHECK_OK(pipe(restart_fds));
    sigaction(SIGALRM, &a, NULL);
    start(ITIMER_REAL, 5000, 5000);
    CHECK_EQ(read(restart_fds[0], &c, 1), 1);
    start(ITIMER_REAL, 0, 0);
    CHECK_EQ(c, 'x');
    CHECK(seen >= 3);
    close(restart_fds[0]);
    close(restart_fds[1]);
}

TEST(values_are_told_back)
{
    struct itimerval t = { { 3, 7 }, { 100, 5 } }, old;

    handle(SIGALRM, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    CHECK_OK(getitimer(ITIMER_REAL, &old));
    CHECK_EQ(old.it_interval.tv_sec, 3);
    CHECK_EQ(old.it_interval.tv_usec, 7);
    CHECK(old.it_value.tv_sec == 99 || old.it_value.tv_sec == 100);
    t.it_value.tv_sec = t.it_value.tv_usec = 0;
    CHECK_OK(setitimer(ITIMER_REAL, &t, &old));
    CHECK(old.it_value.tv_sec == 99 || old.it_value.tv_sec == 100);
    CHECK_OK(getitimer(ITIMER_REAL, &old));
    CHECK_EQ(old.it_value.tv_sec, 0);
    CHECK_EQ(old.it_value.tv_usec, 0);
}

TEST(an_interval_without_a_value)
{
    static const int which[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };

    for (unsigned i = 0; i < 3; i++) {
        struct itimerval t = { { 10, 0 }, { 0, 0 } }, now;

        CHECK_OK(setitimer(which[i], &t, NULL));
        CHECK_OK(getitimer(which[i], &now));
        CHECK_EQ(now.it_interval.tv_sec, which[i] == ITIMER_REAL ? 0 : 10);
        CHECK_EQ(now.it_value.tv_sec, 0);
        CHECK_EQ(now.it_value.tv_usec, 0);
        t.it_interval.tv_sec = 0;
        CHECK_OK(setitimer(which[i], &t, &now));
        CHECK_EQ(now.it_interval.tv_sec, which[i] == ITIMER_REAL ? 0 : 10);
    }
}

TEST(alarm_shares_the_real_timer)
{
    struct itimerval t = { { 0, 0 }, { 50, 600000 } }, now;

    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    CHECK_EQ(alarm(20), 51); /* rounded */
    CHECK_OK(getitimer(ITIMER_REAL, &now));
    CHECK_EQ(now.it_interval.tv_sec, 0);
    CHECK(now.it_value.tv_sec == 19 || now.it_value.tv_sec == 20);
    CHECK_EQ(alarm(0), 20);
    CHECK_EQ(alarm(0), 0);
}

TEST(setitimer_errors)
{
    struct itimerval t = { { 0, 0 }, { 0, 1000000 } };

    CHECK_ERR(setitimer(3, &t, NULL), EINVAL);
    CHECK_ERR(setitimer(-1, &t, NULL), EINVAL);
    CHECK_ERR(setitimer(ITIMER_REAL, &t, NULL), EINVAL);
    t.it_value.tv_usec = -1;
    CHECK_ERR(setitimer(ITIMER_REAL, &t, NULL), EINVAL);
    t.it_value.tv_usec = 0;
    t.it_interval.tv_sec = -1;
    CHECK_ERR(setitimer(ITIMER_REAL, &t, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_setitimer, ITIMER_REAL, bad_pointer(), NULL), EFAULT);
    CHECK_ERR(getitimer(3, &t), EINVAL);
    CHECK_ERR(syscall(SYS_getitimer, ITIMER_REAL, bad_pointer()), EFAULT);
}
