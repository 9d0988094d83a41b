/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile_frames_test.c - frames that break the rules below TCP: fragments,
 * ICMP, neighbours. None may make an assertion false, keep the kernel at work,
 * or hold memory.
 *
 * Method: lwIP and the sockets on the host, single frames. What a frame left
 * behind must go by itself, and what is read lies in memory of its very length.
 */
#include "tests/unit.h"

#include "tests/fuzz/inet_peer.h"
#include "tests/fuzz/inet_stack.h"

#include "tests/fuzz/inet_input.h"

#include "lwip/prot/etharp.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/nd6.h"
#include "lwip/prot/udp.h"
#include "net/inet/tcp.h"

#define PORT   7u
#define HEAD4  (ETH + IP_HLEN)
#define HEAD6  (ETH + IP6_HLEN)
#define FRAG6  8u
#define OPTION 8u
#define ECHO6  128u
#define MF     1u

static const uint8_t mac_option[OPTION] = { 2, 1, 2, 0, 0, 0, 0, 1 };
static struct input none_odd;
static struct file *sock;
static char got[70000];
static unsigned sent_frames;

static void count(const uint8_t *frame, size_t len)
{
    (void)frame, (void)len;
    sent_frames++;
}

/* A UDP socket at PORT, of IPv6 and so of IPv4, too. */
static void begin(void)
{
    struct sockaddr_in6 any = { .sin6_family = AF_INET6,
                                .sin6_port = lwip_htons(PORT) };
    struct socket_addr a = { .len = sizeof(any) };

    thread_current_ptr = &fake_thread;
    if (socket_create(AF_INET6, SOCK_DGRAM, 0, 04000, &sock))
        abort();
    memcpy(a.bytes, &any, sizeof(any));
    if (socket_of(sock)->ops->bind(socket_of(sock), &a))
        abort();
    inet_device.chksum_flags &= (u16_t)~NETIF_CHECKSUM_CHECK_ICMP6;
    on_sent = count;
    advance(5 * NS_PER_SEC);
    (void)device_poll();
    sent_frames = 0;
}

static void end(void)
{
    file_put(sock);
    all_is_over();
}

/* The last word of both addresses; the first six bytes of each stay. */
static void ends6(uint8_t *f, unsigned from, unsigned to)
{
    f[ETH + 23] = (uint8_t)from;
    f[ETH + 39] = (uint8_t)to;
}

/* ---- fragments ---- */

static void fragment4(unsigned off, unsigned len, unsigned more, uint32_t to)
{
    static uint8_t f[HEAD4 + 2000];
    struct udp_hdr u = { 0, lwip_htons(PORT), lwip_htons(24), 0 };
    struct ip_hdr h;

    memset(f, 0, sizeof(f));
    (void)header4(f, &none_odd, IP_PROTO_UDP, len);
    memcpy(&h, f + ETH, IP_HLEN);
    h.dest.addr = lwip_htonl(to);
    IPH_OFFSET_SET(&h, lwip_htons((u16_t)(off / 8 | (more ? IP_MF : 0))));
    IPH_CHKSUM_SET(&h, 0);
    IPH_CHKSUM_SET(&h, inet_chksum(&h, IP_HLEN));
    memcpy(f + ETH, &h, IP_HLEN);
    if (off == 0)
        memcpy(f + HEAD4, &u, UDP_HLEN);
    deliver(f, HEAD4 + len, sizeof(f));
}

static void fragment6(unsigned off, unsigned len, unsigned more, bool to_all)
{
    static uint8_t f[HEAD6 + FRAG6 + 2000];
    uint8_t h[FRAG6] = { IP_PROTO_UDP, 0, (uint8_t)(off >> 8),
                         (uint8_t)(off | more) };
    struct udp_hdr u = { 0, lwip_htons(PORT), lwip_htons(24), 1 };

    memset(f, 0, sizeof(f));
    (void)header6(f, &none_odd, 44, FRAG6 + len);
    if (to_all) {
        f[ETH + 24] = 0xff;
        f[ETH + 25] = 2;
        ends6(f, 1, 1);
    }
    memcpy(f + HEAD6, h, FRAG6);
    if (off == 0)
        memcpy(f + HEAD6 + FRAG6, &u, UDP_HLEN);
    deliver(f, HEAD6 + FRAG6 + len, sizeof(f));
}

