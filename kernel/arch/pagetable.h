/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pagetable.h - one address space's page tables, the program's half.
 *
 * Ownership: tables come from the page allocator and go back when empty, but
 *            for those the PML4 points to: under the monitor each store to
 *            the PML4 is an exit (it is read-only memory that the monitor
 *            changes for us), so an entry is set once and stays.
 * Context:   no flush is done here: the caller flushes when it took away or
 *            changed something that was present.
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
};

/* Called for each page that pt_unmap takes away. */
typedef void (*pt_gone_fn)(void *arg, uint64_t va, paddr_t pa, unsigned flags);

/* Take away [start, end). Result: pages that were present. */
size_t pt_unmap(struct pt *pt, uint64_t start, uint64_t end, pt_gone_fn gone,
                void *arg);
/* Set the access of the mapped pages in [start, end): `flags` of enum
 * pt_flags; without PT_READ they stay, inaccessible. PT_WRITE is given to
 * PT_OWN pages only: for others the fault decides (copy-on-write). Result:
 * pages that lost a right, the last one at *last_va. */
size_t pt_protect(struct pt *pt, uint64_t start, uint64_t end, unsigned flags,
                  uint64_t *last_va);
/* Move the mappings of [from, from+len) to `to`, which is empty. -ENOMEM */
MUST_CHECK int pt_move(struct pt *pt, uint64_t from, uint64_t to, uint64_t len);
/* The first present page in [start, end), or end. */
uint64_t pt_next(struct pt *pt, uint64_t start, uint64_t end);

/* Zero a page: page_zero.S. */
void arch_page_zero(void *page);

/* More flags of pt_map and pt_lookup. */
#define PT_DIRTY 16u
#define PT_OWN   32u /* no one else has this page: it may be written */

#endif
