/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer_create.c - POSIX timers, timerfd.
 *
 * covers: timer_settime timer_gettime timer_getoverrun timer_delete
 * covers: timerfd_create timerfd_settime timerfd_gettime
 */
#include "check.h"

#include <poll.h>
#include <signal.h>
#include <sys/timerfd.h>

static volatile int seen, value;

static void on_timer(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    seen++;
    value = info->si_value.sival_int;
}

TEST(a_timer_sends_its_signal)
{
    struct sigaction a = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO };
    struct sigevent e = { .sigev_notify = SIGEV_SIGNAL,
                          .sigev_signo = SIGRTMIN,
                          .sigev_value = { .sival_int = 99 } };
    struct itimerspec t = { { 0, 0 }, { 0, 10000000 } }, now;
    sigset_t blocked, before;
    timer_t timer;

    CHECK_OK(sigaction(SIGRTMIN, &a, NULL));
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN);
    CHECK_OK(sigprocmask(SIG_BLOCK, &blocked, &before));
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &e, &timer));
    CHECK_OK(timer_gettime(timer, &now));
    CHECK_EQ(now.it_value.tv_nsec, 0);
    CHECK_OK(timer_settime(timer, 0, &t, NULL));
    while (!seen) /* it may come before the call */
        sigsuspend(&before);
    CHECK_OK(sigprocmask(SIG_SETMASK, &before, NULL));
    CHECK_EQ(seen, 1);
    CHECK_EQ(value, 99);
    CHECK_OK(timer_gettime(timer, &now));
    CHECK(now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
    CHECK_EQ(timer_getoverrun(timer), 0);
    CHECK_OK(timer_delete(timer));
}

TEST(overruns_are_counted)
{
    struct sigevent e = { .sigev_notify = SIGEV_SIGNAL,
                          .sigev_signo = SIGRTMIN };
    struct itimerspec t = { { 0, 1000000 }, { 0, 1000000 } };
    struct timespec pause_20ms = { 0, 20000000 };
    timer_t timer;
    sigset_t s;
    siginfo_t info;

    sigemptyset(&s);
    sigaddset(&s, SIGRTMIN);
    CHECK_OK(sigprocmask(SIG_BLOCK, &s, NULL));
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &e, &timer));
    CHECK_OK(timer_settime(timer, 0, &t, NULL));
    nanosleep(&pause_20ms, NULL);
    CHECK_EQ(sigwaitinfo(&s, &info), SIGRTMIN);
    CHECK_EQ(info.si_code, SI_TIMER);
    CHECK(info.si_overrun >= 5);
    CHECK_OK(timer_delete(timer));
    t.it_value.tv_nsec = 0;
    while (sigtimedwait(&s, &info, &t.it_value) > 0)
        continue;
    sigprocmask(SIG_UNBLOCK, &s, NULL);
}

TEST(timer_errors)
{
    struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 77 };
    struct itimerspec t = { { 0, 0 }, { 0, 2000000000 } };
    timer_t timer;

    CHECK_ERR(timer_create(99, NULL, &timer), EINVAL);
    CHECK_ERR(timer_create(CLOCK_MONOTONIC, &e, &timer), EINVAL);
    CHECK_OK(timer_create(CLOCK_REALTIME, NULL, &timer));
    CHECK_ERR(timer_settime(timer, 0, &t, NULL), EINVAL);
    CHECK_OK(timer_delete(timer));
    CHECK_ERR(syscall(SYS_timer_delete, 12345), EINVAL);
}

TEST(timerfd_counts_expirations)
{
    struct itimerspec t = { { 0, 5000000 }, { 0, 5000000 } }, now;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    struct timespec pause_30ms = { 0, 30000000 };
    uint64_t n = 0;

    CHECK_OK(fd);
    CHECK_ERR(read(fd, &n, 8), EAGAIN);
    CHECK_OK(timerfd_settime(fd, 0, &t, NULL));
    CHECK_EQ(poll(&p, 1, 5000), 1);
    nanosleep(&pause_30ms, NULL);
    CHECK_EQ(read(fd, &n, 8), 8);
    CHECK(n >= 5);
    CHECK_OK(timerfd_gettime(fd, &now));
    CHECK_EQ(now.it_interval.tv_nsec, 5000000);
    CHECK(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 5000000);
    memset(&t, 0, sizeof(t));
    CHECK_OK(timerfd_settime(fd, 0, &t, &now));
    CHECK_OK(timerfd_gettime(fd, &now));
    CHECK_EQ(now.it_value.tv_nsec, 0);
    CHECK_ERR(read(fd, &n, 4), EINVAL);
    close(fd);
}

TEST(timerfd_at_a_time)
{
    int64_t at = now_ns(CLOCK_MONOTONIC) + 15000000;
    struct itimerspec t = { { 0, 0 }, { at / 1000000000, at % 1000000000 } };
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    uint64_t n = 0;

    CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
    CHECK_EQ(read(fd, &n, 8), 8); /* blocks */
    CHECK_EQ(n, 1);
    CHECK(now_ns(CLOCK_MONOTONIC) >= at);
    CHECK_ERR(timerfd_create(99, 0), EINVAL);
    CHECK_ERR(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
    CHECK_ERR(timerfd_settime(fd, 64, &t, NULL), EINVAL);
    close(fd);
    CHECK_ERR(timerfd_settime(fd, 0, &t, NULL), EBADF);
}
