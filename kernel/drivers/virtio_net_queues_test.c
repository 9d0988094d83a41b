/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_net_queues_test.c - the network driver with several pairs of queues.
 *
 * Method: as virtio_net_test.c. fake_pair says which pair the device uses; what
 * it answers to the command for more pairs, and when, is each test's choice.
 */
/* unit: kernel/drivers/virtio.c kernel/drivers/virtq.c kernel/drivers/netbuf.c
 * kernel/drivers/virtio_net_queues.c */
#include <string.h>

#include "drivers/virtio_net.c"

#include "drivers/fake_net.h"
#include "tests/unit.h"

static const struct virtio_net_hdr_v1 plain;
static uint8_t frame[2048], got[FAKE_FRAME_MAX];

#define SEVERAL \
    (FAKE_ALL | VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ) | VIRTIO_BIT(VIRTIO_NET_F_MQ))
#define FLOWS 64u

static unsigned memory_pages = 1u << 14;

/* With so many CPUs and pairs; not answered yet. */
static struct netdev *ask_for(unsigned cpus, uint16_t pairs)
{
    fake_cpus = cpus;
    fake_config.max_virtqueue_pairs = pairs;
    fake_pages_total = memory_pages;
    return fake_open(SEVERAL);
}

/* The device's answer to the command for more pairs. */
static void answer(struct netdev *dev, uint8_t how)
{
    unsigned idx = fake_device.queue_count - 1;

    CHECK_EQ(fake_notified[idx], 1);
    CHECK_EQ(fake_waiting(idx), 1);
    nic.command->answer = how;
    fake_use(idx, fake_next_head(idx), 1);
    dev->ops->poll(dev, 8);
}

static struct netdev *start_several(unsigned cpus, uint16_t pairs)
{
    struct netdev *dev = ask_for(cpus, pairs);

    REQUIRE(dev != NULL);
    answer(dev, VIRTIO_NET_OK);
    return dev;
}

/* A frame of a TCP connection from port `flow`. */
static int send_flow(struct netdev *dev, uint16_t flow, void *cookie)
{
    struct netdev_part part = { frame, 60 };
    struct netdev_offload offload = { .csum_needed = true,
                                      .csum_start = 34,
                                      .csum_offset = 16 };

    memcpy(frame + 34, &flow, sizeof(flow));
    return dev->ops->transmit(dev, &part, 1, &offload, cookie);
}

/* One that is no connection's. */
static int send_other(struct netdev *dev, void *cookie)
{
    struct netdev_part part = { frame, 60 };
    struct netdev_offload offload = { 0 };

    return dev->ops->transmit(dev, &part, 1, &offload, cookie);
}

/* Which pair it went to; the frame is used. */
static unsigned sent_on(void)
{
    uint16_t head;

    for (fake_pair = 0; fake_pair < nic.pair_count; fake_pair++)
        if (fake_tx(&head, got) > 0) {
            fake_use(2 * fake_pair + 1, head, 0);
            return fake_pair;
        }
    return NIC_PAIRS_MAX;
}

TEST(as_many_pairs_as_there_are_cpus)
{
    struct netdev *dev = start_several(3, 100);
    static const unsigned numbers[] = { 0, 1, 2, 3, 4, 5, 200 };

    CHECK_EQ(fake_accepted, SEVERAL);
    CHECK_EQ(nic.pair_count, 3);
    CHECK_EQ(nic.command->pairs.virtqueue_pairs, 3);
    CHECK_EQ(nic.command->header.class, VIRTIO_NET_CTRL_MQ);
    CHECK_EQ(fake_select_count, ARRAY_LEN(numbers));
    CHECK_MEM_EQ(fake_selected, numbers, sizeof(numbers));
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(fake_waiting(2 * i), NIC_FILL_MIN);
    CHECK_EQ(nic.pool.keep, 3 * NIC_FILL_MIN);
    CHECK(dev->ops->arm(dev));
    CHECK_EQ(fake_lines, 0);
}

TEST(not_more_pairs_than_the_device_has)
{
    start_several(64, 2);
    CHECK_EQ(nic.pair_count, 2);
}

