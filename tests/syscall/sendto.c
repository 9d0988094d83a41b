/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendto.c - sendto(2), recvfrom(2) and messages: their borders, who they are
 * from, how many wait, what becomes of those for somebody who is gone.
 *
 * covers: recvfrom
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PATH_AT   offsetof(struct sockaddr_un, sun_path)
#define QUEUE_LEN 11 /* net.unix.max_dgram_qlen and one more */

static struct sockaddr_un there = { AF_UNIX, "there" }, addr;
static int fds[2];

static short events(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

    poll(&p, 1, 0);
    return p.revents;
}

static int bound(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    unlink("there");
    CHECK_OK(bind(fd, (void *)&there, sizeof(there)));
    return fd;
}

static long send_there(int fd, const void *buf, size_t len, int flags)
{
    return sendto(fd, buf, len, flags, (void *)&there, sizeof(there));
}

static void messages_of(int kind)
{
    char buf[16] = "";
    int n = 0;

    CHECK_OK(socketpair(AF_UNIX, kind, 0, fds));
    CHECK_EQ(send(fds[0], "first", 5, 0), 5);
    CHECK_EQ(send(fds[0], "", 0, 0), 0);
    CHECK_EQ(send(fds[0], "second", 6, 0), 6);
    CHECK_OK(ioctl(fds[1], FIONREAD, &n));
    CHECK_EQ(n, kind == SOCK_DGRAM ? 5 : 11);
    CHECK_EQ(recv(fds[1], buf, 2, MSG_PEEK), 2);
    CHECK_EQ(recv(fds[1], buf, 2, MSG_PEEK | MSG_TRUNC), 5);
    CHECK_EQ(recv(fds[1], buf, 2, 0), 2); /* the rest is lost */
    CHECK_STR(buf, "fi");
    CHECK_EQ(recv(fds[1], buf, 16, 0), 0);
    CHECK_EQ(recv(fds[1], buf, 3, MSG_TRUNC), 6);
    CHECK_ERR(recv(fds[1], buf, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_ERR(recv(fds[1], buf, 1, MSG_OOB), EOPNOTSUPP);
    CHECK_ERR(send(fds[1], buf, 1, MSG_OOB), EOPNOTSUPP);
    CHECK_EQ(write(fds[0], "w", 1), 1);
    CHECK_EQ(read(fds[1], buf, 1), 1);
    close(fds[0]);
    close(fds[1]);
}

TEST(messages_keep_their_borders)
{
    messages_of(SOCK_DGRAM);
    messages_of(SOCK_SEQPACKET);
}

TEST(who_sent_it)
{
    int to = bound(), from = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t len = sizeof(addr);
    char buf[8];

    CHECK_EQ(send_there(from, "a", 1, 0), 1);
    CHECK_EQ(recvfrom(to, buf, 8, 0, (void *)&addr, &len), 1);
    CHECK_EQ(len, 0); /* nobody who has a name */
    addr = (struct sockaddr_un){ AF_UNIX, "from" };
    unlink("from");
    CHECK_OK(bind(from, (void *)&addr, sizeof(addr)));
    CHECK_EQ(send_there(from, "b", 1, 0), 1);
    close(from); /* the name outlives its socket */
    memset(&addr, 0, sizeof(addr));
    len = sizeof(addr);
    CHECK_EQ(recvfrom(to, buf, 8, 0, (void *)&addr, &len), 1);
    CHECK_EQ(len, PATH_AT + 5);
    CHECK_STR(addr.sun_path, "from");
    close(to);
}

TEST(an_address_that_is_cut)
{
    int to = bound();
    socklen_t len = PATH_AT + 2;
    char buf[8];

    CHECK_EQ(send_there(to, "a", 1, 0), 1); /* to itself */
    memset(&addr, 0, sizeof(addr));
    CHECK_EQ(recvfrom(to, buf, 8, 0, (void *)&addr, &len), 1);
    CHECK_EQ(len, PATH_AT + 6);
    CHECK_STR(addr.sun_path, "th");
    close(to);
}

TEST(the_queue_is_bounded)
{
    int to = bound(), from = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int n = 0;
    char c;

    while (send_there(from, "x", 1, 0) == 1)
        n++;
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(n, QUEUE_LEN);
    CHECK_EQ(events(from), POLLOUT); /* it has no peer: who knows */
    CHECK_OK(connect(from, (void *)&there, sizeof(there)));
    CHECK_EQ(events(from), 0);
    CHECK_EQ(recv(to, &c, 1, 0), 1);
    CHECK_EQ(events(from), POLLOUT);
    CHECK_EQ(send(from, "x", 1, 0), 1);
    CHECK_ERR(send(from, "x", 1, 0), EAGAIN);
    close(from);
    close(to);
}

static void *send_many(void *arg)
{
    for (int i = 0; i < 50; i++)
        CHECK_EQ(send_there(*(int *)arg, &i, sizeof(i), 0), sizeof(i));
    return NULL;
}

TEST(a_sender_waits_for_room)
{
    int to = bound(), from = socket(AF_UNIX, SOCK_DGRAM, 0), got;
    pthread_t t;

    CHECK_EQ(pthread_create(&t, NULL, send_many, &from), 0);
    usleep(10000);
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(recv(to, &got, sizeof(got), 0), sizeof(got));
        CHECK_EQ(got, i);
    }
    CHECK_EQ(pthread_join(t, NULL), 0);
    close(from);
    close(to);
}

static void *send_one(void *arg)
{
    long n = send_there(*(int *)arg, "x", 1, 0);

    return (void *)(n < 0 ? (long)-errno : n);
}

TEST(the_receiver_goes_while_one_waits)
{
    int to = bound(), from = socket(AF_UNIX, SOCK_DGRAM, 0);
    pthread_t t;
    void *result;

    for (int i = 0; i < QUEUE_LEN; i++)
        CHECK_EQ(send_there(from, "x", 1, 0), 1);
    CHECK_EQ(pthread_create(&t, NULL, send_one, &from), 0);
    usleep(20000);
    close(to);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK_EQ((long)result, -ECONNREFUSED);
    close(from);
}

TEST(connected_to_one_only)
{
    int to = bound(), a = socket(AF_UNIX, SOCK_DGRAM, 0);
    int b = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un name = { AF_UNIX, "a" };
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    socklen_t len = sizeof(addr);
    char c;

    CHECK_OK(bind(a, (void *)&name, sizeof(name)));
    CHECK_OK(connect(to, (void *)&name, sizeof(name)));
    CHECK_OK(getpeername(to, (void *)&addr, &len));
    CHECK_STR(addr.sun_path, "a");
    CHECK_ERR(send_there(b, "x", 1, 0), EPERM);
    CHECK_ERR(connect(b, (void *)&there, sizeof(there)), EPERM);
    CHECK_EQ(send_there(a, "x", 1, 0), 1);
    CHECK_OK(connect(to, &none, sizeof(none)));
    CHECK_ERR(send(to, "x", 1, 0), ENOTCONN);
    CHECK_ERR(recv(to, &c, 1, MSG_DONTWAIT), EAGAIN); /* a's is dropped */
    CHECK_EQ(send_there(b, "x", 1, 0), 1);
    close(a);
    close(b);
    close(to);
}

TEST(the_peer_is_gone)
{
    char c;

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
    CHECK_EQ(send(fds[0], "x", 1, 0), 1);
    CHECK_EQ(send(fds[1], "y", 1, 0), 1);
    close(fds[1]);
    CHECK_EQ(events(fds[0]), POLLIN | POLLOUT);
    CHECK_ERR(send(fds[0], "x", 1, 0), ECONNREFUSED);
    CHECK_ERR(send(fds[0], "x", 1, 0), ENOTCONN);
    CHECK_ERR(recv(fds[0], &c, 1, MSG_DONTWAIT), EAGAIN);
    close(fds[0]);
}

TEST(half_a_close)
{
    char c;

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
    CHECK_EQ(send(fds[1], "y", 1, 0), 1);
    CHECK_OK(shutdown(fds[0], SHUT_RD));
    CHECK_ERR(send(fds[1], "x", 1, 0), EPIPE);
    CHECK_EQ(events(fds[0]), POLLIN | POLLOUT | POLLRDHUP);
    CHECK_EQ(recv(fds[0], &c, 1, 0), 1);
    CHECK_EQ(recv(fds[0], &c, 1, 0), 0);
    CHECK_ERR(recv(fds[0], &c, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(shutdown(fds[0], SHUT_WR));
    CHECK_ERR(send(fds[0], "x", 1, 0), EPIPE);
    CHECK_EQ(events(fds[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    close(fds[0]);
    close(fds[1]);
}

TEST(large_messages)
{
    char *buf = malloc(300000), *got = malloc(300000);
    bool same = true;

    for (int i = 0; i < 300000; i++)
        buf[i] = (char)(i * 7 + (i >> 9));
    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
    CHECK_EQ(send(fds[0], buf, 200000, 0), 200000);
    CHECK_EQ(recv(fds[1], got, 300000, 0), 200000);
    for (int i = 0; i < 200000; i++)
        same = same && buf[i] == got[i];
    CHECK(same);
    CHECK_ERR(send(fds[0], buf, 300000, 0), EMSGSIZE);
    CHECK_EQ(send(fds[0], buf, 100000, 0), 100000);
    CHECK_EQ(recv(fds[1], got, 5000, 0), 5000);
    close(fds[0]);
    close(fds[1]);
    free(buf);
    free(got);
}

TEST(addresses_of_a_stream)
{
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_ERR(send_there(fds[0], "x", 1, 0), EISCONN);
    close(fds[0]);
    close(fds[1]);
    fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERR(send_there(fds[0], "x", 1, 0), EOPNOTSUPP);
    close(fds[0]);
}

TEST(errors)
{
    int to = bound();
    socklen_t len = -1;
    char c;

    CHECK_ERR(sendto(to, "x", 1, 0, bad_pointer(), 20), EFAULT);
    CHECK_ERR(sendto(to, "x", 1, 0, (void *)&there, 129), EINVAL);
    CHECK_ERR(sendto(to, "x", 1, 0, (void *)&there, -1), EINVAL);
    CHECK_ERR(sendto(to, "x", 1, 0, (void *)&there, 1), EINVAL);
    CHECK_ERR(sendto(to, bad_pointer(), 4, 0, (void *)&there, sizeof(there)),
              EFAULT);
    CHECK_ERR(send(to, "x", 1, 0), ENOTCONN);
    unlink("there");
    CHECK_ERR(send_there(to, "x", 1, 0), ENOENT);
    close(to);
    to = bound();
    CHECK_EQ(send_there(to, "x", 1, 0), 1);
    CHECK_ERR(recvfrom(to, &c, 1, 0, (void *)&addr, &len), EINVAL);
    CHECK_EQ(send_there(to, "x", 1, 0), 1);
    CHECK_ERR(recv(to, bad_pointer(), 1, 0), EFAULT);
    close(to);
}
