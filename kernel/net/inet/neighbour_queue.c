/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * neighbour_queue.c - packets that wait for a neighbour's address (IPv6).
 *
 * lwIP has a pool of entries for them, which here is the heap, so nothing would
 * keep answers to somebody who does not exist from filling memory.
 */
#include "net/inet/neighbour_queue.h"

bool neighbour_queue_is_shut;
static unsigned entries;

/* A packet that is sent to its neighbour may find that it goes by another one
 * now, whose place in lwIP's full table is the first one's: it would come to
 * the end of the same queue, for ever. */
void *neighbour_queue_get(memp_t type)
{
    void *entry = NULL;

    if (!neighbour_queue_is_shut && entries < MEMP_NUM_ND6_QUEUE)
        entry = memp_malloc(type);
    entries += entry != NULL;
    return entry;
}

void neighbour_queue_put(memp_t type, void *entry)
{
    entries--;
    memp_free(type, entry);
}
