/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * board.c - the scoreboard: what became of each packet that is under way.
 *
 * It exists while something is missing. lwIP's segments may be of several
 * packets, so the board has a row for each packet; its bytes are copied out of
 * the segment when it is sent again, and lwIP's lists are left alone.
 *
 * A packet is lost when one that was sent later has arrived, and a round trip
 * and some time for reordering have passed (RFC 8985, section 6.2). That holds
 * for what was sent again, too. A peer without SACK tells less: there the first
 * packet is lost after three duplicate acknowledgements, and after each partial
 * one (RFC 6582).
 */
#include "core/panic.h"
#include "core/string.h"
#include "inet_hooks.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/sys.h"
#include "mm/heap.h"
#include "net/inet/conn.h"
#include "net/inet/inet.h"

#define ROWS_MIN     32u
#define ROWS_MAX     4096u
#define DUP_THRESH   3u
#define BLOCK_LEN    8u
#define TS_OPTION    0x0101080au
#define SHORT_RTT_US 1000u

enum {
    ROW_SACKED = 1,
    ROW_LOST = 2,
    ROW_RESENT = 4,   /* since it was lost last */
    ROW_REPEATED = 8, /* ever: its acknowledgement tells no time */
};

struct row {
    uint32_t seq, first_us, sent_us; /* when it was sent first, and last */
    uint16_t len;                    /* with FIN */
    uint8_t flags;
};

struct board {
    unsigned count, capacity;
    /* What was sent last of all that has arrived, and how long it took. */
    uint32_t newest_us, newest_end, newest_rtt_us;
    bool has_newest;
    bool has_advanced;   /* ... since was looked for what is lost */
    uint32_t sacked_end; /* the highest */
    unsigned sacked_count;
    /* RFC 6937's */
    uint32_t flight, delivered, out;
    uint32_t seen_nxt; /* snd_nxt when `out` was right */
    struct row rows[];
};

static uint32_t end_of(const struct row *r)
{
    return r->seq + r->len;
}

static uint32_t since_us(uint32_t then_us)
{
    return inet_now_us - then_us;
}

/* ---- its rows ---- */

bool board_begin(struct conn *c)
{
    struct board *b = kmalloc(sizeof(*b) + ROWS_MIN * sizeof(b->rows[0]));

    if (!b)
        return false;
    memset(b, 0, sizeof(*b));
    b->capacity = ROWS_MIN;
    b->newest_end = b->sacked_end = c->pcb->lastack;
    b->seen_nxt = c->pcb->snd_nxt;
    c->sender.board = b;
    return true;
}

void board_end(struct sender *s)
{
    kfree(s->board);
    s->board = NULL;
}

static bool add_row(struct sender *s, uint32_t seq, unsigned len,
                    uint32_t sent_us)
{
    struct board *b = s->board;

    if (b->count == b->capacity) {
        size_t capacity = 2 * b->capacity;

        if (capacity > ROWS_MAX)
            return false;
        b = krealloc(b, sizeof(*b) + capacity * sizeof(b->rows[0]));
        if (!b)
            return false;
        b->capacity = (unsigned)capacity;
        s->board = b;
    }
    b->rows[b->count++] =
        (struct row){ seq, sent_us, sent_us, (uint16_t)len, 0 };
    return true;
}

/* Rows for the packets of a segment that end beyond `end`. */
static bool add_segment(struct sender *s, const struct tcp_seg *seg,
                        uint32_t end)
{
    uint32_t seq = lwip_ntohl(seg->tcphdr->seqno);
    unsigned left = TCP_TCPLEN(seg), packet = seg->len;
    unsigned fin = left - seg->len; /* goes with the last bytes */

    if (seg->p->flags & INET_PBUF_GSO)
        packet = seg->p->gso_size;
    while (left > 0) {
        unsigned len = left <= packet + fin ? left : packet;

        if (TCP_SEQ_GT(seq + len, end) &&
            !add_row(s, seq, len, seg->p->sent_us))
            return false;
        seq += len;
        left -= len;
    }
    return true;
}

/* Rows for what was sent since. Without memory some have none: they wait for
 * the time-out. */
