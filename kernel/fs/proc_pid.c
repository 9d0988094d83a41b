/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_pid.c - /proc/PID and /proc/PID/task/TID: one process, one directory.
 */
#include <asm/resource.h>
#include <linux/capability.h>

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/proc.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "sched/process.h"
#include "time/clock.h"

#define CHUNK_LEN 256u
#define COMM_MAX  16u

static uint64_t ticks_of_ns(uint64_t ns)
{
    return ns / (NS_PER_SEC / PROC_HZ);
}

/* A thread's CPU time in its own directory, all of them in the process's. */
static struct cpu_times cpu_times(const struct pseudo_inode *i,
                                  struct thread *t)
{
    return i->id == t->process->pid ? process_times(t->process)
                                    : thread_times(t);
}

static int show_stat(struct text_file *t, void *inode)
{
    struct thread *th = proc_thread(inode);
    const struct process *p = process_current();
    struct cpu_times times;
    struct space_stat s;
    int err;

    if (!th)
        return -ESRCH;
    times = cpu_times(inode, th);
    space_stat(p->space, &s);
    err = text_printf(t, "%d (%s) %c %d %d %d 0 -1 4194304 %lu 0 %lu 0 ",
                      ((struct pseudo_inode *)inode)->id, th->name,
                      proc_state(th), p->ppid, p->pgid, p->sid, p->minor_faults,
                      p->major_faults);
    if (err)
        return err;
    err = text_printf(t, "%lu %lu 0 0 %d %d %zu 0 %lu %lu %zu %lu ",
                      ticks_of_ns(times.user_ns), ticks_of_ns(times.system_ns),
                      20 + th->nice, th->nice, p->thread_count,
                      ticks_of_ns(p->start_ns), s.mapped_pages * PAGE_SIZE,
                      s.resident_pages, p->rlimits[RLIMIT_RSS].soft);
    if (err)
        return err;
    return text_printf(t,
                       "0 0 %lu 0 0 0 0 0 0 0 0 0 17 0 %d %d 0 0 0 0 0 %lu "
                       "%lu %lu %lu %lu 0\n",
                       s.stack_start, th->rt_priority, th->policy, s.brk_start,
                       p->arg_start, p->arg_end, p->env_start, p->env_end);
}

/* ---- strings ---- */

/* What lies in the program's memory at [start, end). */
static int put_user(struct text_file *t, uaddr_t start, uaddr_t end)
{
    uint8_t chunk[CHUNK_LEN];

    while (start < end) {
        size_t n = MIN(end - start, sizeof(chunk));
        int err;

        if (copy_from_user(chunk, start, n) != 0)
            return 0; /* the program unmapped it: nothing to show */
        err = proc_put_bytes(t, chunk, n);
        if (err)
            return err;
        start += n;
    }
    return 0;
}

static int show_cmdline(struct text_file *t, void *inode)
{
    const struct process *p = process_current();

    (void)inode;
    return put_user(t, p->arg_start, p->arg_end);
}

static int show_environ(struct text_file *t, void *inode)
{
    const struct process *p = process_current();

    (void)inode;
    return put_user(t, p->env_start, p->env_end);
}

static int show_auxv(struct text_file *t, void *inode)
{
    const struct process *p = process_current();

    (void)inode;
    return proc_put_bytes(t, p->auxv, p->auxv_count * sizeof(p->auxv[0]));
}

static int show_comm(struct text_file *t, void *inode)
{
    const struct thread *th = proc_thread(inode);

    return th ? text_printf(t, "%s\n", th->name) : -ESRCH;
}

static int store_comm(void *inode, char *text)
{
    struct thread *th = proc_thread(inode);

    if (!th)
        return -ESRCH;
    strlcpy(th->name, text, COMM_MAX); /* a longer one is cut */
    return 0;
}

/* ---- what is remembered, since there is nothing that would act on it ---- */

static int show_oom_score_adj(struct text_file *t, void *inode)
{
    (void)inode;
    return text_printf(t, "%d\n", process_current()->oom_score_adj);
}

static int store_oom_score_adj(void *inode, char *text)
{
    struct process *p = process_current();
    long n;
    int err = pseudo_parse(text, -1000, 1000, &n);

    (void)inode;
    if (err)
        return err;
    if (n < p->oom_score_adj && !process_has_cap(p, CAP_SYS_RESOURCE))
        return -EACCES;
    p->oom_score_adj = (int)n;
    return 0;
}

