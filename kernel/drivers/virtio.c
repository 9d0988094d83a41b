/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio.c - finding a device, and what transports with registers share.
 */
#include "drivers/virtio.h"

#include "arch/arch.h"
#include "core/printf.h"
#include "drivers/hypercall.h"

#define RESET_SPINS 100000u

/* A PC with a PCI bus may have anything at the addresses where a machine
 * without one has virtio's registers, so only the latter is searched there. */
struct virtio *virtio_find(unsigned id)
{
    struct virtio *v;
    bool has_pci;

    if (hypercall_present())
        return virtio_monitor_find(id);
    v = virtio_pci_find(id, &has_pci);
    return v || has_pci ? v : virtio_mmio_find(id);
}

int virtio_make_queue(struct virtio *v, unsigned idx, unsigned len_max,
                      uint64_t accepted)
{
    unsigned len = v->queue_len[idx];

    while (len > len_max)
        len /= 2;
    if (len < 2)
        return -EIO;
    return virtq_create(&v->queue[idx], len,
                        accepted & VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX));
}

static int reset(struct virtio *v)
{
    v->ops->set_status(v, 0);
    for (unsigned i = 0; i < RESET_SPINS; i++)
        if (v->ops->get_status(v) == 0)
            return 0;
    return -EIO;
}

int virtio_start_registers(struct virtio *v, uint64_t accepted)
{
    unsigned status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
    int err = reset(v);

    if (err)
        return err;
    v->ops->set_status(v, status);
    v->ops->accept(v, accepted);
    status |= VIRTIO_CONFIG_S_FEATURES_OK;
    v->ops->set_status(v, status);
    if (!(v->ops->get_status(v) & VIRTIO_CONFIG_S_FEATURES_OK))
        return -EIO;
    for (unsigned i = 0; i < v->queue_count && !err; i++) {
        err =
            virtio_make_queue(v, i, v->ops->select(v, v->number[i]), accepted);
        if (!err)
            err = v->ops->enable(v, i);
    }
    if (!err)
        v->ops->set_status(v, status | VIRTIO_CONFIG_S_DRIVER_OK);
    else
        (void)reset(v);
    return err;
}

void virtio_stop_registers(struct virtio *v)
{
    (void)reset(v); /* one that does not obey is not used any more either */
}
