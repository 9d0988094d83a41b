/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendfile.c - copying inside the kernel; preadv2(2) and pwritev2(2).
 *
 * covers: copy_file_range splice tee vmsplice preadv2 pwritev2
 */
#include "check.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

static int in, out;

static void set_up(void)
{
    make_file("in", "0123456789");
    in = open("in", O_RDONLY);
    out = open("out", O_CREAT | O_TRUNC | O_RDWR, 0644);
}

static void tear_down(void)
{
    close(in);
    close(out);
}

TEST(sendfile_with_and_without_offset)
{
    off_t off = 3;
    char buf[32] = "";

    set_up();
    CHECK_EQ(sendfile(out, in, &off, 4), 4);
    CHECK_EQ(off, 7);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 0);
    CHECK_EQ(sendfile(out, in, NULL, 2), 2);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 2);
    CHECK_EQ(sendfile(out, in, NULL, 100), 8);
    CHECK_EQ(sendfile(out, in, NULL, 100), 0);
    CHECK_EQ(pread(out, buf, 32, 0), 14);
    CHECK_STR(buf, "34560123456789");
    off = -1;
    CHECK_ERR(sendfile(out, in, &off, 1), EINVAL);
    CHECK_ERR(sendfile(in, in, NULL, 1), EBADF);
    CHECK_ERR(sendfile(out, -1, NULL, 1), EBADF);
    tear_down();
}

/* All of a file, from off on in steps, must be what read() gives. */
static void send_in_steps(int from, off_t off, size_t step)
{
    static char sent[140000], was_read[140000];
    ssize_t n = 0, done = 0;
    off_t pos = off;

    out = open("out", O_CREAT | O_TRUNC | O_RDWR, 0644);
    while (done < 65536 && (n = sendfile(out, from, &pos, step)) > 0)
        done += n;
    CHECK(n >= 0);
    CHECK_EQ(pos, off + done);
    CHECK_EQ(pread(out, sent, sizeof(sent), 0), done);
    n = pread(from, was_read, (size_t)done, off);
    CHECK_EQ(n, done);
    CHECK_EQ(memcmp(sent, was_read, (size_t)done), 0);
    close(out);
}

static const struct {
    off_t off;
    size_t step;
} steps[] = { { 0, 70000 },  { 0, 4096 },   { 1, 4095 },    { 4095, 2 },
              { 100, 5000 }, { 8192, 600 }, { 12000, 1000 } };

TEST(sendfile_from_files_of_all_kinds)
{
    int exe = open("/proc/self/exe", O_RDONLY), mixed;

    CHECK_OK(exe);
    mixed = open("mixed", O_CREAT | O_TRUNC | O_RDWR, 0644);
    CHECK_EQ(pwrite(mixed, "begin", 5, 0), 5);
    CHECK_EQ(pwrite(mixed, "middle", 6, 4093), 6);
    CHECK_EQ(pwrite(mixed, "end", 3, 20001), 3);
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        send_in_steps(exe, steps[i].off, steps[i].step);
        send_in_steps(mixed, steps[i].off, steps[i].step);
    }
    CHECK_OK(ftruncate(mixed, 4000));
    send_in_steps(mixed, 0, 70000);
    send_in_steps(mixed, 3999, 4096);
    send_in_steps(mixed, 4000, 4096);
    CHECK_OK(ftruncate(mixed, 5000));
    send_in_steps(mixed, 3000, 4096);
    close(exe);
    close(mixed);
}

TEST(sendfile_into_a_pipe)
{
    char buf[16] = "";
    int fds[2];

    set_up();
    CHECK_OK(pipe(fds));
    CHECK_EQ(sendfile(fds[1], in, NULL, 10), 10);
    CHECK_EQ(read(fds[0], buf, 16), 10);
    CHECK_STR(buf, "0123456789");
    CHECK_ERR(sendfile(out, fds[0], NULL, 1), EINVAL);
    close(fds[0]);
    close(fds[1]);
    tear_down();
}

TEST(copy_file_range_copies)
{
    off_t from = 2, to = 5;
    char buf[16];

    set_up();
    CHECK_EQ(copy_file_range(in, &from, out, &to, 5, 0), 5);
    CHECK_EQ(from, 7);
    CHECK_EQ(to, 10);
    CHECK_EQ(pread(out, buf, 16, 0), 10);
    CHECK(memcmp(buf, "\0\0\0\0\00023456", 10) == 0);
    CHECK_EQ(copy_file_range(in, NULL, out, NULL, 100, 0), 10);
    CHECK_EQ(copy_file_range(in, NULL, out, NULL, 100, 0), 0);
    CHECK_ERR(copy_file_range(in, NULL, out, NULL, 1, 8), EINVAL);
    CHECK_ERR(copy_file_range(in, NULL, in, NULL, 1, 0), EBADF);
    tear_down();
}