TEST(not_more_pairs_than_we_have)
{
    start_several(64, 0x7fff);
    CHECK_EQ(nic.pair_count, NIC_PAIRS_MAX);
    CHECK_EQ(fake_selected[2 * NIC_PAIRS_MAX], 0xfffe);
}

static void check_one_pair(struct netdev *dev)
{
    REQUIRE(dev != NULL);
    CHECK_EQ(fake_accepted, FAKE_ALL);
    CHECK_EQ(fake_enabled, 3);
    CHECK(dev->ops == &virtio_net_ops);
}

TEST(one_pair_for_one_cpu)
{
    check_one_pair(ask_for(1, 4));
    CHECK_EQ(fake_lines, 0);
}

TEST(one_pair_of_one)
{
    check_one_pair(ask_for(4, 1));
    CHECK_EQ(fake_lines, 0);
}

TEST(one_pair_of_none)
{
    check_one_pair(ask_for(4, 0));
    CHECK_EQ(fake_lines, 1);
}

TEST(one_pair_of_more_than_there_can_be)
{
    check_one_pair(ask_for(4, 0x8000));
    CHECK_EQ(fake_lines, 1);
}

TEST(one_pair_without_what_several_need)
{
    fake_cpus = 4;
    fake_config.max_virtqueue_pairs = 4;
    fake_open(SEVERAL & ~VIRTIO_BIT(VIRTIO_NET_F_CSUM));
    CHECK(!(fake_accepted & VIRTIO_BIT(VIRTIO_NET_F_MQ)));
    CHECK_EQ(fake_enabled, 3);
}

TEST(one_pair_in_little_memory)
{
    memory_pages = 16 * NIC_FILL_MIN - 1;
    CHECK(ask_for(4, 4) != NULL);
    CHECK(!(fake_accepted & VIRTIO_BIT(VIRTIO_NET_F_MQ)));
}

TEST(one_pair_until_the_device_has_answered)
{
    struct netdev *dev = ask_for(4, 4);

    REQUIRE(dev != NULL);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(fake_waiting(2 * i), i == 0 ? NIC_FILL_MIN : 0);
    for (uint16_t flow = 0; flow < FLOWS; flow++) {
        CHECK_EQ(send_flow(dev, flow, NULL), 0);
        CHECK_EQ(sent_on(), 0);
        CHECK_EQ(dev->ops->poll(dev, 8), 0);
    }
    CHECK(dev->ops->arm(dev)); /* for the answer, too */
    nic.command->answer = VIRTIO_NET_OK;
    fake_use(8, fake_next_head(8), 1);
    CHECK(!dev->ops->arm(dev));
    dev->ops->poll(dev, 8);
    CHECK_EQ(fake_waiting(2), NIC_FILL_MIN);
}

TEST(one_pair_for_a_device_that_refuses)
{
    struct netdev *dev = ask_for(2, 2);

    REQUIRE(dev != NULL);
    fake_rx(frame, 60, plain);
    answer(dev, VIRTIO_NET_ERR);
    CHECK_EQ(fake_up.frames, 1);
    CHECK_EQ(fake_lines, 1);
    CHECK(dev->ops == &virtio_net_ops);
    CHECK_EQ(fake_waiting(2), 0);
    CHECK_EQ(nic.pool.keep, NIC_FILL_MIN);
    for (uint16_t flow = 0; flow < FLOWS; flow++) {
        CHECK_EQ(send_flow(dev, flow, NULL), 0);
        CHECK_EQ(sent_on(), 0);
        CHECK_EQ(dev->ops->poll(dev, 8), 0);
    }
    CHECK_EQ(fake_up.sent, FLOWS);
    CHECK_EQ(fake_lines, 1);
}

