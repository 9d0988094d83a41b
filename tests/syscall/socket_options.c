/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket_options.c - options of internet sockets that decide where a socket is,
 * and the corners of others: lengths, bits that stay, what is told in a SYN.
 *
 * covers: setsockopt getsockopt bind socket
 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "check.h"
#include "inet.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#define MPTCP 262 /* IPPROTO_MPTCP */

static struct sockaddr_in ip4(uint32_t addr, unsigned port)
{
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port) };

    in.sin_addr.s_addr = htonl(addr);
    return in;
}

static struct sockaddr_in name_of(int fd)
{
    struct sockaddr_in in = { 0 };
    socklen_t len = sizeof(in);

    CHECK_EQ(getsockname(fd, (void *)&in, &len), 0);
    return in;
}

static int bound(int type)
{
    struct sockaddr_in in = ip4(INADDR_LOOPBACK, 0);
    int fd = socket(AF_INET, type, 0);

    CHECK_EQ(bind(fd, (void *)&in, sizeof(in)), 0);
    return fd;
}

static int connected_to(int fd, int client)
{
    struct sockaddr_in in = name_of(fd);

    return connect(client, (void *)&in, sizeof(in));
}

/* ---- interfaces ---- */

TEST(a_socket_is_bound_to_an_interface)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t len = 16;
    char name[16] = "x";

    CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0);
    CHECK_EQ(len, 0);
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "none9", 6), ENODEV);
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bad_pointer(), 4),
              EFAULT);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), 0);
    len = sizeof(name);
    CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0);
    CHECK_EQ(len, 3);
    CHECK_STR(name, "lo");
    len = 15;
    CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), EINVAL);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0), 0);
    len = sizeof(name);
    CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0);
    CHECK_EQ(len, 0);
    close(fd);
}

TEST(datagrams_and_connections_of_one_interface)
{
    int server = bound(SOCK_DGRAM), fd = socket(AF_INET, SOCK_DGRAM, 0);
    int l, c = socket(AF_INET, SOCK_STREAM, 0), a;
    socklen_t len = 16;
    char byte, name[16];

    CHECK_EQ(setsockopt(server, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    CHECK_EQ(connected_to(server, fd), 0);
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_EQ(recv(server, &byte, 1, 0), 1);
    close(server);
    close(fd);
    l = bound(SOCK_STREAM);
    CHECK_EQ(setsockopt(l, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    CHECK_EQ(listen(l, 1), 0);
    CHECK_EQ(setsockopt(c, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    CHECK_EQ(connected_to(l, c), 0);
    a = accept(l, NULL, NULL);
    CHECK_OK(a);
    CHECK_EQ(getsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0);
    CHECK_STR(name, "lo");
    close(a);
    close(c);
    close(l);
}

/* ---- addresses ---- */

TEST(an_address_of_others_may_be_listened_at)
{
    struct sockaddr_in in = ip4(0xc0000201, 0); /* 192.0.2.1 */
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int fd6 = socket(AF_INET6, SOCK_STREAM, 0), d;

    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_FREEBIND), 0);
    CHECK_ERR(bind(fd, (void *)&in, sizeof(in)), EADDRNOTAVAIL);
    CHECK_EQ(option_set(fd, IPPROTO_IP, IP_FREEBIND, 1), 0);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_FREEBIND), 1);
    CHECK_EQ(bind(fd, (void *)&in, sizeof(in)), 0);
    CHECK_EQ(name_of(fd).sin_addr.s_addr, in.sin_addr.s_addr);
    CHECK_EQ(listen(fd, 1), 0);
    close(fd);
    in6.sin6_addr.s6_addr[0] = 0x20; /* 2001:db8::1 */
    in6.sin6_addr.s6_addr[1] = 0x01;
    in6.sin6_addr.s6_addr[2] = 0x0d;
    in6.sin6_addr.s6_addr[3] = 0xb8;
    in6.sin6_addr.s6_addr[15] = 1;
    CHECK_ERR(bind(fd6, (void *)&in6, sizeof(in6)), EADDRNOTAVAIL);
    CHECK_EQ(option_set(fd6, IPPROTO_IPV6, IPV6_FREEBIND, 1), 0);
    CHECK_EQ(option_get(fd6, IPPROTO_IPV6, IPV6_FREEBIND), 1);
    CHECK_EQ(bind(fd6, (void *)&in6, sizeof(in6)), 0);
    CHECK_EQ(listen(fd6, 1), 0);
    close(fd6);
    /* Nothing is sent from there. */
    d = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(option_set(d, IPPROTO_IP, IP_FREEBIND, 1), 0);
    CHECK_EQ(bind(d, (void *)&in, sizeof(in)), 0);
    in = ip4(INADDR_LOOPBACK, 9);
    CHECK_ERR(connect(d, (void *)&in, sizeof(in)), ENETUNREACH);
    close(d);
}

TEST(an_address_without_a_port)
{
    struct sockaddr_in in = ip4(INADDR_LOOPBACK, 0);
    int l = bound(SOCK_STREAM), c = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQ(listen(l, 1), 0);
    CHECK_EQ(option_set(c, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1), 0);
    CHECK_EQ(option_get(c, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT), 1);
    CHECK_EQ(bind(c, (void *)&in, sizeof(in)), 0);
    CHECK_EQ(name_of(c).sin_port, 0);
    CHECK_EQ(name_of(c).sin_addr.s_addr, in.sin_addr.s_addr);
    CHECK_EQ(connected_to(l, c), 0);
    CHECK(name_of(c).sin_port != 0);
    close(c);
    c = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(option_set(c, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1), 0);
    CHECK_EQ(bind(c, (void *)&in, sizeof(in)), 0);
    CHECK_EQ(name_of(c).sin_port, 0);
    CHECK_EQ(connected_to(l, c), 0);
    CHECK(name_of(c).sin_port != 0);
    close(c);
    close(l);
}

/* ---- values ---- */

TEST(lengths_of_values)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int fd6 = socket(AF_INET6, SOCK_STREAM, 0);
    unsigned char byte = 64, three[4] = { 1, 2, 3, 4 };
    socklen_t len = 3;

    CHECK_EQ(setsockopt(fd, IPPROTO_IP, IP_TTL, &byte, 1), 0);
    CHECK_EQ(getsockopt(fd, IPPROTO_IP, IP_TTL, three, &len), 0);
    CHECK_EQ(len, 1);
    CHECK_EQ(three[0], 64);
    CHECK_EQ(three[1], 2);
    CHECK_EQ(option_set(fd, IPPROTO_IP, IP_RECVTTL, 1), 0);
    CHECK_EQ(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, NULL, 0), 0);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_RECVTTL), 0);
    CHECK_ERR(setsockopt(fd, IPPROTO_IP, IP_TTL, NULL, 0), EINVAL);
    CHECK_ERR(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, NULL, 0), EINVAL);
    CHECK_ERR(setsockopt(fd6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &byte, 1),
              EINVAL);
    CHECK_ERR(option_set(fd6, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 2), EINVAL);
    CHECK_EQ(option_set(fd6, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 2), 0);
    CHECK_EQ(option_get(fd6, IPPROTO_IPV6, IPV6_MULTICAST_ALL), 1);
    len = 40;
    CHECK_EQ(getsockopt(fd, IPPROTO_IP, IP_OPTIONS, three, &len), 0);
    CHECK_EQ(len, 0);
    close(fd);
    close(fd6);
}

