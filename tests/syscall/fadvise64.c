/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fadvise64.c - advice and flushing: little to do, all of it checked.
 *
 * covers: readahead sync_file_range sync syncfs fsync fdatasync getdents
 */
#include "check.h"

static int file, dir, fds[2];

TEST(what_succeeds)
{
    make_file("f", "hello");
    CHECK_OK(mkdir("d", 0755));
    file = open("f", O_RDWR);
    dir = open("d", O_RDONLY);
    CHECK_OK(pipe(fds));
    for (int advice = 0; advice <= 5; advice++)
        CHECK_OK(syscall(SYS_fadvise64, file, 0l, 0l, advice));
    CHECK_OK(syscall(SYS_fadvise64, file, 1l << 40, 5l, 0));
    CHECK_OK(syscall(SYS_readahead, file, 0l, 4096l));
    CHECK_OK(syscall(SYS_sync_file_range, file, 0l, 0l, 7));
    CHECK_OK(fsync(file));
    CHECK_OK(fdatasync(file));
    CHECK_OK(fsync(dir));
    CHECK_OK(syncfs(file));
    CHECK_OK(syncfs(dir));
    CHECK_OK(syscall(SYS_sync));
}

TEST(what_is_refused)
{
    int path = open("f", O_PATH);

    CHECK_ERR(syscall(SYS_fadvise64, file, 0l, 0l, 6), EINVAL);
    CHECK_ERR(syscall(SYS_fadvise64, file, 0l, -1l, 0), EINVAL);
    CHECK_ERR(syscall(SYS_fadvise64, -1, 0l, 0l, 0), EBADF);
    CHECK_ERR(syscall(SYS_fadvise64, path, 0l, 0l, 0), EBADF);
    CHECK_ERR(syscall(SYS_fadvise64, fds[0], 0l, 0l, 0), ESPIPE);
    CHECK_ERR(syscall(SYS_readahead, fds[0], 0l, 10l), EINVAL);
    CHECK_ERR(syscall(SYS_readahead, -1, 0l, 10l), EBADF);
    CHECK_ERR(syscall(SYS_readahead, dir, 0l, 10l), EINVAL);
    CHECK_ERR(syscall(SYS_sync_file_range, file, -1l, 0l, 7), EINVAL);
    CHECK_ERR(syscall(SYS_sync_file_range, file, 0l, -1l, 7), EINVAL);
    CHECK_ERR(syscall(SYS_sync_file_range, file, 0l, 0l, 8), EINVAL);
    CHECK_ERR(syscall(SYS_sync_file_range, fds[0], 0l, 0l, 7), ESPIPE);
    CHECK_ERR(syscall(SYS_sync_file_range, -1, 0l, 0l, 7), EBADF);
    CHECK_ERR(fsync(fds[0]), EINVAL);
    CHECK_ERR(fdatasync(fds[0]), EINVAL);
    CHECK_ERR(fsync(path), EBADF);
    CHECK_ERR(fsync(-1), EBADF);
    CHECK_ERR(syncfs(-1), EBADF);
    CHECK_ERR(syncfs(path), EBADF);
    close(path);
}

struct old_dirent {
    unsigned long ino, next;
    unsigned short len;
    char name[];
};

/* The old call: the kind of file is the last byte of each record. */
TEST(the_old_getdents)
{
    char buf[1024] __attribute__((aligned(8)));
    unsigned names = 0, files = 0;
    long n;

    make_file("d/a", "");
    CHECK_OK(mkdir("d/b", 0755));
    n = syscall(SYS_getdents, dir, buf, sizeof(buf));
    CHECK(n > 0);
    for (long at = 0; at < n;) {
        struct old_dirent *e = (void *)(buf + at);

        names++;
        files += buf[at + e->len - 1] == 8; /* DT_REG */
        CHECK(e->ino != 0);
        at += e->len;
    }
    CHECK_EQ(names, 4);
    CHECK_EQ(files, 1);
    CHECK_EQ(syscall(SYS_getdents, dir, buf, sizeof(buf)), 0);
    CHECK_EQ(lseek(dir, 0, SEEK_SET), 0);
    CHECK_ERR(syscall(SYS_getdents, dir, buf, 8), EINVAL);
    CHECK_ERR(syscall(SYS_getdents, dir, bad_pointer(), 1024), EFAULT);
    CHECK_ERR(syscall(SYS_getdents, file, buf, sizeof(buf)), ENOTDIR);
    CHECK_ERR(syscall(SYS_getdents, -1, buf, sizeof(buf)), EBADF);
}

TEST(a_directory_that_is_gone)
{
    char buf[64];

    CHECK_OK(unlink("d/a"));
    CHECK_OK(rmdir("d/b"));
    CHECK_OK(rmdir("d"));
    CHECK_ERR(syscall(SYS_getdents, dir, buf, sizeof(buf)), ENOENT);
    CHECK_ERR(openat(dir, "x", O_CREAT | O_WRONLY, 0600), ENOENT);
    CHECK_ERR(mkdirat(dir, "x", 0700), ENOENT);
}
