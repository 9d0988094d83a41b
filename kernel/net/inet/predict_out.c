/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * predict_out.c - segments that are as expected, on their way out.
 *
 * The next segment of an established connection differs from the last one in a
 * few words of its headers. Through lwIP's TCP, IP, ARP and Ethernet its route,
 * its neighbour and what the device does for it are found anew each time. Here
 * they are those of a frame that lwIP sent between the same hosts a moment ago,
 * and what tcp_output() does for such a segment is done in its order. Whatever
 * is not quite as expected goes to lwIP, untouched.
 */
#include "inet_hooks.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/ethernet.h"
#include "lwip/prot/ip4.h"
#include "lwip/stats.h"
#include "lwip/sys.h"
#include "net/inet/conn.h"
#include "net/inet/device.h"
#include "net/inet/inet.h"
#include "net/inet/offload.h"

#define WAY_COUNT        16u
#define WAY_US           100000u /* then lwIP is asked again: neighbours age */
#define IP_LEAST         ((int)(SIZEOF_ETH_HDR + IP_HLEN))
#define VERSION_4_HLEN_5 0x45u
/* Two NOPs and a time stamp, as all senders align it. */
#define TIMESTAMP_ONLY 0x0101080au
#define UNUSUAL        (TF_RTO | TF_INFR | TF_NAGLEMEMERR)

/* How frames of one of our addresses get to a host: what lwIP found. */
struct way {
    uint32_t source, dest; /* dest 0: none */
    uint32_t since_us;
    struct eth_hdr ether;
};

static struct way ways[WAY_COUNT];
static bool way_is_wanted;
static uint16_t next_id; /* beside lwIP's: to tell fragments apart */

static struct way *way_to(uint32_t dest)
{
    return &ways[(dest >> 24) % WAY_COUNT]; /* the last of its bytes */
}

void way_learn(const uint8_t *frame, unsigned len)
{
    const struct eth_hdr *e = (const void *)frame;
    const struct ip_hdr *ip = (const void *)(e + 1);
    struct way *w;

    if (LIKELY(!way_is_wanted) || len < IP_LEAST ||
        e->type != PP_HTONS(ETHTYPE_IP) || ip->_proto != IP_PROTO_TCP)
        return;
    way_is_wanted = false;
    w = way_to(ip->dest.addr);
    *w = (struct way){ ip->src.addr, ip->dest.addr, inet_now_us, *e };
}

void ways_forget(void)
{
    memset(ways, 0, sizeof(ways));
}

static const struct way *way_find(const struct tcp_pcb *pcb)
{
    uint32_t dest = ip_2_ip4(&pcb->remote_ip)->addr;
    const struct way *w = way_to(dest);

    if (w->dest == dest && w->source == ip_2_ip4(&pcb->local_ip)->addr &&
        inet_now_us - w->since_us < WAY_US)
        return w;
    way_is_wanted = true;
    return NULL;
}

/* Nothing about the connection is out of the ordinary. */
static bool is_quiet(const struct conn *c)
{
    const struct tcp_pcb *pcb = c->pcb;

    return pcb->state >= ESTABLISHED && pcb->state != TIME_WAIT &&
           !c->is_local && !(pcb->flags & UNUSUAL) && !pcb->netif_idx &&
           !IP_IS_V6_VAL(pcb->remote_ip) && pcb != tcp_input_pcb &&
           (inet_device.flags & NETIF_FLAG_UP) &&
           (inet_device.flags & NETIF_FLAG_LINK_UP);
}

/* Data, or the end, that was never sent, follows what was, lies in one piece,
 * and may be sent now. */
static bool is_next(const struct tcp_pcb *pcb, const struct tcp_seg *seg)
{
    const struct pbuf *p = seg->p;
    uint32_t seq = lwip_ntohl(seg->tcphdr->seqno);

    return seq == pcb->snd_nxt && TCP_TCPLEN(seg) > 0 &&
           !(seg->flags & ~TF_SEG_OPTS_TS) && !p->next && p->ref == 1 &&
           p->payload == seg->tcphdr &&
           seq - pcb->lastack + seg->len <= MIN(pcb->snd_wnd, pcb->cwnd) &&
           (tcp_do_output_nagle(pcb) || (pcb->flags & TF_FIN)) &&
           (p->tot_len + IP_HLEN <= inet_device.mtu || device_cuts(false));
}

