/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_net_queues.c - several pairs of queues of one network device (virtio
 * 1.2, 5.1.5 and 5.1.6.5.5), for a guest of several CPUs.
 *
 * What they give: a host with a thread for each pair (vhost-net) copies for
 * several connections at once. The guest serves all pairs in turn, since
 * TCP/IP above them runs under one lock; so one interrupt is all of theirs.
 *
 * A connection's frames are all sent on one pair, which Linux's tap takes as a
 * wish for where to put its answers. What is no TCP or UDP goes to the first.
 *
 * The device has one pair until it has answered that it takes the others, which
 * is noticed when somebody polls: nobody waits for it. Until then the others
 * have no buffers, and a device that refuses is one with one pair.
 */
#include "arch/arch.h"
#include "core/errno.h"
#include "core/printf.h"
#include "drivers/virtio_net.h"
#include "mm/heap.h"
#include "mm/page.h"

#define CONTROL_LEN 4u /* one command: three buffers */
#define HASH        0x9e3779b97f4a7c15ull

static const uint64_t needed =
    VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ) | VIRTIO_BIT(VIRTIO_NET_F_MQ);
static struct netdev *const interface = &nic.pair[0].dev;

static unsigned pairs_offered(void)
{
    struct virtio *v = nic.virtio;
    size_t off = offsetof(struct virtio_net_config, max_virtqueue_pairs);

    return v->ops->config(v, (unsigned)off, sizeof(uint16_t));
}

/* Without checksums to be filled in, frames would not say whose they are. With
 * the greatest number that is allowed, the control queue would have none. */
uint64_t queues_choose(uint64_t offered, uint64_t accepted)
{
    unsigned count = MIN(arch_cpu_count(), NIC_PAIRS_MAX);

    nic.pair_count = 1;
    count = MIN(count, (unsigned)netbuf_max() / (2 * NIC_FILL_MIN));
    if (count <= 1 || (offered & needed) != needed ||
        !(accepted & VIRTIO_BIT(VIRTIO_NET_F_CSUM)))
        return 0;
    nic.offered_count = pairs_offered();
    if (nic.offered_count < VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN ||
        nic.offered_count >= VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX) {
        kprintf("the network device offers %u pairs of queues; one is used",
                nic.offered_count);
        return 0;
    }
    nic.pair_count = MIN(count, nic.offered_count);
    return nic.pair_count > 1 ? needed : 0;
}

int queues_prepare(void)
{
    nic.command = kzalloc(sizeof(*nic.command));
    if (!nic.command)
        return -ENOMEM;
    nic.control =
        virtio_want_queue(nic.virtio, 2 * nic.offered_count, CONTROL_LEN);
    return 0;
}

/* ---- all pairs as one interface ---- */

/* Which pair a frame is sent on: by the ports, and the bytes before them. */
static struct nic_pair *pair_for(const struct netdev_part *first,
                                 const struct netdev_offload *offload)
{
    const uint8_t *ports = (const uint8_t *)first->data + offload->csum_start;
    uint64_t addresses; /* of IPv4; of IPv6 half of one */
    uint32_t both;

    if (nic.is_asking || !offload->csum_needed ||
        offload->csum_start < sizeof(addresses) ||
        first->len < offload->csum_start + sizeof(both))
        return &nic.pair[0];
    __builtin_memcpy(&addresses, ports - sizeof(addresses), sizeof(addresses));
    __builtin_memcpy(&both, ports, sizeof(both));
    return &nic.pair[((addresses ^ both) * HASH >> 32) % nic.pair_count];
}

static int transmit(struct netdev *dev, const struct netdev_part *parts,
                    unsigned count, const struct netdev_offload *offload,
                    void *cookie)
{
    (void)dev;
    return virtio_net_ops.transmit(&pair_for(parts, offload)->dev, parts, count,
                                   offload, cookie);
}

static void flush(struct netdev *dev)
{
    (void)dev;
    for (unsigned i = 0; i < nic.pair_count; i++)
        virtio_net_ops.flush(&nic.pair[i].dev);
}

/* What each pair says of itself, for all of them. */
static void add_up(void)
{
    unsigned fill = 0;
    bool is_short = false;

    for (unsigned i = 0; i < nic.pair_count; i++) {
        fill += nic.pair[i].rx_fill;
        is_short |= nic.pair[i].dev.is_short;
    }
    nic.pool.keep = fill;
    interface->is_short = is_short;
}