TEST(fragments_of_more_than_a_packet)
{
    begin();
    for (unsigned end_at = 65480; end_at <= 65535; end_at++) {
        for (unsigned off = 0; off < end_at; off += 1400) {
            unsigned len = MIN(1400u, end_at - off);

            fragment4(off, len, off + len < end_at, 0x0a000002);
            fragment6(off, len, off + len < end_at, false);
        }
    }
    end();
}

/* The last one says less than those before it have. */
TEST(fragments_beyond_the_end)
{
    begin();
    for (unsigned off = 16; off < 65520; off += 1400) {
        fragment4(off, MIN(1400u, 65535 - off), MF, 0x0a000002);
        fragment6(off, MIN(1400u, 65535 - off) & ~7u, MF, false);
    }
    fragment4(8, 8, 0, 0x0a000002);
    fragment6(8, 8, 0, false);
    fragment4(0, 8, MF, 0x0a000002);
    fragment6(0, 8, MF, false);
    end();
}

static void fragments_to_all(unsigned first)
{
    fragment4(0, first, MF, 0x0a0000ff);
    fragment4(first, 8, MF, 0x0a0000ff);
    fragment4(first + 8, 8, MF, 0x0a0000ff);
    fragment4(first + 16, 0, 0, 0x0a0000ff);
    fragment6(0, first, MF, true);
    fragment6(first, 8, MF, true);
    fragment6(first + 8, 8, MF, true);
    fragment6(first + 16, 0, 0, true);
}

TEST(empty_fragments_to_all)
{
    begin();
    fragments_to_all(8);
    fragments_to_all(0);
    end();
}

/* A whole one is put together yet: to us, to all. */
TEST(fragments_of_a_datagram)
{
    begin();
    fragment4(16, 8, 0, 0x0a000002);
    fragment4(0, 16, MF, 0x0a000002);
    CHECK_EQ(file_take(sock, got, sizeof(got)), 16);
    fragment4(0, 16, MF, 0x0a0000ff);
    fragment4(16, 8, 0, 0x0a0000ff);
    CHECK_EQ(file_take(sock, got, sizeof(got)), 16);
    end();
}

/* ---- ICMPv6 ---- */

/* A message of ICMPv6 from fd00::`from` to fd00::2. */
static void message6(unsigned from, unsigned type, const uint8_t *body,
                     size_t len)
{
    static uint8_t f[HEAD6 + 2000];

    memset(f, 0, sizeof(f));
    (void)header6(f, &none_odd, 58, 4 + len);
    ends6(f, from, 2);
    f[HEAD6] = (uint8_t)type;
    memcpy(f + HEAD6 + 4, body, len);
    deliver(f, HEAD6 + 4 + len, sizeof(f));
    inet_flush();
}

static void echo6(unsigned from, size_t len)
{
    static const uint8_t body[1400];

    message6(from, ECHO6, body, len);
}

/* Neighbour solicitation or advertisement, about fd00::`target`. */
static void neighbour6(unsigned from, unsigned type, unsigned target,
                       const uint8_t *option, size_t option_len)
{
    uint8_t body[20 + OPTION] = { 0x60, 0, 0, 0, 0xfd };

    body[19] = (uint8_t)target;
    memcpy(body + 20, option, option_len);
    message6(from, type, body, 20 + option_len);
}

TEST(path_of_no_room)
{
    begin();
    neighbour6(1, ICMP6_TYPE_NS, 2, mac_option, OPTION);
    echo6(1, 8);
    for (unsigned mtu = 0; mtu < 1280; mtu++) {
        uint8_t body[4 + IP6_HLEN] = { 0, 0, (uint8_t)(mtu >> 8),
                                       (uint8_t)mtu };

        body[4 + 24] = 0xfd;
        body[4 + 39] = 1;
        message6(1, ICMP6_TYPE_PTB, body, sizeof(body));
        (void)device_poll();
        sent_frames = 0;
        echo6(1, 1400);
        CHECK_EQ(sent_frames, 1);
    }
    end();
}

