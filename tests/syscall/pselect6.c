/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pselect6.c - waiting for descriptors with a signal mask of its own.
 *
 * covers: select ppoll epoll_pwait epoll_pwait2
 */
#include "check.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

static volatile sig_atomic_t seen;

static void count(int sig)
{
    (void)sig;
    seen++;
}

static uint64_t block_usr1(void)
{
    struct sigaction a = { .sa_handler = count };
    uint64_t set = 1ull << (SIGUSR1 - 1), old;

    sigemptyset(&a.sa_mask);
    sigaction(SIGUSR1, &a, NULL);
    seen = 0;
    CHECK_OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8));
    return old;
}

static bool is_blocked(int signo)
{
    uint64_t now = 0;

    syscall(SYS_rt_sigprocmask, 0, NULL, &now, 8);
    return (now >> (signo - 1)) & 1;
}

TEST(a_pending_signal_ends_each_of_them)
{
    uint64_t open_mask = 0, old = block_usr1();
    struct {
        uint64_t *set;
        size_t len;
    } mask = { &open_mask, 8 };
    struct timespec t = { 10, 0 };
    struct epoll_event e;
    int ep = epoll_create1(0);

    raise(SIGUSR1);
    CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &t, &mask), EINTR);
    CHECK_EQ(seen, 1);
    CHECK(is_blocked(SIGUSR1));
    raise(SIGUSR1);
    CHECK_ERR(syscall(SYS_ppoll, NULL, 0, &t, &open_mask, 8), EINTR);
    CHECK_EQ(seen, 2);
    raise(SIGUSR1);
    CHECK_ERR(syscall(SYS_epoll_pwait, ep, &e, 1, 10000, &open_mask, 8), EINTR);
    CHECK_EQ(seen, 3);
    raise(SIGUSR1);
    t.tv_sec = 10;
    CHECK_ERR(syscall(SYS_epoll_pwait2, ep, &e, 1, &t, &open_mask, 8), EINTR);
    CHECK_EQ(seen, 4);
    CHECK(is_blocked(SIGUSR1));
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
    close(ep);
}

/* Ready descriptors come first: the signal stays pending. */
TEST(ready_descriptors_go_before_the_signal)
{
    uint64_t open_mask = 0, old = block_usr1(), pending = 0;
    struct pollfd p = { .events = POLLIN };
    struct timespec t = { 10, 0 };
    int fds[2];

    CHECK_OK(pipe(fds));
    CHECK_EQ(write(fds[1], "x", 1), 1);
    p.fd = fds[0];
    raise(SIGUSR1);
    CHECK_EQ(syscall(SYS_ppoll, &p, 1, &t, &open_mask, 8), 1);
    CHECK_EQ(seen, 0);
    CHECK_OK(syscall(SYS_rt_sigpending, &pending, 8));
    CHECK((pending >> (SIGUSR1 - 1)) & 1);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
    CHECK_EQ(seen, 1);
    close(fds[0]);
    close(fds[1]);
}

TEST(time_that_is_left_is_told)
{
    struct timespec t = { 10, 0 };
    struct timeval tv = { 10, 0 };
    fd_set in;
    int fds[2];

    CHECK_OK(pipe(fds));
    CHECK_EQ(write(fds[1], "x", 1), 1);
    FD_ZERO(&in);
    FD_SET(fds[0], &in);
    CHECK_EQ(syscall(SYS_pselect6, fds[0] + 1, &in, NULL, NULL, &t, NULL), 1);
    CHECK(t.tv_sec == 9 || (t.tv_sec == 10 && t.tv_nsec == 0));
    CHECK(FD_ISSET(fds[0], &in));
    CHECK_EQ(syscall(SYS_select, fds[0] + 1, &in, NULL, NULL, &tv), 1);
    CHECK(tv.tv_sec == 9 || (tv.tv_sec == 10 && tv.tv_usec == 0));
    t = (struct timespec){ 0, 2000000 };
    CHECK_EQ(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &t, NULL), 0);
    CHECK_EQ(t.tv_nsec, 0);
    close(fds[0]);
    close(fds[1]);
}

TEST(errors)
{
    struct timespec t = { 0, 1000000000 }, zero = { 0, 0 };
    struct pollfd p = { .fd = 0 };
    struct epoll_event e;
    uint64_t set = 0;
    struct {
        uint64_t *set;
        size_t len;
    } mask = { &set, 4 };
    int ep = epoll_create1(0);
    fd_set in;

    CHECK_ERR(syscall(SYS_pselect6, -1, NULL, NULL, NULL, &zero, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &t, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &mask), EINVAL);
    CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, bad_pointer(), NULL),
              EFAULT);
    CHECK_ERR(syscall(SYS_pselect6, 5, bad_pointer(), NULL, NULL, &zero, NULL),
              EFAULT);
    FD_ZERO(&in);
    FD_SET(50, &in); /* Linux looks no further than its table, 64 at first */
    CHECK_ERR(select(51, &in, NULL, NULL, &(struct timeval){ 0, 0 }), EBADF);
    CHECK_ERR(syscall(SYS_ppoll, &p, 1, &t, NULL, 8), EINVAL);
    CHECK_ERR(syscall(SYS_ppoll, &p, 1, &zero, &set, 4), EINVAL);
    CHECK_ERR(syscall(SYS_ppoll, bad_pointer(), 1, &zero, NULL, 8), EFAULT);
    CHECK_ERR(syscall(SYS_ppoll, NULL, 1 << 30, &zero, NULL, 8), EINVAL);
    CHECK_ERR(syscall(SYS_epoll_pwait, ep, &e, 0, 0, NULL, 8), EINVAL);
    CHECK_ERR(syscall(SYS_epoll_pwait, ep, &e, 1, 0, &set, 4), EINVAL);
    CHECK_ERR(syscall(SYS_epoll_pwait, 0x7fff, &e, 1, 0, NULL, 8), EBADF);
    CHECK_ERR(syscall(SYS_epoll_pwait2, ep, &e, 1, &t, NULL, 8), EINVAL);
    CHECK_ERR(syscall(SYS_epoll_pwait2, ep, &e, 1, bad_pointer(), NULL, 8),
              EFAULT);
    close(ep);
}
