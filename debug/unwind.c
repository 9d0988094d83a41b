/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unwind.c - see unwind.h.
 *
 * libdw asks for the registers and the stack's words of "the thread", which is
 * the sample at hand. It is attached once, and sees new files by itself.
 */
#include "debug/unwind.h"

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <string.h>

#include "abi/control.h"
#include "debug/symbolise.h"

#define PID       1
#define REG_COUNT 17u /* the psABI's numbers: figure 3.36 */

static struct {
    struct symbolise *symbolise;
    struct unwind_stack stack;
    Dwarf_Word reg[REG_COUNT];
    uint64_t *pc;
    unsigned count, max;
} now;

static Dwfl *attached;

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
    (void)dwfl;
    if (*thread_arg)
        return 0;
    *thread_arg = arg;
    return PID;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread_arg)
{
    (void)dwfl;
    *thread_arg = arg;
    return tid == PID;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr va, Dwarf_Word *out, void *arg)
{
    const struct unwind_stack *s = &now.stack;

    (void)dwfl;
    (void)arg;
    if (va < s->sp || va - s->sp > s->len ||
        s->len - (va - s->sp) < sizeof(*out))
        return false;
    memcpy(out, s->data + (va - s->sp), sizeof(*out));
    return true;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
    (void)arg;
    dwfl_thread_state_register_pc(thread, now.reg[REG_COUNT - 1]);
    return dwfl_thread_state_registers(thread, 0, REG_COUNT, now.reg);
}

static int take_frame(Dwfl_Frame *frame, void *arg)
{
    Dwarf_Addr pc;
    bool is_activation;

    (void)arg;
    if (!dwfl_frame_pc(frame, &pc, &is_activation))
        return DWARF_CB_ABORT;
    if (now.count > 0 && !is_activation)
        pc--;
    if (now.count == now.max ||
        (now.count > 0 && !symbolise_is_code(now.symbolise, pc)))
        return DWARF_CB_ABORT;
    now.pc[now.count++] = pc;
    return DWARF_CB_OK;
}

static const Dwfl_Thread_Callbacks callbacks = {
    .next_thread = next_thread,
    .get_thread = get_thread,
    .memory_read = memory_read,
    .set_initial_registers = set_registers,
};

static bool attach(Dwfl *dwfl)
{
    if (dwfl != attached && dwfl &&
        dwfl_attach_state(dwfl, NULL, PID, &callbacks, &now))
        attached = dwfl;
    return dwfl && dwfl == attached;
}

unsigned unwind(struct symbolise *s, const struct control_regs *r,
                const struct unwind_stack *stack, uint64_t *pc, unsigned max)
{
    const Dwarf_Word reg[REG_COUNT] = { r->rax, r->rdx, r->rcx, r->rbx, r->rsi,
                                        r->rdi, r->rbp, r->rsp, r->r8,  r->r9,
                                        r->r10, r->r11, r->r12, r->r13, r->r14,
                                        r->r15, r->rip };

    if (max == 0)
        return 0;
    now.symbolise = s;
    now.stack = *stack;
    memcpy(now.reg, reg, sizeof(reg));
    now.pc = pc;
    now.count = 0;
    now.max = max;
    if (attach(symbolise_dwfl(s)))
        (void)dwfl_getthread_frames(attached, PID, take_frame, NULL);
    if (now.count == 0)
        pc[now.count++] = r->rip;
    return now.count;
}
