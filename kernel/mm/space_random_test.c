/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_random_test.c - address spaces against a model that is plain bytes.
 *
 * Method: thousands of random mmap, munmap, mprotect, mremap, madvise, brk and
 * accesses in a window of pages. The model keeps, per page, what Linux would
 * have there: kind, protection, and the value that each page holds. Accesses
 * go through a TLB that forgets nothing until it is flushed, so a missing
 * flush is seen as one. Everything must be free again at the end.
 */
/* unit: kernel/mm/page.c kernel/mm/heap.c kernel/mm/region.c
 *       kernel/mm/space.c kernel/mm/space_change.c kernel/mm/space_fault.c
 *       kernel/mm/shared.c kernel/mm/space_advise.c kernel/mm/space_info.c
 *       kernel/mm/space_large.c kernel/mm/space_remap.c
 *       kernel/arch/x86_64/pagetable.c kernel/arch/x86_64/page_zero.S */
#include "tests/unit.h"

#include "mm/fake_space.h"

#define WINDOW_VA 0x7f0000200000ull /* across two last-level tables */

/* space_large_test.c has other sizes. */
#ifndef WINDOW
#define WINDOW  96u /* pages, half of them on each side of WINDOW_VA */
#define RUN_MAX 12u /* pages that one operation is about */
#define STEPS   20000u
#endif

/* ---- the model ---- */

enum kind { FREE, ANON, SHARED_ANON, PRIVATE_FILE, SHARED_FILE };

struct page_model {
    enum kind kind;
    int prot;
    unsigned idx; /* of the file */
    bool is_own;  /* a private file page that was written */
    uint8_t value;
    int advice; /* MADV_HUGEPAGE, MADV_NOHUGEPAGE, 0: none */
};

static struct page_model model[WINDOW];
static uint8_t file_value[FILE_PAGES];

static uint64_t va_of(unsigned page)
{
    return WINDOW_VA - WINDOW / 2 * PAGE_SIZE + page * PAGE_SIZE;
}

static uint8_t *value_of(struct page_model *m)
{
    if (m->kind == SHARED_FILE || (m->kind == PRIVATE_FILE && !m->is_own))
        return &file_value[m->idx];
    return &m->value;
}

static enum space_fault_result model_access(unsigned page, bool write)
{
    struct page_model *m = &model[page];

    if (m->kind == FREE)
        return SPACE_FAULT_MAPERR;
    if (write ? !(m->prot & PROT_WRITE) : m->prot == PROT_NONE)
        return SPACE_FAULT_ACCERR;
    if ((m->kind == SHARED_FILE || (m->kind == PRIVATE_FILE && !m->is_own)) &&
        m->idx >= file.size_pages)
        return SPACE_FAULT_BUS;
    return SPACE_FAULT_OK;
}

static void compare_read(unsigned page)
{
    enum space_fault_result want = model_access(page, false), got;
    uint8_t *byte;

    got = fake_access(space, &space->pt, va_of(page), SPACE_READ, &byte);
    CHECK_EQ(got, want);
    if (got == SPACE_FAULT_OK && want == SPACE_FAULT_OK)
        CHECK_EQ(*byte, *value_of(&model[page]));
}

static void compare_write(unsigned page)
{
    enum space_fault_result want = model_access(page, true), got;
    uint8_t value = (uint8_t)(rand() | 1), *byte;

    got = fake_access(space, &space->pt, va_of(page), SPACE_WRITE, &byte);
    CHECK_EQ(got, want);
    if (got != SPACE_FAULT_OK || want != SPACE_FAULT_OK)
        return;
    *byte = value;
    if (model[page].kind == PRIVATE_FILE)
        model[page].is_own = true;
    *value_of(&model[page]) = value;
}

static int random_prot(void)
{
    static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_EXEC,
                                 PROT_READ | PROT_WRITE,
                                 PROT_READ | PROT_WRITE };

    return prots[rand() % 5];
}

