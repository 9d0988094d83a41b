/* SPDX-License-Identifier: BSD-2-Clause */
/* file_test.c - reading lines; a file that takes another file's place. */
/* unit: host/file.c host/memory.c host/fault.c */
#include "host/file.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/fault.h"
#include "host/memory.h"
#include "tests/unit.h"

static struct fault fault;

static int put(int fd, void *arg, struct fault *f)
{
    return file_write_all(fd, arg, strlen(arg), "text", f);
}

static int put_half(int fd, void *arg, struct fault *f)
{
    int err = put(fd, arg, f);

    return err ? err : fault_set(f, EIO, "no more");
}

static void holds(const char *path, const char *want)
{
    struct buf b = { 0 };

    CHECK_EQ(file_read_all(path, &b, 100, &fault), 0);
    CHECK_EQ(b.len, strlen(want));
    CHECK(memcmp(b.data, want, b.len) == 0);
    buf_fini(&b);
}

TEST(takes_the_place_when_complete)
{
    char dir[] = "/tmp/file-test.XXXXXX";
    char *path, *pattern;
    struct stat st;
    glob_t found;

    CHECK(mkdtemp(dir));
    path = mem_printf("%s/f", dir);
    pattern = mem_printf("%s/*", dir);
    CHECK_EQ(file_replace(path, 0640, put, "one", &fault), 0);
    holds(path, "one");
    CHECK_EQ(file_replace(path, 0600, put, "two", &fault), 0);
    holds(path, "two");
    CHECK_EQ(stat(path, &st), 0);
    CHECK_EQ(st.st_mode & 07777, 0600);
    CHECK_EQ(file_replace(path, 0644, put_half, "three", &fault), -EIO);
    holds(path, "two");
    CHECK_EQ(glob(pattern, 0, NULL, &found), 0);
    CHECK_EQ(found.gl_pathc, 1); /* nothing is left beside it */
    globfree(&found);
    file_remove_tree(dir);
    free(pattern);
    free(path);
}

TEST(reads_lines)
{
    char dir[] = "/tmp/file-test.XXXXXX";
    struct list lines = { 0 };
    char *path;

    CHECK(mkdtemp(dir));
    path = mem_printf("%s/f", dir);
    CHECK_EQ(file_replace(path, 0600, put, "one\n\nthree", &fault), 0);
    CHECK_EQ(file_read_lines(path, &lines, 100, &fault), 0);
    CHECK_EQ(lines.count, 3);
    CHECK_STR_EQ(lines.item[0], "one");
    CHECK_STR_EQ(lines.item[1], "");
    CHECK_STR_EQ(lines.item[2], "three");
    CHECK_EQ(file_read_lines(path, &lines, 5, &fault), -EFBIG);
    CHECK_EQ(lines.count, 3);
    list_fini(&lines);
    file_remove_tree(dir);
    free(path);
}

TEST(replaces_files_only)
{
    char dir[] = "/tmp/file-test.XXXXXX";
    char *path;
    struct stat st;

    CHECK(mkdtemp(dir));
    path = mem_printf("%s/fifo", dir);
    CHECK_EQ(mkfifo(path, 0600), 0);
    CHECK_EQ(file_replace(path, 0644, put, "x", &fault), -EINVAL);
    CHECK_EQ(lstat(path, &st), 0);
    CHECK(S_ISFIFO(st.st_mode));
    CHECK_EQ(file_replace(dir, 0644, put, "x", &fault), -EINVAL);
    CHECK_EQ(file_replace("/nonexistent/f", 0644, put, "x", &fault), -ENOENT);
    file_remove_tree(dir);
    free(path);
}
