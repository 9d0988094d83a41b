/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_check.c - what of a segment lwIP must not see.
 *
 * lwIP asserts what follows from TCP's rules, and its assertions stop the
 * kernel: a peer that breaks the rules could do that. Those that are as
 * expected (predict.c) keep them, and need not be looked at.
 */
#include "core/string.h"
#include "inet_hooks.h"
#include "lwip/priv/tcp_priv.h"
#include "net/inet/conn.h"

/* Data beyond the window, out of order, is cut off: lwIP keeps it, and then
 * finds it longer than the window that is left. */
static void cut_early(struct tcp_pcb *pcb, struct tcp_hdr *h, struct pbuf *p)
{
    uint32_t at = h->seqno - pcb->rcv_nxt;
    bool ends = TCPH_FLAGS(h) & TCP_FIN;

    if (at == 0 || at >= pcb->rcv_wnd || at + p->tot_len + ends <= pcb->rcv_wnd)
        return;
    TCPH_UNSET_FLAG(h, TCP_FIN);
    if (at + p->tot_len > pcb->rcv_wnd)
        pbuf_realloc(p, (u16_t)(pcb->rcv_wnd - at));
}

/* The size of segments is an option of a SYN alone (RFC 9293, 3.7.1); lwIP
 * would take any segment's, however small or large. Options fit their header:
 * conn_input() drops what has others. */
static void drop_mss(uint8_t *o, unsigned len)
{
    unsigned at = 0;

    while (at + 1 < len && o[at] != LWIP_TCP_OPT_EOL) {
        unsigned n = o[at] == LWIP_TCP_OPT_NOP ? 1 : o[at + 1];

        if (o[at] == LWIP_TCP_OPT_MSS)
            memset(o + at, LWIP_TCP_OPT_NOP, MIN(n, len - at));
        at += n;
    }
}

/* Does a SYN that we send get an answer by this? Whoever sends another may not
 * be the peer, and his options are not the peer's. */
static bool is_answer(const struct tcp_pcb *pcb, const struct tcp_hdr *h)
{
    const unsigned both = TCP_SYN | TCP_ACK;

    return (TCPH_FLAGS(h) & both) == both && h->ackno == pcb->lastack + 1;
}

err_t inet_any_segment(struct tcp_pcb *pcb, struct tcp_hdr *h,
                       unsigned options_len, struct pbuf *p)
{
    uint8_t *options = (uint8_t *)(h + 1);
    err_t err = inet_segment(pcb, h, (u16_t)options_len, p);

    if (err != ERR_OK || pcb->state == LISTEN || pcb->state == TIME_WAIT)
        return err;
    if (pcb->state == SYN_SENT) {
        if (!is_answer(pcb, h))
            memset(options, LWIP_TCP_OPT_NOP, options_len);
        return ERR_OK;
    }
    if (options_len > 0)
        drop_mss(options, options_len);
    cut_early(pcb, h, p);
    return ERR_OK;
}
