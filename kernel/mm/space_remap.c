/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_remap.c - mremap: mappings that move, grow and shrink.
 */
#include <linux/mman.h>

#include "core/errno.h"
#include "core/panic.h"
#include "mm/page.h"
#include "mm/region.h"

struct remap {
    uaddr_t old, new_addr;
    size_t old_len, new_len;
    int flags;
};

static int remap_check(const struct remap *m)
{
    if (m->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) ||
        m->old & PAGE_MASK || m->new_len == 0)
        return -EINVAL;
    if (m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) &&
        !(m->flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if (m->flags & MREMAP_DONTUNMAP && m->old_len != m->new_len)
        return -EINVAL;
    if (!space_range_ok(m->old, m->old_len) || m->new_len > ARCH_USER_MAX)
        return -EINVAL;
    if (!(m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
        return 0;
    /* Linux looks at the new address for DONTUNMAP as well. */
    if (m->new_addr & PAGE_MASK || !space_range_ok(m->new_addr, m->new_len))
        return -EINVAL;
    if (m->flags & MREMAP_FIXED && m->new_addr < ARCH_USER_MIN)
        return -EPERM;
    if (m->new_addr < m->old + m->old_len && m->old < m->new_addr + m->new_len)
        return -EINVAL;
    return 0;
}

/* Make [r->end, r->end + more) part of r, if nothing is there. */
static bool grow_in_place(struct space *s, struct region *r, size_t more)
{
    uaddr_t at = r->end;
    struct region like = *r;

    if (!space_range_ok(at, more) || !space_is_free(s, at, more))
        return false;
    like.obj_off += at - r->start;
    like.start = at;
    like.end = at + more;
    return region_add(s, &like) != NULL;
}

/* Move the pages of a region, which is exactly the old range, to a new one. */
static long move_region(struct space *s, struct region *r,
                        const struct remap *m, uaddr_t to)
{
    size_t len = MIN(m->old_len, m->new_len);
    struct region like = *r, *moved;
    int err;

    like.start = to;
    like.end = to + m->new_len;
    like.flags &= ~(uint32_t)(REGION_HEAP | REGION_POKED);
    moved = region_create(s, &like);
    if (!moved)
        return -ENOMEM;
    region_touch(moved, to, to + len);
    region_forget(r, m->old, m->old + m->old_len);
    err = pt_move(&s->pt, m->old, to, len);
    arch_tlb_flush_all();
    if (err) { /* put back what was moved: the tables for it exist */
        if (pt_move(&s->pt, to, m->old, len) != 0)
            panic("mremap cannot be undone");
        region_free(moved);
        return err;
    }
    region_insert(s, moved);
    region_merge(s, moved);
    if (m->flags & MREMAP_DONTUNMAP) { /* what was cut out joins again */
        region_merge(s, region_find(s, m->old));
        return (long)to;
    }
    err = space_unmap(s, m->old, m->old_len); /* a whole region: no split */
    ASSERT(err == 0);
    return (long)to;
}

/* MREMAP_DONTUNMAP by itself takes the new address as a hint. */
static bool takes_hint(struct space *s, const struct remap *m)
{
    return m->flags & MREMAP_DONTUNMAP && m->new_addr >= ARCH_USER_MIN &&
           space_is_free(s, m->new_addr, m->new_len);
}

static long remap_move(struct space *s, const struct remap *m)
{
    long to = (long)m->new_addr;
    int err;

    if (!(m->flags & MREMAP_FIXED) && !takes_hint(s, m))
        to = region_find_hole(s, m->new_len, s->mmap_base);
    if (to < 0)
        return to;
    if (s->region_count + 3 > REGION_MAX)
        return -ENOMEM;
    err = space_cut(s, m->old, m->old + m->old_len);
    if (err)
        return err;
    return move_region(s, region_find(s, m->old), m, (uaddr_t)to);
}

/* A second mapping of the same shared pages. */
static long remap_double(struct space *s, struct region *r,
                         const struct remap *m)
{
    int flags = MAP_SHARED | (m->flags & MREMAP_FIXED ? MAP_FIXED : 0);

    return space_map(s, m->new_addr, m->new_len, (int)r->prot, flags, r->obj,
                     r->obj_off + (m->old - r->start));
}

/* Is the old range inside of one region that may become so long? */
static int remap_check_region(struct space *s, const struct remap *m)
{
    const struct region *r = region_find(s, m->old);
    size_t more = m->new_len > m->old_len ? m->new_len - m->old_len : 0;

    if (!r || r->start > m->old || m->old_len > r->end - m->old)
        return -EFAULT;
    if (m->old_len == 0)
        return r->flags & REGION_SHARED ? 0 : -EINVAL;
    if (r->flags & REGION_PAGES && (more > 0 || m->flags & MREMAP_DONTUNMAP))
        return -EFAULT; /* the vDSO */
    if (r->obj && r->obj_off + (m->old - r->start) + m->new_len < r->obj_off)
        return -EINVAL;
    if (more > 0 && r->prot & PROT_WRITE && region_overcommits(r, more))
        return -ENOMEM;
    if (more > 0 && !space_data_fits(s, r->prot, r->flags, more))
        return -ENOMEM;
    return 0;
}

/* All is checked, the target is free, and nothing shrinks. */
static long remap_region(struct space *s, const struct remap *m)
{
    struct region *r = region_find(s, m->old);
    bool must_move = m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);

    if (m->old_len == 0)
        return remap_double(s, r, m);
    if (!must_move && m->old + m->old_len == r->end &&
        grow_in_place(s, r, m->new_len - m->old_len))
        return (long)m->old;
    return m->flags & MREMAP_MAYMOVE ? remap_move(s, m) : -ENOMEM;
}

static int unmap_target(struct space *s, const struct remap *m)
{
    return m->flags & MREMAP_FIXED ? space_unmap(s, m->new_addr, m->new_len)
                                   : 0;
}

/* Cut off the tail, which may reach over other regions; what is left then
 * moves like any other. */
static long remap_shrink(struct space *s, struct remap *m)
{
    uaddr_t tail = m->old + m->new_len;
    size_t tail_len = m->old_len - m->new_len;
    int err = 0;

    m->old_len = m->new_len;
    if (m->flags & MREMAP_FIXED)
        err = remap_check_region(s, m);
    if (!err)
        err = unmap_target(s, m);
    if (!err)
        err = space_unmap(s, tail, tail_len);
    if (err)
        return err;
    return m->flags & MREMAP_FIXED ? remap_region(s, m) : (long)m->old;
}

/* A mere move may take several regions along, holes included: Linux 6.17. */
static long remap_pieces(struct space *s, const struct remap *m)
{
    uaddr_t at = m->old, end = m->old + m->old_len;
    long result;

    while (at < end) {
        struct region *r = region_find(s, at);
        struct remap piece = *m;

        if (!r || r->start >= end)
            break;
        piece.old = MAX(at, r->start);
        piece.old_len = MIN(end, r->end) - piece.old;
        piece.new_len = piece.old_len;
        piece.new_addr += piece.old - m->old;
        at = piece.old + piece.old_len;
        result = remap_check_region(s, &piece);
        if (result == 0)
            result = unmap_target(s, &piece);
        if (result == 0)
            result = remap_region(s, &piece);
        if (result < 0)
            return result;
    }
    return (long)m->new_addr;
}

static long remap(struct space *s, struct remap *m)
{
    const struct region *r = region_find(s, m->old);
    int err;

    if (!r || r->start > m->old)
        return -EFAULT;
    if (m->flags & MREMAP_FIXED && m->old_len == m->new_len)
        return remap_pieces(s, m);
    if (m->old_len > m->new_len)
        return remap_shrink(s, m);
    if (m->old_len == m->new_len &&
        !(m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
        return (long)m->old;
    err = remap_check_region(s, m);
    if (!err)
        err = unmap_target(s, m);
    return err ? err : remap_region(s, m);
}

long space_remap(struct space *s, uaddr_t old, size_t old_len, size_t new_len,
                 int flags, uaddr_t new_addr)
{
    struct remap m = { .old = old,
                       .new_addr = new_addr,
                       .old_len = ALIGN_UP(old_len, PAGE_SIZE),
                       .new_len = ALIGN_UP(new_len, PAGE_SIZE),
                       .flags = flags };
    long result = remap_check(&m);
    bool was_taken;

    if (result)
        return result;
    was_taken = space_enter(s);
    result = remap(s, &m);
    space_leave(s, was_taken);
    return result;
}
