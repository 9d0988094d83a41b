/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disorder.c - data that comes before its turn, or twice.
 *
 * lwIP keeps each segment that comes too early on a list, which it walks for
 * the next, and answers each at once. After one loss on a long path thousands
 * follow. So those that follow the last one are put to it here, and of those
 * that come together the last is answered, as Linux compresses such
 * acknowledgements; the first three are sent at once, since they tell a peer
 * without SACK that something is missing (RFC 5681, 3.2).
 *
 * lwIP never tells what came twice (D-SACK, RFC 2883), by which a peer knows
 * that it has repeated something for nothing. That is told here.
 *
 * Whatever else a segment brings, an acknowledgement, another window, options,
 * makes it lwIP's.
 */
#include "core/panic.h"
#include "lwip/priv/tcp_priv.h"
#include "net/inet/conn.h"
#include "net/inet/inet.h"

#define DUP_THRESH 3u
#define JOINED_LEN 0x8000u /* of a segment of lwIP's list, at most */
#define JOIN_LEAST 1024u   /* of a packet: small ones lwIP counts */

#define SACKS LWIP_TCP_MAX_SACK_NUM

/* It has data, and of all else nothing that is new. */
static bool is_plain(const struct tcp_pcb *pcb, const struct tcp_hdr *h,
                     unsigned options_len)
{
    const unsigned usual =
        pcb->flags & TF_TIMESTAMP ? LWIP_TCP_OPT_LEN_TS_OUT : 0;

    return pcb->state == ESTABLISHED && (pcb->flags & TF_SACK) &&
           (TCPH_FLAGS(h) & ~TCP_PSH) == TCP_ACK && h->ackno == pcb->lastack &&
           options_len == usual &&
           (u32_t)SND_WND_SCALE(pcb, h->wnd) == pcb->snd_wnd;
}

static bool is_range(const struct tcp_sack_range *r)
{
    return r->left != r->right;
}

/* Put a range before the others, in place of those that it overlaps. */
static void put_first(struct tcp_sack_range *sacks, struct tcp_sack_range r)
{
    unsigned kept = 0;

    for (unsigned n = 0; n < SACKS && is_range(&sacks[n]); n++)
        if (TCP_SEQ_GT(r.left, sacks[n].right) ||
            TCP_SEQ_LT(r.right, sacks[n].left))
            sacks[kept++] = sacks[n];
    for (unsigned n = kept; n < SACKS; n++)
        sacks[n] = (struct tcp_sack_range){ 0 };
    memmove(sacks + 1, sacks, (SACKS - 1) * sizeof(*sacks));
    sacks[0] = r;
}

/* ---- twice ---- */

/* An acknowledgement of which the first block is what came twice, and the
 * second, of data beyond rcv_nxt, has all around it (RFC 2883, 4). */
static void tell_twice(struct tcp_pcb *pcb, struct tcp_sack_range twice)
{
    struct tcp_sack_range saved[SACKS];

    memcpy(saved, pcb->rcv_sacks, sizeof(saved));
    memmove(pcb->rcv_sacks + 1, pcb->rcv_sacks, sizeof(saved) - sizeof(*saved));
    pcb->rcv_sacks[0] = twice;
    (void)tcp_send_empty_ack(pcb);
    memcpy(pcb->rcv_sacks, saved, sizeof(saved));
}

/* ---- early ---- */

/* The last segment of the list, and in *run what has no gap before its end; or,
 * if the range has come already, what is without a gap around that. */
static struct tcp_seg *find_last(const struct tcp_pcb *pcb,
                                 struct tcp_sack_range range,
                                 struct tcp_sack_range *run, bool *is_twice)
{
    struct tcp_seg *last = NULL;

    *run = (struct tcp_sack_range){ 0 };
    *is_twice = false;
    for (struct tcp_seg *seg = pcb->ooseq; seg; seg = seg->next) {
        uint32_t seq = seg->tcphdr->seqno;

        if (!last || seq != run->right) {
            if (*is_twice)
                return last;
            run->left = seq;
        }
        run->right = seq + TCP_TCPLEN(seg);
        if (TCP_SEQ_GEQ(range.left, run->left) &&
            TCP_SEQ_LEQ(range.right, run->right))
            *is_twice = true;
        last = seg;
    }
    return last;
}

static void answer(struct conn *c)
{
    if (c->dup_nxt != c->pcb->rcv_nxt) {
        c->dup_nxt = c->pcb->rcv_nxt;
        c->dup_count = 0;
    }
    if (c->dup_count < DUP_THRESH || !conn_may_defer(c)) {
        c->dup_count = (uint8_t)MIN(c->dup_count + 1u, DUP_THRESH);
        (void)tcp_send_empty_ack(c->pcb);
        return;
    }
    conn_defer_ack(c);
}

static bool join(struct tcp_seg *last, struct pbuf *p)
{
    if (p->tot_len < JOIN_LEAST || last->len + p->tot_len > JOINED_LEN ||
        (TCPH_FLAGS(last->tcphdr) & TCP_FIN))
        return false;
    pbuf_ref(p);
    pbuf_cat(last->p, p);
    last->len = (u16_t)(last->len + p->tot_len);
    return true;
}

static bool take_early(struct conn *c, struct tcp_sack_range range,
                       struct pbuf *p)
{
    struct tcp_pcb *pcb = c->pcb;
    struct tcp_sack_range run;
    bool is_twice;
    struct tcp_seg *last = find_last(pcb, range, &run, &is_twice);

    if (!last)
        return false;
    if (is_twice) {
        inet_counters.twice_early++;
        put_first(pcb->rcv_sacks, run);
        tell_twice(pcb, range);
        return true;
    }
    if (run.right != range.left ||
        TCP_SEQ_GT(range.right, pcb->rcv_nxt + pcb->rcv_wnd) || !join(last, p))
        return false;
    run.right = range.right;
    put_first(pcb->rcv_sacks, run);
    answer(c);
    return true;
}

bool disorder_take(struct conn *c, const struct tcp_hdr *h,
                   unsigned options_len, struct pbuf *p)
{
    struct tcp_pcb *pcb = c->pcb;
    struct tcp_sack_range range = { h->seqno, h->seqno + p->tot_len };

    if (p->tot_len == 0 || !is_plain(pcb, h, options_len))
        return false;
    if (TCP_SEQ_LEQ(range.right, pcb->rcv_nxt)) {
        inet_counters.twice_old++;
        tell_twice(pcb, range);
    } else if (!TCP_SEQ_GT(range.left, pcb->rcv_nxt) ||
               !take_early(c, range, p)) {
        return false;
    }
    pcb->tmr = tcp_ticks;
    pcb->keep_cnt_sent = 0;
    return true;
}
