/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chmod.c - modes, owners, times, special files.
 *
 * covers: fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes
 * covers: futimesat utimensat mknod mknodat
 */
#include "check.h"

#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

static mode_t mode_of(const char *name)
{
    struct stat st;

    return lstat(name, &st) == 0 ? st.st_mode & 07777 : 0;
}

TEST(modes)
{
    int fd;

    make_file("f", "x");
    CHECK_OK(chmod("f", 0741));
    CHECK_EQ(mode_of("f"), 0741);
    fd = open("f", O_RDONLY);
    CHECK_OK(fchmod(fd, 04755));
    CHECK_EQ(mode_of("f"), 04755);
    CHECK_OK(fchmodat(AT_FDCWD, "f", 0600, 0));
    CHECK_EQ(mode_of("f"), 0600);
    CHECK_OK(symlink("f", "s"));
    CHECK_OK(chmod("s", 0640)); /* follows */
    CHECK_EQ(mode_of("f"), 0640);
    CHECK_ERR(chmod("missing", 0600), ENOENT);
    CHECK_ERR(chmod("f/x", 0600), ENOTDIR);
    CHECK_ERR(fchmod(-1, 0600), EBADF);
    close(fd);
}

TEST(owners)
{
    struct stat st;
    int fd = open("f", O_RDONLY);

    CHECK_OK(chown("f", -1, -1));
    CHECK_OK(fchown(fd, getuid(), getgid()));
    CHECK_OK(lchown("s", -1, -1));
    close(fd);
    if (geteuid() != 0)
        SKIP("only root gives files away");
    CHECK_OK(chmod("f", 06755));
    CHECK_OK(chown("f", 12, 34));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_uid, 12);
    CHECK_EQ(st.st_gid, 34);
    CHECK_EQ(st.st_mode & 07777, 0755); /* giving away ends set-id */
    CHECK_OK(fchownat(AT_FDCWD, "s", 5, 6, AT_SYMLINK_NOFOLLOW));
    CHECK_OK(lstat("s", &st));
    CHECK_EQ(st.st_uid, 5);
    CHECK_OK(stat("s", &st));
    CHECK_EQ(st.st_uid, 12);
    CHECK_OK(chown("f", 0, 0));
}

TEST(times_to_the_nanosecond)
{
    struct timespec t[2] = { { 1000, 123456789 }, { 2000, 987654321 } };
    struct stat st;

    CHECK_OK(utimensat(AT_FDCWD, "f", t, 0));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_atim.tv_sec, 1000);
    CHECK_EQ(st.st_atim.tv_nsec, 123456789);
    CHECK_EQ(st.st_mtim.tv_sec, 2000);
    CHECK_EQ(st.st_mtim.tv_nsec, 987654321);
    t[0].tv_nsec = UTIME_OMIT;
    t[1].tv_nsec = UTIME_NOW;
    CHECK_OK(utimensat(AT_FDCWD, "f", t, 0));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_atim.tv_sec, 1000);
    CHECK(st.st_mtim.tv_sec > 1700000000);
    t[0].tv_nsec = 1000000000;
    CHECK_ERR(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
    CHECK_ERR(utimensat(AT_FDCWD, "missing", NULL, 0), ENOENT);
}

TEST(older_ways_to_set_times)
{
    struct utimbuf u = { 11, 22 };
    struct timeval v[2] = { { 33, 5 }, { 44, 6 } };
    struct stat st;

    CHECK_OK(utime("f", &u));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_atime == 11 && st.st_mtime == 22);
    CHECK_OK(utimes("f", v));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_atime == 33 && st.st_mtim.tv_nsec == 6000);
    CHECK_OK(lutimes("s", v));
    CHECK_OK(syscall(SYS_futimesat, AT_FDCWD, "f", NULL));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_mtime > 1700000000);
}

TEST(fifos_and_plain_nodes)
{
    struct stat st;

    CHECK_OK(mkfifo("p", 0640));
    CHECK_OK(stat("p", &st));
    CHECK_EQ(st.st_mode, S_IFIFO | 0640);
    CHECK_OK(mknod("plain", S_IFREG | 0600, 0));
    CHECK_OK(stat("plain", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0600);
    CHECK_ERR(mkfifo("p", 0600), EEXIST);
    CHECK_ERR(mknod("dir", S_IFDIR | 0700, 0), EPERM);
}

TEST(a_fifo_carries_bytes)
{
    char buf[4] = "";
    int in = open("p", O_RDONLY | O_NONBLOCK);
    int out = open("p", O_WRONLY | O_NONBLOCK);

    CHECK_OK(in);
    CHECK_OK(out);
    CHECK_EQ(write(out, "abc", 3), 3);
    CHECK_EQ(read(in, buf, 4), 3);
    CHECK_STR(buf, "abc");
    close(in);
    CHECK_EQ(close(out), 0);
    CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
}
