/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h - random bytes: ChaCha20, keyed from bootinfo's seed and the CPU.
 *
 * Context:   anywhere; never blocks, the pool is seeded before main.
 */
#ifndef RANDOM_POOL_H
#define RANDOM_POOL_H

#include "core/types.h"

void pool_init(const uint8_t seed[64]);
void pool_read(void *buf, size_t len);
uint64_t pool_u64(void);

#endif
