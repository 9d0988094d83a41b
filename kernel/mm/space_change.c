/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_change.c - changing what is mapped: mprotect.
 */
#include <linux/mman.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/page.h"
#include "mm/region.h"

#define GUARD_MAX (16 * PAGE_SIZE) /* of a thread's stack */

/*
 * A thread library reserves a thread's stack with its guard, opens all but the
 * guard, and at once writes to the end: so the last page comes with the call,
 * which saves its fault. Whoever else reserves memory opens it from its
 * beginning. r is cut to what changes already, and has its old access.
 */
static bool looks_like_stack(const struct region *r, uint32_t prot)
{
    const struct region *guard = r->prev;

    return r->prot == PROT_NONE && prot == (PROT_READ | PROT_WRITE) &&
           !r->obj && guard && guard->end == r->start &&
           guard->prot == PROT_NONE && guard->flags == r->flags &&
           guard->end - guard->start <= GUARD_MAX &&
           (r->end - r->start < PAGE_LARGE_SIZE || r->flags & REGION_NO_LARGE);
}

/* [start, end) lies inside of r. */
static int protect_region(struct space *s, struct region *r, uaddr_t start,
                          uaddr_t end, uint32_t prot)
{
    uint64_t last_va = 0;
    bool is_stack;
    size_t lost;
    int err;

    if (r->prot == prot)
        return 0;
    if (prot & PROT_WRITE && r->flags & REGION_NO_WRITE)
        return -EACCES;
    if (prot & PROT_WRITE && !(r->prot & PROT_WRITE) &&
        (region_overcommits(r, end - start) ||
         !space_data_fits(s, prot, r->flags, end - start)))
        return -ENOMEM;
    err = end < r->end ? region_split_at(s, r, end) : 0;
    if (!err && start > r->start)
        err = region_split_at(s, r, start);
    if (err)
        return err;
    if (r->start < start)
        r = r->next[0];
    if (prot & PROT_WRITE)
        region_forget(r, start, end);
    is_stack = looks_like_stack(r, prot);
    r->prot = prot;
    if (r->low < r->high) {
        lost = pt_protect(&s->pt, MAX(start, r->low), MIN(end, r->high),
                          region_pt_flags(prot), &last_va);
        region_flush(lost, last_va);
    } else if (is_stack) {
        space_populate_page(s, r, end - PAGE_SIZE);
    }
    region_merge(s, r);
    return 0;
}

static int protect(struct space *s, uaddr_t start, uaddr_t end, int prot)
{
    struct region *r;
    int err = 0;

    if (start & PAGE_MASK)
        return -EINVAL;
    if (!space_range_ok(start, end - start))
        return -ENOMEM;
    if (prot & PROT_GROWSDOWN) {
        r = region_find(s, start);
        if (!r || r->start >= end)
            return -ENOMEM;
        if (!(r->flags & REGION_STACK))
            return -EINVAL;
        start = r->start;
    }
    prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
    /* As Linux: what lies before a hole is changed, then the call fails. */
    while (!err && start < end) {
        uaddr_t stop;

        r = region_find(s, start);
        if (!r || r->start > start)
            return -ENOMEM;
        stop = MIN(end, r->end);
        err = protect_region(s, r, start, stop, (uint32_t)prot);
        start = stop;
    }
    return err;
}

int space_protect(struct space *s, uaddr_t start, size_t len, int prot)
{
    bool was_taken = space_enter_quick(s);
    int err = protect(s, start, start + ALIGN_UP(len, PAGE_SIZE), prot);

    space_leave_quick(s, was_taken);
    return err;
}
