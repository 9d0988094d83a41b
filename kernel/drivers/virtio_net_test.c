/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_net_test.c - the network driver on a device that may lie.
 *
 * Method: fake_net.h is the device. First what an honest one sees and brings
 * about, then one lie a test: each must end in one line on the console, a
 * device that was reset, frames given back, and -EIO ever after.
 */
/* unit: kernel/drivers/virtio.c kernel/drivers/virtq.c kernel/drivers/netbuf.c
 * kernel/drivers/virtio_net_queues.c */
#include <string.h>

#include "drivers/virtio_net.c"

#include "drivers/fake_net.h"
#include "tests/unit.h"

static const struct virtio_net_hdr_v1 plain;
static uint8_t frame[FAKE_FRAME_MAX], got[FAKE_FRAME_MAX];

static struct netdev *start(void)
{
    struct netdev *dev = fake_open(FAKE_ALL);

    REQUIRE(dev != NULL);
    for (unsigned i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 7 + i / 251);
    return dev;
}

/* Send `len` bytes of frame in `count` parts. */
static int send_parts(struct netdev *dev, size_t len, unsigned count,
                      void *cookie)
{
    struct netdev_part parts[NETDEV_PARTS_MAX];
    struct netdev_offload offload = { 0 };

    for (unsigned i = 0; i < count; i++)
        parts[i] = (struct netdev_part){ frame + i * (len / count),
                                         (uint32_t)(len / count) };
    parts[count - 1].len += (uint32_t)(len % count);
    return dev->ops->transmit(dev, parts, count, &offload, cookie);
}

TEST(starts_as_the_standard_says)
{
    struct netdev *dev = start();

    CHECK_EQ(fake_status, 0xf); /* acknowledge, driver, ok, features ok */
    CHECK_EQ(fake_accepted, FAKE_ALL);
    CHECK_EQ(fake_enabled, 3);
    CHECK_EQ(fake_waiting(0), NIC_FILL_MIN);
    CHECK_EQ(fake_notified[0], 1);
    CHECK_EQ(dev->mtu, 1500);
    CHECK_EQ(dev->features,
             NETDEV_TX_CSUM | NETDEV_TSO4 | NETDEV_TSO6 | NETDEV_RX_CSUM);
    CHECK(dev->link_up);
    CHECK(netdev_get() == dev);
}

TEST(nothing_is_touched_before_it_is_opened)
{
    fake_offered = FAKE_ALL;
    CHECK(netdev_get() != NULL);
    CHECK_EQ(fake_page_count, 0);
    CHECK_EQ(fake_enabled, 0);
}

TEST(features_that_need_others)
{
    struct netdev *dev;

    fake_offered = FAKE_ALL & ~VIRTIO_BIT(VIRTIO_NET_F_CSUM) &
                   ~VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF);
    dev = netdev_get();
    REQUIRE(dev != NULL);
    CHECK_EQ(dev->features, NETDEV_RX_CSUM);
    CHECK(!(nic.accepted & VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4)));
}

TEST(no_large_frames_in_little_memory)
{
    fake_pages_total = 8 * NIC_FILL_MIN - 1;
    CHECK(fake_open(FAKE_ALL) != NULL);
    CHECK(!(fake_accepted & VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4)));
    CHECK(fake_accepted & VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4));
}

TEST(a_large_mtu_needs_merging)
{
    struct netdev *dev;

    fake_config.mtu = 9000;
    fake_offered = (FAKE_ALL | VIRTIO_BIT(VIRTIO_NET_F_MTU)) &
                   ~VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF);
    dev = netdev_get();
    REQUIRE(dev != NULL);
    CHECK_EQ(dev->mtu, NETBUF_ROOM - HEADER_LEN - ETHERNET_LEN);
}

TEST(a_mac_of_our_own)
{
    struct netdev *dev;

    fake_offered = FAKE_ALL & ~VIRTIO_BIT(VIRTIO_NET_F_MAC);
    dev = netdev_get();
    REQUIRE(dev != NULL);
    CHECK_EQ(dev->mac[0] & 3, 2);
}

TEST(a_device_from_before_virtio_1_is_refused)
{
    fake_offered = FAKE_ALL & ~VIRTIO_BIT(VIRTIO_F_VERSION_1);
    CHECK(netdev_get() == NULL);
    CHECK_EQ(fake_lines, 1);
}

