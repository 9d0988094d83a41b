/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sender.c - TCP's sending end: acknowledgements, time-outs, recovery.
 */
#include "net/inet/sender.h"

#include "core/panic.h"
#include "inet_hooks.h"
#include "lwip/tcp.h"
#include "net/inet/conn.h"
#include "net/inet/device.h"
#include "net/inet/inet.h"
#include "net/inet/tcp.h"
#include "time/clock.h"

#define PROBE_MIN_US   10000u /* Linux's two ticks, about */
#define REORDER_MIN_US 1000u
#define DELAYED_ACK_US SENDER_RTO_MIN_US
#define DUP_THRESH     3u
#define OPTION_SACK    5
#define BACKOFF_MAX    15u
#define STEPS_MAX      16u /* of a quarter each */
#define STEPS_LAST     16u /* recoveries without repeats until it is one */
#define NS_PER_US      1000ull
/* Without a word from a peer whose window is closed: it is gone. */
#define SILENCE_TICKS (SENDER_RTO_MAX_US / 1000 / TCP_SLOW_INTERVAL)

static void expired(struct timer *t);
static void watch_from_now(struct conn *c);

static struct timer timer = { .expired = expired };
static struct list waiting = LIST_INIT(waiting); /* senders, by link */

/* ---- lwIP's part of it ---- */

/* What makes lwIP leave loss and congestion alone. */
static void keep_out(struct tcp_pcb *pcb)
{
    pcb->dupacks = 0;
    pcb->bytes_acked = 0;
    pcb->ssthresh = 0;
    pcb->rttest = 0;
    pcb->sa = 0;
    pcb->sv = pcb->rto = SENDER_RTO_OFF;
    pcb->rtime = 0;
}

static uint32_t flight_of(const struct tcp_pcb *pcb)
{
    return pcb->snd_nxt - pcb->lastack;
}

uint32_t sender_pipe(const struct conn *c)
{
    const struct sender *s = &c->sender;
    uint32_t pipe, told;

    if (!s->board)
        return flight_of(c->pcb);
    pipe = board_pipe(c);
    told = (uint32_t)s->dupacks * c->pcb->mss; /* each: one has left */
    return pipe > told ? pipe - told : 0;
}

/* Have lwIP send new data as far as the window allows, not before what is
 * lost. lwIP counts from lastack, which it is about to move by `acked`. */
static void set_window(struct conn *c, uint32_t acked)
{
    struct sender *s = &c->sender;
    struct tcp_pcb *pcb = c->pcb;
    uint32_t pipe;

    if (LIKELY(!s->board)) {
        pcb->cwnd = s->cwnd;
        return;
    }
    pcb->cwnd = flight_of(pcb) - acked;
    if (board_has_lost(s))
        return;
    pipe = sender_pipe(c);
    if (s->cwnd > pipe)
        pcb->cwnd += s->cwnd - pipe;
}

/* ---- round trips ---- */

static void measured(struct sender *s, uint32_t rtt_us)
{
    int32_t off = (int32_t)(rtt_us - s->srtt_us);

    if (rtt_us > 1) /* at once: by a clock that was not looked at */
        s->min_rtt_us = MIN(s->min_rtt_us, rtt_us);
    if (s->srtt_us == 0) {
        s->srtt_us = rtt_us;
        s->rttvar_us = rtt_us / 2;
    } else {
        /* RFC 6298, 2.3; rounding up, so that neither sticks at 0. */
        uint32_t distance = (uint32_t)(off < 0 ? -off : off);

        s->rttvar_us += (distance + 3) / 4;
        s->rttvar_us -= s->rttvar_us / 4;
        s->srtt_us = (uint32_t)((int32_t)s->srtt_us + off / 8);
        s->srtt_us = MAX(s->srtt_us, 1u);
    }
    s->rto_us = s->srtt_us + MAX(4 * s->rttvar_us, SENDER_RTO_MIN_US);
    s->rto_us = MIN(s->rto_us, SENDER_RTO_MAX_US);
}

