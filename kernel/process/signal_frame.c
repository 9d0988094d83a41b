/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_frame.c - the frame below a handler, as Linux lays it out on x86-64.
 *
 * From high to low addresses: the interrupted code's red zone, the vector
 * state (64-byte aligned), struct frame. The handler finds rsp on the frame's
 * first word, its return address, 8 below a multiple of 16. Nothing of a frame
 * is trusted on the way back: the program can write all of it.
 */
#include <asm/sigcontext.h>
#include <asm/signal.h>
#include <asm/ucontext.h>

#include "arch/arch.h"
#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/user.h"
#include "process/signal.h"
#include "sched/thread.h"

#define RED_ZONE_LEN     128u
#define XSTATE_ALIGN     64u
#define FXSAVE_LEN       512u
#define SW_BYTES_OFF     464u /* struct _fpx_sw_bytes in the FXSAVE area */
#define XSAVE_BV_OFF     512u
#define XSAVE_HDR_LEN    64u
#define USER_CS          0x33u
#define USER_SS          0x2bu
#define STACK_ONSTACK    1u
#define STACK_DISABLE    2u
#define STACK_AUTODISARM (1u << 31)
#define STACK_LEN_MIN    2048u
/* Flags that a program may set: AC OF DF TF SF ZF AF PF CF RF. */
#define RFLAGS_USER  0x50dd5ull
#define RFLAGS_KEPT  0x204000ull /* ID NT: as they are at rt_sigreturn */
#define RFLAGS_FIXED 0x202ull    /* IF and the bit that is always 1 */
#define RFLAGS_CLEAR 0x10500ull  /* a handler starts without DF, TF, RF */

struct frame_stack {
    uint64_t sp;
    uint32_t flags, pad;
    uint64_t len;
};

struct signal_frame {
    uint64_t return_addr; /* the restorer */
    uint64_t uc_flags;
    uint64_t uc_link;
    struct frame_stack stack;
    struct sigcontext_64 context;
    uint64_t blocked;
    uint8_t info[SIGNAL_INFO_LEN];
};

_Static_assert(sizeof(struct signal_frame) == 440, "Linux's rt_sigframe");

/* Vector state on its way; a page at least, so that it is aligned. */
static uint8_t *xstate_buffer(void)
{
    static uint8_t *buffer;

    if (!buffer)
        buffer = kmalloc(MAX(arch_xstate_len(), PAGE_SIZE));
    return buffer;
}

/* ---- the alternate stack ---- */

static bool is_within(const struct signal_thread *s, uint64_t sp)
{
    return sp - s->alt_sp - 1 < s->alt_len;
}

static bool is_on_stack(const struct signal_thread *s, uint64_t sp)
{
    /* With autodisarm the stack counts as free as soon as it is entered. */
    return !(s->alt_flags & (STACK_AUTODISARM | STACK_DISABLE)) &&
           is_within(s, sp);
}

uint32_t signal_stack_flags(const struct signal_thread *s, uint64_t sp)
{
    uint32_t flags = s->alt_flags & STACK_AUTODISARM;

    if (s->alt_flags & STACK_DISABLE)
        return flags | STACK_DISABLE;
    return flags | (is_on_stack(s, sp) ? STACK_ONSTACK : 0);
}

int signal_stack_set(struct signal_thread *s, uint64_t sp, uint32_t flags,
                     uint64_t len, uint64_t current_sp)
{
    uint32_t mode = flags & ~STACK_AUTODISARM;

    if (is_on_stack(s, current_sp))
        return -EPERM;
    if (mode != 0 && mode != STACK_ONSTACK && mode != STACK_DISABLE)
        return -EINVAL;
    if (mode == STACK_DISABLE) {
        sp = 0;
        len = 0;
    } else if (len < STACK_LEN_MIN) {
        return -ENOMEM;
    }
    s->alt_sp = sp;
    s->alt_len = len;
    s->alt_flags = flags; /* as given: frames show them */
    return 0;
}

/*
 * Where the handler's frame ends. *is_alternate: it must fit the alternate
 * stack, since that is entered, or was being used. Who has less than a red zone
 * left there has left it, as Linux sees it: the frame goes to the other end.
 */
