/* SPDX-License-Identifier: BSD-2-Clause */
/* sampler.c - see sampler.h. */
#include "debug/sampler.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest.h"
#include "debug/stopped.h"
#include "debug/symbolise.h"
#include "debug/unwind.h"
#include "host/fault.h"

#define WORD sizeof(uint64_t)

/* ---- open, look, close ---- */

static int how_fill(struct sampler *s, uint64_t step_ns, struct fault *fault)
{
    const struct records *r = &s->core.in.records;

    s->how = (struct control_sample_how){
        .stack_len = SAMPLER_STACK_LEN,
        .percpu_thread = r->percpu_thread,
        .thread_tid = r->thread_tid,
        .thread_kstack_top = r->thread_kstack_top,
        .top_rsp = (uint16_t)(r->regs_len - offsetof(struct control_regs, rsp)),
        .control = r->sample,
        .step_ns = step_ns,
    };
    return inside_read(&s->core.in, r->percpus, s->how.percpu,
                       sizeof(s->how.percpu), fault);
}

int sampler_open(struct sampler *s, const struct guest *g, uint64_t step_ns,
                 struct fault *fault)
{
    const struct control_hello *h = &s->core.in.hello;
    int err;

    memset(s, 0, sizeof(*s));
    err = inside_open(&s->core.in, g, fault);
    if (err)
        return err;
    frames_open(&s->core.frames, h->build_id, sizeof(h->build_id));
    err = symbolise_open(g->image, &s->symbols, fault);
    if (err == 0) {
        symbolise_kernel(s->symbols, h->kernel_va, h->kernel_len, h->build_id);
        err = how_fill(s, step_ns, fault);
    }
    if (err == 0)
        err = inside_hold(&s->core.in, fault);
    if (err == 0)
        err = sampler_look(s, fault);
    if (err)
        sampler_close(s);
    return err;
}

void sampler_close(struct sampler *s)
{
    inside_close(&s->core.in);
    frames_fini(&s->core.frames);
    core_fini(&s->core);
    symbolise_close(s->symbols);
    s->symbols = NULL;
}

static int gather(struct core *c, struct fault *fault)
{
    int err = inside_process(&c->in, &c->process, fault);

    if (err == 0)
        err = core_word(c, c->process.va + c->in.records.process_space,
                        &c->space_va, fault);
    if (err == 0)
        err = core_sites_read(c, fault);
    if (err == 0)
        err = core_regions_read(c, fault);
    return err;
}

static void tell_regions(struct sampler *s)
{
    const struct core *c = &s->core;
    struct symbolise_region *r =
        mem_alloc((c->region_count + 1) * sizeof(r[0]));
    size_t i;

    for (i = 0; i < c->region_count; i++)
        r[i] = (struct symbolise_region){
            .start = c->region[i].start,
            .end = c->region[i].end,
            .offset = c->region[i].offset,
            .ino = c->region[i].ino,
            .prot = c->region[i].prot,
        };
    symbolise_regions(s->symbols, r, c->region_count);
    free(r);
}

int sampler_look(struct sampler *s, struct fault *fault)
{
    struct fault ignored;
    int err = stopped_gather(&s->core, gather, fault);

    s->wants_look = false;
    (void)inside_go(&s->core.in, &ignored);
    if (err == 0)
        tell_regions(s);
    return err;
}

const char *sampler_thread_name(const struct sampler *s, int32_t tid)
{
    const struct inside_process *p = &s->core.process;
    size_t i;

    for (i = 0; i < p->thread_count; i++)
        if (p->thread[i].tid == tid)
            return p->thread[i].name;
    return NULL;
}

/* ---- samples ---- */

/* The kernel's functions are in out already, and regs are the program's. */
static void add_program(struct sampler *s, const struct control_regs *regs,
                        const struct unwind_stack *stack, struct sample *out)
{
    unsigned n = unwind(s->symbols, regs, stack, out->pc + out->count,
                        SAMPLER_FRAME_MAX - out->count);

    if (!symbolise_is_code(s->symbols, regs->rip) ||
        !sampler_thread_name(s, out->tid))
        s->wants_look = true;
    out->is_cut = stack->len >= SAMPLER_STACK_LEN / 2 && n > 0 &&
                  out->count + n < SAMPLER_FRAME_MAX;
    out->count += n;
}

/* data: what follows the head; its lengths are checked. */
static void take_running(struct sampler *s, const struct control_sample *head,
                         const uint8_t *data, sampler_fn *take, void *arg)
{
    static struct sample out;
    struct unwind_stack stack = { head->program_sp, data + head->kernel_len,
                                  head->program_len, NULL };
    struct control_regs regs;

    out.tid = head->tid;
    out.cpu = head->cpu;
    out.periods = head->periods;
    out.kernel_count =
        core_sample(&s->core, head, data, &regs, out.pc, SAMPLER_FRAME_MAX / 2);
    out.count = out.kernel_count;
    if (regs.rip == head->regs[offsetof(struct control_regs, rip) / WORD])
        stack.code = head->code; /* else that was the kernel's */
    add_program(s, &regs, &stack, &out);
    take(arg, &out);
}

