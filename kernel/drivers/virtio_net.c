/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_net.c - the network interface on a virtio device (virtio 1.2, 5.1).
 *
 * Receiving: each frame takes as many buffers as it needs (MRG_RXBUF), of 2 KiB
 * each, or of 32 KiB while frames are long on average. The device always has
 * enough of them for one of 64 KiB, since a host may hold such a frame back for
 * ever otherwise, and more as soon as it uses many.
 * Sending: the frame's parts stay where they are; a header goes before them.
 * What was sent is noticed when somebody polls for another reason, and asked
 * for only when the queue is filling up.
 *
 * What is here serves one pair of queues; virtio_net_queues.c is for several.
 * With one there is no control queue: without commands a device passes on all
 * frames, multicast ones, too.
 */
#include "drivers/virtio_net.h"

#include <linux/virtio_ids.h>

#include "arch/arch.h"
#include "core/errno.h"
#include "core/panic.h"
#include "core/printf.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "random/pool.h"

#define RX_LEN           256u
#define TX_LEN           128u
#define LEN_MIN          64u /* room for the largest frame, and one more */
#define RX_FILL_BATCH    8u
#define RX_LARGE_FROM    (NETBUF_LARGE_LEN / 2) /* frames, on average */
#define RX_LARGE_DOWN_TO NETBUF_LEN
#define RX_LARGE_SHARE   16u /* of what buffers may take: the least filling */
#define RX_AVERAGE       16  /* frames or so */
#define RX_QUIET_POLLS   1024u
#define RX_FRAME_LEN_MAX (65535u + 14u + 8u) /* with two tags of VLANs */
#define ETHERNET_LEN     14u
#define MTU_DEFAULT      1500u
#define MTU_MIN          68u /* RFC 791 */
#define HEADER_LEN       ((uint32_t)sizeof(struct virtio_net_hdr_v1))

#define WANTED                                                                 \
    (VIRTIO_BIT(VIRTIO_NET_F_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) |     \
     VIRTIO_BIT(VIRTIO_NET_F_MTU) | VIRTIO_BIT(VIRTIO_NET_F_MAC) |             \
     VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) |                                     \
     VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6) |                                     \
     VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4) | VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO6) | \
     VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) | VIRTIO_BIT(VIRTIO_NET_F_STATUS) |    \
     VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX) |                                     \
     VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM) | VIRTIO_BIT(VIRTIO_F_VERSION_1))

/* Before each frame to send. */
struct nic_header {
    struct virtio_net_hdr_v1 h;
    uint32_t unused;
};

struct nic nic;
static struct netdev *const interface = &nic.pair[0].dev; /* the protocols' */

/* ---- trouble ---- */

/* The memory that the device has been lent it keeps: whether it obeys is not
 * known. What was to be sent goes back to the protocols. */
void virtio_net_stop(const char *what)
{
    kprintf("the network device lies about what it has %s, and was stopped; "
            "there is no network any more",
            what);
    nic.is_stopped = true;
    interface->link_up = false;
    nic.virtio->ops->stop(nic.virtio);
}

static unsigned poll_stopped(struct nic_pair *p)
{
    void *cookie;

    while (virtq_recall(p->tx, &cookie))
        interface->events->sent(interface, cookie);
    return 0;
}

/* ---- receiving ---- */

/* A buffer of the size that is wanted, if there is none a small one. */
static struct netbuf *get_buffer(const struct nic_pair *p)
{
    struct netbuf *b = netbuf_get(&nic.pool, p->rx_size);

    if (UNLIKELY(!b) && p->rx_size != NETBUF_SMALL)
        b = netbuf_get(&nic.pool, NETBUF_SMALL);
    return b;
}

/* Lend the device more buffers. */
void virtio_net_fill(struct nic_pair *p)
{
    struct virtq *q = p->rx;
    struct netbuf *b = NULL;

    while (p->rx_has < p->rx_fill && q->free_count > 0) {
        struct virtq_chain c = virtq_begin(q);

        b = get_buffer(p);
        if (!b)
            break; /* tried again at the next poll */
        virtq_add(q, &c, page_pa(netbuf_start(b)), b->room, VRING_DESC_F_WRITE);
        virtq_end(q, &c, b);
        p->rx_has += netbuf_units(netbuf_size(b));
    }
    p->dev.is_short = (p->rx_has < p->rx_fill && q->free_count > 0) ||
                      netbuf_is_short(&nic.pool);
    virtq_show(q);
    if (virtq_must_tell(q))
        nic.virtio->ops->notify(nic.virtio, 2 * p->idx);
}

