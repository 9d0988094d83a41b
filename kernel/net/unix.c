/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix.c - AF_UNIX sockets: connections, readiness, the end.
 *
 * A connection is two sockets, each other's peer. connect() makes the other
 * one, which waits in the listener's queue and may be written to before
 * accept() gives it a file.
 */
#include <asm/ioctls.h>
#include <linux/eventpoll.h>
#include <linux/sockios.h>

#include "core/errno.h"
#include "core/panic.h"
#include "mm/heap.h"
#include "net/unix.h"

/* A part (parts.def): absent in kernels without MSG_OOB. */
#pragma weak unix_oob_send
#pragma weak unix_oob_is_next
#pragma weak unix_oob_changed

#define LOCKS 8u /* the first is that of all who are not of a pair */

static struct {
    struct spinlock lock;
} __attribute__((aligned(64)))
locks[LOCKS] = { [0 ... LOCKS - 1] = { SPINLOCK_INIT(LOCK_UNIX) } };
struct list unix_all = LIST_INIT(unix_all);

struct spinlock *unix_pause(void)
{
    for (unsigned i = 0; i < LOCKS; i++) {
        if (spin_is_mine(&locks[i].lock)) {
            spin_unlock(&locks[i].lock);
            return &locks[i].lock;
        }
    }
    return NULL;
}

void unix_resume(struct spinlock *lock)
{
    if (lock)
        spin_lock(lock);
}

static void lock_by(struct unix_sock *u, unsigned idx)
{
    socket_lock_by(&u->s, &locks[idx].lock);
    waitq_init_locked(&u->room, &locks[idx].lock);
}

/* ---- connecting ---- */

void unix_set_peer(struct unix_sock *u, struct unix_sock *peer_take)
{
    struct unix_sock *old = u->peer;

    list_remove(&u->peer_link);
    u->peer = peer_take;
    if (peer_take && u->s.type == SOCK_DGRAM)
        list_push_back(&peer_take->senders, &u->peer_link);
    if (old)
        socket_put(&old->s);
    waitq_wake_all(&u->s.writable); /* whose room counts has changed */
}

/* Another peer, or none: what the old one sent is not for the new one. */
static int dgram_connect(struct unix_sock *u, struct socket_addr *a)
{
    struct unix_sock *other = NULL, *old = u->peer;
    int err = 0;

    if (a->len < sizeof(a->family))
        return -EINVAL;
    if (a->family != AF_UNSPEC) {
        err = unix_name_check(a);
        if (!err && socket_flag(&u->s, SO_PASSCRED) && !u->name)
            err = unix_autobind(u);
        if (!err)
            err = unix_find(a, u->s.type, &other);
        if (err)
            return err;
        if (other->peer && other->peer != u) {
            socket_put(&other->s);
            return -EPERM;
        }
    }
    u->state = other ? UNIX_CONNECTED : UNIX_CLOSED;
    if (old && old != other) {
        unix_queue_waste(u);
        if (!old->is_dead && old->peer == u) {
            old->s.error = ECONNRESET;
            socket_wake(&old->s);
        }
    }
    unix_set_peer(u, other);
    unix_waste_empty();
    return 0;
}

static struct unix_sock *sock_new(int type);

/* Wait until the listener takes one more of u's kind. -ECONNREFUSED: it is
 * none; -EISCONN: u is of a pair, under another lock */
static int listener_wait(const struct unix_sock *u, struct unix_sock *to,
                         struct socket_wait *w)
{
    int err = 0;

    while (!err) {
        if (to->state != UNIX_LISTENING || to->is_dead ||
            (to->s.shutdown & SHUTDOWN_RECEIVE))
            return -ECONNREFUSED;
        if (u->s.lock != to->s.lock)
            return -EISCONN;
        if (!unix_is_full(to))
            return 0;
        err = socket_sleep(&to->room, w);
    }
    return err;
}

/* The other end comes to be in the listener's queue. */
static int listener_enter(struct unix_sock *to, struct unix_sock *u)
{
    struct unix_sock *end = sock_new(u->s.type);

    if (!end)
        return -ENOMEM;
    end->state = u->state = UNIX_CONNECTED;
    end->peer = unix_of(socket_get(&u->s));
    u->peer = unix_of(socket_get(&end->s));
    end->s.peer_cred = socket_cred_current();
    u->s.peer_cred = to->s.peer_cred;
    end->name = to->name;
    end->name->refs++;
    list_push_back(&to->queue, &end->peer_link);
    to->queue_count++;
    waitq_wake_all(&to->s.readable);
    waitq_wake_all(&u->s.writable);
    return 0;
}

