/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_edges.c - registers of a CPU that is on the kernel's ways in and out.
 *
 * These are assembly: abi/records.h, enum records_edge_kind, says what lies
 * where after each of their instructions. Interrupts and faults come on stacks
 * of their own, with what the processor pushed at the end (Intel SDM 3A,
 * 6.14.2); who was interrupted may be the kernel, on such a way itself.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "abi/cpu_tables.h"
#include "abi/image.h"
#include "cli/core.h"
#include "host/fault.h"

#define WORD       sizeof(uint64_t)
#define PAGE_LEN   4096u
#define STACKS     4u
#define GATE_STACK 4u /* of the stub's gate: abi/image.h */
#define PF_STACK   2u
#define TOP_WORDS  9u /* at the end of such a stack: ss first, downwards */

/* Where the words at the end of an interrupt's stack lie, from 1. */
enum { W_SS = 1, W_RSP, W_RFLAGS, W_CS, W_RIP, W_IRQ_RAX = 7, W_TRAP_RAX };

int core_edges_read(struct core *c, struct fault *fault)
{
    const struct records *r = &c->in.records;
    size_t n = 0;
    int err = inside_read(&c->in, r->edges, c->edge, sizeof(c->edge), fault);

    if (err)
        return err;
    while (n < RECORDS_EDGE_MAX && c->edge[n].from != RECORDS_EDGE_LAST &&
           (n == 0 || c->edge[n].from >= c->edge[n - 1].from))
        n++;
    c->edge_count = n;
    return inside_read(&c->in, c->in.hello.kernel_va + KERNEL_HEADER_OFF,
                       &c->header, sizeof(c->header), fault);
}

const struct records_edge *core_edge(const struct core *c, uint64_t rip)
{
    uint64_t off = rip - c->in.records.edge_base;
    const struct records_edge *found = NULL;
    size_t i;

    for (i = 0; i < c->edge_count && c->edge[i].from <= off; i++)
        found = &c->edge[i];
    return found && found->kind != RECORDS_EDGE_C ? found : NULL;
}

/* ---- stacks of interrupts and faults ---- */

struct place { /* of a CPU */
    uint64_t percpu, stub_data, stacks;
};

static int place_find(struct core *c, unsigned cpu, struct place *out,
                      struct fault *fault)
{
    const struct records *r = &c->in.records;
    int err = core_word(c, r->percpus + cpu * WORD, &out->percpu, fault);

    if (err == 0)
        err = core_word(c, out->percpu + r->percpu_stub_data, &out->stub_data,
                        fault);
    /* Those of further CPUs lie in the page before their struct percpu. */
    out->stacks = cpu == 0 ? c->in.hello.kernel_va + c->header.stacks
                           : out->percpu - CPU_AREA_PERCPU + CPU_AREA_STACKS;
    return err;
}

/* The end of the stack that sp is on; 0: none of them. */
static uint64_t stack_end(const struct core *c, const struct place *p,
                          uint64_t sp)
{
    uint64_t len = c->header.stack_len, i;

    for (i = 1; len != 0 && i <= STACKS; i++)
        if (sp >= p->stacks + (i - 1) * len && sp < p->stacks + i * len)
            return p->stacks + i * len;
    return 0;
}

/* Out of the handler, to what it interrupted: the frame at `end`. */
static int frame_undo(struct core *c, uint64_t end, unsigned rax_word,
                      struct control_regs *r, struct fault *fault)
{
    uint64_t word[TOP_WORDS + 1] = { 0 };
    uint64_t sp = r->rsp;
    unsigned i;
    int err = 0;

    for (i = 1; err == 0 && i <= TOP_WORDS; i++)
        err = core_word(c, end - i * WORD, &word[i], fault);
    if (err)
        return err;
    r->rsp = word[W_RSP];
    r->rflags = word[W_RFLAGS];
    r->rip = word[W_RIP];
    if (rax_word != 0 && sp <= end - rax_word * WORD)
        r->rax = word[rax_word];
    if (rax_word != 0 && sp <= end - (rax_word + 1) * WORD)
        r->rcx = word[rax_word + 1];
    return 0;
}

/* In the stub's page, mostly in ring 0. */
static int stub_undo(struct core *c, const struct place *p,
                     struct control_regs *r, struct fault *fault)
{
    uint64_t off = r->rip - (p->stub_data - PAGE_LEN);
    uint64_t len = c->header.stack_len;
    struct stub_data data;
    int err = inside_read(&c->in, p->stub_data, &data, sizeof(data), fault);

    if (err)
        return err;
    if (off >= c->header.stub_gate)
        return frame_undo(c, p->stacks + GATE_STACK * len, 0, r, fault);
    if (off >= c->header.stub_fault) {
        if (off > c->header.stub_fault)
            r->rax = data.fault_rax;
        return frame_undo(c, p->stacks + PF_STACK * len, 0, r, fault);
    }
    if (off > 0) {
        r->rcx = data.syscall_rcx;
        r->rsp = data.syscall_rsp != 0 ? data.syscall_rsp : r->rsp;
    }
    r->rip = r->rcx;
    r->rflags = r->r11;
    r->orig_rax = r->rax;
    r->rax = (uint64_t)-ENOSYS;
    return 0;
}

