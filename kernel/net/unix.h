/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix.h - AF_UNIX, between its files.
 *
 * What:      unix.c makes and connects, unix_name.c names; unix_stream.c and
 *            unix_message.c move data; unix_queue.c holds what is under way;
 *            unix_rights.c passes files and credentials and frees those that
 *            only travel in circles.
 * Ownership: a socket holds a reference of its peer, and every packet one of
 *            its sender, for the sender's name and its send buffer. Closing a
 *            socket empties its queue, so that no circle of these stays.
 * Locks:     everything that sending, receiving and readiness look at is under
 *            socket.lock: the family's, or for a socketpair of streams or
 *            packets one of a few that pairs share. But for what these two
 *            touch, it changes under the kernel lock as well. Without that they
 *            leave alone what has files with it, who is found by name, and what
 *            would end a socket (SOCKET_WANTS_KERNEL). Nobody has two of them:
 *            it is given up where files are put or names looked up, which may
 *            end sockets, and where others' queues are emptied.
 * Context:   as socket.h.
 * Units:     a packet's cost is the memory that it takes, header included.
 */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include <linux/un.h>

#include "net/socket.h"

#define UNIX_QUEUE_MAX  10u  /* net.unix.max_dgram_qlen */
#define UNIX_RIGHTS_MAX 253u /* files in one message: Linux's SCM_MAX_FD */
/* With so many sockets under way a sender looks which of them nobody can
 * receive any more. */
#define UNIX_INFLIGHT_MAX 16000u
#define UNIX_PACKET_MAX   4072u /* header and data: the heap's largest block */
#define UNIX_PATH_OFFSET  offsetof(struct sockaddr_un, sun_path)

struct inode;

enum unix_state { UNIX_CLOSED, UNIX_LISTENING, UNIX_CONNECTED };

struct unix_name {
    unsigned refs;          /* a listener's name is its connections' too */
    unsigned len;           /* of the address */
    struct sockaddr_un sun; /* as much of it as len says */
};

struct unix_sock {
    struct socket s;        /* first */
    enum unix_state state;  /* a datagram socket is connected or closed */
    bool is_dead;           /* its file is gone; only references are left */
    struct unix_name *name; /* NULL: not bound */
    struct inode *inode;    /* bound to a path: referenced */
    struct unix_sock *hash_next; /* bound to an abstract name */
    struct unix_sock *peer;      /* referenced */
    /* A listener's queue holds connections, by peer_link; others' packets. */
    struct list queue;
    size_t queue_count, queue_bytes;
    size_t mark_count;       /* marks in the queue (unix_oob.c) */
    struct unix_packet *oob; /* the last of them; NULL: its byte was read */
    unsigned backlog;        /* one more than it may wait in the queue */
    struct waitq room;       /* senders and connectors that found it full */
    size_t sent_cost;        /* of our packets in others' queues */
    struct list senders;     /* datagram sockets connected here: peer_link */
    struct list peer_link;
    struct list all_link;
    /* For the search for what only travels in circles. */
    unsigned inflight;    /* how often packets in queues carry this socket */
    unsigned outer_count; /* of these, in queues of others than suspects */
    bool is_suspect;
    struct list inflight_link, todo_link;
};

struct unix_rights {
    unsigned count;
    struct file *files[]; /* referenced */
};

/* What comes with a message beside its bytes. */
struct unix_extra {
    struct socket_cred cred; /* pid 0: none */
    struct unix_rights *rights;
};

struct unix_packet {
    struct list link;
    struct unix_packet *more; /* of the same message */
    struct unix_sock *sender; /* referenced */
    struct unix_extra extra;
    uint16_t off, len, cap; /* of data; off + len <= cap */
    bool was_peeked;        /* a message without bytes, by SO_PEEK_OFF */
    bool is_mark;           /* a byte out of band (unix_oob.c) */
    uint64_t stamp_ns;      /* SO_TIMESTAMP's, by the real clock; 0: none */
    size_t cost;            /* charged to the sender; 0: nothing */
    uint8_t data[];
};

static inline struct unix_sock *unix_of(struct socket *s)
{
    return (struct unix_sock *)s;
}

/* ---- unix.c ---- */

/* Give up what this CPU has of the family's locks, for something that may take
 * one, and take it again. */
struct spinlock *unix_pause(void);
void unix_resume(struct spinlock *lock);
extern struct list unix_all; /* struct unix_sock.all_link */
/* From now on `peer` (referenced; may be NULL) is u's peer. */
void unix_set_peer(struct unix_sock *u, struct unix_sock *peer_take);
/* No room for one more: a listener's backlog, or waiting messages. */
static inline bool unix_is_full(const struct unix_sock *u)
{
    return u->queue_count > u->backlog;
}
static inline bool unix_is_writable(const struct unix_sock *u)
{
    return u->state != UNIX_LISTENING && 4 * u->sent_cost <= u->s.sndbuf;
}

/* ---- unix_name.c ---- */

MUST_CHECK int unix_name_check(const struct socket_addr *a); /* -EINVAL */
/* The socket that an address leads to, for a socket of this type, referenced.
 * -ECONNREFUSED, -EPROTOTYPE, -EINVAL a bad address, path_resolution(7)'s */
MUST_CHECK int unix_find(const struct socket_addr *a, int type,
                         struct unix_sock **out);
