/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * percpu.h - what one CPU keeps to itself; %gs points to it.
 *
 * Included by assembly too: the offsets below are checked in trap.c. GS
 * belongs to the kernel while the program runs as well (ring 3 has no swapgs);
 * the program's own GS base is kept in software.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#define PERCPU_KSTACK_TOP 0
#define PERCPU_WORK       8
#define PERCPU_IRQ_NOTED  12
#define PERCPU_SCRATCH    16
#define PERCPU_STUB_DATA  24
#define PERCPU_REGS       32
#define PERCPU_THREAD     40 /* arch.h knows these two ... */
#define PERCPU_NUMBER     48
#define PERCPU_ASKED      52
#define PERCPU_READING    64 /* ... and these */
#define PERCPU_RUNQ       72
#define PERCPU_TABLE      96 /* the system-call table: link.ld puts it there */

#define PERCPU_TABLE_LEN (464 * 8) /* SYSCALL_MAX of syscall.h pointers */

/* Bits of percpu.asked: what other CPUs want of this one. */
#define ASKED_FLUSH   1 /* the whole TLB; cleared when it is done */
#define ASKED_STOP    2 /* stay in arch_attend() until it is cleared */
#define ASKED_STOPPED 4 /* the answer: it does */
#define ASKED_SAMPLES 8 /* sample_interrupt() may have something to do; stays */

/* Bits of percpu.work: leave the kernel by the slow path. */
#define WORK_TODO    1 /* call thread_return_work(); arch.h knows it */
#define WORK_FULL    2 /* every register of struct regs is to be restored */
#define WORK_RESCHED 4 /* thread_preempt(), or as WORK_TODO; arch.h knows it */

/* struct regs, as pushed; total REGS_LEN. */
#define REGS_R15    0
#define REGS_R14    8
#define REGS_R13    16
#define REGS_R12    24
#define REGS_RBP    32
#define REGS_RBX    40
#define REGS_R11    48
#define REGS_R10    56
#define REGS_R9     64
#define REGS_R8     72
#define REGS_RAX    80
#define REGS_RCX    88
#define REGS_RDX    96
#define REGS_RSI    104
#define REGS_RDI    112
#define REGS_ORIG   120
#define REGS_RIP    128
#define REGS_CS     136
#define REGS_RFLAGS 144
#define REGS_RSP    152
#define REGS_SS     160
#define REGS_LEN    168

#ifndef __ASSEMBLER__

#include "arch/arch.h"

struct percpu {
    uint64_t kstack_top; /* of the current thread; regs lie just below */
    uint32_t work;
    uint32_t irq_noted; /* bit n: vector 0x20+n, not yet handled */
    uint64_t scratch;
    uint64_t stub_data; /* virtual address of struct stub_data */
    uint64_t regs;      /* of the current thread: kstack_top - REGS_LEN */
    struct thread *thread;
    uint32_t number;    /* from 1 */
    uint32_t asked;     /* ASKED_*; set by others, atomic */
    uint32_t is_away;   /* asleep: asked is looked at on waking; atomic */
    uint32_t is_kicked; /* an interrupt is under way to it; atomic */
    uint32_t reading;   /* arch_reading_begin(); others look at it */
    uint32_t unused;
    struct runq *runq;
    uint64_t unused_too[2]; /* the table is aligned as the compiler likes it */
    /* the CPU's system-call table follows */
};

extern struct percpu percpu_boot; /* CPU 1's */
/* By number - 1; NULL where none runs. */
extern struct percpu *percpus[];

/* This CPU's; good until the next sleep. */
static inline struct percpu *percpu_mine(void)
{
    return percpus[arch_cpu_number() - 1];
}

/* Interrupts noted on this CPU. */
static inline uint32_t percpu_irq_noted(void)
{
    uint32_t noted;

    __asm__ volatile("mov %%gs:%c1, %0"
                     : "=r"(noted)
                     : "i"(PERCPU_IRQ_NOTED)
                     : "memory");
    return noted;
}

static inline void percpu_work_set(uint32_t bit)
{
    __asm__ volatile("orl %0, %%gs:%c1" ::"ri"(bit), "i"(PERCPU_WORK)
                     : "memory", "cc");
}

static inline void percpu_work_clear(uint32_t bit)
{
    __asm__ volatile("andl %0, %%gs:%c1" ::"ri"(~bit), "i"(PERCPU_WORK)
                     : "memory", "cc");
}

#endif
#endif
