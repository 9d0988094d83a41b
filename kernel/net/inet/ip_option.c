/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ip_option.c - IPPROTO_IP's, IPPROTO_IPV6's and IPPROTO_UDP's options,
 * multicast groups.
 *
 * What would change nothing here is refused, as option.c of net/ has it; a few
 * are taken although they change nothing, because whoever sets them relies on
 * nothing and ends if they are refused: they are named in set_v4() and
 * set_v6().
 */
#include <linux/udp.h>

#include "core/errno.h"
#include "core/string.h"
#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "mm/heap.h"
#include "net/inet/dgram.h"
#include "net/inet/timers.h"
#include "sched/process.h"

#define IPV6_MTU_MIN 1280 /* RFC 8200, section 5 */
#define GROUPS_MAX   64u  /* net.ipv4.igmp_max_memberships is 20 */

struct inet_group {
    struct inet_group *next;
    ip_addr_t addr;
    uint8_t netif_index;
};

/* ---- groups ---- */

bool inet_group_has(const struct inet_sock *i, const ip_addr_t *group,
                    uint8_t netif_index)
{
    (void)netif_index; /* IP_MULTICAST_ALL: on any interface */
    for (const struct inet_group *g = i->groups; g; g = g->next)
        if (ip_addr_cmp_zoneless(&g->addr, group))
            return true;
    return false;
}

static int tell_stack(const struct inet_group *g, bool join)
{
    struct netif *n = netif_get_by_index(g->netif_index);
    err_t err;

    if (!n)
        return -ENODEV;
    timers_groups_needed();
    if (IP_IS_V6_VAL(g->addr))
        err = join ? mld6_joingroup_netif(n, ip_2_ip6(&g->addr))
                   : mld6_leavegroup_netif(n, ip_2_ip6(&g->addr));
    else
        err = join ? igmp_joingroup_netif(n, ip_2_ip4(&g->addr))
                   : igmp_leavegroup_netif(n, ip_2_ip4(&g->addr));
    inet_flush();
    return inet_error(err);
}

static struct inet_group **find_group(struct inet_sock *i,
                                      const struct inet_group *wanted)
{
    struct inet_group **g = &i->groups;

    while (*g && !(ip_addr_cmp(&(*g)->addr, &wanted->addr) &&
                   (wanted->netif_index == 0 ||
                    (*g)->netif_index == wanted->netif_index)))
        g = &(*g)->next;
    return g;
}

static int join(struct inet_sock *i, struct inet_group *wanted)
{
    struct inet_group *g;
    unsigned count = 0;
    int err;

    if (!ip_addr_ismulticast(&wanted->addr))
        return -EINVAL;
    if (*find_group(i, wanted))
        return -EADDRINUSE;
    for (g = i->groups; g; g = g->next)
        count++;
    if (count >= GROUPS_MAX)
        return -ENOBUFS;
    g = kmalloc(sizeof(*g));
    if (!g)
        return -ENOMEM;
    *g = *wanted;
    err = tell_stack(g, true);
    if (err) {
        kfree(g);
        return err;
    }
    g->next = i->groups;
    i->groups = g;
    return 0;
}

static int leave(struct inet_sock *i, struct inet_group *wanted)
{
    struct inet_group **at = find_group(i, wanted), *g = *at;

    if (!g)
        return -EADDRNOTAVAIL;
    *at = g->next;
    (void)!tell_stack(g, false);
    kfree(g);
    return 0;
}

void inet_groups_leave(struct inet_sock *i)
{
    while (i->groups)
        (void)!leave(i, i->groups);
}

/* The interface that an address or index names, 0: that of the default route,
 * else the first there is. */
static uint8_t netif_for(const ip4_addr_t *addr, int index)
{
    struct netif *n;

    if (index)
        return (uint8_t)index;
    NETIF_FOREACH(n)
    {
        if (addr && addr->addr && ip4_addr_cmp(addr, netif_ip4_addr(n)))
            return netif_get_index(n);
    }
    if (addr && addr->addr)
        return 0;
    return netif_get_index(netif_default ? netif_default : &inet_loop);
}

