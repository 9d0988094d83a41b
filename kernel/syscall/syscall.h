/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syscall.h - prototypes of every system call, made from table.def.
 *
 * What:      each returns the value for rax: >= 0 or -errno. int and unsigned
 *            arguments arrive in 64-bit registers whose upper half is junk.
 */
#ifndef SYSCALL_SYSCALL_H
#define SYSCALL_SYSCALL_H

#include "core/types.h"

#define SYSCALL_MAX 464u

/*
 * What the entry calls preserves every register, so that it saves none and a
 * short call costs few instructions: syscall_locked() and syscall_unlocked(),
 * which call ordinary handlers, and those declared SYSCALL_FREE. Host tests of
 * a handler are built with vector registers, which the attribute excludes;
 * there it means nothing. clang does not preserve arguments by it.
 */
#ifdef __clang__
#define SYSCALL_ENTRY(handler) ((void)(handler), syscall_unlocked)
#else
#define SYSCALL_ENTRY(handler) ((syscall_fn)(uintptr_t)(handler))
#endif
#if defined(__SSE__) || defined(__clang__)
#define SYSCALL_ABI
#else
#define SYSCALL_ABI __attribute__((no_caller_saved_registers))
#endif

#define FULL(nr, name, args)    long sys_##name args;
#define PARTIAL(nr, name, args) long sys_##name args;
#define NEVER(nr, name, args)
#define SYSCALL(nr, name, args, status, note)      status(nr, name, args)
#define SYSCALL_REGS(nr, name, args, status, note) status(nr, name, args)
#define SYSCALL_FREE(nr, name, args, status, note) \
    SYSCALL_ABI status(nr, name, args)
#include "syscall/table.def"
#undef FULL
#undef PARTIAL
#undef NEVER
#undef SYSCALL
#undef SYSCALL_REGS

typedef SYSCALL_ABI long (*syscall_fn)(long, long, long, long, long, long);
typedef long (*syscall_handler)(long, long, long, long, long, long);
extern syscall_fn syscall_table[SYSCALL_MAX];         /* the first CPU's */
extern syscall_handler syscall_handlers[SYSCALL_MAX]; /* locked ones */
/* Fill both, before the program begins and before the other CPUs do. */
void syscall_init(void);
extern const int32_t syscall_offsets[]; /* abi/calls.h */
extern const int32_t syscall_offsets_end[];
/* entry.S: takes the kernel lock, calls syscall_handlers[rax]. */
SYSCALL_ABI long syscall_locked(long, long, long, long, long, long);
/* entry.S: without the lock, where handlers are ordinary functions. */
SYSCALL_ABI long syscall_unlocked(long, long, long, long, long, long);
/* entry.S: completes the frame, goes on to the handler in syscall_offsets. */
long syscall_regs(long, long, long, long, long, long);

#endif