static void do_map(unsigned first, unsigned count)
{
    enum kind kind = (enum kind)(1 + rand() % 4);
    int flags = MAP_FIXED, prot = random_prot();
    bool is_file = kind == PRIVATE_FILE || kind == SHARED_FILE;
    unsigned idx;
    long at;

    if (is_file)
        count = MIN(count, FILE_PAGES);
    idx = is_file ? (unsigned)rand() % (FILE_PAGES - count + 1) : 0;

    flags |=
        kind == SHARED_ANON || kind == SHARED_FILE ? MAP_SHARED : MAP_PRIVATE;
    if (!is_file)
        flags |= MAP_ANONYMOUS;
    at =
        space_map(space, va_of(first), count * PAGE_SIZE, prot, flags,
                  is_file ? &file.object : NULL, is_file ? idx * PAGE_SIZE : 0);
    CHECK_EQ(at, va_of(first));
    for (unsigned i = 0; i < count; i++)
        model[first + i] = (struct page_model){ kind, prot, idx + i, 0, 0, 0 };
}

static void do_unmap(unsigned first, unsigned count)
{
    CHECK_EQ(space_unmap(space, va_of(first), count * PAGE_SIZE), 0);
    for (unsigned i = 0; i < count; i++)
        model[first + i] = (struct page_model){ 0 };
}

static void do_protect(unsigned first, unsigned count)
{
    int prot = random_prot(), err, want = 0;

    for (unsigned i = 0; i < count; i++)
        if (model[first + i].kind == FREE)
            want = -ENOMEM;
    err = space_protect(space, va_of(first), count * PAGE_SIZE, prot);
    CHECK_EQ(err, want);
    /* As Linux, all up to the first hole is changed. */
    for (unsigned i = 0; i < count && model[first + i].kind != FREE; i++)
        model[first + i].prot = prot;
}

static void do_discard(unsigned first, unsigned count)
{
    int want = 0;

    for (unsigned i = 0; i < count; i++)
        if (model[first + i].kind == FREE)
            want = -ENOMEM;
    CHECK_EQ(
        space_advise(space, va_of(first), count * PAGE_SIZE, MADV_DONTNEED),
        want);
    for (unsigned i = 0; i < count; i++) {
        model[first + i].is_own = false;
        if (model[first + i].kind != SHARED_ANON)
            model[first + i].value = 0;
    }
}

/* True when the pages are one region's: same kind, file pages in a row. */
static bool is_one_run(unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct page_model *m = &model[first + i], *f = &model[first];

        if (m->kind == FREE || m->kind != f->kind || m->prot != f->prot ||
            m->advice != f->advice || m->kind == SHARED_ANON ||
            (m->kind > SHARED_ANON && m->idx != f->idx + i))
            return false;
    }
    return true;
}

static void do_remap_fixed(unsigned from, unsigned count, unsigned to)
{
    struct page_model old[WINDOW];
    bool overlap = from < to + count && to < from + count;
    long at, want = overlap ? -EINVAL : (long)va_of(to);

    if (!is_one_run(from, count))
        return;
    at = space_remap(space, va_of(from), count * PAGE_SIZE, count * PAGE_SIZE,
                     MREMAP_MAYMOVE | MREMAP_FIXED, va_of(to));
    CHECK_EQ(at, want);
    if (at != want || overlap)
        return;
    memcpy(old, model, sizeof(old));
    for (unsigned i = 0; i < count; i++)
        model[from + i] = (struct page_model){ 0 };
    for (unsigned i = 0; i < count; i++)
        model[to + i] = old[from + i];
}

static void do_remap_grow(unsigned first, unsigned count)
{
    unsigned more = 1 + (unsigned)rand() % 3;
    struct page_model m = model[first + count - 1];
    bool room = first + count + more <= WINDOW;
    long at;

    if (!is_one_run(first, count) || !room)
        return;
    if (m.kind == PRIVATE_FILE || m.kind == SHARED_FILE)
        return; /* may leave the file model's range */
    for (unsigned i = 0; i < more; i++)
        room = room && model[first + count + i].kind == FREE;
    at = space_remap(space, va_of(first), count * PAGE_SIZE,
                     (count + more) * PAGE_SIZE, 0, 0);
    CHECK_EQ(at, room ? (long)va_of(first) : -ENOMEM);
    for (unsigned i = 0; room && i < more; i++)
        model[first + count + i] =
            (struct page_model){ m.kind, m.prot, 0, 0, 0, m.advice };
}

