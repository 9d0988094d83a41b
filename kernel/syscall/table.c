/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.c - the dispatch arrays, made from table.def.
 *
 * Calls that want all registers go through a small stub that completes the
 * frame first.
 */
#include "core/errno.h"
#include "syscall/syscall.h"

SYSCALL_ABI static long no_such_call(long a, long b, long c, long d, long e,
                                     long f)
{
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    return -ENOSYS;
}

/* Complete the frame, then jump to the handler: entry.S. */
#define REGS_FULL(name)                                              \
    __asm__(".text\nregs_" #name ": lea sys_" #name "(%rip), %r11\n" \
            " jmp syscall_save_regs\n");                             \
    extern SYSCALL_ABI long regs_##name(long, long, long, long, long, long);
#define REGS_PARTIAL(name) REGS_FULL(name)
#define REGS_NEVER(name)
#define SYSCALL(nr, name, args, status, note)
#define SYSCALL_REGS(nr, name, args, status, note) REGS_##status(name)
#include "syscall/table.def"
#undef SYSCALL
#undef SYSCALL_REGS

/* What to call. */
#define HANDLER(name) (syscall_fn)(void *) sys_##name

#define FULL(nr, name)                             [nr] = HANDLER(name),
#define PARTIAL(nr, name)                          FULL(nr, name)
#define NEVER(nr, name)                            [nr] = no_such_call,
#define FULL_REGS(nr, name)                        [nr] = regs_##name,
#define PARTIAL_REGS(nr, name)                     [nr] = regs_##name,
#define NEVER_REGS(nr, name)                       NEVER(nr, name)
#define SYSCALL(nr, name, args, status, note)      status(nr, name)
#define SYSCALL_REGS(nr, name, args, status, note) status##_REGS(nr, name)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
const syscall_fn syscall_handlers[SYSCALL_MAX] = {
    [0 ... SYSCALL_MAX - 1] = no_such_call,
#include "syscall/table.def"
};

/* What the entry jumps to: the handler, or through the kernel lock to it. */
#undef FULL
#undef NEVER
#undef FULL_REGS
#undef PARTIAL_REGS
#undef SYSCALL_FREE
#define FULL(nr, name)                             [nr] = syscall_locked,
#define NEVER(nr, name)                            [nr] = no_such_call,
#define FULL_REGS(nr, name)                        FULL(nr, name)
#define PARTIAL_REGS(nr, name)                     FULL(nr, name)
#define SYSCALL_FREE(nr, name, args, status, note) [nr] = HANDLER(name),

/* Right behind struct percpu, so that a call needs no address of it. */
__attribute__((section(".data.syscall_table"), used))
const syscall_fn syscall_table[SYSCALL_MAX] = {
    [0 ... SYSCALL_MAX - 1] = no_such_call,
#include "syscall/table.def"
};
#pragma GCC diagnostic pop
_Static_assert(sizeof(syscall_table) == 4096, "percpu.h: PERCPU_TABLE_LEN");
