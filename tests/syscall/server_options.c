/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_options.c - socket options that servers set, and end or complain when
 * they are refused: unbound (IPV6_MTU), knot (TCP_FASTOPEN), haproxy, redis.
 *
 * covers: setsockopt getsockopt
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "check.h"
#include "inet.h"

TEST(packets_of_ipv6_may_be_kept_small)
{
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    CHECK_EQ(option_set(fd, IPPROTO_IPV6, IPV6_MTU, 1280), 0);
    CHECK_EQ(option_set(fd, IPPROTO_IPV6, IPV6_MTU, 0), 0);
    CHECK_ERR(option_set(fd, IPPROTO_IPV6, IPV6_MTU, 1279), EINVAL);
    CHECK_ERR(option_set(fd, IPPROTO_IPV6, IPV6_MTU, -1), EINVAL);
    close(fd);
}

TEST(fast_open_may_be_asked_for)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_FASTOPEN), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN, 5), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_FASTOPEN), 5);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN, -1), EINVAL);
    CHECK_EQ(listen(fd, 5), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN, 7), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_FASTOPEN), 7);
    close(fd);
}

TEST(what_haproxy_and_others_set)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQ(option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
    CHECK_EQ(option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1), 0);
    CHECK_EQ(option_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_QUICKACK, 0), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 30000), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 16384);
    close(fd);
}
