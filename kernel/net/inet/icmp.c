/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp.c - ICMP errors, told to the socket whose packet they are about.
 *
 * lwIP answers echo requests and drops errors. Here the packet that an error
 * quotes is looked at first: whoever sent it gets its errno, if the error is
 * one that lasts, and all of it if he has asked (IP_RECVERR). Quoted bytes are
 * the network's, anyone's: they must name both ends of what is under way.
 */
#include "net/inet/icmp.h"

#include "core/errno.h"
#include "core/string.h"
#include "inet_hooks.h"
#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/ip4.h"
#include "lwip/stats.h"
#include "lwip/sys.h"
#include "net/inet/conn.h"
#include "net/inet/dgram.h"
#include "net/inet/icmp6_check.h"
#include "net/inet/loop.h"
#include "net/inet/neighbour.h"
#include "net/inet/neighbour_queue.h"
#include "net/inet/tcp.h"

/* Of a part, IPPROTO_IP: nothing asks for it in kernels without. */
#pragma weak dgram_error_queue
#pragma weak raw_icmp

#define ERROR_HLEN   8u /* type, code, checksum, and four bytes more */
#define PORTS_LEN    8u /* of the quoted transport header */
#define SEQ_OFF      4u /* in TCP's */
#define ID_OFF       4u /* in an echo's */
#define QUOTE_LEN    (576u - IP_HLEN - ERROR_HLEN)
#define FRAG_NEEDED  4u
#define PATH_MTU_MIN 552u /* net.ipv4.route.min_pmtu */
/* net.ipv4.icmp_msgs_burst; icmp_msgs_per_sec is one each millisecond. */
#define ERRORS_BURST 50u
#define ECHO6        128u /* what is less is an error */
/* Those of Linux's icmp_err_convert[] that are fatal. */
#define HARD_CODES4 0xe7ccu
#define HARD_CODES6 0x72u

/* Linux's icmp_err_convert[]. */
static int error_of4(unsigned code)
{
    static const uint8_t errors[] = { ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,
                                      ECONNREFUSED, EMSGSIZE,     EOPNOTSUPP,
                                      ENETUNREACH,  EHOSTDOWN,    ENONET,
                                      ENETUNREACH,  EHOSTUNREACH, ENETUNREACH,
                                      EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
                                      EHOSTUNREACH };

    return code < ARRAY_LEN(errors) ? errors[code] : EHOSTUNREACH;
}

static int error_of6(unsigned code)
{
    static const uint8_t errors[] = { ENETUNREACH,  EACCES,       EHOSTUNREACH,
                                      EHOSTUNREACH, ECONNREFUSED, EACCES,
                                      EACCES };

    return code < ARRAY_LEN(errors) ? errors[code] : EPROTO;
}

/* What a message says; false: it is no error that sockets hear of. */
static bool judge4(struct icmp_error *e, uint32_t rest)
{
    switch (e->type) {
    case ICMP_DUR:
        e->error = error_of4(e->code);
        e->is_hard = e->code < 16 && (HARD_CODES4 >> e->code & 1);
        if (e->code == FRAG_NEEDED)
            e->info = rest & 0xffff;
        return true;
    case ICMP_TE:
        e->error = EHOSTUNREACH;
        return true;
    case ICMP_PP:
        e->error = EPROTO;
        e->info = rest >> 24;
        return e->is_hard = true;
    default:
        return false;
    }
}

static bool judge6(struct icmp_error *e, uint32_t rest)
{
    switch (e->type) {
    case ICMP6_TYPE_DUR:
        e->error = error_of6(e->code);
        e->is_hard = e->code > 6 || (HARD_CODES6 >> e->code & 1);
        return true;
    case ICMP6_TYPE_PTB:
        e->error = EMSGSIZE;
        e->info = rest;
        return true;
    case ICMP6_TYPE_TE:
        e->error = EHOSTUNREACH;
        return true;
    case ICMP6_TYPE_PP:
        e->error = EPROTO;
        e->info = rest;
        return e->is_hard = true;
    default:
        return false;
    }
}

static bool quote_ports(struct icmp_error *e)
{
    uint16_t ports[2] = { 0, 0 };
    bool is_echo =
        e->protocol == IP_PROTO_ICMP || e->protocol == IP6_NEXTH_ICMP6;
    unsigned off = e->at + (is_echo ? ID_OFF : 0);

    if (e->p->tot_len < e->at + PORTS_LEN)
        return false;
    (void)pbuf_copy_partial(e->p, ports, is_echo ? 2 : 4, (u16_t)off);
    e->local_port = lwip_ntohs(ports[0]);
    e->remote_port = lwip_ntohs(ports[1]);
    return true;
}

