/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_restart.c - which calls a signal ends, with SA_RESTART and without:
 * signal(7), "Interruption of system calls".
 *
 * Each call sleeps in a thread of its own. It is signalled, then, if it has
 * not returned, given what it waits for.
 *
 * covers: read write poll ppoll select pselect6 epoll_wait epoll_pwait futex
 * covers: nanosleep clock_nanosleep pause rt_sigsuspend rt_sigtimedwait flock
 * covers: fcntl
 */
#include "check.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static volatile int handled;
static volatile bool returned;
static int pipes[2], full[2], event, ep, signals, timer;
static uint32_t word;

static void on_signal(int signo)
{
    (void)signo;
    handled++;
}

static void pause_ms(int ms)
{
    struct timespec t = { 0, ms * 1000000 };

    nanosleep(&t, NULL);
}

/* ---- calls that sleep, and what ends them ---- */

static struct timespec second = { 1, 0 };

static long do_read(void)
{
    char c;

    return read(pipes[0], &c, 1);
}

static void end_read(void)
{
    CHECK_EQ(write(pipes[1], "x", 1), 1);
}

static long do_write(void)
{
    return write(full[1], "x", 1);
}

static void end_write(void)
{
    static char room[65536];

    CHECK(read(full[0], room, sizeof(room)) > 0);
}

static long do_event(void)
{
    uint64_t n;

    return read(event, &n, 8) == 8;
}

static void end_event(void)
{
    uint64_t n = 1;

    CHECK_EQ(write(event, &n, 8), 8);
}

static long do_timerfd(void)
{
    uint64_t n;

    return read(timer, &n, 8) == 8;
}

static void end_timerfd(void)
{
    struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };

    CHECK_OK(timerfd_settime(timer, 0, &soon, NULL));
}

static long do_signalfd(void)
{
    struct signalfd_siginfo info;

    return read(signals, &info, sizeof(info)) == sizeof(info);
}

static void end_signalfd(void)
{
    kill(getpid(), SIGUSR2);
}

static long do_futex(void)
{
    return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL) + 1;
}

static void end_futex(void)
{
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
}

static long do_futex_timed(void)
{
    return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &second) + 1;
}

static long do_futex_absolute(void)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL,
                   ~0u) +
           1;
}

static long do_poll(void)
{
    struct pollfd p = { .fd = pipes[0], .events = POLLIN };

    return poll(&p, 1, -1);
}

static void end_poll(void)
{
    end_read();
    pause_ms(10);
    (void)!do_read();
}

static long do_ppoll(void)
{
    struct pollfd p = { .fd = pipes[0], .events = POLLIN };

    return ppoll(&p, 1, NULL, NULL);
}

static long do_select(void)
{
    fd_set in;

    FD_ZERO(&in);
    FD_SET(pipes[0], &in);
    return select(pipes[0] + 1, &in, NULL, NULL, NULL);
}

static long do_pselect(void)
{
    fd_set in;

    FD_ZERO(&in);
    FD_SET(pipes[0], &in);
    return pselect(pipes[0] + 1, &in, NULL, NULL, NULL, NULL);
}

static long do_epoll(void)
{
    struct epoll_event e;

    return epoll_wait(ep, &e, 1, -1);
}

static long do_nanosleep(void)
{
    return syscall(SYS_nanosleep, &second, NULL) + 1;
}

static long do_nanosleep_absolute(void)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until,
                   NULL) +
           1;
}

static void end_in_time(void)
{
}

static long do_pause(void)
{
    return syscall(SYS_pause);
}

static long do_sigsuspend(void)
{
    uint64_t none = 0;

    return syscall(SYS_rt_sigsuspend, &none, 8);
}

static long do_sigtimedwait(void)
{
    uint64_t set = 1ull << (SIGUSR2 - 1);

    return syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8);
}

static int lock_a, lock_b;

static long do_flock(void)
{
    return flock(lock_b, LOCK_EX) + 1;
}

static void end_flock(void)
{
    CHECK_OK(flock(lock_a, LOCK_UN));
}

static struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

static long do_ofd_lock(void)
{
    return fcntl(lock_b, F_OFD_SETLKW, &whole) + 1;
}

static void end_ofd_lock(void)
{
    struct flock none = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

    CHECK_OK(fcntl(lock_a, F_OFD_SETLK, &none));
}

/* ---- the experiment ---- */

static long (*call)(void);
static volatile long call_result;
static volatile int call_errno;

