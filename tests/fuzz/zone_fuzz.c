/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone_fuzz.c - any text as the zone file of examples/dns: refused with a line
 * that exists, or a zone that finds all that it holds.
 */
/* unit: examples/dns/name.c examples/dns/zone.c examples/dns/zone_read.c */
/* unit-flags: -Dmalloc=zone_malloc -Dcalloc=zone_calloc -Drealloc=zone_realloc
 * -Dfree=zone_free */
#include <stdlib.h>
#include <string.h>

#include "examples/dns/zone.h"

#undef malloc
#undef calloc
#undef realloc
#undef free

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
void *malloc(size_t len);
void *realloc(void *old, size_t len);
void free(void *p);

/* A zone lives as long as its program: what it has is freed here instead. */
#define LIVE_MAX 65536u
static void *live[LIVE_MAX];
static size_t live_count;

static void **live_find(void *p)
{
    size_t i = live_count;

    while (i > 0 && live[i - 1] != p)
        i--;
    if (i == 0)
        abort();
    return &live[i - 1];
}

void *zone_malloc(size_t len)
{
    void *p = live_count < LIVE_MAX ? malloc(len) : NULL;

    if (p)
        live[live_count++] = p;
    return p;
}

void *zone_calloc(size_t count, size_t len)
{
    void *p = zone_malloc(count * len);

    return p ? memset(p, 0, count * len) : NULL;
}

void *zone_realloc(void *old, size_t len)
{
    void **place = old ? live_find(old) : NULL;

    if (!place)
        return zone_malloc(len);
    return *place = realloc(old, len);
}

void zone_free(void *p)
{
    void **place;

    if (!p)
        return;
    place = live_find(p);
    live_count--;
    *place = live[live_count];
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct zone zone;
    struct zone_error error;
    char *text = malloc(len ? len : 1); /* exact, for ASan */

    if (len > 0)
        memcpy(text, data, len);
    if (!zone_read(text, len, &zone, &error)) {
        if (error.line > len + 1 || !error.text)
            abort();
    } else {
        for (size_t i = 0; i < zone.count; i++)
            if (zone_find(&zone, zone.record[i].owner, zone.record[i].type)
                        .count == 0 ||
                !zone_has_name(&zone, zone.record[i].owner))
                abort();
    }
    free(text);
    while (live_count > 0)
        free(live[--live_count]);
    return 0;
}
