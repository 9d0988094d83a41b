/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net.h - a guest's network as the host sees it: what it is connected to.
 *
 * What:      --net and -p of `run`, and the host's side of either network made
 *            ready: a tap that the user has set up, or a network of the
 *            guest's own behind a process that needs no privileges. What the
 *            guest itself is told is netconf.h's.
 * Ownership: net_fini() frees what an option made; descriptors of struct
 *            net_link are the caller's, -1 where there is none.
 * Errors:    -errno with a fault.
 */
#ifndef CLI_NET_H
#define CLI_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "host/memory.h"

struct fault;
struct run_config_net;

#define NET_FORWARD_MAX 1024u /* ports that one guest can have published */

enum net_mode {
    NET_DEFAULT, /* nothing was said: NET_USER with -p, else NET_NONE */
    NET_NONE,
    NET_USER,
    NET_TAP,
};

/* A port of the host's that leads into the guest. */
struct net_forward {
    struct sockaddr_storage host; /* its address and port; 0: any */
    uint16_t guest_port;
    bool is_udp;
};

struct net_options {
    enum net_mode mode;
    const char *tap; /* NET_TAP: the interface's name */
    struct net_forward *forwards;
    size_t forward_count;
};

/* Set functions of an option table: into is struct options. */
int net_set_mode(void *into, const char *value, struct fault *fault);
int net_set_forward(void *into, const char *value, struct fault *fault);

#define NET_OPTIONS                                                \
    { 0, "net", "NET",                                             \
      "network: user, tap:NAME or none (user with -p, else none)", \
      ARG_SET(net_set_mode) },                                     \
    {                                                              \
        'p', "publish", "[[IP:][HOST]:]GUEST[/udp]",               \
            "a port of this host leads to one of the guest",       \
            ARG_SET(net_set_forward)                               \
    }

/* After all options were taken: do they fit together, and with --ip? Decides
 * NET_DEFAULT. */
int net_check(struct net_options *net, bool has_address, struct fault *fault);
void net_fini(struct net_options *net);

/* Is its port to be chosen? Choosing fails if another has that. */
bool net_wants_port(const struct net_forward *f);
bool net_port_set(struct net_options *net, size_t nr, unsigned port);

unsigned net_port_of(const struct sockaddr_storage *host);
/* The address alone that a forward listens at, as text. */
void net_host_text(const struct net_forward *f, char text[INET6_ADDRSTRLEN]);
/* Where a forward listens, as text: 127.0.0.1:8080 or [::1]:8080. */
#define NET_ADDRESS_LEN 64u
void net_address_text(const struct net_forward *f, char text[NET_ADDRESS_LEN]);

/* The host's side of a guest's network. */
struct net_link {
    int fd;       /* -1: none */
    unsigned mtu; /* the longest IP packet */
};

/* net_tap.c: open the interface.
 *   -ENODEV, -EACCES, -EBUSY ... with what to do about it */
int net_tap_open(const char *name, struct net_link *link, struct fault *fault);

/* net_user.c: what the guest is told of that network, as far as nobody has
 * said otherwise. */
void net_user_config(struct run_config_net *net);
/* Can its ports be had? Chooses those that nobody has named.
 *   -EADDRINUSE, -EACCES, -EADDRNOTAVAIL ... with what to do about it */
int net_user_check(struct net_options *net, struct fault *fault);
/* Start the process that the monitor's guest has for it. All ports listen when
 * this returns. It ends with the last copy of link->fd. */
int net_user_open(const struct net_options *net, bool is_dry_run,
                  struct net_link *link, struct fault *fault);
/* QEMU has one inside. -ENOTSUP */
int net_user_qemu(const struct net_options *net, struct list *argv,
                  struct fault *fault);

#endif
