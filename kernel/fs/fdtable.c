/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdtable.c - descriptors.
 *
 * Below `lowest` no slot is free, so the usual open finds its slot at once.
 *
 * Other threads look at the table while it changes (fd_get()): a slot is one
 * word, a larger array is complete before it is shown, and what was taken out
 * is let go when nobody can be looking at it any more.
 */
#include "fs/fdtable.h"

#include <asm/resource.h>

#include "abi/records.h"
#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/locks.h"
#include "mm/heap.h"
#include "sched/process.h"

#define CLOEXEC FD_SLOT_CLOEXEC

_Static_assert(offsetof(struct fdtable, cap) == RECORDS_FDTABLE_CAP &&
                   offsetof(struct fdtable, slots) == RECORDS_FDTABLE_SLOTS,
               "as the tools know");

static struct fdtable *table(void)
{
    return thread_current()->files;
}

static struct file *slot_file(uintptr_t slot)
{
    return (struct file *)(slot & ~CLOEXEC);
}

static void slot_set(struct fdtable *t, unsigned fd, uintptr_t slot)
{
    __atomic_store_n(&t->slots[fd], slot, __ATOMIC_RELEASE);
}

/* Whoever found what was just taken out of t has a reference of it now. */
static void readers_wait(const struct fdtable *t)
{
    if (t->refs > 1)
        arch_readers_wait();
}

struct fdtable *fdtable_create(void)
{
    struct fdtable *t = kzalloc(sizeof(*t));

    if (!t)
        return NULL;
    t->refs = 1;
    t->cap = ARRAY_LEN(t->first_slots);
    t->slots = t->first_slots;
    return t;
}

struct fdtable *fdtable_get(struct fdtable *t)
{
    t->refs++;
    return t;
}

static COLD int grow(struct fdtable *t, unsigned fd)
{
    uintptr_t *slots, *old = t->slots;
    unsigned cap = t->cap;

    if (fd < cap)
        return 0;
    if (fd >= FD_MAX)
        return -EMFILE;
    while (cap <= fd)
        cap *= 2;
    slots = kzalloc(cap * sizeof(uintptr_t));
    if (!slots)
        return -ENOMEM;
    memcpy(slots, old, t->cap * sizeof(uintptr_t));
    __atomic_store_n(&t->slots, slots, __ATOMIC_RELEASE);
    __atomic_store_n(&t->cap, cap, __ATOMIC_RELEASE);
    if (old != t->first_slots) {
        readers_wait(t);
        kfree(old);
    }
    return 0;
}

COLD struct fdtable *fdtable_copy(struct fdtable *t)
{
    struct fdtable *copy = fdtable_create();

    if (!copy)
        return NULL;
    if (grow(copy, t->cap - 1)) {
        kfree(copy);
        return NULL;
    }
    for (unsigned fd = 0; fd < t->cap; fd++) {
        copy->slots[fd] = t->slots[fd];
        if (t->slots[fd])
            file_get(slot_file(t->slots[fd]));
    }
    copy->lowest = t->lowest;
    return copy;
}

static int close_file(struct fdtable *t, struct file *f)
{
    int err = 0;

    if (f->inode && !list_is_empty(&f->inode->locks))
        locks_release(f->inode, t); /* POSIX: any close drops them */
    if (f->ops->flush)
        err = f->ops->flush(f);
    file_put(f);
    return err;
}

/* Result: what was there, with the slot's reference. */
static struct file *slot_clear(struct fdtable *t, unsigned fd)
{
    struct file *f = slot_file(t->slots[fd]);

    slot_set(t, fd, 0);
    t->lowest = MIN(t->lowest, fd);
    readers_wait(t);
    return f;
}

COLD void fdtable_put(struct fdtable *t)
{
    if (--t->refs > 0)
        return;
    for (unsigned fd = 0; fd < t->cap; fd++)
        if (t->slots[fd])
            (void)close_file(t, slot_clear(t, fd));
    if (t->slots != t->first_slots)
        kfree(t->slots);
    kfree(t);
}

int fdtable_unshare(void)
{
    struct fdtable *t = table(), *copy;

    if (t->refs == 1)
        return 0;
    copy = fdtable_copy(t);
    if (!copy)
        return -ENOMEM;
    thread_current()->files = copy;
    fdtable_put(t);
    return 0;
}

struct file *fd_get(int fd)
{
    return fd_get_quick(fd);
}

static uint64_t fd_limit(void)
{
    return MIN(process_current()->rlimits[RLIMIT_NOFILE].soft, FD_MAX);
}

unsigned fd_table_size(void)
{
    return table()->cap;
}

unsigned fd_table_count(void)
{
    const struct fdtable *t = table();
    unsigned count = 0;

    for (unsigned fd = 0; fd < t->cap; fd++)
        count += t->slots[fd] != 0;
    return count;
}

static unsigned lowest_free(const struct fdtable *t, unsigned min)
{
    unsigned fd = MAX(min, t->lowest);

    while (fd < t->cap && t->slots[fd])
        fd++;
    return fd;
}

bool fd_has_room(void)
{
    return lowest_free(table(), 0) < fd_limit();
}

int fd_install_take(struct file *f, int min, bool cloexec)
{
    struct fdtable *t = table();
    unsigned fd = lowest_free(t, (unsigned)min);
    int err;

    if (fd >= fd_limit())
        return -EMFILE;
    err = LIKELY(fd < t->cap) ? 0 : grow(t, fd);
    if (err)
        return err;
    slot_set(t, fd, (uintptr_t)f | (cloexec ? CLOEXEC : 0));
    if ((unsigned)min <= t->lowest)
        t->lowest = fd + 1;
    return (int)fd;
}

COLD int fd_replace_take(struct file *f, int fd, bool cloexec)
{
    struct fdtable *t = table();
    struct file *old;
    int err;

    if (fd < 0 || (uint64_t)fd >= fd_limit())
        return -EBADF;
    err = grow(t, (unsigned)fd);
    if (err)
        return err;
    old = slot_file(t->slots[fd]);
    slot_set(t, (unsigned)fd, (uintptr_t)f | (cloexec ? CLOEXEC : 0));
    if (old) {
        readers_wait(t);
        (void)close_file(t, old);
    }
    return fd;
}

int fd_close(int fd)
{
    struct fdtable *t = table();

    if (!fd_peek(fd))
        return -EBADF;
    return close_file(t, slot_clear(t, (unsigned)fd));
}

int fd_next(int from)
{
    struct fdtable *t = table();

    for (unsigned fd = (unsigned)MAX(from, 0); fd < t->cap; fd++)
        if (t->slots[fd])
            return (int)fd;
    return -1;
}

int fd_get_cloexec(int fd)
{
    return fd_peek(fd) ? (int)(table()->slots[fd] & CLOEXEC) : -EBADF;
}

int fd_set_cloexec(int fd, bool cloexec)
{
    struct file *f = fd_peek(fd);

    if (!f)
        return -EBADF;
    slot_set(table(), (unsigned)fd, (uintptr_t)f | (cloexec ? CLOEXEC : 0));
    return 0;
}

COLD void fd_close_range(unsigned first, unsigned last)
{
    struct fdtable *t = table();

    for (unsigned fd = first; fd <= last && fd < t->cap; fd++)
        if (t->slots[fd])
            (void)close_file(t, slot_clear(t, fd));
}

COLD void fd_cloexec_range(unsigned first, unsigned last)
{
    struct fdtable *t = table();

    for (unsigned fd = first; fd <= last && fd < t->cap; fd++)
        if (t->slots[fd])
            slot_set(t, fd, t->slots[fd] | CLOEXEC);
}
