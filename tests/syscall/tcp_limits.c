/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_limits.c - options that say how long TCP waits, and for how much.
 *
 * covers: setsockopt getsockopt connect accept4 poll
 */
#include "check.h"
#include "inet.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>

#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif

static int set(int fd, int name, int value)
{
    return option_set(fd, IPPROTO_TCP, name, value);
}

static long ms_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Write until it takes no more. Bytes. */
static size_t fill(int fd)
{
    static char chunk[1000];
    size_t sum = 0;
    ssize_t n;

    while ((n = send(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
        sum += (size_t)n;
    return sum;
}

static void drain(int fd)
{
    static char chunk[65536];
    ssize_t n;

    do {
        while ((n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
            ;
    } while (n != 0 && (events_of(fd, POLLIN, 300) & POLLIN));
}

TEST(values)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_SYNCNT), 6);
    CHECK_EQ(set(fd, TCP_SYNCNT, 3), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_SYNCNT), 3);
    CHECK_ERR(set(fd, TCP_SYNCNT, 0), EINVAL);
    CHECK_ERR(set(fd, TCP_SYNCNT, 128), EINVAL);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_LINGER2), 60);
    CHECK_EQ(set(fd, TCP_LINGER2, 5), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_LINGER2), 5);
    CHECK_EQ(set(fd, TCP_LINGER2, 500), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_LINGER2), 120);
    CHECK_EQ(set(fd, TCP_LINGER2, -7), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_LINGER2), -1);
    CHECK_EQ(set(fd, TCP_LINGER2, 0), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_LINGER2), 60);
    CHECK_ERR(set(fd, TCP_USER_TIMEOUT, -1), EINVAL);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 0);
    CHECK_EQ(set(fd, TCP_NOTSENT_LOWAT, -1), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), -1);
    close(fd);
}

/* In whole numbers of SYN|ACKs: 1 s, 1 + 2 s, 1 + 2 + 4 s ... */
TEST(defer_accept_is_rounded_up)
{
    static const int pairs[][2] = { { 1, 1 },  { 2, 3 },   { 3, 3 },
                                    { 4, 7 },  { 60, 63 }, { 130, 247 },
                                    { -1, 0 }, { 0, 0 } };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        CHECK_EQ(set(fd, TCP_DEFER_ACCEPT, pairs[i][0]), 0);
        CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), pairs[i][1]);
    }
    close(fd);
}

TEST(accept_waits_for_data)
{
    int l = listener(5), c, s;
    char buf[4];

    CHECK_EQ(set(l, TCP_DEFER_ACCEPT, 30), 0);
    c = connect_to(port_of(l), 0);
    CHECK(c >= 0);
    CHECK_EQ(events_of(l, POLLIN, 100), 0);
    fcntl(l, F_SETFL, O_NONBLOCK);
    CHECK_ERR(accept(l, NULL, NULL), EAGAIN);
    CHECK_EQ(write(c, "hi", 2), 2);
    CHECK_EQ(events_of(l, POLLIN, 10000), POLLIN);
    s = accept(l, NULL, NULL);
    CHECK_EQ(read(s, buf, sizeof(buf)), 2);
    close(c);
    close(s);
    /* An end is as good as data. */
    c = connect_to(port_of(l), 0);
    CHECK_EQ(shutdown(c, SHUT_WR), 0);
    CHECK_EQ(events_of(l, POLLIN, 10000), POLLIN);
    s = accept(l, NULL, NULL);
    CHECK_EQ(read(s, buf, sizeof(buf)), 0);
    close(c);
    close(s);
    close(l);
}

TEST(accept_waits_for_data_not_for_ever)
{
    int l = listener(5), c, s;
    long begin = ms_now();

    CHECK_EQ(set(l, TCP_DEFER_ACCEPT, 1), 0);
    c = connect_to(port_of(l), 0);
    CHECK_EQ(events_of(l, POLLIN, 20000), POLLIN);
    CHECK(ms_now() - begin >= 900);
    s = accept(l, NULL, NULL);
    CHECK(s >= 0);
    CHECK_EQ(write(s, "x", 1), 1);
    close(c);
    close(s);
    close(l);
}

