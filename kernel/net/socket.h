/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.h - sockets of every family: what they share, what a family brings.
 *
 * What:      a struct socket is one end of a conversation. The generic half
 *            (socket.c, option.c, control.c) does what all families do alike:
 *            the open file, waiting and time limits, SOL_SOCKET's options,
 *            ancillary data. A family embeds struct socket in its own and
 *            brings an ops table per kind of socket.
 * Ownership: the open file holds the socket's inode, and that one reference of
 *            the socket; ops->release comes with the file's end. A family
 *            holds more references for its own links. The last socket_put()
 *            calls ops->destroy, which frees.
 * Context:   a thread's system call. Ops that take a struct socket_wait or
 *            socket_msg may sleep, by socket_sleep(); others do not. Wakes may
 *            come from anywhere.
 * Locks:     the kernel lock. A family may have one of its own (socket.lock)
 *            for what sending and receiving touch: these are tried with that
 *            alone (socket_send()), poll has no other, nor has connect where
 *            connects_free says so; of the other ops all but bind, name and
 *            those of options have it as well. It is given up over a sleep, as
 *            the kernel lock is.
 * Errors:    -errno of the manual pages; those of socket_sleep() from whatever
 *            sleeps.
 * Units:     _ns; WAIT_FOREVER for no limit. Addresses and their lengths are
 *            Linux's struct sockaddr.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "fs/vfs.h"
#include "net/abi.h"
#include "sched/wait.h"

#define SOCKET_FAMILY_MAX  46u /* Linux's AF_MAX: beyond is no family at all */
#define SOCKET_BACKLOG_MAX 4096u   /* net.core.somaxconn */
#define SOCKET_BUF_DEFAULT 212992u /* net.core.{w,r}mem_default */
#define SOCKET_BUF_MAX     212992u /* net.core.{w,r}mem_max; twice that */
#define SOCKET_SNDBUF_MIN  4608u   /* Linux's, as SOCKET_RCVBUF_MIN */
#define SOCKET_RCVBUF_MIN  2304u
#define SOCKET_CONTROL_MAX 20480u /* net.core.optmem_max: bytes of cmsgs */

/* Bits of socket.flags: SO_TIMESTAMP and SO_TIMESTAMPNS, of which one is on. */
#define SOCKET_STAMPS (1ull << SO_TIMESTAMP_OLD | 1ull << SO_TIMESTAMPNS_OLD)

#define SHUTDOWN_RECEIVE 1u /* bits of socket.shutdown: shutdown(2)'s how + 1 */
#define SHUTDOWN_SEND    2u
#define SHUTDOWN_BOTH    3u

struct socket_addr {
    unsigned len; /* 0: none */
    union {
        uint16_t family;
        char bytes[sizeof(struct __kernel_sockaddr_storage)];
        uint64_t align;
    };
};

/* How long an operation may sleep altogether. */
struct socket_wait {
    uint64_t timeout_ns;  /* 0: not at all */
    uint64_t deadline_ns; /* 0: it has not slept yet */
};

/* One message on its way, in either direction. */
struct socket_msg {
    struct io io;             /* its bytes */
    unsigned flags;           /* MSG_*, the call's */
    unsigned out_flags;       /* receiving: MSG_TRUNC, MSG_CTRUNC, ... */
    struct socket_addr *addr; /* where to, or from where; NULL: not given */
    uint8_t *control;         /* sending: cmsgs, copied in, or NULL */
    uaddr_t control_at;       /* receiving: where the next goes; 0: nowhere */
    size_t control_len;       /* bytes of them, or of the room left */
    bool is_free; /* without the kernel lock: SOCKET_WANTS_KERNEL for no */
    bool is_cut;  /* result: more could be moved now with the kernel lock */
    struct socket_wait wait;
};

/* All but its bytes, and how long it waits, which socket_msg_wait() sets: one
 * by one, since a loop over them is twice as long. */
static inline void socket_msg_clear(struct socket_msg *m, unsigned flags)
{
    m->flags = flags;
    m->out_flags = 0;
    m->addr = NULL;
    m->control = NULL;
    m->control_at = 0;
    m->control_len = 0;
    m->is_free = m->is_cut = false;
}

