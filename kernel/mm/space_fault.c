/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_fault.c - demand paging and copy-on-write.
 *
 * A page is the space's own when it is in RAM with one reference: then it may
 * be written in place. Pages of objects have the object's reference too, image
 * pages and the shared page of zeros have none at all (PT_NOREF).
 */
#include <linux/mman.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/page.h"
#include "mm/region.h"

#define AROUND_FIRST    16u /* mapped at once around a fault in a file, ... */
#define AROUND_MAX      64u /* ... and around later ones of a region */
#define AHEAD_MAX       64u /* ahead of one in memory touched in order */
#define AHEAD_FIRST_MAX 16u /* with the first fault of a row */
#define GAP_MAX         ARCH_USER_MIN /* in a row: none leads below address 0 */
#define AHEAD_TOTAL_MIN 4096u         /* in a guest of so many pages or more */
#define COPIES_AFTER    16            /* writes of a row to a file's mapping */
#define COPIES_GAP      (16u * PAGE_SIZE) /* in such a row */

/* In memory and not in the kernel's file, which it would lengthen. */
__attribute__((section(".bss.pages"),
               aligned(PAGE_SIZE))) static uint8_t zero_page_bytes[PAGE_SIZE];

/* Nobody writes to it: the program's mappings of it are read-only. */
static paddr_t zero_page(void)
{
    return (uint64_t)zero_page_bytes - arch_kernel_va() + arch_kernel_pa();
}

/* Takes over the reference of pa, if flags do not say that it has none. */
static inline enum space_fault_result map_page(struct space *s, uint64_t va,
                                               paddr_t pa, unsigned flags,
                                               bool replaces)
{
    if (pt_map(&s->pt, va, pa, flags) != 0) {
        page_put(pa);
        return SPACE_FAULT_OOM;
    }
    if (replaces)
        arch_tlb_flush_page(va);
    else
        region_count_pages(s, 1);
    return SPACE_FAULT_OK;
}

static enum space_fault_result map(struct space *s, uint64_t va, paddr_t pa,
                                   unsigned flags, bool replaces)
{
    return map_page(s, va, pa, flags | (page_refs(pa) ? 0 : PT_NOREF),
                    replaces);
}

static enum space_fault_result of_error(int err)
{
    return err == -ENOMEM ? SPACE_FAULT_OOM : SPACE_FAULT_BUS;
}

/* A private page of its own, with the contents of `from`. */
static enum space_fault_result own_copy(struct space *s, struct region *r,
                                        uint64_t va, paddr_t from,
                                        bool replaces)
{
    paddr_t pa;

    if (from == zero_page()) {
        pa = page_alloc_zeroed();
    } else {
        pa = page_alloc();
        if (pa)
            memcpy(page_ptr(pa), page_ptr(from), PAGE_SIZE);
    }
    if (!pa)
        return SPACE_FAULT_OOM;
    return map_page(s, va, pa, region_pt_flags(r->prot) | PT_OWN, replaces);
}

/* Neighbours that are in memory already cost a table entry each and save a
 * fault: map those of the aligned block around va that are not mapped yet. The
 * block is in one table, as va is. With each fault of a region it is twice as
 * long: r->ahead counts that, which rows of the same region may do as well. */
static void map_around(struct space *s, struct region *r, uint64_t va)
{
    uint64_t block = MIN(r->ahead * AROUND_FIRST, AROUND_MAX) * PAGE_SIZE;
    uint64_t at = MAX(ALIGN_DOWN(va, block), r->start);
    uint64_t end = MIN(ALIGN_DOWN(va, block) + block, r->end);
    unsigned flags = region_pt_flags(r->prot) & ~(unsigned)PT_WRITE;
    paddr_t pa;
    size_t n;

    if (!r->obj->ops->ready)
        return;
    r->ahead = MIN(2 * r->ahead, AHEAD_MAX);
    region_touch(r, at, end);
    for (; at < end; at += MAX(n, 1ul) * PAGE_SIZE) {
        uint64_t idx = (r->obj_off + (at - r->start)) >> PAGE_SHIFT;

        n = r->obj->ops->ready(r->obj, idx, (end - at) >> PAGE_SHIFT, &pa);
        if (n > 0)
            region_count_pages(s,
                               pt_map_run(&s->pt, at, pa, n, flags | PT_NOREF));
    }
}