static int unix_connect(struct socket *s, struct socket_addr *a,
                        struct socket_wait *w)
{
    struct unix_sock *u = unix_of(s), *to;
    int err;

    if (s->type == SOCK_DGRAM)
        return dgram_connect(u, a);
    err = unix_name_check(a);
    if (!err && socket_flag(s, SO_PASSCRED) && !u->name)
        err = unix_autobind(u);
    if (!err)
        err = unix_find(a, s->type, &to);
    if (err)
        return err;
    err = listener_wait(u, to, w);
    if (!err && u->state != UNIX_CLOSED)
        err = u->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
    if (!err)
        err = listener_enter(to, u);
    socket_put(&to->s);
    return err;
}

static int unix_pair(struct socket *a, struct socket *b)
{
    static unsigned next;
    struct unix_sock *ua = unix_of(a), *ub = unix_of(b);

    unix_set_peer(ua, unix_of(socket_get(b)));
    unix_set_peer(ub, unix_of(socket_get(a)));
    ua->state = ub->state = UNIX_CONNECTED;
    a->peer_cred = b->peer_cred = socket_cred_current();
    if (a->type == SOCK_DGRAM)
        return 0;
    /* Nobody else can come to have to do with these. */
    next = next % (LOCKS - 1) + 1;
    lock_by(ua, next);
    lock_by(ub, next);
    return 0;
}

