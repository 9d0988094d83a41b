/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * power.c - ports, registers, and switching a PC off.
 *
 * There is no one way to power off, so the ways are tried in turn, those that
 * carry the exit status first: QEMU's isa-debug-exit (given by the command),
 * ACPI's S5 through the ports that QEMU's firmware sets up (pc, q35), the
 * generic event device of microvm, a reset by the keyboard controller, and at
 * last a triple fault's equivalent: an endless halt.
 */
#include "abi/cpu_tables.h"
#include "abi/hypercall.h"
#include "arch/x86_64/stub.h"
#include "arch/x86_64/trap.h"
#include "mm/page.h"
#include "mm/space.h"

#define DEBUG_EXIT_PORT 0x501u
#define ACPI_PM1A_CNT   0x604u
#define ACPI_S5         0x2000u
#define GED_SLEEP       0xfea00200ul /* QEMU microvm: ACPI sleep control */
#define GED_S5          0x34u        /* SLP_TYP 5, SLP_EN */
#define KBD_PORT        0x64u
#define PTE_ADDRESS     0x000ffffffffff000ul
#define KBD_RESET       0xfeu

uint8_t arch_in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void arch_out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}

void arch_out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

uint32_t arch_in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void arch_out8_string(uint16_t port, const void *buf, size_t len)
{
    __asm__ volatile("rep outsb" : "+S"(buf), "+c"(len) : "d"(port) : "memory");
}

void arch_in8_string(uint16_t port, void *buf, size_t len)
{
    __asm__ volatile("rep insb" : "+D"(buf), "+c"(len) : "d"(port) : "memory");
}

volatile void *arch_mmio(paddr_t pa)
{
    return page_ptr(pa);
}

/* Map the 2 MiB around pa where the direct map has a hole. */
static bool map_registers(paddr_t pa)
{
    uint64_t va = page_direct_va + pa;
    uint64_t *table = page_ptr(space_pml4_pa());

    table = page_ptr(table[va >> 39 & 511] & PTE_ADDRESS);
    table += va >> 30 & 511;
    if (!(*table & CPU_PTE_P)) {
        paddr_t fresh = page_alloc_zeroed();

        if (!fresh)
            return false;
        *table = fresh | CPU_PTE_P | CPU_PTE_W | CPU_PTE_U | CPU_PTE_A;
    }
    table = page_ptr(*table & PTE_ADDRESS);
    table += va >> 21 & 511;
    if (!(*table & CPU_PTE_P))
        *table = ALIGN_DOWN(pa, PAGE_LARGE_SIZE) | CPU_PTE_P | CPU_PTE_W |
                 CPU_PTE_U | CPU_PTE_A | CPU_PTE_D | CPU_PTE_PS | CPU_PTE_PCD |
                 CPU_PTE_NX;
    return true;
}

volatile void *arch_mmio_map(paddr_t pa, uint64_t len)
{
    if (pa >= CPU_TABLES_DIRECT_MAX || len > CPU_TABLES_DIRECT_MAX - pa)
        return NULL;
    for (paddr_t at = ALIGN_DOWN(pa, PAGE_LARGE_SIZE); at < pa + len;
         at += PAGE_LARGE_SIZE)
        if (!map_registers(at))
            return NULL;
    return page_ptr(pa);
}

void arch_power_off(int status)
{
    if (cpu_features.is_monitor)
        for (;;)
            arch_out32(HYPERCALL_PORT, HYPERCALL_EXIT);
    arch_out8(DEBUG_EXIT_PORT, (uint8_t)status);
    out16(ACPI_PM1A_CNT, ACPI_S5);
    *(volatile uint8_t *)arch_mmio(GED_SLEEP) = GED_S5;
    arch_out8(KBD_PORT, KBD_RESET);
    for (;;)
        stub_call(STUB_HALT, 0, 0);
}
