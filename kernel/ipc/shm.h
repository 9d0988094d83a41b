/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shm.h - System V shared memory.
 *
 * Ownership: each mapping holds a reference of its segment.
 * Context:   a thread's system call.
 * Errors:    those of shmop(2) and shmctl(2).
 */
#ifndef IPC_SHM_H
#define IPC_SHM_H

#include "ipc/ids.h"
#include "mm/object.h"

#define SHM_LEN_MAX      (UINT64_MAX - (1ul << 24)) /* Linux's shmmax */
#define SHM_SEGMENTS_MAX 4096u                      /* Linux's shmmni */

struct shm {
    struct ipc_object ipc;    /* first */
    struct vm_object object;  /* what is mapped */
    struct vm_object *memory; /* where its pages are */
    size_t len;
    int64_t atime, dtime;
    int cpid, lpid;
};

/* Mappings of it. */
unsigned shm_attach_count(const struct shm *s);
MUST_CHECK long shm_attach(int id, uaddr_t addr, int flags);
MUST_CHECK int shm_detach(uaddr_t addr);
/* SHM_LOCK, SHM_UNLOCK. */
MUST_CHECK int shm_lock(int id, bool lock);

#endif
