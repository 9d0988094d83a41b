/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - see report.h.
 *
 * Everything shown comes from the guest, so nothing of it reaches a terminal
 * unfiltered, and every walk has a bound.
 */
#include "monitor/report.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/symbols.h"
#include "monitor/arch/arch.h"
#include "monitor/check.h"
#include "monitor/console.h"
#include "monitor/crash.h"

#define LINE_MAX_LEN 1400u
#define FRAME_MAX    24u
#define CODE_LEN     16u

static void put(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(2, text, len);

        if (n <= 0)
            return; /* nobody to tell */
        text += n;
        len -= (size_t)n;
    }
}

__attribute__((format(printf, 2, 0))) static void put_line(const char *prefix,
                                                           const char *fmt,
                                                           va_list args)
{
    char line[LINE_MAX_LEN];
    size_t at = (size_t)snprintf(line, sizeof(line), "%s", prefix);
    int n = vsnprintf(line + at, sizeof(line) - at - 1, fmt, args);

    if (n < 0)
        n = 0;
    at += (size_t)n;
    if (at > sizeof(line) - 2)
        at = sizeof(line) - 2;
    for (size_t i = 0; i < at; i++)
        if ((uint8_t)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[at++] = '\n';
    put(line, at);
}

void report_message(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    put_line("samara: ", fmt, args);
    va_end(args);
}

__attribute__((format(printf, 1, 2))) static void detail(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    put_line("  ", fmt, args);
    va_end(args);
}

static void put_registers(const struct hypercall_report *r)
{
    detail("rip %016lx  rsp %016lx  rflags %08lx  cs %02lx  ss %02lx", r->rip,
           r->rsp, r->rflags, r->cs, r->ss);
    detail("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", r->rax, r->rbx,
           r->rcx, r->rdx);
    detail("rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx", r->rsi, r->rdi,
           r->rbp, r->r8);
    detail("r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx", r->r9, r->r10,
           r->r11, r->r12);
    detail("r13 %016lx  r14 %016lx  r15 %016lx", r->r13, r->r14, r->r15);
    detail("cr2 %016lx  error %lx", r->cr2, r->error);
}

static void put_address(const struct vm *vm, const struct symbols *symbols,
                        uint64_t va)
{
    uint64_t off = va - vm->kernel_va, within;
    const char *name = NULL;

    if (off < vm->image.header.total_len)
        name = symbols_find(symbols, off, &within);
    if (name)
        detail("at %016lx  %s+0x%lx (kernel+0x%lx)", va, name, within, off);
    else if (off < vm->image.header.total_len)
        detail("at %016lx  kernel+0x%lx", va, off);
    else
        detail("at %016lx", va);
}

/* Does not cross pages: a frame record is aligned, code is shown up to the
 * page's end. */
static int read_va(const struct vm *vm, uint64_t cr3, uint64_t va, void *dst,
                   size_t len)
{
    gpa_t gpa;
    int err = arch_translate(vm, cr3, va, &gpa);

    return err ? err : gmem_read(&vm->mem, gpa, dst, len);
}

static void put_code(const struct vm *vm, uint64_t cr3, uint64_t rip)
{
    uint8_t code[CODE_LEN];
    char text[CODE_LEN * 3 + 1] = "";
    size_t len = VM_PAGE - (rip & (VM_PAGE - 1));

    if (len > sizeof(code))
        len = sizeof(code);
    if (read_va(vm, cr3, rip, code, len) != 0) {
        detail("code: not mapped");
        return;
    }
    for (size_t i = 0; i < len; i++)
        snprintf(text + 3 * i, 4, "%02x ", code[i]);
    detail("code: %s", text);
}

/* Frames must rise: a loop or a wild pointer ends the walk. */
static void put_backtrace(const struct vm *vm, const struct symbols *symbols,
                          uint64_t cr3, const struct hypercall_report *r)
{
    uint64_t frame[2], fp = r->rbp;

    put_address(vm, symbols, r->rip);
    for (unsigned i = 0; i < FRAME_MAX; i++) {
        if (fp % 8 != 0 || (fp & (VM_PAGE - 1)) > VM_PAGE - sizeof(frame) ||
            read_va(vm, cr3, fp, frame, sizeof(frame)) != 0 || frame[1] == 0)
            return;
        put_address(vm, symbols, frame[1]);
        if (frame[0] <= fp)
            return;
        fp = frame[0];
    }
}

void report_guest(struct vcpu *cpu, const char *fmt, ...)
{
    struct vm *vm = cpu->vm;
    struct symbols symbols;
    struct arch_regs regs;
    char reason[LINE_MAX_LEN / 2];
    va_list args;

    va_start(args, fmt);
    vsnprintf(reason, sizeof(reason), fmt, args);
    va_end(args);
    if (arch_regs_get(cpu, &regs) == 0 &&
        crash_tell(cpu, CRASH_FAULT, reason, &regs.report))
        console_exit(REPORT_STATUS);
    report_message("the guest was ended: %s; this is a bug of Samara's kernel, "
                   "please report it with what follows",
                   reason);
    if (arch_regs_get(cpu, &regs) == 0) {
        symbols_load(&vm->image, &symbols);
        put_registers(&regs.report);
        detail("cr0 %08lx  cr3 %016lx  cr4 %08lx  fs %lx  gs %lx", regs.cr0,
               regs.cr3, regs.cr4, regs.fs_base, regs.gs_base);
        put_code(vm, regs.cr3, regs.report.rip);
        put_backtrace(vm, &symbols, regs.cr3, &regs.report);
    }
    console_exit(REPORT_STATUS);
}

void report_text(const struct vm *vm, const char *intro, const char *text,
                 const struct hypercall_report *regs)
{
    struct symbols symbols;
    uint64_t count;

    for (const char *prefix = intro; *text || *prefix; prefix = "") {
        size_t len = strcspn(text, "\n");

        report_message("%s%.*s", prefix, (int)len, text);
        text += len + (text[len] == '\n');
    }
    if (!regs)
        return;
    symbols_load(&vm->image, &symbols);
    put_registers(regs);
    put_code(vm, vm->vcpu[0].state.cr3, regs->rip);
    put_address(vm, &symbols, regs->rip);
    count = regs->trace_count;
    for (uint64_t i = 0; i < count && i < 16; i++)
        put_address(vm, &symbols, regs->trace[i]);
    symbols_fini(&symbols);
}

/* ---- the monitor's own end ---- */

void check_failed(const char *file, int line, const char *what)
{
    report_message("the monitor failed: %s:%d: assertion failed: %s; this is a "
                   "bug, please report it",
                   file, line, what);
    console_exit(REPORT_STATUS);
}

static void crashed(int signo, siginfo_t *info, void *context)
{
    (void)context;
    if (signo == SIGSYS)
        report_message("the monitor was ended: its sandbox forbids system "
                       "call %d; this is a bug, please report it",
                       info->si_syscall);
    else if (signo == SIGBUS)
        report_message("the monitor was ended: the image file was shortened "
                       "while it ran (SIGBUS); do not write to images in use");
    else
        report_message("the monitor failed by signal %d at address %p; this "
                       "is a bug, please report it",
                       signo, info->si_addr);
    console_tty_restore();
    _exit(REPORT_STATUS);
}

void report_init(void)
{
    static const int signals[] = { SIGSEGV, SIGBUS,  SIGILL,
                                   SIGFPE,  SIGABRT, SIGSYS };
    struct sigaction act = { .sa_sigaction = crashed,
                             .sa_flags = SA_SIGINFO | SA_RESETHAND };

    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &act, NULL);
}
