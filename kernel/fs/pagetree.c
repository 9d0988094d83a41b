/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pagetree.c - the radix tree of a file's pages.
 */
#include "fs/pagetree.h"

#include "core/errno.h"
#include "core/panic.h"
#include "mm/heap.h"

#define NODE_BITS  6u
#define NODE_LEN   (1u << NODE_BITS)
#define HEIGHT_MAX 9u /* 54 bits of index */

struct node {
    uint64_t entries[NODE_LEN];
};

static struct node *node_of(uint64_t entry)
{
    return (struct node *)(uintptr_t)entry;
}

static unsigned slot_of(uint64_t idx, unsigned level)
{
    return idx >> (level * NODE_BITS) & (NODE_LEN - 1);
}

/* Number of indices that a tree of this height holds; no overflow to 9. */
static uint64_t reach(unsigned height)
{
    return 1ull << (height * NODE_BITS);
}

uint64_t pagetree_get(const struct pagetree *t, uint64_t idx)
{
    uint64_t entry = t->root;

    if (idx >= reach(t->height))
        return 0;
    for (unsigned level = t->height; level > 0 && entry; level--)
        entry = node_of(entry)->entries[slot_of(idx, level - 1)];
    return entry;
}

void *pagetree_spare(void)
{
    return kzalloc(sizeof(struct node));
}

/* A node above or in place of *entry. False: there is no spare one. */
static bool add_node(uint64_t *entry, void **spare)
{
    struct node *n = *spare;

    if (!n)
        return false;
    *spare = NULL;
    n->entries[0] = *entry;
    *entry = (uintptr_t)n;
    return true;
}

int pagetree_set(struct pagetree *t, uint64_t idx, uint64_t value, void **spare)
{
    uint64_t *entry = &t->root;

    ASSERT(value != 0 && idx < PAGETREE_IDX_MAX);
    while (idx >= reach(t->height)) {
        if (t->root && !add_node(&t->root, spare))
            return -EAGAIN;
        t->height++;
        ASSERT(t->height <= HEIGHT_MAX);
    }
    for (unsigned level = t->height; level > 0; level--) {
        if (*entry == 0 && !add_node(entry, spare))
            return -EAGAIN; /* empty nodes above go with the next removal */
        entry = &node_of(*entry)->entries[slot_of(idx, level - 1)];
    }
    *entry = value;
    return 0;
}

static bool node_is_empty(const struct node *n)
{
    for (unsigned i = NODE_LEN; i-- > 0;) /* callers empty from the front */
        if (n->entries[i])
            return false;
    return true;
}

uint64_t pagetree_remove(struct pagetree *t, uint64_t idx)
{
    uint64_t *path[HEIGHT_MAX + 1];
    uint64_t *entry = &t->root;
    uint64_t old;

    if (idx >= reach(t->height))
        return 0;
    path[t->height] = entry;
    for (unsigned level = t->height; level > 0; level--) {
        if (*entry == 0)
            return 0;
        entry = &node_of(*entry)->entries[slot_of(idx, level - 1)];
        path[level - 1] = entry;
    }
    old = *entry;
    *entry = 0;
    for (unsigned level = 1; level <= t->height; level++) {
        if (!node_is_empty(node_of(*path[level])))
            break;
        kfree(node_of(*path[level]));
        *path[level] = 0;
    }
    if (t->root == 0)
        t->height = 0;
    return old;
}

uint64_t pagetree_next(const struct pagetree *t, uint64_t idx,
                       uint64_t *value_out)
{
    while (idx < reach(t->height)) {
        uint64_t entry = t->root;
        unsigned level = t->height;

        while (level > 0 && entry) {
            entry = node_of(entry)->entries[slot_of(idx, level - 1)];
            level--;
        }
        if (entry) {
            *value_out = entry;
            return idx;
        }
        /* Nothing below this entry: skip all indices that it covers. */
        idx = ((idx >> (level * NODE_BITS)) + 1) << (level * NODE_BITS);
    }
    return UINT64_MAX;
}
