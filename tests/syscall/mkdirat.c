/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mkdirat.c - the calls that name a file relative to a directory's descriptor.
 *
 * covers: mknodat symlinkat readlinkat renameat renameat2 unlinkat linkat
 * covers: faccessat2 fchmodat2 fchmodat fchownat newfstatat utimensat openat
 * covers: futimesat
 */
#include "check.h"

#include <sys/sysmacros.h>
#include <sys/time.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static int dir;

TEST(names_are_relative_to_the_descriptor)
{
    char buf[16] = "";
    struct stat st;

    CHECK_OK(mkdir("base", 0755));
    dir = open("base", O_RDONLY | O_DIRECTORY);
    CHECK_OK(dir);
    CHECK_OK(mkdirat(dir, "sub", 0750));
    CHECK_OK(stat("base/sub", &st));
    CHECK_EQ(st.st_mode, S_IFDIR | 0750);
    CHECK_OK(mknodat(dir, "file", S_IFREG | 0640, 0));
    CHECK_OK(mknodat(dir, "fifo", S_IFIFO | 0600, 0));
    CHECK_OK(stat("base/fifo", &st));
    CHECK(S_ISFIFO(st.st_mode));
    CHECK_OK(symlinkat("file", dir, "link"));
    CHECK_EQ(readlinkat(dir, "link", buf, sizeof(buf)), 4);
    CHECK_STR(buf, "file");
    CHECK_EQ(readlinkat(dir, "link", buf, 2), 2);
    CHECK_OK(linkat(dir, "file", dir, "hard", 0));
    CHECK_OK(stat("base/file", &st));
    CHECK_EQ(st.st_nlink, 2);
    CHECK_OK(linkat(dir, "link", dir, "followed", AT_SYMLINK_FOLLOW));
    CHECK_OK(lstat("base/followed", &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_OK(linkat(dir, "link", dir, "link2", 0));
    CHECK_OK(lstat("base/link2", &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_OK(syscall(SYS_renameat, dir, "hard", AT_FDCWD, "moved"));
    CHECK_ERR(fstatat(dir, "hard", &st, 0), ENOENT);
    CHECK_OK(unlinkat(dir, "fifo", 0));
    CHECK_OK(unlinkat(dir, "sub", AT_REMOVEDIR));
}

TEST(errors_of_the_descriptor)
{
    int file = open("base/file", O_RDONLY);
    char buf[8];

    CHECK_ERR(mkdirat(-1, "x", 0700), EBADF);
    CHECK_ERR(mkdirat(file, "x", 0700), ENOTDIR);
    CHECK_ERR(mkdirat(dir, "", 0700), ENOENT);
    CHECK_ERR(mkdirat(dir, "file", 0700), EEXIST);
    CHECK_ERR(mkdirat(dir, "file/x", 0700), ENOTDIR);
    CHECK_ERR(mkdirat(dir, "link", 0700), EEXIST);
    CHECK_ERR(syscall(SYS_mkdirat, dir, bad_pointer(), 0700), EFAULT);
    CHECK_OK(mkdirat(-1, "/dev/../base2", 0700) == 0 ? rmdir("/base2") : 0);
    CHECK_ERR(mknodat(dir, "x", S_IFDIR | 0700, 0), EPERM);
    CHECK_ERR(mknodat(dir, "file", S_IFREG, 0), EEXIST);
    CHECK_ERR(mknodat(dir, "x", 0150000, 0), EINVAL); /* no such kind */
    CHECK_ERR(symlinkat("", dir, "x"), ENOENT);
    CHECK_ERR(symlinkat("x", dir, "file"), EEXIST);
    CHECK_ERR(readlinkat(dir, "file", buf, sizeof(buf)), EINVAL);
    CHECK_ERR(syscall(SYS_readlinkat, dir, "link", buf, 0), EINVAL);
    CHECK_ERR(readlinkat(dir, "none", buf, sizeof(buf)), ENOENT);
    CHECK_ERR(unlinkat(dir, "file", 0x8000), EINVAL);
    CHECK_ERR(unlinkat(dir, "file", AT_REMOVEDIR), ENOTDIR);
    CHECK_ERR(unlinkat(dir, ".", AT_REMOVEDIR), EINVAL);
    CHECK_ERR(unlinkat(dir, "..", AT_REMOVEDIR), ENOTEMPTY);
    CHECK_ERR(linkat(dir, "file", dir, "link", 0), EEXIST);
    CHECK_ERR(linkat(dir, "file", dir, "y", 0x8000), EINVAL);
    CHECK_ERR(linkat(dir, ".", dir, "y", 0), EPERM);
    CHECK_ERR(renameat(dir, "none", dir, "y"), ENOENT);
    CHECK_ERR(renameat(dir, ".", dir, "y"), EBUSY);
    CHECK_ERR(syscall(SYS_renameat2, dir, "file", dir, "y", 8), EINVAL);
    CHECK_ERR(syscall(SYS_renameat2, dir, "file", dir, "link", 1), EEXIST);
    close(file);
}

TEST(access_with_flags)
{
    CHECK_OK(syscall(SYS_faccessat2, dir, "file", R_OK, 0));
    CHECK_OK(syscall(SYS_faccessat2, dir, "file", R_OK, AT_EACCESS));
    CHECK_OK(syscall(SYS_faccessat2, dir, "", F_OK, AT_EMPTY_PATH));
    CHECK_ERR(syscall(SYS_faccessat2, dir, "", F_OK, 0), ENOENT);
    CHECK_ERR(syscall(SYS_faccessat2, dir, "file", 8, 0), EINVAL);
    CHECK_ERR(syscall(SYS_faccessat2, dir, "file", 0, 0x8000), EINVAL);
    CHECK_ERR(syscall(SYS_faccessat2, -1, "file", 0, 0), EBADF);
    CHECK_ERR(syscall(SYS_faccessat2, dir, "none", 0, 0), ENOENT);
    CHECK_OK(symlinkat("nowhere", dir, "dangling"));
    CHECK_ERR(syscall(SYS_faccessat2, dir, "dangling", 0, 0), ENOENT);
    CHECK_OK(
        syscall(SYS_faccessat2, dir, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
}

TEST(modes_with_flags)
{
    struct stat st;

    CHECK_OK(syscall(SYS_fchmodat, dir, "file", 0604));
    CHECK_OK(fstatat(dir, "file", &st, 0));
    CHECK_EQ(st.st_mode & 07777, 0604);
    CHECK_ERR(syscall(SYS_fchmodat2, dir, "link", 0777, AT_SYMLINK_NOFOLLOW),
              EOPNOTSUPP);
    CHECK_OK(syscall(SYS_fchmodat2, dir, "file", 0640, AT_SYMLINK_NOFOLLOW));
    CHECK_OK(syscall(SYS_fchmodat2, dir, "", 0751, AT_EMPTY_PATH));
    CHECK_OK(stat("base", &st));
    CHECK_EQ(st.st_mode & 07777, 0751);
    CHECK_ERR(syscall(SYS_fchmodat2, dir, "file", 0640, 0x8000), EINVAL);
    CHECK_ERR(syscall(SYS_fchownat, dir, "file", -1, -1, 0x8000), EINVAL);
    CHECK_OK(syscall(SYS_fchownat, dir, "file", -1, -1, 0));
    CHECK_OK(syscall(SYS_fchownat, dir, "", -1, -1, AT_EMPTY_PATH));
}

TEST(times_by_the_old_calls)
{
    struct timeval t[2] = { { 1000, 5 }, { 2000, 7 } };
    struct stat st;

    CHECK_OK(syscall(SYS_futimesat, dir, "file", t));
    CHECK_OK(fstatat(dir, "file", &st, 0));
    CHECK_EQ(st.st_atim.tv_sec, 1000);
    CHECK_EQ(st.st_atim.tv_nsec, 5000);
    CHECK_EQ(st.st_mtim.tv_sec, 2000);
    CHECK_OK(syscall(SYS_utimes, "base/file", NULL));
    CHECK_OK(stat("base/file", &st));
    CHECK(st.st_mtim.tv_sec > 2000);
    t[0].tv_usec = 1000000;
    CHECK_ERR(syscall(SYS_futimesat, dir, "file", t), EINVAL);
    CHECK_ERR(syscall(SYS_utimes, "base/file", t), EINVAL);
    CHECK_ERR(syscall(SYS_utimes, "base/none", NULL), ENOENT);
    CHECK_ERR(syscall(SYS_utime, "base/none", NULL), ENOENT);
    CHECK_ERR(syscall(SYS_utime, "base/file", bad_pointer()), EFAULT);
}
