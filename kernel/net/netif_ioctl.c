/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netif_ioctl.c - netdevice(7): interfaces by ioctl, on sockets of any family.
 *
 * What is of the interface itself every socket answers; addresses and routes
 * belong to AF_INET's and AF_INET6's.
 */
#include <linux/capability.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>

#include "core/errno.h"
#include "core/string.h"
#include "mm/user.h"
#include "net/abi.h"
#include "net/etc.h"
#include "net/if_abi.h"
#include "net/netif.h"
#include "sched/process.h"

#pragma weak inet_wait_configured

#define ATF_COM 2 /* an ARP entry that is complete */

static int check_root(void)
{
    return process_has_cap(process_current(), CAP_NET_ADMIN) ? 0 : -EPERM;
}

static void put_in(struct abi_sockaddr_in *out, const uint8_t *addr)
{
    *out = (struct abi_sockaddr_in){ .family = AF_INET };
    memcpy(out->addr, addr, sizeof(out->addr));
}

static void put_mask(struct abi_sockaddr_in *out, unsigned prefix_len)
{
    uint32_t mask = prefix_len ? ~0u << (32 - prefix_len) : 0;
    const uint8_t bytes[4] = { (uint8_t)(mask >> 24), (uint8_t)(mask >> 16),
                               (uint8_t)(mask >> 8), (uint8_t)mask };

    put_in(out, bytes);
}

/* -EINVAL: the ones are not all at the front. */
static int prefix_of_mask(const uint8_t *mask)
{
    int len = 0;

    while (len < 32 && mask[len / 8] & 0x80 >> len % 8)
        len++;
    for (int i = len; i < 32; i++)
        if (mask[i / 8] & 0x80 >> i % 8)
            return -EINVAL;
    return len;
}

/* ---- lists ---- */

/* Every IPv4 address with its interface's name. */
static long get_conf(uaddr_t arg)
{
    struct abi_ifconf conf;
    struct netif_addr a;
    int32_t used = 0;

    if (copy_from_user(&conf, arg, sizeof(conf)))
        return -EFAULT;
    for (unsigned n = 0; netif_addr(n, &a); n++) {
        struct abi_ifreq r = { 0 };
        struct netif_link l;

        if (a.family != AF_INET || !netif_link_by_index(a.index, &l))
            continue;
        memcpy(r.name, l.name, sizeof(r.name));
        put_in(&r.addr, a.addr);
        if (conf.buf && conf.len - used < (int32_t)sizeof(r))
            break;
        if (conf.buf && copy_to_user(conf.buf + (uaddr_t)used, &r, sizeof(r)))
            return -EFAULT;
        used += (int32_t)sizeof(r);
    }
    conf.len = used;
    return copy_to_user(arg, &conf, sizeof(conf)) ? -EFAULT : 0;
}

static long get_name(uaddr_t arg)
{
    struct abi_ifreq r;
    struct netif_link l;

    if (copy_from_user(&r, arg, sizeof(r)))
        return -EFAULT;
    if (r.value <= 0 || !netif_link_by_index((unsigned)r.value, &l))
        return -ENODEV;
    memcpy(r.name, l.name, sizeof(r.name));
    return copy_to_user(arg, &r, sizeof(r)) ? -EFAULT : 0;
}

/* ---- one interface, whatever the socket ---- */

static int get_of_link(unsigned cmd, const struct netif_link *l,
                       struct abi_ifreq *r)
{
    switch (cmd) {
    case SIOCGIFFLAGS:
        r->flags = (int16_t)l->flags;
        return 0;
    case SIOCGIFMETRIC:
        r->value = 0;
        return 0;
    case SIOCGIFMTU:
        r->value = (int32_t)l->mtu;
        return 0;
    case SIOCGIFINDEX:
        r->value = (int32_t)l->index;
        return 0;
    case SIOCGIFTXQLEN:
        r->value = (int32_t)l->tx_queue_len;
        return 0;
    case SIOCGIFHWADDR:
        memset(&r->hwaddr, 0, sizeof(r->hwaddr));
        r->hwaddr.family = l->type;
        memcpy(r->hwaddr.data, l->mac, sizeof(l->mac));
        return 0;
    case SIOCGIFMAP:
        memset(r->map, 0, sizeof(r->map));
        return 0;
    case SIOCETHTOOL:
    case SIOCGMIIPHY:
    case SIOCGMIIREG:
        return -EOPNOTSUPP;
    default:
        return -ENOTTY;
    }
}

static int set_link(unsigned cmd, const struct netif_link *l,
                    const struct abi_ifreq *r)
{
    uint32_t flags;
    int err;

    switch (cmd) {
    case SIOCSIFFLAGS:
        err = check_root();
        flags =
            (l->flags & ~IFF_SETTABLE) | ((uint32_t)r->flags & IFF_SETTABLE);
        return err ? err : netif_change_link(l->index, flags, l->mtu);
    case SIOCSIFMTU:
        err = check_root();
        if (!err && r->value < 0)
            err = -EINVAL;
        return err ? err
                   : netif_change_link(l->index, l->flags, (uint32_t)r->value);
    case SIOCSIFNAME:
    case SIOCSIFMETRIC:
    case SIOCSIFHWADDR:
    case SIOCSIFTXQLEN:
    case SIOCSIFMAP:
        err = check_root();
        return err ? err : -EOPNOTSUPP;
    default:
        return -ENOTTY;
    }
}

