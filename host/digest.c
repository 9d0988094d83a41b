/* SPDX-License-Identifier: BSD-2-Clause */
/* digest.c - see digest.h. */
#include "host/digest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define U128(hi, lo) (((unsigned __int128)(hi) << 64) | (lo))

void digest_init(struct digest *d)
{
    d->state = U128(0x6c62272e07bb0142ull, 0x62b821756295c58dull);
}

void digest_add(struct digest *d, const void *data, size_t len)
{
    const unsigned __int128 prime = U128(0x1000000ull, 0x13bull);
    const uint8_t *p = data;
    size_t i;

    for (i = 0; i < len; i++)
        d->state = (d->state ^ p[i]) * prime;
}

void digest_add_string(struct digest *d, const char *s)
{
    digest_add(d, s, strlen(s) + 1);
}

void digest_hex(const struct digest *d, char hex_out[DIGEST_HEX_LEN])
{
    snprintf(hex_out, DIGEST_HEX_LEN, "%016llx%016llx",
             (unsigned long long)(d->state >> 64),
             (unsigned long long)d->state);
}
