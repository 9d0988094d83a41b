/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll_ctl.c - epoll's corners: sharing, several sleepers, dup, other kinds.
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#ifndef EPOLLEXCLUSIVE
#define EPOLLEXCLUSIVE (1u << 28)
#endif

static int control(int ep, int op, int fd, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.fd = fd };

    return epoll_ctl(ep, op, fd, &e);
}

/* Events that are there now; the first one's. */
static int now(int ep, uint32_t *events)
{
    struct epoll_event e[8] = { 0 };
    int n = epoll_wait(ep, e, 8, 0);

    if (events)
        *events = e[0].events;
    return n;
}

static void add(int fd, uint64_t n)
{
    CHECK_EQ(write(fd, &n, sizeof(n)), sizeof(n));
}

static void take(int fd)
{
    uint64_t n;

    CHECK_EQ(read(fd, &n, sizeof(n)), sizeof(n));
}

static volatile int woken;

static void *waits(void *arg)
{
    struct epoll_event e;

    if (epoll_wait((int)(intptr_t)arg, &e, 1, -1) == 1)
        __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void start(pthread_t *id, int ep)
{
    CHECK_EQ(pthread_create(id, NULL, waits, (void *)(intptr_t)ep), 0);
    usleep(50000);
}

TEST(a_level_wakes_every_sleeper)
{
    int ep = epoll_create1(0), fd = eventfd(0, 0);
    pthread_t id[3];

    CHECK_OK(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
    woken = 0;
    for (int i = 0; i < 3; i++)
        start(&id[i], ep);
    add(fd, 1); /* nobody reads it */
    for (int i = 0; i < 3; i++)
        pthread_join(id[i], NULL);
    CHECK_EQ(woken, 3);
    close(fd);
    close(ep);
}

TEST(an_edge_wakes_one)
{
    int ep = epoll_create1(0), fd = eventfd(0, 0);
    pthread_t id[2];

    CHECK_OK(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET));
    woken = 0;
    start(&id[0], ep);
    start(&id[1], ep);
    add(fd, 1);
    usleep(50000);
    CHECK_EQ(woken, 1);
    add(fd, 1);
    pthread_join(id[0], NULL);
    pthread_join(id[1], NULL);
    CHECK_EQ(woken, 2);
    CHECK_EQ(now(ep, NULL), 0);
    CHECK_OK(control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLET));
    CHECK_EQ(now(ep, NULL), 1); /* a change looks again */
    close(fd);
    close(ep);
}

TEST(an_exclusive_watch_wakes_one_instance)
{
    int a = epoll_create1(0), b = epoll_create1(0), c = epoll_create1(0);
    int fd = eventfd(0, 0);
    pthread_t id[3];

    CHECK_OK(control(a, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE));
    CHECK_OK(control(b, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE));
    CHECK_OK(control(c, EPOLL_CTL_ADD, fd, EPOLLIN));
    woken = 0;
    start(&id[0], a);
    start(&id[1], b);
    start(&id[2], c);
    add(fd, 1);
    pthread_join(id[2], NULL); /* an ordinary one always hears */
    usleep(50000);
    CHECK_EQ(woken, 2);
    add(fd, 1); /* the first one sleeps no more: the second */
    pthread_join(id[0], NULL);
    pthread_join(id[1], NULL);
    CHECK_EQ(woken, 3);
    close(fd);
    close(a);
    close(b);
    close(c);
}

