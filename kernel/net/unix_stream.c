/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_stream.c - sending and receiving bytes, SOCK_STREAM.
 *
 * Writes join the last packet of the peer's queue while there is room behind
 * it and nothing keeps them apart: other credentials, or files, which come
 * with the first byte they were sent with. A small packet that was read empty
 * stays in an otherwise empty queue, so that a conversation of short messages
 * allocates nothing.
 */
#include "core/errno.h"
#include "core/panic.h"
#include "net/unix.h"

/* A part (parts.def): absent in kernels without MSG_OOB. */
#pragma weak unix_oob_send
#pragma weak unix_oob_receive
#pragma weak unix_oob_stops

#define SMALL_CAP 192u /* the least that a packet is made for */

/* ---- sending ---- */

static struct unix_packet *last_of(const struct unix_sock *u)
{
    if (list_is_empty(&u->queue))
        return NULL;
    return LIST_ENTRY(u->queue.prev, struct unix_packet, link);
}

static bool same_cred(const struct socket_cred *a, const struct socket_cred *b)
{
    return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

static bool may_join(const struct unix_packet *p, const struct unix_extra *e)
{
    return !p->extra.rights && !e->rights && p->off + p->len < p->cap &&
           same_cred(&p->extra.cred, &e->cred);
}

/* Add to p, which is in the queue of `to`. Bytes; 0: a fault */
static size_t packet_fill(struct unix_sock *to, struct unix_packet *p,
                          struct socket_msg *m)
{
    size_t end = (size_t)p->off + p->len;
    size_t n =
        io_get(&m->io, p->data + end, MIN(m->io.left, (size_t)p->cap - end));

    p->len = (uint16_t)(p->len + n);
    to->queue_bytes += n;
    return n;
}

/* Move one packet's worth to the peer. Bytes; -EFAULT, -ENOBUFS */
static ssize_t stream_give(struct unix_sock *u, struct unix_sock *to,
                           struct socket_msg *m, struct unix_extra *e)
{
    struct unix_packet *p = last_of(to);
    size_t n;

    if (p && p->len > 0 && may_join(p, e)) {
        n = packet_fill(to, p, m);
        return n ? (ssize_t)n : -EFAULT;
    }
    if (!p || p->cost > 0) {
        size_t room = UNIX_PACKET_MAX - sizeof(*p);

        p = unix_packet_new(u, MIN(MAX(m->io.left, SMALL_CAP), room));
        if (!p)
            return -ENOBUFS;
        unix_push(to, p);
    } else { /* the small one that stayed */
        p->off = 0;
        unix_packet_charge(p);
    }
    n = packet_fill(to, p, m);
    if (n == 0) {
        unix_pop(to, p);
        unix_packet_free(p);
        return -EFAULT;
    }
    p->extra = *e;
    if (e->rights)
        unix_rights_enter(e->rights);
    e->rights = NULL;
    return (ssize_t)n;
}

static ssize_t send_all(struct unix_sock *u, struct socket_msg *m,
                        struct unix_extra *e)
{
    ssize_t done = 0, n = 0;

    while (m->io.left > 0) {
        n = unix_stream_wait(u, &m->wait);
        if (n < 0)
            break;
        do {
            n = stream_give(u, u->peer, m, e);
            done += n > 0 ? n : 0;
        } while (n > 0 && m->io.left > 0 && u->sent_cost < u->s.sndbuf);
        waitq_wake_all(&u->peer->s.readable);
        if (n < 0)
            break;
    }
    m->is_cut = done > 0 && (n == -EFAULT || n == -ENOBUFS);
    return done ? done : n;
}

ssize_t unix_stream_send(struct socket *s, struct socket_msg *m)
{
    struct unix_sock *u = unix_of(s);
    struct unix_extra e;
    ssize_t done;
    int err;

    if (UNLIKELY(m->flags & MSG_OOB))
        return unix_oob_send ? unix_oob_send(u, m) : -EOPNOTSUPP;
    if (m->control && m->is_free)
        return SOCKET_WANTS_KERNEL;
    err = unix_extra_get(m, &e);
    if (err)
        return err;
    if (m->addr) {
        done = u->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
    } else if (!u->peer) {
        done = -ENOTCONN;
    } else {
        unix_extra_complete(&e, u, u->peer);
        done = send_all(u, m, &e);
    }
    unix_extra_fini(&e);
    return done;
}

/* ---- receiving ---- */

/* The packet with the byte *skip of the queue, and where in it that is. */
static struct unix_packet *packet_at(const struct unix_sock *u, size_t *skip)
{
    LIST_FOR_EACH(it, &u->queue)
    {
        struct unix_packet *p = LIST_ENTRY(it, struct unix_packet, link);

        if (*skip < p->len)
            return p;
        *skip -= p->len;
    }
    return NULL;
}

static void packet_consume(struct unix_sock *u, struct unix_packet *p, size_t n)
{
    p->off = (uint16_t)(p->off + n);
    p->len = (uint16_t)(p->len - n);
    u->queue_bytes -= n;
    if (p->len > 0)
        return;
    if (p->cap <= SMALL_CAP && u->queue_count == 1 && !u->peer->is_dead) {
        unix_packet_uncharge(p); /* it stays for the next */
        return;
    }
    unix_pop(u, p);
    unix_packet_free(p);
}

/* Credentials and files of p, from its first byte on; peeking borrows them. */
static void extra_take(struct unix_packet *p, struct unix_extra *e,
                       bool is_peek)
{
    *e = p->extra;
    if (is_peek || !e->rights)
        return;
    unix_rights_leave(e->rights);
    p->extra.rights = NULL;
}

/* Nothing is there: 0 look again, 1 nothing will come. */
static int wait_to_receive(struct unix_sock *u, struct socket_wait *w)
{
    int err = socket_error_take(&u->s);

    if (err)
        return err;
    if (u->s.shutdown & SHUTDOWN_RECEIVE)
        return 1;
    return socket_sleep(&u->s.readable, w);
}

/* With room left for more than these, of which there are none yet. Peeking
 * waits for the first byte alone, even with MSG_WAITALL. */
static bool is_enough(const struct unix_sock *u, const struct socket_msg *m,
                      size_t done)
{
    if (done == 0 || (m->flags & MSG_PEEK))
        return done > 0;
    return !(m->flags & MSG_WAITALL) && done >= (size_t)u->s.rcvlowat;
}

/* Bytes of one packet, `skip` into the queue, after `done` others. 0: no more
 * that go with those; -EFAULT */
static ssize_t stream_take(struct unix_sock *u, struct socket_msg *m,
                           struct unix_extra *e, size_t skip, size_t done)
{
    bool is_peek = m->flags & MSG_PEEK;
    size_t want, n;
    struct unix_packet *p;

    if (UNLIKELY(u->mark_count > 0) && unix_oob_stops(u, m, skip, done))
        return 0;
    p = packet_at(u, &skip);
    if (!p || e->rights)
        return 0;
    if (p->extra.rights && m->is_free)
        return SOCKET_WANTS_KERNEL;
    if (done > 0 && socket_flag(&u->s, SO_PASSCRED) &&
        !same_cred(&p->extra.cred, &e->cred))
        return 0;
    want = MIN(m->io.left, p->len - skip);
    n = io_put(&m->io, p->data + p->off + skip, want);
    if (n == 0)
        return -EFAULT;
    extra_take(p, e, is_peek);
    if (!is_peek)
        packet_consume(u, p, n);
    return (ssize_t)n;
}

ssize_t unix_stream_receive(struct socket *s, struct socket_msg *m)
{
    struct unix_sock *u = unix_of(s);
    bool is_peek = m->flags & MSG_PEEK;
    size_t done = 0;
    struct unix_extra e = { 0 };
    ssize_t n = 0;

    if (u->state != UNIX_CONNECTED || UNLIKELY(m->flags & MSG_OOB))
        return unix_oob_send ? unix_oob_receive(u, m) : -EINVAL;
    if (m->is_free && (is_peek || socket_flag(s, SO_PASSCRED)))
        return SOCKET_WANTS_KERNEL;
    do {
        size_t skip = is_peek ? socket_peek_at(&u->s, m->flags) + done : 0;

        if (u->queue_bytes > skip) {
            if (m->io.left == 0)
                break;
            n = stream_take(u, m, &e, skip, done);
            if (n <= 0)
                break;
            done += (size_t)n;
            continue;
        }
        if (is_enough(u, m, done) || e.rights)
            break;
        n = wait_to_receive(u, &m->wait);
        if (n)
            break;
    } while (m->io.left > 0);
    if (done == 0 && n < 0)
        return n;
    m->is_cut = n == -EFAULT || n == SOCKET_WANTS_KERNEL;
    socket_peek_move(&u->s, m->flags, done);
    if (m->addr && done > 0)
        unix_copy_name(u->peer, m->addr);
    unix_extra_put(u, m, &e);
    if (!is_peek)
        unix_extra_fini(&e);
    return (ssize_t)done;
}
