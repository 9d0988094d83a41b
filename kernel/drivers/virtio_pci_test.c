/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_pci_test.c - finding and starting a virtio device on a fake PCI bus.
 *
 * Method: capabilities as QEMU's virtio-net-pci has them, then one thing wrong
 * in each test. The registers are plain memory, which is as good as a device
 * that agrees to everything.
 */
/* unit: kernel/drivers/pci.c kernel/drivers/virtio.c kernel/drivers/virtq.c */
#include "drivers/virtio_pci.c"

#include "drivers/fake_memory.h"
#include "drivers/fake_pci.h"
#include "drivers/hypercall.h"
#include "tests/unit.h"

#define DEVFN  (3u * 8)
#define COMMON 0x4000u /* of the BAR that is placed second */

static unsigned news_seen;

bool hypercall_present(void)
{
    return false;
}

struct virtio *virtio_monitor_find(unsigned id)
{
    (void)id;
    abort();
}

struct virtio *virtio_mmio_find(unsigned id)
{
    (void)id;
    return NULL;
}

static void capability(unsigned at, unsigned next, unsigned type, unsigned off,
                       unsigned len)
{
    fake_pci_put32(DEVFN, at,
                   PCI_CAP_ID_VNDR | next << 8 | 16 << 16 | type << 24);
    fake_pci_put32(DEVFN, at + VIRTIO_PCI_CAP_BAR, 4);
    fake_pci_put32(DEVFN, at + VIRTIO_PCI_CAP_OFFSET, off);
    fake_pci_put32(DEVFN, at + VIRTIO_PCI_CAP_LENGTH, len);
}

static void make_device(void)
{
    fake_pci_clear();
    fake_pci_put32(DEVFN, PCI_VENDOR_ID, 0x10411af4);
    fake_pci_put32(DEVFN, PCI_COMMAND, PCI_STATUS_CAP_LIST << 16);
    fake_pci_put32(DEVFN, PCI_CAPABILITY_LIST, 0x40);
    fake_pci_bar(DEVFN, 1, 0x1000, 0);
    fake_pci_bar(DEVFN, 4, 0x4000, PCI_BASE_ADDRESS_MEM_TYPE_64);
    fake_pci_put32(DEVFN, 0x40, PCI_CAP_ID_MSIX | 0x50 << 8 | 3 << 16);
    fake_pci_put32(DEVFN, 0x44, 1);
    capability(0x50, 0x60, VIRTIO_PCI_CAP_COMMON_CFG, 0, 0x38);
    capability(0x60, 0x70, VIRTIO_PCI_CAP_DEVICE_CFG, 0x2000, 12);
    capability(0x70, 0, VIRTIO_PCI_CAP_NOTIFY_CFG, 0x3000, 0x1000);
    fake_pci_put32(DEVFN, 0x70 + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
}

static struct virtio *find(void)
{
    return virtio_find(VIRTIO_ID_NET);
}

/* BAR 4 is placed first, since its registers are asked for first. */
static volatile uint8_t *common(unsigned off)
{
    return fake_registers + off;
}

static void news(struct virtio *v, bool is_config_changed)
{
    CHECK(v == &device);
    news_seen += is_config_changed ? 100 : 1;
}

static struct virtio *make_and_find(void)
{
    struct virtio *v;

    make_device();
    v = find();
    REQUIRE(v != NULL);
    CHECK(virtio_want_queue(v, 0, 256) == &v->queue[0]);
    CHECK(virtio_want_queue(v, 0xfffe, 128) == &v->queue[1]);
    v->news = news;
    arch_reg_write16(common(VIRTIO_PCI_COMMON_Q_SIZE), 64);
    return v;
}

TEST(finds_and_starts)
{
    struct virtio *v = make_and_find();

    CHECK_EQ(v->ops->start(v, VIRTIO_BIT(VIRTIO_F_VERSION_1) | 5), 0);
    CHECK_EQ(v->queue[0].len, 64);
    CHECK_EQ(v->queue[1].len, 64);
    CHECK_EQ(v->ops->get_status(v), 0xf);
    CHECK_EQ(arch_reg_read32(common(VIRTIO_PCI_COMMON_GF)), 1);
    CHECK_EQ(arch_reg_read16(common(VIRTIO_PCI_COMMON_MSIX)), ENTRY_CONFIG);
    v->ops->notify(v, 1);
    CHECK_EQ(arch_reg_read16(fake_registers + 0x3000), 0xfffe);
    CHECK_EQ(arch_reg_read16(common(VIRTIO_PCI_COMMON_Q_SELECT)), 0xfffe);
    queues_interrupt(v);
    config_interrupt(v);
    CHECK_EQ(news_seen, 101);
    v->ops->stop(v);
    CHECK_EQ(v->ops->get_status(v), 0);
}

TEST(configuration_shorter_than_asked_for)
{
    struct virtio *v = make_and_find();

    fake_registers[0x2000 + 11] = 7;
    fake_registers[0x2000 + 12] = 8;
    CHECK_EQ(v->ops->config(v, 10, 2), 0x700);
    CHECK_EQ(v->ops->config(v, 11, 1), 7);
    CHECK_EQ(v->ops->config(v, 12, 1), 0);
    CHECK_EQ(v->ops->config(v, 11, 2), 0);
}

TEST(no_device)
{
    fake_pci_clear();
    CHECK(find() == NULL);
    CHECK_EQ(fake_lines, 0);
}

TEST(no_common_registers)
{
    make_device();
    capability(0x50, 0x60, VIRTIO_PCI_CAP_PCI_CFG, 0, 0x38);
    CHECK(find() == NULL);
    CHECK_EQ(fake_lines, 1);
}

TEST(common_registers_too_short)
{
    make_device();
    capability(0x50, 0x60, VIRTIO_PCI_CAP_COMMON_CFG, 0, 0x37);
    CHECK(find() == NULL);
}

TEST(registers_beyond_what_is_mapped)
{
    make_device();
    capability(0x70, 0, VIRTIO_PCI_CAP_NOTIFY_CFG, 0xfffff000, 0x1000);
    CHECK(find() == NULL);
}

TEST(a_doorbell_outside)
{
    struct virtio *v = make_and_find();

    arch_reg_write16(common(VIRTIO_PCI_COMMON_Q_NOFF), 0x400);
    CHECK_EQ(v->ops->start(v, 0), -EIO);
    CHECK_EQ(v->ops->get_status(v), 0);
}

TEST(no_msix)
{
    struct virtio *v;

    make_device();
    fake_pci_put32(DEVFN, PCI_CAPABILITY_LIST, 0x50);
    v = find();
    REQUIRE(v != NULL);
    CHECK_EQ(v->ops->start(v, 0), -ENODEV);
    CHECK_EQ(fake_lines, 1);
}

TEST(a_queue_that_does_not_exist)
{
    struct virtio *v = make_and_find();

    arch_reg_write16(common(VIRTIO_PCI_COMMON_Q_SIZE), 0);
    CHECK_EQ(v->ops->start(v, 0), -EIO);
    CHECK_EQ(v->ops->get_status(v), 0);
}
