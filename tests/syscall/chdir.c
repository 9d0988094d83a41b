/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chdir.c - chdir(2), fchdir(2), getcwd(2), umask(2), chroot(2).
 *
 * covers: fchdir getcwd umask chroot
 */
#include "check.h"

TEST(the_working_directory_follows)
{
    char start[PATH_MAX], now[PATH_MAX], want[PATH_MAX + 8];
    int fd;

    CHECK(getcwd(start, sizeof(start)) != NULL);
    CHECK_EQ(start[0], '/');
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("a/b", 0755));
    fd = open(".", O_RDONLY | O_DIRECTORY);
    CHECK_OK(chdir("a/b"));
    CHECK(getcwd(now, sizeof(now)) != NULL);
    snprintf(want, sizeof(want), "%s/a/b", start);
    CHECK_STR(now, want);
    make_file("here", "x");
    CHECK_OK(chdir(".."));
    CHECK_OK(access("b/here", F_OK));
    CHECK_OK(fchdir(fd));
    CHECK(getcwd(now, sizeof(now)) != NULL);
    CHECK_STR(now, start);
    close(fd);
}

TEST(the_call_counts_the_terminator)
{
    char buf[PATH_MAX];
    long n = syscall(SYS_getcwd, buf, sizeof(buf));

    CHECK_EQ(n, strlen(buf) + 1);
    CHECK_ERR(syscall(SYS_getcwd, buf, 2), ERANGE);
    CHECK_ERR(syscall(SYS_getcwd, bad_pointer(), 4096), EFAULT);
}

TEST(through_links_to_the_real_place)
{
    char now[PATH_MAX];

    CHECK_OK(symlink("a/b", "s"));
    CHECK_OK(chdir("s"));
    CHECK(getcwd(now, sizeof(now)) != NULL);
    CHECK_STR(strrchr(now, '/'), "/b");
    CHECK_OK(chdir("../.."));
}

TEST(a_removed_directory)
{
    char now[PATH_MAX];
    int home = open(".", O_RDONLY);

    CHECK_OK(mkdir("gone", 0755));
    CHECK_OK(chdir("gone"));
    CHECK_OK(rmdir("../gone"));
    CHECK_ERR(syscall(SYS_getcwd, now, sizeof(now)), ENOENT);
    CHECK_ERR(open("x", O_CREAT | O_RDWR, 0600), ENOENT);
    CHECK_OK(fchdir(home));
    close(home);
}

TEST(errors)
{
    int fd;

    make_file("f", "x");
    fd = open("f", O_RDONLY);
    CHECK_ERR(chdir("f"), ENOTDIR);
    CHECK_ERR(chdir("missing"), ENOENT);
    CHECK_ERR(chdir(""), ENOENT);
    CHECK_ERR(fchdir(fd), ENOTDIR);
    CHECK_ERR(fchdir(-1), EBADF);
    CHECK_ERR(chroot("missing"), geteuid() == 0 ? ENOENT : ENOENT);
    close(fd);
}

TEST(umask_gives_the_old_one)
{
    mode_t old = umask(0177);
    struct stat st;
    int fd = open("masked", O_CREAT | O_RDWR, 0777);

    CHECK_EQ(old, 022);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode & 07777, 0600);
    CHECK_EQ(umask(old), 0177);
    close(fd);
}
