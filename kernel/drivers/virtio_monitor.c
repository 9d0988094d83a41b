/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_monitor.c - the network device of Samara's monitor, which has a record
 * where others have registers (abi/monitor_net.h).
 */
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>

#include "abi/monitor_net.h"
#include "arch/arch.h"
#include "drivers/hypercall.h"
#include "drivers/virtio.h"
#include "mm/page.h"

static struct virtio device;
static uint32_t status_seen;

static uint32_t link_status(void)
{
    return __atomic_load_n(&hypercall_net()->status, __ATOMIC_ACQUIRE);
}

static uint64_t monitor_offered(struct virtio *v)
{
    (void)v;
    return hypercall_net()->offered;
}

static unsigned monitor_config(struct virtio *v, unsigned off, unsigned size)
{
    const struct monitor_net *net = hypercall_net();

    (void)v, (void)size;
    if (off == offsetof(struct virtio_net_config, status))
        return (uint16_t)(status_seen = link_status());
    if (off == offsetof(struct virtio_net_config, mtu))
        return net->mtu;
    return off < sizeof(net->mac) ? net->mac[off] : 0;
}

/* The event does not say what it is about. */
static void event(void)
{
    device.news(&device, link_status() != status_seen);
}

static int monitor_start(struct virtio *v, uint64_t accepted)
{
    struct monitor_net *net = hypercall_net();

    for (unsigned i = 0; i < v->queue_count; i++) {
        struct virtq *q = &v->queue[i];
        int err = virtio_make_queue(v, i, net->queue_len_max, accepted);

        if (err)
            return err;
        net->queue[i] = (struct monitor_net_queue){
            .desc_pa = page_pa(q->desc),
            .avail_pa = page_pa(q->avail),
            .used_pa = page_pa(q->used),
            .len = q->len,
        };
    }
    net->accepted = accepted;
    hypercall_net_hook = event;
    return hypercall_call(HYPERCALL_NET_START, 0, 0, 0) == 0 ? 0 : -EIO;
}

static void monitor_notify(struct virtio *v, unsigned queue)
{
    (void)v;
    arch_out32(MONITOR_NET_PORT, queue);
}

static void monitor_stop(struct virtio *v)
{
    (void)v; /* it keeps what it was lent */
}

static const struct virtio_ops monitor_ops = {
    .offered = monitor_offered,
    .config = monitor_config,
    .start = monitor_start,
    .notify = monitor_notify,
    .stop = monitor_stop,
};

struct virtio *virtio_monitor_find(unsigned id)
{
    if (id != VIRTIO_ID_NET || !hypercall_net())
        return NULL;
    device.ops = &monitor_ops;
    device.looks_at_halt = true;
    return &device;
}