static void count_head(struct sampler *s, const struct control_sample *head)
{
    if (head->state == CONTROL_SAMPLE_IDLE)
        s->idle += head->periods;
    if (head->state == CONTROL_SAMPLE_AWAY)
        s->away += head->periods;
    if (head->state != CONTROL_SAMPLE_KEPT)
        return;
    s->is_kept = true;
    s->lost += head->periods;
}

static int parse(struct sampler *s, const uint8_t *data, size_t len,
                 sampler_fn *take, void *arg)
{
    struct control_sample head;

    while (len >= sizeof(head)) {
        size_t stacks;

        memcpy(&head, data, sizeof(head));
        data += sizeof(head);
        len -= sizeof(head);
        if (head.kernel_len > len || head.program_len > len - head.kernel_len)
            return -EPROTO;
        stacks = (size_t)head.kernel_len + head.program_len;
        if (head.state == CONTROL_SAMPLE_RUNNING)
            take_running(s, &head, data, take, arg);
        count_head(s, &head);
        data += stacks;
        len -= stacks;
    }
    return len == 0 ? 0 : -EPROTO;
}

/* It may be that somebody has stopped it for a while, or that it has ended. */
static int refused(struct sampler *s, struct fault *fault)
{
    int err = inside_hello(&s->core.in, fault);

    if (err == 0 && !s->core.in.hello.is_ended)
        return 0;
    return fault_set(fault, ESRCH, "the guest '%s' has ended", s->core.in.name);
}

int sampler_take(struct sampler *s, sampler_fn *take, void *arg,
                 struct fault *fault)
{
    static uint8_t data[CONTROL_DATA_MAX];
    size_t len;
    int err = inside_sample(&s->core.in, &s->how, data, &len, fault);

    if (err == -EBUSY || err == -ECONNRESET)
        return refused(s, fault);
    if (err)
        return err;
    if (parse(s, data, len, take, arg) != 0)
        return fault_set(fault, EPROTO,
                         "the monitor of the guest '%s' makes no sense",
                         s->core.in.name);
    return 0;
}

/* ---- threads that sleep ---- */

static size_t read_stack(struct sampler *s, uint64_t va, uint8_t *out,
                         size_t len_max)
{
    struct fault ignored;
    size_t done = 0;

    while (done < len_max) {
        uint64_t gpa;
        size_t part;

        if (inside_translate(&s->core.in, va + done, &gpa, &part, &ignored))
            break;
        part = part < len_max - done ? part : len_max - done;
        if (inside_read_pa(&s->core.in, gpa, out + done, part, &ignored))
            break;
        done += part;
    }
    return done;
}

/* False: it runs, or what it says of its stack is not so. */
static bool kernel_stack_get(struct sampler *s, const struct inside_thread *t,
                             struct control_sample *head, uint8_t *data)
{
    const struct records *r = &s->core.in.records;
    struct fault ignored;
    uint64_t sp;

    *head = (struct control_sample){ .thread = t->va, .tid = t->tid };
    if (t->on_cpu || t->state != RECORDS_SLEEPING ||
        core_word(&s->core, t->va + r->thread_kernel_sp, &sp, &ignored) ||
        core_word(&s->core, t->va + r->thread_kstack_top, &head->kstack_top,
                  &ignored) ||
        sp >= head->kstack_top || head->kstack_top - sp > CONTROL_SAMPLE_KSTACK)
        return false;
    head->regs[offsetof(struct control_regs, rsp) / WORD] = sp;
    head->kernel_len = (uint32_t)(head->kstack_top - sp);
    return inside_read(&s->core.in, sp, data, head->kernel_len, &ignored) == 0;
}

static void take_one_asleep(struct sampler *s, const struct inside_thread *t,
                            sampler_fn *take, void *arg)
{
    static uint8_t data[CONTROL_SAMPLE_KSTACK], program[SAMPLER_STACK_LEN];
    static struct sample out;
    struct unwind_stack stack = { .data = program };
    struct control_sample head;
    struct control_regs regs;

    if (!kernel_stack_get(s, t, &head, data))
        return;
    out.tid = t->tid;
    out.cpu = 0;
    out.periods = 1;
    out.kernel_count = core_sample_asleep(&s->core, &head, data, &regs, out.pc,
                                          SAMPLER_FRAME_MAX / 2);
    out.count = out.kernel_count;
    stack.sp = regs.rsp;
    stack.len = read_stack(s, regs.rsp, program, 8192);
    add_program(s, &regs, &stack, &out);
    take(arg, &out);
}

int sampler_take_asleep(struct sampler *s, sampler_fn *take, void *arg,
                        struct fault *fault)
{
    struct inside_process p;
    struct fault ignored;
    size_t i;
    int err = inside_stop(&s->core.in, fault);

    if (err == -ECONNRESET)
        return refused(s, fault);
    if (err)
        return err;
    err = inside_process(&s->core.in, &p, fault);
    for (i = 0; err == 0 && i < p.thread_count; i++)
        take_one_asleep(s, &p.thread[i], take, arg);
    if (err == 0)
        inside_process_fini(&p);
    (void)inside_go(&s->core.in, &ignored);
    if (s->core.in.hello.is_ended || inside_hello(&s->core.in, &ignored) != 0)
        return refused(s, fault);
    /* It changed under us: another look will do. */
    return err == -EFAULT || err == -EUCLEAN ? 0 : err;
}
