/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getdents64.c - reading directories, through the call and through libc.
 *
 * covers: getdents
 */
#include "check.h"

#include <dirent.h>

#define FILES 300

struct entry {
    uint64_t ino;
    int64_t off;
    uint16_t len;
    uint8_t type;
    char name[];
};

static void fill(void)
{
    char name[32];

    CHECK_OK(mkdir("many", 0755));
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "many/file-%03d", i);
        close(open(name, O_CREAT | O_WRONLY, 0644));
    }
}

TEST(every_name_comes_once)
{
    char buf[1024];
    bool seen[FILES] = { false };
    int dots = 0, others = 0, fd;
    long n;

    fill();
    fd = open("many", O_RDONLY | O_DIRECTORY);
    while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
        for (long at = 0; at < n;) {
            struct entry *e = (struct entry *)(buf + at);
            int i;

            if (sscanf(e->name, "file-%d", &i) == 1) {
                CHECK(!seen[i]);
                CHECK_EQ(e->type, DT_REG);
                seen[i] = true;
            } else {
                dots += e->name[0] == '.';
                others += e->name[0] != '.';
            }
            CHECK_EQ(e->len % 8, 0);
            at += e->len;
        }
    }
    CHECK_EQ(n, 0);
    CHECK_EQ(dots, 2);
    CHECK_EQ(others, 0);
    for (int i = 0; i < FILES; i++)
        CHECK(seen[i]);
    close(fd);
}

TEST(rewind_and_seek)
{
    DIR *d = opendir("many");
    struct dirent *e;
    char name[64];
    long at;

    CHECK(d != NULL);
    for (int i = 0; i < 10; i++)
        CHECK(readdir(d) != NULL);
    at = telldir(d);
    e = readdir(d);
    snprintf(name, sizeof(name), "%.60s", e->d_name);
    CHECK(readdir(d) != NULL);
    seekdir(d, at);
    e = readdir(d);
    CHECK_STR(e->d_name, name);
    rewinddir(d);
    int count = 0;
    while (readdir(d))
        count++;
    CHECK_EQ(count, FILES + 2);
    closedir(d);
}

TEST(removing_while_reading_loses_nothing_else)
{
    DIR *d = opendir("many");
    struct dirent *e;
    int removed = 0;

    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        CHECK_OK(unlinkat(dirfd(d), e->d_name, 0));
        removed++;
    }
    CHECK_EQ(removed, FILES);
    closedir(d);
    CHECK_OK(rmdir("many"));
}

TEST(types_of_entries)
{
    DIR *d;
    struct dirent *e;

    CHECK_OK(mkdir("t", 0755));
    CHECK_OK(mkdir("t/d", 0755));
    CHECK_OK(symlink("x", "t/l"));
    CHECK_OK(mkfifo("t/p", 0644));
    d = opendir("t");
    while ((e = readdir(d)) != NULL) {
        struct stat st;

        CHECK_OK(fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW));
        CHECK_EQ(e->d_type, IFTODT(st.st_mode));
        if (strcmp(e->d_name, "..") != 0)
            CHECK_EQ(e->d_ino, st.st_ino);
    }
    closedir(d);
}

TEST(errors)
{
    int dir = open("t", O_RDONLY), fd = open("f", O_CREAT | O_RDWR, 0600);
    char buf[512];

    CHECK_ERR(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOTDIR);
    CHECK_ERR(syscall(SYS_getdents64, -1, buf, sizeof(buf)), EBADF);
    CHECK_ERR(syscall(SYS_getdents64, dir, buf, 10), EINVAL);
    CHECK_ERR(syscall(SYS_getdents64, dir, bad_pointer(), 512), EFAULT);
    close(fd);
    close(dir);
    dir = open("t", O_RDONLY);
    CHECK_OK(unlink("t/l"));
    CHECK_OK(unlink("t/p"));
    CHECK_OK(rmdir("t/d"));
    CHECK_OK(rmdir("t"));
    CHECK_ERR(syscall(SYS_getdents64, dir, buf, sizeof(buf)), ENOENT);
    close(dir);
}

TEST(the_root_has_the_usual_directories)
{
    CHECK_OK(access("/proc/self", F_OK));
    CHECK_OK(access("/dev/null", F_OK));
    CHECK_OK(access("/sys", F_OK));
}
