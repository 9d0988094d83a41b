/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netbuf.h - the memory that received frames arrive in.
 *
 * What:      a pool of buffers, two to a page. It takes pages as they are
 *            needed, an eighth of the memory at most, and gives those back that
 *            it has too many of.
 * Ownership: get() gives a buffer to the caller, put() takes it back.
 * Context:   under the kernel lock; never sleeps.
 * Errors:    NULL: out of memory.
 */
#ifndef DRIVERS_NETBUF_H
#define DRIVERS_NETBUF_H

#include "core/types.h"
#include "drivers/netdev.h"

#define NETBUF_LEN  2048u
#define NETBUF_ROOM (NETBUF_LEN - (uint32_t)sizeof(struct netbuf))

struct netbuf_pool {
    struct netbuf *free; /* linked by next */
    unsigned free_count;
    unsigned total; /* free or not */
    unsigned keep;  /* more free ones than this are given back */
};

/* How many there may be. */
size_t netbuf_max(void);
/* Two more buffers into the pool. False: out of memory. */
bool netbuf_grow(struct netbuf_pool *pool);
/* Is little left of what it may take? */
bool netbuf_is_short(const struct netbuf_pool *pool);
/* Give back as many as are too many. */
void netbuf_trim(struct netbuf_pool *pool);

/* A buffer, its data still to be set. */
static inline struct netbuf *netbuf_get(struct netbuf_pool *pool)
{
    struct netbuf *b = pool->free;

    if (UNLIKELY(!b)) {
        if (!netbuf_grow(pool))
            return NULL;
        b = pool->free;
    }
    pool->free = b->next;
    pool->free_count--;
    return b;
}

static inline void netbuf_put(struct netbuf_pool *pool, struct netbuf *b)
{
    b->next = pool->free;
    pool->free = b;
    if (UNLIKELY(++pool->free_count > pool->keep))
        netbuf_trim(pool);
}

/* All the room there is in a buffer. */
static inline uint8_t *netbuf_start(struct netbuf *b)
{
    return (uint8_t *)(b + 1);
}

#endif
