/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page_test.c - the page allocator on its own.
 *
 * Method: drive small RAMs to exhaustion and back in random order. Every block
 * handed out must be aligned, inside of RAM and disjoint from all others, and
 * the free count must equal what arithmetic says after every step.
 */
/* unit: kernel/arch/x86_64/page_zero.S */
#include "mm/page.c"
#include "tests/unit.h"

#include "mm/fake_machine.h"

#define RAM_LEN (4ull << 20)

/* page_test needs only RAM of the fake machine. */
enum space_fault_result space_fault(struct space *s, uaddr_t va,
                                    enum space_access access)
{
    (void)s, (void)va, (void)access;
    return SPACE_FAULT_MAPERR;
}

paddr_t pt_lookup(struct pt *pt, uint64_t va, unsigned *flags_out)
{
    (void)pt, (void)va, (void)flags_out;
    return 0;
}

static bool in_ram_of(paddr_t pa, uint64_t len, uint64_t ram_len)
{
    return pa >= FAKE_RAM_PA && pa + len <= FAKE_RAM_PA + ram_len;
}

static bool in_ram(paddr_t pa, uint64_t len)
{
    return in_ram_of(pa, len, RAM_LEN);
}

static bool is_zero(paddr_t pa)
{
    const uint8_t *p = page_ptr(pa);

    for (unsigned i = 0; i < PAGE_SIZE; i++)
        if (p[i])
            return false;
    return true;
}

TEST(boot_touches_little)
{
    struct bootinfo boot = fake_boot(64ull << 20, false);
    unsigned char resident[16384];
    unsigned touched = 0;

    page_init(&boot);
    CHECK(page_total_count() > 16384 - 80 && page_total_count() < 16384);
    CHECK_EQ(page_free_count(), page_total_count());
    CHECK_NE(page_alloc(), 0);
    CHECK_EQ(mincore(fake_ram, 64ull << 20, resident), 0);
    for (unsigned i = 0; i < ARRAY_LEN(resident); i++)
        touched += resident[i] & 1;
    CHECK(touched <= 2);
}

static void exhaust(bool dirty)
{
    struct bootinfo boot = fake_boot(RAM_LEN, dirty);
    static uint8_t used[RAM_LEN / PAGE_SIZE];
    static paddr_t got[RAM_LEN / PAGE_SIZE];
    size_t n = 0, total;
    paddr_t pa;

    page_init(&boot);
    total = page_total_count();
    while ((pa = page_alloc_zeroed()) != 0) {
        REQUIRE(in_ram(pa, PAGE_SIZE) && !(pa & PAGE_MASK));
        CHECK_EQ(used[(pa - FAKE_RAM_PA) >> PAGE_SHIFT]++, 0);
        CHECK(is_zero(pa));
        memset(page_ptr(pa), 0x5a, PAGE_SIZE);
        got[n++] = pa;
        CHECK_EQ(page_free_count(), total - n);
    }
    CHECK_EQ(n, total);
    CHECK_EQ(page_alloc_order(0), 0);
    for (size_t i = 0; i < n; i++)
        page_put(got[(i * 7919) % n]);
    CHECK_EQ(page_free_count(), total);
    pa = page_alloc_zeroed(); /* a page that was used before */
    CHECK(is_zero(pa));
    page_put(pa);
    /* all has merged again: a large block is there */
    CHECK_NE(page_alloc_order(8), 0);
}

TEST(every_page_once_then_all_back)
{
    exhaust(false);
}

TEST(ram_that_holds_anything)
{
    exhaust(true);
}

TEST(random_blocks)
{
    enum { LIVE_MAX = 200 };
    struct bootinfo boot = fake_boot(RAM_LEN, true);
    static uint8_t used[RAM_LEN / PAGE_SIZE];
    struct {
        paddr_t pa;
        unsigned order;
    } live[LIVE_MAX];
    size_t count = 0, pages = 0, total;

    srand(1);
    page_init(&boot);
    total = page_total_count();
    for (unsigned step = 0; step < 20000; step++) {
        unsigned order = (unsigned)rand() % 6;
        size_t first, i;

        if (count < LIVE_MAX && rand() % 2) {
            paddr_t pa = page_alloc_order(order);

            if (!pa)
                continue;
            REQUIRE(in_ram(pa, PAGE_SIZE << order));
            CHECK_EQ(pa & ((PAGE_SIZE << order) - 1), 0);
            CHECK_EQ(page_refs(pa), 1);
            first = (pa - FAKE_RAM_PA) >> PAGE_SHIFT;
            for (i = 0; i < 1u << order; i++)
                CHECK_EQ(used[first + i]++, 0);
            live[count].pa = pa;
            live[count++].order = order;
            pages += (size_t)1 << order;
        } else if (count > 0) {
            size_t which = (size_t)rand() % count;

            order = live[which].order;
            first = (live[which].pa - FAKE_RAM_PA) >> PAGE_SHIFT;
            for (i = 0; i < 1u << order; i++)
                used[first + i]--;
            page_free_order(live[which].pa, order);
            pages -= (size_t)1 << order;
            live[which] = live[--count];
        }
        CHECK_EQ(page_free_count(), total - pages);
    }
}

