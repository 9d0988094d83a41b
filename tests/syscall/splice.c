/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splice.c - splice(2), tee(2), vmsplice(2): what moves, what stays, who waits.
 *
 * covers: tee vmsplice
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static int a[2], b[2], file;
static char buf[200000];

static void open_all(int flags)
{
    CHECK_OK(pipe2(a, flags));
    CHECK_OK(pipe2(b, flags));
    file = open("bytes", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_OK(file);
}

static void close_all(void)
{
    close(a[0]);
    close(a[1]);
    close(b[0]);
    close(b[1]);
    close(file);
}

static int held(int fd)
{
    int n = -1;

    CHECK_OK(ioctl(fd, FIONREAD, &n));
    return n;
}

TEST(from_a_file_into_a_pipe)
{
    loff_t off = 3;

    open_all(0);
    CHECK_EQ(write(file, "0123456789", 10), 10);
    CHECK_EQ(splice(file, &off, a[1], NULL, 4, 0), 4);
    CHECK_EQ(off, 7);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 10);
    CHECK_EQ(splice(file, NULL, a[1], NULL, 4, 0), 0); /* the end */
    CHECK_EQ(lseek(file, 8, SEEK_SET), 8);
    CHECK_EQ(splice(file, NULL, a[1], NULL, 100, SPLICE_F_MOVE), 2);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 10);
    CHECK_EQ(read(a[0], buf, 100), 6);
    CHECK_EQ(memcmp(buf, "345689", 6), 0);
    close_all();
}

