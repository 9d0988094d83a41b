/* SPDX-License-Identifier: BSD-2-Clause */
/* crash_report.c - what is said of a bad end: see crash.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "debug/crash.h"
#include "debug/symbolise.h"
#include "host/memory.h"

#define ROWS_MAX   64u
#define STACK_NEAR (256ull << 10) /* a frame larger than this is rare */
#define PF_WRITE   2u
#define PF_FETCH   16u

static void say(const char *text)
{
    fputs(text, stderr);
}

/* The guest's words: nothing of them reaches a terminal unfiltered. */
static void say_foreign(const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text,
              stderr);
}

/* ---- what happened ---- */

static const char *code_name(int signo, int code)
{
    static const struct {
        int signo, code;
        const char *name;
    } names[] = {
        { SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR" },
        { SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR" },
        { SIGSEGV, SEGV_PKUERR, "SEGV_PKUERR" },
        { SIGBUS, BUS_ADRALN, "BUS_ADRALN" },
        { SIGBUS, BUS_ADRERR, "BUS_ADRERR" },
        { SIGBUS, BUS_OBJERR, "BUS_OBJERR" },
        { SIGILL, ILL_ILLOPC, "ILL_ILLOPC" },
        { SIGILL, ILL_ILLOPN, "ILL_ILLOPN" },
        { SIGILL, ILL_PRVOPC, "ILL_PRVOPC" },
        { SIGFPE, FPE_INTDIV, "FPE_INTDIV" },
        { SIGFPE, FPE_INTOVF, "FPE_INTOVF" },
        { SIGFPE, FPE_FLTDIV, "FPE_FLTDIV" },
        { SIGFPE, FPE_FLTOVF, "FPE_FLTOVF" },
        { SIGFPE, FPE_FLTUND, "FPE_FLTUND" },
        { SIGFPE, FPE_FLTRES, "FPE_FLTRES" },
        { SIGFPE, FPE_FLTINV, "FPE_FLTINV" },
        { SIGTRAP, TRAP_BRKPT, "TRAP_BRKPT" },
        { SIGTRAP, TRAP_TRACE, "TRAP_TRACE" },
    };
    size_t i;

    if (code == SI_KERNEL)
        return "SI_KERNEL";
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].signo == signo && names[i].code == code)
            return names[i].name;
    return NULL;
}

static const struct core_region *region_above(const struct core *c, uint64_t va)
{
    size_t i;

    for (i = 0; i < c->region_count; i++)
        if (c->region[i].end > va)
            return &c->region[i];
    return NULL;
}

static void say_region(const struct crash_scene *s, const struct core_region *r)
{
    struct symbolise_place p = { 0 };

    fprintf(stderr, "0x%llx-0x%llx %c%c%c ", (unsigned long long)r->start,
            (unsigned long long)r->end, r->prot & PROT_READ ? 'r' : '-',
            r->prot & PROT_WRITE ? 'w' : '-', r->prot & PROT_EXEC ? 'x' : '-');
    if (s->symbols)
        symbolise_find(s->symbols, r->start, &p);
    if (p.object)
        say_foreign(p.object);
    else if (s->has_regs && r == region_above(&s->core, s->regs.rsp))
        say("the stack");
    else
        say(r->has_object ? "a file, or shared" : "anonymous memory");
}

/* Below a stack and near its pointer: the kernel's own gap below the main
 * stack, or the inaccessible pages that thread libraries put below theirs. */
static bool is_stack_overflow(const struct crash_scene *s, uint64_t va,
                              const struct core_region *hit)
{
    const struct core *c = &s->core;
    const struct core_region *stack = region_above(c, s->regs.rsp);

    if (!s->has_regs || va - (s->regs.rsp - STACK_NEAR) > 2 * STACK_NEAR)
        return false;
    if (hit && hit->start <= va && hit->prot == PROT_NONE)
        return stack == hit || stack == hit + 1;
    return stack && va < stack->start && hit == stack;
}

/* What lies at the address, or on both sides of it. */
static void say_mapping(const struct crash_scene *s, uint64_t va)
{
    const struct core *c = &s->core;
    const struct core_region *hit = region_above(c, va);
    const struct core_region *below =
        hit ? (hit > c->region ? hit - 1 : NULL)
            : (c->region_count > 0 ? &c->region[c->region_count - 1] : NULL);

    if (is_stack_overflow(s, va, hit))
        say("  the stack has overflowed\n");
    if (hit && hit->start <= va) {
        say("  in ");
        say_region(s, hit);
        say("\n");
        return;
    }
    say(va < 0x10000 ? "  nothing is mapped there: a null pointer"
                     : "  nothing is mapped there");
    if (below) {
        say("\n  below it: ");
        say_region(s, below);
    }
    if (hit) {
        say("\n  above it: ");
        say_region(s, hit);
    }
    say("\n");
}

static bool has_address(int signo, int code)
{
    return (signo == SIGSEGV || signo == SIGBUS) && code > 0 &&
           code != SI_KERNEL;
}

