/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stat.c - stat(2), lstat(2), fstat(2), newfstatat(2), statx(2), access(2).
 *
 * covers: lstat fstat newfstatat statx access faccessat faccessat2
 */
#include "check.h"

#include <sys/sysmacros.h>

TEST(a_plain_file)
{
    struct stat st, again;
    int fd;

    make_file("f", "hello");
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0644);
    CHECK_EQ(st.st_size, 5);
    CHECK_EQ(st.st_nlink, 1);
    CHECK_EQ(st.st_uid, geteuid());
    CHECK(st.st_ino != 0);
    CHECK(st.st_blksize >= 512);
    fd = open("f", O_RDONLY);
    CHECK_OK(fstat(fd, &again));
    CHECK_EQ(again.st_ino, st.st_ino);
    CHECK_EQ(again.st_dev, st.st_dev);
    close(fd);
}

TEST(directories_count_their_children)
{
    struct stat st;

    CHECK_OK(mkdir("d", 0700));
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_mode, S_IFDIR | 0700);
    CHECK_EQ(st.st_nlink, 2);
    CHECK_OK(mkdir("d/e", 0700));
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_nlink, 3);
}

TEST(links)
{
    struct stat st;

    CHECK_OK(symlink("f", "s"));
    CHECK_OK(lstat("s", &st));
    CHECK_EQ(st.st_mode, S_IFLNK | 0777);
    CHECK_EQ(st.st_size, 1);
    CHECK_OK(stat("s", &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_OK(link("f", "hard"));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_nlink, 2);
    CHECK_OK(lstat("s/", &st) == -1 && errno == ENOTDIR ? 0 : -1);
}

TEST(devices)
{
    struct stat st;

    CHECK_OK(stat("/dev/null", &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(st.st_rdev, makedev(1, 3));
    CHECK_OK(stat("/dev/zero", &st));
    CHECK_EQ(st.st_rdev, makedev(1, 5));
    CHECK_OK(stat("/dev/urandom", &st));
    CHECK_EQ(st.st_rdev, makedev(1, 9));
}

TEST(relative_to_a_descriptor)
{
    int dir = open("d", O_RDONLY), fd = open("f", O_RDONLY);
    struct stat st;

    CHECK_OK(fstatat(dir, "e", &st, 0));
    CHECK(S_ISDIR(st.st_mode));
    CHECK_OK(fstatat(fd, "", &st, AT_EMPTY_PATH));
    CHECK(S_ISREG(st.st_mode));
    CHECK_ERR(fstatat(fd, "", &st, 0), ENOENT);
    CHECK_ERR(fstatat(fd, "x", &st, 0), ENOTDIR);
    CHECK_ERR(fstatat(dir, "e", &st, 0x80000), EINVAL);
    CHECK_OK(fstatat(AT_FDCWD, "s", &st, AT_SYMLINK_NOFOLLOW));
    CHECK(S_ISLNK(st.st_mode));
    close(dir);
    close(fd);
}

TEST(errors)
{
    struct stat st;

    CHECK_ERR(stat("missing", &st), ENOENT);
    CHECK_ERR(stat("", &st), ENOENT);
    CHECK_ERR(stat("f/x", &st), ENOTDIR);
    CHECK_ERR(fstat(-1, &st), EBADF);
    CHECK_ERR(syscall(SYS_stat, "f", bad_pointer()), EFAULT);
    CHECK_ERR(syscall(SYS_stat, bad_pointer(), &st), EFAULT);
}

#ifdef STATX_BASIC_STATS
TEST(statx_says_what_it_filled)
{
    struct statx x;

    memset(&x, 0, sizeof(x));
    CHECK_OK(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
    CHECK_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
    CHECK_EQ(x.stx_size, 5);
    CHECK_EQ(x.stx_mode, S_IFREG | 0644);
    CHECK_EQ(x.stx_nlink, 2);
    CHECK_ERR(statx(AT_FDCWD, "f", 0, 0x80000000u, &x), EINVAL);
    CHECK_ERR(statx(AT_FDCWD, "missing", 0, STATX_SIZE, &x), ENOENT);
}
#endif

#ifdef STATX_MNT_ID
static unsigned long mount_id(const char *path)
{
    struct statx x;

    CHECK_OK(statx(AT_FDCWD, path, 0, STATX_MNT_ID, &x));
    CHECK(x.stx_mask & STATX_MNT_ID);
    return x.stx_mnt_id;
}

/* The numbers are mountinfo's, whose lines begin with them. */
TEST(statx_tells_mounts_apart)
{
    char line[512], start[32];
    FILE *f = fopen("/proc/self/mountinfo", "r");
    int found = 0;

    CHECK(f != NULL);
    snprintf(start, sizeof(start), "%lu ", mount_id("/proc"));
    while (f && fgets(line, sizeof(line), f))
        found += strncmp(line, start, strlen(start)) == 0 &&
                 strstr(line, " / /proc ");
    CHECK_EQ(found, 1);
    if (f)
        fclose(f);
    CHECK(mount_id("/proc") != mount_id("."));
    CHECK_EQ(mount_id("f"), mount_id("."));
}
#endif

TEST(access_asks_for_rights)
{
    CHECK_OK(access("f", F_OK));
    CHECK_OK(access("f", R_OK | W_OK));
    CHECK_ERR(access("missing", F_OK), ENOENT);
    CHECK_ERR(access("f", 8), EINVAL);
    CHECK_ERR(access("f", X_OK), EACCES); /* root, too: no x bit at all */
    CHECK_OK(access("d", X_OK));
    CHECK_OK(faccessat(AT_FDCWD, "f", R_OK, 0));
    CHECK_ERR(syscall(SYS_faccessat, -1, "f", R_OK), EBADF);
}

TEST(times_follow_changes)
{
    struct stat a, b;
    int fd = open("f", O_RDWR);
    struct timespec pause = { 0, 20 * 1000 * 1000 };

    CHECK_OK(fstat(fd, &a));
    nanosleep(&pause, NULL);
    CHECK_EQ(write(fd, "H", 1), 1);
    CHECK_OK(fstat(fd, &b));
    CHECK(b.st_mtim.tv_sec > a.st_mtim.tv_sec ||
          b.st_mtim.tv_nsec > a.st_mtim.tv_nsec);
    CHECK_EQ(b.st_mtim.tv_nsec, b.st_ctim.tv_nsec);
    a = b;
    nanosleep(&pause, NULL);
    CHECK_OK(fchmod(fd, 0600));
    CHECK_OK(fstat(fd, &b));
    CHECK_EQ(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
    CHECK(a.st_ctim.tv_nsec != b.st_ctim.tv_nsec);
    close(fd);
}
