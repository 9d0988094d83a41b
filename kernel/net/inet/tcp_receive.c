/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_receive.c - what came on a stream, until the program reads it.
 *
 * lwIP hands over pbufs, which are the device's buffers where it could. They
 * stay in a queue, and what the program has read opens the window again. Small
 * segments in large buffers would hold much more memory than the window
 * allows, so beyond a limit they are copied together.
 */
#include <linux/eventpoll.h>

#include "core/errno.h"
#include "core/panic.h"
#include "lwip/priv/tcp_priv.h"
#include "net/inet/tcp.h"

/* A part (parts.def): absent in kernels without MSG_OOB. */
#pragma weak tcp_urgent_read
#pragma weak tcp_urgent_copy

#define PBUF_COST     2048u /* what a pbuf of the device's takes, about */
#define COMPACT_LEN   4000u /* of the buffer into which small ones go */
#define UPDATE_SHARE  2u    /* a window update at 1/2 of the limit, or 2 MSS */
#define AT_ONCE_SHARE 4u    /* ... which does not wait at 1/4 */

uint32_t tcp_rx_limit(const struct tcp_sock *t)
{
    uint32_t limit =
        t->i.s.rcvbuf == TCP_RCVBUF_DEFAULT ? t->rx_auto : t->i.s.rcvbuf / 2;

    if (t->window_clamp > 0)
        limit = MIN(limit, (uint32_t)t->window_clamp);
    return inet_buffer_limit(MIN(limit, (uint32_t)TCP_WND));
}

/* ---- the queue ---- */

static void push(struct tcp_sock *t, struct pbuf *p)
{
    p->next = NULL;
    p->tot_len = p->len;
    if (t->rx_last)
        t->rx_last->next = p;
    else
        t->rx_first = p;
    t->rx_last = p;
    t->rx_mem += PBUF_COST;
}

static void pop(struct tcp_sock *t)
{
    struct pbuf *p = t->rx_first;

    t->rx_first = p->next;
    if (!t->rx_first)
        t->rx_last = NULL;
    p->next = NULL;
    t->rx_mem -= PBUF_COST;
    pbuf_free(p);
}

/* Copy p behind the last one, which compact() made with room. */
static bool join(struct tcp_sock *t, const struct pbuf *p)
{
    struct pbuf *last = t->rx_last;

    if (!last || last->gso_size < p->len)
        return false;
    memcpy((uint8_t *)last->payload + last->len, p->payload, p->len);
    last->len = (u16_t)(last->len + p->len);
    last->tot_len = last->len;
    last->gso_size = (u16_t)(last->gso_size - p->len); /* the room left */
    return true;
}

/* A buffer with room behind p's bytes; NULL: p must do. */
static struct pbuf *compact(const struct pbuf *p)
{
    struct pbuf *q = pbuf_alloc(PBUF_RAW, COMPACT_LEN, PBUF_RAM);

    if (!q)
        return NULL;
    memcpy(q->payload, p->payload, p->len);
    q->len = p->len;
    q->gso_size = (u16_t)(COMPACT_LEN - p->len);
    return q;
}

static void add(struct tcp_sock *t, struct pbuf *p)
{
    bool is_wasteful = t->rx_mem > 2 * (size_t)t->rx_bytes + 16 * PBUF_COST;
    struct pbuf *q;

    p->gso_size = 0; /* no room behind it */
    t->rx_bytes += p->len;
    if (is_wasteful && p->len < COMPACT_LEN / 2) {
        if (join(t, p)) {
            pbuf_free(p);
            return;
        }
        q = compact(p);
        if (q) {
            pbuf_free(p);
            p = q;
        }
    }
    push(t, p);
}

void tcp_received(struct tcp_sock *t, struct pbuf *p)
{
    t->bytes_received += p->tot_len;
    while (p) {
        struct pbuf *next = p->next;

        p->next = NULL;
        if (p->len == 0)
            pbuf_free(p);
        else
            add(t, p);
        p = next;
    }
    t->rx_peak = MAX(t->rx_peak, (uint32_t)t->rx_bytes);
    waitq_wake_all(&t->i.s.readable);
}

void tcp_rx_drop(struct tcp_sock *t)
{
    t->urgent = 0;
    t->look &= (uint8_t)~TCP_LOOK_URGENT;
    while (t->rx_first)
        pop(t);
    t->rx_bytes = 0;
}

/* ---- the window ---- */

void tcp_open_window(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = t->conn->pcb;
    uint32_t limit = tcp_rx_limit(t);

    if (!(pcb->flags & TF_WND_SCALE))
        limit = MIN(limit, (uint32_t)UINT16_MAX);
    pcb->rcv_wnd = pcb->rcv_ann_wnd = limit;
    /* The next segment says so; none is sent for that alone. */
    pcb->rcv_ann_right_edge = pcb->rcv_nxt + limit;
}

/* Twice the window for a program that has read all of what filled half of it:
 * it is the window that the peer waits for. Who does not read gets no more. */
static void window_grow(struct tcp_sock *t)
{
    if (t->rx_peak > t->rx_auto / 2 && t->rx_auto < TCP_RCVBUF_AUTO_MAX)
        t->rx_auto = MIN(2 * t->rx_auto, TCP_RCVBUF_AUTO_MAX);
    t->rx_peak = 0;
}

/* So much is worth a packet. */
static uint32_t update_len(uint32_t limit, unsigned mss)
{
    return MIN(limit / UPDATE_SHARE, 2u * mss);
}

/* Nearly all that there may be is announced, as far as is known. */
static bool is_open(const struct tcp_sock *t, uint32_t announced, unsigned mss)
{
    return t->rx_bytes == 0 && t->rx_peak <= t->rx_auto / 2 &&
           (uint64_t)announced + update_len(t->rx_limit, mss) > t->rx_limit;
}

