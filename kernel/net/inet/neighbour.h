/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * neighbour.h - what lwIP is to believe of neighbours, and whom it asks for.
 *
 * What:      lwIP takes the word of anybody on the link, and its tables have 32
 *            rows. What Linux would not listen to does not reach it, and a
 *            flood that has it ask for one neighbour after the other, or of
 *            strangers who ask, does not make it forget those that there are.
 * Context:   as inet.h.
 */
#ifndef NET_INET_NEIGHBOUR_H
#define NET_INET_NEIGHBOUR_H

#include "lwip/netif.h"

/* An ICMPv6 message that IP has just received: lwIP should not see it. */
bool neighbour_is_forged(const struct pbuf *p, const struct netif *inp);

/* An IPv6 packet, in a frame that is sound, in our name: of an address that is
 * ours without doubt, or of ::1 as either end, which no link has. */
bool neighbour_has_our_name6(const uint8_t *frame);
/* In place of etharp_input(). */
void inet_arp_input(struct pbuf *p, struct netif *n);

/* The next frame comes from here. */
void neighbour_frame_from(const uint8_t *ethernet_header);
/* This frame is sent: it may ask for a neighbour. */
void neighbour_look(const uint8_t *f, unsigned len);
/* lwIP's ways down from IP to Ethernet. */
err_t neighbour_output4(struct netif *n, struct pbuf *p, const ip4_addr_t *to);
err_t neighbour_output6(struct netif *n, struct pbuf *p, const ip6_addr_t *to);

#endif
