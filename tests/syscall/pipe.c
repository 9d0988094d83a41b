/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe.c - pipe(2), pipe2(2): order, capacity, ends that close, flags.
 *
 * covers: pipe2
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

static int fds[2];

TEST(bytes_come_in_order)
{
    char buf[16] = "";
    int ready;

    CHECK_OK(pipe(fds));
    CHECK_EQ(write(fds[1], "abc", 3), 3);
    CHECK_EQ(write(fds[1], "def", 3), 3);
    CHECK_OK(ioctl(fds[0], FIONREAD, &ready));
    CHECK_EQ(ready, 6);
    CHECK_EQ(read(fds[0], buf, 2), 2);
    CHECK_STR(buf, "ab");
    CHECK_EQ(read(fds[0], buf, 16), 4);
    CHECK_STR(buf, "cdef");
}

TEST(the_ends_have_one_direction)
{
    char c;

    CHECK_ERR(read(fds[1], &c, 1), EBADF);
    CHECK_ERR(write(fds[0], "x", 1), EBADF);
}

TEST(end_of_file_after_the_writer)
{
    char buf[4];

    CHECK_EQ(write(fds[1], "z", 1), 1);
    close(fds[1]);
    CHECK_EQ(read(fds[0], buf, 4), 1);
    CHECK_EQ(read(fds[0], buf, 4), 0);
    close(fds[0]);
}

TEST(writing_without_reader_is_an_error_and_a_signal)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, old;

    CHECK_OK(sigaction(SIGPIPE, &ignore, &old));
    CHECK_OK(pipe(fds));
    close(fds[0]);
    CHECK_ERR(write(fds[1], "x", 1), EPIPE);
    close(fds[1]);
    CHECK_OK(sigaction(SIGPIPE, &old, NULL));
}

TEST(a_full_pipe_does_not_take_more)
{
    static char page[PAGE];
    size_t total = 0;
    ssize_t n;

    CHECK_OK(pipe2(fds, O_NONBLOCK | O_CLOEXEC));
    CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(fds[1], F_GETFL) & O_NONBLOCK);
    CHECK_ERR(read(fds[0], page, 1), EAGAIN);
    while ((n = write(fds[1], page, PAGE)) > 0)
        total += (size_t)n;
    CHECK_ERR(n, EAGAIN);
    CHECK_EQ(total, 65536);
    CHECK_EQ(fcntl(fds[1], F_GETPIPE_SZ), 65536);
    /* Less than a page of room: a small write is atomic or refused. */
    CHECK_EQ(read(fds[0], page, 100), 100);
    CHECK_ERR(write(fds[1], page, 101), EAGAIN);
    CHECK_EQ(read(fds[0], page, PAGE), PAGE);
    CHECK_EQ(write(fds[1], page, 101), 101);
    close(fds[0]);
    close(fds[1]);
}

static void *write_much(void *arg)
{
    char *buf = malloc(1 << 20);

    (void)arg;
    for (int i = 0; i < 1 << 20; i++)
        buf[i] = (char)(i * 31 + (i >> 8));
    CHECK_EQ(write(fds[1], buf, 1 << 20), 1 << 20);
    close(fds[1]);
    free(buf);
    return NULL;
}

TEST(a_blocked_writer_goes_on_as_the_reader_reads)
{
    pthread_t writer;
    char buf[777];
    int at = 0;
    ssize_t n;
    bool same = true;

    CHECK_OK(pipe(fds));
    CHECK_EQ(pthread_create(&writer, NULL, write_much, NULL), 0);
    while ((n = read(fds[0], buf, sizeof(buf))) > 0)
        for (ssize_t i = 0; i < n; i++, at++)
            same = same && buf[i] == (char)(at * 31 + (at >> 8));
    CHECK_EQ(at, 1 << 20);
    CHECK(same);
    CHECK_EQ(pthread_join(writer, NULL), 0);
    close(fds[0]);
}

TEST(poll_sees_both_ends)
{
    struct pollfd p[2];

    CHECK_OK(pipe(fds));
    p[0] = (struct pollfd){ .fd = fds[0], .events = POLLIN };
    p[1] = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
    CHECK_EQ(poll(p, 2, 0), 1);
    CHECK_EQ(p[0].revents, 0);
    CHECK_EQ(p[1].revents, POLLOUT);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(poll(p, 2, 0), 2);
    CHECK_EQ(p[0].revents, POLLIN);
    close(fds[0]);
    CHECK_EQ(poll(p + 1, 1, 0), 1);
    CHECK_EQ(p[1].revents, POLLOUT | POLLERR);
    close(fds[1]);
    CHECK_OK(pipe(fds));
    close(fds[1]);
    p[0].fd = fds[0];
    CHECK_EQ(poll(p, 1, 0), 1);
    CHECK_EQ(p[0].revents, POLLHUP);
    close(fds[0]);
}

TEST(errors)
{
    CHECK_ERR(syscall(SYS_pipe, bad_pointer()), EFAULT);
    CHECK_ERR(syscall(SYS_pipe2, fds, 1), EINVAL);
}
