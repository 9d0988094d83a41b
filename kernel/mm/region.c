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

static unsigned random_level(struct space *s)
{
    unsigned level = 1;

    s->random = s->random * 6364136223846793005ull + 1442695040888963407ull;
    for (uint64_t bits = s->random >> 32;
         (bits & 3) == 0 && level < REGION_LEVELS; bits >>= 2)
        level++;
    return level;
}

/* The pointers that lead to the first region that ends above va. */
static void find_links(struct space *s, uint64_t va,
                       struct region **links[REGION_LEVELS])
{
    struct region **at = s->head;

    for (unsigned level = REGION_LEVELS; level-- > 0;) {
        while (at[level] && at[level]->end <= va)
            at = at[level]->next;
        links[level] = &at[level];
    }
}

struct region *region_find(struct space *s, uint64_t va)
{
    struct region **at = s->head;
    struct region *hit = s->last_hit;

    if (hit && va >= hit->start && va < hit->end)
        return hit;
    for (unsigned level = REGION_LEVELS; level-- > 0;)
        while (at[level] && at[level]->end <= va)
            at = at[level]->next;
    if (at[0])
        s->last_hit = at[0];
    return at[0];
}

void region_insert(struct space *s, struct region *r)
{
    struct region **links[REGION_LEVELS];
    unsigned levels = random_level(s);

    find_links(s, r->start, links);
    ASSERT(!*links[0] || (*links[0])->start >= r->end);
    r->prev = *links[0] ? (*links[0])->prev
              : links[0] == &s->head[0]
                  ? NULL
                  : CONTAINER_OF(links[0], struct region, next[0]);
    if (*links[0])
        (*links[0])->prev = r;
    memset(r->next, 0, sizeof(r->next));
    for (unsigned i = 0; i < levels; i++) {
        r->next[i] = *links[i];
        *links[i] = r;
    }
    s->region_count++;
    s->mapped_pages += (r->end - r->start) >> PAGE_SHIFT;
    if (r->obj)
        list_push_back(&r->obj->mappings, &r->obj_link);
}

void region_remove(struct space *s, struct region *r)
{
    struct region **links[REGION_LEVELS];

    find_links(s, r->start, links);
    ASSERT(*links[0] == r);
    for (unsigned i = 0; i < REGION_LEVELS; i++)
        if (*links[i] == r)
            *links[i] = r->next[i];
    if (r->next[0])
        r->next[0]->prev = r->prev;
    s->region_count--;
    s->mapped_pages -= (r->end - r->start) >> PAGE_SHIFT;
    if (s->last_hit == r)
        s->last_hit = NULL;
    if (r->obj)
        list_remove(&r->obj_link);
}

struct region *region_create(struct space *s, uint64_t start, uint64_t end,
                             uint32_t prot, uint32_t flags,
                             struct vm_object *obj, uint64_t off)
{
    struct region *r = kzalloc(sizeof(*r));

    if (!r)
        return NULL;
    r->start = start;
    r->end = end;
    r->prot = prot;
    r->flags = flags;
    r->obj = obj;
    r->obj_off = off;
    r->space = s;
    list_init(&r->obj_link);
    if (obj)
        obj->ops->ref(obj);
    return r;
}

void region_free(struct region *r)
{
    if (r->obj)
        r->obj->ops->unref(r->obj);
    kfree(r);
}

int region_split(struct space *s, uint64_t va)
{
    struct region *r = region_find(s, va), *upper;

    if (!r || r->start >= va)
        return 0;
    upper = region_create(s, va, r->end, r->prot, r->flags, r->obj,
                          r->obj_off + (va - r->start));
    if (!upper)
        return -ENOMEM;
    upper->name = r->name;
    s->mapped_pages -= (r->end - va) >> PAGE_SHIFT;
    r->end = va;
    region_insert(s, upper);
    return 0;
}

static bool joins(const struct region *a, const struct region *b)
{
    return a && b && a->end == b->start && a->prot == b->prot &&
           a->flags == b->flags && a->obj == b->obj && a->name == b->name &&
           (!a->obj || a->obj_off + (a->end - a->start) == b->obj_off);
}

/* b's range becomes a's. */
static void absorb(struct space *s, struct region *a, struct region *b)
{
    uint64_t end = b->end;

    region_remove(s, b);
    s->mapped_pages += (end - a->end) >> PAGE_SHIFT;
    a->end = end;
    region_free(b);
}

struct region *region_merge(struct space *s, struct region *r)
{
    if (joins(r, r->next[0]))
        absorb(s, r, r->next[0]);
    if (joins(r->prev, r)) {
        struct region *prev = r->prev;

        absorb(s, prev, r);
        return prev;
    }
    return r;
}

/*
 * Holes are used from the top down. Scanning starts where the last search
 * ended unless a smaller request could fit into a hole passed over before.
 */
long region_find_hole(struct space *s, uint64_t len, uint64_t below)
{
    bool use_hint = below == s->mmap_base;
    uint64_t top = below, low, biggest = 0;
    struct region *r;

    if (use_hint && len >= s->hint_hole && s->hint_end)
        top = s->hint_end;
    else if (use_hint)
        s->hint_hole = 0;
    r = region_find(s, top - 1); /* at or above the top */
    if (r && r->start < top) {
        top = r->start;
        r = r->prev;
    } else if (r) {
        r = r->prev;
    } else { /* no region ends above: find the last one */
        for (r = s->head[0]; r && r->next[0]; r = r->next[0])
            ;
    }
    for (;; r = r->prev) {
        low = r ? r->end : ARCH_USER_MIN;
        if (top > low && top - low >= len) {
            if (use_hint) {
                s->hint_end = top;
                s->hint_hole = MAX(s->hint_hole, biggest + PAGE_SIZE);
            }
            return (long)(top - len);
        }
        if (top > low)
            biggest = MAX(biggest, top - low);
        if (!r)
            return -ENOMEM;
        top = r->start;
    }
}

struct zap {
    struct space *space;
    uint64_t last_va;
};

static void page_gone(void *arg, uint64_t va, paddr_t pa, unsigned flags)
{
    struct zap *z = arg;

    z->last_va = va;
    z->space->resident_pages--;
    if (!(flags & PT_NOREF))
        page_put(pa);
}

/* A flush is a trip through ring 0, dear on nested hosts: never two. */
void region_flush(size_t count, uint64_t va)
{
    if (count == 1)
        arch_tlb_flush_page(va);
    else if (count > 1)
        arch_tlb_flush_all();
}

void region_zap(struct space *s, uint64_t start, uint64_t end)
{
    struct zap z = { .space = s };
    size_t gone = pt_unmap(&s->pt, start, end, page_gone, &z);

    region_flush(gone, z.last_va);
}

void region_forget(struct region *r, uint64_t start, uint64_t end)
{
    if (r->flags & REGION_POKED)
        arch_rewrite_forget(MAX(start, r->start), MIN(end, r->end));
}

unsigned region_pt_flags(uint32_t prot)
{
    return (prot ? PT_READ : 0) | (prot & PROT_WRITE ? PT_WRITE : 0) |
           (prot & PROT_EXEC ? PT_EXEC : 0);
}
