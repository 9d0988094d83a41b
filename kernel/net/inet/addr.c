/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addr.c - addresses as programs have them and as lwIP has them; names.
 */
#include <linux/capability.h>

#include "core/errno.h"
#include "core/string.h"
#include "net/inet/inet.h"
#include "sched/process.h"

#define SOCKADDR_IN6_OLD_LEN 24u /* without the scope, RFC 2133 */

/* ---- what a program says ---- */

static int get_v4(const struct socket_addr *a, ip_addr_t *ip, uint16_t *port)
{
    struct sockaddr_in in;

    memcpy(&in, a->bytes, sizeof(in));
    memset(ip, 0, sizeof(*ip));
    ip_addr_set_ip4_u32(ip, in.sin_addr.s_addr);
    *port = lwip_ntohs(in.sin_port);
    return 0;
}

static bool is_mapped(const uint32_t w[4])
{
    return w[0] == 0 && w[1] == 0 && w[2] == lwip_htonl(0xffff);
}

static int get_v6(const struct socket_addr *a, ip_addr_t *ip, uint16_t *port)
{
    struct sockaddr_in6 in = { 0 };
    uint32_t w[4];

    memcpy(&in, a->bytes, MIN(a->len, sizeof(in)));
    memcpy(w, &in.sin6_addr, sizeof(w));
    memset(ip, 0, sizeof(*ip));
    *port = lwip_ntohs(in.sin6_port);
    if (is_mapped(w)) {
        ip_addr_set_ip4_u32(ip, w[3]);
        return 0;
    }
    memcpy(ip_2_ip6(ip)->addr, w, sizeof(w));
    IP_SET_TYPE(ip, IPADDR_TYPE_V6);
    if (ip6_addr_has_scope(ip_2_ip6(ip), IP6_UNKNOWN))
        ip6_addr_set_zone(ip_2_ip6(ip), (u8_t)in.sin6_scope_id);
    return 0;
}

int inet_addr_get(const struct inet_sock *i, const struct socket_addr *a,
                  ip_addr_t *ip, uint16_t *port)
{
    unsigned least = inet_is_v6(i) ? SOCKADDR_IN6_OLD_LEN
                                   : (unsigned)sizeof(struct sockaddr_in);
    int err;

    /* Datagrams of IPv6's sockets go to addresses of both kinds. */
    if (UNLIKELY(a->family == AF_INET) &&
        a->len >= sizeof(struct sockaddr_in) && inet_is_v6(i) &&
        i->s.type == SOCK_DGRAM)
        return i->v6_only ? -ENETUNREACH : get_v4(a, ip, port);
    if (a->len < least)
        return -EINVAL;
    if (a->family != i->s.family)
        return -EAFNOSUPPORT;
    if (!inet_is_v6(i))
        return get_v4(a, ip, port);
    err = get_v6(a, ip, port);
    if (!err && i->v6_only && !IP_IS_V6(ip))
        return -ENETUNREACH;
    return err;
}

void inet_addr_any(const struct inet_sock *i, ip_addr_t *out)
{
    memset(out, 0, sizeof(*out));
    if (inet_is_v6(i))
        IP_SET_TYPE(out, i->v6_only ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY);
}

void inet_addr_loopback(const struct inet_sock *i, ip_addr_t *a)
{
    (void)i;
    if (IP_IS_V6(a))
        ip_addr_set_loopback(true, a);
    else
        ip_addr_set_loopback(false, a);
}

/* ---- what it is told ---- */

void inet_addr_put(const struct inet_sock *i, const ip_addr_t *ip,
                   uint16_t port, struct socket_addr *out)
{
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
                                .sin6_port = lwip_htons(port) };
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_port = lwip_htons(port) };
    uint32_t w[4] = { 0, 0, lwip_htonl(0xffff), 0 };

    if (!inet_is_v6(i)) {
        in.sin_addr.s_addr = ip_2_ip4(ip)->addr;
        memcpy(out->bytes, &in, sizeof(in));
        out->len = sizeof(in);
        return;
    }
    if (IP_GET_TYPE(ip) == IPADDR_TYPE_V4) {
        w[3] = ip_2_ip4(ip)->addr;
    } else {
        memcpy(w, ip_2_ip6(ip)->addr, sizeof(w));
        in6.sin6_scope_id = ip6_addr_zone(ip_2_ip6(ip));
    }
    memcpy(&in6.sin6_addr, w, sizeof(w));
    memcpy(out->bytes, &in6, sizeof(in6));
    out->len = sizeof(in6);
}

