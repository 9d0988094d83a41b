/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pagetable.c - four-level tables, as ordinary memory.
 *
 * The kernel runs in ring 3 and reaches tables through the direct map. Every
 * entry has the user bit: there is no other ring. A table that became empty is
 * freed at the end of pt_unmap() of its whole range, not at each page.
 *
 * A large page is an entry of a page directory with PS set, which has the bits
 * of any other page's entry, those for software too. It is never put in the
 * place of a table, so a table, once found, stays until it is freed.
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

static inline uint64_t make_entry(paddr_t pa, unsigned flags)
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

const void *pt_peek(paddr_t pml4_pa, uint64_t va)
{
    uint64_t e = pml4_pa;

    for (unsigned level = 4; level-- > 0;) {
        e = table_ptr(e)[index_at(va, level)];
        if (!(e & CPU_PTE_P))
            return NULL;
        if (level == 0 || (e & CPU_PTE_PS))
            return (const uint8_t *)table_ptr(e & ~(span(level) - 1)) +
                   (va & (span(level) - 1));
    }
    return NULL;
}

/* ---- large pages ---- */

static bool is_large(uint64_t e)
{
    return (e & TAKEN) && (e & CPU_PTE_PS);
}

/* The large page's entry that maps va, or NULL. */
static uint64_t *find_large(const struct pt *pt, uint64_t va)
{
    uint64_t *table = page_ptr(pt->pml4_pa), *e;

    if (pt->large_count == 0)
        return NULL;
    for (unsigned level = 3; level > 1; level--) {
        e = &table[index_at(va, level)];
        if (!(*e & CPU_PTE_P))
            return NULL;
        table = table_ptr(*e);
    }
    e = &table[index_at(va, 1)];
    return is_large(*e) ? e : NULL;
}

/* Take the table that was kept for a large page. */
static uint64_t *spare_pop(struct pt *pt)
{
    uint64_t *table = pt->spare;

    pt->spare = (uint64_t *)table[0];
    pt->large_count--;
    return table;
}

/*
 * Replace the large page's entry by a table of single pages. Both sizes must
 * not be in a TLB at once (SDM 3A, 4.10.2.3), so it is not present meanwhile;
 * who faults on it then finds it mended. Pages that is_unused, if any, tells
 * of are freed instead. Result: how many.
 */
static COLD size_t split_but(struct pt *pt, uint64_t *e, uint64_t va,
                             bool (*is_unused)(paddr_t))
{
    uint64_t *table = spare_pop(pt);
    uint64_t small = *e & ~CPU_PTE_PS;
    size_t unused = 0;

    *(volatile uint64_t *)e = 0;
    if (small & CPU_PTE_P)
        arch_tlb_flush_page(va);
    page_split(small & ADDR_MASK);
    for (unsigned i = 0; i < ENTRIES; i++, small += PAGE_SIZE) {
        table[i] = small;
        if (!is_unused || !is_unused(small & ADDR_MASK))
            continue;
        table[i] = 0;
        page_put(small & ADDR_MASK);
        unused++;
    }
    *(volatile uint64_t *)e = page_pa(table) | TABLE;
    pt->table_count++;
    return unused;
}

static void split_large(struct pt *pt, uint64_t *e, uint64_t va)
{
    split_but(pt, e, va, NULL);
}

size_t pt_trim_large(struct pt *pt, uint64_t va, bool (*is_unused)(paddr_t))
{
    uint64_t *e = find_large(pt, va);

    ASSERT(e);
    return split_but(pt, e, va, is_unused);
}

/* Most tables are asked for again and again. */
static inline uint64_t *cached_leaf(const struct pt *pt, uint64_t va)
{
    return va - pt->leaf_va < span(1) ? pt->leaf : NULL;
}

static uint64_t *cache_leaf(struct pt *pt, uint64_t va, uint64_t *table)
{
    pt->leaf_va = va & ~(span(1) - 1);
    pt->leaf = table;
    return table;
}

