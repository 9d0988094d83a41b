/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_monitor_test.c - the monitor's record as a virtio device.
 */
/* unit: kernel/drivers/virtio.c kernel/drivers/virtq.c */
#include "drivers/virtio_monitor.c"

#include "drivers/fake_memory.h"
#include "tests/unit.h"

static struct monitor_net record;
static bool has_record = true;
static int64_t call_result;
static unsigned calls, port, news_seen;
static uint32_t port_value;

void (*hypercall_net_hook)(void);

bool hypercall_present(void)
{
    return true;
}

struct monitor_net *hypercall_net(void)
{
    return has_record ? &record : NULL;
}

int64_t hypercall_call(uint32_t nr, uint64_t arg0, uint64_t arg1, uint64_t arg2)
{
    (void)arg0, (void)arg1, (void)arg2;
    CHECK_EQ(nr, HYPERCALL_NET_START);
    calls++;
    return call_result;
}

void arch_out32(uint16_t to, uint32_t value)
{
    port = to;
    port_value = value;
}

struct virtio *virtio_pci_find(unsigned id, bool *has_pci_out)
{
    (void)id, (void)has_pci_out;
    abort();
}

struct virtio *virtio_mmio_find(unsigned id)
{
    (void)id;
    abort();
}

static void news(struct virtio *v, bool is_config_changed)
{
    CHECK(v == &device);
    news_seen += is_config_changed ? 100 : 1;
}

static struct virtio *find(void)
{
    struct virtio *v;

    record.offered = 0x123456789;
    record.status = VIRTIO_NET_S_LINK_UP;
    record.mtu = 1400;
    record.queue_len_max = 64;
    record.mac[5] = 9;
    v = virtio_find(VIRTIO_ID_NET);
    REQUIRE(v != NULL);
    virtio_want_queue(v, 0, 256);
    virtio_want_queue(v, 1, 32);
    v->news = news;
    return v;
}

TEST(one_call_starts_it)
{
    struct virtio *v = find();

    CHECK_EQ(calls, 0);
    CHECK_EQ(v->ops->offered(v), record.offered);
    CHECK_EQ(v->ops->start(v, 0x1), 0);
    CHECK_EQ(calls, 1);
    CHECK_EQ(record.accepted, 1);
    CHECK_EQ(record.queue[0].len, 64);
    CHECK_EQ(record.queue[1].len, 32);
    CHECK_EQ(record.queue[1].used_pa, (uintptr_t)v->queue[1].used);
    v->ops->notify(v, 1);
    CHECK_EQ(port, MONITOR_NET_PORT);
    CHECK_EQ(port_value, 1);
}

TEST(configuration_and_link)
{
    struct virtio *v = find();
    unsigned status = offsetof(struct virtio_net_config, status);

    CHECK_EQ(v->ops->config(v, 5, 1), 9);
    CHECK_EQ(v->ops->config(v, 100, 1), 0);
    CHECK_EQ(v->ops->config(v, offsetof(struct virtio_net_config, mtu), 2),
             1400);
    CHECK_EQ(v->ops->config(v, status, 2), VIRTIO_NET_S_LINK_UP);
    CHECK_EQ(v->ops->start(v, 0), 0);
    hypercall_net_hook();
    CHECK_EQ(news_seen, 1);
    record.status = 0;
    hypercall_net_hook();
    CHECK_EQ(news_seen, 101);
    CHECK_EQ(v->ops->config(v, status, 2), 0);
    hypercall_net_hook();
    CHECK_EQ(news_seen, 102);
}

TEST(no_device_or_another)
{
    has_record = false;
    CHECK(virtio_find(VIRTIO_ID_NET) == NULL);
    has_record = true;
    CHECK(virtio_find(VIRTIO_ID_BLOCK) == NULL);
}

TEST(a_monitor_that_refuses)
{
    struct virtio *v = find();

    call_result = -EINVAL;
    CHECK_EQ(v->ops->start(v, 0), -EIO);
}
