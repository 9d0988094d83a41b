/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image.h - the image file: one ELF executable that is a whole machine.
 *
 * What:      an ELF64 x86-64 ET_EXEC that QEMU's -kernel starts through its
 *            PVH note, and that the monitor maps. Segments, in this order:
 *              PT_LOAD R-X  kernel text and read-only data (page-aligned)
 *              PT_LOAD RW-  kernel data and bss
 *              PT_LOAD R--  root file system, EROFS, uncompressed
 *              PT_LOAD R--  default run configuration, config.h
 *              PT_NOTE      XEN_ELFNOTE_PHYS32_ENTRY
 *            A small image has five more PT_LOAD before the note, of the same
 *            bytes of the file, for a machine whose RAM ends too early for the
 *            first four:
 *              PT_LOAD R-X  the first page of the kernel, at KERNEL_LOW_END
 *              PT_LOAD * 4  the first four, from KERNEL_LOW_PA on
 *            Its PVH entry is in the page at KERNEL_LOW_END, and chooses one of
 *            the two (header.S). What lies below that page is left alone by
 *            qboot, and cleared by SeaBIOS before the kernel starts; the page
 *            is left alone by both.
 *            The data of a segment is contiguous. Text begins with the file's
 *            first byte, and it and the root lie at multiples of 4096, so that
 *            they can be mapped; data and configuration follow the text as
 *            they come, before the root. Zeros at the root's end may be left
 *            out of the file (p_filesz < p_memsz), up to a page.
 *            The kernel's own ELF has the first two and the note; it is linked
 *            at address 0 (p_vaddr) and loaded at KERNEL_PA (p_paddr). Its text
 *            begins with KERNEL_HEADER_OFF bytes of nothing, which is where an
 *            image has its ELF and program headers. The last of them stay 0:
 *            firmware of QEMU's microvm copies the file's first 8 KiB to
 *            address 0, where a word at 0x413 says that a BIOS has been at
 *            work (pvh.c).
 *            The kernel's .symtab/.strtab may follow, unloaded, for reports.
 * Errors:    readers refuse what does not fit with -EINVAL and a reason.
 *
 * struct kernel_header lies KERNEL_HEADER_OFF bytes into the kernel's text
 * segment. Its offsets are relative to that segment's first byte. The image
 * writer fills root_* and config_*; nothing else is patched but the entry in
 * the note of a small image.
 */
#ifndef ABI_IMAGE_H
#define ABI_IMAGE_H

#include <stdint.h>

/* Layout known to header.S as well. */
#define KERNEL_MAGIC      0x6c656e72654b6d53ull /* "SmKernel" */
#define KERNEL_ABI        3u
#define KERNEL_HEADER_OFF 0x418u      /* of struct kernel_header */
#define KERNEL_PA         0x100000ull /* where the kernel is loaded */
#define KERNEL_LOW_PA     0x10000ull  /* and a small image a second time */
#define KERNEL_LOW_END    0x90000ull
#define KERNEL_VECTOR_MAX 64u /* IDT entries that the kernel fills */

struct kernel_header {
    uint64_t magic;
    uint32_t abi;
    uint32_t text_len;      /* R-X part, whole pages */
    uint32_t data_off;      /* RW part starts here */
    uint32_t data_file_len; /* bytes of it in the file */
    uint32_t total_len;     /* all, bss included, whole pages */
    uint32_t entry;         /* ring-3 entry: rdi = bootinfo's virtual address */
    uint32_t stub_off;      /* the page with the ring-0 stub, stub.S */
    uint32_t stub_syscall;  /* offsets within that page: LSTAR ... */
    uint32_t stub_fault;    /* ... #PF: fetches CR2 ... */
    uint32_t stub_gate;     /* ... the gate ... */
    uint32_t stub_halt_irq; /* ... 16 entries of 16 bytes: vectors 0x20.. */
    uint32_t syscall_entry; /* ring-3 entry of a trapped system call */
    uint32_t fault_entry;   /* ring-3 entry of a page fault */
    uint32_t vectors;       /* KERNEL_VECTOR_MAX offsets of 16 bytes spaced
                             * ring-3 entries: vectors + 16 * n */
    uint32_t percpu;        /* struct percpu of CPU 0: GS base */
    uint32_t stacks;        /* 4 IST stacks of stack_len, in the data part:
                             * 1 interrupts, 2 page faults, 3 others,
                             * 4 the gate's (ring 0) */
    uint32_t stack_len;
    uint32_t boot_stack; /* top of the stack that `entry` starts on */
    uint32_t cpu_entry;  /* ring-3 entry of CPU 1 and on, on their stacks */
    uint32_t records;    /* struct records, records.h */
    /* Filled by the image writer: */
    uint64_t root_pa, root_len;
    uint64_t config_pa, config_len;
};

_Static_assert(sizeof(struct kernel_header) == 120, "layout is shared");

#endif
