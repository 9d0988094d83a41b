/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet.h - internet sockets on the loopback, for tests of more than one call.
 */
#ifndef SYSCALL_INET_H
#define SYSCALL_INET_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static inline struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static inline unsigned port_of(int fd)
{
    struct sockaddr_in a = { 0 };
    socklen_t len = sizeof(a);

    if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
        return 0;
    return ntohs(a.sin_port);
}

static inline int listener(int backlog)
{
    struct sockaddr_in a = loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
        listen(fd, backlog) < 0)
        return -1;
    return fd;
}

static inline int connect_to(unsigned port, int flags)
{
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 &&
        errno != EINPROGRESS) {
        int e = errno;

        close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

/* Both ends of a connection. */
static inline bool make_pair(int fds[2])
{
    int l = listener(5);

    fds[0] = connect_to(port_of(l), 0);
    fds[1] = accept(l, NULL, NULL);
    close(l);
    return fds[0] >= 0 && fds[1] >= 0;
}

static inline void close_pair(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static inline int option_set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value));
}

/* The value, or -errno. */
static inline int option_get(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    if (getsockopt(fd, level, name, &value, &len) < 0)
        return -errno;
    return value;
}

/* What poll() tells of it within so many milliseconds, or -errno. */
static inline int events_of(int fd, int events, int ms)
{
    struct pollfd p = { fd, (short)events, 0 };

    return poll(&p, 1, ms) < 0 ? -errno : p.revents;
}

#endif