static bool quote4(struct icmp_error *e)
{
    struct ip_hdr h;

    if (pbuf_copy_partial(e->p, &h, sizeof(h), ERROR_HLEN) != sizeof(h) ||
        IPH_V(&h) != 4 || IPH_HL_BYTES(&h) < IP_HLEN)
        return false;
    ip_addr_set_ip4_u32(&e->local, h.src.addr);
    ip_addr_set_ip4_u32(&e->remote, h.dest.addr);
    e->protocol = IPH_PROTO(&h);
    e->at = ERROR_HLEN + IPH_HL_BYTES(&h);
    return quote_ports(e);
}

static bool quote6(struct icmp_error *e)
{
    struct ip6_hdr h;

    if (pbuf_copy_partial(e->p, &h, sizeof(h), ERROR_HLEN) != sizeof(h) ||
        IP6H_V(&h) != 6)
        return false;
    ip_addr_copy_from_ip6_packed(e->local, h.src);
    ip_addr_copy_from_ip6_packed(e->remote, h.dest);
    e->protocol = IP6H_NEXTH(&h);
    e->at = ERROR_HLEN + IP6_HLEN;
    return quote_ports(e);
}

/* Whoever does not see the connection would have to guess the number, too, of a
 * segment that is under way (RFC 5927, 4.1). */
static bool quotes_segment(const struct icmp_error *e, const struct conn *c)
{
    uint32_t seq = 0;

    (void)pbuf_copy_partial(e->p, &seq, sizeof(seq), (u16_t)(e->at + SEQ_OFF));
    return TCP_SEQ_BETWEEN(lwip_ntohl(seq), c->pcb->lastack, c->pcb->snd_nxt);
}

static void tell(const struct icmp_error *e)
{
    uint8_t unreachable = IP_IS_V6_VAL(e->remote) ? ICMP6_TYPE_DUR : ICMP_DUR;
    struct conn *c;

    if (e->protocol == IP_PROTO_UDP) {
        udp_icmp(e);
    } else if (e->protocol == IP_PROTO_TCP) {
        c = conn_find(&e->local, e->local_port, &e->remote, e->remote_port);
        if (c && e->type == unreachable && e->error != EMSGSIZE &&
            quotes_segment(e, c))
            tcp_unreachable(c, e->error);
    }
    if (raw_icmp)
        raw_icmp(e);
}

void dgram_icmp(struct dgram_sock *d, const struct icmp_error *e,
                unsigned header_len)
{
    struct inet_sock *i = &d->i;
    bool is_v6 = IP_IS_V6_VAL(e->remote), is_hard = e->is_hard;
    unsigned want = is_v6 ? INET_WANT_ERRORS6 : INET_WANT_ERRORS;

    if (e->error == EMSGSIZE) {
        if (i->pmtu_discover == IP_PMTUDISC_DONT && !is_v6)
            return;
        is_hard = i->pmtu_discover != IP_PMTUDISC_DONT;
        if (i->remote_port && !is_v6)
            i->path_mtu = (uint16_t)MAX(e->info, PATH_MTU_MIN);
    }
    if (i->wants & want)
        dgram_error_queue(d, e, header_len);
    else if (!is_hard || !i->remote_port)
        return;
    dgram_error(d, e->error);
}

/* ---- what is sent ---- */

static struct {
    uint32_t since_ms;
    uint32_t left; /* that may be sent at once */
} errors = { .left = ERRORS_BURST };

/* Who floods us need not have us flood others, whose address he gives as his.
 * Answers to pings and what stays here have no limit: Linux's way. */
static bool may_send_error(const struct netif *n)
{
    uint32_t now_ms = sys_now();

    if (n == &inet_loop)
        return true;
    errors.left = MIN(ERRORS_BURST, errors.left + MIN(now_ms - errors.since_ms,
                                                      ERRORS_BURST));
    errors.since_ms = now_ms;
    if (errors.left == 0)
        return false;
    errors.left--;
    return true;
}

