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

#include "core/types.h"

/* Once, when the device is an interface. */
void ifconfig_begin(void);
/* Wait until an address has come that was asked for. False: there was nothing
 * to wait for. */
bool ifconfig_wait(void);
/* ... until no neighbour is still being asked whether an IPv6 address of ours
 * is its own; until then nothing is sent from that. */
bool ifconfig_wait_asked(void);

#endif
