/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_link.h - the fuzzer's frames below TCP, and what leads there.
 *
 * What:      ARP, neighbours, routers, ICMP's errors, groups, DHCP, fragments,
 *            extension headers: each plausible, since a random one is dropped
 *            by the first check. Neighbours are 10.0.0.n and fd00::n.
 * Context:   included once, behind inet_input.h.
 */
#ifndef TESTS_FUZZ_INET_LINK_H
#define TESTS_FUZZ_INET_LINK_H

#include "tests/fuzz/inet_input.h"
#include "tests/fuzz/inet_program.h"

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/nd6.h"
#include "lwip/prot/dhcp.h"
#include "lwip/prot/icmp.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/nd6.h"
#include "lwip/prot/tcp.h"
#include "lwip/prot/udp.h"

#define LINK_STEP_FIRST 0xe0u /* of an input's step: one of these */
#define FRAME_MAX       4096u

/* ---- addresses ---- */

/* Who sends, and to whom, as three bits say of each. */
static void ends6(uint8_t *f, unsigned which, unsigned n)
{
    uint8_t *from = f + ETH + 8, *to = f + ETH + 24;

    from[15] = (uint8_t)n;
    if ((which & 7) == 1)
        memcpy(from, "\xfe\x80", 2);
    else if ((which & 7) == 2)
        memset(from, 0, 16);
    else if ((which & 7) == 3)
        memcpy(from, to, 16);
    switch (which >> 3 & 7) {
    case 1:
        memcpy(to, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
        break;
    case 2: /* solicited */
        memcpy(to, "\xff\2\0\0\0\0\0\0\0\0\0\1\xff\0\0\2", 16);
        break;
    case 3:
        memcpy(to, netif_ip6_addr(&inet_device, 0)->addr, 16);
        break;
    case 4: /* a group that a program has joined */
        memcpy(to, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\x99", 16);
        break;
    default:
        break;
    }
}

/* The same for IPv4; the header's sum is made again. */
static void ends4(uint8_t *f, unsigned which, unsigned n)
{
    static const uint8_t to[][4] = { { 10, 0, 0, 2 },        { 10, 0, 0, 255 },
                                     { 255, 255, 255, 255 }, { 224, 0, 0, 1 },
                                     { 239, 1, 2, 3 },       { 10, 0, 0, 9 },
                                     { 10, 0, 0, 2 },        { 127, 0, 0, 1 } };
    uint16_t sum;

    f[ETH + 15] = (uint8_t)n;
    if ((which & 7) == 1)
        memset(f + ETH + 12, 0, 4);
    memcpy(f + ETH + 16, to[which >> 3 & 7], 4);
    f[ETH + 10] = f[ETH + 11] = 0;
    sum = inet_chksum(f + ETH, IP_HLEN);
    memcpy(f + ETH + 10, &sum, sizeof(sum));
}

static struct input no_input; /* nothing of a header is odd */

static size_t plain4(uint8_t *f, struct input *in, unsigned protocol,
                     size_t len)
{
    size_t at = header4(f, &no_input, protocol, len);

    ends4(f, byte(in), byte(in) & 0x3f);
    return at;
}

static size_t plain6(uint8_t *f, struct input *in, unsigned next, size_t len)
{
    size_t at = header6(f, &no_input, next, len);

    ends6(f, byte(in), byte(in) & 0x3f);
    return at;
}

/* How the driver hands it in: mostly in one piece. */
static void hand_in(struct input *in, const uint8_t *f, size_t len)
{
    unsigned how = byte(in);

    inet_device.chksum_flags &= (u16_t)~NETIF_CHECKSUM_CHECK_ICMP6;
    deliver(f, len, how < 8 ? how * 100u + 20u : FRAME_MAX);
}

/* ---- ARP ---- */

static void step_arp(struct input *in)
{
    uint8_t f[ETH + 28] = { 0 };
    unsigned what = byte(in);

    ethernet(f, ETHTYPE_ARP);
    memcpy(f + ETH, "\0\1\10\0\6\4\0", 7);
    f[ETH + 7] = what & 1 ? 2 : 1;
    memcpy(f + ETH + 8, "\2\0\0\0\0\1\12\0\0", 9);
    f[ETH + 17] = byte(in) & 0x3f;
    memcpy(f + ETH + 24, "\12\0\0", 3);
    f[ETH + 27] = what & 2 ? byte(in) : 2;
    deliver(f, what & 4 ? byte(in) % (sizeof(f) + 1) : sizeof(f), FRAME_MAX);
}

/* ---- neighbours and routers ---- */

/* An option that is as long as it should be, or not. */
static size_t option6(struct input *in, uint8_t *o)
{
    static const uint8_t types[] = { 1, 2, 3, 5, 24, 25, 14, 3 };
    static const uint8_t units[] = { 1, 1, 4, 1, 3, 3, 1, 4 };
    unsigned which = byte(in), n = which & 7;
    size_t len;

    o[0] = types[n];
    o[1] = units[n];
    if (which & 8)
        o[1] = byte(in) & 0x1f;
    len = MAX(o[1] * 8u, 2u);
    memset(o + 2, 0, len - 2);
    (void)bytes(in, o + 2, MIN(len - 2, (size_t)(which >> 4)));
    if (o[0] == 3 && len >= 32) { /* fd00:n::/64, on the link, for addresses */
        o[2] = which & 0x80 ? byte(in) : 64;
        o[3] |= 0xc0;
        o[16] = 0xfd;
        o[19] = byte(in) & 7;
        o[7] = byte(in);
    }
    if (o[0] == 5 && len >= 8)
        memcpy(o + 4, "\0\0", 2);
    return len;
}

static void step_neighbour(struct input *in)
{
    static const uint8_t lens[] = { 8, 16, 24, 24, 40 };
    uint8_t f[FRAME_MAX] = { 0 };
    unsigned type = byte(in) % 5, options = byte(in);
    size_t len = lens[type];

    (void)header6(f, &no_input, 58, 0);
    f[ETH + IP6_HLEN] = (uint8_t)(ICMP6_TYPE_RS + type);
    if (type == 1) { /* the router's lifetime, and others */
        (void)bytes(in, f + ETH + IP6_HLEN + 4, options & 0x10 ? 12 : 4);
    } else if (type > 1) {
        f[ETH + IP6_HLEN + 4] = options & 0xe0;
        f[ETH + IP6_HLEN + 8] = 0xfd;
        f[ETH + IP6_HLEN + 23] = byte(in) & 0x3f;
    }
    if (type == 4) {
        f[ETH + IP6_HLEN + 24] = 0xfd;
        f[ETH + IP6_HLEN + 39] = byte(in) & 0x3f;
    }
    for (unsigned n = 0; n < (options & 7); n++)
        len += option6(in, f + ETH + IP6_HLEN + len);
    if (options & 8)
        len -= MIN(len, (size_t)byte(in) & 0xf);
    f[ETH + 4] = (uint8_t)(len >> 8);
    f[ETH + 5] = (uint8_t)len;
    ends6(f, byte(in), byte(in) & 0x3f);
    hand_in(in, f, ETH + IP6_HLEN + len);
}

/* ---- errors, which quote what we have sent ---- */

static void ports_of(struct input *in, uint8_t *at, unsigned *protocol)
{
    unsigned which = byte(in);

    *protocol = which & 1 ? IP_PROTO_UDP : IP_PROTO_TCP;
    at[1] = (uint8_t)(FUZZ_PORT + (which >> 3 & 1));
    at[2] = 1000 >> 8;
    at[3] = (uint8_t)(1000 + (which >> 1 & 3));
    if (which & 0x80) { /* as a program's socket that was given a port */
        at[0] = 0x80;
        at[1] = (uint8_t)(which >> 4 & 7);
    }
}

static void step_error4(struct input *in)
{
    uint8_t f[FRAME_MAX] = { 0 }, *h = f + ETH + IP_HLEN, quoted[ETH + IP_HLEN];
    size_t len = 8 + IP_HLEN + (byte(in) % 64);
    unsigned protocol;
    uint16_t sum;

    (void)plain4(f, in, IP_PROTO_ICMP, len);
    h[0] = (uint8_t)(byte(in) % 16);
    h[1] = (uint8_t)(byte(in) % 20);
    h[6] = byte(in);
    h[7] = byte(in);
    ports_of(in, h + 8 + IP_HLEN, &protocol);
    (void)header4(quoted, &no_input, protocol, 8);
    memcpy(h + 8, quoted + ETH, 12);
    memcpy(h + 20, quoted + ETH + 16, 4);
    memcpy(h + 24, quoted + ETH + 12, 4);
    sum = inet_chksum(h, (u16_t)len);
    memcpy(h + 2, &sum, sizeof(sum));
    hand_in(in, f, ETH + IP_HLEN + len);
}

static void step_error6(struct input *in)
{
    uint8_t f[FRAME_MAX] = { 0 }, *h = f + ETH + IP6_HLEN;
    size_t len = 8 + IP6_HLEN + (byte(in) % 64);
    unsigned protocol;

    (void)plain6(f, in, 58, len);
    h[0] = (uint8_t)(byte(in) % 5);
    h[1] = (uint8_t)(byte(in) % 8);
    h[6] = byte(in);
    h[7] = byte(in);
    ports_of(in, h + 8 + IP6_HLEN, &protocol);
    h[8] = 0x60;
    h[8 + 6] = (uint8_t)protocol;
    h[8 + 8] = h[8 + 24] = 0xfd;
    h[8 + 23] = 2;
    h[8 + 39] = byte(in) & 0x3f;
    hand_in(in, f, ETH + IP6_HLEN + len);
}

/* An echo, asked for by somebody who may not be there, or told. */
static void step_echo(struct input *in)
{
    uint8_t f[FRAME_MAX] = { 0 };
    unsigned what = byte(in);
    size_t len = 8 + byte(in) * 12u, at;
    uint16_t sum;

    at = what & 1 ? plain6(f, in, 58, len) : plain4(f, in, IP_PROTO_ICMP, len);
    f[at] = (uint8_t)(what & 1 ? 128 + (what >> 1 & 1) : what & 2 ? 0 : 8);
    f[at + 5] = byte(in);
    if (!(what & 1)) {
        sum = inet_chksum(f + at, (u16_t)len);
        memcpy(f + at + 2, &sum, sizeof(sum));
    }
    hand_in(in, f, at + len);
}

/* ---- groups ---- */

static void step_group(struct input *in)
{
    uint8_t f[FRAME_MAX] = { 0 };
    unsigned what = byte(in);
    size_t len = what & 1 ? 24 : 8, at;
    uint16_t sum;

    at = what & 1 ? plain6(f, in, 58, len) : plain4(f, in, IP_PROTO_IGMP, len);
    if (what & 1) {
        f[at] = (uint8_t)(130 + (what >> 1 & 3));
        f[at + 4] = byte(in);
        if (what & 8)
            memcpy(f + at + 8, f + ETH + 24, 16);
    } else {
        f[at] = (uint8_t)(what & 2 ? 0x11 : what & 4 ? 0x16 : byte(in));
        f[at + 1] = byte(in);
        if (what & 8)
            memcpy(f + at + 4, "\xef\1\2\3", 4);
        sum = inet_chksum(f + at, (u16_t)len);
        memcpy(f + at + 2, &sum, sizeof(sum));
    }
    hand_in(in, f, at + len);
}

/* ---- DHCP ---- */

/* The answer that is waited for, or another. */
static unsigned dhcp_answer(struct input *in, const struct dhcp *d)
{
    unsigned how = byte(in);

    if (how & 0x80)
        return how % 9;
    return d->state == DHCP_STATE_SELECTING ? DHCP_OFFER : DHCP_ACK;
}

/* An option that is as long as it should be, or not. Bytes. */
static size_t dhcp_some_option(struct input *in, uint8_t *o)
{
    static const uint8_t kinds[][2] = {
        { 1, 4 },  { 3, 4 },  { 6, 8 },   { 51, 4 }, { 58, 4 }, { 59, 4 },
        { 52, 1 }, { 12, 5 }, { 255, 0 }, { 0, 0 },  { 6, 16 }, { 54, 4 },
    };
    unsigned which = byte(in), len;

    memcpy(o, kinds[(which & 0x3f) % ARRAY_LEN(kinds)], 2);
    if (which & 0x80)
        o[1] = byte(in) & 0x1f;
    len = o[1];
    memset(o + 2, which & 0x40 ? 0xff : 0, len);
    (void)bytes(in, o + 2 + (len + 1) / 2, len / 2);
    return 2 + len;
}

static void dhcp_message(struct input *in, const struct dhcp *d)
{
    static uint8_t f[FRAME_MAX];
    struct dhcp_msg m = { .op = DHCP_BOOTREPLY };
    struct udp_hdr h = { .src = PP_HTONS(67), .dest = PP_HTONS(68) };
    uint8_t *o = f + ETH + IP_HLEN + UDP_HLEN + DHCP_OPTIONS_OFS;
    unsigned count = byte(in) % 8;
    size_t len = 9;

    memset(f, 0, sizeof(f));
    memcpy(o, "\65\1\0\66\4\12\0\0\1", len);
    o[2] = (uint8_t)dhcp_answer(in, d);
    for (unsigned n = 0; n < count; n++)
        len += dhcp_some_option(in, o + len);
    m.xid = lwip_htonl(d->xid);
    m.yiaddr.addr = lwip_htonl(0x0a000002 + (byte(in) & 0xf0));
    m.cookie = PP_HTONL(DHCP_MAGIC_COOKIE);
    memcpy(m.chaddr, dev.mac, sizeof(dev.mac));
    (void)bytes(in, m.file, byte(in) & 0xf);
    (void)bytes(in, m.sname, byte(in) & 0xf);
    len += DHCP_OPTIONS_OFS;
    (void)plain4(f, in, IP_PROTO_UDP, UDP_HLEN + len);
    h.len = lwip_htons((u16_t)(UDP_HLEN + len));
    memcpy(f + ETH + IP_HLEN, &h, UDP_HLEN);
    memcpy(f + ETH + IP_HLEN + UDP_HLEN, &m, DHCP_OPTIONS_OFS);
    deliver(f, ETH + IP_HLEN + UDP_HLEN + len, FRAME_MAX);
}

/* An address is asked for, and a server says something about it. */
static void step_dhcp(struct input *in)
{
    const struct dhcp *d = netif_dhcp_data(&inet_device);
    unsigned count = byte(in) % 4;

    if (!d || d->state == DHCP_STATE_OFF) {
        (void)dhcp_start(&inet_device);
        timers_dhcp_needed(10);
    }
    d = netif_dhcp_data(&inet_device);
    for (unsigned n = 0; d && n < count; n++) {
        (void)device_poll();
        dhcp_message(in, d);
    }
}

/* ---- fragments ---- */

/* Fragments of a few datagrams, of whatever protocol, in any order. */
static void step_fragment(struct input *in)
{
    static const uint8_t protocols[] = { IP_PROTO_UDP, IP_PROTO_ICMP,
                                         IP_PROTO_TCP, 58 };
    unsigned how = byte(in), offset = byte(in);
    size_t len = byte(in) * (how & 1 ? 8u : 5u), at;
    uint8_t f[ETH + IP6_HLEN + 8 + 255 * 8] = { 0 }, protocol;

    protocol = protocols[how >> 1 & 3];
    offset *= how & 8 ? 32 : 1; /* in units of 8 bytes */
    if (how & 16) {
        uint8_t h[8] = { protocol,
                         0,
                         (uint8_t)(offset >> 5),
                         (uint8_t)(offset << 3 | (how >> 6 & 1)),
                         0,
                         0,
                         0,
                         (uint8_t)(how >> 7) };

        at = header6(f, in, 44, sizeof(h) + len);
        memcpy(f + at, h, sizeof(h));
        at += sizeof(h);
    } else {
        struct ip_hdr h;

        at = header4(f, &(struct input){ NULL, 0 }, protocol, len);
        memcpy(&h, f + ETH, IP_HLEN);
        IPH_ID_SET(&h, (u16_t)(how >> 7));
        IPH_OFFSET_SET(&h,
                       lwip_htons((u16_t)(offset | (how & 64 ? IP_MF : 0))));
        IPH_CHKSUM_SET(&h, 0);
        IPH_CHKSUM_SET(&h, inet_chksum(&h, IP_HLEN));
        memcpy(f + ETH, &h, IP_HLEN);
    }
    (void)bytes(in, f + at, MIN(len, (size_t)8));
    deliver(f, at + len, how & 32 ? 100 : 2100);
}

/* A packet in fragments that fit, one of which may come late or not at all. */
static void step_fragments(struct input *in)
{
    static uint8_t whole[70000];
    unsigned how = byte(in), each = (1u + byte(in) % 180) * 8, skip = byte(in);
    size_t len = byte(in) * 16u + byte(in), count;
    bool is_v6 = how & 1, is_late = how & 2;

    if (how & 4)
        len = 65000 + (len & 0x3ff);
    each = how & 4 ? MAX(each, 1000u) : each;
    memset(whole, 0, 16);
    whole[1] = FUZZ_PORT;
    whole[3] = (uint8_t)(FUZZ_PORT + (how >> 3 & 1));
    whole[4] = (uint8_t)(len >> 8);
    whole[5] = (uint8_t)len;
    whole[0] = (uint8_t)(how & 16 ? 8 : how & 32 ? 128 : 0);
    count = len / each + 1;
    for (size_t n = 0; n <= count; n++) {
        size_t i = n < count ? n : skip % count, off = i * each;
        size_t n_len = off < len ? MIN((size_t)each, len - off) : 0, at;
        uint8_t f[FRAME_MAX], more = off + n_len < len;
        uint8_t protocol = how & 16 ? 1 : how & 32 ? 58 : IP_PROTO_UDP;

        if (n == skip || (n == count && !is_late))
            continue;
        if (is_v6) {
            uint8_t h[8] = {
                protocol, 0, (uint8_t)(off >> 8), (uint8_t)(off | more), 0,
                0,        0, (uint8_t)how
            };

            at = header6(f, &no_input, 44, sizeof(h) + n_len);
            memcpy(f + at, h, sizeof(h));
            at += sizeof(h);
            ends6(f, how & 0x40 ? 8 : 0, 1);
        } else {
            at = header4(f, &no_input, protocol, n_len);
            f[ETH + 5] = (uint8_t)how;
            f[ETH + 6] = (uint8_t)(more << 5 | off / 8 >> 8);
            f[ETH + 7] = (uint8_t)(off / 8);
            ends4(f, how & 0x40 ? 8 : 0, 1);
        }
        memcpy(f + at, whole + off, n_len);
        deliver(f, at + n_len, FRAME_MAX);
    }
}

/* ---- extension headers ---- */

static void step_extension(struct input *in)
{
    static const uint8_t kinds[] = { 0, 43, 44, 60 };
    static const uint8_t ends[] = { IP_PROTO_UDP, 58, 59, IP_PROTO_TCP, 200 };
    uint8_t f[FRAME_MAX] = { 0 };
    unsigned count = byte(in) % 5;
    size_t at = ETH + IP6_HLEN, len;
    uint8_t *next = f + ETH + 6;

    (void)header6(f, &no_input, 0, 0);
    for (unsigned n = 0; n < count; n++) {
        unsigned kind = kinds[byte(in) % ARRAY_LEN(kinds)];
        size_t units = kind == 44 ? 0 : byte(in) % 4;

        *next = (uint8_t)kind;
        next = f + at;
        f[at + 1] = (uint8_t)units;
        len = 8 * (units + 1);
        if (kind == 0 || kind == 60) { /* one option fills it */
            f[at + 2] = byte(in);
            f[at + 3] = (uint8_t)(len - 4);
        } else {
            (void)bytes(in, f + at + 2, 6);
        }
        at += len;
    }
    *next = ends[byte(in) % ARRAY_LEN(ends)];
    (void)bytes(in, f + at, 8);
    len = at + 8 - ETH - IP6_HLEN;
    f[ETH + 4] = (uint8_t)(len >> 8);
    f[ETH + 5] = (uint8_t)len;
    ends6(f, byte(in), byte(in) & 0x3f);
    hand_in(in, f, at + 8);
}

static void link_step(struct input *in, unsigned what)
{
    static void (*const steps[])(struct input * in) = {
        step_arp,    step_neighbour, step_error4,    step_error6,
        step_echo,   step_group,     step_dhcp,      step_fragment,
        step_socket, step_fragments, step_extension, step_neighbour,
    };

    if (what % 16 < ARRAY_LEN(steps))
        steps[what % 16](in);
    else
        advance((what & 3) * NS_PER_SEC + NS_PER_SEC / 2);
    inet_flush();
}

/* What nobody has read goes with its socket. */
static void link_close(void)
{
    for (unsigned i = 0; i < LINK_SOCKETS; i++) {
        if (link_files[i])
            file_put(link_files[i]);
        link_files[i] = NULL;
    }
}

/* What routers and neighbours have told is forgotten, and its memory free. */
static void link_end(void)
{
    static size_t held;

    advance(60 * NS_PER_SEC);
    (void)device_poll();
    nd6_cleanup_netif(&inet_device);
    etharp_cleanup_netif(&inet_device);
    inet_device.mtu6 = inet_device.mtu;
    for (s8_t i = 1; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        netif_ip6_addr_set_state(&inet_device, i, IP6_ADDR_INVALID);
    if (netif_dhcp_data(&inet_device)) {
        dhcp_release_and_stop(&inet_device);
        dhcp_cleanup(&inet_device);
    }
    ifconfig_begin();
    advance(60 * NS_PER_SEC);
    (void)device_poll();
    if (held && inet_memory_held > held) {
        fprintf(stderr, "%zu bytes are held\n", inet_memory_held - held);
        abort();
    }
    held = inet_memory_held;
}

#endif
