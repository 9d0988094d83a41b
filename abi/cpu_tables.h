/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu_tables.h - everything an x86-64 CPU needs before the first instruction.
 *
 * What:      page tables, GDT, IDT, TSS and the register values for a guest
 *            whose kernel runs in ring 3 (DESIGN D1). The monitor fills them
 *            from outside; under QEMU the PVH entry code calls the same
 *            function from inside, in ring 0.
 * Ownership: the caller provides the memory, zeroed, and keeps it.
 * Context:   no allocation, no globals, no library calls.
 * Errors:    -1 when the kernel header's offsets do not fit (foreign bytes).
 * Units:     _pa guest-physical, _va virtual; `fixed` and `own` are the same
 *            pages as the caller sees them.
 *
 * Two kinds of pages. `fixed` decide what ring 0 runs: under the monitor, where
 * no CPU walks them by itself (docs/design/014), they are read-only memory, so
 * that no store of the guest, whatever its page tables say, changes them. `own`
 * belong to the ring-3 kernel.
 *
 * Address layout (upper half): one PML4 slot for the kernel image and the
 * direct map of physical memory, another for the stub, which each CPU sees at
 * an address of its own, CPU_STUB_LEN after the one before:
 *   stub_va + 0x0000  stub text (kernel image's page), executable
 *   stub_va + 0x1000  stub data, struct stub_data, writable
 *   stub_va + 0x2000  descriptors (supervisor)
 *   stub_va + 0x3000  local APIC registers (supervisor), if there is one
 *
 * CPU 0 has its stacks and struct percpu in the kernel image. Each further one
 * has an area of CPU_AREA_PAGES in `own`, reached through the direct map:
 *   page 0 stub data, 1 hypercall page, 2 IST stacks, 3 percpu and system-call
 *   table; the rest, from its end downwards, is the CPU's first stack.
 */
#ifndef ABI_CPU_TABLES_H
#define ABI_CPU_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/image.h"

/* PML4; the stub's PDPT, PD, PT; each CPU's descriptors */
#define CPU_TABLES_FIXED_PAGES(cpu_count) (4u + (cpu_count))
#define CPU_TABLES_DIRECT_MAX             (128ull << 30)

#define CPU_MAX            8u
#define CPU_STUB_LEN       0x4000ull
#define CPU_AREA_PAGES     8u
#define CPU_AREA_HYPERCALL 0x1000u
#define CPU_AREA_STACKS    0x2000u
#define CPU_AREA_PERCPU    0x3000u

#define CPU_KERNEL_CS   0x10u
#define CPU_USER_CS     0x33u
#define CPU_USER_SS     0x2bu
#define CPU_TSS_SEL     0x40u
#define CPU_GATE_VECTOR 3u /* breakpoint: see stub.h */
#define CPU_SPURIOUS    0x2fu

#define CPU_PTE_P   1ull
#define CPU_PTE_W   2ull
#define CPU_PTE_U   4ull
#define CPU_PTE_PCD 0x10ull
#define CPU_PTE_A   0x20ull
#define CPU_PTE_D   0x40ull
#define CPU_PTE_PS  0x80ull
#define CPU_PTE_NX  (1ull << 63)

/* The stub's data page; stub.S knows these offsets. */
struct stub_data {
    uint64_t syscall_rcx;   /* 0: return address of a trapped call */
    uint64_t syscall_entry; /* 8: ring-3 entries */
    uint64_t syscall_r11;   /* 16: its flags, while the gate is called */
    uint64_t irq_noted;     /* 24: bit n: vector 0x20+n came while halted */
    uint8_t idt[10];        /* 32: pseudo-descriptors for lidt */
    uint8_t pad0[6];
    uint8_t halt_idt[10]; /* 48 */
    uint8_t pad1[6];
    uint64_t breakpoint_entry; /* 64: ring 3's, for the program's own */
    uint64_t fault_rax;        /* 72: rax when the page fault came */
    uint64_t syscall_rsp;      /* 80: a trapped call's, in the gate; else 0 */
};

struct cpu_layout {
    uint64_t kernel_va; /* 2 MiB aligned */
    uint64_t direct_va; /* 1 GiB aligned */
    uint64_t stub_va;
};

struct cpu_tables {
    const struct kernel_header *kernel;
    unsigned cpu_count; /* 1..CPU_MAX */
    uint64_t kernel_pa;
    struct cpu_layout layout;
    uint64_t direct_len; /* bytes of physical memory to map from 0 */
    bool is_monitor;     /* ports: the hypercall's only; descriptors fixed */
    uint64_t lapic_pa;   /* 0: none */
    bool map_mmio;       /* registers in [0xfe000000, 4 GiB) too */
    uint8_t *fixed;
    uint64_t fixed_pa;
    uint8_t *own;
    uint64_t own_pa;
};

struct cpu_state {
    uint64_t cr0, cr3, cr4, efer;
    uint64_t star, lstar, sfmask;
    uint64_t gdt_base, idt_base, tss_base;
    uint32_t gdt_limit, idt_limit, tss_limit;
    uint64_t gs_base, rip, rsp;
};

/* CR4 bits that need the CPU's consent; or'ed into cr4 by the caller. */
#define CPU_CR4_FSGSBASE (1ull << 16)
#define CPU_CR4_OSXSAVE  (1ull << 18)
#define CPU_CR4_PKE      (1ull << 22)

/* Where things go, from 64 random bits. */
void cpu_layout_choose(uint64_t random, struct cpu_layout *out);
/* How many pages `own` must have. */
size_t cpu_tables_own_pages(const struct cpu_tables *t);
/* Where the areas of CPU 1 and on lie in `own`, one behind the other. */
uint64_t cpu_tables_areas_pa(const struct cpu_tables *t);
/* Fills all tables, and out[0..cpu_count). */
int cpu_tables_build(const struct cpu_tables *t, struct cpu_state *out);

#endif
