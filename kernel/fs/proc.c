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
#include "mm/page.h"
#include "mm/space.h"
#include "sched/process.h"
#include "time/clock.h"

#define PROCFS_DEV     DEV_MAKE(0, 4)
#define PROC_MAGIC     0x9fa0u
#define CPUINFO_MAX    2048u
#define PAGE_KIB       (PAGE_SIZE / 1024)
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

static int show_meminfo(struct text_file *t, void *inode)
{
    struct space_stat s;
    size_t total = page_total_count() * PAGE_KIB;
    size_t avail = page_free_count() * PAGE_KIB;

    (void)inode;
    space_stat(process_current()->space, &s);
    return text_printf(
        t,
        "MemTotal:       %8zu kB\nMemFree:        %8zu kB\n"
        "MemAvailable:   %8zu kB\nBuffers:               0 kB\n"
        "Cached:         %8zu kB\nSwapCached:            0 kB\n"
        "Active:         %8zu kB\nInactive:              0 kB\n"
        "SwapTotal:             0 kB\nSwapFree:              0 kB\n"
        "Dirty:                 0 kB\nWriteback:             0 kB\n"
        "AnonPages:      %8zu kB\nMapped:         %8zu kB\n"
        "Shmem:          %8zu kB\nSlab:                  0 kB\n"
        "CommitLimit:    %8zu kB\nCommitted_AS:   %8zu kB\n"
        "VmallocTotal:          0 kB\nVmallocUsed:           0 kB\n"
        "HugePages_Total:       0\nHugePages_Free:        0\n"
        "Hugepagesize:       2048 kB\n",
        total, avail, avail, s.shared_pages * PAGE_KIB,
        s.resident_pages * PAGE_KIB,
        (s.resident_pages - MIN(s.resident_pages, s.shared_pages)) * PAGE_KIB,
        s.shared_pages * PAGE_KIB, s.shared_pages * PAGE_KIB, total / 2,
        s.mapped_pages * PAGE_KIB);
}

/* kHz of the TSC, from what a span of it lasts. */
static uint64_t tsc_khz(void)
{
    uint64_t ns = clock_ns_of_cycles(KHZ_SPAN_TICKS);

    return ns ? KHZ_SPAN_TICKS * 1000000 / ns : 0;
}

static int show_cpuinfo(struct text_file *t, void *inode)
{
    char *buf = kmalloc(CPUINFO_MAX);
    int err;

    (void)inode;
    if (!buf)
        return -ENOMEM;
    err = proc_put_bytes(t, buf,
                         arch_cpu_describe(0, tsc_khz(), buf, CPUINFO_MAX));
    kfree(buf);
    return err;
}

static uint64_t ticks_of_ns(uint64_t ns)
{
    return ns / (NS_PER_SEC / PROC_HZ);
}

static int show_stat(struct text_file *t, void *inode)
{
    const struct process *p = process_current();
    uint64_t up = clock_mono_ns(), busy = process_cpu_ns(p);
    uint64_t idle = ticks_of_ns(up - MIN(up, busy));
    uint64_t boot_s = (clock_real_ns() - up) / NS_PER_SEC;

    (void)inode;
    busy = ticks_of_ns(busy);
    return text_printf(t,
                       "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n"
                       "cpu0 %lu 0 0 %lu 0 0 0 0 0 0\n"
                       "intr 0\nctxt %lu\nbtime %lu\nprocesses %d\n"
                       "procs_running %zu\nprocs_blocked 0\n",
                       busy, idle, busy, idle, thread_current()->switch_count,
                       boot_s, p->last_tid, thread_ready_count());
}

/* No averages are kept: the load is what runs now. */
static int show_loadavg(struct text_file *t, void *inode)
{
    size_t running = thread_ready_count();

    (void)inode;
    return text_printf(t, "%zu.00 %zu.00 %zu.00 %zu/%zu %d\n", running, running,
                       running, running, process_current()->thread_count,
                       process_current()->last_tid);
}

static int show_uptime(struct text_file *t, void *inode)
{
    uint64_t up = ticks_of_ns(clock_mono_ns());
    uint64_t busy = ticks_of_ns(process_cpu_ns(process_current()));
    uint64_t idle = up - MIN(up, busy);

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

/* ---- the network ---- */

#pragma weak unix_show

static int show_unix(struct text_file *t, void *inode)
{
    (void)inode;
    return unix_show ? unix_show(t) : 0;
}

static const struct pseudo_node net_nodes[] = {
    PSEUDO_FILE("unix", show_unix),
};

/* ---- the tree ---- */

static const struct pseudo_node root_nodes[] = {
    { .name = "self", .mode = S_IFLNK | 0777, .readlink = read_self },
    {
        .name = "thread-self",
        .mode = S_IFLNK | 0777,
        .readlink = read_thread_self,
    },
    PSEUDO_FILE("cpuinfo", show_cpuinfo),
    PSEUDO_TEXT("cmdline", "\n"),
    PSEUDO_TEXT("filesystems",
                "nodev\ttmpfs\nnodev\tproc\nnodev\tsysfs\n\terofs\n"),
    PSEUDO_FILE("loadavg", show_loadavg),
    PSEUDO_FILE("meminfo", show_meminfo),
    PSEUDO_LINK("mounts", "self/mounts"),
    PSEUDO_DIR("net", net_nodes),
    PSEUDO_FILE("stat", show_stat),
    PSEUDO_TEXT("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\t"
                         "Priority\n"),
    {
        .name = "sys",
        .mode = S_IFDIR | 0555,
        .children = proc_sys_nodes,
        .child_count = PROC_SYS_COUNT,
    },
    {
        .name = "sysvipc",
        .mode = S_IFDIR | 0555,
        .children = proc_ipc_nodes,
        .child_count = PROC_IPC_COUNT,
    },
    PSEUDO_FILE("uptime", show_uptime),
    PSEUDO_TEXT("version", RELEASE_SYSNAME " version " RELEASE_NUMBER
                                           " (samara) " RELEASE_VERSION "\n"),
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

static const struct pseudo_node proc_root = {
    .name = "proc",
    .mode = S_IFDIR | 0555,
    .children = root_nodes,
    .child_count = ARRAY_LEN(root_nodes),
    .lookup = root_lookup,
    .next = root_next,
};

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
