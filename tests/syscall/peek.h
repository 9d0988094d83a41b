/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peek.h - two sockets, what goes from the first to the second, and where
 * peeking at it begins (SO_PEEK_OFF).
 */
#ifndef TESTS_SYSCALL_PEEK_H
#define TESTS_SYSCALL_PEEK_H

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static int fds[2]; /* from, to */

static inline void set(int off)
{
    CHECK_OK(setsockopt(fds[1], SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)));
}

static inline int get(void)
{
    int off = 12345;
    socklen_t len = sizeof(off);

    CHECK_OK(getsockopt(fds[1], SOL_SOCKET, SO_PEEK_OFF, &off, &len));
    CHECK_EQ(len, sizeof(off));
    return off;
}

/* What receiving up to len bytes gives; "EAGAIN" where nothing is there. */
static inline const char *receive(size_t len, int flags)
{
    static char buf[32];
    ssize_t n = recv(fds[1], buf, len, flags | MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN ? "EAGAIN" : "another error";
    buf[n] = '\0';
    return buf;
}

static inline const char *peek(size_t len)
{
    return receive(len, MSG_PEEK);
}

static inline void give(const char *text)
{
    CHECK_EQ(send(fds[0], text, strlen(text), 0), (long)strlen(text));
}

/* Until so many bytes have come. */
static inline void await(int count)
{
    int n = 0;

    while (ioctl(fds[1], FIONREAD, &n) == 0 && n < count)
        usleep(1000);
}

static inline void check_stream(void)
{
    CHECK_EQ(get(), -1);
    give("abc");
    give("defgh");
    await(8);
    CHECK_STR(peek(2), "ab");
    CHECK_STR(peek(2), "ab");
    CHECK_EQ(get(), -1);
    set(0);
    CHECK_STR(peek(2), "ab");
    CHECK_STR(peek(4), "cdef");
    CHECK_EQ(get(), 6);
    CHECK_STR(peek(9), "gh");
    CHECK_STR(peek(9), "EAGAIN");
    CHECK_STR(receive(2, 0), "ab");
    CHECK_EQ(get(), 6);
    CHECK_STR(peek(9), "EAGAIN");
    give("XYZ");
    await(9);
    CHECK_STR(peek(9), "XYZ");
    set(1);
    CHECK_STR(peek(9), "defghXYZ");
    set(2);
    CHECK_STR(receive(9, 0), "cdefghXYZ");
    CHECK_EQ(get(), 0);
}

static inline void check_empty_messages(void)
{
    give("");
    give("a");
    set(0);
    CHECK_STR(peek(9), "");
    CHECK_STR(peek(9), "a");
    CHECK_STR(peek(9), "EAGAIN");
    CHECK_STR(receive(9, 0), "");
    CHECK_STR(receive(9, 0), "a");
}

#endif
