/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * membership.c - the multicast groups that a socket is in, and the senders
 * whose packets to them it wants.
 *
 * A membership has a mode: all senders but those listed (MCAST_EXCLUDE), or
 * those alone (MCAST_INCLUDE). Options of IPv4, of IPv6 and of both (RFC 3678)
 * say the same things in five forms, which are read into one request. lwIP
 * speaks IGMPv2 and MLDv1, which do not know of senders: routers are told of
 * the group, and packets of unwanted senders are dropped here.
 */
#include "net/inet/membership.h"
#include "core/errno.h"
#include "core/string.h"
#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "mm/heap.h"
#include "net/inet/dgram.h"
#include "net/inet/timers.h"

#define GROUPS_MAX 64u /* net.ipv4.igmp_max_memberships is 20 */

enum verb {
    JOIN,
    LEAVE,
    SOURCE_JOIN,
    SOURCE_LEAVE,
    SOURCE_BLOCK,
    SOURCE_UNBLOCK,
};

static bool same(const ip_addr_t *a, const ip_addr_t *b)
{
    return ip_addr_cmp_zoneless(a, b);
}

/* ---- the lists ---- */

/* netif_index 0: on any interface */
static bool is_for(const struct inet_group *g, const ip_addr_t *addr,
                   uint8_t netif_index)
{
    return same(&g->addr, addr) &&
           (netif_index == 0 || g->netif_index == netif_index);
}

struct inet_group **membership_find(struct inet_sock *i,
                                    const struct membership_request *r)
{
    struct inet_group **g = &i->groups;

    while (*g && !is_for(*g, &r->group, r->netif_index))
        g = &(*g)->next;
    return g;
}

static struct inet_source **find_source(struct inet_group *g,
                                        const ip_addr_t *addr)
{
    struct inet_source **s = &g->sources;

    while (*s && !same(&(*s)->addr, addr))
        s = &(*s)->next;
    return s;
}

bool inet_group_refuses(const struct inet_sock *i)
{
    bool is_v6 = ip_current_is_v6();
    uint8_t on = is_v6 ? 0 : netif_get_index(ip_current_input_netif());
    struct inet_group *g = i->groups;

    while (g && !is_for(g, ip_current_dest_addr(), on))
        g = g->next;
    if (!g)
        return i->mcast_joined_only[is_v6];
    return (*find_source(g, ip_current_src_addr()) != NULL) !=
           (g->mode == MCAST_INCLUDE);
}

/* ---- groups ---- */

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

/* The interface that an address or index names, 0: that of the default route,
 * else the first there is; MEMBERSHIP_NETIF_NONE. */
static uint8_t netif_for(const ip4_addr_t *addr, uint32_t index)
{
    struct netif *n;

    if (index)
        return (uint8_t)MIN(index, MEMBERSHIP_NETIF_NONE);
    NETIF_FOREACH(n)
    {
        if (addr && addr->addr && ip4_addr_cmp(addr, netif_ip4_addr(n)))
            return netif_get_index(n);
    }
    if (addr && addr->addr)
        return MEMBERSHIP_NETIF_NONE;
    return netif_get_index(netif_default ? netif_default : &inet_loop);
}

static int join(struct inet_sock *i, const struct membership_request *r,
                uint8_t mode)
{
    struct inet_group *g;
    unsigned count = 0;
    int err;

    if (*membership_find(i, r))
        return -EADDRINUSE;
    for (g = i->groups; g; g = g->next)
        count++;
    if (count >= GROUPS_MAX)
        return -ENOBUFS;
    g = kzalloc(sizeof(*g));
    if (!g)
        return -ENOMEM;
    g->addr = r->group;
    g->mode = mode;
    g->netif_index = r->netif_index ? r->netif_index : netif_for(NULL, 0);
    err = tell_stack(g, true);
    if (err) {
        kfree(g);
        return err;
    }
    g->next = i->groups;
    i->groups = g;
    return 0;
}

void membership_drop_source(struct inet_source **at)
{
    struct inet_source *s = *at;

    *at = s->next;
    kfree(s);
}

int membership_leave(struct inet_group **at)
{
    struct inet_group *g = *at;

    if (!g)
        return -EADDRNOTAVAIL;
    *at = g->next;
    (void)!tell_stack(g, false);
    while (g->sources)
        membership_drop_source(&g->sources);
    kfree(g);
    return 0;
}

void inet_groups_leave(struct inet_sock *i)
{
    while (i->groups)
        (void)!membership_leave(&i->groups);
}

/* ---- senders ---- */

