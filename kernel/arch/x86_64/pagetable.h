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
};

/* Called for each present page that pt_unmap takes away. */
typedef void (*pt_gone_fn)(void *arg, uint64_t va, paddr_t pa, unsigned flags);

/* Take away [start, end). Result: pages that were present. */
size_t pt_unmap(struct pt *pt, uint64_t start, uint64_t end, pt_gone_fn gone,
                void *arg);
/* Set the access of the mapped pages in [start, end): `flags` of enum
 * pt_flags; without PT_READ they stay, inaccessible; PT_WRITE is only taken away, never given (copy-on-write decides at
 * the fault). Result: pages changed. */
size_t pt_protect(struct pt *pt, uint64_t start, uint64_t end, unsigned flags);
/* Move the mappings of [from, from+len) to `to`, which is empty. -ENOMEM */
MUST_CHECK int pt_move(struct pt *pt, uint64_t from, uint64_t to, uint64_t len);
/* The first present page in [start, end), or end. */
uint64_t pt_next(struct pt *pt, uint64_t start, uint64_t end);

#define PT_DIRTY 16u /* of pt_lookup's flags */

#endif
