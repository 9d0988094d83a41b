/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifshow.c - the interfaces, their addresses, routers and neighbours, told.
 */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "core/string.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/nd6.h"
#include "lwip/priv/nd6_priv.h"
#include "net/if_abi.h"
#include "net/inet/device.h"
#include "net/inet/ifconfig.h"
#include "net/inet/inet.h"
#include "net/inet/loop.h"

#define LO_QUEUE_LEN  1000u
#define LO_MTU        65536u
#define METRIC_ROUTER 1024u /* Linux's for what a router advertised */

static struct netif *nth(unsigned n)
{
    if (n == 0)
        return &inet_loop;
    return n == 1 && device_exists() ? &inet_device : NULL;
}

static bool show_link(unsigned n, struct netif_link *out)
{
    const struct netif *i = nth(n);
    bool has_link;

    if (!i)
        return false;
    out->index = netif_get_index(i);
    out->tx_queue_len = LO_QUEUE_LEN;
    has_link = netif_is_link_up(i);
    out->flags = ifconfig_shown_flags[n] | (netif_is_up(i) ? IFF_UP : 0);
    if (netif_is_up(i) && has_link)
        out->flags |= IFF_RUNNING | IFF_LOWER_UP;
    if (i == &inet_loop) {
        strlcpy(out->name, "lo", sizeof(out->name));
        out->type = ARPHRD_LOOPBACK;
        out->flags |= IFF_LOOPBACK;
        out->mtu = LO_MTU;
        out->stats = loop_counters;
        return true;
    }
    strlcpy(out->name, "eth0", sizeof(out->name));
    out->type = ARPHRD_ETHER;
    out->flags |= IFF_BROADCAST | IFF_MULTICAST;
    out->mtu = i->mtu;
    memcpy(out->mac, i->hwaddr, sizeof(out->mac));
    out->stats = device_counters;
    return true;
}

static unsigned prefix_of(const ip4_addr_t *mask)
{
    uint32_t inverse = ~lwip_ntohl(mask->addr);

    return inverse ? (unsigned)__builtin_clz(inverse) : 32;
}

static bool show_addr4(const struct netif *i, struct netif_addr *out)
{
    const ip4_addr_t *a = netif_ip4_addr(i);

    if (ip4_addr_isany_val(*a))
        return false;
    out->family = AF_INET;
    out->prefix_len = (uint8_t)prefix_of(netif_ip4_netmask(i));
    out->scope = i == &inet_loop ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    out->flags = IFA_F_PERMANENT;
    if (i == &inet_device && dhcp_supplied_address(i)) {
        const struct dhcp *d = netif_dhcp_data(i);
        uint32_t used_s = d->lease_used * DHCP_COARSE_TIMER_SECS;

        out->flags = 0;
        out->valid_s = out->preferred_s =
            d->offered_t0_lease - MIN(used_s, d->offered_t0_lease);
    }
    memcpy(out->addr, a, sizeof(*a));
    return true;
}

static bool show_addr6(const struct netif *i, s8_t slot, struct netif_addr *out)
{
    const ip6_addr_t *a = netif_ip6_addr(i, slot);
    u8_t state = netif_ip6_addr_state(i, slot);

    if (ip6_addr_isinvalid(state) || ip6_addr_isduplicated(state))
        return false;
    out->family = AF_INET6;
    out->prefix_len = i == &inet_loop ? 128 : 64;
    out->scope = i == &inet_loop           ? RT_SCOPE_HOST
                 : ip6_addr_islinklocal(a) ? RT_SCOPE_LINK
                 : ip6_addr_issitelocal(a) ? RT_SCOPE_SITE
                                           : RT_SCOPE_UNIVERSE;
    out->flags = netif_ip6_addr_isstatic(i, slot) ? IFA_F_PERMANENT : 0;
    if (ip6_addr_istentative(state))
        out->flags |= IFA_F_TENTATIVE;
    if (!netif_ip6_addr_isstatic(i, slot)) {
        out->valid_s = netif_ip6_addr_valid_life(i, slot);
        out->preferred_s = netif_ip6_addr_pref_life(i, slot);
    }
    memcpy(out->addr, a->addr, sizeof(out->addr));
    return true;
}

/* Those of all interfaces in a row, empty places left out. */
static bool show_addr(unsigned n, struct netif_addr *out)
{
    const struct netif *i;

    for (unsigned l = 0; (i = nth(l)) != NULL; l++) {
        for (s8_t slot = -1; slot < LWIP_IPV6_NUM_ADDRESSES; slot++) {
            out->index = netif_get_index(i);
            out->valid_s = out->preferred_s = NETIF_FOREVER;
            if ((slot < 0 ? show_addr4(i, out) : show_addr6(i, slot, out)) &&
                n-- == 0)
                return true;
        }
    }
    return false;
}

