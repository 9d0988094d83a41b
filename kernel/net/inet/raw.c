/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.c - raw sockets, and those of ping, which need no privilege.
 *
 * lwIP's ip_input() calls raw_input() (stack.c) for each packet that is for us,
 * before it looks at the protocol. A raw socket sees a copy of every
 * packet of its protocol; a ping socket only answers to its own requests, which
 * bear its port as their identifier.
 */
#include "net/inet/raw.h"

#include <linux/capability.h>

#include "core/errno.h"
#include "core/string.h"
#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/priv/raw_priv.h"
#include "mm/heap.h"
#include "net/inet/dgram.h"
#include "net/inet/frame_check.h"
#include "net/inet/icmp.h"
#include "sched/process.h"

#define ECHO_HLEN sizeof(struct icmp_echo_hdr)

/* ---- receiving ---- */

static bool is_filtered(const struct dgram_sock *d, uint8_t type)
{
    if (inet_is_v6(&d->i))
        return d->filter6[type / 32] >> (type % 32) & 1;
    return type < 32 && (d->filter >> type & 1);
}

/* Does this raw socket want the packet whose payload begins at `header_len`? */
static bool wants(const struct dgram_sock *d, const struct pbuf *p,
                  unsigned protocol, unsigned header_len)
{
    const struct inet_sock *i = &d->i;
    bool is_icmp = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;

    if (i->s.protocol != protocol || inet_is_v6(i) != ip_current_is_v6())
        return false;
    if (i->remote_port && !ip_addr_cmp(&i->remote, ip_current_src_addr()))
        return false;
    if (i->device_index &&
        i->device_index != netif_get_index(ip_current_input_netif()))
        return false;
    if (!ip_addr_isany(&i->local) &&
        !ip_addr_cmp(&i->local, ip_current_dest_addr()))
        return false;
    if (ip_addr_ismulticast(ip_current_dest_addr()) && dgram_refuses(i))
        return false;
    return !is_icmp || !is_filtered(d, pbuf_get_at(p, (u16_t)header_len));
}

/* RFC 3542, 3.1: who has the kernel make a checksum has it check it, too. */
static bool is_sum_wrong(const struct dgram_sock *d, struct pbuf *p)
{
    return d->checksum_offset >= 0 && ip_current_is_v6() &&
           ip6_chksum_pseudo(p, (u8_t)d->i.s.protocol, p->tot_len,
                             ip6_current_src_addr(), ip6_current_dest_addr());
}

static void give_copy(struct dgram_sock *d, struct pbuf *p, unsigned skip)
{
    struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);

    if (!copy)
        return;
    pbuf_remove_header(copy, skip);
    if (UNLIKELY(is_sum_wrong(d, copy)))
        pbuf_free(copy);
    else
        dgram_queue_take(d, copy, 0);
}

/* An echo reply for a ping socket. */
static void give_reply(struct pbuf *p, unsigned protocol, unsigned header_len)
{
    uint8_t reply = protocol == IPPROTO_ICMP ? ICMP_ER : ICMP6_TYPE_EREP;
    struct icmp_echo_hdr h;
    uint16_t id;

    if (pbuf_copy_partial(p, &h, ECHO_HLEN, (u16_t)header_len) != ECHO_HLEN ||
        ICMPH_TYPE(&h) != reply)
        return;
    id = lwip_ntohs(h.id);
    LIST_FOR_EACH(it, inet_port_list(id))
    {
        struct inet_sock *i = LIST_ENTRY(it, struct inet_sock, ports);

        if (inet_port_is(i, (int)protocol, id) &&
            inet_port_match(i, ip_current_dest_addr()) &&
            (!i->remote_port || ip_addr_cmp(&i->remote, ip_current_src_addr())))
            give_copy(dgram_of(&i->s), p, header_len);
    }
}

raw_input_state_t raw_take(struct pbuf *p)
{
    bool is_v6 = ip_current_is_v6();
    unsigned header_len = ip_current_header_tot_len();
    unsigned protocol = ip_current_header_proto();
    bool is_icmp = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
    bool taken = false;

    if (LIKELY(list_is_empty(&raw_all) && !is_icmp))
        return RAW_INPUT_NONE;
    LIST_FOR_EACH(it, &raw_all)
    {
        struct dgram_sock *d = LIST_ENTRY(it, struct dgram_sock, all_link);

        if (!wants(d, p, protocol, header_len))
            continue;
        give_copy(d, p, is_v6 ? header_len : 0); /* with IPv4's header */
        taken = true;
    }
    if (is_icmp)
        give_reply(p, protocol, header_len);
    return taken ? RAW_INPUT_DELIVERED : RAW_INPUT_NONE;
}

/* ---- errors ---- */

