/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chacha.h - the ChaCha20 block function (RFC 8439, 2.3).
 */
#ifndef RANDOM_CHACHA_H
#define RANDOM_CHACHA_H

#include "core/types.h"

/* One block for this key and 64-bit counter; the nonce is 0 but for the
 * counter's upper half. */
void chacha20_block(const uint32_t key[8], uint64_t counter, uint32_t out[16]);

#endif
