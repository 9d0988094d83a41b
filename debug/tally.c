/* SPDX-License-Identifier: BSD-2-Clause */
/* tally.c - a whole and its parts: see map.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "debug/map.h"
#include "host/memory.h"

#define BUCKETS_FIRST 256u
#define ROWS          24u /* parts that are worth a line */

static size_t hash(const char *name)
{
    size_t h = 0x811c9dc5u;

    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 0x01000193u;
    return h;
}

static size_t bucket_find(const struct tally *t, const char *name)
{
    size_t at = hash(name) & (t->bucket_count - 1);

    while (t->bucket[at] != 0 &&
           strcmp(t->part[t->bucket[at] - 1].name, name) != 0)
        at = (at + 1) & (t->bucket_count - 1);
    return at;
}

static void grow(struct tally *t)
{
    size_t i;

    free(t->bucket);
    t->bucket_count = t->bucket_count ? t->bucket_count * 2 : BUCKETS_FIRST;
    t->bucket = mem_alloc(t->bucket_count * sizeof(t->bucket[0]));
    for (i = 0; i < t->part_count; i++)
        t->bucket[bucket_find(t, t->part[i].name)] = (uint32_t)i + 1;
}

void tally_add(struct tally *t, const char *name, uint64_t len, uint64_t count)
{
    size_t at;

    if (len == 0)
        return;
    if (t->bucket_count < 2 * (t->part_count + 1))
        grow(t);
    at = bucket_find(t, name);
    if (t->bucket[at] == 0) {
        if (t->part_count == t->part_room) {
            t->part_room = t->part_room * 2 + 64;
            t->part = mem_resize(t->part, t->part_room * sizeof(t->part[0]));
        }
        t->part[t->part_count++] =
            (struct tally_part){ .name = mem_strdup(name) };
        t->bucket[at] = (uint32_t)t->part_count;
    }
    t->part[t->bucket[at] - 1].len += len;
    t->part[t->bucket[at] - 1].count += count;
    t->total += len;
}

void tally_fini(struct tally *t)
{
    size_t i;

    for (i = 0; i < t->part_count; i++)
        free(t->part[i].name);
    free(t->part);
    free(t->bucket);
    memset(t, 0, sizeof(*t));
}

/* ---- showing ---- */

static int compare(const void *a, const void *b)
{
    const struct tally_part *x = a, *y = b;

    if (x->len != y->len)
        return x->len > y->len ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void sort(struct tally *t)
{
    if (t->part_count > 0)
        qsort(t->part, t->part_count, sizeof(t->part[0]), compare);
    free(t->bucket); /* it has the old order */
    t->bucket = NULL;
    t->bucket_count = 0;
}

static void print_row(const struct tally *t, uint64_t len, const char *name)
{
    printf("%12.1f %6.2f  ", (double)len / 1024,
           t->total ? 100.0 * (double)len / (double)t->total : 0);
    print_plain_string(name);
}

void tally_print(struct tally *t, bool all)
{
    uint64_t rest = 0;
    size_t i, shown;
    char text[64];

    sort(t);
    shown = all || t->part_count <= ROWS ? t->part_count : ROWS;
    printf("%s\n%12s %6s\n", t->title, "KIB", "%");
    for (i = 0; i < shown; i++) {
        print_row(t, t->part[i].len, t->part[i].name);
        if (t->part[i].count > 1)
            printf(", %" PRIu64, t->part[i].count);
        putchar('\n');
    }
    for (; i < t->part_count; i++)
        rest += t->part[i].len;
    if (rest > 0) {
        snprintf(text, sizeof(text), "%zu others (--all)",
                 t->part_count - shown);
        print_row(t, rest, text);
        putchar('\n');
    }
    print_row(t, t->total, "in all");
    printf("\n\n");
}

void tally_print_json(struct tally *t)
{
    size_t i;

    sort(t);
    printf(",\n \"%s\": {\"total\": %" PRIu64 ", \"parts\": [", t->name,
           t->total);
    for (i = 0; i < t->part_count; i++) {
        fputs(i > 0 ? ",\n  {\"name\": " : "\n  {\"name\": ", stdout);
        print_json_string(stdout, t->part[i].name);
        printf(", \"bytes\": %" PRIu64 ", \"count\": %" PRIu64 "}",
               t->part[i].len, t->part[i].count);
    }
    printf("]}");
}
