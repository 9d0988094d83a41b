/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cookie.h - connections that are not remembered before they are made.
 *
 * What:      while more SYNs wait for their peers' answers than a listener may
 *            hold, a SYN is answered without being kept: what has to be known
 *            of it is in the answer's sequence number and time stamp, which the
 *            peer sends back (RFC 4987, 3.6). A flood costs no memory, and who
 *            is in earnest connects as fast as ever.
 * Ownership: pbufs stay the caller's.
 * Context:   as conn.h, for the segment that IP has just received.
 */
#ifndef NET_INET_COOKIE_H
#define NET_INET_COOKIE_H

#include "lwip/netif.h"
#include "lwip/prot/tcp.h"

struct tcp_sock;

/* Answer a SYN that lwIP has not looked at. */
void cookie_answer(struct tcp_sock *listener, struct pbuf *p,
                   struct netif *inp);
/* Does an acknowledgement that no connection takes end what was so begun? */
bool cookie_is_sound(struct pbuf *p, struct netif *inp);
/* ... then have lwIP make the half-open connection that it is for. False: out
 * of memory. */
bool cookie_accept(struct pbuf *p, struct netif *inp);
/* The sequence number that a connection of cookie_accept()'s began with; 0: it
 * is none of those. */
uint32_t cookie_sequence(void);

#endif
