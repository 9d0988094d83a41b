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
 * One pair of queues: everything above runs under one lock, so more pairs would
 * be served in turn. No control queue then either: without commands a device
 * passes on all frames, multicast ones, too.
 */
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>

#include "arch/arch.h"
#include "core/errno.h"
#include "core/panic.h"
#include "core/printf.h"
#include "core/string.h"
#include "drivers/netbuf.h"
#include "drivers/virtio.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "random/pool.h"

#define RX               0u
#define TX               1u
#define RX_LEN           256u
#define TX_LEN           128u
#define LEN_MIN          64u /* room for the largest frame, and one more */
#define RX_FILL_MIN      48u /* units: a frame of 64 KiB takes 34 */
#define RX_FILL_BATCH    8u
#define RX_LARGE_FROM    (NETBUF_LARGE_LEN / 2) /* frames, on average */
#define RX_LARGE_DOWN_TO NETBUF_LEN
#define RX_LARGE_SHARE   16u /* of what buffers may take: the least filling */
#define RX_AVERAGE       16  /* frames or so */
#define RX_QUIET_POLLS   1024u
#define RX_FRAME_LEN_MAX (65535u + 14u)
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

/* Before each frame to send, by its chain's head. */
struct tx_header {
    struct virtio_net_hdr_v1 h;
    uint32_t unused;
};

static struct {
    struct netdev dev;
    struct virtio *virtio; /* NULL: none, or not looked for yet */
    struct virtq *rx, *tx;
    void (*pending)(struct netdev *dev);
    uint64_t accepted;
    bool is_looked_for, is_open, is_stopped, is_config_changed;
    bool is_armed;   /* an interrupt was asked for */
    bool is_merging; /* frames of several buffers may come */
    bool is_full;    /* transmit() had no room since the last poll */
    struct tx_header *headers;
    uint64_t image_off; /* static data's virtual address - physical one */
    struct netbuf_pool pool;
    unsigned rx_has;   /* units of buffers that the device has ... */
    unsigned rx_fill;  /* ... and is to have */
    unsigned rx_taken; /* units used in this poll */
    unsigned rx_used;  /* most of them used in one poll ... */
    unsigned rx_polls; /* ... of this many */
    int frame_len;     /* of those received, on average */
    enum netbuf_size rx_size;
} net;

/* ---- trouble ---- */

/* The memory that the device has been lent it keeps: whether it obeys is not
 * known. What was to be sent goes back to the protocols. */
static void stop(const char *what)
{
    kprintf("the network device lies about what it has %s, and was stopped; "
            "there is no network any more",
            what);
    net.is_stopped = true;
    net.dev.link_up = false;
    net.virtio->ops->stop(net.virtio);
}

static unsigned poll_stopped(void)
{
    void *cookie;

    while (virtq_recall(net.tx, &cookie))
        net.dev.events->sent(&net.dev, cookie);
    return 0;
}

/* ---- receiving ---- */

/* A buffer of the size that is wanted, if there is none a small one. */
static struct netbuf *get_buffer(void)
{
    struct netbuf *b = netbuf_get(&net.pool, net.rx_size);

    if (UNLIKELY(!b) && net.rx_size != NETBUF_SMALL)
        b = netbuf_get(&net.pool, NETBUF_SMALL);
    return b;
}

/* Lend the device more buffers, several at a time. */
static void fill(void)
{
    struct virtq *q = net.rx;
    struct netbuf *b = NULL;

    if (net.rx_fill < net.rx_has + RX_FILL_BATCH) {
        net.dev.is_short = netbuf_is_short(&net.pool);
        return;
    }
    while (net.rx_has < net.rx_fill && q->free_count > 0) {
        struct virtq_chain c = virtq_begin(q);

        b = get_buffer();
        if (!b)
            break; /* tried again at the next poll */
        virtq_add(q, &c, page_pa(netbuf_start(b)), b->room, VRING_DESC_F_WRITE);
        virtq_end(q, &c, b);
        net.rx_has += netbuf_units(netbuf_size(b));
    }
    net.dev.is_short = (net.rx_has < net.rx_fill && q->free_count > 0) ||
                       netbuf_is_short(&net.pool);
    virtq_show(q);
    if (virtq_must_tell(q))
        net.virtio->ops->notify(net.virtio, RX);
}

static unsigned fill_max(void)
{
    return net.rx->len * netbuf_units(net.rx_size);
}

