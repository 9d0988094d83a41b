/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_test.c - address spaces: placement, limits, errors, one at a time.
 */
/* unit: kernel/mm/page.c kernel/mm/heap.c kernel/mm/region.c
 *       kernel/mm/space.c kernel/mm/space_change.c kernel/mm/space_fault.c
 *       kernel/mm/shared.c kernel/mm/space_advise.c kernel/mm/space_info.c
 *       kernel/mm/space_large.c kernel/mm/space_remap.c
 *       kernel/arch/x86_64/pagetable.c kernel/arch/x86_64/page_zero.S */
#include "tests/unit.h"

#include "mm/fake_space.h"

/* ---- placement ---- */

TEST(placement_is_top_down_and_never_overlaps)
{
    enum { N = 300 };
    static struct {
        uint64_t at;
        size_t len;
    } live[N];
    unsigned count = 0;

    start();
    srand(5);
    for (unsigned step = 0; step < 20000; step++) {
        unsigned i = (unsigned)rand() % N;

        if (i >= count) {
            size_t len = (1 + (size_t)rand() % 40) * PAGE_SIZE;
            int prot = rand() % 2 ? PROT_READ : PROT_NONE;
            long at = space_map(space, 0, len, prot,
                                MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);

            REQUIRE(at > 0);
            CHECK((uint64_t)at + len <= space->mmap_base);
            for (unsigned k = 0; k < count; k++)
                CHECK(live[k].at >= (uint64_t)at + len ||
                      live[k].at + live[k].len <= (uint64_t)at);
            live[count].at = (uint64_t)at;
            live[count++].len = len;
        } else {
            CHECK_EQ(space_unmap(space, live[i].at, live[i].len), 0);
            live[i] = live[--count];
        }
    }
    /* holes were used again: all lies within a small multiple of what lives */
    for (unsigned k = 0; k < count; k++)
        CHECK(live[k].at > space->mmap_base - N * 40 * PAGE_SIZE);
}

static long map_anon(uint64_t at, size_t len, int prot, int flags)
{
    return space_map(space, at, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags,
                     NULL, 0);
}

TEST(errors_of_mmap)
{
    start();
    CHECK_EQ(map_anon(0, 0, PROT_READ, 0), -EINVAL);
    CHECK_EQ(map_anon(0, SIZE_MAX, PROT_READ, 0), -ENOMEM);
    CHECK_EQ(map_anon(0, SIZE_MAX - 8192, PROT_READ, 0), -ENOMEM);
    CHECK_EQ(map_anon(0x10001, 4096, PROT_READ, MAP_FIXED), -EINVAL);
    CHECK_EQ(map_anon(ARCH_USER_MAX, 4096, PROT_READ, MAP_FIXED), -ENOMEM);
    CHECK_EQ(map_anon(0, 4096, PROT_READ, MAP_FIXED), -EPERM);
    CHECK_EQ(map_anon(0, (64 << 20) + 4096, PROT_READ | PROT_WRITE, 0),
             -ENOMEM);
    CHECK_EQ(map_anon(0x200000, 8192, PROT_READ, MAP_FIXED), 0x200000);
    CHECK_EQ(map_anon(0x201000, 8192, PROT_READ, MAP_FIXED_NOREPLACE), -EEXIST);
    CHECK_EQ(map_anon(0x202000, 8192, PROT_READ, MAP_FIXED_NOREPLACE),
             0x202000);
    CHECK_EQ(space_unmap(space, 0x201800, 4096), -EINVAL);
    CHECK_EQ(space_unmap(space, 0x201000, 0), -EINVAL);
    CHECK_EQ(space_unmap(space, ARCH_USER_MAX, 4096), -EINVAL);
    CHECK_EQ(space_unmap(space, 0x50000000, 4096), 0);
}

