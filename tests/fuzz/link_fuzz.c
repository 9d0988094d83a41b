/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link_fuzz.c - any bytes as what comes from the command: the parser stays
 * inside its buffers, keeps its promises about lengths, and gives the same
 * messages however the bytes are cut.
 */
/* unit: kernel/drivers/link.c */
#include <stdlib.h>

#include "drivers/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct seen {
    uint64_t hash;
    uint64_t stdin_bytes;
};

static void mix(uint64_t *hash, uint8_t byte)
{
    *hash = (*hash ^ byte) * 1099511628211ull;
}

/* Pieces of stdin may be cut differently, so only their bytes count. */
static void message(void *arg, unsigned type, const uint8_t *payload,
                    size_t len)
{
    struct seen *s = arg;

    if (type != LINK_STDIN && len > LINK_SMALL_MAX)
        abort();
    if (len > LINK_LEN_MAX)
        abort();
    if (type != LINK_STDIN || len == 0)
        mix(&s->hash, (uint8_t)type);
    for (size_t i = 0; i < len; i++)
        mix(&s->hash, payload[i]);
    if (type == LINK_STDIN)
        s->stdin_bytes += len;
}

static struct seen feed(const uint8_t *data, size_t len, size_t piece)
{
    struct seen s = { 14695981039346656037ull, 0 };
    struct link_parser p = { .message = message, .arg = &s };

    while (len > 0) {
        size_t n = piece < len ? piece : len;

        link_feed(&p, data, n);
        data += n;
        len -= n;
    }
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct seen whole = feed(data, len, len ? len : 1);
    struct seen bytes = feed(data, len, 1);
    struct seen odd = feed(data, len, 7);

    if (whole.hash != bytes.hash || whole.hash != odd.hash ||
        whole.stdin_bytes != bytes.stdin_bytes)
        abort();
    return 0;
}