/* Files are memory: nothing goes to a disk. */
static int show_io(struct text_file *t, void *inode)
{
    const struct process *p = process_current();
    uint64_t io[4];

    (void)inode;
    memcpy(io, p->io, sizeof(io));
    LIST_FOR_EACH(it, &p->threads)
    for (unsigned i = 0; i < ARRAY_LEN(io); i++)
        io[i] += LIST_ENTRY(it, struct thread, process_link)->io[i];
    return text_printf(t,
                       "rchar: %lu\nwchar: %lu\nsyscr: %lu\nsyscw: %lu\n"
                       "read_bytes: 0\nwrite_bytes: 0\n"
                       "cancelled_write_bytes: 0\n",
                       io[0], io[1], io[2], io[3]);
}

static int show_timer_slack(struct text_file *t, void *inode)
{
    uint64_t ns = process_current()->timer_slack_ns;

    (void)inode;
    return text_printf(t, "%lu\n", ns ? ns : 50000ul);
}

static int show_personality(struct text_file *t, void *inode)
{
    (void)inode;
    return text_printf(t, "%08lx\n", process_current()->personality);
}

/* CPU time, time spent waiting for it (not kept), times it ran. */
static int show_schedstat(struct text_file *t, void *inode)
{
    struct thread *th = proc_thread(inode);
    struct cpu_times times;

    if (!th)
        return -ESRCH;
    times = cpu_times(inode, th);
    return text_printf(t, "%lu 0 %lu\n", times.user_ns + times.system_ns,
                       th->switch_count);
}

static int show_limits(struct text_file *t, void *inode)
{
    static const struct {
        char name[22], unit[10];
    } limits[RLIMIT_COUNT] = {
        { "Max cpu time", "seconds" },     { "Max file size", "bytes" },
        { "Max data size", "bytes" },      { "Max stack size", "bytes" },
        { "Max core file size", "bytes" }, { "Max resident set", "bytes" },
        { "Max processes", "processes" },  { "Max open files", "files" },
        { "Max locked memory", "bytes" },  { "Max address space", "bytes" },
        { "Max file locks", "locks" },     { "Max pending signals", "signals" },
        { "Max msgqueue size", "bytes" },  { "Max nice priority", "" },
        { "Max realtime priority", "" },   { "Max realtime timeout", "us" },
    };
    const struct process *p = process_current();
    int err = text_printf(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
                          "Hard Limit", "Units");

    (void)inode;
    for (unsigned i = 0; !err && i < RLIMIT_COUNT; i++) {
        const uint64_t values[2] = { p->rlimits[i].soft, p->rlimits[i].hard };
        char text[2][24];

        for (unsigned j = 0; j < 2; j++) {
            if (values[j] == RLIM_INFINITY)
                strlcpy(text[j], "unlimited", sizeof(text[j]));
            else
                snprintf(text[j], sizeof(text[j]), "%lu", values[j]);
        }
        err = text_printf(t, "%-25s %-20s %-20s %-10s\n", limits[i].name,
                          text[0], text[1], limits[i].unit);
    }
    return err;
}

/* ---- links ---- */

static ssize_t path_text(struct dentry *d, char *buf, size_t buf_len)
{
    char *path = kmalloc(PATH_MAX);
    ssize_t len;

    if (!path)
        return -ENOMEM;
    len = dentry_path(d, path, PATH_MAX);
    if (len > 0) {
        len = MIN(len, (ssize_t)buf_len);
        memcpy(buf, path, (size_t)len);
    }
    kfree(path);
    return len;
}

#define DENTRY_LINK(what, expr)                                           \
    static ssize_t read_##what(struct pseudo_inode *i, char *buf,         \
                               size_t buf_len)                            \
    {                                                                     \
        (void)i;                                                          \
        return (expr) ? path_text((expr), buf, buf_len) : -ENOENT;        \
    }                                                                     \
    static int follow_##what(struct pseudo_inode *i, struct dentry **out) \
    {                                                                     \
        (void)i;                                                          \
        if (!(expr))                                                      \
            return -ENOENT;                                               \
        *out = dentry_get(expr);                                          \
        return 0;                                                         \
    }

DENTRY_LINK(exe, process_current()->exe)
DENTRY_LINK(cwd, thread_current()->fs->cwd)
DENTRY_LINK(root, thread_current()->fs->root)

/* ---- name spaces: one of each, with the numbers of Linux's first ---- */

static const struct pseudo_node ns_nodes[] = {
    PSEUDO_LINK("cgroup", "cgroup:[4026531835]"),
    PSEUDO_LINK("ipc", "ipc:[4026531839]"),
    PSEUDO_LINK("mnt", "mnt:[4026531841]"),
    PSEUDO_LINK("net", "net:[4026531840]"),
    PSEUDO_LINK("pid", "pid:[4026531836]"),
    PSEUDO_LINK("pid_for_children", "pid:[4026531836]"),
    PSEUDO_LINK("time", "time:[4026531834]"),
    PSEUDO_LINK("time_for_children", "time:[4026531834]"),
    PSEUDO_LINK("user", "user:[4026531837]"),
    PSEUDO_LINK("uts", "uts:[4026531838]"),
};

