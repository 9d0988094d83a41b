/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getpid.c - who we are: process, groups, sessions, users, names, limits.
 *
 * covers: getppid getpgrp getpgid setpgid getsid setsid getuid geteuid getgid
 * covers: getegid getresuid getresgid setuid setgid setreuid setregid
 * covers: setresuid setresgid setfsuid setfsgid getgroups setgroups uname
 * covers: sethostname setdomainname sysinfo personality getcpu capget capset
 */
#include "check.h"

#include <sys/fsuid.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

TEST(process_ids)
{
    CHECK(getpid() > 0);
    CHECK_EQ(getpid(), syscall(SYS_getpid));
    CHECK(getppid() >= 0);
    CHECK(getpgrp() > 0);
    CHECK_EQ(getpgid(0), getpgrp());
    CHECK_EQ(getsid(0), getsid(getpid()));
    CHECK_ERR(getpgid(999999), ESRCH);
    CHECK_ERR(getsid(999999), ESRCH);
    CHECK_ERR(setpgid(-1, 0), EINVAL);
    CHECK_ERR(setpgid(0, -1), EINVAL);
}

TEST(users_and_groups)
{
    uid_t r, e, s;

    CHECK_EQ(getuid(), geteuid());
    CHECK_EQ(getgid(), getegid());
    CHECK_OK(getresuid(&r, &e, &s));
    CHECK(r == getuid() && e == r && s == r);
    CHECK_OK(setresuid(-1, -1, -1));
    CHECK_OK(setreuid(getuid(), -1));
    CHECK_OK(setuid(getuid()));
    CHECK_OK(setgid(getgid()));
    CHECK_EQ(setfsuid(-1), geteuid());
    CHECK_EQ(setfsgid(-1), getegid());
    CHECK_ERR(syscall(SYS_getresuid, bad_pointer(), &e, &s), EFAULT);
}

TEST(supplementary_groups)
{
    gid_t groups[64];
    int n = getgroups(0, NULL);

    CHECK(n >= 0 && n <= 64);
    CHECK_EQ(getgroups(64, groups), n);
    CHECK_ERR(getgroups(-1, groups), EINVAL);
    if (geteuid() != 0)
        SKIP("only root may set them");
    groups[0] = 7;
    groups[1] = 5;
    groups[2] = 70000;
    groups[3] = 6;
    CHECK_OK(syscall(SYS_setgroups, 4, groups));
    memset(groups, 0, sizeof(groups));
    CHECK_EQ(getgroups(64, groups), 4); /* in order */
    CHECK_EQ(groups[0], 5);
    CHECK_EQ(groups[1], 6);
    CHECK_EQ(groups[2], 7);
    CHECK_EQ(groups[3], 70000);
    CHECK_ERR(getgroups(1, groups), EINVAL);
    CHECK_OK(syscall(SYS_setgroups, 0, NULL));
}

TEST(names)
{
    struct utsname u;

    CHECK_OK(uname(&u));
    CHECK_STR(u.sysname, "Linux");
    CHECK_STR(u.machine, "x86_64");
    CHECK(u.release[0] >= '4' && u.release[0] <= '9');
    CHECK(u.nodename[0] != 0);
    CHECK_ERR(syscall(SYS_uname, bad_pointer()), EFAULT);
}

TEST(system_information)
{
    struct sysinfo s;

    CHECK_OK(sysinfo(&s));
    CHECK(s.totalram > 0);
    CHECK(s.freeram <= s.totalram);
    CHECK(s.mem_unit >= 1);
    CHECK(s.procs >= 1);
}

TEST(personality_is_linux)
{
    CHECK_EQ(syscall(SYS_personality, 0xffffffffu), 0);
}

TEST(the_processor_we_run_on)
{
    unsigned cpu = 1000, node = 1000;

    CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
    CHECK(cpu < 1000 && node < 1000);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
}

TEST(becoming_somebody_else)
{
    uid_t r, e, s;

    if (geteuid() != 0)
        SKIP("only root may");
    CHECK_OK(syscall(SYS_setresgid, -1, 1000, -1));
    CHECK_EQ(getegid(), 1000);
    CHECK_OK(syscall(SYS_setresuid, -1, 1000, -1));
    CHECK_EQ(geteuid(), 1000);
    CHECK_EQ(getuid(), 0);
    CHECK_ERR(syscall(SYS_setresuid, -1, 2000, -1), EPERM);
    CHECK_OK(syscall(SYS_setresuid, -1, 0, -1)); /* the saved one is root */
    CHECK_OK(syscall(SYS_setresgid, -1, 0, -1));
    CHECK_OK(getresuid(&r, &e, &s));
    CHECK(r == 0 && e == 0 && s == 0);
}
