/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netbuf.c - see netbuf.h. A page of small buffers has a reference for each.
 */
#include "drivers/netbuf.h"

#include "mm/page.h"

#define SHARE 8u /* of all memory: one part of so many */
#define SHORT 4u /* of the share: one part of so many is left */

_Static_assert(2 * NETBUF_LEN == PAGE_SIZE, "two to a page");

size_t netbuf_max(void)
{
    return page_total_count() / SHARE * 2;
}

bool netbuf_is_short(const struct netbuf_pool *pool)
{
    size_t most = netbuf_max();

    return pool->units - pool->free_units >= most - most / SHORT;
}

static void add(struct netbuf_pool *pool, paddr_t pa, uint32_t len)
{
    struct netbuf *b = page_ptr(pa);
    enum netbuf_size size;

    b->room = len - (uint32_t)sizeof(*b);
    size = netbuf_size(b);
    b->next = pool->free[size];
    pool->free[size] = b;
    pool->free_units += netbuf_units(size);
    pool->units += netbuf_units(size);
}

bool netbuf_grow(struct netbuf_pool *pool, enum netbuf_size size)
{
    unsigned order = size == NETBUF_LARGE ? NETBUF_LARGE_ORDER : 0;
    paddr_t pa;

    if (pool->units + MAX(2u, netbuf_units(size)) > netbuf_max())
        return false;
    pa = page_alloc_order(order);
    if (!pa)
        return false;
    page_set_kind(pa, RECORDS_PAGE_FRAME);
    if (size == NETBUF_LARGE) {
        add(pool, pa, NETBUF_LARGE_LEN);
        return true;
    }
    page_get(pa);
    add(pool, pa, NETBUF_LEN);
    add(pool, pa + NETBUF_LEN, NETBUF_LEN);
    return true;
}

static void drop(struct netbuf_pool *pool, enum netbuf_size size)
{
    struct netbuf *b = pool->free[size];

    pool->free[size] = b->next;
    pool->free_units -= netbuf_units(size);
    pool->units -= netbuf_units(size);
    if (size == NETBUF_LARGE)
        page_free_order(page_pa(b), NETBUF_LARGE_ORDER);
    else
        page_put(ALIGN_DOWN(page_pa(b), PAGE_SIZE));
}

/* The large ones first: bulk that comes again is worth taking them anew. */
void netbuf_trim(struct netbuf_pool *pool)
{
    while (pool->free_units > pool->keep)
        drop(pool, pool->free[NETBUF_LARGE] ? NETBUF_LARGE : NETBUF_SMALL);
}
