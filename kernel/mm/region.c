/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * region.c - the ordered list of regions, see region.h.
 */
#include "mm/region.h"

#include <linux/mman.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/page.h"

#define SPARE_MAX 3u

bool space_enter(struct space *s)
{
    return space_enter_quick(s);
}

void space_leave(struct space *s, bool was_taken)
{
    space_leave_quick(s, was_taken);
}

static unsigned random_level(struct space *s)
{
    unsigned level = 1;

    s->random = s->random * 6364136223846793005ull + 1;
    for (uint64_t bits = s->random >> 32;
         (bits & 7) == 0 && level < REGION_LEVELS; bits >>= 3)
        level++;
    return level;
}

/* The pointers that lead to the first region that ends above va. */
static void find_links(struct space *s, uint64_t va,
                       struct region **links[REGION_LEVELS])
{
    struct region **at = s->head;

    for (unsigned level = s->levels; level-- > 0;) {
        while (at[level] && at[level]->end <= va)
            at = at[level]->next;
        links[level] = &at[level];
    }
}

/* Is r the first region that ends above va? */
static bool is_first_above(const struct region *r, uint64_t va)
{
    return va < r->end && (va >= r->start || !r->prev || r->prev->end <= va);
}

static NOINLINE struct region *search(struct space *s, struct region *hit,
                                      uint64_t va)
{
    struct region **at = s->head;

    /* What is mapped, protected and unmapped in turn lies side by side. */
    if (hit) {
        hit = va < hit->end ? hit->prev : hit->next[0];
        if (hit && is_first_above(hit, va)) {
            __atomic_store_n(&s->last_hit, hit, __ATOMIC_RELAXED);
            return hit;
        }
    }
    for (unsigned level = s->levels; level-- > 0;)
        while (at[level] && at[level]->end <= va)
            at = at[level]->next;
    if (at[0])
        __atomic_store_n(&s->last_hit, at[0], __ATOMIC_RELAXED);
    return at[0];
}

struct region *region_find(struct space *s, uint64_t va)
{
    struct region *hit = __atomic_load_n(&s->last_hit, __ATOMIC_RELAXED);

    return hit && is_first_above(hit, va) ? hit : search(s, hit, va);
}

/* next is the first region that ends above it. */
static void link_before(struct space *s, struct region *r, struct region *next)
{
    struct region *prev = next ? next->prev : s->tail;
    struct region **links[REGION_LEVELS];

    ASSERT(!next || next->start >= r->end);
    space_check_inside(s);
    r->levels = random_level(s);
    r->prev = prev;
    r->next[0] = next;
    *(next ? &next->prev : &s->tail) = r;
    *(prev ? &prev->next[0] : &s->head[0]) = r;
    if (r->levels > 1) { /* one in eight: look for what leads here */
        s->levels = MAX(s->levels, r->levels);
        find_links(s, r->start, links);
        for (unsigned i = 1; i < r->levels; i++) {
            r->next[i] = *links[i];
            *links[i] = r;
        }
    }
    s->last_hit = r;
    s->region_count++;
    s->shared_count += (r->flags & REGION_SHARED) != 0;
    if (r->obj)
        list_push_back(&r->obj->mappings, &r->obj_link);
}

static void insert_before(struct space *s, struct region *r,
                          struct region *next)
{
    s->mapped_pages += (r->end - r->start) >> PAGE_SHIFT;
    link_before(s, r, next);
}

void region_insert(struct space *s, struct region *r)
{
    insert_before(s, r, region_find(s, r->start));
}

void region_remove(struct space *s, struct region *r)
{
    struct region **links[REGION_LEVELS];

    space_check_inside(s);
    if (r->levels > 1) {
        find_links(s, r->start, links);
        for (unsigned i = 1; i < r->levels; i++) {
            ASSERT(*links[i] == r);
            *links[i] = r->next[i];
        }
    }
    *(r->next[0] ? &r->next[0]->prev : &s->tail) = r->prev;
    *(r->prev ? &r->prev->next[0] : &s->head[0]) = r->next[0];
    s->region_count--;
    s->shared_count -= (r->flags & REGION_SHARED) != 0;
    s->mapped_pages -= (r->end - r->start) >> PAGE_SHIFT;
    if (s->last_hit == r)
        s->last_hit = r->next[0];
    if (r->obj)
        list_remove(&r->obj_link);
}

static NOINLINE struct region *with_object(struct region *r)
{
    r->obj->ops->ref(r->obj);
    return r;
}