static void extend(struct conn *c)
{
    const struct board *b = c->sender.board;
    uint32_t end = b->count ? end_of(&b->rows[b->count - 1]) : c->pcb->lastack;

    for (const struct tcp_seg *seg = c->pcb->unacked; seg; seg = seg->next)
        if (!add_segment(&c->sender, seg, end))
            return;
}

/* ---- what has arrived ---- */

static bool is_sent_later(uint32_t us, uint32_t end, const struct row *r)
{
    int32_t later = (int32_t)(us - r->sent_us);

    return later > 0 || (later == 0 && TCP_SEQ_GT(end, end_of(r)));
}

/* What its time stamp was when this row was sent last: sys_now() then. */
static uint32_t stamp_of(const struct row *r)
{
    uint32_t fraction_us = inet_now_us - sys_now() * 1000;
    uint32_t age_us = since_us(r->sent_us);

    return age_us > fraction_us
               ? sys_now() - (age_us - fraction_us + 999) / 1000
               : sys_now();
}

/* May it be one that was sent before, not the last of this row? It is if it is
 * too soon, or echoes an earlier time stamp, as what moves lastack does (RFC
 * 3522); without an echo, on a path that reorders, nobody knows. */
static bool may_be_original(const struct sender *s, const struct row *r,
                            const struct board_news *news)
{
    return since_us(r->sent_us) < MAX(s->min_rtt_us, s->srtt_us / 2) ||
           (news->has_echo ? (int32_t)(news->echo - stamp_of(r)) < 0
                           : s->has_reordered);
}

static void arrived(struct sender *s, struct row *r, struct board_news *news)
{
    struct board *b = s->board;
    uint32_t sent_us = r->sent_us;

    news->delivered += r->len;
    if (r->flags & ROW_REPEATED) {
        /* Taken for the last, all that was sent since would count as lost. */
        if (may_be_original(s, r, news)) {
            news->originals += news->has_echo;
            sent_us = r->first_us;
        }
    } else {
        news->rtt_us = MAX(since_us(sent_us), 1u);
        if (TCP_SEQ_LT(end_of(r), b->sacked_end))
            s->has_reordered = true;
    }
    if (!b->has_newest || (int32_t)(sent_us - b->newest_us) > 0 ||
        (sent_us == b->newest_us && TCP_SEQ_GT(end_of(r), b->newest_end))) {
        b->newest_us = sent_us;
        b->has_newest = true;
        b->newest_end = end_of(r);
        b->newest_rtt_us = since_us(sent_us);
        b->has_advanced = true;
    }
}

static void take_block(struct sender *s, uint32_t left, uint32_t right,
                       struct board_news *news)
{
    struct board *b = s->board;

    for (unsigned n = 0; n < b->count; n++) {
        struct row *r = &b->rows[n];

        if (TCP_SEQ_LT(r->seq, left) || (r->flags & ROW_SACKED))
            continue;
        if (TCP_SEQ_GT(end_of(r), right))
            return;
        arrived(s, r, news);
        r->flags |= ROW_SACKED;
        b->sacked_count++;
        if (TCP_SEQ_GT(end_of(r), b->sacked_end))
            b->sacked_end = end_of(r);
    }
}

static uint32_t word_at(const uint8_t *p)
{
    uint32_t word;

    __builtin_memcpy(&word, p, sizeof(word));
    return lwip_ntohl(word);
}

struct range {
    uint32_t left, right;
};

static struct range range_at(const uint8_t *block)
{
    return (struct range){ word_at(block), word_at(block + 4) };
}

/* RFC 2883: the first block may tell of what came twice; what is not
 * acknowledged yet is then within the second. */
static bool tells_twice(struct range r, uint32_t ackno, const uint8_t *blocks,
                        unsigned count)
{
    struct range second = { 0 };

    if (count > 1)
        second = range_at(blocks + BLOCK_LEN);
    return TCP_SEQ_LEQ(r.right, ackno) ||
           (count > 1 && TCP_SEQ_GEQ(r.left, second.left) &&
            TCP_SEQ_LEQ(r.right, second.right));
}