/* Of the last segment that is acknowledged whole; 0: there is none. */
static uint32_t rtt_of(const struct tcp_pcb *pcb, uint32_t ackno)
{
    const struct tcp_seg *last = NULL;

    for (const struct tcp_seg *seg = pcb->unacked;
         seg &&
         TCP_SEQ_LEQ(lwip_ntohl(seg->tcphdr->seqno) + TCP_TCPLEN(seg), ackno);
         seg = seg->next)
        last = seg;
    return last ? MAX(inet_now_us - last->p->sent_us, 1u) : 0;
}

/* ---- beginning and end ---- */

void sender_begin(struct conn *c)
{
    struct sender *s = &c->sender;
    const struct tcp_seg *syn = c->pcb->unacked;

    list_init(&s->link);
    s->rto_us = TCP_RTO_INITIAL_TICKS * TCP_SLOW_INTERVAL * 1000u;
    s->min_rtt_us = UINT32_MAX;
    s->reorder_steps = 1;
    s->is_reno = c->sock->is_reno;
    congestion_begin(s, c->pcb->mss);
    if (syn && c->pcb->nrtx == 0)
        measured(s, MAX(inet_now_us - syn->p->sent_us, 1u));
    keep_out(c->pcb);
    set_window(c, 0);
}

void sender_end(struct conn *c)
{
    if (!c->sender.link.next)
        return; /* was never established */
    list_remove(&c->sender.link);
    board_end(&c->sender);
}

/* ---- acknowledgements ---- */

/* What concerns the sender of a segment's options. */
struct options {
    const uint8_t *blocks; /* of SACK */
    unsigned count;
    const uint8_t *echo; /* of the time stamp; NULL: there is none */
};

static void take_option(struct options *found, const uint8_t *o)
{
    if (o[0] == OPTION_SACK && o[1] >= 2) {
        found->blocks = o + 2;
        found->count = (o[1] - 2u) / 8;
    } else if (o[0] == LWIP_TCP_OPT_TS && o[1] == LWIP_TCP_OPT_LEN_TS) {
        found->echo = o + 6;
    }
}

static struct options find_options(const uint8_t *o, unsigned len)
{
    struct options found = { 0 };
    unsigned at = 0;

    while (at + 1 < len && o[at] != LWIP_TCP_OPT_EOL) {
        if (o[at] == LWIP_TCP_OPT_NOP) {
            at++;
            continue;
        }
        if (at + o[at + 1] <= len)
            take_option(&found, o + at);
        at += MAX(o[at + 1], (uint8_t)2);
    }
    return found;
}

/* A window that was not used tells nothing of what the path bears. */
static void grow(struct conn *c, uint32_t acked)
{
    struct sender *s = &c->sender;

    if (flight_of(c->pcb) > s->cwnd / 2)
        congestion_acked(s, acked, c->pcb->mss);
    else
        s->epoch_us = 0;
}

static void reduce(struct conn *c)
{
    congestion_lost(&c->sender, c->pcb->mss);
    c->sender.high = c->pcb->snd_nxt;
}

/* The tail was lost, and a repeat of it has mended that unnoticed (RFC 8985,
 * 7.4). */
static void end_probe(struct conn *c, uint32_t ackno, bool came_twice)
{
    struct sender *s = &c->sender;

    if (!s->has_probed || TCP_SEQ_LT(ackno, s->probe_end))
        return;
    s->has_probed = false;
    if (!s->probe_was_repeat || came_twice || s->state != SENDER_OPEN)
        return;
    reduce(c);
    s->cwnd = s->ssthresh;
}

static void recover(struct conn *c)
{
    struct sender *s = &c->sender;

    if (s->steps_left > 0 && --s->steps_left == 0)
        s->reorder_steps = 1; /* RFC 8985, 6.2, step 4 */
    board_recover(c);
    reduce(c);
    s->state = SENDER_RECOVERY;
}

static void end_recovery(struct sender *s)
{
    if (s->state == SENDER_RECOVERY)
        s->cwnd = s->ssthresh;
    s->state = SENDER_OPEN;
    s->dupacks = 0;
}

