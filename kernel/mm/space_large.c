/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_large.c - large pages: when one is mapped, and what becomes of those
 * that a program touched in a few places only when memory runs out.
 */
#include "core/panic.h"
#include "mm/page.h"
#include "mm/region.h"

static struct list all; /* spaces */

static bool trim_any(void);

void space_large_init(void)
{
    list_init(&all);
    page_set_reclaim(trim_any);
}

void space_large_add(struct space *s)
{
    list_push_back(&all, &s->all_link);
}

/*
 * A large page saves up to 511 faults, on nested hosts twice that: the guest's
 * own and those of its shadow tables. Only where the region covers all of it,
 * and where nothing has been touched before.
 */
bool space_map_large(struct space *s, struct region *r, uaddr_t va,
                     struct large_offer *offer)
{
    uint64_t at = ALIGN_DOWN(va, PAGE_LARGE_SIZE);
    bool is_zeroed = true;
    paddr_t pa;

    if (at < r->start || r->end - at < PAGE_LARGE_SIZE || s->no_large ||
        r->flags & (REGION_NO_LARGE | REGION_STACK) ||
        !pt_may_map_large(&s->pt, at))
        return false;
    if (offer && offer->pa) {
        pa = offer->pa;
        offer->pa = 0;
    } else {
        pa = page_alloc_large(&is_zeroed);
    }
    if (!pa)
        return false;
    if (!is_zeroed && offer) {
        *offer = (struct large_offer){ pa, false };
        return false;
    }
    if (!is_zeroed)
        page_zero_large(pa);
    if (pt_map_large(&s->pt, at, pa, region_pt_flags(r->prot) | PT_OWN) != 0) {
        page_put(pa);
        return false;
    }
    region_touch(r, at, at + PAGE_LARGE_SIZE);
    region_count_pages(s, LARGE_PAGES);
    s->trim_at = 0;
    return true;
}

/* ---- giving back what was never touched ---- */

static bool is_zero(paddr_t pa)
{
    const uint64_t *word = page_ptr(pa);

    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*word); i++)
        if (word[i])
            return false;
    return true;
}

/* The next large page in [at, end), or end. */
static uint64_t next_large(struct space *s, uint64_t at, uint64_t end)
{
    unsigned flags;

    for (; at < end; at = ALIGN_DOWN(at, PAGE_LARGE_SIZE) + PAGE_LARGE_SIZE) {
        at = pt_next(&s->pt, at, end);
        if (at < end && pt_lookup(&s->pt, at, &flags) && flags & PT_LARGE)
            return at;
    }
    return end;
}

/* The pages of zeros in the large page at va: what is read there next is
 * zeros again. The page is taken out of the tables and the TLB first, since
 * another thread may be about to write to it. */
static size_t trim(struct space *s, uint64_t va, paddr_t head)
{
    bool has_zeros = false;
    size_t count;

    for (unsigned i = 0; i < LARGE_PAGES && !has_zeros; i++)
        has_zeros = is_zero(head + i * PAGE_SIZE);
    if (!has_zeros)
        return 0;
    count = pt_trim_large(&s->pt, va, is_zero);
    s->resident_pages -= count;
    return count;
}

static bool trim_space(struct space *s)
{
    struct region *r = region_find(s, s->trim_at);

    space_check_inside(s);
    for (; s->pt.large_count > 0 && r; r = r->next[0]) {
        uint64_t at = MAX(r->start, s->trim_at);

        if (r->flags & REGION_LOCKED)
            continue;
        while ((at = next_large(s, at, r->end)) < r->end) {
            paddr_t head = pt_lookup(&s->pt, at, NULL);

            s->trim_at = at + PAGE_LARGE_SIZE;
            if (trim(s, at, head) > 0)
                return true;
            at += PAGE_LARGE_SIZE;
        }
    }
    s->trim_at = ARCH_USER_MAX; /* until there is another */
    return false;
}

/* For the page allocator, which has nothing left. Its caller may be inside of
 * the space, whose tables may change inside of page_alloc() for that reason,
 * but only a large page's entry, which becomes a table. There is one space: two
 * threads in spaces of their own must not wait for each other here. Pages that
 * somebody under the kernel lock looks at stay: without it nothing is freed. */
static bool trim_any(void)
{
    if (!spin_is_mine(&kernel_lock))
        return false;
    LIST_FOR_EACH(it, &all)
    {
        struct space *s = LIST_ENTRY(it, struct space, all_link);
        bool was_taken = space_enter(s);
        bool has_freed = trim_space(s);

        space_leave(s, was_taken);
        if (has_freed)
            return true;
    }
    return false;
}
