/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys.c - /sys: the few files by which programs count CPUs and pages.
 */
#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/proc.h"
#include "fs/special.h"
#include "mm/page.h"

#define SYSFS_DEV   DEV_MAKE(0, 5)
#define SYSFS_MAGIC 0x62656572u

/* One socket of that many cores, each with one thread. */
static int put_list(struct text_file *t, unsigned first, unsigned last)
{
    return first == last ? text_printf(t, "%u\n", first)
                         : text_printf(t, "%u-%u\n", first, last);
}

static unsigned cpu_of(void *inode)
{
    return (unsigned)((struct pseudo_inode *)inode)->id;
}

static int show_all(struct text_file *t, void *inode)
{
    (void)inode;
    return put_list(t, 0, proc_cpu_count() - 1);
}

static int show_all_mask(struct text_file *t, void *inode)
{
    (void)inode;
    return text_printf(t, "%x\n", (1u << proc_cpu_count()) - 1);
}

static int show_own(struct text_file *t, void *inode)
{
    return put_list(t, cpu_of(inode), cpu_of(inode));
}

static int show_own_mask(struct text_file *t, void *inode)
{
    return text_printf(t, "%x\n", 1u << cpu_of(inode));
}

static int show_last(struct text_file *t, void *inode)
{
    (void)inode;
    return text_printf(t, "%u\n", proc_cpu_count() - 1);
}

static const struct pseudo_node topology_nodes[] = {
    PSEUDO_FILE("core_cpus", show_own_mask),
    PSEUDO_FILE("core_cpus_list", show_own),
    PSEUDO_FILE("core_id", show_own),
    PSEUDO_FILE("core_siblings", show_all_mask),
    PSEUDO_FILE("core_siblings_list", show_all),
    PSEUDO_TEXT("die_id", "0\n"),
    PSEUDO_FILE("package_cpus", show_all_mask),
    PSEUDO_FILE("package_cpus_list", show_all),
    PSEUDO_TEXT("physical_package_id", "0\n"),
    PSEUDO_FILE("thread_siblings", show_own_mask),
    PSEUDO_FILE("thread_siblings_list", show_own),
};

static const struct pseudo_node one_cpu_nodes[] = {
    PSEUDO_DIR("topology", topology_nodes),
};

static const struct pseudo_node one_cpu = PSEUDO_DIR("cpu", one_cpu_nodes);

static int cpu_lookup(struct pseudo_inode *dir, const char *name,
                      size_t name_len, struct inode **out)
{
    int cpu = name_len > 3 && memcmp(name, "cpu", 3) == 0
                  ? pseudo_number(name + 3, name_len - 3)
                  : -1;

    if (cpu < 0 || (unsigned)cpu >= proc_cpu_count())
        return -ENOENT;
    return pseudo_inode(dir->inode.sb, &one_cpu, cpu, out);
}

static size_t cpu_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                       uint8_t *type_out)
{
    (void)dir;
    if (*pos >= proc_cpu_count())
        return 0;
    memcpy(name, "cpu", 3);
    *type_out = S_IFDIR >> 12;
    return 3 + pseudo_put_number(name + 3, (*pos)++);
}

static const struct pseudo_node smt_nodes[] = {
    PSEUDO_TEXT("active", "0\n"),
    PSEUDO_TEXT("control", "notsupported\n"),
};

static const struct pseudo_node cpu_nodes[] = {
    PSEUDO_TEXT("isolated", "\n"),     PSEUDO_FILE("kernel_max", show_last),
    PSEUDO_TEXT("offline", "\n"),      PSEUDO_FILE("online", show_all),
    PSEUDO_FILE("possible", show_all), PSEUDO_FILE("present", show_all),
    PSEUDO_DIR("smt", smt_nodes),
};

