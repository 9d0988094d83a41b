/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * no_fragments.c - what lwIP calls for fragments of IPv4, in a kernel without
 * that part: those that come in are dropped, and what does not fit into one
 * packet is not sent. TCP never sends such.
 */
#include "lwip/ip4_frag.h"

extern const char no_fragments;
const char no_fragments = 0; /* what a link asks for */

struct pbuf *ip4_reass(struct pbuf *p)
{
    pbuf_free(p);
    return NULL;
}

err_t ip4_frag(struct pbuf *p, struct netif *netif, const ip4_addr_t *dest)
{
    (void)p, (void)netif, (void)dest;
    return ERR_BUF;
}

void ip_reass_tmr(void)
{
}
