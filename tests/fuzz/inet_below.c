/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_below.c - lwIP's Ethernet and ICMP for tests of what stands around them.
 */
#include "core/panic.h"
#include "net/inet/icmp.h"
#include "net/inet/neighbour.h"

/* As the Makefile compiles them. */
#define etharp_input  inet_arp_input
#define ip4_output_if inet_icmp_output4
#define ip6_output_if inet_icmp_output6
#include "core/ipv4/icmp.c"
#include "core/ipv6/icmp6.c"
#include "netif/ethernet.c"
#undef etharp_input
#undef ip4_output_if
#undef ip6_output_if
