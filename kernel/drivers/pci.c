/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci.c - see pci.h.
 *
 * SeaBIOS gives every device its addresses, qboot gives none: where a BAR is
 * still 0, so are all others, and we choose. Message interrupts (MSI-X) need to
 * know nothing about how a machine's lines are wired; every virtio device of
 * QEMU's and of clouds' has them, so lines are not served.
 */
#include "drivers/pci.h"

#include <linux/pci_regs.h>

#include "arch/arch.h"
#include "core/errno.h"

#define PORT_ADDRESS   0xcf8u
#define PORT_DATA      0xcfcu
#define ENABLE         0x80000000u
#define BUS_FUNCTIONS  256u
#define BUSES_MAX      64u
#define FUNCTIONS      8u    /* of a device */
#define MANY_FUNCTIONS 0x80u /* in a header's type */
#define CAPS_MAX       48u   /* what fits into 192 bytes */
#define BARS_MAX       6u

/* Free on a PC whose firmware has placed nothing. */
#define FREE_PA     0xfe000000ull
#define FREE_END_PA 0xfeb00000ull

static uint64_t free_pa = FREE_PA;

uint32_t pci_read(unsigned bdf, unsigned off)
{
    arch_out32(PORT_ADDRESS, ENABLE | bdf << 8 | (off & 0xfc));
    return arch_in32(PORT_DATA);
}

void pci_write(unsigned bdf, unsigned off, uint32_t value)
{
    arch_out32(PORT_ADDRESS, ENABLE | bdf << 8 | (off & 0xfc));
    arch_out32(PORT_DATA, value);
}

static uint8_t read8(unsigned bdf, unsigned off)
{
    return (uint8_t)(pci_read(bdf, off & ~3u) >> 8 * (off & 3));
}

bool pci_present(void)
{
    arch_out32(PORT_ADDRESS, ENABLE);
    return arch_in32(PORT_ADDRESS) == ENABLE;
}

int pci_find(uint16_t vendor, uint16_t device, uint16_t or_device)
{
    unsigned buses = 1;

    for (unsigned bdf = 0; bdf < buses * BUS_FUNCTIONS; bdf++) {
        uint32_t id = pci_read(bdf, PCI_VENDOR_ID);
        uint8_t type = id == UINT32_MAX ? 0 : read8(bdf, PCI_HEADER_TYPE);

        if ((id & 0xffff) == vendor &&
            (id >> 16 == device || id >> 16 == or_device))
            return (int)bdf;
        if ((type & 0x7f) == PCI_HEADER_TYPE_BRIDGE)
            buses = MAX(buses, read8(bdf, PCI_SUBORDINATE_BUS) + 1u);
        buses = MIN(buses, BUSES_MAX);
        if (bdf % FUNCTIONS == 0 && !(type & MANY_FUNCTIONS))
            bdf += FUNCTIONS - 1;
    }
    return -ENODEV;
}

unsigned pci_capability(unsigned bdf, unsigned after, uint8_t id)
{
    unsigned off = after ? after + PCI_CAP_LIST_NEXT : PCI_CAPABILITY_LIST;

    if (!(pci_read(bdf, PCI_COMMAND) >> 16 & PCI_STATUS_CAP_LIST))
        return 0;
    for (unsigned i = 0; i < CAPS_MAX; i++) {
        unsigned at = read8(bdf, off) & ~3u;

        if (at < PCI_STD_HEADER_SIZEOF)
            return 0;
        if (read8(bdf, at) == id)
            return at;
        off = at + PCI_CAP_LIST_NEXT;
    }
    return 0;
}

/* Choose a place for a BAR that has none. 0: there is no room. */
static uint64_t place(unsigned bdf, unsigned reg, bool is_64)
{
    uint64_t pa, len;

    pci_write(bdf, reg, UINT32_MAX);
    len = (uint32_t) - (pci_read(bdf, reg) & ~0xfu);
    pa = len ? ALIGN_UP(free_pa, len) : 0;
    if (pa == 0 || pa + len > FREE_END_PA)
        return 0;
    free_pa = pa + len;
    pci_write(bdf, reg, (uint32_t)pa);
    if (is_64)
        pci_write(bdf, reg + 4, 0);
    return pa;
}

volatile uint8_t *pci_registers(unsigned bdf, unsigned bar, uint64_t off,
                                uint64_t len)
{
    unsigned reg = PCI_BASE_ADDRESS_0 + 4 * bar;
    uint32_t low;
    uint64_t pa;
    bool is_64;

    if (bar >= BARS_MAX)
        return NULL;
    low = pci_read(bdf, reg);
    is_64 =
        (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
    if (low & PCI_BASE_ADDRESS_SPACE_IO || (is_64 && bar == BARS_MAX - 1))
        return NULL;
    pa = low & ~0xfu;
    if (is_64)
        pa |= (uint64_t)pci_read(bdf, reg + 4) << 32;
    if (pa == 0)
        pa = place(bdf, reg, is_64);
    if (pa == 0 || off > UINT32_MAX || len > UINT32_MAX)
        return NULL;
    return arch_mmio_map(pa + off, len);
}

void pci_enable(unsigned bdf)
{
    uint32_t command = pci_read(bdf, PCI_COMMAND) & 0xffff;

    pci_write(bdf, PCI_COMMAND,
              command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
                  PCI_COMMAND_INTX_DISABLE);
}

int pci_msix_route(unsigned bdf, unsigned count, void (*const fn[])(void *),
                   void *arg)
{
    unsigned cap = pci_capability(bdf, 0, PCI_CAP_ID_MSIX);
    uint32_t control, where;
    volatile uint8_t *table;

    if (!cap)
        return -ENODEV;
    control = pci_read(bdf, cap);
    where = pci_read(bdf, cap + PCI_MSIX_TABLE);
    table = pci_registers(bdf, where & PCI_MSIX_TABLE_BIR,
                          where & PCI_MSIX_TABLE_OFFSET,
                          count * PCI_MSIX_ENTRY_SIZE);
    if (!table || (control >> 16 & PCI_MSIX_FLAGS_QSIZE) + 1 < count)
        return -ENODEV;
    pci_enable(bdf);
    for (unsigned i = 0; i < count; i++, table += PCI_MSIX_ENTRY_SIZE) {
        struct arch_message m = arch_message_register(fn[i], arg);

        arch_reg_write32(table + PCI_MSIX_ENTRY_LOWER_ADDR, m.address);
        arch_reg_write32(table + PCI_MSIX_ENTRY_UPPER_ADDR, 0);
        arch_reg_write32(table + PCI_MSIX_ENTRY_DATA, m.data);
        arch_reg_write32(table + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
    }
    control &= ~((uint32_t)PCI_MSIX_FLAGS_MASKALL << 16);
    pci_write(bdf, cap, control | (uint32_t)PCI_MSIX_FLAGS_ENABLE << 16);
    return 0;
}
