/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netif.c - interfaces, addresses and the routes that follow from them.
 *
 * Linux adds routes for each address by itself: to its network, to the address
 * (in table "local") and, for IPv4, to the broadcast address. The protocols
 * here do the same without a table, so the routes are made up as they are
 * asked for: first those of the gateways, then three places for each address
 * and one for each interface, some of which are empty.
 */
#include "net/netif.h"

#include <linux/rtnetlink.h>

#include "core/errno.h"
#include "core/string.h"
#include "net/abi.h"
#include "net/if_abi.h"

#pragma weak inet_netif_ops
#pragma weak netif_notify_addr
#pragma weak netif_notify_route

#define LO_INDEX          1u
#define LO_MTU            65536u
#define QUEUE_LEN         1000u
#define METRIC_6          256u /* Linux's for its own routes of IPv6 */
#define ROUTES_PER_ADDR   3u
#define ROUTE_GATEWAY_MAX 16u /* gateways looked at */
#define ROUTE_ADDR_MAX    64u

/* ---- without the internet protocols there is a loopback interface ---- */

static bool lo_link(unsigned n, struct netif_link *out)
{
    if (n > 0)
        return false;
    out->index = LO_INDEX;
    strlcpy(out->name, "lo", sizeof(out->name));
    out->type = ARPHRD_LOOPBACK;
    out->flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_LOWER_UP;
    out->mtu = LO_MTU;
    out->tx_queue_len = QUEUE_LEN;
    return true;
}

static bool lo_addr(unsigned n, struct netif_addr *out)
{
    if (n > 1)
        return false;
    out->index = LO_INDEX;
    out->family = n == 0 ? AF_INET : AF_INET6;
    out->prefix_len = n == 0 ? 8 : 128;
    out->scope = RT_SCOPE_HOST;
    out->flags = IFA_F_PERMANENT;
    out->valid_s = out->preferred_s = NETIF_FOREVER;
    if (n == 0)
        out->addr[0] = 127;
    out->addr[n == 0 ? 3 : 15] = 1;
    return true;
}

/* ---- lists ---- */

bool netif_link(unsigned n, struct netif_link *out)
{
    memset(out, 0, sizeof(*out));
    return &inet_netif_ops ? inet_netif_ops.link(n, out) : lo_link(n, out);
}

bool netif_addr(unsigned n, struct netif_addr *out)
{
    memset(out, 0, sizeof(*out));
    return &inet_netif_ops ? inet_netif_ops.addr(n, out) : lo_addr(n, out);
}

bool netif_neighbour(unsigned n, struct netif_neighbour *out)
{
    memset(out, 0, sizeof(*out));
    return &inet_netif_ops && inet_netif_ops.neighbour(n, out);
}

bool netif_group_of(unsigned index, uint8_t family, unsigned n,
                    struct netif_group *out)
{
    memset(out, 0, sizeof(*out));
    return &inet_netif_ops && inet_netif_ops.group(index, family, n, out);
}

static bool gateway(unsigned n, struct netif_route *out)
{
    memset(out, 0, sizeof(*out));
    return &inet_netif_ops && inet_netif_ops.gateway(n, out);
}

bool netif_link_by_index(unsigned index, struct netif_link *out)
{
    for (unsigned n = 0; netif_link(n, out); n++)
        if (out->index == index)
            return true;
    return false;
}

bool netif_link_by_name(const char *name, struct netif_link *out)
{
    for (unsigned n = 0; netif_link(n, out); n++)
        if (strcmp(out->name, name) == 0)
            return true;
    return false;
}

bool netif_addr_of(unsigned index, uint8_t family, unsigned n,
                   struct netif_addr *out)
{
    for (unsigned i = 0; netif_addr(i, out); i++)
        if (out->index == index && out->family == family && n-- == 0)
            return true;
    return false;
}

/* ---- routes ---- */

bool netif_prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    return memcmp(a, b, bytes) == 0 &&
           (rest == 0 || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0);
}

/* Everything behind the prefix becomes zeros, or ones. */
static void set_host_bits(uint8_t *addr, unsigned prefix_len, unsigned len,
                          bool ones)
{
    for (unsigned i = prefix_len; i < 8 * len; i++) {
        uint8_t bit = (uint8_t)(0x80u >> i % 8);

        addr[i / 8] = ones ? addr[i / 8] | bit : addr[i / 8] & (uint8_t)~bit;
    }
}

static bool is_loopback(const struct netif_addr *a)
{
    return a->scope == RT_SCOPE_HOST;
}

/* The address itself: packets to it stay here. */
static bool route_local(const struct netif_addr *a, struct netif_route *r)
{
    bool is_v4 = a->family == AF_INET;

    r->table = RT_TABLE_LOCAL;
    r->type = RTN_LOCAL;
    r->scope = is_v4 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    r->dst_len = is_v4 ? 32 : 128;
    return true;
}

static bool route_network(const struct netif_addr *a, struct netif_route *r)
{
    bool is_v4 = a->family == AF_INET;

    if ((is_v4 && a->prefix_len == 32) || (!is_v4 && is_loopback(a)))
        return false;
    if (is_loopback(a))
        route_local(a, r);
    else
        r->scope = is_v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    r->dst_len = a->prefix_len;
    r->metric = is_v4 ? 0 : METRIC_6;
    set_host_bits(r->dst, r->dst_len, netif_addr_len(a->family), false);
    return true;
}