/* The object's page for va. Without the kernel lock every error means that it
 * is wanted. */
static int object_page(const struct region *r, uint64_t va, bool want_write,
                       paddr_t *pa_out)
{
    const struct vm_object_ops *ops = r->obj->ops;
    uint64_t idx = (r->obj_off + (va - r->start)) >> PAGE_SHIFT;

    if (spin_is_mine(&kernel_lock))
        return ops->page(r->obj, idx, want_write, pa_out);
    if (!want_write && ops->ready && ops->ready(r->obj, idx, 1, pa_out) > 0)
        return 0;
    return ops->page_alone && ops->page_alone(r->obj, idx, want_write, pa_out)
               ? 0
               : -EAGAIN;
}

static enum space_fault_result own_zeros(struct space *s, struct region *r,
                                         uint64_t va)
{
    paddr_t pa = page_alloc_zeroed();

    if (!pa)
        return SPACE_FAULT_OOM;
    return map_page(s, va, pa, region_pt_flags(r->prot) | PT_OWN, false);
}

static enum space_fault_result own_of_object(struct space *s, struct region *r,
                                             uint64_t va)
{
    enum space_fault_result result;
    paddr_t pa;
    int err = object_page(r, va, false, &pa);

    if (err)
        return of_error(err);
    result = own_copy(s, r, va, pa, false);
    page_put(pa);
    return result;
}

/* The page at va for a private region, to be written. */
static inline enum space_fault_result own_page(struct space *s,
                                               struct region *r, uint64_t va)
{
    return r->obj ? own_of_object(s, r, va) : own_zeros(s, r, va);
}

void space_populate_page(struct space *s, struct region *r, uint64_t va)
{
    region_touch(r, va, va + PAGE_SIZE);
    (void)own_page(s, r, va); /* without memory its fault tells */
}

/* Is the page at va there, and not a part of a large one? */
static bool is_page(struct space *s, const struct region *r, uint64_t va)
{
    unsigned flags;

    return va >= r->start && va < r->end && pt_lookup(&s->pt, va, &flags) &&
           !(flags & PT_LARGE);
}

/* Bytes to go on by: backwards, what wraps around. */
static uint64_t step_of(const struct region *r)
{
    return (uint64_t)(int64_t)r->step;
}

/* Map up to `count` pages beyond va as the row of r goes, but no more from the
 * first on that is there already. Beyond 2 MiB the next fault decides: it may
 * map a large page, where nothing is yet. */
static void map_row(struct space *s, struct region *r, uint64_t va,
                    unsigned count)
{
    uint64_t large = ALIGN_DOWN(va, PAGE_LARGE_SIZE), step = step_of(r);
    uint64_t start = MAX(r->start, large);
    uint64_t len = MIN(r->end, large + PAGE_LARGE_SIZE) - start;

    for (va += step; count > 0 && va - start < len; count--, va += step)
        if (pt_lookup(&s->pt, va, NULL) || own_page(s, r, va) != SPACE_FAULT_OK)
            break;
    r->ahead_va = va;
    region_touch(r, va, va);
}

/* Does a row go on at va, which is not where one was expected? */
static bool find_row(struct space *s, struct region *r, uint64_t va)
{
    r->step = PAGE_SIZE;
    if (is_page(s, r, va - PAGE_SIZE))
        return true;
    if (!is_page(s, r, va + PAGE_SIZE))
        return false;
    r->step = -(int32_t)PAGE_SIZE;
    return true;
}

static bool has_plenty(void)
{
    return page_total_count() >= AHEAD_TOTAL_MIN &&
           page_free_count() > page_total_count() / 4;
}

/*
 * Memory that is touched in order gets several pages with a fault, twice as
 * many each time, while there is plenty: a fault costs more than a page that
 * may stay unused. Several such rows may take turns in a region, which
 * neighbours of one kind become: what lies right behind a page that is there
 * already goes on with a row, and what lies right before one with a row from
 * the end to the beginning. Where rows did go on, the next one begins with more
 * than a page: a heap is often made of pieces that are mapped, filled and
 * unmapped in turn. A row with gaps is one whose third fault is as far from the
 * second as that from the first.
 */
