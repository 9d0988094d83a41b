/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp.c - several CPUs: starting them, and what one asks of the others.
 *
 * Asking: the asker sets bits in the other's percpu.asked and interrupts it.
 * The interrupt's entry attends whatever the CPU is doing; a CPU that waits for
 * a lock attends as well, since an interrupt that it has noted and not handled
 * keeps further ones away. One that is away (idle, in the host) is not waited
 * for: it attends before it comes back. One asker at a time: tlb_lock.
 *
 * The program's text may be changed while the others are stopped. They then
 * return to it by iretq, which no CPU executes ahead of.
 */
#include "abi/bootinfo.h"
#include "abi/cpu_tables.h"
#include "abi/hypercall.h"
#include "arch/x86_64/percpu.h"
#include "arch/x86_64/stub.h"
#include "arch/x86_64/trap.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/string.h"
#include "drivers/hypercall.h"
#include "mm/page.h"
#include "sched/sample.h"

#define SPIN_MAX 2048u /* about 0.1 ms */

_Static_assert(ARCH_CPU_MAX == CPU_MAX, "one limit");

struct percpu *percpus[ARCH_CPU_MAX] = { &percpu_boot };

void *arch_call_table(unsigned index)
{
    return percpus[index] ? percpus[index] + 1 : NULL;
}
static unsigned cpu_count = 1;
static unsigned running = 1; /* CPUs that have begun; those that may be asked */
static uint64_t areas_pa, first_stub_va;
static void (*cpu_run)(void);
static uint32_t spin_counts[ARCH_CPU_MAX];
static struct spinlock tlb_lock = SPINLOCK_INIT(LOCK_TLB);

void smp_init(const struct bootinfo *boot)
{
    percpu_boot.stub_data = boot->stub_va + 0x1000;
    first_stub_va = boot->stub_va;
    areas_pa = boot->cpu_areas_pa;
    cpu_count = (unsigned)boot->cpu_count;
    ASSERT(cpu_count >= 1 && cpu_count <= ARCH_CPU_MAX);
}

unsigned arch_cpu_count(void)
{
    return cpu_count;
}

/* ---- starting ---- */

static uint8_t *area_of(unsigned index)
{
    paddr_t pa = areas_pa + (index - 1) * (paddr_t)CPU_AREA_PAGES * PAGE_SIZE;

    return page_ptr(pa);
}

static void prepare(unsigned index)
{
    uint8_t *area = area_of(index);
    struct percpu *cpu = (struct percpu *)(void *)(area + CPU_AREA_PERCPU);

    memset(cpu, 0, sizeof(*cpu));
    cpu->number = index + 1;
    cpu->stub_data = first_stub_va + index * CPU_STUB_LEN + 0x1000;
    cpu->is_away = 1; /* until it has begun */
    memcpy(cpu + 1, &percpu_boot + 1, PERCPU_TABLE_LEN);
    hypercall_init_cpu(index, (void *)(area + CPU_AREA_HYPERCALL));
    percpus[index] = cpu;
}

void arch_cpus_start(void (*run)(void))
{
    if (cpu_count == 1)
        return;
    cpu_run = run;
    irq_init_cpu();
    for (unsigned i = 1; i < cpu_count; i++)
        prepare(i);
    __atomic_store_n(&running, cpu_count, __ATOMIC_SEQ_CST);
    for (unsigned i = 1; cpu_features.is_monitor && i < cpu_count; i++)
        if (hypercall_call(HYPERCALL_CPU_START, i, 0, 0) != 0)
            panic("the monitor does not start CPU %u", i);
    if (!cpu_features.is_monitor)
        stub_call(STUB_IPI, 0, STUB_IPI_START);
}

/* A further CPU's first C code; its percpu is prepared, its stack empty. */
void smp_main(void)
{
    struct percpu *cpu = percpu_mine();

    irq_init_cpu();
    __atomic_store_n(&cpu->is_away, 0, __ATOMIC_SEQ_CST);
    arch_attend();
    cpu_run();
    panic("a CPU came back from its work");
}

/* ---- asking ---- */

static void interrupt(unsigned cpu_number)
{
    if (cpu_features.is_monitor)
        hypercall_call(HYPERCALL_KICK, 1ul << (cpu_number - 1), 0, 0);
    else
        stub_call(STUB_IPI, cpu_number - 1, STUB_IPI_KICK);
}

void arch_cpu_kick(unsigned cpu_number)
{
    struct percpu *cpu = percpus[cpu_number - 1];

    if (__atomic_exchange_n(&cpu->is_kicked, 1, __ATOMIC_SEQ_CST))
        return; /* it has yet to handle the last one */
    interrupt(cpu_number);
}

static void flush_own(void)
{
    stub_call(STUB_FLUSH_ALL, 0, 0);
}

void arch_attend(void)
{
    struct percpu *cpu = percpu_mine();
    uint32_t asked;

    while ((asked = __atomic_load_n(&cpu->asked, __ATOMIC_SEQ_CST) &
                    ~(uint32_t)ASKED_SAMPLES) != 0) {
        if (asked & ASKED_FLUSH) {
            flush_own();
            __atomic_fetch_and(&cpu->asked, ~ASKED_FLUSH, __ATOMIC_SEQ_CST);
        } else if (!(asked & ASKED_STOP)) {
            __atomic_fetch_and(&cpu->asked, ~ASKED_STOPPED, __ATOMIC_SEQ_CST);
        } else if (!(asked & ASKED_STOPPED)) {
            percpu_work_set(WORK_TODO); /* return by iretq */
            __atomic_fetch_or(&cpu->asked, ASKED_STOPPED, __ATOMIC_SEQ_CST);
        } else {
            arch_pause();
        }
    }
}

