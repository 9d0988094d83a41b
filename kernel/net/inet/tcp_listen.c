/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_listen.c - stream sockets that listen: whom a SYN is for, the queues.
 *
 * A SYN is dropped, and will come again, while as many connections wait for
 * accept() as the backlog allows, or one more would be at the expense of the
 * program's memory. lwIP holds the half-open ones, until they are too many
 * (cookie.h); each gets a socket when it is established, and is let in then
 * although the queue has filled meanwhile: its peer has been told that it is
 * connected.
 */
#include "core/errno.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "net/inet/fast_open.h"
#include "net/inet/tcp.h"

/* A part (parts.def): absent in kernels without fast open. */
#pragma weak fast_listen
#pragma weak fast_stop_listening

/* Of a listener, half open: more than come in a round trip, but in a flood. */
#define SYNS_MAX 256u

/* ---- half-open connections ---- */

bool tcp_is_full(const struct tcp_sock *l)
{
    return l->queue_count > l->backlog || inet_is_crowded(tcp_waiting(l));
}

bool tcp_is_flooded(const struct tcp_sock *l)
{
    return l->syn_count >= SYNS_MAX;
}

bool tcp_syn_came(struct tcp_sock *l)
{
    if (tcp_is_full(l))
        return false;
    l->syn_count++;
    return true;
}

void tcp_syn_add(struct tcp_sock *l, struct conn *c)
{
    list_push_back(&l->syns, &c->syn_link);
    c->pcb->rto = c->pcb->sv = TCP_RTO_INITIAL_TICKS;
    c->pcb->rcv_wnd = c->pcb->rcv_ann_wnd =
        MIN(tcp_rx_limit(l), (uint32_t)UINT16_MAX);
}

err_t tcp_syn_again(struct tcp_pcb *pcb, const struct tcp_hdr *h)
{
    unsigned flags = TCPH_FLAGS(h) & (TCP_SYN | TCP_ACK | TCP_RST);

    if (!(flags & TCP_SYN) || (flags & TCP_RST))
        return ERR_OK;
    if (flags == TCP_SYN && h->seqno + 1 == pcb->rcv_nxt)
        (void)tcp_rexmit(pcb);
    else
        tcp_ack_now(pcb);
    (void)tcp_output(pcb);
    return ERR_ABRT;
}

void tcp_syn_gone(struct tcp_sock *l)
{
    l->syn_count--;
}

void tcp_offer(struct tcp_sock *t)
{
    struct tcp_sock *l = t->listener;

    list_remove(&t->conn->syn_link);
    l->syn_count--;
    list_push_back(&l->queue, &t->queue_link);
    l->queue_count++;
    waitq_wake_all(&l->i.s.readable);
}

void tcp_undefer(struct tcp_sock *t)
{
    t->look &= (uint8_t)~TCP_LOOK_DEFERRED;
    t->defer_until_ms = 0;
    tcp_offer(t);
}

/* The end of a connection that nobody has accepted. */
static void drop(struct tcp_sock *t, bool with_reset)
{
    t->listener = NULL;
    if (with_reset)
        tcp_reset(t);
    tcp_let_go(t);
    socket_put(&t->i.s);
}

void tcp_drop_deferred(struct tcp_sock *t)
{
    t->look = 0;
    list_remove(&t->conn->syn_link);
    t->listener->syn_count--;
    t->conn->listener = NULL;
    drop(t, false);
}

struct tcp_sock *tcp_adopt(struct conn *c)
{
    struct tcp_sock *l = c->listener;
    struct tcp_sock *t = tcp_sock_new(l->i.s.family);

    if (!t)
        return NULL;
    t->state = TCP_SOCK_CONNECTED;
    t->conn = c;
    c->sock = t;
    t->listener = l;
    t->i.local = c->pcb->local_ip;
    t->i.local_port = c->pcb->local_port;
    t->i.remote = c->pcb->remote_ip;
    t->i.remote_port = c->pcb->remote_port;
    tcp_inherit_options(t, l);
    tcp_apply_options(t, c->pcb);
    return t;
}

