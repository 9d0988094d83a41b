/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_test.c - the network device: frames of all lengths through buffers of all
 * lengths, a host's side that is full or gone, a guest that breaks its queues.
 */
/* unit: monitor/gmem.c monitor/capture.c monitor/devices/queue.c
 * monitor/backend/frames.c host/fault.c */
#include "monitor/devices/net_fake.h"

#include "tests/unit.h"

#define LEN    64u
#define HEADER FRAMES_HEADER_LEN

void check_failed(const char *file, int line, const char *what)
{
    printf("# %s:%d: %s\n", file, line, what);
    exit(UNIT_EXIT_FAIL);
}

static struct queue *rx(void)
{
    return &net.rx;
}

static void offer(struct queue *q, unsigned first)
{
    q->avail->ring[q->avail->idx & (q->len - 1)] = (uint16_t)first;
    q->avail->idx++;
}

/* Receive buffer i is of `len` bytes, at a place of its own. */
static void lend(unsigned i, uint32_t len)
{
    rx()->desc[i] = (struct vring_desc){ RAM + DATA + i * 4096, len,
                                         VRING_DESC_F_WRITE, 0 };
    offer(rx(), i);
}

static void make(uint64_t features)
{
    fake_create();
    REQUIRE(fake_start(features, LEN) == 0);
}

static bool pump(struct pollfd *p)
{
    return net_pump(true, p);
}

/* A frame from the host: a header, then bytes that tell where they are. */
static void host_sends(size_t len)
{
    static uint8_t frame[FRAMES_LEN_MAX];

    for (size_t i = 0; i < len; i++)
        frame[HEADER + i] = (uint8_t)(i * 7 + i / 251);
    CHECK_EQ(send(host_fd, frame, HEADER + len, 0), HEADER + len);
}

/* Frame bytes [off..off+len) lie at `at` of the guest's memory. */
static void check_bytes(const uint8_t *at, size_t off, size_t len)
{
    size_t wrong = 0;

    for (size_t i = 0; i < len; i++)
        wrong += at[i] != (uint8_t)((off + i) * 7 + (off + i) / 251);
    CHECK_EQ(wrong, 0);
}

static uint16_t num_buffers(unsigned i)
{
    uint16_t n;

    memcpy(&n, ram + DATA + i * 4096 + 10, sizeof(n));
    return n;
}

TEST(starts_once_and_with_what_was_offered)
{
    fake_create();
    CHECK_EQ(fake_record()->mtu, NET_MTU_DEFAULT);
    CHECK_EQ(fake_record()->status, VIRTIO_NET_S_LINK_UP);
    CHECK_EQ(fake_start(FEATURES | BIT(VIRTIO_NET_F_HOST_TSO4), LEN), -EINVAL);
    CHECK_EQ(fake_start(FEATURES & ~BIT(VIRTIO_F_VERSION_1), LEN), -EINVAL);
    CHECK_EQ(fake_start(FEATURES | BIT(63), LEN), -EINVAL);
    CHECK_EQ(fake_start(FEATURES, LEN - 1), -EINVAL);
    CHECK_EQ(fake_start(FEATURES, LEN), 0);
    CHECK_EQ(fake_start(FEATURES, LEN), -EALREADY);
}

TEST(without_a_network_there_is_no_device)
{
    CHECK_EQ(net_start(), -ENODEV);
    net_notified();
}

TEST(what_was_not_started_does_nothing)
{
    struct pollfd p;

    fake_create();
    net_notified();
    CHECK_EQ(pump(&p), false);
    CHECK_EQ(p.fd, -1);
}

TEST(a_frame_arrives)
{
    struct pollfd p;

    make(FEATURES);
    lend(3, 2000);
    host_sends(100);
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(rx()->used->idx, 1);
    CHECK_EQ(rx()->used->ring[0].id, 3);
    CHECK_EQ(rx()->used->ring[0].len, HEADER + 100);
    CHECK_EQ(num_buffers(3), 1);
    check_bytes(ram + DATA + 3 * 4096 + HEADER, 0, 100);
    CHECK_EQ(p.events & POLLIN, 0); /* without buffers nothing is waited for */
    lend(4, 2000);
    CHECK_EQ(pump(&p), false);
    CHECK_EQ(p.events & POLLIN, POLLIN);
}

