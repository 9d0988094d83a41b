/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_regs.c - each thread's registers, as the program has them.
 *
 * A CPU in the program has them itself. A thread in the kernel has some of
 * them in its struct regs (records.h); those that a call preserves are in the
 * frames of the kernel's C code, as its call frame information says. Without
 * that only rbp is found: the C code keeps frame pointers, and the last one of
 * their chain is the program's.
 */
#include <errno.h>
#include <string.h>

#include "cli/core.h"
#include "host/fault.h"

#define USER_CS 0x33
#define USER_SS 0x2b

#define WORD      sizeof(uint64_t)
#define FRAME_MAX 256u /* of C code on a kernel stack */
#define REG_COUNT 21u  /* of struct control_regs: r15 to ss, as struct regs */
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

/* ---- through the kernel's frames ---- */

struct frame {
    uint64_t pc, sp;
    bool is_call;                   /* pc is behind a call */
    uint64_t reg[FRAMES_REG_COUNT]; /* those that a call preserves, and ... */
    uint32_t is_saved;              /* all that the last function saved */
};

/* The caller of C code. */
static bool frame_up(const struct core *c, const struct stack *s,
                     struct frame *f)
{
    struct frames_rules r;
    uint64_t end;
    unsigned i;

    if (!frames_find(&c->frames, f->pc - f->is_call - c->in.hello.kernel_va,
                     &r))
        return false;
    end = (r.base == FRAMES_RSP ? f->sp : f->reg[FRAMES_RBP]) +
          (uint64_t)r.base_off;
    if (end <= f->sp || end > s->regs)
        return false;
    for (i = 0; i < FRAMES_REG_COUNT; i++)
        if (r.is_saved & 1u << i &&
            !stack_word(s, end + (uint64_t)r.off[i], &f->reg[i]))
            return false;
    f->is_saved = r.is_saved;
    f->pc = f->reg[FRAMES_RIP];
    f->sp = end;
    f->is_call = true;
    return true;
}

/* The frame's registers that a call preserves. */
static void frame_fill(struct frame *f, const struct control_regs *r)
{
    f->reg[FRAMES_RBX] = r->rbx;
    f->reg[FRAMES_RBP] = r->rbp;
    memcpy(&f->reg[FRAMES_R12], (uint64_t[]){ r->r12, r->r13, r->r14, r->r15 },
           4 * WORD);
}

/* A fault in the kernel left its registers where the handler returns to. */
static bool frame_interrupted(const struct core *c, const struct stack *s,
                              struct frame *f)
{
    struct control_regs r;
    uint64_t word[REG_COUNT];
    unsigned i;

    for (i = 0; i < REG_COUNT; i++)
        word[i] = stack_get(s, f->sp + i * WORD);
    memcpy(&r, word, sizeof(word));
    if (f->sp >= s->regs || r.cs != USER_CS || r.ss != USER_SS ||
        !in_kernel(c, r.rip) || r.rsp <= f->sp || r.rsp > s->regs)
        return false;
    f->pc = r.rip;
    f->sp = r.rsp;
    f->is_call = false;
    frame_fill(f, &r);
    return true;
}

/* Up to where the stack pointer is `sp`, and what a call preserves still the
 * program's. False: that was not reached. Each step leads upwards. */
static bool program_frame(const struct core *c, const struct stack *s,
                          struct frame *f, uint64_t sp)
{
    unsigned i;

    for (i = 0; i < FRAME_MAX && (f->sp < sp || !f->is_call); i++) {
        if (frame_up(c, s, f) || frame_interrupted(c, s, f))
            continue;
        /* Assembly that calls nobody and pushes nothing. */
        if (f->is_call || !stack_word(s, f->sp, &f->pc))
            return false;
        f->sp += WORD;
        f->is_call = true;
    }
    return f->sp == sp && f->is_call;
}

/* ---- through struct regs ---- */

