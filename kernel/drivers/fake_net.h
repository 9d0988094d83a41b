/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_net.h - what the tests of virtio_net.c stand on, on the host: a
 * transport with registers, and the device's side of the queues, which can lie.
 *
 * What:      fake_offered, fake_config and fake_queue_max say what the device
 *            is; fake_rx() and fake_tx() play it honestly, fake_use() as one
 *            likes; fake_pair says for which pair of queues. What the driver
 *            hands upwards is counted in fake_up.
 * Context:   unit tests and the fuzz harness, included once by each, behind
 *            virtio_net.c.
 */
#ifndef DRIVERS_FAKE_NET_H
#define DRIVERS_FAKE_NET_H

#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdlib.h>

#include "drivers/fake_memory.h"
#include "drivers/hypercall.h"
#include "drivers/netbuf.h"
#include "drivers/virtio.h"

#define FAKE_FRAME_MAX 70000u

bool hypercall_present(void)
{
    return false;
}

static unsigned fake_cpus = 1;

unsigned arch_cpu_count(void)
{
    return fake_cpus;
}

struct virtio *virtio_monitor_find(unsigned id)
{
    (void)id;
    return NULL;
}

/* ---- the transport ---- */

static struct virtio fake_device;
static uint64_t fake_offered, fake_accepted;
static struct virtio_net_config fake_config;
static unsigned fake_queue_max = 1024, fake_status, fake_enabled;
static unsigned fake_notified[VIRTIO_QUEUES_MAX];
static bool fake_refuses_features;
static uint16_t fake_seen[VIRTIO_QUEUES_MAX];     /* chains that it has taken */
static unsigned fake_selected[VIRTIO_QUEUES_MAX]; /* numbers, in order */
static unsigned fake_select_count, fake_pair, fake_queue_from = 0x10000;

static uint64_t fake_get_offered(struct virtio *v)
{
    (void)v;
    return fake_offered;
}

static unsigned fake_get_config(struct virtio *v, unsigned off, unsigned size)
{
    uint16_t value = 0;

    (void)v;
    if (size > sizeof(value) || off + size > sizeof(fake_config))
        abort();
    memcpy(&value, (uint8_t *)&fake_config + off, size);
    return value;
}

static void fake_notify(struct virtio *v, unsigned queue)
{
    if (v != &fake_device || queue >= v->queue_count)
        abort();
    fake_notified[queue]++;
}

static void fake_set_status(struct virtio *v, unsigned status)
{
    (void)v;
    if (fake_refuses_features)
        status &= ~(unsigned)VIRTIO_CONFIG_S_FEATURES_OK;
    fake_status = status;
}

static unsigned fake_get_status(struct virtio *v)
{
    (void)v;
    return fake_status;
}

static void fake_accept(struct virtio *v, uint64_t features)
{
    (void)v;
    fake_accepted = features;
}

static unsigned fake_select(struct virtio *v, unsigned number)
{
    (void)v;
    fake_selected[fake_select_count++ % VIRTIO_QUEUES_MAX] = number;
    return number < fake_queue_from ? fake_queue_max : 0;
}

static int fake_enable(struct virtio *v, unsigned idx)
{
    (void)v;
    fake_enabled |= 1u << idx;
    return 0;
}

static const struct virtio_ops fake_ops = {
    .offered = fake_get_offered,
    .config = fake_get_config,
    .start = virtio_start_registers,
    .notify = fake_notify,
    .stop = virtio_stop_registers,
    .set_status = fake_set_status,
    .get_status = fake_get_status,
    .accept = fake_accept,
    .select = fake_select,
    .enable = fake_enable,
};

struct virtio *virtio_pci_find(unsigned id, bool *has_pci_out)
{
    (void)id;
    *has_pci_out = false;
    return NULL;
}

struct virtio *virtio_mmio_find(unsigned id)
{
    if (id != VIRTIO_ID_NET)
        abort();
    fake_device.ops = &fake_ops;
    return &fake_device;
}

/* ---- the device's side of a queue ---- */

static inline struct virtq *fake_queue(unsigned idx)
{
    return &fake_device.queue[idx];
}

/* Chains that the driver has shown and the device has not taken. */
static inline unsigned fake_waiting(unsigned idx)
{
    return (uint16_t)(fake_queue(idx)->avail->idx - fake_seen[idx]);
}

static inline uint16_t fake_next_head(unsigned idx)
{
    struct virtq *q = fake_queue(idx);

    return q->avail->ring[fake_seen[idx]++ & (q->len - 1)];
}

/* Is a chain still the device's? What it writes to memory that it has given
 * back by a lie nobody could keep it from. */
static inline bool fake_has(unsigned idx, uint16_t head)
{
    return fake_queue(idx)->slots[head].count > 0;
}

/* Say anything in the used ring; shown at once. */
static inline void fake_use(unsigned idx, uint32_t id, uint32_t len)
{
    struct virtq *q = fake_queue(idx);
    struct vring_used_elem *e = &q->used->ring[q->used->idx & (q->len - 1)];

    e->id = id;
    e->len = len;
    q->used->idx++;
}