TEST(a_frame_is_spread_over_buffers)
{
    struct pollfd p;

    make(FEATURES);
    for (unsigned i = 0; i < 5; i++)
        lend(i, 1000);
    host_sends(2500);
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(rx()->used->idx, 3);
    CHECK_EQ(num_buffers(0), 3);
    CHECK_EQ(rx()->used->ring[2].len, HEADER + 2500 - 2000);
    check_bytes(ram + DATA + 4096, 1000 - HEADER, 1000);
    check_bytes(ram + DATA + 2 * 4096, 2000 - HEADER, 500 + HEADER);
    rx()->avail->ring[LEN] = 3; /* used_event */
    host_sends(50);             /* it takes the buffer behind */
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(rx()->used->ring[3].id, 3);
    CHECK_EQ(num_buffers(3), 1);
}

TEST(a_frame_waits_for_the_buffers_that_it_is_too_long_for)
{
    struct pollfd p;

    make(FEATURES);
    lend(0, 1000);
    host_sends(2500);
    host_sends(60);
    CHECK_EQ(pump(&p), false);
    CHECK_EQ(rx()->used->idx, 0);
    CHECK_EQ(p.events & POLLIN, 0);
    lend(1, 1000);
    CHECK_EQ(pump(&p), false);
    lend(2, 1000);
    lend(3, 1000);
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(rx()->used->idx, 4);
    CHECK_EQ(num_buffers(0), 3);
    check_bytes(ram + DATA + HEADER, 0, 1000 - HEADER);
    check_bytes(ram + DATA + 4096, 1000 - HEADER, 1000);
    check_bytes(ram + DATA + 2 * 4096, 2000 - HEADER, 512);
    check_bytes(ram + DATA + 3 * 4096 + HEADER, 0, 60);
}

TEST(a_frame_longer_than_all_buffers_is_dropped)
{
    struct pollfd p;

    make(FEATURES);
    for (unsigned i = 0; i < LEN; i++)
        lend(i, 20);
    host_sends(60000);
    CHECK_EQ(pump(&p), false);
    host_sends(4);
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(rx()->used->idx, 1);
    CHECK_EQ(net.count.rx_dropped, 1);
}

TEST(without_merging_a_frame_has_one_buffer_or_none)
{
    struct pollfd p;

    make(FEATURES & ~BIT(VIRTIO_NET_F_MRG_RXBUF));
    lend(0, 1000);
    lend(1, 1000);
    host_sends(1500);
    host_sends(100);
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(rx()->used->idx, 1);
    CHECK_EQ(rx()->used->ring[0].len, HEADER + 100);
    CHECK_EQ(net.count.rx_dropped, 1);
}

TEST(the_longest_frame_fits)
{
    struct pollfd p;

    make(FEATURES);
    for (unsigned i = 0; i < 40; i++)
        lend(i, 2000);
    host_sends(65535 + 14);
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(num_buffers(0), 33);
    CHECK_EQ(rx()->used->idx, 33);
}

/* Of brief frames the host sees few buffers; one that is longer than those goes
 * where it belongs nevertheless, and those after it at once. */
TEST(a_long_frame_comes_among_brief_ones)
{
    const unsigned brief = BRIEF_IOVS, count = 32;
    struct pollfd p;

    make(FEATURES);
    for (unsigned i = 0; i < LEN; i++)
        lend(i, 2000);
    for (unsigned i = 0; i < brief; i++)
        host_sends(100);
    host_sends(2000 * count - HEADER - 1000);
    host_sends(60);
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(p.events & POLLIN, POLLIN);
    CHECK_EQ(rx()->used->idx, brief + count + 1);
    CHECK_EQ(num_buffers(0), 1);
    CHECK_EQ(num_buffers(brief), count);
    check_bytes(ram + DATA + brief * 4096 + HEADER, 0, 2000 - HEADER);
    for (unsigned i = 1; i < count - 1; i++)
        check_bytes(ram + DATA + (brief + i) * 4096, i * 2000 - HEADER, 2000);
    CHECK_EQ(rx()->used->ring[brief + count - 1].len, 1000);
    check_bytes(ram + DATA + (brief + count) * 4096 + HEADER, 0, 60);
}

TEST(a_long_frame_is_not_held_over_a_look)
{
    struct pollfd p;

    make(FEATURES);
    for (unsigned i = 0; i < 40; i++)
        lend(i, 2000);
    host_sends(20000);
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(net.held_len, 0);
    CHECK_EQ(num_buffers(0), 11);
    CHECK_EQ(p.events & POLLIN, POLLIN);
}

/* ---- sending ---- */

static void give(unsigned i, uint32_t len, unsigned next)
{
    net.tx.desc[i] =
        (struct vring_desc){ RAM + DATA + i * 4096, len,
                             next ? VRING_DESC_F_NEXT : 0, (uint16_t)next };
}

