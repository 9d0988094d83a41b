/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capget.c - the headers of the capability calls, and other small system
 * information: what is checked, whatever the values.
 *
 * covers: capset uname getcpu personality prlimit64 times sysinfo
 * covers: getrlimit setrlimit membarrier
 */
#include "check.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/utsname.h>

TEST(capability_headers)
{
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct d[2];

    CHECK_OK(syscall(SYS_capget, &h, d));
    CHECK_OK(syscall(SYS_capset, &h, d)); /* as they are */
    h.version = 1;
    CHECK_ERR(syscall(SYS_capget, &h, d), EINVAL);
    CHECK_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
    h.version = 1;
    CHECK_OK(syscall(SYS_capget, &h, NULL)); /* asks for the version */
    CHECK_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
    h.pid = -1;
    CHECK_ERR(syscall(SYS_capget, &h, d), EINVAL);
    h.pid = 999999;
    CHECK_ERR(syscall(SYS_capget, &h, d), ESRCH);
    CHECK_ERR(syscall(SYS_capset, &h, d), EPERM);
    CHECK_ERR(syscall(SYS_capget, bad_pointer(), d), EFAULT);
}

TEST(limits)
{
    struct rlimit old, l;

    CHECK_OK(syscall(SYS_getrlimit, RLIMIT_STACK, &old));
    CHECK_ERR(syscall(SYS_getrlimit, 16, &l), EINVAL);
    CHECK_ERR(syscall(SYS_getrlimit, RLIMIT_STACK, bad_pointer()), EFAULT);
    CHECK_ERR(syscall(SYS_setrlimit, 16, &old), EINVAL);
    CHECK_ERR(syscall(SYS_setrlimit, RLIMIT_STACK, bad_pointer()), EFAULT);
    l.rlim_cur = 2;
    l.rlim_max = 1;
    CHECK_ERR(syscall(SYS_setrlimit, RLIMIT_CORE, &l), EINVAL);
    CHECK_OK(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &old));
    l.rlim_cur = 0;
    l.rlim_max = old.rlim_max;
    CHECK_OK(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &l, NULL));
    CHECK_OK(syscall(SYS_prlimit64, getpid(), RLIMIT_CORE, NULL, &l));
    CHECK_EQ(l.rlim_cur, 0);
    CHECK_ERR(syscall(SYS_prlimit64, 999999, RLIMIT_CORE, NULL, &l), ESRCH);
    CHECK_ERR(syscall(SYS_prlimit64, 0, 16, NULL, &l), EINVAL);
}

TEST(small_information)
{
    struct utsname u;
    struct tms t;
    unsigned cpu = 99, node = 99;

    CHECK_OK(uname(&u));
    CHECK_STR(u.sysname, "Linux");
    CHECK_STR(u.machine, "x86_64");
    CHECK(atoi(u.release) >= 4);
    CHECK_ERR(syscall(SYS_uname, bad_pointer()), EFAULT);
    CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
    CHECK(cpu < 4096 && node == 0);
    CHECK_OK(syscall(SYS_getcpu, NULL, NULL, NULL));
    CHECK_ERR(syscall(SYS_getcpu, bad_pointer(), NULL, NULL), EFAULT);
    CHECK_EQ(syscall(SYS_personality, 0xffffffff), 0);
    CHECK(syscall(SYS_times, &t) >= 0);
    CHECK_EQ(t.tms_cutime, 0);
    CHECK(syscall(SYS_times, NULL) >= 0);
    CHECK_ERR(syscall(SYS_sysinfo, bad_pointer()), EFAULT);
    CHECK(syscall(SYS_membarrier, 0, 0, 0) >= 0);
    CHECK_ERR(syscall(SYS_membarrier, 0, 99, 0), EINVAL);
    CHECK_ERR(syscall(SYS_membarrier, 3, 0, 0), EINVAL);
}