static void map_ahead(struct space *s, struct region *r, uint64_t va)
{
    uint64_t gap = va + step_of(r) - r->ahead_va;

    if (!has_plenty()) {
        r->ahead = 1;
    } else if (gap == step_of(r) || find_row(s, r, va)) {
        r->ahead = MIN(2 * r->ahead, AHEAD_MAX);
        s->ahead_first = MIN(2 * s->ahead_first, AHEAD_FIRST_MAX);
    } else {
        r->ahead = s->ahead_first;
        s->ahead_first = MAX(s->ahead_first / 2, 1u);
        if (r->ahead == 1 && gap + GAP_MAX <= 2 * GAP_MAX)
            r->step = (int32_t)gap;
    }
    map_row(s, r, va, r->ahead - 1);
}

COLD void space_ahead_grown(struct space *s, struct region *r, uint64_t end)
{
    if (r->ahead_va == end && is_page(s, r, end - PAGE_SIZE))
        map_ahead(s, r, end - PAGE_SIZE);
}

/* Where a copy of the page at va may be made from before it is written: a page
 * that is ready, in a file whose pages lie in order. 0: none. */
static paddr_t ahead_from(const struct region *r, uint64_t va)
{
    uint64_t off = r->obj_off + (va - r->start);
    struct vm_object *obj = r->obj;
    paddr_t pa;

    if (va >= r->end || !obj->ops->ready ||
        obj->ops->ready(obj, off >> PAGE_SHIFT, 1, &pa) == 0 || pa == off ||
        (obj->copied_from && obj->copied_from != pa - off))
        return 0;
    obj->copied_from = pa - off;
    return pa;
}

/* Copy up to AHEAD_MAX pages from va on, but no more from the first that is the
 * mapping's own already. One flush for all. */
static COLD void copy_row(struct space *s, struct region *r, uint64_t va)
{
    bool flush = false;
    unsigned flags;
    paddr_t from, old;

    for (unsigned i = 0; i < AHEAD_MAX; i++, va += PAGE_SIZE) {
        old = pt_lookup(&s->pt, va, &flags);
        if (old && !(flags & PT_NOREF))
            break;
        from = ahead_from(r, va);
        if (!from || own_copy(s, r, va, from, false) != SPACE_FAULT_OK)
            break;
        s->resident_pages -= old != 0; /* it was counted before */
        flush |= old != 0;
    }
    if (flush)
        arch_tlb_flush_all();
    region_touch(r, r->ahead_va, va);
    r->ahead_va = va;
}

/* Page after page of a file's private mapping is written, as by who moves what
 * he has mapped: after a while copies are made ahead. Those that are never
 * written must not hide changes of the file: vm_object_zap() tells them by what
 * they hold. r->step counts the writes of a row here. */
static NOINLINE void copy_ahead(struct space *s, struct region *r, uint64_t va)
{
    if (va - r->ahead_va >= COPIES_GAP)
        r->step = 0;
    r->ahead_va = va + PAGE_SIZE;
    if (++r->step > COPIES_AFTER && has_plenty())
        copy_row(s, r, va + PAGE_SIZE);
}

/* A private page is written, or will be. */
static enum space_fault_result own_fault(struct space *s, struct region *r,
                                         uint64_t va)
{
    enum space_fault_result result = own_page(s, r, va);

    if (result != SPACE_FAULT_OK)
        return result;
    if (!r->obj || r->flags & REGION_SNAPSHOT)
        map_ahead(s, r, va);
    else
        copy_ahead(s, r, va);
    return result;
}

/* What is read first is mostly written next: its own page saves a fault and a
 * flush. But reservations far larger than RAM are read without end, and of a
 * file that may change the program sees the change until it writes. */
static bool wants_own(const struct region *r, bool write)
{
    if (r->flags & REGION_SHARED)
        return false;
    if (write)
        return true;
    return r->prot & PROT_WRITE && (!r->obj || r->flags & REGION_SNAPSHOT) &&
           (r->end - r->start) >> PAGE_SHIFT <= page_total_count() / 8;
}