static uint64_t handler_stack(const struct signal_thread *s, uint64_t sp,
                              const struct signal_action *action,
                              bool *is_alternate)
{
    uint64_t below = sp - RED_ZONE_LEN;

    *is_alternate = is_on_stack(s, sp);
    if (!(action->flags & SA_ONSTACK) || s->alt_flags & STACK_DISABLE ||
        is_on_stack(s, below))
        return below;
    *is_alternate = true;
    return s->alt_sp + s->alt_len;
}

/* ---- into the handler ---- */

static void context_fill(struct sigcontext_64 *c, const struct regs *r,
                         const struct signal_info *info)
{
    c->r8 = r->r8;
    c->r9 = r->r9;
    c->r10 = r->r10;
    c->r11 = r->r11;
    c->r12 = r->r12;
    c->r13 = r->r13;
    c->r14 = r->r14;
    c->r15 = r->r15;
    c->di = r->rdi;
    c->si = r->rsi;
    c->bp = r->rbp;
    c->bx = r->rbx;
    c->dx = r->rdx;
    c->ax = r->rax;
    c->cx = r->rcx;
    c->sp = r->rsp;
    c->ip = arch_linux_rip(r->rip);
    c->flags = r->rflags;
    c->cs = USER_CS;
    c->ss = USER_SS;
    c->err = info->error;
    c->trapno = info->trapno;
    c->cr2 = info->trapno == 14 ? info->addr : 0;
}

static void enter_handler(struct regs *regs, uint64_t sp, int signo,
                          const struct signal_action *action)
{
    regs->rip = arch_real_rip(action->handler);
    regs->rsp = sp;
    regs->rdi = (uint64_t)signo;
    regs->rsi = sp + offsetof(struct signal_frame, info);
    regs->rdx = sp + offsetof(struct signal_frame, uc_flags);
    regs->rax = 0;
    regs->rflags &= ~RFLAGS_CLEAR;
    regs->cs = USER_CS;
    regs->ss = USER_SS;
    regs->orig_rax = UINT64_MAX;
}

/* Bytes of vector state in a frame: beyond FXSAVE's, a second magic word at
 * the end tells that the first did not get there by accident. */
static size_t frame_xstate_len(void)
{
    size_t len = arch_xstate_len();

    return len > FXSAVE_LEN ? len + FP_XSTATE_MAGIC2_SIZE : len;
}

static int xstate_push(uint64_t to)
{
    size_t len = arch_xstate_len();
    struct _fpx_sw_bytes sw = { 0 };
    uint8_t *buffer = xstate_buffer();

    if (!buffer)
        return -EFAULT; /* no memory: as when the stack cannot grow */
    arch_xstate_save(buffer);
    if (len > FXSAVE_LEN) {
        sw.magic1 = FP_XSTATE_MAGIC1;
        sw.extended_size = (uint32_t)len + FP_XSTATE_MAGIC2_SIZE;
        sw.xfeatures = arch_xstate_mask();
        sw.xstate_size = (uint32_t)len;
    }
    memcpy(buffer + SW_BYTES_OFF, &sw, sizeof(sw));
    if (copy_to_user(to, buffer, len) != 0)
        return -EFAULT;
    return len > FXSAVE_LEN ? user_put32(to + len, FP_XSTATE_MAGIC2) : 0;
}

int signal_frame_push(struct regs *regs, const struct signal_info *info,
                      const struct signal_action *action,
                      uint64_t saved_blocked)
{
    struct signal_thread *s = thread_current()->signal;
    size_t xstate_len = frame_xstate_len();
    struct signal_frame f;
    uint64_t top, xstate, sp;
    bool is_alternate;

    if (!(action->flags & SA_RESTORER))
        return -EFAULT; /* x86-64 has no other way back */
    top = handler_stack(s, regs->rsp, action, &is_alternate);
    xstate = ALIGN_DOWN(top - xstate_len, XSTATE_ALIGN);
    sp = ALIGN_DOWN(xstate - sizeof(f), 16) - 8;
    if (is_alternate && !is_within(s, sp))
        return -EFAULT; /* overrun: what lies below is not the stack's */

    memset(&f, 0, sizeof(f));
    f.return_addr = action->restorer;
    f.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    if (xstate_len > FXSAVE_LEN)
        f.uc_flags |= UC_FP_XSTATE;
    f.stack.sp = s->alt_sp;
    f.stack.flags = s->alt_flags;
    f.stack.len = s->alt_len;
    context_fill(&f.context, regs, info);
    f.context.oldmask = saved_blocked;
    f.context.fpstate = xstate;
    f.blocked = saved_blocked;
    signal_info_encode(info, f.info);
    if (xstate_push(xstate) != 0 || copy_to_user(sp, &f, sizeof(f)) != 0)
        return -EFAULT;
    if (s->alt_flags & STACK_AUTODISARM) {
        s->alt_sp = 0;
        s->alt_len = 0;
        s->alt_flags = STACK_DISABLE;
    }
    arch_xstate_reset();
    enter_handler(regs, sp, info->signo, action);
    return 0;
}

