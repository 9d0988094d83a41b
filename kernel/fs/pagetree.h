/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pagetree.h - the pages of a file in memory, by index: a radix tree.
 *
 * What:      64 entries per node, as high as the largest index needs; a file
 *            of one page needs no node at all. An entry is a page's physical
 *            address, or PAGETREE_HOLE: a hole that hides what lies below.
 * Ownership: the tree owns its nodes; the pages' references are the caller's
 *            to give and take.
 * Context:   nothing here asks for memory, so it may be under a lock.
 * Errors:    -EAGAIN from pagetree_set only.
 */
#ifndef FS_PAGETREE_H
#define FS_PAGETREE_H

#include "core/types.h"

#define PAGETREE_HOLE    1ull
#define PAGETREE_IDX_MAX (1ull << 51) /* 2^63 bytes */

struct pagetree {
    uint64_t root; /* height 0: the entry of index 0; else a node */
    unsigned height;
};

/* 0: no entry. */
uint64_t pagetree_get(const struct pagetree *t, uint64_t idx);
/* value is not 0. *spare: from pagetree_spare(), or NULL, and NULL when it was
 * used. -EAGAIN: another one is needed. */
MUST_CHECK int pagetree_set(struct pagetree *t, uint64_t idx, uint64_t value,
                            void **spare);
/* A node for pagetree_set(), or for kfree(). NULL: no memory. */
void *pagetree_spare(void) MUST_CHECK;
/* Remove and return the entry (0: there was none); frees empty nodes. */
uint64_t pagetree_remove(struct pagetree *t, uint64_t idx);
/* The first entry at or after idx; UINT64_MAX: none. */
uint64_t pagetree_next(const struct pagetree *t, uint64_t idx,
                       uint64_t *value_out);

#endif
