/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.ld.h - preprocessed, a linker script: the kernel with all calls.
 *
 * Added to link.ld, it makes syscall_offsets[] (offsets.h) and names every
 * handler and every part, so that what they use stays.
 */
#include "syscall/offsets.h"

#define FULL(nr, name, flags)    EXTERN(sys_##name)
#define PARTIAL(nr, name, flags) FULL(nr, name, flags)
#define NEVER(nr, name, flags)
#define SYSCALL(nr, name, args, status, note)      status(nr, name, 0)
#define SYSCALL_FREE(nr, name, args, status, note) status(nr, name, CALL_FREE)
#define SYSCALL_REGS(nr, name, args, status, note) status(nr, name, CALL_REGS)
#include "syscall/table.def"

#define PART(name, symbol, note) EXTERN(symbol)
#include "parts.def"
#undef PART

#undef FULL
#define FULL(nr, name, flags) \
    . = 4 * nr; LONG(sys_##name - syscall_offsets + flags)
#define SYSCALL_FREE(nr, name, args, status, note) status(nr, name, CALL_FREE)
SECTIONS
{
    .calls (READONLY) : ALIGN(4) {
        syscall_offsets = .;
#include "syscall/table.def"
        . = 4 * 464;
    }
}
INSERT AFTER .rodata;
