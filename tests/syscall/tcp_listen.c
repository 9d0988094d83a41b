/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_listen.c - streams that listen: ports, queues, both families.
 *
 * covers: accept accept4 bind connect listen
 */
#include "check.h"
#include "inet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

static short poll_now(int fd, short events)
{
    struct pollfd p = { fd, events, 0 };

    poll(&p, 1, 0);
    return p.revents;
}

#define ALL (POLLIN | POLLOUT | POLLRDHUP | POLLPRI)

/* ---- listening ---- */

TEST(addresses_in_use)
{
    int l = listener(5), fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a = loopback(port_of(l));

    CHECK_ERR(bind(fd, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
    CHECK_ERR(bind(fd, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE);
    a.sin_addr.s_addr = htonl(0x0a010203);
    CHECK_ERR(bind(fd, (struct sockaddr *)&a, sizeof(a)), EADDRNOTAVAIL);
    a = loopback(0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    CHECK_ERR(bind(fd, (struct sockaddr *)&a, sizeof(a)), EINVAL);
    a.sin_family = AF_UNIX;
    CHECK_ERR(connect(fd, (struct sockaddr *)&a, sizeof(a)), EAFNOSUPPORT);
    CHECK_ERR(connect(fd, (struct sockaddr *)&a, 8), EINVAL);
    close(fd);
    close(l);
}

TEST(shared_ports)
{
    int one = 1, a = socket(AF_INET, SOCK_STREAM, 0);
    int b = socket(AF_INET, SOCK_STREAM, 0), conn[32];
    struct sockaddr_in addr = loopback(0);
    unsigned got_a = 0, got_b = 0;

    setsockopt(a, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
    setsockopt(b, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
    CHECK_EQ(bind(a, (struct sockaddr *)&addr, sizeof(addr)), 0);
    addr.sin_port = htons((uint16_t)port_of(a));
    CHECK_EQ(bind(b, (struct sockaddr *)&addr, sizeof(addr)), 0);
    CHECK_EQ(listen(a, 64), 0);
    CHECK_EQ(listen(b, 64), 0);
    for (int i = 0; i < 32; i++)
        conn[i] = connect_to(port_of(a), 0);
    fcntl(a, F_SETFL, O_NONBLOCK);
    fcntl(b, F_SETFL, O_NONBLOCK);
    for (int fd; (fd = accept(a, NULL, NULL)) >= 0; got_a++)
        close(fd);
    for (int fd; (fd = accept(b, NULL, NULL)) >= 0; got_b++)
        close(fd);
    CHECK_EQ(got_a + got_b, 32);
    CHECK(got_a > 0 && got_b > 0);
    for (int i = 0; i < 32; i++)
        close(conn[i]);
    close(a);
    close(b);
}

TEST(closing_a_listener_resets_what_waits)
{
    int l = listener(5), c = connect_to(port_of(l), 0);
    char buf[4];

    close(l);
    CHECK_ERR(read(c, buf, sizeof(buf)), ECONNRESET);
    close(c);
}

TEST(accept_does_not_block)
{
    int l = listener(5);

    fcntl(l, F_SETFL, O_NONBLOCK);
    CHECK_ERR(accept(l, NULL, NULL), EAGAIN);
    CHECK_EQ(poll_now(l, ALL), 0);
    close(l);
}

/* ---- IPv6 ---- */

TEST(v6_and_mapped)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6,
                              .sin6_addr = IN6ADDR_ANY_INIT },
                        peer;
    int l = socket(AF_INET6, SOCK_STREAM, 0), c, s;
    socklen_t len = sizeof(a);
    char buf[4];

    CHECK_EQ(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
    CHECK_EQ(listen(l, 5), 0);
    CHECK_EQ(getsockname(l, (struct sockaddr *)&a, &len), 0);
    a.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
    c = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK_EQ(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
    len = sizeof(peer);
    s = accept(l, (struct sockaddr *)&peer, &len);
    CHECK_EQ(len, sizeof(peer));
    CHECK(IN6_IS_ADDR_LOOPBACK(&peer.sin6_addr));
    CHECK_EQ(write(c, "six", 3), 3);
    CHECK_EQ(read(s, buf, 4), 3);
    close(c);
    close(s);
    c = connect_to(ntohs(a.sin6_port), 0);
    CHECK(c >= 0);
    len = sizeof(peer);
    s = accept(l, (struct sockaddr *)&peer, &len);
    CHECK(IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
    CHECK_EQ(write(c, "4", 1), 1);
    CHECK_EQ(read(s, buf, 4), 1);
    close(c);
    close(s);
    close(l);
}

/* Each of those that share a port gets its part. */
TEST(shared_port)
{
    enum { SHARERS = 16, ROUNDS = 800 };
    struct pollfd fds[SHARERS];
    int counts[SHARERS] = { 0 };
    struct sockaddr_in a = loopback(0);
    const int one = 1;

    for (int i = 0; i < SHARERS; i++) {
        int l = socket(AF_INET, SOCK_STREAM, 0);

        CHECK_EQ(setsockopt(l, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
        CHECK_EQ(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
        CHECK_EQ(listen(l, 5), 0);
        a = loopback(port_of(l));
        fds[i] = (struct pollfd){ .fd = l, .events = POLLIN };
    }
    for (int n = 0; n < ROUNDS; n++) {
        int c = connect_to(ntohs(a.sin_port), 0);

        CHECK(c >= 0);
        CHECK_EQ(poll(fds, SHARERS, -1), 1);
        for (int i = 0; i < SHARERS; i++) {
            if (fds[i].revents) {
                counts[i]++;
                close(accept(fds[i].fd, NULL, NULL));
            }
        }
        close(c);
    }
    for (int i = 0; i < SHARERS; i++) {
        CHECK(counts[i] > ROUNDS / SHARERS / 4);
        CHECK(counts[i] < ROUNDS / SHARERS * 2);
        close(fds[i].fd);
    }
}

TEST(v6_only)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
    int l = socket(AF_INET6, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in b;
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQ(setsockopt(l, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
    CHECK_EQ(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
    CHECK_EQ(listen(l, 5), 0);
    CHECK_EQ(getsockname(l, (struct sockaddr *)&a, &len), 0);
    CHECK_ERR(connect_to(ntohs(a.sin6_port), 0), ECONNREFUSED);
    b = loopback(ntohs(a.sin6_port));
    CHECK_EQ(bind(fd, (struct sockaddr *)&b, sizeof(b)), 0);
    close(fd);
    close(l);
}
