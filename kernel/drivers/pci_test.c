/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci_test.c - finding devices, capabilities and registers on a bus of bytes.
 *
 * Method: configuration space is an array behind ports 0xcf8 and 0xcfc; BARs
 * answer a size probe. The driver of virtio devices runs on the same bus.
 */
#include <string.h>

#include "drivers/pci.c"

#include "drivers/fake_pci.h"
#include "tests/unit.h"

TEST(no_bus)
{
    fake_pci_absent = true;
    CHECK(!pci_present());
}

TEST(an_empty_bus)
{
    fake_pci_clear();
    CHECK(pci_present());
    CHECK_EQ(pci_find(0x1af4, 0x1041, 0x1000), -ENODEV);
}

TEST(finds_functions)
{
    fake_pci_clear();
    fake_pci_put32(5 * 8, PCI_VENDOR_ID, 0x10001af4);
    CHECK_EQ(pci_find(0x1af4, 0x1041, 0x1000), 5 * 8);
    /* A second function counts only where the first says that there are. */
    fake_pci_put32(3 * 8 + 2, PCI_VENDOR_ID, 0x10411af4);
    fake_pci_put32(3 * 8, PCI_VENDOR_ID, 0x12348086);
    CHECK_EQ(pci_find(0x1af4, 0x1041, 0x1000), 5 * 8);
    fake_pci_put32(3 * 8, 12, 0x00800000);
    CHECK_EQ(pci_find(0x1af4, 0x1041, 0x1000), 3 * 8 + 2);
}

TEST(behind_bridges)
{
    fake_pci_clear();
    fake_pci_put32(2 * 8, PCI_VENDOR_ID, 0x000c1b36);
    fake_pci_put32(2 * 8, 12, PCI_HEADER_TYPE_BRIDGE << 16);
    fake_pci_put32(2 * 8, PCI_PRIMARY_BUS, 0x020200);
    fake_pci_put32(2 * 256, PCI_VENDOR_ID, 0x10411af4);
    CHECK_EQ(pci_find(0x1af4, 0x1041, 0x1000), 2 * 256);
    fake_pci_put32(2 * 8, PCI_PRIMARY_BUS, 0x010100);
    CHECK_EQ(pci_find(0x1af4, 0x1041, 0x1000), -ENODEV);
    fake_pci_put32(2 * 8, PCI_PRIMARY_BUS, 0xff0100); /* as far as it goes */
    fake_pci_put32(2 * 256, PCI_VENDOR_ID, 0x12348086);
    CHECK_EQ(pci_find(0x1af4, 0x1041, 0x1000), -ENODEV);
}

TEST(capabilities_in_a_circle)
{
    fake_pci_clear();
    fake_pci_put32(8, PCI_VENDOR_ID, 0x10411af4);
    fake_pci_put32(8, PCI_COMMAND, PCI_STATUS_CAP_LIST << 16);
    fake_pci_put32(8, PCI_CAPABILITY_LIST, 0x40);
    fake_pci_put32(8, 0x40, 0x5009);
    fake_pci_put32(8, 0x50, 0x4011);
    CHECK_EQ(pci_capability(8, 0, 0x11), 0x50);
    CHECK_EQ(pci_capability(8, 0x40, 0x09), 0x40); /* round once */
    CHECK_EQ(pci_capability(8, 0, 0x05), 0);
    fake_pci_put32(8, PCI_COMMAND, 0);
    CHECK_EQ(pci_capability(8, 0, 0x11), 0);
}

TEST(places_what_firmware_has_not)
{
    fake_pci_clear();
    fake_pci_put32(8, PCI_VENDOR_ID, 0x10411af4);
    fake_pci_bar(8, 1, 0x1000, 0);
    fake_pci_bar(8, 4, 0x4000, PCI_BASE_ADDRESS_MEM_TYPE_64);
    CHECK(pci_registers(8, 1, 0, 16) == fake_registers);
    CHECK(pci_registers(8, 4, 0x1000, 0x38) == fake_registers + 0x5000);
    CHECK_EQ(fake_pci_get32(8, 0x14) & ~0xfu, FREE_PA);
    CHECK_EQ(fake_pci_get32(8, 0x20) & ~0xfu, FREE_PA + 0x4000);
    CHECK(pci_registers(8, 1, 8, 8) == fake_registers + 8); /* once */
}

TEST(no_room_for_a_bar)
{
    fake_pci_clear();
    fake_pci_bar(8, 0, 0x10000000, 0);
    CHECK(pci_registers(8, 0, 0, 16) == NULL);
    fake_pci_bar(8, 1, 0, 0); /* none at all */
    CHECK(pci_registers(8, 1, 0, 16) == NULL);
}

TEST(registers_that_cannot_be_reached)
{
    fake_pci_clear();
    fake_pci_put32(8, 0x10, 0xc001);     /* ports */
    fake_pci_put32(8, 0x14, 0xe0000000); /* not mapped */
    fake_pci_put32(8, 0x18, 0xfe000004); /* above 4 GiB */
    fake_pci_put32(8, 0x1c, 1);
    fake_pci_put32(8, 0x20, 0xfffff000); /* at the end */
    fake_pci_put32(8, 0x24, 0xfe000004); /* half a BAR */
    CHECK(pci_registers(8, 0, 0, 4) == NULL);
    CHECK(pci_registers(8, 1, 0, 4) == NULL);
    CHECK(pci_registers(8, 2, 0, 4) == NULL);
    CHECK(pci_registers(8, 4, 0xff0, 16) != NULL);
    CHECK(pci_registers(8, 4, 0xff1, 16) == NULL);
    CHECK(pci_registers(8, 4, UINT64_MAX, 16) == NULL);
    CHECK(pci_registers(8, 4, 0, UINT64_MAX) == NULL);
    CHECK(pci_registers(8, 5, 0, 4) == NULL);
    CHECK(pci_registers(8, 6, 0, 4) == NULL);
}

static void nothing(void *arg)
{
    (void)arg;
}

TEST(routes_messages)
{
    void (*const fn[])(void *) = { nothing, nothing };

    fake_pci_clear();
    CHECK_EQ(pci_msix_route(8, 2, fn, NULL), -ENODEV); /* no such capability */
    fake_pci_put32(8, PCI_COMMAND, PCI_STATUS_CAP_LIST << 16);
    fake_pci_put32(8, PCI_CAPABILITY_LIST, 0x40);
    fake_pci_put32(8, 0x40, 0x00000011 | PCI_MSIX_FLAGS_MASKALL << 16);
    fake_pci_put32(8, 0x44, 0x800);
    fake_pci_put32(8, 0x10, (uint32_t)FREE_PA);
    CHECK_EQ(pci_msix_route(8, 2, fn, NULL), -ENODEV); /* one entry only */
    fake_pci_put32(8, 0x40, 0x00020011 | PCI_MSIX_FLAGS_MASKALL << 16);
    CHECK_EQ(pci_msix_route(8, 2, fn, NULL), 0);
    CHECK_EQ(fake_pci_get32(8, 0x40) >> 16, PCI_MSIX_FLAGS_ENABLE | 2);
    CHECK_EQ(fake_pci_get32(8, PCI_COMMAND) & 0x406, 0x406);
    CHECK_EQ(fake_register32(0x800), FAKE_MESSAGE_ADDRESS);
    CHECK_EQ(fake_register32(0x808), FAKE_MESSAGE_DATA + 1);
    CHECK_EQ(fake_register32(0x818), FAKE_MESSAGE_DATA + 2);
}
