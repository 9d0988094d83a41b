/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn.h - TCP connections: the table by which segments find them.
 *
 * What:      lwIP keeps its pcbs in lists that it walks for each segment and
 *            each tick. We keep them out of these lists: in a hash table by
 *            their two ends, and those that need the clock in a list of their
 *            own. lwIP sees a list of one, the pcb that the segment is for, or
 *            at a tick those that are busy. So ten thousand idle connections
 *            cost a segment nothing and a tick nothing.
 * Ownership: a conn is made with its pcb, and goes with it, or with the socket
 *            if that lives longer.
 * Context:   as inet.h; conn_input() is where lwIP is entered for a segment.
 */
#ifndef NET_INET_CONN_H
#define NET_INET_CONN_H

#include "core/list.h"
#include "lwip/tcp.h"
#include "net/inet/sender.h"

#define CONN_TIME_WAIT_MAX 2048u /* net.ipv4.tcp_max_tw_buckets */

struct tcp_sock;

struct conn {
    struct tcp_pcb *pcb; /* NULL: over, only the socket is left */
    struct conn *hash_next;
    uint32_t hash;
    struct list link;      /* among the busy, the later, those in TIME-WAIT */
    struct tcp_sock *sock; /* NULL: none yet, or none any more */
    struct tcp_sock *listener; /* of one that is not accepted yet */
    struct list syn_link;   /* of one not established: listener's syns; of one
                           * whose socket is gone: the orphans; else of those
                           * whose peers do not read */
    struct list defer_link; /* with something to send: conn_defer() */
    uint32_t due;           /* in the list of the later: the tick */
    bool in_time_wait, is_busy; /* in which list it is */
    bool is_local;              /* to ourselves: through the loopback */
    uint8_t held_ticks;         /* how long a corked segment is held back yet */
    bool owes_ack;              /* when it sends what is deferred */
    uint32_t unacked_from;      /* of what came: the first that is not */
    uint32_t dup_nxt;           /* disorder.c: of this were sent ... */
    uint8_t dup_count;          /* ... so many acknowledgements at once */
    bool keeps_alive;           /* SO_KEEPALIVE */
    uint8_t syn_retries, syns_resent; /* how often, and how often it was */
    bool is_quick;      /* TCP_QUICKACK: acknowledges at once, until ... */
    uint32_t quick_lbb; /* ... the program sends, behind this */
    int fin_wait_s;     /* TCP_LINGER2: without a socket; < 0: not at all */
    uint32_t fin_due;   /* when that is over: the tick; 0: it has not begun */
    uint32_t user_timeout_ms; /* TCP_USER_TIMEOUT; 0: none */
    uint32_t stuck_since_ms;  /* nothing gets through; 0: it does */
    struct fast_conn *fast;   /* in a handshake of fast open; else NULL */
    bool is_syn_taken;        /* what came, or went, with the SYN was taken */
    uint8_t fast_failure;     /* why not: FAST_UNAVAILABLE ... */
    struct sender sender;
};

/* A connection for a pcb that has both its ends. NULL: out of memory. */
struct conn *conn_create(struct tcp_pcb *pcb) MUST_CHECK;
/* Have passive opens of a listener's pcb come to tcp.h's tcp_syn_came(). */
void conn_listen(struct tcp_pcb_listen *lpcb, struct tcp_sock *listener);
/* It ends without a word to anybody, its own socket included. */
void conn_abandon(struct conn *c);
/* Its socket is gone: what is under way goes on without it. */
void conn_orphan(struct conn *c);
/* The pcb has something to do when the clock ticks. */
void conn_busy(struct conn *c);
/* Is there one between these ends? */
struct conn *conn_find(const ip_addr_t *local, uint16_t local_port,
                       const ip_addr_t *remote, uint16_t remote_port);
/* lwIP's ip_input() calls this for tcp_input(). */
void conn_input(struct pbuf *p, struct netif *inp);
/* A segment has been dealt with: what follows from it. */
void conn_settle(struct conn *c);
/* predict.c: a frame of the device's whose sums are right. False: it is not as
 * expected, and lwIP's. */
bool predict_input(struct pbuf *p) MUST_CHECK;
/* predict_out.c: how frames get to a host is learnt from those that lwIP sends,
 * until something may have changed. */
void way_learn(const uint8_t *frame, unsigned len);
void ways_forget(void);
/* A tick is over, and the connections that are left want these. */
void conn_timer_run(bool is_slow);
bool conn_timer_wanted(void);
/* The tick at which the first of the later, or of TIME-WAIT, is due; false:
 * there is none. */
bool conn_later_first(uint32_t *tick_out);
void conn_later_run(void);
/* How many there are, without those in TIME-WAIT, which leave when memory is
 * wanted. */
unsigned conn_count(void);
/* Make room: true if a connection in TIME-WAIT was given up. */
bool conn_drop_time_wait(void);
/* ---- tcp_limits.c ---- */

/* When a connection wants the clock: 0 now, UINT32_MAX never, else the tick. */
uint32_t limits_next_tick(const struct conn *c);
/* A tick comes: what lwIP is to know of its limits. */
void limits_prepare(struct conn *c);
/* A tick is over. True: it was too much, and the connection has ended. */
bool limits_end(struct conn *c);
/* Its program has closed it. */
void limits_orphan(struct conn *c);
/* While memory is short (inet_is_crowded()), such connections make room first:
 * they are reset. */
void limits_drop_orphans(unsigned waiting);
/* Somebody wants in: then those, too, whose peers have not read for long. */
void limits_make_room(unsigned waiting);

/* ---- conn.c ---- */

/* The program is over: all listeners and sockets are closed. */
void conn_end_all(void);
/* For /proc/net/tcp: call fn for each until it gives false. */
void conn_for_each(bool (*fn)(struct conn *c, void *arg), void *arg);

/* ---- disorder.c ---- */

/* A segment is not the next one. True: it has been dealt with. */
bool disorder_take(struct conn *c, const struct tcp_hdr *h,
                   unsigned options_len, struct pbuf *p);

/* ---- defer.c ---- */

/* Have it send what it has before anybody sleeps, not now: what the program
 * writes next may go into the same segment. */
void conn_defer(struct conn *c);
/* The same, and acknowledge what has come. */
void conn_defer_ack(struct conn *c);
/* May either wait? Else nobody would see to it. */
bool conn_may_defer(const struct conn *c);
extern struct list conn_deferred;
void conn_send_all_deferred(void);
static inline void conn_send_deferred(void)
{
    if (!list_is_empty(&conn_deferred))
        conn_send_all_deferred();
}
/* Data comes next, of `len` bytes: need lwIP acknowledge it at once? */
void conn_put_ack_off(struct conn *c, unsigned len);

#endif
