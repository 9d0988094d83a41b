/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space.c - mapping and unmapping: where things go, and what they replace.
 *
 * Layout, top down: stack, mmap area; for a program without a fixed address
 * also itself and its heap lie in the same 512 GiB, one slot of the PML4: an
 * entry of it costs an exit, and a set of upper page tables. Which slot is
 * random, and in it each base (docs/design/006-random-addresses.md).
 */
#include "mm/space.h"

#include <linux/mman.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "mm/region.h"
#include "mm/shared.h"
#include "random/pool.h"

#define GIB       (1ul << 30)
#define STACK_GAP (256 * PAGE_SIZE) /* Linux's stack_guard_gap */

/* The slots that may be chosen: in lower ones a program would be in the way of
 * its sanitizer (of ThreadSanitizer's, at last). */
#define SLOT_LEN   (512 * GIB)
#define SLOT_FIRST (253 * SLOT_LEN)
#define SLOT_COUNT 3u

/* Random offsets: the stack ends so much below the slot's end; below its range
 * two bases are drawn, so far apart that heap and mappings have room. */
#define STACK_RANDOM_PAGES (1ul << 22) /* 16 GiB */
#define BASE_DISTANCE      (64 * GIB)
#define BASE_RANGE         (SLOT_LEN - STACK_RANDOM_PAGES * PAGE_SIZE - GIB)
#define BRK_RANDOM_PAGES   (1ul << 13) /* 32 MiB, as Linux */

static paddr_t boot_pml4_pa;

void space_init(paddr_t pml4_pa)
{
    boot_pml4_pa = pml4_pa;
    space_large_init();
}

paddr_t space_pml4_pa(void)
{
    return boot_pml4_pa;
}

/* A page's offset into the range of the bases, from 32 random bits. */
static uint64_t base_offset(uint64_t random)
{
    return ((random & UINT32_MAX) * (BASE_RANGE / PAGE_SIZE) >> 32) * PAGE_SIZE;
}

/* The lower one is the program's: Linux's order, and room above its heap. */
static void choose_layout(struct space *s)
{
    uint64_t r = pool_u64(), a, b;
    uint64_t slot = SLOT_FIRST + (r >> 32) % SLOT_COUNT * SLOT_LEN;

    s->random = pool_u64();
    s->stack_top = MIN(slot + SLOT_LEN, ARCH_USER_MAX) -
                   (r & (STACK_RANDOM_PAGES - 1)) * PAGE_SIZE;
    do {
        r = pool_u64();
        a = base_offset(r);
        b = base_offset(r >> 32);
    } while (MAX(a, b) - MIN(a, b) < BASE_DISTANCE);
    s->pie_base = slot + MIN(a, b);
    s->mmap_base = slot + MAX(a, b);
}

COLD struct space *space_create(void)
{
    struct space *s = kzalloc(sizeof(*s));

    if (!s)
        return NULL;
    spin_init(&s->lock, LOCK_SPACE);
    s->pt.pml4_pa = boot_pml4_pa;
    s->levels = 1;
    s->data_limit = UINT64_MAX;
    s->ahead_first = 1;
    choose_layout(s);
    space_large_add(s);
    return s;
}

COLD void space_destroy(struct space *s)
{
    bool was_taken = space_enter(s);

    while (s->head[0]) {
        struct region *r = s->head[0];

        region_zap(s, r->start, r->end);
        region_remove(s, r);
        region_free(r);
    }
    space_leave(s, was_taken);
    while (s->spare) {
        struct region *r = s->spare;

        s->spare = r->prev;
        kfree(r);
    }
    list_remove(&s->all_link);
    kfree(s);
}

uaddr_t space_pie_base(const struct space *s)
{
    return s->pie_base;
}

bool space_is_free(struct space *s, uaddr_t va, size_t len)
{
    struct region *r = region_find(s, va);

    return !r || r->start >= va + len;
}

/* ---- unmapping ---- */

/* Cut at both ends; then no region crosses them. */
int space_cut(struct space *s, uaddr_t start, uaddr_t end)
{
    int err = region_split(s, start);

    return err ? err : region_split(s, end);
}

/* What ends at `end` goes away, and next is the first region that ends above
 * it: the hole may reach higher than what was searched, up to next. */
