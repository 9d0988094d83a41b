/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.c - the page allocator: a buddy system behind a frontier.
 *
 * Free RAM starts out as ranges that nobody has touched. A request is served
 * from the buddy's free lists if they can; else the frontier moves on and a
 * fresh page is handed out. So boot costs a few instructions a range, a guest
 * touches only memory that it uses, and pages that come from the frontier are
 * zero already where the platform promises zeroed RAM.
 *
 * One struct page per page frame lies in an array that is carved from the
 * first range with room; its entries too are touched only on use, so a zero
 * entry means "never handed out".
 */
#include "mm/page.h"

#include "abi/bootinfo.h"
#include "core/panic.h"
#include "core/string.h"

#define ORDER_COUNT  (PAGE_ORDER_MAX + 1)
#define NO_FRAME     UINT32_MAX
#define FIRMWARE_END 0x100000ul

struct page {
    uint32_t refs; /* 0: free or never handed out */
    uint8_t order; /* of the block that this page heads */
    uint8_t is_free;
    uint16_t pad;
    uint32_t next, prev; /* frames, while on a free list */
};

uint64_t page_direct_va;

static struct {
    struct page *pages; /* by frame - base */
    uint32_t base, count;
    uint32_t lists[ORDER_COUNT]; /* heads: index of a frame, or NO_FRAME */
    struct bootinfo_range all[BOOTINFO_RANGE_MAX];   /* what page_init got */
    struct bootinfo_range fresh[BOOTINFO_RANGE_MAX]; /* beyond the frontier */
    unsigned fresh_count, fresh_at;
    size_t free_count, total_count;
    bool is_zeroed;
} mem;

static struct page *page_of(uint32_t idx)
{
    ASSERT(idx < mem.count);
    return &mem.pages[idx];
}

static uint32_t idx_of(paddr_t pa)
{
    return (uint32_t)((pa >> PAGE_SHIFT) - mem.base);
}

static paddr_t pa_of(uint32_t idx)
{
    return ((paddr_t)idx + mem.base) << PAGE_SHIFT;
}

/* Does a page beyond the frontier hold zeros? Below the first MiB firmware
 * has been at work on a PC. */
static bool fresh_is_zero(paddr_t pa)
{
    return mem.is_zeroed && pa >= FIRMWARE_END;
}

static bool is_ram(paddr_t pa)
{
    for (unsigned i = 0; i < mem.fresh_count; i++)
        if (pa - mem.all[i].pa < mem.all[i].len)
            return true;
    return false;
}

static void list_add(uint32_t idx, unsigned order)
{
    struct page *p = page_of(idx);

    p->is_free = 1;
    p->order = (uint8_t)order;
    p->refs = 0;
    p->prev = NO_FRAME;
    p->next = mem.lists[order];
    if (p->next != NO_FRAME)
        page_of(p->next)->prev = idx;
    mem.lists[order] = idx;
}

static void list_del(uint32_t idx)
{
    struct page *p = page_of(idx);

    if (p->next != NO_FRAME)
        page_of(p->next)->prev = p->prev;
    if (p->prev != NO_FRAME)
        page_of(p->prev)->next = p->next;
    else
        mem.lists[p->order] = p->next;
    p->is_free = 0;
}

/* Put a block back, merging it with its free buddies. Blocks are aligned by
 * frame number, so a buddy may lie outside of the array. */
static void block_free(uint32_t idx, unsigned order)
{
    while (order < PAGE_ORDER_MAX) {
        uint32_t frame = (idx + mem.base) ^ (1u << order);
        uint32_t buddy = frame - mem.base;

        if (frame < mem.base || buddy >= mem.count ||
            !mem.pages[buddy].is_free || mem.pages[buddy].order != order)
            break;
        list_del(buddy);
        idx = MIN(idx, buddy);
        order++;
    }
    list_add(idx, order);
}

/* Take an aligned block from beyond the frontier; what alignment skips goes
 * to the free lists. 0: none left in any range. */
static paddr_t frontier_take(unsigned order)
{
    uint64_t len = PAGE_SIZE << order;

    for (unsigned i = mem.fresh_at; i < mem.fresh_count; i++) {
        struct bootinfo_range *r = &mem.fresh[i];
        paddr_t pa = ALIGN_UP(r->pa, len);

        if (pa + len > r->pa + r->len) {
            if (order == 0)
                mem.fresh_at = i + 1;
            continue;
        }
        for (paddr_t skip = r->pa; skip < pa; skip += PAGE_SIZE)
            block_free(idx_of(skip), 0);
        r->len -= pa + len - r->pa;
        r->pa = pa + len;
        return pa;
    }
    return 0;
}

