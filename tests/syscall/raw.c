/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.c - raw sockets of IPv4 and IPv6, on the loopback.
 *
 * covers: socket bind sendto recvfrom setsockopt getsockopt getsockname
 */
#include "check.h"
#include "inet.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define ICMP_FILTER_OPTION 1
#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

/* Nobody's protocols, of this process alone: others may run at the same time,
 * and all get what is of their protocol. */
static int protocol(int n)
{
    return 143 + (getpid() % 36) * 3 + n;
}

#define OURS    protocol(0)
#define ANOTHER protocol(1)

static int raw(int family, int number)
{
    return socket(family, SOCK_RAW | SOCK_NONBLOCK, number);
}

static bool is_refused(void)
{
    int fd = raw(AF_INET, OURS);

    if (fd >= 0)
        CHECK_OK(close(fd));
    return fd < 0;
}

#define NEEDS_ROOT    \
    if (is_refused()) \
    SKIP("raw sockets take root")

static struct sockaddr_in v4(const char *text)
{
    struct sockaddr_in a = { .sin_family = AF_INET };

    CHECK_EQ(inet_pton(AF_INET, text, &a.sin_addr), 1);
    return a;
}

static struct sockaddr_in6 v6(const char *text)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6 };

    CHECK_EQ(inet_pton(AF_INET6, text, &a.sin6_addr), 1);
    return a;
}

static long send4(int fd, const char *to, const void *data, size_t len)
{
    struct sockaddr_in a = v4(to);

    return sendto(fd, data, len, 0, (void *)&a, sizeof(a));
}

static long send6(int fd, const char *to, const void *data, size_t len)
{
    struct sockaddr_in6 a = v6(to);

    return sendto(fd, data, len, 0, (void *)&a, sizeof(a));
}

static int set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

TEST(names)
{
    struct sockaddr_in a = v4("127.0.0.1");
    socklen_t len = sizeof(a);
    int fd;

    NEEDS_ROOT;
    fd = raw(AF_INET, OURS);
    a.sin_port = htons(7);
    CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
    CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
    CHECK_OK(getsockname(fd, (void *)&a, &len));
    CHECK_EQ(ntohs(a.sin_port), OURS);
    CHECK_EQ(a.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_ERR(getpeername(fd, (void *)&a, &len), ENOTCONN);
    CHECK_OK(connect(fd, (void *)&a, sizeof(a)));
    CHECK_OK(getpeername(fd, (void *)&a, &len));
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_PROTOCOL), OURS);
    CHECK_OK(close(fd));
    CHECK_ERR(raw(AF_INET, 0), EPROTONOSUPPORT);
}

TEST(options)
{
    int fd, all, icmp, udp = socket(AF_INET, SOCK_DGRAM, 0);

    NEEDS_ROOT;
    fd = raw(AF_INET, OURS);
    all = raw(AF_INET, IPPROTO_RAW);
    icmp = raw(AF_INET, IPPROTO_ICMP);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_HDRINCL), 0);
    CHECK_EQ(option_get(all, IPPROTO_IP, IP_HDRINCL), 1);
    CHECK_EQ(set(fd, IPPROTO_IP, IP_HDRINCL, 5), 0);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_HDRINCL), 1);
    CHECK_EQ(set(udp, IPPROTO_IP, IP_HDRINCL, 1), -ENOPROTOOPT);
    CHECK_EQ(set(icmp, SOL_RAW, ICMP_FILTER_OPTION, 1 << 8), 0);
    CHECK_EQ(option_get(icmp, SOL_RAW, ICMP_FILTER_OPTION), 1 << 8);
    CHECK_EQ(set(fd, SOL_RAW, ICMP_FILTER_OPTION, 0), -EOPNOTSUPP);
    CHECK_EQ(option_get(fd, SOL_RAW, ICMP_FILTER_OPTION), -EOPNOTSUPP);
    CHECK_EQ(set(icmp, SOL_RAW, 99, 0), -ENOPROTOOPT);
    CHECK_EQ(set(udp, SOL_RAW, ICMP_FILTER_OPTION, 0), -ENOPROTOOPT);
    CHECK_OK(close(fd) | close(all) | close(icmp) | close(udp));
}