static enum space_fault_result object_fault(struct space *s, struct region *r,
                                            uint64_t va, bool write)
{
    bool shared_write =
        r->flags & REGION_SHARED &&
        (write || (r->obj->ops->is_memory && r->prot & PROT_WRITE));
    enum space_fault_result result;
    unsigned flags = region_pt_flags(r->prot);
    paddr_t pa;
    int err = object_page(r, va, shared_write, &pa);

    if (err)
        return of_error(err);
    if (!shared_write)
        flags &= ~(unsigned)PT_WRITE;
    result = map(s, va, pa, flags, false);
    if (result == SPACE_FAULT_OK)
        map_around(s, r, va);
    return result;
}

/* A shared page is written for the first time: the object may put another in
 * its place, and then drops the old mapping itself. */
static enum space_fault_result shared_page_fault(struct space *s,
                                                 struct region *r, uint64_t va,
                                                 paddr_t old)
{
    paddr_t pa;
    int err = object_page(r, va, true, &pa);

    if (err)
        return of_error(err);
    if (pa != old || pt_lookup(&s->pt, va, NULL) != old) {
        region_zap(s, va, va + PAGE_SIZE);
        return map(s, va, pa, region_pt_flags(r->prot), false);
    }
    page_put(pa); /* the mapping has its reference */
    if (pt_map(&s->pt, va, pa,
               region_pt_flags(r->prot) | (page_refs(pa) ? 0 : PT_NOREF)) != 0)
        return SPACE_FAULT_OOM;
    return SPACE_FAULT_OK; /* more rights need no flush */
}

/* There is a page already: either it must become writable, or another thread
 * was first, or the TLB held less than the table, which the fault mended. */
static enum space_fault_result present_fault(struct space *s, struct region *r,
                                             uint64_t va, paddr_t pa,
                                             unsigned flags, bool write)
{
    enum space_fault_result result;

    if (!write || flags & PT_WRITE)
        return SPACE_FAULT_OK;
    if (r->flags & REGION_SHARED)
        return shared_page_fault(s, r, va, pa);
    if (flags & PT_OWN) {
        if (pt_map(&s->pt, va, pa, region_pt_flags(r->prot) | PT_OWN) != 0)
            return SPACE_FAULT_OOM;
        return SPACE_FAULT_OK; /* more rights need no flush */
    }
    result = own_copy(s, r, va, pa, true);
    if (result != SPACE_FAULT_OK)
        return result;
    if (!(flags & PT_NOREF))
        page_put(pa);
    else if (r->obj && !(r->flags & REGION_SNAPSHOT))
        copy_ahead(s, r, va);
    return result;
}

static bool may(const struct region *r, enum space_access access)
{
    switch (access) {
    case SPACE_WRITE:
        return r->prot & PROT_WRITE;
    case SPACE_EXEC:
        return r->prot & PROT_EXEC;
    default:
        return r->prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
    }
}

/* The fault at va, in r, which is where it belongs. */
static enum space_fault_result fault_in(struct space *s, struct region *r,
                                        uint64_t va, enum space_access access,
                                        struct large_offer *offer)
{
    bool write = access == SPACE_WRITE;
    unsigned flags;
    paddr_t pa;

    if (!may(r, access))
        return SPACE_FAULT_ACCERR;
    va &= ~PAGE_MASK;
    pa = pt_lookup(&s->pt, va, &flags);
    if (pa)
        return present_fault(s, r, va, pa, flags, write);
    region_touch(r, va, va + PAGE_SIZE);
    if (wants_own(r, write)) {
        if (!r->obj && r->end - r->start >= PAGE_LARGE_SIZE &&
            space_map_large(s, r, va, offer))
            return SPACE_FAULT_OK;
        if (offer && !offer->is_zeroed)
            return SPACE_FAULT_OOM; /* again, when it is */
        return own_fault(s, r, va);
    }
    if (r->obj)
        return object_fault(s, r, va, write);
    return map(s, va, zero_page(),
               region_pt_flags(r->prot) & ~(unsigned)PT_WRITE, false);
}