/* ---- its IPv4 address ---- */

static int get_inet(unsigned cmd, const struct netif_link *l,
                    struct abi_ifreq *r)
{
    uint8_t broadcast[16] = { 0 };
    struct netif_addr a;

    if (cmd != SIOCGIFADDR && cmd != SIOCGIFDSTADDR && cmd != SIOCGIFBRDADDR &&
        cmd != SIOCGIFNETMASK)
        return -ENOTTY;
    if (!netif_addr_of(l->index, AF_INET, 0, &a))
        return -EADDRNOTAVAIL;
    if (cmd == SIOCGIFNETMASK) {
        put_mask(&r->addr, a.prefix_len);
    } else if (cmd == SIOCGIFBRDADDR) {
        netif_broadcast(&a, broadcast);
        put_in(&r->addr, broadcast);
    } else {
        put_in(&r->addr, a.addr);
    }
    return 0;
}

/* Which prefix an address had before there were any. */
static uint8_t class_prefix(const uint8_t *addr)
{
    return addr[0] < 128 ? 8 : addr[0] < 192 ? 16 : 24;
}

/* The interface's first address becomes this one, or the only one. */
static int replace_addr(const struct netif_link *l, const uint8_t *addr,
                        uint8_t prefix_len)
{
    struct netif_addr a = { .index = l->index,
                            .family = AF_INET,
                            .prefix_len = prefix_len,
                            .valid_s = NETIF_FOREVER,
                            .preferred_s = NETIF_FOREVER };
    struct netif_addr old;
    int err;

    memcpy(a.addr, addr, 4);
    if (netif_addr_of(l->index, AF_INET, 0, &old)) {
        if (memcmp(old.addr, addr, 4) == 0 && old.prefix_len == prefix_len)
            return 0;
        err = netif_change_addr(&old, false);
        if (err)
            return err;
    }
    return netif_change_addr(&a, true);
}

static int set_inet(unsigned cmd, const struct netif_link *l,
                    const struct abi_ifreq *r)
{
    int err = check_root(), prefix_len;
    struct netif_addr a;

    if (cmd != SIOCSIFADDR && cmd != SIOCSIFNETMASK && cmd != SIOCSIFBRDADDR &&
        cmd != SIOCSIFDSTADDR)
        return -ENOTTY;
    if (err)
        return err;
    if (r->addr.family != AF_INET)
        return -EINVAL;
    if (cmd == SIOCSIFADDR)
        return replace_addr(l, r->addr.addr, class_prefix(r->addr.addr));
    if (!netif_addr_of(l->index, AF_INET, 0, &a))
        return -EADDRNOTAVAIL;
    if (cmd != SIOCSIFNETMASK)
        return -EOPNOTSUPP;
    prefix_len = prefix_of_mask(r->addr.addr);
    return prefix_len < 0 ? prefix_len
                          : replace_addr(l, a.addr, (uint8_t)prefix_len);
}

/* ---- routes and neighbours ---- */

static long change_route(uaddr_t arg, bool add)
{
    struct netif_route r = { .family = AF_INET,
                             .table = RT_TABLE_MAIN,
                             .type = RTN_UNICAST,
                             .protocol = RTPROT_BOOT };
    struct netif_route on_link;
    struct abi_rtentry entry;
    int err = check_root(), prefix_len;

    if (err)
        return err;
    if (copy_from_user(&entry, arg, sizeof(entry)))
        return -EFAULT;
    prefix_len = prefix_of_mask(entry.mask.addr);
    if (prefix_len < 0 || entry.dst.family != AF_INET)
        return prefix_len < 0 ? prefix_len : -EAFNOSUPPORT;
    r.dst_len = entry.flags & RTF_HOST ? 32 : (uint8_t)prefix_len;
    r.has_gateway = entry.flags & RTF_GATEWAY;
    memcpy(r.dst, entry.dst.addr, 4);
    memcpy(r.gateway, entry.gateway.addr, 4);
    if (add && r.has_gateway) {
        if (!netif_route_to(AF_INET, r.gateway, &on_link) ||
            on_link.has_gateway)
            return -ENETUNREACH;
        r.index = on_link.index;
    }
    return netif_change_route(&r, add);
}

static long change_route_6(uaddr_t arg, bool add)
{
    struct netif_route r = { .family = AF_INET6,
                             .table = RT_TABLE_MAIN,
                             .type = RTN_UNICAST,
                             .protocol = RTPROT_BOOT };
    struct abi_in6_rtmsg entry;
    int err = check_root();

    if (err)
        return err;
    if (copy_from_user(&entry, arg, sizeof(entry)))
        return -EFAULT;
    if (entry.dst_len > 128)
        return -EINVAL;
    r.index = (unsigned)entry.index;
    r.dst_len = (uint8_t)entry.dst_len;
    r.metric = entry.metric;
    r.has_gateway = entry.flags & RTF_GATEWAY;
    memcpy(r.dst, entry.dst, 16);
    memcpy(r.gateway, entry.gateway, 16);
    return netif_change_route(&r, add);
}

