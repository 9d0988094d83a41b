/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lsetxattr.c - extended attributes by every way to name a file, and errors.
 *
 * covers: lgetxattr llistxattr lremovexattr setxattr getxattr listxattr
 * covers: removexattr fsetxattr fgetxattr flistxattr fremovexattr
 */
#include "check.h"

#include <sys/xattr.h>

TEST(links_are_followed_or_not)
{
    char buf[32] = "";

    make_file("f", "");
    CHECK_OK(symlink("f", "s"));
    if (setxattr("s", "user.a", "value", 5, 0) != 0 && errno == EOPNOTSUPP)
        SKIP("no such attributes on this file system");
    CHECK_EQ(lgetxattr("f", "user.a", buf, sizeof(buf)), 5);
    CHECK_STR(buf, "value");
    /* Only the superuser's kinds may lie on a link. */
    CHECK_ERR(lsetxattr("s", "user.a", "x", 1, 0), EPERM);
    CHECK_ERR(lgetxattr("s", "user.a", buf, sizeof(buf)), ENODATA);
    CHECK_OK(lsetxattr("s", "trusted.t", "x", 1, 0));
    CHECK_EQ(llistxattr("s", buf, sizeof(buf)), 10);
    CHECK_STR(buf, "trusted.t");
    CHECK_ERR(getxattr("s", "trusted.t", buf, sizeof(buf)), ENODATA);
    CHECK_OK(lremovexattr("s", "trusted.t"));
    CHECK_ERR(lremovexattr("s", "trusted.t"), ENODATA);
    CHECK_EQ(llistxattr("s", buf, sizeof(buf)), 0);
    CHECK_OK(removexattr("s", "user.a"));
    CHECK_EQ(listxattr("f", NULL, 0), 0);
}

TEST(by_descriptor)
{
    int fd = open("f", O_RDWR), path = open("f", O_PATH);
    char buf[32] = "";

    CHECK_OK(fsetxattr(fd, "user.b", "12345678", 8, XATTR_CREATE));
    CHECK_ERR(fsetxattr(fd, "user.b", "1", 1, XATTR_CREATE), EEXIST);
    CHECK_OK(fsetxattr(fd, "user.b", "12", 2, XATTR_REPLACE));
    CHECK_ERR(fsetxattr(fd, "user.c", "12", 2, XATTR_REPLACE), ENODATA);
    CHECK_EQ(fgetxattr(fd, "user.b", NULL, 0), 2);
    CHECK_ERR(fgetxattr(fd, "user.b", buf, 1), ERANGE);
    CHECK_EQ(fgetxattr(fd, "user.b", buf, 32), 2);
    CHECK_EQ(flistxattr(fd, NULL, 0), 7);
    CHECK_ERR(flistxattr(fd, buf, 6), ERANGE);
    CHECK_EQ(flistxattr(fd, buf, 7), 7);
    CHECK_STR(buf, "user.b");
    CHECK_ERR(fgetxattr(path, "user.b", buf, 32), EBADF);
    CHECK_ERR(fsetxattr(-1, "user.b", "", 0, 0), EBADF);
    CHECK_OK(fsetxattr(fd, "user.empty", NULL, 0, 0));
    CHECK_EQ(fgetxattr(fd, "user.empty", buf, 32), 0);
    CHECK_OK(fremovexattr(fd, "user.b"));
    CHECK_ERR(fgetxattr(fd, "user.b", buf, 32), ENODATA);
    close(fd);
    close(path);
}

TEST(errors)
{
    static char name[300] = "user.", value[65537];

    memset(name + 5, 'n', 290);
    CHECK_ERR(setxattr("f", "", "v", 1, 0), ERANGE);
    CHECK_ERR(setxattr("f", name, "v", 1, 0), ERANGE);
    CHECK_ERR(setxattr("f", "none", "v", 1, 0), EOPNOTSUPP);
    CHECK_ERR(setxattr("f", "bad.kind", "v", 1, 0), EOPNOTSUPP);
    CHECK_ERR(setxattr("f", "user.", "v", 1, 0), EINVAL);
    CHECK_ERR(setxattr("f", "user.v", value, 65537, 0), E2BIG);
    CHECK_ERR(setxattr("f", "user.v", "v", 1, 4), EINVAL);
    CHECK_ERR(setxattr("f", "user.v", bad_pointer(), 4, 0), EFAULT);
    CHECK_ERR(setxattr("none", "user.v", "v", 1, 0), ENOENT);
    CHECK_ERR(getxattr("f", "user.none", value, 1), ENODATA);
    CHECK_ERR(removexattr("f", "user.none"), ENODATA);
    CHECK_ERR(syscall(SYS_getxattr, "f", bad_pointer(), value, 1), EFAULT);
    CHECK_ERR(syscall(SYS_listxattr, bad_pointer(), value, 1), EFAULT);
}
