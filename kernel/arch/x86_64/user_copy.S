/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_copy.S - copies that may fault on the program's memory (mm/user.c).
 *
 * Each instruction that touches it has an entry in .extable; when the fault
 * cannot be resolved the handler continues at the fixup, which returns what is
 * left. Words where there are enough bytes, `rep` for long runs: of words where
 * instructions are counted, under QEMU; of bytes on the monitor, which has real
 * CPUs. Those move whole lines either way, but if source and destination are
 * not aligned alike words take three to six times as long.
 */
.macro EXTABLE insn fixup
    .pushsection .extable, "a", @progbits
    .balign 4
    .long \insn - .
    .long \fixup - .
    .popsection
.endm

.section .text.hot, "ax", @progbits

/* rdi, rsi, rdx = dst, src, len. -> rax = bytes left. Changes these and rcx. */
.globl arch_copy_bytes
.hidden arch_copy_bytes
arch_copy_bytes:
    cmp $8, %rdx
    jb 3f
    mov %rdx, %rcx
    cmp $64, %rdx
    jae 20f
    shr $3, %ecx
    and $7, %edx
    lea (%rsi,%rcx,8), %rsi
    lea (%rdi,%rcx,8), %rdi
    neg %rcx
1:  mov (%rsi,%rcx,8), %rax
2:  mov %rax, (%rdi,%rcx,8)
    inc %rcx
    jnz 1b
10: test %edx, %edx /* words were copied: the last one may overlap them */
    jz 6f
11: mov -8(%rsi,%rdx), %rax
12: mov %rax, -8(%rdi,%rdx)
    xor %eax, %eax
    ret
3:  add %rdx, %rsi
    add %rdx, %rdi
    neg %rdx
    jz 6f
4:  mov (%rsi,%rdx), %al
5:  mov %al, (%rdi,%rdx)
    inc %rdx
    jnz 4b
6:  xor %eax, %eax
    ret
20: cmpb $0, cpu_features(%rip) /* .is_monitor */
    jne 23f
    shr $3, %rcx
    and $7, %edx
21: rep movsq
    jmp 10b
22: lea (%rdx,%rcx,8), %rdx /* words and tail left; go on by bytes */
13: mov %rdx, %rcx
23: rep movsb
    xor %eax, %eax
    ret
24: mov %rcx, %rax
    ret
25: lea (%rsi,%rcx,8), %rsi /* a word failed: some of its bytes may be there */
    lea (%rdi,%rcx,8), %rdi
    neg %rcx
    jmp 22b
26: mov %rdx, %rax
    neg %rax
    ret
    EXTABLE 1b 25b
    EXTABLE 2b 25b
    EXTABLE 4b 26b
    EXTABLE 5b 26b
    EXTABLE 11b 13b
    EXTABLE 12b 13b
    EXTABLE 21b 22b
    EXTABLE 23b 24b

/* One word of the program's: rsi = src -> eax or rax; rdi, eax or rax = dst,
 * value. Carry: it cannot be accessed. They change nothing else. */
.macro WORD name insn:vararg
    .globl \name
    .hidden \name
\name:
1:  \insn
    clc
    ret
    EXTABLE 1b no_word
.endm
WORD arch_get_word32 mov (%rsi), %eax
WORD arch_get_word64 mov (%rsi), %rax
WORD arch_put_word32 mov %eax, (%rdi)
WORD arch_put_word64 mov %rax, (%rdi)
no_word:
    stc
    ret

/* size_t user_zero_bytes(uint64_t dst, size_t len) */
.globl user_zero_bytes
.hidden user_zero_bytes
user_zero_bytes:
    mov %rsi, %rcx
    shr $3, %rcx
    and $7, %esi
    xor %eax, %eax
1:  rep stosq
    mov %esi, %ecx
2:  rep stosb
    mov %rcx, %rax
    ret
3:  lea (%rsi,%rcx,8), %rcx
    jmp 2b
4:  mov %rcx, %rax
    ret
    EXTABLE 1b 3b
    EXTABLE 2b 4b

/* bool user_equal_bytes(uint64_t p, uint64_t kernel, size_t len): words, the
 * last one first, as paths differ there; the first may overlap the second. */
.globl user_equal_bytes
.hidden user_equal_bytes
user_equal_bytes:
    sub $8, %rdx
4:  mov (%rsi,%rdx), %rax
1:  cmp %rax, (%rdi,%rdx)
    jne 3f
    sub $8, %rdx
    ja 4b
    mov (%rsi), %rax
2:  cmp %rax, (%rdi)
    sete %al
    ret
3:  xor %eax, %eax
    ret
    EXTABLE 1b 3b
    EXTABLE 2b 3b

/* uint64_t user_cmpxchg_word(p, old, new): value seen, or -1 on a fault */
.globl user_cmpxchg_word
.hidden user_cmpxchg_word
user_cmpxchg_word:
    mov %esi, %eax
1:  lock cmpxchg %edx, (%rdi)
    mov %eax, %eax
    ret
2:  mov $-1, %rax
    ret
    EXTABLE 1b 2b
