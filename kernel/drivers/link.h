/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.h - taking abi/link.h's messages apart, byte by byte.
 *
 * What:      a parser without any memory of its own but one small message.
 *            Bytes of stdin are passed on as they come, in pieces.
 * Ownership: the caller's storage, zeroed to begin with.
 * Context:   anywhere; never sleeps.
 * Errors:    none: bytes outside of a message, messages of unknown type and
 *            messages longer than their type allows are dropped.
 */
#ifndef DRIVERS_LINK_H
#define DRIVERS_LINK_H

#include "abi/link.h"
#include "core/types.h"

#define LINK_SMALL_MAX 64u /* bytes in any message but LINK_STDIN */

struct link_parser {
    uint8_t header[4];
    uint8_t header_have; /* bytes of it seen */
    uint16_t left;       /* payload bytes still to come */
    uint16_t have;       /* payload bytes in small[] */
    uint8_t small[LINK_SMALL_MAX];
    /* A whole message; or a piece of LINK_STDIN, len 0: its end of file. */
    void (*message)(void *arg, unsigned type, const uint8_t *payload,
                    size_t len);
    void *arg;
};

void link_feed(struct link_parser *p, const uint8_t *data, size_t len);

#endif