static void say_signal(const struct crash_scene *s)
{
    const struct hypercall_report *r = &s->crash.report;
    const char *code, *name;
    siginfo_t info;

    memcpy(&info, r->siginfo, sizeof(info));
    code = code_name(info.si_signo, info.si_code);
    name = sigabbrev_np(info.si_signo);
    say("samara: ");
    say_foreign(s->thread ? s->core.process.thread[0].name : "the program");
    fprintf(stderr, ": killed by SIG%s (signal %d%s%s)", name ? name : "RT",
            info.si_signo, code ? ", " : "", code ? code : "");
    if (has_address(info.si_signo, info.si_code)) {
        const char *access = r->error & PF_FETCH   ? "jump to"
                             : r->error & PF_WRITE ? "write to"
                                                   : "read of";

        fprintf(stderr, ": %s 0x%llx\n", access, (unsigned long long)r->cr2);
        if (s->is_gathered)
            say_mapping(s, r->cr2);
        return;
    }
    if (info.si_signo == SIGTRAP && info.si_code > 0)
        say(": a breakpoint instruction, or a step");
    else if (info.si_code == SI_KERNEL)
        say(": a privileged instruction, or an address that is none");
    else if (info.si_code <= 0 && info.si_pid != 0)
        fprintf(stderr, ", sent by process %d", (int)info.si_pid);
    say("\n");
}

static void say_what(const struct crash_scene *s)
{
    switch (s->crash.kind) {
    case CRASH_SIGNAL:
        say_signal(s);
        return;
    case CRASH_PANIC:
        say("samara: the kernel panicked: ");
        say_foreign(s->crash.text);
        break;
    case CRASH_FAULT:
        say("samara: the guest was ended: ");
        say_foreign(s->crash.text);
        say("; this is a bug of Samara's kernel, please report it with what "
            "follows");
        break;
    default:
        say("samara: ");
        say_foreign(s->crash.text);
    }
    say("\n");
}

/* ---- registers and frames ---- */

static void say_registers(const struct hypercall_report *r)
{
    const struct {
        const char *name;
        uint64_t value;
    } regs[] = {
        { "rip", r->rip }, { "rsp", r->rsp },     { "rflags", r->rflags },
        { "rax", r->rax }, { "rbx", r->rbx },     { "rcx", r->rcx },
        { "rdx", r->rdx }, { "rsi", r->rsi },     { "rdi", r->rdi },
        { "rbp", r->rbp }, { "r8", r->r8 },       { "r9", r->r9 },
        { "r10", r->r10 }, { "r11", r->r11 },     { "r12", r->r12 },
        { "r13", r->r13 }, { "r14", r->r14 },     { "r15", r->r15 },
        { "cr2", r->cr2 }, { "error", r->error }, { "orig_rax", r->orig_rax },
    };
    size_t i;

    for (i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
        fprintf(stderr, "  %-8s %016llx%s", regs[i].name,
                (unsigned long long)regs[i].value, i % 3 == 2 ? "\n" : "");
}

static void say_place(const struct symbolise_place *p, bool is_return)
{
    char *plain, *name;

    if (!p->function) {
        say("??");
    } else {
        plain = mem_strndup(p->function, strcspn(p->function, "@"));
        name = symbolise_demangle(plain);
        say_foreign(name ? name : plain);
        fprintf(stderr, "+0x%llx",
                (unsigned long long)p->function_off + is_return);
        free(name);
        free(plain);
    }
    if (p->file && p->line != 0) {
        say(" at ");
        say_foreign(p->file);
        fprintf(stderr, ":%d", p->line);
    }
    if (p->object) {
        say(" in ");
        say_foreign(p->object);
        if (!p->function)
            fprintf(stderr, "+0x%llx",
                    (unsigned long long)p->object_off + is_return);
    }
}

/* va: for a return address, in the call before it. */
static void say_frame(const struct crash_scene *s, unsigned number, uint64_t va,
                      bool is_return)
{
    struct symbolise_place p = { 0 };

    fprintf(stderr, "  #%-3u 0x%016llx ", number,
            (unsigned long long)va + is_return);
    if (s->symbols && symbolise_find(s->symbols, va, &p))
        say_place(&p, is_return);
    else
        say("not mapped");
    say("\n");
}

/* A recursion is shown once. Result: how many frames are the same as at i. */
static size_t same_frames(const struct crash_scene *s, size_t i)
{
    size_t n = 1;

    while (i + n < s->pc_count && s->pc[i + n] == s->pc[i])
        n++;
    return n;
}

static void say_frames(const struct crash_scene *s)
{
    unsigned rows = 0;
    size_t i, n;

    for (i = 0; i < s->pc_count && rows < ROWS_MAX; i += n, rows++) {
        n = same_frames(s, i);
        say_frame(s, (unsigned)i, s->pc[i], i > 0);
        if (n > 1)
            fprintf(stderr, "  ...  and the same %zu times more\n", n - 1);
    }
    if (i < s->pc_count || s->pc_count == CRASH_FRAME_MAX)
        say("  ...  and more\n");
}

/* Addresses that the kernel found itself. */
static void say_kernel(const struct crash_scene *s)
{
    const struct hypercall_report *r = &s->crash.report;
    unsigned i;

    say("  the kernel was at\n");
    say_frame(s, 0, r->rip, false);
    for (i = 0; i < r->trace_count && i < 16; i++)
        if (r->trace[i] != r->rip)
            say_frame(s, i + 1, r->trace[i] - 1, true);
}

static void say_thread(const struct crash_scene *s)
{
    size_t others = s->core.process.thread_count - 1;

    fprintf(stderr, "  thread %d (", s->thread->tid);
    say_foreign(s->thread->name);
    say(")");
    if (others > 0)
        fprintf(stderr, ", beside %zu other%s", others, others > 1 ? "s" : "");
    say(", was at\n");
    say_frames(s);
}

void crash_report(const struct crash_scene *s)
{
    say_what(s);
    if (s->crash.has_regs)
        say_registers(&s->crash.report);
    if (s->crash.has_regs)
        crash_code(s, s->crash.report.rip);
    if (s->crash.has_regs && s->crash.kind != CRASH_SIGNAL)
        say_kernel(s);
    if (s->thread)
        say_thread(s);
}