/* An error is not to be told to nobody. */
TEST(errors_to_nobody)
{
    uint8_t f[HEAD6 + 8 + 1000];
    size_t held;

    begin();
    held = inet_memory_held;
    for (unsigned n = 0; n < 200; n++) {
        memset(f, 0, sizeof(f));
        (void)header6(f, &none_odd, 0, sizeof(f) - HEAD6);
        memset(f + ETH + 8, 0, 16);
        memcpy(f + ETH + 24, "\xff\x02\0\0\0\0\0\0\0\0\0\1\xff\0\0\2", 16);
        f[HEAD6] = 59;
        f[HEAD6 + 2] = 0x80; /* an option that nobody knows */
        f[HEAD6 + 3] = 4;
        deliver(f, sizeof(f), sizeof(f));
    }
    advance(60 * NS_PER_SEC);
    (void)device_poll();
    CHECK_EQ(inet_memory_held, held);
    end();
}

/* Answers to somebody who is not there. */
TEST(answers_that_wait_are_few)
{
    size_t held;

    begin();
    held = inet_memory_held;
    for (unsigned n = 0; n < 1000; n++)
        echo6(0x90 + n % 4, 1000);
    CHECK(inet_memory_held - held < 100 * 1400);
    advance(60 * NS_PER_SEC);
    (void)device_poll();
    CHECK_EQ(inet_memory_held, held);
    end();
}

/* Whoever waits for a neighbour is sent elsewhere, where there is no room. */
TEST(redirected_while_it_waits)
{
    uint8_t body[36] = { 0 };

    begin();
    for (unsigned n = 0; n < 32; n++)
        echo6(0x40 + n, 8);
    body[4] = body[20] = 0xfd;
    body[19] = 0xf0;
    for (unsigned n = 0; n < 32; n++) {
        static uint8_t f[HEAD6 + 40];

        body[35] = (uint8_t)(0x40 + n);
        (void)header6(f, &none_odd, 58, 40);
        f[ETH + 8] = 0xfe;
        f[ETH + 9] = 0x80;
        f[HEAD6] = ICMP6_TYPE_RD;
        memcpy(f + HEAD6 + 4, body, sizeof(body));
        deliver(f, sizeof(f), sizeof(f));
    }
    for (unsigned n = 0; n < 32; n++)
        neighbour6(1, ICMP6_TYPE_NA, 0x40 + n, mac_option, OPTION);
    end();
}

TEST(our_address_claimed)
{
    uint8_t f[HEAD6 + 24 + OPTION] = { 0 };

    begin();
    (void)header6(f, &none_odd, 58, sizeof(f) - HEAD6);
    f[ETH + 24] = 0xff;
    f[ETH + 25] = 2;
    ends6(f, 1, 1);
    f[HEAD6] = ICMP6_TYPE_NA;
    f[HEAD6 + 8] = 0xfd;
    f[HEAD6 + 23] = 2;
    memcpy(f + HEAD6 + 24, mac_option, OPTION);
    deliver(f, sizeof(f), sizeof(f));
    neighbour6(1, ICMP6_TYPE_NS, 2, mac_option, OPTION);
    (void)device_poll();
    sent_frames = 0;
    echo6(1, 8);
    CHECK_EQ(sent_frames, 1);
    end();
}

/* ---- what is too short ---- */

TEST(short_frames)
{
    static const uint8_t empty_option[] = { 1, 0 };
    uint8_t f[HEAD4 + 22];

    begin();
    for (unsigned len = ETH; len <= sizeof(f); len++) {
        memset(f, 0, sizeof(f));
        ethernet(f, ETHTYPE_ARP);
        f[15] = 1;
        f[16] = 8;
        f[18] = 6;
        f[19] = 4;
        deliver(f, len, sizeof(f));
        (void)header4(f, &none_odd, IP_PROTO_UDP, len - MIN(len, HEAD4));
        f[ETH + 19] = 9; /* not to us */
        deliver(f, len, sizeof(f));
    }
    neighbour6(1, ICMP6_TYPE_NS, 2, empty_option, sizeof(empty_option));
    neighbour6(1, ICMP6_TYPE_NA, 1, empty_option, sizeof(empty_option));
    end();
}

