/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode.h - the instructions after a system call, as far as they must move.
 *
 * What:      lengths, and what changes when an instruction is copied to
 *            another address. Knows the common integer instructions; anything
 *            else is refused, and the call's site then keeps trapping.
 * Errors:    decode: false for an instruction that is not known, or that does
 *            not fit into the bytes given.
 */
#ifndef ARCH_DECODE_H
#define ARCH_DECODE_H

#include "core/types.h"

enum insn_kind {
    INSN_PLAIN,  /* copy as it is */
    INSN_RIP,    /* has a disp32 relative to its end, at disp_off */
    INSN_JUMP,   /* jmp rel8/rel32: never continues */
    INSN_BRANCH, /* jcc rel8/rel32 */
    INSN_RETURN, /* ret, ud2, hlt, jmp through a register: never continues */
};

struct insn {
    enum insn_kind kind;
    unsigned len;
    unsigned disp_off;  /* INSN_RIP */
    unsigned condition; /* INSN_BRANCH: 0..15 */
    int32_t rel;        /* INSN_JUMP, INSN_BRANCH; INSN_RIP's displacement */
};

MUST_CHECK bool insn_decode(const uint8_t *code, size_t len, struct insn *out);

/* One-byte opcodes that raise #UD in 64-bit mode on every x86-64 CPU. */
#define INSN_TRAPPING 18u
extern const uint8_t insn_trapping[INSN_TRAPPING];
bool insn_is_trapping(uint8_t byte);

#endif