static void ping_icmp(const struct icmp_error *e)
{
    LIST_FOR_EACH(it, inet_port_list(e->local_port))
    {
        struct inet_sock *i = LIST_ENTRY(it, struct inet_sock, ports);

        if (inet_port_is(i, e->protocol, e->local_port) &&
            inet_port_match(i, &e->local))
            dgram_icmp(dgram_of(&i->s), e, 0);
    }
}

void raw_icmp(const struct icmp_error *e)
{
    LIST_FOR_EACH(it, &raw_all)
    {
        struct dgram_sock *d = LIST_ENTRY(it, struct dgram_sock, all_link);
        const struct inet_sock *i = &d->i;

        if (i->s.protocol == e->protocol &&
            inet_is_v6(i) == IP_IS_V6_VAL(e->remote) &&
            (!i->remote_port || ip_addr_cmp(&i->remote, &e->remote)) &&
            (ip_addr_isany(&i->local) || ip_addr_cmp(&i->local, &e->local)))
            dgram_icmp(d, e, 0);
    }
    if (e->protocol == IPPROTO_ICMP || e->protocol == IPPROTO_ICMPV6)
        ping_icmp(e);
}

/* ---- sending ---- */

/* Fill in what is the kernel's of a ping socket's message. -EINVAL */
static int finish_ping(struct dgram_sock *d, struct pbuf *p)
{
    struct icmp_echo_hdr *h = p->payload;
    bool is_v6 = inet_is_v6(&d->i);

    if (p->len < ECHO_HLEN || h->code != 0 ||
        h->type != (is_v6 ? ICMP6_TYPE_EREQ : ICMP_ECHO))
        return -EINVAL;
    h->id = lwip_htons(d->i.local_port);
    h->chksum = 0;
    if (!is_v6)
        h->chksum = inet_chksum_pbuf(p);
    return 0;
}

/* ICMPv6's checksum is the kernel's to fill in; others' if told where. */
static int fill_checksum6(struct dgram_sock *d, struct pbuf *p,
                          const struct dgram_target *t)
{
    int off = d->i.s.protocol == IPPROTO_ICMPV6
                  ? (int)offsetof(struct icmp6_hdr, chksum)
                  : d->checksum_offset;
    uint16_t sum = 0;
    uint8_t *at;

    if (off < 0 || !IP_IS_V6_VAL(t->to))
        return 0;
    if (off + 2 > p->len)
        return -EINVAL;
    at = (uint8_t *)p->payload + off;
    memcpy(at, &sum, sizeof(sum));
    sum = ip6_chksum_pseudo(p, (u8_t)d->i.s.protocol, p->tot_len,
                            ip_2_ip6(&t->from), ip_2_ip6(&t->to));
    memcpy(at, &sum, sizeof(sum));
    return 0;
}

/* What Linux fills in of a header of the program's own. -EINVAL */
static int finish_header4(struct pbuf *p, const struct dgram_target *t)
{
    struct ip_hdr *h = p->payload;

    if (p->len < IP_HLEN || IPH_HL_BYTES(h) < IP_HLEN ||
        IPH_HL_BYTES(h) > p->len)
        return -EINVAL;
    IPH_LEN_SET(h, lwip_htons(p->tot_len));
    if (h->src.addr == 0)
        h->src.addr = ip_2_ip4(&t->from)->addr;
    if (IPH_ID(h) == 0)
        IPH_ID_SET(h, (u16_t)inet_random());
    IPH_CHKSUM_SET(h, 0);
    IPH_CHKSUM_SET(h, inet_chksum(h, IPH_HL_BYTES(h)));
    return 0;
}

static int finish_header(struct pbuf *p, const struct dgram_target *t)
{
    if (p->tot_len > t->netif->mtu)
        return -EMSGSIZE;
    if (!IP_IS_V6_VAL(t->to))
        return finish_header4(p, t);
    if (p->len < IP6_HLEN)
        return -EINVAL;
    /* lwIP is to get it back: it takes for granted what devices check. */
    return t->netif == &inet_loop && !ip6_is_sound(p->payload, p->len) ? -EINVAL
                                                                       : 0;
}

/* To where the call says, whatever the header does. */
static err_t output_to(struct netif *n, struct pbuf *p, const ip_addr_t *to)
{
    ip6_addr_t to6;

    if (!IP_IS_V6(to))
        return n->output(n, p, ip_2_ip4(to));
    to6 = *ip_2_ip6(to);
    if (ip6_addr_lacks_zone(&to6, IP6_UNKNOWN))
        ip6_addr_assign_zone(&to6, IP6_UNKNOWN, n);
    return n->output_ip6(n, p, &to6);
}

