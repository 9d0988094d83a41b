/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write.c - write(2), writev(2), pwrite64(2), pwritev(2): counts, offsets,
 * append mode, errors.
 *
 * covers: writev pwrite64 pwritev
 */
#include "check.h"

#include <sys/uio.h>

static int open_new(int flags)
{
    return open("f", O_CREAT | O_TRUNC | O_RDWR | flags, 0644);
}

TEST(returns_the_count_and_moves_the_offset)
{
    int fd = open_new(0);

    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5);
    CHECK_EQ(write(fd, "", 0), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_END), 5);
    close(fd);
}

TEST(append_writes_at_the_end_wherever_the_offset_is)
{
    int fd = open_new(O_APPEND);
    char buf[8] = "";

    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(write(fd, "def", 3), 3);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
    CHECK_EQ(pread(fd, buf, 8, 0), 6);
    CHECK_STR(buf, "abcdef");
    /* Linux, unlike POSIX: O_APPEND wins over pwrite's offset. */
    CHECK_EQ(pwrite(fd, "X", 1, 0), 1);
    CHECK_EQ(pread(fd, buf, 8, 0), 7);
    CHECK_EQ(buf[6], 'X');
    close(fd);
}

TEST(pwrite_leaves_the_offset_and_fills_a_hole_with_zeros)
{
    int fd = open_new(0);
    char buf[16];

    memset(buf, 1, sizeof(buf));
    CHECK_EQ(pwrite(fd, "end", 3, 10), 3);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(read(fd, buf, sizeof(buf)), 13);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(buf[i], 0);
    CHECK(memcmp(buf + 10, "end", 3) == 0);
    CHECK_ERR(pwrite(fd, "x", 1, -1), EINVAL);
    close(fd);
}

TEST(writev_gathers)
{
    struct iovec v[] = { { "ab", 2 }, { NULL, 0 }, { "cde", 3 } };
    int fd = open_new(0);
    char buf[8] = "";

    CHECK_EQ(writev(fd, v, 3), 5);
    CHECK_EQ(pread(fd, buf, 8, 0), 5);
    CHECK_STR(buf, "abcde");
    CHECK_EQ(writev(fd, v, 0), 0);
    CHECK_ERR(writev(fd, v, -1), EINVAL);
    CHECK_ERR(writev(fd, v, 1025), EINVAL);
    v[0].iov_len = (size_t)-1;
    CHECK_ERR(writev(fd, v, 3), EINVAL);
    close(fd);
}

TEST(pwritev_gathers_at_an_offset)
{
    struct iovec v[] = { { "12", 2 }, { "34", 2 } };
    int fd = open_new(0);
    char buf[8] = "";

    CHECK_EQ(write(fd, "......", 6), 6);
    CHECK_EQ(pwritev(fd, v, 2, 1), 4);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
    CHECK_EQ(pread(fd, buf, 8, 0), 6);
    CHECK_STR(buf, ".1234.");
    close(fd);
}

TEST(bad_descriptors_and_pointers)
{
    int fd = open_new(0);
    int read_only = open("f", O_RDONLY);
    struct iovec bad = { bad_pointer(), 4 };

    CHECK_ERR(write(-1, "x", 1), EBADF);
    CHECK_ERR(write(999, "x", 1), EBADF);
    CHECK_ERR(write(read_only, "x", 1), EBADF);
    CHECK_ERR(writev(read_only, &bad, 1), EBADF);
    CHECK_ERR(pwrite(read_only, "x", 1, 0), EBADF);
    CHECK_ERR(write(fd, bad_pointer(), 4), EFAULT);
    CHECK_ERR(writev(fd, &bad, 1), EFAULT);
    CHECK_ERR(syscall(SYS_writev, fd, bad_pointer(), 1), EFAULT);
    CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
    close(read_only);
    close(fd);
}

TEST(directories_and_pipes_without_reader_refuse)
{
    int dir = open(".", O_RDONLY | O_DIRECTORY);
    int pipes[2];

    CHECK_ERR(write(dir, "x", 1), EBADF);
    CHECK_ERR(pipe(pipes) == 0 ? pwrite(pipes[1], "x", 1, 0) : 0, ESPIPE);
    close(pipes[0]);
    close(pipes[1]);
    close(dir);
}

TEST(a_large_write_is_whole)
{
    size_t len = 3 << 20;
    char *buf = malloc(len), *back = malloc(len);
    int fd = open_new(0);

    for (size_t i = 0; i < len; i++)
        buf[i] = (char)(i * 7 + (i >> 12));
    CHECK_EQ(write(fd, buf, len), len);
    CHECK_EQ(pread(fd, back, len, 0), len);
    CHECK(memcmp(buf, back, len) == 0);
    free(buf);
    free(back);
    close(fd);
}

static void write_a_byte(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    CHECK_OK(fd);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_OK(close(fd));
}

static int64_t modified_ns(const char *path)
{
    struct stat st;

    CHECK_OK(stat(path, &st));
    return st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
}

TEST(what_is_written_later_is_not_older)
{
    for (int i = 0; i < 200; i++) {
        write_a_byte("source");
        write_a_byte("product");
        write_a_byte("source");
        CHECK(modified_ns("source") >= modified_ns("product"));
    }
    CHECK_OK(unlink("source"));
    CHECK_OK(unlink("product"));
}