static long change_addr_6(uaddr_t arg, bool add)
{
    struct netif_addr a = { .family = AF_INET6,
                            .valid_s = NETIF_FOREVER,
                            .preferred_s = NETIF_FOREVER };
    struct abi_in6_ifreq r;
    int err = check_root();

    if (err)
        return err;
    if (copy_from_user(&r, arg, sizeof(r)))
        return -EFAULT;
    if (r.prefix_len > 128)
        return -EINVAL;
    a.index = (unsigned)r.index;
    a.prefix_len = (uint8_t)r.prefix_len;
    memcpy(a.addr, r.addr, sizeof(a.addr));
    return netif_change_addr(&a, add);
}

static long get_arp(uaddr_t arg)
{
    struct netif_neighbour n;
    struct abi_arpreq r;

    if (copy_from_user(&r, arg, sizeof(r)))
        return -EFAULT;
    if (r.addr.family != AF_INET)
        return -EPFNOSUPPORT;
    for (unsigned i = 0; netif_neighbour(i, &n); i++) {
        if (n.family != AF_INET || memcmp(n.addr, r.addr.addr, 4) != 0)
            continue;
        r.hwaddr.family = ARPHRD_ETHER;
        memset(r.hwaddr.data, 0, sizeof(r.hwaddr.data));
        memcpy(r.hwaddr.data, n.mac, sizeof(n.mac));
        r.flags = n.state & (NUD_INCOMPLETE | NUD_FAILED) ? 0 : ATF_COM;
        return copy_to_user(arg, &r, sizeof(r)) ? -EFAULT : 0;
    }
    return -ENXIO;
}

/* What belongs to a family and has a structure of its own. -ENOTTY: another */
static long family_ioctl(unsigned family, unsigned cmd, uaddr_t arg)
{
    bool is_v6 = family == AF_INET6;
    int err;

    if (family != AF_INET && !is_v6)
        return -ENOTTY;
    switch (cmd) {
    case SIOCADDRT:
    case SIOCDELRT:
        return is_v6 ? change_route_6(arg, cmd == SIOCADDRT)
                     : change_route(arg, cmd == SIOCADDRT);
    case SIOCSIFADDR:
    case SIOCDIFADDR:
        return is_v6 ? change_addr_6(arg, cmd == SIOCSIFADDR) : -ENOTTY;
    case SIOCGARP:
        return is_v6 ? -ENOTTY : get_arp(arg);
    case SIOCSARP:
    case SIOCDARP:
        if (is_v6)
            return -ENOTTY;
        err = check_root();
        return err ? err : -EOPNOTSUPP;
    default:
        return -ENOTTY;
    }
}

/* Does the number belong to an ioctl with a struct ifreq? */
static bool is_ifreq(unsigned cmd)
{
    return (cmd >= SIOCGIFFLAGS && cmd <= SIOCDIFADDR && cmd != SIOCGIFCONF) ||
           (cmd >= SIOCGIFTXQLEN && cmd <= SIOCGMIIREG) || cmd == SIOCGIFMAP ||
           cmd == SIOCSIFMAP;
}

static int ifreq_ioctl(unsigned family, unsigned cmd,
                       const struct netif_link *l, struct abi_ifreq *r)
{
    int err = get_of_link(cmd, l, r);

    if (err == -ENOTTY && family == AF_INET)
        err = get_inet(cmd, l, r);
    if (err == -ENOTTY)
        err = set_link(cmd, l, r);
    if (err == -ENOTTY && family == AF_INET)
        err = set_inet(cmd, l, r);
    return err;
}

long netif_ioctl(unsigned family, unsigned cmd, uaddr_t arg)
{
    struct netif_link l;
    struct abi_ifreq r;
    char *alias;
    long err;

    if (family == AF_PACKET) /* which asks IPv4 for addresses and routes */
        family = AF_INET;
    err = family_ioctl(family, cmd, arg);

    if (err != -ENOTTY)
        return err;
    if (inet_wait_configured && (cmd == SIOCGIFCONF || cmd == SIOCGIFADDR))
        inet_wait_configured();
    if (cmd == SIOCGIFCONF)
        return get_conf(arg);
    if (cmd == SIOCGIFNAME)
        return get_name(arg);
    if (!is_ifreq(cmd))
        return -ENOTTY;
    if (copy_from_user(&r, arg, sizeof(r)))
        return -EFAULT;
    r.name[sizeof(r.name) - 1] = '\0';
    alias = strchr(r.name, ':');
    if (alias)
        *alias = '\0';
    if (!netif_link_by_name(r.name, &l))
        return -ENODEV;
    err = ifreq_ioctl(family, cmd, &l, &r);
    if (alias)
        *alias = ':';
    if (err)
        return err;
    return copy_to_user(arg, &r, sizeof(r)) ? -EFAULT : 0;
}
