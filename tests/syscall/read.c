/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read.c - read(2), readv(2), pread64(2), preadv(2): counts, end of file,
 * holes, directories, bad arguments.
 *
 * covers: readv pread64 preadv
 */
#include "check.h"

#include <sys/uio.h>

TEST(reads_up_to_the_end)
{
    char buf[16] = "";
    int fd;

    make_file("f", "0123456789");
    fd = open("f", O_RDONLY);
    CHECK_EQ(read(fd, buf, 4), 4);
    CHECK_STR(buf, "0123");
    CHECK_EQ(read(fd, buf, 16), 6);
    CHECK_EQ(read(fd, buf, 16), 0);
    CHECK_EQ(lseek(fd, 100, SEEK_SET), 100);
    CHECK_EQ(read(fd, buf, 16), 0);
    CHECK_EQ(read(fd, buf, 0), 0);
    close(fd);
}

TEST(pread_does_not_move_the_offset)
{
    int fd = open("f", O_RDONLY);
    char buf[16] = "";

    CHECK_EQ(pread(fd, buf, 3, 5), 3);
    CHECK_STR(buf, "567");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(pread(fd, buf, 3, 10), 0);
    CHECK_ERR(pread(fd, buf, 3, -1), EINVAL);
    close(fd);
}

TEST(readv_scatters)
{
    int fd = open("f", O_RDONLY);
    char a[4] = "", b[4] = "", c[8] = "";
    struct iovec v[] = { { a, 3 }, { b, 2 }, { c, 7 } };

    CHECK_EQ(readv(fd, v, 3), 10);
    CHECK_STR(a, "012");
    CHECK_STR(b, "34");
    CHECK_STR(c, "56789");
    CHECK_EQ(readv(fd, v, 3), 0);
    CHECK_EQ(preadv(fd, v, 2, 8), 2);
    CHECK_STR(a, "892");
    CHECK_EQ(readv(fd, v, 0), 0);
    CHECK_ERR(preadv(fd, v, 2, -5), EINVAL);
    close(fd);
}

TEST(bad_descriptors_and_pointers)
{
    int fd = open("f", O_RDONLY);
    int write_only = open("f", O_WRONLY);
    int dir = open(".", O_RDONLY);
    char buf[4];

    CHECK_ERR(read(-1, buf, 4), EBADF);
    CHECK_ERR(read(1000, buf, 4), EBADF);
    CHECK_ERR(read(write_only, buf, 4), EBADF);
    CHECK_ERR(pread(write_only, buf, 4, 0), EBADF);
    CHECK_ERR(read(fd, bad_pointer(), 4), EFAULT);
    CHECK_ERR(read(dir, buf, 4), EISDIR);
    CHECK_ERR(pread(dir, buf, 4, 0), EISDIR);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    close(fd);
    close(dir);
    close(write_only);
}

TEST(o_path_descriptors_cannot_read)
{
    int fd = open("f", O_PATH);
    char buf[4];

    CHECK_OK(fd);
    CHECK_ERR(read(fd, buf, 4), EBADF);
    CHECK_ERR(pread(fd, buf, 4, 0), EBADF);
    close(fd);
}
