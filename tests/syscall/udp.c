/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udp.c - datagrams over the loopback, and ping.
 *
 * covers: sendto recvfrom sendmsg recvmsg connect bind
 */
#include "check.h"
#include "inet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int bound(void)
{
    struct sockaddr_in a = loopback(0);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
        return -1;
    return fd;
}

static short poll_for(int fd, short events)
{
    struct pollfd p = { fd, events, 0 };

    poll(&p, 1, 10000);
    return p.revents;
}

TEST(sends_and_receives)
{
    struct sockaddr_in to, from;
    socklen_t len = sizeof(from);
    char buf[16] = "";
    int a = bound(), b = bound();

    to = loopback(port_of(b));
    CHECK_EQ(sendto(a, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
    CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len),
             5);
    CHECK(memcmp(buf, "hello", 5) == 0);
    CHECK_EQ(len, sizeof(from));
    CHECK_EQ(ntohs(from.sin_port), port_of(a));
    CHECK_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_ERR(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    close(a);
    close(b);
}

TEST(borders_are_kept)
{
    struct sockaddr_in to;
    char buf[16];
    int a = bound(), b = bound(), n;

    to = loopback(port_of(b));
    CHECK_EQ(sendto(a, "0123456789", 10, 0, (struct sockaddr *)&to, sizeof(to)),
             10);
    CHECK_EQ(sendto(a, NULL, 0, 0, (struct sockaddr *)&to, sizeof(to)), 0);
    CHECK_EQ(sendto(a, "ab", 2, 0, (struct sockaddr *)&to, sizeof(to)), 2);
    poll_for(b, POLLIN);
    CHECK_EQ(ioctl(b, FIONREAD, &n), 0);
    CHECK_EQ(n, 10);
    CHECK_EQ(recv(b, buf, 4, MSG_PEEK | MSG_TRUNC), 10);
    CHECK_EQ(recv(b, buf, 4, 0), 4);
    CHECK_EQ(recv(b, buf, sizeof(buf), 0), 0);
    CHECK_EQ(recv(b, buf, sizeof(buf), 0), 2);
    close(a);
    close(b);
}

TEST(connected)
{
    struct sockaddr_in to;
    char buf[16];
    int a = bound(), b = bound(), c = bound();

    CHECK_ERR(send(a, "x", 1, 0), EDESTADDRREQ);
    to = loopback(port_of(b));
    CHECK_EQ(connect(a, (struct sockaddr *)&to, sizeof(to)), 0);
    CHECK_EQ(send(a, "one", 3, 0), 3);
    CHECK_EQ(recv(b, buf, sizeof(buf), 0), 3);
    to = loopback(port_of(a));
    CHECK_EQ(sendto(c, "stranger", 8, 0, (struct sockaddr *)&to, sizeof(to)),
             8);
    CHECK_EQ(sendto(b, "friend", 6, 0, (struct sockaddr *)&to, sizeof(to)), 6);
    CHECK_EQ(recv(a, buf, sizeof(buf), 0), 6);
    to.sin_family = AF_UNSPEC;
    CHECK_EQ(connect(a, (struct sockaddr *)&to, sizeof(to)), 0);
    CHECK_ERR(send(a, "x", 1, 0), EDESTADDRREQ);
    close(a);
    close(b);
    close(c);
}

TEST(nobody_is_there)
{
    struct sockaddr_in to;
    char buf[4];
    int a = bound(), b = bound();

    to = loopback(port_of(b));
    close(b);
    CHECK_EQ(connect(a, (struct sockaddr *)&to, sizeof(to)), 0);
    CHECK_EQ(send(a, "x", 1, 0), 1);
    CHECK_EQ(poll_for(a, POLLIN) & POLLERR, POLLERR);
    CHECK_ERR(recv(a, buf, sizeof(buf), MSG_DONTWAIT), ECONNREFUSED);
    CHECK_ERR(recv(a, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    close(a);
}

TEST(large_and_too_large)
{
    static char buf[70000], got[70000];
    struct sockaddr_in to;
    int a = bound(), b = bound();

    for (size_t i = 0; i < sizeof(buf); i++)
        buf[i] = (char)(i * 7);
    to = loopback(port_of(b));
    CHECK_EQ(sendto(a, buf, 65507, 0, (struct sockaddr *)&to, sizeof(to)),
             65507);
    CHECK_EQ(recv(b, got, sizeof(got), 0), 65507);
    CHECK(memcmp(buf, got, 65507) == 0);
    CHECK_ERR(sendto(a, buf, 65508, 0, (struct sockaddr *)&to, sizeof(to)),
              EMSGSIZE);
    close(a);
    close(b);
}

TEST(packet_information)
{
    char control[256], data[8];
    struct iovec iov = { data, sizeof(data) };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control) };
    struct sockaddr_in to;
    int a = bound(), b = bound(), one = 1, found = 0;

    CHECK_EQ(setsockopt(b, IPPROTO_IP, IP_RECVORIGDSTADDR, &one, sizeof(one)),
             0);
    CHECK_EQ(setsockopt(b, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)), 0);
    CHECK_EQ(setsockopt(b, IPPROTO_IP, IP_RECVTTL, &one, sizeof(one)), 0);
    to = loopback(port_of(b));
    CHECK_EQ(sendto(a, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
    CHECK_EQ(recvmsg(b, &m, 0), 1);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        struct in_pktinfo info;
        int ttl;

        if (c->cmsg_level != IPPROTO_IP)
            continue;
        if (c->cmsg_type == IP_PKTINFO) {
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            CHECK_EQ(info.ipi_addr.s_addr, htonl(INADDR_LOOPBACK));
            CHECK_EQ(info.ipi_ifindex, 1);
            found++;
        } else if (c->cmsg_type == IP_TTL) {
            memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
            CHECK_EQ(ttl, 64);
            found++;
        } else if (c->cmsg_type == IP_ORIGDSTADDR) {
            struct sockaddr_in in;

            CHECK_EQ(c->cmsg_len, CMSG_LEN(sizeof(in)));
            memcpy(&in, CMSG_DATA(c), sizeof(in));
            CHECK(memcmp(&in, &to, sizeof(in)) == 0);
            found++;
        }
    }
    CHECK_EQ(found, 3);
    close(a);
    close(b);
}

TEST(v6)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6,
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT },
                        from;
    struct sockaddr_in to4;
    socklen_t len = sizeof(from);
    struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
    char buf[8];
    int a = socket(AF_INET6, SOCK_DGRAM, 0),
        b = socket(AF_INET6, SOCK_DGRAM, 0), c = bound();

    CHECK_EQ(bind(b, (struct sockaddr *)&any, sizeof(any)), 0);
    to.sin6_port = htons((uint16_t)port_of(b));
    CHECK_EQ(sendto(a, "six", 3, 0, (struct sockaddr *)&to, sizeof(to)), 3);
    CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len),
             3);
    CHECK(IN6_IS_ADDR_LOOPBACK(&from.sin6_addr));
    CHECK_EQ(ntohs(from.sin6_port), port_of(a));
    to4 = loopback(port_of(b));
    CHECK_EQ(sendto(c, "four", 4, 0, (struct sockaddr *)&to4, sizeof(to4)), 4);
    len = sizeof(from);
    CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len),
             4);
    CHECK(IN6_IS_ADDR_V4MAPPED(&from.sin6_addr));
    /* ... and back to a mapped address. */
    CHECK_EQ(sendto(b, "ok", 2, 0, (struct sockaddr *)&from, len), 2);
    CHECK_EQ(recv(c, buf, sizeof(buf), 0), 2);
    close(a);
    close(b);
    close(c);
}