/* The table at `level` for va, 0: the last; NULL: no memory for it. */
static uint64_t *make_table(struct pt *pt, uint64_t va, unsigned last)
{
    uint64_t *table = page_ptr(pt->pml4_pa);

    for (unsigned level = 3; level > last; level--) {
        uint64_t *e = &table[index_at(va, level)];

        if (is_large(*e))
            split_large(pt, e, va);
        if (!(*e & CPU_PTE_P)) {
            paddr_t pa = page_alloc_zeroed();

            if (!pa)
                return NULL;
            page_set_kind(pa, RECORDS_PAGE_TABLE);
            /* one store: the monitor checks exactly this value */
            *(volatile uint64_t *)e = pa | TABLE;
            pt->table_count++;
        }
        table = table_ptr(*e);
    }
    return table;
}

/* The last-level table for va; NULL: no memory for it. */
static uint64_t *make_leaf(struct pt *pt, uint64_t va)
{
    uint64_t *table = cached_leaf(pt, va);

    if (table)
        return table;
    table = make_table(pt, va, 0);
    return table ? cache_leaf(pt, va, table) : NULL;
}

/*
 * Find the last-level table for va. NULL: there is none; *skip_to is then the
 * first address after the hole or the large page.
 */
static uint64_t *find_leaf(struct pt *pt, uint64_t va, uint64_t *skip_to)
{
    uint64_t *table = cached_leaf(pt, va);

    if (table)
        return table;
    table = page_ptr(pt->pml4_pa);
    for (unsigned level = 3; level > 0; level--) {
        uint64_t e = table[index_at(va, level)];

        if (!(e & CPU_PTE_P) || is_large(e)) {
            *skip_to = (va | (span(level) - 1)) + 1;
            return NULL;
        }
        table = table_ptr(e);
    }
    return cache_leaf(pt, va, table);
}

/* The first entry from i on that holds a page; end: none. Most of a thread's
 * stack or of an arena is never touched, so eight are looked at together. */
static unsigned next_taken(const uint64_t *table, unsigned i, unsigned end)
{
    for (; i + 8 <= end; i += 8) {
        const uint64_t *e = &table[i];

        if ((e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]) & TAKEN)
            break;
    }
    while (i < end && !(table[i] & TAKEN))
        i++;
    return i;
}

/* The address of the first page in [va, end) of this table; end: none. */
static uint64_t next_page(const uint64_t *table, uint64_t va, uint64_t end)
{
    unsigned first = index_at(va, 0);
    unsigned count = (unsigned)((end - va) >> PAGE_SHIFT);

    return va + ((uint64_t)(next_taken(table, first, first + count) - first)
                 << PAGE_SHIFT);
}

static NOINLINE int map_in_other(struct pt *pt, uint64_t va, uint64_t entry)
{
    uint64_t *table = make_leaf(pt, va);

    if (!table)
        return -ENOMEM;
    table[index_at(va, 0)] = entry;
    return 0;
}

int pt_map(struct pt *pt, uint64_t va, paddr_t pa, unsigned flags)
{
    uint64_t *table = cached_leaf(pt, va), entry = make_entry(pa, flags);

    if (UNLIKELY(!table))
        return map_in_other(pt, va, entry);
    table[index_at(va, 0)] = entry;
    return 0;
}

size_t pt_map_run(struct pt *pt, uint64_t va, paddr_t pa, size_t count,
                  unsigned flags)
{
    uint64_t *table = make_leaf(pt, va), entry = make_entry(pa, flags);
    unsigned first = index_at(va, 0);
    size_t made = 0;

    if (!table)
        return 0;
    for (size_t i = first; i < MIN(first + count, (size_t)ENTRIES); i++) {
        if (!(table[i] & TAKEN)) {
            table[i] = entry;
            made++;
        }
        entry += PAGE_SIZE;
    }
    return made;
}

