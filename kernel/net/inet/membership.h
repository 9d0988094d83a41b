/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * membership.h - the multicast groups of sockets, for the two files that know
 * what one consists of.
 *
 * What:      membership.c joins and leaves, membership_filter.c sets and shows
 *            the whole list of senders.
 * Ownership: a group belongs to its socket, its senders to the group.
 * Context:   as inet.h.
 */
#ifndef NET_INET_MEMBERSHIP_H
#define NET_INET_MEMBERSHIP_H

#include "core/errno.h"
#include "net/inet/inet.h"

#define MEMBERSHIP_SOURCES_MAX4 10u  /* net.ipv4.igmp_max_msf */
#define MEMBERSHIP_SOURCES_MAX6 64u  /* net.ipv6.mld_max_msf */
#define MEMBERSHIP_NETIF_NONE   255u /* an index that no interface has */

struct inet_source {
    struct inet_source *next;
    ip_addr_t addr;
};

struct inet_group {
    struct inet_group *next;
    ip_addr_t addr;
    struct inet_source *sources;
    uint8_t netif_index;
    uint8_t mode;     /* MCAST_* */
    bool had_sources; /* the mode is for good then, as on Linux */
};

struct membership_request {
    ip_addr_t group, source;
    uint8_t netif_index; /* 0: any, of IPv6 */
};

/* A structure of the program's, of which at least all must be there. */
MUST_CHECK static inline int membership_take(void *out, size_t size,
                                             uaddr_t value, unsigned len)
{
    if (len < size)
        return -EINVAL;
    return copy_from_user(out, value, size) ? -EFAULT : 0;
}

/* Where it hangs, or would; of netif_index 0: on any interface. */
struct inet_group **membership_find(struct inet_sock *i,
                                    const struct membership_request *r);
/* -EADDRNOTAVAIL: there is none */
MUST_CHECK int membership_leave(struct inet_group **at);
void membership_drop_source(struct inet_source **at);
/* IPv4's interface, by its index or address; 0 and 0: the default route's. */
void membership_take_netif(struct membership_request *r, uint32_t addr,
                           uint32_t index);
/* false: of another family */
MUST_CHECK bool membership_take_addr(ip_addr_t *out, bool is_v6,
                                     const struct __kernel_sockaddr_storage *a);

#endif
