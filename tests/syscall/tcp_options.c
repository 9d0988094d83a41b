/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_options.c - options of streams and of IP, their values and their effect.
 *
 * covers: setsockopt getsockopt
 */
#include "check.h"
#include "inet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

TEST(values_are_kept)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_KEEPIDLE), 7200);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_KEEPINTVL), 75);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_KEEPCNT), 9);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_KEEPIDLE), 30);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 0), EINVAL);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_KEEPCNT, 128), EINVAL);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 5000);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_MAXSEG, 20), EINVAL);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, 9999, 1), ENOPROTOOPT);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, 9999), -ENOPROTOOPT);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
    close(fd);
}

TEST(ip_values)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_TTL), 64);
    CHECK_EQ(option_set(fd, IPPROTO_IP, IP_TTL, 7), 0);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_TTL), 7);
    CHECK_ERR(option_set(fd, IPPROTO_IP, IP_TTL, 256), EINVAL);
    CHECK_EQ(option_set(fd, IPPROTO_IP, IP_TOS, 0x10), 0);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_TOS), 0x10);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_MULTICAST_TTL), 1);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_MULTICAST_LOOP), 1);
    CHECK_ERR(option_set(fd, IPPROTO_IP, 9999, 1), ENOPROTOOPT);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1), ENOPROTOOPT);
    close(fd);
}

TEST(accepted_sockets_inherit)
{
    struct sockaddr_in a = loopback(0);
    socklen_t len = sizeof(a);
    int l = socket(AF_INET, SOCK_STREAM, 0), c, s;

    option_set(l, IPPROTO_TCP, TCP_NODELAY, 1);
    option_set(l, SOL_SOCKET, SO_KEEPALIVE, 1);
    option_set(l, IPPROTO_TCP, TCP_KEEPIDLE, 44);
    bind(l, (struct sockaddr *)&a, sizeof(a));
    listen(l, 5);
    CHECK_EQ(option_get(l, SOL_SOCKET, SO_ACCEPTCONN), 1);
    getsockname(l, (struct sockaddr *)&a, &len);
    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
    s = accept(l, NULL, NULL);
    CHECK_EQ(option_get(s, IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK_EQ(option_get(s, SOL_SOCKET, SO_KEEPALIVE), 1);
    CHECK_EQ(option_get(s, IPPROTO_TCP, TCP_KEEPIDLE), 44);
    CHECK_EQ(option_get(s, SOL_SOCKET, SO_ACCEPTCONN), 0);
    close(c);
    close(s);
    close(l);
}

TEST(info)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(getsockopt(fds[0], IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    CHECK_EQ(info.tcpi_state, TCP_ESTABLISHED);
    CHECK(info.tcpi_snd_mss > 500);
    CHECK(info.tcpi_snd_cwnd > 0);
    shutdown(fds[0], SHUT_WR);
    len = sizeof(info);
    CHECK_EQ(getsockopt(fds[1], IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    CHECK_EQ(info.tcpi_state, TCP_CLOSE_WAIT);
    CHECK(option_get(fds[1], IPPROTO_TCP, TCP_MAXSEG) > 500);
    close(fds[0]);
    close(fds[1]);
}

/* What a packet may carry: the options' bytes are not among that. */
TEST(segments)
{
    struct sockaddr_in sa = { .sin_family = AF_INET };
    socklen_t len = sizeof(sa), info_len = sizeof(struct tcp_info);
    int l = socket(AF_INET, SOCK_STREAM, 0);
    int c = socket(AF_INET, SOCK_STREAM, 0);
    struct tcp_info info;

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQ(bind(l, (void *)&sa, len), 0);
    CHECK_EQ(listen(l, 1), 0);
    CHECK_EQ(getsockname(l, (void *)&sa, &len), 0);
    CHECK_EQ(option_set(c, IPPROTO_TCP, TCP_MAXSEG, 1000), 0);
    CHECK_EQ(connect(c, (void *)&sa, len), 0);
    CHECK_EQ(getsockopt(c, IPPROTO_TCP, TCP_INFO, &info, &info_len), 0);
    CHECK(info.tcpi_options & TCPI_OPT_TIMESTAMPS);
    CHECK_EQ(info.tcpi_snd_mss, 988);
    CHECK_EQ(option_get(c, IPPROTO_TCP, TCP_MAXSEG), 988);
    close(c);
    close(l);
}

/* Held back until the cork is drawn, or more has come than a segment takes. */
TEST(cork)
{
    struct pollfd p;
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(option_set(fds[0], IPPROTO_TCP, TCP_CORK, 1), 0);
    CHECK_EQ(write(fds[0], "ab", 2), 2);
    p = (struct pollfd){ fds[1], POLLIN, 0 };
    CHECK_EQ(poll(&p, 1, 50), 0);
    CHECK_EQ(write(fds[0], "cd", 2), 2);
    CHECK_EQ(option_set(fds[0], IPPROTO_TCP, TCP_CORK, 0), 0);
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_EQ(read(fds[1], buf, sizeof(buf)), 4);
    CHECK_EQ(send(fds[0], "ef", 2, MSG_MORE), 2);
    CHECK_EQ(send(fds[0], "gh", 2, 0), 2);
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_EQ(read(fds[1], buf, sizeof(buf)), 4);
    close(fds[0]);
    close(fds[1]);
}

TEST(low_water_mark)
{
    struct pollfd p;
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(option_set(fds[1], SOL_SOCKET, SO_RCVLOWAT, 4), 0);
    CHECK_EQ(write(fds[0], "ab", 2), 2);
    p = (struct pollfd){ fds[1], POLLIN, 0 };
    CHECK_EQ(poll(&p, 1, 50), 0);
    CHECK_EQ(write(fds[0], "cd", 2), 2);
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_EQ(read(fds[1], buf, sizeof(buf)), 4);
    close(fds[0]);
    close(fds[1]);
}

TEST(time_limits)
{
    struct timeval tv = { 0, 30000 };
    char buf[4];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
    CHECK_ERR(read(fds[0], buf, sizeof(buf)), EAGAIN);
    close(fds[0]);
    close(fds[1]);
}

/* What was sent arrives although close() comes at once, and may wait for it. */
TEST(linger)
{
    struct linger lg = { 1, 5 };
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
    CHECK_EQ(write(fds[0], "bye", 3), 3);
    CHECK_EQ(close(fds[0]), 0);
    CHECK_EQ(read(fds[1], buf, sizeof(buf)), 3);
    CHECK_EQ(read(fds[1], buf, sizeof(buf)), 0);
    close(fds[1]);
}

TEST(congestion_control_has_a_name)
{
    char name[16] = "";
    socklen_t len = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQ(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
    CHECK(strlen(name) > 2);
    CHECK_EQ(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, len), 0);
    CHECK_ERR(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6), ENOENT);
    close(fd);
}

TEST(disconnects)
{
    struct sockaddr a = { .sa_family = AF_UNSPEC };
    char buf[4];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(connect(fds[0], &a, sizeof(a)), 0);
    CHECK_ERR(read(fds[1], buf, sizeof(buf)), ECONNRESET);
    CHECK_ERR(read(fds[0], buf, sizeof(buf)), ECONNRESET);
    CHECK_ERR(read(fds[0], buf, sizeof(buf)), ENOTCONN);
    close(fds[0]);
    close(fds[1]);
}
