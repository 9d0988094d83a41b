/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_sys.c - /proc/sys: limits and names that programs look up.
 *
 * All read-only: nothing here can be tuned by a program.
 */
#include "core/printf.h"
#include "fs/proc.h"
#include "fs/release.h"
#include "random/pool.h"
#include "sched/process.h"

#define UUID_LEN 16u

static int show_hostname(struct text_file *t, void *inode)
{
    (void)inode;
    return text_printf(t, "%s\n", process_current()->hostname);
}

static int show_domainname(struct text_file *t, void *inode)
{
    const char *name = process_current()->domainname;

    (void)inode;
    return text_printf(t, "%s\n", name[0] ? name : "(none)");
}

static int put_uuid(struct text_file *t, uint8_t id[UUID_LEN])
{
    id[6] = (id[6] & 0x0f) | 0x40; /* RFC 4122: random, version 4 */
    id[8] = (id[8] & 0x3f) | 0x80;
    for (unsigned i = 0; i < UUID_LEN; i++) {
        const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        int err = text_printf(t, "%s%02x", dash, id[i]);

        if (err)
            return err;
    }
    return text_printf(t, "\n");
}

static int show_uuid(struct text_file *t, void *inode)
{
    uint8_t id[UUID_LEN];

    (void)inode;
    pool_read(id, sizeof(id));
    return put_uuid(t, id);
}

static int show_boot_id(struct text_file *t, void *inode)
{
    static uint8_t id[UUID_LEN];
    static bool is_made;

    (void)inode;
    if (!is_made)
        pool_read(id, sizeof(id));
    is_made = true;
    return put_uuid(t, id);
}

static const struct pseudo_node random_nodes[] = {
    PSEUDO_FILE("boot_id", show_boot_id),
    PSEUDO_TEXT("entropy_avail", "256\n"),
    PSEUDO_TEXT("poolsize", "256\n"),
    PSEUDO_FILE("uuid", show_uuid),
};

static const struct pseudo_node kernel_nodes[] = {
    PSEUDO_TEXT("cap_last_cap", "40\n"),
    PSEUDO_FILE("domainname", show_domainname),
    PSEUDO_FILE("hostname", show_hostname),
    PSEUDO_TEXT("msgmax", "8192\n"),
    PSEUDO_TEXT("msgmnb", "16384\n"),
    PSEUDO_TEXT("msgmni", "32000\n"),
    PSEUDO_TEXT("ngroups_max", "65536\n"),
    PSEUDO_TEXT("osrelease", RELEASE_NUMBER "\n"),
    PSEUDO_TEXT("ostype", RELEASE_SYSNAME "\n"),
    PSEUDO_TEXT("overflowgid", "65534\n"),
    PSEUDO_TEXT("overflowuid", "65534\n"),
    PSEUDO_TEXT("perf_event_paranoid", "4\n"),
    PSEUDO_TEXT("pid_max", "4194304\n"),
    PSEUDO_DIR("random", random_nodes),
    PSEUDO_TEXT("randomize_va_space", "2\n"),
    PSEUDO_TEXT("sched_rr_timeslice_ms", "100\n"),
    PSEUDO_TEXT("sem", "32000\t1024000000\t500\t32000\n"),
    PSEUDO_TEXT("shm_rmid_forced", "0\n"),
    PSEUDO_TEXT("shmall", "18446744073692774399\n"),
    PSEUDO_TEXT("shmmax", "18446744073692774399\n"),
    PSEUDO_TEXT("shmmni", "4096\n"),
    PSEUDO_TEXT("threads-max", "32768\n"),
    PSEUDO_TEXT("version", RELEASE_VERSION "\n"),
};

static const struct pseudo_node vm_nodes[] = {
    PSEUDO_TEXT("max_map_count", "65530\n"),
    PSEUDO_TEXT("mmap_min_addr", "65536\n"),
    PSEUDO_TEXT("overcommit_memory", "0\n"),
    PSEUDO_TEXT("overcommit_ratio", "50\n"),
    PSEUDO_TEXT("swappiness", "0\n"),
};

static const struct pseudo_node inotify_nodes[] = {
    PSEUDO_TEXT("max_queued_events", "16384\n"),
    PSEUDO_TEXT("max_user_instances", "128\n"),
    PSEUDO_TEXT("max_user_watches", "8192\n"),
};

static const struct pseudo_node mqueue_nodes[] = {
    PSEUDO_TEXT("msg_default", "10\n"),
    PSEUDO_TEXT("msg_max", "10\n"),
    PSEUDO_TEXT("msgsize_default", "8192\n"),
    PSEUDO_TEXT("msgsize_max", "8192\n"),
    PSEUDO_TEXT("queues_max", "256\n"),
};

static const struct pseudo_node fs_nodes[] = {
    PSEUDO_TEXT("file-max", "9223372036854775807\n"),
    PSEUDO_DIR("inotify", inotify_nodes),
    PSEUDO_DIR("mqueue", mqueue_nodes),
    PSEUDO_TEXT("nr_open", "1048576\n"),
    PSEUDO_TEXT("pipe-max-size", "1048576\n"),
};

const struct pseudo_node proc_sys_nodes[PROC_SYS_COUNT] = {
    PSEUDO_DIR("fs", fs_nodes),
    PSEUDO_DIR("kernel", kernel_nodes),
    PSEUDO_SPECIAL("net", S_IFDIR | 0555, .lookup = proc_sysctl_net_lookup,
                   .next = proc_sysctl_net_next),
    PSEUDO_DIR("vm", vm_nodes),
};
