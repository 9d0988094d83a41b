/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dgram_whole.c - packets that nobody may cut up: IP_MTU_DISCOVER.
 *
 * lwIP has no bit for that in its headers, so that of IPv4 is made here. What
 * the path bears is known to a connected socket, from the error that a router
 * has sent it.
 */
#include "core/errno.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "net/inet/dgram.h"

static int refuse(struct dgram_sock *d, struct pbuf *p,
                  const struct dgram_target *t, unsigned mtu)
{
    pbuf_free(p);
    if (d->i.wants &
        (IP_IS_V6_VAL(t->to) ? INET_WANT_ERRORS6 : INET_WANT_ERRORS))
        dgram_error_local(d, t, mtu);
    return -EMSGSIZE;
}

/* IPv4's header, with the bit set. */
static void put_header(const struct dgram_sock *d, struct pbuf *p,
                       const struct dgram_target *t)
{
    struct ip_hdr *h;

    pbuf_add_header(p, IP_HLEN);
    h = p->payload;
    IPH_VHL_SET(h, 4, IP_HLEN / 4);
    IPH_TOS_SET(h, t->tos);
    IPH_LEN_SET(h, lwip_htons(p->tot_len));
    IPH_ID_SET(h, 0); /* RFC 6864: of no use where nothing is cut up */
    IPH_OFFSET_SET(h, PP_HTONS(IP_DF));
    IPH_TTL_SET(h, t->ttl);
    IPH_PROTO_SET(h, (u8_t)d->i.s.protocol);
    h->src.addr = ip_2_ip4(&t->from)->addr;
    h->dest.addr = ip_2_ip4(&t->to)->addr;
    IPH_CHKSUM_SET(h, 0);
    IPH_CHKSUM_SET(h, inet_chksum(h, IP_HLEN));
}

int dgram_output_whole(struct dgram_sock *d, struct pbuf *p,
                       const struct dgram_target *t)
{
    bool is_v6 = IP_IS_V6_VAL(t->to);
    unsigned how = d->i.pmtu_discover, mtu = t->netif->mtu;
    unsigned len = p->tot_len + (is_v6 ? IP6_HLEN : IP_HLEN);
    bool must = how == IP_PMTUDISC_DO || how == IP_PMTUDISC_PROBE ||
                (is_v6 && d->i.dont_frag);
    err_t err;

    if (how != IP_PMTUDISC_PROBE && d->i.path_mtu && !is_v6)
        mtu = MIN(mtu, d->i.path_mtu);
    if (must && len > mtu)
        return refuse(d, p, t, mtu);
    inet_tick();
    if (is_v6 || len > mtu || ip_addr_ismulticast(&t->to) ||
        !(must || how == IP_PMTUDISC_WANT)) {
        err = ip_output_if_src(p, &t->from, &t->to, t->ttl, t->tos,
                               (u8_t)d->i.s.protocol, t->netif);
    } else {
        put_header(d, p, t);
        err = ip4_output_if(p, ip_2_ip4(&t->from), LWIP_IP_HDRINCL, 0, 0, 0,
                            t->netif);
    }
    pbuf_free(p);
    inet_flush();
    return inet_error(err);
}