static void take_answer(void)
{
    uint32_t len;
    void *command;
    int found = virtq_take(nic.control, &command, &len);

    if (found == 0)
        return;
    nic.is_asking = false;
    if (found < 0) {
        virtio_net_stop("been asked");
        interface->events->link_changed(interface);
    } else if (nic.command->answer != VIRTIO_NET_OK) {
        kprintf("the network device refuses %u pairs of queues; one is used",
                nic.pair_count);
        nic.pair_count = 1;
        interface->ops = &virtio_net_ops;
    } else {
        for (unsigned i = 1; i < nic.pair_count; i++)
            virtio_net_fill(&nic.pair[i]);
        add_up();
    }
}

/* A pair that has nothing to do is passed by, in a few instructions, and stays
 * armed if it was. */
static bool has_work(const struct nic_pair *p)
{
    return virtq_has_used(p->rx) || virtq_has_used(p->tx) || p->dev.is_short ||
           nic.is_config_changed || nic.is_stopped;
}

/* What is left of the budget is the next pair's; who was first is last then. */
static unsigned poll(struct netdev *dev, unsigned budget)
{
    unsigned frames = 0, at = nic.turn;

    (void)dev;
    if (UNLIKELY(nic.is_asking) && !nic.is_stopped)
        take_answer();
    for (unsigned i = 0; i < nic.pair_count && frames < budget; i++) {
        at = at + 1 < nic.pair_count ? at + 1 : 0;
        if (!has_work(&nic.pair[at]))
            continue;
        frames += virtio_net_ops.poll(&nic.pair[at].dev, budget - frames);
        add_up();
    }
    nic.turn = nic.turn + 1 < nic.pair_count ? nic.turn + 1 : 0;
    /* What the others were to send goes back, too. */
    for (unsigned i = 0; nic.is_stopped && i < nic.pair_count; i++)
        (void)virtio_net_ops.poll(&nic.pair[i].dev, 0);
    return frames;
}

static bool arm_pair(struct nic_pair *p)
{
    /* Nothing was taken from it since it was. */
    if (p->is_armed && p->tx->free_count >= p->tx->len / 2)
        return !virtq_has_used(p->rx);
    return virtio_net_ops.arm(&p->dev);
}

static bool arm(struct netdev *dev)
{
    bool is_idle = !nic.is_config_changed;

    (void)dev;
    if (UNLIKELY(nic.is_stopped))
        return true;
    if (UNLIKELY(nic.is_asking))
        is_idle = virtq_ask(nic.control, 0) && is_idle;
    for (unsigned i = 0; i < nic.pair_count && is_idle; i++)
        is_idle = arm_pair(&nic.pair[i]);
    return is_idle;
}

/* Buffers are of all pairs; those that have none at all are given some. */
static void give_back(struct netdev *dev, struct netbuf *chain)
{
    virtio_net_ops.give_back(dev, chain);
    for (unsigned i = 1; i < nic.pair_count && !nic.is_asking; i++)
        virtio_net_ops.give_back(&nic.pair[i].dev, NULL);
}

/* Once it is open. */
static const struct netdev_ops many_ops = {
    .transmit = transmit,
    .flush = flush,
    .poll = poll,
    .arm = arm,
    .give_back = give_back,
};

/* ---- asking for them ---- */

void queues_ask(void)
{
    struct virtq *q = nic.control;
    struct nic_command *c = nic.command;
    struct virtq_chain chain;

    *c = (struct nic_command){ .header = { VIRTIO_NET_CTRL_MQ,
                                           VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET },
                               .pairs = { (uint16_t)nic.pair_count },
                               .answer = VIRTIO_NET_ERR };
    chain = virtq_begin(q);
    virtq_add(q, &chain, page_pa(&c->header), sizeof(c->header),
              VRING_DESC_F_NEXT);
    virtq_add(q, &chain, page_pa(&c->pairs), sizeof(c->pairs),
              VRING_DESC_F_NEXT);
    virtq_add(q, &chain, page_pa(&c->answer), sizeof(c->answer),
              VRING_DESC_F_WRITE);
    virtq_end(q, &chain, c);
    virtq_show(q);
    nic.is_asking = true;
    interface->ops = &many_ops;
    if (virtq_must_tell(q))
        nic.virtio->ops->notify(nic.virtio, 2 * nic.pair_count);
}
