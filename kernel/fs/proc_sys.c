/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_sys.c - /proc/sys: limits and names that programs look up.
 *
 * All read-only: nothing here can be tuned by a program.
 */
#include "core/printf.h"
#include "fs/fdtable.h"
#include "fs/proc.h"
#include "fs/release.h"
#include "random/pool.h"
#include "sched/process.h"

#define UUID_LEN 16u
#define FILE_MAX "9223372036854775807"

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

static const char kernel_texts[] = "cap_last_cap 40\n"
                                   "msgmax 8192\n"
                                   "msgmnb 16384\n"
                                   "msgmni 32000\n"
                                   "ngroups_max 65536\n"
                                   "osrelease " RELEASE_NUMBER "\n"
                                   "ostype " RELEASE_SYSNAME "\n"
                                   "overflowgid 65534\n"
                                   "overflowuid 65534\n"
                                   "perf_event_paranoid 4\n"
                                   "pid_max 4194304\n"
                                   "randomize_va_space 2\n"
                                   "sched_rr_timeslice_ms 100\n"
                                   "sem 32000\t1024000000\t500\t32000\n"
                                   "shm_rmid_forced 0\n"
                                   "shmall 18446744073692774399\n"
                                   "shmmax 18446744073692774399\n"
                                   "shmmni 4096\n"
                                   "threads-max 32768\n"
                                   "version " RELEASE_VERSION "\n";

static const struct pseudo_node kernel_nodes[] = {
    PSEUDO_FILE("domainname", show_domainname),
    PSEUDO_FILE("hostname", show_hostname),
    PSEUDO_DIR("random", random_nodes),
};

static const char vm_texts[] = "max_map_count 65530\n"
                               "mmap_min_addr 65536\n"
                               "overcommit_memory 0\n"
                               "overcommit_ratio 50\n"
                               "swappiness 0\n";

static const char inotify_texts[] = "max_queued_events 16384\n"
                                    "max_user_instances 128\n"
                                    "max_user_watches 8192\n";

static const char mqueue_texts[] = "msg_default 10\n"
                                   "msg_max 10\n"
                                   "msgsize_default 8192\n"
                                   "msgsize_max 8192\n"
                                   "queues_max 256\n";

/* Descriptors, for the files behind them are not counted. */
static int show_file_nr(struct text_file *t, void *inode)
{
    (void)inode;
    return text_printf(t, "%u\t0\t%s\n", fd_table_count(), FILE_MAX);
}

static const char fs_texts[] = "file-max " FILE_MAX "\n"
                               "nr_open 1048576\n"
                               "pipe-max-size 1048576\n";

static const struct pseudo_node fs_nodes[] = {
    PSEUDO_FILE("file-nr", show_file_nr),
    PSEUDO_TEXTS("inotify", inotify_texts),
    PSEUDO_TEXTS("mqueue", mqueue_texts),
};

const struct pseudo_node proc_sys_nodes[PROC_SYS_COUNT] = {
    PSEUDO_SPECIAL("fs", S_IFDIR | 0555, .children = fs_nodes,
                   .child_count = ARRAY_LEN(fs_nodes), .texts = fs_texts),
    PSEUDO_SPECIAL("kernel", S_IFDIR | 0555, .children = kernel_nodes,
                   .child_count = ARRAY_LEN(kernel_nodes),
                   .texts = kernel_texts),
    PSEUDO_SPECIAL("net", S_IFDIR | 0555, .lookup = proc_sysctl_net_lookup,
                   .next = proc_sysctl_net_next),
    PSEUDO_TEXTS("vm", vm_texts),
};
