/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socketpair.c - socketpair(2) and streams: bytes, back-pressure, half a
 * close, readiness, signals.
 */
#include "check.h"

#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static int fds[2];
static volatile int caught;

static void make(int type)
{
    CHECK_OK(socketpair(AF_UNIX, type, 0, fds));
}

static void done(void)
{
    close(fds[0]);
    close(fds[1]);
}

static short events(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

    poll(&p, 1, 0);
    return p.revents;
}

static void on_signal(int signo)
{
    (void)signo;
    caught++;
}

static void handle(int signo, int flags)
{
    struct sigaction act = { .sa_handler = on_signal, .sa_flags = flags };

    CHECK_OK(sigaction(signo, &act, NULL));
    caught = 0;
}

TEST(bytes_both_ways)
{
    char buf[16] = "";
    int n = -1;

    make(SOCK_STREAM);
    CHECK_EQ(write(fds[0], "abc", 3), 3);
    CHECK_EQ(write(fds[0], "def", 3), 3);
    CHECK_EQ(write(fds[1], "xyz", 3), 3);
    CHECK_OK(ioctl(fds[1], FIONREAD, &n));
    CHECK_EQ(n, 6);
    CHECK_OK(ioctl(fds[0], SIOCOUTQ, &n));
    CHECK(n >= 6);
    CHECK_EQ(read(fds[1], buf, 2), 2);
    CHECK_STR(buf, "ab");
    CHECK_EQ(read(fds[1], buf, 16), 4);
    CHECK_STR(buf, "cdef");
    CHECK_EQ(read(fds[0], buf, 16), 3);
    CHECK_OK(ioctl(fds[0], SIOCOUTQ, &n));
    CHECK_EQ(n, 0);
    CHECK_EQ(read(fds[1], buf, 0), 0);
    CHECK_EQ(write(fds[1], buf, 0), 0);
    CHECK_EQ(recv(fds[1], buf, 16, MSG_DONTWAIT), -1);
    CHECK_EQ(errno, EAGAIN);
    done();
}

TEST(vectors)
{
    char a[3] = "", b[5] = "";
    struct iovec out[3] = { { "12", 2 }, { "", 0 }, { "3456", 4 } };
    struct iovec in[2] = { { a, 2 }, { b, 4 } };

    make(SOCK_STREAM);
    CHECK_EQ(writev(fds[0], out, 3), 6);
    CHECK_EQ(readv(fds[1], in, 2), 6);
    CHECK_STR(a, "12");
    CHECK_STR(b, "3456");
    done();
}

TEST(peeking_leaves_them)
{
    char buf[8] = "";

    make(SOCK_STREAM);
    CHECK_EQ(write(fds[0], "abcd", 4), 4);
    CHECK_EQ(recv(fds[1], buf, 3, MSG_PEEK), 3);
    CHECK_STR(buf, "abc");
    CHECK_EQ(recv(fds[1], buf, 8, MSG_PEEK), 4);
    CHECK_EQ(recv(fds[1], buf, 8, 0), 4);
    CHECK_STR(buf, "abcd");
    done();
}

static void *write_slowly(void *arg)
{
    for (int i = 0; i < 5; i++) {
        usleep(2000);
        CHECK_EQ(write(fds[0], "12345", 5), 5);
    }
    return arg;
}

TEST(waiting_for_all)
{
    char buf[32] = "";
    pthread_t t;

    make(SOCK_STREAM);
    CHECK_EQ(pthread_create(&t, NULL, write_slowly, NULL), 0);
    CHECK_EQ(recv(fds[1], buf, 25, MSG_WAITALL), 25);
    CHECK_STR(buf, "1234512345123451234512345");
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(write(fds[0], "abc", 3), 3);
    shutdown(fds[0], SHUT_WR);
    CHECK_EQ(recv(fds[1], buf, 25, MSG_WAITALL), 3);
    done();
}