/* A connection was established that a listener waits for. */
err_t tcp_established(struct conn *c)
{
    struct tcp_sock *l = c->listener, *t = c->sock;
    bool is_fast = t; /* it has one since its SYN */

    if (!t)
        t = tcp_adopt(c);
    if (!t) {
        c->pcb->callback_arg = NULL; /* lwIP resets it, and the conn goes */
        return ERR_MEM;
    }
    sender_begin(c);
    tcp_open_window(t);
    if (UNLIKELY(is_fast)) {
        tcp_apply_options(t, c->pcb);
        t->look |= TCP_LOOK_FAST;
        return ERR_OK;
    }
    if (l->defer_accept_s > 0) { /* it counts as a half-open one yet */
        t->look = TCP_LOOK_DEFERRED;
        t->defer_until_ms =
            (sys_now() + (uint32_t)l->defer_accept_s * 1000) | 1;
        return ERR_OK;
    }
    tcp_offer(t);
    return ERR_OK;
}

/* ---- whom a segment is for ---- */

struct tcp_pcb_listen *tcp_listener_for(const ip_addr_t *to, uint16_t to_port,
                                        const ip_addr_t *from,
                                        uint16_t from_port)
{
    struct tcp_sock *best = NULL;
    unsigned best_match = 0, equals = 0;

    LIST_FOR_EACH(it, inet_port_list(to_port))
    {
        struct inet_sock *i = LIST_ENTRY(it, struct inet_sock, ports);
        unsigned match;

        if (!inet_port_is(i, IPPROTO_TCP, to_port) ||
            tcp_of(&i->s)->state != TCP_SOCK_LISTENING)
            continue;
        match = inet_port_match(i, to);
        if (match < best_match || match == 0)
            continue;
        equals = match == best_match ? equals + 1 : 1;
        best_match = match;
        if (equals == 1 || inet_port_takes_over(from, from_port, equals))
            best = tcp_of(&i->s);
    }
    if (!best)
        return NULL;
    best->lpcb->next = NULL;
    /* lwIP compares once more, and knows nothing of mapped addresses. */
    best->lpcb->local_ip = *to;
    return best->lpcb;
}

/* ---- what programs call ---- */

int tcp_listen_op(struct socket *s, unsigned backlog)
{
    struct tcp_sock *t = tcp_of(s);
    struct tcp_pcb *pcb;
    int err;

    t->backlog = backlog;
    if (t->state == TCP_SOCK_LISTENING)
        return 0;
    if (t->state != TCP_SOCK_CLOSED || t->conn)
        return -EINVAL;
    if (!t->i.local_port) {
        err = inet_port_take(&t->i, 0);
        if (err)
            return err;
    } else if (!inet_port_may_listen(&t->i)) {
        return -EADDRINUSE;
    }
    err = tcp_give_pcb(t, &pcb);
    if (err)
        return err;
    t->lpcb = (struct tcp_pcb_listen *)tcp_listen(pcb);
    tcp_listen_pcbs.listen_pcbs = NULL;
    if (!t->lpcb) {
        tcp_abort(pcb);
        return -ENOBUFS;
    }
    t->lpcb->callback_arg = NULL;
    conn_listen(t->lpcb, t);
    if (fast_listen)
        fast_listen(t);
    t->state = TCP_SOCK_LISTENING;
    s->is_listening = true;
    s->shutdown = 0;
    return 0;
}

int tcp_accept_op(struct socket *s, struct socket_wait *w, struct socket **out)
{
    struct tcp_sock *l = tcp_of(s), *t;

    if (l->state != TCP_SOCK_LISTENING)
        return -EINVAL;
    while (list_is_empty(&l->queue)) {
        int err = socket_error_take(s);

        if (!err)
            err = inet_sleep(&s->readable, w);
        if (err)
            return err;
        if (l->state != TCP_SOCK_LISTENING)
            return -EINVAL;
    }
    t = LIST_ENTRY(list_pop_front(&l->queue), struct tcp_sock, queue_link);
    l->queue_count--;
    t->listener = NULL;
    if (t->conn)
        t->conn->listener = NULL;
    *out = &t->i.s;
    return 0;
}

void tcp_stop_listening(struct tcp_sock *l)
{
    struct list *link;

    while ((link = list_pop_front(&l->syns))) {
        struct conn *c = LIST_ENTRY(link, struct conn, syn_link);

        c->listener = NULL;
        if (c->sock)
            drop(c->sock, true);
        else
            conn_abandon(c);
    }
    while ((link = list_pop_front(&l->queue)))
        drop(LIST_ENTRY(link, struct tcp_sock, queue_link), true);
    l->syn_count = 0;
    l->queue_count = 0;
    if (UNLIKELY(l->fast))
        fast_stop_listening(l);
    (void)tcp_close((struct tcp_pcb *)l->lpcb);
    l->lpcb = NULL;
    l->state = TCP_SOCK_CLOSED;
    l->i.s.is_listening = false;
    inet_flush();
}