/* ---- back from it ---- */

static void context_restore(struct regs *r, const struct sigcontext_64 *c)
{
    r->r8 = c->r8;
    r->r9 = c->r9;
    r->r10 = c->r10;
    r->r11 = c->r11;
    r->r12 = c->r12;
    r->r13 = c->r13;
    r->r14 = c->r14;
    r->r15 = c->r15;
    r->rdi = c->di;
    r->rsi = c->si;
    r->rbp = c->bp;
    r->rbx = c->bx;
    r->rdx = c->dx;
    r->rax = c->ax;
    r->rcx = c->cx;
    r->rsp = c->sp;
    r->rip = arch_real_rip(c->ip);
    r->rflags =
        (r->rflags & RFLAGS_KEPT) | (c->flags & RFLAGS_USER) | RFLAGS_FIXED;
    r->cs = USER_CS;
    r->ss = USER_SS;
    r->orig_rax = UINT64_MAX;
}

/* True when the frame's vector state is still a whole XSAVE area. */
static bool is_extended(const uint8_t *buffer, uint64_t from, size_t len)
{
    struct _fpx_sw_bytes sw;
    uint32_t magic2;

    memcpy(&sw, buffer + SW_BYTES_OFF, sizeof(sw));
    return len > FXSAVE_LEN && sw.magic1 == FP_XSTATE_MAGIC1 &&
           sw.xstate_size == len && user_get32(&magic2, from + len) == 0 &&
           magic2 == FP_XSTATE_MAGIC2;
}

static int xstate_pop(uint64_t from)
{
    size_t len = arch_xstate_len();
    uint8_t *buffer;

    if (from == 0) {
        arch_xstate_reset();
        return 0;
    }
    buffer = xstate_buffer();
    if (!buffer || copy_from_user(buffer, from, FXSAVE_LEN) != 0)
        return -EFAULT;
    if (is_extended(buffer, from, len)) {
        if (copy_from_user(buffer, from, len) != 0)
            return -EFAULT;
    } else if (len > FXSAVE_LEN) {
        /* A program of before XSAVE rebuilt it: x87 and SSE only. */
        memset(buffer + FXSAVE_LEN, 0, XSAVE_HDR_LEN);
        buffer[XSAVE_BV_OFF] = 3;
    }
    return arch_xstate_load(buffer) != 0 ? -EFAULT : 0;
}

int signal_frame_pop(struct regs *regs)
{
    struct signal_thread *s = thread_current()->signal;
    struct signal_frame f;

    if (copy_from_user(&f, regs->rsp - 8, sizeof(f)) != 0)
        return -EFAULT;
    /* Mask and registers hold even if the rest is bad, as on Linux: SIGSEGV,
     * blocked while the handler ran, may have a handler again. */
    signal_set_blocked(f.blocked);
    context_restore(regs, &f.context);
    if (xstate_pop(f.context.fpstate) != 0) {
        arch_xstate_reset();
        return -EFAULT;
    }
    /* As Linux: a bad stack in the frame is not an error here. */
    (void)!signal_stack_set(s, f.stack.sp, f.stack.flags, f.stack.len,
                            regs->rsp);
    /* Other selectors would need a 32-bit program or a descriptor table of
     * its own: there are none, and iretq would fault on them. */
    if (f.context.cs != USER_CS || f.context.ip >= ARCH_USER_MAX)
        return -EFAULT;
    return 0;
}
