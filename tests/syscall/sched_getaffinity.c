/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched_getaffinity.c - scheduling: policies, priorities, affinity, limits,
 * prctl(2).
 *
 * covers: sched_setaffinity sched_setparam sched_getparam sched_setscheduler
 * covers: sched_getscheduler sched_get_priority_max sched_get_priority_min
 * covers: sched_rr_get_interval sched_getattr sched_setattr getpriority
 * covers: setpriority getrlimit setrlimit prlimit64 prctl arch_prctl
 * covers: ioprio_get ioprio_set membarrier
 */
#include "check.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

TEST(we_may_run_somewhere)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CHECK(syscall(SYS_sched_getaffinity, 0, sizeof(set), &set) > 0);
    CHECK(CPU_COUNT(&set) >= 1);
    CHECK_OK(sched_setaffinity(0, sizeof(set), &set));
    CPU_ZERO(&set);
    CHECK_ERR(sched_setaffinity(0, sizeof(set), &set), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 1, &set), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getaffinity, 999999, sizeof(set), &set), ESRCH);
}

/* Without a second thread, to each CPU and back. */
TEST(an_only_thread_moves)
{
    cpu_set_t all, one;

    CPU_ZERO(&all);
    CHECK(syscall(SYS_sched_getaffinity, 0, sizeof(all), &all) > 0);
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
        unsigned now = CPU_SETSIZE;

        if (!CPU_ISSET(cpu, &all))
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
        CHECK_OK(syscall(SYS_getcpu, &now, NULL, NULL));
        CHECK_EQ(now, (unsigned)cpu);
    }
    CHECK_OK(sched_setaffinity(0, sizeof(all), &all));
}

TEST(policies)
{
    struct sched_param p = { .sched_priority = 5 };
    struct timespec t;

    CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
    CHECK_OK(syscall(SYS_sched_getparam, 0, &p));
    CHECK_EQ(p.sched_priority, 0);
    CHECK_EQ(sched_get_priority_max(SCHED_FIFO), 99);
    CHECK_EQ(sched_get_priority_min(SCHED_RR), 1);
    CHECK_EQ(sched_get_priority_max(SCHED_OTHER), 0);
    CHECK_ERR(sched_get_priority_max(77), EINVAL);
    p.sched_priority = 5;
    CHECK_ERR(syscall(SYS_sched_setparam, 0, &p), EINVAL);
    p.sched_priority = 0;
    CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &p));
    CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH);
    CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
    CHECK_ERR(syscall(SYS_sched_setscheduler, 0, 77, &p), EINVAL);
    CHECK_OK(sched_rr_get_interval(0, &t));
    CHECK_ERR(syscall(SYS_sched_getscheduler, 999999), ESRCH);
    CHECK_ERR(syscall(SYS_sched_getscheduler, -1), EINVAL);
}

TEST(niceness)
{
    errno = 0;
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 100)); /* clamped */
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
    CHECK_ERR(setpriority(77, 0, 0), EINVAL);
    CHECK_ERR(setpriority(PRIO_PROCESS, 999999, 0), ESRCH);
}

TEST(limits)
{
    struct rlimit l, m;

    CHECK_OK(getrlimit(RLIMIT_STACK, &l));
    CHECK(l.rlim_cur > 0 && l.rlim_cur <= l.rlim_max);
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &l));
    CHECK(l.rlim_cur >= 64);
    l.rlim_cur = 64;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &l));
    CHECK_OK(prlimit(0, RLIMIT_NOFILE, NULL, &m));
    CHECK_EQ(m.rlim_cur, 64);
    CHECK_EQ(m.rlim_max, l.rlim_max);
    m.rlim_cur = m.rlim_max + 1;
    if (m.rlim_max != RLIM_INFINITY)
        CHECK_ERR(setrlimit(RLIMIT_NOFILE, &m), EINVAL);
    CHECK_ERR(syscall(SYS_getrlimit, 77, &l), EINVAL);
    CHECK_ERR(syscall(SYS_prlimit64, 999999, RLIMIT_NOFILE, NULL, &l), ESRCH);
    CHECK_OK(getrlimit(RLIMIT_CORE, &l));
    CHECK_OK(getrlimit(RLIMIT_AS, &l));
}

TEST(a_file_size_limit_is_kept)
{
    struct rlimit old, small;
    int fd = open("f", O_CREAT | O_RDWR, 0644);
    char buf[200] = "";

    CHECK_OK(getrlimit(RLIMIT_FSIZE, &old));
    small = (struct rlimit){ 100, old.rlim_max };
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &small));
    CHECK_EQ(write(fd, buf, 200), 100); /* cut short at the limit */
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &old));
    close(fd);
}

TEST(prctl_names_and_flags)
{
    char name[17] = "";

    CHECK_OK(prctl(PR_SET_NAME, "a-name-that-is-too-long"));
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "a-name-that-is-");
    CHECK_OK(prctl(PR_GET_DUMPABLE));
    CHECK_OK(prctl(PR_SET_DUMPABLE, 0));
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
    CHECK_ERR(prctl(PR_SET_DUMPABLE, 9), EINVAL);
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    CHECK_ERR(prctl(99999), EINVAL);
}

TEST(thread_pointer)
{
    unsigned long fs = 0;

    CHECK_OK(syscall(SYS_arch_prctl, 0x1003, &fs)); /* ARCH_GET_FS */
    CHECK(fs != 0);
    CHECK_OK(syscall(SYS_arch_prctl, 0x1002, fs)); /* ARCH_SET_FS */
    CHECK_ERR(syscall(SYS_arch_prctl, 0x1002, ~0ul), EPERM);
    CHECK_ERR(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
}
