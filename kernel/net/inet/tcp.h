/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp.h - stream sockets, between their files.
 *
 * What:      tcp.c connects, listens, accepts and ends; tcp_send.c and
 *            tcp_receive.c move data; tcp_option.c has IPPROTO_TCP's options.
 *            A socket gets its pcb when it connects or listens, not before.
 * Ownership: a socket owns its conn until it is released, a listener the
 *            connections in its queue, sockets that have no file yet.
 * Context:   as inet.h. tcp_syn_*() and tcp_after_input() are conn.c's calls
 *            out of lwIP's input.
 */
#ifndef NET_INET_TCP_H
#define NET_INET_TCP_H

#include "net/inet/conn.h"
#include "net/inet/inet.h"

#define TCP_SNDBUF_DEFAULT 87040u  /* net.ipv4.tcp_wmem, as it settles */
#define TCP_RCVBUF_DEFAULT 131072u /* net.ipv4.tcp_rmem */
/* Of sockets whose program sets none: at first, and what they grow to. */
#define TCP_RCVBUF_AUTO       262144u
#define TCP_RCVBUF_AUTO_MAX   6291456u /* net.ipv4.tcp_rmem */
#define TCP_SNDBUF_AUTO       131072u
#define TCP_SNDBUF_AUTO_MAX   4194304u                   /* net.ipv4.tcp_wmem */
#define TCP_RTO_INITIAL_TICKS (1000 / TCP_SLOW_INTERVAL) /* RFC 6298: 1 s */
#define TCP_SYN_RETRIES       6  /* net.ipv4.tcp_syn_retries */
#define TCP_LINGER2_DEFAULT_S 60 /* net.ipv4.tcp_fin_timeout */

enum tcp_sock_state {
    TCP_SOCK_CLOSED, /* new, or over */
    TCP_SOCK_LISTENING,
    TCP_SOCK_CONNECTING,
    TCP_SOCK_CONNECTED, /* until both directions have ended */
};

/* What is to be looked at when a segment has come. */
#define TCP_LOOK_ROOM     1u /* somebody found the send buffer full */
#define TCP_LOOK_DEFERRED 2u /* for accept() only with data: TCP_DEFER_ACCEPT */
#define TCP_LOOK_URGENT   4u /* a byte out of band is under way */
#define TCP_LOOK_FAST     8u /* a handshake of fast open has ended */
#define TCP_LOOK_CLOSED   16u /* ... is waited for: the program has closed it */

struct tcp_sock {
    struct inet_sock i; /* first */
    enum tcp_sock_state state;
    uint8_t look;       /* TCP_LOOK_* */
    bool is_connecting; /* connect() has not yet said how it ended */
    bool had_end;       /* a connection was here: reading gives 0, no error */
    bool nodelay, cork, is_quick, is_slow; /* TCP_QUICKACK: set to 1, to 0 */
    bool is_reno;                          /* TCP_CONGESTION */
    bool owes_signal;                      /* SIGURG */
    struct conn *conn;
    struct pbuf *rx_first, *rx_last; /* each by itself, linked by ->next */
    size_t rx_bytes;                 /* not yet read */
    size_t rx_mem;                   /* what they take */
    uint32_t rx_peak;   /* the most of rx_bytes since there were none */
    uint32_t rx_auto;   /* the window where SO_RCVBUF does not say it */
    uint32_t rx_limit;  /* how far it opens, when last asked; at first no end */
    uint64_t urgent_at; /* a place in the stream (tcp_urgent.c) */
    uint16_t urgent;    /* what of the byte there; 0: there is none */
    struct tcp_pcb_listen *lpcb; /* of a listener */
    struct list syns;            /* its half-open: conn.syn_link */
    struct list queue;           /* its connections: queue_link */
    unsigned syn_count, queue_count, backlog;
    struct list queue_link;
    struct tcp_sock *listener; /* whose queue it is in */
    uint32_t keep_idle_s, keep_intvl_s, keep_count;
    uint32_t user_timeout_ms;
    uint32_t defer_until_ms; /* of one that is deferred: sys_now() */
    int max_seg, defer_accept_s, linger2_s, syn_retries, window_clamp;
    int fastopen_queue;                  /* TCP_FASTOPEN */
    struct fast *fast;                   /* fast_open.h; NULL: none */
    uint32_t unsent_low;                 /* TCP_NOTSENT_LOWAT; 0: none */
    uint64_t bytes_sent, bytes_received; /* for TCP_INFO */
};

