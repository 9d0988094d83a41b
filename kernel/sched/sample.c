/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample.c - see sample.h.
 *
 * A sample is copied without a fault and without a lock, since it may have
 * interrupted any kernel code: stacks of threads are the kernel's memory, and
 * the program's is found by its page tables, whose pages are freed only after
 * a flush that waits for this CPU.
 */
#include "sched/sample.h"

#include "arch/pagetable.h"
#include "core/string.h"
#include "mm/page.h"
#include "mm/space.h"
#include "sched/runq.h"
#include "time/clock.h"

#define RINGS_ORDER 4u
#define STEP_MIN_NS 100000u

_Static_assert(SAMPLE_RINGS_LEN == PAGE_SIZE << RINGS_ORDER, "order");
_Static_assert(sizeof(struct regs) == 8 * CONTROL_SAMPLE_REGS, "the same");

enum state { OFF, BEGINS, ON };

static struct sampler {
    struct timer timer;
    enum state state;
    uint64_t due_ns;
    uint64_t from_tsc;            /* kernel code is sampled from then on */
    uint64_t next;                /* position of `taken` */
    struct control_sample *taken; /* of kernel code, not told yet; or NULL */
} samplers[ARCH_CPU_MAX];
static unsigned sampled; /* CPUs that are not OFF */

struct sample_control sample_control;

static struct sampler *mine(void)
{
    return &samplers[arch_cpu_number() - 1];
}

static struct sample_ring *ring_mine(void)
{
    return (struct sample_ring *)(sample_control.rings +
                                  (arch_cpu_number() - 1) *
                                      sample_control.ring_len);
}

/* ---- one sample ---- */

/* How much of the program's memory can be read. */
static size_t readable(uint64_t va, size_t len)
{
    uint64_t at = va, end = MIN(va + len, ARCH_USER_MAX);

    while (at < end && pt_peek(space_pml4_pa(), at))
        at += PAGE_SIZE - at % PAGE_SIZE;
    return MIN(at, end) - va;
}

/* Another CPU may be unmapping it: then it ends with what was there before. */
static void copy_stack(uint8_t *to, uint64_t va, size_t len)
{
    while (len > 0) {
        size_t part = MIN(len, PAGE_SIZE - va % PAGE_SIZE);
        const void *from = pt_peek(space_pml4_pa(), va);

        if (!from)
            return;
        memcpy(to, from, part);
        to += part;
        va += part;
        len -= part;
    }
}

/* What lies where, and how much of it there is room for. */
struct stacks {
    uint64_t program_sp;
    uint32_t kernel_len, program_len;
};

static void measure(struct stacks *out, const struct regs *regs, size_t room)
{
    uint64_t top = thread_current()->arch.kstack_top;

    *out = (struct stacks){ .program_sp = regs->rsp };
    if (top - regs->rsp <= ARCH_KSTACK_LEN) {
        out->kernel_len = (uint32_t)MIN(top - regs->rsp, room);
        out->program_sp = ((const struct regs *)top - 1)->rsp;
    }
    room = MIN(room - out->kernel_len, (size_t)sample_control.stack_len);
    if (out->program_sp < ARCH_USER_MAX)
        out->program_len = (uint32_t)readable(out->program_sp, room);
}

static size_t record_len(size_t stacks_len)
{
    return (sizeof(struct control_sample) + stacks_len + 7) & ~7ul;
}

/* Room for len bytes: what was there may not be read any more. */
static struct control_sample *place(struct sampler *sampler, size_t len)
{
    struct sample_ring *r = ring_mine();
    uint64_t all = SAMPLE_DATA_LEN(sample_control.ring_len);
    uint64_t left = all - r->head % all;
    uint8_t *data = (uint8_t *)(r + 1);
    bool wraps = left < len;

    sampler->next = wraps ? r->head + left : r->head;
    if (sampler->next + len > all)
        __atomic_store_n(&r->oldest, sampler->next + len - all,
                         __ATOMIC_SEQ_CST);
    if (wraps)
        *(uint32_t *)(data + r->head % all) = SAMPLE_PAD;
    return (struct control_sample *)(data + sampler->next % all);
}

