/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * no_ipv6.c - what the rest calls of IPv6, in a kernel without that part.
 *
 * As on a Linux whose net.ipv6.conf.all.disable_ipv6 is 1: sockets of the
 * family exist, there are no addresses and no routes, and what comes in is
 * dropped. Addresses that stand for IPv4's work as they do.
 */
#include "lwip/ethip6.h"
#include "lwip/icmp6.h"
#include "lwip/ip6.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/priv/nd6_priv.h"

extern const char no_ipv6;
const char no_ipv6 = 0; /* what a link asks for */

struct nd6_neighbor_cache_entry neighbor_cache[LWIP_ND6_NUM_NEIGHBORS];
struct nd6_destination_cache_entry destination_cache[LWIP_ND6_NUM_DESTINATIONS];
struct nd6_router_list_entry default_router_list[LWIP_ND6_NUM_ROUTERS];

/* ---- packets ---- */

err_t ip6_input(struct pbuf *p, struct netif *inp)
{
    (void)inp;
    pbuf_free(p);
    return ERR_OK;
}

void icmp6_input(struct pbuf *p, struct netif *inp)
{
    (void)inp;
    pbuf_free(p);
}

void icmp6_dest_unreach(struct pbuf *p, enum icmp6_dur_code c)
{
    (void)p, (void)c;
}

struct netif *ip6_route(const ip6_addr_t *src, const ip6_addr_t *dest)
{
    (void)src, (void)dest;
    return NULL;
}

const ip_addr_t *ip6_select_source_address(struct netif *netif,
                                           const ip6_addr_t *dest)
{
    (void)netif, (void)dest;
    return NULL;
}

/* Nothing comes here: there is no route. */
err_t ip6_output_if(struct pbuf *p, const ip6_addr_t *src,
                    const ip6_addr_t *dest, u8_t hl, u8_t tc, u8_t nexth,
                    struct netif *netif)
{
    (void)p, (void)src, (void)dest, (void)hl, (void)tc, (void)nexth;
    (void)netif;
    return ERR_RTE;
}

err_t ip6_output_if_src(struct pbuf *p, const ip6_addr_t *src,
                        const ip6_addr_t *dest, u8_t hl, u8_t tc, u8_t nexth,
                        struct netif *netif)
{
    return ip6_output_if(p, src, dest, hl, tc, nexth, netif);
}

err_t ip6_frag(struct pbuf *p, struct netif *netif, const ip6_addr_t *dest)
{
    (void)p, (void)netif, (void)dest;
    return ERR_RTE;
}

err_t ethip6_output(struct netif *netif, struct pbuf *q,
                    const ip6_addr_t *ip6addr)
{
    (void)netif, (void)q, (void)ip6addr;
    return ERR_RTE;
}

/* ---- neighbours, groups, timers ---- */

void nd6_tmr(void)
{
}

void ip6_reass_tmr(void)
{
}

void mld6_tmr(void)
{
}

void nd6_restart_netif(struct netif *netif)
{
    (void)netif;
}

void nd6_cleanup_netif(struct netif *netif)
{
    (void)netif;
}

void nd6_adjust_mld_membership(struct netif *netif, s8_t addr_idx,
                               u8_t new_state)
{
    (void)netif, (void)addr_idx, (void)new_state;
}

u16_t nd6_get_destination_mtu(const ip6_addr_t *ip6addr, struct netif *netif)
{
    (void)ip6addr, (void)netif;
    return 1280; /* the least there is */
}

void nd6_reachability_hint(const ip6_addr_t *ip6addr)
{
    (void)ip6addr;
}

err_t mld6_stop(struct netif *netif)
{
    (void)netif;
    return ERR_OK;
}

void mld6_report_groups(struct netif *netif)
{
    (void)netif;
}

err_t mld6_joingroup_netif(struct netif *netif, const ip6_addr_t *groupaddr)
{
    (void)netif, (void)groupaddr;
    return ERR_VAL;
}

err_t mld6_leavegroup_netif(struct netif *netif, const ip6_addr_t *groupaddr)
{
    (void)netif, (void)groupaddr;
    return ERR_VAL;
}
