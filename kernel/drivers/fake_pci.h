/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_pci.h - a PCI bus for tests on the host.
 *
 * What:      configuration space as bytes, behind the two ports; BARs whose
 *            size probe works; registers as bytes, from 0xfe000000 on. Access
 *            beyond them ends the test.
 * Context:   unit tests and fuzz harnesses, included once by each.
 */
#ifndef DRIVERS_FAKE_PCI_H
#define DRIVERS_FAKE_PCI_H

#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"

#define FAKE_DEVFNS          1024u
#define FAKE_CONFIG_LEN      256u
#define FAKE_REGISTERS_PA    0xfe000000ull
#define FAKE_REGISTERS_LEN   0x2000000u
#define FAKE_MESSAGE_ADDRESS 0xfee00000u
#define FAKE_MESSAGE_DATA    0x20u

static uint8_t fake_pci_space[FAKE_DEVFNS][FAKE_CONFIG_LEN];
static uint32_t fake_bar_mask[FAKE_DEVFNS][6]; /* 0: any bytes */
static uint32_t fake_pci_address;
static bool fake_pci_absent;
static unsigned fake_messages;
/* 32 MiB that nobody touches much of. */
static uint8_t fake_registers[FAKE_REGISTERS_LEN];

/* Told of a write, so that a device can react. */
static void (*fake_register_hook)(uint64_t off, unsigned size);

static inline uint32_t fake_pci_get32(unsigned devfn, unsigned off)
{
    uint32_t v;

    memcpy(&v, &fake_pci_space[devfn][off], 4);
    return v;
}

static inline void fake_pci_put32(unsigned devfn, unsigned off, uint32_t v)
{
    memcpy(&fake_pci_space[devfn][off], &v, 4);
}

static inline void fake_pci_clear(void)
{
    memset(fake_pci_space, 0, sizeof(fake_pci_space));
    memset(fake_bar_mask, 0, sizeof(fake_bar_mask));
    for (unsigned devfn = 0; devfn < FAKE_DEVFNS; devfn++)
        fake_pci_put32(devfn, 0, UINT32_MAX);
    fake_messages = 0;
}

/* A BAR of so many bytes, without a place; len 0: it stays 0. */
static inline void fake_pci_bar(unsigned devfn, unsigned bar, uint32_t len,
                                uint32_t type)
{
    fake_bar_mask[devfn][bar] = len ? ~(len - 1) : 1;
    fake_pci_put32(devfn, 0x10 + 4 * bar, type);
}

void arch_out32(uint16_t port, uint32_t value)
{
    unsigned devfn = fake_pci_address >> 8 & 0xffff,
             off = fake_pci_address & 255;
    unsigned bar = (off - 0x10) / 4;

    if (port == 0xcf8) {
        fake_pci_address = value;
        return;
    }
    if (port != 0xcfc || off % 4 != 0)
        abort();
    if (devfn >= FAKE_DEVFNS)
        return;
    if (off >= 0x10 && bar < 6 && fake_bar_mask[devfn][bar])
        value = (value & fake_bar_mask[devfn][bar] & ~0xfu) |
                (fake_pci_get32(devfn, off) & 0xf);
    if (off == 4) /* the status half is not written so */
        value = (fake_pci_get32(devfn, off) & 0xffff0000) | (value & 0xffff);
    fake_pci_put32(devfn, off, value);
}

uint32_t arch_in32(uint16_t port)
{
    if (fake_pci_absent)
        return UINT32_MAX;
    if (port == 0xcf8)
        return fake_pci_address;
    if (port != 0xcfc || fake_pci_address % 4 != 0)
        abort();
    if ((fake_pci_address >> 8 & 0xffff) >= FAKE_DEVFNS)
        return UINT32_MAX;
    return fake_pci_get32(fake_pci_address >> 8 & 0xffff,
                          fake_pci_address & 255);
}

volatile void *arch_mmio(paddr_t pa)
{
    if (pa < FAKE_REGISTERS_PA || pa >= FAKE_REGISTERS_PA + FAKE_REGISTERS_LEN)
        abort();
    return fake_registers + (pa - FAKE_REGISTERS_PA);
}

volatile void *arch_mmio_map(paddr_t pa, uint64_t len)
{
    if (pa < FAKE_REGISTERS_PA || pa - FAKE_REGISTERS_PA > FAKE_REGISTERS_LEN ||
        len > FAKE_REGISTERS_LEN - (pa - FAKE_REGISTERS_PA))
        return NULL;
    return fake_registers + (pa - FAKE_REGISTERS_PA);
}

struct arch_message arch_message_register(void (*fn)(void *arg), void *arg)
{
    (void)fn, (void)arg;
    return (struct arch_message){ FAKE_MESSAGE_ADDRESS,
                                  FAKE_MESSAGE_DATA + ++fake_messages };
}

static inline uint64_t fake_off(const volatile void *reg, unsigned size)
{
    uint64_t off = (uint64_t)((uintptr_t)reg - (uintptr_t)fake_registers);

    if (off > FAKE_REGISTERS_LEN - size)
        abort();
    return off;
}

#define FAKE_REGISTER(bits)                                             \
    uint##bits##_t arch_reg_read##bits(const volatile void *reg)        \
    {                                                                   \
        uint##bits##_t v;                                               \
                                                                        \
        memcpy(&v, fake_registers + fake_off(reg, bits / 8), bits / 8); \
        return v;                                                       \
    }                                                                   \
    void arch_reg_write##bits(volatile void *reg, uint##bits##_t value) \
    {                                                                   \
        uint64_t off = fake_off(reg, bits / 8);                         \
                                                                        \
        memcpy(fake_registers + off, &value, bits / 8);                 \
        if (fake_register_hook)                                         \
            fake_register_hook(off, bits / 8);                          \
    }
FAKE_REGISTER(8)
FAKE_REGISTER(16)
FAKE_REGISTER(32)

static inline uint32_t fake_register32(uint64_t off)
{
    uint32_t v;

    memcpy(&v, fake_registers + off, 4);
    return v;
}

#endif
