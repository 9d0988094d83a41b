/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * irq.c - interrupts, the one-shot timer and idleness, on both platforms.
 *
 * Monitor: one vector, events in the hypercall page, sleep by hypercall.
 * PC: local APIC timer on vector 0x20, ISA interrupts through the I/O APIC on
 * 0x21.., halt through the stub's gate. All vectors share one priority class
 * (0x2?), so none nests before the acknowledgement, and that is sent only when
 * the frame has left the IST stack.
 */
#include "abi/cpu_tables.h"
#include "abi/hypercall.h"
#include "arch/x86_64/percpu.h"
#include "arch/x86_64/stub.h"
#include "arch/x86_64/trap.h"
#include "core/panic.h"
#include "drivers/hypercall.h"
#include "sched/sample.h"
#include "time/clock.h"

#define IRQ_COUNT     16u
#define IRQ_KICK      14u /* vector 0x2e: from other CPUs */
#define APIC_EOI      0xb0u
#define APIC_SPURIOUS 0xf0u
#define APIC_LVT      0x320u
#define APIC_INIT     0x380u
#define APIC_CURRENT  0x390u
#define APIC_DIVIDE   0x3e0u
#define APIC_UNMASKED 0u
#define IOAPIC_PA     0xfec00000ul
#define IOAPIC_STEP   0x10000ul /* to the second one, where there is one */
#define IOAPIC_PINS   24u
#define MESSAGE_APIC0 0xfee00000u /* Intel SDM 3A, 11.11 */

/* Vector 0x20 + n for n = 1..13 serves a registered interrupt. */
static struct {
    void (*fn)(void *arg);
    void *arg;
} irq_handlers[IRQ_COUNT];
static unsigned irq_used;

bool arch_irq_pending(void)
{
    return percpu_irq_noted() != 0 ||
           (cpu_features.is_monitor && hypercall_pending());
}

static uint32_t take_noted(void)
{
    uint32_t noted = 0;

    __asm__ volatile("xchg %0, %%gs:%c1"
                     : "+r"(noted)
                     : "i"(PERCPU_IRQ_NOTED)
                     : "memory");
    return noted;
}

static void poll_pc(uint32_t noted)
{
    struct stub_data *stub = (struct stub_data *)percpu_mine()->stub_data;
    uint32_t left;

    noted |= (uint32_t)stub->irq_noted;
    stub->irq_noted = 0;
    if (!noted)
        return;
    if (noted & 1)
        timers_fired();
    left = noted & ((1u << IRQ_COUNT) - 2);
    for (; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);

        if (irq_handlers[i].fn)
            irq_handlers[i].fn(irq_handlers[i].arg);
    }
    /* One acknowledgement: the class lets only one through at a time. */
    stub_call(STUB_APIC_WRITE, APIC_EOI, 0);
}

static void attend(void)
{
    arch_attend();
    if (sample_poll)
        sample_poll();
}

void arch_irq_poll(void)
{
    struct percpu *cpu = percpu_mine();
    uint32_t noted = take_noted();

    if (cpu_features.is_monitor) {
        if (hypercall_events() & HYPERCALL_EVENT_TIMER)
            timers_fired();
    } else {
        poll_pc(noted);
    }
    /* The kick that came is taken: from here on another one interrupts again.
     * What it was sent for was there before it, and is looked at after this. */
    __atomic_store_n(&cpu->is_kicked, 0, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cpu->asked, __ATOMIC_SEQ_CST))
        attend();
    timers_run();
    if (cpu_features.is_monitor)
        hypercall_polled();
}

static void apic_enable(void)
{
    stub_call(STUB_APIC_WRITE, APIC_SPURIOUS, 0); /* the stub knows the value */
}

static void apic_timer_init(void)
{
    apic_enable();
    stub_call(STUB_APIC_WRITE, APIC_DIVIDE, 0xb); /* by 1 */
    stub_call(STUB_APIC_WRITE, APIC_LVT, APIC_UNMASKED);
}

/* ---- the timer ---- */

#define APIC_LOOKS    3u
#define APIC_SPAN     400000u           /* TSC ticks to measure over */
#define APIC_SPAN_MAX (64u * APIC_SPAN) /* TSC ticks */

/* Ticks of the APIC timer per 2^20 TSC ticks; measured on first use. */
static uint64_t apic_per_tsc;

/* The counter, which runs down, and the TSC around the reading of it. */
struct apic_look {
    uint64_t before, after;
    uint32_t count;
};

/* The one of a few that took the least. */
static COLD struct apic_look apic_look(void)
{
    struct apic_look best = { 0, UINT64_MAX, 0 };

    for (unsigned i = 0; i < APIC_LOOKS; i++) {
        struct apic_look l = { .before = arch_cycles() };

        l.count = (uint32_t)stub_call(STUB_APIC_READ, APIC_CURRENT, 0);
        l.after = arch_cycles();
        if (l.after - l.before < best.after - best.before)
            best = l;
    }
    return best;
}