TEST(options_6)
{
    struct icmp6_filter filter, got;
    socklen_t len = sizeof(got);
    int fd, all, icmp;

    NEEDS_ROOT;
    fd = raw(AF_INET6, OURS);
    all = raw(AF_INET6, IPPROTO_RAW);
    icmp = raw(AF_INET6, IPPROTO_ICMPV6);
    CHECK_EQ(option_get(fd, IPPROTO_IPV6, IPV6_CHECKSUM), -1);
    CHECK_EQ(set(fd, IPPROTO_IPV6, IPV6_CHECKSUM, 3), -EINVAL);
    CHECK_EQ(set(fd, IPPROTO_IPV6, IPV6_CHECKSUM, 12), 0);
    CHECK_EQ(option_get(fd, IPPROTO_IPV6, IPV6_CHECKSUM), 12);
    CHECK_EQ(set(fd, SOL_RAW, IPV6_CHECKSUM, -1), 0);
    CHECK_EQ(option_get(fd, SOL_RAW, IPV6_CHECKSUM), -1);
    CHECK_EQ(set(icmp, IPPROTO_IPV6, IPV6_CHECKSUM, 2), -EINVAL);
    CHECK_EQ(option_get(icmp, IPPROTO_IPV6, IPV6_CHECKSUM), 2);
    CHECK_EQ(option_get(fd, IPPROTO_IPV6, IPV6_HDRINCL), 0);
    CHECK_EQ(option_get(all, IPPROTO_IPV6, IPV6_HDRINCL), 1);
    CHECK_EQ(set(fd, IPPROTO_IPV6, IPV6_HDRINCL, 1), 0);
    CHECK_EQ(option_get(fd, IPPROTO_IPV6, IPV6_HDRINCL), 1);
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ND_ROUTER_SOLICIT, &filter);
    CHECK_OK(setsockopt(icmp, IPPROTO_ICMPV6, ICMP6_FILTER, &filter,
                        sizeof(filter)));
    CHECK_OK(getsockopt(icmp, IPPROTO_ICMPV6, ICMP6_FILTER, &got, &len));
    CHECK_EQ(len, sizeof(got));
    CHECK_EQ(memcmp(&got, &filter, sizeof(got)), 0);
    CHECK_OK(close(fd) | close(all) | close(icmp));
}

TEST(everybody_gets_a_copy)
{
    uint8_t p[64];
    struct ip *h = (void *)p;
    int a, b, other, left = 0;

    NEEDS_ROOT;
    a = raw(AF_INET, OURS);
    b = raw(AF_INET, OURS);
    other = raw(AF_INET, ANOTHER);
    CHECK_EQ(set(a, IPPROTO_IP, IP_TTL, 1), 0);
    CHECK_EQ(set(a, IPPROTO_IP, IP_TOS, 0xc0), 0);
    CHECK_EQ(send4(a, "127.0.0.1", "hello", 5), 5);
    CHECK_OK(ioctl(b, FIONREAD, &left));
    CHECK_EQ(left, 25);
    CHECK_EQ(recv(a, p, sizeof(p), 0), 25);
    CHECK_EQ(recv(b, p, sizeof(p), 0), 25);
    CHECK_EQ(h->ip_v, 4);
    CHECK_EQ(h->ip_p, OURS);
    CHECK_EQ(h->ip_ttl, 1);
    CHECK_EQ(h->ip_tos, 0xc0);
    CHECK_EQ(ntohs(h->ip_len), 25);
    CHECK_EQ(memcmp(p + 20, "hello", 5), 0);
    CHECK_ERR(recv(other, p, sizeof(p), 0), EAGAIN);
    CHECK_OK(close(a) | close(b) | close(other));
}

