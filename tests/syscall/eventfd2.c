/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eventfd2.c - eventfd(2): counter, semaphore mode, limits, poll.
 *
 * covers: eventfd
 */
#include "check.h"

#include <poll.h>
#include <sys/eventfd.h>

TEST(reads_and_clears)
{
    uint64_t v = 0;
    int fd = eventfd(3, EFD_NONBLOCK);

    CHECK_OK(fd);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 3);
    CHECK_ERR(read(fd, &v, 8), EAGAIN);
    v = 5;
    CHECK_EQ(write(fd, &v, 8), 8);
    v = 7;
    CHECK_EQ(write(fd, &v, 8), 8);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 12);
    close(fd);
}

TEST(semaphore_mode_counts_down)
{
    uint64_t v = 0;
    int fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);

    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 1);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 1);
    CHECK_ERR(read(fd, &v, 8), EAGAIN);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
}

TEST(the_counter_has_a_limit)
{
    uint64_t v = UINT64_MAX;
    int fd = eventfd(0, EFD_NONBLOCK);

    CHECK_ERR(write(fd, &v, 8), EINVAL);
    v = UINT64_MAX - 1;
    CHECK_EQ(write(fd, &v, 8), 8);
    v = 1;
    CHECK_ERR(write(fd, &v, 8), EAGAIN);
    v = 0;
    CHECK_EQ(write(fd, &v, 8), 8);
    close(fd);
}

TEST(sizes_and_flags)
{
    uint64_t v = 1;
    int fd = eventfd(0, 0);

    CHECK_ERR(write(fd, &v, 4), EINVAL);
    CHECK_ERR(read(fd, &v, 4), EINVAL);
    CHECK_ERR(eventfd(0, 0x100), EINVAL);
    close(fd);
}

TEST(poll_follows_the_counter)
{
    int fd = eventfd(0, 0);
    struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
    uint64_t v = 1;

    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLOUT);
    CHECK_EQ(write(fd, &v, 8), 8);
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN | POLLOUT);
    close(fd);
}
