/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * digest.h - a 128-bit name for a run of bytes (FNV-1a).
 *
 * Names cache entries. It tells different inputs of one user apart; it is no
 * defence against somebody who searches for collisions.
 */
#ifndef HOST_DIGEST_H
#define HOST_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX_LEN 33u /* 32 digits and a NUL */

struct digest {
    unsigned __int128 state;
};

void digest_init(struct digest *d);
void digest_add(struct digest *d, const void *data, size_t len);
/* A string with its NUL, so that "ab","c" differs from "a","bc". */
void digest_add_string(struct digest *d, const char *s);
void digest_hex(const struct digest *d, char hex_out[DIGEST_HEX_LEN]);

#endif
