/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udp_errors.c - what a datagram socket tells beside the datagrams: errors that
 * ICMP brought (IP_RECVERR), when they came, what is too long for the path; and
 * datagrams of several pieces.
 *
 * covers: recvmsg setsockopt getsockopt sendto recvfrom
 */
#include "check.h"
#include "inet.h"

#include <linux/errqueue.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/time.h>

#ifndef IP_RECVERR
#define IP_RECVERR 11
#endif

static struct in6_addr loopback6(void)
{
    return (struct in6_addr){ .s6_addr = { [15] = 1 } };
}

/* A port of UDP that nobody has. */
static unsigned free_port(void)
{
    struct sockaddr_in a = loopback(0);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    unsigned port;

    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
        return 0;
    port = port_of(fd);
    close(fd);
    return port;
}

/* What recvmsg() gave. */
struct got {
    ssize_t n;
    char data[64];
    struct sockaddr_in6 from;
    socklen_t from_len;
    int flags;
    char control[256];
    struct msghdr h;
};

static void receive(int fd, int flags, struct got *g)
{
    struct iovec v = { g->data, sizeof(g->data) };

    g->h = (struct msghdr){ .msg_name = &g->from,
                            .msg_namelen = sizeof(g->from),
                            .msg_iov = &v,
                            .msg_iovlen = 1,
                            .msg_control = g->control,
                            .msg_controllen = sizeof(g->control) };
    g->n = recvmsg(fd, &g->h, flags | MSG_DONTWAIT);
    if (g->n < 0)
        g->n = -errno;
    g->from_len = g->h.msg_namelen;
    g->flags = g->h.msg_flags;
}

static void *control_of(struct got *g, int level, int type, size_t len)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&g->h); c; c = CMSG_NXTHDR(&g->h, c))
        if (c->cmsg_level == level && c->cmsg_type == type &&
            c->cmsg_len >= CMSG_LEN(len))
            return CMSG_DATA(c);
    return NULL;
}

TEST(errors_are_queued)
{
    struct sockaddr_in a = loopback(free_port()), *offender;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sock_extended_err *ee;
    struct got g;

    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_RECVERR), 0);
    CHECK_EQ(option_set(fd, IPPROTO_IP, IP_RECVERR, 1), 0);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_RECVERR), 1);
    receive(fd, MSG_ERRQUEUE, &g);
    CHECK_EQ(g.n, -EAGAIN);
    /* Not connected: it hears of it all the same. */
    CHECK_EQ(sendto(fd, "hello", 5, 0, (struct sockaddr *)&a, sizeof(a)), 5);
    CHECK_EQ(events_of(fd, 0, 10000), POLLERR);
    receive(fd, MSG_ERRQUEUE, &g);
    CHECK_EQ(g.n, 5);
    CHECK(memcmp(g.data, "hello", 5) == 0);
    CHECK_EQ(g.flags, MSG_ERRQUEUE);
    CHECK_EQ(g.from_len, sizeof(struct sockaddr_in));
    CHECK(memcmp(&g.from, &a, 8) == 0);
    ee = control_of(&g, IPPROTO_IP, IP_RECVERR, sizeof(*ee) + sizeof(a));
    CHECK(ee);
    if (ee) {
        CHECK_EQ(ee->ee_errno, ECONNREFUSED);
        CHECK_EQ(ee->ee_origin, SO_EE_ORIGIN_ICMP);
        CHECK_EQ(ee->ee_type, 3);
        CHECK_EQ(ee->ee_code, 3);
        CHECK_EQ(ee->ee_info, 0);
        offender = (void *)SO_EE_OFFENDER(ee);
        CHECK_EQ(offender->sin_family, AF_INET);
        CHECK_EQ(offender->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    }
    CHECK_EQ(events_of(fd, 0, 0), 0);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_ERROR), 0);
    close(fd);
}