static int add_source(struct inet_group *g, const ip_addr_t *addr)
{
    unsigned max = IP_IS_V6(addr) ? MEMBERSHIP_SOURCES_MAX6
                                  : MEMBERSHIP_SOURCES_MAX4,
             count = 0;
    struct inet_source *s;

    for (s = g->sources; s; s = s->next)
        count++;
    if (count >= max)
        return -ENOBUFS;
    if (*find_source(g, addr))
        return -EADDRNOTAVAIL;
    s = kmalloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    *s = (struct inet_source){ .addr = *addr };
    *find_source(g, addr) = s; /* the last, as a filter shows them */
    g->had_sources = true;
    return 0;
}

static int change_sources(struct inet_sock *i,
                          const struct membership_request *r, uint8_t mode,
                          bool add)
{
    struct inet_group **at = membership_find(i, r), *g = *at;
    struct inet_source **s;

    if (!g)
        return -EINVAL;
    if (g->mode != mode && g->had_sources)
        return -EINVAL;
    g->mode = mode;
    if (add)
        return add_source(g, &r->source);
    s = find_source(g, &r->source);
    if (!*s)
        return -EADDRNOTAVAIL;
    if (mode == MCAST_INCLUDE && !g->sources->next)
        return membership_leave(at); /* no sender is left */
    membership_drop_source(s);
    return 0;
}

static int act(struct inet_sock *i, const struct membership_request *r,
               enum verb verb)
{
    int err;

    if (!ip_addr_ismulticast(&r->group))
        return -EINVAL;
    if (verb != LEAVE && r->netif_index && !netif_get_by_index(r->netif_index))
        return -ENODEV;
    switch (verb) {
    case JOIN:
        return join(i, r, MCAST_EXCLUDE);
    case LEAVE:
        return membership_leave(membership_find(i, r));
    case SOURCE_JOIN:
        err = join(i, r, MCAST_INCLUDE);
        if (err && err != -EADDRINUSE)
            return err;
        return change_sources(i, r, MCAST_INCLUDE, true);
    case SOURCE_LEAVE:
        return change_sources(i, r, MCAST_INCLUDE, false);
    case SOURCE_BLOCK:
        return change_sources(i, r, MCAST_EXCLUDE, true);
    default:
        return change_sources(i, r, MCAST_EXCLUDE, false);
    }
}

/* ---- what a program says ---- */

/* IPv4's requests name the interface by its index or address. */
void membership_take_netif(struct membership_request *r, uint32_t addr,
                           uint32_t index)
{
    ip4_addr_t a = { addr };

    r->netif_index = netif_for(&a, index);
}

static int read_mreq(struct membership_request *r, uaddr_t value, unsigned len)
{
    struct ip_mreqn m = { 0 };

    if (len < sizeof(struct ip_mreq))
        return -EINVAL;
    if (copy_from_user(&m, value, MIN(len, sizeof(m))))
        return -EFAULT;
    ip_addr_set_ip4_u32(&r->group, m.imr_multiaddr.s_addr);
    membership_take_netif(r, m.imr_address.s_addr, (uint32_t)m.imr_ifindex);
    return 0;
}

static int read_mreq_source(struct membership_request *r, uaddr_t value,
                            unsigned len)
{
    struct ip_mreq_source m;

    if (len != sizeof(m))
        return -EINVAL;
    if (copy_from_user(&m, value, sizeof(m)))
        return -EFAULT;
    ip_addr_set_ip4_u32(&r->group, m.imr_multiaddr);
    ip_addr_set_ip4_u32(&r->source, m.imr_sourceaddr);
    membership_take_netif(r, m.imr_interface, 0);
    return 0;
}

/* Others by its index alone; of IPv6, 0 is any. */
static void take_index(struct membership_request *r, bool is_v6, uint32_t index)
{
    if (index || !is_v6)
        membership_take_netif(r, 0, index);
}

static int read_mreq6(struct membership_request *r, uaddr_t value, unsigned len)
{
    struct ipv6_mreq m;
    int err = membership_take(&m, sizeof(m), value, len);

    if (err)
        return err;
    memcpy(ip_2_ip6(&r->group)->addr, &m.ipv6mr_multiaddr, 16);
    IP_SET_TYPE_VAL(r->group, IPADDR_TYPE_V6);
    take_index(r, true, (uint32_t)m.ipv6mr_ifindex);
    return 0;
}

bool membership_take_addr(ip_addr_t *out, bool is_v6,
                          const struct __kernel_sockaddr_storage *a)
{
    const struct sockaddr_in6 *in6 = (const void *)a;
    const struct sockaddr_in *in = (const void *)a;

    if (a->ss_family != (is_v6 ? AF_INET6 : AF_INET))
        return false;
    if (is_v6) {
        memcpy(ip_2_ip6(out)->addr, &in6->sin6_addr, 16);
        IP_SET_TYPE(out, IPADDR_TYPE_V6);
    } else {
        ip_addr_set_ip4_u32(out, in->sin_addr.s_addr);
    }
    return true;
}

