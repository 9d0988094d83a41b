/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits.c - getrlimit(2) and its kin, getrusage(2), times(2).
 */
#include <asm/resource.h>
#include <linux/capability.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/file.h"
#include "mm/space.h"
#include "process/timers.h"
#include "sched/process.h"
#include "syscall/syscall.h"
#include "time/clock.h"
#include "time/timespec.h"

/* For struct rusage; its struct rlimit64 has our name with other members. */
#define rlimit64 linux_rlimit64
#include <linux/resource.h>
#undef rlimit64

#define TIMES_HZ 100u

static int limit_set(unsigned which, const struct rlimit64 *new_limit)
{
    struct process *p = process_current();

    if (new_limit->soft > new_limit->hard)
        return -EINVAL;
    if (which == RLIMIT_NOFILE && new_limit->hard > FD_MAX)
        return -EPERM;
    if (new_limit->hard > p->rlimits[which].hard &&
        !process_has_cap(p, CAP_SYS_RESOURCE))
        return -EPERM;
    p->rlimits[which] = *new_limit;
    if (which == RLIMIT_STACK)
        space_set_stack_limit(p->space, new_limit->soft);
    else if (which == RLIMIT_DATA)
        space_set_data_limit(p->space, new_limit->soft);
    return which == RLIMIT_CPU ? process_cpu_limit_set() : 0;
}

long sys_prlimit64(int pid, unsigned which, uaddr_t new_limit, uaddr_t old)
{
    struct rlimit64 limit, before;
    int err = 0;

    if (which >= RLIMIT_COUNT)
        return -EINVAL;
    if (pid != 0 && pid != process_current()->pid && !thread_find(pid))
        return -ESRCH;
    if (new_limit && copy_from_user(&limit, new_limit, sizeof(limit)) != 0)
        return -EFAULT;
    before = process_current()->rlimits[which];
    if (new_limit)
        err = limit_set(which, &limit);
    if (!err && old)
        err = copy_to_user(old, &before, sizeof(before));
    return err;
}

long sys_getrlimit(unsigned which, uaddr_t out)
{
    if (which >= RLIMIT_COUNT)
        return -EINVAL;
    return copy_to_user(out, &process_current()->rlimits[which],
                        sizeof(struct rlimit64));
}

long sys_setrlimit(unsigned which, uaddr_t limit)
{
    struct rlimit64 copy;

    if (which >= RLIMIT_COUNT)
        return -EINVAL;
    if (copy_from_user(&copy, limit, sizeof(copy)) != 0)
        return -EFAULT;
    return limit_set(which, &copy);
}

long sys_getrusage(int who, uaddr_t out)
{
    struct process *p = process_current();
    struct cpu_times times;
    struct space_stat s;
    struct rusage r;

    memset(&r, 0, sizeof(r));
    if (who != RUSAGE_SELF && who != RUSAGE_THREAD && who != RUSAGE_CHILDREN)
        return -EINVAL;
    if (who != RUSAGE_CHILDREN) { /* there never were any */
        space_stat(p->space, &s);
        times = who == RUSAGE_SELF ? process_times(p)
                                   : thread_times(thread_current());
        r.ru_utime = timeval_of_ns(times.user_ns);
        r.ru_stime = timeval_of_ns(times.system_ns);
        r.ru_maxrss = (long)(s.peak_resident_pages * (PAGE_SIZE / 1024));
        r.ru_minflt = (long)p->minor_faults;
        r.ru_majflt = (long)p->major_faults;
        r.ru_nvcsw = (long)thread_current()->switch_count;
    }
    return copy_to_user(out, &r, sizeof(r));
}

long sys_times(uaddr_t out)
{
    uint64_t ns_per_tick = NS_PER_SEC / TIMES_HZ;
    struct cpu_times times = process_times(process_current());
    uint64_t tms[4] = { times.user_ns / ns_per_tick,
                        times.system_ns / ns_per_tick };

    if (out && copy_to_user(out, tms, sizeof(tms)) != 0)
        return -EFAULT;
    return (long)(clock_mono_ns() / ns_per_tick);
}
