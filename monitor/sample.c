/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample.c - see sample.h.
 *
 * CPU 0's thread asks the others by their slots' states and a kick, makes its
 * own sample meanwhile, and takes theirs. Who does not come, since a hypercall
 * waits for the host, is told as away; its slot is taken back, so that no
 * thread writes to one that nobody waits for.
 *
 * Everything in guest memory may change and lie: addresses go through the page
 * tables again for each page, and lengths are ours.
 */
#include "monitor/sample.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/sample.h"
#include "monitor/arch/arch.h"
#include "monitor/events.h"

#define WAIT_NS   1000000
#define STACK_MAX (CONTROL_DATA_MAX - sizeof(struct control_sample))

enum slot_state { SLOT_FREE, SLOT_WANTED, SLOT_TAKING, SLOT_DONE };

struct slot {
    uint32_t state; /* atomic; a futex */
    int err;
    struct control_sample sample;
    uint8_t stack[STACK_MAX];
};

static struct slot slots[CPU_MAX];
static struct control_sample_how how_now; /* of those that are wanted */
static size_t stack_max;                  /* bytes of each CPU */

/* ---- one CPU's ---- */

static int read_va(void *arg, uint64_t va, void *dst, size_t len)
{
    const struct vm *vm = arg;
    gpa_t gpa;
    int err = arch_translate(vm, vm->vcpu[0].state.cr3, va, &gpa);

    return err ? err : gmem_read(&vm->mem, gpa, dst, len);
}

static int make(const struct vcpu *cpu, const struct control_sample_how *how,
                struct control_sample *s, uint8_t *stack)
{
    const struct sample_memory memory = { read_va, cpu->vm };
    int err = arch_sample_regs_get(cpu, s->regs);

    if (err)
        return err;
    s->tsc = arch_tsc();
    sample_fill(s, how, &memory, stack, stack_max);
    return 0;
}

static void fill(const struct vcpu *cpu)
{
    struct slot *slot = &slots[cpu->index];

    slot->sample = (struct control_sample){ .cpu = cpu->index,
                                            .state = CONTROL_SAMPLE_RUNNING,
                                            .periods = 1 };
    slot->err = make(cpu, &how_now, &slot->sample, slot->stack);
}

/* ---- CPU 1 and on ---- */

static bool slot_move(struct slot *slot, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&slot->state, &from, to, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void sample_take(const struct vcpu *cpu)
{
    struct slot *slot = &slots[cpu->index];

    if (__atomic_load_n(&slot->state, __ATOMIC_RELAXED) != SLOT_WANTED ||
        !slot_move(slot, SLOT_WANTED, SLOT_TAKING))
        return;
    fill(cpu);
    __atomic_store_n(&slot->state, SLOT_DONE, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &slot->state, FUTEX_WAKE_PRIVATE, 1);
}

/* ---- CPU 0 ---- */

_Static_assert(sizeof(((struct control_sample_how *)0)->percpu) / 8 == CPU_MAX,
               "one each");

/* Those that were started: a bit each. One that starts later is not asked. */
static uint32_t started(const struct vm *vm, unsigned *count_out)
{
    uint32_t set = 1;

    *count_out = 1;
    for (unsigned i = 1; i < vm->cpu_count; i++) {
        if (!__atomic_load_n(&vm->vcpu[i].is_started, __ATOMIC_ACQUIRE))
            continue;
        set |= 1u << i;
        ++*count_out;
    }
    return set;
}

static bool is_asleep(const struct vcpu *cpu)
{
    return __atomic_load_n(&cpu->is_waiting, __ATOMIC_SEQ_CST);
}

static void tell(const struct vcpu *cpu, uint32_t state)
{
    slots[cpu->index].err = 0;
    slots[cpu->index].sample = (struct control_sample){ .cpu = cpu->index,
                                                        .state = state,
                                                        .periods = 1 };
}

static void want(struct vcpu *cpu)
{
    struct slot *slot = &slots[cpu->index];

    if (is_asleep(cpu)) {
        tell(cpu, CONTROL_SAMPLE_IDLE);
        return;
    }
    __atomic_store_n(&slot->state, SLOT_WANTED, __ATOMIC_SEQ_CST);
    events_interrupt(cpu);
}

static void await(const struct vcpu *cpu)
{
    const struct timespec limit = { 0, WAIT_NS };
    struct slot *slot = &slots[cpu->index];
    uint32_t state;

    while ((state = __atomic_load_n(&slot->state, __ATOMIC_SEQ_CST)) ==
               SLOT_WANTED ||
           state == SLOT_TAKING) {
        if (syscall(SYS_futex, &slot->state, FUTEX_WAIT_PRIVATE, state,
                    &limit) == 0 ||
            !slot_move(slot, SLOT_WANTED, SLOT_FREE))
            continue;
        tell(cpu, is_asleep(cpu) ? CONTROL_SAMPLE_IDLE : CONTROL_SAMPLE_AWAY);
    }
    slot->state = SLOT_FREE;
}

/* Behind what out holds already; the result: bytes of it then. */
static size_t add(uint8_t *out, size_t len, const struct slot *slot)
{
    const struct control_sample *s = &slot->sample;

    memcpy(out + len, s, sizeof(*s));
    len += sizeof(*s);
    memcpy(out + len, slot->stack, s->kernel_len + s->program_len);
    return len + s->kernel_len + s->program_len;
}

int sample_all(struct vm *vm, const struct control_sample_how *how,
               uint8_t *out, size_t *len_out)
{
    unsigned count;
    uint32_t set = started(vm, &count);
    int err = 0;

    how_now = *how;
    stack_max = CONTROL_DATA_MAX / count - sizeof(struct control_sample);
    for (unsigned i = 1; i < vm->cpu_count; i++)
        if (set >> i & 1)
            want(&vm->vcpu[i]);
    /* This thread serves tools between two runs, or while the CPU waits. */
    if (is_asleep(&vm->vcpu[0]))
        tell(&vm->vcpu[0], CONTROL_SAMPLE_IDLE);
    else
        fill(&vm->vcpu[0]);
    *len_out = 0;
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        if (!(set >> i & 1))
            continue;
        await(&vm->vcpu[i]);
        if (slots[i].err && !err)
            err = slots[i].err;
        if (!err)
            *len_out = add(out, *len_out, &slots[i]);
    }
    return err;
}
