/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet.h - AF_INET and AF_INET6, between their files.
 *
 * What:      lwIP does the protocols; here are the sockets in front of it, the
 *            tables by which packets find them, and the interfaces below.
 *
 *            stack.c    begin, routes, sequence numbers, flushing
 *            lock.c     entering, and what is done later
 *            loop.c     the loopback interface
 *            end.c      what is left to do when the program is over
 *            device.c   the network device; neighbour.c: who is on its link
 *            timers.c   when lwIP's timers run
 *            addr.c     addresses of programs and of lwIP; port.c: who has a
 *                       port
 *            conn.c     TCP connections by their two ends; defer.c: what they
 *                       send later; tcp_limits.c: how long they go on;
 *                       tcp*.c: streams; sender.c, board.c, congestion.c: loss;
 *                       cookie.c: floods; fast_*.c: data with a SYN
 *            dgram.c    what queues packets: udp.c, raw.c (with ping)
 *            option.c   options: ip_option.c, tcp_option.c; dgram_control.c,
 *                       dgram_error.c, dgram_whole.c, udp_cork.c: what these
 *                       ask for
 * Ownership: as socket.h. A pcb of lwIP's belongs to the connection (conn.h)
 *            that points to it.
 * Context:   under inet_lock; lwIP is entered by nobody else. Frames come, and
 *            programs send, receive and connect, without the kernel lock, which
 *            is held on top by all other calls, and by timers. What needs it
 *            is put off (inet_put_off()). Whoever has sent something calls
 *            inet_flush() before it returns or sleeps.
 * Units:     ports in host byte order, as lwIP has them.
 */
#ifndef NET_INET_H
#define NET_INET_H

#include <linux/in.h>
#include <linux/in6.h>

#include "core/operation.h"
#include "lwip/ip_addr.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "net/socket.h"

#define INET_PBUF_GSO 0x80u /* beside lwIP's pbuf flags: gso_size is set */
/* To send: checksums are as they are to be; sent_us is the id of the
 * packet_sock that sends it, or 0. */
#define INET_PBUF_AS_IS 0x04u
#define INET_PBUF_SPARE 0x40u /* of a segment that tcp_send.c may keep */
/* Move where a packet begins: within its first buffer, or, by < 0, into the
 * room before it, which the caller has made sure of. */
static inline void inet_pbuf_move(struct pbuf *p, int by)
{
    p->payload = (uint8_t *)p->payload + by;
    p->len = (u16_t)(p->len - by);
    p->tot_len = (u16_t)(p->tot_len - by);
}

#define INET_PORT_FIRST 32768u /* net.ipv4.ip_local_port_range */
#define INET_PORT_LAST  60999u
#define INET_PORT_COUNT (INET_PORT_LAST - INET_PORT_FIRST + 1)
#define INET_PORT_ROOT  1024u /* net.ipv4.ip_unprivileged_port_start */

#define INET_PORT_BUCKETS 128u /* of port.c's table: port 0, 1 ... each */

/* What all kinds of socket have. */
struct inet_sock {
    struct socket s;   /* first */
    struct list ports; /* in port.c's table while bound to a port */
    ip_addr_t local;   /* any: not bound; its type says which families */
    ip_addr_t remote;  /* of a connected socket */
    uint16_t local_port, remote_port; /* 0: none */
    uint8_t ttl, mcast_ttl, tos;
    uint8_t pmtu_discover;  /* IP_PMTUDISC_* */
    bool dont_frag;         /* IPV6_DONTFRAG */
    uint16_t path_mtu;      /* as a router said; 0: the interface's */
    bool v6_only, is_bound; /* is_bound: bind() named an address or port */
    bool free_bind;         /* IP_FREEBIND */
    bool binds_no_port;     /* IP_BIND_ADDRESS_NO_PORT */
    uint16_t wants;         /* INET_WANT_* */
    uint8_t device_index;   /* of the interface bound to; 0: none */
    uint8_t mcast_index;    /* IP_MULTICAST_IF; 0: the route's */
    uint32_t mcast_from;    /* the address it was named by, in packets' order */
    bool mcast_loop;
    bool mcast_joined_only[2]; /* IP_MULTICAST_ALL is off; 1: IPv6's */
    struct inet_group *groups; /* joined */
};

