/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prctl.c - prctl(2): the options that make sense for one process.
 *
 * Unknown ones give EINVAL, as from a Linux that is older or built without.
 */
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

#include "core/errno.h"
#include "core/string.h"
#include "mm/space.h"
#include "mm/user.h"
#include "process/signal.h"
#include "sched/process.h"
#include "syscall/syscall.h"

#define SECUREBITS_ALL      (SECURE_ALL_BITS | SECURE_ALL_LOCKS)
#define NAME_LEN            16u
#define TIMER_SLACK_DEFAULT 50000u

static long set_name(uaddr_t user)
{
    char name[NAME_LEN] = { 0 };
    ssize_t len = user_string(name, user, NAME_LEN);

    if (len == -EFAULT)
        return -EFAULT;
    name[NAME_LEN - 1] = '\0'; /* a longer one is cut */
    memcpy(thread_current()->name, name, NAME_LEN);
    return 0;
}

static long get_name(uaddr_t user)
{
    char name[NAME_LEN] = { 0 };

    strlcpy(name, thread_current()->name, NAME_LEN);
    return copy_to_user(user, name, NAME_LEN);
}

static long set_bool(bool *value, uint64_t arg, bool rest)
{
    if (arg > 1 || rest)
        return -EINVAL;
    *value = arg;
    return 0;
}

static long death_signal(int option, uint64_t arg)
{
    struct process *p = process_current();

    if (option == PR_GET_PDEATHSIG)
        return user_put32(arg, (uint32_t)p->death_signal);
    if (arg > SIGNAL_COUNT)
        return -EINVAL;
    p->death_signal = (int)arg;
    return 0;
}

static long timer_slack(int option, uint64_t arg)
{
    struct process *p = process_current();

    if (option == PR_GET_TIMERSLACK)
        return (long)(p->timer_slack_ns ? p->timer_slack_ns
                                        : TIMER_SLACK_DEFAULT);
    p->timer_slack_ns = (int64_t)arg <= 0 ? 0 : arg;
    return 0;
}

static long capability(int option, uint64_t a2, uint64_t a3, bool rest)
{
    struct process *p = process_current();
    bool is_valid = a2 <= CAP_LAST_CAP;

    switch (option) {
    case PR_CAPBSET_READ:
        return is_valid ? !(p->cap_unbound >> a2 & 1) : -EINVAL;
    case PR_CAPBSET_DROP:
        if (!process_has_cap(p, CAP_SETPCAP))
            return -EPERM;
        if (!is_valid)
            return -EINVAL;
        p->cap_unbound |= 1ull << a2; /* concerns the next exec() */
        return 0;
    case PR_CAP_AMBIENT:
        if (a2 == PR_CAP_AMBIENT_CLEAR_ALL)
            return a3 || rest ? -EINVAL : 0;
        if (a3 > CAP_LAST_CAP || rest)
            return -EINVAL;
        if (a2 == PR_CAP_AMBIENT_RAISE)
            return -EPERM;
        return a2 == PR_CAP_AMBIENT_IS_SET || a2 == PR_CAP_AMBIENT_LOWER
                   ? 0
                   : -EINVAL;
    case PR_GET_SECUREBITS:
        return p->securebits;
    default: /* PR_SET_SECUREBITS: what a lock bit locks stays */
        if (!process_has_cap(p, CAP_SETPCAP) || a2 > SECUREBITS_ALL ||
            (((p->securebits & SECURE_ALL_LOCKS) >> 1) &
             (a2 ^ p->securebits)) ||
            (p->securebits & SECURE_ALL_LOCKS & ~a2))
            return -EPERM;
        p->securebits = (uint8_t)a2;
        return 0;
    }
}

/* Kept without effect: no machine check reaches a guest. Threads share it,
 * while each has its own on Linux. */
