/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * board.c - the scoreboard: what became of each packet that is under way.
 *
 * It exists while something is missing. lwIP's segments may be of several
 * packets, so the board has a row for each packet (board.h).
 *
 * A packet is lost when one that was sent later has arrived, and a round trip
 * and some time for reordering have passed (RFC 8985, section 6.2). That holds
 * for what was sent again, too. A peer without SACK tells less: there the first
 * packet is lost after three duplicate acknowledgements, and after each partial
 * one (RFC 6582).
 */
#include "net/inet/board.h"

#include "core/panic.h"
#include "core/string.h"
#include "inet_hooks.h"
#include "lwip/sys.h"
#include "mm/heap.h"
#include "net/inet/conn.h"
#include "net/inet/inet.h"

#define ROWS_MIN     32u
#define ROWS_MAX     4096u
#define DUP_THRESH   3u
#define BLOCK_LEN    8u
#define SHORT_RTT_US 1000u

static uint32_t since_us(uint32_t then_us)
{
    return inet_now_us - then_us;
}

/* ---- its rows ---- */

/* What a row adds to the counts, or takes from them: by 1 or -1. */
static void count_row(struct board *b, const struct row *r, int by)
{
    b->marked_count += r->flags ? (unsigned)by : 0;
    if (r->flags & ROW_SACKED)
        b->sacked_count += (unsigned)by;
    else if (row_is_missing(r))
        b->missing_count += (unsigned)by;
    else
        b->under_way += (uint32_t)(by * r->len);
}

void board_mark(struct board *b, struct row *r, unsigned flags)
{
    count_row(b, r, -1);
    r->flags = flags & 0xf;
    count_row(b, r, 1);
    if (row_is_missing(r))
        b->missing_from = MIN(b->missing_from, (unsigned)(r - b->rows));
}

/* The first row from n on that was not told of. What is passed by on the way is
 * one run from then on. */
static unsigned pass_sacked(struct board *b, unsigned n)
{
    struct row *begin = board_row(b, n);
    unsigned end = n;

    while (end < b->count && (board_row(b, end)->flags & ROW_SACKED))
        end += board_row(b, end)->run;
    if (end > n)
        begin->run = MIN(end - n, RUN_MAX) & RUN_MAX;
    return end;
}

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

/* Room for one more behind the last: where those were that are acknowledged by
 * now, if they were as many as are left, else in twice the memory. */
static bool make_room(struct sender *s)
{
    struct board *b = s->board;
    size_t capacity = 2 * (size_t)b->capacity;

    if (b->first + b->count < b->capacity)
        return true;
    if (b->first < b->count && capacity <= ROWS_MAX) {
        b = krealloc(b, sizeof(*b) + capacity * sizeof(b->rows[0]));
        if (b) {
            b->capacity = (unsigned)capacity;
            s->board = b;
            return true;
        }
        b = s->board;
    }
    memmove(b->rows, board_row(b, 0), b->count * sizeof(b->rows[0]));
    b->missing_from -= MIN(b->missing_from, b->first);
    b->first = 0;
    return b->count < b->capacity;
}

static bool add_row(struct sender *s, uint32_t seq, unsigned len,
                    uint32_t sent_us)
{
    struct board *b;
    struct row *r;

    if (!make_room(s))
        return false;
    b = s->board;
    r = board_row(b, b->count++);
    *r = (struct row){ seq, sent_us, sent_us, (uint16_t)len, 0, 0 };
    count_row(b, r, 1);
    return true;
}

/* Rows for the packets of a segment that end beyond `end`, and begin before
 * `until`. */
static bool add_segment(struct sender *s, const struct tcp_seg *seg,
                        uint32_t end, uint32_t until)
{
    uint32_t seq = lwip_ntohl(seg->tcphdr->seqno);
    uint32_t seg_end = seq + TCP_TCPLEN(seg);
    unsigned packet = seg->len;
    unsigned fin = TCP_TCPLEN(seg) - seg->len; /* goes with the last bytes */

    if (seg->p->flags & INET_PBUF_GSO)
        packet = seg->p->gso_size;
    if (TCP_SEQ_GT(end, seq) && packet > 0)
        seq += (end - seq) / packet * packet;
    while (TCP_SEQ_LT(seq, seg_end) && TCP_SEQ_LT(seq, until)) {
        unsigned left = seg_end - seq,
                 len = left <= packet + fin ? left : packet;

        if (!add_row(s, seq, len, seg->p->sent_us))
            return false;
        seq += len;
    }
    return true;
}

/* What has rows ends there. */
static uint32_t rows_end(const struct conn *c)
{
    struct board *b = c->sender.board;

    return b->count ? row_end(board_row(b, b->count - 1)) : c->pcb->lastack;
}

void board_extend(struct conn *c, uint32_t until)
{
    uint32_t end = rows_end(c);

    for (const struct tcp_seg *seg = c->pcb->unacked;
         seg && TCP_SEQ_LT(end, until); seg = seg->next) {
        uint32_t seq = lwip_ntohl(seg->tcphdr->seqno);

        if (!TCP_SEQ_LT(seq, until))
            return;
        if (TCP_SEQ_GT(seq + TCP_TCPLEN(seg), end) &&
            !add_segment(&c->sender, seg, end, until))
            return;
    }
}

