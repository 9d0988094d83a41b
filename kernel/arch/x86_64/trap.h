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

/* Called by entry.S. Those that return int: 1 = back to kernel code. */
void trap_syscall(struct regs *regs);
int trap_exception(struct regs *regs, uint64_t vector, uint64_t error);
int trap_page_fault(struct regs *regs, uint64_t address, uint64_t error);
void trap_exit_work(struct regs *regs);
void trap_lock_wait(void);
void arch_attend(void); /* what other CPUs ask of this one: smp.c */
/* The same, from an interrupt of kernel code. */
struct interrupted;
void trap_attend(const struct interrupted *frame);

/* In entry.S and start.S. */
extern const uint8_t kernel_base[]; /* the kernel's first byte */
extern uint64_t boot_pml4[];
extern uint64_t boot_pdpt[]; /* identity map of the first GiB */
extern char boot_stack_top[];
extern const char __text_end[], __kernel_end[], __data_start[];
void exit_full(void);
void thread_entry(void);
void syscall_jump_entry(void);
void idle_halt(void);
void switch_stacks(uint64_t *save_sp, uint64_t load_sp);
NORETURN void enter_program(struct regs *regs);
NORETURN void pvh_leave(const struct cpu_state *s, uint64_t *pml4,
                        uint64_t delta, uint64_t bootinfo_va);
NORETURN void pvh_enter(const struct cpu_state *s, uint64_t bootinfo_va);
NORETURN void pvh_cpu_main(const struct cpu_state *s, uint64_t bootinfo_va);
/* Hidden: pvh.c takes their addresses before the kernel is relocated. */
#define HIDDEN __attribute__((visibility("hidden")))
HIDDEN NORETURN void ap_enter(void);
HIDDEN extern const char ap_start[], ap_words[];
NORETURN void pvh_main(uint64_t start_info_pa, const uint8_t *kernel);

/* Rings and features. */
struct cpu_features {
    bool is_monitor; /* first: user_copy.S looks at it */
    bool fsgsbase, xsave, xsaveopt, rdrand;
    uint32_t xstate_len;
    uint64_t xcr0;
};
extern struct cpu_features cpu_features;
long stub_call(unsigned op, uint64_t arg1, uint64_t arg2);

/* smp.c: this CPU's part, and what the other CPUs need to begin. */
void smp_init(const struct bootinfo *boot);
/* irq.c: this CPU's interrupt controller. */
void irq_init_cpu(void);
/* start.S: where a further CPU enters the kernel; and what it calls. */
void cpu_entry(void);
NORETURN void smp_main(void);

/* rewrite.c: called at a trapped call; may redirect regs->rip. */
void rewrite_site(struct regs *regs);
/* True when the exception at regs->rip came from going to the middle of a
 * rewritten site: go on at regs->rip, which may have changed. */
bool rewrite_undo_at(struct regs *regs);
/* The same for #UD, when another CPU may have mended the site meanwhile. */
bool rewrite_try_again(const struct regs *regs);
/* A program that steps itself came to where the rewritten site's call has not
 * begun: the site gets its old bytes back, and the step is taken there. */
bool rewrite_undo_step(struct regs *regs);

#endif
