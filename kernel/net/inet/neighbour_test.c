/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * neighbour_test.c - what strangers on the link can make us ask and believe.
 *
 * Method: lwIP and the sockets on the host. Frames come that nobody honest
 * would send; then lwIP's tables are as they were before.
 */
#include "tests/unit.h"

#include "tests/fuzz/inet_stack.h"

#include "lwip/etharp.h"
#include "lwip/inet_chksum.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"

#define PORT      80u
#define STRANGERS 600u
#define ICMP6_AT  54u
#define ASKS      1u
#define ANSWERS   2u

static unsigned asked, told, answers, answers_back;

static const uint8_t router_mac[6] = { 2, 0, 0, 0, 7, 7 };
static const ip4_addr_t honest = { PP_HTONL(0x0a000005) };
static const uint8_t ours6[16] = { 0xfd, [15] = 2 };
static const uint8_t peer6[16] = { 0xfd, [15] = 9 };
static const uint8_t stranger6[16] = { 0xfe, 0x80, [15] = 0x66 };

static void count(const uint8_t *f, size_t len)
{
    (void)len;
    if (f[12] == 8 && f[13] == 6) {
        asked += f[21] == ASKS;
        told += f[21] == ANSWERS;
    }
    if (f[12] == 0x86 && f[20] == 58 && f[ICMP6_AT] == ICMP6_TYPE_NS)
        asked++;
    if ((f[12] == 8 && f[13] == 0 && f[23] == IP_PROTO_TCP) ||
        (f[12] == 0x86 && f[20] == IP_PROTO_TCP)) {
        answers++;
        answers_back += memcmp(f, router_mac, 6) == 0;
    }
}

static void give(const uint8_t *f, size_t len)
{
    deliver(f, len, len);
    inet_flush();
    (void)device_poll();
}

static bool is_known(const ip4_addr_t *a)
{
    const ip4_addr_t *found;
    struct eth_addr *at;

    return etharp_find_addr(&inet_device, a, &at, &found) >= 0;
}

/* A neighbour asks for us, or answers. */
static void arp_from(const ip4_addr_t *a, uint8_t opcode)
{
    uint8_t f[42] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 5, 8, 6,
                      0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 5 };
    const ip4_addr_t us = { lwip_htonl(0x0a000002) };

    f[21] = opcode;
    memcpy(f + 28, a, 4);
    memcpy(f + 38, &us, 4);
    give(f, sizeof(f));
}

/* It is known from then on. */
static void hear_of(const ip4_addr_t *a)
{
    arp_from(a, ASKS);
    CHECK(is_known(a));
}

static void syn_from(uint32_t host)
{
    uint8_t f[54] = { 0 };
    struct ip_hdr ip = { 0 };
    struct tcp_hdr h = { 0 };

    memcpy(f, dev.mac, 6);
    memcpy(f + 6, router_mac, 6);
    f[12] = 8;
    IPH_VHL_SET(&ip, 4, 5);
    IPH_LEN_SET(&ip, lwip_htons(IP_HLEN + TCP_HLEN));
    IPH_TTL_SET(&ip, 64);
    IPH_PROTO_SET(&ip, IP_PROTO_TCP);
    ip.src.addr = lwip_htonl(host);
    ip.dest.addr = lwip_htonl(0x0a000002);
    IPH_CHKSUM_SET(&ip, inet_chksum(&ip, IP_HLEN));
    memcpy(f + 14, &ip, IP_HLEN);
    h.src = lwip_htons(1000);
    h.dest = lwip_htons(PORT);
    h.seqno = lwip_htonl(host);
    h.wnd = 0xffff;
    TCPH_HDRLEN_FLAGS_SET(&h, 5, TCP_SYN);
    memcpy(f + 34, &h, TCP_HLEN);
    give(f, sizeof(f));
}

