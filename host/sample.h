/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample.h - filling a struct control_sample, whoever has the guest's memory.
 *
 * Context:   the CPU is not in the guest.
 * Errors:    none: what cannot be read is 0, and stacks end where they are not
 *            mapped. The guest may lie in all that is read.
 * Units:     bytes; va the guest's virtual addresses.
 */
#ifndef HOST_SAMPLE_H
#define HOST_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "abi/control.h"

/* Where va lies; -errno: it is not mapped. Only within its page of 4 KiB. */
struct sample_memory {
    int (*read)(void *arg, uint64_t va, void *dst, size_t len);
    void *arg;
};

/* s->regs are there, and s->cpu; stack has room for `room` bytes. */
void sample_fill(struct control_sample *s, const struct control_sample_how *how,
                 const struct sample_memory *memory, uint8_t *stack,
                 size_t room);

#endif