/* Connections that were deferred end with their listener, or by themselves. */
TEST(deferred_connections_end)
{
    struct linger reset = { 1, 0 };
    int l = listener(5), c, d;
    char buf[4];

    CHECK_EQ(set(l, TCP_DEFER_ACCEPT, 30), 0);
    c = connect_to(port_of(l), 0);
    d = connect_to(port_of(l), 0);
    CHECK(c >= 0 && d >= 0);
    setsockopt(c, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(c);
    CHECK_EQ(events_of(l, POLLIN, 50), 0);
    close(l);
    CHECK_EQ(events_of(d, POLLIN, 50) & POLLNVAL, 0);
    CHECK(send(d, "x", 1, MSG_NOSIGNAL) <= 1);
    CHECK_EQ(events_of(d, POLLIN, 10000) & POLLIN, POLLIN);
    CHECK(read(d, buf, sizeof(buf)) <= 0);
    close(d);
}

/* The peer is there, but does not read. */
TEST(user_timeout_ends_what_nobody_takes)
{
    int fds[2], other[2];
    long begin = ms_now();
    char buf[4];

    CHECK(make_pair(fds));
    CHECK(make_pair(other));
    CHECK_EQ(set(fds[0], TCP_USER_TIMEOUT, 700), 0);
    CHECK(fill(fds[0]) > 0);
    CHECK(fill(other[0]) > 0);
    CHECK_EQ(events_of(fds[0], POLLIN, 20000) & (POLLERR | POLLHUP | POLLIN),
             POLLERR | POLLHUP | POLLIN);
    CHECK(ms_now() - begin >= 700);
    CHECK_ERR(read(fds[0], buf, sizeof(buf)), ETIMEDOUT);
    CHECK_EQ(read(fds[0], buf, sizeof(buf)), 0);
    CHECK_ERR(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(events_of(other[0], POLLIN, 0), 0);
    drain(other[1]);
    CHECK_EQ(events_of(other[0], POLLOUT, 10000), POLLOUT);
    for (int i = 0; i < 2; i++) {
        close(fds[i]);
        close(other[i]);
    }
}

/* What is taken in the end is no reason to give up. */
TEST(user_timeout_begins_anew)
{
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(set(fds[0], TCP_USER_TIMEOUT, 1500), 0);
    for (int i = 0; i < 2; i++) {
        CHECK(fill(fds[0]) > 0);
        CHECK_EQ(events_of(fds[0], POLLIN, 900), 0);
        drain(fds[1]);
        CHECK_EQ(events_of(fds[0], POLLOUT, 10000), POLLOUT);
    }
    close(fds[0]);
    close(fds[1]);
}

/* A queue that is full answers no SYN. */
TEST(connecting_takes_as_long_as_it_may)
{
    int l = listener(0), first, by_count, by_time;
    long begin = ms_now();

    first = connect_to(port_of(l), 0);
    CHECK(first >= 0);
    CHECK_EQ(events_of(l, POLLIN, 10000), POLLIN);
    by_count = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    by_time = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_EQ(set(by_count, TCP_SYNCNT, 1), 0);
    CHECK_EQ(set(by_time, TCP_USER_TIMEOUT, 1500), 0);
    {
        struct sockaddr_in a = loopback(port_of(l));

        CHECK_ERR(connect(by_count, (struct sockaddr *)&a, sizeof(a)),
                  EINPROGRESS);
        CHECK_ERR(connect(by_time, (struct sockaddr *)&a, sizeof(a)),
                  EINPROGRESS);
    }
    CHECK_EQ(events_of(by_time, POLLOUT, 30000) & POLLERR, POLLERR);
    CHECK(ms_now() - begin >= 1400);
    CHECK_EQ(option_get(by_time, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
    CHECK_EQ(events_of(by_count, POLLOUT, 30000) & POLLERR, POLLERR);
    CHECK(ms_now() - begin >= 2800);
    CHECK_EQ(option_get(by_count, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
    close(by_count);
    close(by_time);
    close(first);
    close(l);
}

/* Is there a connection in this state, as /proc/net/tcp numbers them? */
static bool is_listed(unsigned port, unsigned state)
{
    FILE *f = fopen("/proc/net/tcp", "r");
    unsigned p, st;
    char line[256];
    bool found = false;

    if (!f)
        return false;
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &p, &st) ==
                2 &&
            p == port && st == state)
            found = true;
    fclose(f);
    return found;
}

static bool becomes(unsigned port, unsigned state, bool listed)
{
    for (int i = 0; i < 1000; i++) {
        if (is_listed(port, state) == listed)
            return true;
        usleep(10000);
    }
    return false;
}

TEST(linger2_is_how_long_an_end_is_waited_for)
{
    int fds[2];
    unsigned port;

    CHECK(make_pair(fds));
    port = port_of(fds[0]);
    CHECK_EQ(set(fds[0], TCP_LINGER2, 1), 0);
    close(fds[0]);
    CHECK(becomes(port, 5, true));
    CHECK_EQ(events_of(fds[1], POLLIN, 0), POLLIN);
    CHECK(becomes(port, 5, false));
    close(fds[1]);
}

TEST(linger2_below_0_does_not_wait)
{
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(set(fds[0], TCP_LINGER2, -1), 0);
    close(fds[0]);
    CHECK_EQ(events_of(fds[1], 0, 10000), POLLERR | POLLHUP);
    CHECK_EQ(option_get(fds[1], SOL_SOCKET, SO_ERROR), EPIPE);
    close(fds[1]);
}

TEST(notsent_lowat)
{
    int fds[2], buffer = 400000, unsent = -1;

    CHECK(make_pair(fds));
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    CHECK_EQ(set(fds[0], TCP_NOTSENT_LOWAT, 4000), 0);
    CHECK(fill(fds[0]) > 4000);
    CHECK_EQ(ioctl(fds[0], SIOCOUTQNSD, &unsent), 0);
    CHECK(unsent >= 2000 && unsent < 100000);
    CHECK_EQ(events_of(fds[0], POLLOUT, 0), 0);
    CHECK_EQ(set(fds[0], TCP_NOTSENT_LOWAT, 300000), 0);
    CHECK_EQ(events_of(fds[0], POLLOUT, 0), POLLOUT);
    CHECK(fill(fds[0]) > 100000);
    CHECK_EQ(events_of(fds[0], POLLOUT, 0), 0);
    drain(fds[1]);
    CHECK_EQ(events_of(fds[0], POLLOUT, 10000), POLLOUT);
    close(fds[0]);
    close(fds[1]);
}

TEST(quickack_is_told_back)
{
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(option_get(fds[1], IPPROTO_TCP, TCP_QUICKACK), 1);
    CHECK_EQ(set(fds[1], TCP_QUICKACK, 0), 0);
    CHECK_EQ(option_get(fds[1], IPPROTO_TCP, TCP_QUICKACK), 0);
    CHECK_EQ(write(fds[0], "ab", 2), 2);
    CHECK_EQ(set(fds[1], TCP_QUICKACK, 1), 0);
    CHECK_EQ(option_get(fds[1], IPPROTO_TCP, TCP_QUICKACK), 1);
    close(fds[0]);
    close(fds[1]);
}

/* Bit 0 of the sysctl lets clients, without it Linux refuses them, too. */
TEST(fast_open_is_what_the_sysctl_says)
{
    FILE *f = fopen("/proc/sys/net/ipv4/tcp_fastopen", "r");
    int fd = socket(AF_INET, SOCK_STREAM, 0), mode = -1;

    CHECK(f && fscanf(f, "%d", &mode) == 1);
    fclose(f);
    CHECK_ERR(set(fd, TCP_FASTOPEN_CONNECT, 2), EINVAL);
    if (mode & 1) {
        CHECK_EQ(set(fd, TCP_FASTOPEN_CONNECT, 1), 0);
    } else {
        struct sockaddr_in a = loopback(9);

        CHECK_ERR(set(fd, TCP_FASTOPEN_CONNECT, 1), EOPNOTSUPP);
        CHECK_ERR(
            sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&a, sizeof(a)),
            EOPNOTSUPP);
    }
    close(fd);
}

/* Options of a connection that is there already. */
TEST(keepalive_is_switched_on_later)
{
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(set(fds[0], TCP_KEEPIDLE, 1), 0);
    CHECK_EQ(set(fds[0], TCP_KEEPINTVL, 1), 0);
    CHECK_EQ(
        setsockopt(fds[0], SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int)),
        0);
    CHECK_EQ(events_of(fds[0], POLLIN, 2500), 0);
    close(fds[0]);
    close(fds[1]);
}