static paddr_t block_alloc(unsigned order, bool *is_fresh)
{
    unsigned have = order;
    uint32_t idx;
    paddr_t pa;

    while (have < ORDER_COUNT && mem.lists[have] == NO_FRAME)
        have++;
    *is_fresh = false;
    if (have < ORDER_COUNT) {
        idx = mem.lists[have];
        list_del(idx);
        while (have > order) { /* give the upper halves back */
            have--;
            list_add(idx + (1u << have), have);
        }
        pa = pa_of(idx);
    } else {
        pa = frontier_take(order);
        if (!pa)
            return 0;
        *is_fresh = true;
        idx = idx_of(pa);
    }
    mem.pages[idx].refs = 1;
    mem.pages[idx].order = (uint8_t)order;
    mem.free_count -= (size_t)1 << order;
    return pa;
}

/* The array of struct page, from the first range that has room for it. */
static void carve_array(void)
{
    uint64_t len = ALIGN_UP(mem.count * sizeof(struct page), PAGE_SIZE);

    for (unsigned i = 0; i < mem.fresh_count; i++) {
        struct bootinfo_range *r = &mem.fresh[i];

        if (r->len < len)
            continue;
        mem.pages = page_ptr(r->pa);
        if (!fresh_is_zero(r->pa))
            memset(mem.pages, 0, len);
        r->pa += len;
        r->len -= len;
        return;
    }
    panic("-m is too small: no room for the page table of %u pages", mem.count);
}

void page_init(const struct bootinfo *boot)
{
    uint64_t low = UINT64_MAX, high = 0;

    page_direct_va = boot->direct_va;
    mem.is_zeroed = boot->flags & BOOTINFO_RAM_ZEROED;
    mem.fresh_count = boot->range_count;
    if (boot->range_count == 0 || boot->range_count > BOOTINFO_RANGE_MAX)
        panic("-m is too small: no free memory behind the kernel");
    for (unsigned i = 0; i < boot->range_count; i++) {
        mem.all[i] = mem.fresh[i] = boot->free[i];
        low = MIN(low, boot->free[i].pa);
        high = MAX(high, boot->free[i].pa + boot->free[i].len);
    }
    mem.base = (uint32_t)(low >> PAGE_SHIFT);
    mem.count = (uint32_t)(high >> PAGE_SHIFT) - mem.base;
    for (unsigned i = 0; i < ORDER_COUNT; i++)
        mem.lists[i] = NO_FRAME;
    carve_array();
    for (unsigned i = 0; i < mem.fresh_count; i++)
        mem.total_count += mem.fresh[i].len >> PAGE_SHIFT;
    mem.free_count = mem.total_count;
}

paddr_t page_alloc(void)
{
    bool is_fresh;

    return block_alloc(0, &is_fresh);
}

/* Unrolled stores: a `rep` iteration costs as much as a store where
 * instructions are counted, and start-up cycles where they are not. */
static void page_zero(void *page)
{
    for (uint64_t *p = page, *end = p + PAGE_SIZE / 8; p < end; p += 16) {
        p[0] = p[1] = p[2] = p[3] = p[4] = p[5] = p[6] = p[7] = 0;
        p[8] = p[9] = p[10] = p[11] = p[12] = p[13] = p[14] = p[15] = 0;
        __asm__("" ::: "memory"); /* not to become memset */
    }
}

paddr_t page_alloc_zeroed(void)
{
    bool is_fresh;
    paddr_t pa = block_alloc(0, &is_fresh);

    if (pa && !(is_fresh && fresh_is_zero(pa)))
        page_zero(page_ptr(pa));
    return pa;
}

paddr_t page_alloc_order(unsigned order)
{
    bool is_fresh;

    return order > PAGE_ORDER_MAX ? 0 : block_alloc(order, &is_fresh);
}

void page_get(paddr_t pa)
{
    if (!is_ram(pa))
        return;
    ASSERT(page_of(idx_of(pa))->refs > 0);
    page_of(idx_of(pa))->refs++;
}

void page_put(paddr_t pa)
{
    struct page *p;

    if (!is_ram(pa))
        return;
    p = page_of(idx_of(pa));
    ASSERT(p->refs > 0);
    if (--p->refs > 0)
        return;
    ASSERT(p->order == 0);
    mem.free_count++;
    block_free(idx_of(pa), 0);
}

unsigned page_refs(paddr_t pa)
{
    return is_ram(pa) ? page_of(idx_of(pa))->refs : 0;
}

void page_free_order(paddr_t pa, unsigned order)
{
    struct page *p = page_of(idx_of(pa));

    ASSERT_OP(p->refs, ==, 1);
    ASSERT_OP(p->order, ==, order);
    p->refs = 0;
    mem.free_count += (size_t)1 << order;
    block_free(idx_of(pa), order);
}

unsigned page_order(paddr_t pa)
{
    return page_of(idx_of(pa))->order;
}

size_t page_free_count(void)
{
    return mem.free_count;
}

size_t page_total_count(void)
{
    return mem.total_count;
}
