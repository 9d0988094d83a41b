/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sender.h - TCP's sending end: what is lost, how much may be under way.
 *
 * What:      lwIP builds, keeps and frees segments, and sends those that fit a
 *            window. How large that is, what is missing at the other end and
 *            when it is sent again is decided here: RTT and time-outs (RFC
 *            6298), selective acknowledgements (RFC 2018, 2883), loss by time
 *            and probes of the tail (RACK-TLP, RFC 8985), the window during
 *            recovery (RFC 6937), and CUBIC (RFC 9438, congestion.c).
 *
 *            lwIP's own variables for this are kept at values that make it do
 *            nothing: rto at its largest, ssthresh and dupacks at 0. Its cwnd
 *            is set to what may follow lastack.
 * Ownership: a sender is a part of its conn, and begins when that is
 *            established.
 * Context:   as conn.h.
 * Units:     times in microseconds of inet_now_us, windows in bytes.
 */
#ifndef NET_INET_SENDER_H
#define NET_INET_SENDER_H

#include "core/list.h"
#include "lwip/priv/tcp_priv.h"

#define SENDER_RTO_MIN_US 200000u    /* Linux's */
#define SENDER_RTO_MAX_US 120000000u /* ... too */
#define SENDER_RTO_OFF    0x7fff     /* lwIP's time-out, of 55 minutes */

struct board;
struct conn;

enum sender_state {
    SENDER_OPEN,     /* nothing is missing, or not for long enough */
    SENDER_RECOVERY, /* acknowledgements tell what is lost */
    SENDER_LOSS,     /* none came: all that is under way counts as lost */
};

enum sender_timer {
    SENDER_TIMER_REORDER,
    SENDER_TIMER_PROBE,
    SENDER_TIMER_RTO,
};

struct sender {
    struct list link;    /* among those that wait for an acknowledgement */
    struct board *board; /* packets under way, while some are missing */
    uint32_t due_us;     /* when `timer` expires */
    uint32_t srtt_us, rttvar_us, min_rtt_us, rto_us; /* srtt 0: not known */
    uint32_t cwnd, ssthresh;
    uint32_t cwnd_most;       /* ever */
    uint32_t high;            /* recovery ends when this is acknowledged */
    uint32_t probe_end;       /* a probe of the tail ended here ... */
    uint32_t reorder_wait_us; /* until more counts as lost; 0: nothing waits */
    uint32_t watched_nxt;     /* snd_nxt when due_us was set */
    /* Before the last recovery: taken back if it was for nothing. */
    uint32_t old_cwnd, old_ssthresh, old_w_max;
    uint32_t resent_count;   /* in it, and not named by a DSACK */
    uint32_t told_count;     /* of which a time stamp told, and a DSACK will */
    uint32_t resent_total;   /* packets, ever */
    uint32_t repeated_total; /* that came twice, ever */
    uint8_t state;           /* enum sender_state */
    uint8_t timer;           /* enum sender_timer */
    uint8_t backoff;         /* time-outs in a row */
    uint8_t dupacks;         /* of a peer without SACK */
    uint8_t reorder_steps;   /* of a quarter of min_rtt, that loss waits for */
    uint8_t steps_left;      /* recoveries until they are forgotten */
    bool has_reordered;
    bool has_stepped; /* in that recovery */
    bool has_probed;
    bool probe_was_repeat; /* ... and brought nothing new */
    bool is_reno;          /* TCP_CONGESTION */
    /* CUBIC's, as RFC 9438 names them; epoch_us 0: not begun */
    uint32_t w_max, w_est, origin, epoch_us, k_ms;
};

/* ---- sender.c ---- */

/* The connection is established. */
void sender_begin(struct conn *c);
/* Nothing more will be sent, and nothing is awaited. May be called twice. */
void sender_end(struct conn *c);
/* lwIP will look at this segment next: take from it what it acknowledges. */
void sender_acked(struct conn *c, const struct tcp_hdr *h,
                  const uint8_t *options, unsigned options_len, bool is_bare);
/* ... and has done so: send again what is lost, and what the window allows. */
void sender_settle(struct conn *c);
/* Something may have been sent: when to look whether it arrived. */
void sender_watch(struct conn *c);
/* Bytes that are under way and, as far as is known, not lost. */
uint32_t sender_pipe(const struct conn *c);

/* ---- congestion.c ---- */

void congestion_begin(struct sender *s, unsigned mss);
/* So much was acknowledged while the window was in use. */
void congestion_acked(struct sender *s, uint32_t acked, unsigned mss);
/* Something was lost: what ssthresh is now. */
void congestion_lost(struct sender *s, unsigned mss);

/* ---- board.c ---- */

/* What an acknowledgement changed. */
struct board_news {
    uint32_t delivered; /* bytes, acknowledged or selectively so */
    uint32_t repeated;  /* packets that came twice, by DSACK */
    uint32_t originals; /* ... of which the first has come, by its stamp */
    uint32_t echo;      /* of the option; the caller sets these two */
    bool has_echo;
    uint32_t rtt_us;       /* 0: no packet tells */
    uint32_t remaining_us; /* until more counts as lost; 0: nothing waits */
};

/* Begin one; false: out of memory, and the sender does without. */
bool board_begin(struct conn *c);
void board_end(struct sender *s);
/* Take in what the blocks of a SACK option and ackno say. */
void board_acked(struct conn *c, uint32_t ackno, const uint8_t *blocks,
                 unsigned count, struct board_news *news);
/* Find what is lost by what has arrived, or by now. True: something that was
 * not before. */
bool board_find_lost(struct conn *c, bool is_overdue, struct board_news *news);
/* The first packet, or all, count as lost. */
void board_lose_first(struct sender *s);
void board_lose_all(struct conn *c);
bool board_is_clean(const struct sender *s);
bool board_has_lost(const struct sender *s); /* and not sent again */
/* Bytes under way: neither told of, nor lost and not sent again. */
uint32_t board_pipe(const struct conn *c);
/* The recovery begins, and goes on: how much its window is. */
void board_recover(struct conn *c);
uint32_t board_window(const struct conn *c, uint32_t delivered);
/* Rows for what was sent, up to this number. Without memory some have none:
 * they wait for the time-out. */
void board_extend(struct conn *c, uint32_t until);

/* ---- resend.c ---- */

/* Send the first lost one again. False: there is none, or it cannot be. */
bool board_resend(struct conn *c);
/* Send the first, or the last packet of all again; without a board, too. */
bool board_resend_head(struct conn *c);
bool board_probe(struct conn *c);

#endif
