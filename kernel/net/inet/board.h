/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * board.h - what the scoreboard has in it: board.c's and resend.c's alone.
 *
 * What:      a row for each packet that is under way, by number. There may be
 *            thousands, and an acknowledgement for every few: so each row is
 *            looked at when its packet's fate changes, not with each
 *            acknowledgement. What is asked each time is counted, packets that
 *            were told of are passed by in runs, and those that are
 *            acknowledged leave by moving `first`.
 * Ownership: the sender's; a row moves when one is added.
 * Context:   as sender.h.
 * Units:     times in microseconds of inet_now_us.
 */
#ifndef NET_INET_BOARD_H
#define NET_INET_BOARD_H

#include "core/types.h"

#define RUN_MAX 4095u /* as many as `run` can say */

enum {
    ROW_SACKED = 1,
    ROW_LOST = 2,
    ROW_RESENT = 4,   /* since it was lost last */
    ROW_REPEATED = 8, /* ever: its acknowledgement tells no time */
};

struct row {
    uint32_t seq, first_us, sent_us; /* when it was sent first, and last */
    uint16_t len;                    /* with FIN */
    uint16_t flags : 4, run : 12; /* so many from here on are SACKED, if so */
};

struct board {
    unsigned first, count,
        capacity; /* rows[first] to rows[first + count - 1] */
    /* What was sent last of all that has arrived, and how long it took. */
    uint32_t newest_us, newest_end, newest_rtt_us;
    bool has_newest;
    bool has_advanced;   /* ... since was looked for what is lost */
    uint32_t sacked_end; /* the highest */
    /* Of the rows: what board_mark() keeps right. */
    uint32_t under_way; /* bytes, neither told of nor lost */
    unsigned sacked_count, marked_count;
    unsigned missing_count; /* lost, and not sent again */
    unsigned missing_from;  /* in rows[]: none is before this one */
    /* RFC 6937's */
    uint32_t flight, delivered, out;
    uint32_t seen_nxt; /* snd_nxt when `out` was right */
    struct row rows[];
};

static inline struct row *board_row(struct board *b, unsigned n)
{
    return &b->rows[b->first + n];
}

static inline uint32_t row_end(const struct row *r)
{
    return r->seq + r->len;
}

/* Lost, and not sent again since. */
static inline bool row_is_missing(const struct row *r)
{
    return (r->flags & (ROW_SACKED | ROW_LOST | ROW_RESENT)) == ROW_LOST;
}

/* Give a row these flags, and count it anew. */
void board_mark(struct board *b, struct row *r, unsigned flags);

#endif
