/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.h - runs the guest: enters it, and answers its exits.
 *
 * Context:   the only thread. vcpu_run() ends with the process.
 */
#ifndef MONITOR_VCPU_H
#define MONITOR_VCPU_H

#include <stdbool.h>

#include "monitor/vm.h"

/* Ends by console_exit(): the guest's status, or 125 after a report. */
__attribute__((noreturn)) void vcpu_run(struct vm *vm);

/* --dump-exits: count them, and print the counts at the end. */
void vcpu_count_exits(void);
void vcpu_dump_exits(void);

#endif
