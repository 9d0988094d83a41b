/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * predict.c - segments that are as expected, without lwIP.
 *
 * Nearly all of them are the next one of an established connection that misses
 * nothing, and bring data, acknowledge some, or both: "header prediction", Van
 * Jacobson's. On their way through lwIP's Ethernet, IP and TCP three times as
 * many instructions ask what else they might be. Here the headers are looked at
 * once, and what tcp_receive() of lwIP's does for such a segment is done in its
 * order. Whatever is not quite as expected goes to lwIP, untouched.
 */
#include "core/panic.h"
#include "inet_hooks.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/ethernet.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/ip4.h"
#include "net/inet/conn.h"
#include "net/inet/device.h"
#include "net/inet/dgram.h"
#include "net/inet/inet.h"
#include "net/inet/tcp.h"

#define IP_LEAST         (SIZEOF_ETH_HDR + IP_HLEN)
#define VERSION_4_HLEN_5 0x45u
#define FRAGMENT         (IP_MF | IP_OFFMASK)
/* Two NOPs and a time stamp, as all senders align it. */
#define TIMESTAMP_ONLY 0x0101080au
#define UNUSUAL        (TF_RXCLOSED | TF_INFR | TF_RTO)

/* An IPv4 packet for us alone, of TCP, whole, and nothing behind it. */
static bool is_tcp4(const struct pbuf *p)
{
    const struct eth_hdr *e = p->payload;
    const struct ip_hdr *ip = (const void *)(e + 1);

    return p->len >= IP_LEAST + TCP_HLEN && e->type == PP_HTONS(ETHTYPE_IP) &&
           !(e->dest.addr[0] & 1) && ip->_v_hl == VERSION_4_HLEN_5 &&
           !(ip->_offset & PP_HTONS(FRAGMENT)) && ip->_proto == IP_PROTO_TCP &&
           lwip_ntohs(ip->_len) == p->tot_len - SIZEOF_ETH_HDR &&
           ip->dest.addr == netif_ip4_addr(&inet_device)->addr &&
           netif_is_up(&inet_device);
}

static struct conn *find(const struct ip_hdr *ip, const struct tcp_hdr *h)
{
    ip_addr_t from = IPADDR4_INIT(ip->src.addr);
    ip_addr_t to = IPADDR4_INIT(ip->dest.addr);

    return conn_find(&to, lwip_ntohs(h->dest), &from, lwip_ntohs(h->src));
}

/* What came before has been dealt with, and nothing is out of the ordinary. */
static bool is_quiet(const struct conn *c)
{
    const struct tcp_pcb *pcb = c->pcb;

    return pcb->state == ESTABLISHED && c->sock && !pcb->ooseq &&
           !pcb->refused_data && !pcb->persist_backoff && !pcb->netif_idx &&
           !(pcb->flags & UNUSUAL) && !c->sender.board &&
           c->sender.state == SENDER_OPEN;
}

/* Bytes of the header, if it has no options but those that each segment of this
 * connection has; else 0. */
static unsigned header_len(const struct tcp_pcb *pcb, const struct pbuf *p,
                           const struct tcp_hdr *h)
{
    const unsigned stamped = TCP_HLEN + LWIP_TCP_OPT_LEN_TS_OUT;
    unsigned len = TCPH_HDRLEN_BYTES(h);
    uint32_t word;

    if (!(pcb->flags & TF_TIMESTAMP))
        return len == TCP_HLEN ? len : 0;
    if (len != stamped || p->len < IP_LEAST + stamped)
        return 0;
    __builtin_memcpy(&word, h + 1, sizeof(word));
    return word == PP_HTONL(TIMESTAMP_ONLY) ? len : 0;
}

/* Data that is next and fits the window, or nothing but an acknowledgement of
 * something. */
static bool is_next(const struct tcp_pcb *pcb, const struct tcp_hdr *h,
                    unsigned len)
{
    uint32_t acked = lwip_ntohl(h->ackno) - pcb->lastack;

    return (TCPH_FLAGS(h) & ~TCP_PSH) == TCP_ACK && h->wnd != 0 &&
           lwip_ntohl(h->seqno) == pcb->rcv_nxt && len <= pcb->rcv_wnd &&
           acked <= pcb->snd_nxt - pcb->lastack && (len > 0 || acked > 0);
}

