/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path_again.c - a path that is walked again after names on it have changed:
 * what an earlier walk found must not be found any more.
 *
 * covers: stat openat rename unlink rmdir symlink mkdir chdir fchdir
 */
#include "check.h"

static int first_of(const char *path)
{
    char c = 0;
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return -errno;
    if (read(fd, &c, 1) != 1)
        c = 0;
    close(fd);
    return c;
}

static void make_tree(const char *top, const char *contents)
{
    char path[64];

    CHECK_OK(mkdir(top, 0755));
    snprintf(path, sizeof(path), "%s/dir", top);
    CHECK_OK(mkdir(path, 0755));
    snprintf(path, sizeof(path), "%s/dir/file", top);
    make_file(path, contents);
}

TEST(a_directory_is_renamed)
{
    make_tree("one", "1");
    CHECK_EQ(first_of("one/dir/file"), '1');
    CHECK_EQ(first_of("one/dir/file"), '1');
    CHECK_EQ(first_of("one/dir/none"), -ENOENT);
    CHECK_OK(rename("one", "uno"));
    CHECK_EQ(first_of("one/dir/file"), -ENOENT);
    CHECK_EQ(first_of("uno/dir/file"), '1');
    make_tree("one", "2");
    CHECK_EQ(first_of("one/dir/file"), '2');
    CHECK_EQ(first_of("uno/dir/file"), '1');
}

TEST(directories_change_places)
{
    CHECK_OK(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "uno", 2));
    CHECK_EQ(first_of("one/dir/file"), '1');
    CHECK_EQ(first_of("uno/dir/file"), '2');
}

TEST(a_directory_becomes_a_symlink_and_a_file)
{
    CHECK_OK(rename("one/dir", "one/other"));
    CHECK_EQ(first_of("one/dir/file"), -ENOENT);
    CHECK_OK(symlink("../uno/dir", "one/dir"));
    CHECK_EQ(first_of("one/dir/file"), '2');
    CHECK_OK(unlink("one/dir"));
    make_file("one/dir", "x");
    CHECK_EQ(first_of("one/dir/file"), -ENOTDIR);
    CHECK_OK(unlink("one/dir"));
    CHECK_OK(symlink("other", "one/dir"));
    CHECK_EQ(first_of("one/dir/file"), '1');
}

TEST(a_new_name_and_one_that_has_gone)
{
    CHECK_EQ(first_of("uno/dir/new"), -ENOENT);
    make_file("uno/dir/new", "n");
    CHECK_EQ(first_of("uno/dir/new"), 'n');
    CHECK_OK(unlink("uno/dir/new"));
    CHECK_EQ(first_of("uno/dir/new"), -ENOENT);
    CHECK_OK(unlink("uno/dir/file"));
    CHECK_OK(rmdir("uno/dir"));
    CHECK_EQ(first_of("uno/dir/new"), -ENOENT);
    CHECK_EQ(open("uno/dir/new", O_CREAT | O_RDWR, 0644), -1);
    CHECK_EQ(errno, ENOENT);
}

TEST(the_same_text_from_elsewhere)
{
    make_tree("left", "l");
    make_tree("right", "r");
    CHECK_OK(chdir("left"));
    CHECK_EQ(first_of("dir/file"), 'l');
    CHECK_OK(chdir("../right"));
    CHECK_EQ(first_of("dir/file"), 'r');
    CHECK_OK(chdir("../left"));
    CHECK_EQ(first_of("dir/file"), 'l');
    CHECK_OK(chdir(".."));
    CHECK_EQ(first_of("left/dir/../../right/dir/file"), 'r');
    CHECK_EQ(first_of("left//dir///file"), 'l');
    CHECK_EQ(first_of("left/./dir/file"), 'l');
    CHECK_EQ(first_of("left/dir/file/"), -ENOTDIR);
    CHECK_EQ(first_of("left/dir/file"), 'l');
}

TEST(names_of_all_lengths)
{
    char path[300] = "left/dir/", *name = path + strlen(path);

    for (unsigned len = 1; len <= 255; len++) {
        memset(name, 'n', len);
        name[len] = '\0';
        make_file(path, "y");
        CHECK_EQ(first_of(path), 'y');
        name[len - 1] = 'm';
        CHECK_EQ(first_of(path), -ENOENT);
        name[len - 1] = 'n';
        CHECK_OK(unlink(path));
    }
    memset(name, 'n', 256);
    name[256] = '\0';
    CHECK_EQ(first_of(path), -ENAMETOOLONG);
}

TEST(who_may_not_search_does_not_find)
{
    if (geteuid() != 0)
        SKIP("only root can become somebody else");
    make_tree("shut", "s");
    CHECK_OK(chmod("shut", 0700));
    CHECK_EQ(first_of("shut/dir/file"), 's');
    CHECK_EQ(first_of("shut/dir/file"), 's');
    syscall(SYS_setfsuid, 1000);
    CHECK_EQ(first_of("shut/dir/file"), -EACCES);
    syscall(SYS_setfsuid, 0);
    CHECK_EQ(first_of("shut/dir/file"), 's');
}
