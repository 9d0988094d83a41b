/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash_code.c - the instructions around the one that went wrong.
 *
 * Backwards there is no reading of machine code: the function's begin is where
 * an instruction begins for certain, if it is known and not too far away.
 */
#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#include "debug/crash.h"
#include "debug/symbolise.h"
#include "host/fault.h"

#define CODE_BEFORE 4096u /* bytes that are decoded on the way, at most */
#define CODE_AFTER  32u
#define ROWS        3u /* before the instruction, and behind it */
#define TEXT_LEN    128u

struct rows { /* the last ones */
    char text[ROWS][TEXT_LEN];
    unsigned count;
};

static bool decode(uint64_t va, const uint8_t *data, size_t len,
                   char text[TEXT_LEN], size_t *len_out)
{
    ZydisDisassembledInstruction insn;

    if (!ZYAN_SUCCESS(ZydisDisassembleATT(ZYDIS_MACHINE_MODE_LONG_64, va, data,
                                          len, &insn)))
        return false;
    snprintf(text, TEXT_LEN, "0x%016llx  %s", (unsigned long long)va,
             insn.text);
    *len_out = insn.info.length;
    return true;
}

static size_t code_read(const struct crash_scene *s, uint64_t from, size_t len,
                        uint8_t *out)
{
    struct inside *in = (struct inside *)(uintptr_t)&s->core.in;
    struct fault ignored;
    size_t done = 0;

    while (done < len) {
        size_t part = 4096 - (size_t)((from + done) % 4096);

        part = part < len - done ? part : len - done;
        if (inside_read(in, from + done, out + done, part, &ignored) != 0)
            break;
        done += part;
    }
    core_sites_restore(&s->core, from, out, done);
    return done;
}

/* False: what was decoded does not lead to rip. */
static bool rows_before(uint64_t from, const uint8_t *data, size_t len,
                        struct rows *rows)
{
    size_t at = 0, n;

    while (at < len && decode(from + at, data + at, len - at + 15,
                              rows->text[rows->count % ROWS], &n)) {
        rows->count++;
        at += n;
    }
    return at == len;
}

void crash_code(const struct crash_scene *s, uint64_t rip)
{
    uint8_t data[CODE_BEFORE + CODE_AFTER];
    struct symbolise_place p = { 0 };
    struct rows rows = { .count = 0 };
    uint64_t from = rip;
    char text[TEXT_LEN];
    size_t len, at, n;
    unsigned i;

    if (s->symbols && symbolise_find(s->symbols, rip, &p) && p.function &&
        p.function_off < CODE_BEFORE)
        from = rip - p.function_off;
    len = code_read(s, from, (size_t)(rip - from) + CODE_AFTER, data);
    at = (size_t)(rip - from);
    if (len <= at)
        return; /* a jump into nowhere */
    if (from != rip && rows_before(from, data, at, &rows))
        for (i = rows.count > ROWS ? rows.count - ROWS : 0; i < rows.count; i++)
            fprintf(stderr, "     %s\n", rows.text[i % ROWS]);
    for (i = 0; i <= ROWS && decode(from + at, data + at, len - at, text, &n);
         i++) {
        fprintf(stderr, "  %s %s\n", i == 0 ? "=>" : "  ", text);
        at += n;
    }
}
