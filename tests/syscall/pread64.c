/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pread64.c - reading and writing at an offset, with one buffer or many.
 *
 * covers: pwrite64 preadv pwritev preadv2 pwritev2 readv writev
 */
#include "check.h"

#include <sys/uio.h>

#define RWF_APPEND_BIT 16

static int fresh(const char *text)
{
    int fd;

    make_file("p", text);
    fd = open("p", O_RDWR);
    CHECK_OK(fd);
    return fd;
}

TEST(the_position_stays)
{
    int fd = fresh("0123456789");
    char buf[8] = "";

    CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
    CHECK_EQ(pread(fd, buf, 3, 2), 3);
    CHECK_STR(buf, "234");
    CHECK_EQ(pwrite(fd, "ab", 2, 8), 2);
    CHECK_EQ(pwrite(fd, "c", 1, 12), 1); /* leaves a hole */
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
    CHECK_EQ(pread(fd, buf, 8, 7), 6);
    CHECK(memcmp(buf, "7ab\0\0c", 6) == 0);
    CHECK_EQ(pread(fd, buf, 8, 13), 0);
    CHECK_EQ(pread(fd, buf, 8, 1ll << 40), 0);
    close(fd);
}

TEST(pread_errors)
{
    int fd = fresh("0123"), fds[2], dir = open(".", O_RDONLY);
    int write_only = open("p", O_WRONLY);
    char buf[4];

    CHECK_ERR(pread(fd, buf, 1, -1), EINVAL);
    CHECK_ERR(pwrite(fd, buf, 1, -1), EINVAL);
    CHECK_ERR(pread(-1, buf, 1, 0), EBADF);
    CHECK_ERR(pread(write_only, buf, 1, 0), EBADF);
    CHECK_ERR(pread(fd, bad_pointer(), 4, 0), EFAULT);
    CHECK_ERR(pwrite(fd, bad_pointer(), 4, 0), EFAULT);
    CHECK_ERR(pread(dir, buf, 1, 0), EISDIR);
    CHECK_EQ(pread(fd, bad_pointer(), 0, 0), 0);
    CHECK_OK(pipe(fds));
    CHECK_ERR(pread(fds[0], buf, 1, 0), ESPIPE);
    CHECK_ERR(pwrite(fds[1], buf, 1, 0), ESPIPE);
    close(fds[0]);
    close(fds[1]);
    close(fd);
    close(dir);
    close(write_only);
}

TEST(many_buffers)
{
    int fd = fresh("0123456789");
    char a[3] = "", b[5] = "";
    struct iovec v[3] = { { a, 2 }, { NULL, 0 }, { b, 4 } };

    CHECK_EQ(preadv(fd, v, 3, 1), 6);
    CHECK_STR(a, "12");
    CHECK_STR(b, "3456");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(readv(fd, v, 3), 6);
    CHECK_STR(a, "01");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
    CHECK_EQ(pwritev(fd, v, 3, 4), 6);
    CHECK_EQ(writev(fd, v, 1), 2);
    CHECK_EQ(pread(fd, b, 4, 4), 4);
    CHECK(memcmp(b, "0101", 4) == 0);
    CHECK_EQ(preadv(fd, v, 0, 0), 0);
    close(fd);
}

TEST(vector_errors)
{
    int fd = fresh("0123456789");
    char buf[4];
    struct iovec v[2] = { { buf, 4 }, { bad_pointer(), 4 } };
    static struct iovec many[1025];

    CHECK_EQ(preadv(fd, v, 2, 0), 4); /* what there was before the fault */
    CHECK_ERR(preadv(fd, v + 1, 1, 0), EFAULT);
    CHECK_ERR(syscall(SYS_preadv, fd, v, -1l, 0l, 0l), EINVAL);
    CHECK_ERR(syscall(SYS_preadv, fd, many, 1025, 0, 0), EINVAL);
    CHECK_EQ(syscall(SYS_preadv, fd, many, 1024, 0, 0), 0);
    CHECK_ERR(syscall(SYS_preadv, fd, v, 1, -1l, 0l), EINVAL);
    CHECK_ERR(syscall(SYS_readv, fd, bad_pointer(), 1), EFAULT);
    v[1].iov_len = (size_t)-1;
    CHECK_ERR(preadv(fd, v, 2, 0), EINVAL);
    close(fd);
}

/* The numbered forms: an offset of -1 means the file's position. */
TEST(flags_of_the_second_versions)
{
    int fd = fresh("0123456789");
    char buf[4] = "";
    struct iovec v = { buf, 2 };

    CHECK_EQ(syscall(SYS_preadv2, fd, &v, 1, -1l, 0l, 0), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 2);
    CHECK_EQ(syscall(SYS_preadv2, fd, &v, 1, 5l, 0l, 0), 2);
    CHECK_STR(buf, "56");
    CHECK_ERR(syscall(SYS_preadv2, fd, &v, 1, 0l, 0l, 0x40000000), EOPNOTSUPP);
    CHECK_EQ(syscall(SYS_pwritev2, fd, &v, 1, 0l, 0l, RWF_APPEND_BIT), 2);
    CHECK_EQ(pread(fd, buf, 2, 10), 2);
    CHECK_STR(buf, "56");
    CHECK_EQ(lseek(fd, 0, SEEK_END), 12);
    close(fd);
}
