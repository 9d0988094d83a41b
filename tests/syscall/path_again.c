/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path_again.c - a path that is walked again after names on it have changed:
 * what an earlier walk found must not be found any more.
 *
 * covers: stat openat rename unlink rmdir symlink mkdir chdir fchdir chroot
 */
#include "check.h"

#include <sys/mman.h>

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

TEST(a_file_is_replaced)
{
    struct stat st;

    make_tree("swap", "o");
    make_file("swap/dir/next", "n");
    CHECK_OK(stat("swap/dir/file", &st));
    CHECK_EQ(first_of("swap/dir/file"), 'o');
    CHECK_OK(rename("swap/dir/next", "swap/dir/file"));
    CHECK_EQ(first_of("swap/dir/file"), 'n');
    CHECK_EQ(first_of("swap/dir/file"), 'n');
    CHECK_OK(unlink("swap/dir/file"));
    CHECK_ERR(stat("swap/dir/file", &st), ENOENT);
    CHECK_OK(mkdir("swap/dir/file", 0755));
    CHECK_OK(stat("swap/dir/file", &st));
    CHECK(S_ISDIR(st.st_mode));
    CHECK_ERR(open("swap/dir/file", O_RDWR), EISDIR);
    CHECK_OK(rmdir("swap/dir/file"));
    CHECK_ERR(open("swap/dir/file", O_RDONLY), ENOENT);
    make_file("swap/dir/target", "t");
    CHECK_OK(symlink("target", "swap/dir/file"));
    CHECK_EQ(first_of("swap/dir/file"), 't');
    CHECK_ERR(open("swap/dir/file", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_OK(lstat("swap/dir/file", &st));
    CHECK(S_ISLNK(st.st_mode));
}

TEST(what_was_found_is_opened_with_all_flags)
{
    const char *path = "swap/dir/target";
    struct stat st;
    int fd;

    CHECK_OK(stat(path, &st));
    CHECK_OK(stat(path, &st));
    CHECK_ERR(open(path, O_CREAT | O_EXCL | O_RDWR, 0644), EEXIST);
    CHECK_ERR(open(path, O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERR(open(path, O_TMPFILE | O_RDWR, 0644), ENOTDIR);
    CHECK_ERR(open("swap/dir/target/", O_RDONLY), ENOTDIR);
    fd = open(path, O_PATH | O_CREAT | O_EXCL);
    CHECK_OK(fd);
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_CREAT | O_EXCL), 0);
    CHECK_ERR(read(fd, &st, 1), EBADF);
    close(fd);
    fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    CHECK_OK(fd);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 0);
    CHECK_EQ(st.st_mode, S_IFREG | 0644);
    close(fd);
    CHECK_OK(chmod(path, 0444));
    CHECK_OK(stat(path, &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0444);
}

TEST(paths_at_the_end_of_memory)
{
    static const char path[] = "swap/dir/target";
    struct stat st;
    char *end = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (end == MAP_FAILED)
        SKIP("no memory");
    end += 4096;
    CHECK_OK(stat(path, &st));
    memcpy(end - sizeof(path), path, sizeof(path));
    memcpy(end - 64, path, sizeof(path));
    CHECK_OK(munmap(end, 4096));
    CHECK_OK(stat(end - sizeof(path), &st));
    CHECK_OK(stat(end - 64, &st));
    memset(end - 7, 'x', 7);
    CHECK_ERR(stat(end - 7, &st), EFAULT);
    CHECK_ERR(stat(end, &st), EFAULT);
    CHECK_ERR(open(end, O_RDONLY), EFAULT);
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

TEST(another_root)
{
    int here = open(".", O_RDONLY), root = open("/", O_RDONLY);

    if (geteuid() != 0)
        SKIP("only root may change it");
    make_tree("cell", "c");
    make_tree("den", "d");
    for (int n = 0; n < 2; n++) {
        CHECK_OK(chroot("cell"));
        CHECK_EQ(first_of("/dir/file"), 'c');
        CHECK_EQ(first_of("/dir/file"), 'c');
        CHECK_OK(chroot("den"));
        CHECK_EQ(first_of("/dir/file"), 'd');
        CHECK_OK(fchdir(root));
        CHECK_OK(chroot("."));
        CHECK_EQ(first_of("/dir/file"), -ENOENT);
        CHECK_OK(fchdir(here));
    }
    close(here);
    close(root);
}
