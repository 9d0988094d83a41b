/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * debug_kernel.c - breakpoints and steps in the kernel itself.
 *
 * The kernel's text is the image's file, which other guests map as well, so a
 * page of it that is to have breakpoints is mapped in a copy first
 * (debug_text_own()); the server writes to that from outside, at any time. A
 * breakpoint or step in C code traps like any exception, and is a stop of the
 * CPU wherever it is, locks held: all CPUs stop then, and nothing is carried
 * out but the copying of a further page, for which memory is in store.
 *
 * Not everything can stand still: what a stop itself needs, code on the stacks
 * of interrupts, and who asks other CPUs to stop. A breakpoint there is lifted,
 * which the server sees; a step goes on to the next instruction.
 */
#include "arch/pagetable.h"
#include "core/errno.h"
#include "core/string.h"
#include "mm/page.h"
#include "mm/space.h"
#include "process/debug.h"
#include "process/debug_stop.h"
#include "sched/process.h"

#define COPY_MAX  32u
#define SPARE_MIN 12u

struct text_copy {
    uint64_t va; /* 0: in store, if it has a page */
    paddr_t pa;  /* of the image's */
    paddr_t page;
};

static struct text_copy copies[COPY_MAX];
static uint32_t stopped; /* bit n: CPU n is in a stop here; atomic */

STOP_CODE static struct text_copy *copy_find(uint64_t va)
{
    for (unsigned i = 0; i < COPY_MAX; i++)
        if (copies[i].va == va)
            return &copies[i];
    return NULL;
}

static struct pt *kernel_pt(void)
{
    static struct pt pt;

    pt.pml4_pa = space_pml4_pa();
    return &pt;
}

/* What copies and a few more need; as much of that as there is. */
static void store_fill(void)
{
    unsigned spare = 0;

    for (unsigned i = 0; i < COPY_MAX && spare < SPARE_MIN; i++) {
        if (copies[i].va != 0)
            continue;
        if (!copies[i].page)
            copies[i].page = page_alloc();
        spare++;
    }
}

/* Of the kernel's text, or of its constants. */
static bool is_text(uint64_t va)
{
    unsigned flags = 0;
    paddr_t pa = pt_lookup(kernel_pt(), va, &flags);

    return pa != 0 && pa - arch_kernel_pa() == va - arch_kernel_va() &&
           flags & PT_EXEC && !(flags & PT_WRITE);
}

int debug_text_own(uint64_t va, bool may_alloc)
{
    struct text_copy *c = NULL;

    va = ALIGN_DOWN(va, PAGE_SIZE);
    if (va == 0)
        return -EINVAL;
    if (copy_find(va))
        return 0;
    if (!is_text(va))
        return -EINVAL;
    if (may_alloc)
        store_fill();
    for (unsigned i = 0; i < COPY_MAX && !c; i++)
        if (copies[i].va == 0 && copies[i].page)
            c = &copies[i];
    if (!c)
        return -ENOMEM;
    c->va = va;
    c->pa = pt_lookup(kernel_pt(), va, NULL);
    memcpy(page_ptr(c->page), page_ptr(c->pa), PAGE_SIZE);
    if (pt_map(kernel_pt(), va, c->page, PT_READ | PT_EXEC) != 0)
        return -ENOMEM;
    arch_tlb_flush_page(va);
    return 0;
}

void debug_text_refresh(void)
{
    for (unsigned i = 0; i < COPY_MAX; i++) {
        volatile uint64_t *word = page_ptr(copies[i].page);

        for (size_t n = 0; copies[i].va && n < PAGE_SIZE / sizeof(*word); n++)
            word[n] = word[n];
    }
}

void debug_text_let_go(void)
{
    for (unsigned i = 0; i < COPY_MAX; i++) {
        struct text_copy *c = &copies[i];

        if (c->va != 0 &&
            pt_map(kernel_pt(), c->va, c->pa, PT_READ | PT_EXEC) != 0)
            continue;
        if (c->va != 0)
            arch_tlb_flush_page(c->va);
        if (c->page)
            page_put(c->page);
        *c = (struct text_copy){ 0 };
    }
}

/* ---- stops ---- */

/* The breakpoint at va; NULL: there is none, be it any more. */
STOP_CODE static uint8_t *break_at(uint64_t va, uint8_t *old_out)
{
    const struct text_copy *c = copy_find(ALIGN_DOWN(va, PAGE_SIZE));
    uint8_t *at = c ? (uint8_t *)page_ptr(c->page) + va % PAGE_SIZE : NULL;

    if (at)
        *old_out = ((const uint8_t *)page_ptr(c->pa))[va % PAGE_SIZE];
    return at && *at == DEBUG_BREAK_INSN && *old_out != DEBUG_BREAK_INSN ? at
                                                                         : NULL;
}

STOP_CODE static bool may_stop(const struct regs *regs)
{
    const struct thread *t = thread_current();
    uint32_t mine = 1u << (arch_cpu_number() - 1);

    return debug_is_attached() && t && !(stopped & mine) &&
           t->arch.kstack_top - regs->rsp < ARCH_KSTACK_LEN &&
           arch_cpus_may_stop();
}

STOP_CODE static void stop_here(struct regs *regs, enum debug_reason reason)
{
    struct thread *t = thread_current();
    unsigned cpu = arch_cpu_number() - 1;
    uint64_t at = regs->rip;
    uint8_t old;
    int err;

    __atomic_fetch_or(&stopped, 1u << cpu, __ATOMIC_SEQ_CST);
    t->debug.wants_step = 0;
    debug_control.kernel_regs[cpu] = (uint64_t)regs;
    do
        err = debug_stop(reason, t, true);
    while (err == -EAGAIN && debug_is_attached() &&
           (reason == DEBUG_KERNEL_STEP || break_at(at, &old)));
    __atomic_fetch_and(&stopped, ~(1u << cpu), __ATOMIC_SEQ_CST);
}

STOP_CODE bool debug_kernel_trap(struct regs *regs, uint64_t vector)
{
    bool is_step = vector == DEBUG_VECTOR_STEP;
    uint64_t at = regs->rip - 1;
    uint8_t *insn, old = 0;

    if (is_step && !may_stop(regs)) {
        if (!debug_is_attached())
            regs->rflags &= ~(uint64_t)DEBUG_FLAG_TF;
        return true;
    }
    if (is_step) {
        regs->rflags &= ~(uint64_t)DEBUG_FLAG_TF;
        stop_here(regs, DEBUG_KERNEL_STEP);
        return true;
    }
    insn = break_at(at, &old);
    if (!insn && *(const uint8_t *)at == DEBUG_BREAK_INSN)
        return false; /* nobody's */
    regs->rip = at;
    if (insn && !may_stop(regs))
        *insn = old;
    else if (insn)
        stop_here(regs, DEBUG_KERNEL);
    return true;
}
