/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_stamps.c - when a message came, of AF_UNIX: SO_TIMESTAMP and its like.
 *
 * covers: recvmsg setsockopt socketpair
 */
#include "check.h"

#include <sys/socket.h>
#include <time.h>

static int fds[2];

static int set(int fd, int name, int value)
{
    return setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

static int get(int fd, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? -errno : value;
}

/* One message; the first control message's type, or 0, and its two words. */
static int receive(int flags, int64_t when[2])
{
    char buf[16], control[128];
    struct iovec iov = { buf, sizeof(buf) };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control) };
    struct cmsghdr *c;

    CHECK_EQ(recvmsg(fds[1], &m, flags), 5);
    c = CMSG_FIRSTHDR(&m);
    if (!c || c->cmsg_level != SOL_SOCKET)
        return 0;
    CHECK_EQ(c->cmsg_len, CMSG_LEN(16));
    memcpy(when, CMSG_DATA(c), 16);
    return c->cmsg_type;
}

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void check_type(int type)
{
    int64_t when[2], before, after;

    CHECK_OK(socketpair(AF_UNIX, type, 0, fds));
    CHECK_EQ(write(fds[0], "early", 5), 5);
    CHECK_EQ(set(fds[1], SO_TIMESTAMPNS, 1), 0);
    CHECK_EQ(get(fds[1], SO_TIMESTAMPNS), 1);
    /* Nobody looked at the clock: it came when it is read. */
    before = now();
    CHECK_EQ(receive(0, when), SO_TIMESTAMPNS);
    CHECK(when[0] * 1000000000 + when[1] >= before);

    before = now();
    CHECK_EQ(write(fds[0], "hello", 5), 5);
    after = now();
    usleep(1000);
    CHECK_EQ(receive(MSG_PEEK, when), SO_TIMESTAMPNS);
    CHECK_EQ(receive(0, when), SO_TIMESTAMPNS);
    CHECK(when[0] * 1000000000 + when[1] >= before);
    CHECK(when[0] * 1000000000 + when[1] <= after);

    CHECK_EQ(set(fds[1], SO_TIMESTAMP, 1), 0);
    CHECK_EQ(get(fds[1], SO_TIMESTAMPNS), 0);
    before = now() / 1000;
    CHECK_EQ(write(fds[0], "again", 5), 5);
    CHECK_EQ(receive(0, when), SO_TIMESTAMP);
    CHECK(when[0] * 1000000 + when[1] >= before);
    CHECK(when[1] < 1000000);

    CHECK_EQ(set(fds[1], SO_TIMESTAMP, 0), 0);
    CHECK_EQ(write(fds[0], "plain", 5), 5);
    CHECK_EQ(receive(0, when), 0);
    close(fds[0]);
    close(fds[1]);
}

TEST(datagrams)
{
    check_type(SOCK_DGRAM);
}

TEST(packets)
{
    check_type(SOCK_SEQPACKET);
}

/* Behind the time are the files and credentials that came along. */
TEST(credentials_come_second)
{
    char buf[16], control[128];
    struct iovec iov = { buf, sizeof(buf) };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control) };
    struct cmsghdr *c;

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
    CHECK_EQ(set(fds[1], SO_TIMESTAMP, 1), 0);
    CHECK_EQ(set(fds[1], SO_PASSCRED, 1), 0);
    CHECK_EQ(write(fds[0], "who", 3), 3);
    CHECK_EQ(recvmsg(fds[1], &m, 0), 3);
    c = CMSG_FIRSTHDR(&m);
    CHECK(c && c->cmsg_type == SO_TIMESTAMP);
    c = c ? CMSG_NXTHDR(&m, c) : NULL;
    CHECK(c && c->cmsg_type == SCM_CREDENTIALS);
    close(fds[0]);
    close(fds[1]);
}

/* A stream takes the option, and has no messages. */
TEST(streams)
{
    int64_t when[2];

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_EQ(set(fds[1], SO_TIMESTAMP, 1), 0);
    CHECK_EQ(get(fds[1], SO_TIMESTAMP), 1);
    CHECK_EQ(write(fds[0], "hello", 5), 5);
    CHECK_EQ(receive(0, when), 0);
    close(fds[0]);
    close(fds[1]);
}
