/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resend.c - packets that are sent again.
 *
 * Their bytes are copied out of lwIP's segments, each of which may be of
 * several packets, and lwIP's lists are left alone.
 */
#include "net/inet/board.h"

#include "core/string.h"
#include "inet_hooks.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/sys.h"
#include "net/inet/conn.h"
#include "net/inet/inet.h"

#define TS_OPTION 0x0101080au

static void fill_header(struct tcp_hdr *h, const struct tcp_seg *seg,
                        const struct tcp_pcb *pcb, uint32_t seq, bool is_last)
{
    uint32_t *options = (uint32_t *)(void *)(h + 1);

    memcpy(h, seg->tcphdr, TCP_HLEN);
    h->seqno = lwip_htonl(seq);
    h->ackno = lwip_htonl(pcb->rcv_nxt);
    h->wnd = lwip_htons(TCPWND_MIN16(RCV_WND_SCALE(pcb, pcb->rcv_ann_wnd)));
    h->chksum = 0;
    if (!is_last)
        TCPH_UNSET_FLAG(h, TCP_FIN | TCP_PSH);
    if (seg->flags & TF_SEG_OPTS_TS) {
        options[0] = lwip_htonl(TS_OPTION);
        options[1] = lwip_htonl(sys_now());
        options[2] = lwip_htonl(pcb->ts_recent);
    }
}

static struct netif *netif_for(const struct tcp_pcb *pcb)
{
    return pcb->netif_idx ? netif_get_by_index(pcb->netif_idx)
                          : ip_route(&pcb->local_ip, &pcb->remote_ip);
}

/* len of a segment's numbers, from seq on, as a packet. */
static bool send_again(struct tcp_pcb *pcb, const struct tcp_seg *seg,
                       uint32_t seq, unsigned len)
{
    unsigned header_len = TCPH_HDRLEN_BYTES(seg->tcphdr);
    unsigned at = seq - lwip_ntohl(seg->tcphdr->seqno);
    unsigned bytes = MIN(len, (unsigned)seg->len - MIN(at, (unsigned)seg->len));
    size_t lead = (size_t)((char *)seg->tcphdr - (char *)seg->p->payload);
    struct netif *netif = netif_for(pcb);
    struct pbuf *p;
    err_t err;

    if (!netif)
        return false;
    p = pbuf_alloc(PBUF_IP, (u16_t)(header_len + bytes), PBUF_RAM);
    if (!p)
        return false;
    fill_header(p->payload, seg, pcb, seq, at + len >= TCP_TCPLEN(seg));
    (void)pbuf_copy_partial(seg->p, (char *)p->payload + header_len,
                            (u16_t)bytes, (u16_t)(lead + header_len + at));
    if (netif->chksum_flags & NETIF_CHECKSUM_GEN_TCP)
        ((struct tcp_hdr *)p->payload)->chksum = ip_chksum_pseudo(
            p, IP_PROTO_TCP, p->tot_len, &pcb->local_ip, &pcb->remote_ip);
    ((struct conn *)pcb->ext_args[0].data)->sender.resent_total++;
    inet_counters.resent++;
    err = ip_output_if(p, &pcb->local_ip, &pcb->remote_ip, pcb->ttl, pcb->tos,
                       IP_PROTO_TCP, netif);
    pbuf_free(p);
    pcb->rcv_ann_right_edge = pcb->rcv_nxt + pcb->rcv_ann_wnd;
    return err == ERR_OK;
}

/* The segment that has this number. */
static const struct tcp_seg *segment_at(const struct tcp_pcb *pcb, uint32_t seq)
{
    const struct tcp_seg *seg = pcb->unacked;

    while (seg &&
           TCP_SEQ_LEQ(lwip_ntohl(seg->tcphdr->seqno) + TCP_TCPLEN(seg), seq))
        seg = seg->next;
    return seg && TCP_SEQ_GEQ(seq, lwip_ntohl(seg->tcphdr->seqno)) ? seg : NULL;
}

static bool resend(struct conn *c, struct row *r)
{
    const struct tcp_seg *seg = segment_at(c->pcb, r->seq);

    if (!seg || !send_again(c->pcb, seg, r->seq, r->len))
        return false;
    board_mark(c->sender.board, r, r->flags | ROW_RESENT | ROW_REPEATED);
    r->sent_us = inet_now_us;
    c->sender.board->out += r->len;
    c->sender.resent_count++;
    return true;
}

bool board_resend(struct conn *c)
{
    struct board *b = c->sender.board;
    struct row *r;

    if (b->missing_count == 0)
        return false;
    b->missing_from = MAX(b->missing_from, b->first);
    while (!row_is_missing(&b->rows[b->missing_from]))
        b->missing_from++;
    r = &b->rows[b->missing_from];
    /* Beyond the peer's window it would be dropped; the first probes. */
    if (r > board_row(b, 0) && row_end(r) - c->pcb->lastack > c->pcb->snd_wnd)
        return false;
    return resend(c, r);
}

bool board_resend_head(struct conn *c)
{
    const struct tcp_seg *seg = c->pcb->unacked;
    unsigned len = TCP_TCPLEN(seg);

    if (seg->p->flags & INET_PBUF_GSO)
        len = seg->p->gso_size;
    return send_again(c->pcb, seg, lwip_ntohl(seg->tcphdr->seqno), len);
}

bool board_probe(struct conn *c)
{
    const struct tcp_seg *seg = c->pcb->unacked;
    struct board *b = c->sender.board;
    unsigned len;

    if (b)
        board_extend(c, c->pcb->snd_nxt);
    b = c->sender.board;
    if (b && b->count > 0)
        return resend(c, board_row(b, b->count - 1));
    if (!seg)
        return false;
    while (seg->next)
        seg = seg->next;
    len = TCP_TCPLEN(seg);
    if (seg->p->flags & INET_PBUF_GSO)
        len = (len - 1) % seg->p->gso_size + 1;
    return send_again(c->pcb, seg,
                      lwip_ntohl(seg->tcphdr->seqno) + TCP_TCPLEN(seg) - len,
                      len);
}
