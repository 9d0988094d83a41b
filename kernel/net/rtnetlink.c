/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtnetlink.c - NETLINK_ROUTE: what programs ask of links, addresses, routes
 * and neighbours.
 *
 * A list ("dump") is made at once, so it never changes while it is read.
 */
#include <linux/capability.h>
#include <linux/if_addr.h>

#include "core/errno.h"
#include "core/string.h"
#include "net/netlink.h"
#include "sched/process.h"

/* A filter counts only where the program has asked for strict checking:
 * others leave rubbish there. */
static bool is_strict(const struct nl_reply *r)
{
    return netlink_option(r->to, NETLINK_GET_STRICT_CHK);
}

static struct nl_reply reply_to(struct netlink_sock *n,
                                const struct nlmsghdr *m, uint16_t flags)
{
    return (struct nl_reply){
        .to = n, .portid = n->portid, .seq = m->nlmsg_seq, .flags = flags
    };
}

static uint8_t family_of(const struct nlmsghdr *m)
{
    return *(const uint8_t *)(m + 1); /* struct rtgenmsg */
}

/* ---- links ---- */

static int dump_links(struct nl_reply *r, const struct nlmsghdr *m)
{
    struct netif_link l;

    (void)m;
    for (unsigned i = 0; netif_link(i, &l); i++)
        rt_show_link(r, &l, false);
    return 0;
}

static int get_link(struct nl_reply *r, const struct nlmsghdr *m)
{
    const struct ifinfomsg *info = (const void *)(m + 1);
    char name[NETIF_NAME_LEN];
    struct rt_attrs attrs;
    struct netif_link l;
    const char *wanted;

    if (!rt_request_attrs(m, sizeof(*info), &attrs))
        return -EINVAL;
    wanted = rt_attr(&attrs, IFLA_IFNAME, 1);
    if (info->ifi_index > 0) {
        if (!netif_link_by_index((unsigned)info->ifi_index, &l))
            return -ENODEV;
    } else if (wanted) {
        size_t len = MIN(rt_attr_len(wanted), sizeof(name) - 1);

        memcpy(name, wanted, len);
        name[len] = '\0';
        if (!netif_link_by_name(name, &l))
            return -ENODEV;
    } else {
        return -EINVAL;
    }
    rt_show_link(r, &l, false);
    return 0;
}

/* ---- addresses ---- */

static int dump_addrs(struct nl_reply *r, const struct nlmsghdr *m)
{
    const struct ifaddrmsg *want = (const void *)(m + 1);
    uint8_t family = family_of(m);
    struct netif_addr a;
    unsigned index = 0;

    if (is_strict(r)) {
        if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*want)))
            return -EINVAL;
        index = want->ifa_index;
    }
    for (unsigned i = 0; netif_addr(i, &a); i++)
        if ((family == AF_UNSPEC || family == a.family) &&
            (index == 0 || index == a.index))
            rt_show_addr(r, &a, false);
    return 0;
}

/* One address: IPv6 alone has this. */
static int get_addr(struct nl_reply *r, const struct nlmsghdr *m)
{
    const struct ifaddrmsg *want = (const void *)(m + 1);
    struct rt_attrs attrs;
    struct netif_addr a;
    const uint8_t *addr;

    if (family_of(m) != AF_INET6)
        return -EOPNOTSUPP;
    if (!rt_request_attrs(m, sizeof(*want), &attrs))
        return -EINVAL;
    addr = rt_attr(&attrs, IFA_LOCAL, 16);
    if (!addr)
        addr = rt_attr(&attrs, IFA_ADDRESS, 16);
    if (!addr)
        return -EINVAL;
    for (unsigned i = 0; netif_addr(i, &a); i++) {
        if (a.family != AF_INET6 || memcmp(a.addr, addr, 16) != 0 ||
            (want->ifa_index && want->ifa_index != a.index))
            continue;
        rt_show_addr(r, &a, false);
        return 0;
    }
    return -EADDRNOTAVAIL;
}

/* ---- routes ---- */

static int dump_routes(struct nl_reply *r, const struct nlmsghdr *m)
{
    const struct rtmsg *want = (const void *)(m + 1);
    uint8_t family = family_of(m);
    const uint32_t *wanted_table = NULL;
    struct netif_route route;
    struct rt_attrs attrs;
    unsigned at = 0;
    uint32_t table;

    if (rt_request_attrs(m, sizeof(*want), &attrs)) {
        if (want->rtm_flags & RTM_F_CLONED)
            return 0; /* there is no cache */
        wanted_table = rt_attr(&attrs, RTA_TABLE, sizeof(table));
    }
    table = is_strict(r) && wanted_table ? *wanted_table : RT_TABLE_UNSPEC;
    while (netif_route_next(&at, &route))
        if ((family == AF_UNSPEC || family == route.family) &&
            (table == RT_TABLE_UNSPEC || table == route.table))
            rt_show_route(r, &route, false);
    return 0;
}

