/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.c - the page allocator: a buddy system behind a frontier.
 *
 * Free RAM starts out as ranges that nobody has touched. A request is served
 * from the buddy's free lists if they can; else the frontier moves on and a
 * fresh page is handed out. So boot costs a few instructions a range, a guest
 * touches only memory that it uses, and pages that come from the frontier are
 * zero already where the platform promises zeroed RAM. Single pages that were
 * freed wait on a short list of their own, not merged, for the next request.
 * Large pages come from a second frontier, which moves down from the end, so
 * that no alignment is skipped and the host finds them side by side.
 *
 * One struct page per page frame lies in an array that is carved from the
 * first range with room, behind the first pages, which a small guest then finds
 * next to the kernel. An entry is written when the frontier passes its page;
 * before that it may hold anything.
 *
 * mem.lock guards all that says what is free: lists, frontiers, is_free and
 * order of each page, free_count. A page that somebody has is theirs: refs is
 * changed without the lock, and next and order only by the last one.
 */
#include "mm/page.h"

#include "abi/bootinfo.h"
#include "arch/pagetable.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/string.h"

#define ORDER_COUNT (PAGE_ORDER_MAX + 1)
#define NO_FRAME    UINT32_MAX
#define RANGE_MAX   (BOOTINFO_RANGE_MAX + 1) /* the array cuts one in two */
#define HOT_MAX     64u                      /* single pages kept unmerged */
#define LARGE_COUNT ((size_t)1 << PAGE_ORDER_LARGE)

/* Large pages are for guests with so many pages or more. */
#define LARGE_TOTAL_MIN 8192u

/* Pages before the array, where there are many. */
#define FIRST_LEN (64 * PAGE_SIZE)

/* On a PC firmware has worked below this, whatever it says of the rest. */
#define FIRMWARE_END 0x100000ull

struct page {
    uint32_t refs; /* atomic; 0: free or never handed out */
    uint8_t order; /* of the block that this page heads */
    uint8_t is_free;
    uint16_t kind;       /* enum records_page_kind; not when free */
    uint32_t next, prev; /* frames, while on a free list */
};

uint64_t page_direct_va;

static struct {
    struct spinlock lock;
    struct page *pages; /* by frame - base */
    uint32_t base, count;
    uint32_t filled;             /* bit n: lists[n] is not empty */
    uint32_t hot_count, hot;     /* single pages, linked by next */
    uint32_t lists[ORDER_COUNT]; /* heads: index of a frame, or NO_FRAME */
    struct bootinfo_range all[RANGE_MAX];   /* the array aside */
    struct bootinfo_range fresh[RANGE_MAX]; /* beyond the frontier */
    unsigned fresh_count, fresh_at;
    size_t free_count, total_count;
    paddr_t zeroed_from; /* fresh pages from here on hold zeros */
    bool (*reclaim)(void);
} mem = { .lock = SPINLOCK_INIT(LOCK_PAGE) };

static inline struct page *page_of(uint32_t idx)
{
    ASSERT(idx < mem.count);
    return &mem.pages[idx];
}

static inline uint32_t idx_of(paddr_t pa)
{
    return (uint32_t)((pa >> PAGE_SHIFT) - mem.base);
}

static inline paddr_t pa_of(uint32_t idx)
{
    return ((paddr_t)idx + mem.base) << PAGE_SHIFT;
}

static inline bool is_ram(paddr_t pa)
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
    p->next = mem.filled >> order & 1 ? mem.lists[order] : NO_FRAME;
    mem.filled |= 1u << order;
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
    else if (p->next != NO_FRAME)
        mem.lists[p->order] = p->next;
    else
        mem.filled &= ~(1u << p->order);
    p->is_free = 0;
}

/* Is the page RAM of ours that the frontier has passed? */
static bool is_known(paddr_t pa)
{
    for (unsigned i = 0; i < mem.fresh_count; i++)
        if (pa - mem.all[i].pa < mem.all[i].len)
            return pa - mem.fresh[i].pa >= mem.fresh[i].len;
    return false;
}

/* Put a block back, merging it with its free buddies. Blocks are aligned by
 * frame number, so a buddy may lie outside of RAM or beyond the frontier. */
