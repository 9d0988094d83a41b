/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_mmio.c - virtio devices behind memory-mapped registers (virtio 1.2,
 * 4.2), as QEMU's machine "microvm" has them.
 *
 * Where they are would be in ACPI's tables or on the kernel's command line,
 * neither of which is read here: the machine has the same slots always
 * (hw/i386/microvm.c), 8 or, with a second I/O APIC, 24 of them. A slot without
 * a device answers with the magic number and device 0.
 */
#define VIRTIO_MMIO_NO_LEGACY
#include <linux/virtio_mmio.h>

#include "arch/arch.h"
#include "core/printf.h"
#include "drivers/virtio.h"
#include "mm/page.h"

#define SLOTS_PA    0xfeb00000ul
#define SLOT_LEN    512u
#define SLOTS_FEW   8u
#define SLOTS_MANY  24u
#define MAGIC       0x74726976u /* "virt" */
#define IRQ_SECOND  24u         /* the second I/O APIC's first */
#define IRQ_NO_ACPI 5u
#define IRQ_ACPI    16u

static struct virtio device;
static unsigned device_slot;

static uint32_t get(const struct virtio *v, unsigned reg)
{
    return arch_reg_read32(v->registers + reg);
}

static void put(const struct virtio *v, unsigned reg, uint32_t value)
{
    arch_reg_write32(v->registers + reg, value);
}

static uint64_t mmio_offered(struct virtio *v)
{
    uint64_t high;

    put(v, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    high = get(v, VIRTIO_MMIO_DEVICE_FEATURES);
    put(v, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    return high << 32 | get(v, VIRTIO_MMIO_DEVICE_FEATURES);
}

static unsigned mmio_config(struct virtio *v, unsigned off, unsigned size)
{
    const volatile uint8_t *field = v->registers + VIRTIO_MMIO_CONFIG + off;

    return size == 1 ? arch_reg_read8(field) : arch_reg_read16(field);
}

static void mmio_set_status(struct virtio *v, unsigned status)
{
    put(v, VIRTIO_MMIO_STATUS, status);
}

static unsigned mmio_get_status(struct virtio *v)
{
    return get(v, VIRTIO_MMIO_STATUS);
}

static void mmio_accept(struct virtio *v, uint64_t features)
{
    for (unsigned i = 0; i < 2; i++) {
        put(v, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
        put(v, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32 * i));
    }
}

static unsigned mmio_select(struct virtio *v, unsigned number)
{
    put(v, VIRTIO_MMIO_QUEUE_SEL, number);
    return get(v, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

/* The high half's register follows the low one's. */
static void put_address(const struct virtio *v, unsigned reg, const void *part)
{
    paddr_t pa = page_pa(part);

    put(v, reg, (uint32_t)pa);
    put(v, reg + 4, (uint32_t)(pa >> 32));
}

static int mmio_enable(struct virtio *v, unsigned idx)
{
    const struct virtq *q = &v->queue[idx];

    put(v, VIRTIO_MMIO_QUEUE_NUM, q->len);
    put_address(v, VIRTIO_MMIO_QUEUE_DESC_LOW, q->desc);
    put_address(v, VIRTIO_MMIO_QUEUE_AVAIL_LOW, q->avail);
    put_address(v, VIRTIO_MMIO_QUEUE_USED_LOW, q->used);
    put(v, VIRTIO_MMIO_QUEUE_READY, 1);
    return 0;
}

static void mmio_notify(struct virtio *v, unsigned queue)
{
    put(v, VIRTIO_MMIO_QUEUE_NOTIFY, v->number[queue]);
}

/*
 * The line stays up until everything is acknowledged, and the I/O APIC looks
 * for an edge: so acknowledge first, then look at the queues. An interrupt that
 * comes in between is one too many, but never lost.
 */
static void interrupt(void *arg)
{
    struct virtio *v = arg;
    uint32_t cause = get(v, VIRTIO_MMIO_INTERRUPT_STATUS);

    put(v, VIRTIO_MMIO_INTERRUPT_ACK, cause);
    if (cause)
        v->news(v, cause & VIRTIO_MMIO_INT_CONFIG);
}

static bool is_slot(unsigned slot)
{
    return arch_reg_read32(arch_mmio(SLOTS_PA + slot * SLOT_LEN)) == MAGIC;
}

/* With one I/O APIC the first line depends on whether the machine has ACPI, of
 * which nothing but tables tells: the line that is not the device's may be a
 * stranger's, whose edges then cost a look here. */
static void route(struct virtio *v)
{
    if (is_slot(SLOTS_FEW)) {
        arch_irq_register(IRQ_SECOND + device_slot, interrupt, v);
        return;
    }
    arch_irq_register(IRQ_ACPI + device_slot, interrupt, v);
    arch_irq_register(IRQ_NO_ACPI + device_slot, interrupt, v);
}

static int mmio_start(struct virtio *v, uint64_t accepted)
{
    route(v);
    return virtio_start_registers(v, accepted);
}

static const struct virtio_ops mmio_ops = {
    .offered = mmio_offered,
    .config = mmio_config,
    .start = mmio_start,
    .notify = mmio_notify,
    .stop = virtio_stop_registers,
    .set_status = mmio_set_status,
    .get_status = mmio_get_status,
    .accept = mmio_accept,
    .select = mmio_select,
    .enable = mmio_enable,
};

struct virtio *virtio_mmio_find(unsigned id)
{
    struct virtio *v = &device;

    for (unsigned i = 0; i < SLOTS_MANY && is_slot(i); i++) {
        v->registers = arch_mmio(SLOTS_PA + i * SLOT_LEN);
        if (get(v, VIRTIO_MMIO_DEVICE_ID) != id)
            continue;
        if (get(v, VIRTIO_MMIO_VERSION) != 2) {
            kprintf("the virtio device %u speaks the protocol from before "
                    "virtio 1.0; give QEMU "
                    "-global virtio-mmio.force-legacy=false",
                    id);
            return NULL;
        }
        device_slot = i;
        v->ops = &mmio_ops;
        return v;
    }
    return NULL;
}