/* lwIP's input has numbers in the host's order from here on. */
static void swap(struct tcp_hdr *h)
{
    h->seqno = lwip_ntohl(h->seqno);
    h->ackno = lwip_ntohl(h->ackno);
    h->wnd = lwip_ntohs(h->wnd);
}

static void take_timestamp(struct tcp_pcb *pcb, const struct tcp_hdr *h,
                           unsigned len)
{
    uint32_t value;

    if (!TCP_SEQ_BETWEEN(pcb->ts_lastacksent, h->seqno, h->seqno + len))
        return;
    __builtin_memcpy(&value, (const uint8_t *)(h + 1) + 4, sizeof(value));
    pcb->ts_recent = lwip_ntohl(value);
}

/* RFC 793: what is older than the last update does not count. */
static void take_window(struct tcp_pcb *pcb, const struct tcp_hdr *h)
{
    uint32_t wnd = SND_WND_SCALE(pcb, (uint32_t)h->wnd);

    if (!TCP_SEQ_LT(pcb->snd_wl1, h->seqno) &&
        !(pcb->snd_wl1 == h->seqno && TCP_SEQ_LT(pcb->snd_wl2, h->ackno)) &&
        !(pcb->snd_wl2 == h->ackno && wnd > pcb->snd_wnd))
        return;
    pcb->snd_wnd = wnd;
    pcb->snd_wnd_max = MAX(pcb->snd_wnd_max, wnd);
    pcb->snd_wl1 = h->seqno;
    pcb->snd_wl2 = h->ackno;
}

static void take_ack(struct tcp_pcb *pcb, uint32_t ackno)
{
    struct tcp_seg *seg;

    if (ackno == pcb->lastack)
        return;
    pcb->nrtx = 0;
    pcb->lastack = ackno;
    while (
        (seg = pcb->unacked) &&
        TCP_SEQ_LEQ(lwip_ntohl(seg->tcphdr->seqno) + TCP_TCPLEN(seg), ackno)) {
        pcb->unacked = seg->next;
        pcb->snd_queuelen =
            (u16_t)(pcb->snd_queuelen - (seg->p->next ? pbuf_clen(seg->p) : 1));
        pcb->snd_buf += seg->len;
        tcp_segment_free(seg);
    }
    pcb->rtime = pcb->unacked ? 0 : -1;
    pcb->polltmr = 0;
    if (!pcb->unsent)
        pcb->unsent_oversize = 0;
}

static void take_data(struct conn *c, struct pbuf *p)
{
    struct tcp_pcb *pcb = c->pcb;

    if (p->tot_len == 0) {
        pbuf_free(p);
        return;
    }
    pcb->rcv_nxt += p->tot_len;
    pcb->rcv_wnd -= p->tot_len;
    (void)tcp_update_rcv_ann_wnd(pcb);
    tcp_ack(pcb);
    tcp_received(c->sock, p);
}

static void take_segment(struct conn *c, struct tcp_hdr *h, struct pbuf *p)
{
    struct tcp_pcb *pcb = c->pcb;

    swap(h);
    (void)inet_segment(pcb, h, (u16_t)(TCPH_HDRLEN_BYTES(h) - TCP_HLEN), p);
    pcb->tmr = tcp_ticks;
    pcb->keep_cnt_sent = 0;
    pcb->persist_probe = 0;
    if (pcb->flags & TF_TIMESTAMP)
        take_timestamp(pcb, h, p->tot_len);
    take_window(pcb, h);
    take_ack(pcb, h->ackno);
    take_data(c, p);
    if (pcb->unsent || (pcb->flags & TF_ACK_NOW))
        (void)inet_tcp_output(pcb);
    conn_settle(c);
}

bool predict_input(struct pbuf *p)
{
    const struct ip_hdr *ip =
        (const void *)((const uint8_t *)p->payload + SIZEOF_ETH_HDR);
    struct tcp_hdr *h = (void *)((uint8_t *)p->payload + IP_LEAST);
    unsigned len;
    struct conn *c;

    if (!is_tcp4(p) || UNLIKELY(!list_is_empty(&raw_all)) ||
        UNLIKELY(inet_memory_is_full()))
        return false;
    c = find(ip, h);
    if (!c || !is_quiet(c))
        return false;
    len = header_len(c->pcb, p, h);
    if (len == 0 || !is_next(c->pcb, h, p->tot_len - IP_LEAST - len))
        return false;
    inet_pbuf_move(p, IP_LEAST + len);
    inet_counters.predicted++;
    take_segment(c, h, p);
    return true;
}