static int set_group4(struct inet_sock *i, int name, uaddr_t value,
                      unsigned len)
{
    struct inet_group g = { 0 };
    struct ip_mreqn r = { 0 };
    ip4_addr_t addr;

    if (len < sizeof(struct ip_mreq))
        return -EINVAL;
    if (copy_from_user(&r, value, MIN(len, sizeof(r))))
        return -EFAULT;
    ip_addr_set_ip4_u32(&g.addr, r.imr_multiaddr.s_addr);
    addr.addr = r.imr_address.s_addr;
    if (name == IP_DROP_MEMBERSHIP && !addr.addr && !r.imr_ifindex)
        return leave(i, &g);
    g.netif_index = netif_for(&addr, r.imr_ifindex);
    if (!g.netif_index)
        return -ENODEV;
    return name == IP_ADD_MEMBERSHIP ? join(i, &g) : leave(i, &g);
}

static int set_group6(struct inet_sock *i, int name, uaddr_t value,
                      unsigned len)
{
    struct inet_group g = { 0 };
    struct ipv6_mreq r;

    if (len < sizeof(r))
        return -EINVAL;
    if (copy_from_user(&r, value, sizeof(r)))
        return -EFAULT;
    memcpy(ip_2_ip6(&g.addr)->addr, &r.ipv6mr_multiaddr, 16);
    IP_SET_TYPE_VAL(g.addr, IPADDR_TYPE_V6);
    if (name == IPV6_DROP_MEMBERSHIP && !r.ipv6mr_ifindex)
        return leave(i, &g);
    g.netif_index = netif_for(NULL, r.ipv6mr_ifindex);
    return name == IPV6_ADD_MEMBERSHIP ? join(i, &g) : leave(i, &g);
}

static int set_mcast_if(struct inet_sock *i, uaddr_t value, unsigned len)
{
    struct ip_mreqn r = { 0 };
    ip4_addr_t addr;

    if (len < sizeof(struct in_addr))
        return -EINVAL;
    /* Of three forms: an address alone is the shortest. */
    if (len < sizeof(struct ip_mreq)
            ? copy_from_user(&r.imr_address, value, sizeof(struct in_addr))
            : copy_from_user(&r, value, MIN(len, sizeof(r))))
        return -EFAULT;
    addr.addr = r.imr_address.s_addr;
    i->mcast_index = 0;
    if (!addr.addr && !r.imr_ifindex)
        return 0;
    i->mcast_index = netif_for(&addr, r.imr_ifindex);
    if (!i->mcast_index)
        return -EADDRNOTAVAIL;
    return netif_get_by_index(i->mcast_index) ? 0 : -EADDRNOTAVAIL;
}

/* ---- values ---- */

/* IPv4's options may come as a byte. */
static int get_value(uaddr_t value, unsigned len, int *out)
{
    uint8_t byte;

    *out = 0;
    if (len >= sizeof(*out))
        return user_get32((uint32_t *)out, value);
    if (len == 0)
        return -EINVAL;
    if (copy_from_user(&byte, value, 1))
        return -EFAULT;
    *out = byte;
    return 0;
}

static int set_want(struct inet_sock *i, unsigned bit, int value)
{
    if (!value && (bit & (INET_WANT_ERRORS | INET_WANT_ERRORS6)) &&
        i->s.type != SOCK_STREAM)
        dgram_errors_drop(dgram_of(&i->s));
    i->wants = (uint16_t)(value ? i->wants | bit : i->wants & ~bit);
    return 0;
}

static const struct {
    int level, name;
    unsigned bit;
} want_options[] = {
    { IPPROTO_IP, IP_PKTINFO, INET_WANT_PKTINFO },
    { IPPROTO_IP, IP_RECVTTL, INET_WANT_TTL },
    { IPPROTO_IP, IP_RECVTOS, INET_WANT_TOS },
    { IPPROTO_IP, IP_RECVERR, INET_WANT_ERRORS },
    { IPPROTO_IPV6, IPV6_RECVPKTINFO, INET_WANT_PKTINFO6 },
    { IPPROTO_IPV6, IPV6_RECVHOPLIMIT, INET_WANT_HOPLIMIT6 },
    { IPPROTO_IPV6, IPV6_RECVTCLASS, INET_WANT_TCLASS6 },
    { IPPROTO_IPV6, IPV6_RECVERR, INET_WANT_ERRORS6 },
};

