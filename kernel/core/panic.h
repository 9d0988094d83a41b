/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * panic.h - assertions and the end of the kernel.
 *
 * What:      ASSERT stays on in release builds and is for our own mistakes
 *            only; what the program, the host or an image chose is checked
 *            and refused with an error instead.
 * Context:   anywhere, interrupts included. Never returns.
 */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include "core/types.h"

#define ASSERT(cond)                               \
    do {                                           \
        if (UNLIKELY(!(cond)))                     \
            assert_failed(PANIC_PLACE ": " #cond); \
    } while (0)

/* A binary assertion that prints both values. */
#define ASSERT_OP(a, op, b)                                               \
    do {                                                                  \
        uint64_t a_ = (uint64_t)(a), b_ = (uint64_t)(b);                  \
        if (UNLIKELY(!(a_ op b_)))                                        \
            assert_op_failed(PANIC_PLACE ": " #a " " #op " " #b, a_, b_); \
    } while (0)

/* Where it is, as a part of a string. */
#define PANIC_PLACE       __FILE__ ":" PANIC_TEXT(__LINE__)
#define PANIC_TEXT(line)  PANIC_TEXT_(line)
#define PANIC_TEXT_(line) #line

/* Report registers and a backtrace to the monitor or console, power off. */
NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);

/* There are hundreds of assertions: each is one string and one call. Every
 * object file has these two, and the link keeps one of each. */
#define ASSERT_END __attribute__((weak, noinline, cold)) NORETURN
ASSERT_END void assert_failed(const char *what);
ASSERT_END void assert_op_failed(const char *what, uint64_t a, uint64_t b);

void assert_failed(const char *what)
{
    panic("assertion failed: %s", what);
}

void assert_op_failed(const char *what, uint64_t a, uint64_t b)
{
    panic("assertion failed: %s (0x%lx, 0x%lx)", what, a, b);
}

struct regs;
/* The same, for an exception that found the kernel at *regs. */
NORETURN void panic_regs(const struct regs *regs, uint64_t address,
                         uint64_t error, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Set by main.c: how a panic is reported, see drivers/console.h. */
struct hypercall_report;
extern void (*panic_hook)(const char *text,
                          const struct hypercall_report *report);

#endif
