/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys.c - /sys: the few files by which programs count CPUs and pages.
 */
#include "fs/pseudo.h"
#include "fs/special.h"

#define SYSFS_DEV   DEV_MAKE(0, 5)
#define SYSFS_MAGIC 0x62656572u

static const struct pseudo_node topology_nodes[] = {
    PSEUDO_TEXT("core_id", "0\n"),
    PSEUDO_TEXT("core_siblings", "1\n"),
    PSEUDO_TEXT("core_siblings_list", "0\n"),
    PSEUDO_TEXT("physical_package_id", "0\n"),
    PSEUDO_TEXT("thread_siblings", "1\n"),
    PSEUDO_TEXT("thread_siblings_list", "0\n"),
};

static const struct pseudo_node cpu0_nodes[] = {
    PSEUDO_DIR("topology", topology_nodes),
};

static const struct pseudo_node cpu_nodes[] = {
    PSEUDO_DIR("cpu0", cpu0_nodes), PSEUDO_TEXT("kernel_max", "0\n"),
    PSEUDO_TEXT("offline", "\n"),   PSEUDO_TEXT("online", "0\n"),
    PSEUDO_TEXT("possible", "0\n"), PSEUDO_TEXT("present", "0\n"),
};

static const struct pseudo_node node_nodes[] = {
    PSEUDO_TEXT("online", "0\n"),
    PSEUDO_TEXT("possible", "0\n"),
};

static const struct pseudo_node system_nodes[] = {
    PSEUDO_DIR("cpu", cpu_nodes),
    PSEUDO_DIR("node", node_nodes),
};

static const struct pseudo_node devices_nodes[] = {
    PSEUDO_DIR("system", system_nodes),
};

static const struct pseudo_node thp_nodes[] = {
    PSEUDO_TEXT("enabled", "[always] madvise never\n"),
    PSEUDO_TEXT("hpage_pmd_size", "2097152\n"),
};

static const struct pseudo_node mm_nodes[] = {
    PSEUDO_DIR("transparent_hugepage", thp_nodes),
};

static const struct pseudo_node kernel_nodes[] = {
    PSEUDO_DIR("mm", mm_nodes),
};

static const struct pseudo_node cgroup_nodes[] = {
    PSEUDO_TEXT("cgroup.controllers", "\n"),
};

static const struct pseudo_node fs_nodes[] = {
    PSEUDO_DIR("cgroup", cgroup_nodes),
};

static const struct pseudo_node root_nodes[] = {
    PSEUDO_EMPTY_DIR("block"),  PSEUDO_EMPTY_DIR("bus"),
    PSEUDO_EMPTY_DIR("class"),  PSEUDO_DIR("devices", devices_nodes),
    PSEUDO_DIR("fs", fs_nodes), PSEUDO_DIR("kernel", kernel_nodes),
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