/* The route of one packet. */
static int get_route(struct nl_reply *r, const struct nlmsghdr *m)
{
    const struct rtmsg *want = (const void *)(m + 1);
    uint8_t family = family_of(m), any[16] = { 0 };
    struct netif_route route;
    struct rt_attrs attrs;
    struct netif_addr own;
    const uint8_t *dst;

    if (family != AF_INET && family != AF_INET6)
        return -EOPNOTSUPP;
    if (!rt_request_attrs(m, sizeof(*want), &attrs))
        return -EINVAL;
    dst = rt_attr(&attrs, RTA_DST, netif_addr_len(family));
    dst = dst ? dst : any;
    if (!netif_route_to(family, dst, &route))
        return -ENETUNREACH;
    route.is_cloned = true;
    if (family == AF_INET && !(want->rtm_flags & RTM_F_LOOKUP_TABLE))
        route.table = RT_TABLE_MAIN; /* whatever it is, says Linux */
    route.dst_len = (uint8_t)(8 * netif_addr_len(family));
    route.scope = RT_SCOPE_UNIVERSE;
    memcpy(route.dst, dst, netif_addr_len(family));
    if (!route.has_source && netif_addr_of(route.index, family, 0, &own)) {
        route.has_source = true;
        memcpy(route.source, own.addr, sizeof(own.addr));
    }
    rt_show_route(r, &route, false);
    return 0;
}

/* ---- neighbours ---- */

static int dump_neighbours(struct nl_reply *r, const struct nlmsghdr *m)
{
    uint8_t family = family_of(m);
    struct netif_neighbour n;

    for (unsigned i = 0; netif_neighbour(i, &n); i++)
        if (family == AF_UNSPEC || family == n.family)
            rt_show_neighbour(r, &n);
    return 0;
}

/* ---- dispatch ---- */

static const struct {
    uint16_t type;
    int (*get)(struct nl_reply *r, const struct nlmsghdr *m);
    int (*dump)(struct nl_reply *r, const struct nlmsghdr *m);
} gets[] = {
    { RTM_GETLINK, get_link, dump_links },
    { RTM_GETADDR, get_addr, dump_addrs },
    { RTM_GETROUTE, get_route, dump_routes },
    { RTM_GETNEIGH, NULL, dump_neighbours },
};

static int change(const struct nlmsghdr *m)
{
    if (!process_has_cap(process_current(), CAP_NET_ADMIN))
        return -EPERM;
    switch (m->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_SETLINK:
        return rt_change_link(m);
    case RTM_NEWADDR:
    case RTM_DELADDR:
        return rt_change_addr(m, m->nlmsg_type == RTM_NEWADDR);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        return rt_change_route(m, m->nlmsg_type == RTM_NEWROUTE);
    default:
        return -EOPNOTSUPP;
    }
}

static int put_list(struct netlink_sock *n, const struct nlmsghdr *m,
                    int (*dump)(struct nl_reply *, const struct nlmsghdr *))
{
    struct nl_reply r = reply_to(n, m, NLM_F_MULTI);
    int err = dump(&r, m);
    void *body;

    if (err)
        return err;
    body = reply_message(&r, NLMSG_DONE, sizeof(int));
    if (body)
        reply_message_end(&r);
    reply_end(&r);
    return 0;
}

static int get(struct netlink_sock *n, const struct nlmsghdr *m,
               bool *answered_out)
{
    bool is_dump = (m->nlmsg_flags & NLM_F_DUMP) != 0;
    struct nl_reply r;
    int err;

    for (unsigned i = 0; i < ARRAY_LEN(gets); i++) {
        if (gets[i].type != m->nlmsg_type)
            continue;
        if (is_dump) {
            *answered_out = true; /* its end is the acknowledgement */
            return put_list(n, m, gets[i].dump);
        }
        if (!gets[i].get)
            return -EOPNOTSUPP;
        r = reply_to(n, m, 0);
        err = gets[i].get(&r, m);
        reply_end(&r);
        return err;
    }
    return -EOPNOTSUPP;
}

int rtnetlink_handle(struct netlink_sock *n, const struct nlmsghdr *m,
                     bool *answered_out)
{
    bool is_get = (m->nlmsg_type - RTM_BASE) % 4 == 2;

    if (m->nlmsg_type > RTM_MAX)
        return -EOPNOTSUPP;
    if (m->nlmsg_len < NLMSG_LENGTH(1))
        return 0; /* without a family: Linux ignores it */
    return is_get ? get(n, m, answered_out) : change(m);
}

/* ---- what programs are told without asking ---- */

void netif_notify_link(const struct netif_link *l, bool is_gone)
{
    struct nl_reply r = { .group = RTNLGRP_LINK };

    rt_show_link(&r, l, is_gone);
    reply_end(&r);
}

void netif_notify_addr(const struct netif_addr *a, bool is_gone)
{
    struct nl_reply r = { .group = a->family == AF_INET ? RTNLGRP_IPV4_IFADDR
                                                        : RTNLGRP_IPV6_IFADDR };

    rt_show_addr(&r, a, is_gone);
    reply_end(&r);
}

void netif_notify_route(const struct netif_route *route, bool is_gone)
{
    struct nl_reply r = { .group = route->family == AF_INET
                                       ? RTNLGRP_IPV4_ROUTE
                                       : RTNLGRP_IPV6_ROUTE };

    rt_show_route(&r, route, is_gone);
    reply_end(&r);
}
