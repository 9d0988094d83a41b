/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_urgent.c - MSG_OOB on AF_UNIX streams: the byte, the mark, SIGURG.
 *
 * covers: sendto recvfrom ioctl poll fcntl
 */
#include "check.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define AT_MARK 0x8905 /* SIOCATMARK */

static int fds[2];

static void make(void)
{
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

static void done(void)
{
    close(fds[0]);
    close(fds[1]);
}

static void give(const char *s, int flags)
{
    CHECK_EQ(send(fds[0], s, strlen(s), flags), (long)strlen(s));
}

/* What is received, or the error's name. */
static const char *take(int flags)
{
    static char buf[16];
    ssize_t n = recv(fds[1], buf, sizeof(buf) - 1, flags | MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN ? "EAGAIN" : errno == EINVAL ? "EINVAL" : "?";
    buf[n] = '\0';
    return buf;
}

static int number(unsigned long request)
{
    int n = -1;

    return ioctl(fds[1], request, &n) < 0 ? -errno : n;
}

static int events(void)
{
    struct pollfd p = { .fd = fds[1], .events = POLLIN | POLLPRI };

    CHECK(poll(&p, 1, 0) >= 0);
    return p.revents;
}

static void set_inline(int on)
{
    CHECK_OK(setsockopt(fds[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
}

TEST(a_byte_out_of_band)
{
    struct iovec v = { (char[4]){ 0 }, 4 };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

    make();
    CHECK_EQ(number(AT_MARK), 0);
    CHECK_STR(take(MSG_OOB), "EINVAL");
    give("abc", 0);
    give("dX", MSG_OOB);
    give("ef", 0);
    CHECK_EQ(events(), POLLIN | POLLPRI);
    CHECK_EQ(number(FIONREAD), 7);
    CHECK_EQ(number(AT_MARK), 0);
    CHECK_STR(take(MSG_OOB | MSG_PEEK), "X");
    /* Reading ends at the mark, though there is more. */
    CHECK_STR(take(MSG_PEEK), "abcd");
    CHECK_STR(take(0), "abcd");
    CHECK_EQ(number(AT_MARK), 1);
    CHECK_EQ(events(), POLLIN | POLLPRI);
    CHECK_EQ(recvmsg(fds[1], &m, MSG_OOB), 1);
    CHECK_EQ(m.msg_flags, MSG_OOB);
    CHECK_EQ(*(char *)v.iov_base, 'X');
    CHECK_STR(take(MSG_OOB), "EINVAL");
    CHECK_EQ(number(AT_MARK), 1);
    CHECK_EQ(events(), POLLIN);
    CHECK_EQ(number(FIONREAD), 2);
    CHECK_STR(take(MSG_PEEK), "ef");
    CHECK_STR(take(0), "ef");
    CHECK_EQ(number(AT_MARK), 0);
    CHECK_STR(take(0), "EAGAIN");
    done();
}

/* Its place stays a mark when the byte was read before what stands before. */
TEST(a_byte_that_is_read_first)
{
    make();
    give("ab", 0);
    give("X", MSG_OOB);
    give("cd", 0);
    CHECK_STR(take(MSG_OOB), "X");
    CHECK_STR(take(MSG_PEEK), "ab");
    CHECK_STR(take(0), "ab");
    CHECK_EQ(number(AT_MARK), 1);
    CHECK_STR(take(0), "cd");
    done();
}

/* A byte that nobody asked for is gone once reading has passed its place. */
TEST(a_byte_that_is_passed_over)
{
    make();
    give("X", MSG_OOB);
    CHECK_EQ(events() & POLLPRI, POLLPRI);
    CHECK_EQ(number(AT_MARK), 1);
    give("rest", 0);
    CHECK_STR(take(MSG_PEEK), "rest");
    CHECK_STR(take(0), "rest");
    CHECK_STR(take(MSG_OOB), "EINVAL");
    CHECK_EQ(number(AT_MARK), 0);
    CHECK_STR(take(0), "EAGAIN");
    give("more", 0);
    CHECK_STR(take(0), "more");
    done();
}

/* The last byte is out of band; the one before it is one of the stream then. */
TEST(the_next_byte)
{
    make();
    give("aX", MSG_OOB);
    give("bY", MSG_OOB);
    give("c", 0);
    CHECK_EQ(number(FIONREAD), 5);
    CHECK_STR(take(MSG_OOB), "Y");
    CHECK_STR(take(0), "aXb");
    CHECK_STR(take(0), "c");
    /* A mark whose byte was read does not stop reading before the next. */
    give("X", MSG_OOB);
    CHECK_STR(take(MSG_OOB), "X");
    give("d", 0);
    give("Y", MSG_OOB);
    CHECK_STR(take(0), "d");
    CHECK_EQ(number(AT_MARK), 1);
    CHECK_STR(take(MSG_OOB), "Y");
    done();
}

TEST(in_line)
{
    make();
    set_inline(1);
    give("ab", 0);
    give("X", MSG_OOB);
    give("c", 0);
    CHECK_STR(take(MSG_OOB), "EINVAL");
    CHECK_EQ(events(), POLLIN | POLLPRI);
    CHECK_EQ(number(FIONREAD), 4);
    CHECK_STR(take(MSG_PEEK), "ab");
    CHECK_STR(take(0), "ab");
    CHECK_EQ(number(AT_MARK), 1);
    CHECK_STR(take(0), "Xc");
    CHECK_EQ(number(AT_MARK), 0);
    CHECK_EQ(events(), 0);
    /* The option counts when it is read. */
    give("Y", MSG_OOB);
    set_inline(0);
    CHECK_STR(take(MSG_OOB | MSG_PEEK), "Y");
    set_inline(1);
    CHECK_STR(take(0), "Y");
    set_inline(0);
    give("word", 0);
    CHECK_STR(take(0), "word");
    done();
}

static volatile sig_atomic_t urgent;

static void on_urgent(int signo)
{
    urgent += signo == SIGURG;
}

TEST(the_signal)
{
    make();
    CHECK(signal(SIGURG, on_urgent) != SIG_ERR);
    give("X", MSG_OOB);
    CHECK_EQ(urgent, 0);
    CHECK_OK(fcntl(fds[1], F_SETOWN, getpid()));
    give("abY", MSG_OOB);
    CHECK_EQ(urgent, 1);
    CHECK_STR(take(MSG_OOB), "Y");
    done();
}

TEST(files_and_ends)
{
    char control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec v = { (char[2]){ 'a', 'X' }, 2 };
    struct msghdr m = { .msg_iov = &v,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    make();
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fds[0], sizeof(int));
    CHECK_EQ(sendmsg(fds[0], &m, MSG_OOB), 2);
    memset(control, 0, sizeof(control));
    CHECK_EQ(recvmsg(fds[1], &m, 0), 1);
    CHECK_EQ(c->cmsg_type, SCM_RIGHTS);
    close(*(int *)(void *)CMSG_DATA(c));
    CHECK_STR(take(MSG_OOB), "X");
    CHECK_ERR(send(fds[0], "", 0, MSG_OOB), EOPNOTSUPP);
    give("Z", MSG_OOB); /* and nobody reads it */
    close(fds[1]);
    CHECK_ERR(send(fds[0], "X", 1, MSG_OOB | MSG_NOSIGNAL), EPIPE);
    close(fds[0]);
}