paddr_t pt_lookup(struct pt *pt, uint64_t va, unsigned *flags_out)
{
    uint64_t hole;
    const uint64_t *table = find_leaf(pt, va, &hole), *large;
    uint64_t e = table ? table[index_at(va, 0)] : 0;

    if (!table && (large = find_large(pt, va))) {
        if (flags_out)
            *flags_out = entry_flags(*large) | PT_LARGE;
        return (*large & ADDR_MASK) + (va & (span(1) - 1) & ~PAGE_MASK);
    }
    if (!(e & TAKEN))
        return 0;
    if (flags_out)
        *flags_out = entry_flags(e);
    return e & ADDR_MASK;
}

paddr_t pt_take(struct pt *pt, uint64_t va, unsigned *flags_out)
{
    uint64_t hole;
    uint64_t *table = find_leaf(pt, va, &hole);
    uint64_t *e = table ? &table[index_at(va, 0)] : NULL;
    uint64_t old = e ? *e : 0;

    if (!(old & TAKEN))
        return 0;
    *e = 0;
    *flags_out = entry_flags(old);
    return old & ADDR_MASK;
}

/* Where a large page's entry for va goes. NULL: there is a table, or a page,
 * or no memory. */
static uint64_t *large_slot(struct pt *pt, uint64_t va)
{
    uint64_t *table = cached_leaf(pt, va) ? NULL : make_table(pt, va, 1);
    uint64_t *e = table ? &table[index_at(va, 1)] : NULL;

    return e && *e == 0 ? e : NULL;
}

bool pt_may_map_large(struct pt *pt, uint64_t va)
{
    return large_slot(pt, va) != NULL;
}

COLD int pt_map_large(struct pt *pt, uint64_t va, paddr_t pa, unsigned flags)
{
    uint64_t *e = large_slot(pt, va);
    paddr_t spare = page_alloc();

    ASSERT(e && !((va | pa) & (span(1) - 1)));
    if (!spare)
        return -ENOMEM;
    page_set_kind(spare, RECORDS_PAGE_TABLE);
    *(uint64_t **)page_ptr(spare) = pt->spare;
    pt->spare = page_ptr(spare);
    pt->large_count++;
    *(volatile uint64_t *)e = make_entry(pa, flags) | CPU_PTE_PS;
    return 0;
}

static bool table_is_empty(const uint64_t *table)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        if (table[i])
            return false;
    return true;
}

struct gone {
    pt_gone_fn fn;
    void *arg;
};

/* Hand over the tables below the PML4 that became empty, around va. */
static void free_empty(struct pt *pt, uint64_t va, const struct gone *gone)
{
    uint64_t *path[4] = { NULL };
    uint64_t *table = page_ptr(pt->pml4_pa);
    unsigned level = 3;

    for (; level > 0; level--) {
        uint64_t *e = &table[index_at(va, level)];

        if (!(*e & CPU_PTE_P) || is_large(*e))
            break;
        path[level] = e;
        table = table_ptr(*e);
    }
    pt->leaf = NULL;
    for (level++; level < 3; level++) { /* not those the PML4 points to */
        uint64_t e = *path[level];

        if (!table_is_empty(table_ptr(e)))
            return;
        *path[level] = 0;
        pt->table_count--;
        gone->fn(gone->arg, va, e & ADDR_MASK, PT_TABLE);
    }
}

/* [*va, end) begins in the large page of entry e. If that is in the range as a
 * whole take it away, else split it for the caller to look again. Result:
 * entries taken away; *va moves behind them. */
static size_t unmap_large(struct pt *pt, uint64_t *e, uint64_t *va,
                          uint64_t end, const struct gone *gone)
{
    uint64_t start = *va, old = *e;

    if (start & (span(1) - 1) || end - start < span(1)) {
        split_large(pt, e, start);
        return 0;
    }
    *(volatile uint64_t *)e = 0;
    page_put(page_pa(spare_pop(pt)));
    gone->fn(gone->arg, start, old & ADDR_MASK, entry_flags(old) | PT_LARGE);
    free_empty(pt, start, gone);
    *va += span(1);
    return 1;
}

