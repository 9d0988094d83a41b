/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dgram.h - sockets of whole packets: UDP, raw, ping.
 *
 * What:      dgram.c has what they share: a queue of packets, receiving from
 *            it, connecting. Of the part IPPROTO_IP, by weak references, are
 *            ancillary data (dgram_control.c), a queue of errors that ICMP
 *            brought (dgram_error.c), packets that are not to be cut up
 *            (dgram_whole.c) and those that are made of several calls
 *            (udp_cork.c).
 * Ownership: a packet belongs to the queue that it is in.
 * Context:   as inet.h.
 * Units:     a packet's cost is what SO_RCVBUF counts.
 */
#ifndef NET_INET_DGRAM_H
#define NET_INET_DGRAM_H

#include "lwip/ip.h"
#include "lwip/priv/raw_priv.h"
#include "net/inet/inet.h"

#define PACKET_OVERHEAD 512u /* counted on top of its bytes, as Linux does */
#define PACKET_MAX      65535u
#define UDP_PAYLOAD_MAX (65535u - 20 - 8) /* IP's header and UDP's */

struct packet {
    struct packet *next;
    struct pbuf *p; /* what the program gets */
    ip_addr_t from, to;
    uint16_t from_port, to_port;
    uint8_t netif_index, ttl, tos;
    bool was_peeked;   /* one without bytes, as SO_PEEK_OFF has it */
    uint64_t stamp_ns; /* when it came, CLOCK_REALTIME; 0: nobody asked */
};

struct dgram_error;
struct udp_cork;
struct icmp_error;

struct dgram_sock {
    struct inet_sock i; /* first */
    struct packet *first, **end;
    size_t cost;                /* of all that is queued, errors too */
    struct dgram_error *errors; /* the first */
    struct udp_cork *cork;      /* NULL: nothing is held back */
    uint32_t dropped;           /* for want of room */
    uint32_t filter;            /* ICMP_FILTER: types that are not wanted */
    uint32_t filter6[8];
    bool header_included; /* IP_HDRINCL, IPV6_HDRINCL */
    bool reads_shutdown;
    int checksum_offset;  /* IPV6_CHECKSUM; -1: none */
    struct list all_link; /* raw sockets: all of them */
};

extern struct list raw_all; /* all raw sockets, by all_link */

static inline struct dgram_sock *dgram_of(struct socket *s)
{
    return (struct dgram_sock *)s;
}

/* A zeroed socket of this kind. NULL: out of memory. */
struct dgram_sock *dgram_new(int family, int type, int protocol,
                             const struct socket_ops *ops) MUST_CHECK;
/* Queue the packet that lwIP is looking at, its addresses included. Takes the
 * caller's reference of p, dropped or not. */
void dgram_queue_take(struct dgram_sock *d, struct pbuf *p, uint16_t from_port);
/* An error that belongs to the next call; positive. */
void dgram_error(struct dgram_sock *d, int error);
/* ICMP says that a packet of this socket did not arrive. */
void dgram_icmp(struct dgram_sock *d, const struct icmp_error *e,
                unsigned header_len);
void dgram_changed(struct socket *s);

/* Where a message goes, with what its cmsgs say. */
struct dgram_target {
    ip_addr_t to, from;
    uint16_t port;
    uint8_t ttl, tos;
    struct netif *netif;
    int route_err; /* netif and from are known if it is 0 */
};
/* -EDESTADDRREQ, -EACCES broadcast, -ENETUNREACH, -EINVAL */
MUST_CHECK int dgram_target(struct dgram_sock *d, struct socket_msg *m,
                            struct dgram_target *out);
/* Until the device takes more. -EAGAIN, -EINTR and the like; the socket's
 * error, -EPIPE: as on Linux, these come after all that is wrong with m */
MUST_CHECK int dgram_await_room(struct dgram_sock *d, struct socket_msg *m,
                                const struct dgram_target *t);