/* What of the header was not known when the segment was made. */
static void fill_tcp(struct tcp_pcb *pcb, const struct tcp_seg *seg)
{
    struct tcp_hdr *h = seg->tcphdr;
    uint32_t option[3] = { PP_HTONL(TIMESTAMP_ONLY), lwip_htonl(sys_now()),
                           lwip_htonl(pcb->ts_recent) };

    TCPH_SET_FLAG(h, TCP_ACK);
    h->ackno = lwip_htonl(pcb->rcv_nxt);
    h->wnd = lwip_htons(TCPWND_MIN16(RCV_WND_SCALE(pcb, pcb->rcv_ann_wnd)));
    pcb->rcv_ann_right_edge = pcb->rcv_nxt + pcb->rcv_ann_wnd;
    pcb->ts_lastacksent = pcb->rcv_nxt;
    if (seg->flags & TF_SEG_OPTS_TS)
        __builtin_memcpy(h + 1, option, sizeof(option));
    if (pcb->rtime < 0)
        pcb->rtime = 0;
    if (pcb->rttest == 0) {
        pcb->rttest = tcp_ticks;
        pcb->rtseq = lwip_ntohl(h->seqno);
    }
}

/* The headers below, and the sums of both. */
static void fill_ip(const struct tcp_pcb *pcb, const struct way *w,
                    struct pbuf *p, struct tcp_hdr *h)
{
    struct eth_hdr *e = p->payload;
    struct ip_hdr *ip = (void *)(e + 1);
    unsigned len = p->tot_len - SIZEOF_ETH_HDR;
    uint64_t ends = (uint64_t)w->source + w->dest;
    uint32_t words[3];

    *e = w->ether;
    ip->_v_hl = VERSION_4_HLEN_5;
    ip->_tos = pcb->tos;
    ip->_len = lwip_htons((uint16_t)len);
    ip->_id = lwip_htons(next_id++);
    ip->_offset = 0;
    ip->_ttl = pcb->ttl;
    ip->_proto = IP_PROTO_TCP;
    ip->_chksum = 0;
    ip->src.addr = w->source;
    ip->dest.addr = w->dest;
    __builtin_memcpy(words, ip, sizeof(words));
    ip->_chksum =
        (uint16_t)~offload_fold(ends + words[0] + words[1] + words[2]);
    h->chksum = offload_fold(ends + PP_HTONS(IP_PROTO_TCP) +
                             lwip_htons((uint16_t)(len - IP_HLEN)));
}

/* From those that are to be sent to those that are to be acknowledged. */
static void move_sent(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
    struct tcp_seg **end = &pcb->unacked;

    while (*end)
        end = &(*end)->next;
    *end = seg;
    pcb->unsent = seg->next;
    seg->next = NULL;
    tcp_clear_flags(pcb, TF_ACK_DELAY | TF_ACK_NOW);
    pcb->snd_nxt += TCP_TCPLEN(seg);
    pcb->persist_backoff = 0;
    if (!pcb->unsent)
        pcb->unsent_oversize = 0;
}

/* False: what comes next is not as expected, or nothing does. */
static bool send_next(struct conn *c)
{
    struct tcp_pcb *pcb = c->pcb;
    struct tcp_seg *seg = pcb->unsent;
    const struct way *w;

    if (!seg || !is_quiet(c) || !is_next(pcb, seg))
        return false;
    w = way_find(pcb);
    if (!w || (uint8_t *)seg->p->payload - (uint8_t *)(seg->p + 1) < IP_LEAST)
        return false;
    inet_pbuf_move(seg->p, -IP_LEAST);
    fill_tcp(pcb, seg);
    fill_ip(pcb, w, seg->p, seg->tcphdr);
    /* lwIP finds the TCP header where it was, however the packet begins. */
    if (!device_send_segment(seg->p, TCPH_HDRLEN_BYTES(seg->tcphdr)))
        return false;
    seg->p->sent_us = inet_now_us;
    MIB2_STATS_INC(mib2.tcpoutsegs);
    MIB2_STATS_INC(mib2.ipoutrequests);
    TCP_STATS_INC(tcp.xmit);
    move_sent(pcb, seg);
    return true;
}

err_t inet_tcp_output(struct tcp_pcb *pcb)
{
    struct conn *c = pcb->ext_args[0].data;

    while (c && send_next(c))
        continue;
    if (pcb->unsent || (pcb->flags & (TF_ACK_NOW | TF_NAGLEMEMERR)))
        return tcp_output(pcb);
    return ERR_OK;
}
