/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_message.c - sending and receiving whole messages, SOCK_DGRAM and
 * SOCK_SEQPACKET.
 *
 * A message is copied in before its receiver is looked for, as on Linux: so a
 * fault or a full send buffer shows first. A receiver that is not connected
 * back takes a few messages only, whatever their size; who finds its queue
 * full sleeps on the receiver's `room`.
 */
#include "core/errno.h"
#include "core/panic.h"
#include "net/unix.h"
#include "time/clock.h"

#define LEN_SLACK 32u /* of SO_SNDBUF, that a message may not use */

static bool is_seqpacket(const struct unix_sock *u)
{
    return u->s.type == SOCK_SEQPACKET;
}

/* ---- sending ---- */

static int send_check(struct unix_sock *u, struct socket_msg *m)
{
    int err = 0;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (is_seqpacket(u)) {
        m->addr = NULL;
        err = socket_error_take(&u->s);
        if (!err && u->state != UNIX_CONNECTED)
            err = -ENOTCONN;
    }
    if (!err && !m->addr && !u->peer)
        err = -ENOTCONN;
    if (!err && socket_flag(&u->s, SO_PASSCRED) && !u->name)
        err = unix_autobind(u);
    if (!err && m->io.left > u->s.sndbuf - LEN_SLACK)
        err = -EMSGSIZE;
    return err;
}

static int wait_to_send(struct unix_sock *u, struct socket_wait *w)
{
    int err = 0;

    while (!err) {
        err = socket_error_take(&u->s);
        if (err)
            break;
        if (u->s.shutdown & SHUTDOWN_SEND)
            return -EPIPE;
        if (u->sent_cost < u->s.sndbuf)
            return 0;
        err = socket_sleep(&u->s.writable, w);
    }
    return err;
}

static int message_fill(struct unix_packet *p, struct socket_msg *m)
{
    for (; p; p = p->more) {
        p->len = (uint16_t)io_get(&m->io, p->data, p->cap);
        if (p->len < p->cap)
            return -EFAULT;
    }
    return 0;
}

/* -EAGAIN: the receiver's queue is full. */
static int deliver(struct unix_sock *u, struct unix_sock *to,
                   struct unix_packet *p)
{
    if (to->peer && to->peer != u)
        return -EPERM; /* it listens to another only */
    if (to->is_dead) {
        ASSERT(to == u->peer); /* found by name, it would be alive */
        u->state = UNIX_CLOSED;
        unix_set_peer(u, NULL);
        unix_queue_waste(u);
        return -ECONNREFUSED;
    }
    if (to->s.shutdown & SHUTDOWN_RECEIVE)
        return -EPIPE;
    if (to != u && to->peer != u && unix_is_full(to))
        return -EAGAIN;
    unix_extra_complete(&p->extra, u, to);
    if (UNLIKELY(to->s.flags & SOCKET_STAMPS))
        p->stamp_ns = clock_real_ns();
    unix_push(to, p);
    waitq_wake_all(&to->s.readable);
    return 0;
}

/* Find the receiver and deliver, again and again while its queue is full. */
static int send_packet(struct unix_sock *u, struct socket_msg *m,
                       struct unix_packet *p)
{
    struct unix_sock *to;
    int err = 0;

    while (!err) {
        if (m->addr) {
            err = unix_find(m->addr, u->s.type, &to);
            if (err)
                return err;
        } else {
            if (!u->peer)
                return -ECONNREFUSED; /* gone while this slept */
            to = unix_of(socket_get(&u->peer->s));
        }
        /* Who is gone is not a peer any more, which may end him. */
        err = m->is_free && to->is_dead ? (int)SOCKET_WANTS_KERNEL
                                        : deliver(u, to, p);
        if (err == -EAGAIN && m->is_free && m->wait.timeout_ns > 0)
            err = (int)SOCKET_WANTS_KERNEL; /* it might be over by then */
        if (err != -EAGAIN) {
            socket_put(&to->s);
            return err;
        }
        err = socket_sleep(&to->room, &m->wait);
        socket_put(&to->s);
    }
    return err;
}

/* Without the kernel lock nobody is found by name or given one. */
static bool may_send_free(const struct unix_sock *u, const struct socket_msg *m)
{
    return !m->control && !m->addr && !socket_flag(&u->s, SO_PASSCRED);
}

