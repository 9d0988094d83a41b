/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample.h - samples that the kernel takes of itself, for who cannot ask each
 * CPU from outside for its registers without stopping them all.
 *
 * What:      the command, which shares the memory of a guest under QEMU, fills
 *            in struct sample_control (records.h says where it lies) and sends
 *            LINK_SAMPLE (link.h). Each CPU that runs then has a timer; where
 *            that finds it, registers and stacks go into the CPU's ring. New
 *            CPUs join with the next LINK_SAMPLE. All of it ends, and the
 *            rings are given back, when `wanted` is SAMPLE_OFF or until_tsc has
 *            passed.
 * Ownership: each CPU writes its ring, the command reads. What it has not read
 *            in time is overwritten: count tells how much that was.
 * Errors:    without memory for the rings, wanted becomes SAMPLE_NO_MEMORY.
 * Units:     positions in a ring are bytes written since the start.
 */
#ifndef ABI_SAMPLE_H
#define ABI_SAMPLE_H

#include <stdint.h>

#include "abi/control.h"

#define SAMPLE_RINGS_LEN 65536u /* of all CPUs together */

enum sample_wanted {
    SAMPLE_OFF = 0,
    SAMPLE_ON = 1,
    SAMPLE_NO_MEMORY = 2,
};

struct sample_control {
    uint32_t wanted;    /* enum sample_wanted */
    uint32_t stack_len; /* of the program's stack, at most */
    uint64_t step_ns;
    uint64_t until_tsc; /* by the command, again and again */
    uint64_t rings;     /* the kernel's, virtual; 0: none. CPU 0's, ... */
    uint64_t ring_len;  /* ... each next one so far behind it */
};

/* A record begins where the one before ends; if that has SAMPLE_PAD in the
 * place of its cpu, at the ring's beginning. */
#define SAMPLE_PAD UINT32_MAX
struct sample_ring { /* then struct control_sample and stacks, padded to 8 */
    uint64_t head;   /* position behind the newest record; atomic */
    uint64_t oldest; /* what is older may be overwritten now; atomic */
    uint64_t count;  /* of records written */
    uint64_t idle;   /* times that the CPU had nothing to do */
};

#define SAMPLE_DATA_LEN(ring_len)   ((ring_len) - sizeof(struct sample_ring))
#define SAMPLE_RECORD_MAX(ring_len) (SAMPLE_DATA_LEN(ring_len) / 16 * 8)

_Static_assert(sizeof(struct sample_control) == 40, "layout is shared");
_Static_assert(sizeof(struct sample_ring) == 32, "layout is shared");

#endif