/* One control message with the first len bytes of value. */
static ssize_t send_with(int fd, int level, int type, int value, size_t len)
{
    char control[CMSG_SPACE(sizeof(int) + 1)] = { 0 };
    struct iovec iov = { "x", 1 };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = CMSG_SPACE(len) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(c), &value, len < sizeof(value) ? len : sizeof(value));
    return sendmsg(fd, &m, 0);
}

TEST(what_is_sent_with_a_packet)
{
    static const struct {
        int is_v6, type, value, len, err;
    } tries[] = {
        { 0, IP_TTL, 4, 4, 0 },
        { 0, IP_TTL, 255, 4, 0 },
        { 0, IP_TTL, 0, 4, EINVAL },
        { 0, IP_TTL, 256, 4, EINVAL },
        { 0, IP_TTL, -1, 4, EINVAL },
        { 0, IP_TTL, 4, 1, EINVAL },
        { 0, IP_TOS, 0x10, 4, 0 },
        { 0, IP_TOS, 0x10, 1, 0 },
        { 0, IP_TOS, 0, 4, 0 },
        { 0, IP_TOS, -1, 4, EINVAL },
        { 0, IP_TOS, 256, 4, EINVAL },
        { 0, IP_TOS, 0x10, 3, EINVAL },
        { 1, IPV6_HOPLIMIT, -1, 4, 0 },
        { 1, IPV6_HOPLIMIT, 3, 4, 0 },
        { 1, IPV6_HOPLIMIT, -2, 4, EINVAL },
        { 1, IPV6_HOPLIMIT, 256, 4, EINVAL },
        { 1, IPV6_HOPLIMIT, 3, 5, EINVAL },
        { 1, IPV6_HOPLIMIT, 3, 1, EINVAL },
        { 1, IPV6_TCLASS, -1, 4, 0 },
        { 1, IPV6_TCLASS, 255, 4, 0 },
        { 1, IPV6_TCLASS, 256, 4, EINVAL },
    };
    struct sockaddr_in6 to6 = { .sin6_family = AF_INET6,
                                .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int b = bound(), b6 = socket(AF_INET6, SOCK_DGRAM, 0),
        a = socket(AF_INET, SOCK_DGRAM, 0),
        a6 = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in to = loopback(port_of(b));

    CHECK_EQ(bind(b6, (struct sockaddr *)&to6, sizeof(to6)), 0);
    to6.sin6_port = htons((uint16_t)port_of(b6));
    CHECK_EQ(connect(a, (struct sockaddr *)&to, sizeof(to)), 0);
    CHECK_EQ(connect(a6, (struct sockaddr *)&to6, sizeof(to6)), 0);
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        ssize_t n = send_with(
            tries[i].is_v6 ? a6 : a, tries[i].is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
            tries[i].type, tries[i].value, (size_t)tries[i].len);

        if (tries[i].err)
            CHECK_ERR(n, tries[i].err);
        else
            CHECK_EQ(n, 1);
    }
    close(a);
    close(b);
    close(a6);
    close(b6);
}