/* Ancillary data that recvmsg() is to bring. */
#define INET_WANT_PKTINFO   0x01u
#define INET_WANT_TTL       0x02u
#define INET_WANT_TOS       0x04u
#define INET_WANT_ERRORS    0x08u /* IP_RECVERR */
#define INET_WANT_PKTINFO6  0x10u
#define INET_WANT_HOPLIMIT6 0x20u
#define INET_WANT_TCLASS6   0x40u
#define INET_WANT_ERRORS6   0x80u
#define INET_WANT_STAMP     0x100u
#define INET_WANT_ORIGDST   0x200u
#define INET_WANT_ORIGDST6  0x400u

static inline struct inet_sock *inet_of(struct socket *s)
{
    return (struct inet_sock *)s;
}

/* ---- lock.c ---- */

extern struct spinlock inet_lock;
/* It, where it is seldom taken. */
void inet_enter(void);
void inet_leave(void);
/* device_look(), for those who have not the lock: wait_look(). */
bool inet_look(void);
/* socket_sleep(), after a look at the device. */
MUST_CHECK int inet_sleep(struct waitq *q, struct socket_wait *w);
/* Something is to be told that only the kernel lock allows: it will be soon. */
void inet_put_off(void);
/* Now; with the kernel lock, but not with inet_lock. */
void inet_tell(void);

/* ---- end.c ---- */

/* The process is over: end its connections, see what it sent off. For good. */
void inet_end(void);

/* ---- stack.c ---- */

extern struct netif inet_loop;
/* At the first internet socket: lwIP, the loopback, the device. */
void inet_begin(void);
/* Take the time for lwIP before it is entered: sys_now() and tcp_ticks. */
void inet_tick(void);
/* Deliver what was sent to ourselves, tell the device of what was queued. */
void inet_flush(void);
/* So much each buffer may always hold, if it is not set to less. */
#define INET_BUFFER_MIN 4096u
/* How much of what a socket's buffer may hold it may as memory is now. */
uint32_t inet_buffer_limit(uint32_t wanted);
/* Bytes that lwIP holds: connections, segments, what was received and copied.
 * A quarter of all memory at most, but for 4 KiB of each socket. */
extern size_t inet_memory_held;
bool inet_memory_is_full(void);
/* Little memory is free, and connections hold as much and more: the next would
 * be at the program's expense. It has yet to accept `waiting`, each a page. */
bool inet_is_crowded(unsigned waiting);
/* Is this address one of ours? */
bool inet_is_local(const ip_addr_t *a);
/* SipHash-2-4 of whole words; the last is to be their length, as it has it. */
uint64_t inet_sip_hash(const uint64_t key[2], const uint64_t *words,
                       unsigned count);
/* A number for two ends, and `more`, that nobody else can know. */
uint64_t inet_hash_ends(const ip_addr_t *local, uint16_t local_port,
                        const ip_addr_t *remote, uint16_t remote_port,
                        uint64_t more);
/* A number that nobody can guess: the pool's would want the kernel lock. */
uint64_t inet_random(void);
/* -errno for lwIP's error; 0 for ERR_OK. */
int inet_error(err_t err);
/* Route, source address and interface for a packet from `from` (any: chosen).
 * -ENETUNREACH */
MUST_CHECK int inet_route(const struct inet_sock *i, const ip_addr_t *to,
                          struct netif **netif_out, ip_addr_t *from_out);
/* As that, by the interface with that index, which exists; 0: any. */
MUST_CHECK int inet_route_on(const struct inet_sock *i, const ip_addr_t *to,
                             unsigned index, struct netif **netif_out,
                             ip_addr_t *from_out);

/* What lwIP does not count, since it is done here: counters.c shows both. Of
 * UDP by family, IPv6 is 1. */
struct inet_counters {
    uint32_t udp_in[2], udp_out[2], udp_no_port[2], udp_bad[2], udp_full[2];
    uint32_t predicted; /* segments that lwIP has not seen */
    uint32_t resent, failed, reset, timed_out, timeouts, probes;
    uint32_t twice_old, twice_early, repeats_told; /* by DSACK */
    uint32_t cookies_sent, cookies_taken;
    /* Fast open: of ours to others, of others to ours (fast_open.h). */
    uint32_t fast_active, fast_active_failed;
    uint32_t fast_passive, fast_passive_failed, fast_asked;
    uint32_t fast_overflows, fast_other_key;
};
extern struct inet_counters inet_counters;

/* ---- addr.c ---- */

/* An address of the program's. -EINVAL, -EAFNOSUPPORT */
MUST_CHECK int inet_addr_get(const struct inet_sock *i,
                             const struct socket_addr *a, ip_addr_t *ip,
                             uint16_t *port);