/* Large buffers for long frames, where they leave some for everybody. */
static void choose_size(void)
{
    if (net.frame_len >= (int)RX_LARGE_FROM && net.is_merging &&
        !net.dev.is_short &&
        netbuf_max() / RX_LARGE_SHARE >= 4 * NETBUF_LARGE_UNITS)
        net.rx_size = NETBUF_LARGE;
    else if (net.frame_len < (int)RX_LARGE_DOWN_TO || net.dev.is_short)
        net.rx_size = NETBUF_SMALL;
    net.rx_fill = MIN(net.rx_fill, fill_max());
}

/* As many buffers as the load asks for: twice as many once half of them were
 * used between two polls, half as many after a while without need. */
static void adapt(unsigned used)
{
    choose_size();
    net.rx_used = MAX(net.rx_used, used);
    if (used > net.rx_fill / 2) {
        net.rx_fill = MIN(net.rx_fill * 2, fill_max());
        net.rx_polls = 0;
    } else if (++net.rx_polls == RX_QUIET_POLLS) {
        if (net.rx_used < net.rx_fill / 4)
            net.rx_fill = MAX(net.rx_fill / 2, RX_FILL_MIN);
        net.rx_polls = net.rx_used = 0;
    }
    net.pool.keep = net.rx_fill;
}

static void give_back(struct netdev *dev, struct netbuf *chain)
{
    (void)dev;
    while (chain) {
        struct netbuf *next = chain->next;

        netbuf_put(&net.pool, chain);
        chain = next;
    }
    /* Nobody polls for a device that cannot receive. */
    if (UNLIKELY(net.rx->free_count == net.rx->len) && !net.is_stopped)
        fill();
}

