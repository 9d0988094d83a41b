/* SPDX-License-Identifier: BSD-2-Clause */
/* pcapng.c - see pcapng.h. */
#include "cli/pcapng.h"

#include <string.h>

#include "abi/control.h"
#include "host/clock.h"

#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_STATS     5u
#define BLOCK_PACKET    6u
#define BYTE_ORDER_MARK 0x1a2b3c4du
#define LINK_ETHERNET   1u

#define OPTION_END     0u
#define IF_NAME        2u
#define IF_TSRESOL     9u
#define EPB_FLAGS      2u
#define ISB_IFRECV     4u
#define ISB_IFDROP     5u
#define SHB_USERAPPL   4u
#define TSRESOL_NS     9u /* powers of ten */
#define FLAG_INBOUND   1u
#define FLAG_OUTBOUND  2u
#define OPTIONS_MAX    256u
#define NAME_SHOWN_MAX 128u

/* A block's fixed part, and behind its data, if it has some, its options. */
struct block {
    uint32_t type;
    const void *fixed;
    size_t fixed_len;
    const void *data;
    size_t data_len;
    uint8_t options[OPTIONS_MAX];
    size_t options_len;
};

static size_t padded(size_t len)
{
    return (len + 3) & ~(size_t)3;
}

static void add_option(struct block *b, uint16_t code, const void *value,
                       uint16_t len)
{
    uint16_t head[2] = { code, len };

    memcpy(b->options + b->options_len, head, sizeof(head));
    if (len > 0)
        memcpy(b->options + b->options_len + sizeof(head), value, len);
    b->options_len += sizeof(head) + padded(len);
}

static void put_block(FILE *to, struct block *b)
{
    static const uint8_t zeros[4];
    uint32_t len;

    add_option(b, OPTION_END, NULL, 0);
    len = (uint32_t)(12 + b->fixed_len + padded(b->data_len) + b->options_len);
    fwrite(&b->type, sizeof(b->type), 1, to);
    fwrite(&len, sizeof(len), 1, to);
    fwrite(b->fixed, b->fixed_len, 1, to);
    if (b->data_len > 0)
        fwrite(b->data, b->data_len, 1, to);
    fwrite(zeros, padded(b->data_len) - b->data_len, 1, to);
    fwrite(b->options, b->options_len, 1, to);
    fwrite(&len, sizeof(len), 1, to);
}

void pcapng_begin(struct pcapng *p, FILE *to, const char *name,
                  uint32_t frame_max)
{
    static const char application[] = "samara";
    const struct {
        uint32_t mark;
        uint16_t major, minor;
        int64_t section_len;
    } section = { BYTE_ORDER_MARK, 1, 0, -1 };
    const struct {
        uint16_t link, zero;
        uint32_t frame_max;
    } interface = { LINK_ETHERNET, 0, frame_max };
    const uint8_t resolution = TSRESOL_NS;
    struct block s = { .type = BLOCK_SECTION,
                       .fixed = &section,
                       .fixed_len = sizeof(section) };
    struct block i = { .type = BLOCK_INTERFACE,
                       .fixed = &interface,
                       .fixed_len = sizeof(interface) };

    *p = (struct pcapng){ .to = to };
    add_option(&s, SHB_USERAPPL, application, sizeof(application) - 1);
    put_block(to, &s);
    add_option(&i, IF_NAME, name, (uint16_t)strnlen(name, NAME_SHOWN_MAX));
    add_option(&i, IF_TSRESOL, &resolution, sizeof(resolution));
    put_block(to, &i);
}

void pcapng_frame(struct pcapng *p, const struct control_frame *f,
                  const void *data)
{
    const struct {
        uint32_t interface, time_high, time_low, kept, len;
    } packet = { 0, (uint32_t)(f->ns >> 32), (uint32_t)f->ns, f->kept, f->len };
    const uint32_t flags =
        f->direction == CONTROL_TO_GUEST ? FLAG_INBOUND : FLAG_OUTBOUND;
    struct block b = { .type = BLOCK_PACKET,
                       .fixed = &packet,
                       .fixed_len = sizeof(packet),
                       .data = data,
                       .data_len = f->kept };

    add_option(&b, EPB_FLAGS, &flags, sizeof(flags));
    put_block(p->to, &b);
    p->count++;
}

void pcapng_end(struct pcapng *p, uint64_t dropped)
{
    uint64_t now = clock_ns(CLOCK_REALTIME), received = p->count + dropped;
    const struct {
        uint32_t interface, time_high, time_low;
    } stats = { 0, (uint32_t)(now >> 32), (uint32_t)now };
    struct block b = { .type = BLOCK_STATS,
                       .fixed = &stats,
                       .fixed_len = sizeof(stats) };

    add_option(&b, ISB_IFRECV, &received, sizeof(received));
    add_option(&b, ISB_IFDROP, &dropped, sizeof(dropped));
    put_block(p->to, &b);
}
