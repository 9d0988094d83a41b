/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * multicast.c - groups that sockets join, all senders' packets or some's.
 *
 * covers: setsockopt bind recv
 */
#include "check.h"
#include "inet.h"

#define LO 1u

static struct sockaddr_in v4(const char *text, unsigned port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port) };

    CHECK_EQ(inet_pton(AF_INET, text, &a.sin_addr), 1);
    return a;
}

static struct sockaddr_in6 v6(const char *text, unsigned scope)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_scope_id = scope };

    CHECK_EQ(inet_pton(AF_INET6, text, &a.sin6_addr), 1);
    return a;
}

static int result(int r)
{
    return r < 0 ? errno : 0;
}

/* ---- the three forms ---- */

static int mreq_source(int fd, int name, const char *group, const char *source)
{
    struct ip_mreq_source m = { .imr_multiaddr = v4(group, 0).sin_addr,
                                .imr_interface = v4("127.0.0.1", 0).sin_addr,
                                .imr_sourceaddr = v4(source, 0).sin_addr };

    return result(setsockopt(fd, IPPROTO_IP, name, &m, sizeof(m)));
}

static void put_addr(struct sockaddr_storage *out, int level, const char *text)
{
    struct sockaddr_in a4;
    struct sockaddr_in6 a6;

    if (level == IPPROTO_IP) {
        a4 = v4(text, 0);
        memcpy(out, &a4, sizeof(a4));
    } else {
        a6 = v6(text, 0);
        memcpy(out, &a6, sizeof(a6));
    }
}

static int group(int fd, int level, int name, unsigned index, const char *text)
{
    struct group_req g = { .gr_interface = index };

    put_addr(&g.gr_group, level, text);
    return result(setsockopt(fd, level, name, &g, sizeof(g)));
}

static int group_source(int fd, int level, int name, const char *text,
                        const char *source)
{
    struct group_source_req g = { .gsr_interface = LO };

    put_addr(&g.gsr_group, level, text);
    put_addr(&g.gsr_source, level, source);
    return result(setsockopt(fd, level, name, &g, sizeof(g)));
}

/* ---- what is refused ---- */

static void try_groups(int family, int level, const char *g, const char *other)
{
    int fd = socket(family, SOCK_DGRAM, 0);

    CHECK_EQ(group(fd, level, MCAST_LEAVE_GROUP, LO, g), EADDRNOTAVAIL);
    CHECK_EQ(group(fd, level, MCAST_JOIN_GROUP, LO, other), EINVAL);
    CHECK_EQ(group(fd, level, MCAST_JOIN_GROUP, 77, g), ENODEV);
    CHECK_EQ(group(fd, level, MCAST_JOIN_GROUP, 70000, g), ENODEV);
    CHECK_EQ(group(fd, level, MCAST_JOIN_GROUP, 70000, other), EINVAL);
    CHECK_EQ(group(fd, level, MCAST_JOIN_GROUP, LO, g), 0);
    CHECK_EQ(group(fd, level, MCAST_JOIN_GROUP, LO, g), EADDRINUSE);
    CHECK_EQ(group(fd, level, MCAST_LEAVE_GROUP, 77, g), EADDRNOTAVAIL);
    CHECK_EQ(group(fd, level, MCAST_LEAVE_GROUP, LO, g), 0);
    CHECK_EQ(group(fd, level, MCAST_LEAVE_GROUP, LO, g), EADDRNOTAVAIL);
    close(fd);
}

TEST(groups_of_either_family)
{
    try_groups(AF_INET, IPPROTO_IP, "239.1.1.1", "127.0.0.1");
    try_groups(AF_INET6, IPPROTO_IPV6, "ff02::1:1", "::1");
}