/* ---- what has arrived ---- */

static bool is_sent_later(uint32_t us, uint32_t end, const struct row *r)
{
    int32_t later = (int32_t)(us - r->sent_us);

    return later > 0 || (later == 0 && TCP_SEQ_GT(end, row_end(r)));
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
        if (TCP_SEQ_LT(row_end(r), b->sacked_end))
            s->has_reordered = true;
    }
    if (!b->has_newest || (int32_t)(sent_us - b->newest_us) > 0 ||
        (sent_us == b->newest_us && TCP_SEQ_GT(row_end(r), b->newest_end))) {
        b->newest_us = sent_us;
        b->has_newest = true;
        b->newest_end = row_end(r);
        b->newest_rtt_us = since_us(sent_us);
        b->has_advanced = true;
    }
}

/* The first row that begins at this number or beyond. */
static unsigned find_row(struct board *b, uint32_t seq)
{
    unsigned low = 0, high = b->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (TCP_SEQ_LT(board_row(b, middle)->seq, seq))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void take_block(struct sender *s, uint32_t left, uint32_t right,
                       struct board_news *news)
{
    struct board *b = s->board;
    unsigned begin = find_row(b, left);

    for (unsigned n = begin; (n = pass_sacked(b, n)) < b->count;) {
        struct row *r = board_row(b, n);

        if (TCP_SEQ_GT(row_end(r), right))
            break;
        arrived(s, r, news);
        board_mark(b, r, r->flags | ROW_SACKED);
        r->run = 1;
        if (TCP_SEQ_GT(row_end(r), b->sacked_end))
            b->sacked_end = row_end(r);
    }
    (void)pass_sacked(b, begin);
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
    struct row *r = board_row(b, 0);

    for (; b->count > 0 && TCP_SEQ_LEQ(row_end(r), ackno); r++) {
        if (!(r->flags & ROW_SACKED))
            arrived(s, r, news);
        count_row(b, r, -1);
        b->first++;
        b->count--;
    }
    if (b->count > 0 && TCP_SEQ_LT(r->seq, ackno)) {
        news->delivered += ackno - r->seq;
        count_row(b, r, -1);
        r->len = (uint16_t)(row_end(r) - ackno);
        r->seq = ackno;
        count_row(b, r, 1);
    }
}

/* Those behind all that is told of need no rows yet, but the first that has not
 * come: what is missing is mostly little of a window of thousands. */
static uint32_t rows_needed(const struct conn *c, uint32_t ackno,
                            const uint8_t *blocks, unsigned count)
{
    uint32_t until = ackno + 1;

    for (unsigned n = 0; n < count; n++) {
        uint32_t right = range_at(blocks + n * BLOCK_LEN).right;

        if (TCP_SEQ_GT(right, until) && TCP_SEQ_LEQ(right, c->pcb->snd_nxt))
            until = right;
    }
    return until;
}

void board_acked(struct conn *c, uint32_t ackno, const uint8_t *blocks,
                 unsigned count, struct board_news *news)
{
    struct board *b;
    bool has_echo;

    board_extend(c, rows_needed(c, ackno, blocks, count));
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

static void lose(struct board *b, struct row *r)
{
    board_mark(b, r, (r->flags & ~(unsigned)ROW_RESENT) | ROW_LOST);
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
    for (unsigned n = 0; (n = pass_sacked(b, n)) < b->count; n++) {
        struct row *r = board_row(b, n);
        bool is_earlier = is_sent_later(b->newest_us, b->newest_end, r);
        int32_t remaining_us;

        /* What is behind was sent first after this, and perhaps again. */
        if (!is_earlier && !(r->flags & ROW_REPEATED))
            break;
        if (!is_earlier || row_is_missing(r))
            continue;
        remaining_us = (int32_t)(wait_us - since_us(r->sent_us));
        if (remaining_us > 0) {
            news->remaining_us =
                MAX(news->remaining_us, (uint32_t)remaining_us);
            continue;
        }
        lose(b, r);
        found = true;
    }
    return found;
}

void board_lose_first(struct sender *s)
{
    struct row *r = board_row(s->board, 0);

    if (s->board->count > 0)
        lose(s->board, r);
}

void board_lose_all(struct conn *c)
{
    struct board *b;
    bool has_reneged;

    board_extend(c, c->pcb->snd_nxt);
    b = c->sender.board;
    /* RFC 2018, section 8: a receiver may have thrown away what it told of. */
    has_reneged = b->count > 0 && (board_row(b, 0)->flags & ROW_SACKED);
    for (unsigned n = 0; n < b->count; n++) {
        struct row *r = board_row(b, n);

        if (has_reneged || !(r->flags & ROW_SACKED))
            board_mark(b, r, ROW_LOST | (r->flags & ROW_REPEATED));
    }
    b->has_newest = false;
}

bool board_is_clean(const struct sender *s)
{
    return s->board->marked_count == 0;
}

bool board_has_lost(const struct sender *s)
{
    return s->board->missing_count > 0;
}

uint32_t board_pipe(const struct conn *c)
{
    /* What was sent since has no rows yet. */
    return c->sender.board->under_way + c->pcb->snd_nxt - rows_end(c);
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