int inet_name(struct socket *s, enum socket_end end, struct socket_addr *out)
{
    const struct inet_sock *i = inet_of(s);
    int err = 0;

    inet_enter();
    if (end == SOCKET_END_OWN)
        inet_addr_put(i, &i->local, i->local_port, out);
    else if (i->remote_port)
        inet_addr_put(i, &i->remote, i->remote_port, out);
    else
        err = -ENOTCONN;
    inet_leave();
    return err;
}

/* ---- bind() ---- */

/* The same as bind() has it, for addresses that nobody connects to. */
static int bind_addr_get(const struct inet_sock *i, const struct socket_addr *a,
                         ip_addr_t *ip, uint16_t *port)
{
    struct socket_addr in = *a;
    int err;

    /* Old programs leave the family out of 0.0.0.0. */
    if (!inet_is_v6(i) && a->len >= sizeof(struct sockaddr_in) &&
        a->family == AF_UNSPEC)
        in.family = AF_INET;
    if (inet_is_v6(i) && a->len >= SOCKADDR_IN6_OLD_LEN && a->family == AF_INET)
        return -EAFNOSUPPORT;
    if (inet_is_v6(i) && a->len < SOCKADDR_IN6_OLD_LEN)
        return -EINVAL;
    err = inet_addr_get(i, &in, ip, port);
    if (err == -ENETUNREACH)
        return -EINVAL; /* a mapped address, IPv6 only */
    if (!err && a->family == AF_UNSPEC && !ip_addr_isany(ip))
        return -EAFNOSUPPORT;
    return err;
}

/* -EINVAL an address of one link, and not said of which; -ENODEV */
static int check_scope(const ip_addr_t *ip)
{
    if (!IP_IS_V6(ip) || !ip6_addr_has_scope(ip_2_ip6(ip), IP6_UNKNOWN))
        return 0;
    if (!ip6_addr_has_zone(ip_2_ip6(ip)))
        return -EINVAL;
    return netif_get_by_index(ip6_addr_zone(ip_2_ip6(ip))) ? 0 : -ENODEV;
}

static int bind_to(struct socket *s, struct socket_addr *a)
{
    struct inet_sock *i = inet_of(s);
    ip_addr_t ip, was = i->local;
    uint16_t port;
    int err = bind_addr_get(i, a, &ip, &port);

    if (err)
        return err;
    if (i->local_port || i->is_bound)
        return -EINVAL;
    err = check_scope(&ip);
    if (err)
        return err;
    if (!ip_addr_isany(&ip) && !i->free_bind && !inet_is_local(&ip) &&
        (s->type == SOCK_STREAM || !ip_addr_ismulticast(&ip)))
        return -EADDRNOTAVAIL;
    if (port && port < INET_PORT_ROOT &&
        !process_has_cap(process_current(), CAP_NET_BIND_SERVICE))
        return -EACCES;
    /* An IPv6 socket bound to :: takes IPv4 too, to ::ffff:0.0.0.0 only it. */
    if (ip_addr_isany(&ip) && (IP_IS_V6(&ip) || !inet_is_v6(i)))
        inet_addr_any(i, &ip);
    i->local = ip;
    if (port || !i->binds_no_port) /* else connecting takes one */
        err = inet_port_take(i, port);
    if (err)
        i->local = was;
    else
        i->is_bound = true;
    return err;
}

int inet_bind(struct socket *s, struct socket_addr *a)
{
    int err;

    inet_enter();
    err = bind_to(s, a);
    inet_leave();
    return err;
}
