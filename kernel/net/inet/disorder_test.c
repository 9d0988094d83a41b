/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disorder_test.c - data that comes early or twice, and what a sender makes of
 * being told, packet by packet.
 *
 * Method: lwIP and the sockets on the host, with a peer that is made of single
 * frames. At each test's end everything is closed, and the driver must have its
 * buffers back.
 */
#include "tests/unit.h"

#include "tests/fuzz/inet_peer.h"
#include "tests/fuzz/inet_stack.h"

#include "net/inet/tcp.h"

#define PORT   80u
#define ISN    5000u
#define LEN    1200u /* of the peer's packets */
#define PACKET 1460u /* of ours: the MSS that the peer names */
#define SACK   5u
#define MS     (NS_PER_SEC / 1000)

static struct file *server, *f;
static uint32_t ours; /* the number of our first byte */
static char data[8 * LEN + 1];

/* ---- the peer ---- */

/* Packet n of its data, or an acknowledgement of ours with these blocks. */
static void packet(unsigned n)
{
    char text[LEN + 1] = "";

    memcpy(text, data + n * LEN, LEN);
    segment_on(1000, PORT, TCP_ACK, ISN + 1 + n * LEN, ours, NULL, 0, text);
}

static void put_word(uint8_t *p, uint32_t word)
{
    word = lwip_htonl(word);
    memcpy(p, &word, sizeof(word));
}

/* So many of our packets have come, and those from `left` to before `right`. */
static void acknowledge(unsigned count, unsigned left, unsigned right)
{
    uint8_t o[12] = { 1, 1, SACK, 10 };

    put_word(o + 4, ours + left * PACKET);
    put_word(o + 8, ours + right * PACKET);
    segment_on(1000, PORT, TCP_ACK, ISN + 1, ours + count * PACKET, o,
               sizeof(o), "");
}

/* Does the last frame have such a block, in numbers of the peer's packets? */
static bool has_block(unsigned n, unsigned left, unsigned right)
{
    const struct frame *l = last();
    const uint8_t *o = l->options;

    return l->options_len >= 4 + (n + 1) * 8 && o[2] == SACK &&
           word_at(o + 4 + n * 8) == ISN + 1 + left * LEN &&
           word_at(o + 8 + n * 8) == ISN + 1 + right * LEN;
}

static bool acknowledges(unsigned count)
{
    return last()->ack == ISN + 1 + count * LEN;
}

/* ---- the program ---- */

static void begin(void)
{
    static const uint8_t options[] = { 2, 4, PACKET >> 8, PACKET & 0xff,
                                       4, 2, 1,           1 };

    for (unsigned n = 0; n + 1 < sizeof(data); n++)
        data[n] = (char)('a' + n % 23);
    server = listen_on(PORT);
    segment_on(1000, PORT, TCP_SYN, ISN, 0, options, sizeof(options), "");
    ours = last()->seq + 1;
    segment_on(1000, PORT, TCP_ACK, ISN + 1, ours, NULL, 0, "");
    if (socket_accept(socket_of(server), 04000, &f))
        abort();
}

static void end(void)
{
    segment_on(1000, PORT, TCP_RST, ISN + 1 + 8 * LEN, 0, NULL, 0, "");
    segment_on(1000, PORT, TCP_RST, ISN + 1, 0, NULL, 0, "");
    file_put(f);
    file_put(server);
    all_is_over();
}

/* All that has come is the peer's first `count` packets. */
static void brings(unsigned count)
{
    char buf[sizeof(data)] = "";

    CHECK_EQ(file_take(f, buf, sizeof(buf)), (ssize_t)(count * LEN));
    CHECK(memcmp(buf, data, count * LEN) == 0);
}

TEST(early_ones_are_joined_and_told)
{
    begin();
    packet(0);
    for (unsigned n = 2; n < 7; n++) {
        packet(n);
        CHECK(acknowledges(1));
        CHECK(has_block(0, 2, n + 1));
    }
    packet(1);
    CHECK(acknowledges(7));
    CHECK_EQ(last()->options_len, 0);
    brings(7);
    end();
}

TEST(old_ones_that_come_twice_are_told)
{
    uint32_t told = inet_counters.twice_old;

    begin();
    packet(0);
    packet(1);
    packet(0);
    CHECK(acknowledges(2));
    CHECK(has_block(0, 0, 1));
    CHECK_EQ(inet_counters.twice_old, told + 1);
    packet(2);
    CHECK_EQ(last()->options_len, 0); /* it is told once */
    brings(3);
    end();
}

