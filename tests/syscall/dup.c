/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dup.c - dup(2), dup2(2), dup3(2), close(2), close_range(2), and the
 * descriptor side of fcntl(2).
 *
 * covers: dup2 dup3 close close_range
 */
#include "check.h"

#include <sys/resource.h>

TEST(duplicates_share_one_opening)
{
    int fd, copy;
    char buf[8] = "";

    make_file("f", "012345");
    fd = open("f", O_RDONLY | O_CLOEXEC);
    copy = dup(fd);
    CHECK_EQ(copy, fd + 1);
    CHECK_EQ(fcntl(copy, F_GETFD), 0); /* not close-on-exec */
    CHECK_EQ(read(fd, buf, 2), 2);
    CHECK_EQ(read(copy, buf, 2), 2);
    CHECK_STR(buf, "23");
    close(fd);
    CHECK_EQ(read(copy, buf, 2), 2);
    CHECK_STR(buf, "45");
    close(copy);
}

TEST(dup2_replaces)
{
    int a = open("f", O_RDONLY), b = open("f", O_WRONLY);

    CHECK_EQ(dup2(a, b), b);
    CHECK_EQ(fcntl(b, F_GETFL) & O_ACCMODE, O_RDONLY);
    CHECK_EQ(dup2(a, a), a);
    CHECK_EQ(dup2(a, 100), 100);
    CHECK_OK(close(100));
    CHECK_ERR(dup2(99, 98), EBADF);
    CHECK_ERR(dup2(99, 99), EBADF);
    CHECK_ERR(dup2(a, -1), EBADF);
    CHECK_ERR(dup2(a, 1 << 30), EBADF);
    close(a);
    close(b);
}

TEST(dup3_takes_a_flag)
{
    int fd = open("f", O_RDONLY);

    CHECK_EQ(dup3(fd, 50, O_CLOEXEC), 50);
    CHECK_EQ(fcntl(50, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(dup3(fd, fd, 0), EINVAL);
    CHECK_ERR(syscall(SYS_dup3, fd, 51, O_APPEND), EINVAL);
    close(50);
    close(fd);
}

TEST(fcntl_duplicates_from_a_minimum)
{
    int fd = open("f", O_RDONLY);

    CHECK_EQ(fcntl(fd, F_DUPFD, 70), 70);
    CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 70), 71);
    CHECK_EQ(fcntl(71, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(fcntl(fd, F_DUPFD, -1), EINVAL);
    CHECK_ERR(fcntl(fd, F_DUPFD, 1 << 30), EINVAL);
    close(70);
    close(71);
    close(fd);
}

TEST(closing)
{
    int fd = open("f", O_RDONLY);

    CHECK_OK(close(fd));
    CHECK_ERR(close(fd), EBADF);
    CHECK_ERR(close(-1), EBADF);
    CHECK_ERR(dup(fd), EBADF);
}

TEST(close_range_closes_a_range)
{
    int fd = open("f", O_RDONLY);

    for (int i = 60; i < 70; i++)
        CHECK_EQ(dup2(fd, i), i);
    if (syscall(SYS_close_range, 62, 65, 0) != 0 && errno == ENOSYS)
        SKIP("no close_range here");
    CHECK_OK(fcntl(61, F_GETFD));
    CHECK_ERR(fcntl(62, F_GETFD), EBADF);
    CHECK_ERR(fcntl(65, F_GETFD), EBADF);
    CHECK_EQ(fcntl(66, F_GETFD), 0);
    CHECK_OK(syscall(SYS_close_range, 60, ~0u, 4)); /* CLOEXEC */
    CHECK_EQ(fcntl(66, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(syscall(SYS_close_range, 70, 60, 0), EINVAL);
    CHECK_ERR(syscall(SYS_close_range, 60, 70, 64), EINVAL);
    CHECK_OK(syscall(SYS_close_range, 60, ~0u, 0));
    close(fd);
}

TEST(the_limit_can_be_reached)
{
    struct rlimit old, all;
    int last;

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &old));
    all = old;
    if (all.rlim_max > 1 << 20)
        all.rlim_max = 1 << 20; /* Linux's nr_open, unless it was changed */
    all.rlim_cur = all.rlim_max;
    all.rlim_max = old.rlim_max;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &all));
    last = (int)all.rlim_cur - 1;
    CHECK_EQ(fcntl(0, F_DUPFD, last), last);
    CHECK_ERR(fcntl(0, F_DUPFD, last), EMFILE);
    CHECK_EQ(fcntl(last, F_GETFD), 0);
    close(last);
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &old));
}

TEST(the_limit_of_descriptors)
{
    struct rlimit old, tight = { 20, 20 };
    int fd = 0, last = -1;

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &old));
    tight.rlim_max = old.rlim_max;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &tight));
    while ((fd = open("f", O_RDONLY)) >= 0)
        last = fd;
    CHECK_ERR(fd, EMFILE);
    CHECK_EQ(last, 19);
    CHECK_ERR(dup(0), EMFILE);
    CHECK_ERR(dup2(0, 20), EBADF);
    CHECK_ERR(fcntl(0, F_DUPFD, 20), EINVAL);
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &old));
    for (fd = 3; fd < 20; fd++)
        close(fd);
}
