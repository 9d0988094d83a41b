/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp.c - stream sockets: connections, readiness, the end.
 *
 * lwIP tells what happens through lwip_tcp_event(), from within its input or
 * its ticks. Nothing there may close a connection, so events only queue, note
 * and wake; what must be done afterwards is in tcp_after_input().
 */
#include "net/inet/tcp.h"

#include <asm/ioctls.h>
#include <linux/eventpoll.h>
#include <linux/sockios.h>

#include "core/errno.h"
#include "core/panic.h"
#include "lwip/priv/tcp_priv.h"
#include "mm/heap.h"
#include "net/inet/fast_open.h"

/* A part (parts.def): absent in kernels without MSG_OOB. */
#pragma weak tcp_urgent_came
#pragma weak tcp_urgent_events
#pragma weak tcp_urgent_ioctl
/* So is fast open. */
#pragma weak fast_connect
#pragma weak fast_defers
#pragma weak fast_established
#pragma weak fast_close
#pragma weak fast_closed

/* ---- what lwIP tells ---- */

static void on_end_of_input(struct tcp_sock *t)
{
    t->had_end = true;
    t->i.s.shutdown |= SHUTDOWN_RECEIVE;
    socket_wake(&t->i.s);
}

void tcp_over(struct tcp_sock *t, int error)
{
    if (t->look & TCP_LOOK_DEFERRED) {
        tcp_drop_deferred(t);
        return;
    }
    if (UNLIKELY(t->look & TCP_LOOK_CLOSED)) {
        fast_closed(t);
        return;
    }
    if (t->state == TCP_SOCK_CONNECTING)
        inet_counters.failed++;
    else if (error && !(t->i.s.shutdown & SHUTDOWN_SEND))
        inet_counters.reset++;
    if (error && !t->i.s.error)
        t->i.s.error = error;
    t->state = TCP_SOCK_CLOSED;
    t->i.s.shutdown = SHUTDOWN_BOTH;
    socket_wake(&t->i.s);
}

static void on_error(struct tcp_sock *t, err_t err)
{
    bool was_connecting = t->state == TCP_SOCK_CONNECTING;

    switch (err) {
    case ERR_RST:
        tcp_over(t, was_connecting                       ? ECONNREFUSED
                    : t->i.s.shutdown & SHUTDOWN_RECEIVE ? EPIPE
                                                         : ECONNRESET);
        break;
    case ERR_CLSD:
        tcp_over(t, 0);
        break;
    default: /* lwIP gave up: too many retries */
        tcp_over(t, ETIMEDOUT);
        break;
    }
}

static void on_connected(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = t->conn->pcb;

    t->state = TCP_SOCK_CONNECTED;
    pcb->mss = (u16_t)MAX(pcb->mss, TCP_MSS_LEAST);
    tcp_apply_options(t, pcb);
    sender_begin(t->conn);
    tcp_open_window(t);
    if (UNLIKELY(t->conn->fast))
        t->look |= TCP_LOOK_FAST;
    socket_wake(&t->i.s);
}

err_t lwip_tcp_event(void *arg, struct tcp_pcb *pcb, enum lwip_event event,
                     struct pbuf *p, u16_t len, err_t err)
{
    struct conn *c = arg;
    struct tcp_sock *t = c ? c->sock : NULL;

    (void)pcb;
    (void)len;
    if (event == LWIP_EVENT_ACCEPT) {
        if (err == ERR_OK && c)
            return tcp_established(c);
        return ERR_MEM;
    }
    if (event == LWIP_EVENT_POLL) /* at each tick; an error: send nothing */
        return c && c->held_ticks && c->held_ticks-- ? ERR_INPROGRESS : ERR_OK;
    if (!t) {
        if (p)
            pbuf_free(p);
        return ERR_OK;
    }
    if (event == LWIP_EVENT_RECV && p)
        tcp_received(t, p);
    else if (event == LWIP_EVENT_RECV)
        on_end_of_input(t);
    else if (event == LWIP_EVENT_CONNECTED)
        on_connected(t);
    else if (event == LWIP_EVENT_ERR)
        on_error(t, err);
    return ERR_OK;
}

