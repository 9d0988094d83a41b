/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.S - the first instructions.
 *
 * kernel_entry: ring 3, everything mapped, by the monitor or by pvh.c.
 * pvh_leave:    from pvh.c's ring 0 to there. (Its way in is in header.S.)
 * ap_start:     the other CPUs of a PC.
 */
#include "stub.h"

#define BOOT_STACK_LEN 16384 /* ARCH_KSTACK_LEN: the first thread's */
#define CPU_STATE_LEN  120   /* struct cpu_state: pvh.c checks it */

.section .text.start, "ax", @progbits
.globl kernel_entry
.hidden kernel_entry
kernel_entry: /* rdi = bootinfo */
    lea kernel_base(%rip), %rdx
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

/* CPU 1 and on: ring 3, everything mapped, the kernel up; rsp is the top of
 * the CPU's own stack and gs its percpu. */
.globl cpu_entry
.hidden cpu_entry
cpu_entry:
    xor %ebp, %ebp
    call smp_main
    ud2

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
    lea pvh_high(%rip), %rax
    add %rdx, %rax
    jmp *%rax
pvh_high: /* tests/bench/profile.py knows it by name */
    add %rdx, %rdi /* s, in the kernel's own mapping */
    add %rdx, %rsp
    movq $0, (%rsi) /* the identity map goes */
    mov %cr3, %rax
    mov %rax, %cr3
    mov %rcx, %rsi

/* void pvh_enter(const struct cpu_state *s, uint64_t bootinfo_va): the rest of
 * it, on each CPU. */
.globl pvh_enter
.hidden pvh_enter
pvh_enter:
    mov %rdi, %r13
    mov %rsi, %r12
    sub $16, %rsp
    mov 0x50(%r13), %eax
    mov %ax, (%rsp)
    mov 0x38(%r13), %rax
    mov %rax, 2(%rsp)
    lgdt (%rsp)
    mov 0x54(%r13), %eax
    mov %ax, (%rsp)
    mov 0x40(%r13), %rax
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
    mov 0x60(%r13), %rax /* gs_base: loading gs cleared it */
    mov 0x60(%r13), %rdx
    shr $32, %rdx
    mov $0xc0000101, %ecx
    wrmsr
    push $0x2b
    push 0x70(%r13)
    push $0x202
    push $0x33
    push 0x68(%r13)
    mov %r12, %rdi
    iretq

/*
 * Where the start-up interrupt puts CPU 1 and on: copied to AP_START_PA by
 * pvh.c, which also fills the words at its end. Real mode, cs is AP_START_PA
 * / 16; then protected, then long mode, on the tables of the boot: an identity
 * map of the first GiB and the kernel's own mapping. (Intel SDM 3A, 9.4.)
 */
#define AP(symbol) (symbol - ap_start + AP_START_PA)
.globl ap_start, ap_words, ap_end
.hidden ap_start, ap_words, ap_end
.code16
ap_start:
    cli
    xor %ax, %ax
    mov %ax, %ds
    lgdtl AP(ap_gdt_pointer)
    mov %cr0, %eax
    or $1, %eax
    mov %eax, %cr0
    ljmpl $0x08, $AP(1f)
.code32
1:  mov $0x18, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $0x620, %eax /* PAE OSFXSR OSXMMEXCPT */
    mov %eax, %cr4
    mov AP(ap_words), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx
    rdmsr
    or $0x901, %eax /* LME NXE SCE */
    wrmsr
    mov $0x80010033, %eax
    mov %eax, %cr0
    ljmp $0x10, $AP(2f)
.code64
2:  mov $1, %eax
    cpuid
    shr $24, %ebx /* the local APIC's id */
    cmp AP(ap_words) + 8, %rbx
    jae 3f
    mov %rbx, %rdi
    imul $CPU_STATE_LEN, %rbx, %rbx
    add AP(ap_words) + 16, %rbx
    mov AP(ap_words) + 24, %rsi
    mov AP(ap_words) + 32, %rax
    jmp *%rax
3:  cli /* more CPUs than we use */
    hlt
    jmp 3b
    .balign 8
ap_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* 32-bit code */
    .quad 0x00af9b000000ffff /* 64-bit code */
    .quad 0x00cf93000000ffff /* data */
ap_gdt_pointer:
    .word 31
    .long AP(ap_gdt)
    .balign 8
ap_words: /* struct ap_words in pvh.c */
    .skip 40
ap_end:

/* In the kernel's own mapping: rbx = the CPU's state, rsi = bootinfo_va. */
.globl ap_enter
.hidden ap_enter
ap_enter:
    mov 0x08(%rbx), %rax
    mov %rax, %cr3
    mov 0x70(%rbx), %rsp
    mov %rdi, %rdx
    mov %rbx, %rdi
    xor %ebp, %ebp
    call pvh_cpu_main
    ud2

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
