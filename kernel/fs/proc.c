/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc.c - /proc: the machine's files, and the way to the others.
 *
 * Every text is made when its file is opened, from the figures that the kernel
 * keeps anyhow. Formats are Linux's, since programs parse them.
 */
#include "fs/proc.h"

#include "arch/arch.h"
#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/release.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "sched/process.h"
#include "time/clock.h"

#define PROCFS_DEV     DEV_MAKE(0, 4)
#define PROC_MAGIC     0x9fa0u
#define CPUINFO_MAX    2048u
#define KHZ_SPAN_TICKS 1000000ull

int proc_put_bytes(struct text_file *t, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len > 0) {
        size_t n = MIN(len, (size_t)64);
        int err = text_printf(t, "%64s", ""); /* room for 64 bytes */

        if (err)
            return err;
        t->len -= 64;
        memcpy(t->text + t->len, p, n);
        t->len += n;
        p += n;
        len -= n;
    }
    return 0;
}

struct thread *proc_thread(const struct pseudo_inode *i)
{
    if (i->id == process_current()->pid) { /* the leader may have ended */
        struct thread *t = thread_find(i->id);

        return t ? t : thread_current();
    }
    return thread_find(i->id);
}

/* ---- the machine ---- */

/* kHz of the TSC, from what a span of it lasts. */
static uint64_t tsc_khz(void)
{
    uint64_t ns = clock_ns_of_cycles(KHZ_SPAN_TICKS);

    return ns ? KHZ_SPAN_TICKS * 1000000 / ns : 0;
}

static int show_cpuinfo(struct text_file *t, void *inode)
{
    char *buf = kmalloc(CPUINFO_MAX);
    int err = buf ? 0 : -ENOMEM;

    (void)inode;
    for (unsigned i = 0; !err && i < proc_cpu_count(); i++)
        err = proc_put_bytes(t, buf,
                             arch_cpu_describe(i, tsc_khz(), buf, CPUINFO_MAX));
    kfree(buf);
    return err;
}

static uint64_t ticks_of_ns(uint64_t ns)
{
    return ns / (NS_PER_SEC / PROC_HZ);
}

/* user nice system idle iowait irq softirq steal guest guest_nice */
static int put_cpu(struct text_file *t, const char *name,
                   const struct cpu_times *busy, uint64_t idle_ns)
{
    return text_printf(t, "cpu%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name,
                       ticks_of_ns(busy->user_ns), ticks_of_ns(busy->system_ns),
                       ticks_of_ns(idle_ns));
}

/* CPU time is kept for the process, not for each CPU: they share it alike. */
static int show_stat(struct text_file *t, void *inode)
{
    struct process *p = process_current();
    struct cpu_times busy = process_times(p);
    unsigned cpus = proc_cpu_count();
    uint64_t up = clock_mono_ns() * cpus;
    uint64_t idle = up - MIN(up, busy.user_ns + busy.system_ns);
    int err = put_cpu(t, " ", &busy, idle);

    (void)inode;
    busy.user_ns /= cpus;
    busy.system_ns /= cpus;
    for (unsigned i = 0; !err && i < cpus; i++) {
        char name[PSEUDO_NEXT_MAX + 1];

        name[pseudo_put_number(name, i)] = '\0';
        err = put_cpu(t, name, &busy, idle / cpus);
    }
    if (err)
        return err;
    return text_printf(t,
                       "intr 0\nctxt %lu\nbtime %lu\nprocesses %d\n"
                       "procs_running %zu\nprocs_blocked 0\n"
                       "softirq 0 0 0 0 0 0 0 0 0 0 0\n",
                       thread_current()->switch_count,
                       (uint64_t)((clock_real_ns() - up) / NS_PER_SEC),
                       p->last_tid, thread_ready_count());
}

/* ---- load averages ---- */

/* Linux's fixed point, and e^(-5s/1min), e^(-5s/5min), e^(-5s/15min) in it. */
#define LOAD_ONE  (1ul << PROC_LOAD_SHIFT)
#define LOAD_STEP (5 * NS_PER_SEC)
static const uint64_t load_decay[3] = { 1884, 2014, 2037 };

static uint64_t power(uint64_t base, uint64_t exponent)
{
    uint64_t result = LOAD_ONE;

    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            result = (result * base + LOAD_ONE / 2) >> PROC_LOAD_SHIFT;
        base = (base * base + LOAD_ONE / 2) >> PROC_LOAD_SHIFT;
    }
    return result;
}

/* Nothing ticks while nobody asks: the averages are brought up to date when
 * they are read, with the load since then taken as even. It is the CPU time
 * used, not the threads that waited for it. */
void proc_load(uint64_t out[3])
{
    static uint64_t load[3], then_ns = CLOCK_START_NS, then_cpu_ns;
    uint64_t now = clock_mono_ns(), steps = (now - then_ns) / LOAD_STEP;
    uint64_t cpu = process_cpu_ns(process_current());

    if (steps > 0) {
        uint64_t rate =
            ((cpu - then_cpu_ns) << PROC_LOAD_SHIFT) / (now - then_ns);

        for (unsigned i = 0; i < 3; i++) {
            uint64_t kept = power(load_decay[i], steps);

            load[i] =
                (load[i] * kept + rate * (LOAD_ONE - kept)) >> PROC_LOAD_SHIFT;
        }
        then_ns += steps * LOAD_STEP;
        then_cpu_ns = cpu;
    }
    memcpy(out, load, sizeof(load));
}

static int show_loadavg(struct text_file *t, void *inode)
{
    uint64_t load[3];
    int err = 0;

    (void)inode;
    proc_load(load);
    for (unsigned i = 0; !err && i < 3; i++) {
        uint64_t hundredths = (load[i] * 100 + LOAD_ONE / 2) >> PROC_LOAD_SHIFT;

        err = text_printf(t, "%lu.%02lu ", hundredths / 100, hundredths % 100);
    }
    return err ? err
               : text_printf(t, "%zu/%zu %d\n", thread_ready_count(),
                             process_current()->thread_count,
                             process_current()->last_tid);
}

static int show_uptime(struct text_file *t, void *inode)
{
    uint64_t up = ticks_of_ns(clock_mono_ns());
    uint64_t busy = ticks_of_ns(process_cpu_ns(process_current()));
    uint64_t all = up * proc_cpu_count(); /* the CPUs' sum, as idle is */
    uint64_t idle = all - MIN(all, busy);

    (void)inode;
    return text_printf(t, "%lu.%02lu %lu.%02lu\n", up / PROC_HZ, up % PROC_HZ,
                       idle / PROC_HZ, idle % PROC_HZ);
}

static ssize_t read_self(struct pseudo_inode *i, char *buf, size_t buf_len)
{
    char text[16];
    size_t len =
        MIN(pseudo_put_number(text, (uint64_t)process_current()->pid), buf_len);

    (void)i;
    memcpy(buf, text, len);
    return (ssize_t)len;
}

static ssize_t read_thread_self(struct pseudo_inode *i, char *buf,
                                size_t buf_len)
{
    char text[40];
    int len = snprintf(text, sizeof(text), "%d/task/%d", process_current()->pid,
                       thread_current()->tid);
    size_t n = MIN((size_t)len, buf_len);

    (void)i;
    memcpy(buf, text, n);
    return (ssize_t)n;
}

/* ---- the tree ---- */

static const struct pseudo_node root_nodes[] = {
    PSEUDO_SPECIAL("self", S_IFLNK | 0777, .readlink = read_self),
    PSEUDO_SPECIAL("thread-self", S_IFLNK | 0777, .readlink = read_thread_self),
    PSEUDO_TEXT("cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
                           "cpuset\t0\t1\t1\ncpu\t0\t1\t1\n"
                           "cpuacct\t0\t1\t1\nmemory\t0\t1\t1\n"
                           "pids\t0\t1\t1\n"),
    PSEUDO_TEXT("cmdline", "\n"),
    PSEUDO_FILE("cpuinfo", show_cpuinfo),
    PSEUDO_TEXT("devices", "Character devices:\n  1 mem\n  5 /dev/tty\n"
                           "  5 /dev/console\n\nBlock devices:\n"),
    PSEUDO_TEXT("diskstats", ""),
    PSEUDO_TEXT("filesystems", "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\n"
                               "nodev\tcgroup2\n\terofs\n"),
    PSEUDO_FILE("loadavg", show_loadavg),
    PSEUDO_FILE("meminfo", proc_show_meminfo),
    PSEUDO_TEXT("modules", ""),
    PSEUDO_LINK("mounts", "self/mounts"),
    PSEUDO_LINK("net", "self/net"),
    PSEUDO_TEXT("partitions", "major minor  #blocks  name\n\n"),
    PSEUDO_FILE("stat", show_stat),
    PSEUDO_TEXT("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\t"
                         "Priority\n"),
    PSEUDO_SPECIAL("sys", S_IFDIR | 0555, .children = proc_sys_nodes,
                   .child_count = PROC_SYS_COUNT),
    PSEUDO_SPECIAL("sysvipc", S_IFDIR | 0555, .children = proc_ipc_nodes,
                   .child_count = PROC_IPC_COUNT),
    PSEUDO_FILE("uptime", show_uptime),
    PSEUDO_TEXT("version", RELEASE_SYSNAME " version " RELEASE_NUMBER
                                           " (samara) " RELEASE_VERSION "\n"),
    PSEUDO_FILE("vmstat", proc_show_vmstat),
};

static int root_lookup(struct pseudo_inode *dir, const char *name,
                       size_t name_len, struct inode **out)
{
    int id = pseudo_number(name, name_len);

    if (id <= 0 || (id != process_current()->pid && !thread_find(id)))
        return -ENOENT;
    return pseudo_inode(dir->inode.sb, &proc_pid_dir, id, out);
}

static size_t root_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                        uint8_t *type_out)
{
    (void)dir;
    if (*pos > 0)
        return 0;
    *pos = 1;
    *type_out = S_IFDIR >> 12;
    return pseudo_put_number(name, (uint64_t)process_current()->pid);
}

static const struct pseudo_node proc_root =
    PSEUDO_SPECIAL("proc", S_IFDIR | 0555, .children = root_nodes,
                   .child_count = ARRAY_LEN(root_nodes), .lookup = root_lookup,
                   .next = root_next);

static void proc_statfs(struct superblock *sb, struct kstatfs *out)
{
    (void)sb;
    *out = (struct kstatfs){ .type = PROC_MAGIC,
                             .bsize = PAGE_SIZE,
                             .namelen = NAME_MAX };
}

int procfs_mount(struct superblock *sb, struct inode **root_out)
{
    sb->dev = PROCFS_DEV;
    sb->type = "proc";
    sb->statfs = proc_statfs;
    sb->uncached = true;
    return pseudo_inode(sb, &proc_root, 0, root_out);
}
