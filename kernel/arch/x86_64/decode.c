/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode.c - see decode.h. Intel SDM volume 2, chapter 2 and appendix A.
 *
 * Tables of opcodes that need no change when moved: each names the immediate
 * that follows. Opcodes that touch the instruction pointer are told apart.
 */
#include "arch/x86_64/decode.h"
#include "core/string.h"

/* What follows an opcode. */
enum {
    NO, /* not known */
    X,  /* nothing */
    I1, /* imm8 */
    I4, /* imm32 (imm16 with 0x66) */
    M,  /* modrm */
    M1, /* modrm, imm8 */
    M4, /* modrm, imm32 */
};

static uint8_t one_byte(uint8_t op)
{
    if (op < 0x40) { /* the eight arithmetic operations */
        static const uint8_t form[8] = { M, M, M, M, I1, I4, NO, NO };

        return form[op & 7];
    }
    if (op >= 0x50 && op <= 0x5f) /* push, pop */
        return X;
    if (op >= 0xb0 && op <= 0xb7) /* mov r8, imm8 */
        return I1;
    if (op >= 0xb8 && op <= 0xbf) /* mov r32, imm32; REX.W: see below */
        return I4;
    switch (op) {
    case 0x63: /* movsxd */
    case 0x84: /* test, xchg, mov, lea */
    case 0x85:
    case 0x86:
    case 0x87:
    case 0x88:
    case 0x89:
    case 0x8a:
    case 0x8b:
    case 0x8d:
    case 0xd0: /* shifts */
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return M;
    case 0x68: /* push imm32 */
    case 0xa9: /* test eax, imm32 */
        return I4;
    case 0x6a: /* push imm8 */
    case 0xa8:
        return I1;
    case 0x69: /* imul */
    case 0x81:
    case 0xc7:
        return M4;
    case 0x6b:
    case 0x80:
    case 0x83:
    case 0xc0:
    case 0xc1:
    case 0xc6:
        return M1;
    case 0x90: /* nop */
    case 0x98: /* cdqe, cqo */
    case 0x99:
        return X;
    }
    return NO;
}

static uint8_t two_byte(uint8_t op)
{
    if (op >= 0x40 && op <= 0x4f) /* cmov */
        return M;
    if (op >= 0x90 && op <= 0x9f) /* setcc */
        return M;
    switch (op) {
    case 0x1e: /* endbr, nop */
    case 0x1f:
    case 0xaf: /* imul */
    case 0xb6: /* movzx, movsx */
    case 0xb7:
    case 0xbe:
    case 0xbf:
        return M;
    }
    return NO;
}

