/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udp.c - UDP sockets.
 *
 * ip4.c and ip6.c are compiled to call inet_udp_input() where they call
 * udp_input(). What no socket here takes goes on to lwIP's, where its DHCP
 * has a port, and which tells the sender that nobody has the port.
 */
#include "lwip/prot/udp.h"
#include "core/errno.h"
#include "core/string.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/prot/iana.h"
#include "lwip/udp.h"
#include "mm/heap.h"
#include "net/inet/dgram.h"
#include "net/inet/icmp.h"

/* Of a part, IPPROTO_IP: absent in kernels without it. */
#pragma weak udp_cork_send

/* ---- receiving ---- */

static bool is_from_peer(const struct inet_sock *i, uint16_t from_port)
{
    return !i->remote_port || (i->remote_port == from_port &&
                               ip_addr_cmp(&i->remote, ip_current_src_addr()));
}

/* Does it want this packet, and how well does it fit? 0: no */
static unsigned fit(const struct inet_sock *i, const struct udp_hdr *h)
{
    uint16_t from_port = lwip_ntohs(h->src);
    unsigned score;

    if (!inet_port_is(i, IPPROTO_UDP, lwip_ntohs(h->dest)) ||
        !is_from_peer(i, from_port))
        return 0;
    score = inet_port_match(i, ip_current_dest_addr());
    return score && i->remote_port ? score + 8 : score;
}

/* To all that want it: broadcast, multicast. */
static bool deliver_all(struct pbuf *p, const struct udp_hdr *h)
{
    bool is_mcast = ip_addr_ismulticast(ip_current_dest_addr());
    bool taken = false;

    LIST_FOR_EACH(it, inet_port_list(lwip_ntohs(h->dest)))
    {
        struct inet_sock *i = LIST_ENTRY(it, struct inet_sock, ports);
        struct pbuf *copy;

        if (!inet_port_is(i, IPPROTO_UDP, lwip_ntohs(h->dest)) ||
            !is_from_peer(i, lwip_ntohs(h->src)) ||
            !inet_port_match(i, ip_current_dest_addr()) ||
            (is_mcast && dgram_refuses(i)))
            continue;
        copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
        if (!copy)
            break;
        pbuf_remove_header(copy, UDP_HLEN);
        dgram_queue_take(dgram_of(&i->s), copy, lwip_ntohs(h->src));
        taken = true;
    }
    if (taken)
        pbuf_free(p);
    return taken;
}

static bool deliver_one(struct pbuf *p, const struct udp_hdr *h)
{
    struct inet_sock *best = NULL;
    unsigned best_fit = 0, equals = 0;

    LIST_FOR_EACH(it, inet_port_list(lwip_ntohs(h->dest)))
    {
        struct inet_sock *i = LIST_ENTRY(it, struct inet_sock, ports);
        unsigned n = fit(i, h);

        if (n == 0 || n < best_fit)
            continue;
        equals = n == best_fit ? equals + 1 : 1;
        best_fit = n;
        /* The last one that was bound, or any of those that share the port. */
        if (equals == 1 || !socket_flag(&i->s, SO_REUSEPORT) ||
            inet_port_takes_over(ip_current_src_addr(), lwip_ntohs(h->src),
                                 equals))
            best = i;
    }
    if (!best)
        return false;
    {
        uint16_t from_port = lwip_ntohs(h->src);

        pbuf_remove_header(p, UDP_HLEN);
        dgram_queue_take(dgram_of(&best->s), p, from_port);
    }
    return true;
}

static bool is_sound(struct pbuf *p, const struct udp_hdr *h,
                     const struct netif *inp)
{
    unsigned len = lwip_ntohs(h->len);

    if (len < UDP_HLEN || len > p->tot_len)
        return false;
    if (len < p->tot_len)
        pbuf_realloc(p, (u16_t)len);
    if (!(inp->chksum_flags & NETIF_CHECKSUM_CHECK_UDP))
        return true;
    if (h->chksum == 0) /* RFC 8200, 8.1: only IPv4 may leave it out */
        return !ip_current_is_v6();
    return ip_chksum_pseudo(p, IP_PROTO_UDP, p->tot_len, ip_current_src_addr(),
                            ip_current_dest_addr()) == 0;
}