static void regs_copy(const struct stack *s, struct control_regs *out)
{
    unsigned i;
    uint64_t word[REG_COUNT];

    for (i = 0; i < REG_COUNT; i++)
        word[i] = stack_get(s, s->regs + i * WORD);
    memcpy(out, word, sizeof(word));
}

/* The register of each of DWARF's numbers. */
static uint64_t *reg_of(struct control_regs *r, unsigned number)
{
    uint64_t *const all[FRAMES_REG_COUNT] = {
        &r->rax, &r->rdx, &r->rcx, &r->rbx, &r->rsi, &r->rdi,
        &r->rbp, NULL,    &r->r8,  &r->r9,  &r->r10, &r->r11,
        &r->r12, &r->r13, &r->r14, &r->r15, NULL
    };

    return all[number];
}

#define PRESERVED (1u << FRAMES_RBX | 1u << FRAMES_RBP | 0xfu << FRAMES_R12)

/* Those in the kernel's frames, as far as they are found; else 0. */
static void frame_regs(const struct core *c, const struct stack *s,
                       struct frame f, unsigned way, struct control_regs *r)
{
    uint32_t wanted = PRESERVED;
    unsigned i;

    r->rbp = program_rbp(s, f.reg[FRAMES_RBP]);
    if (way == 0 || !program_frame(c, s, &f, s->regs - way * WORD))
        return;
    if (way == RECORDS_CALL_DIRECT)
        wanted |= f.is_saved;
    for (i = 0; i < FRAMES_REG_COUNT; i++)
        if (wanted & 1u << i && reg_of(r, i))
            *reg_of(r, i) = f.reg[i];
}

/* The n-th word below the struct regs. */
static uint64_t below(const struct stack *s, unsigned n)
{
    return stack_get(s, s->regs - n * WORD);
}

/* By which way the call went into C code; 0: it has not come there. */
static unsigned call_way(const struct core *c, const struct stack *s)
{
    static const unsigned ways[] = { RECORDS_CALL_DIRECT, RECORDS_CALL_LOCKED,
                                     RECORDS_CALL_OVER };
    unsigned i;

    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (in_kernel(c, below(s, ways[i] + 1)))
            return ways[i];
    return 0;
}

/* As at the entry to the call, without a result unless it is over. */
static void call_regs(const struct core *c, const struct stack *s,
                      const struct frame *f, struct control_regs *r)
{
    struct control_regs entry;
    unsigned way = call_way(c, s), args = way - 5;
    const struct records_edge *e =
        way != 0 ? core_edge(c, below(s, way + 1)) : NULL;
    bool is_over = way == RECORDS_CALL_OVER;
    unsigned result = 2;

    if (e && e->args != 0) { /* waits for the lock, is traced, or as below */
        args = e->args;
        is_over = e->kind == RECORDS_EDGE_SAVED;
        result = args > 2 ? 2 : 8;
    }

    if (way != RECORDS_CALL_DIRECT) /* which leaves the CPU's as they are */
        memset(r, 0, offsetof(struct control_regs, fs_base));
    regs_copy(s, &entry);
    r->orig_rax = entry.orig_rax;
    r->rip = entry.rip;
    r->rsp = entry.rsp;
    r->rflags = below(s, 1);
    frame_regs(c, s, *f, way, r);
    r->rax = is_over ? below(s, result) : (uint64_t)-ENOSYS;
    r->rcx = r->rip;
    r->r11 = r->rflags;
    if (way < RECORDS_CALL_LOCKED)
        return;
    r->rdi = below(s, args);
    r->rsi = below(s, args + 1);
    r->rdx = below(s, args + 2);
    r->r8 = below(s, args + 3);
    r->r9 = below(s, args + 4);
    r->r10 = below(s, args + 5);
}

/* A program's, as Linux shows them. */
static void segments_set(struct control_regs *r)
{
    r->cs = USER_CS;
    r->ss = USER_SS;
    r->ds = r->es = r->fs = r->gs = 0;
}