TEST(a_device_that_does_not_want_our_features)
{
    fake_refuses_features = true;
    CHECK(fake_open(FAKE_ALL) == NULL);
    CHECK_EQ(fake_lines, 1);
    CHECK_EQ(nic.pair[0].dev.ops->transmit(
                 &nic.pair[0].dev, &(struct netdev_part){ frame, 60 }, 1,
                 &(struct netdev_offload){ 0 }, NULL),
             -EIO);
    CHECK_EQ(nic.pair[0].dev.ops->poll(&nic.pair[0].dev, 1), 0);
}

TEST(queues_may_be_short_but_not_too_short)
{
    struct netdev *dev;

    fake_queue_max = 64;
    dev = start();
    CHECK_EQ(send_parts(dev, 1500, NETDEV_PARTS_MAX, frame), 0);
    CHECK_EQ(send_parts(dev, 1500, NETDEV_PARTS_MAX, frame), 0);
    CHECK_EQ(send_parts(dev, 1500, NETDEV_PARTS_MAX, frame), 0);
    CHECK_EQ(send_parts(dev, 1500, NETDEV_PARTS_MAX, frame), -ENOBUFS);
}

TEST(queues_too_short_for_the_largest_frame)
{
    fake_queue_max = 32;
    CHECK(fake_open(FAKE_ALL) == NULL);
    CHECK_EQ(fake_lines, 1);
    CHECK_EQ(fake_status, 0);
}

TEST(receives_frames_of_any_length)
{
    static const uint32_t lengths[] = { 14,
                                        60,
                                        1514,
                                        NETBUF_ROOM - HEADER_LEN,
                                        NETBUF_ROOM - HEADER_LEN + 1,
                                        9014,
                                        65549 };
    struct netdev *dev = start();

    fake_up.keep = true;
    for (unsigned i = 0; i < ARRAY_LEN(lengths); i++) {
        struct netbuf *chain;
        size_t at = 0;

        fake_up.kept = NULL;
        REQUIRE(fake_rx(frame, lengths[i], plain) > 0);
        CHECK_EQ(dev->ops->poll(dev, 8), 1);
        for (chain = fake_up.kept; chain; chain = chain->next) {
            CHECK_MEM_EQ(chain->data, frame + at, chain->len);
            at += chain->len;
        }
        CHECK_EQ(at, lengths[i]);
        dev->ops->give_back(dev, fake_up.kept);
    }
    CHECK_EQ(fake_lines, 0);
}

TEST(the_budget_is_kept)
{
    struct netdev *dev = start();

    for (unsigned i = 0; i < 10; i++)
        REQUIRE(fake_rx(frame, 60, plain) == 1);
    CHECK_EQ(dev->ops->poll(dev, 4), 4);
    CHECK(!dev->ops->arm(dev));
    CHECK_EQ(dev->ops->poll(dev, 64), 6);
    CHECK(dev->ops->arm(dev));
}

TEST(what_a_header_says)
{
    struct virtio_net_hdr_v1 h = { .flags = VIRTIO_NET_HDR_F_DATA_VALID };
    struct netdev *dev = start();

    fake_rx(frame, 60, h);
    dev->ops->poll(dev, 1);
    CHECK(fake_up.offload.csum_valid);
    CHECK_EQ(fake_up.offload.gso, NETDEV_GSO_NONE);
    h = (struct virtio_net_hdr_v1){ .gso_type = VIRTIO_NET_HDR_GSO_TCPV6,
                                    .gso_size = 1440,
                                    .hdr_len = 74 };
    fake_rx(frame, 9000, h);
    dev->ops->poll(dev, 1);
    CHECK(!fake_up.offload.csum_valid);
    CHECK_EQ(fake_up.offload.gso, NETDEV_GSO_TCP6);
    CHECK_EQ(fake_up.offload.gso_size, 1440);
}

TEST(more_buffers_under_load_and_fewer_after_it)
{
    struct netdev *dev = start();
    unsigned peak, pages;

    for (unsigned round = 0; round < 20; round++) {
        while (fake_rx(frame, 1514, plain))
            continue;
        dev->ops->poll(dev, 1000);
    }
    peak = fake_waiting(0);
    pages = fake_page_count;
    CHECK_EQ(peak, RX_LEN);
    for (unsigned i = 0; i < 8 * RX_QUIET_POLLS; i++) {
        fake_rx(frame, 60, plain);
        dev->ops->poll(dev, 1000);
    }
    CHECK_EQ(nic.pair[0].rx_fill, NIC_FILL_MIN);
    CHECK(fake_waiting(0) <= NIC_FILL_MIN);
    CHECK(fake_page_count < pages / 2);
}

