/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_segment.c - segments, empty and no longer needed.
 *
 * They are built as lwIP builds them, headers first, in one piece. Most answers
 * are one segment of TCP_DEFER_ROOM: of those that were acknowledged some are
 * kept whole, and filled again.
 */
#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "net/inet/tcp.h"

#define SPARE_MAX 8u

static struct tcp_seg *spare;
static unsigned spare_count;

void tcp_segment_free(struct tcp_seg *seg)
{
    if (!(seg->p->flags & INET_PBUF_SPARE) || seg->p->ref > 1 || seg->p->next ||
        spare_count == SPARE_MAX) {
        tcp_seg_free(seg);
        return;
    }
    seg->next = spare;
    spare = seg;
    spare_count++;
}

static struct tcp_seg *spare_take(void)
{
    struct tcp_seg *seg = spare;

    if (seg) {
        spare = seg->next;
        spare_count--;
    }
    return seg;
}

/* Its pbuf's payload is the place of the TCP header, which has the options that
 * there may be behind it. */
static struct tcp_seg *segment_alloc(unsigned len)
{
    unsigned opts = LWIP_TCP_OPT_LENGTH(TF_SEG_OPTS_TS);
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)(len + opts), PBUF_RAM);
    struct tcp_seg *seg;

    if (!p)
        return NULL;
    seg = memp_malloc(MEMP_TCP_SEG);
    if (!seg) {
        pbuf_free(p);
        return NULL;
    }
    pbuf_add_header(p, TCP_HLEN);
    seg->p = p;
    seg->tcphdr = p->payload;
    return seg;
}

struct tcp_seg *tcp_segment_new(const struct tcp_pcb *pcb, uint32_t seq,
                                unsigned len)
{
    uint8_t flags = pcb->flags & TF_TIMESTAMP ? TF_SEG_OPTS_TS : 0;
    uint8_t opts = LWIP_TCP_OPT_LENGTH(flags);
    struct tcp_seg *seg = len == TCP_DEFER_ROOM ? spare_take() : NULL;
    struct tcp_hdr *h;
    struct pbuf *p;

    if (!seg)
        seg = segment_alloc(len);
    if (!seg)
        return NULL;
    p = seg->p;
    h = seg->tcphdr;
    p->payload = h;
    p->len = p->tot_len = TCP_HLEN + opts;
    p->flags = len == TCP_DEFER_ROOM ? INET_PBUF_SPARE : 0;
    p->if_idx = NETIF_NO_INDEX; /* loopback's, if it was received there */
    *seg = (struct tcp_seg){ .p = p, .flags = flags, .tcphdr = h };
    h->src = lwip_htons(pcb->local_port);
    h->dest = lwip_htons(pcb->remote_port);
    h->seqno = lwip_htonl(seq);
    TCPH_HDRLEN_FLAGS_SET(h, 5 + opts / 4, TCP_PSH);
    h->urgp = 0;
    return seg;
}
