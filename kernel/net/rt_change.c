/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rt_change.c - requests of rtnetlink(7) that change links, addresses and
 * routes: root's alone, which the caller has checked.
 *
 * What cannot be done here is refused with EOPNOTSUPP, never passed over.
 */
#include <linux/if_addr.h>

#include "core/errno.h"
#include "core/string.h"
#include "net/if_abi.h"
#include "net/netlink.h"

/* ---- links ---- */

/* There are as many interfaces as the machine has. */
static int find_link(const struct ifinfomsg *info, const struct rt_attrs *attrs,
                     const struct nlmsghdr *m, struct netif_link *out)
{
    const char *wanted = rt_attr(attrs, IFLA_IFNAME, 1);
    char name[NETIF_NAME_LEN] = "";

    if (wanted)
        memcpy(name, wanted, MIN(rt_attr_len(wanted), sizeof(name) - 1));
    if (info->ifi_index > 0) {
        if (!netif_link_by_index((unsigned)info->ifi_index, out))
            return -ENODEV;
        return wanted && strcmp(name, out->name) != 0 ? -EOPNOTSUPP : 0;
    }
    if (!wanted)
        return m->nlmsg_type == RTM_SETLINK ? -EINVAL : -EOPNOTSUPP;
    if (netif_link_by_name(name, out))
        return 0;
    return (m->nlmsg_flags & NLM_F_CREATE) ? -EOPNOTSUPP : -ENODEV;
}

int rt_change_link(const struct nlmsghdr *m)
{
    const struct ifinfomsg *info = (const void *)(m + 1);
    const uint32_t *mtu;
    struct rt_attrs attrs;
    struct netif_link l;
    uint32_t flags, mask;
    int err;

    if (!rt_request_attrs(m, sizeof(*info), &attrs))
        return -EINVAL;
    err = find_link(info, &attrs, m, &l);
    if (err)
        return err;
    if ((m->nlmsg_flags & NLM_F_CREATE) && (m->nlmsg_flags & NLM_F_EXCL))
        return -EEXIST;
    if (rt_attr(&attrs, IFLA_ADDRESS, 1))
        return -EOPNOTSUPP;
    mtu = rt_attr(&attrs, IFLA_MTU, sizeof(*mtu));
    /* Without a mask of changes all flags are meant: Linux's old way. */
    mask = info->ifi_change;
    if (!mask)
        mask = info->ifi_flags ? ~0u : 0;
    flags = (l.flags & ~mask) | (info->ifi_flags & mask);
    flags = (l.flags & ~IFF_SETTABLE) | (flags & IFF_SETTABLE);
    return netif_change_link(l.index, flags, mtu ? *mtu : l.mtu);
}

/* ---- addresses ---- */

static int check_addr(const struct nlmsghdr *m, const struct ifaddrmsg *want)
{
    struct netif_link l;

    if (want->ifa_family != AF_INET && want->ifa_family != AF_INET6)
        return -EOPNOTSUPP;
    if (want->ifa_prefixlen > 8 * netif_addr_len(want->ifa_family))
        return -EINVAL;
    if (!netif_link_by_index(want->ifa_index, &l))
        return -ENODEV;
    return m->nlmsg_len >= NLMSG_LENGTH(sizeof(*want)) ? 0 : -EINVAL;
}

static void take_life(const struct rt_attrs *attrs, struct netif_addr *a)
{
    const struct ifa_cacheinfo *life =
        rt_attr(attrs, IFA_CACHEINFO, sizeof(*life));

    a->valid_s = a->preferred_s = NETIF_FOREVER;
    if (life) {
        a->valid_s = life->ifa_valid;
        a->preferred_s = life->ifa_prefered;
    }
}

int rt_change_addr(const struct nlmsghdr *m, bool add)
{
    const struct ifaddrmsg *want = (const void *)(m + 1);
    struct netif_addr a = { 0 }, other;
    struct rt_attrs attrs;
    const uint8_t *addr;
    int err;

    if (!rt_request_attrs(m, sizeof(*want), &attrs))
        return -EINVAL;
    err = check_addr(m, want);
    if (err)
        return err;
    addr = rt_attr(&attrs, IFA_LOCAL, netif_addr_len(want->ifa_family));
    if (!addr)
        addr = rt_attr(&attrs, IFA_ADDRESS, netif_addr_len(want->ifa_family));
    if (!addr)
        return -EINVAL;
    a.index = want->ifa_index;
    a.family = want->ifa_family;
    a.prefix_len = want->ifa_prefixlen;
    a.scope = want->ifa_scope;
    memcpy(a.addr, addr, netif_addr_len(a.family));
    take_life(&attrs, &a);
    for (unsigned i = 0; netif_addr(i, &other); i++) {
        if (other.index != a.index || other.family != a.family ||
            memcmp(other.addr, a.addr, sizeof(a.addr)) != 0)
            continue;
        if (!add)
            return netif_change_addr(&other, false);
        if ((m->nlmsg_flags & NLM_F_EXCL) || !(m->nlmsg_flags & NLM_F_REPLACE))
            return -EEXIST;
    }
    return add ? netif_change_addr(&a, true) : -EADDRNOTAVAIL;
}

/* ---- routes ---- */

static void take_route(const struct rtmsg *want, const struct rt_attrs *attrs,
                       struct netif_route *r)
{
    unsigned len = netif_addr_len(want->rtm_family);
    const uint8_t *dst = rt_attr(attrs, RTA_DST, len);
    const uint8_t *via = rt_attr(attrs, RTA_GATEWAY, len);
    const uint32_t *index = rt_attr(attrs, RTA_OIF, sizeof(*index));
    const uint32_t *table = rt_attr(attrs, RTA_TABLE, sizeof(*table));
    const uint32_t *metric = rt_attr(attrs, RTA_PRIORITY, sizeof(*metric));

    *r = (struct netif_route){
        .index = index ? *index : 0,
        .family = want->rtm_family,
        .dst_len = want->rtm_dst_len,
        .table = table ? (uint8_t)*table : want->rtm_table,
        .type = want->rtm_type,
        .scope = want->rtm_scope,
        .protocol = want->rtm_protocol,
        .has_gateway = via,
        .metric = metric ? *metric : 0,
    };
    if (dst)
        memcpy(r->dst, dst, len);
    if (via)
        memcpy(r->gateway, via, len);
}

/* The interface whose network has the gateway, when none is named. */
static int find_interface(struct netif_route *r)
{
    struct netif_route on_link;
    struct netif_link l;

    if (r->index)
        return netif_link_by_index(r->index, &l) ? 0 : -ENODEV;
    if (!r->has_gateway)
        return -EINVAL;
    if (!netif_route_to(r->family, r->gateway, &on_link) || on_link.has_gateway)
        return -ENETUNREACH;
    r->index = on_link.index;
    return 0;
}

int rt_change_route(const struct nlmsghdr *m, bool add)
{
    const struct rtmsg *want = (const void *)(m + 1);
    struct netif_route r;
    struct rt_attrs attrs;
    int err = 0;

    if (!rt_request_attrs(m, sizeof(*want), &attrs))
        return -EINVAL;
    if (want->rtm_family != AF_INET && want->rtm_family != AF_INET6)
        return -EOPNOTSUPP;
    if (want->rtm_dst_len > 8 * netif_addr_len(want->rtm_family))
        return -EINVAL;
    take_route(want, &attrs, &r);
    if (r.table == RT_TABLE_UNSPEC)
        r.table = RT_TABLE_MAIN;
    if (add)
        err = find_interface(&r);
    return err ? err : netif_change_route(&r, add);
}
