/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched.c - scheduling policies, priorities, affinity, barriers.
 *
 * SCHED_DEADLINE is refused: its promise (admission control over wall time)
 * cannot be kept by a guest whose CPU the host shares out.
 */
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/time_types.h>

#include "core/errno.h"
#include "core/string.h"
#include "mm/user.h"
#include "sched/process.h"
#include "syscall/syscall.h"

#define RLIMIT_NICE_IDX   13
#define RLIMIT_RTPRIO_IDX 14
#define AFFINITY_LEN      8u  /* bytes that Linux's cpumask takes here */
#define ATTR_LEN_MIN      48u /* SCHED_ATTR_SIZE_VER0 */
#define RT_PRIORITY_MAX   99

/* <linux/resource.h> has them, and another struct rlimit64. */
enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

struct sched_request {
    int policy, rt_priority, nice;
    bool has_nice, reset_on_fork;
};

static bool is_realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_fair(int policy)
{
    return policy == SCHED_NORMAL || policy == SCHED_BATCH ||
           policy == SCHED_IDLE;
}

/* Nice levels down to this one are allowed to everybody. */
static bool may_have_nice(const struct thread *t, int nice)
{
    const struct process *p = process_current();
    uint64_t least = p->rlimits[RLIMIT_NICE_IDX].soft;

    return process_has_cap(p, CAP_SYS_NICE) || nice >= t->nice ||
           20 - (int64_t)MIN(least, 40ul) <= nice;
}

static bool may_be_realtime(const struct thread *t,
                            const struct sched_request *r)
{
    const struct process *p = process_current();
    uint64_t most = p->rlimits[RLIMIT_RTPRIO_IDX].soft;

    if (process_has_cap(p, CAP_SYS_NICE) || !is_realtime(r->policy))
        return true;
    return r->rt_priority <= t->rt_priority || (uint64_t)r->rt_priority <= most;
}

static long sched_apply(int tid, const struct sched_request *r)
{
    struct thread *t = tid < 0 ? NULL : thread_find(tid);

    if (tid < 0)
        return -EINVAL;
    if (!t)
        return -ESRCH;
    if (!is_realtime(r->policy) && !is_fair(r->policy))
        return -EINVAL;
    if (is_realtime(r->policy) != (r->rt_priority > 0) || r->rt_priority < 0 ||
        r->rt_priority > RT_PRIORITY_MAX)
        return -EINVAL;
    if (!may_be_realtime(t, r) || (r->has_nice && !may_have_nice(t, r->nice)))
        return -EPERM;
    t->reset_on_fork = r->reset_on_fork;
    if (r->has_nice && is_fair(r->policy))
        thread_set_nice(t, r->nice);
    thread_set_policy(t, r->policy, r->rt_priority);
    return 0;
}

static int param_get(uaddr_t param, int *priority_out)
{
    uint32_t value;

    if (param == 0)
        return -EINVAL;
    if (user_get32(&value, param) != 0)
        return -EFAULT;
    *priority_out = (int)value;
    return 0;
}

long sys_sched_setscheduler(int tid, int policy, uaddr_t param)
{
    struct sched_request r = {
        .policy = policy & ~SCHED_RESET_ON_FORK,
        .reset_on_fork = (policy & SCHED_RESET_ON_FORK) != 0,
    };
    int err;

    if (policy < 0)
        return -EINVAL;
    err = param_get(param, &r.rt_priority);
    return err ? err : sched_apply(tid, &r);
}

long sys_sched_setparam(int tid, uaddr_t param)
{
    struct thread *t = tid < 0 ? NULL : thread_find(tid);
    struct sched_request r = { 0 };
    int err = param_get(param, &r.rt_priority);

    if (err)
        return err;
    if (tid < 0)
        return -EINVAL;
    if (!t)
        return -ESRCH;
    r.policy = t->policy;
    r.reset_on_fork = t->reset_on_fork;
    return sched_apply(tid, &r);
}

static long thread_of(int tid, struct thread **out)
{
    if (tid < 0)
        return -EINVAL;
    *out = thread_find(tid);
    return *out ? 0 : -ESRCH;
}