TEST(a_connection_stays_on_its_pair)
{
    struct netdev *dev = start_several(4, 4);
    unsigned pair[FLOWS], count[NIC_PAIRS_MAX] = { 0 };

    for (uint16_t flow = 0; flow < FLOWS; flow++) {
        CHECK_EQ(send_flow(dev, flow, NULL), 0);
        pair[flow] = sent_on();
        REQUIRE(pair[flow] < 4);
        count[pair[flow]]++;
    }
    for (unsigned i = 0; i < 4; i++)
        CHECK(count[i] > FLOWS / 16);
    for (uint16_t flow = 0; flow < FLOWS; flow++) {
        frame[50]++;
        CHECK_EQ(send_flow(dev, flow, NULL), 0);
        CHECK_EQ(sent_on(), pair[flow]);
        CHECK_EQ(send_other(dev, NULL), 0); /* no connection's */
        CHECK_EQ(sent_on(), 0);
        dev->ops->poll(dev, 8);
    }
    CHECK_EQ(fake_up.sent, 3 * FLOWS);
}

TEST(each_pair_is_told_once)
{
    struct netdev *dev = start_several(2, 2);

    for (uint16_t flow = 0; flow < FLOWS; flow++)
        CHECK_EQ(send_flow(dev, flow, NULL), 0);
    dev->ops->flush(dev);
    dev->ops->flush(dev);
    CHECK_EQ(fake_notified[1], 1);
    CHECK_EQ(fake_notified[3], 1);
}

TEST(frames_of_all_pairs_within_the_budget)
{
    struct netdev *dev = start_several(3, 3);

    for (fake_pair = 0; fake_pair < 3; fake_pair++)
        for (unsigned i = 0; i < 10; i++)
            REQUIRE(fake_rx(frame, 60, plain) == 1);
    CHECK(!dev->ops->arm(dev));
    CHECK_EQ(dev->ops->poll(dev, 16), 16);
    CHECK_EQ(dev->ops->poll(dev, 16), 14);
    CHECK_EQ(dev->ops->poll(dev, 16), 0);
    CHECK(dev->ops->arm(dev));
}

/* The event index of a pair's receiving queue: what it asks for. */
static uint16_t asks(unsigned pair)
{
    const struct virtq *q = fake_queue(2 * pair);

    return q->avail->ring[q->len];
}

TEST(a_pair_without_traffic_stays_armed)
{
    struct netdev *dev = start_several(2, 2);

    CHECK(dev->ops->arm(dev));
    for (uint16_t i = 0; i < 3; i++) {
        REQUIRE(fake_rx(frame, 60, plain) == 1);
        CHECK(!dev->ops->arm(dev));
        CHECK_EQ(dev->ops->poll(dev, 8), 1);
        CHECK_EQ(asks(0), 0x8000 + i); /* for nothing */
        CHECK_EQ(asks(1), 0);
        CHECK(dev->ops->arm(dev));
        CHECK_EQ(asks(0), i + 1);
    }
    fake_pair = 1;
    REQUIRE(fake_rx(frame, 60, plain) == 1);
    CHECK(!dev->ops->arm(dev));
    CHECK_EQ(dev->ops->poll(dev, 8), 1);
    CHECK_EQ(asks(1), 0x8000);
    CHECK(dev->ops->arm(dev));
    CHECK_EQ(asks(1), 1);
}

TEST(an_armed_pair_that_fills_up_asks_for_room)
{
    struct netdev *dev = start_several(2, 2);
    struct virtq *q = fake_queue(1);
    uint16_t head;

    CHECK(dev->ops->arm(dev));
    while (send_other(dev, NULL) == 0)
        continue;
    CHECK(dev->ops->arm(dev));
    CHECK_EQ(q->avail->ring[q->len], TX_LEN / 4);
    for (unsigned i = 0; i <= TX_LEN / 4; i++) {
        REQUIRE(fake_tx(&head, got) > 0);
        fake_use(1, head, 0);
    }
    CHECK(!dev->ops->arm(dev));
    CHECK_EQ(dev->ops->poll(dev, 8), 0);
    CHECK_EQ(send_other(dev, NULL), 0);
}

TEST(the_link_goes_down)
{
    struct netdev *dev = start_several(2, 2);

    CHECK(dev->ops->arm(dev));
    fake_config.status = 0;
    fake_device.news(&fake_device, true);
    CHECK(!dev->ops->arm(dev));
    CHECK_EQ(dev->ops->poll(dev, 8), 0);
    CHECK(!dev->link_up);
    CHECK_EQ(fake_up.link_changes, 1);
    CHECK(dev->ops->arm(dev));
}