TEST(short_and_foreign_requests)
{
    struct group_source_req s = { .gsr_interface = LO };
    struct group_req g = { .gr_interface = LO };
    struct ip_mreq_source m = { 0 };
    int fd = socket(AF_INET, SOCK_DGRAM, 0),
        fd6 = socket(AF_INET6, SOCK_DGRAM, 0);

    CHECK_ERR(setsockopt(fd, 0, MCAST_JOIN_GROUP, &g, sizeof(g) - 1), EINVAL);
    CHECK_ERR(setsockopt(fd, 0, MCAST_JOIN_GROUP, &g, sizeof(g)), EINVAL);
    CHECK_ERR(setsockopt(fd, 0, MCAST_JOIN_GROUP, NULL, sizeof(g)), EFAULT);
    CHECK_ERR(setsockopt(fd6, IPPROTO_IPV6, MCAST_JOIN_GROUP, &g, sizeof(g)),
              EADDRNOTAVAIL);
    CHECK_ERR(setsockopt(fd, 0, MCAST_BLOCK_SOURCE, &s, sizeof(s) - 1), EINVAL);
    CHECK_ERR(setsockopt(fd, 0, MCAST_BLOCK_SOURCE, &s, sizeof(s)),
              EADDRNOTAVAIL);
    CHECK_ERR(setsockopt(fd6, IPPROTO_IPV6, MCAST_BLOCK_SOURCE, &s, sizeof(s)),
              EADDRNOTAVAIL);
    CHECK_ERR(setsockopt(fd, 0, IP_BLOCK_SOURCE, &m, sizeof(m) - 1), EINVAL);
    CHECK_ERR(setsockopt(fd, 0, IP_BLOCK_SOURCE, &m, sizeof(m) + 1), EINVAL);
    CHECK_ERR(setsockopt(fd, 0, IP_BLOCK_SOURCE, NULL, sizeof(m)), EFAULT);
    CHECK_EQ(mreq_source(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1", "1.2.3.4"),
             EINVAL);
    close(fd);
    close(fd6);
}

/* Each line's answer depends on those before. */
static void try_sources(int family, int level, const char *g, const char *a,
                        const char *b)
{
    const struct {
        int name;
        const char *source;
        int answer;
    } steps[] = {
        { MCAST_BLOCK_SOURCE, a, EINVAL }, /* nothing is joined */
        { MCAST_UNBLOCK_SOURCE, a, EINVAL },
        { MCAST_LEAVE_SOURCE_GROUP, a, EINVAL },
        { MCAST_JOIN_SOURCE_GROUP, a, 0 },
        { MCAST_JOIN_SOURCE_GROUP, a, EADDRNOTAVAIL },
        { MCAST_JOIN_GROUP, NULL, EADDRINUSE },
        { MCAST_BLOCK_SOURCE, b, EINVAL }, /* a list of those wanted */
        { MCAST_JOIN_SOURCE_GROUP, b, 0 },
        { MCAST_LEAVE_SOURCE_GROUP, a, 0 },
        { MCAST_LEAVE_SOURCE_GROUP, a, EADDRNOTAVAIL },
        { MCAST_LEAVE_SOURCE_GROUP, b, 0 }, /* the last one: left */
        { MCAST_LEAVE_SOURCE_GROUP, b, EINVAL },
        { MCAST_LEAVE_GROUP, NULL, EADDRNOTAVAIL },
        { MCAST_JOIN_GROUP, NULL, 0 },
        { MCAST_UNBLOCK_SOURCE, a, EADDRNOTAVAIL },
        { MCAST_BLOCK_SOURCE, a, 0 },
        { MCAST_BLOCK_SOURCE, a, EADDRNOTAVAIL },
        { MCAST_UNBLOCK_SOURCE, a, 0 },
        { MCAST_UNBLOCK_SOURCE, a, EADDRNOTAVAIL },
        { MCAST_JOIN_SOURCE_GROUP, a, EINVAL }, /* there was a list */
        { MCAST_LEAVE_GROUP, NULL, 0 },
        { MCAST_JOIN_GROUP, NULL, 0 },
        { MCAST_JOIN_SOURCE_GROUP, a, 0 }, /* there was none: another mode */
        { MCAST_UNBLOCK_SOURCE, a, EINVAL },
        { MCAST_LEAVE_GROUP, NULL, 0 },
    };
    int fd = socket(family, SOCK_DGRAM, 0);

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int n = steps[i].source
                    ? group_source(fd, level, steps[i].name, g, steps[i].source)
                    : group(fd, level, steps[i].name, LO, g);

        if (n != steps[i].answer)
            printf("# step %zu\n", i);
        CHECK_EQ(n, steps[i].answer);
    }
    close(fd);
}

TEST(senders_of_either_family)
{
    try_sources(AF_INET, IPPROTO_IP, "239.1.1.2", "127.0.0.2", "127.0.0.3");
    try_sources(AF_INET6, IPPROTO_IP, "239.1.1.2", "127.0.0.2", "127.0.0.3");
    try_sources(AF_INET6, IPPROTO_IPV6, "ff02::1:2", "::1", "fe80::1");
}

TEST(as_many_senders_as_linux)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0),
        fd6 = socket(AF_INET6, SOCK_DGRAM, 0);
    char text[32];

    for (int i = 0; i < 11; i++) {
        snprintf(text, sizeof(text), "10.1.1.%d", i);
        CHECK_EQ(mreq_source(fd, IP_ADD_SOURCE_MEMBERSHIP, "239.1.1.3", text),
                 i < 10 ? 0 : ENOBUFS);
    }
    CHECK_EQ(mreq_source(fd, IP_DROP_SOURCE_MEMBERSHIP, "239.1.1.3", text),
             EADDRNOTAVAIL);
    for (int i = 0; i < 65; i++) {
        snprintf(text, sizeof(text), "fec0::%d", i);
        CHECK_EQ(group_source(fd6, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP,
                              "ff02::1:3", text),
                 i < 64 ? 0 : ENOBUFS);
    }
    close(fd);
    close(fd6);
}

/* ---- what arrives ---- */

static int receiver(const char *addr, unsigned *port)
{
    struct sockaddr_in a = v4(addr, *port);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    CHECK_OK(option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
    CHECK_OK(bind(fd, (struct sockaddr *)&a, sizeof(a)));
    *port = port_of(fd);
    return fd;
}

static void send_from(const char *from, const char *group, unsigned port)
{
    struct ip_mreqn on = { .imr_ifindex = LO };
    struct sockaddr_in me = v4(from, 0), to = v4(group, port);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    CHECK_OK(bind(fd, (struct sockaddr *)&me, sizeof(me)));
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &on, sizeof(on)));
    CHECK_EQ(
        sendto(fd, from, strlen(from), 0, (struct sockaddr *)&to, sizeof(to)),
        (long)strlen(from));
    close(fd);
}

