/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.h - a process: what its threads share.
 *
 * What:      one process today; nothing here is a global, everything is
 *            reached through the current thread (DESIGN D9).
 */
#ifndef SCHED_PROCESS_H
#define SCHED_PROCESS_H

#include <linux/capability.h>

#include "sched/thread.h"

#define RLIMIT_COUNT 16u

struct space;
struct signal_process;
struct dentry;
struct process_timers;

struct rlimit64 {
    uint64_t soft, hard;
};

struct process {
    int pid, ppid, pgid, sid;
    struct space *space;
    struct signal_process *signal; /* dispositions, shared pending set */
    struct list threads;           /* struct thread.process_link */
    size_t thread_count;
    bool exiting;
    int exit_status; /* as the shell gives: 0..255, 128+N for a signal */
    uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
    uint32_t groups[32];
    unsigned group_count;
    struct rlimit64 rlimits[RLIMIT_COUNT];
    struct dentry *exe;
    uaddr_t arg_start, arg_end, env_start, env_end; /* on the stack */
    uint64_t auxv[64];
    unsigned auxv_count; /* words */
    uint64_t start_ns;
    struct cpu_times shown_times;
    uint64_t dead_threads_cycles;  /* TSC ticks; process_cpu_ns() has them in */
    uint64_t dead_threads_system;  /* of them in the kernel */
    uint64_t dead_threads_calls;   /* system calls that they made */
    struct process_timers *timers; /* process/timers.h; NULL: none yet */
    uint64_t minor_faults, major_faults;
    char hostname[65], domainname[65];
    bool no_new_privs, dumpable;
    uint64_t personality;
    uint64_t ram_len; /* -m, for messages; 0: not told */
    /* What prctl() and capset() keep here; 0 is what a program starts with.
     * Capabilities are bits: of those not permitted, those not effective, among
     * which are all the former, and those inheritable. */
    uint64_t cap_dropped, cap_off, cap_inheritable;
    uint64_t cap_unbound;    /* bits that the bounding set has lost */
    uint8_t securebits;      /* SECBIT_KEEP_CAPS is PR_SET_KEEPCAPS, too */
    uint64_t timer_slack_ns; /* 0: Linux's 50 us */
    int death_signal;
    int oom_score_adj; /* remembered: there is no other to choose */
    uint64_t io[4];    /* as struct thread has it, of threads that have ended */
    bool is_subreaper, thp_disabled;
    uint8_t mce_kill; /* PR_MCE_KILL_DEFAULT less what PR_MCE_KILL set */
    int last_tid;     /* where the search for a free one begins */
    uint32_t membarrier_ready; /* MEMBARRIER_CMD_* that were registered */
};

static inline struct process *process_current(void)
{
    return thread_current()->process;
}

#define CAPS_ALL ((1ul << (CAP_LAST_CAP + 1)) - 1)

/* Whether it has the right CAP_*. Those of files are the user's, `fsuid`. */
static inline bool process_has_cap(const struct process *p, unsigned cap)
{
    return !(p->cap_off >> cap & 1);
}

/* Called once the process is exiting, before the machine ends; or NULL. */
extern void (*process_end_hook)(void);

#endif