static int handler_undo(struct core *c, const struct place *p,
                        const struct records_edge *e, struct control_regs *r,
                        struct fault *fault)
{
    uint64_t end = stack_end(c, p, r->rsp);
    unsigned rax_word = e->kind == RECORDS_EDGE_IRQ ? W_IRQ_RAX : W_TRAP_RAX;

    if (end == 0)
        return 0;
    if (e->kind == RECORDS_EDGE_FAULT && r->rsp > end - rax_word * WORD) {
        int err =
            core_word(c, p->stub_data + offsetof(struct stub_data, fault_rax),
                      &r->rax, fault);

        if (err)
            return err;
    }
    return frame_undo(c, end, rax_word, r, fault);
}

int core_edges_interrupted(struct core *c, unsigned cpu, struct control_regs *r,
                           struct fault *fault)
{
    const struct records_edge *e = core_edge(c, r->rip);
    struct place p;
    int err;

    if (c->edge_count == 0)
        return 0;
    err = place_find(c, cpu, &p, fault);
    if (err)
        return err;
    if (r->rip - (p.stub_data - PAGE_LEN) < PAGE_LEN)
        return stub_undo(c, &p, r, fault);
    if (e && e->kind >= RECORDS_EDGE_IRQ)
        return handler_undo(c, &p, e, r, fault);
    return 0;
}

/* ---- calls ---- */

static int args_get(struct core *c, uint64_t regs, unsigned first,
                    struct control_regs *r, struct fault *fault)
{
    uint64_t *const into[] = { &r->rdi, &r->rsi, &r->rdx,
                               &r->r8,  &r->r9,  &r->r10 };
    unsigned i;
    int err = 0;

    for (i = 0; err == 0 && first != 0 && i < 6; i++)
        err = core_word(c, regs - (first + i) * WORD, into[i], fault);
    return err;
}

/* The struct regs at `regs` has a call's rip and rsp. */
static int call_get(struct core *c, const struct records_edge *e, uint64_t regs,
                    struct control_regs *r, struct fault *fault)
{
    struct control_regs entry;
    uint64_t flags = r->rflags;
    unsigned result = e->args > 2 ? e->args - 1u : e->args + 6u;
    int err = inside_read(&c->in, regs, &entry,
                          offsetof(struct control_regs, fs_base), fault);

    if (err == 0 && e->kind != RECORDS_EDGE_FLAGS)
        err = core_word(c, regs - WORD, &flags, fault);
    if (err == 0)
        err = args_get(c, regs, e->args, r, fault);
    if (err == 0 && e->kind == RECORDS_EDGE_SAVED)
        err = core_word(c, regs - result * WORD, &r->rax, fault);
    if (err)
        return err;
    r->rip = entry.rip;
    r->rsp = entry.rsp;
    r->rflags = flags;
    r->orig_rax = entry.orig_rax;
    if (e->kind == RECORDS_EDGE_BEGIN)
        r->rax = (uint64_t)-ENOSYS;
    r->rcx = r->rip;
    r->r11 = r->rflags;
    return 0;
}

/* A call that begins; it has not got to memory. */
static void call_begin(struct control_regs *r)
{
    r->rip = r->rcx;
    r->orig_rax = r->rax;
    r->rax = (uint64_t)-ENOSYS;
    r->r11 = r->rflags;
}

int core_edges_program(struct core *c, unsigned cpu, uint64_t regs,
                       struct control_regs *r, struct fault *fault)
{
    const struct records_edge *e = core_edge(c, r->rip);
    struct place p;
    int err;

    if (!e)
        return 0;
    switch (e->kind) {
    case RECORDS_EDGE_R11:
        r->rsp = r->r11;
        call_begin(r);
        return 1;
    case RECORDS_EDGE_RCX:
        r->rip = r->rcx;
        if (e->from == 0)
            call_begin(r);
        return 1;
    case RECORDS_EDGE_REGS:
        if (r->rsp + 2 * WORD < regs) /* of a fault in the kernel */
            return 0;
        err = inside_read(&c->in, regs, r,
                          offsetof(struct control_regs, fs_base), fault);
        return err ? err : 1;
    case RECORDS_EDGE_STUB:
    case RECORDS_EDGE_PUSHED:
        err = place_find(c, cpu, &p, fault);
        if (err == 0)
            err = core_word(c, p.stub_data, &r->rcx, fault);
        if (err == 0 && e->kind == RECORDS_EDGE_PUSHED)
            err = core_word(c, p.percpu + c->in.records.percpu_scratch, &r->rsp,
                            fault);
        r->rflags = r->r11;
        call_begin(r);
        return err ? err : 1;
    case RECORDS_EDGE_IRQ:
    case RECORDS_EDGE_TRAP:
    case RECORDS_EDGE_FAULT:
        return 0;
    default:
        err = call_get(c, e, regs, r, fault);
        return err ? err : 1;
    }
}
