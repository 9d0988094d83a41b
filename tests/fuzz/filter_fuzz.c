/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_fuzz.c - programs of SO_ATTACH_FILTER and packets for them, from
 * anybody: what is found sound ends, and reads nothing but the packet.
 *
 * The first byte says how long the program is; a packet in two parts follows.
 */
/* unit: kernel/net/filter.c */
#include <stdlib.h>
#include <string.h>

#include "net/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A copy that is as long as its bytes, so that reading on is noticed. */
static void *copy(const uint8_t *from, size_t len)
{
    void *p = malloc(len ? len : 1);

    if (p && len)
        memcpy(p, from, len);
    return p;
}

static void run(const struct filter *f, const uint8_t *data, uint32_t len)
{
    uint32_t cut = len / 3;
    struct netdev_part parts[] = {
        { copy(data, cut), cut },
        { copy(data + cut, len - cut), len - cut },
    };
    struct filter_view v = { .parts = parts,
                             .part_count = 2,
                             .end = len,
                             .network = 14,
                             .has_link = len & 1,
                             .start = len >= 14 && len & 2 ? 14 : 0 };

    if (parts[0].data && parts[1].data)
        (void)filter_run(f, &v);
    for (unsigned i = 0; i < 2; i++)
        free((void *)(uintptr_t)parts[i].data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    unsigned count = len ? data[0] % 64u : 0;
    size_t code_len = count * sizeof(struct sock_filter);
    struct filter *f;
    uint16_t *room;

    if (len < 1 + code_len || len > 4096)
        return 0;
    f = malloc(sizeof(*f) + code_len);
    room = malloc(count * sizeof(*room) + 1);
    if (f && room) {
        f->len = count;
        memcpy(f->code, data + 1, code_len);
        if (filter_is_sound(f->code, count, room))
            run(f, data + 1 + code_len, (uint32_t)(len - 1 - code_len));
    }
    free(room);
    free(f);
    return 0;
}
