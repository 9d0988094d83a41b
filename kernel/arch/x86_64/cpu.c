/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.c - the CPU's features, vector state, segment bases and TLB.
 *
 * The program's vector registers stay in the CPU while kernel code runs; they
 * are saved only when another thread is switched in or a signal frame needs
 * them. Where the CPU has XSAVE its layout is used, else FXSAVE's 512 bytes.
 */
#include <asm-generic/siginfo.h>

#include "abi/bootinfo.h"
#include "arch/x86_64/percpu.h"
#include "arch/x86_64/stub.h"
#include "arch/x86_64/trap.h"
#include "core/errno.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "sched/thread.h"

#define FXSAVE_LEN    512u
#define XSAVE_HDR_LEN 64u
#define MXCSR_OFF     24u
#define MXCSR_DEFAULT 0x1f80u
#define X87_DEFAULT   0x37fu
#define MXCSR_MASK    0xffffu
#define XSTATE_ALIGN  64u

#define CR4_FSGSBASE_BIT 16

struct cpu_features cpu_features;
static paddr_t kernel_pa;

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(sub));
}

static uint64_t read_xcr0(void)
{
    uint32_t lo, hi;

    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

/* Asked once, on first need: CPUID is an exit of 60 us on nested hosts, and a
 * program with one thread and no signal handlers never needs the answer. */
static COLD void detect(void)
{
    static bool done;
    uint32_t r[4];

    if (done)
        return;
    done = true;
    cpuid(1, 0, r);
    cpu_features.rdrand = r[2] >> 30 & 1;
    cpu_features.xsave = r[2] >> 27 & 1; /* OSXSAVE: enabled by the boot */
    cpu_features.xstate_len = FXSAVE_LEN;
    if (cpu_features.xsave) {
        cpu_features.xcr0 = read_xcr0();
        cpuid(13, 0, r);
        cpu_features.xstate_len = r[1];
    }
}

static inline void set_kernel_stack(uint64_t top)
{
    __asm__ volatile("mov %0, %%gs:%c1\n mov %2, %%gs:%c3" ::"r"(top),
                     "i"(PERCPU_KSTACK_TOP), "r"(top - sizeof(struct regs)),
                     "i"(PERCPU_REGS)
                     : "memory");
}

/*
 * Can ring 3 read and write its FS base? A host that runs ring 3 natively, with
 * the control registers of its own programs, has the instructions even where it
 * says that it has not, and a switch of threads without them is twenty
 * instructions in ring 0, 40 us there. Elsewhere they trap.
 */
static bool fsgsbase_works(void)
{
    uint64_t works, base;

    __asm__ volatile("xor %k0, %k0\n"
                     "1: rdfsbase %1\n"
                     "inc %k0\n"
                     "2:\n"
                     ".pushsection .extable, \"a\", @progbits\n"
                     ".balign 4\n"
                     ".long 1b - .\n"
                     ".long 2b - .\n"
                     ".popsection"
                     : "=&r"(works), "=r"(base));
    return works;
}

COLD void arch_init(const struct bootinfo *boot)
{
    kernel_pa = boot->kernel_pa;
    cpu_features.is_monitor = boot->platform == BOOTINFO_MONITOR;
    smp_init(boot);
    set_kernel_stack((uint64_t)boot_stack_top - 8);
    cpu_features.fsgsbase = boot->flags & BOOTINFO_FSGSBASE || fsgsbase_works();
}

/* ---- the gate ---- */

long stub_call(unsigned op, uint64_t arg1, uint64_t arg2)
{
    register uint64_t code __asm__("r11") = STUB_MAGIC + op;
    uint64_t result = 0;

    /* Nothing of it is to stay in r11, which a call may leave to the program:
     * a debugger's breakpoint there would be taken for the gate. */
    __asm__ volatile("int3\n\txor %%r11d, %%r11d"
                     : "+a"(result), "+r"(code)
                     : "D"(arg1), "S"(arg2)
                     : "rcx", "rdx", "memory", "cc");
    return (long)result;
}

/* ---- segment bases ---- */

uint64_t arch_fs_base(const struct arch_thread *t)
{
    uint64_t base = t->fs_base;

    if (cpu_features.fsgsbase)
        __asm__ volatile("rdfsbase %0" : "=r"(base));
    return base;
}

static void write_fs_base(uint64_t base)
{
    if (cpu_features.fsgsbase)
        __asm__ volatile("wrfsbase %0" ::"r"(base) : "memory");
    else
        stub_call(STUB_FS_BASE, base, 0);
}

void arch_set_fs_base(uint64_t base)
{
    thread_current()->arch.fs_base = base;
    write_fs_base(base);
}

/* ---- vector state ---- */

size_t arch_xstate_len(void)
{
    detect();
    return cpu_features.xstate_len;
}

uint64_t arch_xstate_mask(void)
{
    detect();
    return cpu_features.xsave ? cpu_features.xcr0 : 0;
}

/* Into an area whose XSAVE header was cleared once: xsave64 writes the first
 * word of it alone. */
static void save_unchecked(void *area)
{
    if (cpu_features.xsave)
        __asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(-1), "d"(-1)
                         : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}

/* area: 64-byte aligned, the header's reserved bytes cleared by us. */
void arch_xstate_save(void *area)
{
    detect();
    if (!cpu_features.xsave) {
        __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
        return;
    }
    memset((char *)area + FXSAVE_LEN, 0, XSAVE_HDR_LEN);
    save_unchecked(area);
}

static void load_unchecked(const void *area)
{
    if (cpu_features.xsave)
        __asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(-1), "d"(-1)
                         : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
}

int arch_xstate_load(const void *area)
{
    const uint8_t *p = area;
    uint32_t mxcsr;

    detect();
    memcpy(&mxcsr, p + MXCSR_OFF, sizeof(mxcsr));
    if (mxcsr & ~MXCSR_MASK)
        return -EINVAL;
    if (cpu_features.xsave) {
        uint64_t header[8];

        memcpy(header, p + FXSAVE_LEN, sizeof(header));
        if (header[0] & ~cpu_features.xcr0) /* XSTATE_BV */
            return -EINVAL;
        for (unsigned i = 1; i < 8; i++)
            if (header[i]) /* XCOMP_BV: standard form only; reserved */
                return -EINVAL;
    }
    load_unchecked(area);
    return 0;
}

/* With an empty XSTATE_BV every part gets its initial value; FXRSTOR has to be
 * told. */
void arch_xstate_reset(void)
{
    static uint8_t fresh[FXSAVE_LEN + XSAVE_HDR_LEN]
        __attribute__((aligned(XSTATE_ALIGN)));
    const uint16_t control = X87_DEFAULT;
    const uint32_t mxcsr = MXCSR_DEFAULT;

    detect();
    memcpy(fresh, &control, sizeof(control));
    memcpy(fresh + MXCSR_OFF, &mxcsr, sizeof(mxcsr));
    load_unchecked(fresh);
}

/* From the exceptions of the unit that raised it that are not masked. */
COLD int arch_fp_fault_code(bool is_x87)
{
    uint32_t mxcsr, raised;
    uint16_t status, control;

    __asm__ volatile("stmxcsr %0; fnstsw %1; fnstcw %2"
                     : "=m"(mxcsr), "=m"(status), "=m"(control));
    raised = is_x87 ? status & ~control : mxcsr & ~(mxcsr >> 7);
    if (raised & 1)
        return FPE_FLTINV;
    if (raised & 4)
        return FPE_FLTDIV;
    if (raised & 8)
        return FPE_FLTOVF;
    if (raised & 0x12)
        return FPE_FLTUND;
    return FPE_FLTRES;
}

/* ---- threads ---- */

static void *xstate_alloc(void)
{
    const uint64_t fx_parts = 3; /* of XSTATE_BV: x87, SSE */
    /* kmalloc aligns to 16 only; round up inside, remember nothing: the area
     * is page-sized or larger on every CPU with AVX-512, else a page. */
    char *area = kmalloc(MAX(arch_xstate_len(), PAGE_SIZE));

    if (!area)
        return NULL;
    memset(area + FXSAVE_LEN, 0, XSAVE_HDR_LEN);
    if (!cpu_features.xsave) /* for those who look from outside */
        memcpy(area + FXSAVE_LEN, &fx_parts, sizeof(fx_parts));
    return area;
}

void arch_sample_after(struct arch_thread *t, uint32_t n)
{
    *(int32_t *)t->kstack_top = (int32_t)n - 1;
}

struct regs *arch_thread_regs(const struct arch_thread *t)
{
    return (struct regs *)t->kstack_top - 1;
}

int arch_thread_may_switch(struct arch_thread *t)
{
    if (!t->xstate)
        t->xstate = xstate_alloc();
    return t->xstate ? 0 : -ENOMEM;
}

int arch_thread_init(struct arch_thread *t, void *kstack,
                     const struct regs *regs)
{
    uint64_t top = ((uint64_t)kstack + ARCH_KSTACK_LEN) & ~15ul;
    struct regs *frame;
    uint64_t *sp;

    if (UNLIKELY(!thread_current()->arch.xstate || !t->xstate) &&
        (arch_thread_may_switch(&thread_current()->arch) != 0 ||
         arch_thread_may_switch(t) != 0))
        return -ENOMEM;
    save_unchecked(t->xstate);
    t->kstack_top = top - 8; /* regs are 8 mod 16: keeps calls aligned */
    frame = arch_thread_regs(t);
    *frame = *regs;
    sp = (uint64_t *)frame;
    *--sp = (uint64_t)thread_entry;
    *--sp = 0;                         /* rbp: the end of the chain of frames */
    t->kernel_sp = (uint64_t)(sp - 5); /* all that switch_stacks() pops */
    return 0;
}

COLD int arch_thread_init_kernel(struct arch_thread *t, void *kstack,
                                 void (*fn)(void))
{
    uint64_t *sp = (uint64_t *)(((uint64_t)kstack + ARCH_KSTACK_LEN) & ~15ul);

    t->xstate = xstate_alloc();
    if (!t->xstate)
        return -ENOMEM;
    save_unchecked(t->xstate);
    t->kstack_top = (uint64_t)sp - 8;
    *--sp = 0; /* fn's return address: it has none */
    *--sp = (uint64_t)fn;
    *--sp = 0;                         /* rbp: the end of the chain of frames */
    t->kernel_sp = (uint64_t)(sp - 5); /* all that switch_stacks() pops */
    return 0;
}

void arch_thread_fini(struct arch_thread *t)
{
    kfree(t->xstate);
    t->xstate = NULL;
}

void arch_switch(struct thread *prev, struct thread *next)
{
    struct arch_thread *p = &prev->arch, *n = &next->arch;

    ASSERT(p != n);
    if (LIKELY(prev->state != THREAD_DEAD)) {
        ASSERT(p->xstate);
        save_unchecked(p->xstate);
        p->fs_base = arch_fs_base(p);
    }
    if (n->xstate)
        load_unchecked(n->xstate);
    write_fs_base(n->fs_base);
    set_kernel_stack(n->kstack_top);
    switch_stacks(&p->kernel_sp, n->kernel_sp);
}

void arch_enter_user(const struct regs *regs)
{
    struct regs *frame = arch_current_regs();

    /* the boot's stack becomes the first thread's */
    thread_current()->arch.kstack_top = percpu_boot.kstack_top;
    *frame = *regs;
    arch_sample_after(&thread_current()->arch, 1);
    spin_unlock(&kernel_lock);
    enter_program(frame);
}

bool arch_random(uint64_t *out)
{
    uint8_t ok;

    detect();
    if (!cpu_features.rdrand)
        return false;
    for (int tries = 0; tries < 10; tries++) {
        __asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=qm"(ok)::"cc");
        if (ok)
            return true;
    }
    return false;
}

COLD size_t arch_backtrace(uint64_t rip, uint64_t rbp, uint64_t *out,
                           size_t max)
{
    size_t n = 0;

    if (max > 0)
        out[n++] = rip;
    /* Kernel frames only: program stacks are read with mm/user.h. */
    while (n < max && rbp >= 0xffff800000000000ul && rbp % 8 == 0) {
        const uint64_t *frame = (const uint64_t *)rbp;

        out[n++] = frame[1];
        if (frame[0] <= rbp || frame[0] - rbp > ARCH_KSTACK_LEN)
            break;
        rbp = frame[0];
    }
    return n;
}

uint64_t arch_kernel_va(void)
{
    return (uint64_t)kernel_base;
}

paddr_t arch_kernel_pa(void)
{
    return kernel_pa;
}
