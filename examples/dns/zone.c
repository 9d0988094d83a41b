/* SPDX-License-Identifier: BSD-2-Clause */
/* zone.c - looking names up: zone.h. */
#include "zone.h"

/* The first record that is not before (name, type). */
static size_t lower_bound(const struct zone *zone, const uint8_t *name,
                          uint16_t type)
{
    size_t low = 0, high = zone->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct record *r = &zone->record[middle];
        int order = name_compare(r->owner, name);

        if (order < 0 || (order == 0 && r->type < type))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct rrset zone_find(const struct zone *zone, const uint8_t *name,
                       uint16_t type)
{
    struct rrset set = { NULL, 0 };
    size_t at = lower_bound(zone, name, type);

    set.first = &zone->record[at];
    for (; at < zone->count && zone->record[at].type == type &&
           name_compare(zone->record[at].owner, name) == 0;
         at++)
        set.count++;
    return set;
}

bool zone_has_name(const struct zone *zone, const uint8_t *name)
{
    size_t at = lower_bound(zone, name, 0);

    return at < zone->count && name_is_within(zone->record[at].owner, name);
}