void tcp_after_input(struct tcp_sock *t)
{
    if (LIKELY(!t->look))
        return;
    if ((t->look & TCP_LOOK_ROOM) && tcp_has_room(t)) {
        t->look &= (uint8_t)~TCP_LOOK_ROOM;
        waitq_wake_all(&t->i.s.writable);
    }
    if (t->look & TCP_LOOK_URGENT)
        tcp_urgent_came(t);
    if ((t->look & TCP_LOOK_DEFERRED) && (t->rx_bytes > 0 || t->had_end))
        tcp_undefer(t);
    if (t->look & TCP_LOOK_FAST)
        fast_established(t); /* the last: it may be the end of t */
}

/* ---- connecting ---- */

int tcp_give_pcb(struct tcp_sock *t, struct tcp_pcb **out)
{
    struct tcp_pcb *pcb = tcp_new();

    if (!pcb)
        return -ENOBUFS;
    pcb->local_ip = t->i.local;
    pcb->local_port = t->i.local_port;
    tcp_apply_options(t, pcb);
    *out = pcb;
    return 0;
}

/* A port for a connection to there that no other between the same ends has.
 *
 * They follow each other, from one on that only we know for these ends (RFC
 * 6056, 3.3.3): a port that was used comes again after all others, when the
 * other end has forgotten it. Of random ones the second of a pair comes after
 * some two hundred, within the other end's TIME_WAIT: slirp answers a reset. */
static int take_port(struct tcp_sock *t, const ip_addr_t *to, uint16_t port)
{
    static unsigned next;
    struct inet_sock *i = &t->i;
    unsigned first;

    if (i->local_port)
        return conn_find(&i->local, i->local_port, to, port) ? -EADDRNOTAVAIL
                                                             : 0;
    first = (unsigned)inet_hash_ends(&i->local, 0, to, port, 0);
    for (unsigned n = 0; n < INET_PORT_COUNT; n++) {
        uint16_t own = inet_port_nth(first + next++);

        /* Each n is asked for: the first of many makes a map. */
        if (inet_port_take_unused(i, own, n)) {
            if (!conn_find(&i->local, own, to, port))
                return 0;
            inet_port_drop(i);
        }
    }
    return -EADDRNOTAVAIL;
}

static int begin_connect(struct tcp_sock *t, const ip_addr_t *to, uint16_t port)
{
    ip_addr_t from, was = t->i.local;
    struct netif *netif;
    struct tcp_pcb *pcb;
    bool had_port = t->i.local_port;
    int err = inet_route(&t->i, to, &netif, &from);

    if (err)
        return err;
    t->i.local = from;
    err = take_port(t, to, port);
    if (err)
        goto restore;
    if (UNLIKELY(t->fast) && fast_defers(t, to))
        goto begun;
    err = tcp_give_pcb(t, &pcb);
    if (err)
        goto drop_port;
    pcb->remote_ip = *to;
    pcb->remote_port = port;
    t->conn = conn_create(pcb);
    err = -ENOBUFS;
    if (!t->conn) {
        tcp_abort(pcb);
        goto drop_port;
    }
    t->conn->sock = t;
    t->conn->is_quick = t->is_quick;
    tcp_apply_options(t, pcb);
    t->state = TCP_SOCK_CONNECTING;
    inet_tick();
    err = inet_error(UNLIKELY(t->fast) ? fast_connect(t, to, port)
                                       : tcp_connect(pcb, to, port, NULL));
    tcp_active_pcbs = NULL;
    if (!err)
        goto begun;
    t->state = TCP_SOCK_CLOSED;
    pcb->callback_arg = NULL;
    tcp_abort(pcb);
    conn_orphan(t->conn);
    t->conn = NULL;
drop_port:
    if (!had_port)
        inet_port_drop(&t->i);
restore:
    t->i.local = was;
    return err;

begun:
    t->state = TCP_SOCK_CONNECTING;
    t->i.remote = *to;
    t->i.remote_port = port;
    t->had_end = false;
    t->i.s.shutdown = 0;
    inet_flush();
    return 0;
}