/* False: the looks took more than an eighth of the span, as where the host was
 * elsewhere. Then the rate is the lowest that it can be: a timer that comes too
 * early is armed again, one that is late is not noticed. */
static COLD bool measure_apic(uint64_t span)
{
    struct apic_look first, last;
    uint64_t ticks;

    stub_call(STUB_APIC_WRITE, APIC_INIT, 0xffffffff);
    first = apic_look();
    while (arch_cycles() - first.after < span)
        arch_pause();
    last = apic_look();
    ticks = (uint64_t)(first.count - last.count) << 20;
    apic_per_tsc = ticks / (last.after - first.before);
    if (first.after - first.before + last.after - last.before > span / 8)
        return false;
    apic_per_tsc =
        2 * ticks / (last.after + last.before - first.after - first.before);
    return true;
}

/* Where an access takes long, the span grows until it does not matter. */
static COLD void calibrate_apic(void)
{
    uint64_t span = APIC_SPAN;

    apic_enable();
    stub_call(STUB_APIC_WRITE, APIC_DIVIDE, 0xb); /* by 1 */
    stub_call(STUB_APIC_WRITE, APIC_LVT, 0x10000);
    while (!measure_apic(span) && span < APIC_SPAN_MAX)
        span *= 2;
    stub_call(STUB_APIC_WRITE, APIC_INIT, 0);
    if (apic_per_tsc == 0)
        apic_per_tsc = 1;
    apic_timer_init();
}

/* Before other CPUs run, which would all measure at once. */
void irq_init_cpu(void)
{
    if (cpu_features.is_monitor)
        return;
    if (!apic_per_tsc)
        calibrate_apic();
    else
        apic_timer_init();
}

static void arm_pc(uint64_t tsc)
{
    uint64_t now = arch_cycles(), count;

    if (tsc == 0) {
        if (apic_per_tsc)
            stub_call(STUB_APIC_WRITE, APIC_INIT, 0);
        return;
    }
    if (!apic_per_tsc)
        calibrate_apic();
    count = tsc > now ? tsc - now : 0;
    if (count > 1ull << 42) /* far away: wake early, look again */
        count = 1ull << 42;
    count = (count * apic_per_tsc >> 20) + 1;
    stub_call(STUB_APIC_WRITE, APIC_INIT, MIN(count, 0xffffffffull));
}

void arch_timer_arm(uint64_t tsc)
{
    if (cpu_features.is_monitor)
        hypercall_timer(tsc);
    else
        arm_pc(tsc);
}

static void idle_pc(struct percpu *cpu)
{
    idle_halt();
    if (((struct stub_data *)cpu->stub_data)->irq_noted)
        cpu->irq_noted |= 1u << 31;
}

/* While a CPU is away nobody waits for it: it looks at what it was asked for
 * before it touches anything of the program's. */
void arch_idle(void)
{
    struct percpu *cpu = percpu_mine();

    __atomic_store_n(&cpu->is_away, 1, __ATOMIC_SEQ_CST);
    if (!cpu_features.is_monitor)
        idle_pc(cpu);
    else if (!arch_irq_pending())
        hypercall_wait();
    __atomic_store_n(&cpu->is_away, 0, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cpu->asked, __ATOMIC_SEQ_CST))
        arch_attend();
}

/* ---- interrupts of devices ---- */

static COLD uint32_t vector_for(void (*fn)(void *arg), void *arg)
{
    unsigned slot = ++irq_used;

    if (slot == 1)
        apic_enable();
    ASSERT(slot < IRQ_KICK); /* and 0x2f is the spurious vector */
    irq_handlers[slot].fn = fn;
    irq_handlers[slot].arg = arg;
    return 0x20 + slot;
}

/* Intel 82093AA */
static void ioapic_write(unsigned number, uint32_t reg, uint32_t value)
{
    volatile uint32_t *io = arch_mmio(IOAPIC_PA + number * IOAPIC_STEP);

    io[0] = reg;
    io[4] = value;
}

COLD void arch_irq_register(unsigned irq, void (*fn)(void *arg), void *arg)
{
    unsigned number = irq / IOAPIC_PINS, pin = irq % IOAPIC_PINS;

    ASSERT(irq < 2 * IOAPIC_PINS);
    /* fixed delivery to APIC 0, edge, active high, unmasked */
    ioapic_write(number, 0x10 + 2 * pin + 1, 0);
    ioapic_write(number, 0x10 + 2 * pin, vector_for(fn, arg));
}

struct arch_message arch_message_register(void (*fn)(void *arg), void *arg)
{
    return (struct arch_message){ MESSAGE_APIC0, vector_for(fn, arg) };
}
