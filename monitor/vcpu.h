/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.h - runs the guest: enters it, and answers its exits.
 *
 * What:      one thread for each virtual CPU; the main one is CPU 0's. Those
 *            of the others wait until the guest asks for them.
 * Context:   vcpu_run() ends with the process.
 * Errors:    -errno and a fault.
 */
#ifndef MONITOR_VCPU_H
#define MONITOR_VCPU_H

#include <stdbool.h>

#include "monitor/vm.h"

struct fault;

/* Threads for CPU 1 and on; before the sandbox closes. */
MUST_CHECK int vcpu_create_threads(struct vm *vm, struct fault *fault);
/* HYPERCALL_CPU_START.
 *   -EINVAL    there is no such CPU
 *   -EALREADY  it runs
 */
int vcpu_start(struct vm *vm, uint64_t index);
/* Ends by console_exit(): the guest's status, or 125 after a report. */
__attribute__((noreturn)) void vcpu_run(struct vcpu *cpu);

/* --dump-exits: count them, and print the counts at the end. */
void vcpu_count_exits(void);
void vcpu_dump_exits(void);

#endif
