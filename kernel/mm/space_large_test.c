/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_large_test.c - large pages: when there are any, and what ends one.
 *
 * Method: the random test over a window of several large pages, with runs that
 * are sometimes longer and sometimes shorter than one; then what must split,
 * at every offset that matters, and what must not.
 */
/* unit: kernel/mm/page.c kernel/mm/heap.c kernel/mm/region.c
 *       kernel/mm/space.c kernel/mm/space_change.c kernel/mm/space_fault.c
 *       kernel/mm/shared.c kernel/mm/space_advise.c kernel/mm/space_info.c
 *       kernel/mm/space_large.c kernel/mm/space_remap.c
 *       kernel/arch/x86_64/pagetable.c kernel/arch/x86_64/page_zero.S */
#define WINDOW  2600u
#define RUN_MAX 1400u
#define STEPS   1500u
#include "mm/space_random_test.c"

#define N  LARGE_PAGES
#define RW (PROT_READ | PROT_WRITE)

static uint64_t base; /* of a mapping of two large pages, the first touched */

static unsigned flags_at(uint64_t va)
{
    unsigned flags = 0;

    return pt_lookup(&space->pt, va, &flags) ? flags : 0;
}

static bool is_large(uint64_t va)
{
    return flags_at(va) & PT_LARGE;
}

static uint8_t *touch(uint64_t va)
{
    uint8_t *byte = NULL;

    REQUIRE(fake_access(space, &space->pt, va, SPACE_WRITE, &byte) ==
            SPACE_FAULT_OK);
    return byte;
}

static void map_two(void)
{
    long at = space_map(space, 0, 2 * PAGE_LARGE_SIZE, RW,
                        MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);

    REQUIRE(at > 0);
    base = (uint64_t)at;
    CHECK_EQ(base % PAGE_LARGE_SIZE, 0);
    for (unsigned i = 0; i < N; i++)
        *touch(base + i * PAGE_SIZE) = (uint8_t)(i % 251 + 1);
}

/* All bytes of the first large page but those of [first, first+count). */
static void check_bytes(uint64_t at, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < N; i++)
        if (i - first >= count)
            CHECK_EQ(*touch(at + i * PAGE_SIZE), (uint8_t)(i % 251 + 1));
}

TEST(a_fault_maps_a_large_page)
{
    start();
    map_two();
    CHECK(is_large(base) && is_large(base + PAGE_LARGE_SIZE - PAGE_SIZE));
    CHECK_EQ(flags_at(base + PAGE_LARGE_SIZE), 0);
    CHECK_EQ(space->resident_pages, N);
    CHECK_EQ(space->pt.large_count, 1);
    CHECK_EQ(space_unmap(space, base, 2 * PAGE_LARGE_SIZE), 0);
    CHECK_EQ(space->resident_pages, 0);
    CHECK_EQ(space->pt.large_count, 0);
    CHECK(space->pt.spare == NULL);
}

TEST(recycled_large_pages_hold_zeros)
{
    start();
    for (unsigned round = 0; round < 30; round++) {
        map_two();
        CHECK_EQ(*touch(base + PAGE_LARGE_SIZE + round * 5000), 0);
        memset(touch(base + PAGE_LARGE_SIZE), 0xee, PAGE_LARGE_SIZE);
        CHECK_EQ(space_unmap(space, base, 2 * PAGE_LARGE_SIZE), 0);
    }
}

TEST(partial_unmaps_split_at_every_offset)
{
    size_t before;

    start();
    map_two();
    CHECK_EQ(space_unmap(space, base, 2 * PAGE_LARGE_SIZE), 0);
    before = page_free_count();
    for (unsigned first = 0; first < N; first += first % 3 + 1) {
        unsigned count = first % 5 + 1;

        count = MIN(count, (unsigned)N - first);
        map_two();
        CHECK_EQ(
            space_unmap(space, base + first * PAGE_SIZE, count * PAGE_SIZE), 0);
        CHECK(!is_large(base + (first ? 0 : count) * PAGE_SIZE));
        CHECK_EQ(flags_at(base + first * PAGE_SIZE), 0);
        CHECK_EQ(space->resident_pages, N - count);
        CHECK_EQ(fake_tlb_stale(&space->pt), 0);
        check_bytes(base, first, count);
        CHECK_EQ(space_unmap(space, base, 2 * PAGE_LARGE_SIZE), 0);
        CHECK(page_free_count() + 2 >= before);
    }
}

TEST(protection_of_a_part_splits_and_of_all_does_not)
{
    uint8_t *byte;

    start();
    map_two();
    CHECK_EQ(space_protect(space, base, 2 * PAGE_LARGE_SIZE, PROT_NONE), 0);
    CHECK_EQ(fake_access(space, &space->pt, base, SPACE_READ, &byte),
             SPACE_FAULT_ACCERR);
    CHECK_EQ(space_protect(space, base, 2 * PAGE_LARGE_SIZE, RW), 0);
    CHECK(is_large(base));
    check_bytes(base, 0, 0);
    CHECK_EQ(space_protect(space, base + 9 * PAGE_SIZE, PAGE_SIZE, PROT_READ),
             0);
    CHECK(!is_large(base));
    CHECK_EQ(fake_access(space, &space->pt, base + 9 * PAGE_SIZE, SPACE_WRITE,
                         &byte),
             SPACE_FAULT_ACCERR);
    check_bytes(base, 9, 1);
    CHECK_EQ(fake_tlb_stale(&space->pt), 0);
}