static int show_node_meminfo(struct text_file *t, void *inode)
{
    size_t total = page_total_count() * (PAGE_SIZE / 1024);
    size_t avail = page_free_count() * (PAGE_SIZE / 1024);

    (void)inode;
    return text_printf(t,
                       "Node 0 MemTotal:       %8zu kB\n"
                       "Node 0 MemFree:        %8zu kB\n"
                       "Node 0 MemUsed:        %8zu kB\n",
                       total, avail, total - avail);
}

static const struct pseudo_node node0_nodes[] = {
    PSEUDO_FILE("cpulist", show_all),
    PSEUDO_FILE("cpumap", show_all_mask),
    PSEUDO_TEXT("distance", "10\n"),
    PSEUDO_FILE("meminfo", show_node_meminfo),
};

static const struct pseudo_node node_nodes[] = {
    PSEUDO_TEXT("has_cpu", "0\n"),    PSEUDO_TEXT("has_memory", "0\n"),
    PSEUDO_DIR("node0", node0_nodes), PSEUDO_TEXT("online", "0\n"),
    PSEUDO_TEXT("possible", "0\n"),
};

static const struct pseudo_node clocksource0_nodes[] = {
    PSEUDO_TEXT("available_clocksource", "tsc \n"),
    PSEUDO_TEXT("current_clocksource", "tsc\n"),
};

static const struct pseudo_node clocksource_nodes[] = {
    PSEUDO_DIR("clocksource0", clocksource0_nodes),
};

static const struct pseudo_node system_nodes[] = {
    PSEUDO_DIR("clocksource", clocksource_nodes),
    PSEUDO_SPECIAL("cpu", S_IFDIR | 0555, .children = cpu_nodes,
                   .child_count = ARRAY_LEN(cpu_nodes), .lookup = cpu_lookup,
                   .next = cpu_next),
    PSEUDO_DIR("node", node_nodes),
};

static const struct pseudo_node devices_nodes[] = {
    PSEUDO_DIR("system", system_nodes),
};

static const struct pseudo_node thp_nodes[] = {
    PSEUDO_TEXT("enabled", "[always] madvise never\n"),
    PSEUDO_TEXT("defrag", "always defer defer+madvise [madvise] never\n"),
    PSEUDO_TEXT("hpage_pmd_size", "2097152\n"),
    PSEUDO_TEXT("shmem_enabled",
                "always within_size advise [never] deny force\n"),
};

static const struct pseudo_node mm_nodes[] = {
    PSEUDO_DIR("transparent_hugepage", thp_nodes),
};

static const struct pseudo_node kernel_nodes[] = {
    PSEUDO_DIR("mm", mm_nodes),
};

static const struct pseudo_node fs_nodes[] = {
    PSEUDO_EMPTY_DIR("cgroup"),
};

static const struct pseudo_node class_nodes[] = {
    PSEUDO_SPECIAL("net", S_IFDIR | 0555, .lookup = sys_class_net_lookup,
                   .next = sys_class_net_next),
};

static const struct pseudo_node root_nodes[] = {
    PSEUDO_EMPTY_DIR("block"),        PSEUDO_EMPTY_DIR("bus"),
    PSEUDO_DIR("class", class_nodes), PSEUDO_DIR("devices", devices_nodes),
    PSEUDO_DIR("fs", fs_nodes),       PSEUDO_DIR("kernel", kernel_nodes),
};

static const struct pseudo_node sys_root = PSEUDO_DIR("sys", root_nodes);

static void sys_statfs(struct superblock *sb, struct kstatfs *out)
{
    (void)sb;
    *out = (struct kstatfs){ .type = SYSFS_MAGIC,
                             .bsize = PAGE_SIZE,
                             .namelen = NAME_MAX };
}

int sysfs_mount(struct superblock *sb, struct inode **root_out)
{
    sb->dev = SYSFS_DEV;
    sb->type = "sysfs";
    sb->statfs = sys_statfs;
    return pseudo_inode(sb, &sys_root, 0, root_out);
}
