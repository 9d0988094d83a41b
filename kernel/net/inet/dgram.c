/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dgram.c - what sockets of whole packets share: UDP, raw, ping.
 */
#include "net/inet/dgram.h"

#include <asm/ioctls.h>
#include <linux/eventpoll.h>
#include <linux/sockios.h>

#include "core/errno.h"
#include "lwip/ip.h"
#include "mm/heap.h"
#include "net/inet/device.h"
#include "time/clock.h"

/* Of a part, IPPROTO_IP: nothing asks for them in kernels without it. */
#pragma weak dgram_control_put
#pragma weak dgram_control_take
#pragma weak dgram_errors_drop
#pragma weak dgram_receive_error
#pragma weak dgram_output_whole
#pragma weak udp_cork_drop
#pragma weak dgram_let_in /* of SO_ATTACH_FILTER */

/* ---- the queue ---- */

struct dgram_sock *dgram_new(int family, int type, int protocol,
                             const struct socket_ops *ops)
{
    struct dgram_sock *d = kzalloc(sizeof(*d));

    if (!d)
        return NULL;
    inet_init(&d->i, family, type, protocol, ops);
    d->i.s.has_stamps = dgram_control_put;
    d->end = &d->first;
    d->checksum_offset = -1;
    list_init(&d->all_link);
    return d;
}

static size_t packet_cost(const struct packet *k)
{
    return k->p->tot_len + PACKET_OVERHEAD;
}

void dgram_queue_take(struct dgram_sock *d, struct pbuf *p, uint16_t from_port)
{
    struct packet *k = NULL;

    if (UNLIKELY(d->i.s.filter != NULL) && !dgram_let_in(d, p)) {
        pbuf_free(p);
        return;
    }
    if (d->cost + p->tot_len + PACKET_OVERHEAD <= d->i.s.rcvbuf &&
        !(d->i.s.shutdown & SHUTDOWN_RECEIVE) &&
        !(d->first && (device_is_short() || inet_memory_is_full())))
        k = kmalloc(sizeof(*k));
    if (!k) {
        d->dropped++;
        if (d->i.s.protocol == IPPROTO_UDP)
            inet_counters.udp_full[ip_current_is_v6()]++;
        pbuf_free(p);
        return;
    }
    *k = (struct packet){ .p = p,
                          .from = *ip_current_src_addr(),
                          .to = *ip_current_dest_addr(),
                          .from_port = from_port,
                          .netif_index =
                              netif_get_index(ip_current_input_netif()) };
    if (UNLIKELY(d->i.wants & INET_WANT_STAMP))
        k->stamp_ns = clock_real_about_ns();
    if (ip_current_is_v6()) {
        k->ttl = IP6H_HOPLIM(ip6_current_header());
        k->tos = IP6H_TC(ip6_current_header());
    } else {
        k->ttl = IPH_TTL(ip4_current_header());
        k->tos = IPH_TOS(ip4_current_header());
    }
    if (d->i.s.protocol == IPPROTO_UDP)
        inet_counters.udp_in[ip_current_is_v6()]++;
    *d->end = k;
    d->end = &k->next;
    d->cost += packet_cost(k);
    waitq_wake_all(&d->i.s.readable);
}

static void drop_first(struct dgram_sock *d)
{
    struct packet *k = d->first;

    d->first = k->next;
    if (!d->first)
        d->end = &d->first;
    d->cost -= packet_cost(k);
    pbuf_free(k->p);
    kfree(k);
}

void dgram_error(struct dgram_sock *d, int error)
{
    d->i.s.error = error;
    socket_wake(&d->i.s);
}

/* ---- receiving ---- */

/* Bytes copied, from `skip` on; -EFAULT. */
static ssize_t copy_out(const struct packet *k, struct socket_msg *m,
                        size_t skip)
{
    size_t len = k->p->tot_len - skip, left = MIN(m->io.left, len), done = 0;

    for (const struct pbuf *p = k->p; p && done < left; p = p->next) {
        size_t past = MIN(skip, (size_t)p->len);
        size_t n = MIN(left - done, p->len - past);

        if (io_put(&m->io, (uint8_t *)p->payload + past, n) < n)
            return -EFAULT;
        skip -= past;
        done += n;
    }
    if (done < len)
        m->out_flags |= MSG_TRUNC;
    return (ssize_t)done;
}

/* The packet in which SO_PEEK_OFF's *skip lies, which is then how far in. One
 * without bytes is peeked at once. */
static COLD struct packet *peek_on(const struct dgram_sock *d, size_t *skip)
{
    for (struct packet *k = d->first; k; k = k->next) {
        size_t len = k->p->tot_len;

        if (*skip < len || (*skip == 0 && !k->was_peeked)) {
            k->was_peeked = len == 0;
            return k;
        }
        *skip -= len;
    }
    return NULL;
}

