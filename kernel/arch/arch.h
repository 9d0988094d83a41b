/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch.h - the contract that each port of the kernel implements.
 *
 * What:      registers of the program, page tables, thread switch, the few
 *            privileged operations, idle, power-off.
 * Context:   the kernel is not preemptible: an interrupt that arrives while
 *            kernel code runs is noted and handled at the next exit or sleep.
 *            What is per CPU is reached through struct percpu.
 * Errors:    0 or -errno as listed per function.
 * Units:     va virtual, pa guest-physical, _ns nanoseconds.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include "core/errno.h"
#include "core/types.h"

struct thread;

/* The program's registers, in ptrace's order (struct user_regs_struct). */
struct regs {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t orig_rax; /* number of the call; -1: not in a call */
    uint64_t rip, cs, rflags, rsp, ss;
};

/* User addresses: [ARCH_USER_MIN, ARCH_USER_MAX). */
#define ARCH_USER_MIN 0x10000ul
#define ARCH_USER_MAX 0x7ffffffff000ul

/* First of all. */
struct bootinfo;
void arch_init(const struct bootinfo *boot);

/* ---- CPUs ---- */

#define ARCH_CPU_MAX 8u

/*
 * The thread that this CPU runs, its run queue once it has one, and its number,
 * from 1. Within one thread's code the first never changes, the others may over
 * any sleep. The host's unit tests, built without SAMARA_GUEST, have one.
 */
#ifndef SAMARA_GUEST
extern struct thread *thread_current_ptr;
extern struct runq *runq_mine_ptr;
static inline struct thread *arch_thread(void)
{
    return thread_current_ptr;
}
static inline void arch_thread_set(struct thread *t)
{
    thread_current_ptr = t;
}
static inline struct runq *arch_runq(void)
{
    return runq_mine_ptr;
}
static inline void arch_runq_set(struct runq *q)
{
    runq_mine_ptr = q;
}
static inline uint32_t arch_cpu_number(void)
{
    return 1;
}
static inline void arch_spin_wait(void)
{
}
static inline void arch_reading_begin(void)
{
}
static inline void arch_reading_end(void)
{
}
static inline bool arch_is_reading(void)
{
    return false;
}
static inline void arch_readers_wait(void)
{
}
void arch_work_set(void);
void arch_resched_set(void);
void arch_resched_clear(void);
#else
static inline struct thread *arch_thread(void)
{
    struct thread *t;

    __asm__("mov %%gs:40, %0" : "=r"(t)); /* struct percpu */
    return t;
}
static inline void arch_thread_set(struct thread *t)
{
    __asm__ volatile("mov %0, %%gs:40" ::"r"(t) : "memory");
}
static inline struct runq *arch_runq(void)
{
    struct runq *q;

    __asm__ volatile("mov %%gs:72, %0" : "=r"(q));
    return q;
}
static inline void arch_runq_set(struct runq *q)
{
    __asm__ volatile("mov %0, %%gs:72" ::"r"(q) : "memory");
}
static inline uint32_t arch_cpu_number(void)
{
    uint32_t n;

    __asm__ volatile("mov %%gs:48, %0" : "=r"(n));
    return n;
}
/* This CPU's next return to the program goes through thread_return_work(). */
static inline void arch_work_set(void)
{
    __asm__ volatile("orl $1, %%gs:8" ::: "memory", "cc"); /* WORK_TODO */
}
/* The next return to the program goes through thread_preempt(), or through
 * thread_return_work() if there is more to do; or not: WORK_RESCHED. */
static inline void arch_resched_set(void)
{
    __asm__ volatile("orl $4, %%gs:8" ::: "memory", "cc");
}
static inline void arch_resched_clear(void)
{
    __asm__ volatile("andl $~4, %%gs:8" ::: "memory", "cc");
}
/* Once round a waiting loop: do what other CPUs ask of this one. */
void arch_spin_wait(void);
/*
 * Looking at what another CPU may take away, without a lock: a few instructions
 * of kernel code that takes no lock, does not fault and does not sleep. Who has
 * taken something away waits for those who may have found it before; then it
 * may be freed. Begin is a full barrier.
 */
