/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * region.h - inside an address space: its regions, in order.
 *
 * What:      a region is a run of pages of one kind. A space keeps its regions
 *            in a skip list by address: search, insert and remove in O(log n)
 *            without recursion, the next and previous one at hand.
 * Ownership: a region holds one reference of its object.
 * Locks:     struct space has one, between space_enter() and space_leave().
 *            What regions there are, and all of a region but `ahead` and what
 *            was touched, changes only under it and the kernel lock, so each of
 *            the two is enough to look at them. Page tables, struct pt, those
 *            two and the counts of pages are under it alone: nobody calls a
 *            pt_ function without.
 *            Objects are called with both held, but for ready(); page() may
 *            come back through vm_object_zap(), so who has the lock may enter
 *            again. Under it nobody sleeps or touches the program's memory.
 */
#ifndef MM_REGION_H
#define MM_REGION_H

#include "arch/pagetable.h"
#include "core/list.h"
#include "core/lock.h"
#include "core/panic.h"
#include "mm/object.h"
#include "mm/page.h"
#include "mm/space.h"

#define REGION_LEVELS 6u
#define REGION_MAX    65530u /* Linux's vm.max_map_count */
#define LARGE_PAGES   (PAGE_LARGE_SIZE / PAGE_SIZE)

enum region_flags {
    REGION_SHARED = 1,
    REGION_STACK = 2, /* grows down on a fault below it */
    REGION_NORESERVE = 4,
    REGION_LOCKED = 8,
    REGION_PAGES = 16,      /* the kernel's own pages, mapped once (vDSO) */
    REGION_HEAP = 32,       /* brk's: for its name only */
    REGION_POKED = 64,      /* system calls in it were rewritten */
    REGION_NO_WRITE = 128,  /* shared, of a file opened read-only */
    REGION_LARGE = 256,     /* MADV_HUGEPAGE, and ... */
    REGION_SNAPSHOT = 1024, /* of a file, which will not change */
    REGION_NO_LARGE = 512,  /* ... MADV_NOHUGEPAGE, or a thread's stack */
};

struct region {
    uint64_t start, end;
    uint32_t prot;  /* PROT_* */
    uint32_t flags; /* enum region_flags */
    struct vm_object *obj;
    uint64_t obj_off;  /* of start, bytes */
    uint64_t ahead_va; /* where the next fault of a row is expected */
    uint32_t ahead;    /* pages to map at once then, or around it */
    int32_t step;      /* bytes from the last one of the row to ahead_va */
    /* No page of it was ever mapped outside of [low, high): most of a thread's
     * stack or of an arena need not be looked at when it changes. */
    uint64_t low, high;
    const char *name; /* "[vdso]"; NULL: by object and flags */
    struct space *space;
    struct list obj_link; /* in obj->mappings */
    struct region *prev;
    unsigned levels; /* of next that are in use */
    struct region *next[REGION_LEVELS];
};

struct space {
    struct spinlock lock;
    struct pt pt;
    struct region *head[REGION_LEVELS];
    struct region *tail;
    unsigned levels;      /* of head that are in use, 1 at least */
    struct region *spare; /* for region_create, linked by prev */
    unsigned spare_count;
    size_t region_count, shared_count; /* of all, of shared memory */
    struct region *last_hit;           /* of region_find; atomic: either lock */
    uint64_t pie_base, mmap_base, stack_top;
    uint64_t brk_start, brk_end;
    size_t stack_limit;
    uint64_t data_limit; /* bytes */
    /* No hole of at least hint_hole bytes lies above hint_end. */
    uint64_t hint_end, hint_hole;
    size_t mapped_pages, resident_pages, peak_pages;
    bool lock_future;     /* mlockall(MCL_FUTURE) */
    bool no_large;        /* prctl(PR_SET_THP_DISABLE) */
    uint32_t ahead_first; /* pages to map where a row may begin */
    uint64_t trim_at;     /* large pages below were looked at for zeros */
    struct list all_link;
    uint64_t random; /* for the skip list's levels */
};

/* Result: for space_leave(). False: this CPU is inside already. */
bool space_enter(struct space *s);
void space_leave(struct space *s, bool was_taken);
/* The same, for where it is often done. */
static ALWAYS_INLINE bool space_enter_quick(struct space *s)
{
    if (spin_is_mine(&s->lock))
        return false;
    spin_lock(&s->lock);
    return true;
}
static ALWAYS_INLINE void space_leave_quick(struct space *s, bool was_taken)
{
    if (was_taken)
        spin_unlock(&s->lock);
}

static inline void space_check_inside(const struct space *s)
{
    if (LOCK_CHECKS)
        ASSERT(spin_is_mine(&s->lock));
}

