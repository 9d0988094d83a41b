/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pagetable.c - four-level tables, as ordinary memory.
 *
 * The kernel runs in ring 3 and reaches tables through the direct map. Every
 * entry has the user bit: there is no other ring. A table that became empty is
 * freed at the end of pt_unmap() of its whole range, not at each page.
 */
#include "arch/pagetable.h"

#include "abi/cpu_tables.h"
#include "core/errno.h"
#include "core/panic.h"
#include "mm/page.h"

#define ENTRIES   512u
#define ADDR_MASK 0x000ffffffffff000ull
#define NOREF     (1ull << 9)  /* available to software */
#define HELD      (1ull << 10) /* not present, yet a page: PROT_NONE */
#define OWN       (1ull << 11) /* PT_OWN */
#define TAKEN     (CPU_PTE_P | HELD)
#define TABLE     (CPU_PTE_P | CPU_PTE_W | CPU_PTE_U)

static unsigned index_at(uint64_t va, unsigned level)
{
    return va >> (12 + 9 * level) & (ENTRIES - 1);
}

static uint64_t span(unsigned level) /* bytes under one entry */
{
    return 1ull << (12 + 9 * level);
}

static uint64_t *table_ptr(uint64_t entry)
{
    return page_ptr(entry & ADDR_MASK);
}

static uint64_t make_entry(paddr_t pa, unsigned flags)
{
    return pa | CPU_PTE_P | CPU_PTE_U | CPU_PTE_A |
           (flags & PT_WRITE ? CPU_PTE_W | CPU_PTE_D : 0) |
           (flags & PT_EXEC ? 0 : CPU_PTE_NX) | (flags & PT_NOREF ? NOREF : 0) |
           (flags & PT_OWN ? OWN : 0);
}

static unsigned entry_flags(uint64_t e)
{
    return (e & CPU_PTE_P ? PT_READ : 0) | (e & CPU_PTE_W ? PT_WRITE : 0) |
           (e & CPU_PTE_NX ? 0 : PT_EXEC) | (e & NOREF ? PT_NOREF : 0) |
           (e & CPU_PTE_D ? PT_DIRTY : 0) | (e & OWN ? PT_OWN : 0);
}

/* Most tables are asked for again and again. */
static uint64_t *cached_leaf(const struct pt *pt, uint64_t va)
{
    return va - pt->leaf_va < span(1) ? pt->leaf : NULL;
}

static uint64_t *cache_leaf(struct pt *pt, uint64_t va, uint64_t *table)
{
    pt->leaf_va = va & ~(span(1) - 1);
    pt->leaf = table;
    return table;
}

/* The last-level table for va; NULL: no memory for it. */
static uint64_t *make_leaf(struct pt *pt, uint64_t va)
{
    uint64_t *table = cached_leaf(pt, va);

    if (table)
        return table;
    table = page_ptr(pt->pml4_pa);
    for (unsigned level = 3; level > 0; level--) {
        uint64_t *e = &table[index_at(va, level)];

        if (!(*e & CPU_PTE_P)) {
            paddr_t pa = page_alloc_zeroed();

            if (!pa)
                return NULL;
            /* one store: the monitor checks exactly this value */
            *(volatile uint64_t *)e = pa | TABLE;
            pt->table_count++;
        }
        table = table_ptr(*e);
    }
    return cache_leaf(pt, va, table);
}

/*
 * Find the last-level table for va. NULL: there is none; *skip_to is then the
 * first address after the hole.
 */
static uint64_t *find_leaf(struct pt *pt, uint64_t va, uint64_t *skip_to)
{
    uint64_t *table = cached_leaf(pt, va);

    if (table)
        return table;
    table = page_ptr(pt->pml4_pa);
    for (unsigned level = 3; level > 0; level--) {
        uint64_t e = table[index_at(va, level)];

        if (!(e & CPU_PTE_P)) {
            *skip_to = (va | (span(level) - 1)) + 1;
            return NULL;
        }
        table = table_ptr(e);
    }
    return cache_leaf(pt, va, table);
}

int pt_map(struct pt *pt, uint64_t va, paddr_t pa, unsigned flags)
{
    uint64_t *table = make_leaf(pt, va);

    if (!table)
        return -ENOMEM;
    table[index_at(va, 0)] = make_entry(pa, flags);
    return 0;
}

paddr_t pt_lookup(struct pt *pt, uint64_t va, unsigned *flags_out)
{
    uint64_t hole;
    const uint64_t *table = find_leaf(pt, va, &hole);
    uint64_t e = table ? table[index_at(va, 0)] : 0;

    if (!(e & TAKEN))
        return 0;
    if (flags_out)
        *flags_out = entry_flags(e);
    return e & ADDR_MASK;
}

