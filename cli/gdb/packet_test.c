/* SPDX-License-Identifier: BSD-2-Clause */
/* packet_test.c - packets of gdb's protocol, whole and broken; its signals. */
/* unit: cli/gdb/packet.c cli/gdb/signals.c host/memory.c */
#include <signal.h>
#include <string.h>

#include "cli/gdb/packet.h"
#include "cli/gdb/signals.h"
#include "host/memory.h"
#include "tests/unit.h"

static struct packet_reader reader;

/* The last event of all bytes. */
static enum packet_event feed(const char *bytes, size_t len)
{
    enum packet_event event = PACKET_NONE;
    size_t i;

    for (i = 0; i < len; i++)
        event = packet_feed(&reader, (uint8_t)bytes[i]);
    return event;
}

#define FEED(text) feed(text, sizeof(text) - 1)

TEST(reads_packets_and_what_is_between)
{
    CHECK_EQ(FEED("$OK#9a"), PACKET_DATA);
    CHECK_EQ(reader.len, 2);
    CHECK_EQ(strcmp((char *)reader.data, "OK"), 0);
    CHECK_EQ(FEED("+"), PACKET_ACK);
    CHECK_EQ(FEED("-"), PACKET_NAK);
    CHECK_EQ(FEED("\3"), PACKET_INTERRUPT);
    CHECK_EQ(FEED("noise"), PACKET_NONE);
    CHECK_EQ(FEED("$#00"), PACKET_DATA);
    CHECK_EQ(reader.len, 0);
}

TEST(undoes_escapes)
{
    CHECK_EQ(FEED("$}\x03}]#5a"), PACKET_DATA); /* 0x7d+3+0x7d+0x5d */
    CHECK_EQ(reader.len, 2);
    CHECK_EQ(reader.data[0], '#');
    CHECK_EQ(reader.data[1], '}');
    CHECK_EQ(FEED("$}#7d"), PACKET_BAD); /* an escape of nothing */
}

TEST(refuses_wrong_sums_and_goes_on)
{
    CHECK_EQ(FEED("$OK#9b"), PACKET_BAD);
    CHECK_EQ(FEED("$OK#zz"), PACKET_BAD);
    CHECK_EQ(FEED("$cut off$OK#9a"), PACKET_DATA);
    CHECK_EQ(reader.len, 2);
}

TEST(refuses_what_is_too_long)
{
    char sum[8];
    size_t i;

    (void)FEED("$");
    for (i = 0; i < PACKET_MAX + 1; i++)
        (void)FEED("A");
    snprintf(sum, sizeof(sum), "#%02x", (unsigned)(('A' * i) & 255));
    CHECK_EQ(feed(sum, 3), PACKET_BAD);
    CHECK_EQ(FEED("$OK#9a"), PACKET_DATA);
}

TEST(writes_what_it_reads)
{
    char all[256];
    struct buf out = { 0 };
    unsigned i;

    for (i = 0; i < sizeof(all); i++)
        all[i] = (char)i;
    packet_add(&out, all, sizeof(all));
    CHECK_EQ(feed((char *)out.data, out.len), PACKET_DATA);
    CHECK_EQ(reader.len, sizeof(all));
    CHECK_EQ(memcmp(reader.data, all, sizeof(all)), 0);
    buf_fini(&out);
}

TEST(reads_numbers_and_strings)
{
    const char *at = "12aF,";
    char text[4];
    uint64_t n;

    CHECK_EQ(packet_number(&at, &n), true);
    CHECK_EQ(n, 0x12af);
    CHECK_EQ(*at, ',');
    CHECK_EQ(packet_number(&at, &n), false);
    at = "11112222333344445";
    CHECK_EQ(packet_number(&at, &n), false);
    at = "616263";
    CHECK_EQ(packet_string(&at, text, sizeof(text)), true);
    CHECK_EQ(strcmp(text, "abc"), 0);
    at = "61626364";
    CHECK_EQ(packet_string(&at, text, sizeof(text)), false);
    at = "610062"; /* a NUL within */
    CHECK_EQ(packet_string(&at, text, sizeof(text)), false);
}

TEST(translates_signals)
{
    unsigned i;

    CHECK_EQ(signals_to_gdb(SIGSEGV), 11);
    CHECK_EQ(signals_to_gdb(SIGUSR1), 30);
    CHECK_EQ(signals_to_gdb(34), 46);
    for (i = 1; i <= 64; i++)
        if (signals_to_gdb(i) != 143)
            CHECK_EQ(signals_from_gdb(signals_to_gdb(i)), i);
    CHECK_EQ(signals_from_gdb(0), 0);
    CHECK_EQ(signals_from_gdb(9999), 0);
}
