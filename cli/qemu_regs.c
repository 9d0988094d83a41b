/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_regs.c - see qemu_regs.h.
 *
 * The text is QEMU's x86_cpu_dump_state(): NAME=VALUE, with blanks between a
 * short name and its sign, segments as "NAME =selector base limit flags", x87
 * as "FPRn=mantissa exponent", vectors as words, the highest first.
 */
#include "cli/qemu_regs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FX_LEN 512u

/* XSAVE's layout: Intel SDM 1, 13.4 and 13.5. */
#define XSTATE_BV   512u
#define AVX_OFF     576u
#define OPMASK_OFF  1088u
#define ZMM_HI_OFF  1152u /* the upper halves of 0 to 15 */
#define ZMM_NEW_OFF 1664u /* all of 16 to 31 */
#define BIT_X87     1ull
#define BIT_SSE     2ull
#define BIT_AVX     4ull
#define BIT_AVX512  0xe0ull
#define ZMM_WORDS   8u

/* Behind "NAME=" at the begin of a word; NULL: not there. */
static const char *find(const char *text, const char *name)
{
    size_t len = strlen(name);
    const char *at = text;

    while ((at = strstr(at, name))) {
        const char *after = at + len + strspn(at + len, " ");

        if ((at == text || strchr(" \n", at[-1])) && *after == '=')
            return after + 1;
        at += len;
    }
    return NULL;
}

/* Numbers in hexadecimal behind the name, as many as are wanted. */
static bool words(const char *text, const char *name, uint64_t *out,
                  unsigned count)
{
    const char *at = find(text, name);
    unsigned i;

    for (i = 0; at && i < count; i++) {
        char *end;

        out[i] = strtoull(at, &end, 16);
        if (end == at)
            return false;
        at = end;
    }
    return at != NULL;
}

static uint64_t word(const char *text, const char *name, bool *bad)
{
    uint64_t value = 0;

    if (!words(text, name, &value, 1))
        *bad = true;
    return value;
}

static void segment(const char *text, const char *name, uint64_t *selector,
                    uint64_t *base, bool *bad)
{
    uint64_t both[2] = { 0 };

    if (!words(text, name, both, 2))
        *bad = true;
    *selector = both[0];
    if (base)
        *base = both[1];
}

/* FXSAVE's: figure 10-3 of the SDM's volume 1, which has the tag word short. */
static void fx_parse(const char *text, uint8_t *fx, bool *bad)
{
    uint16_t control = (uint16_t)word(text, "FCW", bad);
    uint16_t status = (uint16_t)word(text, "FSW", bad);
    uint8_t tags = (uint8_t)word(text, "FTW", bad);
    uint32_t mxcsr = (uint32_t)word(text, "MXCSR", bad);
    unsigned i;

    memset(fx, 0, FX_LEN);
    memcpy(fx, &control, 2);
    memcpy(fx + 2, &status, 2);
    fx[4] = tags;
    memcpy(fx + 24, &mxcsr, 4);
    /* FPRn are by number, FXSAVE's by distance from the top. */
    for (i = 0; i < 8; i++) {
        char name[8];
        uint64_t value[2] = { 0 };
        unsigned at = (i - (status >> 11 & 7u)) & 7u;

        snprintf(name, sizeof(name), "FPR%u", i);
        if (!words(text, name, value, 2))
            *bad = true;
        memcpy(fx + 32 + 16 * at, &value[0], 8);
        memcpy(fx + 40 + 16 * at, &value[1], 2);
    }
}