/* From send and receive without the kernel lock: nothing was done, they are to
 * be called again with it. So they are after -EFAULT and -ENOBUFS, since they
 * neither wait for the program's memory nor have any reclaimed. */
#define SOCKET_WANTS_KERNEL (-4096l)

/* Who is at the other end: struct ucred. */
struct socket_cred {
    int32_t pid; /* 0: not known */
    uint32_t uid, gid;
};

struct socket {
    struct inode inode; /* of its open file; first */
    const struct socket_ops *ops;
    struct spinlock *lock; /* the family's; NULL: it has none */
    struct file *file;     /* not referenced; NULL before it has one */
    unsigned refs;
    uint16_t family, type, protocol;
    uint8_t shutdown;  /* SHUTDOWN_* */
    bool is_listening; /* SO_ACCEPTCONN */
    bool has_stamps;   /* SO_TIMESTAMP is for it */
    bool is_filter_locked;
    struct filter *filter; /* SO_ATTACH_FILTER's, or NULL; the family's lock */
    int error;             /* SO_ERROR: reported once, positive */
    uint64_t flags;        /* options that are on: bit SO_x; socket_flag() */
    uint32_t sndbuf, rcvbuf;
    int rcvlowat, priority, mark;
    int peek_off;       /* SO_PEEK_OFF: negative: off */
    uint32_t linger[2]; /* struct linger */
    uint64_t rcv_timeout_ns, snd_timeout_ns;
    struct socket_cred peer_cred; /* SO_PEERCRED */
    struct waitq readable; /* data, connections; and every change of state */
    struct waitq writable; /* room; and every change of state */
};

/* Whose address: getsockname()'s, getpeername()'s, which needs a connection,
 * or accept()'s, whose connection may be over already. */
enum socket_end {
    SOCKET_END_OWN,
    SOCKET_END_PEER,
    SOCKET_END_ACCEPTED,
};

struct socket_ops {
    int (*bind)(struct socket *s, struct socket_addr *a);
    int (*connect)(struct socket *s, struct socket_addr *a,
                   struct socket_wait *w);
    bool connects_free; /* with the family's lock alone */
    int (*listen)(struct socket *s, unsigned backlog); /* EOPNOTSUPP */
    /* Gives a socket without a file, with the caller's reference. */
    int (*accept)(struct socket *s, struct socket_wait *w,
                  struct socket **out);              /* EOPNOTSUPP */
    int (*pair)(struct socket *a, struct socket *b); /* EOPNOTSUPP */
    int (*name)(struct socket *s, enum socket_end end, struct socket_addr *out);
    ssize_t (*send)(struct socket *s, struct socket_msg *m);
    ssize_t (*receive)(struct socket *s, struct socket_msg *m);
    int (*shutdown)(struct socket *s, unsigned how); /* SHUTDOWN_* */
    /* Without registering: the generic half did that. EPOLL* */
    unsigned (*poll)(struct socket *s);
    long (*ioctl)(struct socket *s, unsigned cmd, uaddr_t arg); /* ENOTTY */
    /* Levels but SOL_SOCKET. get: *len in and out. NULL: EOPNOTSUPP */
    int (*set_option)(struct socket *s, int level, int name, uaddr_t value,
                      unsigned len);
    int (*get_option)(struct socket *s, int level, int name, uaddr_t value,
                      unsigned *len);
    void (*changed)(struct socket *s); /* an option was set; NULL: no matter */
    void (*release)(struct socket *s); /* its file is gone */
    void (*destroy)(struct socket *s); /* the last reference is gone: free */
};

/*
 * A family: make one socket, by socket_init() in memory of its own. type is
 * SOCK_* without flags.
 *   -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -ENOMEM
 */
int unix_create(int type, int protocol, struct socket **out);
int netlink_create(int type, int protocol, struct socket **out);
int inet_create(int family, int type, int protocol, struct socket **out);
int packet_create(int type, int protocol, struct socket **out);

/* ---- for system calls ---- */

/* A new socket and its open file. flags: O_NONBLOCK.
 *   -EAFNOSUPPORT, -EINVAL, and the family's */
MUST_CHECK int socket_create(int family, int type, int protocol, unsigned flags,
                             struct file **out);