TEST(references_and_foreign_pages)
{
    struct bootinfo boot = fake_boot(RAM_LEN, false);
    size_t before;
    paddr_t pa;

    /* two ranges with a hole: an image lies between them */
    boot.range_count = 2;
    boot.free[0].len = 1 << 20;
    boot.free[1] = (struct bootinfo_range){ FAKE_RAM_PA + (2 << 20), 1 << 20 };
    page_init(&boot);
    before = page_free_count();
    CHECK(before <= 512 && before > 500);
    pa = page_alloc();
    page_get(pa);
    CHECK_EQ(page_refs(pa), 2);
    page_put(pa);
    CHECK_EQ(page_free_count(), before - 1);
    page_put(pa);
    CHECK_EQ(page_free_count(), before);
    for (paddr_t hole = FAKE_RAM_PA + (1 << 20); hole < FAKE_RAM_PA + (2 << 20);
         hole += PAGE_SIZE) {
        page_get(hole);
        CHECK_EQ(page_refs(hole), 0);
        page_put(hole);
    }
    page_get(1ull << 40);
    page_put(1ull << 40);
    CHECK_EQ(page_refs(1ull << 40), 0);
    CHECK_EQ(page_free_count(), before);
    while ((pa = page_alloc()) != 0)
        CHECK(pa < FAKE_RAM_PA + (1 << 20) || pa >= FAKE_RAM_PA + (2 << 20));
    CHECK_EQ(page_free_count(), 0);
}

TEST(too_large_an_order_is_refused)
{
    struct bootinfo boot = fake_boot(RAM_LEN, false);

    page_init(&boot);
    CHECK_EQ(page_alloc_order(PAGE_ORDER_MAX + 1), 0);
    CHECK_EQ(page_alloc_order(PAGE_ORDER_MAX), 0); /* 4 MiB minus a bit */
}

TEST(large_pages_come_from_the_top_and_merge_again)
{
    struct bootinfo boot = fake_boot(FAKE_RAM_MAX, true);
    paddr_t low, chain = 0, got[32];
    size_t total, n = 0;
    bool is_zeroed;

    page_init(&boot);
    total = page_free_count();
    low = page_alloc();
    while (n < ARRAY_LEN(got) && (got[n] = page_alloc_large(&is_zeroed)) != 0) {
        CHECK_EQ(got[n] % PAGE_LARGE_SIZE, 0);
        CHECK(n == 0 || got[n] == got[n - 1] - PAGE_LARGE_SIZE);
        CHECK(in_ram_of(got[n], PAGE_LARGE_SIZE, FAKE_RAM_MAX));
        CHECK(!is_zeroed);
        page_zero_large(got[n]);
        for (uint64_t off = 0; off < PAGE_LARGE_SIZE; off += PAGE_SIZE)
            CHECK(is_zero(got[n] + off));
        memset(page_ptr(got[n]), 0x5a, PAGE_LARGE_SIZE);
        n++;
        CHECK_EQ(page_free_count(), total - 1 - n * 512);
    }
    CHECK(n > 20 && page_free_count() >= total / 4); /* a quarter is kept */
    page_split(got[0]);
    CHECK_EQ(page_refs(got[0] + 511 * PAGE_SIZE), 1);
    for (unsigned i = 0; i < 512; i++)
        page_chain_add(&chain, got[0] + i * PAGE_SIZE);
    page_chain_add(&chain, got[1]); /* as a whole */
    CHECK_EQ(page_free_count(), total - 1 - n * 512);
    page_chain_free(&chain);
    CHECK_EQ(chain, 0);
    for (size_t i = 2; i < n; i++)
        page_put(got[i]);
    page_put(low);
    CHECK_EQ(page_free_count(), total);
    while (page_alloc_zeroed() != 0) /* none is lost, none is dirty */
        total--;
    CHECK_EQ(total, 0);
}
