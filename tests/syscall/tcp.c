/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp.c - streams over the loopback: connections, data, both ways of ending.
 *
 * covers: accept accept4 bind connect listen shutdown sendfile ppoll
 */
#include "check.h"
#include "inet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* ---- ends of a connection ---- */

static short poll_now(int fd, short events)
{
    struct pollfd p = { fd, events, 0 };

    poll(&p, 1, 0);
    return p.revents;
}

static short poll_for(int fd, short events)
{
    struct pollfd p = { fd, events, 0 };

    poll(&p, 1, 10000);
    return p.revents;
}

static int error_of(int fd)
{
    int error = -1;
    socklen_t len = sizeof(error);

    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    return error;
}

#define ALL (POLLIN | POLLOUT | POLLRDHUP | POLLPRI)

TEST(connects_and_moves_bytes)
{
    char buf[16] = "";
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(write(fds[0], "hello", 5), 5);
    CHECK_EQ(read(fds[1], buf, sizeof(buf)), 5);
    CHECK(memcmp(buf, "hello", 5) == 0);
    CHECK_EQ(send(fds[1], "back", 4, 0), 4);
    CHECK_EQ(recv(fds[0], buf, 2, MSG_PEEK), 2);
    CHECK_EQ(recv(fds[0], buf, sizeof(buf), 0), 4);
    CHECK(memcmp(buf, "back", 4) == 0);
    CHECK_ERR(recv(fds[0], buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    close_pair(fds);
}

TEST(names)
{
    struct sockaddr_in a, b;
    socklen_t len = sizeof(a);
    int l = listener(5), c = connect_to(port_of(l), 0), s;

    s = accept4(l, (struct sockaddr *)&a, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK(s >= 0);
    CHECK_EQ(len, sizeof(a));
    CHECK_EQ(fcntl(s, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    CHECK_EQ(a.sin_family, AF_INET);
    CHECK_EQ(a.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(ntohs(a.sin_port), port_of(c));
    len = sizeof(b);
    CHECK_EQ(getpeername(c, (struct sockaddr *)&b, &len), 0);
    CHECK_EQ(ntohs(b.sin_port), port_of(l));
    CHECK_EQ(port_of(s), port_of(l));
    len = sizeof(b);
    CHECK_ERR(getpeername(l, (struct sockaddr *)&b, &len), ENOTCONN);
    close(c);
    close(s);
    close(l);
}

/* What a reset leaves: data that has come, then the error once, no peer; and
 * a connection that nobody has taken yet is still one to take. */
TEST(after_a_reset)
{
    struct linger now = { .l_onoff = 1, .l_linger = 0 };
    struct sockaddr_in a;
    socklen_t len = sizeof(a);
    int l = listener(5), c = connect_to(port_of(l), 0), s = accept(l, NULL, 0);
    int early = connect_to(port_of(l), 0), late, from;
    char buf[8];

    CHECK_EQ(send(s, "data", 4, 0), 4);
    CHECK_OK(setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
    close(s);
    CHECK_ERR(getpeername(c, (struct sockaddr *)&a, &len), ENOTCONN);
    CHECK_EQ(recv(c, buf, sizeof(buf), 0), 4);
    CHECK_ERR(recv(c, buf, sizeof(buf), 0), ECONNRESET);
    CHECK_EQ(recv(c, buf, sizeof(buf), 0), 0);
    CHECK_ERR(send(c, "x", 1, MSG_NOSIGNAL), EPIPE);
    close(c);

    from = (int)port_of(early);
    CHECK_OK(setsockopt(early, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
    close(early);
    late = accept(l, (struct sockaddr *)&a, &len);
    CHECK(late >= 0);
    CHECK_EQ(ntohs(a.sin_port), from);
    CHECK_ERR(getpeername(late, (struct sockaddr *)&a, &len), ENOTCONN);
    close(late);
    close(l);
}

TEST(refused)
{
    int l = listener(1);
    unsigned port = port_of(l);
    int fd;

    close(l);
    CHECK_ERR(connect_to(port, 0), ECONNREFUSED);
    fd = connect_to(port, SOCK_NONBLOCK);
    if (fd >= 0) {
        CHECK_EQ(poll_for(fd, POLLOUT), POLLOUT | POLLERR | POLLHUP);
        CHECK_EQ(error_of(fd), ECONNREFUSED);
        CHECK_EQ(error_of(fd), 0);
        close(fd);
    } else {
        CHECK_EQ(errno, ECONNREFUSED);
    }
}

TEST(nonblocking_connect)
{
    int l = listener(5);
    struct sockaddr_in a = loopback(port_of(l));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    CHECK_EQ(poll_now(fd, ALL), POLLOUT | POLLHUP);
    CHECK_ERR(connect(fd, (struct sockaddr *)&a, sizeof(a)), EINPROGRESS);
    CHECK_EQ(poll_for(fd, POLLOUT), POLLOUT);
    CHECK_EQ(error_of(fd), 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    CHECK_ERR(connect(fd, (struct sockaddr *)&a, sizeof(a)), EISCONN);
    CHECK_EQ(poll_for(l, POLLIN), POLLIN);
    close(fd);
    close(l);
}

TEST(half_close)
{
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(write(fds[0], "last", 4), 4);
    CHECK_EQ(shutdown(fds[0], SHUT_WR), 0);
    CHECK_EQ(poll_for(fds[1], POLLRDHUP), POLLRDHUP);
    CHECK_EQ(poll_now(fds[1], ALL), POLLIN | POLLOUT | POLLRDHUP);
    CHECK_EQ(read(fds[1], buf, sizeof(buf)), 4);
    CHECK_EQ(read(fds[1], buf, sizeof(buf)), 0);
    CHECK_EQ(read(fds[1], buf, sizeof(buf)), 0);
    CHECK_ERR(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(write(fds[1], "more", 4), 4);
    CHECK_EQ(read(fds[0], buf, sizeof(buf)), 4);
    CHECK_EQ(shutdown(fds[1], SHUT_WR), 0);
    CHECK_EQ(read(fds[0], buf, sizeof(buf)), 0);
    CHECK_EQ(poll_now(fds[0], ALL) & POLLHUP, POLLHUP);
    close_pair(fds);
}

TEST(shutdown_reading)
{
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(shutdown(fds[0], SHUT_RD), 0);
    CHECK_EQ(read(fds[0], buf, sizeof(buf)), 0);
    CHECK_EQ(poll_now(fds[0], ALL), POLLIN | POLLOUT | POLLRDHUP);
    CHECK_EQ(write(fds[0], "x", 1), 1);
    CHECK_EQ(read(fds[1], buf, sizeof(buf)), 1);
    close_pair(fds);
}

TEST(close_with_unread_data_resets)
{
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(write(fds[0], "unread", 6), 6);
    poll_for(fds[1], POLLIN);
    close(fds[1]);
    CHECK_EQ(poll_for(fds[0], POLLIN) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
    CHECK_ERR(read(fds[0], buf, sizeof(buf)), ECONNRESET);
    CHECK_EQ(read(fds[0], buf, sizeof(buf)), 0);
    CHECK_ERR(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    close(fds[0]);
}

TEST(linger_zero_resets)
{
    struct linger lg = { 1, 0 };
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
    close(fds[1]);
    CHECK_ERR(read(fds[0], buf, sizeof(buf)), ECONNRESET);
    close(fds[0]);
}

static volatile sig_atomic_t pipe_signals;

static void on_sigpipe(int sig)
{
    (void)sig;
    pipe_signals++;
}

TEST(sigpipe)
{
    int fds[2];

    signal(SIGPIPE, on_sigpipe);
    CHECK(make_pair(fds));
    CHECK_EQ(shutdown(fds[0], SHUT_WR), 0);
    CHECK_ERR(write(fds[0], "x", 1), EPIPE);
    CHECK_EQ(pipe_signals, 1);
    CHECK_ERR(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(pipe_signals, 1);
    signal(SIGPIPE, SIG_DFL);
    close_pair(fds);
}

TEST(without_connection)
{
    struct sockaddr_in a;
    socklen_t len = sizeof(a);
    char c;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_ERR(read(fd, &c, 1), ENOTCONN);
    CHECK_ERR(send(fd, &c, 1, MSG_NOSIGNAL), EPIPE);
    CHECK_ERR(shutdown(fd, SHUT_RDWR), ENOTCONN);
    CHECK_ERR(getpeername(fd, (struct sockaddr *)&a, &len), ENOTCONN);
    CHECK_ERR(accept(fd, NULL, NULL), EINVAL);
    close(fd);
}

/* ---- much data ---- */

#define BULK (3u << 20)

static size_t bulk_len = BULK;

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 7 + (i >> 8) * 13 + (i >> 16));
}

static void *write_bulk(void *arg)
{
    int fd = *(int *)arg;
    static unsigned char buf[50000];

    for (size_t done = 0; done < bulk_len;) {
        size_t n =
            sizeof(buf) < bulk_len - done ? sizeof(buf) : bulk_len - done;
        ssize_t put;

        for (size_t i = 0; i < n; i++)
            buf[i] = pattern(done + i);
        put = write(fd, buf, n);
        if (put <= 0)
            break;
        done += (size_t)put;
    }
    shutdown(fd, SHUT_WR);
    return NULL;
}

static size_t read_bulk(int fd, size_t chunk)
{
    static unsigned char buf[100000];
    size_t done = 0;
    ssize_t n;

    while ((n = read(fd, buf, chunk)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            if (buf[i] != pattern(done + (size_t)i))
                return done + (size_t)i;
        done += (size_t)n;
    }
    return n == 0 ? done : 0;
}

TEST(bulk_in_both_sizes)
{
    pthread_t t;
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(pthread_create(&t, NULL, write_bulk, &fds[0]), 0);
    CHECK_EQ(read_bulk(fds[1], 100000), BULK);
    pthread_join(t, NULL);
    close_pair(fds);
    CHECK(make_pair(fds));
    CHECK_EQ(pthread_create(&t, NULL, write_bulk, &fds[1]), 0);
    CHECK_EQ(read_bulk(fds[0], 1000), BULK);
    pthread_join(t, NULL);
    close_pair(fds);
}

TEST(small_buffers)
{
    int size = 2048;
    pthread_t t;
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    CHECK_EQ(setsockopt(fds[1], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
    bulk_len = 20000; /* Linux takes 40 ms for each window of so few bytes */
    CHECK_EQ(pthread_create(&t, NULL, write_bulk, &fds[0]), 0);
    CHECK_EQ(read_bulk(fds[1], 3000), bulk_len);
    pthread_join(t, NULL);
    bulk_len = BULK;
    close_pair(fds);
}

TEST(fills_up_and_drains)
{
    static char buf[65536];
    size_t in = 0, out = 0;
    ssize_t n;
    int fds[2];

    CHECK(make_pair(fds));
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    while ((n = write(fds[0], buf, sizeof(buf))) > 0)
        in += (size_t)n;
    CHECK(n < 0 && errno == EAGAIN);
    CHECK_EQ(poll_now(fds[0], POLLOUT), 0);
    CHECK(in > 100000);
    while (out < in && (n = read(fds[1], buf, sizeof(buf))) > 0)
        out += (size_t)n;
    CHECK_EQ(in, out);
    CHECK_EQ(poll_for(fds[0], POLLOUT), POLLOUT);
    close_pair(fds);
}

TEST(waitall_and_trunc)
{
    char buf[32] = "";
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(write(fds[0], "0123456789", 10), 10);
    CHECK_EQ(recv(fds[1], buf, 10, MSG_WAITALL), 10);
    CHECK_EQ(write(fds[0], "0123456789", 10), 10);
    poll_for(fds[1], POLLIN);
    CHECK_EQ(recv(fds[1], buf, 4, MSG_TRUNC), 4);
    CHECK_EQ(recv(fds[1], buf, 32, 0), 6);
    CHECK_EQ(buf[0], '4');
    CHECK_EQ(shutdown(fds[0], SHUT_WR), 0);
    CHECK_EQ(recv(fds[1], buf, 32, MSG_WAITALL), 0);
    close_pair(fds);
}

TEST(queue_sizes)
{
    int n, fds[2];
    char buf[8];

    CHECK(make_pair(fds));
    CHECK_EQ(write(fds[0], "abcdef", 6), 6);
    poll_for(fds[1], POLLIN);
    CHECK_EQ(ioctl(fds[1], FIONREAD, &n), 0);
    CHECK_EQ(n, 6);
    CHECK_EQ(read(fds[1], buf, 4), 4);
    CHECK_EQ(ioctl(fds[1], FIONREAD, &n), 0);
    CHECK_EQ(n, 2);
    close_pair(fds);
}

TEST(sends_a_file)
{
    static char buf[10000];
    off_t off = 100;
    int fds[2], f = open("file", O_RDWR | O_CREAT, 0600);
    size_t got = 0;
    ssize_t n;

    for (size_t i = 0; i < sizeof(buf); i++)
        buf[i] = (char)pattern(i);
    CHECK_EQ(write(f, buf, sizeof(buf)), sizeof(buf));
    CHECK(make_pair(fds));
    CHECK_EQ(sendfile(fds[0], f, &off, 9000), 9000);
    CHECK_EQ(off, 9100);
    CHECK_EQ(shutdown(fds[0], SHUT_WR), 0);
    while ((n = read(fds[1], buf + got, sizeof(buf) - got)) > 0)
        got += (size_t)n;
    CHECK_EQ(got, 9000);
    for (size_t i = 0; i < got; i++)
        if ((unsigned char)buf[i] != pattern(i + 100)) {
            CHECK_EQ(i, got);
            break;
        }
    close(f);
    close_pair(fds);
}

/* ---- readiness ---- */

TEST(edge_triggered)
{
    struct epoll_event e = { .events = EPOLLIN | EPOLLET | EPOLLRDHUP }, out;
    char buf[8];
    int fds[2], ep = epoll_create1(0);

    CHECK(make_pair(fds));
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], &e), 0);
    CHECK_EQ(epoll_wait(ep, &out, 1, 0), 0);
    CHECK_EQ(write(fds[0], "ab", 2), 2);
    CHECK_EQ(epoll_wait(ep, &out, 1, 10000), 1);
    CHECK_EQ(out.events, EPOLLIN);
    CHECK_EQ(epoll_wait(ep, &out, 1, 0), 0);
    CHECK_EQ(read(fds[1], buf, 1), 1);
    CHECK_EQ(epoll_wait(ep, &out, 1, 0), 0);
    CHECK_EQ(write(fds[0], "c", 1), 1);
    CHECK_EQ(epoll_wait(ep, &out, 1, 10000), 1);
    close(fds[0]);
    CHECK_EQ(epoll_wait(ep, &out, 1, 10000), 1);
    CHECK_EQ(out.events, EPOLLIN | EPOLLRDHUP);
    close(fds[1]);
    close(ep);
}

#define MANY 200

TEST(many_connections)
{
    static int clients[MANY], servers[MANY];
    struct epoll_event e = { .events = EPOLLIN }, out;
    int l = listener(MANY), ep = epoll_create1(0);
    unsigned good = 0;

    for (int i = 0; i < MANY; i++) {
        clients[i] = connect_to(port_of(l), 0);
        servers[i] = accept(l, NULL, NULL);
        e.data.u32 = (uint32_t)i;
        epoll_ctl(ep, EPOLL_CTL_ADD, servers[i], &e);
    }
    for (int i = MANY - 1; i >= 0; i -= 7) {
        int got = -1;

        if (write(clients[i], &i, sizeof(i)) == sizeof(i) &&
            epoll_wait(ep, &out, 1, 10000) == 1 &&
            out.data.u32 == (uint32_t)i &&
            read(servers[i], &got, sizeof(got)) == sizeof(got))
            good += got == i;
    }
    CHECK_EQ(good, (MANY + 6) / 7);
    for (int i = 0; i < MANY; i++) {
        close(clients[i]);
        close(servers[i]);
    }
    close(l);
    close(ep);
}

#define RANGE_MAX 65536
#define RECENT    800

/* A port comes again late: who is at the other end, or on the way, may still
 * know the connection that had it. */
TEST(ports_do_not_repeat_soon)
{
    static bool seen[RANGE_MAX];
    int l = listener(16);
    unsigned again = 0;

    for (int i = 0; i < RECENT; i++) {
        int c = connect_to(port_of(l), 0), s = accept(l, NULL, NULL);
        unsigned port = port_of(c);

        CHECK(port != 0);
        again += seen[port];
        seen[port] = true;
        close(s);
        close(c);
    }
    CHECK_EQ(again, 0);
    close(l);
}

/* All of 127.0.0.0/8 is this machine, seen from 127.0.0.1. */
TEST(addresses_of_the_loopback)
{
    static const char *const addresses[] = { "127.0.0.2", "127.0.1.1",
                                             "127.255.3.4" };
    struct sockaddr_in peer, own;
    socklen_t len = sizeof(peer);

    for (unsigned i = 0; i < 3; i++) {
        struct sockaddr_in a = { .sin_family = AF_INET };
        int l = socket(AF_INET, SOCK_STREAM, 0), c, s;

        CHECK_EQ(inet_pton(AF_INET, addresses[i], &a.sin_addr), 1);
        CHECK_EQ(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
        CHECK_EQ(listen(l, 1), 0);
        a.sin_port = htons(port_of(l));
        c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(c, (struct sockaddr *)&a, sizeof(a));
        CHECK(poll_for(c, POLLOUT) == POLLOUT);
        s = accept(l, (struct sockaddr *)&peer, &len);
        CHECK(s >= 0);
        CHECK_EQ(ntohl(peer.sin_addr.s_addr), INADDR_LOOPBACK);
        CHECK_EQ(getsockname(s, (struct sockaddr *)&own, &len), 0);
        CHECK_EQ(own.sin_addr.s_addr, a.sin_addr.s_addr);
        CHECK_EQ(write(s, "x", 1), 1);
        CHECK(poll_for(c, POLLIN) == POLLIN);
        close(c);
        close(s);
        close(l);
    }
}