TEST(exclusive_watches_are_not_changed)
{
    int ep = epoll_create1(0), inner = epoll_create1(0), fd = eventfd(0, 0);

    CHECK_ERR(control(ep, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLEXCLUSIVE),
              EINVAL);
    CHECK_ERR(
        control(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT),
        EINVAL);
    CHECK_ERR(
        control(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP),
        EINVAL);
    CHECK_OK(control(ep, EPOLL_CTL_ADD, fd,
                     EPOLLIN | EPOLLOUT | EPOLLET | EPOLLEXCLUSIVE));
    CHECK_ERR(control(ep, EPOLL_CTL_MOD, fd, EPOLLIN), EINVAL);
    CHECK_ERR(control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    CHECK_OK(control(ep, EPOLL_CTL_DEL, fd, 0));
    CHECK_OK(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
    CHECK_ERR(control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    close(fd);
    close(inner);
    close(ep);
}

TEST(descriptors_and_files)
{
    int ep = epoll_create1(0), fd = eventfd(1, 0), other = dup(fd);
    struct epoll_event e;

    CHECK_OK(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
    CHECK_ERR(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EEXIST);
    CHECK_OK(control(ep, EPOLL_CTL_ADD, other, EPOLLIN)); /* another name */
    CHECK_EQ(now(ep, NULL), 2);
    close(other);
    CHECK_EQ(now(ep, NULL), 2); /* the file is still open */
    CHECK_ERR(control(ep, EPOLL_CTL_DEL, other, 0), EBADF);
    close(fd);
    CHECK_EQ(now(ep, NULL), 0);
    fd = eventfd(1, 0);
    CHECK_OK(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
    CHECK_EQ(epoll_wait(ep, &e, 1, -1), 1);
    CHECK_EQ(e.data.fd, fd);
    CHECK_EQ(dup2(eventfd(0, 0), fd), fd); /* closes what was watched */
    CHECK_EQ(now(ep, NULL), 0);
    CHECK_ERR(control(ep, EPOLL_CTL_MOD, fd, EPOLLIN), ENOENT);
    CHECK_ERR(control(ep, EPOLL_CTL_DEL, fd, EPOLLIN), ENOENT);
    close(fd);
    close(ep);
}

TEST(wrong_arguments)
{
    int ep = epoll_create1(0), fd = eventfd(1, 0);
    int dir = open(".", O_RDONLY), path = open(".", O_PATH);

    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, fd, bad_pointer()), EFAULT);
    CHECK_ERR(epoll_ctl(ep, 77, fd, bad_pointer()), EFAULT);
    CHECK_ERR(control(ep, 77, fd, EPOLLIN), EINVAL);
    CHECK_ERR(control(ep, EPOLL_CTL_ADD, ep, EPOLLIN), EINVAL);
    CHECK_ERR(control(fd, EPOLL_CTL_ADD, ep, EPOLLIN), EINVAL);
    CHECK_ERR(control(ep, EPOLL_CTL_ADD, dir, EPOLLIN), EPERM);
    CHECK_ERR(control(ep, EPOLL_CTL_ADD, path, EPOLLIN), EBADF);
    CHECK_ERR(control(-1, EPOLL_CTL_ADD, fd, EPOLLIN), EBADF);
    CHECK_ERR(control(ep, EPOLL_CTL_ADD, -1, EPOLLIN), EBADF);
    close(fd);
    close(dir);
    close(path);
    close(ep);
}

TEST(a_one_shot_is_armed_again)
{
    int ep = epoll_create1(0), fd = eventfd(1, 0);

    CHECK_OK(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT));
    CHECK_EQ(now(ep, NULL), 1);
    add(fd, 1);
    CHECK_EQ(now(ep, NULL), 0);
    CHECK_OK(control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT));
    CHECK_EQ(now(ep, NULL), 1);
    CHECK_EQ(now(ep, NULL), 0);
    close(fd);
    close(ep);
}

TEST(instances_in_instances)
{
    int outer = epoll_create1(0), inner = epoll_create1(0);
    int fd = eventfd(0, 0), chain[6];
    pthread_t id;

    CHECK_OK(control(outer, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLET));
    CHECK_OK(control(inner, EPOLL_CTL_ADD, fd, EPOLLIN));
    CHECK_ERR(control(inner, EPOLL_CTL_ADD, outer, EPOLLIN), ELOOP);
    woken = 0;
    start(&id, outer);
    add(fd, 1);
    pthread_join(id, NULL);
    CHECK_EQ(woken, 1);
    CHECK_EQ(now(inner, NULL), 1);
    CHECK_EQ(now(outer, NULL), 0); /* one edge, one event */
    take(fd);
    add(fd, 1);
    CHECK_EQ(now(outer, NULL), 1);
    close(fd);
    close(inner);
    close(outer);
    for (int i = 0; i < 6; i++) {
        chain[i] = epoll_create1(0);
        if (i == 5)
            CHECK_ERR(control(chain[i], EPOLL_CTL_ADD, chain[i - 1], EPOLLIN),
                      ELOOP);
        else if (i > 0)
            CHECK_OK(control(chain[i], EPOLL_CTL_ADD, chain[i - 1], EPOLLIN));
    }
    for (int i = 0; i < 6; i++)
        close(chain[i]);
}

TEST(counters_timers_and_signals)
{
    int ep = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec t = { .it_value.tv_nsec = 10000000 };
    struct signalfd_siginfo info;
    uint32_t events;
    sigset_t set;
    int fd, sig;

    fd = eventfd(0, EFD_NONBLOCK);
    CHECK_OK(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLET));
    CHECK_EQ(now(ep, &events), 1);
    CHECK_EQ(events, EPOLLOUT);
    add(fd, 0xfffffffffffffffeull);
    CHECK_EQ(now(ep, &events), 1);
    CHECK_EQ(events, EPOLLIN); /* full: no room for one more */
    take(fd);
    CHECK_EQ(now(ep, &events), 1);
    CHECK_EQ(events, EPOLLOUT);
    CHECK_OK(control(ep, EPOLL_CTL_DEL, fd, 0));
    CHECK_OK(control(ep, EPOLL_CTL_ADD, timer, EPOLLIN));
    CHECK_EQ(now(ep, NULL), 0);
    CHECK_OK(timerfd_settime(timer, 0, &t, NULL));
    while (now(ep, &events) == 0)
        usleep(1000);
    CHECK_EQ(events, EPOLLIN);
    take(timer);
    CHECK_EQ(now(ep, NULL), 0);
    CHECK_OK(control(ep, EPOLL_CTL_DEL, timer, 0));
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    sig = signalfd(-1, &set, 0);
    CHECK_OK(control(ep, EPOLL_CTL_ADD, sig, EPOLLIN));
    CHECK_EQ(now(ep, NULL), 0);
    raise(SIGUSR1);
    CHECK_EQ(now(ep, &events), 1);
    CHECK_EQ(events, EPOLLIN);
    CHECK_EQ(read(sig, &info, sizeof(info)), sizeof(info));
    CHECK_EQ(now(ep, NULL), 0);
    close(sig);
    close(timer);
    close(fd);
    close(ep);
}

