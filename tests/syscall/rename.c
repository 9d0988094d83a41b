/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rename.c - rename(2), renameat(2), renameat2(2): replacing, directories,
 * exchange, errors.
 *
 * covers: renameat renameat2
 */
#include "check.h"

static int read_first(const char *name)
{
    char c = 0;
    int fd = open(name, O_RDONLY);

    if (fd < 0)
        return -1;
    if (read(fd, &c, 1) != 1)
        c = 0;
    close(fd);
    return c;
}

TEST(moves_and_replaces)
{
    struct stat st, moved;

    make_file("a", "A");
    make_file("b", "B");
    CHECK_OK(stat("a", &st));
    CHECK_OK(rename("a", "c"));
    CHECK_ERR(access("a", F_OK), ENOENT);
    CHECK_OK(stat("c", &moved));
    CHECK_EQ(st.st_ino, moved.st_ino);
    CHECK_OK(rename("c", "b"));
    CHECK_EQ(read_first("b"), 'A');
    CHECK_ERR(access("c", F_OK), ENOENT);
}

TEST(an_open_file_survives_being_replaced)
{
    char c = 0;
    int fd;

    make_file("old", "O");
    make_file("new", "N");
    fd = open("old", O_RDONLY);
    CHECK_OK(rename("new", "old"));
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(c, 'O');
    CHECK_EQ(read_first("old"), 'N');
    close(fd);
}

TEST(the_same_file_twice_changes_nothing)
{
    CHECK_OK(rename("old", "old"));
    CHECK_OK(link("old", "twin"));
    CHECK_OK(rename("old", "twin"));
    CHECK_OK(access("old", F_OK));
    CHECK_OK(access("twin", F_OK));
}

TEST(directories)
{
    CHECK_OK(mkdir("d1", 0755));
    CHECK_OK(mkdir("d2", 0755));
    make_file("d2/x", "X");
    CHECK_ERR(rename("d1", "d2"), ENOTEMPTY);
    CHECK_ERR(rename("d1", "d1/inside"), EINVAL);
    CHECK_ERR(rename("b", "d1"), EISDIR);
    CHECK_ERR(rename("d1", "b"), ENOTDIR);
    CHECK_OK(rename("d2", "d1"));
    CHECK_EQ(read_first("d1/x"), 'X');
    CHECK_ERR(access("d2", F_OK), ENOENT);
    CHECK_OK(mkdir("d1/sub", 0755));
    CHECK_OK(rename("d1/sub", "top"));
    CHECK_OK(access("top/../d1", F_OK));
}

TEST(errors)
{
    CHECK_ERR(rename("missing", "x"), ENOENT);
    CHECK_ERR(rename("b", "missing/x"), ENOENT);
    CHECK_ERR(rename("b", ""), ENOENT);
    CHECK_ERR(rename("b/x", "y"), ENOTDIR);
    CHECK_ERR(rename("b", "y/"), ENOTDIR);
    CHECK_ERR(rename("d1", "d1/."), EBUSY);
    CHECK_ERR(rename(bad_pointer(), "y"), EFAULT);
}

TEST(renameat2_flags)
{
    unsigned noreplace = 1, exchange = 2;

    make_file("p", "P");
    make_file("q", "Q");
    CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "p", AT_FDCWD, "q", noreplace),
              EEXIST);
    CHECK_OK(syscall(SYS_renameat2, AT_FDCWD, "p", AT_FDCWD, "r", noreplace));
    CHECK_OK(syscall(SYS_renameat2, AT_FDCWD, "r", AT_FDCWD, "q", exchange));
    CHECK_EQ(read_first("r"), 'Q');
    CHECK_EQ(read_first("q"), 'P');
    CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "q", AT_FDCWD, "none", exchange),
              ENOENT);
    CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "q", AT_FDCWD, "r",
                      noreplace | exchange),
              EINVAL);
    CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "q", AT_FDCWD, "z", 0x100),
              EINVAL);
}

/* Below /dev lie two file systems. */
TEST(from_shared_memory_into_dev_is_another_file_system)
{
    static const char from[] = "/dev/shm/rename-test";

    CHECK_OK(close(open(from, O_CREAT | O_RDWR, 0600)));
    CHECK_ERR(rename(from, "/dev/null"), EXDEV);
    CHECK_ERR(rename(from, "/dev/rename-test"), EXDEV);
    CHECK_ERR(rename("/dev/null", from), EXDEV);
    CHECK_ERR(link(from, "/dev/rename-test"), EXDEV);
    CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, "/dev/null", 2),
              EXDEV);
    CHECK_OK(unlink(from));
}