static unsigned want_bit(int level, int name)
{
    for (unsigned n = 0; n < ARRAY_LEN(want_options); n++)
        if (want_options[n].level == level && want_options[n].name == name)
            return want_options[n].bit;
    return 0;
}

/* -1 stands for the default. */
static int set_byte(uint8_t *out, int value, int low, uint8_t normal)
{
    if (value == -1)
        value = normal;
    if (value < low || value > 255)
        return -EINVAL;
    *out = (uint8_t)value;
    return 0;
}

static int set_discover(struct inet_sock *i, int value)
{
    bool forbids = value == IP_PMTUDISC_DO || value == IP_PMTUDISC_PROBE;

    if (value < IP_PMTUDISC_DONT || value > IP_PMTUDISC_OMIT)
        return -EINVAL;
    /* lwIP's TCP lets routers cut up its packets. */
    if (forbids && i->s.type == SOCK_STREAM && !inet_is_v6(i))
        return -EOPNOTSUPP;
    i->pmtu_discover = (uint8_t)value;
    return 0;
}

static int set_v4(struct inet_sock *i, int name, int value)
{
    switch (name) {
    case IP_TTL:
        return set_byte(&i->ttl, value, 1, IP_DEFAULT_TTL);
    case IP_TOS:
        return set_byte(&i->tos, value & 0xff, 0, 0);
    case IP_MULTICAST_TTL:
        return set_byte(&i->mcast_ttl, value, 0, 1);
    case IP_MULTICAST_LOOP:
        i->mcast_loop = value;
        return 0;
    case IP_MTU_DISCOVER:
        return set_discover(i, value);
    case IP_HDRINCL:
        if (i->s.type != SOCK_RAW)
            return -ENOPROTOOPT;
        dgram_of(&i->s)->header_included = value;
        return 0;
    /* No route, no port and no header depends on these. */
    case IP_FREEBIND:
    case IP_BIND_ADDRESS_NO_PORT:
    case IP_MULTICAST_ALL:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_v6(struct inet_sock *i, int name, int value)
{
    switch (name) {
    case IPV6_UNICAST_HOPS:
        return set_byte(&i->ttl, value, 0, IP_DEFAULT_TTL);
    case IPV6_TCLASS:
        return set_byte(&i->tos, value, 0, 0);
    case IPV6_MULTICAST_HOPS:
        return set_byte(&i->mcast_ttl, value, 0, 1);
    case IPV6_MULTICAST_LOOP:
        i->mcast_loop = value;
        return 0;
    case IPV6_MULTICAST_IF:
        if (value && !netif_get_by_index((u8_t)value))
            return -ENODEV;
        i->mcast_index = (uint8_t)value;
        return 0;
    case IPV6_MTU_DISCOVER:
        return set_discover(i, value);
    case IPV6_CHECKSUM:
        if (i->s.type != SOCK_RAW)
            return -ENOPROTOOPT;
        dgram_of(&i->s)->checksum_offset = value;
        return 0;
    /* Ours are as long as the link allows, which any receiver takes. */
    case IPV6_MTU:
        return value && value < IPV6_MTU_MIN ? -EINVAL : 0;
    case IPV6_DONTFRAG:
        i->dont_frag = value;
        return 0;
    /* No route and no header depends on these. */
    case IPV6_AUTOFLOWLABEL:
    case IPV6_FREEBIND:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_filter(struct dgram_sock *d, uaddr_t value, unsigned len)
{
    if (d->i.s.type != SOCK_RAW)
        return -EOPNOTSUPP;
    if (inet_is_v6(&d->i))
        return copy_from_user(d->filter6, value, MIN(len, sizeof(d->filter6)));
    return copy_from_user(&d->filter, value, MIN(len, sizeof(d->filter)));
}

int inet_set_ip_option(struct socket *s, int level, int name, uaddr_t value,
                       unsigned len)
{
    struct inet_sock *i = inet_of(s);
    unsigned bit = want_bit(level, name);
    int n, err;

    if (level == SOL_RAW || level == SOL_ICMPV6)
        return set_filter(dgram_of(s), value, len);
    if (level == IPPROTO_UDP && s->protocol == IPPROTO_UDP)
        return udp_set_option(dgram_of(s), name, value, len);
    if (level != IPPROTO_IP && (level != IPPROTO_IPV6 || !inet_is_v6(i)))
        return -ENOPROTOOPT;
    if (level == IPPROTO_IP &&
        (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP))
        return set_group4(i, name, value, len);
    if (level == IPPROTO_IPV6 &&
        (name == IPV6_ADD_MEMBERSHIP || name == IPV6_DROP_MEMBERSHIP))
        return set_group6(i, name, value, len);
    if (level == IPPROTO_IP && name == IP_MULTICAST_IF)
        return set_mcast_if(i, value, len);
    err = get_value(value, len, &n);
    if (err)
        return err;
    if (bit)
        return set_want(i, bit, n);
    return level == IPPROTO_IP ? set_v4(i, name, n) : set_v6(i, name, n);
}

/* ---- getting ---- */

static int mtu_of(const struct inet_sock *i, int *out)
{
    struct netif *netif;
    ip_addr_t from;

    if (!i->remote_port)
        return -ENOTCONN;
    if (inet_route(i, &i->remote, &netif, &from))
        return -ENOTCONN;
    *out = i->path_mtu ? MIN(i->path_mtu, netif->mtu) : netif->mtu;
    return 0;
}

static int get_v4(const struct inet_sock *i, int name, int *out)
{
    switch (name) {
    case IP_TTL:
        *out = i->ttl;
        return 0;
    case IP_TOS:
        *out = i->tos;
        return 0;
    case IP_MULTICAST_TTL:
        *out = i->mcast_ttl;
        return 0;
    case IP_MULTICAST_LOOP:
        *out = i->mcast_loop;
        return 0;
    case IP_MTU_DISCOVER:
        *out = i->pmtu_discover;
        return 0;
    case IP_MTU:
        return mtu_of(i, out);
    default:
        return -ENOPROTOOPT;
    }
}

static int get_v6(const struct inet_sock *i, int name, int *out)
{
    switch (name) {
    case IPV6_UNICAST_HOPS:
        *out = i->ttl;
        return 0;
    case IPV6_TCLASS:
        *out = i->tos;
        return 0;
    case IPV6_MULTICAST_HOPS:
        *out = i->mcast_ttl;
        return 0;
    case IPV6_MULTICAST_LOOP:
        *out = i->mcast_loop;
        return 0;
    case IPV6_MULTICAST_IF:
        *out = i->mcast_index;
        return 0;
    case IPV6_MTU_DISCOVER:
        *out = i->pmtu_discover;
        return 0;
    case IPV6_DONTFRAG:
        *out = i->dont_frag;
        return 0;
    case IPV6_MTU:
        return mtu_of(i, out);
    default:
        return -ENOPROTOOPT;
    }
}

static int get_any(struct socket *s, int level, int name, int *out)
{
    struct inet_sock *i = inet_of(s);
    unsigned bit = want_bit(level, name);

    if (level == IPPROTO_UDP && s->protocol == IPPROTO_UDP && name == UDP_CORK)
        return udp_get_cork(dgram_of(s), out);
    if (level != IPPROTO_IP && (level != IPPROTO_IPV6 || !inet_is_v6(i)))
        return -ENOPROTOOPT;
    if (!bit)
        return level == IPPROTO_IP ? get_v4(i, name, out)
                                   : get_v6(i, name, out);
    *out = (i->wants & bit) != 0;
    return 0;
}

int inet_get_ip_option(struct socket *s, int level, int name, uaddr_t value,
                       unsigned *len)
{
    int n, err = get_any(s, level, name, &n);

    if (err)
        return err;
    *len = MIN(*len, (unsigned)sizeof(n));
    return copy_to_user(value, &n, *len);
}
