/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_net.h - what the two halves of the network driver share.
 *
 * What:      virtio_net.c is the driver, of one pair of queues at a time;
 *            virtio_net_queues.c asks for several pairs (virtio 1.2, 5.1.5) and
 *            stands between them and the protocols.
 * Ownership: static state; this machine has one network device.
 * Context:   under the kernel lock; never sleeps.
 * Units:     rx_ counts of buffers are in netbuf.h's units.
 */
#ifndef DRIVERS_VIRTIO_NET_H
#define DRIVERS_VIRTIO_NET_H

#include <linux/virtio_net.h>

#include "arch/arch.h"
#include "core/types.h"
#include "drivers/netbuf.h"
#include "drivers/netdev.h"
#include "drivers/virtio.h"

#define NIC_PAIRS_MAX ((VIRTIO_QUEUES_MAX - 1) / 2)
#define NIC_FILL_MIN  48u /* units: a frame of 64 KiB takes 34 */

struct nic_header;

/* For so many pairs: virtio 1.2, 5.1.6.5.5. */
struct nic_command {
    struct virtio_net_ctrl_hdr header;
    struct virtio_net_ctrl_mq pairs;
    virtio_net_ctrl_ack answer;
};

/* Queues 2n and 2n + 1. */
struct nic_pair {
    /* What the operations of virtio_net_ops are given. The first pair's is the
     * interface that the protocols have. */
    struct netdev dev;
    struct virtq *rx, *tx;
    struct nic_header *headers; /* by the chain's head */
    unsigned idx;
    unsigned rx_has;   /* units of buffers that the device has ... */
    unsigned rx_fill;  /* ... and is to have */
    unsigned rx_taken; /* units used in this poll */
    unsigned rx_used;  /* most of them used in one poll ... */
    unsigned rx_polls; /* ... of this many */
    int frame_len;     /* of those received, on average */
    enum netbuf_size rx_size;
    bool is_armed; /* an interrupt was asked for */
};

extern struct nic {
    struct nic_pair pair[NIC_PAIRS_MAX];
    unsigned pair_count;
    struct virtio *virtio; /* NULL: none, or not looked for yet */
    void (*pending)(struct netdev *dev);
    uint64_t accepted;
    bool is_looked_for, is_open, is_stopped, is_config_changed;
    bool is_merging;    /* frames of several buffers may come */
    uint64_t image_off; /* static data's virtual address - physical one */
    struct netbuf_pool pool;

    /* For several pairs. */
    struct nic_command *command;
    struct virtq *control;
    unsigned offered_count; /* pairs */
    unsigned turn;          /* whose it is to be polled first */
    bool is_asking;         /* no answer yet: only the first pair is in use */
} nic;

static inline struct nic_pair *nic_pair_of(struct netdev *dev)
{
    return CONTAINER_OF(dev, struct nic_pair, dev);
}

/* For one pair. */
extern const struct netdev_ops virtio_net_ops;

/* Use the device no more: it lies about what it has `what`. */
void virtio_net_stop(const char *what);
/* Lend the device as many buffers as the pair is to have. */
void virtio_net_fill(struct nic_pair *p);
/* Take back what was sent. */
static inline void nic_reap(struct nic_pair *p)
{
    struct netdev *interface = &nic.pair[0].dev;
    uint32_t len;
    void *cookie;
    int found;

    while ((found = virtq_take(p->tx, &cookie, &len)) > 0)
        interface->events->sent(interface, cookie);
    if (found < 0)
        virtio_net_stop("sent");
}

/* The same, where it is seldom done: who only sends never polls. */
ARCH_SELDOM void virtio_net_reap(struct nic_pair *p);

/* A poll has nothing to do. */
static inline bool nic_has_nothing(const struct nic_pair *p)
{
    return !nic.is_stopped && !virtq_has_used(p->rx) &&
           !virtq_has_used(p->tx) && !p->is_armed && !p->dev.is_short &&
           !nic.is_config_changed;
}

/* ---- several pairs ---- */

/* How many there are to be, into nic.pair_count. -> the features that more than
 * one need besides `accepted`; none for one. */
uint64_t queues_choose(uint64_t offered, uint64_t accepted);
/* Before the device is started: the queue that commands go into. -ENOMEM */
MUST_CHECK int queues_prepare(void);
/* The device runs: ask it for the other pairs. */
void queues_ask(void);

#endif