static NOINLINE struct region *set_up(struct space *s,
                                      const struct region *like,
                                      struct region *r)
{
    r->start = like->start;
    r->end = like->end;
    r->prot = like->prot;
    r->flags = like->flags;
    r->obj = like->obj;
    r->obj_off = like->obj_off;
    r->name = like->name;
    r->space = s;
    r->ahead_va = 0;
    r->ahead = 1;
    r->step = PAGE_SIZE;
    r->low = UINT64_MAX;
    r->high = 0;
    list_init(&r->obj_link);
    return r->obj ? with_object(r) : r;
}

static NOINLINE struct region *create_anew(struct space *s,
                                           const struct region *like)
{
    struct region *r = kmalloc(sizeof(*r));

    return r ? set_up(s, like, r) : NULL;
}

struct region *region_create(struct space *s, const struct region *like)
{
    struct region *r = s->spare;

    if (UNLIKELY(!r))
        return create_anew(s, like);
    s->spare = r->prev;
    s->spare_count--;
    return set_up(s, like, r);
}

static NOINLINE void free_surplus(struct region *r)
{
    if (r->obj)
        r->obj->ops->unref(r->obj);
    kfree(r);
}

void region_free(struct region *r)
{
    struct space *s = r->space;

    if (s->spare_count >= SPARE_MAX) {
        free_surplus(r);
        return;
    }
    r->prev = s->spare; /* mmap and munmap often take turns */
    s->spare = r;
    s->spare_count++;
    if (r->obj)
        r->obj->ops->unref(r->obj);
}

/* Move an end of r. Its place in the order stays. */
static void set_range(struct space *s, struct region *r, uint64_t start,
                      uint64_t end)
{
    space_check_inside(s);
    s->mapped_pages += (end - start) >> PAGE_SHIFT;
    s->mapped_pages -= (r->end - r->start) >> PAGE_SHIFT;
    r->obj_off += start - r->start;
    r->start = start;
    r->end = end;
}

int region_split_at(struct space *s, struct region *r, uint64_t va)
{
    struct region *upper;

    if (va <= r->start || va >= r->end)
        return 0;
    upper = region_create(s, r);
    if (!upper)
        return -ENOMEM;
    upper->start = va;
    upper->obj_off += va - r->start;
    upper->low = r->low;
    upper->high = r->high;
    r->end = va;
    link_before(s, upper, r->next[0]); /* as many pages as before */
    return 0;
}

int region_split(struct space *s, uint64_t va)
{
    struct region *r = region_find(s, va);

    return r ? region_split_at(s, r, va) : 0;
}

int region_carve(struct space *s, struct region *r, uint64_t start,
                 uint64_t end)
{
    struct region *next;

    if (r && r->start < start && r->end > end &&
        region_split_at(s, r, end) != 0)
        return -ENOMEM;
    for (; r && r->start < end; r = next) {
        next = r->next[0];
        if (r->start < start) {
            set_range(s, r, r->start, start);
        } else if (r->end > end) {
            set_range(s, r, end, r->end);
        } else {
            region_remove(s, r);
            region_free(r);
        }
    }
    return 0;
}

static bool joins(const struct region *a, const struct region *b)
{
    return a->end == b->start && a->prot == b->prot && a->flags == b->flags &&
           a->obj == b->obj && a->name == b->name &&
           !(a->flags & REGION_STACK) &&
           (!a->obj || a->obj_off + (a->end - a->start) == b->obj_off);
}

/* b's range becomes a's. */
static void absorb(struct space *s, struct region *a, struct region *b)
{
    uint64_t end = b->end;

    region_remove(s, b);
    set_range(s, a, a->start, end);
    region_touch(a, b->low, b->high);
    region_free(b);
}

struct region *region_merge(struct space *s, struct region *r)
{
    struct region *prev = r->prev;

    if (r->next[0] && joins(r, r->next[0]))
        absorb(s, r, r->next[0]);
    if (!prev || !joins(prev, r))
        return r;
    absorb(s, prev, r);
    return prev;
}

struct region *region_add(struct space *s, const struct region *like)
{
    struct region *next = region_find(s, like->start);
    struct region *prev = next ? next->prev : s->tail, *r;

    if (prev && joins(prev, like)) {
        set_range(s, prev, prev->start, like->end);
        if (next && joins(prev, next))
            absorb(s, prev, next);
        return prev;
    }
    if (next && joins(like, next)) {
        set_range(s, next, like->start, next->end);
        return next;
    }
    r = region_create(s, like);
    if (r)
        insert_before(s, r, next);
    return r;
}

/*
 * Holes are used from the top down. Scanning starts where the last search
 * ended unless a smaller request could fit into a hole passed over before.
 * What may hold a large page begins where one can, if the hole allows it.
 */
