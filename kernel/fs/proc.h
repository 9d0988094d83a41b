/* SPDX-License-Identifier: BSD-2-Clause */
/* proc.h - what the files that make /proc share. */
#ifndef FS_PROC_H
#define FS_PROC_H

#include "arch/arch.h"
#include "fs/pseudo.h"

struct thread;

#define PROC_HZ 100u /* USER_HZ: the unit of times in /proc */

/* proc_pid.c: the directory of a process or thread. */
extern const struct pseudo_node proc_pid_dir;
char proc_state(const struct thread *t); /* 'R', 'S', 'Z' */
/* proc_status.c, proc_maps.c, proc_mounts.c, proc_memory.c: single files. */
int proc_show_status(struct text_file *t, void *inode);
int proc_show_statm(struct text_file *t, void *inode);
int proc_show_maps(struct text_file *t, void *inode);
int proc_show_smaps(struct text_file *t, void *inode);
int proc_show_smaps_rollup(struct text_file *t, void *inode);
int proc_show_mounts(struct text_file *t, void *inode);
int proc_show_mountinfo(struct text_file *t, void *inode);
int proc_show_mountstats(struct text_file *t, void *inode);
int proc_show_meminfo(struct text_file *t, void *inode);
int proc_show_vmstat(struct text_file *t, void *inode);
/* proc_sys.c: /proc/sys. */
extern const struct pseudo_node proc_sys_nodes[];
#define PROC_SYS_COUNT 4u
/* proc_ipc.c: /proc/sysvipc. */
extern const struct pseudo_node proc_ipc_nodes[];
#define PROC_IPC_COUNT 3u
/* proc_net.c: /proc/PID/net, and with it /proc/net. */
extern const struct pseudo_node proc_net_nodes[];
#define PROC_NET_COUNT 1u
int proc_net_lookup(struct pseudo_inode *dir, const char *name, size_t name_len,
                    struct inode **out);
size_t proc_net_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                     uint8_t *type_out);
#define PROC_NET_DIR                                                         \
    PSEUDO_SPECIAL("net", S_IFDIR | 0555, .children = proc_net_nodes,        \
                   .child_count = PROC_NET_COUNT, .lookup = proc_net_lookup, \
                   .next = proc_net_next)
/* ... /proc/sys/net, and for sys.c /sys/class/net. */
int proc_sysctl_net_lookup(struct pseudo_inode *dir, const char *name,
                           size_t name_len, struct inode **out);
size_t proc_sysctl_net_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                            uint8_t *type_out);
int sys_class_net_lookup(struct pseudo_inode *dir, const char *name,
                         size_t name_len, struct inode **out);
size_t sys_class_net_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                          uint8_t *type_out);
/* proc_fd.c: fd and fdinfo. */
int proc_fd_lookup(struct pseudo_inode *dir, const char *name, size_t name_len,
                   struct inode **out);
int proc_fdinfo_lookup(struct pseudo_inode *dir, const char *name,
                       size_t name_len, struct inode **out);
size_t proc_fd_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                    uint8_t *type_out);
size_t proc_fdinfo_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                        uint8_t *type_out);
#define PROC_FD_DIR                                                \
    PSEUDO_SPECIAL("fd", S_IFDIR | 0500, .lookup = proc_fd_lookup, \
                   .next = proc_fd_next)
#define PROC_FDINFO_DIR                                                    \
    PSEUDO_SPECIAL("fdinfo", S_IFDIR | 0555, .lookup = proc_fdinfo_lookup, \
                   .next = proc_fdinfo_next)

/* Averages over 1, 5 and 15 minutes, 1.0 being 1 << PROC_LOAD_SHIFT. */
#define PROC_LOAD_SHIFT 11
void proc_load(uint64_t out[3]);
/* CPUs that the machine has. */
static inline unsigned proc_cpu_count(void)
{
    return arch_cpu_count();
}

/* Bytes as they are, NULs included. */
MUST_CHECK int proc_put_bytes(struct text_file *t, const void *data,
                              size_t len);
/* The thread of an inode; NULL: it is gone. */
struct thread *proc_thread(const struct pseudo_inode *i);

#endif
