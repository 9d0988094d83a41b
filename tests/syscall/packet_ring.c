/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_ring.c - PACKET_RX_RING: frames in memory, as libpcap reads them.
 *
 * covers: setsockopt getsockopt mmap poll
 */
#include "check.h"

#include <poll.h>
#include <sys/mman.h>

#include "packet.h"

#define BLOCK  8192u
#define BLOCKS 2u
#define FRAME  2000u
#define FRAMES 8u

static int ring(int fd, unsigned block, unsigned blocks, unsigned frame,
                unsigned frames)
{
    struct tpacket_req q = { block, blocks, frame, frames };

    return setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &q, sizeof(q)) ? -errno
                                                                     : 0;
}

static struct tpacket2_hdr *slot(uint8_t *map, unsigned n)
{
    return (void *)(map + n / (FRAMES / BLOCKS) * BLOCK +
                    n % (FRAMES / BLOCKS) * FRAME);
}

static int header_len(int fd, int version)
{
    socklen_t len = sizeof(version);

    return getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &version, &len) ? -errno
                                                                     : version;
}

TEST(sizes)
{
    int fd;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_IP);
    only_ours(fd);
    CHECK_EQ(header_len(fd, TPACKET_V1), sizeof(struct tpacket_hdr));
    CHECK_EQ(header_len(fd, TPACKET_V2), sizeof(struct tpacket2_hdr));
    CHECK_EQ(header_len(fd, 77), -EINVAL);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2), 0);
    CHECK_EQ(ring(fd, 0, 0, 0, 0), 0);
    CHECK_EQ(ring(fd, 0, 0, 0, 1), -EINVAL);
    CHECK_EQ(ring(fd, 100, 1, 80, 1), -EINVAL);
    CHECK_EQ(ring(fd, BLOCK, BLOCKS, 2001, FRAMES), -EINVAL);
    CHECK_EQ(ring(fd, BLOCK, BLOCKS, 48, 340), -EINVAL);
    CHECK_EQ(ring(fd, BLOCK, BLOCKS, 16384, 1), -EINVAL);
    CHECK_EQ(ring(fd, BLOCK, BLOCKS, FRAME, FRAMES + 1), -EINVAL);
    CHECK_EQ((long)mmap(NULL, BLOCK, PROT_READ, MAP_SHARED, fd, 0), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(ring(fd, BLOCK, BLOCKS, FRAME, FRAMES), 0);
    CHECK_EQ(ring(fd, BLOCK, BLOCKS, FRAME, FRAMES), -EBUSY);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V1), -EBUSY);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_RESERVE, 16), -EBUSY);
    CHECK_EQ(ring(fd, 0, 0, 0, 0), 0);
    CHECK_OK(close(fd));
}

static void check_slot(const struct tpacket2_hdr *h, const char *text)
{
    const uint8_t *frame = (const uint8_t *)h + h->tp_mac;
    const struct sockaddr_ll *from =
        (const void *)((const uint8_t *)h + TPACKET_ALIGN(sizeof(*h)));

    CHECK(h->tp_status & TP_STATUS_USER);
    CHECK_EQ(h->tp_len, 42 + strlen(text));
    CHECK_EQ(h->tp_snaplen, 42 + strlen(text));
    CHECK_EQ(h->tp_net, 80);
    CHECK_EQ(h->tp_mac, 66);
    CHECK(h->tp_sec > 1700000000);
    CHECK_EQ(from->sll_family, AF_PACKET);
    CHECK_EQ(from->sll_ifindex, 1);
    CHECK_EQ(from->sll_pkttype, PACKET_HOST);
    CHECK_EQ(frame[12], 0x08);
    CHECK_EQ(memcmp(frame + 42, text, strlen(text)), 0);
}

/* Filled in turn, and around; what finds no slot is dropped. */
TEST(frames)
{
    struct pollfd p = { .events = POLLIN };
    struct tpacket_stats st;
    socklen_t len = sizeof(st);
    char text[] = "frame A";
    uint8_t *map;
    int fd;

    NEEDS_ROOT;
    fd = p.fd = tap(SOCK_RAW, ETH_P_IP);
    only_ours(fd);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2), 0);
    CHECK_EQ(ring(fd, BLOCK, BLOCKS, FRAME, FRAMES), 0);
    map = mmap(NULL, BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED);
    CHECK_EQ(ring(fd, 0, 0, 0, 0), -EBUSY);
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_EQ(slot(map, 0)->tp_status, TP_STATUS_KERNEL);
    for (unsigned n = 0; n < 2 * FRAMES + 3; n++) {
        struct tpacket2_hdr *h = slot(map, n % FRAMES);

        text[6] = (char)('A' + n);
        CHECK_EQ(say(text), 7);
        CHECK_EQ(poll(&p, 1, 0), 1);
        check_slot(h, text);
        h->tp_status = TP_STATUS_KERNEL;
        CHECK_EQ(poll(&p, 1, 0), 0);
    }
    for (unsigned n = 0; n < FRAMES + 2; n++)
        CHECK_EQ(say("full"), 4);
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len));
    CHECK_EQ(st.tp_packets, 3 * FRAMES + 5);
    CHECK_EQ(st.tp_drops, 2);
    CHECK_OK(munmap(map, BLOCK * BLOCKS));
    CHECK_EQ(ring(fd, 0, 0, 0, 0), 0);
    CHECK_OK(close(fd));
}

/* The memory is there until it is unmapped. */
TEST(a_mapping_without_its_socket)
{
    uint8_t *map;
    int fd;

    NEEDS_ROOT;
    fd = tap(SOCK_DGRAM, ETH_P_IP);
    only_ours(fd);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2), 0);
    CHECK_EQ(ring(fd, BLOCK, BLOCKS, FRAME, FRAMES), 0);
    map = mmap(NULL, BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED);
    memset(map + 4096, 1, BLOCK);
    CHECK_OK(close(fd));
    CHECK_EQ(map[4096], 1);
    CHECK_OK(munmap(map, BLOCK * BLOCKS));
}
