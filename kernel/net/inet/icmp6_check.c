/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp6_check.c - whether a message of ICMPv6 is one that lwIP may see.
 */
#include "net/inet/icmp6_check.h"

#include "lwip/icmp6.h"
#include "lwip/prot/nd6.h"

#define HEADER_LEN 8u
#define UNIT       8u /* options are a multiple of this long */

/* RFC 4861, 4.6: none is of length 0, and they fill the message. lwIP takes a
 * neighbour's address out of whatever comes first. */
static bool options_fit(const struct pbuf *p, unsigned at)
{
    int units;

    while (at < p->tot_len) {
        units = pbuf_try_get_at(p, (u16_t)(at + 1));
        if (units <= 0)
            return false;
        at += UNIT * (unsigned)units;
    }
    return at == p->tot_len;
}

bool icmp6_is_sound(const struct pbuf *p)
{
    if (p->len < HEADER_LEN)
        return false;
    switch (*(const uint8_t *)p->payload) {
    case ICMP6_TYPE_RS:
        return options_fit(p, sizeof(struct rs_header));
    case ICMP6_TYPE_RA:
        return options_fit(p, sizeof(struct ra_header));
    case ICMP6_TYPE_NS:
        return options_fit(p, sizeof(struct ns_header));
    case ICMP6_TYPE_NA:
        return options_fit(p, sizeof(struct na_header));
    default:
        return true;
    }
}