/* How many of the buffers that come next so many bytes need; 0: there are not
 * so many. */
static inline unsigned fake_needs(size_t len)
{
    const unsigned idx = 2 * fake_pair;
    const struct virtq *q = fake_queue(idx);
    unsigned count = 0;

    while (len > 0 && count < fake_waiting(idx)) {
        uint16_t at = (uint16_t)(fake_seen[idx] + count++);

        len -= MIN(len, (size_t)q->desc[q->avail->ring[at & (q->len - 1)]].len);
    }
    return len ? 0 : count;
}

/* A frame arrives, after a header, in as many buffers as it needs. -> those,
 * 0: there are not so many. */
static inline unsigned fake_rx(const void *frame, size_t len,
                               struct virtio_net_hdr_v1 header)
{
    const unsigned idx = 2 * fake_pair;
    struct virtq *q = fake_queue(idx);
    size_t whole = sizeof(header) + len, at = 0;
    unsigned count = fake_needs(whole);
    uint8_t *bytes = malloc(whole);
    uint32_t ids[64], lens[64];

    if (count == 0 || count > ARRAY_LEN(ids)) {
        free(bytes);
        return 0;
    }
    header.num_buffers = (uint16_t)count;
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), frame, len);
    for (unsigned i = 0; i < count; i++) {
        uint16_t head = fake_next_head(idx);
        struct vring_desc *d = &q->desc[head];

        if (!(d->flags & VRING_DESC_F_WRITE) || d->flags & VRING_DESC_F_NEXT)
            abort();
        ids[i] = head;
        lens[i] = (uint32_t)MIN(whole - at, (size_t)d->len);
        if (fake_has(idx, head))
            memcpy((void *)d->addr, bytes + at, lens[i]);
        at += lens[i];
    }
    free(bytes);
    for (unsigned i = 0; i < count; i++)
        fake_use(idx, ids[i], lens[i]);
    return count;
}

/* Take a frame that was sent: header and bytes. -> its length, 0 none. */
static inline size_t fake_tx(uint16_t *head_out, uint8_t *bytes)
{
    const unsigned idx = 2 * fake_pair + 1;
    struct virtq *q = fake_queue(idx);
    size_t len = 0;
    uint16_t at;

    if (fake_waiting(idx) == 0)
        return 0;
    at = *head_out = fake_next_head(idx);
    for (unsigned i = 0;; i++) {
        const struct vring_desc *d = &q->desc[at];

        if (i == q->len || d->flags & VRING_DESC_F_WRITE ||
            len + d->len > FAKE_FRAME_MAX)
            abort();
        memcpy(bytes + len, (const void *)d->addr, d->len);
        len += d->len;
        if (!(d->flags & VRING_DESC_F_NEXT))
            return len;
        at = d->next;
    }
}

/* ---- the protocols ---- */

static struct {
    unsigned frames, bytes, sent, link_changes, pending;
    struct netbuf *kept; /* the last frame, if keep is set */
    struct netdev_offload offload;
    void *cookie; /* of the last one sent */
    bool keep;
} fake_up;

static void fake_received(struct netdev *dev, struct netbuf *chain,
                          const struct netdev_offload *offload)
{
    fake_up.frames++;
    fake_up.offload = *offload;
    for (struct netbuf *b = chain; b; b = b->next) {
        if (b->len == 0 || b->data < netbuf_start(b) ||
            b->data + b->len > netbuf_start(b) + b->room)
            abort();
        fake_up.bytes += b->len;
        for (unsigned i = 0; i < 8; i++)
            b->upper[i] = i;
    }
    if (fake_up.keep) {
        struct netbuf *last = chain;

        while (last->next)
            last = last->next;
        last->next = fake_up.kept;
        fake_up.kept = chain;
    } else {
        dev->ops->give_back(dev, chain);
    }
}

static void fake_sent(struct netdev *dev, void *cookie)
{
    (void)dev;
    fake_up.sent++;
    fake_up.cookie = cookie;
}

static void fake_link_changed(struct netdev *dev)
{
    (void)dev;
    fake_up.link_changes++;
}

static void fake_pending(struct netdev *dev)
{
    (void)dev;
    fake_up.pending++;
}

static const struct netdev_events fake_events = { fake_received, fake_sent,
                                                  fake_link_changed };

#define FAKE_ALL                                      \
    (WANTED & ~VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM) & \
     ~VIRTIO_BIT(VIRTIO_NET_F_MTU))

/* An interface that is open, or NULL. */
static inline struct netdev *fake_open(uint64_t offered)
{
    struct netdev *dev;

    fake_offered = offered;
    fake_config.status = VIRTIO_NET_S_LINK_UP;
    dev = netdev_get();
    if (!dev)
        return NULL;
    netdev_set_pending(fake_pending);
    dev->events = &fake_events;
    return dev->ops->open(dev) == 0 ? dev : NULL;
}

#endif
