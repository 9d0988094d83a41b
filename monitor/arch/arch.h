/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch.h - what the monitor needs to know of the CPU family.
 *
 * What:      the virtual CPU's features and first registers, the guest's page
 *            tables as seen from outside, and registers for reports.
 * Context:   arch_prepare() and arch_start() before the sandbox closes and
 *            other threads run.
 * Errors:    0 or -errno, with a fault where one is passed.
 */
#ifndef MONITOR_ARCH_ARCH_H
#define MONITOR_ARCH_ARCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "monitor/vm.h"

struct fault;

/* Every CPU's CPUID, extended state, time stamp counter. Sets vm->tsc_khz and
 * vm->cr4_features. */
MUST_CHECK int arch_prepare(struct vm *vm, struct fault *fault);
/* Every CPU's registers at its first instruction, from vcpu.state. */
MUST_CHECK int arch_start(struct vm *vm, struct fault *fault);

/*
 * Does the host's CPU walk the guest's page tables by itself (EPT, NPT)? It
 * notes there what was accessed, so tables in read-only memory would stop it
 * (docs/design/014). Only where software walks can they be read-only.
 */
bool arch_host_walks(void);

/* The guest's clock now. */
uint64_t arch_tsc(void);

/*
 * The guest's kernel stores to its fixed pages where they are read-only. One
 * kind of store is its right: a new entry of the user half of the top page
 * table.
 *   -EPERM  everything else: end the guest
 */
MUST_CHECK int arch_fixed_write(struct vm *vm, gpa_t gpa, const void *data,
                                unsigned len);

struct arch_regs {
    struct hypercall_report report; /* without a trace */
    uint64_t cr0, cr3, cr4, efer, fs_base, gs_base;
};

/* By the CPU's own thread. */
int arch_regs_get(const struct vcpu *cpu, struct arch_regs *out);
/* va -> gpa through the tables at cr3; -EFAULT when it is not mapped. */
MUST_CHECK int arch_translate(const struct vm *vm, uint64_t cr3, uint64_t va,
                              gpa_t *gpa_out);

/* ---- for tools, abi/control.h: any thread, while the CPU is stopped ---- */

struct control_regs;
struct control_watch;
/* -EINVAL: it is none that the CPU takes */
int arch_watch_set(const struct vcpu *cpu, const struct control_watch *w);
/* Which of them were hit since the last call. */
uint32_t arch_watch_hits(const struct vcpu *cpu);
int arch_control_regs_get(const struct vcpu *cpu, struct control_regs *out);
/* The first CONTROL_SAMPLE_REGS of them, without orig_rax, cs and ss; by the
 * CPU's own thread, or while it is stopped. */
int arch_sample_regs_get(const struct vcpu *cpu, uint64_t *out);
/* CONTROL_XSTATE_LEN bytes. -ENOTSUP: the CPU has no XSAVE. */
int arch_control_xstate_get(const struct vcpu *cpu, uint8_t *out);
int arch_control_regs_set(const struct vcpu *cpu,
                          const struct control_regs *in);

#endif
