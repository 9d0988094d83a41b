/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp.h - what ICMP tells the sockets, before lwIP looks at it.
 *
 * Context:   as inet.h; the inputs are lwIP's calls for icmp_input(),
 *            icmp6_input() and udp_input().
 */
#ifndef NET_INET_ICMP_H
#define NET_INET_ICMP_H

#include "net/inet/inet.h"

void inet_icmp_input(struct pbuf *p, struct netif *inp);
void inet_icmp6_input(struct pbuf *p, struct netif *inp);
void inet_udp_input(struct pbuf *p, struct netif *inp);
/* A datagram between these ends did not arrive: positive errno. */
void udp_unreachable(const ip_addr_t *local, uint16_t local_port,
                     const ip_addr_t *remote, uint16_t remote_port, int error);

#endif