static unsigned fill_max(const struct nic_pair *p)
{
    return p->rx->len * netbuf_units(p->rx_size);
}

/* Large buffers for long frames, where they leave some for everybody. */
static void choose_size(struct nic_pair *p)
{
    if (p->frame_len >= (int)RX_LARGE_FROM && nic.is_merging &&
        !p->dev.is_short &&
        netbuf_max() / RX_LARGE_SHARE >= 4 * NETBUF_LARGE_UNITS)
        p->rx_size = NETBUF_LARGE;
    else if (p->frame_len < (int)RX_LARGE_DOWN_TO || p->dev.is_short)
        p->rx_size = NETBUF_SMALL;
    p->rx_fill = MIN(p->rx_fill, fill_max(p));
}

/* As many buffers as the load asks for: twice as many once half of them were
 * used between two polls, half as many after a while without need. */
static void adapt(struct nic_pair *p, unsigned used)
{
    choose_size(p);
    p->rx_used = MAX(p->rx_used, used);
    if (used > p->rx_fill / 2) {
        p->rx_fill = MIN(p->rx_fill * 2, fill_max(p));
        p->rx_polls = 0;
    } else if (++p->rx_polls == RX_QUIET_POLLS) {
        if (p->rx_used < p->rx_fill / 4)
            p->rx_fill = MAX(p->rx_fill / 2, NIC_FILL_MIN);
        p->rx_polls = p->rx_used = 0;
    }
    nic.pool.keep = p->rx_fill;
}

static void give_back(struct netdev *dev, struct netbuf *chain)
{
    struct nic_pair *p = nic_pair_of(dev);

    while (chain) {
        struct netbuf *next = chain->next;

        netbuf_put(&nic.pool, chain);
        chain = next;
    }
    /* Nobody polls for a device that cannot receive. */
    if (UNLIKELY(p->rx->free_count == p->rx->len) && !nic.is_stopped)
        virtio_net_fill(p);
}

/* One buffer that the device says it has written to. -> as virtq_take() */
static inline int take_buffer(struct nic_pair *p, struct netbuf **out,
                              uint32_t len_min)
{
    struct netbuf *b;
    uint32_t len;
    void *token;
    int found = virtq_take(p->rx, &token, &len);

    if (found <= 0)
        return found;
    b = token;
    p->rx_has -= netbuf_units(netbuf_size(b));
    p->rx_taken += netbuf_units(netbuf_size(b));
    if (UNLIKELY(len < len_min || len > b->room)) {
        netbuf_put(&nic.pool, b);
        return -EIO;
    }
    b->data = netbuf_start(b);
    b->len = len;
    b->next = NULL;
    *out = b;
    return 1;
}

/* The rest of a frame, which the device shows all at once (5.1.6.4). -> all its
 * bytes, -EIO */
static int take_rest(struct nic_pair *p, struct netbuf *first, unsigned count)
{
    struct netbuf *last = first;
    uint32_t total = first->len;

    while (--count > 0) {
        if (take_buffer(p, &last->next, 1) <= 0)
            return -EIO;
        last = last->next;
        total += last->len;
        if (total > RX_FRAME_LEN_MAX)
            return -EIO;
    }
    return (int)total;
}

static void read_header(const struct virtio_net_hdr_v1 *h,
                        struct netdev_offload *o)
{
    *o = (struct netdev_offload){ .csum_valid = h->flags &
                                                (VIRTIO_NET_HDR_F_DATA_VALID |
                                                 VIRTIO_NET_HDR_F_NEEDS_CSUM) };
    if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE)
        return;
    o->gso = (h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) == VIRTIO_NET_HDR_GSO_TCPV4
                 ? NETDEV_GSO_TCP4
                 : NETDEV_GSO_TCP6;
    o->gso_size = h->gso_size;
    o->header_len = h->hdr_len;
}

