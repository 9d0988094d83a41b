/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_advise.c - what a program says or asks about its pages: madvise,
 * mincore, msync, mlock.
 */
#include <linux/mman.h>

#include "core/errno.h"
#include "core/string.h"
#include "mm/page.h"
#include "mm/region.h"
#include "mm/shared.h"
#include "mm/user.h"

#define INCORE_CHUNK 64u

static bool range_ok(uaddr_t start, size_t len)
{
    return start <= ARCH_USER_MAX && len <= ARCH_USER_MAX - start;
}

int space_check_mapped(struct space *s, uaddr_t start, size_t len)
{
    uaddr_t end = start + ALIGN_UP(len, PAGE_SIZE);

    if (!range_ok(start, end - start))
        return -ENOMEM;
    while (start < end) {
        struct region *r = region_find(s, start);

        if (!r || r->start > start)
            return -ENOMEM;
        start = r->end;
    }
    return 0;
}

/* ---- madvise ---- */

static int discard_region(struct space *s, struct region *r, uaddr_t start,
                          uaddr_t end, int advice)
{
    bool is_shared = r->flags & REGION_SHARED;

    if (advice == MADV_WIPEONFORK) /* there is no fork to wipe at */
        return r->obj || is_shared ? -EINVAL : 0;
    if (r->flags & REGION_PAGES ||
        (r->flags & REGION_LOCKED && advice != MADV_DONTNEED_LOCKED))
        return -EINVAL;
    switch (advice) {
    case MADV_FREE:
        if (r->obj || is_shared)
            return -EINVAL;
        break;
    case MADV_REMOVE:
        if (!r->obj)
            return -EINVAL;
        if (!is_shared || r->flags & REGION_NO_WRITE)
            return -EACCES;
        if (!r->obj->ops->remove)
            return -EOPNOTSUPP;
        return r->obj->ops->remove(
            r->obj, (r->obj_off + (start - r->start)) >> PAGE_SHIFT,
            (end - start) >> PAGE_SHIFT);
    case MADV_COLD: /* nothing is ever swapped */
    case MADV_PAGEOUT:
        return 0;
    default:
        break;
    }
    region_forget(r, start, end);
    region_zap(s, start, end);
    return 0;
}

/* Part of one region, and what is to be done with it. 0 or -errno */
typedef int (*advise_fn)(struct space *s, struct region *r, uaddr_t start,
                         uaddr_t end, int how);

/* Holes do not end the work; they are reported when it is done. */
static int for_each_part(struct space *s, uaddr_t start, uaddr_t end,
                         advise_fn fn, int how)
{
    int result = 0;

    while (start < end) {
        struct region *r = region_find(s, start);
        bool was_taken;
        uaddr_t stop;
        int err;

        if (!r || r->start >= end)
            return -ENOMEM;
        if (r->start > start) {
            result = -ENOMEM;
            start = r->start;
        }
        stop = MIN(end, r->end);
        was_taken = space_enter(s);
        err = fn(s, r, start, stop, how);
        space_leave(s, was_taken);
        if (err)
            return err;
        start = stop;
    }
    return result;
}

/* Of one region's [start, end): may it have large pages? */
static int set_large_region(struct space *s, struct region *r, uaddr_t start,
                            uaddr_t end, int large)
{
    uint32_t both = REGION_LARGE | REGION_NO_LARGE;
    uint32_t flag = large ? REGION_LARGE : REGION_NO_LARGE;
    int err;

    if (r->flags & REGION_PAGES)
        return -EINVAL;
    if ((r->flags & both) == flag)
        return 0;
    err = space_cut(s, start, end);
    if (err)
        return err;
    r = region_find(s, start);
    r->flags = (r->flags & ~both) | flag;
    r = region_merge(s, r);
    if (r->next[0])
        region_merge(s, r->next[0]);
    return 0;
}

static int fault_in(struct space *s, uaddr_t start, uaddr_t end,
                    enum space_access access)
{
    for (; start < end; start += PAGE_SIZE) {
        switch (space_fault(s, start, access)) {
        case SPACE_FAULT_OK:
            break;
        case SPACE_FAULT_OOM:
        case SPACE_FAULT_MAPERR:
            return -ENOMEM;
        case SPACE_FAULT_ACCERR:
            return -EINVAL;
        default:
            return -EFAULT;
        }
    }
    return 0;
}