/* Little is on the stack, which may be an interrupt's. */
static void take(struct sampler *sampler, const struct regs *regs)
{
    const struct thread *t = thread_current();
    struct control_sample *s;
    struct stacks stacks;
    uint8_t *to;

    measure(&stacks, regs,
            SAMPLE_RECORD_MAX(sample_control.ring_len) - sizeof(*s));
    s = place(sampler, record_len(stacks.kernel_len + stacks.program_len));
    memset(s, 0, sizeof(*s));
    s->state = CONTROL_SAMPLE_RUNNING;
    s->tsc = arch_cycles();
    s->thread = (uint64_t)t;
    s->tid = t->tid;
    s->kernel_len = stacks.kernel_len;
    s->program_len = stacks.program_len;
    s->kstack_top = t->arch.kstack_top;
    s->program_sp = stacks.program_sp;
    memcpy(s->regs, regs, sizeof(s->regs));
    copy_stack(s->code, regs->rip, sizeof(s->code));
    to = (uint8_t *)(s + 1);
    memcpy(to, (const void *)regs->rsp, s->kernel_len);
    copy_stack(to + s->kernel_len, s->program_sp, s->program_len);
    sampler->taken = s;
}

/* Whoever reads sees it from now on. */
static void tell(struct sampler *sampler, uint64_t periods)
{
    struct sample_ring *r = ring_mine();
    struct control_sample *s = sampler->taken;

    s->periods = (uint32_t)periods;
    r->count++;
    __atomic_store_n(&r->head,
                     sampler->next + record_len(s->kernel_len + s->program_len),
                     __ATOMIC_SEQ_CST);
    sampler->taken = NULL;
}

/* Or nobody runs yet. */
static bool is_idle(void)
{
    return !thread_current() || runq_mine()->idle != RUNQ_BUSY;
}

void sample_interrupt(const struct regs *regs)
{
    struct sampler *s = mine();

    if (s->state == ON && !s->taken && arch_cycles() >= s->from_tsc &&
        !is_idle())
        take(s, regs);
}

/* ---- beginning and end ---- */

static uint64_t step_ns(void)
{
    return MAX(sample_control.step_ns, (uint64_t)STEP_MIN_NS);
}

/* The hardware's timer may come a little early, and again when it is due: by
 * then the kernel code that it interrupted would have been left. */
static void arm(struct sampler *s, uint64_t due_ns)
{
    s->due_ns = due_ns;
    s->from_tsc = clock_tsc_of_mono(due_ns - step_ns() / 8);
    timer_arm(&s->timer, due_ns);
}

static void end(struct sampler *s)
{
    s->state = OFF;
    s->taken = NULL;
    arch_samples_end();
    if (--sampled > 0)
        return;
    page_free_order(page_pa((const void *)sample_control.rings), RINGS_ORDER);
    sample_control.rings = 0;
    sample_control.wanted = SAMPLE_OFF;
}

static void tick(struct timer *timer)
{
    struct sampler *s = mine();
    uint64_t late = (clock_mono_ns() - s->due_ns) / step_ns();

    (void)timer;
    if (sample_control.wanted != SAMPLE_ON ||
        arch_cycles() > sample_control.until_tsc) {
        end(s);
        return;
    }
    if (s->taken) {
        tell(s, 1 + late);
    } else if (is_idle()) {
        ring_mine()->idle++;
    } else {
        take(s, arch_current_regs());
        tell(s, 1);
    }
    arm(s, s->due_ns + (late + 1) * step_ns());
}

void sample_poll(void)
{
    struct sampler *s = mine();

    if (s->state != BEGINS)
        return;
    s->state = ON;
    timer_init(&s->timer, tick);
    arm(s, clock_mono_ns() + step_ns());
}

static bool rings_make(void)
{
    struct sample_control *c = &sample_control;
    paddr_t pa = page_alloc_order(RINGS_ORDER);

    if (!pa) {
        c->wanted = SAMPLE_NO_MEMORY;
        return false;
    }
    page_set_kind(pa, RECORDS_PAGE_RING);
    memset(page_ptr(pa), 0, SAMPLE_RINGS_LEN);
    c->ring_len = SAMPLE_RINGS_LEN / arch_cpu_count() & ~7ul;
    c->rings = (uint64_t)page_ptr(pa);
    return true;
}

void sample_start(void)
{
    if (sample_control.wanted != SAMPLE_ON ||
        (!sample_control.rings && !rings_make()))
        return;
    for (unsigned i = 0; i < runq_running(); i++) {
        if (samplers[i].state != OFF)
            continue;
        samplers[i].state = BEGINS;
        sampled++;
        arch_samples_begin(i + 1);
    }
}