static void block_free(uint32_t idx, unsigned order)
{
    while (order < PAGE_ORDER_MAX) {
        paddr_t pa = pa_of(idx) ^ (PAGE_SIZE << order);
        uint32_t buddy = idx_of(pa);

        if (!is_known(pa) || !page_of(buddy)->is_free ||
            page_of(buddy)->order != order)
            break;
        list_del(buddy);
        idx = MIN(idx, buddy);
        order++;
    }
    list_add(idx, order);
}

/* The frontier has moved over these. */
static COLD void describe(paddr_t pa, size_t count)
{
    for (uint32_t idx = idx_of(pa); count > 0; count--, idx++)
        *page_of(idx) = (struct page){ 0 };
}

static void frontier_pass(struct bootinfo_range *r, size_t count)
{
    describe(r->pa, count);
    r->pa += count * PAGE_SIZE;
    r->len -= count * PAGE_SIZE;
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
        while (r->pa < pa) {
            paddr_t skip = r->pa;

            frontier_pass(r, 1);
            block_free(idx_of(skip), 0);
        }
        frontier_pass(r, (size_t)1 << order);
        return pa;
    }
    return 0;
}

/* The same from the end, for large pages. */
static paddr_t frontier_take_high(void)
{
    for (unsigned i = mem.fresh_count; i-- > mem.fresh_at;) {
        struct bootinfo_range *r = &mem.fresh[i];
        paddr_t end = r->pa + r->len;
        paddr_t pa = ALIGN_DOWN(end, PAGE_LARGE_SIZE) - PAGE_LARGE_SIZE;

        if (r->len < PAGE_LARGE_SIZE || pa < r->pa || end < PAGE_LARGE_SIZE)
            continue;
        describe(pa, (end - pa) >> PAGE_SHIFT);
        r->len = pa - r->pa;
        for (pa += PAGE_LARGE_SIZE; pa < end; pa += PAGE_SIZE)
            block_free(idx_of(pa), 0); /* beyond the last aligned block */
        return r->pa + r->len;
    }
    return 0;
}

static inline uint32_t hot_pop(void)
{
    uint32_t idx = mem.hot;

    mem.hot = page_of(idx)->next;
    mem.hot_count--;
    return idx;
}

/* From the free lists, or 0. */
static paddr_t listed_take(unsigned order)
{
    uint32_t fitting = mem.filled >> order << order;
    unsigned have;
    uint32_t idx;

    if (!fitting)
        return 0;
    have = (unsigned)__builtin_ctz(fitting);
    idx = mem.lists[have];
    list_del(idx);
    while (have > order) { /* give the upper halves back */
        have--;
        list_add(idx + (1u << have), have);
    }
    return pa_of(idx);
}

static inline paddr_t hand_out(paddr_t pa, unsigned order)
{
    struct page *p = page_of(idx_of(pa));

    p->refs = 1;
    p->order = (uint8_t)order;
    p->kind = RECORDS_PAGE_PROGRAM;
    mem.free_count -= (size_t)1 << order;
    return pa;
}

static paddr_t block_try(unsigned order, bool *is_fresh)
{
    paddr_t pa;

    spin_lock(&mem.lock);
    *is_fresh = false;
    pa = listed_take(order);
    if (!pa) {
        pa = frontier_take(order);
        *is_fresh = pa != 0;
    }
    if (!pa && mem.hot_count > 0) { /* merged, they may be enough */
        while (mem.hot_count > 0)
            block_free(hot_pop(), 0);
        pa = listed_take(order);
    }
    if (pa)
        (void)hand_out(pa, order);
    spin_unlock(&mem.lock);
    return pa;
}

static inline paddr_t block_alloc(unsigned order, bool *is_fresh)
{
    paddr_t pa = block_try(order, is_fresh);

    if (LOCK_CHECKS)
        lock_check_below(LOCK_SPACE); /* what reclaim() takes */
    while (UNLIKELY(!pa) && mem.reclaim && mem.reclaim())
        pa = block_try(order, is_fresh);
    return pa;
}

/* Cut range i in two. Result: the second part, which follows it. */
static struct bootinfo_range *split_range(unsigned i, uint64_t len)
{
    struct bootinfo_range *r = &mem.fresh[i];