static inline void move_hint(struct space *s, uaddr_t end,
                             const struct region *next)
{
    if (s->hint_end && end > s->hint_end)
        s->hint_end =
            MIN(next ? MAX(next->start, end) : s->mmap_base, s->mmap_base);
}

/* r is the first that ends above start; inside of the space. */
static inline int cut_out(struct space *s, struct region *r, uaddr_t start,
                          uaddr_t end)
{
    uint64_t low = UINT64_MAX, high = 0;
    struct region *next = r;

    if (r->start < start && r->end > end) { /* a hole in its middle */
        if (s->region_count >= REGION_MAX || region_split_at(s, r, end) != 0)
            return -ENOMEM;
    }
    for (; next && next->start < end; next = next->next[0]) {
        region_forget(next, start, end);
        low = MIN(low, next->low);
        high = MAX(high, next->high);
        if (next->end > end)
            break;
    }
    move_hint(s, end, next);
    region_zap_touched(s, start, end, low, high);
    return region_carve(s, r, start, end);
}

static int unmap(struct space *s, uaddr_t start, uaddr_t end)
{
    struct region *r = region_find(s, start);
    bool was_taken;
    int err;

    if (!r || r->start >= end)
        return 0;
    was_taken = space_enter_quick(s);
    err = cut_out(s, r, start, end);
    space_leave_quick(s, was_taken);
    return err;
}

int space_unmap(struct space *s, uaddr_t start, size_t len)
{
    len = ALIGN_UP(len, PAGE_SIZE);
    if (start & PAGE_MASK || len == 0 || start >= ARCH_USER_MAX ||
        len > ARCH_USER_MAX - start)
        return -EINVAL;
    return unmap(s, start, start + len);
}

/* ---- mapping ---- */

static bool overcommits(size_t len, int prot, int flags, bool has_file)
{
    bool is_private = (flags & MAP_TYPE) == MAP_PRIVATE;

    return !(flags & MAP_NORESERVE) &&
           (is_private ? prot & PROT_WRITE : !has_file) &&
           region_is_too_long(len);
}

/* What ends here leaves the stack above it room for its guard gap. */
static bool keeps_gap(struct space *s, uaddr_t end)
{
    const struct region *above = region_find(s, end);

    return !above || !(above->flags & REGION_STACK) ||
           above->start - end >= STACK_GAP;
}

/* Where a mapping without a fixed address goes. */
static long place(struct space *s, uaddr_t hint, size_t len, int flags)
{
    uaddr_t end = flags & MAP_32BIT ? 0x80000000ul : ARCH_USER_MAX;

    hint &= ~PAGE_MASK;
    if (hint)
        hint = MAX(hint, ARCH_USER_MIN);
    if (hint && hint < end && len <= end - hint &&
        space_is_free(s, hint, len) && keeps_gap(s, hint + len))
        return (long)hint;
    return region_find_hole(s, len, MIN(end, s->mmap_base));
}

static int check_fixed(struct space *s, uaddr_t at, size_t len, int flags)
{
    if (at & PAGE_MASK)
        return -EINVAL;
    if (at >= ARCH_USER_MAX || len > ARCH_USER_MAX - at)
        return -ENOMEM;
    if (at < ARCH_USER_MIN)
        return -EPERM;
    if (flags & MAP_FIXED_NOREPLACE)
        return space_is_free(s, at, len) ? 0 : -EEXIST;
    return unmap(s, at, at + len);
}

static uint32_t region_flags_of(const struct space *s, int flags, bool has_file)
{
    uint32_t result = s->lock_future || flags & MAP_LOCKED ? REGION_LOCKED : 0;

    if ((flags & MAP_TYPE) != MAP_PRIVATE)
        return result | REGION_SHARED |
               (flags & SPACE_MAP_NO_WRITE ? REGION_NO_WRITE : 0);
    if (!(flags & (MAP_NORESERVE | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_STACK)))
        return result; /* as mostly */
    if (flags & MAP_NORESERVE)
        result |= REGION_NORESERVE;
    if (flags & MAP_GROWSDOWN)
        result |= REGION_STACK;
    if (flags & MAP_DENYWRITE && has_file)
        result |= REGION_SNAPSHOT; /* a dynamic linker's MAP_COPY */
    if (flags & MAP_STACK)
        result |= REGION_NO_LARGE; /* since Linux 6.7 */
    return result;
}

