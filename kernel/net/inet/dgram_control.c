/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dgram_control.c - ancillary data of datagrams: where from, when, how far.
 */
#include <linux/ipv6.h>

#include "core/errno.h"
#include "core/string.h"
#include "net/inet/dgram.h"

/* ---- receiving ---- */

static void put_pktinfo(struct dgram_sock *d, struct socket_msg *m,
                        const struct packet *k)
{
    struct in6_pktinfo info6 = { .ipi6_ifindex = k->netif_index };
    struct in_pktinfo info = { .ipi_ifindex = k->netif_index };
    uint32_t mapped[4] = { 0, 0, lwip_htonl(0xffff), ip_2_ip4(&k->to)->addr };
    bool is_v6 = IP_IS_V6_VAL(k->to);
    const struct netif *n = netif_get_by_index(k->netif_index);

    if ((d->i.wants & INET_WANT_PKTINFO) && !is_v6) {
        info.ipi_addr.s_addr = ip_2_ip4(&k->to)->addr;
        info.ipi_spec_dst = info.ipi_addr;
        if (n && !inet_is_local(&k->to)) /* what went to many is answered so */
            info.ipi_spec_dst.s_addr = netif_ip4_addr(n)->addr;
        (void)!socket_control_put(m, IPPROTO_IP, IP_PKTINFO, &info,
                                  sizeof(info));
    }
    if (d->i.wants & INET_WANT_PKTINFO6) {
        memcpy(&info6.ipi6_addr, is_v6 ? ip_2_ip6(&k->to)->addr : mapped, 16);
        (void)!socket_control_put(m, IPPROTO_IPV6, IPV6_PKTINFO, &info6,
                                  sizeof(info6));
    }
}

/* Where it was sent to, the port included: what a proxy wants to know. */
static void put_destination(struct dgram_sock *d, struct socket_msg *m,
                            const struct packet *k)
{
    struct socket_addr a;

    inet_addr_put(&d->i, &k->to, d->i.local_port, &a);
    if ((d->i.wants & INET_WANT_ORIGDST6))
        (void)!socket_control_put(m, IPPROTO_IPV6, IPV6_ORIGDSTADDR, a.bytes,
                                  a.len);
    if ((d->i.wants & INET_WANT_ORIGDST) && !IP_IS_V6_VAL(k->to)) {
        struct sockaddr_in in = { .sin_family = AF_INET,
                                  .sin_port = lwip_htons(d->i.local_port),
                                  .sin_addr = { ip_2_ip4(&k->to)->addr } };

        (void)!socket_control_put(m, IPPROTO_IP, IP_ORIGDSTADDR, &in,
                                  sizeof(in));
    }
}