static struct ip header_for(const char *to, int number)
{
    return (struct ip){ .ip_v = 4,
                        .ip_hl = 5,
                        .ip_ttl = 9,
                        .ip_p = (uint8_t)number,
                        .ip_dst = v4(to).sin_addr };
}

TEST(a_header_of_ones_own)
{
    struct ip h = header_for("127.0.0.1", OURS);
    uint8_t p[64];
    int all, in;

    NEEDS_ROOT;
    all = raw(AF_INET, IPPROTO_RAW);
    in = raw(AF_INET, OURS);
    memcpy(p, &h, sizeof(h));
    memcpy(p + sizeof(h), "abcd", 4);
    CHECK_EQ(send4(all, "127.0.0.1", p, 24), 24);
    memset(p, 0, sizeof(p));
    CHECK_EQ(recv(in, p, sizeof(p), 0), 24);
    memcpy(&h, p, sizeof(h));
    CHECK_EQ(ntohs(h.ip_len), 24);
    CHECK_EQ(h.ip_ttl, 9);
    CHECK_EQ(h.ip_src.s_addr, htonl(INADDR_LOOPBACK));
    CHECK(h.ip_sum != 0);
    CHECK_ERR(recv(all, p, sizeof(p), 0), EAGAIN);
    CHECK_ERR(send4(all, "127.0.0.1", p, 19), EINVAL);
    h.ip_hl = 15;
    CHECK_ERR(send4(all, "127.0.0.1", &h, sizeof(h)), EINVAL);
    CHECK_ERR(send(all, p, 24, 0), EDESTADDRREQ);
    CHECK_OK(close(all) | close(in));
}

TEST(a_header_of_ones_own_6)
{
    struct ip6_hdr h = { .ip6_plen = htons(4),
                         .ip6_nxt = (uint8_t)OURS,
                         .ip6_hlim = 7,
                         .ip6_src = in6addr_loopback,
                         .ip6_dst = in6addr_loopback };
    struct sockaddr_in6 from;
    socklen_t len = sizeof(from);
    uint8_t p[64];
    int all, in;

    NEEDS_ROOT;
    all = raw(AF_INET6, IPPROTO_RAW);
    in = raw(AF_INET6, OURS);
    h.ip6_vfc = 0x60;
    memcpy(p, &h, sizeof(h));
    memcpy(p + sizeof(h), "abcd", 4);
    CHECK_EQ(send6(all, "::1", p, 44), 44);
    memset(p, 0, sizeof(p));
    CHECK_EQ(recvfrom(in, p, sizeof(p), 0, (void *)&from, &len), 4);
    CHECK_EQ(memcmp(p, "abcd", 4), 0);
    CHECK(IN6_IS_ADDR_LOOPBACK(&from.sin6_addr));
    CHECK_ERR(send6(all, "::1", p, 39), EINVAL);
    CHECK_OK(close(all) | close(in));
}