/* The program has read: open the window, and say so when it is worth a packet.
 * What was announced once is never taken back. */
static void window_open(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = tcp_pcb_of(t);
    uint32_t limit, room, announced, opened;

    if (!pcb || pcb->state < ESTABLISHED || pcb->state == TIME_WAIT)
        return;
    announced = pcb->rcv_ann_right_edge - pcb->rcv_nxt;
    if (LIKELY(is_open(t, announced, pcb->mss))) {
        t->rx_peak = 0;
        return;
    }
    if (t->rx_bytes == 0)
        window_grow(t);
    limit = tcp_rx_limit(t);
    /* No window can open further than that: nor may an update wait for it. */
    if (!(pcb->flags & TF_WND_SCALE))
        limit = MIN(limit, (uint32_t)UINT16_MAX);
    t->rx_limit = limit;
    room = limit > t->rx_bytes ? limit - (uint32_t)t->rx_bytes : 0;
    /* Nor is what might have been: data may be there, up to that edge. */
    pcb->rcv_wnd = MAX(room, pcb->rcv_wnd);
    opened = pcb->rcv_wnd - announced;
    if (opened < update_len(limit, pcb->mss))
        return;
    pcb->rcv_ann_wnd = pcb->rcv_wnd;
    if (opened < limit / AT_ONCE_SHARE && conn_may_defer(t->conn)) {
        conn_defer_ack(t->conn);
        return;
    }
    inet_tick();
    tcp_ack_now(pcb);
    (void)tcp_output(pcb);
    conn_busy(t->conn);
    inet_flush();
}

/* ---- reading ---- */

/* Bytes that were moved from `skip` on; -EFAULT if none. */
ssize_t tcp_copy_out(struct tcp_sock *t, struct socket_msg *m, size_t skip)
{
    bool is_peek = m->flags & MSG_PEEK;
    size_t done = 0;

    for (struct pbuf *p = t->rx_first; p && m->io.left > 0;) {
        struct pbuf *next = p->next;
        size_t n, moved;

        if (skip >= p->len) {
            skip -= p->len;
            p = next;
            continue;
        }
        n = MIN(m->io.left, p->len - skip);
        if (m->flags & MSG_TRUNC) {
            m->io.left -= n;
            moved = n;
        } else {
            moved = io_put(&m->io, (uint8_t *)p->payload + skip, n);
        }
        done += moved;
        if (!is_peek) {
            t->rx_bytes -= moved;
            if (moved == p->len)
                pop(t);
            else
                pbuf_remove_header(p, moved);
        }
        if (moved < n)
            break;
        skip = 0;
        p = next;
    }
    return done ? (ssize_t)done : -EFAULT;
}

/* Nothing is there: 0 look again, 1 nothing will come. */
static int wait_for_more(struct tcp_sock *t, struct socket_wait *w)
{
    struct socket *s = &t->i.s;
    int err;

    if (t->had_end)
        return 1;
    err = socket_error_take(s);
    if (err)
        return err;
    if (s->shutdown & SHUTDOWN_RECEIVE)
        return 1;
    if (t->state == TCP_SOCK_CLOSED)
        return -ENOTCONN;
    return inet_sleep(&s->readable, w);
}

/* Is what is there worth returning to the program, errors behind it or not? */
static bool has_ended(const struct tcp_sock *t)
{
    return t->i.s.error || t->state != TCP_SOCK_CONNECTED ||
           (t->i.s.shutdown & SHUTDOWN_RECEIVE);
}

ssize_t tcp_receive(struct socket *s, struct socket_msg *m)
{
    struct tcp_sock *t = tcp_of(s);
    size_t target = socket_receive_target(s, m), done = 0, skip;
    ssize_t n = 0;

    if (t->state == TCP_SOCK_LISTENING)
        return m->flags & MSG_ERRQUEUE ? -EAGAIN : -ENOTCONN;
    if (m->is_free && UNLIKELY(m->flags & (MSG_OOB | MSG_PEEK)))
        return SOCKET_WANTS_KERNEL;
    if (UNLIKELY(m->flags & (MSG_ERRQUEUE | MSG_OOB))) {
        if (m->flags & MSG_ERRQUEUE)
            return -EAGAIN;
        return tcp_urgent_read ? tcp_urgent_read(t, m) : -EINVAL;
    }
    for (;;) {
        skip = m->flags & MSG_PEEK ? socket_peek_at(s, m->flags) + done : 0;
        if (t->rx_bytes > skip) {
            if (UNLIKELY(t->urgent) && m->is_free) {
                /* A read begun anew after bytes would pass over the mark. */
                n = SOCKET_WANTS_KERNEL;
                break;
            }
            if (m->io.left > 0)
                n = UNLIKELY(t->urgent) ? tcp_urgent_copy(t, m, skip, done)
                                        : tcp_copy_out(t, m, skip);
            if (n > 0)
                done += (size_t)n;
            if (n < 0 || m->io.left == 0 || (n == 0 && done > 0))
                break;
            if (n > 0)
                continue;
        }
        if (done >= target || (done > 0 && has_ended(t)))
            break;
        if (done > 0)
            window_open(t);
        n = wait_for_more(t, &m->wait);
        if (n)
            break;
    }
    m->is_cut = n == -EFAULT;
    socket_peek_move(s, m->flags, done);
    if (done > 0 && !(m->flags & MSG_PEEK))
        window_open(t);
    if (m->addr)
        m->addr->len = 0;
    return done ? (ssize_t)done : MIN(n, 0l);
}