/* -> bytes and a frame, 0 none, -EIO */
static int take_frame(struct nic_pair *p, struct netbuf **out,
                      struct netdev_offload *o)
{
    struct virtio_net_hdr_v1 h;
    struct netbuf *b;
    int len = take_buffer(p, &b, HEADER_LEN + ETHERNET_LEN);

    if (len <= 0)
        return len;
    h = *(const struct virtio_net_hdr_v1 *)(void *)b->data; /* read once */
    b->data += HEADER_LEN;
    b->len -= HEADER_LEN;
    len = (int)b->len;
    read_header(&h, o);
    if (nic.is_merging && h.num_buffers != 1)
        len = h.num_buffers ? take_rest(p, b, h.num_buffers) : -EIO;
    if (len < 0)
        give_back(&p->dev, b);
    *out = b;
    return len;
}

static unsigned receive(struct nic_pair *p, unsigned budget)
{
    unsigned frames = 0;

    p->rx_taken = 0;
    while (frames < budget) {
        struct netdev_offload offload;
        struct netbuf *chain;
        int len = take_frame(p, &chain, &offload);

        if (len == 0)
            break;
        if (len < 0) {
            virtio_net_stop("received");
            return frames;
        }
        frames++;
        p->frame_len += (len - p->frame_len) / RX_AVERAGE;
        interface->events->received(interface, chain, &offload);
    }
    if (frames > 0)
        adapt(p, p->rx_taken);
    if (frames == 0 && !p->dev.is_short)
        return 0;
    if (p->rx_fill >= p->rx_has + RX_FILL_BATCH)
        virtio_net_fill(p);
    else
        p->dev.is_short = netbuf_is_short(&nic.pool);
    return frames;
}

/* ---- sending ---- */

static paddr_t pa_of(const void *data)
{
    /* Static data is in the image's own mapping, which lies below the direct
     * one (abi/cpu_tables.h), where all else is. */
    if ((uint64_t)data < page_direct_va)
        return (uint64_t)data - nic.image_off;
    return page_pa(data);
}

static void write_header(struct virtio_net_hdr_v1 *h,
                         const struct netdev_offload *o)
{
    *h = (struct virtio_net_hdr_v1){ 0 };
    if (o->csum_needed) {
        h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        h->csum_start = o->csum_start;
        h->csum_offset = o->csum_offset;
    }
    if (o->gso == NETDEV_GSO_NONE)
        return;
    h->gso_type = o->gso == NETDEV_GSO_TCP4 ? VIRTIO_NET_HDR_GSO_TCPV4
                                            : VIRTIO_NET_HDR_GSO_TCPV6;
    h->gso_size = o->gso_size;
    h->hdr_len = o->header_len;
}

ARCH_SELDOM void virtio_net_reap(struct nic_pair *p)
{
    nic_reap(p);
}

static int transmit(struct netdev *dev, const struct netdev_part *parts,
                    unsigned count, const struct netdev_offload *offload,
                    void *cookie)
{
    struct nic_pair *p = nic_pair_of(dev);
    struct virtq *q = p->tx;
    struct virtio_net_hdr_v1 *h;
    struct virtq_chain c;

    ASSERT(count > 0 && count <= NETDEV_PARTS_MAX);
    if (UNLIKELY(nic.is_stopped))
        return -EIO;
    if (UNLIKELY(q->free_count < count + 1)) {
        ARCH_CALL_SELDOM(virtio_net_reap, p);
        if (nic.is_stopped || q->free_count < count + 1)
            return nic.is_stopped ? -EIO : -ENOBUFS;
    }
    c = virtq_begin(q);
    h = &p->headers[c.head].h;
    write_header(h, offload);
    virtq_add(q, &c, page_pa(h), HEADER_LEN, VRING_DESC_F_NEXT);
    for (; count > 1; count--, parts++)
        virtq_add(q, &c, pa_of(parts->data), parts->len, VRING_DESC_F_NEXT);
    virtq_add(q, &c, pa_of(parts->data), parts->len, 0);
    virtq_end(q, &c, cookie);
    virtq_show(q);
    return 0;
}

