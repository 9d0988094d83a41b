/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.h - the loopback interface.
 *
 * Context:   as inet.h.
 */
#ifndef NET_INET_LOOP_H
#define NET_INET_LOOP_H

void loop_begin(void);
/* Deliver what was sent, and what that made to be sent, until there is none. */
void loop_deliver(void);

#endif
