/* SPDX-License-Identifier: BSD-2-Clause */
/* name.c - see name.h. */
#include "name.h"

#include <string.h>

#define LABEL_COUNT_MAX (NAME_LEN_MAX / 2 + 1)

size_t name_len(const uint8_t *name)
{
    const uint8_t *at = name;

    while (*at != 0)
        at += 1 + *at;
    return (size_t)(at - name) + 1;
}

const uint8_t *name_parent(const uint8_t *name)
{
    return name + 1 + *name;
}

/* Where each label begins, without the root's; how many there are. */
static size_t labels_of(const uint8_t *name,
                        const uint8_t *labels[LABEL_COUNT_MAX])
{
    size_t count = 0;

    for (; *name != 0; name = name_parent(name))
        labels[count++] = name;
    return count;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static int label_compare(const uint8_t *a, const uint8_t *b)
{
    size_t len = *a < *b ? *a : *b;

    for (size_t i = 1; i <= len; i++)
        if (lower(a[i]) != lower(b[i]))
            return lower(a[i]) < lower(b[i]) ? -1 : 1;
    return (*a > *b) - (*a < *b);
}

int name_compare(const uint8_t *a, const uint8_t *b)
{
    const uint8_t *a_labels[LABEL_COUNT_MAX], *b_labels[LABEL_COUNT_MAX];
    size_t a_count = labels_of(a, a_labels), b_count = labels_of(b, b_labels);

    while (a_count > 0 && b_count > 0) {
        int order = label_compare(a_labels[--a_count], b_labels[--b_count]);

        if (order != 0)
            return order;
    }
    return (a_count > 0) - (b_count > 0);
}

bool name_is_within(const uint8_t *name, const uint8_t *apex)
{
    const uint8_t *labels[LABEL_COUNT_MAX];
    size_t count = labels_of(name, labels);
    size_t apex_count =
        labels_of(apex, (const uint8_t *[LABEL_COUNT_MAX]){ 0 });

    if (count < apex_count)
        return false;
    for (; count > apex_count; count--)
        name = name_parent(name);
    return name_compare(name, apex) == 0;
}

bool name_take(const uint8_t *message, size_t len, size_t *at,
               uint8_t out[NAME_LEN_MAX])
{
    size_t begin = *at, pos = begin;

    for (;;) {
        size_t label_len;

        if (pos >= len)
            return false;
        label_len = message[pos];
        if (label_len > LABEL_LEN_MAX) /* a pointer, or of an unknown kind */
            return false;
        pos += 1 + label_len;
        if (pos > len || pos - begin > NAME_LEN_MAX)
            return false;
        if (label_len == 0)
            break;
    }
    memcpy(out, message + begin, pos - begin);
    *at = pos;
    return true;
}

int text_byte(const char *text, size_t len, size_t *at)
{
    uint8_t c = (uint8_t)text[(*at)++];
    unsigned value = 0;

    if (c != '\\')
        return c;
    if (*at == len)
        return -1;
    if (text[*at] < '0' || text[*at] > '9')
        return (uint8_t)text[(*at)++];
    if (len - *at < 3)
        return -1;
    for (unsigned i = 0; i < 3; i++) {
        unsigned digit = (unsigned)text[(*at)++] - '0';

        if (digit > 9)
            return -1;
        value = 10 * value + digit;
    }
    return value <= 255 ? (int)value : -1;
}

/* Behind the last label, at `used`: the root, or what names are relative to. */
static bool name_end(uint8_t *out, size_t used, const uint8_t *origin)
{
    size_t len = origin ? name_len(origin) : 1;

    if (used + len > NAME_LEN_MAX)
        return false;
    memcpy(out + used, origin ? origin : (const uint8_t *)"", len);
    return true;
}

bool name_from_text(const char *text, size_t len, const uint8_t *origin,
                    uint8_t out[NAME_LEN_MAX])
{
    size_t label = 0, used = 1, at = 0; /* label: where its length goes */

    if (len == 1 && text[0] == '@')
        return origin && name_end(out, 0, origin);
    if (len == 1 && text[0] == '.')
        return name_end(out, 0, NULL);
    while (at < len) {
        bool is_dot = text[at] == '.';
        int c = text_byte(text, len, &at);

        if (c < 0 || used >= NAME_LEN_MAX)
            return false;
        if (!is_dot) {
            out[used++] = (uint8_t)c;
            if (used - label - 1 > LABEL_LEN_MAX)
                return false;
            continue;
        }
        if (used == label + 1)
            return false; /* two dots, or one to begin with */
        out[label] = (uint8_t)(used - label - 1);
        label = used++;
    }
    if (used == label + 1) /* the last character was a dot */
        return label > 0 && name_end(out, label, NULL);
    out[label] = (uint8_t)(used - label - 1);
    return origin && name_end(out, used, origin);
}
