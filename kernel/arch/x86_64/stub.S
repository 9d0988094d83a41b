/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stub.S - all that ever runs in ring 0 once the kernel is up (DESIGN D1).
 *
 * In one page, with the header before it, position-independent, mapped
 * read-only at an address of its own,
 * with the CPU's struct stub_data in the page after it, the descriptors in the
 * second and the local APIC in the third. It may be read and even executed in
 * ring 3; what it does there is nothing that ring 3 could not do itself.
 */
#include "stub.h"

/* struct stub_data (abi/cpu_tables.h), one page on */
#define PAGE      stub_text - STUB_AT
#define DATA(off) PAGE + 0x1000 + (off)(%rip)
#define APIC_OFF  0x3000
#define FAULT_FRAME_OFF 0xc00 /* abi/cpu_tables.c */

#define USER_CS 0x33
#define USER_SS 0x2b

.section .stub, "ax", @progbits
.globl stub_text
.hidden stub_text
stub_text:

/*
 * LSTAR. rcx = return address, r11 = flags, everything else the program's.
 * Bounce to ring 3: rcx goes through the data page. Some hosts deliver a
 * `syscall` here without leaving ring 3; then sysret would fault, and a jump
 * does. They have masked interrupts by SFMASK all the same, and nothing in
 * ring 3 unmasks them: the gate does. It must not return to a stack pointer
 * that is no address, as the program's may be: such hosts fault then.
 */
.org STUB_SYSCALL - STUB_AT
    mov %rcx, DATA(0)
    mov %cs, %ecx
    test $3, %cl
    mov DATA(8), %rcx
    jnz 1f
    sysretq
1:  mov %r11, DATA(16)
    xchg %rsp, DATA(80)
    mov $STUB_MAGIC + STUB_UNMASK, %r11d
    int3
    xchg %rsp, DATA(80)
    mov DATA(16), %r11
    jmp *%rcx

/*
 * Page fault: CR2 goes to ring 3 in rax, the old rax in the data page, and the
 * frame that the CPU pushed stays where it is, at the top of its IST stack,
 * to which the prepared frame in the descriptor page returns: four
 * instructions, since each may cost 2 us. An interrupt gate: nothing comes
 * between.
 */
.org STUB_FAULT - STUB_AT
    mov %rax, DATA(72)
    mov %cr2, %rax
    lea PAGE + 0x2000 + FAULT_FRAME_OFF(%rip), %rsp
    iretq

/* The gate: every instruction here may cost 2 us (emulated ring 0), so the
 * flushes come first. */
.org STUB_GATE - STUB_AT
    cmp $STUB_MAGIC + STUB_FLUSH_PAGE, %r11d
    jne 1f
    invlpg (%rdi)
    iretq
1:  cmp $STUB_MAGIC + STUB_FLUSH_ALL, %r11d
    jne 2f
    mov %cr3, %rax
    mov %rax, %cr3
    iretq
2:  cmp $STUB_MAGIC + STUB_UNMASK, %r11d
    jne 3f
    orl $0x200, 16(%rsp) /* IF, which ring 3 always has */
    iretq
3:  cmp $STUB_MAGIC + STUB_FS_BASE, %r11d
    je 12f
    cmp $STUB_MAGIC + STUB_APIC_WRITE, %r11d
    je 13f
    cmp $STUB_MAGIC + STUB_HALT, %r11d
    je 14f
    cmp $STUB_MAGIC + STUB_APIC_READ, %r11d
    je 15f
    cmp $STUB_MAGIC + STUB_IPI, %r11d
    je 16f
    /* a breakpoint of the program: on to ring 3, on the same stack */
    push %rax
    lea 8(%rsp), %rax
    push $USER_SS
    push %rax
    push $0x202
    push $USER_CS
    push DATA(64)
    mov 40(%rsp), %rax
    iretq

12: mov %rdi, %rax /* canonical? else wrmsr would fault in ring 0 */
    sar $47, %rax
    inc %rax
    cmp $1, %rax
    ja 9f
    mov %edi, %eax
    mov %rdi, %rdx
    shr $32, %rdx
    mov $0xc0000100, %ecx
    wrmsr
    iretq

13: cmp $0xb0, %edi /* EOI */
    je 6f
    cmp $0x320, %edi /* timer: vector and mask only */
    je 4f
    cmp $0x380, %edi /* timer: initial count */
    je 6f
    cmp $0x3e0, %edi /* timer: divider */
    je 6f
    cmp $0xf0, %edi /* enable, with the spurious vector */
    jne 9f
    mov $0x12f, %esi
6:  mov %edi, %edi
    lea PAGE + APIC_OFF(%rip), %rcx
    mov %esi, (%rcx,%rdi)
    iretq
4:  and $0x1002f, %esi
    or $0x20, %esi
    jmp 6b

/* Halt with an IDT whose handlers are ring 0's: a gate to ring 3 would fault
 * when taken here. The handlers return with interrupts off again. If one was
 * noted already, do not sleep. */
14: lidt DATA(48)
    cmpq $0, DATA(24)
    jne 5f
    sti
    hlt
    cli
5:  lidt DATA(32)
    iretq

15: cmp $0x390, %edi /* timer: current count */
    jne 9f
    lea PAGE + APIC_OFF(%rip), %rcx
    mov 0x390(%rcx), %eax
    iretq

/* Interrupt command register: Intel SDM 3A, 11.6.1. One vector, one address. */
16: lea PAGE + APIC_OFF(%rip), %rcx
    cmp $255, %rdi
    ja 9f
    test %esi, %esi
    jnz 17f
    shl $24, %edi
    mov %edi, 0x310(%rcx)
    movl $0x402e, 0x300(%rcx) /* fixed, vector 0x2e */
    iretq
17: cmp $STUB_IPI_START, %esi
    jne 9f
    movl $0xc4500, 0x300(%rcx) /* INIT, to all but this one */
    movl $0xc4600 + AP_START_PA / 4096, 0x300(%rcx)
    iretq

9:  mov $-22, %rax
    iretq

/* Interrupts while halted: note the vector; EOI is ring 3's business. */
.org STUB_HALT_IRQ - STUB_AT
.set n, 0
.rept 16
    .balign 16
    push $n
    jmp halt_irq
    .set n, n + 1
.endr
halt_irq:
    push %rax
    mov 8(%rsp), %rax
    bts %rax, DATA(24)
    pop %rax
    add $8, %rsp
    andl $~0x200, 16(%rsp) /* stay masked */
    iretq