TEST(a_frame_is_sent)
{
    uint8_t buf[4096];

    make(FEATURES);
    memset(ram + DATA, 1, HEADER);
    memset(ram + DATA + 4096, 2, 60);
    give(0, HEADER, 1);
    give(1, 60, 0);
    offer(&net.tx, 0);
    net_notified();
    CHECK_EQ(recv(host_fd, buf, sizeof(buf), 0), HEADER + 60);
    CHECK_EQ(buf[HEADER], 2);
    CHECK_EQ(net.tx.used->idx, 1);
    CHECK_EQ(watches, 1);
}

TEST(a_full_host_keeps_frames_waiting)
{
    static uint8_t buf[70000];
    struct pollfd p;
    unsigned sent = 0;

    make(FEATURES);
    give(0, HEADER + 30000, 0);
    for (unsigned i = 0; i < LEN; i++)
        offer(&net.tx, 0);
    pump(&p);
    CHECK_EQ(p.events & POLLOUT, POLLOUT);
    REQUIRE(net.tx.used->idx > 0 && net.tx.used->idx < LEN);
    for (unsigned i = 0; i < 2 * LEN && sent < LEN; i++) {
        while (recv(host_fd, buf, sizeof(buf), 0) > 0)
            sent++;
        pump(&p);
    }
    CHECK_EQ(sent, LEN);
    CHECK_EQ(net.tx.used->idx, LEN);
    CHECK_EQ(p.events & POLLOUT, 0);
}

TEST(a_host_that_goes_ends_the_network)
{
    struct pollfd p;

    make(FEATURES);
    lend(0, 2000);
    close(host_fd);
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(lost, 1);
    CHECK_EQ(p.fd, -1);
    CHECK_EQ(fake_record()->status, 0);
    CHECK_EQ(pump(&p), false);
}

TEST(a_guest_that_breaks_a_queue_loses_its_network_alone)
{
    struct pollfd p;

    make(FEATURES);
    net.tx.avail->idx = 0x7000;
    net_notified();
    CHECK_EQ(lost, 1);
    CHECK_EQ(raised, HYPERCALL_EVENT_NET);
    host_sends(100);
    CHECK_EQ(pump(&p), false);
    CHECK_EQ(p.fd, -1);
    net_notified();
    CHECK_EQ(lost, 1);
}

/* Nobody looks at the queue while the guest runs unwatched: it is to notify. */
TEST(asks_for_notifications_when_nobody_looks)
{
    struct pollfd p;
    uint16_t *event;

    make(FEATURES);
    event = (uint16_t *)(void *)&net.tx.used->ring[LEN];
    pump(&p);
    CHECK_EQ(vring_need_event(*event, 1, 0), 1);
    give(0, HEADER + 20, 0);
    offer(&net.tx, 0);
    net_notified();
    CHECK_EQ(vring_need_event(*event, 2, 1), 0); /* it is watched now */
    watches = 0;
    net_watched(true, &p);
    CHECK_EQ(vring_need_event(*event, 2, 1), 1);
}

/* Another CPU than the first sends as it goes to sleep, and leaves what has
 * come to the first; while the watcher is on, no CPU need notify. */
TEST(a_second_cpu_sends_before_it_sleeps)
{
    struct pollfd p;
    uint16_t *event;

    make(FEATURES);
    fake_vm.cpu_count = 2;
    event = (uint16_t *)(void *)&net.tx.used->ring[LEN];
    lend(0, 2000);
    host_sends(100);
    CHECK_EQ(net_pump(false, &p), false);
    CHECK_EQ(watches, 0);
    CHECK_EQ(vring_need_event(*event, 1, 0), 1);
    give(0, HEADER + 20, 0);
    offer(&net.tx, 0);
    (void)net_pump(false, &p);
    CHECK_EQ(net.tx.used->idx, 1);
    CHECK_EQ(watches, 1);
    CHECK_EQ(vring_need_event(*event, 2, 1), 0);
    CHECK_EQ(p.fd, -1);
    CHECK_EQ(rx()->used->idx, 0);
    CHECK_EQ(pump(&p), true);
    CHECK_EQ(rx()->used->idx, 1);
}

/* Nobody polls for room on the host's side unless the watcher does. */
TEST(a_second_cpu_that_finds_no_room_has_it_watched)
{
    struct pollfd p;

    make(FEATURES);
    fake_vm.cpu_count = 2;
    give(0, HEADER + 20, 0);
    for (unsigned i = 0; i < 10000 && !net.is_blocked; i++) {
        offer(&net.tx, 0);
        (void)net_pump(false, &p);
    }
    REQUIRE(net.is_blocked);
    watches = 0;
    (void)net_pump(false, &p);
    CHECK_EQ(watches, 1);
    CHECK_EQ(p.fd, -1);
    net_watched(true, &p);
    CHECK_EQ(p.events & POLLOUT, POLLOUT);
}

