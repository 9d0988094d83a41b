/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone_fuzz.c - any text as the zone file of examples/dns: refused with a line
 * that exists, or a zone that finds all that it holds.
 */
/* unit: examples/dns/name.c examples/dns/zone.c examples/dns/zone_read.c */
#include <stdlib.h>
#include <string.h>

#include "examples/dns/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0"; /* a zone lives as long as the program */
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
    return 0;
}