void inet_udp_input(struct pbuf *p, struct netif *inp)
{
    const struct udp_hdr *h = p->payload;
    bool to_many, is_lwip;

    if (p->len < UDP_HLEN || !is_sound(p, h, inp)) {
        inet_counters.udp_bad[ip_current_is_v6()]++;
        pbuf_free(p);
        return;
    }
    is_lwip = h->dest == PP_HTONS(LWIP_IANA_PORT_DHCP_CLIENT);
    to_many = ip_addr_ismulticast(ip_current_dest_addr()) ||
              ip_addr_isbroadcast(ip_current_dest_addr(), inp);
    if (to_many ? deliver_all(p, h) : deliver_one(p, h))
        return;
    if (!to_many && !is_lwip)
        inet_counters.udp_no_port[ip_current_is_v6()]++;
    /* DHCP's options are read on from one pbuf to the next, and too far. */
    if (is_lwip && p->next)
        pbuf_free(p);
    else
        udp_input(p, inp);
}

/* The socket that has sent what an error quotes: connected to there, or open to
 * all. */
static struct inet_sock *sender_of(const struct icmp_error *e)
{
    struct inet_sock *found = NULL;

    LIST_FOR_EACH(it, inet_port_list(e->local_port))
    {
        struct inet_sock *i = LIST_ENTRY(it, struct inet_sock, ports);

        if (!inet_port_is(i, IPPROTO_UDP, e->local_port) ||
            !inet_port_match(i, &e->local))
            continue;
        if (!i->remote_port)
            found = i;
        else if (i->remote_port == e->remote_port &&
                 ip_addr_cmp(&i->remote, &e->remote))
            return i;
    }
    return found;
}

void udp_icmp(const struct icmp_error *e)
{
    struct inet_sock *i = sender_of(e);

    if (i)
        dgram_icmp(dgram_of(&i->s), e, UDP_HLEN);
}

/* ---- sending ---- */

static void add_header(struct dgram_sock *d, struct pbuf *p,
                       const struct dgram_target *t)
{
    struct udp_hdr *h;

    pbuf_add_header(p, UDP_HLEN);
    h = p->payload;
    h->src = lwip_htons(d->i.local_port);
    h->dest = lwip_htons(t->port);
    h->len = lwip_htons(p->tot_len);
    h->chksum = 0;
    /* The device cannot sum what goes out in fragments. */
    if (!(t->netif->chksum_flags & NETIF_CHECKSUM_GEN_UDP) &&
        p->tot_len + IP6_HLEN <= t->netif->mtu)
        return;
    h->chksum = ip_chksum_pseudo(p, IP_PROTO_UDP, p->tot_len, &t->from, &t->to);
    if (h->chksum == 0)
        h->chksum = 0xffff; /* 0 is: none */
}

int udp_target(struct dgram_sock *d, struct socket_msg *m,
               struct dgram_target *t)
{
    int err = dgram_target(d, m, t);

    if (!err && t->port == 0)
        err = -EINVAL;
    if (!err && !d->i.local_port && inet_port_take(&d->i, 0))
        err = -EAGAIN;
    return err ? err : dgram_await_room(d, m, t);
}

int udp_output(struct dgram_sock *d, struct pbuf *p,
               const struct dgram_target *t)
{
    add_header(d, p, t);
    inet_counters.udp_out[IP_IS_V6_VAL(t->to)]++;
    return dgram_output(d, p, t);
}

static ssize_t udp_send_op(struct socket *s, struct socket_msg *m)
{
    struct dgram_sock *d = dgram_of(s);
    struct dgram_target t;
    struct io was = m->io;
    size_t len = m->io.left;
    struct pbuf *p;
    int err;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (UNLIKELY(d->cork || (m->flags & MSG_MORE)) && m->is_free)
        return SOCKET_WANTS_KERNEL;
    if (UNLIKELY(d->cork || (m->flags & MSG_MORE)))
        return udp_cork_send ? udp_cork_send(d, m) : -EOPNOTSUPP;
    if (len > UDP_PAYLOAD_MAX)
        return -EMSGSIZE;
    err = udp_target(d, m, &t);
    if (err)
        return err;
    err = dgram_alloc(d, m, &t, PBUF_TRANSPORT, &p);
    if (err)
        return err;
    if (io_get(&m->io, p->payload, len) < len) {
        pbuf_free(p);
        m->io = was; /* once more, if that was without the kernel lock */
        return -EFAULT;
    }
    err = udp_output(d, p, &t);
    if (!err)
        return (ssize_t)len;
    m->io = was;
    return err;
}

/* ---- creating ---- */

static const struct socket_ops udp_ops = {
    DGRAM_OPS(inet_name),
    .bind = inet_bind,
    .send = udp_send_op,
    .set_option = inet_set_option,
    .get_option = OPERATION(inet_get_option),
};

int udp_create(int family, struct socket **out)
{
    struct dgram_sock *d = dgram_new(family, SOCK_DGRAM, IPPROTO_UDP, &udp_ops);

    if (!d)
        return -ENOMEM;
    *out = &d->i.s;
    return 0;
}