/* A guest that is busy and has buffers: the watcher sleeps on the tap. */
TEST(waits_for_frames_while_the_guest_is_busy)
{
    struct pollfd p;

    make(FEATURES);
    net_watched(true, &p);
    CHECK_EQ(p.fd, -1);
    lend(0, 2000);
    net_watched(true, &p);
    CHECK_EQ(p.events, POLLIN);
    host_sends(100);
    CHECK_EQ(poll(&p, 1, 0), 1);
    net_watched(false, &p);
    CHECK_EQ(raised, HYPERCALL_EVENT_NET);
    CHECK_EQ(rx()->used->idx, 1);
}

/* Whoever looks anyway is not helped with brief frames, and is with long. */
TEST(the_watcher_leaves_brief_frames_to_a_cpu_that_looks)
{
    struct pollfd p;

    make(FEATURES);
    for (unsigned i = 0; i < 40; i++)
        lend(i, 2000);
    pump(&p);
    host_sends(100);
    net_watched(false, &p);
    CHECK_EQ(rx()->used->idx, 0);
    net_watched(false, &p); /* it has not looked since */
    CHECK_EQ(rx()->used->idx, 1);
    pump(&p);
    host_sends(100);
    net_watched(true, &p); /* the last time that somebody looks */
    CHECK_EQ(rx()->used->idx, 2);
    host_sends(BRIEF_LEN);
    pump(&p);
    CHECK_EQ(rx()->used->idx, 5);
    host_sends(100);
    net_watched(false, &p);
    CHECK_EQ(rx()->used->idx, 6);
}

/* ---- copies for a tool ---- */

static uint8_t taken[CONTROL_DATA_MAX];

static const struct control_frame *frame_at(size_t off)
{
    return (const void *)(taken + sizeof(struct control_frames) + off);
}

static uint64_t take(void)
{
    const struct control_frames *head = (const void *)taken;
    size_t len = capture_take(taken, sizeof(taken));

    CHECK_EQ(len, sizeof(*head) + head->len);
    return head->len;
}

TEST(copies_frames_of_both_ways)
{
    const size_t kept = 104; /* of 100, padded */
    struct pollfd p;

    make(FEATURES);
    CHECK_EQ(capture_start(0), 0);
    CHECK_EQ(capture_start(0), -EBUSY);
    lend(0, 50); /* in pieces on both sides */
    lend(1, 2000);
    host_sends(100);
    CHECK_EQ(pump(&p), true);
    give(0, HEADER + 8, 1);
    give(1, 60, 0);
    offer(&net.tx, 0);
    memset(ram + DATA + 4096, 2, 60);
    net_notified();
    REQUIRE(take() == 2 * sizeof(struct control_frame) + kept + 72);
    CHECK_EQ(frame_at(0)->len, 100);
    CHECK_EQ(frame_at(0)->direction, CONTROL_TO_GUEST);
    check_bytes((const uint8_t *)(frame_at(0) + 1), 0, 100);
    CHECK_EQ(frame_at(24 + kept)->len, 68);
    CHECK_EQ(frame_at(24 + kept)->direction, CONTROL_FROM_GUEST);
    CHECK_EQ(frame_at(24 + kept)->ns >= frame_at(0)->ns, true);
    CHECK_EQ(((const uint8_t *)(frame_at(24 + kept) + 1))[8], 2);
    CHECK_EQ(take(), 0);
    capture_stop();
    CHECK_EQ(take(), 0);
}

TEST(keeps_what_is_asked_for_and_counts_what_it_has_no_room_for)
{
    const unsigned count = 2 * CAPTURE_RING_LEN / 60000;
    const struct control_frames *head = (const void *)taken;
    uint64_t len = 0, part;
    struct pollfd p;

    make(FEATURES);
    CHECK_EQ(capture_start(10), 0);
    lend(0, 2000);
    host_sends(100);
    pump(&p);
    CHECK_EQ(take(), sizeof(struct control_frame) + 16);
    CHECK_EQ(frame_at(0)->len, 100);
    CHECK_EQ(frame_at(0)->kept, 10);
    capture_stop();
    CHECK_EQ(capture_start(0), 0);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned k = 0; k < 31; k++)
            lend(k, 2000);
        host_sends(60000);
        pump(&p);
    }
    while ((part = take()) > 0)
        len += part;
    CHECK_EQ(len,
             (count - head->dropped) * (sizeof(struct control_frame) + 60000));
    CHECK_EQ(head->dropped, count - CAPTURE_RING_LEN / 60024);
    capture_stop();
}