static void take_blocks(struct conn *c, uint32_t ackno, const uint8_t *blocks,
                        unsigned count, struct board_news *news)
{
    uint32_t packet = MAX(c->pcb->mss, (u16_t)1);

    for (unsigned n = 0; n < count; n++) {
        struct range r = range_at(blocks + n * BLOCK_LEN);

        if (!TCP_SEQ_LT(r.left, r.right) ||
            TCP_SEQ_GT(r.right, c->pcb->snd_nxt))
            continue;
        if (n == 0 && tells_twice(r, ackno, blocks, count)) {
            news->repeated += (r.right - r.left + packet - 1) / packet;
            inet_counters.repeats_told++;
        } else if (TCP_SEQ_GT(r.left, ackno)) {
            take_block(&c->sender, r.left, r.right, news);
        }
    }
}

static void drop_acked(struct sender *s, uint32_t ackno,
                       struct board_news *news)
{
    struct board *b = s->board;
    unsigned n = 0;

    while (n < b->count && TCP_SEQ_LEQ(end_of(&b->rows[n]), ackno)) {
        if (b->rows[n].flags & ROW_SACKED)
            b->sacked_count--;
        else
            arrived(s, &b->rows[n], news);
        n++;
    }
    b->count -= n;
    memmove(b->rows, b->rows + n, b->count * sizeof(b->rows[0]));
    if (b->count > 0 && TCP_SEQ_LT(b->rows[0].seq, ackno)) {
        news->delivered += ackno - b->rows[0].seq;
        b->rows[0].len = (uint16_t)(end_of(&b->rows[0]) - ackno);
        b->rows[0].seq = ackno;
    }
}

void board_acked(struct conn *c, uint32_t ackno, const uint8_t *blocks,
                 unsigned count, struct board_news *news)
{
    struct board *b;
    bool has_echo;

    extend(c);
    b = c->sender.board;
    b->out += c->pcb->snd_nxt - b->seen_nxt;
    b->seen_nxt = c->pcb->snd_nxt;
    has_echo = news->has_echo;
    news->has_echo = false; /* it is not of what came out of order */
    take_blocks(c, ackno, blocks, count, news);
    news->has_echo = has_echo && ackno != c->pcb->lastack;
    drop_acked(&c->sender, ackno, news);
}

/* ---- what is lost ---- */

static uint32_t reorder_window_us(const struct sender *s)
{
    uint32_t window;

    if (!s->has_reordered &&
        (s->state != SENDER_OPEN || s->board->sacked_count >= DUP_THRESH))
        return 0;
    /* On short paths it is rather how long both ends sleep. */
    window = MAX(s->min_rtt_us, SHORT_RTT_US) / 4 * s->reorder_steps;
    return MIN(window, MAX(s->srtt_us, SHORT_RTT_US));
}

/*
 * Acknowledgements that waited for us tell of what was true earlier: how long
 * ago a packet was sent is to be compared with one that arrives now. Nothing
 * else makes more count as lost, but the passing of time once nothing waits
 * for us.
 */
bool board_find_lost(struct conn *c, bool is_overdue, struct board_news *news)
{
    struct sender *s = &c->sender;
    struct board *b = s->board;
    uint32_t wait_us = b->newest_rtt_us + reorder_window_us(s);
    bool found = false;

    if (!b->has_newest || !(c->pcb->flags & TF_SACK))
        return false;
    if (!b->has_advanced && !is_overdue) {
        if (s->reorder_wait_us > 0)
            news->remaining_us =
                (uint32_t)MAX((int32_t)(s->due_us - inet_now_us), 1);
        return false;
    }
    b->has_advanced = false;
    for (unsigned n = 0; n < b->count; n++) {
        struct row *r = &b->rows[n];
        int32_t remaining_us;

        if ((r->flags & ROW_SACKED) ||
            (r->flags & (ROW_LOST | ROW_RESENT)) == ROW_LOST ||
            !is_sent_later(b->newest_us, b->newest_end, r))
            continue;
        remaining_us = (int32_t)(wait_us - since_us(r->sent_us));
        if (remaining_us > 0) {
            news->remaining_us =
                MAX(news->remaining_us, (uint32_t)remaining_us);
            continue;
        }
        r->flags = (uint8_t)((r->flags & ~ROW_RESENT) | ROW_LOST);
        found = true;
    }
    return found;
}