/* ---- from ourselves ---- */

static void datagram4_to(uint32_t from, unsigned port)
{
    uint8_t f[HEAD4 + UDP_HLEN] = { 0 };
    struct udp_hdr u = { lwip_htons(PORT), lwip_htons((u16_t)port),
                         lwip_htons(UDP_HLEN), 0 };
    struct ip_hdr h;

    (void)header4(f, &none_odd, IP_PROTO_UDP, UDP_HLEN);
    memcpy(&h, f + ETH, IP_HLEN);
    h.src.addr = lwip_htonl(from);
    IPH_CHKSUM_SET(&h, 0);
    IPH_CHKSUM_SET(&h, inet_chksum(&h, IP_HLEN));
    memcpy(f + ETH, &h, IP_HLEN);
    memcpy(f + HEAD4, &u, UDP_HLEN);
    deliver(f, sizeof(f), sizeof(f));
}

static void datagram4(uint32_t from)
{
    datagram4_to(from, PORT);
}

TEST(sent_in_our_name)
{
    begin();
    datagram4(0x0a000002);
    datagram4(0x7f000001);
    CHECK_EQ(file_take(sock, got, sizeof(got)), -EAGAIN);
    datagram4(0x0a000001);
    CHECK_EQ(file_take(sock, got, sizeof(got)), 0);
    end();
}

/* A datagram of IPv6 between two addresses, given by both ends of each. */
static void datagram6(unsigned from_net, unsigned from, unsigned to_net,
                      unsigned to, unsigned port)
{
    uint8_t f[HEAD6 + UDP_HLEN] = { 0 };
    struct udp_hdr u = { lwip_htons(PORT), lwip_htons((u16_t)port),
                         lwip_htons(UDP_HLEN), 1 };

    (void)header6(f, &none_odd, IP_PROTO_UDP, UDP_HLEN);
    f[ETH + 8] = (uint8_t)from_net;
    f[ETH + 24] = (uint8_t)to_net;
    ends6(f, from, to);
    memcpy(f + HEAD6, &u, UDP_HLEN);
    deliver(f, sizeof(f), sizeof(f));
    inet_flush();
}

TEST(sent_in_our_name_by_ipv6)
{
    begin();
    datagram6(0xfd, 2, 0xfd, 2, PORT);
    datagram6(0, 1, 0xfd, 2, PORT);
    datagram6(0xfd, 1, 0, 1, PORT);
    CHECK_EQ(file_take(sock, got, sizeof(got)), -EAGAIN);
    datagram6(0xfd, 1, 0xfd, 2, PORT);
    CHECK_EQ(file_take(sock, got, sizeof(got)), 0);
    end();
}

/* Somebody looks whether he may have an address that we are looking at. */
static void looks_for(unsigned target, bool is_echo)
{
    uint8_t f[HEAD6 + 24] = { 0 };

    (void)header6(f, &none_odd, 58, sizeof(f) - HEAD6);
    if (is_echo)
        memcpy(f + 6, dev.mac, 6);
    memset(f + ETH + 8, 0, 16);
    memcpy(f + ETH + 24, "\xff\x02\0\0\0\0\0\0\0\0\0\1\xff\0\0", 15);
    f[ETH + 39] = (uint8_t)target;
    f[HEAD6] = ICMP6_TYPE_NS;
    f[HEAD6 + 8] = 0xfd;
    f[HEAD6 + 23] = (uint8_t)target;
    deliver(f, sizeof(f), sizeof(f));
}

/* A hub that gives back what we ask is no other host (RFC 4862, 5.4.3). */
TEST(our_own_question_comes_back)
{
    ip6_addr_t a = { { PP_HTONL(0xfd000000), 0, 0, PP_HTONL(0x77) }, 0 };
    s8_t i;

    begin();
    CHECK_EQ(netif_add_ip6_address(&inet_device, &a, &i), ERR_OK);
    netif_ip6_addr_set_state(&inet_device, i, IP6_ADDR_TENTATIVE_1);
    looks_for(0x77, true);
    CHECK(ip6_addr_istentative(netif_ip6_addr_state(&inet_device, i)));
    looks_for(0x77, false);
    CHECK(ip6_addr_isduplicated(netif_ip6_addr_state(&inet_device, i)));
    netif_ip6_addr_set_state(&inet_device, i, IP6_ADDR_INVALID);
    end();
}