static int read_group(struct membership_request *r, bool is_v6, uaddr_t value,
                      unsigned len)
{
    struct group_req g;
    int err = membership_take(&g, sizeof(g), value, len);

    if (err)
        return err;
    if (!membership_take_addr(&r->group, is_v6, &g.gr_group))
        return is_v6 ? -EADDRNOTAVAIL : -EINVAL;
    take_index(r, is_v6, g.gr_interface);
    return 0;
}

static int read_group_source(struct membership_request *r, bool is_v6,
                             uaddr_t value, unsigned len)
{
    struct group_source_req g;
    int err = membership_take(&g, sizeof(g), value, len);

    if (err)
        return err;
    if (!membership_take_addr(&r->group, is_v6, &g.gsr_group) ||
        !membership_take_addr(&r->source, is_v6, &g.gsr_source))
        return -EADDRNOTAVAIL;
    take_index(r, is_v6, g.gsr_interface);
    return 0;
}

enum form { MREQ, MREQ6, MREQ_SOURCE, GROUP, GROUP_SOURCE };

static const struct {
    uint8_t name, verb, form;
} group_options[] = {
    { IP_ADD_MEMBERSHIP, JOIN, MREQ },
    { IP_DROP_MEMBERSHIP, LEAVE, MREQ },
    { IP_ADD_SOURCE_MEMBERSHIP, SOURCE_JOIN, MREQ_SOURCE },
    { IP_DROP_SOURCE_MEMBERSHIP, SOURCE_LEAVE, MREQ_SOURCE },
    { IP_BLOCK_SOURCE, SOURCE_BLOCK, MREQ_SOURCE },
    { IP_UNBLOCK_SOURCE, SOURCE_UNBLOCK, MREQ_SOURCE },
    { IPV6_ADD_MEMBERSHIP, JOIN, MREQ6 },
    { IPV6_DROP_MEMBERSHIP, LEAVE, MREQ6 },
    { MCAST_JOIN_GROUP, JOIN, GROUP },
    { MCAST_LEAVE_GROUP, LEAVE, GROUP },
    { MCAST_JOIN_SOURCE_GROUP, SOURCE_JOIN, GROUP_SOURCE },
    { MCAST_LEAVE_SOURCE_GROUP, SOURCE_LEAVE, GROUP_SOURCE },
    { MCAST_BLOCK_SOURCE, SOURCE_BLOCK, GROUP_SOURCE },
    { MCAST_UNBLOCK_SOURCE, SOURCE_UNBLOCK, GROUP_SOURCE },
};

static bool is_of_level(enum form form, bool is_v6)
{
    return form >= GROUP || (form == MREQ6) == is_v6;
}

static int read_request(struct membership_request *r, enum form form,
                        bool is_v6, uaddr_t value, unsigned len)
{
    switch (form) {
    case MREQ:
        return read_mreq(r, value, len);
    case MREQ6:
        return read_mreq6(r, value, len);
    case MREQ_SOURCE:
        return read_mreq_source(r, value, len);
    case GROUP:
        return read_group(r, is_v6, value, len);
    default:
        return read_group_source(r, is_v6, value, len);
    }
}

int inet_set_group(struct inet_sock *i, int level, int name, uaddr_t value,
                   unsigned len)
{
    bool is_v6 = level == IPPROTO_IPV6;
    struct membership_request r = { 0 };

    for (unsigned n = 0; n < ARRAY_LEN(group_options); n++) {
        enum form form = group_options[n].form;
        int err;

        if (group_options[n].name != name || !is_of_level(form, is_v6))
            continue;
        err = read_request(&r, form, is_v6, value, len);
        return err ? err : act(i, &r, group_options[n].verb);
    }
    return -ENOPROTOOPT;
}

int inet_set_mcast_if(struct inet_sock *i, uaddr_t value, unsigned len)
{
    struct ip_mreqn r = { 0 };
    uint8_t index = 0;
    ip4_addr_t addr;

    if (len < sizeof(struct in_addr))
        return -EINVAL;
    /* Of three forms: an address alone is the shortest. */
    if (len < sizeof(struct ip_mreq)
            ? copy_from_user(&r.imr_address, value, sizeof(struct in_addr))
            : copy_from_user(&r, value, MIN(len, sizeof(r))))
        return -EFAULT;
    addr.addr = r.imr_address.s_addr;
    if (addr.addr || r.imr_ifindex)
        index = netif_for(&addr, (uint32_t)r.imr_ifindex);
    if (index && !netif_get_by_index(index))
        return -EADDRNOTAVAIL;
    i->mcast_index = index;
    i->mcast_from = addr.addr;
    return 0;
}