/* AF_UNSPEC: as new, but for the error that tells of what was broken off. */
static int disconnect(struct tcp_sock *t)
{
    bool was_open =
        t->state == TCP_SOCK_CONNECTED || t->state == TCP_SOCK_CONNECTING;

    if (t->state == TCP_SOCK_LISTENING)
        tcp_stop_listening(t);
    tcp_reset(t);
    tcp_rx_drop(t);
    if (!t->i.is_bound) {
        inet_port_drop(&t->i);
        inet_addr_any(&t->i, &t->i.local);
    }
    t->state = TCP_SOCK_CLOSED;
    t->is_connecting = false;
    if (t->fast)
        t->fast->is_deferred = false;
    t->had_end = false;
    t->i.remote_port = 0;
    t->i.s.shutdown = 0;
    t->i.s.error = was_open ? ECONNRESET : 0;
    socket_wake(&t->i.s);
    return 0;
}

/* 0: it is established; else as connect() says. */
static int wait_connected(struct tcp_sock *t, struct socket_wait *w, int err)
{
    struct socket *s = &t->i.s;

    while (t->state == TCP_SOCK_CONNECTING) {
        int slept = inet_sleep(&s->writable, w);

        if (slept == -EAGAIN)
            return err;
        if (slept)
            return slept;
    }
    t->is_connecting = false;
    if (t->state == TCP_SOCK_CONNECTED)
        return 0;
    err = socket_error_take(s);
    conn_orphan(t->conn);
    t->conn = NULL;
    t->i.s.shutdown = 0;
    return err ? err : -ECONNABORTED;
}

/* Fast open: nothing was sent yet, the first data go with the SYN. */
static bool is_deferred(const struct tcp_sock *t)
{
    return UNLIKELY(t->fast) && t->fast->is_deferred;
}

int tcp_connect_op(struct socket *s, struct socket_addr *a,
                   struct socket_wait *w)
{
    struct tcp_sock *t = tcp_of(s);
    ip_addr_t to;
    uint16_t port;
    int err;

    if (a->len < sizeof(a->family))
        return -EINVAL;
    if (a->family == AF_UNSPEC)
        return disconnect(t);
    if (t->is_connecting)
        return wait_connected(t, w, -EALREADY);
    if (t->state != TCP_SOCK_CLOSED || t->conn)
        return -EISCONN;
    err = inet_addr_get(&t->i, a, &to, &port);
    if (err)
        return err;
    if (ip_addr_isany(&to))
        inet_addr_loopback(&t->i, &to);
    if (ip_addr_ismulticast(&to))
        return -ENETUNREACH;
    err = begin_connect(t, &to, port);
    if (err || is_deferred(t))
        return err;
    t->is_connecting = true;
    /* The loopback has answered already; Linux never has at this point. */
    if (w->timeout_ns == 0)
        return -EINPROGRESS;
    return wait_connected(t, w, -EINPROGRESS);
}

static int tcp_name_op(struct socket *s, enum socket_end end,
                       struct socket_addr *out)
{
    const struct tcp_sock *t = tcp_of(s);

    if (end == SOCKET_END_PEER &&
        (t->state == TCP_SOCK_CLOSED || t->state == TCP_SOCK_CONNECTING))
        return -ENOTCONN;
    return inet_name(s, end, out);
}

/* ---- readiness ---- */