static inline struct tcp_sock *tcp_of(struct socket *s)
{
    return (struct tcp_sock *)s;
}

static inline struct tcp_pcb *tcp_pcb_of(const struct tcp_sock *t)
{
    return t->conn ? t->conn->pcb : NULL;
}

/* ---- tcp.c ---- */

/* Without a file, CLOSED. NULL: out of memory. */
struct tcp_sock *tcp_sock_new(int family) MUST_CHECK;
/* A pcb for this end, as its options say. -ENOBUFS */
MUST_CHECK int tcp_give_pcb(struct tcp_sock *t, struct tcp_pcb **out);
/* lwIP has done with a segment, and may be called again. */
void tcp_after_input(struct tcp_sock *t);
/* The connection ended by itself: error is positive, 0 for a normal end. */
void tcp_over(struct tcp_sock *t, int error);
/* No more is heard of this connection, there or here. */
void tcp_reset(struct tcp_sock *t);
/* Send what is left and a FIN. */
void tcp_end_sending(struct tcp_sock *t);
/* The socket's end: what is under way goes on without it. */
void tcp_let_go(struct tcp_sock *t);

/* ---- tcp_listen.c ---- */

int tcp_listen_op(struct socket *s, unsigned backlog);
int tcp_accept_op(struct socket *s, struct socket_wait *w, struct socket **out);
void tcp_stop_listening(struct tcp_sock *l);
/* A socket for a connection that a listener's pcb has made. NULL: no memory */
struct tcp_sock *tcp_adopt(struct conn *c) MUST_CHECK;
/* accept() may have it. */
void tcp_offer(struct tcp_sock *t);
/* A connection that a listener waits for is established. ERR_MEM */
err_t tcp_established(struct conn *c);
/* So many are half open, or wait for accept(). */
static inline unsigned tcp_waiting(const struct tcp_sock *listener)
{
    return listener->queue_count + listener->syn_count;
}
/* Do as many connections wait for accept() as may, or is memory short? */
bool tcp_is_full(const struct tcp_sock *listener);
/* Do as many SYNs wait for an answer as may? */
bool tcp_is_flooded(const struct tcp_sock *listener);
/* A SYN for a listener: false if its queue is full. */
bool tcp_syn_came(struct tcp_sock *listener);
void tcp_syn_add(struct tcp_sock *listener, struct conn *c);
/* A segment for a connection that is half open: a SYN is answered here, with
 * ERR_ABRT. What the first one asked for holds; lwIP would take the options of
 * any later one, whoever sent it. The same is answered as it was; another with
 * an acknowledgement, at which a peer that has begun anew resets the old
 * connection (RFC 9293, 3.5.2). */
err_t tcp_syn_again(struct tcp_pcb *pcb, const struct tcp_hdr *h);
void tcp_syn_gone(struct tcp_sock *listener);
/* accept() may have a connection that was deferred ... */
void tcp_undefer(struct tcp_sock *t);
/* ... or never hears of it: it has ended. */
void tcp_drop_deferred(struct tcp_sock *t);
/* The listener that a segment is for; NULL: none. */
struct tcp_pcb_listen *tcp_listener_for(const ip_addr_t *to, uint16_t to_port,
                                        const ip_addr_t *from,
                                        uint16_t from_port);

/* ---- tcp_send.c ---- */

ssize_t tcp_send(struct socket *s, struct socket_msg *m);
bool tcp_has_room(const struct tcp_sock *t);
unsigned tcp_packet_len(const struct tcp_pcb *pcb); /* most payload of one */
/* Bytes of the kernel's, beyond what the buffer may hold. The caller sees that
 * the loopback is flushed. -ENOBUFS */