static void populate(struct space *s, uaddr_t start, size_t len, int prot)
{
    enum space_access access = prot & PROT_WRITE ? SPACE_WRITE : SPACE_READ;

    if (!prot)
        return;
    for (size_t off = 0; off < len; off += PAGE_SIZE)
        if (space_fault(s, start + off, access) != SPACE_FAULT_OK)
            return; /* as Linux: the mapping stands, the rest faults in */
}

/* A free region, or one that replaces others. Result: its address. */
static long map_region(struct space *s, uaddr_t hint, size_t len, int prot,
                       int flags, struct vm_object *obj, uint64_t obj_off)
{
    struct region like;
    long at;
    int err;

    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        at = (long)hint;
        err = check_fixed(s, hint, len, flags);
        if (err)
            return err;
    } else {
        at = place(s, hint, len, flags);
        if (at < 0)
            return at;
    }
    /* Its kind alone: zeroing the rest would cost as much as the search. */
    like.start = (uint64_t)at;
    like.end = (uint64_t)at + len;
    like.prot = (uint32_t)prot & 7;
    like.flags = region_flags_of(s, flags, obj != NULL);
    like.obj = obj;
    like.obj_off = obj_off;
    like.name = NULL;
    if (!space_data_fits(s, like.prot, like.flags, len) ||
        !region_add(s, &like))
        return -ENOMEM;
    return at;
}

/* All is checked; whole pages. */
static long map_object(struct space *s, uaddr_t hint, size_t len, int prot,
                       int flags, struct vm_object *obj, uint64_t obj_off)
{
    bool was_taken = space_enter_quick(s);
    long at = map_region(s, hint, len, prot, flags, obj, obj_off);

    space_leave_quick(s, was_taken);
    if (at >= 0 && (flags & (MAP_POPULATE | MAP_LOCKED) || s->lock_future))
        populate(s, (uint64_t)at, len, prot);
    return at;
}

long space_map(struct space *s, uaddr_t hint, size_t len, int prot, int flags,
               struct vm_object *obj, uint64_t obj_off)
{
    bool is_shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    struct vm_object *made = NULL;
    long at;

    if (len == 0 || obj_off & PAGE_MASK)
        return -EINVAL;
    if (len > ARCH_USER_MAX)
        return -ENOMEM;
    len = ALIGN_UP(len, PAGE_SIZE);
    if (flags & MAP_GROWSDOWN && (obj || is_shared))
        return -EINVAL;
    if (obj && obj_off + len < obj_off)
        return -EOVERFLOW;
    if (overcommits(len, prot, flags, obj != NULL) ||
        s->region_count >= REGION_MAX)
        return -ENOMEM;
    if (!obj && is_shared) {
        made = obj = shared_create(len >> PAGE_SHIFT);
        obj_off = 0;
        if (!obj)
            return -ENOMEM;
    }
    at = map_object(s, hint, len, prot, flags, obj, obj_off);
    if (made)
        made->ops->unref(made);
    return at;
}

/* For what is mapped at a place that was found free. -ENOMEM */
static NOINLINE int add_region(struct space *s, const struct region *like)
{
    bool was_taken = space_enter(s);
    const struct region *r = region_add(s, like);

    space_leave(s, was_taken);
    return r ? 0 : -ENOMEM;
}

COLD int space_map_trampoline(struct space *s, uaddr_t va, size_t len)
{
    const struct region like = { .start = va,
                                 .end = va + len,
                                 .prot = PROT_READ | PROT_EXEC,
                                 .name = "[samara]" };

    if (!space_is_free(s, va, len))
        return -EEXIST;
    return add_region(s, &like);
}