/* Without SACK, RFC 6582: by duplicates and partial acknowledgements. */
static bool lose_by_count(struct conn *c, uint32_t acked, bool is_bare)
{
    struct sender *s = &c->sender;

    if (acked > 0) {
        s->dupacks = 0;
        if (s->state != SENDER_RECOVERY)
            return false;
        board_lose_first(s);
        return true;
    }
    if (!is_bare || s->dupacks == UINT8_MAX)
        return false;
    s->dupacks++;
    if (s->dupacks != DUP_THRESH || s->state != SENDER_OPEN)
        return false;
    board_lose_first(s);
    return true;
}

/* What was sent again had arrived before: wait longer the next time. If that
 * goes for all of it nothing was lost, and the window is taken back. */
static bool was_spurious(struct sender *s, uint32_t repeated)
{
    if (repeated == 0)
        return false;
    s->repeated_total += repeated;
    if (s->repeated_total > s->resent_total)
        return false; /* it is the line that doubles packets */
    if (!s->has_stepped) {
        s->has_stepped = s->has_reordered = true;
        s->reorder_steps = (uint8_t)MIN(s->reorder_steps + 1u, STEPS_MAX);
        s->steps_left = STEPS_LAST;
    }
    if (s->resent_count == 0)
        return false;
    s->resent_count -= MIN(s->resent_count, repeated);
    if (s->resent_count > 0)
        return false;
    s->cwnd = MAX(s->cwnd, s->old_cwnd);
    s->ssthresh = s->old_ssthresh;
    s->w_max = s->old_w_max;
    return true;
}

/* A packet that was sent again for nothing is told of twice: when its original
 * arrives, and by a DSACK when the second does. */
static void count_originals(struct sender *s, struct board_news *news)
{
    uint32_t known = MIN(s->told_count, news->repeated);

    s->told_count += news->originals - known;
    news->repeated += news->originals - known;
}

static void take_news(struct conn *c, uint32_t acked, bool is_bare,
                      struct board_news *news)
{
    struct sender *s = &c->sender;
    bool found;

    if (news->rtt_us)
        measured(s, news->rtt_us);
    if (s->state != SENDER_OPEN &&
        TCP_SEQ_GEQ(c->pcb->lastack + acked, s->high))
        end_recovery(s);
    if (was_spurious(s, news->repeated))
        s->state = SENDER_OPEN;
    found = c->pcb->flags & TF_SACK ? board_find_lost(c, false, news)
                                    : lose_by_count(c, acked, is_bare);
    if (found && s->state == SENDER_OPEN)
        recover(c);
    if (s->state == SENDER_RECOVERY)
        s->cwnd = board_window(c, news->delivered);
    else if (acked > 0)
        grow(c, acked);
}

static void with_board(struct conn *c, const struct tcp_hdr *h,
                       const struct options *o, bool is_bare)
{
    struct sender *s = &c->sender;
    uint32_t acked = h->ackno - c->pcb->lastack;
    struct board_news news = { 0 };

    if (!s->board && !board_begin(c))
        return;
    if (o->echo && (c->pcb->flags & TF_TIMESTAMP)) {
        __builtin_memcpy(&news.echo, o->echo, sizeof(news.echo));
        news.echo = lwip_ntohl(news.echo);
        news.has_echo = true;
    }
    board_acked(c, h->ackno, o->blocks, o->count, &news);
    count_originals(s, &news);
    end_probe(c, h->ackno, news.repeated > 0);
    take_news(c, acked, is_bare, &news);
    s->reorder_wait_us = news.remaining_us;
    if (s->state == SENDER_OPEN && s->dupacks == 0 && board_is_clean(s))
        board_end(s);
}

