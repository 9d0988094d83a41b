/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_fuzz.c - what a guest may have in its memory when that is mapped.
 *
 * Whatever it is, each page has one kind, and the heap's rows are pages.
 */
/* unit: debug/map_memory.c debug/pageframes.c debug/stopped.c
 * debug/tally.c cli/core_edges.c cli/core_file.c cli/core_memory.c
 * cli/core_regs.c cli/core_sites.c cli/core_notes.c cli/frames.c
 * cli/print.c host/fault.c host/file.c host/memory.c */
#include <stdint.h>

#include "cli/guest.h"
#include "debug/map.h"
#include "debug/symbolise.h"
#include "tests/fuzz/inside_fake.h"
#include "tests/fuzz/inside_still.h"
#include "tests/fuzz/symbolise_none.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* ---- what the map needs, and is not under test ---- */

int inside_open(struct inside *in, const struct guest *g, struct fault *fault)
{
    static struct core c;

    (void)g;
    (void)fault;
    fake_core(&c, input.data, input.len);
    *in = c.in;
    return 0;
}

int inside_translate(struct inside *in, uint64_t va, uint64_t *gpa_out,
                     size_t *len_out, struct fault *fault)
{
    (void)in;
    (void)fault;
    *gpa_out = va % (2 * RAM_LEN);
    *len_out = 4096 - va % 4096;
    return 0;
}

bool frames_open(struct frames *f, const uint8_t *build_id, size_t len)
{
    (void)build_id;
    (void)len;
    *f = (struct frames){ .data = input.data, .len = input.len };
    return true;
}

void frames_fini(struct frames *f)
{
    *f = (struct frames){ 0 };
}

bool symbolise_find(struct symbolise *s, uint64_t va,
                    struct symbolise_place *out)
{
    (void)s;
    *out = (struct symbolise_place){ .function = va % 3 ? "f" : NULL };
    return true;
}

/* ---- the test ---- */

static void sum_check(const struct tally *t)
{
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i < t->part_count; i++)
        sum += t->part[i].len;
    if (sum != t->total)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char machine[] = "monitor", qemu[] = "qemu";
    struct guest g = { .machine = len % 2 ? machine : qemu };
    struct map_memory m;
    struct fault fault;

    input.data = data;
    input.len = len;
    if (map_memory(&g, &m, &fault) != 0)
        return 0;
    sum_check(&m.memory);
    sum_check(&m.heap);
    if (m.memory.total != (len % 2 ? RAM_LEN / 2 : RAM_LEN) ||
        m.heap.total % 4096 != 0)
        abort();
    map_memory_fini(&m);
    return 0;
}