static void flush(struct netdev *dev)
{
    struct nic_pair *p = nic_pair_of(dev);

    if (!nic.is_stopped && virtq_must_tell(p->tx))
        nic.virtio->ops->notify(nic.virtio, 2 * p->idx + 1);
}

/* ---- both ---- */

#define CONFIG(field)                                                  \
    nic.virtio->ops->config(nic.virtio,                                \
                            offsetof(struct virtio_net_config, field), \
                            sizeof(((struct virtio_net_config *)0)->field))

static bool has(unsigned feature)
{
    return nic.accepted & VIRTIO_BIT(feature);
}

static bool read_link(void)
{
    return !has(VIRTIO_NET_F_STATUS) || CONFIG(status) & VIRTIO_NET_S_LINK_UP;
}

static void take_config(void)
{
    bool was_up = interface->link_up;

    nic.is_config_changed = false;
    interface->link_up = read_link();
    if (interface->link_up != was_up)
        interface->events->link_changed(interface);
}

static NOINLINE unsigned poll_all(struct nic_pair *p, unsigned budget)
{
    unsigned frames;

    if (UNLIKELY(nic.is_stopped))
        return poll_stopped(p);
    if (p->is_armed) {
        virtq_ask_none(p->rx);
        virtq_ask_none(p->tx);
        p->is_armed = false;
    }
    if (UNLIKELY(nic.is_config_changed))
        take_config();
    nic_reap(p);
    frames = nic.is_stopped ? 0 : receive(p, budget);
    if (UNLIKELY(nic.is_stopped)) {
        poll_stopped(p);
        interface->events->link_changed(interface);
    }
    return frames;
}

/* Many a poll finds nothing, and saves no registers for it. */
static unsigned poll(struct netdev *dev, unsigned budget)
{
    return nic_has_nothing(nic_pair_of(dev))
               ? 0
               : poll_all(nic_pair_of(dev), budget);
}

/* What was sent is of interest only where there is little room left. */
static bool arm(struct netdev *dev)
{
    struct nic_pair *p = nic_pair_of(dev);
    bool is_idle = true;

    if (UNLIKELY(nic.is_stopped))
        return true;
    p->is_armed = true;
    if (p->tx->free_count < p->tx->len / 2)
        is_idle = virtq_ask(p->tx, virtq_in_flight(p->tx) / 2);
    return virtq_ask(p->rx, 0) && is_idle && !nic.is_config_changed;
}

static void news(struct virtio *v, bool is_config_changed)
{
    (void)v;
    nic.is_config_changed |= is_config_changed;
    if (nic.pending)
        nic.pending(interface);
}

/* -ENOMEM */
static int prepare(struct nic_pair *p, unsigned idx)
{
    struct virtio *v = nic.virtio;

    p->headers = kzalloc(TX_LEN * sizeof(*p->headers));
    if (!p->headers)
        return -ENOMEM;
    p->idx = idx;
    p->rx = virtio_want_queue(v, 2 * idx, RX_LEN);
    p->tx = virtio_want_queue(v, 2 * idx + 1, TX_LEN);
    p->rx_fill = NIC_FILL_MIN;
    return 0;
}

/* With room for the largest frame in each queue. */
static int start_queues(struct virtio *v)
{
    unsigned len = RX_LEN;
    int err = v->ops->start(v, nic.accepted);

    if (err)
        return err;
    for (unsigned i = 0; i < 2 * nic.pair_count; i++)
        len = MIN(len, v->queue[i].len);
    if (len >= LEN_MIN)
        return 0;
    v->ops->stop(v);
    return -EIO;
}

