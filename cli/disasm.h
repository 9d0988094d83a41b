/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disasm.h - a program's instructions, as far as system calls need them.
 *
 * What:      reads what objdump says about all executable sections: where
 *            control goes, and what becomes of the general registers. Of
 *            values only constants and copies are followed; for all else it is
 *            enough to know which registers change.
 * Ownership: disasm_fini() frees.
 * Errors:    0 or -errno with a fault: no objdump, or it does not like the
 *            file.
 */
#ifndef CLI_DISASM_H
#define CLI_DISASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/memory.h"

struct fault;

#define DISASM_TEXT_MAX (512u << 20) /* bytes that objdump may say */
#define REG_COUNT       16u          /* rax rcx rdx rbx rsp rbp rsi rdi r8.. */
#define NUMBER_REG      0u /* rax, which says which system call it is */

enum insn_kind {
    INSN_OTHER,
    INSN_NOP,     /* padding, as a rule */
    INSN_CONST,   /* dst = imm */
    INSN_LOW,     /* the lowest byte of dst = imm */
    INSN_COPY,    /* dst = src */
    INSN_EITHER,  /* dst = src, or stays */
    INSN_SYSCALL, /* by the syscall instruction */
    INSN_LEGACY,  /* by another: int 0x80, sysenter */
    INSN_BRANCH,  /* may go to target */
    INSN_JUMP,    /* goes to target; 0: to wherever a register says */
    INSN_CALL,    /* the same, and comes back */
    INSN_RETURN,
    INSN_END, /* goes nowhere: hlt, ud2 */
};

struct insn {
    uint64_t addr;
    uint64_t target; /* of a jump; or an address that it has as a value */
    int64_t imm;
    const char *where; /* the symbol before, not ended by a zero: '>' */
    uint16_t changes;  /* registers, by bit */
    uint8_t kind;
    uint8_t dst, src;
    bool is_locked; /* begins with that prefix, which jumps may leave out */
};

struct disasm {
    struct insn *insn; /* by address */
    size_t count;
    struct buf text; /* objdump's, which `where` points into */
};

int disasm_read(const char *path, struct disasm *d, struct fault *fault);
void disasm_fini(struct disasm *d);
/* The index of the instruction that begins at addr, or count. */
size_t disasm_find(const struct disasm *d, uint64_t addr);

#endif