MUST_CHECK int socket_create_pair(int family, int type, int protocol,
                                  unsigned flags, struct file *out[2]);
/* Borrowed; NULL: another kind of file. */
struct socket *socket_of(const struct file *f);
/* connect(), with or without the kernel lock. */
MUST_CHECK int socket_connect(struct socket *s, struct socket_addr *a);
/* Wait for a connection; its own open file. -EMFILE before one is taken. */
MUST_CHECK int socket_accept(struct socket *s, unsigned flags,
                             struct file **out);
/* Send, receive, with or without the kernel lock, once m->wait is set up. */
MUST_CHECK ssize_t socket_send(struct socket *s, struct socket_msg *m);
MUST_CHECK ssize_t socket_receive(struct socket *s, struct socket_msg *m);
/* Around the other ops. The lock goes to socket_unlock(): s may have gone. */
struct spinlock *socket_lock(const struct socket *s);
void socket_unlock(struct spinlock *lock);
/* Set up m->wait as the file's and the call's flags say. */
void socket_msg_wait(const struct socket *s, struct socket_msg *m,
                     bool is_send);
MUST_CHECK int socket_set_option(struct socket *s, int level, int name,
                                 uaddr_t value, unsigned len);
MUST_CHECK int socket_get_option(struct socket *s, int level, int name,
                                 uaddr_t value, uaddr_t len_at);

/* Sockets that have a file: /proc/net/sockstat. */
extern unsigned socket_total;

/* ---- for families ---- */

/* Fill in a zeroed struct socket with one reference, its file's to be. */
void socket_init(struct socket *s, int family, int type,
                 const struct socket_ops *ops);
/* It has a lock of its family's, and so have its queues. */
void socket_lock_by(struct socket *s, struct spinlock *lock);
struct socket *socket_get(struct socket *s);
void socket_put(struct socket *s);
static inline bool socket_flag(const struct socket *s, int option)
{
    return s->flags >> option & 1;
}
/* For poll: what an error and shutdown() alone bring about. EPOLL* */
unsigned socket_poll_ends(const struct socket *s);
/* -error, which is then taken; 0: none. */
int socket_error_take(struct socket *s);
/* For those who have not the family's lock. */
int socket_error_take_locked(struct socket *s);
/*
 * Sleep on q once; the caller looks again at what it waits for.
 *   -EAGAIN       it may not sleep, or the time is over
 *   -ERESTARTSYS  a signal; -EINTR where a time limit forbids to restart
 */
MUST_CHECK int socket_sleep(struct waitq *q, struct socket_wait *w);
/* Everybody who waits for anything looks again: shutdown, error, hang-up. */
void socket_wake(struct socket *s);
/* The least bytes a stream's receive must bring before it may not sleep. */
size_t socket_receive_target(const struct socket *s,
                             const struct socket_msg *m);
/* SO_PEEK_OFF: where in the queue receiving with these flags begins, and that
 * it took so many bytes. */
static inline size_t socket_peek_at(const struct socket *s, unsigned flags)
{
    return flags & MSG_PEEK && s->peek_off > 0 ? (size_t)s->peek_off : 0;
}
void socket_peek_step(struct socket *s, unsigned flags, size_t n);
static inline void socket_peek_move(struct socket *s, unsigned flags, size_t n)
{
    if (UNLIKELY(s->peek_off >= 0))
        socket_peek_step(s, flags, n);
}
struct socket_cred socket_cred_current(void);

/* One cmsg of m->control, checked; begin with *off 0. */
struct socket_control {
    int level, type;
    const uint8_t *data;
    size_t len;
};
/* 1, 0: no more, -EINVAL */
MUST_CHECK int socket_control_next(const struct socket_msg *m, size_t *off,
                                   struct socket_control *out);
/* Hand one to the program; what does not fit is cut, with MSG_CTRUNC.
 * -EFAULT: it is lost; the message is not, as on Linux */
int socket_control_put(struct socket_msg *m, int level, int type,
                       const void *data, size_t len);
/* When a message came, in the form of the option that asked for it; 0: before
 * that, so that it is now, as on Linux. */
void socket_stamp_put(const struct socket *s, struct socket_msg *m,
                      uint64_t real_ns);

#endif
