/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_guests.S - guests of a few instructions for guest_test.c: the text of a
 * kernel, three pages, whose header the test fills in. Each ENTRY is a program.
 * They run in ring 3 with rdi = bootinfo; SETUP makes r15 = hypercall page,
 * r14 = direct map, r13 = physical address of the kernel. Every vector ends
 * the guest with status 100 + vector, but 0x20 with 42.
 */
.section .rodata
    .balign 4096
.globl guest_begin, guest_end
guest_begin:
    .skip 0x498 /* the header is at KERNEL_HEADER_OFF */
.macro CALL nr
    mov $\nr, %eax
    mov $0x510, %edx
    out %eax, %dx
.endm
.macro EXIT status
    movq \status, 24(%r15)
    CALL 4
.endm
.macro SETUP
    mov 184(%rdi), %r14
    mov 248(%rdi), %r15
    add %r14, %r15
    mov 160(%rdi), %r13
.endm
.macro ENTRY name
.globl guest_\name
guest_\name:
    SETUP
.endm

ENTRY hello
    lea (guest_text - guest_begin)(%r13), %rax
    mov %rax, 48(%r15)
    movq $6, 56(%r15)
    movq $1, 24(%r15)
    movq $1, 32(%r15)
    CALL 1
    EXIT $7
guest_text:
    .ascii "hello\n"

ENTRY loop
1:
    pause
    jmp 1b

ENTRY stubborn
    mov $1, %ebp
1:
    pause
    jmp 1b

ENTRY badport
    out %al, $0x80
    EXIT $1

ENTRY badsize
    mov $0x510, %edx
    out %al, %dx
    EXIT $1

ENTRY nommio
    mov (%r14), %rax
    EXIT $1

ENTRY rotext
    movq $1, 0x100000(%r14)
    EXIT $1

ENTRY ud2
    ud2
    EXIT $1

ENTRY pml4_good
    mov 24(%rdi), %rax
    or $7, %rax
    mov %rax, 0x10018(%r14)
    or $0x20, %rax
    cmp 0x10018(%r14), %rax
    jne 1f
    EXIT $0
1:
    EXIT $1

ENTRY pml4_kernel
    mov 24(%rdi), %rax
    or $7, %rax
    mov %rax, 0x10800(%r14)
    EXIT $1

ENTRY pml4_image
    lea 7(%r13), %rax
    mov %rax, 0x10018(%r14)
    EXIT $1

ENTRY pml4_large
    mov 24(%rdi), %rax
    or $0x87, %rax
    mov %rax, 0x10018(%r14)
    EXIT $1

ENTRY gdt
    movq $0, 0x14030(%r14)
    EXIT $1

ENTRY triple
    mov 168(%rdi), %rbx
    mov %rbx, %rcx
    shr $30, %rcx
    and $511, %ecx
    lea (0x100000 + 0xb000)(%r14), %rax
    movq $0, (%rax,%rcx,8)
    mov 0x9000(%rbx), %rax
    EXIT $1

ENTRY timer
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    add $3000000, %rax
    mov %rax, 24(%r15)
    CALL 5
1:
    jmp 1b

ENTRY wait
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    lea 9000000(%rax), %rbx
    mov %rbx, 24(%r15)
    movq $1, 32(%r15)
    CALL 3
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    cmp %rbx, %rax
    jb 1f
    mov 16(%r15), %rax
    EXIT %rax
1:
    EXIT $99

/* An event that came between the guest's look at the page and its call. */
ENTRY noted
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    mov $20000000000, %rbx
    add %rbx, %rax
    mov %rax, 24(%r15)
    movq $5, 32(%r15)
    movl $4, (%r15)
    CALL 3
    mov 16(%r15), %rax
    EXIT %rax

ENTRY signal
    movq $0, 24(%r15)
    movq $4, 32(%r15)
    CALL 3
    bsf 8(%r15), %rax
    inc %rax
    EXIT %rax

ENTRY echo
1:
    movq $0, 24(%r15)
    movq $2, 32(%r15)
    CALL 3
    mov 24(%rdi), %rax
    mov %rax, 48(%r15)
    movq $4096, 56(%r15)
    movq $1, 32(%r15)
    CALL 2
    mov 16(%r15), %rax
    cmp $0, %rax
    je 2f
    jl 1b
    mov %rax, 56(%r15)
    movq $1, 24(%r15)
    CALL 1
    jmp 1b
2:
    EXIT $0

ENTRY nosys
    CALL 99
    mov 16(%r15), %rax
    neg %rax
    EXIT %rax

ENTRY efault
    movq $0x5000, 48(%r15)
    movq $1, 56(%r15)
    movq $1, 24(%r15)
    movq $1, 32(%r15)
    CALL 1
    mov 16(%r15), %rax
    neg %rax
    EXIT %rax

ENTRY wrap
    movq $-8, 56(%r15)
    mov 24(%rdi), %rax
    mov %rax, 48(%r15)
    movq $1, 24(%r15)
    movq $1, 32(%r15)
    CALL 1
    mov 16(%r15), %rax
    neg %rax
    EXIT %rax