static int open(struct netdev *dev)
{
    int err = 0;

    ASSERT(!nic.is_open && dev->events);
    nic.virtio->queue_count = 0;
    for (unsigned i = 0; i < nic.pair_count && !err; i++)
        err = prepare(&nic.pair[i], i);
    if (!err && nic.pair_count > 1)
        err = queues_prepare();
    if (err)
        return err;
    nic.image_off = arch_kernel_va() - arch_kernel_pa();
    nic.virtio->news = news;
    nic.is_merging = has(VIRTIO_NET_F_MRG_RXBUF);
    err = start_queues(nic.virtio);
    if (err) {
        kprintf("the network device does not start (error %d)", -err);
        nic.is_stopped = true;
        return err;
    }
    nic.is_open = true;
    nic.pool.keep = NIC_FILL_MIN;
    virtio_net_fill(nic_pair_of(dev));
    if (nic.pair_count > 1)
        queues_ask();
    return 0;
}

const struct netdev_ops virtio_net_ops = {
    .open = open,
    .transmit = transmit,
    .flush = flush,
    .poll = poll,
    .arm = arm,
    .give_back = give_back,
};

/* ---- finding it ---- */

/* What is offered of what we want, as far as it goes together (5.1.3.1). */
static uint64_t choose(uint64_t offered)
{
    uint64_t host_tso =
        VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4) | VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO6);
    uint64_t guest_tso = VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) |
                         VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6);
    uint64_t chosen = offered & WANTED;

    if (!(chosen & VIRTIO_BIT(VIRTIO_NET_F_CSUM)))
        chosen &= ~host_tso;
    /* In so little memory a device would wait for room for a large one. */
    if (!(chosen & VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM)) ||
        !(chosen & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)) ||
        netbuf_max() < 2 * NIC_FILL_MIN)
        chosen &= ~guest_tso;
    return chosen;
}

static uint32_t features_of(uint64_t chosen)
{
    static const struct {
        uint8_t bit;
        uint8_t feature;
    } table[] = {
        { VIRTIO_NET_F_CSUM, NETDEV_TX_CSUM },
        { VIRTIO_NET_F_HOST_TSO4, NETDEV_TSO4 },
        { VIRTIO_NET_F_HOST_TSO6, NETDEV_TSO6 },
        { VIRTIO_NET_F_GUEST_CSUM, NETDEV_RX_CSUM },
    };
    uint32_t features = 0;

    for (unsigned i = 0; i < ARRAY_LEN(table); i++)
        if (chosen >> table[i].bit & 1)
            features |= table[i].feature;
    return features;
}

/* Without an address of the device's: one of ours, locally administered. */
static void choose_mac(uint8_t mac[6])
{
    if (has(VIRTIO_NET_F_MAC)) {
        for (unsigned i = 0; i < 6; i++)
            mac[i] = (uint8_t)nic.virtio->ops->config(nic.virtio, i, 1);
        return;
    }
    pool_read(mac, 6);
    mac[0] = (uint8_t)((mac[0] & ~1u) | 2u);
}

static uint16_t choose_mtu(void)
{
    uint32_t mtu = has(VIRTIO_NET_F_MTU) ? CONFIG(mtu) : MTU_DEFAULT;

    if (mtu < MTU_MIN)
        mtu = MTU_DEFAULT;
    /* Without merging a frame has to fit into one buffer. */
    if (!has(VIRTIO_NET_F_MRG_RXBUF))
        mtu = MIN(mtu, NETBUF_ROOM - HEADER_LEN - ETHERNET_LEN);
    return (uint16_t)mtu;
}

static void probe(void)
{
    struct virtio *v = virtio_find(VIRTIO_ID_NET);
    uint64_t offered;

    if (!v)
        return;
    offered = v->ops->offered(v);
    nic.accepted = choose(offered);
    if (!has(VIRTIO_F_VERSION_1)) {
        kprintf("the network device is from before virtio 1.0, and not used");
        return;
    }
    nic.virtio = v;
    nic.accepted |= queues_choose(offered, nic.accepted);
    choose_mac(interface->mac);
    interface->mtu = choose_mtu();
    interface->link_up = read_link();
    interface->looks_at_halt = v->looks_at_halt;
    interface->features = features_of(nic.accepted);
    interface->ops = &virtio_net_ops;
}

struct netdev *netdev_get(void)
{
    if (!nic.is_looked_for) {
        nic.is_looked_for = true;
        probe();
    }
    return nic.virtio ? interface : NULL;
}

void netdev_set_pending(void (*pending)(struct netdev *dev))
{
    nic.pending = pending;
}
