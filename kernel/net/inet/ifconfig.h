/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifconfig.h - the interfaces' addresses: given by the run configuration.
 *
 * What:      the device gets the addresses and routers that the configuration
 *            has, else asks DHCP and the routers. What there is, net/netif.h
 *            tells.
 * Context:   as inet.h.
 */
#ifndef NET_INET_IFCONFIG_H
#define NET_INET_IFCONFIG_H

#include "lwip/ip6_addr.h"
#include "net/netif.h"

/* Once, when the device is an interface. */
void ifconfig_begin(void);
/* Wait until an address has come that was asked for. False: there was nothing
 * to wait for. */
bool ifconfig_wait(void);
/* ... until no neighbour is still being asked whether an IPv6 address of ours
 * is its own; until then nothing is sent from that. */
bool ifconfig_wait_asked(void);

/* Netlink and /etc/resolv.conf hear of what has changed: with the kernel lock,
 * and not with inet_lock. */
void ifconfig_tell(void);
/* Whoever has the lock calls that when it has given it up: no timer need. */
void ifconfig_tell_follows(bool does);

/* The router that was given for IPv6; any: none. */
extern ip6_addr_t ifconfig_gateway6;
/* Flags that are only shown: of the loopback, of the device. */
extern uint16_t ifconfig_shown_flags[2];
/* For struct netif_ops; they take the lock. */
int ifconfig_change_addr(const struct netif_addr *a, bool add);
int ifconfig_change_gateway(const struct netif_route *r, bool add);
int ifconfig_change_link(unsigned index, uint32_t flags, uint32_t mtu);

#endif