/* How many packets there are, which are then gone. */
static int count(int fd)
{
    char c;
    int n = 0;

    while (recv(fd, &c, 1, 0) >= 0)
        n++;
    CHECK_EQ(errno, EAGAIN);
    return n;
}

TEST(senders_are_told_apart)
{
    const char *g = "239.1.1.4", *two = "127.0.0.2", *three = "127.0.0.3";
    unsigned port = 0;
    int fd = receiver("0.0.0.0", &port);

    CHECK_EQ(mreq_source(fd, IP_ADD_SOURCE_MEMBERSHIP, g, two), 0);
    send_from(two, g, port);
    send_from(three, g, port);
    CHECK_EQ(count(fd), 1);
    CHECK_EQ(mreq_source(fd, IP_ADD_SOURCE_MEMBERSHIP, g, three), 0);
    send_from(two, g, port);
    send_from(three, g, port);
    CHECK_EQ(count(fd), 2);
    CHECK_EQ(mreq_source(fd, IP_DROP_SOURCE_MEMBERSHIP, g, two), 0);
    send_from(two, g, port);
    send_from(three, g, port);
    CHECK_EQ(count(fd), 1);
    CHECK_EQ(group(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, LO, g), 0);
    CHECK_EQ(group(fd, IPPROTO_IP, MCAST_JOIN_GROUP, LO, g), 0);
    CHECK_EQ(mreq_source(fd, IP_BLOCK_SOURCE, g, two), 0);
    send_from(two, g, port);
    send_from(three, g, port);
    CHECK_EQ(count(fd), 1);
    CHECK_EQ(mreq_source(fd, IP_UNBLOCK_SOURCE, g, two), 0);
    send_from(two, g, port);
    CHECK_EQ(count(fd), 1);
    close(fd);
}

/* One socket joins: another has the packets, too, unless it says it will not
 * or has asked for some senders alone. */
TEST(who_has_not_joined)
{
    const char *g = "239.1.1.5", *two = "127.0.0.2";
    unsigned port = 0;
    int a = receiver("0.0.0.0", &port), b = receiver("0.0.0.0", &port),
        c = receiver("127.0.0.1", &port), d = receiver(g, &port);

    CHECK_EQ(option_get(b, IPPROTO_IP, IP_MULTICAST_ALL), 1);
    CHECK_EQ(group(a, IPPROTO_IP, MCAST_JOIN_GROUP, LO, g), 0);
    CHECK_EQ(group(c, IPPROTO_IP, MCAST_JOIN_GROUP, LO, g), 0);
    send_from(two, g, port);
    CHECK_EQ(count(a), 1);
    CHECK_EQ(count(b), 1);
    CHECK_EQ(count(c), 0); /* of another address */
    CHECK_EQ(count(d), 1);
    CHECK_ERR(option_set(b, IPPROTO_IP, IP_MULTICAST_ALL, 2), EINVAL);
    CHECK_OK(option_set(b, IPPROTO_IP, IP_MULTICAST_ALL, 0));
    CHECK_EQ(option_get(b, IPPROTO_IP, IP_MULTICAST_ALL), 0);
    send_from(two, g, port);
    CHECK_EQ(count(a), 1);
    CHECK_EQ(count(b), 0);
    CHECK_EQ(count(d), 1);
    CHECK_EQ(mreq_source(b, IP_ADD_SOURCE_MEMBERSHIP, g, "127.0.0.9"), 0);
    CHECK_EQ(mreq_source(d, IP_ADD_SOURCE_MEMBERSHIP, g, "127.0.0.9"), 0);
    send_from(two, g, port);
    CHECK_EQ(count(a), 1);
    CHECK_EQ(count(b), 0);
    CHECK_EQ(count(d), 0);
    close(a);
    close(b);
    close(c);
    close(d);
}

/* ---- addresses of a link ---- */

static int bind6(const char *text, unsigned scope)
{
    struct sockaddr_in6 a = v6(text, scope);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    int n = result(bind(fd, (struct sockaddr *)&a, sizeof(a)));

    close(fd);
    return n;
}

TEST(addresses_of_a_link_need_it)
{
    CHECK_EQ(bind6("fe80::1234", 0), EINVAL);
    CHECK_EQ(bind6("ff02::1:5", 0), EINVAL);
    CHECK_EQ(bind6("ff01::1:5", 0), EINVAL);
    CHECK_EQ(bind6("ff02::1:5", LO), 0);
    CHECK_EQ(bind6("ff01::1:5", LO), 0);
    CHECK_EQ(bind6("ff02::1:5", 77), ENODEV);
    CHECK_EQ(bind6("ff05::1:5", 0), 0);
    CHECK_EQ(bind6("fe80::1234", LO), EADDRNOTAVAIL);
}
