/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables.c - the guest's page tables from outside: walking them for reports,
 * and the one store to the read-only pages that is granted.
 */
#include <errno.h>
#include <string.h>

#include "monitor/arch/arch.h"
#include "monitor/check.h"

#define ENTRY_LEN    8u
#define USER_ENTRIES 256u
#define ADDRESS_MASK 0x000ffffffffff000ull
#define ENTRY_NEEDED (CPU_PTE_P | CPU_PTE_W | CPU_PTE_U)
#define LEVELS       4u

/*
 * Entries of the user half only: those of the kernel half decide what ring 0
 * runs. The table they name must be RAM, which ring 0 never executes from.
 */
int arch_fixed_write(struct vm *vm, gpa_t gpa, const void *data, unsigned len)
{
    uint64_t entry, old = 0, table;
    uint64_t *slot;
    uint64_t off = gpa - VM_FIXED_PA;

    if (gpa < VM_FIXED_PA || len != ENTRY_LEN || off % ENTRY_LEN != 0 ||
        off / ENTRY_LEN >= USER_ENTRIES)
        return -EPERM;
    memcpy(&entry, data, sizeof(entry));
    if ((entry & ~(ADDRESS_MASK | CPU_PTE_A)) != ENTRY_NEEDED)
        return -EPERM;
    table = entry & ADDRESS_MASK;
    if (table < vm->ram_pa || table - vm->ram_pa > vm->ram_len - VM_PAGE)
        return -EPERM;
    /* Set already what the CPU would set: it cannot write here either. */
    entry |= CPU_PTE_A;
    slot = (uint64_t *)(void *)(vm->fixed + off);
    /* Another entry than the one that is there: KVM may hold a shadow of it. */
    if (!__atomic_compare_exchange_n(slot, &old, entry, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST) &&
        old != entry)
        return -EPERM;
    return 0;
}

int arch_translate(const struct vm *vm, uint64_t cr3, uint64_t va,
                   gpa_t *gpa_out)
{
    uint64_t entry = cr3;

    for (unsigned level = LEVELS; level-- > 0;) {
        unsigned shift = 12 + 9 * level;
        gpa_t at = (entry & ADDRESS_MASK) + (va >> shift & 511) * ENTRY_LEN;

        if (gmem_read(&vm->mem, at, &entry, sizeof(entry)) != 0 ||
            !(entry & CPU_PTE_P))
            return -EFAULT;
        if (level > 0 && level < 3 && (entry & CPU_PTE_PS)) {
            uint64_t mask = (1ull << shift) - 1;

            *gpa_out = (entry & ADDRESS_MASK & ~mask) | (va & mask);
            return 0;
        }
    }
    *gpa_out = (entry & ADDRESS_MASK) | (va & (VM_PAGE - 1));
    return 0;
}
