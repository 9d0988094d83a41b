/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_pci_fuzz.c - any configuration space and any registers: a device is
 * found and started, or not, and nothing outside of its registers is touched.
 *
 * Input: 256 bytes of one function's configuration, then registers.
 */
/* unit: kernel/drivers/pci.c kernel/drivers/virtio.c kernel/drivers/virtq.c */
#include "drivers/virtio_pci.c"

#include "drivers/fake_memory.h"
#include "drivers/fake_pci.h"
#include "drivers/hypercall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define DEVFN         8u
#define REGISTERS_MAX 65536u

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
    abort(); /* there is a bus */
}

static void news(struct virtio *v, bool is_config_changed)
{
    (void)v, (void)is_config_changed;
}

static void start_anew(void)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
        free(device.queue[i].slots);
    while (fake_page_count > 0)
        free(fake_pages[--fake_page_count].p);
    fake_pages_left = FAKE_PAGES_MAX;
    memset(&device, 0, sizeof(device));
    memset(&pci, 0, sizeof(pci));
    memset(fake_registers, 0, REGISTERS_MAX);
    fake_pci_clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t config = MIN(len, (size_t)FAKE_CONFIG_LEN);
    struct virtio *v;

    start_anew();
    memcpy(fake_pci_space[DEVFN], data, config);
    memcpy(fake_registers, data + config,
           MIN(len - config, (size_t)REGISTERS_MAX));
    v = virtio_find(VIRTIO_ID_NET);
    if (!v)
        return 0;
    v->queue_count = 0;
    virtio_want_queue(v, 0, 256);
    virtio_want_queue(v, 1, 256);
    v->news = news;
    for (unsigned off = 0; off < 64; off++)
        v->ops->config(v, off, 1 + off % 2);
    if (v->ops->start(v, v->ops->offered(v)) == 0) {
        v->ops->notify(v, 0);
        v->ops->notify(v, 1);
    }
    v->ops->stop(v);
    return 0;
}
