/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap.c - kernel memory in any size.
 *
 * Small objects of all sizes share pages, since a small guest cannot afford a
 * page for each size. A page is a row of blocks, each behind a header of eight
 * bytes that says how long it and the one before it are, so a freed block
 * joins its free neighbours at once. Free blocks are listed by size: short
 * ones in a list per size, longer ones in a list per range of sizes. A page
 * that is one free block goes back to the page allocator, but for one that is
 * kept. Larger requests are whole pages; those alone are page-aligned, by
 * which kfree() knows them. What was freed last is kept for whoever wants as
 * much next, without joining anything: mostly it is wanted again at once.
 *
 * One lock guards all of it but the lengths in headers of blocks in use, which
 * are their users'. Pages are asked for without it, as that may reclaim some.
 *
 *   page:  pad(8) | header(8) payload | header payload | ... | end header(8)
 */
#include "mm/heap.h"

#include "core/list.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/page.h"

#define HEADER_LEN  8u
#define GRANULE     16u
#define BLOCK_MIN   32u /* header and, when free, a struct list */
#define ROW_LEN     (PAGE_SIZE - 2 * HEADER_LEN) /* all blocks of a page */
#define SMALL_MAX   (ROW_LEN - HEADER_LEN)
#define EXACT_MAX   512u /* up to here each size has a list */
#define EXACT_COUNT (EXACT_MAX / GRANULE + 1)
#define RANGE_LEN   512u /* beyond: a list for so many sizes */
#define LIST_COUNT  (EXACT_COUNT + PAGE_SIZE / RANGE_LEN)
#define USED        1u
#define QUICK       2u
#define QUICK_COUNT 8u
#define QUICK_MAX   48u  /* blocks: each may keep a page from going back */
#define QUICK_RENEW 256u /* times that there was no room: others are wanted */

struct block {
    uint32_t len_used; /* bytes, header included; USED, QUICK */
    uint32_t prev_len; /* of the block before; 0: this is the page's first */
    struct list link;  /* while free */
};

_Static_assert(offsetof(struct block, link) == HEADER_LEN, "payload");
_Static_assert(LIST_COUNT <= 64, "one bit each");

static struct {
    struct spinlock lock;
    struct list lists[LIST_COUNT];
    uint64_t filled;     /* bit n: lists[n] is not empty */
    struct block *spare; /* the block of an empty page that is kept */
    /* Freed, but still marked as used, and as QUICK: stacks by size, several
     * sizes in each. */
    struct block *quick[QUICK_COUNT];
    unsigned quick_count, quick_missed;
} heap = { .lock = SPINLOCK_INIT(LOCK_HEAP) };

static uint32_t len_of(const struct block *b)
{
    return b->len_used & ~(USED | QUICK);
}

static struct block *after(struct block *b)
{
    return (struct block *)((char *)b + len_of(b));
}

static void *payload(struct block *b)
{
    return &b->link;
}

static struct block *block_of(void *p)
{
    return CONTAINER_OF(p, struct block, link);
}

static unsigned list_of(uint32_t len)
{
    return len <= EXACT_MAX ? len / GRANULE
                            : EXACT_COUNT + (len - EXACT_MAX) / RANGE_LEN;
}

static void list_add(struct block *b)
{
    unsigned n = list_of(len_of(b));

    if (!(heap.filled >> n & 1)) {
        list_init(&heap.lists[n]);
        heap.filled |= 1ull << n;
    }
    list_push_front(&heap.lists[n], &b->link);
}

static void list_del(struct block *b)
{
    unsigned n = list_of(len_of(b));

    list_remove(&b->link);
    if (list_is_empty(&heap.lists[n]))
        heap.filled &= ~(1ull << n);
}

static void set_len(struct block *b, uint32_t len, uint32_t used)
{
    b->len_used = len | used;
    after(b)->prev_len = len;
}

/* A fresh page as one block, in no list; not locked. */
static COLD struct block *new_row(void)
{
    struct block *b = NULL;
    paddr_t pa;

    spin_unlock(&heap.lock);
    pa = page_alloc();
    if (pa)
        page_set_kind(pa, RECORDS_PAGE_HEAP);
    spin_lock(&heap.lock);
    if (!pa)
        return NULL;
    b = (struct block *)((char *)page_ptr(pa) + HEADER_LEN);
    b->len_used = ROW_LEN;
    b->prev_len = 0;
    after(b)->len_used = USED; /* the end: never merged */
    after(b)->prev_len = ROW_LEN;
    return b;
}

/* Take a free block of at least len bytes out of its list. */
static struct block *find_block(uint32_t len)
{
    unsigned n = list_of(len);
    uint64_t longer;
    struct block *b;

    if (heap.filled >> n & 1) {
        LIST_FOR_EACH(it, &heap.lists[n])
        {
            b = LIST_ENTRY(it, struct block, link);
            if (len_of(b) >= len) {
                list_del(b);
                return b;
            }
        }
    }
    longer = n + 1 < 64 ? heap.filled >> (n + 1) << (n + 1) : 0;
    if (!longer)
        return new_row();
    n = (unsigned)__builtin_ctzll(longer);
    b = LIST_ENTRY(heap.lists[n].next, struct block, link);
    list_del(b);
    return b;
}

