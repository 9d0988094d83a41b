/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netif.h - the network's interfaces, addresses and routes, as programs see
 * them.
 *
 * What:      one list of each, numbered from 0, for netlink, the SIOC* ioctls
 *            and the files of /proc and /sys alike. What the internet
 *            protocols know comes through struct netif_ops; without them there
 *            is the loopback interface alone. Routes follow from addresses and
 *            gateways (netif.c): there are no others.
 * Ownership: everything is copied out.
 * Context:   under the kernel lock; nothing sleeps.
 * Errors:    false: no more. Changes: -errno as rtnetlink(7) has them.
 * Units:     addresses in network order; of IPv4 the first four bytes. Families
 *            are AF_INET and AF_INET6. _s seconds.
 */
#ifndef NET_NETIF_H
#define NET_NETIF_H

#include "core/types.h"

#define NETIF_NAME_LEN 16u /* IFNAMSIZ */
#define NETIF_FOREVER  UINT32_MAX

struct netif_stats {
    uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped, rx_multicast;
    uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
};

/* What the interfaces themselves count in; the protocols'. */
extern struct netif_stats loop_counters, device_counters;

struct netif_link {
    unsigned index; /* 1: lo */
    char name[NETIF_NAME_LEN];
    uint16_t type;  /* ARPHRD_* */
    uint32_t flags; /* IFF_* */
    uint32_t mtu, tx_queue_len;
    uint8_t mac[6];
    struct netif_stats stats;
};

struct netif_addr {
    unsigned index; /* of the interface */
    uint8_t family, prefix_len;
    uint8_t scope;  /* RT_SCOPE_* */
    uint32_t flags; /* IFA_F_* */
    uint32_t valid_s, preferred_s;
    uint8_t addr[16];
};

struct netif_route {
    unsigned index;
    uint8_t family, dst_len;
    uint8_t table, type, scope, protocol; /* RT_TABLE_*, RTN_*, ... */
    bool has_gateway, has_source;
    bool is_cloned;  /* made for one packet: the answer to "which route?" */
    uint32_t metric; /* 0: none */
    uint8_t dst[16], gateway[16], source[16];
};

struct netif_neighbour {
    unsigned index;
    uint8_t family;
    uint16_t state; /* NUD_* */
    uint8_t addr[16], mac[6];
};

/* A multicast group that an interface has joined. */
struct netif_group {
    unsigned index;
    uint8_t family;
    unsigned users;
    unsigned timer_s; /* until it is reported; 0: it is not going to be */
    uint8_t addr[16];
};

/* What the protocols bring. Each out is zeroed before. */
struct netif_ops {
    bool (*link)(unsigned n, struct netif_link *out);
    bool (*addr)(unsigned n, struct netif_addr *out);
    /* Routers of last resort: index, family, gateway, metric and protocol are
     * filled in. */
    bool (*gateway)(unsigned n, struct netif_route *out);
    bool (*neighbour)(unsigned n, struct netif_neighbour *out);
    /* The n-th of one interface and family. */
    bool (*group)(unsigned index, uint8_t family, unsigned n,
                  struct netif_group *out);
    /* -EEXIST, -EADDRNOTAVAIL, -ENOBUFS, -EOPNOTSUPP, -ENODEV */
    int (*change_addr)(const struct netif_addr *a, bool add);
    /* -EEXIST, -ESRCH, -ENETUNREACH, -EOPNOTSUPP, -ENODEV */
    int (*change_gateway)(const struct netif_route *r, bool add);
    /* New flags (of IFF_SETTABLE; but for IFF_UP they are only shown, since all
     * frames come in anyway) and MTU. -EINVAL, -EOPNOTSUPP */
    int (*change_link)(unsigned index, uint32_t flags, uint32_t mtu);
};

/* The protocols', absent in kernels without them. */
extern const struct netif_ops inet_netif_ops;

bool netif_link(unsigned n, struct netif_link *out);
bool netif_addr(unsigned n, struct netif_addr *out);
bool netif_neighbour(unsigned n, struct netif_neighbour *out);
/* The first at or behind *at, which moves on behind it: begin with 0. */
bool netif_route_next(unsigned *at, struct netif_route *out);
bool netif_link_by_index(unsigned index, struct netif_link *out);
bool netif_link_by_name(const char *name, struct netif_link *out);
/* The n-th address of one interface and family. */
bool netif_addr_of(unsigned index, uint8_t family, unsigned n,
                   struct netif_addr *out);
bool netif_group_of(unsigned index, uint8_t family, unsigned n,
                    struct netif_group *out);
/* The route that a packet to dst takes: the longest prefix, then the least
 * metric. False: there is none. */
bool netif_route_to(uint8_t family, const uint8_t *dst,
                    struct netif_route *out);
MUST_CHECK int netif_change_addr(const struct netif_addr *a, bool add);
MUST_CHECK int netif_change_route(const struct netif_route *r, bool add);
MUST_CHECK int netif_change_link(unsigned index, uint32_t flags, uint32_t mtu);

/* Somebody may listen (netlink): whoever changes something says so by these,
 * which are absent in kernels without netlink. */
void netif_notify_link(const struct netif_link *l, bool is_gone);
void netif_notify_addr(const struct netif_addr *a, bool is_gone);
void netif_notify_route(const struct netif_route *r, bool is_gone);

/* netif_ioctl.c: the SIOC* ioctls of a socket of this family, as netdevice(7)
 * has them. -ENOTTY: it is none of them. Absent in kernels without it. */
long netif_ioctl(unsigned family, unsigned cmd, uaddr_t arg);

/* Bytes of an address of this family. */
static inline unsigned netif_addr_len(uint8_t family)
{
    return family == 2 ? 4 : 16; /* AF_INET */
}
/* The broadcast address of an IPv4 address's network; false: it has none. */
bool netif_broadcast(const struct netif_addr *a, uint8_t *out);
/* Whether the first `bits` bits are the same. */
bool netif_prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits);

#endif
