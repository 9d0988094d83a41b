/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_pid.c - /proc/PID and /proc/PID/task/TID: one process, one directory.
 */
#include <asm/resource.h>

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/proc.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "sched/process.h"
#include "time/clock.h"

#define PAGE_KIB       (PAGE_SIZE / 1024)
#define MAPS_LINE_MAX  (PATH_MAX + 128u)
#define CHUNK_LEN      256u
#define SMAPS_PAGE_MAX 262144u /* pages looked at per region: 1 GiB */
#define CAPS_ALL       "000001ffffffffff"

static uint64_t ticks_of_ns(uint64_t ns)
{
    return ns / (NS_PER_SEC / PROC_HZ);
}

static char state_of(const struct thread *t)
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

/* A thread's CPU time in its own directory, all of them in the process's. */
static uint64_t cpu_ns(const struct pseudo_inode *i, const struct thread *t)
{
    return i->id == t->process->pid ? process_cpu_ns(t->process)
                                    : thread_cpu_ns(t);
}

static int show_stat(struct text_file *t, void *inode)
{
    const struct thread *th = proc_thread(inode);
    const struct process *p = process_current();
    struct space_stat s;
    int err;

    if (!th)
        return -ESRCH;
    space_stat(p->space, &s);
    err =
        text_printf(t, "%d (%s) %c %d %d %d 0 -1 4194304 %lu 0 %lu 0 ",
                    ((struct pseudo_inode *)inode)->id, th->name, state_of(th),
                    p->ppid, p->pgid, p->sid, p->minor_faults, p->major_faults);
    if (err)
        return err;
    err = text_printf(t, "%lu 0 0 0 %d %d %zu 0 %lu %lu %zu %lu ",
                      ticks_of_ns(cpu_ns(inode, th)), 20 + th->nice, th->nice,
                      p->thread_count, ticks_of_ns(p->start_ns),
                      s.mapped_pages * PAGE_SIZE, s.resident_pages,
                      p->rlimits[RLIMIT_RSS].soft);
    if (err)
        return err;
    return text_printf(t,
                       "0 0 %lu 0 0 0 0 0 0 0 0 0 17 0 %d %d 0 0 0 0 0 %lu "
                       "%lu %lu %lu %lu 0\n",
                       s.stack_start, th->rt_priority, th->policy, s.brk_start,
                       p->arg_start, p->arg_end, p->env_start, p->env_end);
}

static int show_statm(struct text_file *t, void *inode)
{
    struct space_stat s;

    (void)inode;
    space_stat(process_current()->space, &s);
    return text_printf(t, "%zu %zu %zu %zu 0 %zu 0\n", s.mapped_pages,
                       s.resident_pages, s.shared_pages, s.text_pages,
                       s.data_pages + s.stack_pages);
}

static int show_status_memory(struct text_file *t)
{
    struct space_stat s;

    space_stat(process_current()->space, &s);
    return text_printf(
        t,
        "VmPeak:\t%8zu kB\nVmSize:\t%8zu kB\nVmLck:\t%8zu kB\n"
        "VmPin:\t       0 kB\nVmHWM:\t%8zu kB\nVmRSS:\t%8zu kB\n"
        "RssAnon:\t%8zu kB\nRssFile:\t%8zu kB\nRssShmem:\t       0 kB\n"
        "VmData:\t%8zu kB\nVmStk:\t%8zu kB\nVmExe:\t%8zu kB\n"
        "VmLib:\t       0 kB\nVmPTE:\t       0 kB\nVmSwap:\t       0 kB\n",
        s.mapped_pages * PAGE_KIB, s.mapped_pages * PAGE_KIB,
        s.locked_pages * PAGE_KIB, s.peak_resident_pages * PAGE_KIB,
        s.resident_pages * PAGE_KIB,
        (s.resident_pages - MIN(s.resident_pages, s.shared_pages)) * PAGE_KIB,
        s.shared_pages * PAGE_KIB, s.data_pages * PAGE_KIB,
        s.stack_pages * PAGE_KIB, s.text_pages * PAGE_KIB);
}

/* The signal sets are left out: they belong to a layer above this one. */
static int show_status(struct text_file *t, void *inode)
{
    const struct thread *th = proc_thread(inode);
    const struct process *p = process_current();
    const char *caps = p->euid == 0 ? CAPS_ALL : "0000000000000000";
    int err;

    if (!th)
        return -ESRCH;
    err = text_printf(
        t,
        "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\n"
        "Pid:\t%d\nPPid:\t%d\nTracerPid:\t0\n"
        "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t64\nGroups:\t",
        th->name, th->fs->umask, state_of(th),
        state_of(th) == 'R' ? "running" : "sleeping", p->pid,
        ((struct pseudo_inode *)inode)->id, p->ppid, p->uid, p->euid, p->suid,
        p->fsuid, p->gid, p->egid, p->sgid, p->fsgid);
    for (unsigned i = 0; !err && i < p->group_count; i++)
        err = text_printf(t, "%u ", p->groups[i]);
    if (!err)
        err = text_printf(t, "\n");
    if (!err)
        err = show_status_memory(t);
    if (err)
        return err;
    return text_printf(
        t,
        "CoreDumping:\t0\nTHP_enabled:\t0\nThreads:\t%zu\n"
        "CapInh:\t0000000000000000\nCapPrm:\t%s\nCapEff:\t%s\n"
        "CapBnd:\t" CAPS_ALL "\nCapAmb:\t0000000000000000\n"
        "NoNewPrivs:\t%d\nSeccomp:\t0\nCpus_allowed:\t1\n"
        "Cpus_allowed_list:\t0\nMems_allowed:\t1\nMems_allowed_list:\t0\n"
        "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t0\n",
        p->thread_count, caps, caps, p->no_new_privs, th->switch_count);
}

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

