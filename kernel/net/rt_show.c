/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rt_show.c - links, addresses, routes and neighbours as messages of
 * rtnetlink(7): the attributes that Linux sends and that programs read.
 */
#include "core/string.h"
#include "net/if_abi.h"
#include "net/netlink.h"

#define METRIC_DEFAULT_6 1024u /* what IPv6 takes for none */

static void put_stats(struct nl_reply *r, const struct netif_stats *s)
{
    const struct rtnl_link_stats64 all = {
        .rx_packets = s->rx_packets,
        .tx_packets = s->tx_packets,
        .rx_bytes = s->rx_bytes,
        .tx_bytes = s->tx_bytes,
        .rx_errors = s->rx_errors,
        .tx_errors = s->tx_errors,
        .rx_dropped = s->rx_dropped,
        .tx_dropped = s->tx_dropped,
        .multicast = s->rx_multicast,
    };
    const uint64_t *from = (const uint64_t *)&all;
    struct rtnl_link_stats low;
    uint32_t *to = (uint32_t *)&low;

    for (size_t i = 0; i < sizeof(low) / sizeof(*to); i++)
        to[i] = (uint32_t)from[i]; /* the same fields in the same order */
    reply_attr(r, IFLA_STATS64, &all, sizeof(all));
    reply_attr(r, IFLA_STATS, &low, sizeof(low));
}

static void put_link_attrs(struct nl_reply *r, const struct netif_link *l)
{
    static const uint8_t all_ones[6] = { 255, 255, 255, 255, 255, 255 };
    static const uint8_t zero[6];
    bool is_loopback = l->flags & IFF_LOOPBACK;
    bool has_carrier = l->flags & IFF_LOWER_UP;
    uint8_t state = is_loopback                            ? IF_OPER_UNKNOWN
                    : !(l->flags & IFF_UP) || !has_carrier ? IF_OPER_DOWN
                                                           : IF_OPER_UP;

    reply_attr_string(r, IFLA_IFNAME, l->name);
    reply_attr_u32(r, IFLA_TXQLEN, l->tx_queue_len);
    reply_attr_u8(r, IFLA_OPERSTATE, state);
    reply_attr_u8(r, IFLA_LINKMODE, 0);
    reply_attr_u32(r, IFLA_MTU, l->mtu);
    reply_attr_u32(r, IFLA_GROUP, 0);
    reply_attr_u32(r, IFLA_PROMISCUITY, 0);
    reply_attr_u32(r, IFLA_NUM_TX_QUEUES, 1);
    reply_attr_u32(r, IFLA_NUM_RX_QUEUES, 1);
    reply_attr_u8(r, IFLA_CARRIER, has_carrier);
    reply_attr_string(r, IFLA_QDISC, is_loopback ? "noqueue" : "pfifo_fast");
    reply_attr(r, IFLA_ADDRESS, l->mac, sizeof(l->mac));
    reply_attr(r, IFLA_BROADCAST, is_loopback ? zero : all_ones, sizeof(zero));
    put_stats(r, &l->stats);
}

void rt_show_link(struct nl_reply *r, const struct netif_link *l, bool is_gone)
{
    struct ifinfomsg *m =
        reply_message(r, is_gone ? RTM_DELLINK : RTM_NEWLINK, sizeof(*m));

    if (!m)
        return;
    m->ifi_type = l->type;
    m->ifi_index = (int)l->index;
    m->ifi_flags = l->flags;
    put_link_attrs(r, l);
    reply_message_end(r);
}

static void put_addr_attrs(struct nl_reply *r, const struct netif_addr *a)
{
    unsigned len = netif_addr_len(a->family);
    const struct ifa_cacheinfo life = { .ifa_prefered = a->preferred_s,
                                        .ifa_valid = a->valid_s };
    struct netif_link link;
    uint8_t broadcast[16];

    reply_attr(r, IFA_ADDRESS, a->addr, len);
    if (a->family == AF_INET) {
        reply_attr(r, IFA_LOCAL, a->addr, len);
        if (netif_broadcast(a, broadcast))
            reply_attr(r, IFA_BROADCAST, broadcast, len);
        if (netif_link_by_index(a->index, &link))
            reply_attr_string(r, IFA_LABEL, link.name);
    }
    reply_attr_u32(r, IFA_FLAGS, a->flags);
    reply_attr(r, IFA_CACHEINFO, &life, sizeof(life));
}

void rt_show_addr(struct nl_reply *r, const struct netif_addr *a, bool is_gone)
{
    struct ifaddrmsg *m =
        reply_message(r, is_gone ? RTM_DELADDR : RTM_NEWADDR, sizeof(*m));

    if (!m)
        return;
    m->ifa_family = a->family;
    m->ifa_prefixlen = a->prefix_len;
    m->ifa_flags = (uint8_t)a->flags;
    m->ifa_scope = a->scope;
    m->ifa_index = a->index;
    put_addr_attrs(r, a);
    reply_message_end(r);
}

static void put_route_attrs(struct nl_reply *r, const struct netif_route *route)
{
    const struct rta_cacheinfo none = { 0 };
    unsigned len = netif_addr_len(route->family);
    bool is_v6 = route->family == AF_INET6;
    uint32_t metric = route->metric;

    if (is_v6 && metric == 0 && route->has_gateway)
        metric = METRIC_DEFAULT_6;
    reply_attr_u32(r, RTA_TABLE, route->table);
    if (route->dst_len)
        reply_attr(r, RTA_DST, route->dst, len);
    if (metric || is_v6)
        reply_attr_u32(r, RTA_PRIORITY, metric);
    if (route->has_gateway)
        reply_attr(r, RTA_GATEWAY, route->gateway, len);
    reply_attr_u32(r, RTA_OIF, route->index);
    if (route->has_source)
        reply_attr(r, RTA_PREFSRC, route->source, len);
    /* Of IPv4's only the answer to "which route?" has it; nmap 7.93 misses the
     * last attribute, so that must not be one of those above. */
    if (is_v6 || route->is_cloned)
        reply_attr(r, RTA_CACHEINFO, &none, sizeof(none));
    if (is_v6)
        reply_attr_u8(r, RTA_PREF, 0); /* medium: RFC 4191 */
}

void rt_show_route(struct nl_reply *r, const struct netif_route *route,
                   bool is_gone)
{
    struct rtmsg *m =
        reply_message(r, is_gone ? RTM_DELROUTE : RTM_NEWROUTE, sizeof(*m));

    if (!m)
        return;
    m->rtm_family = route->family;
    m->rtm_dst_len = route->dst_len;
    m->rtm_table = route->table;
    m->rtm_protocol = route->protocol;
    m->rtm_scope = route->scope;
    m->rtm_type = route->type;
    m->rtm_flags = route->is_cloned ? RTM_F_CLONED : 0;
    put_route_attrs(r, route);
    reply_message_end(r);
}

void rt_show_neighbour(struct nl_reply *r, const struct netif_neighbour *n)
{
    struct ndmsg *m = reply_message(r, RTM_NEWNEIGH, sizeof(*m));

    if (!m)
        return;
    m->ndm_family = n->family;
    m->ndm_ifindex = (int)n->index;
    m->ndm_state = n->state;
    m->ndm_type = RTN_UNICAST;
    reply_attr(r, NDA_DST, n->addr, netif_addr_len(n->family));
    if (n->state & ~(unsigned)(NUD_INCOMPLETE | NUD_FAILED))
        reply_attr(r, NDA_LLADDR, n->mac, sizeof(n->mac));
    reply_message_end(r);
}