#ifdef RWF_APPEND
TEST(preadv2_and_pwritev2)
{
    char a[4] = "";
    struct iovec v = { a, 3 };

    set_up();
    CHECK_EQ(preadv2(in, &v, 1, 4, 0), 3);
    CHECK_STR(a, "456");
    CHECK_EQ(preadv2(in, &v, 1, -1, 0), 3); /* -1: the file's offset */
    CHECK_STR(a, "012");
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 3);
    CHECK_EQ(pwritev2(out, &v, 1, 0, 0), 3);
    CHECK_EQ(pwritev2(out, &v, 1, 0, RWF_APPEND), 3);
    CHECK_EQ(lseek(out, 0, SEEK_END), 6);
    CHECK_ERR(preadv2(in, &v, 1, 0, 0x10000000), EOPNOTSUPP);
    tear_down();
}
#endif

/* What lies behind the end is not copied and overlaps with nothing. */
TEST(copy_file_range_within_a_file)
{
    off_t from = 5, to = 10;
    char buf[32];
    int fd;

    make_file("in", "0123456789");
    fd = open("in", O_RDWR);
    CHECK_EQ(copy_file_range(fd, &from, fd, &to, 100, 0), 5);
    CHECK_EQ(from, 10);
    CHECK_EQ(to, 15);
    CHECK_EQ(pread(fd, buf, 32, 0), 15);
    CHECK(memcmp(buf, "012345678956789", 15) == 0);
    from = 10;
    to = 14; /* one byte of overlap is left */
    CHECK_ERR(copy_file_range(fd, &from, fd, &to, 100, 0), EINVAL);
    from = to = 15;
    CHECK_EQ(copy_file_range(fd, &from, fd, &to, 100, 0), 0);
    from = 100;
    to = 90;
    CHECK_EQ(copy_file_range(fd, &from, fd, &to, 100, 0), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_END), 15);
    close(fd);
}

TEST(sendfile_and_copy_file_range_refuse)
{
    int in, out, p[2], dir = open(".", O_RDONLY);
    off_t off = -1, far = 1000;
    char c;

    make_file("in", "0123456789");
    in = open("in", O_RDWR);
    out = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_OK(pipe(p));
    CHECK_ERR(sendfile(out, in, &off, 1), EINVAL);
    CHECK_EQ(sendfile(out, in, &far, 1), 0);
    CHECK_EQ(far, 1000);
    CHECK_ERR(sendfile(out, dir, NULL, 1), EINVAL);
    CHECK_ERR(sendfile(out, p[0], NULL, 1), EINVAL);
    CHECK_ERR(sendfile(p[1], p[0], NULL, 1), EINVAL);
    CHECK_ERR(sendfile(dir, in, NULL, 1), EBADF);
    CHECK_ERR(sendfile(-1, in, NULL, 1), EBADF);
    CHECK_ERR(sendfile(out, -1, NULL, 1), EBADF);
    CHECK_ERR(sendfile(out, p[1], NULL, 1), EBADF);
    CHECK_ERR(sendfile(out, in, bad_pointer(), 1), EFAULT);
    CHECK_EQ(sendfile(out, in, NULL, 0), 0);
    CHECK_ERR(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL);
    CHECK_ERR(copy_file_range(in, NULL, dir, NULL, 1, 0), EISDIR);
    CHECK_ERR(copy_file_range(dir, NULL, out, NULL, 1, 0), EISDIR);
    CHECK_ERR(copy_file_range(p[0], NULL, out, NULL, 1, 0), EINVAL);
    CHECK_ERR(copy_file_range(in, NULL, in, NULL, 1, 0), EINVAL);
    CHECK_EQ(copy_file_range(in, &far, out, NULL, 1, 0), 0);
    far = 5;
    CHECK_EQ(copy_file_range(in, NULL, in, &far, 5, 0), 5); /* side by side */
    CHECK_EQ(far, 10);
    CHECK_EQ(pread(in, &c, 1, 9), 1);
    CHECK_EQ(c, '4');
    CHECK_OK(fcntl(out, F_SETFL, O_APPEND));
    CHECK_ERR(sendfile(out, in, NULL, 1), EINVAL);
    CHECK_ERR(copy_file_range(in, NULL, out, NULL, 1, 0), EBADF);
    close(p[0]);
    close(p[1]);
    close(dir);
    close(in);
    close(out);
}