/* An answer to a ping is the question's packet, header and all. */
err_t inet_icmp_output4(struct pbuf *p, const ip4_addr_t *from,
                        const ip4_addr_t *to, u8_t ttl, u8_t tos, u8_t protocol,
                        struct netif *n)
{
    if (to != LWIP_IP_HDRINCL && !may_send_error(n))
        return ERR_RTE;
    return ip4_output_if(p, from, to, ttl, tos, protocol, n);
}

err_t inet_icmp_output6(struct pbuf *p, const ip6_addr_t *from,
                        const ip6_addr_t *to, u8_t hops, u8_t tc, u8_t next,
                        struct netif *n)
{
    if (*(const uint8_t *)p->payload < ECHO6 && !may_send_error(n))
        return ERR_RTE;
    return ip6_output_if(p, from, to, hops, tc, next, n);
}

/* In place of lwIP's icmp_dest_unreach(), which quotes 8 bytes behind IP's
 * header: as much as a message may have (RFC 1812, 4.3.2.3). */
void inet_icmp_unreachable(struct pbuf *p, enum icmp_dur_type t)
{
    unsigned len = MIN((unsigned)p->tot_len, QUOTE_LEN);
    struct netif *netif = ip_current_input_netif();
    struct icmp_echo_hdr *h;
    struct pbuf *q;

    if (!may_send_error(netif))
        return;
    q = pbuf_alloc(PBUF_IP, (u16_t)(ERROR_HLEN + len), PBUF_RAM);
    if (!q)
        return;
    h = q->payload;
    memset(h, 0, ERROR_HLEN);
    ICMPH_TYPE_SET(h, ICMP_DUR);
    ICMPH_CODE_SET(h, (u8_t)t);
    (void)pbuf_copy_partial(p, h + 1, (u16_t)len, 0);
    if (netif->chksum_flags & NETIF_CHECKSUM_GEN_ICMP)
        h->chksum = inet_chksum(h, (u16_t)(ERROR_HLEN + len));
    (void)ip4_output_if(q, ip4_current_dest_addr(), ip4_current_src_addr(),
                        IP_DEFAULT_TTL, 0, IP_PROTO_ICMP, netif);
    pbuf_free(q);
    MIB2_STATS_INC(mib2.icmpoutmsgs);
    MIB2_STATS_INC(mib2.icmpoutdestunreachs);
}

/* ---- what comes ---- */

static bool is_checksum_right4(const struct pbuf *p, const struct netif *inp)
{
    return !(inp->chksum_flags & NETIF_CHECKSUM_CHECK_ICMP) ||
           inet_chksum_pbuf((struct pbuf *)(uintptr_t)p) == 0;
}

static bool is_checksum_right6(struct pbuf *p, const struct netif *inp)
{
    return !(inp->chksum_flags & NETIF_CHECKSUM_CHECK_ICMP6) ||
           ip6_chksum_pseudo(p, IP6_NEXTH_ICMP6, p->tot_len,
                             ip6_current_src_addr(),
                             ip6_current_dest_addr()) == 0;
}

/* Type and code; the four bytes behind the checksum come with them. */
static bool begin(struct icmp_error *e, const struct pbuf *p, uint32_t *rest)
{
    const uint8_t *h = p->payload;

    *e = (struct icmp_error){ .p = p };
    if (p->len < ERROR_HLEN)
        return false;
    e->type = h[0];
    e->code = h[1];
    memcpy(rest, h + 4, sizeof(*rest));
    *rest = lwip_ntohl(*rest);
    return true;
}

void inet_icmp_input(struct pbuf *p, struct netif *inp)
{
    struct icmp_error e;
    uint32_t rest;

    if (begin(&e, p, &rest) && judge4(&e, rest) && is_checksum_right4(p, inp) &&
        quote4(&e))
        tell(&e);
    icmp_input(p, inp);
}

void inet_icmp6_input(struct pbuf *p, struct netif *inp)
{
    struct icmp_error e;
    uint32_t rest;

    if (begin(&e, p, &rest) && judge6(&e, rest) && quote6(&e) &&
        is_checksum_right6(p, inp))
        tell(&e);
    if (!icmp6_is_sound(p) || neighbour_is_forged(p, inp)) {
        pbuf_free(p);
        return;
    }
    /* An advertisement has packets sent that wait for a neighbour. */
    neighbour_queue_is_shut = *(uint8_t *)p->payload == ICMP6_TYPE_NA;
    icmp6_input(p, inp);
    neighbour_queue_is_shut = false;
}