/* The first region that ends above va, or NULL. */
struct region *region_find(struct space *s, uint64_t va);
void region_insert(struct space *s, struct region *r);
void region_remove(struct space *s, struct region *r);
/* Cut so that no region crosses va, or r does not. -ENOMEM */
MUST_CHECK int region_split(struct space *s, uint64_t va);
MUST_CHECK int region_split_at(struct space *s, struct region *r, uint64_t va);
/* Join r with equal neighbours; r may be gone after. Result: what it is now. */
struct region *region_merge(struct space *s, struct region *r);
/* A region of like's range and kind, not in the list yet. */
struct region *region_create(struct space *s,
                             const struct region *like) MUST_CHECK;
/* The free range like->start.. becomes like: part of a neighbour of the same
 * kind, or a region of its own. NULL: out of memory. */
struct region *region_add(struct space *s,
                          const struct region *like) MUST_CHECK;
/* Cut [start, end) out of the regions, of which r is the first that ends above
 * start; its pages are gone already. -ENOMEM, and then nothing has changed,
 * only when it lies inside of one region. */
MUST_CHECK int region_carve(struct space *s, struct region *r, uint64_t start,
                            uint64_t end);
void region_free(struct region *r); /* not in the list any more */
/* The address of a hole of len bytes for mmap, or -ENOMEM. */
long region_find_hole(struct space *s, uint64_t len, uint64_t below);
/* Flush what `count` changed pages need; va: the page, if it is one. */
void region_flush(size_t count, uint64_t va);
/* Forget rewritten system calls of [start, end), before it changes. */
static inline void region_forget(const struct region *r, uint64_t start,
                                 uint64_t end)
{
    if (UNLIKELY(r->flags & REGION_POKED))
        arch_rewrite_forget(MAX(start, r->start), MIN(end, r->end));
}
/* So many pages more are resident. */
static inline void region_count_pages(struct space *s, size_t count)
{
    s->resident_pages += count;
    s->peak_pages = MAX(s->peak_pages, s->resident_pages);
}
/* Take away the pages of [start, end), counted, flushed. */
void region_zap(struct space *s, uint64_t start, uint64_t end);
/* The same where no page was ever mapped outside of [low, high). */
void region_zap_touched(struct space *s, uint64_t start, uint64_t end,
                        uint64_t low, uint64_t high);
/* Pages of [start, end) are mapped, or about to be. */
static inline void region_touch(struct region *r, uint64_t start, uint64_t end)
{
    r->low = MIN(r->low, start);
    r->high = MAX(r->high, end);
}
unsigned region_pt_flags(uint32_t prot);
/* Private memory that may be written, stacks aside: what RLIMIT_DATA limits. */
bool region_is_data(uint32_t prot, uint32_t flags);
/* May len bytes more be mapped, of this kind? */
bool space_data_fits_limit(const struct space *s, uint32_t prot, uint32_t flags,
                           uint64_t len);
static inline bool space_data_fits(const struct space *s, uint32_t prot,
                                   uint32_t flags, uint64_t len)
{
    return LIKELY(s->data_limit == UINT64_MAX) || /* hardly anyone sets it */
           space_data_fits_limit(s, prot, flags, len);
}
/* Cut at both ends; then no region crosses them. -ENOMEM */
MUST_CHECK int space_cut(struct space *s, uaddr_t start, uaddr_t end);
/* A large page, if pa is not 0, for a fault that is tried again: zeroing one
 * takes as long as many faults, so it is done without the lock. */
struct large_offer {
    paddr_t pa;
    bool is_zeroed;
};

/* The page at va, where there is none, of private memory without an object:
 * one to be written. */
void space_populate_page(struct space *s, struct region *r, uint64_t va);
/* r has grown from `end` on: a row of first touches that had come to there goes
 * on. */
void space_ahead_grown(struct space *s, struct region *r, uint64_t end);

/* Map the large page around va, if r and memory have room for it. With an
 * offer that is the one; if there is none yet, and what memory has must be
 * zeroed, that is offered instead of being mapped. */
bool space_map_large(struct space *s, struct region *r, uaddr_t va,
                     struct large_offer *offer);
/* When memory runs out, large pages of the spaces that were added give back
 * what was never touched; one leaves by list_remove(&s->all_link). */
void space_large_init(void);
void space_large_add(struct space *s);
/* va lies below the stack r: grow down to it if limit and gap allow. */
bool space_grow_stack(struct space *s, struct region *r, uaddr_t va);

/* Reserved in one piece even where there is less memory: Go's run time reserves
 * 32 MiB of which it touches a page, glibc 8 MiB for a thread's stack. */
#define REGION_SMALL_RESERVE (64ul << 20)

/* Writable and private, is it more than there is memory? Linux's heuristic
 * refuses only that. */
static inline bool region_is_too_long(size_t len)
{
    return len > MAX(page_total_count() << PAGE_SHIFT, REGION_SMALL_RESERVE);
}

static inline bool region_overcommits(const struct region *r, size_t len)
{
    return !(r->flags & (REGION_SHARED | REGION_NORESERVE)) &&
           region_is_too_long(len);
}

/* Does it lie in the program's half? */
static inline bool space_range_ok(uaddr_t start, size_t len)
{
    return start < ARCH_USER_MAX && len <= ARCH_USER_MAX - start;
}

#endif