/* Give a socket without name an abstract one. -ENOMEM, -ENOSPC */
MUST_CHECK int unix_autobind(struct unix_sock *u);
void unix_copy_name(const struct unix_sock *u, struct socket_addr *out);
void unix_unbind(struct unix_sock *u); /* its name leads nowhere */
void unix_name_put(struct unix_name *name);
int unix_bind(struct socket *s, struct socket_addr *a);
int unix_name(struct socket *s, enum socket_end end, struct socket_addr *out);

/* ---- unix_queue.c ---- */

/* A packet for len bytes, in as many pieces as that takes, not yet filled or
 * charged. NULL: out of memory. */
struct unix_packet *unix_packet_new(struct unix_sock *sender,
                                    size_t len) MUST_CHECK;
void unix_packet_free(struct unix_packet *p); /* uncharged and unlinked */
/* Charge the sender, or release it of the cost and wake it. */
void unix_packet_charge(struct unix_packet *p);
void unix_packet_uncharge(struct unix_packet *p);
size_t unix_packet_len(const struct unix_packet *p); /* with all pieces */
/* Append to the queue of u, charged. Nobody is woken yet. */
void unix_push(struct unix_sock *u, struct unix_packet *p);
/* Take it out of the queue; what waits for room is woken. */
void unix_pop(struct unix_sock *u, struct unix_packet *p);
/* All of u's packets are to be freed: they go to the waste, which
 * unix_waste_empty() frees, however deep sockets lie in each other's queues. */
void unix_queue_waste(struct unix_sock *u);
void unix_waste_empty(void);

ssize_t unix_stream_send(struct socket *s, struct socket_msg *m);
ssize_t unix_stream_receive(struct socket *s, struct socket_msg *m);
/* Wait until the peer may be given bytes. -EPIPE, socket_sleep()'s */
MUST_CHECK static inline int unix_stream_wait(struct unix_sock *u,
                                              struct socket_wait *w)
{
    const struct unix_sock *peer = u->peer;
    int err = 0;

    while (!err) {
        if ((u->s.shutdown & SHUTDOWN_SEND) || peer->is_dead ||
            (peer->s.shutdown & SHUTDOWN_RECEIVE))
            return -EPIPE;
        if (u->sent_cost < u->s.sndbuf)
            return 0;
        err = socket_sleep(&u->s.writable, w);
    }
    return err;
}
ssize_t unix_message_send(struct socket *s, struct socket_msg *m);
ssize_t unix_message_receive(struct socket *s, struct socket_msg *m);

/* ---- unix_oob.c, a part: there if unix_oob_send is ---- */

/* send(MSG_OOB): the last byte goes out of band. */
ssize_t unix_oob_send(struct unix_sock *u, struct socket_msg *m);
/* recv(MSG_OOB): 1, -EINVAL, -EFAULT */
ssize_t unix_oob_receive(struct unix_sock *u, struct socket_msg *m);
/* Receiving, `skip` bytes into the queue after `done` others, may not go on;
 * else marks that it begins at are gone, but for peeking. */
bool unix_oob_stops(struct unix_sock *u, const struct socket_msg *m,
                    size_t skip, size_t done);
/* SIOCATMARK: reading stopped before a mark. */
bool unix_oob_is_next(const struct unix_sock *u);
void unix_oob_changed(struct socket *s); /* socket_ops.changed */

/* ---- unix_rights.c ---- */

/* From m->control. What it gives goes into packets, or to unix_extra_fini().
 * -EINVAL, -EBADF, -EPERM, -ESRCH, -ETOOMANYREFS, -ENOMEM */
MUST_CHECK int unix_control_get(const struct socket_msg *m,
                                struct unix_extra *out);
static inline int unix_extra_get(const struct socket_msg *m,
                                 struct unix_extra *out)
{
    *out = (struct unix_extra){ 0 };
    return m->control ? unix_control_get(m, out) : 0;
}
/* Add the sender's credentials where either side wants them; who has not been
 * accepted yet may still come to want them. */
static inline void unix_extra_complete(struct unix_extra *e,
                                       const struct unix_sock *from,
                                       const struct unix_sock *to)
{
    bool is_wanted =
        ((from->s.flags | to->s.flags) >> SO_PASSCRED & 1) || !to->s.file;

    if (is_wanted && e->cred.pid == 0)
        e->cred = socket_cred_current();
}
/* Hand them to the program, as far as it asked; the files stay e's. */
void unix_control_put(const struct unix_sock *u, struct socket_msg *m,
                      const struct unix_extra *e);
static inline void unix_extra_put(const struct unix_sock *u,
                                  struct socket_msg *m,
                                  const struct unix_extra *e)
{
    if (e->rights || socket_flag(&u->s, SO_PASSCRED))
        unix_control_put(u, m, e);
}
void unix_rights_put(struct unix_rights *r);
static inline void unix_extra_fini(struct unix_extra *e)
{
    if (e->rights)
        unix_rights_put(e->rights);
    e->rights = NULL;
}
/* A packet with these rights entered or left a queue. */
void unix_rights_enter(const struct unix_rights *r);
void unix_rights_leave(const struct unix_rights *r);
/* Send to the waste what nobody can receive any more. True: there was some. */
bool unix_collect(void);

#endif