static int unix_listen(struct socket *s, unsigned backlog)
{
    struct unix_sock *u = unix_of(s);

    if (s->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    if (!u->name || u->state == UNIX_CONNECTED)
        return -EINVAL;
    if (backlog > u->backlog)
        waitq_wake_all(&u->room);
    u->backlog = backlog;
    u->state = UNIX_LISTENING;
    s->is_listening = true;
    s->peer_cred = socket_cred_current();
    return 0;
}

static int unix_accept(struct socket *s, struct socket_wait *w,
                       struct socket **out)
{
    struct unix_sock *u = unix_of(s), *end;
    int err = 0;

    if (s->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    if (u->state != UNIX_LISTENING)
        return -EINVAL;
    while (list_is_empty(&u->queue)) {
        if (s->shutdown & SHUTDOWN_RECEIVE)
            return -EINVAL;
        err = socket_sleep(&s->readable, w);
        if (err)
            return err;
    }
    end = LIST_ENTRY(u->queue.next, struct unix_sock, peer_link);
    list_remove(&end->peer_link);
    u->queue_count--;
    waitq_wake_all(&u->room);
    end->s.flags |= s->flags & (1ull << SO_PASSCRED);
    *out = &end->s;
    return 0;
}

/* ---- readiness ---- */

static bool has_input(const struct unix_sock *u)
{
    if (u->s.type == SOCK_STREAM && u->state != UNIX_LISTENING)
        return u->queue_bytes > 0 || u->mark_count > 0;
    return !list_is_empty(&u->queue);
}

static unsigned unix_poll(struct socket *s)
{
    const struct unix_sock *u = unix_of(s), *peer = u->peer;
    unsigned events = socket_poll_ends(s);
    bool may_write = unix_is_writable(u);

    if (has_input(u))
        events |= EPOLLIN | EPOLLRDNORM;
    if (u->oob)
        events |= EPOLLPRI;
    if (s->type != SOCK_DGRAM && u->state == UNIX_CLOSED)
        events |= EPOLLHUP;
    if (s->type == SOCK_DGRAM && peer && !peer->is_dead && peer->peer != u &&
        unix_is_full(peer))
        may_write = false;
    if (may_write)
        events |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    return events;
}

static long unix_ioctl(struct socket *s, unsigned cmd, uaddr_t arg)
{
    const struct unix_sock *u = unix_of(s);
    size_t len = u->queue_bytes;

    switch (cmd) {
    case SIOCOUTQ:
        return user_put32(arg, (uint32_t)u->sent_cost);
    case FIONREAD: /* SIOCINQ */
        if (u->state == UNIX_LISTENING)
            return -EINVAL;
        if (s->type == SOCK_DGRAM && !list_is_empty(&u->queue))
            len = unix_packet_len(
                LIST_ENTRY(u->queue.next, struct unix_packet, link));
        if (u->oob && u->oob->len == 0)
            len++;
        return user_put32(arg, (uint32_t)len);
    case SIOCATMARK:
        if (!unix_oob_send || s->type != SOCK_STREAM)
            return -ENOTTY;
        return user_put32(arg, u->mark_count > 0 && unix_oob_is_next(u));
    default:
        return -ENOTTY;
    }
}

/* ---- the end ---- */

/* The half that one side closes is the other's other half. */
static int unix_shutdown(struct socket *s, unsigned how)
{
    struct unix_sock *u = unix_of(s), *peer = u->peer;

    s->shutdown |= (uint8_t)how;
    socket_wake(s);
    waitq_wake_all(&u->room);
    if (!peer || s->type == SOCK_DGRAM)
        return 0;
    if (how & SHUTDOWN_RECEIVE)
        peer->s.shutdown |= SHUTDOWN_SEND;
    if (how & SHUTDOWN_SEND)
        peer->s.shutdown |= SHUTDOWN_RECEIVE;
    socket_wake(&peer->s);
    return 0;
}

/* The peer of a connection sees the end; what was not read is an error. */
static void hang_up(struct unix_sock *u, bool was_lost)
{
    struct unix_sock *peer = u->peer;

    if (u->s.type != SOCK_DGRAM && peer) {
        peer->s.shutdown = SHUTDOWN_BOTH;
        if (was_lost)
            peer->s.error = ECONNRESET;
        socket_wake(&peer->s);
    }
    LIST_FOR_EACH(it, &u->senders)
    waitq_wake_all(&LIST_ENTRY(it, struct unix_sock, peer_link)->s.writable);
    waitq_wake_all(&u->room);
}

/* was_lost: also without anything unread, for a connection never accepted. */
static void sock_close(struct unix_sock *u, bool was_lost)
{
    unix_unbind(u);
    u->is_dead = true;
    u->s.shutdown = SHUTDOWN_BOTH;
    list_remove(&u->all_link);
    hang_up(u, was_lost || has_input(u));
    if (u->state != UNIX_LISTENING)
        unix_queue_waste(u);
    unix_set_peer(u, NULL);
}

static void unix_release(struct socket *s)
{
    struct unix_sock *u = unix_of(s);
    struct list *link;

    sock_close(u, false);
    while (u->state == UNIX_LISTENING && (link = list_pop_front(&u->queue))) {
        struct unix_sock *end = LIST_ENTRY(link, struct unix_sock, peer_link);

        sock_close(end, true);
        socket_put(&end->s);
    }
    unix_waste_empty();
}

static void unix_destroy(struct socket *s)
{
    struct unix_sock *u = unix_of(s);

    ASSERT(list_is_empty(&u->queue) && list_is_empty(&u->senders));
    unix_name_put(u->name);
    kfree(u);
}

/* ---- creating ---- */

static const struct socket_ops stream_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .pair = unix_pair,
    .name = unix_name,
    .send = unix_stream_send,
    .receive = unix_stream_receive,
    .shutdown = unix_shutdown,
    .poll = unix_poll,
    .ioctl = unix_ioctl,
    .changed = unix_oob_changed,
    .release = unix_release,
    .destroy = unix_destroy,
};

static const struct socket_ops message_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .pair = unix_pair,
    .name = unix_name,
    .send = unix_message_send,
    .receive = unix_message_receive,
    .shutdown = unix_shutdown,
    .poll = unix_poll,
    .ioctl = unix_ioctl,
    .release = unix_release,
    .destroy = unix_destroy,
};

static struct unix_sock *sock_new(int type)
{
    struct unix_sock *u = kzalloc(sizeof(*u));

    if (!u)
        return NULL;
    socket_init(&u->s, AF_UNIX, type,
                type == SOCK_STREAM ? &stream_ops : &message_ops);
    u->s.has_stamps = true; /* on streams without effect, as on Linux */
    u->backlog = UNIX_QUEUE_MAX;
    list_init(&u->queue);
    list_init(&u->senders);
    list_init(&u->peer_link);
    lock_by(u, 0);
    list_push_back(&unix_all, &u->all_link);
    return u;
}

int unix_create(int type, int protocol, struct socket **out)
{
    struct unix_sock *u;

    if (protocol != 0 && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    if (type == SOCK_RAW)
        type = SOCK_DGRAM; /* as BSD has it, and Linux */
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
        return -ESOCKTNOSUPPORT;
    u = sock_new(type);
    if (!u)
        return -ENOMEM;
    *out = &u->s;
    return 0;
}
