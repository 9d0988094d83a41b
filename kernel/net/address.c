/* SPDX-License-Identifier: BSD-2-Clause */
/* address.c - internet addresses as text. */
#include "net/address.h"

#include "core/printf.h"
#include "net/abi.h"

#define GROUPS 8u

/* Where the longest run of zero groups begins; it has two or more.
 * RFC 5952, 4.2. */
static unsigned zeros_find(const uint16_t group[GROUPS], unsigned *len_out)
{
    unsigned best = GROUPS, best_len = 1;

    for (unsigned i = 0; i < GROUPS; i++) {
        unsigned len = 0;

        while (i + len < GROUPS && group[i + len] == 0)
            len++;
        if (len > best_len) {
            best = i;
            best_len = len;
        }
    }
    *len_out = best_len;
    return best;
}

static void format_6(char *buf, const uint8_t *addr)
{
    const size_t size = ADDRESS_TEXT_LEN;
    uint16_t group[GROUPS];
    unsigned first, zeros;
    size_t at = 0;

    for (unsigned i = 0; i < GROUPS; i++)
        group[i] = (uint16_t)(addr[2 * i] << 8 | addr[2 * i + 1]);
    first = zeros_find(group, &zeros);
    for (unsigned i = 0; i < GROUPS; i++) {
        if (i == first) {
            at += (size_t)snprintf(buf + at, size - at, i == 0 ? "::" : ":");
            i += zeros - 1;
            continue;
        }
        at += (size_t)snprintf(buf + at, size - at,
                               i + 1 < GROUPS ? "%x:" : "%x", group[i]);
    }
}

const char *address_format(char buf[ADDRESS_TEXT_LEN], uint8_t family,
                           const uint8_t *addr)
{
    if (family == AF_INET)
        snprintf(buf, ADDRESS_TEXT_LEN, "%u.%u.%u.%u", addr[0], addr[1],
                 addr[2], addr[3]);
    else
        format_6(buf, addr);
    return buf;
}