/* Lowest word first; zeros where the CPU has shorter ones, or fewer. */
static unsigned vector_parse(const char *text, unsigned number,
                             uint64_t out[ZMM_WORDS])
{
    static const struct {
        const char *kind;
        unsigned count;
    } kinds[] = { { "ZMM", 8 }, { "YMM", 4 }, { "XMM", 2 } };
    uint64_t in[ZMM_WORDS];
    unsigned i, k;

    memset(out, 0, ZMM_WORDS * sizeof(out[0]));
    for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        char name[8];

        snprintf(name, sizeof(name), "%s%02u", kinds[k].kind, number);
        if (!words(text, name, in, kinds[k].count))
            continue;
        for (i = 0; i < kinds[k].count; i++)
            out[i] = in[kinds[k].count - 1 - i];
        return kinds[k].count;
    }
    return 0;
}

int qemu_regs_parse(const char *text, struct control_regs *out)
{
    bool bad = false;
    unsigned i;

    *out = (struct control_regs){
        .rax = word(text, "RAX", &bad),
        .rbx = word(text, "RBX", &bad),
        .rcx = word(text, "RCX", &bad),
        .rdx = word(text, "RDX", &bad),
        .rsi = word(text, "RSI", &bad),
        .rdi = word(text, "RDI", &bad),
        .rbp = word(text, "RBP", &bad),
        .rsp = word(text, "RSP", &bad),
        .r8 = word(text, "R8", &bad),
        .r9 = word(text, "R9", &bad),
        .r10 = word(text, "R10", &bad),
        .r11 = word(text, "R11", &bad),
        .r12 = word(text, "R12", &bad),
        .r13 = word(text, "R13", &bad),
        .r14 = word(text, "R14", &bad),
        .r15 = word(text, "R15", &bad),
        .rip = word(text, "RIP", &bad),
        .rflags = word(text, "RFL", &bad),
        .cr2 = word(text, "CR2", &bad),
        .cr3 = word(text, "CR3", &bad),
        .orig_rax = (uint64_t)-1,
    };
    segment(text, "CS", &out->cs, NULL, &bad);
    segment(text, "SS", &out->ss, NULL, &bad);
    segment(text, "DS", &out->ds, NULL, &bad);
    segment(text, "ES", &out->es, NULL, &bad);
    segment(text, "FS", &out->fs, &out->fs_base, &bad);
    segment(text, "GS", &out->gs, &out->gs_base, &bad);
    fx_parse(text, out->fx, &bad);
    for (i = 0; i < 16; i++) {
        uint64_t vector[ZMM_WORDS];

        if (vector_parse(text, i, vector) == 0)
            bad = true;
        memcpy(out->fx + 160 + 16 * i, vector, 16);
    }
    return bad ? -EPROTO : 0;
}

int qemu_regs_xstate(const char *text, uint8_t out[CONTROL_XSTATE_LEN])
{
    struct control_regs regs;
    uint64_t vector[ZMM_WORDS], present = BIT_X87 | BIT_SSE;
    unsigned i, longest = 0;
    int err = qemu_regs_parse(text, &regs);

    memset(out, 0, CONTROL_XSTATE_LEN);
    memcpy(out, regs.fx, sizeof(regs.fx));
    for (i = 0; i < 32; i++) {
        unsigned count = vector_parse(text, i, vector);

        longest = count > longest ? count : longest;
        if (i < 16) {
            memcpy(out + AVX_OFF + 16 * i, vector + 2, 16);
            memcpy(out + ZMM_HI_OFF + 32 * i, vector + 4, 32);
        } else {
            memcpy(out + ZMM_NEW_OFF + 64 * (i - 16), vector, 64);
        }
    }
    for (i = 0; i < 8; i++) {
        char name[12];

        snprintf(name, sizeof(name), "Opmask%02u", i);
        if (words(text, name, vector, 1))
            memcpy(out + OPMASK_OFF + 8 * i, vector, 8);
    }
    if (longest > 2)
        present |= BIT_AVX;
    if (longest > 4)
        present |= BIT_AVX512;
    memcpy(out + CONTROL_XSTATE_XCR0, &present, sizeof(present));
    memcpy(out + XSTATE_BV, &present, sizeof(present));
    return err;
}