TEST(a_part_of_inaccessible_memory_can_be_split_off)
{
    start();
    map_two();
    CHECK_EQ(space_protect(space, base, PAGE_LARGE_SIZE, PROT_NONE), 0);
    CHECK_EQ(space_unmap(space, base + 3 * PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQ(space_protect(space, base, 3 * PAGE_SIZE, RW), 0);
    CHECK_EQ(
        space_protect(space, base + 4 * PAGE_SIZE, (N - 4) * PAGE_SIZE, RW), 0);
    check_bytes(base, 3, 1);
}

TEST(mremap_moves_large_pages_or_splits_them)
{
    const uint64_t to = 0x7e0000000000ull;
    const int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

    start();
    map_two();
    CHECK_EQ(space_remap(space, base, 2 * PAGE_LARGE_SIZE, 2 * PAGE_LARGE_SIZE,
                         flags, to),
             to);
    CHECK(is_large(to));
    check_bytes(to, 0, 0);
    CHECK_EQ(space_remap(space, to, 2 * PAGE_LARGE_SIZE, 2 * PAGE_LARGE_SIZE,
                         flags, base + PAGE_SIZE),
             base + PAGE_SIZE);
    CHECK(!is_large(base + PAGE_SIZE));
    check_bytes(base + PAGE_SIZE, 0, 0);
    CHECK_EQ(fake_tlb_stale(&space->pt), 0);
}

TEST(discarding_a_part_gives_zeros_there)
{
    size_t before;

    start();
    map_two();
    before = page_free_count();
    CHECK_EQ(space_advise(space, base + 100 * PAGE_SIZE, 300 * PAGE_SIZE,
                          MADV_DONTNEED),
             0);
    /* the table that was kept for it is now in use */
    CHECK_EQ(page_free_count(), before + 300);
    CHECK_EQ(*touch(base + 250 * PAGE_SIZE), 0);
    check_bytes(base, 100, 300);
}

TEST(some_memory_stays_single_pages)
{
    long at;

    start();
    at = space_map(space, 0, 4 * PAGE_LARGE_SIZE, RW,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, NULL, 0);
    touch((uint64_t)at);
    CHECK(!is_large((uint64_t)at));
    at = space_map(space, 0, 4 * PAGE_LARGE_SIZE, RW,
                   MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);
    CHECK_EQ(
        space_advise(space, (uint64_t)at, PAGE_LARGE_SIZE, MADV_NOHUGEPAGE), 0);
    touch((uint64_t)at);
    CHECK(!is_large((uint64_t)at));
    touch((uint64_t)at + PAGE_LARGE_SIZE + 7);
    CHECK(is_large((uint64_t)at + PAGE_LARGE_SIZE));
    space_set_large(space, false);
    touch((uint64_t)at + 2 * PAGE_LARGE_SIZE);
    CHECK(!is_large((uint64_t)at + 2 * PAGE_LARGE_SIZE));
}

TEST(a_quarter_of_memory_stays_for_single_pages)
{
    long at;
    size_t larges = 0;

    start();
    at = space_map(space, 0, RAM_LEN - (4u << 20), RW,
                   MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);
    REQUIRE(at > 0);
    for (uint64_t off = 0; off < RAM_LEN - (4u << 20); off += PAGE_LARGE_SIZE) {
        touch((uint64_t)at + off);
        larges += is_large((uint64_t)at + off);
    }
    CHECK(larges >= 12 && larges <= 18);
    CHECK(page_free_count() >= page_total_count() / 4 - 64);
}

TEST(untouched_parts_come_back_when_memory_runs_out)
{
    const size_t len = 1ull << 40;
    uint8_t *byte;
    size_t n = 0;
    long at;

    start();
    at = space_map(space, 0, len, RW,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NULL, 0);
    REQUIRE(at > 0);
    while (fake_access(space, &space->pt, (uint64_t)at + n * PAGE_LARGE_SIZE,
                       SPACE_WRITE, &byte) == SPACE_FAULT_OK) {
        *byte = (uint8_t)(n++ | 1);
        fake_tlb_count = 0; /* it holds no more than so many */
    }
    /* a page and a table for each */
    CHECK(n + 64 > page_total_count() / 2);
    CHECK_EQ(space->pt.large_count, 0);
    CHECK_EQ(space->resident_pages, n);
    for (size_t i = 0; i < n; i++) {
        CHECK_EQ(fake_access(space, &space->pt,
                             (uint64_t)at + i * PAGE_LARGE_SIZE, SPACE_READ,
                             &byte),
                 SPACE_FAULT_OK);
        CHECK_EQ(*byte, (uint8_t)(i | 1));
    }
    CHECK_EQ(space_unmap(space, (uint64_t)at, len), 0);
    CHECK_EQ(space->resident_pages, 0);
}

TEST(trimming_leaves_full_pages_alone)
{
    size_t free_pages, singles = 0;
    uint8_t *byte;
    long at;

    start();
    map_two(); /* one page full, the other one untouched ... */
    memset(touch(base + PAGE_LARGE_SIZE), 0, 1); /* ... but mapped */
    at = space_map(space, 0, 4 * PAGE_LARGE_SIZE, RW,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, NULL, 0);
    while ((free_pages = page_free_count()) > 0 && page_alloc() != 0)
        continue;
    CHECK_EQ(free_pages, 0);
    for (; singles < 300; singles++)
        CHECK_EQ(fake_access(space, &space->pt,
                             (uint64_t)at + singles * PAGE_SIZE, SPACE_WRITE,
                             &byte),
                 SPACE_FAULT_OK);
    CHECK(is_large(base));
    CHECK(!is_large(base + PAGE_LARGE_SIZE));
    check_bytes(base, 0, 0);
    CHECK_EQ(fake_tlb_stale(&space->pt), 0);
}
