/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * locks.h - advisory locks: flock(2), fcntl(2) by process and by description.
 *
 * What:      locks hang on the inode. The three kinds ignore one another where
 *            Linux's do: flock never conflicts with fcntl's two kinds.
 * Ownership: a lock belongs to a description (flock, OFD) or to a descriptor
 *            table (POSIX, Linux's rule too) and goes with it.
 * Context:   lock calls may sleep.
 * Errors:    -EAGAIN held by another, -ERESTARTSYS, -ENOLCK no memory.
 *            No -EDEADLK: one process's threads share their locks.
 */
#ifndef FS_LOCKS_H
#define FS_LOCKS_H

#include "fs/vfs.h"

enum lock_kind { LOCK_KIND_FLOCK, LOCK_KIND_POSIX, LOCK_KIND_OFD };

struct file_lock {
    struct list link;
    enum lock_kind kind;
    const void *owner;
    bool is_write;
    uint64_t start, end; /* last byte; UINT64_MAX: to infinity */
    int pid;             /* for F_GETLK; -1: OFD */
};

/* Take (or change) the lock that `want` describes; waits if asked to. */
MUST_CHECK int locks_take(struct inode *i, const struct file_lock *want,
                          bool wait);
/* Give up [start, end] of owner's locks. -ENOLCK */
MUST_CHECK int locks_drop(struct inode *i, const struct file_lock *range);
/* The first lock that would stand in the way, or NULL. */
const struct file_lock *locks_conflict(struct inode *i,
                                       const struct file_lock *want);
/* Everything of this owner. */
void locks_release(struct inode *i, const void *owner);

#endif