    for (unsigned k = mem.fresh_count++; k > i + 1; k--)
        mem.fresh[k] = mem.fresh[k - 1];
    r[1] = (struct bootinfo_range){ r->pa + len, r->len - len };
    r->len = len;
    return &r[1];
}

/* The array of struct page, from the first range that has room for it. */
static void carve_array(void)
{
    uint64_t len = ALIGN_UP(mem.count * sizeof(struct page), PAGE_SIZE);

    for (unsigned i = 0; i < mem.fresh_count; i++) {
        struct bootinfo_range *r = &mem.fresh[i];

        if (r->len < len)
            continue;
        if (r->len > len + 2 * FIRST_LEN)
            r = split_range(i, FIRST_LEN);
        mem.pages = page_ptr(r->pa);
        r->pa += len;
        r->len -= len;
        memcpy(mem.all, mem.fresh, sizeof(mem.all));
        return;
    }
    panic("-m is too small: no room for the page table of %u pages", mem.count);
}

COLD void page_init(const struct bootinfo *boot)
{
    uint64_t low = UINT64_MAX, high = 0;

    page_direct_va = boot->direct_va;
    mem.zeroed_from =
        boot->flags & BOOTINFO_RAM_ZEROED ? FIRMWARE_END : UINT64_MAX;
    mem.fresh_count = boot->range_count;
    if (boot->range_count == 0 || boot->range_count > BOOTINFO_RANGE_MAX)
        panic("-m is too small: no free memory behind the kernel");
    for (unsigned i = 0; i < boot->range_count; i++) {
        mem.fresh[i] = boot->free[i];
        low = MIN(low, boot->free[i].pa);
        high = MAX(high, boot->free[i].pa + boot->free[i].len);
    }
    mem.base = (uint32_t)(low >> PAGE_SHIFT);
    mem.count = (uint32_t)(high >> PAGE_SHIFT) - mem.base;
    carve_array();
    for (unsigned i = 0; i < mem.fresh_count; i++)
        mem.total_count += mem.fresh[i].len >> PAGE_SHIFT;
    mem.free_count = mem.total_count;
}

void page_set_reclaim(bool (*reclaim)(void))
{
    mem.reclaim = reclaim;
}

/* A page that was freed lately, as most are; 0: none. */
static NOINLINE paddr_t hot_take(void)
{
    paddr_t pa = 0;

    if (__atomic_load_n(&mem.hot_count, __ATOMIC_RELAXED) == 0)
        return 0;
    spin_lock(&mem.lock);
    if (LIKELY(mem.hot_count > 0))
        pa = hand_out(pa_of(hot_pop()), 0);
    spin_unlock(&mem.lock);
    return pa;
}

static NOINLINE paddr_t cold_take(bool is_zeroed)
{
    bool is_fresh;
    paddr_t pa = block_alloc(0, &is_fresh);

    if (pa && is_zeroed && !(is_fresh && pa >= mem.zeroed_from))
        arch_page_zero(page_ptr(pa));
    return pa;
}

paddr_t page_alloc(void)
{
    paddr_t pa = hot_take();

    return LIKELY(pa) ? pa : cold_take(false);
}

paddr_t page_alloc_zeroed(void)
{
    paddr_t pa = hot_take();

    if (UNLIKELY(!pa))
        return cold_take(true);
    arch_page_zero(page_ptr(pa));
    return pa;
}

paddr_t page_alloc_order(unsigned order)
{
    bool is_fresh;

    return order > PAGE_ORDER_MAX ? 0 : block_alloc(order, &is_fresh);
}

/* One while there is plenty. It may be of zeros already. */
static paddr_t large_take(bool *is_zeroed)
{
    paddr_t pa;

    if (mem.free_count < mem.total_count / 4 + LARGE_COUNT)
        return 0;
    pa = listed_take(PAGE_ORDER_LARGE);
    *is_zeroed = false;
    if (!pa) {
        pa = frontier_take_high();
        *is_zeroed = pa >= mem.zeroed_from;
    }
    return pa ? hand_out(pa, PAGE_ORDER_LARGE) : 0;
}

COLD paddr_t page_alloc_large(bool *is_zeroed)
{
    paddr_t pa;

    if (mem.total_count < LARGE_TOTAL_MIN)
        return 0;
    spin_lock(&mem.lock);
    pa = large_take(is_zeroed);
    spin_unlock(&mem.lock);
    return pa;
}

