/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.h - the loopback interface.
 *
 * Context:   as inet.h.
 */
#ifndef NET_INET_LOOP_H
#define NET_INET_LOOP_H

#include "lwip/pbuf.h"

void loop_begin(void);
/* Deliver what was sent, and what that made to be sent, until there is none. */
extern struct pbuf *loop_queue;
void loop_deliver_all(void);
static inline void loop_deliver(void)
{
    if (loop_queue)
        loop_deliver_all();
}

#endif
