/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_machine.h - what the memory tests stand on, on the host.
 *
 * What:      RAM (host memory behind a direct map), a bootinfo over it, a TLB
 *            that remembers every translation until it is flushed, and an
 *            access() that does what the CPU does: TLB, tables, fault, retry.
 *            At each flush no page in the TLB may have been freed already.
 * Context:   unit tests only, included once by each.
 */
#ifndef MM_FAKE_MACHINE_H
#define MM_FAKE_MACHINE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "abi/bootinfo.h"
#include "arch/pagetable.h"
#include "core/panic.h"
#include "mm/page.h"
#include "mm/space.h"

#define FAKE_RAM_PA  0x100000ull
#define FAKE_RAM_MAX (64ull << 20)
#define FAKE_TLB_MAX 4096u
#define FAKE_TRIES   4u

static uint8_t *fake_ram;
static unsigned fake_flushes;

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    printf("# panic: ");
    vprintf(format, args);
    printf("\n");
    fflush(stdout);
    abort();
}

/* RAM of len bytes from FAKE_RAM_PA; dirty: it holds anything but zeros. */
static inline struct bootinfo fake_boot(uint64_t len, bool dirty)
{
    struct bootinfo boot = { .flags = dirty ? 0 : BOOTINFO_RAM_ZEROED,
                             .range_count = 1,
                             .ram_len = len };

    fake_ram = mmap(NULL, FAKE_RAM_MAX, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fake_ram == MAP_FAILED)
        abort();
    if (dirty)
        memset(fake_ram, 0xa5, len);
    boot.free[0] = (struct bootinfo_range){ FAKE_RAM_PA, len };
    boot.direct_va = (uint64_t)fake_ram - FAKE_RAM_PA;
    return boot;
}

/* ---- the TLB ---- */

static struct fake_tlb_entry {
    uint64_t va;
    paddr_t pa;
    unsigned flags;
} fake_tlb[FAKE_TLB_MAX];
static unsigned fake_tlb_count;

/* What a translation leads to is still someone's; page_get() asserts it. A
 * large page has its reference at its head. */
static inline void fake_tlb_check(void)
{
    for (unsigned i = 0; i < fake_tlb_count; i++) {
        paddr_t pa = fake_tlb[i].pa;

        if (fake_tlb[i].flags & PT_LARGE && page_refs(pa) == 0)
            pa = ALIGN_DOWN(pa, PAGE_LARGE_SIZE);
        page_get(pa);
        if (page_refs(pa))
            page_put(pa);
    }
}

void arch_tlb_flush_page(uint64_t va)
{
    fake_flushes++;
    fake_tlb_check();
    for (unsigned i = 0; i < fake_tlb_count;) {
        uint64_t len =
            fake_tlb[i].flags & PT_LARGE ? PAGE_LARGE_SIZE : PAGE_SIZE;

        if (ALIGN_DOWN(fake_tlb[i].va, len) == ALIGN_DOWN(va, len))
            fake_tlb[i] = fake_tlb[--fake_tlb_count];
        else
            i++;
    }
}

void arch_tlb_flush_all(void)
{
    fake_flushes++;
    fake_tlb_check();
    fake_tlb_count = 0;
}

static inline bool fake_permits(unsigned flags, enum space_access access)
{
    return access == SPACE_WRITE  ? flags & PT_WRITE
           : access == SPACE_EXEC ? flags & PT_EXEC
                                  : flags & PT_READ;
}

static inline struct fake_tlb_entry *fake_tlb_find(uint64_t page)
{
    for (unsigned i = 0; i < fake_tlb_count; i++)
        if (fake_tlb[i].va == page)
            return &fake_tlb[i];
    return NULL;
}

/* A translation that the tables no longer give is a missing flush. */
static inline unsigned fake_tlb_stale(struct pt *pt)
{
    unsigned stale = 0;

    for (unsigned i = 0; i < fake_tlb_count; i++) {
        const struct fake_tlb_entry *e = &fake_tlb[i];
        unsigned flags = 0, rights = PT_READ | PT_WRITE | PT_EXEC;
        paddr_t pa = pt_lookup(pt, e->va, &flags);

        if (pa != e->pa || (e->flags & rights & ~flags) ||
            (e->flags ^ flags) & PT_LARGE)
            stale++;
    }
    return stale;
}

/* The byte at va as the program would reach it. */
static inline enum space_fault_result fake_access(struct space *s,
                                                  struct pt *pt, uint64_t va,
                                                  enum space_access access,
                                                  uint8_t **byte_out)
{
    uint64_t page = va & ~PAGE_MASK;

    for (unsigned i = 0; i < FAKE_TRIES; i++) {
        struct fake_tlb_entry *e = fake_tlb_find(page);
        enum space_fault_result result;
        unsigned flags = 0;
        paddr_t pa;

        if (e && fake_permits(e->flags, access)) {
            *byte_out = (uint8_t *)page_ptr(e->pa) + (va & PAGE_MASK);
            return SPACE_FAULT_OK;
        }
        pa = pt_lookup(pt, page, &flags);
        if (pa && fake_permits(flags, access)) {
            if (e) /* a fault drops the old translation, SDM 3A 4.10.4.1 */
                *e = fake_tlb[--fake_tlb_count];
            if (fake_tlb_count < FAKE_TLB_MAX)
                fake_tlb[fake_tlb_count++] =
                    (struct fake_tlb_entry){ page, pa, flags };
            *byte_out = (uint8_t *)page_ptr(pa) + (va & PAGE_MASK);
            return SPACE_FAULT_OK;
        }
        result = space_fault(s, va, access);
        if (result != SPACE_FAULT_OK)
            return result;
    }
    printf("# the fault at 0x%lx is resolved but comes again\n", va);
    abort();
}

#endif