static void *caller(void *arg)
{
    call_result = call();
    call_errno = errno;
    __atomic_store_n(&returned, true, __ATOMIC_SEQ_CST);
    return arg;
}

/* Looks, 30 ms apart, at a call that is to go on, and at one that is to end and
 * may take its time on a busy machine. */
#define BRIEF   4
#define PATIENT 200

/* Is the call ended by a signal? What comes of it afterwards is checked. */
static bool is_ended(long (*sleeps)(void), void (*end)(void), int flags,
                     int looks)
{
    struct sigaction a = { .sa_handler = on_signal, .sa_flags = flags };
    bool was_ended;
    pthread_t t;

    sigaction(SIGUSR1, &a, NULL);
    call = sleeps;
    returned = false;
    handled = 0;
    pthread_create(&t, NULL, caller, NULL);
    pause_ms(30);
    CHECK(!returned);
    pthread_kill(t, SIGUSR1);
    while (!handled)
        pause_ms(1);
    for (int i = 0; i < looks && !returned; i++)
        pause_ms(30);
    was_ended = returned;
    if (was_ended) {
        CHECK_EQ(call_errno, EINTR);
        CHECK(call_result <= 0);
    } else {
        end();
    }
    pthread_join(t, NULL);
    if (!was_ended)
        CHECK(call_result == 1 || call_errno == ETIMEDOUT);
    return was_ended;
}

static void restarts(long (*sleeps)(void), void (*end)(void))
{
    CHECK(is_ended(sleeps, end, 0, PATIENT));
    CHECK(!is_ended(sleeps, end, SA_RESTART, BRIEF));
}

static void never_restarts(long (*sleeps)(void), void (*end)(void))
{
    CHECK(is_ended(sleeps, end, 0, PATIENT));
    CHECK(is_ended(sleeps, end, SA_RESTART, PATIENT));
}

TEST(reads_and_writes)
{
    static char fill[4096];

    CHECK_OK(pipe(pipes));
    CHECK_OK(pipe(full));
    fcntl(full[1], F_SETFL, O_NONBLOCK);
    while (write(full[1], fill, sizeof(fill)) > 0)
        ;
    fcntl(full[1], F_SETFL, 0);
    restarts(do_read, end_read);
    restarts(do_write, end_write);
}

TEST(special_descriptors)
{
    sigset_t set;

    event = eventfd(0, 0);
    timer = timerfd_create(CLOCK_MONOTONIC, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, 0);
    restarts(do_event, end_event);
    restarts(do_timerfd, end_timerfd);
    restarts(do_signalfd, end_signalfd);
}

TEST(futexes)
{
    restarts(do_futex, end_futex);
    never_restarts(do_futex_timed, end_futex);
    never_restarts(do_futex_absolute, end_futex);
}

TEST(locks)
{
    make_file("lock", "");
    lock_a = open("lock", O_RDWR);
    lock_b = open("lock", O_RDWR);
    CHECK_OK(flock(lock_a, LOCK_EX));
    restarts(do_flock, end_flock);
    CHECK_OK(flock(lock_b, LOCK_UN));
    CHECK_OK(fcntl(lock_a, F_OFD_SETLK, &whole));
    restarts(do_ofd_lock, end_ofd_lock);
}

TEST(polls)
{
    struct epoll_event e = { .events = EPOLLIN };

    ep = epoll_create1(0);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &e));
    never_restarts(do_poll, end_poll);
    never_restarts(do_ppoll, end_poll);
    never_restarts(do_select, end_poll);
    never_restarts(do_pselect, end_poll);
    never_restarts(do_epoll, end_poll);
}

TEST(sleeps)
{
    never_restarts(do_nanosleep, end_in_time);
    never_restarts(do_nanosleep_absolute, end_in_time);
    never_restarts(do_pause, end_in_time);
    never_restarts(do_sigsuspend, end_in_time);
    never_restarts(do_sigtimedwait, end_signalfd);
}

/* One that is ignored, or whose default is to be, ends nothing. */
TEST(signals_without_effect)
{
    signal(SIGUSR1, SIG_IGN);
    call = do_nanosleep;
    returned = false;
    pthread_t t;

    pthread_create(&t, NULL, caller, NULL);
    pause_ms(30);
    pthread_kill(t, SIGUSR1);
    pthread_kill(t, SIGWINCH);
    pthread_kill(t, SIGCONT);
    pause_ms(30);
    CHECK(!returned);
    pthread_join(t, NULL);
    CHECK_EQ(call_result, 1);
}
