/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netbuf.h - the memory that received frames arrive in.
 *
 * What:      a pool of buffers: small ones, two to a page, and large ones of
 *            eight pages for frames that bulk comes in. It takes pages as they
 *            are needed, an eighth of the memory at most, and gives those back
 *            that it has too many of.
 * Ownership: get() gives a buffer to the caller, put() takes it back.
 * Context:   under the kernel lock; never sleeps.
 * Errors:    NULL: out of memory.
 * Units:     a small buffer counts as one, a large one as NETBUF_LARGE_UNITS.
 */
#ifndef DRIVERS_NETBUF_H
#define DRIVERS_NETBUF_H

#include "core/types.h"
#include "drivers/netdev.h"

#define NETBUF_LEN         2048u
#define NETBUF_ROOM        (NETBUF_LEN - (uint32_t)sizeof(struct netbuf))
#define NETBUF_LARGE_ORDER 3u
#define NETBUF_LARGE_LEN   ((uint32_t)PAGE_SIZE << NETBUF_LARGE_ORDER)
#define NETBUF_LARGE_UNITS (NETBUF_LARGE_LEN / NETBUF_LEN)

enum netbuf_size { NETBUF_SMALL, NETBUF_LARGE, NETBUF_SIZES };

struct netbuf_pool {
    struct netbuf *free[NETBUF_SIZES]; /* linked by next */
    unsigned free_units;
    unsigned units; /* free or not */
    unsigned keep;  /* more free ones than this are given back */
};

/* How many units there may be. */
size_t netbuf_max(void);
/* More buffers of that size into the pool. False: out of memory. */
bool netbuf_grow(struct netbuf_pool *pool, enum netbuf_size size);
/* Is little left of what it may take? */
bool netbuf_is_short(const struct netbuf_pool *pool);
/* Give back as many as are too many. */
void netbuf_trim(struct netbuf_pool *pool);

static inline enum netbuf_size netbuf_size(const struct netbuf *b)
{
    return b->room > NETBUF_ROOM ? NETBUF_LARGE : NETBUF_SMALL;
}

static inline unsigned netbuf_units(enum netbuf_size size)
{
    return size == NETBUF_LARGE ? NETBUF_LARGE_UNITS : 1;
}

/* A buffer, its data still to be set. */
static inline struct netbuf *netbuf_get(struct netbuf_pool *pool,
                                        enum netbuf_size size)
{
    struct netbuf *b = pool->free[size];

    if (UNLIKELY(!b)) {
        if (!netbuf_grow(pool, size))
            return NULL;
        b = pool->free[size];
    }
    pool->free[size] = b->next;
    pool->free_units -= netbuf_units(size);
    return b;
}

static inline void netbuf_put(struct netbuf_pool *pool, struct netbuf *b)
{
    enum netbuf_size size = netbuf_size(b);

    b->next = pool->free[size];
    pool->free[size] = b;
    pool->free_units += netbuf_units(size);
    if (UNLIKELY(pool->free_units > pool->keep))
        netbuf_trim(pool);
}

/* All the room there is in a buffer. */
static inline uint8_t *netbuf_start(struct netbuf *b)
{
    return (uint8_t *)(b + 1);
}

#endif