/* b is in no list: keep len bytes of it, list the rest. */
static void take(struct block *b, uint32_t len)
{
    uint32_t rest = len_of(b) - len;
    struct block *tail;

    if (b == heap.spare)
        heap.spare = NULL;
    if (rest < BLOCK_MIN) {
        b->len_used |= USED;
        return;
    }
    set_len(b, len, USED);
    tail = after(b);
    tail->prev_len = len;
    set_len(tail, rest, 0);
    list_add(tail);
}

static uint32_t block_len(size_t len)
{
    uint32_t need = ALIGN_UP((uint32_t)len + HEADER_LEN, GRANULE);

    return MAX(need, BLOCK_MIN);
}

static COLD void *alloc_large(size_t len)
{
    unsigned order = 0;
    paddr_t pa;

    while (order <= PAGE_ORDER_MAX && (PAGE_SIZE << order) < len)
        order++;
    pa = page_alloc_order(order);
    if (!pa)
        return NULL;
    page_set_kind(pa, RECORDS_PAGE_BLOCK);
    return page_ptr(pa);
}

/* Join b with its free neighbours, and list it. */
static void release(struct block *b)
{
    struct block *next = after(b), *prev;

    b->len_used = len_of(b);
    if (!(next->len_used & USED)) {
        list_del(next);
        set_len(b, len_of(b) + len_of(next), 0);
    }
    prev = (struct block *)((char *)b - b->prev_len);
    if (b->prev_len != 0 && !(prev->len_used & USED)) {
        list_del(prev);
        set_len(prev, len_of(prev) + len_of(b), 0);
        b = prev;
    }
    if (len_of(b) == ROW_LEN && heap.spare) {
        page_put(page_pa(b) & ~PAGE_MASK);
        return;
    }
    if (len_of(b) == ROW_LEN)
        heap.spare = b;
    list_add(b);
}

static struct block *quick_pop(struct block **quick)
{
    struct block *b = *quick;

    *quick = (struct block *)(void *)b->link.next;
    heap.quick_count--;
    b->len_used &= ~QUICK;
    return b;
}

static COLD void quick_drop(void)
{
    for (unsigned i = 0; i < QUICK_COUNT; i++)
        while (heap.quick[i])
            release(quick_pop(&heap.quick[i]));
}

static struct block **quick_of(uint32_t len)
{
    return &heap.quick[list_of(len) % QUICK_COUNT];
}

void *kmalloc(size_t len)
{
    uint32_t need = block_len(len);
    struct block *b, **quick;

    if (len > SMALL_MAX)
        return alloc_large(len);
    quick = quick_of(need);
    spin_lock(&heap.lock);
    if (LIKELY(*quick) && len_of(*quick) - need <= need / 4) { /* nor less */
        b = quick_pop(quick);
        spin_unlock(&heap.lock);
        return payload(b);
    }
    b = find_block(need);
    if (UNLIKELY(!b)) {
        quick_drop();
        b = find_block(need);
    }
    if (b)
        take(b, need);
    spin_unlock(&heap.lock);
    return b ? payload(b) : NULL;
}

void *kzalloc(size_t len)
{
    void *p = kmalloc(len);

    if (p)
        memset(p, 0, len);
    return p;
}

static bool is_large(const void *p)
{
    return ((uintptr_t)page_pa(p) & PAGE_MASK) == 0;
}

static COLD void free_large(void *p)
{
    paddr_t pa = page_pa(p);

    page_free_order(pa, page_order(pa));
}

void kfree(void *p)
{
    struct block *b, **quick;

    if (!p)
        return;
    if (is_large(p)) {
        free_large(p);
        return;
    }
    b = block_of(p);
    ASSERT((b->len_used & (USED | QUICK)) == USED); /* else freed twice */
    spin_lock(&heap.lock);
    ASSERT_OP(after(b)->prev_len, ==, len_of(b)); /* else overwritten */
    if (UNLIKELY(heap.quick_count == QUICK_MAX)) {
        if (++heap.quick_missed % QUICK_RENEW == 0)
            quick_drop();
        release(b);
        spin_unlock(&heap.lock);
        return;
    }
    quick = quick_of(len_of(b));
    heap.quick_count++;
    b->len_used |= QUICK;
    b->link.next = (struct list *)(void *)*quick;
    *quick = b;
    spin_unlock(&heap.lock);
}

size_t kmalloc_len(void *p)
{
    return is_large(p) ? PAGE_SIZE << page_order(page_pa(p))
                       : len_of(block_of(p)) - HEADER_LEN;
}

/* Take in the free block behind b if that gives len bytes. */
static bool extend(struct block *b, uint32_t len)
{
    struct block *next = after(b);
    bool has_room;

    spin_lock(&heap.lock);
    has_room = !(next->len_used & USED) && len_of(b) + len_of(next) >= len;
    if (has_room) {
        list_del(next);
        set_len(b, len_of(b) + len_of(next), 0);
        take(b, len);
    }
    spin_unlock(&heap.lock);
    return has_room;
}

void *kmalloc_free(size_t len)
{
    void *p = kmalloc(len);
    bool was_taken;

    if (LIKELY(p))
        return p;
    was_taken = kernel_lock_enter_seldom();
    p = kmalloc(len);
    kernel_lock_leave(was_taken);
    return p;
}

COLD void *krealloc(void *old, size_t len)
{
    void *p;

    if (!old)
        return kmalloc(len);
    if (len <= kmalloc_len(old))
        return old;
    if (len <= SMALL_MAX && extend(block_of(old), block_len(len)))
        return old;
    p = kmalloc(len);
    if (!p)
        return NULL;
    memcpy(p, old, kmalloc_len(old));
    kfree(old);
    return p;
}
