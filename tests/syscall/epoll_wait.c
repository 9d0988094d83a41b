/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll_wait.c - epoll: adding and removing, level and edge, one shot, nested.
 *
 * covers: epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2
 */
#include "check.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

static int ep, fds[2];
static struct epoll_event got[4];

static void set_up(uint32_t events)
{
    struct epoll_event e = { .events = events, .data.u64 = 0x1122334455667788 };

    ep = epoll_create1(EPOLL_CLOEXEC);
    CHECK_OK(ep);
    CHECK_OK(pipe(fds));
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e));
}

static void tear_down(void)
{
    close(ep);
    close(fds[0]);
    close(fds[1]);
}

TEST(level_triggered_reports_until_read)
{
    char c;

    set_up(EPOLLIN);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(epoll_wait(ep, got, 4, -1), 1);
    CHECK_EQ(got[0].events, EPOLLIN);
    CHECK_EQ(got[0].data.u64, 0x1122334455667788);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 1);
    CHECK_EQ(read(fds[0], &c, 1), 1);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 0);
    tear_down();
}

TEST(edge_triggered_reports_each_arrival_once)
{
    set_up(EPOLLIN | EPOLLET);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 1);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 0);
    CHECK_EQ(write(fds[1], "y", 1), 1);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 1);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 0);
    tear_down();
}

TEST(one_shot_waits_to_be_armed_again)
{
    struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT };

    set_up(EPOLLIN | EPOLLONESHOT);
    CHECK_EQ(write(fds[1], "xy", 2), 2);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 1);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 0);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &e));
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 1);
    tear_down();
}

TEST(hang_up_is_always_reported)
{
    set_up(0);
    close(fds[1]);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 1);
    CHECK_EQ(got[0].events, EPOLLHUP);
    fds[1] = -1;
    tear_down();
}

TEST(closing_removes)
{
    set_up(EPOLLIN);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    close(fds[0]);
    fds[0] = -1;
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 0);
    tear_down();
}

TEST(maxevents_limits_and_all_get_their_turn)
{
    struct epoll_event e = { .events = EPOLLIN };
    int events[3];
    unsigned seen = 0;

    ep = epoll_create1(0);
    for (int i = 0; i < 3; i++) {
        events[i] = eventfd(1, 0);
        e.data.u32 = (uint32_t)i;
        CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, events[i], &e));
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(epoll_wait(ep, got, 1, 0), 1);
        seen |= 1u << got[0].data.u32;
    }
    CHECK_EQ(seen, 7);
    CHECK_EQ(epoll_wait(ep, got, 4, 0), 3);
    for (int i = 0; i < 3; i++)
        close(events[i]);
    close(ep);
}

TEST(nested)
{
    struct epoll_event e = { .events = EPOLLIN };
    int outer = epoll_create1(0);

    set_up(EPOLLIN);
    CHECK_OK(epoll_ctl(outer, EPOLL_CTL_ADD, ep, &e));
    CHECK_EQ(epoll_wait(outer, got, 4, 0), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(epoll_wait(outer, got, 4, 0), 1);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, outer, &e), ELOOP);
    close(outer);
    tear_down();
}

TEST(timeouts)
{
    int64_t began = now_ns(CLOCK_MONOTONIC);

    set_up(EPOLLIN);
    CHECK_EQ(epoll_wait(ep, got, 4, 25), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) - began >= 25 * 1000 * 1000);
    tear_down();
}

/* Whether a wait without events takes at least its time. */
static bool waits_out(int ms)
{
    int64_t end = now_ns(CLOCK_MONOTONIC) + ms * 1000000ll;

    return epoll_wait(ep, got, 4, ms) == 0 && now_ns(CLOCK_MONOTONIC) >= end;
}

static void *thread_waits(void *ms)
{
    struct epoll_event e;
    int64_t limit = (int64_t)(intptr_t)ms * 1000000;
    int64_t end = now_ns(CLOCK_MONOTONIC) + limit;
    int n = epoll_wait(ep, &e, 1, (int)(intptr_t)ms);

    return (void *)(intptr_t)(n == 0 && now_ns(CLOCK_MONOTONIC) >= end);
}

TEST(a_limit_that_was_not_reached_does_not_end_the_next_wait)
{
    struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
    struct epoll_event e = { .events = EPOLLIN | EPOLLET };
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);

    ep = epoll_create1(0);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, timer, &e));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(timerfd_settime(timer, 0, &soon, NULL));
        CHECK_EQ(epoll_wait(ep, got, 4, 20 + 60000 * (i == 1)), 1);
        CHECK(waits_out(40)); /* 20 is over in the middle */
        CHECK(waits_out(3));
    }
    CHECK_OK(timerfd_settime(timer, 0, &soon, NULL));
    CHECK_EQ(epoll_wait(ep, got, 4, 20), 1);
    soon.it_value.tv_nsec = 40000000;
    CHECK_OK(timerfd_settime(timer, 0, &soon, NULL));
    CHECK_EQ(epoll_wait(ep, got, 4, -1), 1);
    close(timer);
    close(ep);
}

TEST(threads_with_limits_of_their_own)
{
    static const int limits[] = { 30, 10, 50, 20, 40 };
    pthread_t threads[5];

    ep = epoll_create1(0);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, thread_waits,
                                (void *)(intptr_t)limits[i]),
                 0);
    for (int i = 0; i < 5; i++) {
        void *good = NULL;

        pthread_join(threads[i], &good);
        CHECK(good);
    }
    close(ep);
}

TEST(errors)
{
    struct epoll_event e = { .events = EPOLLIN };
    int fd = open("f", O_CREAT | O_RDWR, 0644);

    set_up(EPOLLIN);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e), EEXIST);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_MOD, fds[1], &e), ENOENT);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_DEL, fds[1], &e), ENOENT);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), EPERM);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e), EINVAL);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, 500, &e), EBADF);
    CHECK_ERR(epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &e), EINVAL);
    CHECK_ERR(epoll_ctl(ep, 9, fds[1], &e), EINVAL);
    CHECK_ERR(epoll_wait(ep, got, 0, 0), EINVAL);
    CHECK_ERR(epoll_wait(fd, got, 1, 0), EINVAL);
    CHECK_ERR(epoll_wait(-1, got, 1, 0), EBADF);
    CHECK_ERR(epoll_create1(7), EINVAL);
    CHECK_ERR(syscall(SYS_epoll_create, 0), EINVAL);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
    close(fd);
    tear_down();
}
