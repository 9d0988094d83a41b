/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_oob.c - a byte out of band on streams: MSG_OOB, the mark, SIGURG.
 *
 * The byte is a packet of its own in the receiver's queue, a mark, where
 * reading stops. While it is out of band the packet has length 0, so that
 * nobody counts it with the stream's bytes; SO_OOBINLINE makes it 1. It stays
 * as a mark once the byte was read. As on Linux a byte that another follows
 * before it was read becomes one of the stream, and reading that begins at the
 * byte passes over it.
 */
#include "core/errno.h"
#include "net/unix.h"

#define SIGURG 23

static struct unix_packet *first_of(const struct unix_sock *u)
{
    return list_is_empty(&u->queue)
               ? NULL
               : LIST_ENTRY(u->queue.next, struct unix_packet, link);
}

/* Whether the byte of a mark is one of the stream. */
static void count_byte(struct unix_sock *u, struct unix_packet *p, bool is_byte)
{
    u->queue_bytes -= p->len;
    p->len = is_byte;
    u->queue_bytes += p->len;
}

static void unmark(struct unix_sock *u, struct unix_packet *p)
{
    p->is_mark = false;
    u->mark_count--;
    if (u->oob == p)
        u->oob = NULL;
}

/* ---- sending ---- */

static int send_byte(struct unix_sock *u, struct socket_msg *m,
                     struct unix_extra *e)
{
    struct unix_sock *to = u->peer;
    struct unix_packet *p = unix_packet_new(u, 1), *old;

    if (!p)
        return -ENOBUFS;
    if (io_get(&m->io, p->data, 1) < 1) {
        unix_packet_free(p);
        return -EFAULT;
    }
    p->extra = *e;
    e->rights = NULL;
    old = first_of(to);
    if (old && old->cost == 0) { /* the small one that stayed */
        unix_pop(to, old);
        unix_packet_free(old);
    }
    if (to->oob) {
        count_byte(to, to->oob, true);
        unmark(to, to->oob);
    }
    p->is_mark = true;
    p->len = socket_flag(&to->s, SO_OOBINLINE);
    unix_push(to, p);
    to->mark_count++;
    to->oob = p;
    if (to->s.file)
        file_signal_owner(to->s.file, SIGURG);
    waitq_wake_all(&to->s.readable);
    return 0;
}

ssize_t unix_oob_send(struct unix_sock *u, struct socket_msg *m)
{
    struct unix_extra e = { 0 };
    ssize_t done = 0;
    int err;

    if (m->is_free)
        return SOCKET_WANTS_KERNEL;
    m->flags &= ~MSG_OOB;
    if (m->io.left == 0 || m->addr || !u->peer) /* which it refuses */
        return m->io.left ? unix_stream_send(&u->s, m) : -EOPNOTSUPP;
    if (--m->io.left > 0) {
        done = unix_stream_send(&u->s, m);
        if (done < 0 || m->io.left > 0)
            return done;
    } else {
        err = unix_extra_get(m, &e);
        if (err)
            return err;
    }
    m->io.left = 1;
    unix_extra_complete(&e, u, u->peer);
    err = unix_stream_wait(u, &m->wait);
    if (!err)
        err = send_byte(u, m, &e);
    unix_extra_fini(&e);
    if (err)
        return done ? done : err;
    return done + 1;
}

/* ---- receiving ---- */

ssize_t unix_oob_receive(struct unix_sock *u, struct socket_msg *m)
{
    if (m->is_free)
        return SOCKET_WANTS_KERNEL;
    if (u->state != UNIX_CONNECTED || !u->oob ||
        socket_flag(&u->s, SO_OOBINLINE))
        return -EINVAL;
    if (io_put(&m->io, u->oob->data, 1) < 1)
        return -EFAULT;
    if (!(m->flags & MSG_PEEK))
        u->oob = NULL;
    if (m->addr)
        m->addr->len = 0;
    m->out_flags |= MSG_OOB;
    return 1;
}

/* Reading ends before this mark: the last, or one before which there is none
 * whose byte may still be read. */
static bool is_stop(const struct unix_sock *u, const struct unix_packet *p)
{
    return p->is_mark && (p == u->oob || !u->oob);
}

static bool stops_peeking(const struct unix_sock *u, size_t skip)
{
    LIST_FOR_EACH(it, &u->queue)
    {
        const struct unix_packet *p = LIST_ENTRY(it, struct unix_packet, link);

        if (skip == 0 && is_stop(u, p))
            return true;
        if (skip < p->len)
            return false;
        skip -= p->len;
    }
    return false;
}

bool unix_oob_stops(struct unix_sock *u, const struct socket_msg *m,
                    size_t skip, size_t done)
{
    struct unix_packet *p;

    if (m->flags & MSG_PEEK)
        return done > 0 && stops_peeking(u, skip);
    while ((p = first_of(u)) && p->is_mark) {
        if (done > 0 && is_stop(u, p))
            return true;
        unmark(u, p);
        if (p->len > 0)
            break;
        unix_pop(u, p);
        unix_packet_free(p);
    }
    return false;
}

/* ---- the mark ---- */

bool unix_oob_is_next(const struct unix_sock *u)
{
    const struct unix_packet *p = first_of(u);

    if (!p || !p->is_mark)
        return false;
    return is_stop(u, p) ||
           u->oob == LIST_ENTRY(p->link.next, struct unix_packet, link);
}

void unix_oob_changed(struct socket *s)
{
    struct unix_sock *u = unix_of(s);
    struct spinlock *lock = socket_lock(s);

    if (u->oob)
        count_byte(u, u->oob, socket_flag(s, SO_OOBINLINE));
    socket_unlock(lock);
}
