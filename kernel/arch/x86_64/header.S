/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header.S - the first bytes of the kernel: struct kernel_header
 * (abi/image.h), the note by which QEMU finds the PVH entry, and that entry.
 *
 * All in one section, so that differences to kernel_header are constants or
 * relative relocations: the only kinds that a position-independent image has.
 */
#include "stub.h"

.section .header, "ax", @progbits
.globl kernel_header
.hidden kernel_header
kernel_header:
    .quad 0x6c656e72654b6d53 /* KERNEL_MAGIC */
    .long 2                  /* KERNEL_ABI */
    .long __text_end - kernel_header
    .long __data_start - kernel_header

/* link.ld puts data_file_len here: a difference that only it can make. */
.section .header.rest, "ax", @progbits
rest:
#define HEADER (rest - 24)
#define PA(symbol) (symbol - HEADER + 0x100000)
    .long __kernel_end - HEADER
    .long kernel_entry - HEADER
    .long stub_text - HEADER
    .long STUB_SYSCALL
    .long STUB_FAULT
    .long STUB_GATE
    .long STUB_HALT_IRQ
    .long syscall_trap_entry - HEADER
    .long fault_entry - HEADER
    .long vector_entries - HEADER
    .long percpu_boot - HEADER
    .long ist_stacks - HEADER
    .long 1024 /* IST_STACK_LEN, trap.c */
    .long boot_stack_top - HEADER
    .long cpu_entry - HEADER
    .balign 8
    .quad 0, 0, 0, 0 /* root, config: filled by the image writer */

/*
 * 32-bit protected mode without paging, ring 0, ebx = struct hvm_start_info
 * (the Xen x86/HVM direct boot ABI). QEMU loads the image at KERNEL_PA.
 */
.code32
.globl pvh_start
.hidden pvh_start
pvh_start:
    cld
    mov %ebx, %esi
    mov $PA(boot_stack_top), %esp
    /* identity map of the first GiB, 2 MiB pages */
    mov $PA(boot_pml4), %edi
    movl $PA(boot_pdpt) + 7, (%edi)
    mov $PA(boot_pdpt), %ecx
    movl $PA(boot_pd) + 7, (%ecx)
    mov $PA(boot_pd), %ecx
    mov $0x83, %eax
    mov $512, %edx
1:  mov %eax, (%ecx)
    add $0x200000, %eax
    add $8, %ecx
    dec %edx
    jnz 1b
    mov %cr4, %eax
    or $0x620, %eax /* PAE OSFXSR OSXMMEXCPT */
    mov %eax, %cr4
    mov %edi, %cr3
    mov $0xc0000080, %ecx
    rdmsr
    or $0x901, %eax /* LME NXE SCE */
    wrmsr
    lgdt PA(boot_gdt_pointer)
    mov $0x80010033, %eax
    mov %eax, %cr0
    ljmp $0x10, $PA(pvh_start64)

.code64
pvh_start64:
    mov $0x18, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    lea boot_stack_top(%rip), %rsp
    mov %esi, %edi
    lea HEADER(%rip), %rsi
    call pvh_main
    ud2

    .balign 8
boot_gdt:
    .quad 0, 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
boot_gdt_pointer:
    .word 31
    .long PA(boot_gdt)

/* Xen's note 18, PHYS32_ENTRY: physical address of the 32-bit entry. */
.section .note.pvh, "a", @note
    .balign 4
    .long 2f - 1f, 4f - 3f, 18
1:  .asciz "Xen"
2:  .balign 4
3:  .long PA(pvh_start)
4:  .balign 4