/* What is wrong with a message comes before what is wrong with the socket. */
TEST(which_error_comes_first)
{
    struct sockaddr_in to = loopback(0);
    int a = bound(), b = socket(AF_INET, SOCK_DGRAM, 0);

    CHECK_ERR(shutdown(b, SHUT_WR), ENOTCONN);
    CHECK_ERR(send(b, "x", 1, 0), EDESTADDRREQ);
    close(b);
    b = bound();
    to = loopback(port_of(b));
    CHECK_EQ(connect(a, (struct sockaddr *)&to, sizeof(to)), 0);
    CHECK_EQ(shutdown(a, SHUT_WR), 0);
    CHECK_ERR(send(a, "x", 1, MSG_NOSIGNAL), EPIPE);
    to.sin_family = 77;
    CHECK_ERR(sendto(a, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)),
              EAFNOSUPPORT);
    CHECK_ERR(sendto(a, "x", 1, 0, (struct sockaddr *)&to, 3), EINVAL);
    CHECK_ERR(send_with(a, IPPROTO_IP, IP_TTL, 0, 4), EINVAL);
    close(a);
    close(b);
}

/* Only who waits is told that nothing will come. */
TEST(shut_for_reading)
{
    int a = bound(), b = bound();
    struct sockaddr_in to = loopback(port_of(b));
    char byte;

    CHECK_EQ(connect(a, (struct sockaddr *)&to, sizeof(to)), 0);
    CHECK_EQ(shutdown(a, SHUT_RD), 0);
    CHECK_EQ(recv(a, &byte, 1, 0), 0);
    CHECK_ERR(recv(a, &byte, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(poll_for(a, POLLIN | POLLRDHUP), POLLIN | POLLRDHUP);
    close(a);
    close(b);
}

TEST(messages_of_other_levels)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = bound();
    struct sockaddr_in to = loopback(port_of(b));

    CHECK_EQ(connect(a, (struct sockaddr *)&to, sizeof(to)), 0);
    CHECK_EQ(send_with(a, IPPROTO_TCP, 1, 1, 4), 1);
    CHECK_ERR(send_with(a, SOL_SOCKET, 77, 1, 4), EINVAL);
    CHECK_EQ(send_with(a, SOL_SOCKET, SCM_RIGHTS, 1, 4), 1);
    close(a);
    close(b);
}

TEST(addresses_of_ipv4_for_sockets_of_ipv6)
{
    int a = socket(AF_INET6, SOCK_DGRAM, 0), b = bound(), on = 1;
    struct sockaddr_in to = loopback(port_of(b)), from;
    socklen_t len = sizeof(from);
    char byte;

    CHECK_EQ(sendto(a, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
    CHECK_EQ(recvfrom(b, &byte, 1, 0, (struct sockaddr *)&from, &len), 1);
    CHECK_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(connect(a, (struct sockaddr *)&to, sizeof(to)), 0);
    CHECK_EQ(send(a, "y", 1, 0), 1);
    CHECK_EQ(recv(b, &byte, 1, 0), 1);
    close(a);
    a = socket(AF_INET6, SOCK_DGRAM, 0);
    CHECK_ERR(bind(a, (struct sockaddr *)&to, sizeof(to)), EINVAL);
    CHECK_EQ(setsockopt(a, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
    CHECK_ERR(sendto(a, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)),
              ENETUNREACH);
    close(a);
    close(b);
}

TEST(ports_are_exclusive)
{
    struct sockaddr_in addr;
    int a = bound(), b = socket(AF_INET, SOCK_DGRAM, 0), one = 1;

    addr = loopback(port_of(a));
    CHECK_ERR(bind(b, (struct sockaddr *)&addr, sizeof(addr)), EADDRINUSE);
    CHECK_EQ(setsockopt(a, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
    CHECK_EQ(setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
    CHECK_EQ(bind(b, (struct sockaddr *)&addr, sizeof(addr)), 0);
    close(a);
    close(b);
}

TEST(multicast_needs_a_group)
{
    struct ip_mreqn join = { .imr_ifindex = 1 };
    struct sockaddr_in addr = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    join.imr_multiaddr.s_addr = htonl(0x7f000001);
    CHECK_ERR(
        setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof(join)),
        EINVAL);
    join.imr_multiaddr.s_addr = htonl(0xefff0102);
    CHECK_EQ(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof(join)),
             0);
    CHECK_ERR(
        setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof(join)),
        EADDRINUSE);
    CHECK_EQ(
        setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &join, sizeof(join)), 0);
    CHECK_ERR(
        setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &join, sizeof(join)),
        EADDRNOTAVAIL);
    CHECK_EQ(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    close(fd);
}

static unsigned short checksum(const void *data, size_t len)
{
    const unsigned short *w = data;
    unsigned long sum = 0;

    for (size_t i = 0; i < len / 2; i++)
        sum += w[i];
    sum = (sum & 0xffff) + (sum >> 16);
    return (unsigned short)~(sum + (sum >> 16));
}

TEST(raw_icmp)
{
    struct {
        struct icmphdr h;
        char data[8];
    } echo = { .h = { .type = ICMP_ECHO }, .data = "payload" };
    struct sockaddr_in to = loopback(0);
    unsigned char buf[128];
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    ssize_t n;

    if (fd < 0)
        SKIP("no raw sockets here");
    echo.h.un.echo.id = htons(77);
    echo.h.checksum = checksum(&echo, sizeof(echo));
    CHECK_EQ(
        sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&to, sizeof(to)),
        sizeof(echo));
    for (int i = 0; i < 2; i++) { /* the request is seen, too */
        n = recv(fd, buf, sizeof(buf), 0);
        CHECK_EQ(n, 20 + sizeof(echo));
        CHECK_EQ(buf[0], 0x45);
        if (buf[20] == ICMP_ECHOREPLY)
            CHECK(memcmp(buf + 28, "payload", 8) == 0);
    }
    CHECK_EQ(buf[20], ICMP_ECHOREPLY);
    close(fd);
}
