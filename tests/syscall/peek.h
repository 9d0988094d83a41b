/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peek.h - two sockets, what goes from the first to the second, and where
 * peeking at it begins (SO_PEEK_OFF).
 */
#ifndef TESTS_SYSCALL_PEEK_H
#define TESTS_SYSCALL_PEEK_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

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

#endif