static bool show_gateway4(struct netif_route *out)
{
    const ip4_addr_t *g = netif_ip4_gw(&inet_device);

    if (ip4_addr_isany_val(*g))
        return false;
    out->family = AF_INET;
    out->protocol =
        dhcp_supplied_address(&inet_device) ? RTPROT_DHCP : RTPROT_BOOT;
    memcpy(out->gateway, g, sizeof(*g));
    return true;
}

static bool show_gateway6(unsigned n, struct netif_route *out)
{
    out->family = AF_INET6;
    out->metric = METRIC_ROUTER;
    if (!ip6_addr_isany(&ifconfig_gateway6) && n-- == 0) {
        out->protocol = RTPROT_BOOT;
        memcpy(out->gateway, ifconfig_gateway6.addr, sizeof(out->gateway));
        return true;
    }
    for (unsigned r = 0; r < LWIP_ND6_NUM_ROUTERS; r++) {
        const struct nd6_router_list_entry *e = &default_router_list[r];

        if (!e->neighbor_entry || e->invalidation_timer == 0 || n-- > 0)
            continue;
        out->protocol = RTPROT_RA;
        memcpy(out->gateway, e->neighbor_entry->next_hop_address.addr,
               sizeof(out->gateway));
        return true;
    }
    return false;
}

static bool show_router(unsigned n, struct netif_route *out)
{
    struct netif_route v4 = { 0 };
    bool has_v4;

    if (!nth(1))
        return false;
    out->index = netif_get_index(&inet_device);
    has_v4 = show_gateway4(&v4);
    if (has_v4 && n == 0) {
        v4.index = out->index;
        *out = v4;
        return true;
    }
    return show_gateway6(n - has_v4, out);
}

static bool show_neighbour4(unsigned n, struct netif_neighbour *out)
{
    struct eth_addr *mac;
    struct netif *i;
    ip4_addr_t *a;

    for (size_t slot = 0; slot < ARP_TABLE_SIZE; slot++) {
        if (!etharp_get_entry(slot, &a, &i, &mac) || n-- > 0)
            continue;
        out->index = netif_get_index(i);
        out->family = AF_INET;
        out->state = NUD_REACHABLE;
        memcpy(out->addr, a, sizeof(*a));
        memcpy(out->mac, mac, sizeof(out->mac));
        return true;
    }
    return false;
}

static bool show_neighbour(unsigned n, struct netif_neighbour *out)
{
    struct netif_neighbour v4;
    unsigned count4 = 0;

    if (!nth(1))
        return false;
    if (show_neighbour4(n, out))
        return true;
    while (show_neighbour4(count4, &v4))
        count4++;
    n -= count4;
    for (unsigned slot = 0; slot < LWIP_ND6_NUM_NEIGHBORS; slot++) {
        const struct nd6_neighbor_cache_entry *e = &neighbor_cache[slot];

        if (e->state == ND6_NO_ENTRY || n-- > 0)
            continue;
        out->index = netif_get_index(e->netif);
        out->family = AF_INET6;
        out->state = e->state == ND6_INCOMPLETE  ? NUD_INCOMPLETE
                     : e->state == ND6_REACHABLE ? NUD_REACHABLE
                                                 : NUD_STALE;
        memcpy(out->addr, e->next_hop_address.addr, sizeof(out->addr));
        memcpy(out->mac, e->lladdr, sizeof(out->mac));
        return true;
    }
    return false;
}

/* ---- for struct netif_ops ---- */

/* Begin, if nobody has yet: what that changes is told by a timer. */
static void enter(void)
{
    inet_enter();
    inet_begin();
    ifconfig_tell_follows(false);
}

static bool leave(bool found)
{
    inet_leave();
    return found;
}

static bool link_op(unsigned n, struct netif_link *out)
{
    enter();
    return leave(show_link(n, out));
}

static bool addr_op(unsigned n, struct netif_addr *out)
{
    enter();
    return leave(show_addr(n, out));
}

static bool gateway_op(unsigned n, struct netif_route *out)
{
    enter();
    return leave(show_router(n, out));
}

static bool neighbour_op(unsigned n, struct netif_neighbour *out)
{
    enter();
    return leave(show_neighbour(n, out));
}

static bool group_op(unsigned index, uint8_t family, unsigned n,
                     struct netif_group *out)
{
    enter();
    return leave(inet_show_group(index, family, n, out));
}

const struct netif_ops inet_netif_ops = {
    .link = link_op,
    .addr = addr_op,
    .gateway = gateway_op,
    .neighbour = neighbour_op,
    .group = group_op,
    .change_addr = ifconfig_change_addr,
    .change_gateway = ifconfig_change_gateway,
    .change_link = ifconfig_change_link,
};