ENTRY bigwrite
    mov 24(%rdi), %rax
    mov %rax, 48(%r15)
    movq $0x40000, 56(%r15)
    movq $1, 24(%r15)
    movq $1, 32(%r15)
    CALL 1
    cmpq $0x40000, 16(%r15)
    jne 1f
    EXIT $0
1:
    mov 16(%r15), %rax
    neg %rax
    EXIT %rax

ENTRY panic
    lea (guest_text - guest_begin)(%r13), %rax
    mov %rax, 48(%r15)
    movq $5, 56(%r15)
    movq $0, 64(%r15)
    movq $0, 72(%r15)
    CALL 7

ENTRY fdstat
    mov 24(%rdi), %rax
    mov %rax, 48(%r15)
    movq $48, 56(%r15)
    CALL 8
    sub 160(%rdi), %rax
    mov 24(%rdi), %rax
    mov 16(%r14,%rax), %eax
    shr $12, %eax
    EXIT %rax
    .org guest_begin + 0x1000
    .set n, 0
    .rept 64
    .balign 16
    mov $n, %ebx
    jmp guest_vector
    .set n, n + 1
    .endr
guest_vector:
    add $100, %ebx
    cmp $132, %ebx
    jne 1f
    cmp $1, %ebp
    je 2f
    mov $42, %ebx
1:
    EXIT %rbx
2: /* never acknowledged; delivery through an IST may have cleared SS */
    movq $0x2b, 32(%rsp)
    iretq

/* Any calls with any arguments, by a random sequence that is always the same:
 * rbx is its state, rbp the calls left. Left out are those that would end the
 * guest, and sleep is none: WAIT only polls, TIMER is only disarmed. */
.macro RANDOM /* xorshift64 */
    mov %rbx, %rax
    shl $13, %rax
    xor %rax, %rbx
    mov %rbx, %rax
    shr $7, %rax
    xor %rax, %rbx
    mov %rbx, %rax
    shl $17, %rax
    xor %rax, %rbx
.endm

/* rax = a word that an argument may be */
random_word:
    RANDOM
    mov %rbx, %rax
    mov %ebx, %ecx
    and $7, %ecx
    jz 9f               /* anything */
    xor %eax, %eax
    dec %ecx
    jz 9f               /* 0 */
    dec %rax
    dec %ecx
    jz 9f               /* -1 */
    mov %rbx, %rax
    shr $32, %rax
    dec %ecx
    jz 1f               /* up to 255 */
    dec %ecx
    jz 2f               /* in memory, or close to it */
    dec %ecx
    jz 3f               /* one bit */
    dec %ecx
    jz 4f               /* a terminal's ioctl */
    and $0x1ff8, %eax   /* a length */
    ret
1:  movzbl %al, %eax
    ret
2:  and $0x7fffff, %eax
    ret
3:  mov %eax, %ecx
    mov $1, %eax
    shl %cl, %rax
    ret
4:  and $0x7f, %eax
    or $0x5400, %eax
9:  ret

ENTRY random
    mov $0x9e3779b97f4a7c15, %rbx
    mov $5000, %ebp
    movq $1, 24(%r15)   /* the reader of stdout has enough and goes: EPIPE */
    movq $1, 32(%r15)
    mov %r13, 48(%r15)
    movq $0x2000, 56(%r15)
    CALL 1
1:  lea 24(%r15), %rdi
2:  callq random_word /* CALL is the macro */
    stosq
    lea 1072(%r15), %rax
    cmp %rax, %rdi
    jb 2b
    RANDOM
    test $0x30, %ebx
    jz 3f               /* descriptor 1 or 2, a few pieces */
    mov %ebx, %eax
    shr $8, %eax
    and $1, %eax
    inc %eax
    mov %rax, 24(%r15)
    mov %ebx, %eax
    shr $9, %eax
    and $3, %eax
    mov %rax, 32(%r15)
3:  mov %ebx, %eax
    and $15, %eax
    cmp $3, %eax        /* WAIT */
    jne 4f
    movq $1, 24(%r15)
4:  cmp $5, %eax        /* TIMER */
    jne 5f
    movq $0, 24(%r15)
5:  cmp $11, %eax       /* KICK: the interrupt would end the guest */
    jne 8f
    andq $~1, 24(%r15)
8:  cmp $4, %eax        /* EXIT */
    je 6f
    cmp $7, %eax        /* PANIC */
    jne 7f
6:  mov $9, %eax        /* CRASH instead */
7:  mov $0x510, %edx
    out %eax, %dx
    dec %ebp
    jnz 1b
    EXIT $0
    .org guest_begin + 0x2000
    mov $114, %ebx
    mov %rbx, 24(%r15)
    mov $4, %eax
    mov $0x510, %edx
    out %eax, %dx
    .org guest_begin + 0x3000
guest_end:
.section .note.GNU-stack, "", @progbits