int space_advise(struct space *s, uaddr_t start, size_t len, int advice)
{
    uaddr_t end = start + ALIGN_UP(len, PAGE_SIZE);

    if (start & PAGE_MASK || end < start || (len && end == start))
        return -EINVAL;
    if (len == 0)
        start = end = 0; /* only the advice is looked at */
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED: /* the image is memory: there is nothing to read */
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_KEEPONFORK:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
        return space_check_mapped(s, start, len);
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
    case MADV_FREE:
    case MADV_REMOVE:
    case MADV_WIPEONFORK:
    case MADV_COLD:
    case MADV_PAGEOUT:
        return for_each_part(s, start, end, discard_region, advice);
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
        return for_each_part(s, start, end, set_large_region,
                             advice == MADV_HUGEPAGE);
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        return fault_in(s, start, end,
                        advice == MADV_POPULATE_READ ? SPACE_READ
                                                     : SPACE_WRITE);
    case MADV_HWPOISON:
    case MADV_SOFT_OFFLINE:
        return -EPERM;
    default: /* MERGEABLE (no KSM), COLLAPSE, unknown ones */
        return -EINVAL;
    }
}

/* ---- mincore, msync ---- */

static uint8_t is_incore(struct space *s, uaddr_t va)
{
    const struct region *r = region_find(s, va);

    /* Pages of files are in memory always: the image is memory. */
    return pt_lookup(&s->pt, va, NULL) != 0 || (r && r->obj);
}

int space_incore(struct space *s, uaddr_t start, size_t len, uaddr_t vec)
{
    uint8_t in[INCORE_CHUNK];
    uaddr_t end = start + ALIGN_UP(len, PAGE_SIZE);
    int err;

    if (start & PAGE_MASK)
        return -EINVAL;
    if (!user_range_ok(start, len))
        return -ENOMEM;
    err = space_check_mapped(s, start, len);
    while (!err && start < end) {
        bool was_taken = space_enter(s);
        size_t n = 0;

        for (; n < INCORE_CHUNK && start < end; n++, start += PAGE_SIZE)
            in[n] = is_incore(s, start);
        space_leave(s, was_taken);
        err = copy_to_user(vec, in, n);
        vec += n;
    }
    return err;
}

int space_sync(struct space *s, uaddr_t start, size_t len, int flags)
{
    uaddr_t end = start + ALIGN_UP(len, PAGE_SIZE);
    int err = space_check_mapped(s, start, len);

    if (!(flags & MS_INVALIDATE))
        return err;
    for (struct region *r = region_find(s, start); r && r->start < end;
         r = r->next[0])
        if (r->flags & REGION_LOCKED)
            return -EBUSY; /* a hole before it does not matter */
    return err;
}

/* ---- mlock: nothing is ever swapped, so it only makes pages present ---- */

static enum space_access needed_access(const struct region *r)
{
    if (r->prot & PROT_WRITE && !(r->flags & REGION_SHARED))
        return SPACE_WRITE;
    return r->prot & (PROT_READ | PROT_WRITE) ? SPACE_READ : SPACE_EXEC;
}

/* Mark the regions of [start, end), or unmark them. */
static int set_locked(struct space *s, uaddr_t start, uaddr_t end, bool lock)
{
    int err = space_cut(s, start, end);

    while (!err && start < end) {
        struct region *r = region_find(s, start);

        if (!r || r->start > start) /* what lies before a hole is done */
            return -ENOMEM;
        start = r->end;
        r->flags = lock ? r->flags | REGION_LOCKED
                        : r->flags & ~(uint32_t)REGION_LOCKED;
        r = region_merge(s, r);
        if (r->end == end && r->next[0])
            region_merge(s, r->next[0]);
    }
    return err;
}

int space_lock(struct space *s, uaddr_t start, size_t len, bool lock,
               bool populate)
{
    uaddr_t end = ALIGN_UP(start + len, PAGE_SIZE), at;
    bool was_taken;
    int err;

    start = ALIGN_DOWN(start, PAGE_SIZE);
    if (end < start)
        return -EINVAL;
    was_taken = space_enter(s);
    err = set_locked(s, start, end, lock);
    space_leave(s, was_taken);
    if (err)
        return err;
    for (at = start; populate && at < end;) {
        struct region *r = region_find(s, at);
        uaddr_t stop = MIN(end, r->end);

        /* Linux reports ENOMEM whatever keeps a page away. */
        if (fault_in(s, at, stop, needed_access(r)) != 0)
            return -ENOMEM;
        at = stop;
    }
    return 0;
}

void space_lock_all(struct space *s, bool now, bool future, bool populate)
{
    uaddr_t at = 0;

    s->lock_future = future;
    for (struct region *r = region_find(s, 0); r; r = region_find(s, at)) {
        at = r->end;
        if (!now && future)
            break;
        /* Pages that cannot be had do not matter here, on Linux too. */
        if (space_lock(s, r->start, r->end - r->start, now, populate) != 0)
            continue;
    }
}
