/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.h - what a link says about each system call.
 *
 * What:      syscall_offsets[] holds, by number, where the handler is as seen
 *            from the array (half as long as a pointer, and nothing to
 *            relocate), plus flags. Numbers beyond its end are left out. The
 *            link makes it: calls.ld.in, or the command for one image
 *            (cli/kernel_link.c). Nothing but numbers here: assembler and the
 *            linker's script read it too.
 */
#ifndef ABI_CALLS_H
#define ABI_CALLS_H

#define CALL_NONE     0          /* Linux has no such call, or Samara not */
#define CALL_LEFT_OUT 1          /* this kernel has not: it says so */
#define CALL_FREE     0x40000000 /* runs without the kernel lock */
#define CALL_REGS     0x20000000 /* wants the frame complete: entry.S */
#define CALL_UNLOCKED 0x60000000 /* the first, by an ordinary function */
#define CALL_FLAGS    0x60000000
#define CALL_RANGE    0x10000000 /* no handler is as far away as this */

#endif
