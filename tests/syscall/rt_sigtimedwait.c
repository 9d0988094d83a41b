/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rt_sigtimedwait.c - waiting for signals: sigwait and friends, signalfd,
 * interrupted and restarted calls, alarm(2), setitimer(2).
 *
 * covers: alarm setitimer getitimer signalfd4 signalfd restart_syscall
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/time.h>

static volatile int seen;

static void count(int sig)
{
    (void)sig;
    seen++;
}

static void handle(int sig, int flags)
{
    struct sigaction a = { .sa_handler = count, .sa_flags = flags };

    sigemptyset(&a.sa_mask);
    CHECK_OK(sigaction(sig, &a, NULL));
    seen = 0;
}

static void arm_ms(int ms)
{
    struct itimerval t = { .it_value = { 0, ms * 1000 } };

    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
}

static sigset_t blocked(int sig)
{
    sigset_t s;

    sigemptyset(&s);
    sigaddset(&s, sig);
    CHECK_OK(sigprocmask(SIG_BLOCK, &s, NULL));
    return s;
}

TEST(waiting_takes_a_pending_signal)
{
    sigset_t s = blocked(SIGUSR1);
    siginfo_t info;
    struct timespec none = { 0, 0 };

    CHECK_ERR(sigtimedwait(&s, &info, &none), EAGAIN);
    raise(SIGUSR1);
    CHECK_EQ(sigtimedwait(&s, &info, &none), SIGUSR1);
    CHECK_EQ(info.si_signo, SIGUSR1);
    CHECK_ERR(sigtimedwait(&s, &info, &none), EAGAIN);
    none.tv_nsec = 2000000000;
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, &s, &info, &none, 8), EINVAL);
    sigprocmask(SIG_UNBLOCK, &s, NULL);
}

TEST(waiting_sleeps_until_it_comes)
{
    sigset_t s = blocked(SIGALRM);
    int sig = 0;

    arm_ms(20);
    CHECK_EQ(sigwait(&s, &sig), 0);
    CHECK_EQ(sig, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &s, NULL);
}

TEST(a_read_is_interrupted_without_sa_restart)
{
    int fds[2];
    char c;

    CHECK_OK(pipe(fds));
    handle(SIGALRM, 0);
    arm_ms(20);
    CHECK_ERR(read(fds[0], &c, 1), EINTR);
    CHECK_EQ(seen, 1);
    close(fds[0]);
    close(fds[1]);
}

static int fds[2];

static void write_on_signal(int sig)
{
    (void)sig;
    seen++;
    if (write(fds[1], "r", 1) != 1)
        seen = 100;
}

TEST(a_read_is_restarted_with_sa_restart)
{
    struct sigaction a = { .sa_handler = write_on_signal,
                           .sa_flags = SA_RESTART };
    char c = 0;

    CHECK_OK(pipe(fds));
    CHECK_OK(sigaction(SIGALRM, &a, NULL));
    seen = 0;
    arm_ms(20);
    CHECK_EQ(read(fds[0], &c, 1), 1);
    CHECK_EQ(c, 'r');
    CHECK_EQ(seen, 1);
    close(fds[0]);
    close(fds[1]);
}

TEST(nanosleep_tells_what_was_left)
{
    struct timespec t = { 5, 0 }, left = { 0, 0 };

    handle(SIGALRM, SA_RESTART);
    arm_ms(20);
    CHECK_ERR(nanosleep(&t, &left), EINTR);
    CHECK(left.tv_sec == 4 && left.tv_nsec > 0);
}

TEST(an_ignored_signal_interrupts_nothing)
{
    struct timespec t = { 0, 60000000 };

    signal(SIGALRM, SIG_IGN);
    arm_ms(10);
    CHECK_OK(nanosleep(&t, NULL));
}

TEST(alarm_gives_back_what_was_left)
{
    CHECK_EQ(alarm(100), 0);
    CHECK_EQ(alarm(0), 100);
    CHECK_EQ(alarm(0), 0);
}

TEST(interval_timers_repeat)
{
    struct itimerval t = { { 0, 5000 }, { 0, 5000 } }, now;
    sigset_t none;

    handle(SIGALRM, 0);
    sigemptyset(&none);
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    while (seen < 4)
        sigsuspend(&none);
    CHECK_OK(getitimer(ITIMER_REAL, &now));
    CHECK_EQ(now.it_interval.tv_usec, 5000);
    memset(&t, 0, sizeof(t));
    CHECK_OK(setitimer(ITIMER_REAL, &t, &now));
    CHECK_OK(getitimer(ITIMER_REAL, &now));
    CHECK_EQ(now.it_value.tv_usec, 0);
    CHECK_ERR(setitimer(9, &t, NULL), EINVAL);
    t.it_value.tv_usec = 1000000;
    CHECK_ERR(setitimer(ITIMER_REAL, &t, NULL), EINVAL);
}

TEST(profiling_timers_count_used_time)
{
    struct itimerval t = { .it_value = { 0, 20000 } };

    handle(SIGVTALRM, 0);
    CHECK_OK(setitimer(ITIMER_VIRTUAL, &t, NULL));
    for (volatile long i = 0; seen == 0 && i < 5000000000; i++)
        continue;
    CHECK_EQ(seen, 1);
}

TEST(signalfd_reads_signals)
{
    sigset_t s = blocked(SIGUSR2);
    struct signalfd_siginfo info;
    int fd = signalfd(-1, &s, SFD_NONBLOCK | SFD_CLOEXEC);
    struct pollfd p = { .fd = fd, .events = POLLIN };

    if (fd < 0 && errno == ENOSYS)
        SKIP("no signalfd here");
    CHECK_ERR(read(fd, &info, sizeof(info)), EAGAIN);
    CHECK_EQ(poll(&p, 1, 0), 0);
    raise(SIGUSR2);
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
    CHECK_EQ(info.ssi_signo, SIGUSR2);
    CHECK_EQ(info.ssi_pid, (uint32_t)getpid());
    CHECK_ERR(read(fd, &info, 8), EINVAL);
    close(fd);
    sigprocmask(SIG_UNBLOCK, &s, NULL);
}
