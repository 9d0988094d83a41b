/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header.S - the first bytes of the kernel: room for an image's ELF header,
 * struct kernel_header (abi/image.h), the note by which QEMU finds the PVH
 * entry, and that entry.
 *
 * All in one section, so that differences to kernel_base are constants or
 * relative relocations: the only kinds that a position-independent image has.
 */
#include "stub.h"

#define KERNEL_HEADER_OFF 0x418

.section .header, "ax", @progbits
.globl kernel_base
.hidden kernel_base
kernel_base:
    .skip KERNEL_HEADER_OFF
    .quad 0x6c656e72654b6d53 /* KERNEL_MAGIC */
    .long 3                  /* KERNEL_ABI */
    .long __text_end - kernel_base
    .long __data_start - kernel_base

/* link.ld puts data_file_len here: a difference that only it can make. */
.section .header.rest, "ax", @progbits
rest:
#define BASE (rest - 24 - KERNEL_HEADER_OFF)
#define OFF(symbol) (symbol - BASE)
#define KERNEL_PA      0x100000
#define KERNEL_LOW_PA  0x10000
#define MAGIC_LOW      0x654b6d53 /* of KERNEL_MAGIC */
    .long __kernel_end - BASE
    .long kernel_entry - BASE
    .long stub_text - STUB_AT - BASE
    .long STUB_SYSCALL
    .long STUB_FAULT
    .long STUB_GATE
    .long STUB_HALT_IRQ
    .long syscall_trap_entry - BASE
    .long fault_entry - BASE
    .long vector_entries - BASE
    .long percpu_boot - BASE
    .long ist_stacks - BASE
    .long 1024 /* IST_STACK_LEN, trap.c */
    .long boot_stack_top - BASE
    .long cpu_entry - BASE
    .long records - BASE
root_place:
    .quad 0, 0
config_place:
    .quad 0, 0 /* both filled by the image writer */

/*
 * 32-bit protected mode without paging, ring 0, ebx = struct hvm_start_info
 * (the Xen x86/HVM direct boot ABI). QEMU loads the image at KERNEL_PA. Of a
 * small image it loads a copy at KERNEL_LOW_PA, and one of this page alone
 * behind it, at KERNEL_LOW_END, where this then runs. ebp = the one to start:
 * the copy only where the RAM ends before the image at KERNEL_PA does, and if
 * firmware has not cleared it.
 */
.code32
.globl pvh_start
.hidden pvh_start
pvh_start:
    cld
    mov %ebx, %esi
    mov $KERNEL_PA, %ebp
    mov $KERNEL_LOW_PA, %ecx
    cmpl $MAGIC_LOW, KERNEL_HEADER_OFF(%ecx)
    jne 1f
    mov OFF(config_place)(%ecx), %eax
    add OFF(config_place) + 8(%ecx), %eax
    mov -1(%eax), %dl
    notb -1(%eax)
    cmp -1(%eax), %dl
    notb -1(%eax) /* keeps the flags */
    jne 1f
    mov %ecx, %ebp
1:  lea OFF(boot_stack_top)(%ebp), %esp
    /* identity map of the first GiB, 2 MiB pages */
    lea OFF(boot_pml4)(%ebp), %edi
    lea OFF(boot_pdpt) + 7(%ebp), %eax
    mov %eax, (%edi)
    lea OFF(boot_pd)(%ebp), %ecx
    lea 7(%ecx), %edx
    mov %edx, -7(%eax)
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
    lea OFF(boot_gdt)(%ebp), %eax
    push %eax
    pushw $31
    lgdt (%esp)
    lea OFF(pvh_start64)(%ebp), %ecx
    push $0x10
    push %ecx
    mov $0x80010033, %eax
    mov %eax, %cr0
    lret

.code64
pvh_start64:
    mov $0x18, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    lea boot_stack_top(%rip), %rsp
    mov %esi, %edi
    lea BASE(%rip), %rsi
    call pvh_main
    ud2

    .balign 8
boot_gdt:
    .quad 0, 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff

/* Xen's note 18, PHYS32_ENTRY: physical address of the 32-bit entry. */
.section .note.pvh, "a", @note
    .balign 4
    .long 2f - 1f, 4f - 3f, 18
1:  .asciz "Xen"
2:  .balign 4
3:  .long OFF(pvh_start) + KERNEL_PA
4:  .balign 4
