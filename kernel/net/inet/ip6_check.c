/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ip6_check.c - whether an IPv6 packet's extension headers are sound.
 */
#include "net/inet/ip6_check.h"

#define HEADER_LEN  40u
#define UNIT        8u /* extension headers are a multiple of this long */
#define HOP_BY_HOP  0u
#define ROUTING     43u
#define FRAGMENT    44u
#define DESTINATION 60u
#define PAD1        0u

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
        /* What follows lies in another fragment, perhaps, and is not seen
         * here. Nobody sends extension headers there. */
        if (next == FRAGMENT)
            return !is_extension(h[0]);
        next = h[0];
        at += h_len;
    }
    return true;
}
