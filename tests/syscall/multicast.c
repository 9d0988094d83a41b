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

/* ---- whole filters ---- */

static struct group_filter *filter(unsigned index, int level, const char *g,
                                   unsigned mode, unsigned count)
{
    static union {
        struct group_filter f;
        char bytes[GROUP_FILTER_SIZE(100)];
    } u;

    memset(&u, 0, sizeof(u));
    u.f.gf_interface = index;
    put_addr(&u.f.gf_group, level, g);
    u.f.gf_fmode = mode;
    u.f.gf_numsrc = count;
    for (unsigned i = 0; i < count; i++)
        put_addr(&u.f.gf_slist[i], level, level ? "fec0::1" : "10.1.1.1");
    return &u.f;
}

static int set_filter(int fd, int level, const struct group_filter *f)
{
    return result(setsockopt(fd, level, MCAST_MSFILTER, f,
                             GROUP_FILTER_SIZE(f->gf_numsrc)));
}

static int get_filter(int fd, int level, struct group_filter *f)
{
    socklen_t len = GROUP_FILTER_SIZE(f->gf_numsrc);
    unsigned room = f->gf_numsrc;
    int n = result(getsockopt(fd, level, MCAST_MSFILTER, f, &len));

    if (!n)
        CHECK_EQ(len,
                 GROUP_FILTER_SIZE(f->gf_numsrc < room ? f->gf_numsrc : room));
    return n;
}

static void try_filters(int family, int level, const char *g, const char *a,
                        const char *b)
{
    struct sockaddr_storage addr = { 0 };
    struct group_filter *f;
    int fd = socket(family, SOCK_DGRAM, 0);
    unsigned max = level == IPPROTO_IP ? 10 : 64;

    f = filter(LO, level, g, MCAST_EXCLUDE, 1);
    CHECK_EQ(set_filter(fd, level, f), EINVAL); /* nothing is joined */
    CHECK_EQ(get_filter(fd, level, f), EADDRNOTAVAIL);
    f->gf_interface = 77;
    CHECK_EQ(set_filter(fd, level, f), ENODEV);
    CHECK_EQ(get_filter(fd, level, f), EADDRNOTAVAIL);
    CHECK_EQ(set_filter(fd, level, filter(LO, level, g, MCAST_INCLUDE, 0)),
             EADDRNOTAVAIL);
    CHECK_EQ(group(fd, level, MCAST_JOIN_GROUP, LO, g), 0);
    f = filter(LO, level, g, 9, 2);
    CHECK_EQ(get_filter(fd, level, f), 0);
    CHECK_EQ(f->gf_fmode, MCAST_EXCLUDE);
    CHECK_EQ(f->gf_numsrc, 0);
    f = filter(LO, level, g, 9, 2);
    CHECK_EQ(set_filter(fd, level, f), EINVAL);
    f->gf_fmode = MCAST_INCLUDE;
    CHECK_ERR(setsockopt(fd, level, MCAST_MSFILTER, f, GROUP_FILTER_SIZE(1)),
              EINVAL);
    CHECK_ERR(
        setsockopt(fd, level, MCAST_MSFILTER, f, GROUP_FILTER_SIZE(0) - 1),
        EINVAL);
    put_addr(&f->gf_slist[0], level, a);
    put_addr(&f->gf_slist[1], level, b);
    CHECK_EQ(set_filter(fd, level, f), 0);
    f = filter(LO, level, g, 9, 1); /* room for one of two */
    CHECK_EQ(get_filter(fd, level, f), 0);
    CHECK_EQ(f->gf_fmode, MCAST_INCLUDE);
    CHECK_EQ(f->gf_numsrc, 2);
    put_addr(&addr, level, a);
    CHECK_EQ(memcmp(&f->gf_slist[0], &addr, sizeof(addr)), 0);
    CHECK_EQ(group_source(fd, level, MCAST_LEAVE_SOURCE_GROUP, g, a), 0);
    CHECK_EQ(group_source(fd, level, MCAST_JOIN_SOURCE_GROUP, g, a), 0);
    f = filter(LO, level, g, 9, 3);
    CHECK_EQ(get_filter(fd, level, f), 0);
    CHECK_EQ(f->gf_numsrc, 2);
    CHECK_EQ(memcmp(&f->gf_slist[1], &addr, sizeof(addr)), 0);
    f = filter(0, level, g, 9, 3);
    CHECK_EQ(get_filter(fd, level, f), EADDRNOTAVAIL);
    f = filter(LO, level, g, MCAST_EXCLUDE, max + 1);
    CHECK_EQ(set_filter(fd, level, f), ENOBUFS);
    f->gf_numsrc = max;
    CHECK_EQ(set_filter(fd, level, f), 0);
    CHECK_EQ(set_filter(fd, level, filter(LO, level, g, MCAST_EXCLUDE, 0)), 0);
    CHECK_EQ(group_source(fd, level, MCAST_JOIN_SOURCE_GROUP, g, a), 0);
    CHECK_EQ(set_filter(fd, level, filter(LO, level, g, MCAST_INCLUDE, 0)), 0);
    CHECK_EQ(group(fd, level, MCAST_LEAVE_GROUP, LO, g), EADDRNOTAVAIL);
    close(fd);
}