/* space_fault(), inside of the space. */
static enum space_fault_result fault(struct space *s, uaddr_t va,
                                     enum space_access access)
{
    struct region *r = region_find(s, va);

    if (!r || (va < r->start && !space_grow_stack(s, r, va)))
        return SPACE_FAULT_MAPERR;
    return fault_in(s, r, va, access, NULL);
}

enum space_fault_result space_fault(struct space *s, uaddr_t va,
                                    enum space_access access)
{
    bool was_taken = space_enter(s);
    enum space_fault_result result = fault(s, va, access);

    space_leave(s, was_taken);
    return result;
}

/* What the space's lock may be enough for. */
static bool may_be_alone(const struct region *r, uaddr_t va)
{
    return r && va >= r->start && !(r->flags & REGION_PAGES);
}

bool space_fault_alone(struct space *s, uaddr_t va, enum space_access access)
{
    struct large_offer offer = { 0, true };
    enum space_fault_result result;

    do {
        struct region *r;

        if (!offer.is_zeroed)
            page_zero_large(offer.pa);
        offer.is_zeroed = true;
        result = SPACE_FAULT_MAPERR;
        spin_lock(&s->lock);
        r = region_find(s, va);
        if (may_be_alone(r, va))
            result = fault_in(s, r, va, access, &offer);
        spin_unlock(&s->lock);
    } while (!offer.is_zeroed);
    if (UNLIKELY(offer.pa)) /* another thread was faster */
        page_put(offer.pa);
    return result == SPACE_FAULT_OK;
}

COLD paddr_t space_resident(struct space *s, uaddr_t va)
{
    bool was_taken = space_enter(s);
    unsigned flags;
    paddr_t pa = pt_lookup(&s->pt, va & ~PAGE_MASK, &flags);

    space_leave(s, was_taken);
    return pa && flags & PT_READ ? pa : 0;
}

/* The byte at va in the kernel's view, in a page of the space's own: which the
 * page becomes if it is not. Its access stays. */
static int own_byte(struct space *s, struct region *r, uint64_t va,
                    uint8_t **byte_out)
{
    uint64_t page = va & ~PAGE_MASK;
    unsigned flags;
    paddr_t pa = pt_lookup(&s->pt, page, &flags);

    if (!pa &&
        fault(s, page, r->prot & PROT_EXEC ? SPACE_EXEC : SPACE_READ) != 0)
        return -EFAULT;
    pa = pt_lookup(&s->pt, page, &flags);
    if (!pa)
        return -EFAULT;
    if (!(flags & PT_OWN)) {
        if (own_copy(s, r, page, pa, true) != SPACE_FAULT_OK)
            return -ENOMEM;
        if (!(flags & PT_NOREF))
            page_put(pa);
        pa = pt_lookup(&s->pt, page, &flags);
    }
    *byte_out = (uint8_t *)page_ptr(pa) + (va & PAGE_MASK);
    return 0;
}

static int poke(struct space *s, uaddr_t va, const void *src, size_t len,
                bool is_live)
{
    struct region *r = region_find(s, va);
    size_t first = MIN(len, PAGE_SIZE - (va & PAGE_MASK));
    uint8_t *to, *rest = NULL;
    int err;

    ASSERT_OP(len, <=, PAGE_SIZE);
    if (!r || va < r->start || len > r->end - va ||
        (r->flags & REGION_SHARED && r->obj) || r->prot & PROT_WRITE)
        return -EFAULT;
    r->flags |= REGION_POKED;
    err = own_byte(s, r, va, &to);
    if (!err && first < len)
        err = own_byte(s, r, va + first, &rest);
    if (err)
        return err;
    if (is_live)
        arch_cpus_stop();
    memcpy(to, src, first);
    if (rest)
        memcpy(rest, (const uint8_t *)src + first, len - first);
    if (is_live)
        arch_cpus_resume();
    return 0;
}

COLD int space_poke(struct space *s, uaddr_t va, const void *src, size_t len,
                    bool is_live)
{
    bool was_taken = space_enter(s);
    int err = poke(s, va, src, len, is_live);

    space_leave(s, was_taken);
    return err;
}