size_t pt_unmap(struct pt *pt, uint64_t start, uint64_t end, pt_gone_fn fn,
                void *arg)
{
    const struct gone gone = { fn, arg };
    size_t count = 0;
    uint64_t va = start, *large;

    while (va < end) {
        uint64_t table_end = MIN((va | (span(1) - 1)) + 1, end);
        uint64_t *table = find_leaf(pt, va, &table_end);
        uint64_t first = va;

        if (!table) {
            large = find_large(pt, va);
            if (large)
                count += unmap_large(pt, large, &va, end, &gone);
            else
                va = table_end;
            continue;
        }
        while ((va = next_page(table, va, table_end)) < table_end) {
            uint64_t e = table[index_at(va, 0)];

            table[index_at(va, 0)] = 0;
            fn(arg, va, e & ADDR_MASK, entry_flags(e));
            count++;
            va += PAGE_SIZE;
        }
        /* Looking for emptiness costs 512 loads: only when a fair part of the
         * table went. */
        if (va - first >= span(1) / 8)
            free_empty(pt, first, &gone);
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

/* Give *e the rights. Result: whether any was taken away. */
static bool protect_entry(uint64_t *e, unsigned flags)
{
    uint64_t old = *e, new;

    if (!(old & TAKEN))
        return false;
    new = with_rights(old, flags);
    *(volatile uint64_t *)e = new;
    return old & CPU_PTE_P &&
           (old & ~new &(CPU_PTE_P | CPU_PTE_W) || new & ~old &CPU_PTE_NX);
}

size_t pt_protect(struct pt *pt, uint64_t start, uint64_t end, unsigned flags,
                  uint64_t *last_va)
{
    size_t lost = 0;
    uint64_t va = start;

    while (va < end) {
        uint64_t table_end = MIN((va | (span(1) - 1)) + 1, end);
        uint64_t *table = find_leaf(pt, va, &table_end), *large;

        large = table ? NULL : find_large(pt, va);
        if (large && (va & (span(1) - 1) || end - va < span(1))) {
            split_large(pt, large, va);
            continue;
        }
        if (large && protect_entry(large, flags)) {
            lost++;
            *last_va = va;
        }
        while (table && (va = next_page(table, va, table_end)) < table_end) {
            if (protect_entry(&table[index_at(va, 0)], flags)) {
                lost++;
                *last_va = va;
            }
            va += PAGE_SIZE;
        }
        va = table_end;
    }
    return lost;
}

/* The part of pt_move where a large page is: moved as a whole if it fits
 * there. Result: bytes done, 0: it was split. */
static uint64_t move_large(struct pt *pt, uint64_t *e, uint64_t from,
                           uint64_t to, uint64_t len)
{
    bool is_whole = !((from | to) & (span(1) - 1)) && len >= span(1);
    uint64_t *dst = is_whole ? large_slot(pt, to) : NULL;

    if (!is_large(*e)) /* making room for a table has trimmed it */
        return 0;
    if (!dst) {
        split_large(pt, e, from);
        return 0;
    }
    *(volatile uint64_t *)dst = *e;
    *(volatile uint64_t *)e = 0;
    return span(1);
}

int pt_move(struct pt *pt, uint64_t from, uint64_t to, uint64_t len)
{
    for (uint64_t off = 0; off < len;) {
        uint64_t hole = from + off + PAGE_SIZE;
        uint64_t *src = find_leaf(pt, from + off, &hole);
        uint64_t *large = src ? NULL : find_large(pt, from + off);
        uint64_t *dst;

        if (large) {
            off += move_large(pt, large, from + off, to + off, len - off);
            continue;
        }
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

        if (!table && find_large(pt, va))
            return va;
        if (table && (va = next_page(table, va, table_end)) < table_end)
            return va;
        va = table_end;
    }
    return end;
}
