/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stacks.h - stacks that were seen, and how often.
 *
 * Ownership: stacks_fini() frees; all zero is an empty one.
 * Errors:    what is more than the limits allow is counted as lost.
 */
#ifndef DEBUG_STACKS_H
#define DEBUG_STACKS_H

#include <stddef.h>
#include <stdint.h>

#define STACKS_PC_MAX (16u << 20) /* addresses of all of them together */

struct stack_seen {
    size_t first; /* index of its innermost pc */
    unsigned count;
    int32_t tid;
    uint64_t samples;
};

struct stacks {
    uint64_t *pc; /* of all */
    size_t pc_count, pc_room;
    struct stack_seen *stack;
    size_t stack_count, stack_room;
    uint32_t *bucket; /* index + 1 of a stack; open addressing */
    size_t bucket_count;
    uint64_t samples, lost;
};

/* It was seen `samples` times more. pc: innermost first; count > 0. */
void stacks_add(struct stacks *s, int32_t tid, const uint64_t *pc,
                unsigned count, uint64_t samples);
void stacks_fini(struct stacks *s);

#endif