/* An error is the next call's, too; what is queued stays. */
TEST(errors_are_also_reported)
{
    struct sockaddr_in a = loopback(free_port());
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct got g;

    CHECK_EQ(option_set(fd, IPPROTO_IP, IP_RECVERR, 1), 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    CHECK_EQ(send(fd, "a", 1, 0), 1);
    CHECK_EQ(events_of(fd, 0, 10000), POLLERR);
    CHECK_ERR(send(fd, "b", 1, 0), ECONNREFUSED);
    CHECK_EQ(send(fd, "c", 1, 0), 1);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
    CHECK_EQ(events_of(fd, 0, 0), POLLERR);
    receive(fd, MSG_ERRQUEUE, &g);
    CHECK_EQ(g.n, 1);
    CHECK_EQ(g.data[0], 'a');
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED); /* of 'c' */
    receive(fd, MSG_ERRQUEUE, &g);
    CHECK_EQ(g.data[0], 'c');
    CHECK_EQ(send(fd, "d", 1, 0), 1);
    CHECK_EQ(option_set(fd, IPPROTO_IP, IP_RECVERR, 0), 0);
    receive(fd, MSG_ERRQUEUE, &g);
    CHECK_EQ(g.n, -EAGAIN);
    close(fd);
}

TEST(errors_of_ipv6)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6,
                              .sin6_addr = loopback6(),
                              .sin6_port = htons((uint16_t)free_port()) };
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sock_extended_err *ee;
    struct got g;

    CHECK_EQ(option_set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1), 0);
    CHECK_EQ(sendto(fd, "hello", 5, 0, (struct sockaddr *)&a, sizeof(a)), 5);
    CHECK_EQ(events_of(fd, 0, 10000), POLLERR);
    receive(fd, MSG_ERRQUEUE, &g);
    CHECK_EQ(g.n, 5);
    CHECK(memcmp(&g.from.sin6_addr, &a.sin6_addr, 16) == 0);
    CHECK_EQ(g.from.sin6_port, a.sin6_port);
    ee = control_of(&g, IPPROTO_IPV6, IPV6_RECVERR, sizeof(*ee) + sizeof(a));
    CHECK(ee);
    if (ee) {
        struct sockaddr_in6 *offender = (void *)SO_EE_OFFENDER(ee);

        CHECK_EQ(ee->ee_errno, ECONNREFUSED);
        CHECK_EQ(ee->ee_origin, SO_EE_ORIGIN_ICMP6);
        CHECK_EQ(ee->ee_type, 1);
        CHECK_EQ(ee->ee_code, 4);
        CHECK(memcmp(&offender->sin6_addr, &a.sin6_addr, 16) == 0);
    }
    close(fd);
}

static int receiver(unsigned *port)
{
    struct sockaddr_in a = loopback(0);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
        return -1;
    *port = port_of(fd);
    return fd;
}

TEST(time_stamps)
{
    struct timespec before, *at;
    struct timeval *tv;
    unsigned port;
    int fd = receiver(&port), out = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = loopback(port);
    struct got g;

    clock_gettime(CLOCK_REALTIME, &before);
    CHECK_EQ(option_set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1), 0);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_TIMESTAMPNS), 1);
    CHECK_EQ(sendto(out, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)), 1);
    CHECK_EQ(events_of(fd, POLLIN, 10000), POLLIN);
    receive(fd, 0, &g);
    CHECK_EQ(g.n, 1);
    at = control_of(&g, SOL_SOCKET, SCM_TIMESTAMPNS, sizeof(*at));
    CHECK(at && at->tv_sec >= before.tv_sec && at->tv_nsec < 1000000000);
    CHECK_EQ(option_set(fd, SOL_SOCKET, SO_TIMESTAMP, 1), 0);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_TIMESTAMP), 1);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_TIMESTAMPNS), 0);
    CHECK_EQ(sendto(out, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)), 1);
    CHECK_EQ(events_of(fd, POLLIN, 10000), POLLIN);
    receive(fd, 0, &g);
    tv = control_of(&g, SOL_SOCKET, SCM_TIMESTAMP, sizeof(*tv));
    CHECK(tv && tv->tv_sec >= before.tv_sec && tv->tv_usec < 1000000);
    CHECK(!control_of(&g, SOL_SOCKET, SCM_TIMESTAMPNS, sizeof(*at)));
    CHECK_EQ(option_set(fd, SOL_SOCKET, SO_TIMESTAMP, 0), 0);
    CHECK_EQ(sendto(out, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)), 1);
    CHECK_EQ(events_of(fd, POLLIN, 10000), POLLIN);
    receive(fd, 0, &g);
    CHECK(!control_of(&g, SOL_SOCKET, SCM_TIMESTAMP, sizeof(*tv)));
    close(fd);
    close(out);
}

