/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_hooks.h - functions of ours that lwIP calls by its hooks.
 */
#ifndef INET_HOOKS_H
#define INET_HOOKS_H

#include "lwip/icmp.h"
#include "lwip/ip_addr.h"
#include "lwip/netif.h"

/* The interface for a packet; NULL: none in particular. */
struct netif *inet_route4(const ip4_addr_t *src, const ip4_addr_t *dest);
struct netif *inet_route6(const ip6_addr_t *src, const ip6_addr_t *dest);
/* The router for what is not on the link; NULL: as routers advertised. */
const ip6_addr_t *inet_gateway6(struct netif *netif, const ip6_addr_t *dest);
/* RFC 6528: not to be guessed, and rising for each pair of ends. */
u32_t inet_initial_sequence(const ip_addr_t *local, u16_t local_port,
                            const ip_addr_t *remote, u16_t remote_port);
/* The time when lwIP was entered last (inet_tick()), in microseconds. */
extern u32_t inet_now_us;
struct tcp_pcb;
struct tcp_hdr;
/* A SYN or a SYN|ACK, whose first option is MSS: as TCP_MAXSEG has it. */
void inet_limit_mss(const struct tcp_pcb *pcb, struct tcp_hdr *h);
/* A segment that is for this connection or listener comes next. ERR_ABRT: and
 * has been dealt with. */
err_t inet_segment(struct tcp_pcb *pcb, const struct tcp_hdr *h,
                   u16_t options_len, struct pbuf *p);
/* The same for a segment on its way through lwIP, kept from what lwIP's
 * assertions take for granted. */
err_t inet_any_segment(struct tcp_pcb *pcb, struct tcp_hdr *h,
                       unsigned options_len, struct pbuf *p);
/* In place of tcp_output(), which it calls for what is not as expected. */
err_t inet_tcp_output(struct tcp_pcb *pcb);
/* In place of ip4_frag() and ip6_frag(): what the device cuts up goes to it
 * whole. */
err_t inet_ip4_frag(struct pbuf *p, struct netif *n, const ip4_addr_t *dest);
err_t inet_ip6_frag(struct pbuf *p, struct netif *n, const ip6_addr_t *dest);
/* In place of icmp_dest_unreach(). */
void inet_icmp_unreachable(struct pbuf *p, enum icmp_dur_type t);
/* In place of ip4_output_if() and ip6_output_if(), for what ICMP sends. */
err_t inet_icmp_output4(struct pbuf *p, const ip4_addr_t *from,
                        const ip4_addr_t *to, u8_t ttl, u8_t tos, u8_t protocol,
                        struct netif *n);
err_t inet_icmp_output6(struct pbuf *p, const ip6_addr_t *from,
                        const ip6_addr_t *to, u8_t hops, u8_t tc, u8_t next,
                        struct netif *n);
/* The addresses of DNS servers that DHCP and routers name: ifconfig.c. lwIP's
 * own resolver, which has these else, is left out. */
void dns_setserver(u8_t index, const ip_addr_t *server);
const ip_addr_t *dns_getserver(u8_t index);

#endif
