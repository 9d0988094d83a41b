/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroup.c - /sys/fs/cgroup: the control group that the program is in.
 *
 * Version 2, one group, as a container sees its own: run times size their
 * heaps and thread pools by memory.max and cpu.max. The machine's memory is
 * the limit, and the machine tells it, so there is none here.
 */
#include "core/printf.h"
#include "fs/proc.h"
#include "fs/special.h"
#include "mm/page.h"
#include "sched/process.h"
#include "time/clock.h"

#define CGROUP_DEV   DEV_MAKE(0, 6)
#define CGROUP_MAGIC 0x63677270u

static int show_cpu_stat(struct text_file *t, void *inode)
{
    struct cpu_times times = process_times(process_current());

    (void)inode;
    return text_printf(t,
                       "usage_usec %lu\nuser_usec %lu\nsystem_usec %lu\n"
                       "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
                       (times.user_ns + times.system_ns) / 1000,
                       times.user_ns / 1000, times.system_ns / 1000);
}

static int show_memory(struct text_file *t, void *inode)
{
    (void)inode;
    return text_printf(t, "%lu\n",
                       (page_total_count() - page_free_count()) * PAGE_SIZE);
}

static int show_threads(struct text_file *t, void *inode)
{
    (void)inode;
    return text_printf(t, "%zu\n", process_current()->thread_count);
}

static int show_procs(struct text_file *t, void *inode)
{
    (void)inode;
    return text_printf(t, "%d\n", process_current()->pid);
}

static int show_cpus(struct text_file *t, void *inode)
{
    unsigned last = proc_cpu_count() - 1;

    (void)inode;
    return last ? text_printf(t, "0-%u\n", last) : text_printf(t, "0\n");
}

static const struct pseudo_node nodes[] = {
    PSEUDO_TEXT("cgroup.controllers", "cpuset cpu memory pids\n"),
    PSEUDO_TEXT("cgroup.events", "populated 1\nfrozen 0\n"),
    PSEUDO_FILE("cgroup.procs", show_procs),
    PSEUDO_TEXT("cgroup.subtree_control", "\n"),
    PSEUDO_TEXT("cgroup.type", "domain\n"),
    PSEUDO_TEXT("cpu.max", "max 100000\n"),
    PSEUDO_FILE("cpu.stat", show_cpu_stat),
    PSEUDO_TEXT("cpu.weight", "100\n"),
    PSEUDO_FILE("cpuset.cpus.effective", show_cpus),
    PSEUDO_TEXT("cpuset.mems.effective", "0\n"),
    PSEUDO_FILE("memory.current", show_memory),
    PSEUDO_TEXT("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n"
                                 "oom_group_kill 0\n"),
    PSEUDO_TEXT("memory.high", "max\n"),
    PSEUDO_TEXT("memory.low", "0\n"),
    PSEUDO_TEXT("memory.max", "max\n"),
    PSEUDO_TEXT("memory.min", "0\n"),
    PSEUDO_TEXT("memory.swap.current", "0\n"),
    PSEUDO_TEXT("memory.swap.max", "max\n"),
    PSEUDO_FILE("pids.current", show_threads),
    PSEUDO_TEXT("pids.max", "max\n"),
};

static const struct pseudo_node root = PSEUDO_DIR("cgroup", nodes);

static void cgroup_statfs(struct superblock *sb, struct kstatfs *out)
{
    (void)sb;
    *out = (struct kstatfs){ .type = CGROUP_MAGIC,
                             .bsize = PAGE_SIZE,
                             .namelen = NAME_MAX };
}

int cgroupfs_mount(struct superblock *sb, struct inode **root_out)
{
    sb->dev = CGROUP_DEV;
    sb->type = "cgroup2";
    sb->statfs = cgroup_statfs;
    return pseudo_inode(sb, &root, 0, root_out);
}