/* ---- the tree ---- */

#define MAGIC_LINK(n, what)                                    \
    PSEUDO_SPECIAL(n, S_IFLNK | 0777, .readlink = read_##what, \
                   .follow = follow_##what)
#define THREAD_ONLY  1u /* the first nodes, and ... */
#define PROCESS_ONLY 3u /* ... the last ones */

static int task_lookup(struct pseudo_inode *dir, const char *name,
                       size_t name_len, struct inode **out);
static size_t task_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                        uint8_t *type_out);

#define ID_MAP "         0          0 4294967295\n"
static const struct pseudo_node nodes[] = {
    PSEUDO_TEXT("children", ""),
    PSEUDO_FILE("auxv", show_auxv),
    PSEUDO_TEXT("cgroup", "0::/\n"),
    PSEUDO_FILE("cmdline", show_cmdline),
    PSEUDO_STORE("comm", show_comm, store_comm),
    PSEUDO_TEXT("cpuset", "/\n"),
    MAGIC_LINK("cwd", cwd),
    PSEUDO_FILE("environ", show_environ),
    MAGIC_LINK("exe", exe),
    PROC_FD_DIR,
    PROC_FDINFO_DIR,
    PSEUDO_TEXT("gid_map", ID_MAP),
    PSEUDO_FILE("io", show_io),
    PSEUDO_FILE("limits", show_limits),
    PSEUDO_TEXT("loginuid", "4294967295"),
    PSEUDO_FILE("maps", proc_show_maps),
    PSEUDO_FILE("mountinfo", proc_show_mountinfo),
    PSEUDO_FILE("mounts", proc_show_mounts),
    PSEUDO_FILE("mountstats", proc_show_mountstats),
    PROC_NET_DIR,
    PSEUDO_DIR("ns", ns_nodes),
    PSEUDO_TEXT("oom_adj", "0\n"),
    PSEUDO_TEXT("oom_score", "0\n"),
    PSEUDO_STORE("oom_score_adj", show_oom_score_adj, store_oom_score_adj),
    PSEUDO_FILE("personality", show_personality),
    PSEUDO_TEXT("projid_map", ID_MAP),
    MAGIC_LINK("root", root),
    PSEUDO_FILE("schedstat", show_schedstat),
    PSEUDO_TEXT("sessionid", "4294967295"),
    PSEUDO_TEXT("setgroups", "allow\n"),
    PSEUDO_FILE("smaps", proc_show_smaps),
    PSEUDO_FILE("smaps_rollup", proc_show_smaps_rollup),
    PSEUDO_FILE("stat", show_stat),
    PSEUDO_FILE("statm", proc_show_statm),
    PSEUDO_FILE("status", proc_show_status),
    PSEUDO_TEXT("uid_map", ID_MAP),
    PSEUDO_TEXT("wchan", "0"),
    PSEUDO_TEXT("coredump_filter", "00000033\n"),
    PSEUDO_FILE("timerslack_ns", show_timer_slack),
    PSEUDO_SPECIAL("task", S_IFDIR | 0555, .lookup = task_lookup,
                   .next = task_next),
};

static const struct pseudo_node thread_dir =
    PSEUDO_SPECIAL("thread", S_IFDIR | 0555, .children = nodes,
                   .child_count = ARRAY_LEN(nodes) - PROCESS_ONLY);
const struct pseudo_node proc_pid_dir =
    PSEUDO_SPECIAL("pid", S_IFDIR | 0555, .children = nodes + THREAD_ONLY,
                   .child_count = ARRAY_LEN(nodes) - THREAD_ONLY);

static int task_lookup(struct pseudo_inode *dir, const char *name,
                       size_t name_len, struct inode **out)
{
    int tid = pseudo_number(name, name_len);

    if (tid <= 0 || !thread_find(tid))
        return -ENOENT;
    return pseudo_inode(dir->inode.sb, &thread_dir, tid, out);
}

/* pos: the place in the process's list. */
static size_t task_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                        uint8_t *type_out)
{
    uint64_t place = 0;

    (void)dir;
    LIST_FOR_EACH(it, &process_current()->threads)
    {
        if (place++ != *pos)
            continue;
        (*pos)++;
        *type_out = S_IFDIR >> 12;
        return pseudo_put_number(
            name, (uint64_t)LIST_ENTRY(it, struct thread, process_link)->tid);
    }
    return 0;
}
