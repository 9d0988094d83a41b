/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_change.c - changing what is mapped: mprotect, mremap, madvise & co.
 */
#include <linux/mman.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/page.h"
#include "mm/region.h"
#include "mm/user.h"

static bool range_ok(uaddr_t start, size_t len)
{
    return !(start & PAGE_MASK) && start < ARCH_USER_MAX &&
           len <= ARCH_USER_MAX - start;
}

int space_check_mapped(struct space *s, uaddr_t start, size_t len)
{
    uaddr_t end = start + ALIGN_UP(len, PAGE_SIZE);

    while (start < end) {
        struct region *r = region_find(s, start);

        if (!r || r->start > start)
            return -ENOMEM;
        start = r->end;
    }
    return 0;
}

/* ---- protection ---- */

static void flush_range(uaddr_t start, uaddr_t end, size_t changed)
{
    if (changed == 0)
        return;
    if ((end - start) >> PAGE_SHIFT > 8) {
        arch_tlb_flush_all();
        return;
    }
    for (; start < end; start += PAGE_SIZE)
        arch_tlb_flush_page(start);
}

/* Shared mappings of files opened read-only may not become writable: the
 * file system says so by its ops->mmap; here the region's kind is all. */
int space_protect(struct space *s, uaddr_t start, size_t len, int prot)
{
    uaddr_t end = start + ALIGN_UP(len, PAGE_SIZE);
    struct region *r;
    size_t changed;
    int err;

    if (prot & PROT_GROWSDOWN) {
        r = region_find(s, start);
        if (!r || r->start > start)
            return -ENOMEM;
        if (!(r->flags & REGION_STACK))
            return -EINVAL;
        start = r->start;
    }
    prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
    if (!range_ok(start, end - start))
        return start & PAGE_MASK ? -EINVAL : -ENOMEM;
    if (start == end)
        return 0;
    err = space_check_mapped(s, start, end - start);
    if (!err)
        err = space_cut(s, start, end);
    if (err)
        return err;
    if (prot & PROT_WRITE)
        arch_rewrite_forget(start, end);
    for (r = region_find(s, start); r && r->start < end;) {
        r->prot = (uint32_t)prot;
        changed = pt_protect(&s->pt, r->start, r->end,
                             region_pt_flags((uint32_t)prot));
        flush_range(r->start, r->end, changed);
        r = region_merge(s, r);
        r = r->next[0];
    }
    r = region_find(s, end); /* the neighbour above may be equal now */
    if (r && r->start <= end)
        region_merge(s, r);
    return 0;
}

/* ---- mremap ---- */

/* Make [r->end, r->end + more) part of r, if nothing is there. */
static bool grow_in_place(struct space *s, struct region *r, size_t more)
{
    struct region *upper;

    if (r->end + more > ARCH_USER_MAX || !space_is_free(s, r->end, more))
        return false;
    upper = region_create(s, r->end, r->end + more, r->prot, r->flags, r->obj,
                          r->obj_off + (r->end - r->start));
    if (!upper)
        return false;
    upper->name = r->name;
    region_insert(s, upper);
    region_merge(s, upper);
    return true;
}

static long remap_move(struct space *s, struct region *r, size_t new_len,
                       int flags, uaddr_t new_addr)
{
    size_t old_len = r->end - r->start;
    uint64_t old = r->start;
    struct region *moved;
    long at = (long)new_addr;
    int err;

    if (!(flags & MREMAP_FIXED))
        at = region_find_hole(s, new_len, s->mmap_base);
    if (at < 0)
        return at;
    moved = region_create(s, (uint64_t)at, (uint64_t)at + new_len, r->prot,
                          r->flags, r->obj, r->obj_off);
    if (!moved)
        return -ENOMEM;
    region_insert(s, moved);
    arch_rewrite_forget(old, old + old_len);
    err = pt_move(&s->pt, old, (uint64_t)at, MIN(old_len, new_len));
    arch_tlb_flush_all();
    if (err) { /* put back what was moved; the tables for it exist */
        if (pt_move(&s->pt, (uint64_t)at, old, MIN(old_len, new_len)) != 0)
            panic("mremap cannot be undone");
        region_remove(s, moved);
        region_free(moved);
        return err;
    }
    if (!(flags & MREMAP_DONTUNMAP)) {
        err = space_unmap(s, old, old_len);
        if (err)
            return err;
    }
    region_merge(s, moved);
    return at;
}

static int remap_check(size_t old_len, size_t new_len, uaddr_t old, int flags,
                       uaddr_t new_addr)
{
    if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) ||
        old & PAGE_MASK || new_len == 0)
        return -EINVAL;
    if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if (flags & MREMAP_DONTUNMAP && old_len != new_len)
        return -EINVAL;
    if (!range_ok(old, old_len) || new_len > ARCH_USER_MAX)
        return -EINVAL;
    if (!(flags & MREMAP_FIXED))
        return 0;
    if (!range_ok(new_addr, new_len) || new_addr < ARCH_USER_MIN)
        return -EINVAL;
    if (new_addr < old + old_len && old < new_addr + new_len)
        return -EINVAL;
    return 0;
}