bool netif_broadcast(const struct netif_addr *a, uint8_t *out)
{
    if (a->family != AF_INET || a->prefix_len > 30 || is_loopback(a))
        return false;
    memcpy(out, a->addr, sizeof(a->addr));
    set_host_bits(out, a->prefix_len, 4, true);
    return true;
}

static bool route_broadcast(const struct netif_addr *a, struct netif_route *r)
{
    if (a->family != AF_INET || a->prefix_len > 30)
        return false;
    r->table = RT_TABLE_LOCAL;
    r->type = RTN_BROADCAST;
    r->scope = RT_SCOPE_LINK;
    r->dst_len = 32;
    set_host_bits(r->dst, a->prefix_len, 4, true);
    return true;
}

static bool route_of_addr(unsigned slot, struct netif_route *r)
{
    struct netif_addr a;

    if (!netif_addr(slot / ROUTES_PER_ADDR, &a))
        return false;
    *r = (struct netif_route){
        .index = a.index,
        .family = a.family,
        .table = RT_TABLE_MAIN,
        .type = RTN_UNICAST,
        .protocol = RTPROT_KERNEL,
        .has_source = a.family == AF_INET,
    };
    memcpy(r->dst, a.addr, sizeof(r->dst));
    memcpy(r->source, a.addr, sizeof(r->source));
    switch (slot % ROUTES_PER_ADDR) {
    case 0:
        return route_network(&a, r);
    case 1:
        return route_local(&a, r);
    default:
        return route_broadcast(&a, r);
    }
}

/* IPv6's multicast, on every interface but the loopback one. */
static bool route_multicast(const struct netif_link *l, struct netif_route *r)
{
    if (l->flags & IFF_LOOPBACK)
        return false;
    *r = (struct netif_route){
        .index = l->index,
        .family = AF_INET6,
        .table = RT_TABLE_LOCAL,
        .type = RTN_MULTICAST,
        .protocol = RTPROT_KERNEL,
        .dst_len = 8,
        .metric = METRIC_6,
        .dst = { 0xff },
    };
    return true;
}

/* One place of the list. Result: 1 a route, 0 an empty place, -1 the end. */
static int route_at(unsigned place, struct netif_route *out)
{
    struct netif_link link;
    struct netif_addr addr;

    if (place < ROUTE_GATEWAY_MAX) {
        if (!gateway(place, out))
            return 0;
        out->table = RT_TABLE_MAIN;
        out->type = RTN_UNICAST;
        out->has_gateway = true;
        return 1;
    }
    place -= ROUTE_GATEWAY_MAX;
    if (place < ROUTE_ADDR_MAX * ROUTES_PER_ADDR)
        return netif_addr(place / ROUTES_PER_ADDR, &addr) &&
               route_of_addr(place, out);
    return netif_link(place - ROUTE_ADDR_MAX * ROUTES_PER_ADDR, &link)
               ? route_multicast(&link, out)
               : -1;
}

bool netif_route_next(unsigned *at, struct netif_route *out)
{
    int found;

    do
        found = route_at((*at)++, out);
    while (found == 0);
    return found > 0;
}

bool netif_route_to(uint8_t family, const uint8_t *dst, struct netif_route *out)
{
    struct netif_route r;
    bool found = false;
    unsigned at = 0;

    while (netif_route_next(&at, &r)) {
        if (r.family != family || !netif_prefix_equal(r.dst, dst, r.dst_len))
            continue;
        if (found && (r.dst_len < out->dst_len ||
                      (r.dst_len == out->dst_len && r.metric >= out->metric)))
            continue;
        *out = r;
        found = true;
    }
    return found;
}

/* ---- changes ---- */

int netif_change_addr(const struct netif_addr *a, bool add)
{
    struct netif_link link;

    int err;

    if (!netif_link_by_index(a->index, &link))
        return -ENODEV;
    err = &inet_netif_ops ? inet_netif_ops.change_addr(a, add) : -EOPNOTSUPP;
    if (!err && !add && netif_notify_addr)
        netif_notify_addr(a, true); /* of a new one the protocols tell */
    return err;
}

static bool route_equal(const struct netif_route *a,
                        const struct netif_route *b)
{
    return a->family == b->family && a->table == b->table &&
           a->dst_len == b->dst_len &&
           netif_prefix_equal(a->dst, b->dst, a->dst_len);
}

/* Only routers of last resort come and go; other routes do with addresses. */
int netif_change_route(const struct netif_route *r, bool add)
{
    struct netif_route other;
    unsigned at = 0;

    int err;

    if (r->dst_len == 0 && r->has_gateway) {
        err = &inet_netif_ops ? inet_netif_ops.change_gateway(r, add)
                              : -ENETUNREACH;
        if (!err && netif_notify_route)
            netif_notify_route(r, !add);
        return err;
    }
    while (netif_route_next(&at, &other))
        if (route_equal(r, &other))
            return add ? -EEXIST : -EOPNOTSUPP;
    return add ? -EOPNOTSUPP : -ESRCH;
}

int netif_change_link(unsigned index, uint32_t flags, uint32_t mtu)
{
    struct netif_link link;

    if (!netif_link_by_index(index, &link))
        return -ENODEV;
    if (flags == link.flags && mtu == link.mtu)
        return 0;
    return &inet_netif_ops ? inet_netif_ops.change_link(index, flags, mtu)
                           : -EOPNOTSUPP;
}
