/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink.h - AF_NETLINK, between its files.
 *
 * What:      netlink.c    sockets: names, groups, queues of packets
 *            nl_reply.c   building messages for the program
 *            nl_request.c  taking apart what the program sends
 *            rtnetlink.c  NETLINK_ROUTE: what is asked for, and listed
 *            rt_show.c    one link, address, route, neighbour as a message
 *            rt_change.c  requests that change something
 *            sock_diag.c  NETLINK_SOCK_DIAG: lists of sockets
 *            The kernel answers within send(), so nothing waits in between.
 * Ownership: a packet belongs to the queue that it is in.
 * Context:   under the kernel lock. Only receiving sleeps.
 * Errors:    what the program sends is foreign bytes: lengths are checked, and
 *            what is malformed is dropped or refused as Linux does.
 */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "net/netif.h"
#include "net/socket.h"

#define NETLINK_PACKET_LEN  4000u /* of answers: fits getifaddrs()'s buffer */
#define NETLINK_MESSAGE_MAX 1024u /* one message of ours, attributes and all */
#define NETLINK_GROUP_MAX   64u   /* multicast groups of a protocol */

struct netlink_packet {
    struct list link;
    uint32_t len, cap;
    uint32_t group; /* 0: for this socket alone */
    uint8_t data[];
};

struct netlink_sock {
    struct socket s;      /* first */
    struct list all_link; /* in netlink_all, in use or not */
    uint32_t portid;      /* 0: not bound */
    uint32_t to_portid;   /* connect() */
    uint32_t to_groups;
    uint64_t groups; /* bit n - 1: group n */
    struct list packets;
    size_t queued_bytes;
    uint32_t options; /* bit NETLINK_x: switched on */
};

static inline struct netlink_sock *netlink_of(struct socket *s)
{
    return (struct netlink_sock *)s;
}

static inline bool netlink_option(const struct netlink_sock *n, int option)
{
    return n->options >> option & 1;
}

/* ---- nl_reply.c: messages to the program ---- */

/* Zeroed but for these at the start; reply_end() when all is in it. */
struct nl_reply {
    struct netlink_sock *to; /* NULL: everybody in `group` */
    uint32_t group;
    uint32_t portid, seq;
    uint16_t flags;                /* of each message */
    struct netlink_packet *packet; /* being filled */
    struct nlmsghdr *message;      /* in it, not complete */
    int err;                       /* -ENOBUFS; all else is then ignored */
};

/* Begin a message with body_len zeroed bytes behind its header, which are
 * returned; NULL: no memory. */
void *reply_message(struct nl_reply *r, uint16_t type, size_t body_len);
/* An attribute of the message. */
void reply_attr(struct nl_reply *r, uint16_t type, const void *data,
                size_t len);
void reply_attr_u32(struct nl_reply *r, uint16_t type, uint32_t value);
void reply_attr_u8(struct nl_reply *r, uint16_t type, uint8_t value);
void reply_attr_string(struct nl_reply *r, uint16_t type, const char *text);
/* The message is complete. */
void reply_message_end(struct nl_reply *r);
/* Hand over what is complete. */
void reply_end(struct nl_reply *r);
/* The answer to a request that asked for one, or failed: err 0 or -errno. */
void reply_ack(struct netlink_sock *n, const struct nlmsghdr *request, int err);

/* ---- netlink.c ---- */

/* What mq_notify(2) sends to a socket when the time comes. */
struct netlink_cookie {
    struct file *file; /* NULL: nothing */
    struct netlink_packet *packet;
};

/* NOTIFY_COOKIE_LEN bytes of the program for the socket fd: -EFAULT, -EBADF,
 * -ENOTSOCK, -EINVAL another family's, -ENOMEM. */
MUST_CHECK int netlink_cookie_get(int fd, uaddr_t bytes,
                                  struct netlink_cookie *out);
/* Send it, if there is one, with `how` in its last byte; NOTIFY_NONE: do not.
 * It is gone then. */
void netlink_cookie_send(struct netlink_cookie *c, uint8_t how);

/* Into its queue, or with ENOBUFS set on it. Takes over the packet. */
void netlink_deliver_take(struct netlink_sock *n, struct netlink_packet *p);
/* A copy to each socket in the group, of NETLINK_ROUTE. Takes over. */
void netlink_multicast_take(struct netlink_packet *p);

/* ---- nl_request.c: messages from the program ---- */

/* One request; *answered_out: it needs no acknowledgement. 0 or -errno */
typedef int (*netlink_handler)(struct netlink_sock *n, const struct nlmsghdr *m,
                               bool *answered_out);
/* One packet from the program. Answers are in the queue when it returns. */
void netlink_requests(struct netlink_sock *n, const uint8_t *data, size_t len,
                      netlink_handler handle);
int rtnetlink_handle(struct netlink_sock *n, const struct nlmsghdr *m,
                     bool *answered_out); /* rtnetlink.c */
int sock_diag_handle(struct netlink_sock *n, const struct nlmsghdr *m,
                     bool *answered_out); /* sock_diag.c */

/* An attribute of a request, found and of at least min_len bytes. */
struct rt_attrs {
    const uint8_t *data;
    size_t len;
};
const void *rt_attr(const struct rt_attrs *attrs, uint16_t type,
                    size_t min_len);
/* Its payload's length, after rt_attr() found it. */
size_t rt_attr_len(const void *payload);
/* What is behind a request's fixed part of this length; false: it is cut. */
bool rt_request_attrs(const struct nlmsghdr *m, size_t fixed_len,
                      struct rt_attrs *out);

/* ---- rt_show.c ---- */

void rt_show_link(struct nl_reply *r, const struct netif_link *l, bool is_gone);
void rt_show_addr(struct nl_reply *r, const struct netif_addr *a, bool is_gone);
void rt_show_route(struct nl_reply *r, const struct netif_route *route,
                   bool is_gone);
void rt_show_neighbour(struct nl_reply *r, const struct netif_neighbour *n);

/* ---- rt_change.c ---- */

/* 0, or -errno as rtnetlink(7); the body has at least the header's length. */
int rt_change_link(const struct nlmsghdr *m);
int rt_change_addr(const struct nlmsghdr *m, bool add);
int rt_change_route(const struct nlmsghdr *m, bool add);

#endif
