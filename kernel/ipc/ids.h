/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ids.h - what System V's three kinds of objects share, svipc(7).
 *
 * What:      a table of each kind by identifier and by key, permissions, and
 *            the *ctl() calls but for what only one kind knows.
 * Ownership: the table holds one reference of an object until it is removed;
 *            whoever sleeps on it, or maps it, holds another.
 * Context:   a thread's system call.
 * Errors:    those of the manual pages, as -errno.
 * Units:     times in seconds since the epoch.
 */
#ifndef IPC_IDS_H
#define IPC_IDS_H

#include "core/types.h"

#define IPC_INDEX_BITS 15u /* of an identifier; a counter is above */
#define IPC_STAT_WORDS 16u /* room for any kind's struct *_ds, in uint64_t */
#define IPC_READ       0444u
#define IPC_WRITE      0222u

struct ipc_object {
    int key, id;
    uint32_t mode, uid, gid, cuid, cgid;
    int64_t ctime;
    unsigned refs;
    bool removed; /* not in the table any more: EIDRM for who sleeps on it */
};

struct ipc_kind {
    unsigned count_max;
    int stat_cmd; /* X_STAT; X_INFO and X_STAT_ANY follow it */
    unsigned stat_len;
    /* A fresh object, zeroed but for the kind's own. -EINVAL, -ENOSPC, ... */
    int (*create)(size_t size, struct ipc_object **out);
    /* An existing one, asked for with this size. NULL: any will do */
    bool (*has_size)(const struct ipc_object *o, size_t size);
    /* All behind the struct's ipc64_perm. */
    void (*stat)(const struct ipc_object *o, void *out);
    int (*set)(struct ipc_object *o, const void *in); /* NULL: nothing */
    /* IPC_RMID: wake who sleeps. False: it stays until its last user goes. */
    bool (*remove)(struct ipc_object *o);
    void (*free)(struct ipc_object *o);
    size_t (*info)(bool is_usage, void *out); /* result: bytes */

    struct ipc_object **slots;
    unsigned slot_count, count;
    unsigned seq;
    int last_idx;
};

extern struct ipc_kind shm_kind, sem_kind, msg_kind;

/* shmget() and its kin. */
MUST_CHECK long ipc_get(struct ipc_kind *k, int key, size_t size, int flags);
/* By identifier, borrowed, with rights to `mode`. -EINVAL, -EACCES */
MUST_CHECK int ipc_find(struct ipc_kind *k, int id, uint32_t mode,
                        struct ipc_object **out);
/* The first object at or after *idx, which moves behind it; NULL: no more. */
struct ipc_object *ipc_next(const struct ipc_kind *k, unsigned *idx);
/* IPC_RMID, IPC_SET, IPC_STAT, X_STAT, X_STAT_ANY, IPC_INFO, X_INFO; -EINVAL
 * for others */
MUST_CHECK long ipc_control(struct ipc_kind *k, int id, int cmd, uaddr_t buf);
/* Take o out of the table, and the table's reference with it. */
void ipc_remove(struct ipc_kind *k, struct ipc_object *o);
void ipc_put(struct ipc_kind *k, struct ipc_object *o);
int64_t ipc_now(void);

#endif