void sender_acked(struct conn *c, const struct tcp_hdr *h,
                  const uint8_t *options, unsigned options_len, bool is_bare)
{
    struct sender *s = &c->sender;
    struct tcp_pcb *pcb = c->pcb;
    uint32_t acked = h->ackno - pcb->lastack, rtt_us;
    struct options o = { 0 };

    keep_out(pcb);
    if (!(TCPH_FLAGS(h) & TCP_ACK) || (TCPH_FLAGS(h) & (TCP_RST | TCP_SYN)) ||
        !pcb->unacked || acked > flight_of(pcb))
        return;
    if (acked > 0)
        s->backoff = 0;
    if (UNLIKELY(s->board || options_len > LWIP_TCP_OPT_LEN_TS_OUT ||
                 (options_len > 0 && !(pcb->flags & TF_TIMESTAMP))))
        o = find_options(options, options_len);
    if (!(pcb->flags & TF_SACK))
        o.count = 0;
    /* A segment with data, or one that changes the window, is no duplicate. */
    is_bare = is_bare && acked == 0 &&
              (u32_t)SND_WND_SCALE(pcb, h->wnd) == pcb->snd_wnd;
    if (s->board || o.count > 0 || (is_bare && !(pcb->flags & TF_SACK))) {
        with_board(c, h, &o, is_bare);
    } else if (acked > 0) {
        rtt_us = s->has_probed ? 0 : rtt_of(pcb, h->ackno);
        if (rtt_us)
            measured(s, rtt_us);
        end_probe(c, h->ackno, false);
        if (s->state != SENDER_OPEN && TCP_SEQ_GEQ(h->ackno, s->high))
            end_recovery(s);
        grow(c, acked);
    }
    set_window(c, acked);
}

/* ---- sending ---- */

static void send_lost(struct conn *c)
{
    struct sender *s = &c->sender;

    if (!s->board) {
        /* No memory for one: the first, again and again. */
        if (s->state == SENDER_LOSS && c->pcb->unacked)
            (void)board_resend_head(c);
        return;
    }
    while (sender_pipe(c) < s->cwnd && board_resend(c))
        ;
}

void sender_settle(struct conn *c)
{
    struct sender *s = &c->sender;

    if (!s->link.next)
        return;
    if (UNLIKELY(s->board || s->state != SENDER_OPEN)) {
        send_lost(c);
        set_window(c, 0);
        (void)tcp_output(c->pcb);
    } else {
        c->pcb->cwnd = s->cwnd;
    }
    if (c->pcb->unacked)
        watch_from_now(c);
    else
        list_remove(&s->link);
}

/* ---- the clock ---- */

/* From when lwIP was entered: what the clock says by now need not be read. */
static void arm(uint32_t in_us)
{
    static uint32_t due_us; /* of the timer */

    if (timer_is_armed(&timer) && (int32_t)(due_us - inet_now_us - in_us) <= 0)
        return;
    due_us = inet_now_us + in_us;
    timer_arm(&timer, clock_mono_ns() + in_us * NS_PER_US);
}

static uint32_t rto_of(const struct sender *s)
{
    uint64_t rto = (uint64_t)s->rto_us << MIN(s->backoff, BACKOFF_MAX);

    return (uint32_t)MIN(rto, (uint64_t)SENDER_RTO_MAX_US);
}

/* RFC 8985, 7.2: a probe comes when the last acknowledgement is overdue, which
 * a lone packet's may be for as long as a peer may delay it. Unlike there, in a
 * recovery, too: a receiver that tells of many packets at once tells of them in
 * one packet, with which all would be lost until the time-out. */
static uint32_t probe_after_us(const struct conn *c)
{
    const struct sender *s = &c->sender;

    if (s->srtt_us == 0 || flight_of(c->pcb) <= c->pcb->mss)
        return UINT32_MAX;
    return MAX(2 * s->srtt_us, PROBE_MIN_US);
}

static void watch_from_now(struct conn *c)
{
    struct sender *s = &c->sender;
    uint32_t in_us = rto_of(s), probe_us;

    s->timer = SENDER_TIMER_RTO;
    if (s->reorder_wait_us > 0) {
        s->timer = SENDER_TIMER_REORDER;
        in_us = MAX(s->reorder_wait_us, REORDER_MIN_US);
    } else if (s->state != SENDER_LOSS && !s->has_probed && s->backoff == 0) {
        probe_us = probe_after_us(c);
        if (probe_us < in_us) {
            in_us = probe_us;
            s->timer = SENDER_TIMER_PROBE;
        }
    }
    s->due_us = inet_now_us + in_us;
    s->watched_nxt = c->pcb->snd_nxt;
    if (list_is_empty(&s->link))
        list_push_back(&waiting, &s->link);
    arm(in_us);
}