TEST(long_frames_come_in_large_buffers)
{
    struct netdev *dev;

    fake_pages_total = 1 << 14;
    dev = start();
    for (unsigned i = 0; i < 200; i++) {
        REQUIRE(fake_rx(frame, 65000, plain) > 0);
        dev->ops->poll(dev, 1);
    }
    CHECK_EQ(fake_rx(frame, 65000, plain), 2);
    dev->ops->poll(dev, 1);
    for (unsigned i = 0; i < 200; i++) {
        REQUIRE(fake_rx(frame, 60, plain) == 1);
        dev->ops->poll(dev, 1);
    }
    CHECK_EQ(fake_rx(frame, 2 * NETBUF_ROOM - HEADER_LEN, plain), 2);
    CHECK_EQ(fake_lines, 0);
}

TEST(large_buffers_are_not_for_little_memory)
{
    struct netdev *dev = start();

    for (unsigned i = 0; i < 200; i++) {
        REQUIRE(fake_rx(frame, 65000, plain) > 2);
        dev->ops->poll(dev, 1);
    }
    CHECK(!dev->is_short);
}

TEST(without_large_pages_small_buffers_do)
{
    struct netdev *dev;

    fake_pages_total = 1 << 14;
    dev = start();
    for (unsigned i = 0; i < 20; i++) {
        REQUIRE(fake_rx(frame, 65000, plain) > 0);
        dev->ops->poll(dev, 1);
    }
    fake_no_orders = true;
    for (unsigned i = 0; i < 200; i++) {
        REQUIRE(fake_rx(frame, 65000, plain) > 0);
        dev->ops->poll(dev, 1);
    }
    CHECK(!dev->is_short);
    CHECK_EQ(fake_lines, 0);
}

TEST(without_memory_it_waits_and_recovers)
{
    struct netdev *dev = start();
    unsigned frames = 0;

    fake_up.keep = true;
    fake_pages_left = 0;
    while (fake_rx(frame, 60, plain)) {
        dev->ops->poll(dev, 1);
        frames++;
    }
    CHECK_EQ(frames, NIC_FILL_MIN);
    CHECK_EQ(fake_waiting(0), 0);
    CHECK(dev->is_short);
    dev->ops->give_back(dev, fake_up.kept); /* nobody polls */
    CHECK(fake_waiting(0) > 0);
    CHECK_EQ(fake_lines, 0);
}

TEST(buffers_take_a_share_of_memory_at_most)
{
    struct netdev *dev = start();
    unsigned frames = 0;

    fake_up.keep = true;
    while (fake_rx(frame, 60, plain)) {
        dev->ops->poll(dev, 1);
        frames++;
    }
    CHECK_EQ(frames, FAKE_PAGES_MAX / 8 * 2);
    CHECK(dev->is_short);
    dev->ops->give_back(dev, fake_up.kept);
    dev->ops->poll(dev, 1);
    CHECK(!dev->is_short);
}

