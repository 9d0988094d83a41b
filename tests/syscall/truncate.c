/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truncate.c - truncate(2), ftruncate(2), fallocate(2): growing, shrinking,
 * holes, limits.
 *
 * covers: ftruncate fallocate
 */
#include "check.h"

static off_t size_of(const char *name)
{
    struct stat st;

    return stat(name, &st) == 0 ? st.st_size : -1;
}

TEST(shrinking_forgets_and_growing_gives_zeros)
{
    char buf[8];
    int fd;

    make_file("f", "abcdefgh");
    CHECK_OK(truncate("f", 3));
    CHECK_EQ(size_of("f"), 3);
    CHECK_OK(truncate("f", 8));
    fd = open("f", O_RDWR);
    CHECK_EQ(read(fd, buf, 8), 8);
    CHECK(memcmp(buf, "abc\0\0\0\0\0", 8) == 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8);
    CHECK_OK(ftruncate(fd, 0));
    CHECK_EQ(size_of("f"), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8); /* the offset stays */
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(size_of("f"), 9);
    close(fd);
}

TEST(a_page_cut_in_the_middle_is_zeroed)
{
    char buf[2 * PAGE];
    int fd = open("p", O_CREAT | O_RDWR, 0644);

    memset(buf, 'z', sizeof(buf));
    CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
    CHECK_OK(ftruncate(fd, 100));
    CHECK_OK(ftruncate(fd, sizeof(buf)));
    CHECK_EQ(pread(fd, buf, sizeof(buf), 0), sizeof(buf));
    CHECK_EQ(buf[99], 'z');
    CHECK_EQ(buf[100], 0);
    CHECK_EQ(buf[PAGE], 0);
    CHECK_EQ(buf[2 * PAGE - 1], 0);
    close(fd);
}

TEST(huge_sparse_files_take_no_room)
{
    int fd = open("huge", O_CREAT | O_RDWR, 0644);
    struct stat st;
    char c = 1;

    CHECK_OK(ftruncate(fd, 1ll << 36));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 1ll << 36);
    CHECK_EQ(st.st_blocks, 0);
    CHECK_EQ(pread(fd, &c, 1, (1ll << 36) - 1), 1);
    CHECK_EQ(c, 0);
    close(fd);
    CHECK_OK(unlink("huge"));
}

TEST(truncate_errors)
{
    int fd = open("f", O_RDONLY);

    CHECK_ERR(truncate("f", -1), EINVAL);
    CHECK_ERR(truncate("missing", 0), ENOENT);
    CHECK_ERR(truncate(".", 0), EISDIR);
    CHECK_ERR(ftruncate(fd, 0), EINVAL);
    CHECK_ERR(ftruncate(-1, 0), EBADF);
    close(fd);
}

TEST(fallocate_grows_or_keeps_the_size)
{
    int fd = open("a", O_CREAT | O_RDWR, 0644);
    struct stat st;

    CHECK_OK(fallocate(fd, 0, 0, 3 * PAGE));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 3 * PAGE);
    CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8 * PAGE));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 3 * PAGE);
    close(fd);
}

TEST(fallocate_punches_holes)
{
    char buf[3 * PAGE];
    int fd = open("h", O_CREAT | O_RDWR, 0644);

    memset(buf, 'y', sizeof(buf));
    CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
    CHECK_OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       PAGE - 10, PAGE + 20));
    CHECK_EQ(pread(fd, buf, sizeof(buf), 0), sizeof(buf));
    CHECK_EQ(buf[PAGE - 11], 'y');
    CHECK_EQ(buf[PAGE - 10], 0);
    CHECK_EQ(buf[PAGE + 100], 0);
    CHECK_EQ(buf[2 * PAGE + 9], 0);
    CHECK_EQ(buf[2 * PAGE + 10], 'y');
    CHECK_EQ(lseek(fd, 0, SEEK_HOLE), PAGE);
    CHECK_EQ(lseek(fd, PAGE, SEEK_DATA), 2 * PAGE);
    close(fd);
}

TEST(fallocate_errors)
{
    int fd = open("h", O_RDWR), read_only = open("h", O_RDONLY), fds[2];

    CHECK_ERR(fallocate(fd, 0, 0, 0), EINVAL);
    CHECK_ERR(fallocate(fd, 0, -1, 5), EINVAL);
    CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 5), EOPNOTSUPP);
    CHECK_ERR(fallocate(read_only, 0, 0, 5), EBADF);
    CHECK_OK(pipe(fds));
    CHECK_ERR(fallocate(fds[1], 0, 0, 5), ESPIPE);
    close(fds[0]);
    close(fds[1]);
    close(fd);
    close(read_only);
}

/* What is mapped as the program's code cannot change under it. */
TEST(the_program_that_runs_is_busy)
{
    static const char exe[] = "/proc/self/exe";

    CHECK_ERR(open(exe, O_WRONLY), ETXTBSY);
    CHECK_ERR(open(exe, O_RDWR), ETXTBSY);
    CHECK_ERR(open(exe, O_RDONLY | O_TRUNC), ETXTBSY);
    CHECK_ERR(open(exe, O_RDWR | O_CREAT, 0644), ETXTBSY);
    CHECK_ERR(truncate(exe, 0), ETXTBSY);
    CHECK_OK(close(open(exe, O_RDONLY)));
}
