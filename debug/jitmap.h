/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jitmap.h - names of code that was made at run time: perf's map files.
 *
 * What:      lines "START LENGTH NAME" in hexadecimal, as interpreters write
 *            them to /tmp/perf-PID.map. The text is the guest's; what is no
 *            such line is left out.
 * Ownership: jitmap_fini() frees; all zero is an empty map.
 */
#ifndef DEBUG_JITMAP_H
#define DEBUG_JITMAP_H

#include <stddef.h>
#include <stdint.h>

struct buf;

struct jitmap_code {
    uint64_t start, len;
    size_t line; /* a later one replaces what was there */
    const char *name;
};

struct jitmap {
    char *text;
    struct jitmap_code *code; /* by start, then by line */
    size_t count;
    uint64_t len_max; /* of the longest */
};

void jitmap_parse(const struct buf *file, struct jitmap *out);
void jitmap_fini(struct jitmap *m);
/* NULL: none is there. */
const struct jitmap_code *jitmap_find(const struct jitmap *m, uint64_t va);

#endif
