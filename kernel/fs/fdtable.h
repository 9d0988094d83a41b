/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdtable.h - descriptor operations for the system calls dup, fcntl, close.
 *
 * Locks:  a table changes under the kernel lock. It is looked at under that or,
 *         by fd_get(), between arch_reading_begin() and arch_reading_end().
 * Errors: -EBADF and those listed. All act on the current thread's table.
 */
#ifndef FS_FDTABLE_H
#define FS_FDTABLE_H

#include "fs/file.h"
#include "sched/thread.h"

/* A pointer each, whose lowest bit is the close-on-exec flag. */
struct fdtable {
    unsigned refs;
    unsigned cap;
    unsigned lowest;
    uintptr_t *slots;
    uintptr_t first_slots[32];
};
#define FD_SLOT_CLOEXEC 1ul

/* Put f at exactly fd, closing what was there. -EMFILE, -ENOMEM. Takes over
 * the caller's reference on success. */
MUST_CHECK int fd_replace_take(struct file *f, int fd, bool cloexec);
MUST_CHECK int fd_get_cloexec(int fd); /* 0, 1 */
unsigned fd_table_size(void);          /* slots, for /proc/self/status */
unsigned fd_table_count(void);         /* slots in use */
MUST_CHECK int fd_set_cloexec(int fd, bool cloexec);
/* As fd_get(), without a reference: good while the kernel lock is held. */
static inline struct file *fd_peek(int fd)
{
    const struct fdtable *t = thread_current()->files;

    if ((unsigned)fd >= t->cap)
        return NULL;
    return (struct file *)(t->slots[fd] & ~FD_SLOT_CLOEXEC);
}
/* fd_get(). What a slot holds has the slot's reference, which goes only when
 * everybody has left who may have found it there: fdtable.c. */
static ALWAYS_INLINE struct file *fd_get_quick(int fd)
{
    const struct fdtable *t = thread_current()->files;
    struct file *f = NULL;

    arch_reading_begin();
    /* The slots are there before the size says so. */
    if ((unsigned)fd < __atomic_load_n(&t->cap, __ATOMIC_ACQUIRE)) {
        const uintptr_t *slots = __atomic_load_n(&t->slots, __ATOMIC_ACQUIRE);

        f = (struct file *)(__atomic_load_n(&slots[fd], __ATOMIC_ACQUIRE) &
                            ~FD_SLOT_CLOEXEC);
        if (f)
            (void)file_get(f);
    }
    arch_reading_end();
    return f;
}
/* close_range(2): [first, last]. */
void fd_close_range(unsigned first, unsigned last);
void fd_cloexec_range(unsigned first, unsigned last);
/* Give the current thread a table of its own (CLOSE_RANGE_UNSHARE). */
MUST_CHECK int fdtable_unshare(void);

#endif