static unsigned tcp_poll_op(struct socket *s)
{
    struct tcp_sock *t = tcp_of(s);
    unsigned events = s->error ? EPOLLERR : 0;
    size_t readable = t->rx_bytes;

    if (t->state == TCP_SOCK_LISTENING)
        return list_is_empty(&t->queue) ? 0 : EPOLLIN | EPOLLRDNORM;
    if (s->shutdown == SHUTDOWN_BOTH || t->state == TCP_SOCK_CLOSED)
        events |= EPOLLHUP;
    if (s->shutdown & SHUTDOWN_RECEIVE)
        events |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
    if (t->state == TCP_SOCK_CONNECTING)
        return is_deferred(t) ? events | EPOLLOUT | EPOLLWRNORM : events;
    if (UNLIKELY(t->urgent))
        events |= tcp_urgent_events(t, &readable);
    if (readable >= (size_t)s->rcvlowat)
        events |= EPOLLIN | EPOLLRDNORM;
    if ((s->shutdown & SHUTDOWN_SEND) || t->state == TCP_SOCK_CLOSED ||
        tcp_has_room(t))
        events |= EPOLLOUT | EPOLLWRNORM;
    else
        t->look |= TCP_LOOK_ROOM;
    return events;
}

long tcp_ioctl_op(struct socket *s, unsigned cmd, uaddr_t arg)
{
    struct tcp_sock *t = tcp_of(s);
    const struct tcp_pcb *pcb = tcp_pcb_of(t);
    size_t n = t->rx_bytes;

    if (t->state != TCP_SOCK_LISTENING && tcp_urgent_ioctl) {
        long done = tcp_urgent_ioctl(t, cmd, arg);

        if (done != -ENOTTY)
            return done;
    }
    switch (cmd) {
    case FIONREAD: /* SIOCINQ */
        break;
    case SIOCOUTQ:
        n = tcp_unsent_bytes(t);
        break;
    case SIOCOUTQNSD:
        n = pcb ? pcb->snd_lbb - pcb->snd_nxt : 0;
        break;
    default:
        return -ENOTTY; /* netif_ioctl() comes next */
    }
    if (t->state == TCP_SOCK_LISTENING)
        return -EINVAL;
    return user_put32(arg, (uint32_t)n);
}

/* ---- the end ---- */

void tcp_end_sending(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = tcp_pcb_of(t);

    if (pcb && UNLIKELY(t->conn->fast))
        t->conn->fast->wants_fin = true; /* when the handshake has ended */
    if (!pcb || (pcb->state != ESTABLISHED && pcb->state != CLOSE_WAIT))
        return;
    inet_tick();
    (void)tcp_shutdown(pcb, 0, 1); /* without memory the tick tries again */
    conn_busy(t->conn);
    inet_flush();
}

int tcp_shutdown_op(struct socket *s, unsigned how)
{
    struct tcp_sock *t = tcp_of(s);

    if (t->state == TCP_SOCK_LISTENING) {
        if (how & SHUTDOWN_RECEIVE) {
            tcp_stop_listening(t);
            socket_wake(s);
        }
        return 0;
    }
    if (t->state == TCP_SOCK_CLOSED) {
        s->shutdown |= (uint8_t)how;
        socket_wake(s);
        return -ENOTCONN;
    }
    if (t->state == TCP_SOCK_CONNECTING)
        return disconnect(t);
    if ((how & SHUTDOWN_SEND) && !(s->shutdown & SHUTDOWN_SEND))
        tcp_end_sending(t);
    s->shutdown |= (uint8_t)how;
    socket_wake(s);
    return 0;
}

/* Take the connection from its socket. NULL: it has ended already. */
static struct tcp_pcb *detach(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = tcp_pcb_of(t);
    struct conn *c = t->conn;

    t->conn = NULL;
    conn_orphan(c);
    return pcb && pcb->state != TIME_WAIT ? pcb : NULL;
}

/* No more is heard of this connection, there or here. */
void tcp_reset(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = detach(t);

    if (!pcb)
        return;
    inet_tick();
    inet_counters.reset +=
        pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT;
    inet_counters.failed += pcb->state == SYN_SENT;
    if (pcb->state == SYN_SENT)
        tcp_abandon(pcb, 0);
    else
        tcp_abort(pcb);
    inet_flush();
}

/* The connection goes on to its end without us. What comes now is refused. */
static void let_go(struct tcp_sock *t)
{
    struct conn *c = t->conn;
    struct tcp_pcb *pcb = detach(t);

    if (!pcb)
        return;
    inet_tick();
    pcb->rcv_wnd = TCP_WND_MAX(pcb); /* else lwIP thinks something unread */
    tcp_set_flags(pcb, TF_RXCLOSED);
    pcb->tmr = tcp_ticks; /* LAST-ACK is counted from here */
    if (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT)
        (void)tcp_shutdown(pcb, 0, 1);
    conn_busy(c); /* a FIN that is lost is sent again */
    limits_drop_orphans(0);
    inet_flush();
}

