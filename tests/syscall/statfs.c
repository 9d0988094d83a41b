/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statfs.c - statfs(2), fstatfs(2), and the calls that sync or advise.
 *
 * covers: fstatfs fsync fdatasync sync syncfs sync_file_range fadvise64
 * covers: readahead
 */
#include "check.h"

#include <sys/vfs.h>

TEST(there_is_room)
{
    struct statfs a, b;
    int fd = open(".", O_RDONLY);

    CHECK_OK(statfs(".", &a));
    CHECK(a.f_bsize >= 512);
    CHECK(a.f_namelen >= 255);
    CHECK(a.f_bfree <= a.f_blocks);
    CHECK_OK(fstatfs(fd, &b));
    CHECK_EQ(a.f_type, b.f_type);
    close(fd);
    CHECK_OK(statfs("/proc", &b));
    CHECK_EQ(b.f_type, 0x9fa0);
    CHECK_ERR(statfs("missing", &b), ENOENT);
    CHECK_ERR(fstatfs(-1, &b), EBADF);
    CHECK_ERR(syscall(SYS_statfs, ".", bad_pointer()), EFAULT);
}

TEST(syncing)
{
    int fd = open("f", O_CREAT | O_RDWR, 0644), fds[2];

    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_OK(fsync(fd));
    CHECK_OK(fdatasync(fd));
    CHECK_OK(syncfs(fd));
    CHECK_OK(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
    CHECK_ERR(sync_file_range(fd, 0, 0, 64), EINVAL);
    CHECK_ERR(fsync(-1), EBADF);
    CHECK_OK(pipe(fds));
    CHECK_ERR(fsync(fds[1]), EINVAL);
    close(fds[0]);
    close(fds[1]);
    close(fd);
}

TEST(advice)
{
    int fd = open("f", O_RDWR), fds[2];

    CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
    CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    CHECK_EQ(posix_fadvise(fd, 0, 0, 99), EINVAL);
    CHECK_EQ(posix_fadvise(-1, 0, 0, 0), EBADF);
    CHECK_OK(pipe(fds));
    CHECK_EQ(posix_fadvise(fds[0], 0, 0, 0), ESPIPE);
    close(fds[0]);
    close(fds[1]);
    CHECK_OK(readahead(fd, 0, 4096));
    CHECK_ERR(readahead(-1, 0, 1), EBADF);
    close(fd);
}
