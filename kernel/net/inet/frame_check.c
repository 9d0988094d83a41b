/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame_check.c - whether a frame is what lwIP takes it for.
 */
#include "net/inet/frame_check.h"

#include "core/string.h"

#define ETHERNET_LEN 14u
#define ARP_LEN      28u
#define HEADER4_LEN  20u
#define PORTS_LEN    4u
#define LOOPBACK_NET 127u
#define UDP          17u
#define HEADER_LEN   40u
#define UNIT         8u /* extension headers are a multiple of this long */
#define HOP_BY_HOP   0u
#define ROUTING      43u
#define FRAGMENT     44u
#define DESTINATION  60u
#define PAD1         0u

/* Has it bytes, and do they lie within the longest packet there is? lwIP counts
 * a packet's bytes in 16 bits, and copies none behind an empty part of it. */
static bool fragment_fits(size_t off, size_t len, size_t header_len)
{
    return len > 0 && off + len <= UINT16_MAX - header_len;
}

/* ---- IPv4 ---- */

static COLD bool fragment4_fits(const uint8_t *packet)
{
    size_t header_len = 4u * (packet[0] & 0xf);
    size_t len = (size_t)packet[2] << 8 | packet[3];
    size_t off = UNIT * ((packet[6] & 0x1fu) << 8 | packet[7]);

    if (len < header_len)
        return false;
    len -= header_len;
    return fragment_fits(off, len, HEADER4_LEN) &&
           (len % UNIT == 0 || !(packet[6] & 0x20)); /* but for the last */
}

/* Nobody else has our addresses: answers would go to ourselves, and services
 * of ours that answer each other do not end. */
static bool ip4_is_sound(const uint8_t *packet, size_t len, uint32_t own)
{
    uint32_t from, to;

    if (len < HEADER4_LEN)
        return false;
    __builtin_memcpy(&from, packet + 12, sizeof(from));
    if (packet[12] == LOOPBACK_NET || (from == own && own))
        return false;
    if (UNLIKELY((packet[6] & 0x3f) || packet[7]) && !fragment4_fits(packet))
        return false;
    if (LIKELY(len >= 4u * (packet[0] & 0xf) + PORTS_LEN))
        return true;
    __builtin_memcpy(&to, packet + 16, sizeof(to));
    return packet[9] != UDP || to == own; /* else lwIP looks for DHCP's port */
}

/* ---- IPv6 ---- */

static bool is_extension(unsigned next)
{
    return next == HOP_BY_HOP || next == ROUTING || next == FRAGMENT ||
           next == DESTINATION;
}

/* The options fill the header to its very end. */
static bool options_fit(const uint8_t *h, size_t len)
{
    size_t at = 2;

    while (at < len) {
        if (h[at] == PAD1) {
            at++;
            continue;
        }
        if (at + 2 > len)
            return false;
        at += 2u + h[at + 1];
    }
    return at == len;
}

/* A fragment's header behind another extension header, which nobody sends,
 * would leave less room for the fragments than each of them can tell. And what
 * follows it may lie in another fragment, and is not seen here: nobody sends
 * extension headers there. */
static bool fragment6_fits(const uint8_t *packet, size_t at)
{
    const uint8_t *h = packet + at;
    size_t end = HEADER_LEN + ((size_t)packet[4] << 8 | packet[5]);
    size_t off = (size_t)h[2] << 8 | (h[3] & 0xf8);

    if (is_extension(h[0]) || end < at + UNIT)
        return false;
    return (off == 0 && !(h[3] & 1)) ||
           (at == HEADER_LEN &&
            fragment_fits(off, end - at - UNIT, HEADER_LEN));
}

bool ip6_is_sound(const uint8_t *packet, size_t len)
{
    unsigned next;
    size_t at = HEADER_LEN;

    if (len < HEADER_LEN)
        return false;
    next = packet[6];
    while (is_extension(next)) {
        const uint8_t *h = packet + at;
        size_t h_len;

        if (len - at < UNIT)
            return false;
        h_len = next == FRAGMENT ? UNIT : UNIT * (1u + h[1]);
        if (h_len > len - at)
            return false;
        if ((next == HOP_BY_HOP || next == DESTINATION) &&
            !options_fit(h, h_len))
            return false;
        if (next == FRAGMENT)
            return fragment6_fits(packet, at);
        next = h[0];
        at += h_len;
    }
    return true;
}

/* ---- frames ---- */

bool frame_is_sound(const uint8_t *frame, size_t len, uint32_t own)
{
    const uint8_t *payload = frame + ETHERNET_LEN;
    unsigned type;

    if (len < ETHERNET_LEN)
        return false;
    len -= ETHERNET_LEN;
    type = (unsigned)frame[12] << 8 | frame[13];
    if (LIKELY(type == 0x0800))
        return ip4_is_sound(payload, len, own);
    if (type == 0x0806)
        return len >= ARP_LEN;
    return type != 0x86dd || ip6_is_sound(payload, len);
}
