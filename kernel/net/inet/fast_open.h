/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fast_open.h - TCP fast open (RFC 7413): data that come with a SYN.
 *
 * What:      a part (parts.def), reached where a socket's or a connection's
 *            `fast` is set. fast_open.c is a listener's half: a SYN that brings
 *            the cookie its sender was given before has a socket at once.
 *            fast_connect.c is a client's: it asks for cookies, keeps them, and
 *            sends its first data with one. fast_option.c is what programs set.
 *            lwIP has none of it. For a listener
 *            its pcb is moved on by what the SYN brought, and stays in SYN-RCVD
 *            while the program reads and answers; a client's is moved on by
 *            what the SYN|ACK says it took, which lwIP never had in a queue.
 * Ownership: a socket's struct fast goes with it, a connection's with the end
 *            of the handshake or its own.
 * Context:   as inet.h; what conn.c and tcp.c call is called out of lwIP's
 *            input, before or after it as is said there.
 */
#ifndef NET_INET_FAST_OPEN_H
#define NET_INET_FAST_OPEN_H

#include "net/inet/conn.h"
#include "net/inet/inet.h"

#define FAST_COOKIE_LEN 8u  /* of those that we give */
#define FAST_COOKIE_MIN 4u  /* RFC 7413, 4.1.1 */
#define FAST_COOKIE_MAX 14u /* 16 there: beside our other options no more fit */
#define FAST_KEYS_MAX   2u  /* TCP_FASTOPEN_KEY: the one in use, and a backup */
#define FAST_CACHE_MAX  32u /* servers whose cookies a client keeps */
#define FAST_DATA_MAX   3840u /* bytes with a SYN */
#define FAST_RESET_MS   60000u

/* net.ipv4.tcp_fastopen, Linux's bits. */
#define FAST_CLIENT           0x1u
#define FAST_SERVER           0x2u
#define FAST_CLIENT_NO_COOKIE 0x4u
#define FAST_SERVER_NO_COOKIE 0x200u
#define FAST_SERVER_ALL       0x400u /* listeners that do not ask for it */
#define FAST_UNAVAILABLE      1u     /* enum tcp_fastopen_client_fail */
#define FAST_NOT_ACKED        2u
#define FAST_RESENT           3u

/* The option of a SYN or a SYN|ACK. */
struct fast_option {
    int8_t len; /* of the cookie; 0: asks for one; < 0: there is no option */
    uint8_t cookie[FAST_COOKIE_MAX];
};

/* TCP_FASTOPEN_KEY, as Linux reads the bytes. */
struct fast_keys {
    unsigned count;
    uint64_t key[FAST_KEYS_MAX][2];
};

/* Of a socket that has to do with it. */
struct fast {
    bool connects;         /* TCP_FASTOPEN_CONNECT */
    bool has_no_cookie;    /* TCP_FASTOPEN_NO_COOKIE */
    bool is_deferred;      /* connect() is done, the SYN waits for data */
    struct socket_msg *m;  /* while it connects: what goes with the SYN */
    size_t sent;           /* ... and bytes of it that did */
    struct fast_keys keys; /* its own; none: the system's */
    struct list halves;    /* of a listener: fast_conn.link */
    unsigned half_count;
    /* Peers that reset such a connection count as half open for another minute
     * or two: who sends SYNs with stolen cookies in others' names. */
    unsigned reset_now, reset_before;
    uint32_t reset_since_ms;
};

/* Of a connection during its handshake. */
struct fast_conn {
    struct list link;
    struct tcp_sock *listener; /* NULL: a client's, or it is gone */
    uint32_t syn_len;          /* bytes that came with the SYN */
    bool is_client;
    bool was_reset;
    bool wants_fin;    /* shutdown() came before the end of the handshake */
    bool is_closed;    /* ... or close(): it has a reference of the socket */
    bool has_asked;    /* a client's SYN had the option */
    uint32_t acked;    /* bytes of `data` that the peer took with the SYN */
    struct pbuf *data; /* a client's, with its SYN; NULL: none */
    struct fast_option got;
};

/* ---- fast_open.c ---- */

extern uint32_t fast_mode; /* net.ipv4.tcp_fastopen */

/* The socket's, made if it has none. NULL: out of memory */
struct fast *fast_of(struct tcp_sock *t) MUST_CHECK;
/* An option of a header, which ends within it. */
void fast_option_read(const uint8_t *options, unsigned len,
                      struct fast_option *out);
/* The SYN that pcb holds back leaves with option and data; should it have to
 * be sent again, without. */
void fast_send_syn(struct tcp_pcb *pcb, const struct fast_option *o,
                   const struct pbuf *data);
/* A SYN for a listener with TCP_FASTOPEN comes to lwIP next. */
void fast_note(const struct pbuf *p);
/* ... which has made a connection of it, and has not answered yet. */
void fast_syn(struct conn *c);
/* ... and has done with the SYN. */
void fast_noted(void);
/* listen(): net.ipv4.tcp_fastopen may say that all listeners have it. */
void fast_listen(struct tcp_sock *l);
void fast_stop_listening(struct tcp_sock *l);
/* The handshake is over ... */
void fast_conn_end(struct conn *c);
/* ... or the connection, of which lwIP tells nobody in SYN-RCVD. */
void fast_conn_died(struct conn *c);
/* A segment for a connection in its handshake comes next: ERR_OK, or lwIP is
 * not to see it. */
err_t fast_segment(struct conn *c, const struct tcp_hdr *h,
                   const uint8_t *options, unsigned options_len);
/* lwIP has done with the segment that ended the handshake. */
void fast_established(struct tcp_sock *t);
/* The socket's end comes before that of the handshake: true if it waits. */
bool fast_close(struct tcp_sock *t);
/* The connection of a socket that waits is over. */
void fast_closed(struct tcp_sock *t);

/* ---- fast_option.c ---- */

/* Those of a listener, or the system's. */
const struct fast_keys *fast_keys_of(const struct tcp_sock *t);
/* TCP_FASTOPEN and the others. -ENOPROTOOPT: another option */
int fast_set_option(struct tcp_sock *t, int name, int value);
int fast_get_option(const struct tcp_sock *t, int name, int *out);
int fast_set_keys(struct tcp_sock *t, uaddr_t value, unsigned len);
int fast_get_keys(const struct tcp_sock *t, uaddr_t value, unsigned *len);

/* ---- fast_connect.c ---- */

/* In place of tcp_connect(), for a socket's connection. */
err_t fast_connect(struct tcp_sock *t, const ip_addr_t *to, uint16_t port);
/* Is a connection begun by what is written? It has route and port already. */
bool fast_defers(struct tcp_sock *t, const ip_addr_t *to);
/* send() with MSG_FASTOPEN, or the first one of a socket that defers: connect,
 * as far as that, and *sent is what went along.
 *   -EINPROGRESS, -EOPNOTSUPP, and connect()'s */
int fast_send(struct tcp_sock *t, struct socket_msg *m, size_t *sent);
/* A SYN|ACK, or a reset, answers a client's SYN. */
err_t fast_answered(struct conn *c, const struct tcp_hdr *h,
                    const uint8_t *options, unsigned options_len);
/* ... and the connection is there: what was not taken is sent once more. */
void fast_connected(struct tcp_sock *t);

#endif