/* Length of modrm, sib and displacement; 0 when it does not fit. */
static size_t modrm_len(const uint8_t *p, size_t left, bool *is_rip)
{
    uint8_t mod, rm;
    size_t len = 1;

    *is_rip = false;
    if (left < 1)
        return 0;
    mod = p[0] >> 6;
    rm = p[0] & 7;
    if (mod == 3)
        return 1;
    if (rm == 4) {
        if (left < 2)
            return 0;
        len = 2;
        if (mod == 0 && (p[1] & 7) == 5)
            len += 4;
    } else if (mod == 0 && rm == 5) {
        *is_rip = true;
        len += 4;
    }
    return len + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

static int32_t read_rel(const uint8_t *p, bool wide)
{
    int32_t rel;

    if (!wide)
        return (int8_t)*p;
    memcpy(&rel, p, sizeof(rel));
    return rel;
}

static bool finish(struct insn *out, enum insn_kind kind, size_t len,
                   size_t left)
{
    out->kind = kind;
    out->len = (unsigned)len;
    return len <= left;
}

/* Jumps, branches, returns. at: offset of the opcode. */
static bool decode_flow(const uint8_t *code, size_t len, size_t at,
                        struct insn *out)
{
    uint8_t op = code[at];
    bool wide;

    if (op == 0xc3 || op == 0xf4 || op == 0xcc)
        return finish(out, INSN_RETURN, at + 1, len);
    if (op == 0xff) { /* jmp *reg */
        if (at + 2 > len || code[at + 1] < 0xe0 || code[at + 1] > 0xe7)
            return false;
        return finish(out, INSN_RETURN, at + 2, len);
    }
    if (op == 0xeb || op == 0xe9 || op >> 4 == 7) {
        wide = op == 0xe9;
        if (!finish(out, op >> 4 == 7 ? INSN_BRANCH : INSN_JUMP,
                    at + 1 + (wide ? 4 : 1), len))
            return false;
        out->condition = op & 15;
        out->rel = read_rel(code + at + 1, wide);
        return true;
    }
    if (op != 0x0f || at + 2 > len)
        return false;
    if (code[at + 1] == 0x0b)
        return finish(out, INSN_RETURN, at + 2, len);
    if (code[at + 1] >> 4 != 8 || at + 6 > len)
        return false;
    out->condition = code[at + 1] & 15;
    out->rel = read_rel(code + at + 2, true);
    return finish(out, INSN_BRANCH, at + 6, len);
}

bool insn_decode(const uint8_t *code, size_t len, struct insn *out)
{
    bool op16 = false, rex_w = false, is_rip = false;
    uint8_t form;
    size_t at = 0, n;

    memset(out, 0, sizeof(*out));
    while (at < len && (code[at] == 0x66 || code[at] == 0xf3)) {
        op16 |= code[at] == 0x66;
        at++;
    }
    if (at < len && code[at] >> 4 == 4)
        rex_w = code[at++] & 8;
    if (at >= len)
        return false;
    if (at == 0 && decode_flow(code, len, at, out))
        return true;
    if (code[at] == 0x0f) {
        if (++at >= len)
            return false;
        form = two_byte(code[at]);
    } else {
        form = one_byte(code[at]);
        if (code[at] == 0xf6 || code[at] == 0xf7) /* test has an immediate */
            form = at + 1 >= len               ? NO
                   : (code[at + 1] & 0x38) > 8 ? M
                   : code[at] == 0xf6          ? M1
                                               : M4;
        if (code[at] == 0xfe || code[at] == 0xff) /* inc, dec, push */
            form = at + 1 < len && ((code[at + 1] & 0x38) < 0x10 ||
                                    (code[at + 1] & 0x38) == 0x30)
                       ? M
                       : NO;
    }
    n = at + 1;
    if (form == NO || (op16 && (form == I4 || form == M4)))
        return false;
    if (form == I4 && rex_w && code[at] >> 3 == 0xb8 >> 3)
        n += 4; /* mov r64, imm64 */
    if (form >= M) {
        size_t m = modrm_len(code + n, n < len ? len - n : 0, &is_rip);

        if (m == 0)
            return false;
        out->disp_off = (unsigned)n + 1;
        n += m;
    }
    n += form == I1 || form == M1 ? 1 : form == I4 || form == M4 ? 4 : 0;
    if (!finish(out, is_rip ? INSN_RIP : INSN_PLAIN, n, len))
        return false;
    if (is_rip)
        out->rel = read_rel(code + out->disp_off, true);
    return true;
}

const uint8_t insn_trapping[INSN_TRAPPING] = { 0x06, 0x07, 0x0e, 0x16, 0x17,
                                               0x1e, 0x1f, 0x27, 0x2f, 0x37,
                                               0x3f, 0x60, 0x61, 0x82, 0x9a,
                                               0xce, 0xd4, 0xea };

/* The same as bits: a search for a place asks thousands of times. */
bool insn_is_trapping(uint8_t byte)
{
    static const uint64_t bits[4] = { 0x80808080c0c040c0ull,
                                      0x0000000300000000ull,
                                      0x0000000004000004ull,
                                      0x0000040000104000ull };

    return bits[byte / 64] >> (byte % 64) & 1;
}