long space_remap(struct space *s, uaddr_t old, size_t old_len, size_t new_len,
                 int flags, uaddr_t new_addr)
{
    struct region *r;
    int err;

    old_len = ALIGN_UP(old_len, PAGE_SIZE);
    new_len = ALIGN_UP(new_len, PAGE_SIZE);
    err = remap_check(old_len, new_len, old, flags, new_addr);
    if (err)
        return err;
    r = region_find(s, old);
    if (!r || r->start > old)
        return -EFAULT;
    if (old_len == 0) { /* a second mapping of the same shared pages */
        if (!(r->flags & REGION_SHARED) || !r->obj)
            return -EINVAL;
        return space_map(s, new_addr, new_len, (int)r->prot,
                         MAP_SHARED | (flags & MREMAP_FIXED ? MAP_FIXED : 0),
                         r->obj, r->obj_off + (old - r->start));
    }
    if (old + old_len > r->end)
        return -EFAULT;
    if (flags & MREMAP_DONTUNMAP && r->obj)
        return -EINVAL;
    if (flags & MREMAP_FIXED) {
        err = space_unmap(s, new_addr, new_len);
        if (err)
            return err;
    }
    if (new_len <= old_len && !(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
        if (new_len < old_len)
            err = space_unmap(s, old + new_len, old_len - new_len);
        return err ? err : (long)old;
    }
    if (new_len > old_len &&
        (new_len - old_len) >> PAGE_SHIFT > page_total_count() &&
        !(r->flags & REGION_NORESERVE))
        return -ENOMEM;
    err = space_cut(s, old, old + old_len);
    if (err)
        return err;
    r = region_find(s, old);
    if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
        grow_in_place(s, r, new_len - old_len))
        return (long)old;
    if (!(flags & MREMAP_MAYMOVE)) {
        region_merge(s, r);
        return -ENOMEM;
    }
    return remap_move(s, r, new_len, flags, new_addr);
}

/* ---- advice ---- */

static int discard(struct space *s, uaddr_t start, uaddr_t end, int advice)
{
    int result = 0;

    while (start < end) {
        struct region *r = region_find(s, start);
        uaddr_t stop;

        if (!r || r->start >= end)
            return start < end ? -ENOMEM : result;
        if (r->start > start)
            result = -ENOMEM; /* a hole: the rest is done all the same */
        if (r->flags & (REGION_LOCKED | REGION_PAGES) ||
            (advice == MADV_FREE && r->obj))
            return -EINVAL;
        stop = MIN(end, r->end);
        arch_rewrite_forget(MAX(start, r->start), stop);
        region_zap(s, MAX(start, r->start), stop);
        start = r->end;
    }
    return result;
}

static int will_need(struct space *s, uaddr_t start, uaddr_t end,
                     enum space_access access)
{
    for (; start < end; start += PAGE_SIZE) {
        switch (space_fault(s, start, access)) {
        case SPACE_FAULT_OK:
            break;
        case SPACE_FAULT_OOM:
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
    int err;

    if (start & PAGE_MASK || end < start ||
        (len && !range_ok(start, end - start)))
        return -EINVAL;
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED: /* the image is memory: there is nothing to read */
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_COLD:
    case MADV_PAGEOUT:
        return space_check_mapped(s, start, len);
    case MADV_DONTNEED:
    case MADV_FREE:
        return len ? discard(s, start, end, advice) : 0;
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        err = space_check_mapped(s, start, len);
        return err ? err
                   : will_need(s, start, end,
                               advice == MADV_POPULATE_READ ? SPACE_READ
                                                            : SPACE_WRITE);
    default: /* MADV_REMOVE, WIPEONFORK, HWPOISON, ... */
        return -EINVAL;
    }
}

int space_incore(struct space *s, uaddr_t start, size_t len, uaddr_t vec)
{
    uint8_t in;
    int err;

    if (start & PAGE_MASK)
        return -EINVAL;
    if (!user_range_ok(start, len))
        return -ENOMEM;
    err = space_check_mapped(s, start, len);
    for (size_t off = 0; !err && off < len; off += PAGE_SIZE) {
        struct region *r = region_find(s, start + off);

        /* file pages are in memory always: the image is */
        in = pt_lookup(&s->pt, start + off, NULL) || (r && r->obj);
        err = copy_to_user(vec++, &in, 1);
    }
    return err;
}

int space_lock(struct space *s, uaddr_t start, size_t len, bool lock,
               bool populate)
{
    uaddr_t end = ALIGN_UP(start + len, PAGE_SIZE);
    struct region *r;
    int err;

    start = ALIGN_DOWN(start, PAGE_SIZE);
    if (end < start)
        return -EINVAL;
    err = space_check_mapped(s, start, end - start);
    if (!err)
        err = space_cut(s, start, end);
    if (err)
        return err;
    for (r = region_find(s, start); r && r->start < end; r = r->next[0]) {
        size_t pages = (r->end - r->start) >> PAGE_SHIFT;

        if (lock && !(r->flags & REGION_LOCKED))
            s->locked_pages += pages;
        if (!lock && r->flags & REGION_LOCKED)
            s->locked_pages -= pages;
        r->flags = lock ? r->flags | REGION_LOCKED
                        : r->flags & ~(uint32_t)REGION_LOCKED;
        if (!populate || !r->prot)
            continue;
        err = will_need(s, r->start, r->end,
                        r->prot & PROT_WRITE ? SPACE_WRITE : SPACE_READ);
        if (err)
            return err == -EFAULT ? -ENOMEM : err;
    }
    return 0;
}
