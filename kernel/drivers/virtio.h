/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio.h - a virtio device, whatever bus it is on.
 *
 * What:      three transports: Samara's monitor (abi/monitor_net.h), PCI
 *            (virtio 1.2, 4.1) and memory-mapped registers (4.2). A driver
 *            finds its device, chooses features, starts it, and then has its
 *            queues. Nothing is touched before virtio_find().
 * Ownership: a device is static data of its transport's and stays.
 * Context:   under the kernel lock; never sleeps. `news` is called by
 *            arch_irq_poll().
 * Errors:    -errno per function; what keeps a device from being used is also
 *            said on the console.
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include <linux/virtio_config.h>

#include "core/types.h"
#include "drivers/virtq.h"

#define VIRTIO_QUEUES_MAX 9u /* four pairs, and one for commands */
#define VIRTIO_BIT(n)     (1ull << (n))

struct virtio;

struct virtio_ops {
    uint64_t (*offered)(struct virtio *v); /* feature bits */
    /* One field of the device's configuration, of 1 or 2 bytes. */
    unsigned (*config)(struct virtio *v, unsigned off, unsigned size);
    /* Reset, negotiate, make and hand over v->queue[0..queue_count).
     * -ENOMEM, -EIO the device does not want to */
    int (*start)(struct virtio *v, uint64_t accepted);
    /* There is something new in queue[queue]. */
    void (*notify)(struct virtio *v, unsigned queue);
    /* It must not touch memory any more, as far as it can be told. */
    void (*stop)(struct virtio *v);

    /* What virtio_start_registers() is made of. */
    void (*set_status)(struct virtio *v, unsigned status);
    unsigned (*get_status)(struct virtio *v);
    void (*accept)(struct virtio *v, uint64_t features);
    /* What is done next is about the device's queue of that number; -> its
     * greatest length. */
    unsigned (*select)(struct virtio *v, unsigned number);
    int (*enable)(struct virtio *v, unsigned idx); /* -EIO */
};

struct virtio {
    const struct virtio_ops *ops;
    /* Set by the driver before the start: virtio_want_queue(). */
    unsigned queue_count;
    unsigned queue_len[VIRTIO_QUEUES_MAX]; /* powers of two */
    uint16_t number[VIRTIO_QUEUES_MAX];    /* as the device counts them */
    void (*news)(struct virtio *v, bool is_config_changed);
    bool looks_at_halt; /* as in netdev.h */

    struct virtq queue[VIRTIO_QUEUES_MAX];
    volatile uint8_t *registers; /* the transport's */
};

/* The first device of that kind (VIRTIO_ID_*) on this machine, or NULL. */
struct virtio *virtio_find(unsigned id);

/* The next of the queues to start with: which of the device's, and how long it
 * is to be. -> where it will be */
static inline struct virtq *virtio_want_queue(struct virtio *v, unsigned number,
                                              unsigned len)
{
    unsigned idx = v->queue_count++;

    v->number[idx] = (uint16_t)number;
    v->queue_len[idx] = len;
    return &v->queue[idx];
}

/* ---- for transports ---- */

struct virtio *virtio_monitor_find(unsigned id);
struct virtio *virtio_mmio_find(unsigned id);
/* has_pci_out: there is a PCI bus, whether it has the device or not. */
struct virtio *virtio_pci_find(unsigned id, bool *has_pci_out);

/* Make queue[idx], as long as wanted or as the device can. -ENOMEM, -EIO */
MUST_CHECK int virtio_make_queue(struct virtio *v, unsigned idx,
                                 unsigned len_max, uint64_t accepted);
/* virtio_ops.start and .stop by registers: virtio 1.2, 3.1.1. */
MUST_CHECK int virtio_start_registers(struct virtio *v, uint64_t accepted);
void virtio_stop_registers(struct virtio *v);

#endif