/* No pair waits while another one has more than can be taken. */
TEST(a_busy_pair_leaves_the_others_their_turn)
{
    struct netdev *dev = start_several(2, 2);

    fake_pair = 1;
    REQUIRE(fake_rx(frame, 1000, plain) == 1);
    fake_pair = 0;
    fake_up.bytes = 0;
    for (unsigned i = 0; i < 2; i++) {
        while (fake_rx(frame, 60, plain))
            continue;
        CHECK_EQ(dev->ops->poll(dev, 16), 16);
    }
    CHECK_EQ(fake_up.bytes, 31 * 60 + 1000);
}

TEST(pairs_without_buffers_are_given_some)
{
    struct netdev *dev = start_several(2, 2);
    unsigned frames = 0;

    fake_up.keep = true;
    fake_pages_left = 0;
    fake_pair = 1;
    while (fake_rx(frame, 60, plain)) {
        dev->ops->poll(dev, 1);
        dev->ops->poll(dev, 1);
        frames++;
    }
    CHECK_EQ(frames, NIC_FILL_MIN);
    CHECK_EQ(fake_waiting(2), 0);
    CHECK(dev->is_short);
    dev->ops->give_back(dev, fake_up.kept); /* nobody polls */
    CHECK(fake_waiting(2) > 0);
}

/* ---- lies ---- */

/* One line, a device that was reset, and `count` frames given back. */
static void check_stopped(struct netdev *dev, unsigned count)
{
    dev->ops->poll(dev, 8);
    CHECK_EQ(fake_lines, 1);
    CHECK_EQ(fake_status, 0);
    CHECK_EQ(fake_up.sent, count);
    CHECK(!dev->link_up);
    CHECK_EQ(fake_up.link_changes, 1);
    CHECK_EQ(send_flow(dev, 1, NULL), -EIO);
    CHECK_EQ(dev->ops->poll(dev, 8), 0);
    CHECK(dev->ops->arm(dev));
    dev->ops->flush(dev);
    dev->ops->give_back(dev, fake_up.kept);
    CHECK_EQ(fake_lines, 1);
}

TEST(lie_a_buffer_it_does_not_have)
{
    struct netdev *dev = start_several(3, 3);

    for (uint16_t flow = 0; flow < FLOWS; flow++)
        CHECK_EQ(send_flow(dev, flow, frame), 0);
    fake_use(2, RX_LEN - 1, 100);
    check_stopped(dev, FLOWS);
}

TEST(lie_sent_what_was_not)
{
    struct netdev *dev = start_several(3, 3);

    for (uint16_t flow = 0; flow < FLOWS; flow++)
        CHECK_EQ(send_flow(dev, flow, frame), 0);
    fake_use(5, TX_LEN - 1, 100);
    check_stopped(dev, FLOWS);
}

TEST(lie_an_answer_to_no_question)
{
    struct netdev *dev = ask_for(2, 2);

    REQUIRE(dev != NULL);
    CHECK_EQ(send_other(dev, frame), 0);
    fake_use(4, 3, 1);
    check_stopped(dev, 1);
}

TEST(lie_an_answer_before_the_others_exist)
{
    struct netdev *dev = ask_for(2, 2);

    REQUIRE(dev != NULL);
    CHECK_EQ(send_other(dev, frame), 0);
    fake_use(2, 0, 100); /* of a pair that has no buffers yet */
    check_stopped(dev, 1);
}

TEST(more_answers_are_not_looked_at)
{
    struct netdev *dev = start_several(2, 2);

    fake_queue(4)->used->idx = 40000;
    CHECK_EQ(dev->ops->poll(dev, 8), 0);
    CHECK(dev->ops->arm(dev));
    CHECK_EQ(fake_lines, 0);
}

TEST(a_device_without_the_queues_that_it_offers)
{
    fake_queue_from = 4;
    CHECK(ask_for(4, 4) == NULL);
    CHECK_EQ(fake_lines, 1);
    CHECK_EQ(fake_status, 0);
}