TEST(half_a_close)
{
    char c;

    make(SOCK_STREAM);
    CHECK_EQ(write(fds[0], "x", 1), 1);
    CHECK_OK(shutdown(fds[0], SHUT_WR));
    CHECK_EQ(events(fds[1]), POLLIN | POLLOUT | POLLRDHUP);
    CHECK_EQ(read(fds[1], &c, 1), 1);
    CHECK_EQ(read(fds[1], &c, 1), 0);
    CHECK_EQ(events(fds[1]), POLLIN | POLLOUT | POLLRDHUP);
    CHECK_EQ(write(fds[1], "y", 1), 1);
    CHECK_EQ(read(fds[0], &c, 1), 1);
    CHECK_EQ(send(fds[0], "x", 1, MSG_NOSIGNAL), -1);
    CHECK_EQ(errno, EPIPE);
    CHECK_OK(shutdown(fds[1], SHUT_WR));
    CHECK_EQ(events(fds[1]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    CHECK_EQ(events(fds[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    done();
}

TEST(the_other_end_is_gone)
{
    static const int kinds[] = { SOCK_STREAM, SOCK_SEQPACKET };
    char c;

    for (int i = 0; i < 2; i++) {
        make(kinds[i]);
        handle(SIGPIPE, 0);
        close(fds[1]);
        CHECK_EQ(events(fds[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
        CHECK_EQ(read(fds[0], &c, 1), 0);
        CHECK_ERR(write(fds[0], "x", 1), EPIPE);
        CHECK_EQ(caught, kinds[i] == SOCK_STREAM);
        CHECK_ERR(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
        CHECK_EQ(caught, kinds[i] == SOCK_STREAM);
        CHECK_ERR(send(fds[0], "x", 1, 0), EPIPE);
        CHECK_EQ(caught, 2 * (kinds[i] == SOCK_STREAM));
        close(fds[0]);
    }
    signal(SIGPIPE, SIG_DFL);
}

TEST(a_full_stream)
{
    static char page[PAGE];
    size_t total = 0, got = 0;
    ssize_t n;

    make(SOCK_STREAM | SOCK_NONBLOCK);
    while ((n = write(fds[0], page, sizeof(page))) > 0)
        total += (size_t)n;
    CHECK_ERR(n, EAGAIN);
    CHECK(total > 100000 && total < 500000);
    CHECK_EQ(events(fds[0]), 0);
    CHECK_EQ(read(fds[1], page, 10), 10);
    CHECK_EQ(events(fds[0]), 0); /* writable again with three quarters free */
    got = 10;
    while (!(events(fds[0]) & POLLOUT) && (n = read(fds[1], page, PAGE)) > 0)
        got += (size_t)n;
    CHECK(got > total / 2);
    CHECK(got < total);
    done();
}

TEST(a_small_send_buffer)
{
    int size = 4096, n = 0;
    char c = 0;

    make(SOCK_STREAM | SOCK_NONBLOCK);
    CHECK_OK(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
    while (write(fds[0], &c, 1) == 1)
        n++;
    CHECK_EQ(errno, EAGAIN);
    CHECK(n > 4 && n < 10000);
    done();
}

static void *write_much(void *arg)
{
    char *buf = malloc(1 << 20);

    for (int i = 0; i < 1 << 20; i++)
        buf[i] = (char)(i * 31 + (i >> 8));
    CHECK_EQ(write(fds[0], buf, 1 << 20), 1 << 20);
    CHECK_OK(shutdown(fds[0], SHUT_WR));
    free(buf);
    return arg;
}

TEST(a_blocked_writer_goes_on)
{
    pthread_t t;
    char buf[777];
    bool same = true;
    int at = 0;
    ssize_t n;

    make(SOCK_STREAM);
    CHECK_EQ(pthread_create(&t, NULL, write_much, NULL), 0);
    while ((n = read(fds[1], buf, sizeof(buf))) > 0)
        for (ssize_t i = 0; i < n; i++, at++)
            same = same && buf[i] == (char)(at * 31 + (at >> 8));
    CHECK_EQ(at, 1 << 20);
    CHECK(same);
    CHECK_EQ(pthread_join(t, NULL), 0);
    done();
}

static void *write_until_closed(void *arg)
{
    static char buf[1 << 20];

    CHECK_ERR(send(fds[0], buf, sizeof(buf), MSG_NOSIGNAL) < 100 ? 0 : -1,
              errno);
    CHECK_ERR(send(fds[0], buf, 1, MSG_NOSIGNAL), EPIPE);
    return arg;
}

TEST(a_blocked_writer_sees_the_end)
{
    pthread_t t;

    make(SOCK_STREAM);
    CHECK_EQ(pthread_create(&t, NULL, write_until_closed, NULL), 0);
    for (int n = 0; n == 0;) { /* the writer has begun */
        CHECK_OK(ioctl(fds[1], FIONREAD, &n));
        usleep(20000);
    }
    close(fds[1]);
    CHECK_EQ(pthread_join(t, NULL), 0);
    close(fds[0]);
}

static pthread_t main_thread;

static void *signal_soon(void *arg)
{
    usleep(20000);
    pthread_kill(main_thread, SIGUSR1);
    usleep(20000);
    if (arg)
        CHECK_EQ(write(fds[0], "z", 1), 1);
    return NULL;
}

/* handled: SA_RESTART; limited: SO_RCVTIMEO. -> errno, or 0 when it read. */
static int interrupted_read(bool restart, bool limited)
{
    struct timeval limit = { 60, 0 };
    pthread_t t;
    int error = 0;
    char c;

    make(SOCK_STREAM);
    if (limited)
        CHECK_OK(
            setsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
    handle(SIGUSR1, restart ? SA_RESTART : 0);
    main_thread = pthread_self();
    CHECK_EQ(pthread_create(&t, NULL, signal_soon, restart ? &t : NULL), 0);
    if (read(fds[1], &c, 1) != 1)
        error = errno;
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(caught, 1);
    done();
    return error;
}

TEST(signals_end_a_wait)
{
    CHECK_EQ(interrupted_read(false, false), EINTR);
    CHECK_EQ(interrupted_read(true, false), 0);
    CHECK_EQ(interrupted_read(true, true), EINTR); /* a limit: no restart */
}

TEST(time_limits)
{
    static char buf[1 << 20];
    struct timeval t = { 0, 30000 };
    int64_t before;
    char c;

    make(SOCK_STREAM);
    CHECK_OK(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
    CHECK_OK(setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)));
    before = now_ns(CLOCK_MONOTONIC);
    CHECK_ERR(read(fds[0], &c, 1), EAGAIN);
    CHECK(now_ns(CLOCK_MONOTONIC) - before >= 25000000);
    CHECK(write(fds[0], buf, sizeof(buf)) > 1000); /* what went in */
    CHECK_ERR(write(fds[0], buf, sizeof(buf)), EAGAIN);
    done();
}

static int epoll_events(int ep)
{
    struct epoll_event e = { 0 };

    return epoll_wait(ep, &e, 1, 0) == 1 ? (int)e.events : 0;
}

static int watch(int fd, unsigned what)
{
    struct epoll_event e = { .events = what | EPOLLET };
    int ep = epoll_create1(0);

    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
    return ep;
}

TEST(edges)
{
    int in, out, hup;
    char buf[8];

    make(SOCK_STREAM | SOCK_NONBLOCK);
    in = watch(fds[1], EPOLLIN);
    out = watch(fds[1], EPOLLOUT);
    hup = watch(fds[1], EPOLLRDHUP);
    CHECK_EQ(epoll_events(in), 0);
    CHECK_EQ(epoll_events(out), EPOLLOUT);
    CHECK_EQ(epoll_events(out), 0);
    CHECK_EQ(write(fds[0], "ab", 2), 2);
    CHECK_EQ(epoll_events(in), EPOLLIN);
    CHECK_EQ(epoll_events(in), 0);
    CHECK_EQ(epoll_events(out), 0);
    CHECK_EQ(read(fds[1], buf, 1), 1); /* some are left: no edge */
    CHECK_EQ(epoll_events(in), 0);
    CHECK_EQ(write(fds[0], "c", 1), 1); /* more: an edge */
    CHECK_EQ(epoll_events(in), EPOLLIN);
    CHECK_EQ(write(fds[1], "d", 1), 1);
    CHECK_EQ(read(fds[0], buf, 1), 1); /* room: an edge for output alone */
    CHECK_EQ(epoll_events(in), 0);
    CHECK_EQ(epoll_events(out), EPOLLOUT);
    CHECK_EQ(epoll_events(hup), 0);
    shutdown(fds[0], SHUT_WR);
    CHECK_EQ(epoll_events(hup), EPOLLRDHUP);
    CHECK_EQ(epoll_events(hup), 0);
    CHECK_EQ(epoll_events(in), EPOLLIN);
    close(fds[0]);
    CHECK_EQ(epoll_events(hup), EPOLLRDHUP | EPOLLHUP);
    close(fds[1]);
    close(in);
    close(out);
    close(hup);
}

TEST(a_file_goes_out)
{
    char buf[16] = "";
    int fd;

    make(SOCK_STREAM);
    make_file("text", "0123456789");
    fd = open("text", O_RDONLY);
    CHECK_EQ(sendfile(fds[0], fd, NULL, 100), 10);
    CHECK_EQ(read(fds[1], buf, 15), 10);
    CHECK_STR(buf, "0123456789");
    close(fd);
    done();
}

TEST(splicing)
{
    static char page[PAGE];
    int p[2];

    make(SOCK_STREAM);
    CHECK_OK(pipe(p));
    CHECK_ERR(splice(fds[1], NULL, p[1], NULL, 100, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_EQ(write(fds[0], page, PAGE), PAGE);
    CHECK_EQ(splice(fds[1], NULL, p[1], NULL, 3 * PAGE, 0), PAGE);
    CHECK_EQ(splice(p[0], NULL, fds[1], NULL, 3 * PAGE, 0), PAGE);
    CHECK_EQ(recv(fds[0], page, PAGE, MSG_WAITALL), PAGE);
    close(fds[0]);
    CHECK_EQ(splice(fds[1], NULL, p[1], NULL, 100, 0), 0);
    close(fds[1]);
    close(p[0]);
    close(p[1]);
}

TEST(nonblocking_by_ioctl)
{
    int on = 1, n;
    char c;

    make(SOCK_STREAM);
    CHECK_OK(ioctl(fds[0], FIONBIO, &on));
    CHECK_ERR(read(fds[0], &c, 1), EAGAIN);
    CHECK_ERR(ioctl(fds[0], TCGETS, &n), ENOTTY);
    CHECK_EQ(isatty(fds[0]), 0);
    done();
}

TEST(faults)
{
    char buf[8] = "";

    make(SOCK_STREAM | SOCK_NONBLOCK);
    CHECK_ERR(write(fds[0], bad_pointer(), 4), EFAULT);
    CHECK_ERR(read(fds[1], buf, 8), EAGAIN);
    CHECK_EQ(write(fds[0], "abcd", 4), 4);
    CHECK_ERR(read(fds[1], bad_pointer(), 4), EFAULT);
    CHECK_EQ(read(fds[1], buf, 8), 4);
    CHECK_STR(buf, "abcd");
    done();
}

TEST(errors)
{
    struct rlimit old, low;

    CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM, 0, bad_pointer()), EFAULT);
    CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM, 2, fds), EPROTONOSUPPORT);
    CHECK_ERR(socketpair(AF_UNIX, SOCK_RDM, 0, fds), ESOCKTNOSUPPORT);
    CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM | 0x1000, 0, fds), EINVAL);
    CHECK_ERR(socketpair(46, SOCK_STREAM, 0, fds), EAFNOSUPPORT);
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &old));
    make(SOCK_STREAM);
    low = old;
    low.rlim_cur = (rlim_t)fds[1] + 2; /* one more, not two */
    done();
    low.rlim_cur = (rlim_t)fds[1];
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &low));
    CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), EMFILE);
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &old));
    make(SOCK_STREAM | SOCK_CLOEXEC);
    CHECK_EQ(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
    done();
}