/* ... and back: for AF_INET6 an IPv4 address is a mapped one. */
void inet_addr_put(const struct inet_sock *i, const ip_addr_t *ip,
                   uint16_t port, struct socket_addr *out);
/* The address that stands for all of ours, and what connecting to it means. */
void inet_addr_any(const struct inet_sock *i, ip_addr_t *out);
void inet_addr_loopback(const struct inet_sock *i, ip_addr_t *a);
int inet_bind(struct socket *s, struct socket_addr *a);
/* groups.c: for struct netif_ops. */
struct netif_group;
bool inet_show_group(unsigned index, uint8_t family, unsigned n,
                     struct netif_group *out);
int inet_name(struct socket *s, enum socket_end end, struct socket_addr *out);
void inet_init(struct inet_sock *i, int family, int type, int protocol,
               const struct socket_ops *ops);
void inet_fini(struct inet_sock *i);
static inline bool inet_is_v6(const struct inet_sock *i)
{
    return i->s.family == AF_INET6;
}

/* ---- port.c ---- */

/* The n-th of the ports for those who ask for none, round and round. */
static inline uint16_t inet_port_nth(unsigned n)
{
    return (uint16_t)(INET_PORT_FIRST + n % INET_PORT_COUNT);
}
/* Take a port at i->local; 0: a free one. -EADDRINUSE */
MUST_CHECK int inet_port_take(struct inet_sock *i, uint16_t port);
/* Take this one of inet_port_nth(), unless anybody has it, sharing or not:
 * whether it was. The n-th try of a search, from 0 on, in which inet_lock is
 * not given up. */
bool inet_port_take_unused(struct inet_sock *i, uint16_t port, unsigned n);
void inet_port_drop(struct inet_sock *i);
/* All sockets of a protocol with this port: LIST_ENTRY(, struct inet_sock,
 * ports), others among them; inet_port_is() tells them apart. */
struct list *inet_port_list(uint16_t port);
/* Wake who waits to send datagrams: the device is not full any more. */
void inet_tell_room(void);
static inline bool inet_port_is(const struct inet_sock *i, int protocol,
                                uint16_t port)
{
    return i->s.protocol == protocol && i->local_port == port;
}
/* May it listen, or does another already? */
bool inet_port_may_listen(const struct inet_sock *i);
/* Sockets share a port: does the nth, from 2 on, take what comes from there in
 * place of those before it? Each has the same chance, and for one sender always
 * the same one does. */
bool inet_port_takes_over(const ip_addr_t *from, uint16_t from_port,
                          unsigned nth);
/* Does a socket take packets to this address? 0: no; more: better. */
unsigned inet_port_match(const struct inet_sock *i, const ip_addr_t *to);

/* ---- option.c ---- */

int inet_set_option(struct socket *s, int level, int name, uaddr_t value,
                    unsigned len);
int inet_get_option(struct socket *s, int level, int name, uaddr_t value,
                    unsigned *len);
OPERATION_OF(inet_get_option);
/* ip_option.c, a part: those of IP and of UDP. */
int inet_set_ip_option(struct socket *s, int level, int name, uaddr_t value,
                       unsigned len);
int inet_get_ip_option(struct socket *s, int level, int name, uaddr_t value,
                       unsigned *len);
/* SO_BINDTODEVICE; called without inet_lock. */
int inet_set_device(struct inet_sock *i, uaddr_t value, unsigned len);
int inet_get_device(const struct inet_sock *i, uaddr_t value, unsigned *len);

/* ---- membership.c, of the same part ---- */

/* IP_ADD_MEMBERSHIP and the like. -ENOPROTOOPT: it is none of them */
int inet_set_group(struct inet_sock *i, int level, int name, uaddr_t value,
                   unsigned len);
int inet_set_mcast_if(struct inet_sock *i, uaddr_t value, unsigned len);
/* IP_MSFILTER, MCAST_MSFILTER; -ENOPROTOOPT as above */
int inet_set_group_filter(struct inet_sock *i, int level, int name,
                          uaddr_t value, unsigned len);
int inet_get_group_filter(struct inet_sock *i, int level, int name,
                          uaddr_t value, unsigned *len);
/* Is the packet of a group that lwIP looks at none that the socket wants? */
bool inet_group_refuses(const struct inet_sock *i);
void inet_groups_leave(struct inet_sock *i);

/* ---- kinds of socket ---- */

MUST_CHECK int tcp_create(int family, struct socket **out);
MUST_CHECK int udp_create(int family, struct socket **out);
MUST_CHECK int raw_create(int family, int type, int protocol,
                          struct socket **out);

#endif