ssize_t unix_message_send(struct socket *s, struct socket_msg *m)
{
    struct unix_sock *u = unix_of(s);
    const struct io io = m->io;
    struct unix_packet *p;
    struct unix_extra e;
    int err;

    if (m->is_free && !may_send_free(u, m))
        return SOCKET_WANTS_KERNEL;
    err = unix_extra_get(m, &e);
    if (err)
        return err;
    err = send_check(u, m);
    if (!err)
        err = wait_to_send(u, &m->wait);
    if (err)
        goto fini_extra;
    err = -ENOBUFS;
    p = unix_packet_new(u, io.left);
    if (!p)
        goto fini_extra;
    p->extra = e;
    err = message_fill(p, m);
    if (!err)
        err = send_packet(u, m, p);
    if (!err)
        return (ssize_t)io.left;
    unix_packet_free(p);
    if (m->is_free)
        m->io = io; /* it may be sent again, with the kernel lock */
    else
        unix_waste_empty();
    return err;

fini_extra:
    unix_extra_fini(&e);
    return err;
}

/* ---- receiving ---- */

/* The message that `flags` and SO_PEEK_OFF mean, and how far in it begins.
 * One without bytes is peeked at once. NULL: it has not come yet. */
static struct unix_packet *message_at(const struct unix_sock *u, unsigned flags,
                                      size_t *skip_out)
{
    bool is_peek = flags & MSG_PEEK && u->s.peek_off >= 0;
    size_t skip = socket_peek_at(&u->s, flags);

    LIST_FOR_EACH(it, &u->queue)
    {
        struct unix_packet *p = LIST_ENTRY(it, struct unix_packet, link);
        size_t len = unix_packet_len(p);

        if (!is_peek || skip < len || (skip == 0 && !p->was_peeked)) {
            *skip_out = skip;
            p->was_peeked |= is_peek && len == 0;
            return p;
        }
        skip -= len;
    }
    return NULL;
}

/* Wait for it. NULL: none, *err_out says why, 0 for the end. */
static struct unix_packet *message_wait(struct unix_sock *u,
                                        struct socket_msg *m, size_t *skip_out,
                                        int *err_out)
{
    struct socket_wait *w = &m->wait;
    struct unix_packet *p;
    int err = 0;

    while (!(p = message_at(u, m->flags, skip_out)) && !err) {
        err = socket_error_take(&u->s);
        if (err)
            break;
        if (u->s.shutdown & SHUTDOWN_RECEIVE) {
            if (w->timeout_ns == 0 && !is_seqpacket(u))
                err = -EAGAIN;
            break;
        }
        err = socket_sleep(&u->s.readable, w);
    }
    *err_out = err;
    return p;
}

/* Bytes copied from `skip` on, or -EFAULT. */
static ssize_t message_copy(const struct unix_packet *p, struct socket_msg *m,
                            size_t skip)
{
    ssize_t done = 0;

    for (; p; p = p->more) {
        size_t from = MIN(skip, (size_t)p->len);
        size_t want = MIN(p->len - from, m->io.left);
        size_t n = io_put(&m->io, p->data + from, want);

        skip -= from;

        if (n < want)
            return -EFAULT;
        done += (ssize_t)n;
    }
    return done;
}

/* Nor does he receive files, see more than bytes, or let go of a sender that is
 * gone. */
static bool may_receive_free(const struct unix_sock *u,
                             const struct unix_packet *p)
{
    return !p->extra.rights && p->sender->s.refs > 1 &&
           !(u->s.flags & (SOCKET_STAMPS | 1ull << SO_PASSCRED));
}

ssize_t unix_message_receive(struct socket *s, struct socket_msg *m)
{
    struct unix_sock *u = unix_of(s);
    const struct io io = m->io;
    struct unix_packet *p;
    ssize_t done, len;
    size_t skip;
    int err;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (is_seqpacket(u) && u->state != UNIX_CONNECTED)
        return -ENOTCONN;
    if (m->is_free && m->flags & MSG_PEEK)
        return SOCKET_WANTS_KERNEL;
    p = message_wait(u, m, &skip, &err);
    if (!p)
        return err;
    if (m->is_free && !may_receive_free(u, p))
        return SOCKET_WANTS_KERNEL;
    len = (ssize_t)(unix_packet_len(p) - skip);
    done = message_copy(p, m, skip);
    if (done < 0 && m->is_free) {
        m->io = io;
        return done;
    }
    if (!(m->flags & MSG_PEEK))
        unix_pop(u, p);
    if (done >= 0) {
        socket_peek_move(&u->s, m->flags,
                         (size_t)(m->flags & MSG_PEEK ? done : len));
        if (done < len)
            m->out_flags |= MSG_TRUNC;
        if (m->addr)
            unix_copy_name(p->sender, m->addr);
        if (UNLIKELY(s->flags & SOCKET_STAMPS))
            socket_stamp_put(s, m, p->stamp_ns);
        unix_extra_put(u, m, &p->extra);
        if (m->flags & MSG_TRUNC)
            done = len;
    }
    if (!(m->flags & MSG_PEEK))
        unix_packet_free(p);
    return done;
}