/* The sum of the bytes and of the pseudo header, to and from ::1. */
static unsigned sum6(const uint8_t *p, unsigned len)
{
    unsigned sum = 2 + len + (unsigned)OURS; /* ::1 twice */

    for (unsigned i = 0; i + 1 < len; i += 2)
        sum += (unsigned)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

TEST(checksums_are_made_and_checked)
{
    static const uint8_t data[12] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    uint8_t p[64];
    int plain, summed;

    NEEDS_ROOT;
    plain = raw(AF_INET6, OURS);
    summed = raw(AF_INET6, OURS);
    CHECK_EQ(set(summed, IPPROTO_IPV6, IPV6_CHECKSUM, 10), 0);
    CHECK_EQ(send6(summed, "::1", data, 12), 12);
    CHECK_EQ(recv(plain, p, sizeof(p), 0), 12);
    CHECK(p[10] || p[11]);
    CHECK_EQ(sum6(p, 12), 0xffff);
    CHECK_EQ(recv(summed, p, sizeof(p), 0), 12);
    CHECK_EQ(send6(plain, "::1", data, 12), 12);
    CHECK_EQ(recv(plain, p, sizeof(p), 0), 12);
    CHECK_ERR(recv(summed, p, sizeof(p), 0), EAGAIN);
    CHECK_ERR(send6(summed, "::1", data, 6), EINVAL);
    CHECK_OK(close(plain) | close(summed));
}

TEST(groups)
{
    struct ip_mreqn m = { .imr_multiaddr = v4("224.0.0.5").sin_addr,
                          .imr_ifindex = 1 };
    uint8_t p[64];
    int in, other, out;

    NEEDS_ROOT;
    in = raw(AF_INET, OURS);
    other = raw(AF_INET, OURS);
    out = raw(AF_INET, OURS);
    CHECK_OK(setsockopt(in, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
    CHECK_OK(setsockopt(out, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof(m)));
    CHECK_EQ(set(other, IPPROTO_IP, IP_MULTICAST_ALL, 0), 0);
    CHECK_EQ(send4(out, "224.0.0.5", "hello", 5), 5);
    CHECK_EQ(recv(in, p, sizeof(p), 0), 25);
    CHECK_EQ(p[8], 1);
    CHECK_ERR(recv(other, p, sizeof(p), 0), EAGAIN);
    CHECK_OK(close(in) | close(other) | close(out));
}

/* A header and a group: VRRP's way. */
TEST(a_header_of_ones_own_to_a_group)
{
    struct ip_mreqn m = { .imr_multiaddr = v4("224.0.0.18").sin_addr,
                          .imr_ifindex = 1 };
    struct ip h = header_for("224.0.0.18", ANOTHER);
    uint8_t p[64];
    int in, out;

    NEEDS_ROOT;
    in = raw(AF_INET, ANOTHER);
    out = raw(AF_INET, IPPROTO_RAW);
    CHECK_OK(setsockopt(in, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
    CHECK_OK(setsockopt(out, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof(m)));
    CHECK_EQ(send4(out, "224.0.0.18", &h, sizeof(h)), sizeof(h));
    CHECK_EQ(recv(in, p, sizeof(p), 0), sizeof(h));
    CHECK_EQ(p[8], 9);
    CHECK_EQ(p[9], ANOTHER);
    CHECK_OK(close(in) | close(out));
}

TEST(igmp)
{
    static const uint8_t leave[8] = { 0x17, 0, 0x08, 0xfc, 224, 0, 0, 251 };
    uint8_t p[64];
    int fd;

    NEEDS_ROOT;
    fd = raw(AF_INET, IPPROTO_IGMP);
    CHECK_EQ(send4(fd, "127.0.0.1", leave, 8), 8);
    CHECK_EQ(recv(fd, p, sizeof(p), 0), 28);
    CHECK_EQ(p[9], IPPROTO_IGMP);
    CHECK_EQ(p[20], 0x17);
    CHECK_OK(close(fd));
}

TEST(only_from_a_peer)
{
    struct sockaddr_in a = v4("127.0.0.2");
    uint8_t p[64];
    int fd, out;

    NEEDS_ROOT;
    fd = raw(AF_INET, ANOTHER);
    out = raw(AF_INET, ANOTHER);
    CHECK_OK(connect(fd, (void *)&a, sizeof(a)));
    CHECK_EQ(send4(out, "127.0.0.1", "x", 1), 1);
    CHECK_ERR(recv(fd, p, sizeof(p), 0), EAGAIN);
    CHECK_OK(bind(out, (void *)&a, sizeof(a)));
    CHECK_EQ(send4(out, "127.0.0.1", "x", 1), 1);
    CHECK_EQ(recv(fd, p, sizeof(p), 0), 21);
    CHECK_OK(close(fd) | close(out));
}
