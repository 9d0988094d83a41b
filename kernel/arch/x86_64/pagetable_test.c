/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pagetable_test.c - page tables in fake memory.
 *
 * Method: the tables are walked by the test itself, as the CPU would, and
 * compared with what the functions say and with a model of the mappings.
 */
/* unit: kernel/mm/page.c kernel/arch/x86_64/page_zero.S */
#include "arch/x86_64/pagetable.c"
#include "tests/unit.h"

#include "mm/fake_machine.h"

#define RAM_LEN (8ull << 20)
#define BASE    0x7f8000000000ul
#define PAGES   2048u

static struct pt pt;
static unsigned gone_count;

enum space_fault_result space_fault(struct space *s, uaddr_t va,
                                    enum space_access access)
{
    (void)s, (void)va, (void)access;
    return SPACE_FAULT_MAPERR;
}

static void start(void)
{
    struct bootinfo boot = fake_boot(RAM_LEN, true);

    page_init(&boot);
    pt = (struct pt){ .pml4_pa = page_alloc_zeroed() };
    gone_count = 0;
}

/* What the CPU finds: the last entry, or 0. */
static uint64_t walk(uint64_t va)
{
    uint64_t e = pt.pml4_pa | 1;

    for (int shift = 39; shift >= 12; shift -= 9) {
        const uint64_t *table = page_ptr(e & ADDR_MASK);

        e = table[va >> shift & 511];
        if (!(e & CPU_PTE_P))
            return 0;
        CHECK(e & CPU_PTE_U);
    }
    return e;
}

static void gone(void *arg, uint64_t va, paddr_t pa, unsigned flags)
{
    (void)va;
    CHECK_EQ(arg, &pt);
    if (flags & PT_TABLE)
        page_put(pa);
    else
        gone_count++;
}

TEST(rights_reach_the_cpu)
{
    unsigned flags;

    start();
    CHECK_EQ(pt_map(&pt, BASE, 0x5000, PT_READ), 0);
    CHECK_EQ(pt_map(&pt, BASE + PAGE_SIZE, 0x6000, PT_READ | PT_WRITE), 0);
    CHECK_EQ(pt_map(&pt, BASE + 2 * PAGE_SIZE, 0x7000, PT_READ | PT_EXEC), 0);
    CHECK_EQ(walk(BASE) & ADDR_MASK, 0x5000);
    CHECK_EQ(walk(BASE) & (CPU_PTE_W | CPU_PTE_NX), CPU_PTE_NX);
    CHECK_EQ(walk(BASE + PAGE_SIZE) & (CPU_PTE_W | CPU_PTE_NX),
             CPU_PTE_W | CPU_PTE_NX);
    CHECK_EQ(walk(BASE + 2 * PAGE_SIZE) & (CPU_PTE_W | CPU_PTE_NX), 0);
    CHECK_EQ(pt_lookup(&pt, BASE + 2 * PAGE_SIZE, &flags), 0x7000);
    CHECK_EQ(flags, PT_READ | PT_EXEC);
    CHECK_EQ(pt_lookup(&pt, BASE + 3 * PAGE_SIZE, &flags), 0);
    CHECK_EQ(pt_lookup(&pt, 0x10000, &flags), 0);
}

TEST(one_page_is_taken)
{
    unsigned flags;

    start();
    CHECK_EQ(pt_take(&pt, BASE, &flags), 0);
    CHECK_EQ(pt_map(&pt, BASE, 0x5000, PT_READ | PT_NOREF), 0);
    CHECK_EQ(pt_take(&pt, BASE + PAGE_SIZE, &flags), 0);
    CHECK_EQ(pt_take(&pt, BASE, &flags), 0x5000);
    CHECK_EQ(flags, PT_READ | PT_NOREF);
    CHECK_EQ(pt_lookup(&pt, BASE, NULL), 0);
}

/* The monitor performs stores to the PML4: one, with exactly these bits. */
TEST(a_run_fills_what_is_free)
{
    const uint64_t last = BASE + (ENTRIES - 2) * PAGE_SIZE;

    start();
    CHECK_EQ(pt_map(&pt, BASE + PAGE_SIZE, 0x90000, PT_READ), 0);
    CHECK_EQ(pt_map_run(&pt, BASE, 0x5000, 3, PT_READ | PT_NOREF), 2);
    CHECK_EQ(pt_lookup(&pt, BASE, NULL), 0x5000);
    CHECK_EQ(pt_lookup(&pt, BASE + PAGE_SIZE, NULL), 0x90000);
    CHECK_EQ(pt_lookup(&pt, BASE + 2 * PAGE_SIZE, NULL), 0x7000);
    CHECK_EQ(pt_lookup(&pt, BASE + 3 * PAGE_SIZE, NULL), 0);
    CHECK_EQ(pt_map_run(&pt, last, 0x5000, 4, PT_READ | PT_NOREF), 2);
    CHECK_EQ(pt_lookup(&pt, last + PAGE_SIZE, NULL), 0x6000);
    CHECK_EQ(pt_lookup(&pt, last + 2 * PAGE_SIZE, NULL), 0);
}

