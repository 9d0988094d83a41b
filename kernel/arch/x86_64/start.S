/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.S - the first instructions.
 *
 * kernel_entry: ring 3, everything mapped, by the monitor or by pvh.c.
 * pvh_leave:    from pvh.c's ring 0 to there. (Its way in is in header.S.)
 */
#define BOOT_STACK_LEN 16384 /* ARCH_KSTACK_LEN: the first thread's */

.section .text.start, "ax", @progbits
.globl kernel_entry
.hidden kernel_entry
kernel_entry: /* rdi = bootinfo */
    lea kernel_header(%rip), %rdx
    lea __relr_start(%rip), %rsi
    lea __relr_end(%rip), %r8
    /* RELR (ELF gABI): an even word is an address to relocate, an odd one a
     * bitmap of the 63 words that follow. */
1:  cmp %r8, %rsi
    jae 5f
    lodsq
    test $1, %al
    jnz 2f
    lea (%rdx,%rax), %rcx
    add %rdx, (%rcx)
    add $8, %rcx
    jmp 1b
2:  shr $1, %rax
    jz 4f
3:  bsf %rax, %r9 /* the next word to relocate */
    add %rdx, (%rcx,%r9,8)
    lea -1(%rax), %r9
    and %r9, %rax
    jnz 3b
4:  add $(63 * 8), %rcx
    jmp 1b
5:  xor %ebp, %ebp
    call kernel_main
    ud2

.section .text.start, "ax", @progbits
/*
 * void pvh_leave(const struct cpu_state *s, uint64_t *pml4, uint64_t delta,
 *                uint64_t bootinfo_va)
 * Load the final tables and drop to ring 3. *s and the code run from the
 * identity map, which pml4[0] keeps until the jump to the kernel's own
 * address, delta above this one.
 */
.globl pvh_leave
.hidden pvh_leave
pvh_leave:
    mov 0x08(%rdi), %rax /* struct cpu_state, offsets checked in pvh.c */
    mov %rax, %cr3
    lea 1f(%rip), %rax
    add %rdx, %rax
    jmp *%rax
1:  mov %rcx, %r12
    add %rdx, %rdi /* s, in the kernel's own mapping */
    sub $16, %rsp
    add %rdx, %rsp
    mov 0x50(%rdi), %eax
    mov %ax, (%rsp)
    mov 0x38(%rdi), %rax
    mov %rax, 2(%rsp)
    lgdt (%rsp)
    mov 0x54(%rdi), %eax
    mov %ax, (%rsp)
    mov 0x40(%rdi), %rax
    mov %rax, 2(%rsp)
    lidt (%rsp)
    mov $0x2b, %eax
    mov %eax, %ds
    mov %eax, %es
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    mov $0x40, %eax
    ltr %ax
    mov 0x60(%rdi), %rax /* gs_base: loading gs cleared it */
    mov 0x60(%rdi), %rdx
    shr $32, %rdx
    mov $0xc0000101, %ecx
    wrmsr
    mov %rdi, %r13
    movq $0, (%rsi) /* the identity map goes */
    mov %cr3, %rax
    mov %rax, %cr3
    push $0x2b
    push 0x70(%r13)
    push $0x202
    push $0x33
    push 0x68(%r13)
    mov %r12, %rdi
    iretq

.section .bss.boot, "aw", @nobits
.balign 4096
.globl boot_pml4, boot_pd
.hidden boot_pml4, boot_pd
boot_pml4:
    .skip 4096
.globl boot_pdpt
.hidden boot_pdpt
boot_pdpt:
    .skip 4096
boot_pd:
    .skip 4096
.globl boot_stack_top
.hidden boot_stack_top
    .skip BOOT_STACK_LEN
boot_stack_top:
