/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp6_check.h - whether a message of ICMPv6 is one that lwIP may see.
 *
 * What:      lwIP reads options of neighbours and routers before it has looked
 *            how long they are.
 * Context:   as inet.h, within lwIP's ip6_input().
 */
#ifndef NET_INET_ICMP6_CHECK_H
#define NET_INET_ICMP6_CHECK_H

#include "lwip/pbuf.h"

/* The message begins in p's first pbuf. */
bool icmp6_is_sound(const struct pbuf *p);

#endif
