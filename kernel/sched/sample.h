/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample.h - the kernel samples what its CPUs do: abi/sample.h.
 *
 * What:      a timer on each CPU. Where it interrupts the program, or finds
 *            that the CPU is idle, that is told when timers run; where it
 *            interrupts kernel code, the sample is made there and then, and
 *            stands for as long as that code keeps timers from running.
 * Context:   as listed; a part of the kernel that an image may do without:
 *            reach these functions weakly.
 * Errors:    none that anybody here would learn of.
 */
#ifndef SCHED_SAMPLE_H
#define SCHED_SAMPLE_H

#include "abi/sample.h"
#include "core/types.h"

struct regs;

extern struct sample_control sample_control;

/* LINK_SAMPLE: under the kernel lock. */
void sample_start(void);
/* On each CPU after arch_samples_begin(): under the kernel lock. */
void sample_poll(void);
/* An interrupt of kernel code with these registers, on its stack. */
void sample_interrupt(const struct regs *regs);

#pragma weak sample_control
#pragma weak sample_start
#pragma weak sample_poll
#pragma weak sample_interrupt

#endif
