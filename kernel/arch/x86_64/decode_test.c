/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode_test.c - lengths and kinds of the instructions behind system calls.
 *
 * Method: hand-assembled bytes with the answer beside them; then every prefix
 * of each, which must be refused and never read past its end.
 */
/* unit: kernel/arch/x86_64/decode.c kernel/core/string.c */
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/decode.h"
#include "tests/unit.h"

static const struct {
    const char *name;
    uint8_t code[12];
    unsigned len;
    enum insn_kind kind;
} cases[] = {
    { "cmp $-4095,%rax", { 0x48, 0x3d, 1, 0xf0, 0xff, 0xff }, 6, INSN_PLAIN },
    { "cmp $-4096,%eax", { 0x3d, 0, 0xf0, 0xff, 0xff }, 5, INSN_PLAIN },
    { "ret", { 0xc3 }, 1, INSN_RETURN },
    { "test %eax,%eax", { 0x85, 0xc0 }, 2, INSN_PLAIN },
    { "mov %rax,%rdi", { 0x48, 0x89, 0xc7 }, 3, INSN_PLAIN },
    { "mov 8(%rsp),%rax", { 0x48, 0x8b, 0x44, 0x24, 8 }, 5, INSN_PLAIN },
    { "mov x(%rip),%rax", { 0x48, 0x8b, 5, 1, 2, 3, 4 }, 7, INSN_RIP },
    { "cmpl $1,x(%rip)", { 0x83, 0x3d, 1, 2, 3, 4, 1 }, 7, INSN_RIP },
    { "movl $1,x(%rip)", { 0xc7, 5, 1, 2, 3, 4, 1, 0, 0, 0 }, 10, INSN_RIP },
    { "mov $1,%eax", { 0xb8, 1, 0, 0, 0 }, 5, INSN_PLAIN },
    { "movabs $1,%rax",
      { 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8 },
      10,
      INSN_PLAIN },
    { "jmp rel8", { 0xeb, 0xfe }, 2, INSN_JUMP },
    { "jmp rel32", { 0xe9, 1, 0, 0, 0 }, 5, INSN_JUMP },
    { "ja rel8", { 0x77, 0x10 }, 2, INSN_BRANCH },
    { "jae rel32", { 0x0f, 0x83, 1, 0, 0, 0 }, 6, INSN_BRANCH },
    { "jmp *%rax", { 0xff, 0xe0 }, 2, INSN_RETURN },
    { "ud2", { 0x0f, 0x0b }, 2, INSN_RETURN },
    { "hlt", { 0xf4 }, 1, INSN_RETURN },
    { "endbr64", { 0xf3, 0x0f, 0x1e, 0xfa }, 4, INSN_PLAIN },
    { "nopw", { 0x66, 0x0f, 0x1f, 0x44, 0, 0 }, 6, INSN_PLAIN },
    { "pop %r12", { 0x41, 0x5c }, 2, INSN_PLAIN },
    { "test $1,%cl", { 0xf6, 0xc1, 1 }, 3, INSN_PLAIN },
    { "neg %eax", { 0xf7, 0xd8 }, 2, INSN_PLAIN },
    { "and $0x10,%esp", { 0x83, 0xe4, 0xf0 }, 3, INSN_PLAIN },
    { "cmovs %ecx,%eax", { 0x0f, 0x48, 0xc1 }, 3, INSN_PLAIN },
};

/* call, syscall, AVX, moffs, far jumps, loops: not moved */
static const uint8_t refused[][8] = {
    { 0xe8, 0, 0, 0, 0 }, { 0xff, 0xd0 },          { 0x0f, 0x05 },
    { 0xc5, 0xf8, 0x77 }, { 0xa0, 0, 0, 0, 0, 0 }, { 0xea },
    { 0xe2, 0xfe },       { 0xff, 0x25, 0, 0 },    { 0x0f, 0xae, 0xf0 },
};

TEST(knows_common_instructions)
{
    struct insn i;

    for (unsigned n = 0; n < ARRAY_LEN(cases); n++) {
        CHECK(insn_decode(cases[n].code, sizeof(cases[n].code), &i));
        CHECK_EQ(i.len, cases[n].len);
        CHECK_EQ(i.kind, cases[n].kind);
    }
}

TEST(refuses_what_does_not_fit)
{
    struct insn i;

    for (unsigned n = 0; n < ARRAY_LEN(cases); n++) {
        for (unsigned len = 0; len < cases[n].len; len++) {
            uint8_t *exact = malloc(len + !len); /* ASan guards its end */

            memcpy(exact, cases[n].code, len);
            CHECK(!insn_decode(exact, len, &i) || i.len <= len);
            free(exact);
        }
    }
}

TEST(refuses_what_cannot_move)
{
    struct insn i;

    for (unsigned n = 0; n < ARRAY_LEN(refused); n++)
        CHECK(!insn_decode(refused[n], sizeof(refused[n]), &i));
}

TEST(reads_displacements)
{
    static const uint8_t rip[] = { 0x48, 0x8b, 5, 0xfc, 0xff, 0xff, 0xff };
    static const uint8_t back[] = { 0xeb, 0xfe };
    struct insn i;

    CHECK(insn_decode(rip, sizeof(rip), &i));
    CHECK_EQ(i.disp_off, 3);
    CHECK_EQ(i.rel, -4);
    CHECK(insn_decode(back, sizeof(back), &i));
    CHECK_EQ(i.rel, -2);
}