void board_lose_first(struct sender *s)
{
    if (s->board->count > 0)
        s->board->rows[0].flags =
            (uint8_t)((s->board->rows[0].flags & ~ROW_RESENT) | ROW_LOST);
}

void board_lose_all(struct conn *c)
{
    struct board *b;
    bool has_reneged;

    extend(c);
    b = c->sender.board;
    /* RFC 2018, section 8: a receiver may have thrown away what it told of. */
    has_reneged = b->count > 0 && (b->rows[0].flags & ROW_SACKED);
    for (unsigned n = 0; n < b->count; n++) {
        struct row *r = &b->rows[n];

        if (has_reneged)
            r->flags &= (uint8_t)~ROW_SACKED;
        if (!(r->flags & ROW_SACKED))
            r->flags = ROW_LOST | (r->flags & ROW_REPEATED);
    }
    if (has_reneged)
        b->sacked_count = 0;
    b->has_newest = false;
}

bool board_is_clean(const struct sender *s)
{
    for (unsigned n = 0; n < s->board->count; n++)
        if (s->board->rows[n].flags)
            return false;
    return true;
}

bool board_has_lost(const struct sender *s)
{
    for (unsigned n = 0; n < s->board->count; n++)
        if ((s->board->rows[n].flags & (ROW_LOST | ROW_RESENT | ROW_SACKED)) ==
            ROW_LOST)
            return true;
    return false;
}

uint32_t board_pipe(const struct conn *c)
{
    const struct board *b = c->sender.board;
    uint32_t end = b->count ? end_of(&b->rows[b->count - 1]) : c->pcb->lastack;
    uint32_t pipe = c->pcb->snd_nxt - end; /* has no rows yet */

    for (unsigned n = 0; n < b->count; n++) {
        const struct row *r = &b->rows[n];

        if (!(r->flags & ROW_SACKED) &&
            (r->flags & (ROW_LOST | ROW_RESENT)) != ROW_LOST)
            pipe += r->len;
    }
    return pipe;
}

/* ---- recovery ---- */

void board_recover(struct conn *c)
{
    struct sender *s = &c->sender;
    struct board *b = s->board;

    b->flight = MAX(c->pcb->snd_nxt - c->pcb->lastack, 1u);
    b->delivered = b->out = 0;
    b->seen_nxt = c->pcb->snd_nxt;
    s->old_cwnd = s->cwnd;
    s->old_ssthresh = s->ssthresh;
    s->old_w_max = s->w_max;
    s->resent_count = s->told_count = 0;
    s->has_stepped = false;
}

uint32_t board_window(const struct conn *c, uint32_t delivered)
{
    const struct sender *s = &c->sender;
    struct board *b = s->board;
    uint32_t pipe = sender_pipe(c), mss = c->pcb->mss;
    int64_t more;

    b->delivered += delivered;
    if (pipe > s->ssthresh)
        more = (int64_t)((uint64_t)b->delivered * s->ssthresh / b->flight) -
               b->out;
    else
        more =
            MIN((int64_t)s->ssthresh - pipe,
                MAX((int64_t)b->delivered - b->out, (int64_t)delivered) + mss);
    if (b->out == 0) /* the first that is lost goes out at once */
        more = MAX(more, (int64_t)mss);
    return pipe + (uint32_t)MAX(more, (int64_t)0);
}

/* ---- sending again ---- */

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
    r->flags |= ROW_RESENT | ROW_REPEATED;
    r->sent_us = inet_now_us;
    c->sender.board->out += r->len;
    c->sender.resent_count++;
    return true;
}

bool board_resend(struct conn *c)
{
    struct board *b = c->sender.board;

    for (unsigned n = 0; n < b->count; n++) {
        struct row *r = &b->rows[n];

        if ((r->flags & (ROW_LOST | ROW_RESENT | ROW_SACKED)) != ROW_LOST)
            continue;
        /* Beyond the peer's window it would be dropped; the first probes. */
        if (n > 0 && end_of(r) - c->pcb->lastack > c->pcb->snd_wnd)
            return false;
        return resend(c, r);
    }
    return false;
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
        extend(c);
    b = c->sender.board;
    if (b && b->count > 0)
        return resend(c, &b->rows[b->count - 1]);
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