/* On the interrupt's stack; entry.S. */
struct interrupted {
    uint64_t preserved[10]; /* r15 ... r8, as in struct regs */
    uint64_t rdx, rsi, rdi, rcx, rax;
    uint64_t vector;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct interrupted) == sizeof(struct regs), "the same");

void trap_attend(const struct interrupted *frame)
{
    struct regs regs;

    if (sample_interrupt && percpu_mine()->asked & ASKED_SAMPLES) {
        memcpy(&regs, frame, sizeof(regs));
        regs.rax = frame->rax;
        regs.rcx = frame->rcx;
        regs.rdx = frame->rdx;
        regs.rsi = frame->rsi;
        regs.rdi = frame->rdi;
        sample_interrupt(&regs);
    }
    arch_attend();
}

void arch_samples_begin(unsigned cpu_number)
{
    __atomic_fetch_or(&percpus[cpu_number - 1]->asked, ASKED_SAMPLES,
                      __ATOMIC_SEQ_CST);
    if (cpu_number != arch_cpu_number())
        arch_cpu_kick(cpu_number);
}

void arch_samples_end(void)
{
    __atomic_fetch_and(&percpu_mine()->asked, ~(uint32_t)ASKED_SAMPLES,
                       __ATOMIC_SEQ_CST);
}

/* Nobody waits for a CPU that is away, and that does not touch the program. */
static void yield_to_host(struct percpu *cpu)
{
    __atomic_store_n(&cpu->is_away, 1, __ATOMIC_SEQ_CST);
    hypercall_call(HYPERCALL_YIELD, 0, 0, 0);
    __atomic_store_n(&cpu->is_away, 0, __ATOMIC_SEQ_CST);
}

/* Where the host has fewer CPUs free than the guest has, the one that is waited
 * for may not run at all: the host is told, now and then. */
void arch_spin_wait(void)
{
    struct percpu *cpu = percpu_mine();

    arch_pause();
    if (++spin_counts[cpu->number - 1] % SPIN_MAX == 0 &&
        cpu_features.is_monitor)
        yield_to_host(cpu);
    if (__atomic_load_n(&cpu->asked, __ATOMIC_SEQ_CST))
        arch_attend();
}

/* Set `bit` for every other CPU that runs, and interrupt those present, even
 * where a kick is under way: who sends that may be stopped before he does. */
static void ask_others(uint32_t bit)
{
    unsigned me = arch_cpu_number();

    for (unsigned n = 1; n <= running; n++) {
        if (n == me)
            continue;
        __atomic_fetch_or(&percpus[n - 1]->asked, bit, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&percpus[n - 1]->is_away, __ATOMIC_SEQ_CST))
            interrupt(n);
    }
}

/* Until each other CPU's `asked`, under the mask, is `want`, or it is away. */
static void wait_for_others(uint32_t mask, uint32_t want)
{
    unsigned me = arch_cpu_number();

    for (unsigned n = 1; n <= running; n++) {
        const struct percpu *cpu = percpus[n - 1];

        if (n == me)
            continue;
        while ((__atomic_load_n(&cpu->asked, __ATOMIC_SEQ_CST) & mask) !=
                   want &&
               !__atomic_load_n(&cpu->is_away, __ATOMIC_SEQ_CST))
            arch_spin_wait();
    }
}

static void flush_others(void)
{
    if (running == 1)
        return;
    spin_lock(&tlb_lock);
    ask_others(ASKED_FLUSH);
    wait_for_others(ASKED_FLUSH, 0);
    spin_unlock(&tlb_lock);
}

void arch_tlb_flush_page(uint64_t va)
{
    stub_call(STUB_FLUSH_PAGE, va, 0);
    flush_others();
}

void arch_tlb_flush_all(void)
{
    flush_own();
    flush_others();
}

/* Each of them has left, once, what it was in when this began. */
void arch_readers_wait(void)
{
    unsigned me = arch_cpu_number();

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (unsigned n = 1; n <= running; n++)
        while (n != me &&
               __atomic_load_n(&percpus[n - 1]->reading, __ATOMIC_ACQUIRE))
            arch_spin_wait();
}

STOP_CODE bool arch_cpus_may_stop(void)
{
    return __atomic_load_n(&tlb_lock.owner, __ATOMIC_RELAXED) !=
           arch_cpu_number();
}

void arch_cpus_stop(void)
{
    if (running == 1)
        return;
    spin_lock(&tlb_lock);
    ask_others(ASKED_STOP);
    wait_for_others(ASKED_STOPPED, ASKED_STOPPED);
}

void arch_cpus_resume(void)
{
    unsigned me = arch_cpu_number();

    if (running == 1)
        return;
    for (unsigned n = 1; n <= running; n++)
        if (n != me)
            __atomic_fetch_and(&percpus[n - 1]->asked, ~ASKED_STOP,
                               __ATOMIC_SEQ_CST);
    spin_unlock(&tlb_lock);
}