/* ---- how many errors there are ---- */

#define CLOSED 9u

static unsigned errors_to_4(unsigned count)
{
    sent_frames = 0;
    for (unsigned n = 0; n < count; n++) {
        datagram4_to(0x0a000001, CLOSED);
        (void)device_poll();
    }
    return sent_frames;
}

static unsigned errors_to_6(unsigned count)
{
    sent_frames = 0;
    for (unsigned n = 0; n < count; n++) {
        datagram6(0xfd, 1, 0xfd, 2, CLOSED);
        (void)device_poll();
    }
    return sent_frames;
}

TEST(errors_are_few)
{
    static const struct eth_addr mac = { { 2, 0, 0, 0, 0, 1 } };
    ip4_addr_t peer = { lwip_htonl(0x0a000001) };

    begin();
    etharp_add_static_entry(&peer, (struct eth_addr *)(uintptr_t)&mac);
    neighbour6(1, ICMP6_TYPE_NS, 2, mac_option, OPTION);
    advance(NS_PER_SEC);
    CHECK_EQ(errors_to_4(200), 50);
    CHECK_EQ(errors_to_6(200), 0);
    advance(NS_PER_SEC / 100);
    CHECK_EQ(errors_to_6(200), 10);
    CHECK_EQ(errors_to_4(200), 0);
    for (unsigned n = 0; n < 100; n++)
        echo6(1, 8);
    CHECK_EQ(sent_frames, 100);
    end();
}

/* ---- errors about connections ---- */

/* 10.0.0.1 cannot be reached, says a router that quotes a segment of ours. */
static void unreachable(unsigned port, uint32_t seq)
{
    uint8_t f[HEAD4 + 8 + IP_HLEN + 8] = { 0 }, *h = f + HEAD4;
    uint16_t ports[2] = { lwip_htons((u16_t)port), lwip_htons(1000) }, sum;
    uint32_t number = lwip_htonl(seq);

    (void)header4(f, &none_odd, IP_PROTO_TCP, 8);
    memcpy(h + 8, f + ETH, 12);
    memcpy(h + 20, f + ETH + 16, 4);
    memcpy(h + 24, f + ETH + 12, 4);
    (void)header4(f, &none_odd, IP_PROTO_ICMP, sizeof(f) - HEAD4);
    h[0] = 3;
    h[1] = 1;
    memcpy(h + 28, ports, sizeof(ports));
    memcpy(h + 32, &number, sizeof(number));
    sum = inet_chksum(h, (u16_t)(sizeof(f) - HEAD4));
    memcpy(h + 2, &sum, sizeof(sum));
    deliver(f, sizeof(f), sizeof(f));
}

TEST(errors_by_guess)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr.s_addr = lwip_htonl(0x0a000001),
                              .sin_port = lwip_htons(1000) };
    struct socket_addr a = { .len = sizeof(to) };
    struct file *server, *f;
    struct socket_wait w = { 0 };
    struct socket *s;
    unsigned port;
    uint32_t syn;

    server = listen_on(80); /* so that the peer is known */
    if (socket_create(AF_INET, SOCK_STREAM, 0, 04000, &f))
        abort();
    s = socket_of(f);
    memcpy(a.bytes, &to, sizeof(to));
    CHECK_EQ(s->ops->connect(s, &a, &w), -EINPROGRESS);
    (void)device_poll();
    CHECK_EQ(last()->flags & 0x3f, TCP_SYN);
    syn = last()->seq;
    port = tcp_of(s)->i.local_port;
    unreachable(port, syn + 2);
    unreachable(port, syn - 2);
    CHECK_EQ(s->error, 0);
    unreachable(port, syn);
    CHECK_EQ(s->error, EHOSTUNREACH);
    file_put(f);
    file_put(server);
    all_is_over();
}