static long machine_check(int option, uint64_t a2, uint64_t a3, bool rest)
{
    struct process *p = process_current();

    if (rest)
        return -EINVAL;
    if (option == PR_MCE_KILL_GET)
        return a2 || a3 ? -EINVAL : PR_MCE_KILL_DEFAULT - p->mce_kill;
    if (a2 == PR_MCE_KILL_CLEAR
            ? a3 != 0
            : a2 != PR_MCE_KILL_SET || a3 > PR_MCE_KILL_DEFAULT)
        return -EINVAL;
    p->mce_kill =
        a2 == PR_MCE_KILL_CLEAR ? 0 : (uint8_t)(PR_MCE_KILL_DEFAULT - a3);
    return 0;
}

/* Flags of the process. */
static long flag(int option, uint64_t a2, uint64_t a3, bool rest)
{
    struct process *p = process_current();

    rest = rest || a3;
    switch (option) {
    case PR_GET_DUMPABLE:
        return p->dumpable;
    case PR_SET_DUMPABLE:
        return set_bool(&p->dumpable, a2, false);
    case PR_GET_KEEPCAPS:
        return !!(p->securebits & SECBIT_KEEP_CAPS);
    case PR_SET_KEEPCAPS:
        if (p->securebits & SECBIT_KEEP_CAPS_LOCKED)
            return -EPERM;
        if (a2 > 1)
            return -EINVAL;
        p->securebits = (uint8_t)((p->securebits & ~SECBIT_KEEP_CAPS) |
                                  (a2 ? SECBIT_KEEP_CAPS : 0));
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return user_put32(a2, p->is_subreaper);
    case PR_SET_CHILD_SUBREAPER:
        p->is_subreaper = a2 != 0;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return a2 || rest ? -EINVAL : p->no_new_privs;
    case PR_SET_NO_NEW_PRIVS:
        return a2 != 1 ? -EINVAL : set_bool(&p->no_new_privs, a2, rest);
    case PR_GET_THP_DISABLE:
        return a2 || rest ? -EINVAL : p->thp_disabled;
    default: /* PR_SET_THP_DISABLE */
        if (rest)
            return -EINVAL;
        p->thp_disabled = a2 != 0;
        space_set_large(p->space, a2 == 0);
        return 0;
    }
}

long sys_prctl(int option, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    switch (option) {
    case PR_SET_NAME:
        return set_name(a2);
    case PR_GET_NAME:
        return get_name(a2);
    case PR_SET_PDEATHSIG:
    case PR_GET_PDEATHSIG:
        return death_signal(option, a2);
    case PR_SET_TIMERSLACK:
    case PR_GET_TIMERSLACK:
        return timer_slack(option, a2);
    case PR_CAPBSET_READ:
    case PR_CAPBSET_DROP:
    case PR_CAP_AMBIENT:
    case PR_GET_SECUREBITS:
    case PR_SET_SECUREBITS:
        return capability(option, a2, a3, a4 || a5);
    case PR_GET_DUMPABLE:
    case PR_SET_DUMPABLE:
    case PR_GET_KEEPCAPS:
    case PR_SET_KEEPCAPS:
    case PR_GET_CHILD_SUBREAPER:
    case PR_SET_CHILD_SUBREAPER:
    case PR_GET_NO_NEW_PRIVS:
    case PR_SET_NO_NEW_PRIVS:
    case PR_GET_THP_DISABLE:
    case PR_SET_THP_DISABLE:
        return flag(option, a2, a3, a4 || a5);
    case PR_GET_TID_ADDRESS:
        return user_put64(a2, thread_current()->clear_child_tid);
    case PR_GET_TIMING:
        return PR_TIMING_STATISTICAL;
    case PR_SET_TIMING:
        return a2 == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
    case PR_GET_TSC:
        return user_put32(a2, PR_TSC_ENABLE);
    case PR_SET_TSC:
        return a2 == PR_TSC_ENABLE ? 0 : -EINVAL;
    case PR_TASK_PERF_EVENTS_DISABLE:
    case PR_TASK_PERF_EVENTS_ENABLE:
        return 0; /* there are none */
    case PR_GET_SECCOMP:
        return 0; /* no filter: there is no seccomp(2) */
    case PR_MCE_KILL:
    case PR_MCE_KILL_GET:
        return machine_check(option, a2, a3, a4 || a5);
    case PR_SET_PTRACER:
        return 0; /* nobody inside traces */
    default:
        return -EINVAL;
    }
}