static inline void arch_reading_begin(void)
{
    uint32_t one = 1;

    __asm__ volatile("xchgl %0, %%gs:64" : "+r"(one)::"memory");
}
static inline void arch_reading_end(void)
{
    __asm__ volatile("movl $0, %%gs:64" ::: "memory");
}
static inline bool arch_is_reading(void)
{
    uint32_t n;

    __asm__ volatile("mov %%gs:64, %0" : "=r"(n));
    return n != 0;
}
void arch_readers_wait(void);
#endif

/*
 * A call that is seldom made from code that often runs: fn, declared
 * ARCH_SELDOM, takes one word and preserves every register, and the compiler,
 * which sees an instruction in place of a call, saves none for it.
 */
#ifndef SAMARA_GUEST
#define ARCH_SELDOM
#define ARCH_CALL_SELDOM(fn, arg) fn(arg)
#else
#ifdef __clang__ /* the attribute leaves arguments and tail calls out there */
#define ARCH_SELDOM
#define ARCH_CALL_SELDOM(fn, arg) fn(arg)
#else
#define ARCH_SELDOM __attribute__((noinline, no_caller_saved_registers))
#define ARCH_CALL_SELDOM(fn, arg) \
    __asm__ volatile("call " #fn ::"D"(arg) : "memory", "cc")
#endif
/* Copies for mm/user.h, which change few registers. */
static inline size_t arch_user_copy(uint64_t dst, uint64_t src, size_t len)
{
    size_t left;

    __asm__ volatile("call arch_copy_bytes"
                     : "=a"(left), "+D"(dst), "+S"(src), "+d"(len)::"rcx",
                       "memory", "cc");
    return left;
}
static inline int arch_user_get32(uint32_t *value_out, uint64_t src)
{
    bool failed;

    __asm__ volatile("call arch_get_word32"
                     : "=a"(*value_out), "=@ccc"(failed)
                     : "S"(src)
                     : "memory");
    return failed ? -EFAULT : 0;
}
static inline int arch_user_get64(uint64_t *value_out, uint64_t src)
{
    bool failed;

    __asm__ volatile("call arch_get_word64"
                     : "=a"(*value_out), "=@ccc"(failed)
                     : "S"(src)
                     : "memory");
    return failed ? -EFAULT : 0;
}
static inline int arch_user_put32(uint64_t dst, uint32_t value)
{
    bool failed;

    __asm__ volatile("call arch_put_word32"
                     : "=@ccc"(failed)
                     : "D"(dst), "a"(value)
                     : "memory");
    return failed ? -EFAULT : 0;
}
static inline int arch_user_put64(uint64_t dst, uint64_t value)
{
    bool failed;

    __asm__ volatile("call arch_put_word64"
                     : "=@ccc"(failed)
                     : "D"(dst), "a"(value)
                     : "memory");
    return failed ? -EFAULT : 0;
}
#endif

/* How many there are, whether they run or not. */
unsigned arch_cpu_count(void);
/* Its table of system calls, by number - 1; NULL: it does not run. */
void *arch_call_table(unsigned index);
/* Let the others begin, in `run`, which does not return. Once. */
void arch_cpus_start(void (*run)(void));
/* Interrupt another CPU: it passes through thread_return_work(), or leaves
 * arch_idle(), soon. */
void arch_cpu_kick(unsigned cpu_number);
/*
 * Keep all other CPUs away from the program's code until arch_cpus_resume();
 * then they see whatever was written to it. They may hold any lock meanwhile:
 * the caller takes none until then.
 */
void arch_cpus_stop(void);
void arch_cpus_resume(void);
/* False where it would wait for this CPU itself. */
bool arch_cpus_may_stop(void);
/* From now on, and soon for the first time, sample_poll() is called on that CPU
 * after interrupts, and sample_interrupt() for one that finds kernel code. */
void arch_samples_begin(unsigned cpu_number);
void arch_samples_end(void); /* of this CPU */

/* ---- threads ---- */

#define ARCH_KSTACK_LEN 16384ul

/* Machine state of a thread; embedded first in struct thread. */
struct arch_thread {
    uint64_t kernel_sp;  /* saved while not running */
    uint64_t kstack_top; /* struct regs lies just below */
    uint64_t fs_base;
    void *xstate;          /* vector registers while not running; or NULL */
    uint64_t undefined_at; /* an instruction that gets no second try */
};

/* The current thread's registers at its entry to the kernel. rbx, rbp and
 * r12-r15 are valid only in calls declared SYSCALL_REGS, in exceptions and
 * while signals are delivered. */
struct regs *arch_current_regs(void);
/* A call declared SYSCALL_REGS has changed them: the program gets all. */
void arch_regs_changed(void);

/* Let the n-th system call from now on, n > 0, of the current or a new thread
 * begin with cputime_sample_begin(). The first thread's first one does. */
struct arch_thread;
void arch_sample_after(struct arch_thread *t, uint32_t n);

/* Give a new thread its kernel stack (at kstack, ARCH_KSTACK_LEN bytes) such
 * that its first switch enters the program with *regs. Copies the current
 * thread's vector state, into t->xstate if an earlier thread left one there.
 * -ENOMEM */
MUST_CHECK int arch_thread_init(struct arch_thread *t, void *kstack,
                                const struct regs *regs);
/* Give a thread what its first switch to another needs. The first thread has
 * none of it, and needs none while it is alone on one CPU. -ENOMEM */
MUST_CHECK int arch_thread_may_switch(struct arch_thread *t);
/* The registers that it will enter with. */
struct regs *arch_thread_regs(const struct arch_thread *t);
/* The same for a thread that stays in the kernel, in fn, for ever. */
MUST_CHECK int arch_thread_init_kernel(struct arch_thread *t, void *kstack,
                                       void (*fn)(void));
/* Free what init allocated (not kstack). */
void arch_thread_fini(struct arch_thread *t);
/* Leave prev, continue next (struct thread begins with struct arch_thread). */
void arch_switch(struct thread *prev, struct thread *next);
/* The current thread's TLS base now and from now on. */
void arch_set_fs_base(uint64_t base);
/* The TLS base of the current thread, which may have changed it itself. */
uint64_t arch_fs_base(const struct arch_thread *t);
/* The next return to the program goes through thread_return_work(). */
void arch_work_set(void);
/* Begin the first program's first thread: does not return. */
NORETURN void arch_enter_user(const struct regs *regs);

/* Save / load the current thread's vector state in the format that Linux puts
 * into signal frames (XSAVE, or FXSAVE). len is arch_xstate_len(). load checks
 * what it is given: -EINVAL */
size_t arch_xstate_len(void);
void arch_xstate_save(void *area);
MUST_CHECK int arch_xstate_load(const void *area);
void arch_xstate_reset(void); /* a fresh program's */
/* Bits of XCR0 that the area can hold; 0: FXSAVE format. */
uint64_t arch_xstate_mask(void);
/* si_code of the arithmetic fault just taken, by the x87 or by SSE. */
int arch_fp_fault_code(bool is_x87);

/* ---- system calls by jump (rewrite.c) ---- */

/* Where a program would have been on Linux: maps an address inside a
 * trampoline or a rewritten site to the site's own addresses, and ... */
uint64_t arch_linux_rip(uint64_t rip);
/* ... where to continue really, for an rip as Linux shows it. */
uint64_t arch_real_rip(uint64_t rip);
/* Forget rewritten sites in [start, end): called before it is unmapped, made
 * writable or replaced. */
void arch_rewrite_forget(uint64_t start, uint64_t end);
/* Those that [start, end) touches are calls again, for good. */
void arch_rewrite_undo(uint64_t start, uint64_t end);

/* ---- page tables (pagetable.c, owned by mm) ---- */

enum pt_flags { PT_READ = 1, PT_WRITE = 2, PT_EXEC = 4, PT_NOREF = 8 };
/* PT_NOREF marks pages that carry no reference (image pages). */

struct pt; /* one address space's tables */
MUST_CHECK int pt_map(struct pt *pt, uint64_t va, paddr_t pa, unsigned flags);
/* 0 when nothing is mapped; else pa, flags and dirty/accessed. */
paddr_t pt_lookup(struct pt *pt, uint64_t va, unsigned *flags_out);

/* ---- TLB, through the ring-0 gate; on every CPU when they return ---- */

void arch_tlb_flush_page(uint64_t va);
void arch_tlb_flush_all(void);

/* ---- time and idleness ---- */

static inline uint64_t arch_cycles(void)
{
    uint32_t lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

/* Once round a loop that waits for time to pass: the slowest of the short
 * instructions, which leaves a sibling thread the core, and an emulator few
 * to execute. */
static inline void arch_pause(void)
{
    __asm__ volatile("pause");
}

/* True when an interrupt was noted that irq_poll() must handle. */
bool arch_irq_pending(void);
/* Handle noted interrupts: run expired timers, console input, signals. */
void arch_irq_poll(void);
/* Arm the one-shot timer interrupt for this TSC value; 0 disarms. */
void arch_timer_arm(uint64_t tsc);
/* Sleep until an interrupt is pending. Returns at once if one is. */
void arch_idle(void);

/* A hardware random word, or false. */
bool arch_random(uint64_t *out);

/* Power off with this exit status (0..255). */
NORETURN void arch_power_off(int status);

/* Ports and memory-mapped registers, for drivers on a PC. */
uint8_t arch_in8(uint16_t port);
void arch_out8(uint16_t port, uint8_t value);
void arch_out32(uint16_t port, uint32_t value);
uint32_t arch_in32(uint16_t port);
void arch_out8_string(uint16_t port, const void *buf, size_t len);
void arch_in8_string(uint16_t port, void *buf, size_t len);
volatile void *arch_mmio(paddr_t pa); /* the last 32 MiB below 4 GiB */
/* Registers anywhere else. NULL: too far up, or no memory for a table */
volatile void *arch_mmio_map(paddr_t pa, uint64_t len);
/* Route the interrupt line `irq` of the I/O APIC (0..23), or of a second one
 * (24..47), by its edges to fn(arg), called from irq_poll. */
void arch_irq_register(unsigned irq, void (*fn)(void *arg), void *arg);
/* What a device must write, and where, to have fn(arg) called. */
struct arch_message {
    uint32_t address, data;
};
struct arch_message arch_message_register(void (*fn)(void *arg), void *arg);

/* One access each to a register that arch_mmio() gave. */
#ifdef SAMARA_GUEST
#define ARCH_REGISTER(bits)                                                    \
    static inline uint##bits##_t arch_reg_read##bits(const volatile void *reg) \
    {                                                                          \
        return *(const volatile uint##bits##_t *)reg;                          \
    }                                                                          \
    static inline void arch_reg_write##bits(volatile void *reg,                \
                                            uint##bits##_t value)              \
    {                                                                          \
        *(volatile uint##bits##_t *)reg = value;                               \
    }
#else
#define ARCH_REGISTER(bits)                                       \
    uint##bits##_t arch_reg_read##bits(const volatile void *reg); \
    void arch_reg_write##bits(volatile void *reg, uint##bits##_t value);
#endif
ARCH_REGISTER(8)
ARCH_REGISTER(16)
ARCH_REGISTER(32)

/* The text of /proc/cpuinfo for one CPU (cpuinfo.c). Result: its length. */
size_t arch_cpu_describe(unsigned cpu, uint64_t khz, char *buf, size_t buf_len);

/* Walk the frame pointers from (rip, rbp); writes at most max addresses. */
/* Where the kernel image lies. */
uint64_t arch_kernel_va(void);
paddr_t arch_kernel_pa(void);
size_t arch_backtrace(uint64_t rip, uint64_t rbp, uint64_t *out, size_t max);

#endif