/* Congestion is TCP's to tell. */
TEST(the_low_bits_of_tos)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0),
        d = socket(AF_INET, SOCK_DGRAM, 0);
    int fd6 = socket(AF_INET6, SOCK_STREAM, 0);

    CHECK_EQ(option_set(fd, IPPROTO_IP, IP_TOS, 0x13), 0);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_TOS), 0x10);
    CHECK_EQ(option_set(d, IPPROTO_IP, IP_TOS, 0x13), 0);
    CHECK_EQ(option_get(d, IPPROTO_IP, IP_TOS), 0x13);
    CHECK_EQ(option_set(fd6, IPPROTO_IPV6, IPV6_TCLASS, 0x13), 0);
    CHECK_EQ(option_get(fd6, IPPROTO_IPV6, IPV6_TCLASS), 0x10);
    CHECK_ERR(option_set(fd6, IPPROTO_IPV6, IPV6_TCLASS, 256), EINVAL);
    close(fd);
    close(fd6);
    close(d);
}

/* ---- TCP ---- */

TEST(the_largest_segment_is_told_to_the_peer)
{
    int l = bound(SOCK_STREAM), c = socket(AF_INET, SOCK_STREAM, 0), a;

    CHECK_EQ(listen(l, 2), 0);
    CHECK_EQ(option_set(c, IPPROTO_TCP, TCP_MAXSEG, 600), 0);
    CHECK_EQ(connected_to(l, c), 0);
    a = accept(l, NULL, NULL);
    CHECK_EQ(option_get(a, IPPROTO_TCP, TCP_MAXSEG), 588);
    close(a);
    close(c);
    /* ... and by who is connected to. */
    CHECK_EQ(option_set(l, IPPROTO_TCP, TCP_MAXSEG, 700), 0);
    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(connected_to(l, c), 0);
    CHECK_EQ(option_get(c, IPPROTO_TCP, TCP_MAXSEG), 688);
    close(c);
    close(l);
}

TEST(what_a_connection_has_not)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in in = ip4(INADDR_LOOPBACK, 9);
    socklen_t len = 16;
    char name[16];

    CHECK_EQ(getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &len), 0);
    CHECK_EQ(len, 0);
    CHECK_ERR(setsockopt(fd, IPPROTO_TCP, TCP_ULP, "nothing", 7), ENOENT);
    CHECK_ERR(connect(fd, (void *)&in, 1), EINVAL);
    close(fd);
}

TEST(protocols_beyond_those_of_packets)
{
    CHECK_ERR(socket(AF_INET, SOCK_DGRAM, MPTCP), EPROTONOSUPPORT);
    CHECK_ERR(socket(AF_INET, SOCK_STREAM, 256), EPROTONOSUPPORT);
    CHECK_ERR(socket(AF_INET, SOCK_STREAM, 263), EINVAL);
    CHECK_ERR(socket(AF_INET6, SOCK_STREAM, -1), EINVAL);
}