void page_zero_large(paddr_t pa)
{
    for (size_t i = 0; i < LARGE_COUNT; i++)
        arch_page_zero(page_ptr(pa + i * PAGE_SIZE));
}

COLD void page_split(paddr_t pa)
{
    struct page *p = page_of(idx_of(pa));
    size_t count = (size_t)1 << p->order;

    ASSERT_OP(p->refs, ==, 1);
    spin_lock(&mem.lock); /* others may look at these for a free buddy */
    for (size_t i = 0; i < count; i++)
        p[i] = (struct page){ .refs = 1 };
    spin_unlock(&mem.lock);
}

void page_get(paddr_t pa)
{
    uint32_t old;

    if (!is_ram(pa))
        return;
    old = __atomic_fetch_add(&page_of(idx_of(pa))->refs, 1, __ATOMIC_RELAXED);
    ASSERT(old > 0);
}

/* Nobody has the page any more. Under the lock. */
static inline void page_free(struct page *p, uint32_t idx)
{
    p->refs = 0;
    mem.free_count += (size_t)1 << p->order;
    if (p->order > 0 || mem.hot_count == HOT_MAX) {
        block_free(idx, p->order);
        return;
    }
    p->next = mem.hot;
    mem.hot = idx;
    mem.hot_count++;
}

void page_put(paddr_t pa)
{
    struct page *p;
    uint32_t left;

    if (!is_ram(pa))
        return;
    p = page_of(idx_of(pa));
    left = __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL);
    ASSERT(left != UINT32_MAX);
    if (left > 0)
        return;
    spin_lock(&mem.lock);
    page_free(p, idx_of(pa));
    spin_unlock(&mem.lock);
}

void page_chain_add(paddr_t *chain, paddr_t pa)
{
    struct page *p = page_of(idx_of(pa));

    ASSERT_OP(p->refs, ==, 1);
    p->next = *chain ? idx_of(*chain) : NO_FRAME;
    *chain = pa;
}

void page_chain_free(paddr_t *chain)
{
    uint32_t idx = *chain ? idx_of(*chain) : NO_FRAME;

    if (idx == NO_FRAME)
        return;
    spin_lock(&mem.lock);
    while (idx != NO_FRAME) {
        struct page *p = page_of(idx);
        uint32_t next = p->next;

        ASSERT_OP(p->refs, ==, 1);
        page_free(p, idx);
        idx = next;
    }
    spin_unlock(&mem.lock);
    *chain = 0;
}

unsigned page_refs(paddr_t pa)
{
    return is_ram(pa)
               ? __atomic_load_n(&page_of(idx_of(pa))->refs, __ATOMIC_ACQUIRE)
               : 0;
}

void page_free_order(paddr_t pa, unsigned order)
{
    struct page *p = page_of(idx_of(pa));

    ASSERT_OP(p->refs, ==, 1);
    ASSERT_OP(p->order, ==, order);
    spin_lock(&mem.lock);
    p->refs = 0;
    mem.free_count += (size_t)1 << order;
    block_free(idx_of(pa), order);
    spin_unlock(&mem.lock);
}

unsigned page_order(paddr_t pa)
{
    return page_of(idx_of(pa))->order;
}

void page_set_kind(paddr_t pa, enum records_page_kind kind)
{
    page_of(idx_of(pa))->kind = (uint16_t)kind;
}

const size_t *const page_counters = &mem.free_count;

#define MEM(member) offsetof(__typeof__(mem), member)

extern const struct records_pages page_records;
const struct records_pages page_records = {
    .allocator = (uint64_t)&mem,
    .array = MEM(pages),
    .base = MEM(base),
    .count = MEM(count),
    .all = MEM(all),
    .fresh = MEM(fresh),
    .range_count = MEM(fresh_count),
    .range_max = RANGE_MAX,
    .page_len = sizeof(struct page),
    .page_refs = offsetof(struct page, refs),
    .page_order = offsetof(struct page, order),
    .page_is_free = offsetof(struct page, is_free),
    .page_kind = offsetof(struct page, kind),
};

size_t page_free_count(void)
{
    return mem.free_count;
}

size_t page_total_count(void)
{
    return mem.total_count;
}
