/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pagetable.h - one address space's page tables, the program's half.
 *
 * Ownership: tables come from the page allocator and go back when empty, but
 *            for those the PML4 points to: under the monitor each store to
 *            the PML4 is an exit (it is read-only memory that the monitor
 *            changes for us), so an entry is set once and stays.
 *            An entry of a page directory may map a large page, 2 MiB of one
 *            block of page.h; for each the table is kept that it needs when a
 *            part of it is changed: splitting cannot fail.
 * Context:   no flush is done here, but for a large page that is split: the
 *            caller flushes when it took away or changed something that was
 *            present, and only then frees what pt_unmap() gave it.
 * Errors:    -ENOMEM no page for a table.
 */
#ifndef ARCH_PAGETABLE_H
#define ARCH_PAGETABLE_H

#include "arch/arch.h"

struct pt {
    paddr_t pml4_pa;
    size_t table_count; /* pages used for tables */
    uint64_t leaf_va;   /* the last-level table found last maps ... */
    uint64_t *leaf;     /* ... the 2 MiB from here; NULL: none */
    size_t large_count; /* large pages, and so many ... */
    uint64_t *spare;    /* ... tables, linked by their first word */
};

/* Called for each page that pt_unmap takes away, large ones as a whole with
 * PT_LARGE; with PT_TABLE for each table, whose one reference goes along. */
typedef void (*pt_gone_fn)(void *arg, uint64_t va, paddr_t pa, unsigned flags);

/* Take away the one page at va if it has an entry of its own; 0: it has not,
 * be it that a large one is there. */
paddr_t pt_take(struct pt *pt, uint64_t va, unsigned *flags_out);
/* Take away [start, end). Result: entries that were present. */
size_t pt_unmap(struct pt *pt, uint64_t start, uint64_t end, pt_gone_fn gone,
                void *arg);
/* Map count pages from pa on where nothing is mapped yet, as far as va's table
 * goes. Result: how many; 0 also if there was no memory for a table. */
size_t pt_map_run(struct pt *pt, uint64_t va, paddr_t pa, size_t count,
                  unsigned flags);
/* Is there room for a large page's entry: no table, upper tables present?
 * They are made. */
bool pt_may_map_large(struct pt *pt, uint64_t va);
/* After that, with nothing between: map the large page pa at va. -ENOMEM */
MUST_CHECK int pt_map_large(struct pt *pt, uint64_t va, paddr_t pa,
                            unsigned flags);
/* Split the large page at va and free the pages that is_unused() says. The
 * only flush is in here: nobody can write to them meanwhile. Result: pages. */
size_t pt_trim_large(struct pt *pt, uint64_t va, bool (*is_unused)(paddr_t));
/* Set the access of the mapped pages in [start, end): `flags` of enum
 * pt_flags; without PT_READ they stay, inaccessible. PT_WRITE is given to
 * PT_OWN pages only: for others the fault decides (copy-on-write). Result:
 * pages that lost a right, the last one at *last_va. */
size_t pt_protect(struct pt *pt, uint64_t start, uint64_t end, unsigned flags,
                  uint64_t *last_va);
/* Move the mappings of [from, from+len) to `to`, which is empty. -ENOMEM */
MUST_CHECK int pt_move(struct pt *pt, uint64_t from, uint64_t to, uint64_t len);
/* Where va can be read now, up to its page's end, or NULL: from anywhere, and
 * whatever kernel code has been interrupted. */
const void *pt_peek(paddr_t pml4_pa, uint64_t va);
/* The first present page in [start, end), or end. */
uint64_t pt_next(struct pt *pt, uint64_t start, uint64_t end);

/* Zero a page: page_zero.S. */
void arch_page_zero(void *page);

/* More flags of pt_map and pt_lookup. */
#define PT_DIRTY 16u
#define PT_OWN   32u  /* no one else has this page: it may be written */
#define PT_LARGE 64u  /* part of a large page, or all of it */
#define PT_TABLE 128u /* of pt_gone_fn: not a page of the program's */

#endif