TEST(pml4_entries_are_set_once)
{
    const uint64_t *pml4;
    uint64_t entry;

    start();
    pml4 = page_ptr(pt.pml4_pa);
    CHECK_EQ(pt_map(&pt, BASE, 0x5000, PT_READ), 0);
    entry = pml4[255];
    CHECK_EQ(entry & ~ADDR_MASK, TABLE);
    CHECK_EQ(pt_unmap(&pt, 0, 1ul << 47, gone, &pt), 1);
    CHECK_EQ(pml4[255], entry);
    CHECK_EQ(pt_map(&pt, BASE + (5ul << 30), 0x5000, PT_READ), 0);
    CHECK_EQ(pml4[255], entry);
    for (unsigned i = 0; i < 255; i++)
        CHECK_EQ(pml4[i], 0);
}

TEST(protection_comes_back_for_own_pages_only)
{
    uint64_t last = 0;

    start();
    CHECK_EQ(pt_map(&pt, BASE, 0x5000, PT_READ | PT_WRITE | PT_OWN), 0);
    CHECK_EQ(pt_map(&pt, BASE + PAGE_SIZE, 0x6000, PT_READ | PT_WRITE), 0);
    CHECK_EQ(pt_protect(&pt, BASE, BASE + 8 * PAGE_SIZE, 0, &last), 2);
    CHECK_EQ(last, BASE + PAGE_SIZE);
    CHECK_EQ(walk(BASE), 0);
    CHECK_EQ(pt_lookup(&pt, BASE, NULL), 0x5000); /* kept all the same */
    CHECK_EQ(
        pt_protect(&pt, BASE, BASE + 8 * PAGE_SIZE, PT_READ | PT_WRITE, &last),
        0);
    CHECK(walk(BASE) & CPU_PTE_W);
    CHECK(!(walk(BASE + PAGE_SIZE) & CPU_PTE_W));
    CHECK_EQ(pt_protect(&pt, BASE, BASE + PAGE_SIZE, PT_READ, &last), 1);
    CHECK_EQ(last, BASE);
}

TEST(random_maps_unmaps_and_moves)
{
    static paddr_t model[PAGES];
    size_t before;
    uint64_t from = BASE + 500 * PAGE_SIZE;

    start();
    srand(3);
    before = page_free_count();
    for (unsigned step = 0; step < 20000; step++) {
        unsigned first = (unsigned)rand() % PAGES, count, want = 0;

        count = 1 + (unsigned)rand() % (rand() % 8 ? 8 : 900);
        count = MIN(count, PAGES - first);
        if (rand() % 4) {
            model[first] = 0x100000ul + (uint64_t)rand() % 1000 * PAGE_SIZE;
            CHECK_EQ(pt_map(&pt, from + first * PAGE_SIZE, model[first],
                            PT_READ | PT_NOREF),
                     0);
        } else {
            for (unsigned i = 0; i < count; i++) {
                want += model[first + i] != 0;
                model[first + i] = 0;
            }
            CHECK_EQ(pt_unmap(&pt, from + first * PAGE_SIZE,
                              from + (first + count) * PAGE_SIZE, gone, &pt),
                     want);
        }
        first = (unsigned)rand() % PAGES;
        CHECK_EQ(walk(from + first * PAGE_SIZE) & ADDR_MASK, model[first]);
        CHECK_EQ(pt_lookup(&pt, from + first * PAGE_SIZE, NULL), model[first]);
    }
    CHECK_EQ(pt_move(&pt, from, from + (1ul << 40), PAGES * PAGE_SIZE), 0);
    for (unsigned i = 0; i < PAGES; i++) {
        CHECK_EQ(walk(from + i * PAGE_SIZE), 0);
        CHECK_EQ(walk(from + (1ul << 40) + i * PAGE_SIZE) & ADDR_MASK,
                 model[i]);
    }
    pt_unmap(&pt, 0, 1ul << 47, gone, &pt);
    CHECK_EQ(pt_next(&pt, 0, 1ul << 47), 1ul << 47);
    /* left: the PDPTs, and what pt_move emptied */
    CHECK(page_free_count() + 16 >= before);
}

TEST(no_page_for_a_table_is_an_error)
{
    start();
    while (page_alloc() != 0)
        continue;
    CHECK_EQ(pt_map(&pt, BASE, 0x5000, PT_READ), -ENOMEM);
    CHECK_EQ(pt_lookup(&pt, BASE, NULL), 0);
}