/* When it came; if the program has asked only since then, now. */
void dgram_control_put(struct dgram_sock *d, struct socket_msg *m,
                       const struct packet *k)
{
    int ttl = k->ttl, tclass = k->tos;
    bool is_v6 = IP_IS_V6_VAL(k->to);

    if (d->i.wants & INET_WANT_STAMP)
        socket_stamp_put(&d->i.s, m, k->stamp_ns);
    put_pktinfo(d, m, k);
    if ((d->i.wants & INET_WANT_TTL) && !is_v6)
        (void)!socket_control_put(m, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
    if ((d->i.wants & INET_WANT_TOS) && !is_v6)
        (void)!socket_control_put(m, IPPROTO_IP, IP_TOS, &k->tos, 1);
    if ((d->i.wants & INET_WANT_HOPLIMIT6) && is_v6)
        (void)!socket_control_put(m, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl,
                                  sizeof(ttl));
    if ((d->i.wants & INET_WANT_TCLASS6) && is_v6)
        (void)!socket_control_put(m, IPPROTO_IPV6, IPV6_TCLASS, &tclass,
                                  sizeof(tclass));
    if (d->i.wants & (INET_WANT_ORIGDST | INET_WANT_ORIGDST6))
        put_destination(d, m, k);
}

/* ---- sending ---- */

/* Through that interface, from its address unless another is asked for. */
static int take_index(const struct dgram_sock *d, struct dgram_target *t,
                      uint32_t index)
{
    if (index > UINT8_MAX || !netif_get_by_index((u8_t)index))
        return -ENODEV;
    if (IP_IS_V6_VAL(t->to) &&
        ip6_addr_has_scope(ip_2_ip6(&t->to), IP6_UNKNOWN))
        ip6_addr_set_zone(ip_2_ip6(&t->to), (u8_t)index);
    t->route_err = inet_route_on(&d->i, &t->to, index, &t->netif, &t->from);
    return 0;
}

static int take_pktinfo(const struct dgram_sock *d,
                        const struct socket_control *c, struct dgram_target *t)
{
    const struct in6_pktinfo *in6 = (const void *)c->data;
    const struct in_pktinfo *in = (const void *)c->data;
    bool is_ip4 = c->level == IPPROTO_IP;
    uint32_t index;
    int err;

    if (is_ip4 ? c->len != sizeof(*in) : c->len < sizeof(*in6))
        return -EINVAL;
    index = is_ip4 ? (uint32_t)in->ipi_ifindex : (uint32_t)in6->ipi6_ifindex;
    err = index ? take_index(d, t, index) : 0;
    if (err)
        return err;
    if (is_ip4) {
        if (in->ipi_spec_dst.s_addr && !IP_IS_V6_VAL(t->to))
            ip_addr_set_ip4_u32(&t->from, in->ipi_spec_dst.s_addr);
    } else if (IP_IS_V6_VAL(t->to) && in6->ipi6_addr.in6_u.u6_addr32[0]) {
        memcpy(ip_2_ip6(&t->from)->addr, &in6->ipi6_addr, 16);
    }
    return t->route_err || inet_is_local(&t->from) ? 0 : -EINVAL;
}

/* A number from a control message, as Linux takes them: for IPv6 an int, of
 * which -1 stands for what is set; for IPv4 an int, and a byte for IP_TOS. */
static int control_value(const struct socket_control *c, int *value)
{
    bool is_ip4 = c->level == IPPROTO_IP;

    if (c->len == sizeof(*value))
        memcpy(value, c->data, sizeof(*value));
    else if (c->len == 1 && is_ip4 && c->type == IP_TOS)
        *value = c->data[0];
    else
        return -EINVAL;
    if (*value > 255 || *value < (is_ip4 ? c->type == IP_TTL : -1))
        return -EINVAL;
    return 0;
}

/* SOL_SOCKET's: what has no meaning for packets is passed over. */
static int take_general(const struct socket_control *c)
{
    switch (c->type) {
    case SCM_RIGHTS:
    case SCM_CREDENTIALS:
        return 0;
    case SO_MARK:
    case SO_PRIORITY:
        return c->len == sizeof(uint32_t) ? 0 : -EINVAL;
    default:
        return -EINVAL; /* SO_TXTIME, SO_TIMESTAMPING: nobody has them */
    }
}

static int take_control(const struct dgram_sock *d,
                        const struct socket_control *c, struct dgram_target *t)
{
    bool is_ip4 = c->level == IPPROTO_IP;
    uint8_t *which;
    int value;

    if (c->level == SOL_SOCKET)
        return take_general(c);
    if (!is_ip4 && c->level != IPPROTO_IPV6) /* others' are no matter ... */
        return c->level == IPPROTO_UDP ? -EINVAL : 0; /* but UDP_SEGMENT */
    if (c->type == (is_ip4 ? IP_PKTINFO : IPV6_PKTINFO))
        return take_pktinfo(d, c, t);
    if (c->type == (is_ip4 ? IP_TTL : IPV6_HOPLIMIT))
        which = &t->ttl;
    else if (c->type == (is_ip4 ? IP_TOS : IPV6_TCLASS))
        which = &t->tos;
    else
        return -EINVAL;
    if (control_value(c, &value))
        return -EINVAL;
    if (value >= 0)
        *which = (uint8_t)value;
    return 0;
}

int dgram_control_take(const struct dgram_sock *d, const struct socket_msg *m,
                       struct dgram_target *t)
{
    struct socket_control c;
    size_t off = 0;
    int more;

    while ((more = socket_control_next(m, &off, &c)) == 1) {
        int err = take_control(d, &c, t);

        if (err)
            return err;
    }
    return more ? more : t->route_err;
}
