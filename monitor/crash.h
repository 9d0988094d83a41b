/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash.h - a bad end is told by somebody else: abi/crash.h, our side.
 *
 * What:      who reports it has the rights that the sandbox denies us: to read
 *            symbols, to write a core file. Meanwhile the guest is stopped.
 * Ownership: static state; there is one guest.
 * Context:   any CPU's thread, without locks; CPU 0's thread serves.
 */
#ifndef MONITOR_CRASH_H
#define MONITOR_CRASH_H

#include <stdbool.h>

#include "abi/crash.h"
#include "monitor/vm.h"

/* The socket; -1: there is nobody. */
void crash_init(int fd);
int crash_fd(void);

/* Returns when it has been told: true; or cannot be: the caller has to. regs
 * may be NULL. */
bool crash_tell(struct vcpu *cpu, enum crash_kind kind, const char *text,
                const struct hypercall_report *regs);
/* CPU 0's thread: another CPU waits in crash_tell(). */
void crash_serve(void);

#endif