/* f: where the kernel is. */
static void kernel_regs(const struct core *c, const struct stack *s,
                        const struct frame *f, struct control_regs *out)
{
    bool is_fresh = s->sp + RECORDS_SWITCH_WORDS * WORD == s->regs;

    if (is_fresh || in_kernel(c, stack_get(s, s->regs - WORD)))
        regs_copy(s, out);
    else
        call_regs(c, s, f, out);
    segments_set(out);
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

/* Switched away from: what lies at its stack pointer. */
static struct frame frame_asleep(const struct stack *s)
{
    struct frame f = { .sp = s->sp + RECORDS_SWITCH_WORDS * WORD,
                       .is_call = true };
    unsigned i;

    for (i = 0; i < 4; i++)
        f.reg[FRAMES_R12 + 3 - i] = stack_get(s, s->sp + i * WORD);
    f.reg[FRAMES_RBX] = stack_get(s, s->sp + 4 * WORD);
    f.reg[FRAMES_RBP] = stack_get(s, s->sp + 5 * WORD);
    f.pc = stack_get(s, s->sp + 6 * WORD);
    return f;
}

static int regs_off_cpu(struct core *c, const struct inside_thread *t,
                        struct stack *s, struct control_regs *out,
                        struct fault *fault)
{
    const struct records *r = &c->in.records;
    uint64_t xstate = 0;
    struct frame f;
    int err = core_word(c, t->va + r->thread_kernel_sp, &s->sp, fault);

    if (err)
        return err;
    if (!stack_holds(s->sp, s->top))
        return fault_set(fault, EUCLEAN,
                         "the stack of thread %d of the guest '%s' is damaged",
                         t->tid, c->in.name);
    err = stack_read(c, s, fault);
    if (err)
        return err;
    f = frame_asleep(s);
    kernel_regs(c, s, &f, out);
    if (err == 0)
        err = core_word(c, t->va + r->thread_fs_base, &out->fs_base, fault);
    if (err == 0)
        err = core_word(c, t->va + r->thread_xstate, &xstate, fault);
    if (err == 0)
        err = fx_read(c, xstate, out->fx, fault);
    return err;
}

/* Its CPU has them, or is in the kernel for it. */
static int regs_on_cpu(struct core *c, const struct inside_thread *t,
                       struct stack *s, struct control_regs *out,
                       struct fault *fault)
{
    int err = inside_regs(&c->in, t->cpu - 1, out, fault);
    struct frame f;

    out->orig_rax = (uint64_t)-1;
    if (err == 0)
        err = core_edges_interrupted(c, t->cpu - 1, out, fault);
    if (err == 0)
        err = core_edges_program(c, t->cpu - 1, s->top - c->in.records.regs_len,
                                 out, fault);
    s->sp = out->rsp;
    if (err != 0 || !stack_holds(s->sp, s->top)) {
        segments_set(out);
        return err < 0 ? err : 0;
    }
    err = stack_read(c, s, fault);
    if (err)
        return err;
    f = (struct frame){ .pc = out->rip, .sp = out->rsp };
    frame_fill(&f, out);
    kernel_regs(c, s, &f, out);
    return 0;
}

int core_regs(struct core *c, const struct inside_thread *t,
              struct control_regs *out, struct fault *fault)
{
    static struct stack s;
    uint64_t at;
    int err =
        core_word(c, t->va + c->in.records.thread_kstack_top, &s.top, fault);

    memset(out, 0, sizeof(*out));
    if (err == 0 && !t->on_cpu)
        err = regs_off_cpu(c, t, &s, out, fault);
    if (err == 0 && t->on_cpu)
        err = regs_on_cpu(c, t, &s, out, fault);
    at = out->rip;
    out->rip = core_linux_rip(c, at);
    if (out->rcx == at) /* as `syscall` leaves it */
        out->rcx = out->rip;
    out->gs_base = 0; /* the kernel's */
    return err;
}

/* A thread that has never been switched away from has no area yet. What the
 * CPU's own says of XCR0 holds for all. */
int core_xstate(struct core *c, const struct inside_thread *t, uint8_t *out,
                struct fault *fault)
{
    uint64_t va, xcr0;
    int err = inside_xstate(&c->in, t->on_cpu ? t->cpu - 1 : 0, out, fault);

    if (err || t->on_cpu)
        return err;
    memcpy(&xcr0, out + CONTROL_XSTATE_XCR0, sizeof(xcr0));
    err = core_word(c, t->va + c->in.records.thread_xstate, &va, fault);
    if (err == 0 && va == 0)
        return fault_set(fault, ENOENT, "no vector registers are saved");
    if (err == 0)
        err = inside_read(&c->in, va, out, CONTROL_XSTATE_LEN, fault);
    memcpy(out + CONTROL_XSTATE_XCR0, &xcr0, sizeof(xcr0));
    return err;
}

/* ---- samples ---- */

/* By frame pointers, where call frame information has not led on. */
static unsigned trail_fp(const struct core *c, const struct stack *s,
                         uint64_t fp, uint64_t *pc, unsigned max)
{
    unsigned count = 0;
    uint64_t ret, next;

    while (count < max && fp > s->sp && stack_word(s, fp + WORD, &ret) &&
           in_kernel(c, ret) && stack_word(s, fp, &next)) {
        pc[count++] = ret - 1;
        if (next <= fp)
            break;
        fp = next;
    }
    return count;
}

/* Each step leads upwards. The ways into the kernel are the last ones: they
 * are assembly and have no frame. */
static unsigned trail(const struct core *c, const struct stack *s,
                      struct frame f, uint64_t *pc, unsigned max)
{
    unsigned count = 0;

    while (count < max && in_kernel(c, f.pc)) {
        pc[count++] = f.pc - f.is_call;
        if (frame_up(c, s, &f) || frame_interrupted(c, s, &f))
            continue;
        return count + (count == 1 ? trail_fp(c, s, f.reg[FRAMES_RBP],
                                              pc + count, max - count)
                                   : 0);
    }
    return count;
}

static bool stack_take(const struct core *c, const struct control_sample *s,
                       const uint8_t *kstack, struct stack *out)
{
    uint64_t sp = s->regs[offsetof(struct control_regs, rsp) / WORD];

    if (!stack_holds(sp, s->kstack_top) || s->kernel_len != s->kstack_top - sp)
        return false;
    out->sp = sp;
    out->top = s->kstack_top;
    out->regs = out->top - c->in.records.regs_len;
    memcpy(out->data, kstack, s->kernel_len);
    return true;
}

unsigned core_sample(const struct core *c, const struct control_sample *s,
                     const uint8_t *kstack, struct control_regs *out,
                     uint64_t *pc, unsigned max)
{
    static struct stack stack;
    struct frame f = { 0 };
    unsigned count = 0;

    memset(out, 0, sizeof(*out));
    memcpy(out, s->regs, sizeof(s->regs));
    f.pc = out->rip;
    f.sp = out->rsp;
    frame_fill(&f, out);
    if (stack_take(c, s, kstack, &stack)) {
        count = trail(c, &stack, f, pc, max);
        memset(out, 0, sizeof(*out));
        kernel_regs(c, &stack, &f, out);
    } else if (in_kernel(c, out->rip)) { /* the first, or the last, of a call */
        pc[count++] = out->rip;
        out->rip = out->rcx;
    }
    out->rip = core_linux_rip(c, out->rip);
    return count;
}

unsigned core_sample_asleep(const struct core *c,
                            const struct control_sample *s,
                            const uint8_t *kstack, struct control_regs *out,
                            uint64_t *pc, unsigned max)
{
    static struct stack stack;
    struct frame f;
    unsigned count;

    memset(out, 0, sizeof(*out));
    if (!stack_take(c, s, kstack, &stack))
        return 0;
    f = frame_asleep(&stack);
    count = trail(c, &stack, f, pc, max);
    kernel_regs(c, &stack, &f, out);
    out->rip = core_linux_rip(c, out->rip);
    return count;
}
