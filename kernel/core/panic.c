/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * panic.c - the end of the kernel: collect registers and a backtrace, hand
 * them to whoever can print and symbolise them, power off.
 */
#include "core/panic.h"
#include "abi/hypercall.h"
#include "arch/arch.h"
#include "core/printf.h"

#define PANIC_STATUS 125 /* Samara's own failure, as the command documents */
#define TEXT_MAX     400u

void (*panic_hook)(const char *text, const struct hypercall_report *report);

NORETURN static void finish(const char *format, va_list args,
                            struct hypercall_report *report)
{
    static bool again;
    char text[TEXT_MAX];

    if (again) /* while reporting the first one */
        arch_power_off(PANIC_STATUS);
    again = true;
    vsnprintf(text, sizeof(text), format, args);
    report->kernel_va = arch_kernel_va();
    if (panic_hook)
        panic_hook(text, report);
    kprintf("kernel panic: %s", text);
    for (uint64_t i = 0; i < report->trace_count; i++)
        kprintf("  kernel+0x%lx", report->trace[i] - report->kernel_va);
    arch_power_off(PANIC_STATUS);
}

void panic(const char *format, ...)
{
    struct hypercall_report report = { 0 };
    va_list args;

    report.rip = (uint64_t)__builtin_return_address(0);
    report.rbp = (uint64_t)__builtin_frame_address(0);
    report.rsp = report.rbp;
    report.trace_count = arch_backtrace(report.rip, report.rbp, report.trace,
                                        ARRAY_LEN(report.trace));
    va_start(args, format);
    finish(format, args, &report);
}

void panic_regs(const struct regs *regs, uint64_t address, uint64_t error,
                const char *format, ...)
{
    struct hypercall_report report;
    va_list args;

    _Static_assert(offsetof(struct hypercall_report, cr2) == sizeof(*regs),
                   "the report begins with the registers");
    __builtin_memset(&report, 0, sizeof(report));
    __builtin_memcpy(&report, regs, sizeof(*regs));
    report.cr2 = address;
    report.error = error;
    report.trace_count = arch_backtrace(regs->rip, regs->rbp, report.trace,
                                        ARRAY_LEN(report.trace));
    va_start(args, format);
    finish(format, args, &report);
}