/* Nothing that the program could see, but pages of another size. */
static void do_advise(unsigned first, unsigned count)
{
    int advice = rand() % 4 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE, want = 0;

    for (unsigned i = 0; i < count; i++) {
        if (model[first + i].kind == FREE)
            want = -ENOMEM;
        else
            model[first + i].advice = advice;
    }
    CHECK_EQ(space_advise(space, va_of(first), count * PAGE_SIZE, advice),
             want);
}

/* The file's page changes by write(2). */
static void do_file_write(void)
{
    unsigned idx = (unsigned)rand() % FILE_PAGES;
    paddr_t pa;

    if (file_page(&file.object, idx, true, &pa) != 0)
        return;
    file_value[idx] = (uint8_t)rand();
    *(uint8_t *)page_ptr(pa) = file_value[idx];
    page_put(pa);
}

static void check_space(void)
{
    size_t mapped = 0, resident = 0, want = 0;
    uint64_t end = 0;

    for (struct region *r = space->head[0]; r; r = r->next[0]) {
        CHECK(r->start >= end && r->start < r->end);
        end = r->end;
        mapped += (r->end - r->start) / PAGE_SIZE;
        for (uint64_t va = r->start; va < r->end; va += PAGE_SIZE)
            resident += pt_lookup(&space->pt, va, NULL) != 0;
    }
    for (unsigned i = 0; i < WINDOW; i++)
        want += model[i].kind != FREE;
    CHECK_EQ(mapped, want);
    CHECK_EQ(space->mapped_pages, want);
    CHECK_EQ(space->resident_pages, resident);
    CHECK_EQ(fake_tlb_stale(&space->pt), 0);
}

static void random_step(void)
{
    unsigned first = (unsigned)rand() % WINDOW;
    unsigned count = 1 + (unsigned)rand() % RUN_MAX;

    count = MIN(count, WINDOW - first);
    switch (rand() % 17) {
    case 0:
    case 1:
        do_map(first, count);
        break;
    case 2:
        do_unmap(first, count);
        break;
    case 3:
        do_protect(first, count);
        break;
    case 4:
        do_discard(first, count);
        break;
    case 5:
        do_remap_fixed(first, count, (unsigned)rand() % (WINDOW - count + 1));
        break;
    case 6:
        do_remap_grow(first, count);
        break;
    case 7:
        do_file_write();
        break;
    case 8:
        do_advise(first, count);
        break;
    case 9:
    case 10:
    case 11:
    case 12:
        compare_write(first);
        break;
    default:
        compare_read(first);
    }
}

static void random_run(unsigned seed)
{
    size_t before;

    start();
    for (unsigned i = 0; i < FILE_PAGES; i++)
        file_value[i] = FILE_BYTE(i);
    before = page_free_count();
    srand(seed);
    for (unsigned step = 0; step < STEPS && unit_failures < 10; step++) {
        random_step();
        check_space();
        if (unit_failures)
            printf("# seed %u, step %u\n", seed, step);
        if (step % 500 == 0)
            for (unsigned i = 0; i < WINDOW; i++)
                compare_read(i);
    }
    do_unmap(0, WINDOW);
    check_space();
    for (unsigned i = 0; i < FILE_PAGES; i++)
        if (file.own[i])
            page_put(file.own[i]);
    CHECK_EQ(file.refs, 0);
    CHECK_EQ(space->resident_pages, 0);
    /* tables of the window and a heap page or two may stay */
    CHECK(page_free_count() + 8 >= before);
}

TEST(random_operations_1)
{
    random_run(1);
}

TEST(random_operations_2)
{
    random_run(2);
}

TEST(random_operations_3)
{
    random_run(3);
}