TEST(early_ones_that_come_twice_are_told_with_all_around)
{
    begin();
    packet(0);
    packet(6);
    packet(2);
    packet(3);
    packet(4);
    packet(3);
    CHECK(acknowledges(1));
    CHECK(has_block(0, 3, 4));
    CHECK(has_block(1, 2, 5));
    CHECK(has_block(2, 6, 7));
    packet(1);
    CHECK(acknowledges(5));
    CHECK(has_block(0, 6, 7));
    packet(5);
    CHECK(acknowledges(7));
    brings(7);
    end();
}

TEST(a_hole_behind_the_last_is_another_block)
{
    begin();
    packet(2);
    packet(3);
    packet(5);
    packet(6);
    CHECK(acknowledges(0));
    CHECK(has_block(0, 5, 7));
    CHECK(has_block(1, 2, 4));
    packet(0);
    packet(1);
    CHECK(acknowledges(4));
    packet(4);
    CHECK(acknowledges(7));
    brings(7);
    end();
}

/* Packets of one burst are sent at the same time: what came says nothing of
 * those behind it. */
TEST(only_what_was_sent_before_is_lost)
{
    static char text[6 * PACKET];
    uint32_t resent = inet_counters.resent;

    begin();
    CHECK_EQ(file_give(f, text, sizeof(text)), (ssize_t)sizeof(text));
    conn_send_deferred();
    inet_flush();
    advance(NS_PER_SEC / 10000);
    acknowledge(0, 1, 2);
    advance(NS_PER_SEC / 200);
    inet_flush();
    CHECK_EQ(inet_counters.resent, resent + 1);
    acknowledge(6, 0, 1); /* the original had come: the window is as before */
    CHECK_EQ(inet_counters.repeats_told > 0, true);
    end();
}

static void give_packets(unsigned count)
{
    static char text[2 * PACKET];

    CHECK_EQ(file_give(f, text, count * PACKET), (ssize_t)(count * PACKET));
    conn_send_deferred();
    inet_flush();
    advance(2 * MS);
}

/* On a path that reorders, one that was sent again may have come late, not
 * again: then it tells nothing of what was sent between the two. */
TEST(a_late_original_is_not_taken_for_the_repeat)
{
    uint32_t resent = inet_counters.resent;

    begin();
    give_packets(2);
    acknowledge(0, 1, 2);
    acknowledge(2, 0, 0);
    CHECK_EQ(inet_counters.resent, resent);
    for (unsigned n = 2; n < 6; n++)
        give_packets(1);
    acknowledge(2, 3, 4);
    CHECK_EQ(inet_counters.resent, resent + 1);
    advance(8 * MS);
    acknowledge(4, 0, 0);
    CHECK_EQ(inet_counters.resent, resent + 1);
    acknowledge(6, 0, 0);
    CHECK_EQ(inet_counters.resent, resent + 1);
    end();
}

/* A line that doubles packets tells of more repeats than were sent: what is
 * missing then is lost as soon as on others (Linux's rule). */
TEST(what_the_line_doubles_is_no_disorder)
{
    static char text[5 * PACKET];
    uint32_t resent = inet_counters.resent;

    begin();
    give_packets(1);
    acknowledge(1, 0, 1);
    CHECK_EQ(file_give(f, text, sizeof(text)), (ssize_t)sizeof(text));
    conn_send_deferred();
    inet_flush();
    advance(MS / 10);
    acknowledge(1, 2, 5);
    inet_flush();
    CHECK_EQ(inet_counters.resent, resent + 1);
    acknowledge(6, 0, 0);
    end();
}

/* In TIME-WAIT nothing is under way: no time-out comes, no timer either. */
TEST(nothing_is_awaited_in_time_wait)
{
    uint32_t timeouts = inet_counters.timeouts;

    begin();
    file_put(f);
    conn_send_deferred();
    inet_flush();
    CHECK(last()->flags & TCP_FIN);
    segment_on(1000, PORT, TCP_FIN | TCP_ACK, ISN + 1, ours + 1, NULL, 0, "");
    CHECK_EQ(last()->ack, ISN + 2);
    advance(NS_PER_SEC);
    CHECK_EQ(inet_counters.timeouts, timeouts);
    file_put(server);
    all_is_over();
}

/* A timer that looks at the device leaves nobody behind who would look again,
 * if it found a program that computes. */
TEST(a_timer_of_the_sender_does_not_end_interrupts)
{
    static char text[PACKET];
    uint32_t timeouts = inet_counters.timeouts;

    begin();
    CHECK_EQ(file_give(f, text, sizeof(text)), (ssize_t)sizeof(text));
    CHECK(!runq_idle_hook());
    CHECK(dev_is_armed);
    advance(NS_PER_SEC);
    CHECK(inet_counters.timeouts > timeouts);
    CHECK(dev_is_armed);
    end();
}