/* What was unmapped above the last search is found first. */
TEST(a_hole_above_is_used_again)
{
    long a, b, c, top;

    start();
    top = map_anon(0, PAGE_SIZE, PROT_READ, 0);
    a = map_anon(0, 8 * PAGE_SIZE, PROT_NONE, 0);
    b = map_anon(0, 2 * PAGE_SIZE, PROT_READ, 0);
    c = map_anon(0, PAGE_SIZE, PROT_NONE, 0);
    CHECK(top > a && a > b && b > c && c > 0);
    CHECK_EQ(space_unmap(space, (uint64_t)a, 4 * PAGE_SIZE), 0);
    CHECK_EQ(map_anon(0, 4 * PAGE_SIZE, PROT_READ, 0), a);
    /* With what was free below: the holes are one. */
    CHECK_EQ(space_unmap(space, (uint64_t)c, PAGE_SIZE), 0);
    CHECK_EQ(space_unmap(space, (uint64_t)b, 2 * PAGE_SIZE), 0);
    CHECK_EQ(map_anon(0, 5 * PAGE_SIZE, PROT_NONE, 0), a - 5 * PAGE_SIZE);
    CHECK_EQ(space_unmap(space, (uint64_t)top, PAGE_SIZE), 0);
    CHECK_EQ(map_anon(0, PAGE_SIZE, PROT_READ, 0), top);
}

/* As a thread library makes one: the guard stays, the end is there. */
TEST(a_stacks_last_page_comes_with_mprotect)
{
    const int rw = PROT_READ | PROT_WRITE;
    long at;

    start();
    at = map_anon(0, 40 * PAGE_SIZE, PROT_NONE, 0);
    CHECK_EQ(
        space_protect(space, (uint64_t)at + 2 * PAGE_SIZE, 38 * PAGE_SIZE, rw),
        0);
    CHECK_EQ(space->resident_pages, 1);
    CHECK(space_resident(space, (uint64_t)at + 39 * PAGE_SIZE) != 0);
    CHECK_EQ(space_unmap(space, (uint64_t)at, 40 * PAGE_SIZE), 0);
    CHECK_EQ(space->resident_pages, 0);
    /* A heap that grows from its beginning does not look like one. */
    at = map_anon(0, 40 * PAGE_SIZE, PROT_NONE, 0);
    CHECK_EQ(space_protect(space, (uint64_t)at, 4 * PAGE_SIZE, rw), 0);
    CHECK_EQ(space_protect(space, (uint64_t)at + 20 * PAGE_SIZE, 4 * PAGE_SIZE,
                           PROT_READ),
             0);
    CHECK_EQ(space->resident_pages, 0);
}

