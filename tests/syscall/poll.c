/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll.c - poll(2), ppoll(2), select(2), pselect6(2).
 *
 * covers: ppoll select pselect6
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/select.h>

static void on_signal(int sig)
{
    (void)sig;
}

TEST(a_timeout_passes)
{
    int64_t began = now_ns(CLOCK_MONOTONIC);

    CHECK_EQ(poll(NULL, 0, 30), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) - began >= 30 * 1000 * 1000);
}

TEST(bad_descriptors_are_reported_not_refused)
{
    struct pollfd p[2] = { { .fd = 500, .events = POLLIN },
                           { .fd = -1, .events = POLLIN, .revents = 9 } };

    CHECK_EQ(poll(p, 2, 1000), 1);
    CHECK_EQ(p[0].revents, POLLNVAL);
    CHECK_EQ(p[1].revents, 0);
}

TEST(files_are_always_ready)
{
    int fd = open("f", O_CREAT | O_RDWR, 0644);
    struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

    CHECK_EQ(poll(&p, 1, -1), 1);
    CHECK_EQ(p.revents, POLLIN | POLLOUT);
    close(fd);
}

static int fds[2];

static void *write_later(void *arg)
{
    struct timespec t = { 0, 20 * 1000 * 1000 };

    (void)arg;
    nanosleep(&t, NULL);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    return NULL;
}

TEST(a_sleeper_is_woken)
{
    struct pollfd p;
    pthread_t thread;
    int64_t began = now_ns(CLOCK_MONOTONIC);

    CHECK_OK(pipe(fds));
    p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
    pthread_create(&thread, NULL, write_later, NULL);
    CHECK_EQ(poll(&p, 1, 20000), 1);
    CHECK_EQ(p.revents, POLLIN);
    CHECK(now_ns(CLOCK_MONOTONIC) - began < 15000000000ll);
    pthread_join(thread, NULL);
    close(fds[0]);
    close(fds[1]);
}

TEST(ppoll_lets_a_signal_in)
{
    struct sigaction a = { .sa_handler = on_signal };
    struct timespec t = { 20, 0 };
    sigset_t blocked, none;

    sigaction(SIGUSR1, &a, NULL);
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    CHECK_OK(sigprocmask(SIG_BLOCK, &blocked, NULL));
    CHECK_OK(raise(SIGUSR1));
    CHECK_ERR(ppoll(NULL, 0, &t, &none), EINTR);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    t = (struct timespec){ 0, -1 };
    CHECK_ERR(ppoll(NULL, 0, &t, NULL), EINVAL);
}

TEST(select_marks_the_ready)
{
    fd_set in, out;
    struct timeval t = { 0, 0 };

    CHECK_OK(pipe(fds));
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(fds[0], &in);
    FD_SET(fds[1], &out);
    CHECK_EQ(select(fds[1] + 1, &in, &out, NULL, &t), 1);
    CHECK(!FD_ISSET(fds[0], &in));
    CHECK(FD_ISSET(fds[1], &out));
    CHECK_EQ(write(fds[1], "x", 1), 1);
    FD_SET(fds[0], &in);
    CHECK_EQ(select(fds[1] + 1, &in, NULL, NULL, NULL), 1);
    CHECK(FD_ISSET(fds[0], &in));
    close(fds[0]);
    FD_ZERO(&in);
    FD_SET(fds[0], &in);
    CHECK_ERR(select(fds[1] + 1, &in, NULL, NULL, &t), EBADF);
    CHECK_ERR(select(-1, NULL, NULL, NULL, &t), EINVAL);
    close(fds[1]);
}

TEST(select_as_a_clock)
{
    struct timeval t = { 0, 20000 };
    int64_t began = now_ns(CLOCK_MONOTONIC);

    CHECK_EQ(select(0, NULL, NULL, NULL, &t), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) - began >= 20 * 1000 * 1000);
}

TEST(errors)
{
    CHECK_ERR(syscall(SYS_poll, bad_pointer(), 1, 0), EFAULT);
    CHECK_ERR(syscall(SYS_poll, NULL, 1u << 30, 0), EINVAL);
}
