/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_test.c - frames between the guest's socket and slirp: what a guest leaves
 * to its device, what it lies about, and a guest that does not read.
 */
#include "usernet/net_fake.h"

#include "tests/unit.h"

#define START  34u /* of UDP behind Ethernet and IPv4 */
#define OFFSET 6u

struct message {
    header h;
    uint8_t frame[2048];
};

static void guest_sends(const struct message *m, size_t frame_len)
{
    CHECK_EQ(send(guest_fd, m, sizeof(m->h) + frame_len, 0),
             sizeof(m->h) + frame_len);
}

/* The sum of big-endian words, as RFC 1071 has it. */
static uint16_t sum(const uint8_t *p, size_t len)
{
    uint32_t s = 0;

    for (size_t i = 0; i < len; i++)
        s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return (uint16_t)s;
}

TEST(a_frame_goes_on_as_it_is)
{
    struct message m = { .frame = "some frame" };

    fake_create();
    guest_sends(&m, 60);
    CHECK_EQ(frame_receive(), true);
    CHECK_EQ(taken_len, 60);
    CHECK_MEM_EQ(taken, m.frame, 60);
    CHECK_EQ(frame_receive(), false);
    CHECK_EQ(net.is_over, false);
}

TEST(a_checksum_is_completed)
{
    for (size_t len = START + 8; len < START + 100; len++) {
        struct message m = { .h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                    .csum_start = START,
                                    .csum_offset = OFFSET } };

        for (size_t i = 0; i < len; i++)
            m.frame[i] = (uint8_t)(i * 31 + len);
        fake_create();
        guest_sends(&m, len);
        CHECK_EQ(frame_receive(), true);
        REQUIRE(taken_len == (int)len);
        /* With the sum in place of the seed the words, less the seed that was
         * summed too, are all ones. */
        memcpy(m.frame + START + OFFSET, taken + START + OFFSET, 2);
        CHECK_MEM_EQ(taken, m.frame, len);
        {
            uint8_t seed[2] = { (uint8_t)((START + OFFSET) * 31 + len),
                                (uint8_t)((START + OFFSET + 1) * 31 + len) };
            uint32_t all = (uint32_t)sum(taken + START, len - START) +
                           (uint32_t)(seed[0] << 8 | seed[1]);

            CHECK_EQ((all & 0xffff) + (all >> 16), 0xffff);
        }
        close(net.fd);
        close(guest_fd);
    }
}

TEST(a_sum_of_zero_is_sent_as_all_ones)
{
    struct message m = { .h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                .csum_start = START,
                                .csum_offset = OFFSET } };

    fake_create();
    m.frame[START] = 0xff;
    m.frame[START + 1] = 0xff;
    guest_sends(&m, START + 8);
    CHECK_EQ(frame_receive(), true);
    CHECK_EQ(taken[START + OFFSET], 0xff);
    CHECK_EQ(taken[START + OFFSET + 1], 0xff);
}

TEST(checksums_outside_of_the_frame)
{
    static const uint16_t cases[][2] = { { 60, 0 },      { 59, 0 },
                                         { 0, 59 },      { 0xffff, 0xffff },
                                         { 34, 0xffff }, { 0xffff, 1 } };

    fake_create();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct message m = { .h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                    .csum_start = cases[i][0],
                                    .csum_offset = cases[i][1] } };

        guest_sends(&m, 60);
        CHECK_EQ(frame_receive(), true);
    }
    CHECK_EQ(taken_count, 0);
}

TEST(messages_that_are_no_frames)
{
    static uint8_t big[FRAME_LEN_MAX + sizeof(header) + 1];

    fake_create();
    CHECK_EQ(send(guest_fd, big, 1, 0), 1);
    CHECK_EQ(send(guest_fd, big, sizeof(header), 0), sizeof(header));
    CHECK_EQ(send(guest_fd, big, sizeof(big), 0), sizeof(big));
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(frame_receive(), true);
    CHECK_EQ(taken_count, 0);
}

TEST(ends_with_the_other_end)
{
    fake_create();
    close(guest_fd);
    net_serve();
    CHECK_EQ(net.is_over, true);
}

/* slirp reads its clock there, and ends a UDP socket by it: a frame that came
 * with an old one would not live to see its answer. */
TEST(slirp_knows_the_time_before_a_frame)
{
    struct message m = { .frame = "the first of all" };

    fake_create();
    guest_sends(&m, 60);
    close(guest_fd);
    net_serve();
    CHECK_EQ(taken_count, 1);
    CHECK_EQ(polled_before_taken, 1);
}

/* Nothing is lost or changes places while slirp is held back. */
TEST(a_guest_that_does_not_read)
{
    static uint8_t frame[30000];
    uint32_t sent = 0, got = 0;

    fake_create();
    while (net.queue_len < 10) {
        memcpy(frame, &sent, sizeof(sent));
        send_packet(frame, sizeof(frame), NULL);
        sent++;
    }
    net.poll_count = 0;
    add_poll(0, SLIRP_POLL_IN | SLIRP_POLL_OUT, NULL);
    CHECK_EQ(net.polls[0].events, POLLOUT);
    while (got < sent) {
        struct message head;

        queue_flush();
        while (recv(guest_fd, &head, sizeof(head), 0) > 0) {
            CHECK_MEM_EQ(head.frame, &got, sizeof(got));
            got++;
        }
    }
    CHECK_EQ(net.queue_len, 0);
    for (unsigned i = 0; i < 2 * QUEUE_LEN_MAX; i++)
        send_packet(frame, 100, NULL);
    CHECK_EQ(net.queue_len <= QUEUE_LEN_MAX, true);
}