long region_find_hole(struct space *s, uint64_t len, uint64_t below)
{
    uint64_t align = len >= PAGE_LARGE_SIZE ? PAGE_LARGE_SIZE : PAGE_SIZE;
    bool use_hint = below == s->mmap_base;
    uint64_t top = below, low, biggest = 0;
    struct region *r;

    if (use_hint && len >= s->hint_hole && s->hint_end)
        top = s->hint_end;
    else if (use_hint)
        s->hint_hole = 0;
    r = region_find(s, top - 1); /* at or above the top */
    if (r && r->start < top)
        top = r->start;
    r = r ? r->prev : s->tail;
    for (;; r = r->prev) {
        low = r ? r->end : ARCH_USER_MIN;
        if (top > low && top - low >= len) {
            uint64_t at = ALIGN_DOWN(top - len, align);

            if (use_hint) {
                s->hint_end = top;
                s->hint_hole = MAX(s->hint_hole, biggest + PAGE_SIZE);
            }
            return (long)(at >= low ? at : top - len);
        }
        if (top > low)
            biggest = MAX(biggest, top - low);
        if (!r)
            return -ENOMEM;
        top = r->start;
    }
}

/*
 * What is taken out of the tables may still be in a TLB, and a page that is
 * given back may be someone else's a moment later: so no reference is dropped
 * before the flush. Until then pages of which this mapping had the last one
 * wait on a chain, and those that others have too in a list; when that is full
 * there is a flush in between. All code that unmaps keeps this rule.
 */
#define ZAP_SHARED_MAX 64u

struct zap {
    struct space *space;
    size_t changed; /* since the last flush */
    uint64_t last_va;
    paddr_t chain;
    unsigned shared_count;
    paddr_t shared[ZAP_SHARED_MAX];
};

static void zap_flush(struct zap *z)
{
    region_flush(z->changed, z->last_va);
    z->changed = 0;
    page_chain_free(&z->chain);
    while (z->shared_count > 0)
        page_put(z->shared[--z->shared_count]);
}

static void page_gone(void *arg, uint64_t va, paddr_t pa, unsigned flags)
{
    struct zap *z = arg;

    z->last_va = va;
    z->changed++;
    if (!(flags & PT_TABLE))
        z->space->resident_pages -= flags & PT_LARGE ? LARGE_PAGES : 1;
    if (flags & PT_NOREF)
        return;
    if (page_refs(pa) == 1) {
        page_chain_add(&z->chain, pa);
        return;
    }
    z->shared[z->shared_count++] = pa;
    if (z->shared_count == ZAP_SHARED_MAX)
        zap_flush(z);
}

/* A flush is a trip through ring 0, dear on nested hosts: never two. */
void region_flush(size_t count, uint64_t va)
{
    if (count == 1)
        arch_tlb_flush_page(va);
    else if (count > 1)
        arch_tlb_flush_all();
}

/* The one page at va, if it has an entry of its own. */
static bool zap_page(struct space *s, uint64_t va)
{
    unsigned flags;
    paddr_t pa = pt_take(&s->pt, va, &flags);

    if (!pa)
        return false;
    s->resident_pages--;
    arch_tlb_flush_page(va);
    if (!(flags & PT_NOREF))
        page_put(pa);
    return true;
}

static NOINLINE void zap_pages(struct space *s, uint64_t start, uint64_t end)
{
    struct zap z;

    z.space = s;
    z.changed = 0;
    z.chain = 0;
    z.shared_count = 0;
    pt_unmap(&s->pt, start, end, page_gone, &z);
    zap_flush(&z);
}

void region_zap(struct space *s, uint64_t start, uint64_t end)
{
    space_check_inside(s);
    if (end - start != PAGE_SIZE || !zap_page(s, start))
        zap_pages(s, start, end);
}

void region_zap_touched(struct space *s, uint64_t start, uint64_t end,
                        uint64_t low, uint64_t high)
{
    /* Of what is this long the tables go as well, once they are empty. */
    if (end - start >= PAGE_LARGE_SIZE / 8) {
        low = ALIGN_DOWN(low, PAGE_LARGE_SIZE);
        high = ALIGN_UP(high, PAGE_LARGE_SIZE);
    }
    low = MAX(low, start);
    high = MIN(high, end);
    if (low < high)
        region_zap(s, low, high);
}

unsigned region_pt_flags(uint32_t prot)
{
    return (prot ? PT_READ : 0) | (prot & PROT_WRITE ? PT_WRITE : 0) |
           (prot & PROT_EXEC ? PT_EXEC : 0);
}
