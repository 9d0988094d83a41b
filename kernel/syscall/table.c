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

/*
 * Where the handlers are, from here: half as long as pointers, and nothing to
 * relocate. 0: there is none.
 */
#define IS_FREE 0x40000000 /* added: it is called without the kernel lock */
extern const int32_t syscall_offsets[SYSCALL_MAX];

__asm__(".pushsection .rodata.syscall_offsets, \"a\", @progbits\n"
        ".balign 4\n"
        ".globl syscall_offsets\n.hidden syscall_offsets\n"
        "syscall_offsets:\n.popsection\n");
#define AT(nr, text)                                 \
    __asm__(".pushsection .rodata.syscall_offsets\n" \
            ".org syscall_offsets + 4 * " #nr "\n" text ".popsection");
#define OFFSET_TEXT(nr, value) AT(nr, ".long " #value " - syscall_offsets\n")
#define OFFSET(nr, value)      OFFSET_TEXT(nr, value)

#define FULL(nr, name)    OFFSET(nr, sys_##name)
#define PARTIAL(nr, name) FULL(nr, name)
#define NEVER(nr, name)
#define FULL_REGS(nr, name)    OFFSET(nr, regs_##name)
#define PARTIAL_REGS(nr, name) FULL_REGS(nr, name)
#define NEVER_REGS(nr, name)
#define SYSCALL(nr, name, args, status, note)      status(nr, name)
#define SYSCALL_REGS(nr, name, args, status, note) status##_REGS(nr, name)
#undef SYSCALL_FREE
#define SYSCALL_FREE(nr, name, args, status, note) \
    OFFSET(nr, sys_##name + IS_FREE)
#include "syscall/table.def"
AT(464, "")

/* What the entry jumps to: the handler, or through the kernel lock to it.
 * Right behind struct percpu, so that a call needs no address of it. */
__attribute__((section(".bss.syscall_table"), used))
syscall_fn syscall_table[SYSCALL_MAX];
syscall_fn syscall_handlers[SYSCALL_MAX];

_Static_assert(SYSCALL_MAX == 464, "AT, and percpu.h: PERCPU_TABLE_LEN");

void syscall_init(void)
{
    const char *base = (const char *)syscall_offsets;

    for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
        int32_t offset = syscall_offsets[nr];
        bool is_free = offset > IS_FREE / 2;
        syscall_fn handler = no_such_call;

        if (offset)
            handler = (syscall_fn)(uintptr_t)(base + offset -
                                              (is_free ? IS_FREE : 0));
        syscall_handlers[nr] = handler;
        syscall_table[nr] = is_free || !offset ? handler : syscall_locked;
    }
}