/* Where nothing was ever touched nobody looks; all that was goes. */
TEST(what_was_touched_is_found)
{
    const int rw = PROT_READ | PROT_WRITE;
    uint64_t at, mid;
    uint8_t *byte;

    start();
    at = (uint64_t)map_anon(0, 4 * PAGE_LARGE_SIZE, rw, MAP_STACK);
    mid = at + 2 * PAGE_LARGE_SIZE;
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(fake_access(space, &space->pt, mid + i * PAGE_SIZE,
                             SPACE_WRITE, &byte),
                 SPACE_FAULT_OK);
    CHECK_EQ(space_protect(space, mid + PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(
        fake_access(space, &space->pt, mid + PAGE_SIZE, SPACE_WRITE, &byte),
        SPACE_FAULT_ACCERR);
    CHECK_EQ(space_protect(space, mid + PAGE_SIZE, PAGE_SIZE, rw), 0);
    CHECK_EQ(space_unmap(space, mid + 2 * PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQ(space_unmap(space, at, PAGE_LARGE_SIZE), 0);
    CHECK(space->resident_pages >= 3);
    CHECK_EQ(space_unmap(space, at, 4 * PAGE_LARGE_SIZE), 0);
    CHECK_EQ(space->resident_pages, 0);
}

/* Touch each page of [first, last] pages from at on, `step` pages at a time, or
 * backwards. Result: the faults that this took. */
static unsigned touch_row(uint64_t at, unsigned first, unsigned last, int step)
{
    unsigned count = 1 + (last - first) / (unsigned)(step < 0 ? -step : step);
    long page = step < 0 ? (long)last : (long)first;
    unsigned faults = 0;

    for (; count > 0; count--, page += step) {
        uint64_t va = at + (uint64_t)page * PAGE_SIZE;

        if (space_resident(space, va))
            continue;
        faults++;
        CHECK_EQ(space_fault(space, va, SPACE_WRITE), SPACE_FAULT_OK);
        CHECK(space_resident(space, va) != 0);
    }
    return faults;
}

/* 512 pages, of which none becomes a large one. */
static uint64_t map_small(void)
{
    return (uint64_t)map_anon(0, PAGE_LARGE_SIZE, PROT_READ | PROT_WRITE,
                              MAP_STACK);
}

TEST(pages_that_are_touched_in_order_come_together)
{
    size_t before;
    uint64_t at;

    start();
    /* With gaps, which stay empty. */
    CHECK(touch_row(map_small(), 0, 511, 8) <= 9);
    CHECK_EQ(space->resident_pages, 64);
    CHECK(touch_row(map_small(), 0, 511, 1) <= 14);
    CHECK(touch_row(map_small(), 0, 511, -1) <= 14);
    CHECK_EQ(space->resident_pages, 64 + 2 * 512);
    /* Now a row begins with more than a page, until it shows not to be one. */
    CHECK(touch_row(map_small(), 1, 508, -13) <= 14);
    CHECK(space->resident_pages <= 64 + 2 * 512 + 40 + 31);
    /* Two that take turns: no more than 64 pages are ahead of each. */
    at = map_small();
    before = space->resident_pages;
    for (unsigned i = 0; i < 100; i++) {
        (void)touch_row(at, 100 + i, 100 + i, 1);
        (void)touch_row(at, 400 - i, 400 - i, 1);
    }
    CHECK(space->resident_pages <= before + 2 * (100 + 64));
    CHECK(space->resident_pages >= before + 2 * 100);
    CHECK_EQ(space_unmap(space, at, PAGE_LARGE_SIZE), 0);
    CHECK_EQ(space->resident_pages, before);
}

/* Without the kernel lock: what the file has ready, and copies of it. */
TEST(faults_in_files_alone)
{
    const int rw = PROT_READ | PROT_WRITE;
    uint64_t priv, shared, va;
    paddr_t pa;

    start();
    priv = (uint64_t)space_map(space, 0, FILE_PAGES * PAGE_SIZE, rw,
                               MAP_PRIVATE, &file.object, 0);
    shared = (uint64_t)space_map(space, 0, FILE_PAGES * PAGE_SIZE, rw,
                                 MAP_SHARED, &file.object, 0);
    kernel_lock.owner = 0;
    /* Page 0 is none of those that are ready, 1 is. */
    CHECK(!space_fault_alone(space, priv, SPACE_READ));
    CHECK(space_fault_alone(space, priv + PAGE_SIZE, SPACE_READ));
    va = priv + PAGE_SIZE;
    CHECK_EQ(space_resident(space, va), page_pa(file.image + PAGE_SIZE));
    CHECK(space_fault_alone(space, va, SPACE_WRITE));
    pa = space_resident(space, va);
    CHECK(pa != page_pa(file.image + PAGE_SIZE));
    CHECK_EQ(*(uint8_t *)page_ptr(pa), FILE_BYTE(1));
    CHECK(space_fault_alone(space, shared + 2 * PAGE_SIZE, SPACE_READ));
    CHECK(!space_fault_alone(space, shared + 2 * PAGE_SIZE, SPACE_WRITE));
    CHECK(!space_fault_alone(space, shared + 4 * PAGE_SIZE, SPACE_WRITE));
    CHECK(!space_fault_alone(space, priv - PAGE_SIZE, SPACE_READ));
    kernel_lock.owner = 1;
    CHECK_EQ(space_fault(space, shared + 2 * PAGE_SIZE, SPACE_WRITE),
             SPACE_FAULT_OK);
    kernel_lock.owner = 0;
    CHECK(!space_fault_alone(space, priv + 2 * PAGE_SIZE, SPACE_READ));
    kernel_lock.owner = 1;
}

TEST(huge_reservations_cost_nothing)
{
    size_t before;
    uint8_t *byte;
    long at;

    start();
    before = page_free_count();
    at = map_anon(0, 64ull << 40, PROT_READ | PROT_WRITE, MAP_NORESERVE);
    CHECK(at > 0);
    CHECK(map_anon(0, 16ull << 40, PROT_NONE, 0) > 0);
    CHECK(map_anon(0, 64ull << 40, PROT_NONE, 0) < 0); /* 47 bits are full */
    CHECK(page_free_count() + 1 >= before);
    CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at + (32ull << 40),
                         SPACE_WRITE, &byte),
             SPACE_FAULT_OK);
    CHECK_EQ(space_unmap(space, (uint64_t)at, 64ull << 40), 0);
    CHECK_EQ(space->resident_pages, 0);
}

TEST(hints_and_32bit)
{
    long at;

    start();
    CHECK_EQ(map_anon(0x123456789000, 4096, PROT_READ, 0), 0x123456789000);
    at = map_anon(0x123456789000, 4096, PROT_READ, 0);
    CHECK(at > 0 && at != 0x123456789000);
    at = map_anon(0, 1 << 20, PROT_READ, MAP_32BIT);
    CHECK(at > 0 && at + (1 << 20) <= 1l << 31);
    CHECK_EQ(map_anon(0x50000000, 4096, PROT_READ, MAP_32BIT), 0x50000000);
    at = map_anon(0x7ffff000, 8192, PROT_READ, MAP_32BIT);
    CHECK(at > 0 && at + 8192 <= 1l << 31);
}

TEST(bases_are_random_and_share_a_slot)
{
    const uint64_t slot_len = 512ull << 30;
    uint64_t pie_bits = 0, mmap_bits = 0, stack_bits = 0, slots = 0;

    start();
    for (unsigned i = 0; i < 2000; i++) {
        struct space *s = space_create();
        uint64_t slot = s->pie_base / slot_len;

        CHECK_EQ(s->mmap_base / slot_len, slot);
        CHECK_EQ((s->stack_top - 1) / slot_len, slot);
        CHECK(s->pie_base + (64ull << 30) <= s->mmap_base);
        CHECK(s->mmap_base + (1ull << 30) <= s->stack_top);
        CHECK_EQ((s->pie_base | s->mmap_base | s->stack_top) & PAGE_MASK, 0);
        slots |= 1ull << (slot - 192);
        pie_bits |= s->pie_base ^ space->pie_base;
        mmap_bits |= s->mmap_base ^ space->mmap_base;
        stack_bits |= s->stack_top ^ space->stack_top;
        space_destroy(s);
    }
    CHECK_EQ(slots, 7ull << (253 - 192));
    CHECK_EQ(pie_bits & (slot_len - 1), slot_len - PAGE_SIZE);
    CHECK_EQ(mmap_bits & (slot_len - 1), slot_len - PAGE_SIZE);
    CHECK_EQ(stack_bits & ((16ull << 30) - 1), (16ull << 30) - PAGE_SIZE);
}

/* ---- the stack, brk ---- */

TEST(stack_grows_to_its_limit_and_keeps_a_gap)
{
    const size_t limit = 1 << 20;
    uint8_t *byte;
    uint64_t top;
    long at;

    start();
    at = space_map_stack(space, limit);
    REQUIRE(at > 0);
    top = (uint64_t)at;
    for (uint64_t va = top - 8; va > top - limit; va -= 3 * PAGE_SIZE)
        CHECK_EQ(fake_access(space, &space->pt, va, SPACE_WRITE, &byte),
                 SPACE_FAULT_OK);
    CHECK_EQ(fake_access(space, &space->pt, top - limit - PAGE_SIZE,
                         SPACE_WRITE, &byte),
             SPACE_FAULT_MAPERR);
    CHECK(map_anon(0, 4096, PROT_READ, 0) < (long)(top - limit - 256 * 4096));
}

TEST(stack_stops_above_a_neighbour)
{
    uint8_t *byte;
    uint64_t top;

    start();
    top = (uint64_t)space_map_stack(space, 64 << 20);
    CHECK_EQ(map_anon(top - (8 << 20), 4096, PROT_READ, MAP_FIXED),
             top - (8 << 20));
    CHECK_EQ(
        fake_access(space, &space->pt, top - (6 << 20), SPACE_WRITE, &byte),
        SPACE_FAULT_OK);
    CHECK_EQ(fake_access(space, &space->pt, top - (8 << 20) + 8192, SPACE_WRITE,
                         &byte),
             SPACE_FAULT_MAPERR);
}

TEST(brk_grows_and_shrinks)
{
    uint64_t base, end;
    uint8_t *byte;

    start();
    space_set_brk(space, 0x555555555000);
    base = (uint64_t)space_brk(space, 0);
    CHECK(base >= 0x555555555000);
    CHECK_EQ(space_brk(space, base - 1), base);
    end = base + 100000;
    CHECK_EQ(space_brk(space, end), end);
    for (uint64_t va = base; va < end; va += 1000) {
        CHECK_EQ(fake_access(space, &space->pt, va, SPACE_WRITE, &byte),
                 SPACE_FAULT_OK);
        *byte = 7;
    }
    CHECK_EQ(space_brk(space, base + 10), base + 10);
    CHECK_EQ(fake_access(space, &space->pt, base + 8192, SPACE_READ, &byte),
             SPACE_FAULT_MAPERR);
    CHECK_EQ(space_brk(space, end), end);
    CHECK_EQ(fake_access(space, &space->pt, base + 8192, SPACE_READ, &byte),
             SPACE_FAULT_OK);
    CHECK_EQ(*byte, 0); /* new memory, not the old bytes */
    CHECK_EQ(space_brk(space, base + (1ull << 40)), end);
    /* what lies in the way stops it */
    CHECK(map_anon(base + (1 << 20), 4096, PROT_READ, MAP_FIXED) > 0);
    CHECK_EQ(space_brk(space, base + (2 << 20)), end);
}

/* ---- files ---- */

TEST(truncated_file_gives_sigbus)
{
    uint8_t *byte;
    long at;

    start();
    at = space_map(space, 0, FILE_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE, &file.object, 0);
    REQUIRE(at > 0);
    for (unsigned i = 0; i < FILE_PAGES; i++)
        CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at + i * PAGE_SIZE,
                             i % 2 ? SPACE_WRITE : SPACE_READ, &byte),
                 SPACE_FAULT_OK);
    file.size_pages = 10;
    vm_object_zap(&file.object, 10, UINT64_MAX - 10, true);
    CHECK_EQ(fake_tlb_stale(&space->pt), 0);
    for (unsigned i = 0; i < FILE_PAGES; i++)
        CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at + i * PAGE_SIZE,
                             SPACE_READ, &byte),
                 i < 10 ? SPACE_FAULT_OK : SPACE_FAULT_BUS);
}