TEST(only_what_fits)
{
    open_all(0);
    memset(buf, 'x', sizeof(buf));
    CHECK_EQ(write(file, buf, 150000), 150000);
    CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
    CHECK_EQ(splice(file, NULL, a[1], NULL, 150000, 0), 65536);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 65536);
    CHECK_ERR(splice(file, NULL, a[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_EQ(read(a[0], buf, 8192), 8192);
    CHECK_EQ(sendfile(a[1], file, NULL, 150000), 8192);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 65536 + 8192);
    CHECK_OK(fcntl(a[1], F_SETFL, O_NONBLOCK));
    CHECK_ERR(sendfile(a[1], file, NULL, 1), EAGAIN);
    CHECK_ERR(splice(file, NULL, a[1], NULL, 1, 0), EAGAIN);
    close_all();
}

TEST(from_a_pipe_into_a_file)
{
    loff_t off = 2;

    open_all(0);
    CHECK_EQ(write(a[1], "abcdef", 6), 6);
    CHECK_EQ(splice(a[0], NULL, file, &off, 4, 0), 4);
    CHECK_EQ(off, 6);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 0);
    CHECK_EQ(splice(a[0], NULL, file, NULL, 100, 0), 2);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 2);
    CHECK_EQ(pread(file, buf, 10, 0), 6);
    CHECK_EQ(memcmp(buf, "efabcd", 6), 0);
    CHECK_ERR(splice(a[0], NULL, file, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    close(a[1]);
    CHECK_EQ(splice(a[0], NULL, file, NULL, 1, 0), 0);
    a[1] = -1;
    close_all();
}

TEST(what_is_not_taken_stays)
{
    int full = open("/dev/full", O_WRONLY);

    open_all(0);
    CHECK_EQ(write(a[1], "abcdef", 6), 6);
    if (full >= 0) {
        CHECK(splice(a[0], NULL, full, NULL, 6, 0) < 0);
        close(full);
    }
    CHECK_EQ(held(a[0]), 6);
    close_all();
}

TEST(between_pipes)
{
    open_all(0);
    CHECK_EQ(write(a[1], "abcdef", 6), 6);
    CHECK_EQ(splice(a[0], NULL, b[1], NULL, 2, 0), 2);
    CHECK_EQ(held(a[0]), 4);
    CHECK_EQ(write(a[1], "gh", 2), 2); /* beside bytes that are shared */
    CHECK_EQ(write(b[1], "XY", 2), 2);
    CHECK_EQ(splice(a[0], NULL, b[1], NULL, 100, 0), 6);
    CHECK_EQ(held(a[0]), 0);
    CHECK_EQ(read(b[0], buf, 100), 10);
    CHECK_EQ(memcmp(buf, "abXYcdefgh", 10), 0);
    CHECK_ERR(splice(a[0], NULL, a[1], NULL, 1, 0), EINVAL);
    CHECK_ERR(splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    close_all();
}

TEST(a_tee_leaves_the_bytes)
{
    open_all(0);
    CHECK_EQ(write(a[1], "abcdef", 6), 6);
    CHECK_EQ(tee(a[0], b[1], 4, 0), 4);
    CHECK_EQ(tee(a[0], b[1], 100, 0), 6);
    CHECK_EQ(write(b[1], "!", 1), 1);
    CHECK_EQ(write(a[1], "?", 1), 1);
    CHECK_EQ(read(b[0], buf, 100), 11);
    CHECK_EQ(memcmp(buf, "abcdabcdef!", 11), 0);
    CHECK_EQ(read(a[0], buf, 100), 7);
    CHECK_EQ(memcmp(buf, "abcdef?", 7), 0);
    CHECK_ERR(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERR(tee(a[0], a[1], 1, 0), EINVAL);
    CHECK_ERR(tee(a[0], file, 1, 0), EINVAL);
    CHECK_ERR(tee(file, b[1], 1, 0), EINVAL);
    CHECK_ERR(tee(a[1], b[1], 1, 0), EBADF);
    CHECK_ERR(tee(a[0], b[0], 1, 0), EBADF);
    CHECK_ERR(tee(-1, b[1], 1, 0), EBADF);
    CHECK_ERR(tee(a[0], b[1], 1, 16), EINVAL);
    CHECK_EQ(tee(a[0], b[1], 0, 0), 0);
    close(a[1]);
    a[1] = -1;
    CHECK_EQ(tee(a[0], b[1], 1, 0), 0);
    close_all();
}

TEST(a_tee_of_a_full_pipe)
{
    open_all(O_NONBLOCK);
    while (write(a[1], buf, 4096) > 0)
        continue;
    CHECK_EQ(tee(a[0], b[1], SIZE_MAX / 4, 0), 65536);
    CHECK_ERR(tee(a[0], b[1], 1, 0), EAGAIN);
    CHECK_EQ(read(a[0], buf, 65536), 65536);
    CHECK_EQ(held(b[0]), 65536);
    close_all();
}

TEST(memory_into_a_pipe_and_out)
{
    struct iovec v[2] = { { "abc", 3 }, { "defg", 4 } };

    open_all(0);
    CHECK_EQ(vmsplice(a[1], v, 2, 0), 7);
    v[0].iov_base = buf;
    v[0].iov_len = 5;
    CHECK_EQ(vmsplice(a[0], v, 1, 0), 5);
    CHECK_EQ(memcmp(buf, "abcde", 5), 0);
    CHECK_EQ(held(a[0]), 2);
    v[0].iov_len = 2;
    CHECK_EQ(vmsplice(a[0], v, 1, 0), 2);
    CHECK_ERR(vmsplice(a[0], v, 1, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERR(vmsplice(file, v, 1, 0), EBADF);
    CHECK_ERR(vmsplice(-1, v, 1, 0), EBADF);
    CHECK_ERR(vmsplice(a[1], v, 1, 16), EINVAL);
    CHECK_ERR(vmsplice(a[1], bad_pointer(), 1, 0), EFAULT);
    CHECK_EQ(vmsplice(a[1], v, 0, 0), 0);
    v[0].iov_base = memset(buf, 'm', sizeof(buf));
    v[0].iov_len = sizeof(buf);
    CHECK(vmsplice(a[1], v, 1, 0) <= 65536); /* what fits, no waiting */
    CHECK_ERR(vmsplice(a[1], v, 1, SPLICE_F_NONBLOCK), EAGAIN);
    close_all();
}

TEST(wrong_arguments)
{
    loff_t off = 0, negative = -1;

    open_all(0);
    CHECK_EQ(splice(-1, NULL, a[1], NULL, 0, 0), 0);
    CHECK_ERR(splice(file, NULL, a[1], NULL, 1, 16), EINVAL);
    CHECK_ERR(splice(file, NULL, file, NULL, 1, 0), EINVAL);
    CHECK_ERR(splice(-1, NULL, a[1], NULL, 1, 0), EBADF);
    CHECK_ERR(splice(file, NULL, -1, NULL, 1, 0), EBADF);
    CHECK_ERR(splice(file, NULL, a[0], NULL, 1, 0), EBADF);
    CHECK_ERR(splice(a[1], NULL, file, NULL, 1, 0), EBADF);
    CHECK_ERR(splice(a[0], &off, file, NULL, 1, 0), ESPIPE);
    CHECK_ERR(splice(file, NULL, a[1], &off, 1, 0), ESPIPE);
    CHECK_ERR(splice(a[0], &off, b[1], NULL, 1, 0), ESPIPE);
    CHECK_ERR(splice(file, bad_pointer(), a[1], NULL, 1, 0), EFAULT);
    CHECK_ERR(splice(file, &negative, a[1], NULL, 1, 0), EINVAL);
    CHECK_EQ(write(a[1], "x", 1), 1);
    CHECK_OK(fcntl(file, F_SETFL, O_APPEND));
    CHECK_ERR(splice(a[0], NULL, file, NULL, 1, 0), EINVAL);
    CHECK_EQ(held(a[0]), 1);
    close_all();
}

static volatile int pipe_signals;

static void on_pipe(int signo)
{
    (void)signo;
    pipe_signals++;
}

TEST(without_readers)
{
    struct sigaction sa = { .sa_handler = on_pipe }, old;
    struct iovec v = { "x", 1 };

    open_all(0);
    CHECK_EQ(write(file, "0123", 4), 4);
    CHECK_EQ(write(a[1], "x", 1), 1);
    CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
    close(b[0]);
    b[0] = -1;
    CHECK_OK(sigaction(SIGPIPE, &sa, &old));
    CHECK_ERR(splice(file, NULL, b[1], NULL, 1, 0), EPIPE);
    CHECK_ERR(splice(a[0], NULL, b[1], NULL, 1, 0), EPIPE);
    CHECK_ERR(tee(a[0], b[1], 1, 0), EPIPE);
    CHECK_ERR(vmsplice(b[1], &v, 1, 0), EPIPE);
    CHECK_EQ(pipe_signals, 4);
    CHECK_EQ(held(a[0]), 1);
    CHECK_OK(sigaction(SIGPIPE, &old, NULL));
    close_all();
}

static volatile long result;

static void *moves(void *arg)
{
    (void)arg;
    result = splice(a[0], NULL, b[1], NULL, 100, 0);
    return NULL;
}

TEST(waiting_for_bytes)
{
    pthread_t id;

    open_all(0);
    result = -1;
    pthread_create(&id, NULL, moves, NULL);
    usleep(20000);
    CHECK_EQ(write(a[1], "late", 4), 4);
    pthread_join(id, NULL);
    CHECK_EQ(result, 4);
    CHECK_EQ(read(b[0], buf, 100), 4);
    close_all();
}