/* Wait until all is sent and acknowledged: SO_LINGER. */
static void linger(struct tcp_sock *t)
{
    struct socket *s = &t->i.s;
    struct socket_wait w = { .timeout_ns = s->linger[1] * NS_PER_SEC };

    tcp_end_sending(t);
    while (t->conn && t->conn->pcb && tcp_unsent_bytes(t) > 0 &&
           t->state == TCP_SOCK_CONNECTED) {
        t->look |= TCP_LOOK_ROOM;
        if (inet_sleep(&s->writable, &w))
            break;
    }
}

void tcp_let_go(struct tcp_sock *t)
{
    bool is_unread = t->rx_bytes > 0;
    struct socket *s = &t->i.s;

    tcp_rx_drop(t);
    inet_port_drop(&t->i);
    if (is_unread || t->state == TCP_SOCK_CONNECTING ||
        (s->linger[0] && s->linger[1] == 0))
        tcp_reset(t);
    else if (t->conn && UNLIKELY(t->conn->fast) && fast_close(t))
        return;
    else
        let_go(t);
    t->state = TCP_SOCK_CLOSED;
}

static void tcp_release_op(struct socket *s)
{
    struct tcp_sock *t = tcp_of(s);

    if (t->state == TCP_SOCK_LISTENING)
        tcp_stop_listening(t);
    else if (s->linger[0] && s->linger[1] > 0 && t->rx_bytes == 0)
        linger(t);
    tcp_let_go(t);
}

static void tcp_changed_op(struct socket *s)
{
    inet_enter();
    tcp_options_changed(tcp_of(s));
    inet_leave();
}

static void tcp_destroy_op(struct socket *s)
{
    struct tcp_sock *t = tcp_of(s);

    ASSERT(!t->conn && !t->rx_first);
    inet_fini(&t->i);
    kfree(t->fast);
    kfree(t);
}

/* ---- creating ---- */

static const struct socket_ops tcp_ops = {
    .bind = inet_bind,
    .connect = OPERATION(tcp_connect_op),
    .connects_free = true,
    .listen = tcp_listen_op,
    .accept = tcp_accept_op,
    .name = tcp_name_op,
    .send = tcp_send,
    .receive = tcp_receive,
    .shutdown = OPERATION(tcp_shutdown_op),
    .poll = tcp_poll_op,
    .ioctl = OPERATION(tcp_ioctl_op),
    .set_option = inet_set_option,
    .get_option = OPERATION(inet_get_option),
    .changed = tcp_changed_op,
    .release = tcp_release_op,
    .destroy = tcp_destroy_op,
};

struct tcp_sock *tcp_sock_new(int family)
{
    struct tcp_sock *t = kzalloc(sizeof(*t));

    if (!t)
        return NULL;
    inet_init(&t->i, family, SOCK_STREAM, IPPROTO_TCP, &tcp_ops);
    t->i.s.sndbuf = TCP_SNDBUF_DEFAULT;
    t->i.s.rcvbuf = TCP_RCVBUF_DEFAULT;
    t->rx_auto = TCP_RCVBUF_AUTO;
    t->rx_limit = UINT32_MAX;
    t->keep_idle_s = TCP_KEEPIDLE_DEFAULT / 1000;
    t->keep_intvl_s = TCP_KEEPINTVL_DEFAULT / 1000;
    t->keep_count = TCP_KEEPCNT_DEFAULT;
    list_init(&t->syns);
    list_init(&t->queue);
    list_init(&t->queue_link);
    return t;
}

int tcp_create(int family, struct socket **out)
{
    struct tcp_sock *t = tcp_sock_new(family);

    if (!t)
        return -ENOMEM;
    *out = &t->i.s;
    return 0;
}
