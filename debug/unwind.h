/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unwind.h - the program's functions on a stack that was copied.
 *
 * What:      by the call frame information of the files (.eh_frame,
 *            .debug_frame), and by frame pointers where there is none, as in
 *            code that was made at run time. libdw does both.
 * Errors:    none: a stack that leads nowhere is short.
 */
#ifndef DEBUG_UNWIND_H
#define DEBUG_UNWIND_H

#include <stddef.h>
#include <stdint.h>

struct control_regs;
struct symbolise;

struct unwind_stack {
    uint64_t sp; /* of the first byte */
    const uint8_t *data;
    size_t len;
    const uint8_t *code; /* CONTROL_SAMPLE_CODE bytes at rip; NULL: not known */
};

/* Innermost first: pc[0] is the rip of regs, the others lie in calls. Result:
 * how many, at most `max`. */
unsigned unwind(struct symbolise *s, const struct control_regs *regs,
                const struct unwind_stack *stack, uint64_t *pc, unsigned max);

#endif