/* A time-out runs from the last acknowledgement, a probe's from what was sent
 * last. */
void sender_watch(struct conn *c)
{
    struct sender *s = &c->sender;

    if (!s->link.next)
        return; /* not established: lwIP's clock does */
    if (!c->pcb->unacked)
        list_remove(&s->link);
    else if (list_is_empty(&s->link) || (s->timer == SENDER_TIMER_PROBE &&
                                         s->watched_nxt != c->pcb->snd_nxt))
        watch_from_now(c);
}

static void on_reorder(struct conn *c)
{
    struct sender *s = &c->sender;
    struct board_news news = { 0 };

    if (s->board && board_find_lost(c, true, &news) && s->state == SENDER_OPEN)
        recover(c);
    s->reorder_wait_us = news.remaining_us;
    /* As if a packet had arrived: something must go out. */
    if (s->state == SENDER_RECOVERY)
        s->cwnd = board_window(c, c->pcb->mss);
}

/* Something new, if there is, else the last packet again: its acknowledgement
 * tells what is missing before it. */
static void on_probe(struct conn *c)
{
    struct sender *s = &c->sender;
    struct tcp_pcb *pcb = c->pcb;
    uint32_t nxt = pcb->snd_nxt;

    inet_counters.probes++;
    if (pcb->unsent && s->state == SENDER_OPEN) {
        pcb->cwnd = flight_of(pcb) + pcb->unsent->len;
        (void)tcp_output(pcb);
        set_window(c, 0);
    }
    s->has_probed = true;
    s->probe_was_repeat = pcb->snd_nxt == nxt;
    if (s->probe_was_repeat)
        (void)board_probe(c);
    s->probe_end = pcb->snd_nxt;
}

static void on_timeout(struct conn *c)
{
    struct sender *s = &c->sender;
    struct tcp_pcb *pcb = c->pcb;

    inet_counters.timeouts++;
    s->backoff = (uint8_t)MIN(s->backoff + 1u, BACKOFF_MAX);
    s->has_probed = false;
    s->reorder_wait_us = 0;
    if (pcb->snd_wnd == 0 && tcp_ticks - pcb->tmr < SILENCE_TICKS) {
        /* It takes no more than it had promised, and says so: nothing is
         * lost. */
        (void)board_resend_head(c);
        return;
    }
    if (!s->board)
        (void)board_begin(c);
    if (s->state != SENDER_LOSS || s->backoff == 1) {
        if (s->board)
            board_recover(c);
        reduce(c);
    }
    if (s->board)
        board_lose_all(c);
    s->state = SENDER_LOSS;
    s->cwnd = pcb->mss;
    s->dupacks = 0;
    pcb->nrtx = 1; /* tcp_limits.c gives up */
}

static void run(struct conn *c)
{
    keep_out(c->pcb);
    switch (c->sender.timer) {
    case SENDER_TIMER_REORDER:
        on_reorder(c);
        break;
    case SENDER_TIMER_PROBE:
        on_probe(c);
        break;
    default:
        on_timeout(c);
        break;
    }
    sender_settle(c);
}

static void expired(struct timer *t)
{
    uint32_t next_us = UINT32_MAX;

    (void)t;
    inet_enter();
    /* What has arrived and was not looked at yet is not overdue. */
    device_catch_up();
    inet_tick();
    LIST_FOR_EACH(it, &waiting)
    {
        struct sender *s = LIST_ENTRY(it, struct sender, link);
        struct conn *c = CONTAINER_OF(s, struct conn, sender);

        if ((int32_t)(s->due_us - inet_now_us) <= 0)
            run(c);
        if (!list_is_empty(&s->link))
            next_us = MIN(next_us, s->due_us - inet_now_us);
    }
    inet_flush();
    if (next_us != UINT32_MAX)
        arm(next_us);
    inet_leave();
}
