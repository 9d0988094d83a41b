/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_regs.c - each thread's registers, as the program has them.
 *
 * A CPU in the program has them itself. A thread in the kernel has some of
 * them in its struct regs (records.h); those that a call preserves are in the
 * frames of the kernel's C code, which all keep a frame pointer: the last one
 * of that chain is the program's.
 */
#include <errno.h>
#include <string.h>

#include "cli/core.h"
#include "host/fault.h"

#define USER_CS 0x33
#define USER_SS 0x2b

#define WORD      sizeof(uint64_t)
#define REG_COUNT 21u /* of struct control_regs: r15 to ss, as struct regs */
#define FX_LEN    512u
#define FX_X87    1u /* in XSTATE_BV: what is not there is as after a reset */
#define FX_SSE    2u

/* The part of a kernel stack that is in use. */
struct stack {
    uint64_t sp, top;
    uint64_t regs; /* where the struct regs lies */
    uint8_t data[RECORDS_STACK_LEN];
};

static bool stack_word(const struct stack *s, uint64_t va, uint64_t *out)
{
    if (va < s->sp || va >= s->top || s->top - va < WORD)
        return false;
    memcpy(out, s->data + (va - s->sp), WORD);
    return true;
}

static uint64_t stack_get(const struct stack *s, uint64_t va)
{
    uint64_t value = 0;

    return stack_word(s, va, &value) ? value : 0;
}

static bool in_kernel(const struct core *c, uint64_t va)
{
    return va - c->in.hello.kernel_va < c->in.hello.kernel_len;
}

static bool stack_holds(uint64_t sp, uint64_t top)
{
    return sp < top && top - sp <= RECORDS_STACK_LEN;
}

/* The caller has seen that sp is on the stack. */
static int stack_read(struct core *c, struct stack *s, struct fault *fault)
{
    s->regs = s->top - c->in.records.regs_len;
    return inside_read(&c->in, s->sp, s->data, s->top - s->sp, fault);
}

/* Frames lie upwards, so that this comes to an end. */
static uint64_t program_rbp(const struct stack *s, uint64_t fp)
{
    uint64_t next;

    while (fp < s->regs && stack_word(s, fp, &next)) {
        if (next <= fp && next >= s->sp)
            break; /* no chain: what it leads to is not known */
        fp = next;
    }
    return fp;
}

static void regs_copy(const struct stack *s, struct control_regs *out)
{
    unsigned i;
    uint64_t word[REG_COUNT];

    for (i = 0; i < REG_COUNT; i++)
        word[i] = stack_get(s, s->regs + i * WORD);
    memcpy(out, word, sizeof(word));
}

/* As at the entry to the call; the result is not known yet. */
static void call_regs(const struct core *c, const struct stack *s, uint64_t fp,
                      struct control_regs *r)
{
    uint64_t args = s->regs - 2 * WORD;

    regs_copy(s, r);
    r->rflags = stack_get(s, s->regs - WORD);
    r->rbp = program_rbp(s, fp);
    r->rbx = r->r12 = r->r13 = r->r14 = r->r15 = 0;
    r->rax = (uint64_t)-ENOSYS;
    r->rcx = r->rip;
    r->r11 = r->rflags;
    r->rdi = r->rsi = r->rdx = r->r8 = r->r9 = r->r10 = 0;
    if (!in_kernel(c, stack_get(s, s->regs - RECORDS_CALL_WORDS * WORD)))
        return;
    r->rdi = stack_get(s, args);
    r->rsi = stack_get(s, args - WORD);
    r->rdx = stack_get(s, args - 2 * WORD);
    r->r8 = stack_get(s, args - 3 * WORD);
    r->r9 = stack_get(s, args - 4 * WORD);
    r->r10 = stack_get(s, args - 5 * WORD);
}

/* fp: the kernel's frame pointer; sp and top of the stack are set. */
static int kernel_regs(struct core *c, struct stack *s, uint64_t fp,
                       struct control_regs *out, struct fault *fault)
{
    int err = stack_read(c, s, fault);
    bool is_fresh = s->sp + RECORDS_SWITCH_WORDS * WORD == s->regs;

    if (err)
        return err;
    if (is_fresh || in_kernel(c, stack_get(s, s->regs - WORD)))
        regs_copy(s, out);
    else
        call_regs(c, s, fp, out);
    out->cs = USER_CS;
    out->ss = USER_SS;
    out->ds = out->es = out->fs = out->gs = 0;
    out->gs_base = 0;
    return 0;
}

/* What XSAVE left out has its first value (Intel SDM 1, 13.6). */
static int fx_read(struct core *c, uint64_t va, uint8_t out[FX_LEN],
                   struct fault *fault)
{
    uint64_t present;
    const uint16_t control = 0x37f;
    const uint32_t mxcsr = 0x1f80;
    int err;

    memset(out, 0, FX_LEN);
    memcpy(out, &control, sizeof(control));
    memcpy(out + 24, &mxcsr, sizeof(mxcsr));
    if (va == 0)
        return 0;
    err = core_word(c, va + FX_LEN, &present, fault);
    if (err == 0 && present & FX_X87)
        err = inside_read(&c->in, va, out, 24, fault);
    if (err == 0 && present & FX_X87)
        err = inside_read(&c->in, va + 32, out + 32, 128, fault);
    if (err == 0 && present & FX_SSE)
        err = inside_read(&c->in, va + 24, out + 24, 8, fault);
    if (err == 0 && present & FX_SSE)
        err = inside_read(&c->in, va + 160, out + 160, 256, fault);
    return err;
}

static int regs_off_cpu(struct core *c, const struct inside_thread *t,
                        struct stack *s, struct control_regs *out,
                        struct fault *fault)
{
    const struct records *r = &c->in.records;
    uint64_t fp, xstate;
    int err = core_word(c, t->va + r->thread_kernel_sp, &s->sp, fault);

    if (err)
        return err;
    if (!stack_holds(s->sp, s->top))
        return fault_set(fault, EUCLEAN,
                         "the stack of thread %d of the guest '%s' is damaged",
                         t->tid, c->in.name);
    err = core_word(c, s->sp + (RECORDS_SWITCH_WORDS - 2) * WORD, &fp, fault);
    if (err == 0)
        err = kernel_regs(c, s, fp, out, fault);
    if (err == 0)
        err = core_word(c, t->va + r->thread_fs_base, &out->fs_base, fault);
    if (err == 0)
        err = core_word(c, t->va + r->thread_xstate, &xstate, fault);
    if (err == 0)
        err = fx_read(c, xstate, out->fx, fault);
    return err;
}

int core_regs(struct core *c, const struct inside_thread *t,
              struct control_regs *out, struct fault *fault)
{
    static struct stack s;
    int err =
        core_word(c, t->va + c->in.records.thread_kstack_top, &s.top, fault);

    memset(out, 0, sizeof(*out));
    if (err == 0 && !t->on_cpu)
        err = regs_off_cpu(c, t, &s, out, fault);
    if (err == 0 && t->on_cpu) {
        err = inside_regs(&c->in, t->cpu - 1, out, fault);
        out->orig_rax = (uint64_t)-1;
        s.sp = out->rsp;
        if (err == 0 && stack_holds(out->rsp, s.top))
            err = kernel_regs(c, &s, out->rbp, out, fault);
        else if (err == 0 && in_kernel(c, out->rip))
            out->rip = out->rcx; /* the first or last instruction of a call */
    }
    out->rip = core_linux_rip(c, out->rip);
    return err;
}