long space_map_stack(struct space *s, size_t limit)
{
    size_t len = MIN(ALIGN_UP(limit, PAGE_SIZE), 33 * PAGE_SIZE);
    struct region like = { .prot = PROT_READ | PROT_WRITE,
                           .flags = REGION_STACK };

    s->stack_limit = limit;
    /* mmap's area begins below the stack's reach */
    if (s->mmap_base > s->stack_top - MIN(limit, 64 * GIB) - GIB)
        s->mmap_base = s->stack_top - MIN(limit, 64 * GIB) - GIB;
    like.start = s->stack_top - len;
    like.end = s->stack_top;
    if (add_region(s, &like) != 0)
        return -ENOMEM;
    return (long)s->stack_top;
}

void space_set_large(struct space *s, bool enabled)
{
    s->no_large = !enabled;
}

void space_set_data_limit(struct space *s, uint64_t limit)
{
    s->data_limit = limit;
}

void space_set_stack_limit(struct space *s, size_t limit)
{
    s->stack_limit = limit;
}

/* va lies below a stack: may it grow down to there? */
bool space_grow_stack(struct space *s, struct region *r, uaddr_t va)
{
    uint64_t start = va & ~PAGE_MASK;

    if (!(r->flags & REGION_STACK) || r->end - start > s->stack_limit)
        return false;
    if (start < ARCH_USER_MIN)
        return false;
    /* A neighbour that no one can touch serves as the gap, as on Linux. */
    if (r->prev && r->prev->prot && !(r->prev->flags & REGION_STACK) &&
        start - r->prev->end < STACK_GAP)
        return false;
    if (r->prev && start < r->prev->end)
        return false;
    s->mapped_pages += (r->start - start) >> PAGE_SHIFT;
    r->start = start;
    return true;
}

COLD long space_map_pages(struct space *s, const paddr_t *pages, size_t count,
                          int prot, const char *name)
{
    long at = region_find_hole(s, count * PAGE_SIZE, s->mmap_base);
    struct region *r;
    unsigned flags = region_pt_flags((uint32_t)prot) | PT_NOREF;
    struct region like = { .prot = (uint32_t)prot,
                           .flags = REGION_PAGES,
                           .name = name };
    bool was_taken;
    int err = 0;

    if (at < 0)
        return at;
    like.start = (uint64_t)at;
    like.end = like.start + count * PAGE_SIZE;
    if (add_region(s, &like) != 0)
        return -ENOMEM;
    was_taken = space_enter(s);
    r = region_find(s, like.start);
    region_touch(r, like.start, like.end);
    for (size_t i = 0; i < count && !err; i++) {
        err = pt_map(&s->pt, (uint64_t)at + i * PAGE_SIZE, pages[i], flags);
        s->resident_pages += err == 0;
    }
    space_leave(s, was_taken);
    return err ? err : at;
}

/* ---- brk ---- */

void space_set_brk(struct space *s, uaddr_t start)
{
    uint64_t random = pool_u64() & (BRK_RANDOM_PAGES - 1);

    s->brk_start = ALIGN_UP(start, PAGE_SIZE) + random * PAGE_SIZE;
    s->brk_end = s->brk_start;
}

/* What was added last is in use to its end, so the next page of a heap that
 * grows bit by bit is touched at once. */
static bool brk_grow(struct space *s, uint64_t from, uint64_t to)
{
    struct region *r = region_find(s, from);
    const struct region like = { .start = from,
                                 .end = to,
                                 .prot = PROT_READ | PROT_WRITE,
                                 .flags = REGION_HEAP };
    bool was_taken;

    if (to - from > page_total_count() * PAGE_SIZE ||
        !space_data_fits(s, like.prot, like.flags, to - from) ||
        (r && r->start < to + PAGE_SIZE))
        return false;
    was_taken = space_enter(s);
    r = region_add(s, &like);
    if (r)
        space_ahead_grown(s, r, from);
    space_leave(s, was_taken);
    return r;
}

COLD long space_brk(struct space *s, uaddr_t end)
{
    uint64_t old = ALIGN_UP(s->brk_end, PAGE_SIZE);
    uint64_t new_end = ALIGN_UP(end, PAGE_SIZE);

    if (end < s->brk_start || end >= ARCH_USER_MAX)
        return (long)s->brk_end;
    if (new_end > old && !brk_grow(s, old, new_end))
        return (long)s->brk_end;
    if (new_end < old && unmap(s, new_end, old) != 0)
        return (long)s->brk_end;
    s->brk_end = end;
    return (long)end;
}
