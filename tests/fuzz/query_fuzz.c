/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query_fuzz.c - any bytes as a question to examples/dns: no answer, or one
 * that is an answer to it, fits, and is well formed.
 */
/* unit: examples/dns/name.c examples/dns/zone.c examples/dns/zone_read.c
 * examples/dns/message.c examples/dns/answer.c */
#include <stdlib.h>
#include <string.h>

#include "examples/dns/answer.h"
#include "examples/dns/message.h"

#define RECORD_LEN 10u /* type, class, TTL and length */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char text[] =
    "$ORIGIN x.\n$TTL 60\n@ SOA n h 1 2 3 4 5\n NS n\nn A 1.2.3.4\n"
    "a A 1.2.3.4\n A 1.2.3.5\n TXT t\nc CNAME a\nl CNAME m\nm CNAME l\n"
    "*.w A 1.2.3.6\nd.e.f TXT t\ns NS n.s\nn.s A 1.2.3.7\nn.s AAAA ::1\n"
    "m.m MX 5 a\n";

/* Over a name, compressed or not; pointers go backwards only. */
static size_t name_skip(const uint8_t *out, size_t len, size_t at)
{
    for (;;) {
        if (at >= len)
            abort();
        if (out[at] >= 0xc0) {
            if (at + 2 > len || (get16(out + at) & 0x3fffu) >= at)
                abort();
            return at + 2;
        }
        if (out[at] > LABEL_LEN_MAX)
            abort();
        if (out[at] == 0)
            return at + 1;
        at += 1u + out[at];
    }
}

static void check(const uint8_t *query, const uint8_t *out, size_t len)
{
    size_t at = HEADER_LEN;
    unsigned records = get16(out + 6) + get16(out + 8) + get16(out + 10);

    if (len < HEADER_LEN || !(out[2] & 0x80) || memcmp(query, out, 2) != 0)
        abort();
    if (get16(out + 4) > 1)
        abort();
    if (get16(out + 4) == 1)
        at = name_skip(out, len, at) + 4;
    for (; records > 0; records--) {
        at = name_skip(out, len, at);
        if (len - at < RECORD_LEN ||
            len - at - RECORD_LEN < get16(out + at + 8))
            abort();
        at += RECORD_LEN + get16(out + at + 8);
    }
    if (at != len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t out[MESSAGE_LEN_MAX];
    static struct zone zone;
    struct zone_error error;
    size_t n;

    if (!zone.soa && !zone_read(text, sizeof(text) - 1, &zone, &error))
        abort();
    for (unsigned is_stream = 0; is_stream < 2; is_stream++) {
        n = answer(&zone, data, len, is_stream, out);
        if (n > (is_stream ? MESSAGE_LEN_MAX : UDP_LEN_MAX))
            abort();
        if (n > 0)
            check(data, out, n);
    }
    return 0;
}