static struct packet *next_packet(const struct dgram_sock *d, unsigned flags,
                                  size_t *skip)
{
    *skip = 0;
    if (LIKELY(!(flags & MSG_PEEK) || d->i.s.peek_off < 0))
        return d->first;
    *skip = socket_peek_at(&d->i.s, flags);
    return peek_on(d, skip);
}

ssize_t dgram_receive(struct socket *s, struct socket_msg *m)
{
    struct dgram_sock *d = dgram_of(s);
    struct io was = m->io;
    struct packet *k;
    size_t skip;
    ssize_t n;

    if (m->is_free && (m->flags & (MSG_OOB | MSG_ERRQUEUE | MSG_PEEK)))
        return SOCKET_WANTS_KERNEL;
    if (UNLIKELY(m->flags & (MSG_OOB | MSG_ERRQUEUE))) {
        if (m->flags & MSG_ERRQUEUE)
            return d->errors ? dgram_receive_error(d, m) : -EAGAIN;
        if (s->protocol != IPPROTO_UDP) /* which Linux does not ask for it */
            return -EOPNOTSUPP;
    }
    while (!(k = next_packet(d, m->flags, &skip))) {
        int err = socket_error_take(s);

        if (err)
            return err;
        /* Who does not wait is not told of the end, as on Linux. */
        if ((s->shutdown & SHUTDOWN_RECEIVE) && m->wait.timeout_ns > 0)
            return 0;
        err = inet_sleep(&s->readable, &m->wait);
        if (err)
            return err;
    }
    if (m->is_free && d->i.wants && m->control_at)
        return SOCKET_WANTS_KERNEL; /* that must not be lost by a fault */
    n = copy_out(k, m, skip);
    if (n < 0 && m->is_free) {
        m->io = was;
        return SOCKET_WANTS_KERNEL;
    }
    if (n >= 0) {
        if (m->addr)
            inet_addr_put(&d->i, &k->from, k->from_port, m->addr);
        if (d->i.wants)
            dgram_control_put(d, m, k);
        if (m->flags & MSG_TRUNC)
            n = k->p->tot_len;
        socket_peek_move(s, m->flags, (size_t)n);
    }
    if (!(m->flags & MSG_PEEK))
        drop_first(d);
    return n;
}

/* ---- sending ---- */

/* ff02::1 and its like where nobody names an interface: that of the option,
 * else of the default route. */
static void choose_zone(const struct inet_sock *i, ip_addr_t *to)
{
    const struct netif *n = netif_default ? netif_default : &inet_loop;

    if (IP_IS_V6_VAL(*to) && ip6_addr_lacks_zone(ip_2_ip6(to), IP6_MULTICAST))
        ip6_addr_set_zone(ip_2_ip6(to),
                          i->mcast_index ? i->mcast_index : netif_get_index(n));
}

int dgram_target(struct dgram_sock *d, struct socket_msg *m,
                 struct dgram_target *out)
{
    struct inet_sock *i = &d->i;
    bool is_mcast;
    int err = 0;

    if (m->addr)
        err = inet_addr_get(i, m->addr, &out->to, &out->port);
    else if (!i->remote_port)
        err = -EDESTADDRREQ;
    if (err)
        return err;
    if (!m->addr) {
        out->to = i->remote;
        out->port = i->remote_port;
    }
    if (ip_addr_isany(&out->to))
        inet_addr_loopback(i, &out->to);
    is_mcast = ip_addr_ismulticast(&out->to);
    if (UNLIKELY(is_mcast))
        choose_zone(i, &out->to);
    out->ttl = is_mcast ? i->mcast_ttl : i->ttl;
    out->tos = i->tos;
    err = out->route_err = inet_route(i, &out->to, &out->netif, &out->from);
    if (UNLIKELY(m->control)) /* which may name another interface */
        err = dgram_control_take ? dgram_control_take(d, m, out) : -EINVAL;
    if (!err && !IP_IS_V6_VAL(out->to) &&
        ip_addr_isbroadcast(&out->to, out->netif) &&
        !socket_flag(&i->s, SO_BROADCAST))
        err = -EACCES;
    return err;
}

int dgram_await_room(struct dgram_sock *d, struct socket_msg *m,
                     const struct dgram_target *t)
{
    int gone = socket_error_take(&d->i.s);

    if (!gone && UNLIKELY(d->i.s.shutdown & SHUTDOWN_SEND))
        gone = -EPIPE;
    if (gone)
        return gone;
    return device_await_room(t->netif, &d->i.s, &m->wait);
}

int dgram_alloc(struct dgram_sock *d, struct socket_msg *m,
                const struct dgram_target *t, pbuf_layer layer,
                struct pbuf **out)
{
    size_t len = m->io.left;
    int err = 0;

    while (!err && !(*out = pbuf_alloc(layer, (u16_t)len, PBUF_RAM))) {
        /* What is under way will free memory. */
        if (m->is_free || t->netif != &inet_device || !device_hold_senders())
            return -ENOBUFS;
        err = dgram_await_room(d, m, t);
    }
    return err;
}