TEST(filters_of_either_family)
{
    try_filters(AF_INET, IPPROTO_IP, "239.1.1.6", "127.0.0.2", "127.0.0.3");
    try_filters(AF_INET6, IPPROTO_IPV6, "ff02::1:6", "::1", "fe80::1");
}

/* The form of IPv4 alone, which names the interface by its address. */
TEST(filter_by_address)
{
    union {
        struct ip_msfilter f;
        char bytes[IP_MSFILTER_SIZE(2)];
    } u = { .f = { .imsf_multiaddr = v4("239.1.1.7", 0).sin_addr,
                   .imsf_interface = v4("127.0.0.1", 0).sin_addr,
                   .imsf_fmode = MCAST_EXCLUDE,
                   .imsf_numsrc = 2 } };
    socklen_t len = IP_MSFILTER_SIZE(2);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    CHECK_ERR(setsockopt(fd, 0, IP_MSFILTER, &u, len), EINVAL);
    CHECK_EQ(group(fd, 0, MCAST_JOIN_GROUP, LO, "239.1.1.7"), 0);
    memcpy(u.bytes + IP_MSFILTER_SIZE(0), "\x7f\0\0\2\x7f\0\0\3", 8);
    CHECK_ERR(setsockopt(fd, 0, IP_MSFILTER, &u, len - 1), EINVAL);
    CHECK_OK(setsockopt(fd, 0, IP_MSFILTER, &u, len));
    u.f.imsf_numsrc = 1;
    CHECK_OK(getsockopt(fd, 0, IP_MSFILTER, &u, &len));
    CHECK_EQ(len, IP_MSFILTER_SIZE(1));
    CHECK_EQ(u.f.imsf_numsrc, 2);
    CHECK_EQ(u.f.imsf_fmode, MCAST_EXCLUDE);
    CHECK_EQ(mreq_source(fd, IP_UNBLOCK_SOURCE, "239.1.1.7", "127.0.0.3"), 0);
    CHECK_EQ(mreq_source(fd, IP_UNBLOCK_SOURCE, "239.1.1.7", "127.0.0.3"),
             EADDRNOTAVAIL);
    u.f.imsf_interface = v4("203.0.113.9", 0).sin_addr;
    CHECK_ERR(setsockopt(fd, 0, IP_MSFILTER, &u, sizeof(u)), ENODEV);
    CHECK_ERR(getsockopt(fd, 0, IP_MSFILTER, &u, &len), ENODEV);
    len = IP_MSFILTER_SIZE(0) - 1;
    CHECK_ERR(getsockopt(fd, 0, IP_MSFILTER, &u, &len), EINVAL);
    close(fd);
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

/* ---- which interface ---- */

static unsigned mcast_if(int fd)
{
    return (unsigned)option_get(fd, IPPROTO_IP, IP_MULTICAST_IF);
}

TEST(interface_of_what_is_sent)
{
    struct ip_mreqn m = { .imr_ifindex = LO };
    struct in_addr a = v4("127.0.0.1", 0).sin_addr;
    struct sockaddr_in from, to = v4("239.1.1.8", 0);
    socklen_t len = sizeof(from);
    unsigned port = 0;
    int fd = socket(AF_INET, SOCK_DGRAM, 0), in = receiver("0.0.0.0", &port);
    char c;

    CHECK_EQ(mcast_if(fd), 0);
    CHECK_OK(setsockopt(fd, 0, IP_MULTICAST_IF, &a, sizeof(a)));
    CHECK_EQ(mcast_if(fd), a.s_addr);
    CHECK_OK(setsockopt(fd, 0, IP_MULTICAST_IF, &m, sizeof(m)));
    CHECK_EQ(mcast_if(fd), 0); /* the address, which was not said */
    m.imr_ifindex = 257;
    CHECK_ERR(setsockopt(fd, 0, IP_MULTICAST_IF, &m, sizeof(m)), EADDRNOTAVAIL);
    m.imr_ifindex = LO;
    m.imr_address = v4("127.0.0.5", 0).sin_addr;
    CHECK_OK(setsockopt(fd, 0, IP_MULTICAST_IF, &m, sizeof(m)));
    CHECK_EQ(mcast_if(fd), m.imr_address.s_addr);
    CHECK_EQ(group(in, 0, MCAST_JOIN_GROUP, LO, "239.1.1.8"), 0);
    to.sin_port = htons((uint16_t)port);
    CHECK_EQ(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
    CHECK_EQ(recvfrom(in, &c, 1, 0, (struct sockaddr *)&from, &len), 1);
    CHECK_EQ(from.sin_addr.s_addr, m.imr_address.s_addr);
    a.s_addr = 0;
    CHECK_OK(setsockopt(fd, 0, IP_MULTICAST_IF, &a, sizeof(a)));
    CHECK_EQ(mcast_if(fd), 0);
    close(fd);
    close(in);
}

TEST(interface_of_ipv6)
{
    int fd = socket(AF_INET6, SOCK_DGRAM, 0), level = IPPROTO_IPV6;

    CHECK_OK(option_set(fd, level, IPV6_MULTICAST_IF, LO));
    CHECK_EQ(option_get(fd, level, IPV6_MULTICAST_IF), LO);
    CHECK_ERR(option_set(fd, level, IPV6_MULTICAST_IF, 257), ENODEV);
    CHECK_ERR(option_set(fd, level, IPV6_MULTICAST_IF, -1), ENODEV);
    CHECK_OK(option_set(fd, level, IPV6_MULTICAST_IF, 0));
    close(fd);
}

/* One packet with IP_PKTINFO or IPV6_PKTINFO of that interface. */
static int send_by(int index, const void *to, socklen_t to_len)
{
    int family = ((const struct sockaddr *)to)->sa_family;
    bool is_v6 = family == AF_INET6;
    struct in6_pktinfo info6 = { .ipi6_ifindex = (unsigned)index };
    struct in_pktinfo info = { .ipi_ifindex = index };
    char control[CMSG_SPACE(sizeof(info6))] = { 0 };
    size_t len = is_v6 ? sizeof(info6) : sizeof(info);
    struct iovec iov = { "x", 1 };
    struct msghdr m = { .msg_name = (void *)to,
                        .msg_namelen = to_len,
                        .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = CMSG_SPACE(len) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    int fd = socket(family, SOCK_DGRAM, 0), n;

    c->cmsg_level = is_v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    c->cmsg_type = is_v6 ? IPV6_PKTINFO : IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(c), is_v6 ? (void *)&info6 : (void *)&info, len);
    n = result((int)sendmsg(fd, &m, 0));
    close(fd);
    return n;
}

TEST(interface_of_one_packet)
{
    struct sockaddr_in6 any6 = { .sin6_family = AF_INET6 }, to6;
    struct sockaddr_in to;
    unsigned port = 0;
    int in = receiver("0.0.0.0", &port), in6;

    to = v4("239.1.1.9", port);
    CHECK_EQ(group(in, 0, MCAST_JOIN_GROUP, LO, "239.1.1.9"), 0);
    CHECK_EQ(send_by(77, &to, sizeof(to)), ENODEV);
    CHECK_EQ(send_by(257, &to, sizeof(to)), ENODEV);
    CHECK_EQ(count(in), 0);
    CHECK_EQ(send_by(LO, &to, sizeof(to)), 0);
    CHECK_EQ(count(in), 1);
    to = v4("127.0.0.1", port);
    CHECK_EQ(send_by(LO, &to, sizeof(to)), 0);
    CHECK_EQ(count(in), 1);
    in6 = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CHECK_OK(bind(in6, (struct sockaddr *)&any6, sizeof(any6)));
    to6 = v6("::1", 0);
    to6.sin6_port = htons((uint16_t)port_of(in6));
    CHECK_EQ(send_by(257, &to6, sizeof(to6)), ENODEV);
    CHECK_EQ(count(in6), 0);
    CHECK_EQ(send_by(LO, &to6, sizeof(to6)), 0);
    CHECK_EQ(count(in6), 1);
    close(in);
    close(in6);
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
