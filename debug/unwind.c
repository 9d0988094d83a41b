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
#define REG_RBP   6u
#define REG_RSP   7u
#define REG_RIP   16u

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

/*
 * Code that was made at run time has no call frame information. On a function's
 * first instruction, `push %rbp`, perhaps behind an `endbr64`, and on its last,
 * `ret`, where it returns to is the stack's top; between the `push` and the
 * `mov %rsp, %rbp` that follows, its frame is there and rbp not yet.
 */
static bool is_frameless(const uint8_t *code)
{
    static const uint8_t endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
    static const uint8_t rep_ret[] = { 0xf3, 0xc3 };

    return code[0] == 0x55 || code[0] == 0xc3 || code[0] == 0xc2 ||
           memcmp(code, endbr, sizeof(endbr)) == 0 ||
           memcmp(code, rep_ret, sizeof(rep_ret)) == 0;
}

static bool is_frame_set(const uint8_t *code)
{
    static const uint8_t mov[2][3] = { { 0x48, 0x89, 0xe5 },
                                       { 0x48, 0x8b, 0xec } };

    return memcmp(code, mov[0], sizeof(mov[0])) == 0 ||
           memcmp(code, mov[1], sizeof(mov[1])) == 0;
}

/* Makes the registers such that frame pointers lead on. */
static void edge_pass(const uint8_t *code)
{
    Dwarf_Word back;

    if (!code || dwfl_addrmodule(attached, now.reg[REG_RIP]))
        return;
    if (is_frame_set(code))
        now.reg[REG_RBP] = now.reg[REG_RSP];
    if (!is_frameless(code) ||
        !memory_read(attached, now.reg[REG_RSP], &back, NULL) ||
        !symbolise_is_code(now.symbolise, back - 1))
        return;
    now.pc[now.count++] = now.reg[REG_RIP];
    now.reg[REG_RSP] += sizeof(back);
    now.reg[REG_RIP] =
        back - 1; /* in the call: nothing depends on which byte */
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
    if (attach(symbolise_dwfl(s))) {
        edge_pass(stack->code);
        (void)dwfl_getthread_frames(attached, PID, take_frame, NULL);
    }
    if (now.count == 0)
        pc[now.count++] = r->rip;
    return now.count;
}
