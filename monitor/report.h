/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - what people read when something ended badly.
 *
 * What:      one place prints, to stderr: messages of the monitor, and
 *            reports about the guest: reason, registers, code bytes, and a
 *            backtrace by frame pointers through the guest's page tables,
 *            with the kernel's symbols where the image has them.
 * Context:   any time; after the sandbox closed too.
 */
#ifndef MONITOR_REPORT_H
#define MONITOR_REPORT_H

#include "monitor/vm.h"

#define REPORT_STATUS 125 /* the monitor's own failures, docker's convention */

/* One line, after "samara: ". */
void report_message(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The guest did what it must not: report, end with REPORT_STATUS. */
__attribute__((noreturn)) void report_guest(struct vcpu *cpu, const char *fmt,
                                            ...)
    __attribute__((format(printf, 2, 3)));

/* A text that the guest sent, and registers that it saved (or NULL). */
void report_text(const struct vm *vm, const char *intro, const char *text,
                 const struct hypercall_report *regs);

/* The monitor's own crashes end with a message and the terminal restored. */
void report_init(void);

#endif
