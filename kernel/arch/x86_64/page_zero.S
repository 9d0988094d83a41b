/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page_zero.S - zeroing a page.
 *
 * Stores of 16 bytes: half as many instructions as words would take, and where
 * instructions are counted a `rep` costs one for each iteration. The vector
 * register is the program's, so it is kept on the stack meanwhile; nothing
 * that interrupts the kernel uses it.
 */
.section .text.hot, "ax", @progbits

/* void arch_page_zero(void *page) */
.globl arch_page_zero
.hidden arch_page_zero
arch_page_zero:
    sub $24, %rsp
    movups %xmm0, (%rsp)
    xorps %xmm0, %xmm0
    mov $-4096, %rax
1:
    .set off, 4096
    .rept 32
    movaps %xmm0, off(%rdi,%rax)
    .set off, off + 16
    .endr
    add $512, %rax
    jnz 1b
    movups (%rsp), %xmm0
    add $24, %rsp
    ret

.section .note.GNU-stack, "", @progbits