static bool table_is_empty(const uint64_t *table)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        if (table[i])
            return false;
    return true;
}

/* Free the tables below the PML4 that lie wholly in [start, end) or became
 * empty, around va. */
static void free_empty(struct pt *pt, uint64_t va)
{
    uint64_t *path[4];
    uint64_t *table = page_ptr(pt->pml4_pa);

    for (unsigned level = 3; level > 0; level--) {
        uint64_t *e = &table[index_at(va, level)];

        if (!(*e & CPU_PTE_P))
            return;
        path[level] = e;
        table = table_ptr(*e);
    }
    pt->leaf = NULL;
    for (unsigned level = 1; level < 3; level++) { /* not the PML4's own */
        uint64_t e = *path[level];

        if (!table_is_empty(table_ptr(e)))
            return;
        *path[level] = 0;
        page_put(e & ADDR_MASK);
        pt->table_count--;
    }
}

size_t pt_unmap(struct pt *pt, uint64_t start, uint64_t end, pt_gone_fn gone,
                void *arg)
{
    size_t count = 0;
    uint64_t va = start;

    while (va < end) {
        uint64_t table_end = MIN((va | (span(1) - 1)) + 1, end);
        uint64_t *table = find_leaf(pt, va, &table_end);
        uint64_t first = va;

        if (!table) {
            va = table_end;
            continue;
        }
        for (; va < table_end; va += PAGE_SIZE) {
            uint64_t e = table[index_at(va, 0)];

            if (!(e & TAKEN))
                continue;
            table[index_at(va, 0)] = 0;
            gone(arg, va, e & ADDR_MASK, entry_flags(e));
            count++;
        }
        /* Looking for emptiness costs 512 loads: only when a fair part of the
         * table went. */
        if (va - first >= span(1) / 8)
            free_empty(pt, first);
    }
    return count;
}

/* The entry e with the rights that flags give it. */
static uint64_t with_rights(uint64_t e, unsigned flags)
{
    if (!(flags & PT_WRITE))
        e &= ~(CPU_PTE_W | CPU_PTE_D);
    else if (e & OWN)
        e |= CPU_PTE_W | CPU_PTE_D;
    e = flags & PT_READ ? (e & ~HELD) | CPU_PTE_P : (e & ~CPU_PTE_P) | HELD;
    return flags & PT_EXEC ? e & ~CPU_PTE_NX : e | CPU_PTE_NX;
}

size_t pt_protect(struct pt *pt, uint64_t start, uint64_t end, unsigned flags,
                  uint64_t *last_va)
{
    size_t lost = 0;
    uint64_t va = start;

    while (va < end) {
        uint64_t table_end = MIN((va | (span(1) - 1)) + 1, end);
        uint64_t *table = find_leaf(pt, va, &table_end);

        for (; table && va < table_end; va += PAGE_SIZE) {
            uint64_t e = table[index_at(va, 0)], n;

            if (!(e & TAKEN))
                continue;
            n = with_rights(e, flags);
            table[index_at(va, 0)] = n;
            if (e & CPU_PTE_P &&
                (e & ~n & (CPU_PTE_P | CPU_PTE_W) || n & ~e & CPU_PTE_NX)) {
                lost++;
                *last_va = va;
            }
        }
        va = table_end;
    }
    return lost;
}

int pt_move(struct pt *pt, uint64_t from, uint64_t to, uint64_t len)
{
    for (uint64_t off = 0; off < len;) {
        uint64_t hole = from + off + PAGE_SIZE;
        uint64_t *src = find_leaf(pt, from + off, &hole);
        uint64_t *dst;

        if (src && src[index_at(from + off, 0)] & TAKEN) {
            dst = make_leaf(pt, to + off);
            if (!dst)
                return -ENOMEM;
            dst[index_at(to + off, 0)] = src[index_at(from + off, 0)];
            src[index_at(from + off, 0)] = 0;
        }
        off = hole - from;
    }
    return 0;
}

uint64_t pt_next(struct pt *pt, uint64_t start, uint64_t end)
{
    uint64_t va = start;

    while (va < end) {
        uint64_t table_end = MIN((va | (span(1) - 1)) + 1, end);
        uint64_t *table = find_leaf(pt, va, &table_end);

        for (; table && va < table_end; va += PAGE_SIZE)
            if (table[index_at(va, 0)] & TAKEN)
                return va;
        va = table_end;
    }
    return end;
}
