/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setxattr.c - extended attributes.
 *
 * covers: lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr
 * covers: llistxattr flistxattr removexattr lremovexattr fremovexattr
 */
#include "check.h"

#include <sys/xattr.h>

#define NAME "trusted.test"

static bool possible(void)
{
    make_file("f", "x");
    return setxattr("f", NAME, "value", 5, 0) == 0;
}

TEST(set_get_list_remove)
{
    char buf[64];
    ssize_t n;
    bool found = false;

    if (!possible())
        SKIP("this file system or user cannot");
    CHECK_EQ(getxattr("f", NAME, buf, sizeof(buf)), 5);
    CHECK(memcmp(buf, "value", 5) == 0);
    CHECK_EQ(getxattr("f", NAME, NULL, 0), 5);
    CHECK_ERR(getxattr("f", NAME, buf, 3), ERANGE);
    n = listxattr("f", buf, sizeof(buf));
    for (ssize_t i = 0; i < n; i += (ssize_t)strlen(buf + i) + 1)
        found = found || strcmp(buf + i, NAME) == 0;
    CHECK(found);
    CHECK_ERR(setxattr("f", NAME, "new", 3, XATTR_CREATE), EEXIST);
    CHECK_OK(setxattr("f", NAME, "new", 3, XATTR_REPLACE));
    CHECK_EQ(getxattr("f", NAME, buf, sizeof(buf)), 3);
    CHECK_OK(removexattr("f", NAME));
    CHECK_ERR(removexattr("f", NAME), ENODATA);
    CHECK_ERR(setxattr("f", NAME, "x", 1, XATTR_REPLACE), ENODATA);
    CHECK_ERR(getxattr("f", NAME, buf, sizeof(buf)), ENODATA);
}

TEST(by_descriptor)
{
    char buf[16];
    int fd = open("f", O_RDWR);

    if (!possible())
        SKIP("this file system or user cannot");
    CHECK_OK(fsetxattr(fd, NAME, "", 0, 0));
    CHECK_EQ(fgetxattr(fd, NAME, buf, sizeof(buf)), 0);
    CHECK(flistxattr(fd, NULL, 0) >= (ssize_t)sizeof(NAME));
    CHECK_OK(fremovexattr(fd, NAME));
    close(fd);
}

TEST(errors)
{
    char buf[16];

    CHECK_ERR(getxattr("missing", NAME, buf, 16), ENOENT);
    CHECK_ERR(getxattr("f", "nonsense", buf, 16), EOPNOTSUPP);
    CHECK_ERR(fgetxattr(-1, NAME, buf, 16), EBADF);
}
