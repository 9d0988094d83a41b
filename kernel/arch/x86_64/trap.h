/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trap.h - what entry.S calls, and what the parts of this port share.
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include "arch/arch.h"
#include "core/types.h"

struct bootinfo;
struct cpu_state;
struct kernel_header;

/* Called by entry.S. Those that return int: 1 = back to kernel code. */
void trap_syscall(struct regs *regs);
int trap_exception(struct regs *regs, uint64_t vector, uint64_t error);
int trap_page_fault(struct regs *regs, uint64_t address, uint64_t error);
void trap_exit_work(struct regs *regs);

/* In entry.S and start.S. */
extern const struct kernel_header kernel_header;
extern uint64_t boot_pdpt[]; /* identity map of the first GiB */
extern char boot_stack_top[];
extern const char __text_end[], __kernel_end[], __data_start[];
void exit_full(void);
void syscall_jump_entry(void);
void idle_halt(void);
void switch_stacks(uint64_t *save_sp, uint64_t load_sp);
NORETURN void enter_program(struct regs *regs);
NORETURN void pvh_leave(const struct cpu_state *s, uint64_t *pml4,
                        uint64_t delta, uint64_t bootinfo_va);
NORETURN void pvh_main(uint64_t start_info_pa, const uint8_t *kernel);

/* Rings and features. */
struct cpu_features {
    bool fsgsbase, xsave, xsaveopt, rdrand, is_monitor;
    uint32_t xstate_len;
    uint64_t xcr0;
};
extern struct cpu_features cpu_features;
long stub_call(unsigned op, uint64_t arg1, uint64_t arg2);

/* rewrite.c: called at a trapped call; may redirect regs->rip. */
void rewrite_site(struct regs *regs);
/* True when the exception at regs->rip came from jumping into the middle of a
 * rewritten site, which has now been restored. */
bool rewrite_undo_at(uint64_t rip);
/* A program that steps itself came to where the rewritten site's call has not
 * begun: the site gets its old bytes back, and the step is taken there. */
bool rewrite_undo_step(struct regs *regs);

#endif