/* A buffer for the bytes of m, with room for headers. -ENOBUFS, and what
 * dgram_await_room() says while packets wait for the device. */
MUST_CHECK int dgram_alloc(struct dgram_sock *d, struct socket_msg *m,
                           const struct dgram_target *t, pbuf_layer layer,
                           struct pbuf **out);
/* Send p, whose payload is IP's, and free it. */
MUST_CHECK int dgram_output(struct dgram_sock *d, struct pbuf *p,
                            const struct dgram_target *t);

/* Of a part, IPPROTO_IP: nobody has joined groups in kernels without it. */
#pragma weak inet_group_refuses

/* ... what inet_group_refuses() says. */
static inline bool dgram_refuses(const struct inet_sock *i)
{
    return (i->groups || i->mcast_joined_only[ip_current_is_v6()]) &&
           inet_group_refuses(i);
}

/* raw.c, a part: a packet for all that want it. lwIP's raw_input_state_t */
raw_input_state_t raw_take(struct pbuf *p);

/* Of the part SO_ATTACH_FILTER: does the socket's filter want this, and how
 * much of it? p, as the socket gets it, is cut to that. */
bool dgram_let_in(const struct dgram_sock *d, struct pbuf *p);

/* ---- of the part IPPROTO_IP ---- */

void dgram_control_put(struct dgram_sock *d, struct socket_msg *m,
                       const struct packet *k);
/* -EINVAL, -ENODEV, the route's error */
MUST_CHECK int dgram_control_take(const struct dgram_sock *d,
                                  const struct socket_msg *m,
                                  struct dgram_target *t);
/* Queue one, whose transport header is that long. */
void dgram_error_queue(struct dgram_sock *d, const struct icmp_error *e,
                       unsigned header_len);
/* A packet of ours that is too long for the path. */
void dgram_error_local(struct dgram_sock *d, const struct dgram_target *t,
                       uint32_t mtu);
ssize_t dgram_receive_error(struct dgram_sock *d, struct socket_msg *m);
void dgram_errors_drop(struct dgram_sock *d);
/* As dgram_output(), as IP_MTU_DISCOVER says. -EMSGSIZE */
MUST_CHECK int dgram_output_whole(struct dgram_sock *d, struct pbuf *p,
                                  const struct dgram_target *t);
ssize_t udp_cork_send(struct dgram_sock *d, struct socket_msg *m);
void udp_cork_drop(struct dgram_sock *d);
int udp_set_option(struct dgram_sock *d, int name, uaddr_t value, unsigned len);
int udp_get_cork(const struct dgram_sock *d, int *out);
/* udp.c: send p, the bytes of one, and free it. */
MUST_CHECK int udp_output(struct dgram_sock *d, struct pbuf *p,
                          const struct dgram_target *t);
/* ... after this has taken from m where it goes. */
MUST_CHECK int udp_target(struct dgram_sock *d, struct socket_msg *m,
                          struct dgram_target *t);

int dgram_connect(struct socket *s, struct socket_addr *a,
                  struct socket_wait *w);
OPERATION_OF(dgram_connect);
ssize_t dgram_receive(struct socket *s, struct socket_msg *m);
int dgram_shutdown(struct socket *s, unsigned how);
OPERATION_OF(dgram_shutdown);
unsigned dgram_poll(struct socket *s);
long dgram_ioctl(struct socket *s, unsigned cmd, uaddr_t arg);
OPERATION_OF(dgram_ioctl);
void dgram_release(struct socket *s);
void dgram_destroy(struct socket *s);

#define DGRAM_OPS(name_op)                                      \
    .connect = OPERATION(dgram_connect), .connects_free = true, \
    .name = name_op, .receive = dgram_receive,                  \
    .shutdown = OPERATION(dgram_shutdown), .poll = dgram_poll,  \
    .ioctl = OPERATION(dgram_ioctl), .release = dgram_release,  \
    .destroy = dgram_destroy, .changed = dgram_changed

#endif