TEST(sends_header_and_parts)
{
    struct virtio_net_hdr_v1 *h = (void *)got;
    struct netdev_part parts[2] = { { frame, 54 }, { frame + 54, 20000 } };
    struct netdev_offload offload = { .csum_needed = true,
                                      .csum_start = 34,
                                      .csum_offset = 16,
                                      .gso = NETDEV_GSO_TCP4,
                                      .gso_size = 1448,
                                      .header_len = 54 };
    struct netdev *dev = start();
    uint16_t head;

    CHECK_EQ(dev->ops->transmit(dev, parts, 2, &offload, frame), 0);
    dev->ops->flush(dev);
    CHECK_EQ(fake_notified[1], 1);
    CHECK_EQ(fake_tx(&head, got), sizeof(*h) + 20054);
    CHECK_EQ(h->flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    CHECK_EQ(h->gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
    CHECK_EQ(h->gso_size, 1448);
    CHECK_EQ(h->hdr_len, 54);
    CHECK_EQ(h->csum_start, 34);
    CHECK_EQ(h->csum_offset, 16);
    CHECK_MEM_EQ(got + sizeof(*h), frame, 20054);
    CHECK_EQ(fake_up.sent, 0);
    fake_use(1, head, 0);
    dev->ops->poll(dev, 1);
    CHECK_EQ(fake_up.sent, 1);
    CHECK(fake_up.cookie == frame);
}

TEST(speaks_only_when_asked)
{
    struct netdev *dev = start();
    struct virtq *q = fake_queue(1);
    uint16_t *avail_event = (uint16_t *)(void *)&q->used->ring[q->len];

    for (unsigned i = 0; i < 10; i++) {
        send_parts(dev, 60, 1, NULL);
        if (i % 5 == 4)
            dev->ops->flush(dev);
    }
    CHECK_EQ(fake_notified[1], 1); /* for the first; nobody waits for more */
    *avail_event = 10;
    dev->ops->flush(dev); /* nothing new */
    CHECK_EQ(fake_notified[1], 1);
    send_parts(dev, 60, 1, NULL);
    dev->ops->flush(dev);
    CHECK_EQ(fake_notified[1], 2);
}

TEST(without_event_indices)
{
    struct netdev *dev =
        fake_open(FAKE_ALL & ~VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX));

    REQUIRE(dev != NULL);
    CHECK_EQ(fake_queue(0)->avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
    CHECK(dev->ops->arm(dev));
    CHECK_EQ(fake_queue(0)->avail->flags, 0);
    dev->ops->poll(dev, 1);
    CHECK_EQ(fake_queue(0)->avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
    fake_queue(1)->used->flags = VRING_USED_F_NO_NOTIFY;
    send_parts(dev, 60, 1, NULL);
    dev->ops->flush(dev);
    CHECK_EQ(fake_notified[1], 0);
    fake_queue(1)->used->flags = 0;
    send_parts(dev, 60, 1, NULL);
    dev->ops->flush(dev);
    CHECK_EQ(fake_notified[1], 1);
}

TEST(a_full_queue_asks_to_be_told_of_room)
{
    struct netdev *dev = start();
    struct virtq *q = fake_queue(1);
    uint16_t head;

    CHECK(dev->ops->arm(dev));
    CHECK_EQ(q->avail->ring[q->len], 0x8000); /* asks for nothing */
    while (send_parts(dev, 1500, 3, NULL) == 0)
        continue;
    CHECK_EQ(virtq_in_flight(q), TX_LEN / 4);
    CHECK(dev->ops->arm(dev));
    CHECK_EQ(q->avail->ring[q->len], TX_LEN / 8);
    for (unsigned i = 0; i <= TX_LEN / 8; i++) {
        REQUIRE(fake_tx(&head, got) > 0);
        fake_use(1, head, 0);
    }
    CHECK(!dev->ops->arm(dev)); /* there is work now */
    dev->ops->poll(dev, 1);
    CHECK_EQ(fake_up.sent, TX_LEN / 8 + 1);
    CHECK_EQ(send_parts(dev, 1500, 3, NULL), 0);
}

TEST(sent_in_any_order)
{
    struct netdev *dev = start();
    uint16_t heads[8];

    for (unsigned round = 0; round < 100; round++) {
        for (unsigned i = 0; i < 8; i++) {
            REQUIRE(send_parts(dev, 100 + i, 1 + i % 5, frame + i) == 0);
            CHECK_EQ(fake_tx(&heads[i], got), HEADER_LEN + 100 + i);
        }
        for (unsigned i = 0; i < 8; i++) {
            fake_use(1, heads[(i * 5 + 3) % 8], 0);
            dev->ops->poll(dev, 1);
            CHECK(fake_up.cookie == frame + (i * 5 + 3) % 8);
        }
    }
    CHECK_EQ(fake_queue(1)->free_count, TX_LEN);
}

TEST(the_link_goes_down_and_up)
{
    struct netdev *dev = start();

    fake_config.status = 0;
    fake_device.news(&fake_device, true);
    CHECK_EQ(fake_up.pending, 1);
    CHECK(!dev->ops->arm(dev));
    dev->ops->poll(dev, 1);
    CHECK(!dev->link_up);
    CHECK_EQ(fake_up.link_changes, 1);
    fake_device.news(&fake_device, true); /* nothing new */
    dev->ops->poll(dev, 1);
    CHECK_EQ(fake_up.link_changes, 1);
}

/* ---- lies ---- */

/* After any of them. Two frames were being sent. */
static void check_stopped(struct netdev *dev)
{
    unsigned frames = fake_up.frames;

    CHECK_EQ(dev->ops->poll(dev, 8), 0);
    CHECK_EQ(fake_up.frames, frames);
    CHECK_EQ(fake_lines, 1);
    CHECK_EQ(fake_status, 0);
    CHECK_EQ(fake_up.sent, 2);
    CHECK(!dev->link_up);
    CHECK_EQ(fake_up.link_changes, 1);
    CHECK_EQ(send_parts(dev, 60, 1, NULL), -EIO);
    CHECK_EQ(dev->ops->poll(dev, 8), 0);
    CHECK(dev->ops->arm(dev));
    dev->ops->flush(dev);
    dev->ops->give_back(dev, fake_up.kept);
    CHECK_EQ(fake_lines, 1);
}

static struct netdev *start_sending(void)
{
    struct netdev *dev = start();

    fake_up.keep = true;
    CHECK_EQ(send_parts(dev, 600, 3, frame), 0);
    CHECK_EQ(send_parts(dev, 600, 2, frame + 1), 0);
    fake_rx(frame, 4000, plain);
    CHECK_EQ(dev->ops->poll(dev, 8), 1);
    return dev;
}

TEST(lie_an_id_beyond_the_queue)
{
    struct netdev *dev = start_sending();

    fake_use(0, RX_LEN, 100);
    check_stopped(dev);
}

TEST(lie_a_buffer_it_does_not_have)
{
    struct netdev *dev = start_sending();

    fake_use(0, RX_LEN - 1, 100);
    check_stopped(dev);
}

TEST(lie_a_buffer_twice)
{
    struct netdev *dev = start_sending();
    uint16_t head = fake_next_head(0);

    fake_use(0, head, 100);
    fake_use(0, head, 100);
    ((struct virtio_net_hdr_v1 *)(void *)fake_queue(0)->desc[head].addr)
        ->num_buffers = 1;
    CHECK_EQ(dev->ops->poll(dev, 1), 1);
    check_stopped(dev);
}

TEST(lie_too_long)
{
    struct netdev *dev = start_sending();

    fake_use(0, fake_next_head(0), NETBUF_ROOM + 1);
    check_stopped(dev);
}

TEST(lie_shorter_than_a_header)
{
    struct netdev *dev = start_sending();

    fake_use(0, fake_next_head(0), HEADER_LEN + ETHERNET_LEN - 1);
    check_stopped(dev);
}

TEST(lie_a_frame_of_no_buffers)
{
    struct netdev *dev = start_sending();
    uint16_t head = fake_next_head(0);

    memset((void *)fake_queue(0)->desc[head].addr, 0, HEADER_LEN);
    fake_use(0, head, 100);
    check_stopped(dev);
}

TEST(lie_a_frame_with_a_part_missing)
{
    struct netdev *dev = start_sending();
    uint16_t head = fake_next_head(0);

    memset((void *)fake_queue(0)->desc[head].addr, 0xff, HEADER_LEN);
    fake_use(0, head, 100);
    fake_use(0, fake_next_head(0), 100);
    check_stopped(dev);
}

TEST(lie_a_frame_longer_than_any)
{
    struct netdev *dev = start_sending();
    uint16_t head = fake_next_head(0);

    memset((void *)fake_queue(0)->desc[head].addr, 36, HEADER_LEN);
    fake_use(0, head, NETBUF_ROOM);
    while (fake_waiting(0) > 0)
        fake_use(0, fake_next_head(0), NETBUF_ROOM);
    check_stopped(dev);
}

/* Tags of VLANs are the network's, beside what a packet may be long. */
TEST(the_longest_frame_with_two_tags)
{
    struct netdev *dev = start_sending();
    uint32_t left = HEADER_LEN + ETHERNET_LEN + 8 + 65535;
    uint16_t head = fake_next_head(0);

    memset((void *)fake_queue(0)->desc[head].addr, 0, HEADER_LEN);
    ((struct virtio_net_hdr_v1 *)(void *)fake_queue(0)->desc[head].addr)
        ->num_buffers = (uint16_t)((left + NETBUF_ROOM - 1) / NETBUF_ROOM);
    fake_use(0, head, NETBUF_ROOM);
    for (left -= NETBUF_ROOM; left > 0; left -= MIN(left, NETBUF_ROOM))
        fake_use(0, fake_next_head(0), MIN(left, NETBUF_ROOM));
    CHECK_EQ(dev->ops->poll(dev, 1), 1);
    CHECK(dev->link_up);
}

TEST(lie_sent_what_was_not)
{
    struct netdev *dev = start_sending();

    fake_use(1, TX_LEN - 1, 0);
    check_stopped(dev);
}

TEST(lie_sent_the_middle_of_a_chain)
{
    struct netdev *dev = start_sending();

    fake_use(1, 1, 0);
    check_stopped(dev);
}

TEST(lie_used_far_more_than_it_had)
{
    struct netdev *dev = start_sending();

    memset(fake_queue(1)->used->ring, 0, 64);
    fake_queue(1)->used->idx = 40000;
    check_stopped(dev);
}
