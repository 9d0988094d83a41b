/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header.S - the first bytes of the kernel: struct kernel_header
 * (abi/image.h), and the note by which QEMU finds the PVH entry.
 */
#include "stub.h"

.section .header, "a", @progbits
.globl kernel_header
.hidden kernel_header
kernel_header:
    .quad 0x6c656e72654b6d53 /* KERNEL_MAGIC */
    .long 1                  /* KERNEL_ABI */
    .long __text_end - kernel_header
    .long __data_start - kernel_header
    .long data_file_len
    .long __kernel_end - kernel_header
    .long kernel_entry - kernel_header
    .long stub_text - kernel_header
    .long STUB_SYSCALL
    .long STUB_FAULT
    .long STUB_GATE
    .long STUB_HALT_IRQ
    .long syscall_trap_entry - kernel_header
    .long fault_entry - kernel_header
    .long vector_entries - kernel_header
    .long percpu_boot - kernel_header
    .long ist_stacks - kernel_header
    .long 1024 /* IST_STACK_LEN, trap.c */
    .long boot_stack_top - kernel_header
    .long 0
    .balign 8
    .quad 0, 0, 0, 0 /* root, config: filled by the image writer */

/* Xen's note 18, PHYS32_ENTRY: physical address of the 32-bit entry. */
.section .note.pvh, "a", @note
    .balign 4
    .long 2f - 1f, 4f - 3f, 18
1:  .asciz "Xen"
2:  .balign 4
3:  .long pvh_entry_pa
4:  .balign 4