TEST(poke_is_private_and_stays_unwritable)
{
    uint8_t *byte, bytes[16];
    long at;

    start();
    at = space_map(space, 0, 2 * PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE,
                   &file.object, 0);
    REQUIRE(at > 0);
    memset(bytes, 0xcc, sizeof(bytes));
    CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at, SPACE_EXEC, &byte),
             SPACE_FAULT_OK);
    CHECK_EQ(space_poke(space, (uint64_t)at + PAGE_SIZE - 8, bytes, 16, true),
             0);
    CHECK_EQ(fake_tlb_stale(&space->pt), 0);
    CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at + PAGE_SIZE - 1,
                         SPACE_EXEC, &byte),
             SPACE_FAULT_OK);
    CHECK_EQ(*byte, 0xcc);
    CHECK_EQ(file.image[PAGE_SIZE - 1], 0);
    CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at, SPACE_WRITE, &byte),
             SPACE_FAULT_ACCERR);
    CHECK_EQ(
        space_poke(space, (uint64_t)at + 2 * PAGE_SIZE - 8, bytes, 16, true),
        -EFAULT);
    CHECK_EQ(space_poke(space, 0x10000, bytes, 1, false), -EFAULT);
}

TEST(running_out_of_memory_is_said)
{
    uint8_t *byte;
    enum space_fault_result result = SPACE_FAULT_OK;
    size_t before;
    long at;

    start();
    before = page_free_count();
    at = map_anon(0, 2 * RAM_LEN, PROT_READ | PROT_WRITE, MAP_NORESERVE);
    REQUIRE(at > 0);
    for (uint64_t off = 0; off < 2 * RAM_LEN && result == SPACE_FAULT_OK;
         off += PAGE_SIZE)
        result = fake_access(space, &space->pt, (uint64_t)at + off, SPACE_WRITE,
                             &byte);
    CHECK_EQ(result, SPACE_FAULT_OOM);
    CHECK_EQ(space_unmap(space, (uint64_t)at, 2 * RAM_LEN), 0);
    CHECK(page_free_count() + 4 >= before);
}

TEST(maps_lines_as_linux_prints_them)
{
    char line[256], want[256];
    uaddr_t va = 0;

    start();
    CHECK_EQ(map_anon(0x10000000, 8192, PROT_READ | PROT_WRITE, MAP_FIXED),
             0x10000000);
    CHECK_EQ(space_map(space, 0x20000000, 4096, PROT_READ | PROT_EXEC,
                       MAP_FIXED | MAP_PRIVATE, &file.object, 0x3000),
             0x20000000);
    CHECK(space_maps_line(space, &va, line, sizeof(line)) > 0);
    CHECK_STR_EQ(line, "10000000-10002000 rw-p 00000000 00:00 0 \n");
    CHECK_EQ(va, 0x10002000);
    CHECK(space_maps_line(space, &va, line, sizeof(line)) > 0);
    snprintf(want, sizeof(want), "%-73s/some/file\n",
             "20000000-20001000 r-xp 00003000 00:00 0 ");
    CHECK_STR_EQ(line, want);
    CHECK_EQ(space_maps_line(space, &va, line, sizeof(line)), 0);
}
