/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h - classic BPF: programs that choose what a socket receives.
 *
 * What:      SO_ATTACH_FILTER and its like (inet/filter_option.c), the machine
 *            that runs them (filter.c). A program is foreign: it is looked
 *            through once, when it is attached, and ends then for whatever
 *            packet: all jumps go forward.
 * Ownership: a socket owns its filter; the family frees it with the socket, by
 *            kfree().
 * Context:   filter_run() anywhere; attaching under the kernel lock.
 * Errors:    as said below.
 * Units:     bytes; numbers of the packet in the host's order.
 */
#ifndef NET_FILTER_H
#define NET_FILTER_H

#include <linux/filter.h>

#include "drivers/netdev.h"

struct socket;

#define FILTER_LEN_MAX BPF_MAXINSNS

struct filter {
    unsigned len;
    struct sock_filter code[];
};

/* What a program may look at. */
struct filter_view {
    const struct netdev_part *parts; /* the packet, in order */
    unsigned part_count;
    uint32_t start;   /* where what the socket gets begins in it */
    uint32_t end;     /* ... and ends */
    uint32_t network; /* where the network's header does */
    bool has_link;    /* parts begin with the link's header */
    uint16_t protocol, link_type, vlan_tci, vlan_tpid;
    bool has_vlan;
    uint8_t packet_type; /* PACKET_HOST, ... */
    uint32_t if_index;
    uint32_t random;
};

/* May these be run? first[] has room for len numbers. */
bool filter_is_sound(const struct sock_filter *code, unsigned len,
                     uint16_t *first);
/* How many bytes of the packet, from view->start on, the socket is to get: 0
 * none, and more than there are all. */
uint32_t filter_run(const struct filter *f, const struct filter_view *v);
/* Copy bytes of the packet, from its parts' beginning. False: it has less. */
bool filter_load(const struct filter_view *v, uint64_t at, void *out,
                 uint32_t len);

/* SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_LOCK_FILTER of sockets that get whole
 * packets; a part, reached weakly.
 *   -ENOPROTOOPT  not for this socket
 *   -EINVAL, -EFAULT, -ENOMEM, -ENOENT none is attached, -EPERM locked */
int filter_set_option(struct socket *s, int name, uaddr_t value, unsigned len);

#endif
