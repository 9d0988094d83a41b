/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_pci.c - virtio devices on the PCI bus (virtio 1.2, 4.1), those from
 * virtio 1.0 on.
 *
 * Capabilities say in which BAR each group of registers is. Two messages:
 * entry 0 for all queues, entry 1 for the configuration, so that no interrupt
 * has to ask what it is about.
 */
#define VIRTIO_PCI_NO_LEGACY
#include <linux/virtio_pci.h>

#include <linux/pci_regs.h>
#include <linux/virtio_ids.h>

#include "arch/arch.h"
#include "core/printf.h"
#include "drivers/pci.h"
#include "drivers/virtio.h"
#include "mm/page.h"

#define VENDOR         0x1af4u
#define DEVICE_BASE    0x1040u
#define DEVICE_NET_OLD 0x1000u /* "transitional": speaks both */
#define ENTRY_QUEUES   0u
#define ENTRY_CONFIG   1u
#define NO_VECTOR      0xffffu

static struct virtio device;
static struct {
    unsigned bdf;
    volatile uint8_t *config;
    uint32_t config_len;
    volatile uint8_t *notify;
    uint32_t notify_len, notify_step;
    volatile uint8_t *doorbell[VIRTIO_QUEUES_MAX];
} pci;

static uint64_t pci_offered(struct virtio *v)
{
    uint64_t high;

    arch_reg_write32(v->registers + VIRTIO_PCI_COMMON_DFSELECT, 1);
    high = arch_reg_read32(v->registers + VIRTIO_PCI_COMMON_DF);
    arch_reg_write32(v->registers + VIRTIO_PCI_COMMON_DFSELECT, 0);
    return high << 32 | arch_reg_read32(v->registers + VIRTIO_PCI_COMMON_DF);
}

static unsigned pci_config(struct virtio *v, unsigned off, unsigned size)
{
    const volatile uint8_t *field = pci.config + off;

    (void)v;
    if (off + size > pci.config_len)
        return 0;
    return size == 1 ? arch_reg_read8(field) : arch_reg_read16(field);
}

static void pci_set_status(struct virtio *v, unsigned status)
{
    arch_reg_write8(v->registers + VIRTIO_PCI_COMMON_STATUS, (uint8_t)status);
}

static unsigned pci_get_status(struct virtio *v)
{
    return arch_reg_read8(v->registers + VIRTIO_PCI_COMMON_STATUS);
}

static void pci_accept(struct virtio *v, uint64_t features)
{
    for (unsigned i = 0; i < 2; i++) {
        arch_reg_write32(v->registers + VIRTIO_PCI_COMMON_GFSELECT, i);
        arch_reg_write32(v->registers + VIRTIO_PCI_COMMON_GF,
                         (uint32_t)(features >> 32 * i));
    }
    arch_reg_write16(v->registers + VIRTIO_PCI_COMMON_MSIX, ENTRY_CONFIG);
}

static unsigned pci_select(struct virtio *v, unsigned number)
{
    arch_reg_write16(v->registers + VIRTIO_PCI_COMMON_Q_SELECT,
                     (uint16_t)number);
    return arch_reg_read16(v->registers + VIRTIO_PCI_COMMON_Q_SIZE);
}

/* The high half's register follows the low one's. */
static void put_address(const struct virtio *v, unsigned reg, const void *part)
{
    paddr_t pa = page_pa(part);

    arch_reg_write32(v->registers + reg, (uint32_t)pa);
    arch_reg_write32(v->registers + reg + 4, (uint32_t)(pa >> 32));
}

static int pci_enable_queue(struct virtio *v, unsigned idx)
{
    const struct virtq *q = &v->queue[idx];
    volatile uint8_t *r = v->registers;
    uint64_t bell;

    arch_reg_write16(r + VIRTIO_PCI_COMMON_Q_SIZE, q->len);
    put_address(v, VIRTIO_PCI_COMMON_Q_DESCLO, q->desc);
    put_address(v, VIRTIO_PCI_COMMON_Q_AVAILLO, q->avail);
    put_address(v, VIRTIO_PCI_COMMON_Q_USEDLO, q->used);
    arch_reg_write16(r + VIRTIO_PCI_COMMON_Q_MSIX, ENTRY_QUEUES);
    if (arch_reg_read16(r + VIRTIO_PCI_COMMON_Q_MSIX) == NO_VECTOR)
        return -EIO;
    bell = (uint64_t)arch_reg_read16(r + VIRTIO_PCI_COMMON_Q_NOFF) *
           pci.notify_step;
    if (bell + sizeof(uint16_t) > pci.notify_len)
        return -EIO;
    pci.doorbell[idx] = pci.notify + bell;
    arch_reg_write16(r + VIRTIO_PCI_COMMON_Q_ENABLE, 1);
    return 0;
}

