/* SPDX-License-Identifier: BSD-2-Clause */
/* message.c - see message.h. */
#include "message.h"

#include <string.h>

#define POINTER     0xc000u
#define POINTER_MAX 0x3fffu /* what a compressed name can point to */
#define CLASS_IN    1u

uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* ---- names ---- */

/* The name that begins at `at`, without compression. What is followed was
 * written here, so it ends. */
static void name_expand(const struct message *m, size_t at,
                        uint8_t out[NAME_LEN_MAX])
{
    size_t used = 0;

    while (m->bytes[at] != 0) {
        if (m->bytes[at] >= POINTER >> 8) {
            at = get16(m->bytes + at) & POINTER_MAX;
            continue;
        }
        memcpy(out + used, m->bytes + at, 1u + m->bytes[at]);
        used += 1u + m->bytes[at];
        at += 1u + m->bytes[at];
    }
    out[used] = 0;
}

void message_note_name(struct message *m, size_t at)
{
    while (m->bytes[at] != 0 && m->bytes[at] < POINTER >> 8 &&
           at <= POINTER_MAX && m->name_count < COMPRESSIONS_MAX) {
        m->name_at[m->name_count++] = (uint16_t)at;
        at += 1u + m->bytes[at];
    }
}

/* Where the name stands already, or 0. */
static size_t name_find(const struct message *m, const uint8_t *name)
{
    uint8_t known[NAME_LEN_MAX];

    for (unsigned i = 0; i < m->name_count; i++) {
        name_expand(m, m->name_at[i], known);
        if (name_compare(known, name) == 0)
            return m->name_at[i];
    }
    return 0;
}

static bool bytes_put(struct message *m, const void *from, size_t len)
{
    if (m->limit - m->len < len)
        return false;
    memcpy(m->bytes + m->len, from, len);
    m->len += len;
    return true;
}

static bool number_put(struct message *m, unsigned value)
{
    uint8_t bytes[2];

    put16(bytes, value);
    return bytes_put(m, bytes, 2);
}

/* Labels up to where the rest is known. */
static bool name_put(struct message *m, const uint8_t *name)
{
    size_t begin = m->len, at = 0;
    bool ok = true;

    while (ok && *name != 0 && (at = name_find(m, name)) == 0) {
        ok = bytes_put(m, name, 1u + *name);
        name = name_parent(name);
    }
    if (ok)
        ok = at ? number_put(m, POINTER | (unsigned)at) : bytes_put(m, "", 1);
    if (ok)
        message_note_name(m, begin);
    return ok;
}

/* ---- records ---- */

/* How many names the data begins with, after how many bytes. */
static unsigned names_in(uint16_t type, size_t *skip)
{
    *skip = type == TYPE_MX ? 2 : 0;
    switch (type) {
    case TYPE_SOA:
        return 2;
    case TYPE_NS:
    case TYPE_CNAME:
    case TYPE_PTR:
    case TYPE_MX:
        return 1;
    default:
        return 0;
    }
}

static bool data_put(struct message *m, const struct record *record)
{
    const uint8_t *at = record->data, *end = at + record->data_len;
    size_t skip;
    unsigned names = names_in(record->type, &skip);

    if (!bytes_put(m, at, skip))
        return false;
    for (at += skip; names > 0; names--, at += name_len(at))
        if (!name_put(m, at))
            return false;
    return bytes_put(m, at, (size_t)(end - at));
}

bool message_put_as(struct message *m, enum section section,
                    const struct record *record, const uint8_t *owner,
                    uint32_t ttl)
{
    size_t begin = m->len, length_at;
    unsigned names = m->name_count;
    bool ok = name_put(m, owner) && number_put(m, record->type) &&
              number_put(m, CLASS_IN) && number_put(m, ttl >> 16) &&
              number_put(m, ttl & 0xffff) && number_put(m, 0);

    length_at = m->len - 2;
    if (!ok || !data_put(m, record)) {
        m->len = begin;
        m->name_count = names;
        return false;
    }
    put16(m->bytes + length_at, (unsigned)(m->len - length_at - 2));
    put16(m->bytes + 4 + 2 * section, get16(m->bytes + 4 + 2 * section) + 1u);
    return true;
}

bool message_put(struct message *m, enum section section,
                 const struct record *record)
{
    return message_put_as(m, section, record, record->owner, record->ttl);
}
