/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp.c - ICMP errors, told to the socket whose packet they are about.
 *
 * lwIP answers echo requests and drops errors. Here the packet that an error
 * quotes is looked at first: whoever sent it gets its errno. Quoted bytes are
 * the network's, anyone's: they must name both ends of what is under way.
 */
#include "net/inet/icmp.h"

#include "core/errno.h"
#include "core/string.h"
#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/prot/ip4.h"
#include "net/inet/conn.h"
#include "net/inet/tcp.h"

#define ERROR_HLEN 8u /* type, code, checksum, and four bytes more */
#define PORTS_LEN  8u /* of the quoted transport header */

/* A packet of ours that an error quotes. */
struct quoted {
    ip_addr_t local, remote;
    uint16_t local_port, remote_port;
    uint8_t protocol;
};

/* Linux's icmp_err_convert[]. */
static int error_of4(unsigned code)
{
    static const uint8_t errors[] = { ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,
                                      ECONNREFUSED, EMSGSIZE,     EOPNOTSUPP,
                                      ENETUNREACH,  EHOSTDOWN,    ENONET,
                                      ENETUNREACH,  EHOSTUNREACH, ENETUNREACH,
                                      EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
                                      EHOSTUNREACH };

    return code < ARRAY_LEN(errors) ? errors[code] : 0;
}

static int error_of6(unsigned code)
{
    static const uint8_t errors[] = { ENETUNREACH,  EACCES,       EHOSTUNREACH,
                                      EHOSTUNREACH, ECONNREFUSED, EACCES,
                                      EACCES };

    return code < ARRAY_LEN(errors) ? errors[code] : 0;
}

static bool quote_ports(const struct pbuf *p, unsigned off, struct quoted *q)
{
    uint16_t ports[2];

    if (pbuf_copy_partial(p, ports, sizeof(ports), (u16_t)off) !=
            sizeof(ports) ||
        p->tot_len < off + PORTS_LEN)
        return false;
    q->local_port = lwip_ntohs(ports[0]);
    q->remote_port = lwip_ntohs(ports[1]);
    return true;
}

static bool quote4(const struct pbuf *p, struct quoted *q)
{
    struct ip_hdr h;

    memset(q, 0, sizeof(*q));
    if (pbuf_copy_partial(p, &h, sizeof(h), ERROR_HLEN) != sizeof(h) ||
        IPH_V(&h) != 4 || IPH_HL_BYTES(&h) < IP_HLEN)
        return false;
    ip_addr_set_ip4_u32(&q->local, h.src.addr);
    ip_addr_set_ip4_u32(&q->remote, h.dest.addr);
    q->protocol = IPH_PROTO(&h);
    return quote_ports(p, ERROR_HLEN + IPH_HL_BYTES(&h), q);
}

static bool quote6(const struct pbuf *p, struct quoted *q)
{
    struct ip6_hdr h;

    memset(q, 0, sizeof(*q));
    if (pbuf_copy_partial(p, &h, sizeof(h), ERROR_HLEN) != sizeof(h) ||
        IP6H_V(&h) != 6)
        return false;
    ip_addr_copy_from_ip6_packed(q->local, h.src);
    ip_addr_copy_from_ip6_packed(q->remote, h.dest);
    q->protocol = IP6H_NEXTH(&h);
    return quote_ports(p, ERROR_HLEN + IP6_HLEN, q);
}

static void tell(const struct quoted *q, int error)
{
    struct conn *c;

    if (error == 0)
        return;
    if (q->protocol == IP_PROTO_UDP) {
        udp_unreachable(&q->local, q->local_port, &q->remote, q->remote_port,
                        error);
    } else if (q->protocol == IP_PROTO_TCP) {
        c = conn_find(&q->local, q->local_port, &q->remote, q->remote_port);
        if (c)
            tcp_unreachable(c, error);
    }
}

static bool is_checksum_right4(const struct pbuf *p, const struct netif *inp)
{
    return !(inp->chksum_flags & NETIF_CHECKSUM_CHECK_ICMP) ||
           inet_chksum_pbuf((struct pbuf *)(uintptr_t)p) == 0;
}

void inet_icmp_input(struct pbuf *p, struct netif *inp)
{
    const struct icmp_echo_hdr *h = p->payload;
    struct quoted q;

    if (p->len >= sizeof(*h) && ICMPH_TYPE(h) == ICMP_DUR &&
        is_checksum_right4(p, inp) && quote4(p, &q))
        tell(&q, error_of4(ICMPH_CODE(h)));
    icmp_input(p, inp);
}

void inet_icmp6_input(struct pbuf *p, struct netif *inp)
{
    const struct icmp6_hdr *h = p->payload;
    bool is_right = !(inp->chksum_flags & NETIF_CHECKSUM_CHECK_ICMP6);
    struct quoted q;

    if (p->len >= sizeof(*h) && h->type == ICMP6_TYPE_DUR && quote6(p, &q)) {
        if (!is_right)
            is_right = ip6_chksum_pseudo(p, IP6_NEXTH_ICMP6, p->tot_len,
                                         ip6_current_src_addr(),
                                         ip6_current_dest_addr()) == 0;
        if (is_right)
            tell(&q, error_of6(h->code));
    }
    icmp6_input(p, inp);
}
