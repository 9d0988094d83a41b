/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_mmio_test.c - finding and starting a virtio device in microvm's slots.
 *
 * Method: the slots are plain memory with a magic number each, one of them with
 * a device; lines that are routed are noted.
 */
/* unit: kernel/drivers/virtio.c kernel/drivers/virtq.c */
#include <linux/virtio_ids.h>

#include "drivers/virtio_mmio.c"

#include "drivers/fake_memory.h"
#include "drivers/fake_pci.h"
#include "drivers/hypercall.h"
#include "tests/unit.h"

static unsigned lines[4], line_count, news_seen;
static void (*handler)(void *arg);

bool hypercall_present(void)
{
    return false;
}

struct virtio *virtio_monitor_find(unsigned id)
{
    (void)id;
    abort();
}

static bool has_pci;

struct virtio *virtio_pci_find(unsigned id, bool *has_pci_out)
{
    (void)id;
    *has_pci_out = has_pci;
    return NULL;
}

void arch_irq_register(unsigned irq, void (*fn)(void *arg), void *arg)
{
    CHECK(arg == &device);
    REQUIRE(line_count < ARRAY_LEN(lines));
    lines[line_count++] = irq;
    handler = fn;
}

static uint8_t *slot(unsigned i)
{
    return fake_registers + (SLOTS_PA - FAKE_REGISTERS_PA) + i * SLOT_LEN;
}

static void set(unsigned i, unsigned reg, uint32_t value)
{
    memcpy(slot(i) + reg, &value, 4);
}

static uint32_t value_of(unsigned i, unsigned reg)
{
    uint32_t value;

    memcpy(&value, slot(i) + reg, 4);
    return value;
}

static struct virtio *machine(unsigned slots, unsigned with_device)
{
    for (unsigned i = 0; i < slots; i++)
        set(i, VIRTIO_MMIO_MAGIC_VALUE, MAGIC);
    set(with_device, VIRTIO_MMIO_DEVICE_ID, VIRTIO_ID_NET);
    set(with_device, VIRTIO_MMIO_VERSION, 2);
    set(with_device, VIRTIO_MMIO_QUEUE_NUM_MAX, 1024);
    return virtio_find(VIRTIO_ID_NET);
}

static void news(struct virtio *v, bool is_config_changed)
{
    CHECK(v == &device);
    news_seen += is_config_changed ? 100 : 1;
}

TEST(finds_and_starts_in_the_last_slot)
{
    struct virtio *v = machine(24, 23);

    REQUIRE(v != NULL);
    CHECK(virtio_want_queue(v, 0, 128) == &v->queue[0]);
    CHECK(virtio_want_queue(v, 4, 128) == &v->queue[1]);
    v->news = news;
    CHECK_EQ(v->ops->start(v, VIRTIO_BIT(VIRTIO_F_VERSION_1)), 0);
    CHECK_EQ(line_count, 1);
    CHECK_EQ(lines[0], 24 + 23);
    CHECK_EQ(value_of(23, VIRTIO_MMIO_STATUS), 0xf);
    CHECK_EQ(value_of(23, VIRTIO_MMIO_QUEUE_SEL), 4);
    CHECK_EQ(value_of(23, VIRTIO_MMIO_QUEUE_NUM), 128);
    CHECK_EQ(value_of(23, VIRTIO_MMIO_QUEUE_READY), 1);
    CHECK_EQ(value_of(23, VIRTIO_MMIO_QUEUE_USED_LOW),
             (uint32_t)(uintptr_t)v->queue[1].used);
    CHECK_EQ(value_of(23, VIRTIO_MMIO_QUEUE_USED_HIGH),
             (uintptr_t)v->queue[1].used >> 32);
    v->ops->notify(v, 1);
    CHECK_EQ(value_of(23, VIRTIO_MMIO_QUEUE_NOTIFY), 4);
}

TEST(interrupts_are_acknowledged)
{
    struct virtio *v = machine(24, 5);

    REQUIRE(v != NULL);
    v->news = news;
    CHECK_EQ(v->ops->start(v, 0), 0);
    handler(v); /* a stranger's edge */
    CHECK_EQ(news_seen, 0);
    set(5, VIRTIO_MMIO_INTERRUPT_STATUS, 1);
    handler(v);
    CHECK_EQ(value_of(5, VIRTIO_MMIO_INTERRUPT_ACK), 1);
    CHECK_EQ(news_seen, 1);
    set(5, VIRTIO_MMIO_INTERRUPT_STATUS, 2);
    handler(v);
    CHECK_EQ(news_seen, 101);
}

TEST(one_io_apic)
{
    struct virtio *v = machine(8, 3);

    REQUIRE(v != NULL);
    CHECK_EQ(v->ops->start(v, 0), 0);
    CHECK_EQ(line_count, 2);
    CHECK_EQ(lines[0] + lines[1], 16 + 3 + 5 + 3);
}

TEST(another_device)
{
    struct virtio *v;

    machine(24, 7);
    set(7, VIRTIO_MMIO_DEVICE_ID, VIRTIO_ID_BLOCK);
    v = virtio_find(VIRTIO_ID_NET);
    CHECK(v == NULL);
    CHECK_EQ(fake_lines, 0);
}

TEST(from_before_virtio_1)
{
    machine(24, 7);
    set(7, VIRTIO_MMIO_VERSION, 1);
    CHECK(virtio_find(VIRTIO_ID_NET) == NULL);
    CHECK_EQ(fake_lines, 1);
}

TEST(not_where_there_is_pci)
{
    has_pci = true;
    CHECK(machine(24, 7) == NULL);
}

TEST(not_on_any_other_machine)
{
    CHECK(virtio_find(VIRTIO_ID_NET) == NULL);
}

TEST(a_queue_that_does_not_exist)
{
    struct virtio *v = machine(24, 5);

    REQUIRE(v != NULL);
    virtio_want_queue(v, 0, 128);
    set(5, VIRTIO_MMIO_QUEUE_NUM_MAX, 1);
    CHECK_EQ(v->ops->start(v, 0), -EIO);
    CHECK_EQ(value_of(5, VIRTIO_MMIO_STATUS), 0);
}

TEST(no_memory_for_queues)
{
    struct virtio *v = machine(24, 5);

    REQUIRE(v != NULL);
    virtio_want_queue(v, 0, 128);
    fake_pages_left = 0;
    CHECK_EQ(v->ops->start(v, 0), -ENOMEM);
    CHECK_EQ(value_of(5, VIRTIO_MMIO_STATUS), 0);
}
