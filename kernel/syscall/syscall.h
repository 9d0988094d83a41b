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

#define SYSCALL_MAX 512u

#define FULL(nr, name, args)    long sys_##name args;
#define PARTIAL(nr, name, args) long sys_##name args;
#define NEVER(nr, name, args)
#define SYSCALL(nr, name, args, status, note)      status(nr, name, args)
#define SYSCALL_REGS(nr, name, args, status, note) status(nr, name, args)
#include "syscall/table.def"
#undef FULL
#undef PARTIAL
#undef NEVER
#undef SYSCALL
#undef SYSCALL_REGS

typedef long (*syscall_fn)(long, long, long, long, long, long);
extern const syscall_fn syscall_table[SYSCALL_MAX];

#endif