/* To those of this machine who joined the group: a copy that the loop hands in
 * as the device's, since the device keeps the original, with its headers. */
static void loop_back(const struct dgram_sock *d, struct pbuf *p,
                      const struct dgram_target *t)
{
    struct pbuf *copy = pbuf_clone(PBUF_IP, PBUF_RAM, p);

    if (!copy)
        return;
    copy->if_idx = netif_get_index(t->netif);
    (void)ip_output_if_src(copy, &t->from, &t->to, t->ttl, t->tos,
                           (u8_t)d->i.s.protocol, &inet_loop);
    pbuf_free(copy);
}

int dgram_output(struct dgram_sock *d, struct pbuf *p,
                 const struct dgram_target *t)
{
    err_t err;

    if (UNLIKELY(ip_addr_ismulticast(&t->to)) && d->i.mcast_loop &&
        t->netif != &inet_loop)
        loop_back(d, p, t);
    if (UNLIKELY(d->i.pmtu_discover || d->i.dont_frag) && dgram_output_whole)
        return dgram_output_whole(d, p, t);
    inet_tick();
    err = ip_output_if_src(p, &t->from, &t->to, t->ttl, t->tos,
                           (u8_t)d->i.s.protocol, t->netif);
    pbuf_free(p);
    inet_flush();
    return inet_error(err);
}

/* ---- the rest ---- */

/* Another peer, or none: only its packets are received from now on. */
int dgram_connect(struct socket *s, struct socket_addr *a,
                  struct socket_wait *w)
{
    struct inet_sock *i = inet_of(s);
    struct netif *netif;
    ip_addr_t to, from;
    uint16_t port;
    int err;

    (void)w;
    if (a->len >= sizeof(a->family) && a->family == AF_UNSPEC) {
        i->remote_port = 0;
        i->path_mtu = 0;
        if (!i->is_bound) {
            inet_port_drop(i);
            inet_addr_any(i, &i->local);
        }
        return 0;
    }
    err = inet_addr_get(i, a, &to, &port);
    if (err)
        return err;
    if (ip_addr_isany(&to))
        inet_addr_loopback(i, &to);
    err = inet_route(i, &to, &netif, &from);
    if (err)
        return err;
    if (!IP_IS_V6_VAL(to) && ip_addr_isbroadcast(&to, netif) &&
        !socket_flag(s, SO_BROADCAST))
        return -EACCES;
    if (!i->local_port && s->type != SOCK_RAW) {
        err = inet_port_take(i, 0);
        if (err)
            return -EAGAIN;
    }
    i->local = from;
    i->remote = to;
    i->path_mtu = 0;
    i->remote_port = s->type == SOCK_DGRAM ? port : 1;
    return 0;
}

int dgram_shutdown(struct socket *s, unsigned how)
{
    const struct inet_sock *i = inet_of(s);

    s->shutdown |= (uint8_t)how;
    socket_wake(s);
    return i->remote_port ? 0 : -ENOTCONN;
}

unsigned dgram_poll(struct socket *s)
{
    const struct dgram_sock *d = dgram_of(s);
    unsigned events = socket_poll_ends(s);

    if (LIKELY(!device_is_full()))
        events |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    if (d->first)
        events |= EPOLLIN | EPOLLRDNORM;
    if (d->errors)
        events |= EPOLLERR;
    return events;
}

long dgram_ioctl(struct socket *s, unsigned cmd, uaddr_t arg)
{
    const struct dgram_sock *d = dgram_of(s);

    switch (cmd) {
    case SIOCOUTQ:
        return user_put32(arg, 0); /* what was sent is the device's */
    case FIONREAD:
        return user_put32(arg, d->first ? d->first->p->tot_len : 0);
    default:
        return -ENOTTY; /* netif_ioctl() comes next */
    }
}

/* SO_TIMESTAMP, SO_TIMESTAMPNS */
void dgram_changed(struct socket *s)
{
    struct inet_sock *i = inet_of(s);

    inet_enter();
    i->wants &= (uint16_t)~INET_WANT_STAMP;
    if (socket_flag(s, SO_TIMESTAMP_OLD) ||
        socket_flag(s, SO_TIMESTAMPNS_OLD)) {
        (void)clock_real_ns(); /* from now on it is known about */
        i->wants |= INET_WANT_STAMP;
    }
    inet_leave();
}

void dgram_release(struct socket *s)
{
    struct dgram_sock *d = dgram_of(s);

    list_remove(&d->all_link);
    inet_fini(&d->i);
    while (d->first)
        drop_first(d);
    if (d->errors)
        dgram_errors_drop(d);
    if (d->cork)
        udp_cork_drop(d);
    kfree(s->filter);
    s->filter = NULL;
}

void dgram_destroy(struct socket *s)
{
    kfree(dgram_of(s));
}
