/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_status.c - /proc/PID/status and statm.
 */
#include "arch/arch.h"
#include "core/errno.h"
#include "core/printf.h"
#include "fs/fdtable.h"
#include "fs/proc.h"
#include "fs/special.h"
#include "mm/space.h"
#include "sched/process.h"

#define PAGE_KIB (PAGE_SIZE / 1024)

#pragma weak signal_describe /* absent in unit tests */

char proc_state(const struct thread *t)
{
    switch (t->state) {
    case THREAD_SLEEPING:
        return 'S';
    case THREAD_DEAD:
        return 'Z';
    default:
        return 'R';
    }
}

static const char *state_name(char state)
{
    return state == 'R' ? "running" : state == 'S' ? "sleeping" : "zombie";
}

/* What is present, and how much of it belongs to files. */
static void present_all(struct space_present *out)
{
    space_present(process_current()->space, 0, ARCH_USER_MAX, out);
}

int proc_show_statm(struct text_file *t, void *inode)
{
    struct space_present present;
    struct space_stat s;

    (void)inode;
    space_stat(process_current()->space, &s);
    present_all(&present);
    return text_printf(t, "%zu %zu %zu %zu 0 %zu 0\n", s.mapped_pages,
                       present.pages, present.pages - present.own_pages,
                       s.text_pages, s.data_pages + s.stack_pages);
}

static int put_ids(struct text_file *t, const struct thread *th)
{
    const struct process *p = th->process;
    char state = proc_state(th);
    int err = text_printf(
        t,
        "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\n"
        "Pid:\t%d\nPPid:\t%d\nTracerPid:\t0\n"
        "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\n"
        "Groups:\t",
        th->name, th->fs ? th->fs->umask : 0, state, state_name(state), p->pid,
        th->tid, p->ppid, p->uid, p->euid, p->suid, p->fsuid, p->gid, p->egid,
        p->sgid, p->fsgid, fd_table_size());

    for (unsigned i = 0; !err && i < p->group_count; i++)
        err = text_printf(t, "%u ", p->groups[i]);
    if (err)
        return err;
    return text_printf(t,
                       "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\n"
                       "NSsid:\t%d\n",
                       p->pid, th->tid, p->pgid, p->sid);
}

static int put_memory(struct text_file *t)
{
    const struct space *space = process_current()->space;
    struct space_present present;
    struct space_stat s;

    space_stat(space, &s);
    present_all(&present);
    return text_printf(
        t,
        "VmPeak:\t%8zu kB\nVmSize:\t%8zu kB\nVmLck:\t%8zu kB\n"
        "VmPin:\t       0 kB\nVmHWM:\t%8zu kB\nVmRSS:\t%8zu kB\n"
        "RssAnon:\t%8zu kB\nRssFile:\t%8zu kB\nRssShmem:\t       0 kB\n"
        "VmData:\t%8zu kB\nVmStk:\t%8zu kB\nVmExe:\t%8zu kB\n"
        "VmLib:\t       0 kB\nVmPTE:\t%8zu kB\nVmSwap:\t       0 kB\n"
        "HugetlbPages:\t       0 kB\n",
        s.mapped_pages * PAGE_KIB, s.mapped_pages * PAGE_KIB,
        s.locked_pages * PAGE_KIB, s.peak_resident_pages * PAGE_KIB,
        present.pages * PAGE_KIB, present.own_pages * PAGE_KIB,
        (present.pages - present.own_pages) * PAGE_KIB, s.data_pages * PAGE_KIB,
        s.stack_pages * PAGE_KIB, s.text_pages * PAGE_KIB,
        space_table_count(space) * PAGE_KIB);
}

static int put_signals(struct text_file *t, const struct thread *th)
{
    struct proc_signals s = { 0 };

    if (signal_describe)
        signal_describe(th, &s);
    return text_printf(t,
                       "CoreDumping:\t0\nTHP_enabled:\t%d\nThreads:\t%zu\n"
                       "SigQ:\t%zu/%lu\nSigPnd:\t%016lx\nShdPnd:\t%016lx\n"
                       "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
                       !th->process->thp_disabled, th->process->thread_count,
                       s.queued, s.queue_max, s.pending, s.shared_pending,
                       s.blocked, s.ignored, s.caught);
}

static int put_rights(struct text_file *t, const struct thread *th)
{
    const struct process *p = th->process;
    unsigned cpus = proc_cpu_count();
    int err = text_printf(
        t,
        "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n"
        "CapBnd:\t%016lx\nCapAmb:\t0000000000000000\nNoNewPrivs:\t%d\n"
        "Seccomp:\t0\nSeccomp_filters:\t0\n"
        "Speculation_Store_Bypass:\tvulnerable\n"
        "SpeculationIndirectBranch:\talways enabled\n",
        p->cap_inheritable, CAPS_ALL & ~p->cap_dropped, CAPS_ALL & ~p->cap_off,
        CAPS_ALL & ~p->cap_unbound, p->no_new_privs);

    if (!err)
        err = text_printf(t, "Cpus_allowed:\t%x\nCpus_allowed_list:\t",
                          (1u << cpus) - 1);
    if (!err)
        err = cpus > 1 ? text_printf(t, "0-%u\n", cpus - 1)
                       : text_printf(t, "0\n");
    if (err)
        return err;
    return text_printf(t,
                       "Mems_allowed:\t1\nMems_allowed_list:\t0\n"
                       "voluntary_ctxt_switches:\t%lu\n"
                       "nonvoluntary_ctxt_switches:\t0\n",
                       th->switch_count);
}

int proc_show_status(struct text_file *t, void *inode)
{
    const struct thread *th = proc_thread(inode);
    int err;

    if (!th)
        return -ESRCH;
    err = put_ids(t, th);
    if (!err)
        err = put_memory(t);
    if (!err)
        err = put_signals(t, th);
    return err ? err : put_rights(t, th);
}
