/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci.h - devices on the PCI buses of a PC.
 *
 * What:      configuration space by ports 0xcf8 and 0xcfc (PCI 3.0, 3.2.2.3.2),
 *            capabilities, registers in memory, MSI-X. Buses behind bridges as
 *            far as firmware has numbered them.
 * Ownership: nothing is allocated; addresses stay with the device.
 * Context:   under the kernel lock; never sleeps.
 * Errors:    as each function says.
 * Units:     bdf = bus * 256 + device * 8 + function; offsets in bytes.
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "core/types.h"

/* Is there a bus at all? */
bool pci_present(void);
/* The first function with this vendor and one of two device numbers.
 * -ENODEV */
MUST_CHECK int pci_find(uint16_t vendor, uint16_t device, uint16_t or_device);

/* 32 bits at a time; off is a multiple of 4, taken modulo 256. */
uint32_t pci_read(unsigned bdf, unsigned off);
void pci_write(unsigned bdf, unsigned off, uint32_t value);

/* The next capability of that kind behind `after` (0: the first). 0: none */
unsigned pci_capability(unsigned bdf, unsigned after, uint8_t id);
/* Registers [off, off + len) of a BAR; given a place if firmware has not. NULL:
 * they are I/O ports, or lie where nothing can be mapped. */
volatile uint8_t *pci_registers(unsigned bdf, unsigned bar, uint64_t off,
                                uint64_t len);
/* Let it answer in memory and read and write memory itself. */
void pci_enable(unsigned bdf);
/* Route MSI-X table entry i < count to fn[i](arg), called by arch_irq_poll().
 * -ENODEV: the device has no table, or too small a one */
MUST_CHECK int pci_msix_route(unsigned bdf, unsigned count,
                              void (*const fn[])(void *), void *arg);

#endif