/* As dgram_output() does it: those of this machine who joined the group. */
static void loop_back(struct pbuf *p, const struct dgram_target *t)
{
    struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);

    if (!copy)
        return;
    copy->if_idx = netif_get_index(t->netif);
    (void)output_to(&inet_loop, copy, &t->to);
    pbuf_free(copy);
}

/* The program made IP's header, too, and all checksums but that. */
static int send_with_header(struct dgram_sock *d, struct pbuf *p,
                            const struct dgram_target *t)
{
    int err = finish_header(p, t);

    if (err) {
        pbuf_free(p);
        return err;
    }
    if (ip_addr_ismulticast(&t->to) && d->i.mcast_loop &&
        t->netif != &inet_loop)
        loop_back(p, t);
    inet_tick();
    p->flags |= INET_PBUF_AS_IS;
    p->sent_us = 0;
    err = inet_error(output_to(t->netif, p, &t->to));
    pbuf_free(p);
    inet_flush();
    return err;
}

static int finish_and_send(struct dgram_sock *d, struct pbuf *p,
                           const struct dgram_target *t)
{
    int err = 0;

    if (d->header_included)
        return send_with_header(d, p, t);
    if (d->i.s.type == SOCK_DGRAM)
        err = finish_ping(d, p);
    if (!err)
        err = fill_checksum6(d, p, t);
    if (err) {
        pbuf_free(p);
        return err;
    }
    return dgram_output(d, p, t);
}

static ssize_t raw_send_op(struct socket *s, struct socket_msg *m)
{
    struct dgram_sock *d = dgram_of(s);
    struct dgram_target t;
    size_t len = m->io.left;
    struct pbuf *p;
    int err;

    if (m->is_free)
        return SOCKET_WANTS_KERNEL;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (len > PACKET_MAX - IP_HLEN)
        return -EMSGSIZE;
    err = dgram_target(d, m, &t);
    if (!err && s->type == SOCK_DGRAM && !d->i.local_port &&
        inet_port_take(&d->i, 0))
        err = -EAGAIN;
    if (!err)
        err = dgram_await_room(d, m, &t);
    if (!err)
        err = dgram_alloc(d, m, &t, PBUF_IP, &p);
    if (err)
        return err;
    if (io_get(&m->io, p->payload, len) < len) {
        pbuf_free(p);
        return -EFAULT;
    }
    err = finish_and_send(d, p, &t);
    return err ? err : (ssize_t)len;
}

/* ---- creating ---- */

/* A raw socket has no port; its protocol stands in its place. */
static int bind_to(struct socket *s, struct socket_addr *a)
{
    struct inet_sock *i = inet_of(s);
    ip_addr_t ip;
    uint16_t port;
    int err = inet_addr_get(i, a, &ip, &port);

    if (err)
        return err;
    if (!ip_addr_isany(&ip) && !i->free_bind && !inet_is_local(&ip) &&
        !ip_addr_ismulticast(&ip))
        return -EADDRNOTAVAIL;
    i->local = ip;
    i->is_bound = true;
    return 0;
}

static int raw_bind_op(struct socket *s, struct socket_addr *a)
{
    int err;

    inet_enter();
    err = bind_to(s, a);
    inet_leave();
    return err;
}

/* ... in its name, too. */
static int raw_name_op(struct socket *s, enum socket_end end,
                       struct socket_addr *out)
{
    const struct inet_sock *i = inet_of(s);

    if (end != SOCKET_END_OWN)
        return inet_name(s, end, out);
    inet_enter();
    inet_addr_put(i, &i->local, s->protocol, out);
    inet_leave();
    return 0;
}

static const struct socket_ops raw_ops = {
    DGRAM_OPS(raw_name_op),
    .set_option = raw_set_option,
    .get_option = OPERATION(raw_get_option),
    .bind = raw_bind_op,
    .send = raw_send_op,
};
static const struct socket_ops ping_ops = {
    DGRAM_OPS(inet_name),
    .set_option = inet_set_option,
    .get_option = OPERATION(inet_get_option),
    .bind = inet_bind,
    .send = raw_send_op,
};

int raw_create(int family, int type, int protocol, struct socket **out)
{
    struct dgram_sock *d;

    if (type == SOCK_RAW && protocol == 0)
        return -EPROTONOSUPPORT;
    if (type == SOCK_RAW && !process_has_cap(process_current(), CAP_NET_RAW))
        return -EPERM;
    d = dgram_new(family, type, protocol,
                  type == SOCK_RAW ? &raw_ops : &ping_ops);
    if (!d)
        return -ENOMEM;
    if (type == SOCK_RAW) {
        list_push_back(&raw_all, &d->all_link);
        d->header_included = protocol == IPPROTO_RAW;
    }
    *out = &d->i.s;
    return 0;
}
