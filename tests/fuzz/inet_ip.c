/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_ip.c - lwIP's IP layers for tests of what stands around them.
 */
#include "core/panic.h"
#include "inet_hooks.h"
#include "lwip/netif.h"
#include "net/inet/conn.h"
#include "net/inet/dgram.h"
#include "net/inet/icmp.h"

/* As the Makefile compiles these two. */
#define tcp_input         conn_input
#define udp_input         inet_udp_input
#define icmp_input        inet_icmp_input
#define icmp6_input       inet_icmp6_input
#define ip4_frag          inet_ip4_frag
#define icmp_dest_unreach inet_icmp_unreachable
#define ip6_frag          inet_ip6_frag
#include "core/ipv4/ip4.c"
#include "core/ipv6/ip6.c"
#undef tcp_input
#undef udp_input
#undef icmp_input
#undef icmp6_input
#undef ip4_frag
#undef icmp_dest_unreach
#undef ip6_frag