TEST(a_removed_watch_is_not_reported)
{
    int ep = epoll_create1(0), fd = eventfd(1, 0);

    CHECK_OK(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
    CHECK_OK(control(ep, EPOLL_CTL_DEL, fd, 0));
    CHECK_EQ(now(ep, NULL), 0);
    CHECK_OK(control(ep, EPOLL_CTL_ADD, fd, 0)); /* errors only */
    CHECK_EQ(now(ep, NULL), 0);
    CHECK_OK(control(ep, EPOLL_CTL_MOD, fd, EPOLLIN));
    CHECK_EQ(now(ep, NULL), 1);
    close(fd);
    close(ep);
}

TEST(select_looks_at_what_can_be_open)
{
    fd_set in, out, except;
    struct timeval t = { 0, 0 };
    int path = open(".", O_PATH);

    FD_ZERO(&in);
    FD_SET(path, &in);
    out = except = in;
    CHECK_EQ(select(path + 1, &in, &out, &except, &t), 3); /* as POLLNVAL */
    FD_ZERO(&in);
    /* Sets that end long before the count: no descriptor is that large. */
    CHECK_EQ(select(INT_MAX, &in, NULL, NULL, &t), 0);
    FD_SET(path, &in);
    close(path);
    CHECK_ERR(select(path + 1, &in, NULL, NULL, &t), EBADF);
    CHECK_ERR(select(-1, NULL, NULL, NULL, &t), EINVAL);
}
