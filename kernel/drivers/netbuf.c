/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netbuf.c - see netbuf.h. A page has a reference for each of its buffers.
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
    return pool->total - pool->free_count >=
           netbuf_max() - netbuf_max() / SHORT;
}

bool netbuf_grow(struct netbuf_pool *pool)
{
    paddr_t pa;

    if (pool->total >= netbuf_max())
        return false;
    pa = page_alloc();
    if (!pa)
        return false;
    page_set_kind(pa, RECORDS_PAGE_FRAME);
    page_get(pa);
    pool->total += 2;
    for (unsigned i = 0; i < 2; i++) {
        struct netbuf *b = page_ptr(pa + i * NETBUF_LEN);

        b->next = pool->free;
        pool->free = b;
        pool->free_count++;
    }
    return true;
}

void netbuf_trim(struct netbuf_pool *pool)
{
    while (pool->free_count > pool->keep) {
        struct netbuf *b = pool->free;

        pool->free = b->next;
        pool->free_count--;
        pool->total--;
        page_put(ALIGN_DOWN(page_pa(b), PAGE_SIZE));
    }
}
