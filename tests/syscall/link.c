/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.c - link(2), linkat(2), symlink(2), readlink(2), unlink(2), rmdir(2),
 * mkdir(2) and their *at forms.
 *
 * covers: linkat symlink symlinkat readlink readlinkat unlink unlinkat rmdir
 * covers: mkdir mkdirat
 */
#include "check.h"

TEST(hard_links_are_one_file)
{
    struct stat a, b;

    make_file("a", "A");
    CHECK_OK(link("a", "b"));
    CHECK_OK(stat("a", &a));
    CHECK_OK(stat("b", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_EQ(b.st_nlink, 2);
    CHECK_OK(unlink("a"));
    CHECK_OK(stat("b", &b));
    CHECK_EQ(b.st_nlink, 1);
    CHECK_ERR(link("b", "b"), EEXIST);
    CHECK_ERR(link("missing", "x"), ENOENT);
    CHECK_OK(mkdir("dir", 0755));
    CHECK_ERR(link("dir", "x"), EPERM);
}

TEST(link_does_not_follow_unless_told)
{
    struct stat st;

    CHECK_OK(symlink("b", "s"));
    CHECK_OK(link("s", "s2"));
    CHECK_OK(lstat("s2", &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_OK(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
    CHECK_OK(lstat("s3", &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_ERR(linkat(AT_FDCWD, "s", AT_FDCWD, "s4", 0x10000), EINVAL);
}

TEST(readlink_does_not_terminate)
{
    char buf[8];

    memset(buf, '#', sizeof(buf));
    CHECK_EQ(readlink("s", buf, sizeof(buf)), 1);
    CHECK_EQ(buf[0], 'b');
    CHECK_EQ(buf[1], '#');
    CHECK_OK(symlink("0123456789", "long"));
    CHECK_EQ(readlink("long", buf, 4), 4);
    CHECK_ERR(syscall(SYS_readlink, "long", buf, 0), EINVAL);
    CHECK_ERR(readlink("b", buf, 8), EINVAL);
    CHECK_ERR(readlink("missing", buf, 8), ENOENT);
    CHECK_ERR(syscall(SYS_readlink, "long", bad_pointer(), 8), EFAULT);
}

TEST(symlink_errors)
{
    CHECK_ERR(symlink("x", "b"), EEXIST);
    CHECK_ERR(symlink("", "empty"), ENOENT);
    CHECK_ERR(symlink("x", "missing/y"), ENOENT);
}

TEST(chains_of_links_end)
{
    char from[8], to[8];

    make_file("l0", "end");
    for (int i = 0; i < 41; i++) {
        snprintf(from, sizeof(from), "l%d", i);
        snprintf(to, sizeof(to), "l%d", i + 1);
        CHECK_OK(symlink(from, to));
    }
    CHECK_OK(access("l40", F_OK)); /* 40 links are followed */
    CHECK_ERR(access("l41", F_OK), ELOOP);
}

TEST(an_unlinked_open_file_lives_on)
{
    struct stat st;
    char buf[8] = "";
    int fd;

    make_file("gone", "still");
    fd = open("gone", O_RDWR);
    CHECK_OK(unlink("gone"));
    CHECK_ERR(access("gone", F_OK), ENOENT);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_EQ(read(fd, buf, 8), 5);
    CHECK_EQ(write(fd, "more", 4), 4);
    make_file("gone", "other");
    CHECK_EQ(pread(fd, buf, 8, 0), 8);
    close(fd);
}

TEST(unlink_errors)
{
    CHECK_ERR(unlink("missing"), ENOENT);
    CHECK_ERR(unlink("dir"), EISDIR);
    CHECK_ERR(unlink("b/x"), ENOTDIR);
    CHECK_ERR(unlinkat(AT_FDCWD, "b", AT_REMOVEDIR), ENOTDIR);
    CHECK_ERR(unlinkat(AT_FDCWD, "b", 1), EINVAL);
    CHECK_ERR(unlink(""), ENOENT);
}

TEST(mkdir_and_rmdir)
{
    struct stat st;
    int fd;

    CHECK_OK(mkdir("m", 0777));
    CHECK_OK(stat("m", &st));
    CHECK_EQ(st.st_mode, S_IFDIR | 0755);
    CHECK_ERR(mkdir("m", 0777), EEXIST);
    CHECK_ERR(mkdir("b", 0777), EEXIST);
    CHECK_ERR(mkdir("missing/m", 0777), ENOENT);
    CHECK_ERR(mkdir("b/m", 0777), ENOTDIR);
    CHECK_OK(mkdir("m/n/", 0700));
    CHECK_ERR(rmdir("m"), ENOTEMPTY);
    CHECK_ERR(rmdir("m/n/."), EINVAL);
    CHECK_ERR(rmdir("m/n/.."), ENOTEMPTY);
    CHECK_ERR(rmdir("b"), ENOTDIR);
    CHECK_ERR(rmdir("missing"), ENOENT);
    CHECK_ERR(rmdir("/"), EBUSY);
    fd = open("m/n", O_RDONLY);
    CHECK_OK(rmdir("m/n"));
    CHECK_ERR(openat(fd, "x", O_CREAT | O_RDWR, 0600), ENOENT);
    close(fd);
    CHECK_OK(unlinkat(AT_FDCWD, "m", AT_REMOVEDIR));
}
