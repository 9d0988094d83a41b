/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_net_fuzz.c - a network device that says anything at any time: frames
 * stay inside their buffers, nothing is handed out twice, everything that was
 * to be sent comes back once, and a device that was stopped stays stopped. With
 * one pair of queues or several.
 *
 * The bytes are what device and protocols do in turn, one operation and its
 * arguments after the other.
 */
/* unit: kernel/drivers/virtio.c kernel/drivers/virtq.c kernel/drivers/netbuf.c
 * kernel/drivers/virtio_net_queues.c */
#include "drivers/virtio_net.c"

#include "drivers/fake_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define FRAMES_MAX 4096u

static const uint8_t *input, *input_end;
static uint8_t frame[4096], scratch[FAKE_FRAME_MAX];
static uint8_t in_flight[FRAMES_MAX]; /* a cookie each */
static unsigned cookie_next;

static uint32_t take(unsigned bytes)
{
    uint32_t v = 0;

    while (bytes-- > 0 && input < input_end)
        v = v << 8 | *input++;
    return v;
}

static void once_sent(struct netdev *dev, void *cookie)
{
    uint8_t *mark = cookie;

    (void)dev;
    if (mark < in_flight || mark >= in_flight + FRAMES_MAX || !*mark)
        abort();
    *mark = 0;
}

static void transmit_some(struct netdev *dev)
{
    struct netdev_part parts[NETDEV_PARTS_MAX];
    uint32_t how = take(1);
    struct netdev_offload offload = { .csum_needed = how & 1,
                                      .csum_start = (uint16_t)(how / 4) };
    unsigned count = 1 + take(1) % NETDEV_PARTS_MAX;

    if (cookie_next == FRAMES_MAX)
        return;
    for (unsigned i = 0; i < count; i++)
        parts[i] = (struct netdev_part){ frame + i, 1 + take(1) };
    in_flight[cookie_next] = 1;
    if (dev->ops->transmit(dev, parts, count, &offload,
                           &in_flight[cookie_next]) != 0)
        in_flight[cookie_next] = 0;
    cookie_next++;
}

/* Use a chain that was really shown, with any length and header. */
static void use_shown(unsigned idx)
{
    struct vring_desc *d;
    uint16_t head;

    if (fake_waiting(idx) == 0)
        return;
    head = fake_next_head(idx);
    d = &fake_queue(idx)->desc[head];
    if (idx % 2 == 0 && fake_has(idx, head)) {
        for (unsigned i = 0; i < HEADER_LEN; i++)
            ((uint8_t *)d->addr)[i] = i < 10 ? (uint8_t)(take(1) % 4) : 0;
        ((uint8_t *)d->addr)[10] = (uint8_t)(take(1) % 40);
    }
    fake_use(idx, head, take(2) % 3 ? 26 + take(2) % 2000 : take(2));
}

static void honest(void)
{
    struct virtio_net_hdr_v1 h = { .flags = (uint8_t)take(1) };

    fake_rx(scratch, 14 + take(2) % 60000, h);
}

/* The device's, to the command for more pairs. */
static void answer(void)
{
    unsigned idx = fake_device.queue_count - 1;

    nic.command->answer = (uint8_t)(take(1) % 2);
    if (fake_waiting(idx) > 0)
        fake_use(idx, fake_next_head(idx), take(1));
}

static unsigned any_queue(void)
{
    return take(1) % fake_device.queue_count;
}

static void step(struct netdev *dev)
{
    uint32_t what = take(1);
    uint16_t head;
    struct virtq *q;

    fake_pair = (what >> 4) % nic.pair_count;
    switch (what % 16) {
    case 0:
        if (nic.control)
            answer();
        return;
    case 1:
        dev->ops->poll(dev, take(1));
        return;
    case 2:
        transmit_some(dev);
        return;
    case 3:
        dev->ops->flush(dev);
        return;
    case 4:
        dev->ops->arm(dev);
        return;
    case 5:
    case 6:
        honest();
        return;
    case 7:
        if (fake_tx(&head, scratch))
            fake_use(2 * fake_pair + 1, head, take(1));
        return;
    case 8:
        use_shown(2 * fake_pair);
        return;
    case 9:
        use_shown(2 * fake_pair + 1);
        return;
    case 10:
        fake_use(any_queue(), take(1), take(2));
        return;
    case 11:
        fake_use(any_queue(), take(4), take(4));
        return;
    case 12:
        fake_queue(any_queue())->used->idx = (uint16_t)take(2);
        return;
    case 13:
        q = fake_queue(any_queue());
        *(uint16_t *)(void *)&q->used->ring[q->len] = (uint16_t)take(2);
        return;
    case 14:
        fake_config.status = (uint16_t)take(1);
        fake_device.news(&fake_device, take(1) & 1);
        return;
    default:
        fake_up.keep = take(1) & 1;
        dev->ops->give_back(dev, fake_up.kept);
        fake_up.kept = NULL;
    }
}

/* As before the first call, with all memory given back. */
static void start_anew(void)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
        free(fake_device.queue[i].slots);
    while (fake_page_count > 0)
        free(fake_pages[--fake_page_count].p);
    for (unsigned i = 0; i < NIC_PAIRS_MAX; i++)
        free(nic.pair[i].headers);
    free(nic.command);
    memset(&nic, 0, sizeof(nic));
    memset(&fake_device, 0, sizeof(fake_device));
    memset(&fake_up, 0, sizeof(fake_up));
    memset(fake_seen, 0, sizeof(fake_seen));
    memset(in_flight, 0, sizeof(in_flight));
    fake_pages_left = FAKE_PAGES_MAX;
    cookie_next = 0;
    fake_lines = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct netdev_events events = { fake_received, once_sent,
                                                 fake_link_changed };
    struct netdev *dev;
    uint32_t how;

    input = data;
    input_end = data + len;
    start_anew();
    fake_config.mtu = (uint16_t)take(2);
    how = take(1);
    fake_queue_max = 1u << (4 + how % 6);
    /* With much memory there are large buffers, too. */
    fake_pages_total = how & 0x80 ? 1u << 14 : FAKE_PAGES_MAX;
    fake_cpus = how & 0x40 ? 4 : 1;
    fake_config.max_virtqueue_pairs = (uint16_t)(how & 0x20 ? 3 : take(2));
    dev = fake_open(VIRTIO_BIT(VIRTIO_F_VERSION_1) | take(4));
    if (!dev)
        return 0;
    dev->events = &events;
    while (input < input_end) {
        bool was_stopped = nic.is_stopped;
        unsigned lines = fake_lines;

        step(dev);
        if (was_stopped && (!nic.is_stopped || fake_lines != lines))
            abort();
    }
    dev->ops->poll(dev, 1);
    for (unsigned i = 0; nic.is_stopped && i < cookie_next; i++)
        if (in_flight[i])
            abort();
    return 0;
}
