/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jitmap_fuzz.c - a file that a guest may have in its memory, read and parsed
 * as a map of code; and the input itself as such a file.
 */
/* unit: debug/guestfile.c debug/jitmap.c host/fault.c host/memory.c */
#include <stdint.h>

#include "debug/guestfile.h"
#include "debug/jitmap.h"
#include "tests/fuzz/inside_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void parse(const struct buf *file)
{
    struct jitmap m;
    size_t i;

    jitmap_parse(file, &m);
    for (i = 0; i < m.count && i < 64; i++) {
        const struct jitmap_code *c = jitmap_find(&m, m.code[i].start);

        if (!c || m.code[i].start - c->start >= c->len)
            abort();
    }
    (void)jitmap_find(&m, 0);
    (void)jitmap_find(&m, UINT64_MAX);
    jitmap_fini(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct core c;
    struct buf file = { 0 }, itself = { 0 };
    struct fault fault;
    char dir[2] = "t", name[3] = "ab";

    fake_core(&c, data, len);
    take(3, dir, 1);
    take(5, name, 2);
    if (guestfile_read(&c.in, dir, name, &file, &fault) == 0)
        parse(&file);
    buf_fini(&file);
    buf_add(&itself, data, len);
    parse(&itself);
    buf_fini(&itself);
    return 0;
}