static void pci_notify(struct virtio *v, unsigned queue)
{
    arch_reg_write16(pci.doorbell[queue], v->number[queue]);
}

static void queues_interrupt(void *arg)
{
    struct virtio *v = arg;

    v->news(v, false);
}

static void config_interrupt(void *arg)
{
    struct virtio *v = arg;

    v->news(v, true);
}

static int pci_start(struct virtio *v, uint64_t accepted)
{
    void (*const interrupts[])(void *) = {
        [ENTRY_QUEUES] = queues_interrupt, [ENTRY_CONFIG] = config_interrupt
    };
    int err = pci_msix_route(pci.bdf, 2, interrupts, v);

    if (err) {
        kprintf("the virtio device has no MSI-X; give QEMU vectors=4");
        return err;
    }
    return virtio_start_registers(v, accepted);
}

static const struct virtio_ops pci_ops = {
    .offered = pci_offered,
    .config = pci_config,
    .start = pci_start,
    .notify = pci_notify,
    .stop = virtio_stop_registers,
    .set_status = pci_set_status,
    .get_status = pci_get_status,
    .accept = pci_accept,
    .select = pci_select,
    .enable = pci_enable_queue,
};

/* The first capability of a type whose registers can be reached. */
static volatile uint8_t *group(unsigned type, uint32_t len_min,
                               uint32_t *len_out, unsigned *cap_out)
{
    unsigned cap = 0;

    for (unsigned i = 0; i < 16; i++) {
        volatile uint8_t *registers;
        uint32_t head;

        cap = pci_capability(pci.bdf, cap, PCI_CAP_ID_VNDR);
        if (!cap)
            return NULL;
        head = pci_read(pci.bdf, cap);
        if (head >> 24 != type)
            continue;
        *len_out = pci_read(pci.bdf, cap + VIRTIO_PCI_CAP_LENGTH);
        *cap_out = cap;
        registers = pci_registers(
            pci.bdf, pci_read(pci.bdf, cap + VIRTIO_PCI_CAP_BAR) & 0xff,
            pci_read(pci.bdf, cap + VIRTIO_PCI_CAP_OFFSET), *len_out);
        if (registers && *len_out >= len_min)
            return registers;
    }
    return NULL;
}

static bool find_groups(struct virtio *v)
{
    uint32_t len;
    unsigned cap;

    v->registers = group(VIRTIO_PCI_CAP_COMMON_CFG,
                         VIRTIO_PCI_COMMON_Q_USEDHI + 4, &len, &cap);
    pci.config = group(VIRTIO_PCI_CAP_DEVICE_CFG, 1, &pci.config_len, &cap);
    pci.notify = group(VIRTIO_PCI_CAP_NOTIFY_CFG, sizeof(uint16_t),
                       &pci.notify_len, &cap);
    if (!v->registers || !pci.config || !pci.notify)
        return false;
    pci.notify_step = pci_read(pci.bdf, cap + VIRTIO_PCI_NOTIFY_CAP_MULT);
    return true;
}

struct virtio *virtio_pci_find(unsigned id, bool *has_pci_out)
{
    uint16_t modern = (uint16_t)(DEVICE_BASE + id);
    int bdf;

    *has_pci_out = pci_present();
    if (!*has_pci_out)
        return NULL;
    bdf =
        pci_find(VENDOR, modern, id == VIRTIO_ID_NET ? DEVICE_NET_OLD : modern);
    if (bdf < 0)
        return NULL;
    pci.bdf = (unsigned)bdf;
    if (!find_groups(&device)) {
        kprintf("the virtio device %u has no registers that can be reached, or "
                "is from before virtio 1.0; give QEMU disable-modern=off",
                id);
        return NULL;
    }
    pci_enable(pci.bdf);
    device.ops = &pci_ops;
    return &device;
}
