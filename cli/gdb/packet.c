/* SPDX-License-Identifier: BSD-2-Clause */
/* packet.c - see packet.h. "Overview" of gdb's manual, appendix E. */
#include "cli/gdb/packet.h"

#include <stdio.h>
#include <string.h>

#include "host/memory.h"

#define ESCAPE     0x7d
#define ESCAPE_XOR 0x20

enum { OUTSIDE, INSIDE, SUM_1, SUM_2 };

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void begin(struct packet_reader *r)
{
    r->state = INSIDE;
    r->len = 0;
    r->sum = 0;
    r->is_escaped = r->is_too_long = false;
}

static enum packet_event outside(struct packet_reader *r, uint8_t byte)
{
    switch (byte) {
    case '$':
        begin(r);
        return PACKET_NONE;
    case '+':
        return PACKET_ACK;
    case '-':
        return PACKET_NAK;
    case 3:
        return PACKET_INTERRUPT;
    default:
        return PACKET_NONE;
    }
}

static void inside(struct packet_reader *r, uint8_t byte)
{
    if (byte == '#') {
        r->state = SUM_1;
        return;
    }
    r->sum = (uint8_t)(r->sum + byte);
    if (byte == ESCAPE && !r->is_escaped) {
        r->is_escaped = true;
        return;
    }
    if (r->len == PACKET_MAX) {
        r->is_too_long = true;
        return;
    }
    r->data[r->len++] = r->is_escaped ? byte ^ ESCAPE_XOR : byte;
    r->is_escaped = false;
}

static enum packet_event end(struct packet_reader *r, uint8_t byte)
{
    int low = digit(byte), high = digit(r->want);

    r->state = OUTSIDE;
    r->data[r->len] = '\0';
    if (low < 0 || high < 0 || high << 4 != (r->sum & 0xf0) ||
        low != (r->sum & 0xf) || r->is_too_long || r->is_escaped)
        return PACKET_BAD;
    return PACKET_DATA;
}

enum packet_event packet_feed(struct packet_reader *r, uint8_t byte)
{
    if (r->state == OUTSIDE)
        return outside(r, byte);
    if (byte == '$') { /* never inside: the last one was cut off */
        begin(r);
        return PACKET_NONE;
    }
    switch (r->state) {
    case INSIDE:
        inside(r, byte);
        return PACKET_NONE;
    case SUM_1:
        r->want = byte;
        r->state = SUM_2;
        return PACKET_NONE;
    default:
        return end(r, byte);
    }
}

void packet_add(struct buf *out, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint8_t sum = 0;
    char tail[4];
    size_t i;

    buf_add(out, "$", 1);
    for (i = 0; i < len; i++) {
        uint8_t pair[2] = { ESCAPE, bytes[i] ^ ESCAPE_XOR };

        if (strchr("#$*}", bytes[i]) && bytes[i] != '\0') {
            buf_add(out, pair, 2);
            sum = (uint8_t)(sum + pair[0] + pair[1]);
            continue;
        }
        buf_add(out, &bytes[i], 1);
        sum = (uint8_t)(sum + bytes[i]);
    }
    snprintf(tail, sizeof(tail), "#%02x", sum);
    buf_add(out, tail, 3);
}

void packet_hex(struct buf *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    size_t i;

    for (i = 0; i < len; i++) {
        const char pair[2] = { digits[bytes[i] >> 4], digits[bytes[i] & 15] };

        buf_add(out, pair, 2);
    }
}

bool packet_number(const char **at, uint64_t *out)
{
    const char *from = *at;
    uint64_t value = 0;
    int d;

    while ((d = digit((uint8_t) * *at)) >= 0) {
        if (value >> 60)
            return false;
        value = value << 4 | (uint64_t)d;
        ++*at;
    }
    *out = value;
    return *at > from;
}

bool packet_bytes(const char **at, void *out, size_t len)
{
    uint8_t *bytes = out;
    size_t i;

    for (i = 0; i < len; i++) {
        int high = digit((uint8_t)(*at)[0]), low;

        if (high < 0 || (low = digit((uint8_t)(*at)[1])) < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
        *at += 2;
    }
    return true;
}

bool packet_word(const char **at, const char *word)
{
    size_t len = strlen(word);

    if (strncmp(*at, word, len) != 0)
        return false;
    *at += len;
    return true;
}

bool packet_string(const char **at, char *out, size_t room)
{
    size_t len = 0;

    while (digit((uint8_t) * *at) >= 0) {
        if (len + 1 >= room || !packet_bytes(at, &out[len], 1))
            return false;
        len++;
    }
    out[len] = '\0';
    return strlen(out) == len;
}