/* An IPv6 packet: sums are counted as checked but for ICMPv6's. */
static void give6(const uint8_t *from, const uint8_t *to, unsigned protocol,
                  const uint8_t *data, unsigned len)
{
    uint8_t f[400] = { 0 };
    uint32_t sum = protocol + len;

    memcpy(f, dev.mac, 6);
    memcpy(f + 6, router_mac, 6);
    f[12] = 0x86;
    f[13] = 0xdd;
    f[14] = 0x60;
    f[19] = (uint8_t)len;
    f[20] = (uint8_t)protocol;
    f[21] = 255;
    memcpy(f + 22, from, 16);
    memcpy(f + 38, to, 16);
    memcpy(f + ICMP6_AT, data, len);
    for (unsigned i = 22; i < ICMP6_AT + len; i += 2)
        sum += (uint32_t)(f[i] << 8 | f[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    if (protocol == 58) {
        f[ICMP6_AT + 2] = (uint8_t)(sum >> 8);
        f[ICMP6_AT + 3] = (uint8_t)sum;
    }
    give(f, ICMP6_AT + len);
}

static void syn_from6(unsigned host)
{
    uint8_t from[16] = {
        0xfd, [10] = 1, [13] = (uint8_t)(host >> 8), [14] = (uint8_t)host
    };
    struct tcp_hdr h = { .src = lwip_htons(1000),
                         .dest = lwip_htons(PORT),
                         .seqno = host,
                         .wnd = 0xffff };

    TCPH_HDRLEN_FLAGS_SET(&h, 5, TCP_SYN);
    give6(from, ours6, IP_PROTO_TCP, (const uint8_t *)&h, sizeof(h));
}

/* A listener. */
static struct file *begin(int family)
{
    struct sockaddr_in6 any = { .sin6_family = (uint16_t)family,
                                .sin6_port = lwip_htons(PORT) };
    struct socket_addr a = { .len = sizeof(any) };
    struct file *server;
    struct socket *s;

    thread_current_ptr = &fake_thread;
    if (socket_create(family, SOCK_STREAM, 0, 04000, &server))
        abort();
    s = socket_of(server);
    memcpy(a.bytes, &any, sizeof(any));
    if (s->ops->bind(s, &a) || s->ops->listen(s, 16))
        abort();
    on_sent = count;
    advance(10 * NS_PER_SEC);
    asked = told = answers = answers_back = 0;
    return server;
}

static void end(struct file *server)
{
    file_put(server);
    advance(600 * NS_PER_SEC);
    (void)device_poll();
    CHECK_EQ(bufs_out, 0);
}

TEST(strangers_do_not_push_neighbours_out)
{
    struct file *server = begin(AF_INET);

    hear_of(&honest);
    for (unsigned i = 0; i < STRANGERS; i++) {
        if (i % 100 == 0)
            advance(NS_PER_SEC / 10);
        syn_from(0x0a000014 + i % 200);
    }
    CHECK_EQ(answers_back, answers);
    CHECK(answers > STRANGERS - 32);
    CHECK(asked < 20);
    CHECK(is_known(&honest));
    end(server);
}

TEST(nor_those_of_ipv6)
{
    struct file *server = begin(AF_INET6);

    for (unsigned i = 0; i < STRANGERS; i++)
        syn_from6(i);
    CHECK(answers > STRANGERS - 32);
    CHECK_EQ(answers_back, answers);
    CHECK(asked < 20);
    end(server);
}

/* They get their answer all the same. */
TEST(nor_do_those_who_ask_for_us)
{
    struct file *server = begin(AF_INET);

    hear_of(&honest);
    advance(10 * NS_PER_SEC);
    told = 0;
    for (unsigned i = 0; i < STRANGERS; i++) {
        ip4_addr_t a = { lwip_htonl(0x0a000014 + i % 200) };

        arp_from(&a, ASKS);
    }
    CHECK_EQ(told, STRANGERS);
    CHECK(is_known(&honest));
    end(server);
}

/* ... and nobody wants to know what was not asked. */
TEST(nor_do_answers_to_no_question)
{
    struct file *server = begin(AF_INET);

    hear_of(&honest);
    for (unsigned i = 0; i < STRANGERS; i++) {
        ip4_addr_t a = { lwip_htonl(0x0a000014 + i % 200) };

        arp_from(&a, ANSWERS);
        CHECK(!is_known(&a));
    }
    CHECK(is_known(&honest));
    end(server);
}

TEST(an_answer_is_heard)
{
    ip4_addr_t a = { PP_HTONL(0x0a000063) };
    struct file *server = begin(AF_INET);

    syn_from(0x0a000063);
    arp_from(&a, ANSWERS);
    CHECK(is_known(&a));
    CHECK_EQ(answers, 1);
    end(server);
}

/* Without a flood whoever is answered is asked for. */
TEST(a_stranger_is_asked_for)
{
    struct file *server = begin(AF_INET);

    syn_from(0x0a000063);
    CHECK_EQ(asked, 1);
    CHECK_EQ(answers, 0);
    end(server);
}

static u8_t state_of_ours(void)
{
    for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (netif_ip6_addr(&inet_device, i)->addr[0] == PP_HTONL(0xfd000000))
            return netif_ip6_addr_state(&inet_device, i);
    return IP6_ADDR_INVALID;
}

TEST(nobody_takes_an_address_of_ours)
{
    static const uint8_t all[16] = { 0xff, 2, [15] = 1 };
    uint8_t m[32] = { ICMP6_TYPE_NA, 0, 0, 0, 0x20 };
    struct file *server = begin(AF_INET6);

    CHECK_EQ(state_of_ours(), IP6_ADDR_PREFERRED);
    memcpy(m + 8, ours6, 16);
    m[24] = 2;
    m[25] = 1;
    give6(stranger6, all, 58, m, sizeof(m));
    CHECK_EQ(state_of_ours(), IP6_ADDR_PREFERRED);
    end(server);
}

static const struct nd6_destination_cache_entry *way(const uint8_t *to)
{
    for (unsigned i = 0; i < LWIP_ND6_NUM_DESTINATIONS; i++)
        if (memcmp(destination_cache[i].destination_addr.addr, to, 16) == 0)
            return &destination_cache[i];
    return NULL;
}

/* The peer is sent something, so the way there is known. */
static void find_way(void)
{
    uint8_t echo[8] = { ICMP6_TYPE_EREQ };

    give6(peer6, ours6, 58, echo, sizeof(echo));
    CHECK(way(peer6));
}

TEST(only_the_first_hop_redirects)
{
    uint8_t m[48] = { ICMP6_TYPE_RD };
    struct file *server = begin(AF_INET6);

    find_way();
    memcpy(m + 8, stranger6, 16);
    memcpy(m + 24, peer6, 16);
    m[40] = 2;
    m[41] = 1;
    give6(stranger6, ours6, 58, m, sizeof(m));
    CHECK_EQ(memcmp(way(peer6)->next_hop_addr.addr, peer6, 16), 0);
    end(server);
}

static unsigned mtu_after(unsigned mtu, const uint8_t *source)
{
    uint8_t m[56] = { ICMP6_TYPE_PTB };

    m[6] = (uint8_t)(mtu >> 8);
    m[7] = (uint8_t)mtu;
    m[8] = 0x60;
    m[14] = IP_PROTO_TCP;
    memcpy(m + 16, source, 16);
    memcpy(m + 32, peer6, 16);
    give6(stranger6, ours6, 58, m, sizeof(m));
    return way(peer6)->pmtu;
}

TEST(a_path_has_no_impossible_mtu)
{
    struct file *server = begin(AF_INET6);

    find_way();
    CHECK_EQ(mtu_after(0, ours6), 1500);
    CHECK_EQ(mtu_after(1279, ours6), 1500);
    CHECK_EQ(mtu_after(9000, ours6), 1500);
    CHECK_EQ(mtu_after(1400, stranger6), 1500);
    CHECK_EQ(mtu_after(1400, ours6), 1400);
    CHECK_EQ(mtu_after(1450, ours6), 1400);
    CHECK_EQ(mtu_after(1280, ours6), 1280);
    end(server);
}
