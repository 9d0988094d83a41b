/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_urgent.c - a byte out of band: MSG_OOB, SO_OOBINLINE, SIOCATMARK, SIGURG.
 *
 * A segment's urgent pointer names a byte of the stream, which Linux, as BSD,
 * takes out of it: reading stops before its place, the mark, and passes over
 * it. Places are counted in bytes since the connection began.
 */
#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <linux/eventpoll.h>

#include "core/errno.h"
#include "lwip/priv/tcp_priv.h"
#include "net/inet/tcp.h"

#define URGENT_AWAITED 0x100u /* the pointer has come, the byte has not */
#define URGENT_HERE    0x200u /* in the low eight bits */
#define URGENT_READ    0x400u
#define SIGURG         23

static bool owes_signals; /* any connection's */

static uint64_t place_of_next(const struct tcp_sock *t)
{
    return t->bytes_received - t->rx_bytes;
}

static bool is_inline(const struct tcp_sock *t)
{
    return socket_flag(&t->i.s, SO_OOBINLINE);
}

/* Pass over a byte that is in the queue. */
static void skip_one(struct tcp_sock *t)
{
    struct socket_msg m = { .flags = MSG_TRUNC, .io.left = 1 };

    (void)!tcp_copy_out(t, &m, 0);
}

/* ---- receiving ---- */

/* With the kernel lock. */
static bool signal_owner(struct conn *c, void *arg)
{
    struct tcp_sock *t = c->sock;

    (void)arg;
    if (t && t->owes_signal && t->i.s.file)
        file_signal_owner(t->i.s.file, SIGURG);
    if (t)
        t->owes_signal = false;
    return true;
}

void tcp_urgent_mark(struct conn *c, const struct tcp_hdr *h)
{
    struct tcp_sock *t = c->sock;
    uint16_t pointer = lwip_ntohs(h->urgp); /* behind the byte, as BSD has it */
    int32_t ahead;
    uint64_t at;

    if (!t)
        return;
    ahead = (int32_t)(h->seqno + pointer - (pointer > 0) - c->pcb->rcv_nxt);
    at = t->bytes_received + (uint64_t)ahead;
    if (ahead < 0 || (t->urgent && at <= t->urgent_at))
        return;
    /* The last one was not read, and is but a place now. */
    if (t->urgent && !is_inline(t) && t->rx_bytes > 0 &&
        t->urgent_at == place_of_next(t))
        skip_one(t);
    t->urgent = URGENT_AWAITED;
    t->urgent_at = at;
    t->look |= TCP_LOOK_URGENT;
    t->owes_signal = true;
    if (spin_is_mine(&kernel_lock)) {
        (void)signal_owner(c, NULL);
        return;
    }
    owes_signals = true;
    inet_put_off();
}

void tcp_urgent_tell(void)
{
    if (!owes_signals)
        return;
    inet_enter();
    owes_signals = false;
    conn_for_each(signal_owner, NULL);
    inet_leave();
}

void tcp_urgent_came(struct tcp_sock *t)
{
    uint64_t off = t->urgent_at - place_of_next(t);
    const struct pbuf *p = t->rx_first;

    if (t->urgent_at >= t->bytes_received)
        return;
    for (; p && off >= p->len; p = p->next)
        off -= p->len;
    t->look &= (uint8_t)~TCP_LOOK_URGENT;
    t->urgent =
        (uint16_t)(URGENT_HERE | (p ? ((uint8_t *)p->payload)[off] : 0));
    waitq_wake_all(&t->i.s.readable);
}

/* At the mark, with the byte in its place: reading may begin behind it. */
static bool is_hole(const struct tcp_sock *t, uint64_t place)
{
    return t->urgent_at == place && !is_inline(t);
}

ssize_t tcp_urgent_copy(struct tcp_sock *t, struct socket_msg *m, size_t skip,
                        size_t done)
{
    uint64_t place = place_of_next(t) + skip;
    bool is_peek = m->flags & MSG_PEEK;
    size_t beyond = 0;
    ssize_t n;

    if (t->urgent_at == place && done > 0)
        return 0;
    if (is_hole(t, place) && is_peek)
        skip++;
    else if (is_hole(t, place))
        skip_one(t);
    if (t->rx_bytes <= skip)
        return 0;
    if (t->urgent_at > place && t->urgent_at - place < m->io.left)
        beyond = m->io.left - (t->urgent_at - place);
    m->io.left -= beyond;
    n = tcp_copy_out(t, m, skip);
    m->io.left += beyond;
    if (place_of_next(t) > t->urgent_at)
        t->urgent = 0;
    return n;
}

ssize_t tcp_urgent_read(struct tcp_sock *t, struct socket_msg *m)
{
    uint8_t byte = (uint8_t)t->urgent;

    if (is_inline(t) || !t->urgent || (t->urgent & URGENT_READ))
        return -EINVAL;
    if (!(t->urgent & URGENT_HERE))
        return t->state != TCP_SOCK_CONNECTED ||
                       (t->i.s.shutdown & SHUTDOWN_RECEIVE)
                   ? 0
                   : -EAGAIN;
    if (!(m->flags & MSG_PEEK))
        t->urgent = URGENT_READ;
    if (m->addr)
        m->addr->len = 0;
    m->out_flags |= MSG_OOB;
    if (m->io.left == 0) {
        m->out_flags |= MSG_TRUNC;
        return 0;
    }
    if (!(m->flags & MSG_TRUNC) && io_put(&m->io, &byte, 1) < 1)
        return -EFAULT;
    return 1;
}

/* ---- readiness ---- */

unsigned tcp_urgent_events(const struct tcp_sock *t, size_t *readable)
{
    if (is_hole(t, place_of_next(t)) && *readable > 0)
        --*readable;
    return t->urgent & URGENT_HERE ? EPOLLPRI : 0;
}

long tcp_urgent_ioctl(struct tcp_sock *t, unsigned cmd, uaddr_t arg)
{
    uint64_t next = place_of_next(t);
    uint32_t n;

    switch (cmd) {
    case FIONREAD:
        n = (uint32_t)t->rx_bytes;
        if (t->urgent && !is_inline(t) && t->urgent_at >= next &&
            t->urgent_at < t->bytes_received)
            n = (uint32_t)(t->urgent_at - next);
        return user_put32(arg, n);
    case SIOCATMARK:
        return user_put32(arg, t->urgent && t->urgent_at == next);
    default:
        return -ENOTTY;
    }
}
