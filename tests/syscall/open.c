/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open.c - open(2), openat(2), creat(2): flags, modes, lookups, errors.
 *
 * covers: openat creat openat2
 */
#include "check.h"

#include <linux/openat2.h>

TEST(creates_with_mode_and_umask)
{
    struct stat st;
    mode_t old = umask(027);
    int fd = open("new", O_CREAT | O_WRONLY, 0777);

    CHECK_OK(fd);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0750);
    CHECK_EQ(st.st_size, 0);
    CHECK_EQ(st.st_nlink, 1);
    umask(old);
    close(fd);
    CHECK_ERR(open("new", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
    fd = creat("made", 0600);
    CHECK_OK(fd);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_ERR(read(fd, &st, 1), EBADF);
    close(fd);
}

TEST(takes_the_lowest_free_descriptor)
{
    int a = open("new", O_RDONLY), b = open("new", O_RDONLY);

    CHECK_EQ(b, a + 1);
    close(a);
    CHECK_EQ(open("new", O_RDONLY), a);
    close(a);
    close(b);
}

TEST(truncates)
{
    struct stat st;
    int fd;

    make_file("t", "content");
    fd = open("t", O_WRONLY | O_TRUNC);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 0);
    close(fd);
}

TEST(missing_and_wrong_kinds)
{
    make_file("plain", "x");
    CHECK_ERR(open("missing", O_RDONLY), ENOENT);
    CHECK_ERR(open("missing/x", O_CREAT | O_RDWR, 0600), ENOENT);
    CHECK_ERR(open("", O_RDONLY), ENOENT);
    CHECK_ERR(open("plain/x", O_RDONLY), ENOTDIR);
    CHECK_ERR(open("plain", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERR(open("plain/", O_RDONLY), ENOTDIR);
    CHECK_ERR(open(".", O_WRONLY), EISDIR);
    CHECK_ERR(open(".", O_RDWR), EISDIR);
    CHECK_ERR(open(".", O_CREAT | O_RDONLY, 0600), EISDIR);
    CHECK_ERR(open("fresh/", O_CREAT | O_RDWR, 0600), EISDIR);
    CHECK_ERR(open(bad_pointer(), O_RDONLY), EFAULT);
}

TEST(names_too_long)
{
    char name[300], path[PATH_MAX + 10];

    memset(name, 'n', sizeof(name));
    name[256] = 0;
    CHECK_ERR(open(name, O_CREAT | O_RDWR, 0600), ENAMETOOLONG);
    name[255] = 0;
    CHECK_OK(close(open(name, O_CREAT | O_RDWR, 0600)));
    CHECK_OK(unlink(name));
    memset(path, '/', sizeof(path));
    path[PATH_MAX + 5] = 0;
    CHECK_ERR(open(path, O_RDONLY), ENAMETOOLONG);
}

TEST(symbolic_links)
{
    char buf[8] = "";
    int fd;

    make_file("target", "T");
    CHECK_OK(symlink("target", "sym"));
    CHECK_OK(symlink("nowhere", "dangling"));
    CHECK_OK(symlink("loop", "loop"));
    fd = open("sym", O_RDONLY);
    CHECK_EQ(read(fd, buf, 8), 1);
    close(fd);
    CHECK_ERR(open("sym", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_ERR(open("dangling", O_RDONLY), ENOENT);
    CHECK_ERR(open("loop", O_RDONLY), ELOOP);
    CHECK_ERR(open("dangling", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
    /* O_CREAT follows a dangling link and makes its target. */
    fd = open("dangling", O_CREAT | O_RDWR, 0600);
    CHECK_OK(fd);
    CHECK_OK(access("nowhere", F_OK));
    close(fd);
    fd = open("sym", O_PATH | O_NOFOLLOW);
    CHECK_OK(fd);
    close(fd);
}

TEST(openat_is_relative_to_the_directory)
{
    int dir, fd, plain;

    CHECK_OK(mkdir("d", 0755));
    dir = open("d", O_RDONLY | O_DIRECTORY);
    fd = openat(dir, "inside", O_CREAT | O_RDWR, 0600);
    CHECK_OK(fd);
    CHECK_OK(access("d/inside", F_OK));
    close(fd);
    plain = open("plain", O_RDONLY);
    CHECK_ERR(openat(plain, "x", O_RDONLY), ENOTDIR);
    CHECK_ERR(openat(-1, "x", O_RDONLY), EBADF);
    CHECK_OK(fd = openat(-1, "/", O_RDONLY)); /* absolute: not looked at */
    close(fd);
    CHECK_OK(fd = openat(dir, "..", O_RDONLY));
    close(fd);
    close(plain);
    close(dir);
}

TEST(temporary_files_have_no_name)
{
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    struct stat st;
    char path[64];

    CHECK_OK(fd);
    CHECK_EQ(write(fd, "tmp", 3), 3);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK_OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 1);
    close(fd);
    CHECK_ERR(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
}

TEST(close_on_exec_is_set_on_request)
{
    int fd = open("plain", O_RDONLY | O_CLOEXEC);

    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    fd = open("plain", O_RDONLY);
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    close(fd);
}

TEST(openat2_resolves_as_told)
{
    struct open_how how = { .flags = O_RDONLY };
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, "plain", &how, sizeof(how));

    if (fd < 0 && errno == ENOSYS)
        SKIP("no openat2 here");
    CHECK_OK(fd);
    close(fd);
    how.resolve = RESOLVE_NO_SYMLINKS;
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "sym", &how, sizeof(how)), ELOOP);
    how.resolve = RESOLVE_BENEATH;
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)), EXDEV);
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "..", &how, sizeof(how)), EXDEV);
    how.resolve = 1u << 30;
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "plain", &how, sizeof(how)),
              EINVAL);
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "plain", &how, 8), EINVAL);
}
