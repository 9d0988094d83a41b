/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - AF_PACKET: frames as they come and go, between its files.
 *
 * What:      packet.c has the sockets' lives, names and queues; packet_tap.c
 *            stands between the device, the loopback and the protocols while a
 *            socket wants frames, and is nowhere else; packet_send.c sends;
 *            packet_ring.c is the memory that tcpdump reads frames from;
 *            packet_option.c has SOL_PACKET.
 * Ownership: a frame in a queue is the socket's; a ring's pages are held until
 *            it is given up.
 * Context:   under inet_lock, as inet.h; options under the kernel lock.
 * Units:     protocols in the host's order, but in struct sockaddr_ll.
 */
#ifndef NET_INET_PACKET_H
#define NET_INET_PACKET_H

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "lwip/netif.h"
#include "net/filter.h"
#include "net/if_abi.h"
#include "net/inet/inet.h"
#include "net/packet.h"

#define PACKET_PARTS_MAX  64u  /* of a frame: 65,549 bytes in small buffers */
#define FRAME_OVERHEAD    512u /* as dgram.h has it */
#define PACKET_HEADER_LEN 14u
#define PACKET_TAG_LEN    4u /* of a VLAN */
#define SOL_PACKET        263

/* A frame on its way past the sockets. */
struct packet_view {
    struct filter_view f; /* its bytes, from the link's header on */
    struct sockaddr_ll from;
    uint32_t status;   /* TP_STATUS_CSUM*, TP_STATUS_VLAN* */
    uint64_t stamp_ns; /* CLOCK_REALTIME */
    bool is_outgoing;
    uint32_t sender; /* packet_sock.id of who sent it; 0: none of them */
};

/* One in a socket's queue. */
struct packet_frame {
    struct packet_frame *next;
    struct sockaddr_ll from;
    struct tpacket_auxdata aux;
    uint64_t stamp_ns;
    uint32_t len; /* of data */
    uint8_t data[];
};

struct packet_ring {
    struct vm_object *object; /* what is mapped, and its pages */
    uint8_t **pages;          /* ... each referenced */
    unsigned page_count;
    unsigned block_len, frame_len, frame_count, frames_per_block;
    unsigned head; /* the frame that is filled next */
};

struct packet_sock {
    struct socket s; /* first */
    struct list all_link;
    uint32_t id;     /* of its own, never 0 */
    unsigned index;  /* the interface bound to; 0: all */
    uint16_t number; /* the protocol; 0: none, nothing is received */
    bool wants_aux, wants_origin, ignores_outgoing, bypasses;
    int version; /* TPACKET_V1, _V2 */
    unsigned reserve_len;
    struct packet_frame *first, **end;
    size_t cost;
    struct tpacket_stats stats; /* since they were read */
    uint32_t dropped;
    uint64_t stamp_ns; /* when the last one came; 0: none has */
    struct packet_ring *ring;
};

static inline struct packet_sock *packet_of(struct socket *s)
{
    return (struct packet_sock *)s;
}

extern struct list packet_all; /* by all_link */

/* ---- packet.c ---- */

/* Put one more into the queue, cut to len bytes from f.start on. */
void packet_queue(struct packet_sock *ps, const struct packet_view *v,
                  uint32_t len);
void packet_queue_drop(struct packet_sock *ps);
/* What a program is told of a frame of which it gets len bytes. */
struct tpacket_auxdata packet_aux(const struct packet_view *v, uint32_t len);

/* ---- packet_tap.c ---- */

/* Stand in the way, or not any more, as the sockets there are ask for it. */
void packet_tap_update(void);
/* Fill in all but parts, part_count and f.end of a frame that begins with
 * these bytes of a link's header. */
void packet_view_init(struct packet_view *v, struct netif *n,
                      const uint8_t *header, bool is_outgoing);
void packet_deliver(struct packet_view *v);
/* The loopback's own way to the protocols, for those who were not asked for
 * what passes there. p begins with IPv6's header. */
err_t packet_loop6(struct pbuf *p);

/* ---- packet_send.c ---- */

ssize_t packet_send(struct socket *s, struct socket_msg *m);

/* ---- packet_ring.c ---- */

/* PACKET_RX_RING. -EINVAL, -EBUSY, -ENOMEM */
MUST_CHECK int packet_ring_set(struct packet_sock *ps,
                               const struct tpacket_req *req);
void packet_ring_drop(struct packet_sock *ps);
void packet_ring_put(struct packet_sock *ps, const struct packet_view *v,
                     uint32_t len);
/* Is there a frame that the program has not looked at? */
bool packet_ring_has(const struct packet_sock *ps);
/* Bytes of a frame's header in it; 0: there is no such version. */
unsigned packet_ring_header_len(int version);

/* ---- packet_option.c ---- */

int packet_set_option(struct socket *s, int level, int name, uaddr_t value,
                      unsigned len);
int packet_get_option(struct socket *s, int level, int name, uaddr_t value,
                      unsigned *len);
OPERATION_OF(packet_get_option);
long packet_ioctl(struct socket *s, unsigned cmd, uaddr_t arg);
OPERATION_OF(packet_ioctl);

#endif