/* One buffer that the device says it has written to. -> as virtq_take() */
static inline int take_buffer(struct netbuf **out, uint32_t len_min)
{
    struct netbuf *b;
    uint32_t len;
    void *token;
    int found = virtq_take(net.rx, &token, &len);

    if (found <= 0)
        return found;
    b = token;
    net.rx_has -= netbuf_units(netbuf_size(b));
    net.rx_taken += netbuf_units(netbuf_size(b));
    if (UNLIKELY(len < len_min || len > b->room)) {
        netbuf_put(&net.pool, b);
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
static int take_rest(struct netbuf *first, unsigned count)
{
    struct netbuf *last = first;
    uint32_t total = first->len;

    while (--count > 0) {
        if (take_buffer(&last->next, 1) <= 0)
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
static int take_frame(struct netbuf **out, struct netdev_offload *o)
{
    struct virtio_net_hdr_v1 h;
    struct netbuf *b;
    int len = take_buffer(&b, HEADER_LEN + ETHERNET_LEN);

    if (len <= 0)
        return len;
    h = *(const struct virtio_net_hdr_v1 *)(void *)b->data; /* read once */
    b->data += HEADER_LEN;
    b->len -= HEADER_LEN;
    len = (int)b->len;
    read_header(&h, o);
    if (net.is_merging && h.num_buffers != 1)
        len = h.num_buffers ? take_rest(b, h.num_buffers) : -EIO;
    if (len < 0)
        give_back(&net.dev, b);
    *out = b;
    return len;
}

static unsigned receive(unsigned budget)
{
    unsigned frames = 0;

    net.rx_taken = 0;
    while (frames < budget) {
        struct netdev_offload offload;
        struct netbuf *chain;
        int len = take_frame(&chain, &offload);

        if (len == 0)
            break;
        if (len < 0) {
            stop("received");
            return frames;
        }
        frames++;
        net.frame_len += (len - net.frame_len) / RX_AVERAGE;
        net.dev.events->received(&net.dev, chain, &offload);
    }
    if (frames > 0)
        adapt(net.rx_taken);
    if (frames > 0 || net.dev.is_short)
        fill();
    return frames;
}

/* ---- sending ---- */

static paddr_t pa_of(const void *data)
{
    /* Static data is in the image's own mapping, which lies below the direct
     * one (abi/cpu_tables.h), where all else is. */
    if ((uint64_t)data < page_direct_va)
        return (uint64_t)data - net.image_off;
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

static int transmit(struct netdev *dev, const struct netdev_part *parts,
                    unsigned count, const struct netdev_offload *offload,
                    void *cookie)
{
    struct virtq *q = net.tx;
    struct virtio_net_hdr_v1 *h;
    struct virtq_chain c;

    (void)dev;
    ASSERT(count > 0 && count <= NETDEV_PARTS_MAX);
    if (UNLIKELY(net.is_stopped))
        return -EIO;
    if (UNLIKELY(q->free_count < count + 1)) {
        net.is_full = true;
        return -ENOBUFS;
    }
    c = virtq_begin(q);
    h = &net.headers[c.head].h;
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
    (void)dev;
    if (!net.is_stopped && virtq_must_tell(net.tx))
        net.virtio->ops->notify(net.virtio, TX);
}

static void reap(void)
{
    uint32_t len;
    void *cookie;
    int found;

    while ((found = virtq_take(net.tx, &cookie, &len)) > 0)
        net.dev.events->sent(&net.dev, cookie);
    if (found < 0)
        stop("sent");
    net.is_full = false;
}

/* ---- both ---- */

#define CONFIG(field)                                                  \
    net.virtio->ops->config(net.virtio,                                \
                            offsetof(struct virtio_net_config, field), \
                            sizeof(((struct virtio_net_config *)0)->field))

static bool has(unsigned feature)
{
    return net.accepted & VIRTIO_BIT(feature);
}

static bool read_link(void)
{
    return !has(VIRTIO_NET_F_STATUS) || CONFIG(status) & VIRTIO_NET_S_LINK_UP;
}

static void take_config(void)
{
    bool was_up = net.dev.link_up;

    net.is_config_changed = false;
    net.dev.link_up = read_link();
    if (net.dev.link_up != was_up)
        net.dev.events->link_changed(&net.dev);
}

static unsigned poll(struct netdev *dev, unsigned budget)
{
    unsigned frames;

    (void)dev;
    if (UNLIKELY(net.is_stopped))
        return poll_stopped();
    if (net.is_armed) {
        virtq_ask_none(net.rx);
        virtq_ask_none(net.tx);
        net.is_armed = false;
    }
    if (UNLIKELY(net.is_config_changed))
        take_config();
    reap();
    frames = net.is_stopped ? 0 : receive(budget);
    if (UNLIKELY(net.is_stopped)) {
        poll_stopped();
        net.dev.events->link_changed(&net.dev);
    }
    return frames;
}

/* What was sent is of interest only where there is little room left. */
static bool arm(struct netdev *dev)
{
    bool is_idle = true;

    (void)dev;
    if (UNLIKELY(net.is_stopped))
        return true;
    net.is_armed = true;
    if (net.is_full || net.tx->free_count < net.tx->len / 2)
        is_idle = virtq_ask(net.tx, virtq_in_flight(net.tx) / 2);
    return virtq_ask(net.rx, 0) && is_idle && !net.is_config_changed;
}

static void news(struct virtio *v, bool is_config_changed)
{
    (void)v;
    net.is_config_changed |= is_config_changed;
    if (net.pending)
        net.pending(&net.dev);
}

static int open(struct netdev *dev)
{
    struct virtio *v = net.virtio;
    int err;

    ASSERT(!net.is_open && dev->events);
    net.headers = kzalloc(TX_LEN * sizeof(*net.headers));
    if (!net.headers)
        return -ENOMEM;
    net.rx = &v->queue[RX];
    net.tx = &v->queue[TX];
    net.image_off = arch_kernel_va() - arch_kernel_pa();
    v->queue_count = 2;
    v->queue_len[RX] = RX_LEN;
    v->queue_len[TX] = TX_LEN;
    v->news = news;
    net.is_merging = has(VIRTIO_NET_F_MRG_RXBUF);
    err = v->ops->start(v, net.accepted);
    if (!err && MIN(net.rx->len, net.tx->len) < LEN_MIN) {
        v->ops->stop(v);
        err = -EIO;
    }
    if (err) {
        kprintf("the network device does not start (error %d)", -err);
        net.is_stopped = true;
        return err;
    }
    net.is_open = true;
    net.rx_fill = RX_FILL_MIN;
    net.pool.keep = net.rx_fill;
    fill();
    return 0;
}

static const struct netdev_ops ops = {
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
        netbuf_max() < 2 * RX_FILL_MIN)
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
            mac[i] = (uint8_t)net.virtio->ops->config(net.virtio, i, 1);
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

    if (!v)
        return;
    net.accepted = choose(v->ops->offered(v));
    if (!has(VIRTIO_F_VERSION_1)) {
        kprintf("the network device is from before virtio 1.0, and not used");
        return;
    }
    net.virtio = v;
    choose_mac(net.dev.mac);
    net.dev.mtu = choose_mtu();
    net.dev.link_up = read_link();
    net.dev.features = features_of(net.accepted);
    net.dev.ops = &ops;
}

struct netdev *netdev_get(void)
{
    if (!net.is_looked_for) {
        net.is_looked_for = true;
        probe();
    }
    return net.virtio ? &net.dev : NULL;
}

void netdev_set_pending(void (*pending)(struct netdev *dev))
{
    net.pending = pending;
}
