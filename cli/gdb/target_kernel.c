/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target_kernel.c - breakpoints in the kernel, and a CPU that has stopped in
 * it: abi/debug.h, DEBUG_KERNEL.
 *
 * Breakpoints are written from here, into the guest's own copy of a page of the
 * kernel's text, for which the kernel is asked once.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/gdb/target.h"
#include "cli/gdb/target_link.h"
#include "host/fault.h"

#define PAGE_LEN   4096u
#define FLAG_TF    0x100ull
#define REGS_LEN   (21u * sizeof(uint64_t)) /* struct regs, up to ss */
#define BREAK_INSN 0xccu

bool target_is_kernel(const struct target *t, uint64_t va)
{
    return va - t->core.in.hello.kernel_va < t->core.in.hello.kernel_len;
}

/* ---- breakpoints ---- */

/* Assembly that may run on the program's stack, or on an interrupt's; what a
 * breakpoint needs itself. Ring 0 runs elsewhere, from the image's own page. */
static int check_place(const struct target *t, uint64_t va, struct fault *fault)
{
    const struct records *r = &t->core.in.records;
    const struct records_edge *e = core_edge(&t->core, va);

    if (va - r->stop_code < r->stop_code_end - r->stop_code ||
        (e && (e->kind < RECORDS_EDGE_BEGIN || e->kind > RECORDS_EDGE_SAVED)))
        return fault_set(fault, EPERM,
                         "no breakpoint can be at 0x%llx: the kernel gets into "
                         "and out of its breakpoints by this code",
                         (unsigned long long)va);
    return 0;
}

/* The page is the guest's own from now on. */
static int own_page(struct target *t, uint64_t va, struct fault *fault)
{
    uint64_t page = va - va % PAGE_LEN;
    size_t i;
    int err;

    for (i = 0; i < t->page_count; i++)
        if (t->page[i] == page)
            return 0;
    if (t->page_count == TARGET_PAGE_MAX)
        return fault_set(fault, ENOSPC,
                         "breakpoints in the kernel are on %u pages already",
                         TARGET_PAGE_MAX);
    err = target_command(
        t, &(struct target_command){ DEBUG_TEXT_OWN, va, 0, NULL }, fault);
    if (err == 0)
        t->page[t->page_count++] = page;
    if (err == -ENOMEM)
        fault_set(fault, ENOMEM,
                  "the guest has no memory in store for a breakpoint at "
                  "0x%llx; set it when the program has stopped, by Ctrl-C",
                  (unsigned long long)va);
    return err;
}

int target_kernel_break_set(struct target *t, uint64_t va, uint8_t *old_out,
                            struct fault *fault)
{
    const uint8_t insn = BREAK_INSN;
    int err = check_place(t, va, fault);

    if (err == 0)
        err = own_page(t, va, fault);
    if (err == 0)
        err = inside_read(&t->core.in, va, old_out, 1, fault);
    if (err == 0 && *old_out == BREAK_INSN)
        err = fault_set(fault, EPERM,
                        "0x%llx is the kernel's gate to ring 0, a breakpoint "
                        "of its own",
                        (unsigned long long)va);
    if (err == 0)
        err = inside_write(&t->core.in, va, &insn, 1, fault);
    return err;
}

int target_kernel_break_clear(struct target *t, const struct target_break *b,
                              struct fault *fault)
{
    uint8_t now;
    int err = inside_read(&t->core.in, b->va, &now, 1, fault);

    if (err)
        return err;
    if (now != BREAK_INSN && t->left_out != b->va) {
        t->left_out = b->va;
        fprintf(stderr,
                "samara: the breakpoint at 0x%llx was left out once, and may "
                "be again: the kernel came by where it cannot stop\n",
                (unsigned long long)b->va);
    }
    if (now != BREAK_INSN)
        return 0;
    return inside_write(&t->core.in, b->va, &b->old, 1, fault);
}

/* ---- a CPU that has stopped ---- */

static int regs_find(struct target *t, uint64_t *va_out, struct fault *fault)
{
    return core_word(&t->core,
                     t->control_va +
                         offsetof(struct debug_control, kernel_regs) +
                         t->kernel_cpu * sizeof(uint64_t),
                     va_out, fault);
}

bool target_is_in_kernel(const struct target *t,
                         const struct inside_thread *thread)
{
    return t->in_kernel && thread->va == t->thread;
}

int target_kernel_regs(struct target *t, struct control_regs *out,
                       struct fault *fault)
{
    uint64_t va = 0;
    int err = regs_find(t, &va, fault);

    if (err == 0)
        err = inside_read(&t->core.in, va, out, REGS_LEN, fault);
    out->orig_rax = (uint64_t)-1;
    return err;
}

static int flags_set(struct target *t, bool steps, struct fault *fault)
{
    struct control_regs r;
    uint64_t va = 0;
    int err = regs_find(t, &va, fault);

    if (err == 0)
        err = inside_read(&t->core.in, va, &r, REGS_LEN, fault);
    if (err)
        return err;
    r.rflags = steps ? r.rflags | FLAG_TF : r.rflags & ~FLAG_TF;
    return inside_write(&t->core.in, va + offsetof(struct control_regs, rflags),
                        &r.rflags, sizeof(r.rflags), fault);
}

int target_kernel_step(struct target *t, uint64_t thread, struct fault *fault)
{
    bool steps = t->in_kernel && thread != 0 && thread == t->thread;

    t->control.kernel_step = steps;
    return t->in_kernel ? flags_set(t, steps, fault) : 0;
}
