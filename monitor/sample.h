/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample.h - what each CPU is doing now: CONTROL_SAMPLE of abi/control.h.
 *
 * What:      a CPU that runs is made to leave the guest, and its own thread
 *            copies its registers and stacks on the way back in. So a sample
 *            costs a CPU one exit, all of them at the same time, and those
 *            that sleep nothing.
 * Context:   sample_all() for CPU 0's thread, in control.c; sample_take() for
 *            the others'.
 * Errors:    -errno of reading registers.
 */
#ifndef MONITOR_SAMPLE_H
#define MONITOR_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "abi/control.h"
#include "monitor/vm.h"

/* out: CONTROL_DATA_MAX bytes, of which *len_out are filled. */
MUST_CHECK int sample_all(struct vm *vm, const struct control_sample_how *how,
                          uint8_t *out, size_t *len_out);
/* Before each run: if this CPU's sample is wanted, it is made here. */
void sample_take(const struct vcpu *cpu);

#endif
