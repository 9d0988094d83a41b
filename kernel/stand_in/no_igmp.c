/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * no_igmp.c - what the rest calls of IGMP, in a kernel without that part: no
 * group of IPv4's is joined, and packets to groups are dropped.
 */
#include "lwip/igmp.h"

extern const char no_igmp;
const char no_igmp = 0; /* what a link asks for */

void igmp_init(void)
{
}

err_t igmp_start(struct netif *netif)
{
    (void)netif;
    return ERR_OK;
}

err_t igmp_stop(struct netif *netif)
{
    (void)netif;
    return ERR_OK;
}

void igmp_report_groups(struct netif *netif)
{
    (void)netif;
}

struct igmp_group *igmp_lookfor_group(struct netif *ifp, const ip4_addr_t *addr)
{
    (void)ifp, (void)addr;
    return NULL;
}

void igmp_input(struct pbuf *p, struct netif *inp, const ip4_addr_t *dest)
{
    (void)inp, (void)dest;
    pbuf_free(p);
}

err_t igmp_joingroup_netif(struct netif *netif, const ip4_addr_t *groupaddr)
{
    (void)netif, (void)groupaddr;
    return ERR_VAL;
}

err_t igmp_leavegroup_netif(struct netif *netif, const ip4_addr_t *groupaddr)
{
    (void)netif, (void)groupaddr;
    return ERR_VAL;
}

void igmp_tmr(void)
{
}