MUST_CHECK int tcp_send_kernel(struct tcp_sock *t, void *data, size_t len);
/* Send what corking holds back. */
void tcp_push(struct tcp_sock *t);
size_t tcp_unsent_bytes(const struct tcp_sock *t); /* not acknowledged */
/* Make what is next to be sent fit the window, if it alone does not. */
void tcp_fit_unsent(struct tcp_pcb *pcb);
static inline void tcp_fit_window(struct tcp_pcb *pcb)
{
    if (UNLIKELY(pcb->unsent))
        tcp_fit_unsent(pcb);
}

/* Of a peer's segments with their options, at least: whatever it says, there is
 * room for data. Linux's net.ipv4.tcp_min_snd_mss. */
#define TCP_MSS_LEAST 48u

/* ---- tcp_segment.c ---- */

/* Of one that may wait a moment for more: a head and a small body. */
#define TCP_DEFER_ROOM 1024u
/* Empty, with room for len bytes, in no queue. NULL: no memory */
struct tcp_seg *tcp_segment_new(const struct tcp_pcb *pcb, uint32_t seq,
                                unsigned len);
/* One that was acknowledged, out of its queue: freed, or kept for the next. */
void tcp_segment_free(struct tcp_seg *seg);

/* ---- tcp_receive.c ---- */

ssize_t tcp_receive(struct socket *s, struct socket_msg *m);
void tcp_received(struct tcp_sock *t, struct pbuf *p);
void tcp_rx_drop(struct tcp_sock *t);
/* It is established: the window is what the socket allows, scaled. */
void tcp_open_window(struct tcp_sock *t);
/* How much may come before the program reads. */
uint32_t tcp_rx_limit(const struct tcp_sock *t);

ssize_t tcp_copy_out(struct tcp_sock *t, struct socket_msg *m, size_t skip);

/* ---- tcp_urgent.c, a part: MSG_OOB; but for the first and the ioctls only
 * where tcp_sock.urgent is set ---- */

/* A segment with an urgent pointer comes next. */
void tcp_urgent_mark(struct conn *c, const struct tcp_hdr *h);
/* ... and more data is here. */
void tcp_urgent_came(struct tcp_sock *t);
/* The signals that were put off; as inet_tell(). */
void tcp_urgent_tell(void);
/* As tcp_copy_out(), up to the mark or behind it; 0: no more now. */
ssize_t tcp_urgent_copy(struct tcp_sock *t, struct socket_msg *m, size_t skip,
                        size_t done);
ssize_t tcp_urgent_read(struct tcp_sock *t, struct socket_msg *m);
/* EPOLLPRI; and *readable without what reading passes over. */
unsigned tcp_urgent_events(const struct tcp_sock *t, size_t *readable);
long tcp_urgent_ioctl(struct tcp_sock *t, unsigned cmd, uaddr_t arg);

/* ---- tcp_limits.c ---- */

/* Give a pcb what the socket's options say. */
void tcp_apply_options(const struct tcp_sock *t, struct tcp_pcb *pcb);
void tcp_inherit_options(struct tcp_sock *t, const struct tcp_sock *listener);
/* ... after one was set. */
void tcp_options_changed(struct tcp_sock *t);

/* ICMP says that what this header began cannot be reached: positive errno. */
void tcp_unreachable(struct conn *c, int error);

/* ---- tcp_option.c, a part: IPPROTO_TCP's ---- */

int tcp_set_option(struct socket *s, int level, int name, uaddr_t value,
                   unsigned len);
int tcp_get_option(struct socket *s, int level, int name, uaddr_t value,
                   unsigned *len);

/* In the table of tcp.c. */
int tcp_connect_op(struct socket *s, struct socket_addr *a,
                   struct socket_wait *wait);
int tcp_shutdown_op(struct socket *s, unsigned how);
long tcp_ioctl_op(struct socket *s, unsigned cmd, uaddr_t arg);
OPERATION_OF(tcp_connect_op);
OPERATION_OF(tcp_shutdown_op);
OPERATION_OF(tcp_ioctl_op);

#endif
