/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * neighbour_queue.h - packets that wait for a neighbour's address (IPv6).
 *
 * What:      lwIP's nd6.c keeps them; here is what bounds it. It is compiled
 *            with memp_malloc() and memp_free() under the names below.
 * Context:   as inet.h.
 */
#ifndef NET_INET_NEIGHBOUR_QUEUE_H
#define NET_INET_NEIGHBOUR_QUEUE_H

#include "core/types.h"
#include "lwip/memp.h"

/* lwIP sends what waited: nothing more is put there meanwhile. */
extern bool neighbour_queue_is_shut;
/* An entry for a packet that waits. NULL: no more may, or out of memory; lwIP
 * drops the oldest for the same neighbour and asks once more. */
void *neighbour_queue_get(memp_t type);
void neighbour_queue_put(memp_t type, void *entry);

#endif
