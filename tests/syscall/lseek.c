/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lseek.c - lseek(2): the five origins, holes and data, what cannot seek.
 */
#include "check.h"

TEST(the_three_classic_origins)
{
    int fd = open("f", O_CREAT | O_RDWR, 0644);

    CHECK_EQ(write(fd, "0123456789", 10), 10);
    CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
    CHECK_EQ(lseek(fd, 2, SEEK_CUR), 5);
    CHECK_EQ(lseek(fd, -5, SEEK_CUR), 0);
    CHECK_EQ(lseek(fd, -1, SEEK_END), 9);
    CHECK_EQ(lseek(fd, 5, SEEK_END), 15);
    CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERR(lseek(fd, -100, SEEK_END), EINVAL);
    CHECK_ERR(lseek(fd, 0, 99), EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 15);
    close(fd);
}

TEST(far_offsets_wrap_nowhere)
{
    int fd = open("f", O_RDWR);

    CHECK_EQ(lseek(fd, 1ll << 40, SEEK_SET), 1ll << 40);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 1ll << 40);
    CHECK_ERR(lseek(fd, LLONG_MAX, SEEK_CUR), EINVAL);
    close(fd);
}

TEST(holes_and_data)
{
    int fd = open("sparse", O_CREAT | O_RDWR, 0644);

    CHECK_EQ(pwrite(fd, "x", 1, 1 << 20), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_DATA), 1 << 20);
    CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
    CHECK_EQ(lseek(fd, 1 << 20, SEEK_DATA), 1 << 20);
    CHECK_EQ(lseek(fd, 1 << 20, SEEK_HOLE), (1 << 20) + 1);
    CHECK_ERR(lseek(fd, (1 << 20) + 1, SEEK_DATA), ENXIO);
    CHECK_ERR(lseek(fd, (1 << 20) + 1, SEEK_HOLE), ENXIO);
    CHECK_ERR(lseek(fd, 1 << 21, SEEK_HOLE), ENXIO);
    close(fd);
}

TEST(pipes_cannot_seek)
{
    int fds[2];

    CHECK_OK(pipe(fds));
    CHECK_ERR(lseek(fds[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERR(lseek(fds[1], 0, SEEK_CUR), ESPIPE);
    close(fds[0]);
    close(fds[1]);
    CHECK_ERR(lseek(fds[0], 0, SEEK_SET), EBADF);
}

TEST(duplicates_share_the_offset_openings_do_not)
{
    int a = open("f", O_RDONLY), b = dup(a), c = open("f", O_RDONLY);

    CHECK_EQ(lseek(a, 7, SEEK_SET), 7);
    CHECK_EQ(lseek(b, 0, SEEK_CUR), 7);
    CHECK_EQ(lseek(c, 0, SEEK_CUR), 0);
    close(a);
    close(b);
    close(c);
}
