/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.S - the least that the image library takes for a kernel: a header,
 * a note, one instruction. The command's tests pack it, and need no real one.
 */
.section .header, "a", @progbits
.globl header
header:
    .skip 0x418              /* KERNEL_HEADER_OFF */
    .quad 0x6c656e72654b6d53 /* KERNEL_MAGIC */
    .long 3                  /* KERNEL_ABI */
    .long text_end           /* text_len */
    .long data_start
    .long data_len
    .long total_end
    .long start              /* entry */
    .long 0x1000             /* stub_off */
    .long 0, 0, 0, 0
    .long start, start
    .long 0x900              /* vectors */
    .long data_start         /* percpu */
    .long data_start         /* stacks */
    .long 256
    .long total_end          /* boot_stack */
    .long 0
    .balign 8
    .quad 0, 0, 0, 0

.section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long 0x100000 + 0x800
.section .note.id, "a", @note
    .long 4, 20, 3
    .asciz "GNU"
    .ascii "samara-test-build-id"

.section .text, "ax"
    .org 0x800 - 0x600
.globl start
.type start, @function
start:
    hlt
    jmp start
.size start, . - start

.section .data, "aw"
    .ascii "data of the test kernel"
    .balign 4096
.section .bss, "aw", @nobits
    .skip 8192
.section .note.GNU-stack, "", @progbits
