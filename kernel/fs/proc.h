/* SPDX-License-Identifier: BSD-2-Clause */
/* proc.h - the files that make /proc. */
#ifndef FS_PROC_H
#define FS_PROC_H

#include "fs/pseudo.h"

struct thread;

#define PROC_HZ 100u /* USER_HZ: the unit of times in /proc */

/* proc_pid.c: the directory of a process or thread. */
extern const struct pseudo_node proc_pid_dir;
int proc_show_mounts(struct text_file *t, void *inode);
/* proc_sys.c: /proc/sys. */
extern const struct pseudo_node proc_sys_nodes[];
#define PROC_SYS_COUNT 4u
/* proc_ipc.c: /proc/sysvipc. */
extern const struct pseudo_node proc_ipc_nodes[];
#define PROC_IPC_COUNT 3u
/* proc_fd.c: fd and fdinfo. */
int proc_fd_lookup(struct pseudo_inode *dir, const char *name, size_t name_len,
                   struct inode **out);
int proc_fdinfo_lookup(struct pseudo_inode *dir, const char *name,
                       size_t name_len, struct inode **out);
size_t proc_fd_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                    uint8_t *type_out);
size_t proc_fdinfo_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                        uint8_t *type_out);
#define PROC_FD_DIR                                                     \
    {                                                                   \
        .name = "fd", .mode = S_IFDIR | 0500, .lookup = proc_fd_lookup, \
        .next = proc_fd_next                                            \
    }
#define PROC_FDINFO_DIR                                        \
    {                                                          \
        .name = "fdinfo", .mode = S_IFDIR | 0555,              \
        .lookup = proc_fdinfo_lookup, .next = proc_fdinfo_next \
    }

/* Bytes as they are, NULs included. */
MUST_CHECK int proc_put_bytes(struct text_file *t, const void *data,
                              size_t len);
/* The thread of an inode; NULL: it is gone. */
struct thread *proc_thread(const struct pseudo_inode *i);

#endif