TEST(pieces_become_one)
{
    unsigned port;
    int fd = receiver(&port), out = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = loopback(port);
    char buf[64];

    CHECK_EQ(connect(out, (struct sockaddr *)&a, sizeof(a)), 0);
    CHECK_EQ(send(out, "ab", 2, MSG_MORE), 2);
    CHECK_EQ(send(out, "", 0, MSG_MORE), 0);
    CHECK_EQ(events_of(fd, POLLIN, 30), 0);
    CHECK_EQ(send(out, "cd", 2, 0), 2);
    CHECK_EQ(events_of(fd, POLLIN, 10000), POLLIN);
    CHECK_EQ(recv(fd, buf, sizeof(buf), 0), 4);
    CHECK(memcmp(buf, "abcd", 4) == 0);
    CHECK_EQ(option_get(out, IPPROTO_UDP, UDP_CORK), 0);
    CHECK_EQ(option_set(out, IPPROTO_UDP, UDP_CORK, 1), 0);
    CHECK_EQ(option_get(out, IPPROTO_UDP, UDP_CORK), 1);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(send(out, "xyz", 3, 0), 3);
    CHECK_EQ(events_of(fd, POLLIN, 30), 0);
    CHECK_EQ(option_set(out, IPPROTO_UDP, UDP_CORK, 0), 0);
    CHECK_EQ(events_of(fd, POLLIN, 10000), POLLIN);
    CHECK_EQ(recv(fd, buf, sizeof(buf), 0), 30);
    CHECK_EQ(send(out, "e", 1, 0), 1);
    CHECK_EQ(events_of(fd, POLLIN, 10000), POLLIN);
    CHECK_EQ(recv(fd, buf, sizeof(buf), 0), 1);
    close(fd);
    close(out);
}

TEST(pieces_that_are_too_much)
{
    static char large[40000];
    unsigned port;
    int fd = receiver(&port), out = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = loopback(port);
    char buf[4];

    CHECK_EQ(connect(out, (struct sockaddr *)&a, sizeof(a)), 0);
    CHECK_EQ(send(out, large, sizeof(large), MSG_MORE), sizeof(large));
    CHECK_ERR(send(out, large, sizeof(large), 0), EMSGSIZE);
    CHECK_EQ(send(out, "f", 1, 0), 1);
    CHECK_EQ(events_of(fd, POLLIN, 10000), POLLIN);
    CHECK_EQ(recv(fd, buf, sizeof(buf), 0), 1);
    CHECK_EQ(send(out, "lost", 4, MSG_MORE), 4);
    close(out);
    CHECK_EQ(events_of(fd, POLLIN, 30), 0);
    close(fd);
}

TEST(what_is_not_to_be_cut_up)
{
    static char large[65500], back[65500];
    unsigned port;
    int fd = receiver(&port), out = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = loopback(port);

    CHECK_ERR(option_set(out, IPPROTO_IP, IP_MTU_DISCOVER, 6), EINVAL);
    CHECK_EQ(option_set(out, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
    CHECK_EQ(option_get(out, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DO);
    CHECK_EQ(option_get(out, IPPROTO_IP, IP_MTU), -ENOTCONN);
    CHECK_EQ(connect(out, (struct sockaddr *)&a, sizeof(a)), 0);
    CHECK(option_get(out, IPPROTO_IP, IP_MTU) >= 1280);
    CHECK_EQ(send(out, "whole", 5, 0), 5);
    CHECK_EQ(events_of(fd, POLLIN, 10000), POLLIN);
    CHECK_EQ(recv(fd, back, sizeof(back), 0), 5);
    CHECK(memcmp(back, "whole", 5) == 0);
    CHECK_EQ(option_set(out, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT), 0);
    memset(large, 'w', sizeof(large));
    CHECK_EQ(send(out, large, sizeof(large), 0), sizeof(large));
    CHECK_EQ(events_of(fd, POLLIN, 10000), POLLIN);
    CHECK_EQ(recv(fd, back, sizeof(back), 0), sizeof(back));
    CHECK(memcmp(large, back, sizeof(back)) == 0);
    close(fd);
    close(out);
}