/* What smaps adds to a line of maps. */
static int put_smaps(struct text_file *t, uaddr_t start, uaddr_t end)
{
    struct space *space = process_current()->space;
    size_t pages = (end - start) / PAGE_SIZE, resident = 0;

    for (size_t i = 0; i < MIN(pages, (size_t)SMAPS_PAGE_MAX); i++)
        if (space_resident(space, start + i * PAGE_SIZE))
            resident++;
    return text_printf(t,
                       "Size:           %8zu kB\nKernelPageSize:        4 kB\n"
                       "MMUPageSize:           4 kB\nRss:            %8zu kB\n"
                       "Pss:            %8zu kB\nSwap:                  0 kB\n",
                       pages * PAGE_KIB, resident * PAGE_KIB,
                       resident * PAGE_KIB);
}

static uint64_t hex_prefix(const char *s)
{
    uint64_t value = 0;

    for (; (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'f'); s++)
        value = value << 4 | (uint64_t)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
    return value;
}

static int put_maps(struct text_file *t, bool has_details)
{
    char *line = kmalloc(MAPS_LINE_MAX);
    uaddr_t va = 0;
    int err = 0;

    if (!line)
        return -ENOMEM;
    while (!err) {
        int len =
            space_maps_line(process_current()->space, &va, line, MAPS_LINE_MAX);

        if (len <= 0)
            break;
        err = proc_put_bytes(t, line, (size_t)len);
        if (!err && has_details)
            err = put_smaps(t, hex_prefix(line), va);
    }
    kfree(line);
    return err;
}

static int show_maps(struct text_file *t, void *inode)
{
    (void)inode;
    return put_maps(t, false);
}

static int show_smaps(struct text_file *t, void *inode)
{
    (void)inode;
    return put_maps(t, true);
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

/* ---- mounts ---- */

static int each_mount(struct text_file *t,
                      int (*put)(struct text_file *t, unsigned idx,
                                 const struct superblock *sb, const char *path))
{
    char *path = kmalloc(PATH_MAX);
    struct superblock *sb;
    struct dentry *d;
    int err = 0;

    if (!path)
        return -ENOMEM;
    for (unsigned i = 0; !err && (sb = vfs_mount_at(i, &d)); i++)
        if (dentry_path(d, path, PATH_MAX) >= 0)
            err = put(t, i, sb, path);
    kfree(path);
    return err;
}

static int put_mount(struct text_file *t, unsigned idx,
                     const struct superblock *sb, const char *path)
{
    (void)idx;
    return text_printf(t, "%s %s %s %s,relatime 0 0\n", sb->type, path,
                       sb->type, sb->read_only ? "ro" : "rw");
}

static int put_mountinfo(struct text_file *t, unsigned idx,
                         const struct superblock *sb, const char *path)
{
    const char *mode = sb->read_only ? "ro" : "rw";

    return text_printf(t, "%u %u %u:%u / %s %s,relatime - %s %s %s\n", idx + 20,
                       idx ? 20 : 1, DEV_MAJOR(sb->dev), DEV_MINOR(sb->dev),
                       path, mode, sb->type, sb->type, mode);
}

int proc_show_mounts(struct text_file *t, void *inode)
{
    (void)inode;
    return each_mount(t, put_mount);
}

static int show_mountinfo(struct text_file *t, void *inode)
{
    (void)inode;
    return each_mount(t, put_mountinfo);
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

/* ---- the tree ---- */

#define MAGIC_LINK(n, what)                                           \
    {                                                                 \
        .name = (n), .mode = S_IFLNK | 0777, .readlink = read_##what, \
        .follow = follow_##what                                       \
    }

/* Those of a thread; a process has these and task/. */
#define THREAD_NODES                                                           \
    PSEUDO_FILE("auxv", show_auxv), PSEUDO_TEXT("cgroup", "0::/\n"),           \
        PSEUDO_FILE("cmdline", show_cmdline), PSEUDO_FILE("comm", show_comm),  \
        MAGIC_LINK("cwd", cwd), PSEUDO_FILE("environ", show_environ),          \
        MAGIC_LINK("exe", exe), PROC_FD_DIR, PROC_FDINFO_DIR,                  \
        PSEUDO_TEXT("io", "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\n"           \
                          "read_bytes: 0\nwrite_bytes: 0\n"                    \
                          "cancelled_write_bytes: 0\n"),                       \
        PSEUDO_FILE("limits", show_limits),                                    \
        PSEUDO_TEXT("loginuid", "4294967295"), PSEUDO_FILE("maps", show_maps), \
        PSEUDO_FILE("mountinfo", show_mountinfo),                              \
        PSEUDO_FILE("mounts", proc_show_mounts), PSEUDO_EMPTY_DIR("net"),      \
        PSEUDO_TEXT("oom_score", "0\n"), PSEUDO_TEXT("oom_score_adj", "0\n"),  \
        PSEUDO_TEXT("personality", "00000000\n"), MAGIC_LINK("root", root),    \
        PSEUDO_FILE("smaps", show_smaps), PSEUDO_FILE("stat", show_stat),      \
        PSEUDO_FILE("statm", show_statm), PSEUDO_FILE("status", show_status),  \
        PSEUDO_TEXT("wchan", "0")

static const struct pseudo_node thread_nodes[] = { THREAD_NODES };

static const struct pseudo_node thread_dir = PSEUDO_DIR("thread", thread_nodes);

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

static const struct pseudo_node pid_nodes[] = {
    THREAD_NODES,
    {
        .name = "task",
        .mode = S_IFDIR | 0555,
        .lookup = task_lookup,
        .next = task_next,
    },
};

const struct pseudo_node proc_pid_dir = PSEUDO_DIR("pid", pid_nodes);
