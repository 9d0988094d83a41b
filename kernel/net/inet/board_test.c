/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * board_test.c - the counts and the runs of a scoreboard of hundreds of rows.
 *
 * Method: a sender on the host, whose peer tells at random of what has come;
 * the board is compared, after each step, with what its rows add up to.
 */
#include "tests/unit.h"

#include "tests/fuzz/inet_peer.h"
#include "tests/fuzz/inet_stack.h"

#include "net/inet/board.h"
#include "net/inet/tcp.h"

#define PORT    80u
#define ISN     5000u
#define PACKET  100u /* of ours: the MSS that the peer names */
#define WINDOW  640u /* packets, of 65,535 bytes */
#define PACKETS 20000u
#define BLOCKS  3u
#define STEP_NS (NS_PER_SEC / 4000)
#define STEPS   1500u
#define SACK    5u

static struct file *server, *f;
static struct conn *c;
static uint32_t ours; /* the number of our first byte */
static bool has_come[PACKETS];
static uint64_t seed = 1;

static unsigned random_below(unsigned limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % limit;
}

static unsigned packets_sent(void)
{
    return (c->pcb->snd_nxt - ours) / PACKET;
}

static void begin(void)
{
    static const uint8_t options[] = { 2, 4, 0, PACKET, 4, 2, 1, 1 };

    memset(has_come, 0, sizeof(has_come));
    server = listen_on(PORT);
    segment_on(1000, PORT, TCP_SYN, ISN, 0, options, sizeof(options), "");
    ours = last()->seq + 1;
    segment_on(1000, PORT, TCP_ACK, ISN + 1, ours, NULL, 0, "");
    if (socket_accept(socket_of(server), 04000, &f))
        abort();
    c = tcp_of(socket_of(f))->conn;
}

static void end(void)
{
    char byte;

    CHECK_EQ(file_take(f, &byte, 1), -EAGAIN);
    segment_on(1000, PORT, TCP_RST, ISN + 1, 0, NULL, 0, "");
    file_put(f);
    file_put(server);
    all_is_over();
}

static void give_packets(unsigned count)
{
    static char text[WINDOW * PACKET];
    ssize_t n = count > 0 ? file_give(f, text, count * PACKET) : 0;

    CHECK(n == -EAGAIN || n % PACKET == 0);
    conn_send_deferred();
    inet_flush();
}

static void put_word(uint8_t *p, uint32_t word)
{
    word = lwip_htonl(word);
    memcpy(p, &word, sizeof(word));
}

static unsigned first_missing(unsigned from)
{
    while (from < packets_sent() && has_come[from])
        from++;
    return from;
}

static unsigned first_come(unsigned from)
{
    while (from < packets_sent() && !has_come[from])
        from++;
    return from;
}

/* What a receiver would say, with `more` bytes of the next packet, and ranges
 * behind a number that is chosen at random. */
static void acknowledge(unsigned more)
{
    uint8_t o[4 + 8 * BLOCKS] = { 1, 1, SACK, 2 };
    unsigned acked = first_missing(0), at = acked, count = 0;

    if (packets_sent() > acked)
        at += random_below(packets_sent() - acked);
    at = first_missing(at);
    while (count < BLOCKS && (at = first_come(at)) < packets_sent()) {
        put_word(o + 4 + 8 * count, ours + at * PACKET);
        at = first_missing(at);
        put_word(o + 8 + 8 * count++, ours + at * PACKET);
    }
    o[3] = (uint8_t)(2 + 8 * count);
    segment_on(1000, PORT, TCP_ACK, ISN + 1, ours + acked * PACKET + more, o,
               count ? 4 + 8 * count : 0, "");
}

/* ---- what the rows add up to ---- */

static void check_run(struct board *b, unsigned n)
{
    const struct row *r = board_row(b, n);

    if (!(r->flags & ROW_SACKED))
        return;
    CHECK(r->run > 0 && n + r->run <= b->count);
    for (unsigned i = 0; i < r->run; i++)
        CHECK(r[i].flags & ROW_SACKED);
}

static void check_board(void)
{
    struct board *b = c->sender.board;
    unsigned under_way = 0, sacked = 0, marked = 0, missing = 0;

    for (unsigned n = 0; b && n < b->count; n++) {
        const struct row *r = board_row(b, n);

        CHECK_EQ(r->seq, n ? row_end(r - 1) : c->pcb->lastack);
        CHECK(!row_is_missing(r) || r >= &b->rows[b->missing_from]);
        sacked += r->flags & ROW_SACKED ? 1 : 0;
        marked += r->flags ? 1 : 0;
        missing += row_is_missing(r) ? 1 : 0;
        if (!row_is_missing(r) && !(r->flags & ROW_SACKED))
            under_way += r->len;
        check_run(b, n);
    }
    if (!b)
        return;
    CHECK_EQ(b->under_way, under_way);
    CHECK_EQ(b->sacked_count, sacked);
    CHECK_EQ(b->marked_count, marked);
    CHECK_EQ(b->missing_count, missing);
    CHECK(b->first + b->count <= b->capacity);
}

static void all_comes(void)
{
    for (unsigned tries = 0; tries < 100; tries++) {
        memset(has_come, true, packets_sent());
        acknowledge(0);
        advance(STEP_NS);
        check_board();
    }
    CHECK(!c->sender.board);
    CHECK_EQ(c->pcb->lastack, c->pcb->snd_lbb);
}

/* A window that grows to hundreds of packets, of which nothing is missing. */
static void open_window(void)
{
    while (c->sender.cwnd < WINDOW * PACKET) {
        give_packets(MIN(c->sender.cwnd / PACKET, WINDOW));
        all_comes();
    }
}

/* Of those that are under way, `percent` come. */
static void some_come(unsigned percent)
{
    for (unsigned n = first_missing(0); n < packets_sent(); n++)
        has_come[n] |= random_below(100) < percent;
}

TEST(counts_are_what_the_rows_add_up_to)
{
    unsigned most = 0;

    begin();
    open_window();
    for (unsigned n = 0; n < STEPS && packets_sent() < PACKETS - WINDOW; n++) {
        give_packets(random_below(40));
        some_come(random_below(3) ? 2 : 30);
        acknowledge(random_below(8) ? 0 : PACKET / 2);
        check_board();
        advance(random_below(5) * STEP_NS);
        check_board();
        if (c->sender.board)
            most = MAX(most, c->sender.board->count);
    }
    CHECK(most > 300);
    all_comes();
    end();
}

/* Of a large window rows are made for what may be missing, not for all. */
TEST(rows_end_with_what_is_told_of)
{
    unsigned first;

    begin();
    open_window();
    first = packets_sent();
    give_packets(WINDOW / 2);
    CHECK(packets_sent() - first > 200);
    has_come[first + 1] = has_come[first + 2] = true;
    acknowledge(0);
    CHECK(c->sender.board);
    if (c->sender.board)
        CHECK(c->sender.board->count < 4);
    all_comes();
    end();
}