long sys_sched_getscheduler(int tid)
{
    struct thread *t;
    long err = thread_of(tid, &t);

    if (err)
        return err;
    return t->policy | (t->reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

long sys_sched_getparam(int tid, uaddr_t param_out)
{
    struct thread *t;
    long err = thread_of(tid, &t);

    if (param_out == 0)
        return -EINVAL;
    return err ? err : user_put32(param_out, (uint32_t)t->rt_priority);
}

/* Larger structures of newer programs are fine if the rest is zero. */
static int attr_get(uaddr_t from, struct sched_attr *attr)
{
    uint32_t len;
    uint8_t beyond;

    if (user_get32(&len, from) != 0)
        return -EFAULT;
    if (len == 0)
        len = ATTR_LEN_MIN;
    if (len < ATTR_LEN_MIN || len > PAGE_SIZE)
        return -E2BIG;
    memset(attr, 0, sizeof(*attr));
    if (copy_from_user(attr, from, MIN(len, sizeof(*attr))) != 0)
        return -EFAULT;
    for (size_t i = sizeof(*attr); i < len; i++) {
        if (copy_from_user(&beyond, from + i, 1) != 0)
            return -EFAULT;
        if (beyond)
            return -E2BIG;
    }
    return 0;
}

long sys_sched_setattr(int tid, uaddr_t user_attr, unsigned flags)
{
    uint64_t known = SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_KEEP_POLICY |
                     SCHED_FLAG_KEEP_PARAMS;
    struct sched_request r = { 0 };
    struct sched_attr attr;
    struct thread *t;
    long err;

    if (user_attr == 0 || flags)
        return -EINVAL;
    err = attr_get(user_attr, &attr);
    if (err)
        return err;
    err = thread_of(tid, &t);
    if (err)
        return err;
    if (attr.sched_flags & ~known)
        return -EINVAL;
    r.policy = (int)attr.sched_policy;
    r.rt_priority = (int)attr.sched_priority;
    r.nice = MAX(-20, MIN(19, attr.sched_nice));
    r.has_nice = true;
    r.reset_on_fork = (attr.sched_flags & SCHED_FLAG_RESET_ON_FORK) != 0;
    if (attr.sched_flags & SCHED_FLAG_KEEP_POLICY)
        r.policy = t->policy;
    if (attr.sched_flags & SCHED_FLAG_KEEP_PARAMS) {
        r.rt_priority = t->rt_priority;
        r.nice = t->nice;
    }
    return sched_apply(tid, &r);
}

long sys_sched_getattr(int tid, uaddr_t attr_out, unsigned len, unsigned flags)
{
    struct sched_attr attr = { 0 };
    struct thread *t;
    long err;

    if (attr_out == 0 || flags || len < ATTR_LEN_MIN || len > PAGE_SIZE)
        return -EINVAL;
    err = thread_of(tid, &t);
    if (err)
        return err;
    attr.size = (uint32_t)MIN(len, sizeof(attr));
    attr.sched_policy = (uint32_t)t->policy;
    attr.sched_flags = t->reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
    attr.sched_priority = (uint32_t)t->rt_priority;
    attr.sched_nice = is_fair(t->policy) ? t->nice : 0;
    attr.sched_util_max = 1024;
    return copy_to_user(attr_out, &attr, attr.size);
}

long sys_sched_yield(void)
{
    thread_yield();
    return 0;
}

long sys_sched_get_priority_max(int policy)
{
    if (is_realtime(policy))
        return RT_PRIORITY_MAX;
    return is_fair(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
    if (is_realtime(policy))
        return 1;
    return is_fair(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(int tid, uaddr_t interval_out)
{
    struct __kernel_timespec ts = { 0 };
    struct thread *t;
    long err = thread_of(tid, &t);

    if (err)
        return err;
    ts.tv_nsec = (long long)thread_slice_ns(t);
    return copy_to_user(interval_out, &ts, sizeof(ts));
}

/* ---- nice ---- */

/* Threads that (which, who) names, in the one process there is. */
static bool is_named(const struct process *p, const struct thread *t, int which,
                     int who)
{
    switch (which) {
    case PRIO_PROCESS:
        return t == thread_find(who);
    case PRIO_PGRP:
        return who == 0 || who == p->pgid;
    default:
        return who == 0 || (uint32_t)who == p->uid;
    }
}

long sys_getpriority(int which, int who)
{
    struct process *p = process_current();
    long best = -ESRCH;

    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    LIST_FOR_EACH(it, &p->threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, process_link);

        if (is_named(p, t, which, who))
            best = MAX(best, 20 - t->nice); /* 1..40: no error can be meant */
    }
    return best;
}

long sys_setpriority(int which, int who, int nice)
{
    struct process *p = process_current();
    long result = -ESRCH;

    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    nice = MAX(-20, MIN(19, nice));
    LIST_FOR_EACH(it, &p->threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, process_link);

        if (!is_named(p, t, which, who))
            continue;
        if (!may_have_nice(t, nice)) {
            result = -EACCES;
            continue;
        }
        thread_set_nice(t, nice);
        if (result == -ESRCH)
            result = 0;
    }
    return result;
}

/* ---- one CPU ---- */

static uint64_t all_cpus(void)
{
    return (1ul << arch_cpu_count()) - 1;
}

long sys_sched_setaffinity(int tid, size_t mask_len, uaddr_t mask)
{
    uint64_t wanted = 0;
    struct thread *t;
    long err;

    if (copy_from_user(&wanted, mask, MIN(mask_len, sizeof(wanted))) != 0)
        return -EFAULT;
    err = thread_of(tid, &t);
    if (err)
        return tid < 0 ? -ESRCH : err;
    wanted &= all_cpus();
    if (wanted == 0)
        return -EINVAL;
    return thread_set_affinity(t, wanted);
}

long sys_sched_getaffinity(int tid, size_t mask_len, uaddr_t mask_out)
{
    uint64_t mask;
    struct thread *t;
    long err;

    if (mask_len == 0 || mask_len % sizeof(long) != 0)
        return -EINVAL;
    err = thread_of(tid, &t);
    if (err)
        return tid < 0 ? -ESRCH : err;
    mask = t->affinity;
    if (copy_to_user(mask_out, &mask, AFFINITY_LEN) != 0)
        return -EFAULT;
    return AFFINITY_LEN;
}

/* Every other CPU passes through an interrupt and a full barrier; of_rseq:
 * threads there leave their critical sections as well. */
static void barrier(bool of_rseq)
{
    arch_cpus_stop();
    arch_cpus_resume();
    if (!of_rseq)
        return;
    LIST_FOR_EACH(it, &process_current()->threads)
    thread_resched(LIST_ENTRY(it, struct thread, process_link));
}

#define BARRIER_REGISTERS                                  \
    (MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |            \
     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |           \
     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE | \
     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)
#define BARRIER_PRIVATE                           \
    (MEMBARRIER_CMD_PRIVATE_EXPEDITED |           \
     MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | \
     MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ)
#ifndef MEMBARRIER_CMD_GET_REGISTRATIONS
#define MEMBARRIER_CMD_GET_REGISTRATIONS (1 << 9)
#endif
#define BARRIER_GLOBAL (MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED)

/* For the threads that do not run now their switches were the barriers. */
long sys_membarrier(int command, unsigned flags, int cpu)
{
    struct process *p = process_current();

    if (flags && (command != MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ ||
                  flags != MEMBARRIER_CMD_FLAG_CPU || cpu < 0))
        return -EINVAL;
    if (command == MEMBARRIER_CMD_QUERY)
        return BARRIER_REGISTERS | BARRIER_PRIVATE | BARRIER_GLOBAL |
               MEMBARRIER_CMD_GET_REGISTRATIONS;
    if (command == MEMBARRIER_CMD_GET_REGISTRATIONS)
        return p->membarrier_ready |
               (p->membarrier_ready > MEMBARRIER_CMD_PRIVATE_EXPEDITED
                    ? MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED
                    : 0); /* which the others count as */
    if (command < 0 || (command & (command - 1)))
        return -EINVAL; /* one at a time */
    if (command & BARRIER_GLOBAL) {
        barrier(false);
        return 0;
    }
    if (command & BARRIER_REGISTERS) {
        p->membarrier_ready |= (uint32_t)command;
        return 0;
    }
    if (!(command & BARRIER_PRIVATE))
        return -EINVAL;
    /* Each is registered by the command of the next higher bit. */
    if (!(p->membarrier_ready & (uint32_t)command << 1))
        return -EPERM;
    barrier(command == MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ);
    return 0;
}
