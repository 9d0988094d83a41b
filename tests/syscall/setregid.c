/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setregid.c - changing ids, as the superuser and after giving that up.
 *
 * covers: setuid setgid setreuid setresuid setresgid getresuid getresgid
 * covers: setfsuid setfsgid getgroups setgroups getegid getgid geteuid getuid
 *
 * Raw calls: the libraries' own change every thread. On a host where the test
 * may not change ids it is skipped.
 */
#include "check.h"

static long set_res(long nr, long r, long e, long s)
{
    return syscall(nr, r, e, s);
}

static bool ids_are(long nr, unsigned r, unsigned e, unsigned s)
{
    unsigned got[3] = { 9, 9, 9 };

    return syscall(nr, &got[0], &got[1], &got[2]) == 0 && got[0] == r &&
           got[1] == e && got[2] == s;
}

TEST(bad_pointers_and_counts)
{
    unsigned id, list[4];

    CHECK_ERR(syscall(SYS_getresuid, bad_pointer(), &id, &id), EFAULT);
    CHECK_ERR(syscall(SYS_getresgid, &id, &id, bad_pointer()), EFAULT);
    CHECK_ERR(syscall(SYS_getgroups, -1, list), EINVAL);
    CHECK_ERR(syscall(SYS_setuid, -1), EINVAL);
    CHECK_ERR(syscall(SYS_setgid, -1), EINVAL);
    CHECK_OK(syscall(SYS_setreuid, -1, -1));
    CHECK_OK(syscall(SYS_setregid, -1, -1));
    CHECK_OK(syscall(SYS_setresuid, -1, -1, -1));
    CHECK_OK(syscall(SYS_setresgid, -1, -1, -1));
    CHECK_EQ(syscall(SYS_setfsuid, -1), geteuid());
    CHECK_EQ(syscall(SYS_setfsgid, -1), getegid());
}

TEST(groups_then_users)
{
    unsigned list[4] = { 5, 9, 7 };

    if (geteuid() != 0 || syscall(SYS_setgroups, 3, list) != 0 ||
        set_res(SYS_setresgid, 10, 11, 12) != 0)
        SKIP("the ids of this process are fixed");
    memset(list, 0, sizeof(list));
    CHECK_EQ(syscall(SYS_getgroups, 0, NULL), 3);
    CHECK_ERR(syscall(SYS_getgroups, 2, list), EINVAL);
    CHECK_EQ(syscall(SYS_getgroups, 4, list), 3);
    CHECK_EQ(list[0] + list[1] + list[2], 21);
    CHECK(ids_are(SYS_getresgid, 10, 11, 12));
    CHECK_EQ(syscall(SYS_getgid), 10);
    CHECK_EQ(syscall(SYS_getegid), 11);
    CHECK_OK(syscall(SYS_setregid, 20, 21)); /* saved becomes effective */
    CHECK(ids_are(SYS_getresgid, 20, 21, 21));
    CHECK_OK(syscall(SYS_setgid, 30));
    CHECK(ids_are(SYS_getresgid, 30, 30, 30));
    CHECK_EQ(syscall(SYS_setfsgid, 31), 30);
    CHECK_EQ(syscall(SYS_setfsgid, -1), 31);
    CHECK_OK(set_res(SYS_setresuid, 100, 101, 102));
    CHECK(ids_are(SYS_getresuid, 100, 101, 102));
    /* No longer the superuser: only what one has may be moved about. */
    CHECK_ERR(set_res(SYS_setresuid, 0, -1, -1), EPERM);
    CHECK_ERR(syscall(SYS_setuid, 7), EPERM);
    CHECK_ERR(syscall(SYS_setgid, 7), EPERM);
    CHECK_ERR(syscall(SYS_setgroups, 0, NULL), EPERM);
    CHECK_ERR(syscall(SYS_setregid, 77, -1), EPERM);
    CHECK_OK(syscall(SYS_setuid, 102)); /* the saved one */
    CHECK(ids_are(SYS_getresuid, 100, 102, 102));
    CHECK_OK(syscall(SYS_setreuid, 102, 100));
    CHECK(ids_are(SYS_getresuid, 102, 100, 100));
    CHECK_ERR(syscall(SYS_setreuid, 55, -1), EPERM);
    CHECK_EQ(syscall(SYS_setfsuid, 55), 100); /* refused, without an error */
    CHECK_EQ(syscall(SYS_setfsuid, -1), 100);
    CHECK_OK(set_res(SYS_setresuid, 100, 100, 100));
    CHECK_ERR(set_res(SYS_setresuid, 102, -1, -1), EPERM);
}
