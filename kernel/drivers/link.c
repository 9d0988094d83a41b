/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.c - the parser of what the command sends on COM2.
 *
 * The sender is the host, which could do worse than send rubbish; still the
 * parser must stay inside its buffers and find the next good message.
 */
#include "drivers/link.h"

#include "core/string.h"

static unsigned header_type(const struct link_parser *p)
{
    return p->header[1];
}

static void message_end(struct link_parser *p)
{
    unsigned type = header_type(p);

    p->header_have = 0;
    if (type != LINK_STDIN && p->have <= LINK_SMALL_MAX)
        p->message(p->arg, type, p->small, p->have);
    p->have = 0;
}

static void header_byte(struct link_parser *p, uint8_t byte)
{
    if (p->header_have == 0 && byte != LINK_MAGIC)
        return; /* between messages: look for the next one */
    p->header[p->header_have++] = byte;
    if (p->header_have < sizeof(p->header))
        return;
    p->left = (uint16_t)(p->header[2] | p->header[3] << 8);
    p->have = 0;
    if (p->left > LINK_LEN_MAX) {
        p->header_have = 0;
        p->left = 0;
        return;
    }
    if (p->left == 0) {
        if (header_type(p) == LINK_STDIN)
            p->message(p->arg, LINK_STDIN, p->small, 0);
        message_end(p);
    }
}

void link_feed(struct link_parser *p, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t n;

        if (p->header_have < sizeof(p->header)) {
            header_byte(p, *data);
            data++;
            len--;
            continue;
        }
        n = MIN(len, (size_t)p->left);
        if (header_type(p) == LINK_STDIN)
            p->message(p->arg, LINK_STDIN, data, n);
        else if (p->have + n <= LINK_SMALL_MAX)
            memcpy(p->small + p->have, data, n);
        p->have = (uint16_t)(p->have + n);
        p->left = (uint16_t)(p->left - n);
        data += n;
        len -= n;
        if (p->left == 0)
            message_end(p);
    }
}
