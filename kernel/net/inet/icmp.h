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

/* An error, and the packet of ours that it quotes. */
struct icmp_error {
    const struct pbuf *p; /* the message */
    unsigned at;          /* in it: the quoted transport header */
    ip_addr_t local, remote;
    uint16_t local_port, remote_port; /* of ICMP: the identifier, 0 */
    uint8_t protocol;
    uint8_t type, code;
    bool is_hard;  /* the path will not mend */
    int error;     /* positive errno */
    uint32_t info; /* the MTU, if that is what it is about */
};

void inet_icmp_input(struct pbuf *p, struct netif *inp);
void inet_icmp6_input(struct pbuf *p, struct netif *inp);
void inet_udp_input(struct pbuf *p, struct netif *inp);
/* A packet did not arrive: udp.c, raw.c. */
void udp_icmp(const struct icmp_error *e);
void raw_icmp(const struct icmp_error *e);

#endif
