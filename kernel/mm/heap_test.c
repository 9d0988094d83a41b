/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap_test.c - kernel memory in any size, on the real page allocator.
 *
 * Method: random allocations are filled with a pattern of their own and
 * checked before they are freed, so overlaps show; when all are freed the
 * page allocator must have (almost) everything back.
 */
/* unit: kernel/mm/page.c kernel/arch/x86_64/page_zero.S */
#include "mm/heap.c"
#include "tests/unit.h"

#include "mm/fake_machine.h"

#define RAM_LEN  (16ull << 20)
#define LIVE_MAX 500u
#define KEPT     50u /* pages, by blocks that the next kmalloc() may have */

struct spinlock kernel_lock;

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

static struct {
    uint8_t *p;
    size_t len;
    uint8_t fill;
} live[LIVE_MAX];

static void check_fill(unsigned i)
{
    for (size_t k = 0; k < live[i].len; k++) {
        if (live[i].p[k] == live[i].fill)
            continue;
        CHECK_EQ(live[i].p[k], live[i].fill);
        return;
    }
}

static size_t random_len(void)
{
    switch (rand() % 4) {
    case 0:
        return (size_t)rand() % 20000;
    case 1:
        return (size_t)rand() % 4200;
    default:
        return (size_t)rand() % 300;
    }
}

static void boot_heap(void)
{
    struct bootinfo boot = fake_boot(RAM_LEN, true);

    page_init(&boot);
}

TEST(random_sizes)
{
    size_t before;
    unsigned count = 0;

    boot_heap();
    before = page_free_count();
    srand(2);
    for (unsigned step = 0; step < 40000; step++) {
        unsigned i = (unsigned)rand() % LIVE_MAX;

        if (i >= count && count < LIVE_MAX) {
            size_t len = random_len();
            uint8_t *p = rand() % 2 ? kmalloc(len) : kzalloc(len);

            if (!p)
                continue;
            CHECK_EQ((uintptr_t)p % 16, 0);
            if (len >= PAGE_SIZE)
                CHECK_EQ((uint64_t)page_pa(p) % PAGE_SIZE, 0);
            live[count].p = p;
            live[count].len = len;
            live[count].fill = (uint8_t)rand();
            memset(p, live[count].fill, len);
            count++;
        } else if (count > 0) {
            i %= count;
            check_fill(i);
            if (rand() % 3 == 0) {
                size_t len = random_len();
                uint8_t *p = krealloc(live[i].p, len);

                if (!p)
                    continue;
                live[i].p = p;
                live[i].len = MIN(len, live[i].len);
                check_fill(i);
                live[i].len = len;
                memset(p, live[i].fill, len);
                continue;
            }
            kfree(live[i].p);
            live[i] = live[--count];
        }
    }
    while (count > 0) {
        check_fill(--count);
        kfree(live[count].p);
    }
    CHECK(page_free_count() + KEPT >= before);
}

TEST(zeroed_memory_is_zero)
{
    boot_heap();
    for (size_t len = 1; len < 9000; len += 97) {
        uint8_t *p = kmalloc(len);

        memset(p, 0xff, len);
        kfree(p);
        p = kzalloc(len);
        for (size_t i = 0; i < len; i++)
            CHECK_EQ(p[i], 0);
        kfree(p);
    }
}

TEST(running_out_gives_null_and_loses_nothing)
{
    static void *all[RAM_LEN / 1024];
    size_t n = 0, again = 0, before;

    boot_heap();
    before = page_free_count();
    while (n < ARRAY_LEN(all) && (all[n] = kmalloc(2000)) != NULL)
        n++;
    CHECK(n > 7000);
    CHECK(!kmalloc(1 << 20));
    for (size_t i = 0; i < n; i++)
        kfree(all[i]);
    CHECK(page_free_count() + KEPT >= before);
    /* What is kept for the same size is there for others. */
    while (again < n && (all[again] = kmalloc(1000)) != NULL)
        again++;
    CHECK_EQ(again, n);
    while (again > 0)
        kfree(all[--again]);
    while (again < n && (all[again] = kmalloc(2000)) != NULL)
        again++;
    CHECK_EQ(again, n);
    while (again > 0)
        kfree(all[--again]);
    CHECK(!kmalloc(SIZE_MAX));
    CHECK(!kmalloc(1ull << 40));
    kfree(NULL);
}

/* A 1 MiB guest must not lose a page to each size. */
TEST(many_sizes_share_pages)
{
    size_t before;

    boot_heap();
    before = page_free_count();
    for (size_t len = 16; len <= 1024; len *= 2)
        CHECK(kmalloc(len) != NULL);
    CHECK(before - page_free_count() <= 2);
}

TEST(realloc_of_null_is_malloc)
{
    uint8_t *p;

    boot_heap();
    p = krealloc(NULL, 10);
    CHECK(p != NULL);
    p = krealloc(p, 100000);
    CHECK(p != NULL);
    kfree(p);
}
