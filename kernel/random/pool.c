/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c - a ChaCha20 generator with fast key erasure (RFC 8439, 2.3).
 *
 * Each refill makes one block: its first half becomes the next key, the second
 * half is given out. So a key that leaks later tells nothing of earlier bytes.
 * The seed is the host's; the CPU's generator and clock are mixed in at the
 * first use and every RESEED_BLOCKS: a host that repeats itself (a snapshot,
 * a bad seed) is not trusted alone.
 */
#include "random/pool.h"

#include "arch/arch.h"
#include "core/string.h"
#include "random/chacha.h"

#define RESEED_BLOCKS 1024u

static uint32_t key[8];
static uint8_t ready[32]; /* bytes not given out yet: the last `left` */
static unsigned left;
static unsigned blocks;

void pool_init(const uint8_t seed[64])
{
    memcpy(key, seed, sizeof(key));
    /* the other half, folded in */
    for (unsigned i = 0; i < 32; i++)
        ((uint8_t *)key)[i] ^= (uint8_t)(seed[32 + i] << 1 | seed[32 + i] >> 7);
    left = 0;
    blocks = 0;
}

static void reseed(void)
{
    uint64_t word;

    for (unsigned i = 0; i < 4; i++) {
        if (!arch_random(&word))
            word = 0;
        word ^= arch_cycles() * 0x9e3779b97f4a7c15ull;
        key[2 * i] ^= (uint32_t)word;
        key[2 * i + 1] ^= (uint32_t)(word >> 32);
    }
}

static void refill(void)
{
    uint32_t out[16];

    if (blocks++ % RESEED_BLOCKS == 0)
        reseed();
    chacha20_block(key, blocks, out);
    memcpy(key, out, sizeof(key));
    memcpy(ready, out + 8, sizeof(ready));
    memset(out, 0, sizeof(out));
    __asm__ volatile("" ::"r"(out) : "memory");
    left = sizeof(ready);
}

void pool_read(void *buf, size_t len)
{
    uint8_t *p = buf;

    while (len > 0) {
        size_t n;

        if (left == 0)
            refill();
        n = MIN(len, (size_t)left);
        memcpy(p, ready + sizeof(ready) - left, n);
        memset(ready + sizeof(ready) - left, 0, n);
        left -= (unsigned)n;
        p += n;
        len -= n;
    }
}

uint64_t pool_u64(void)
{
    uint64_t v;

    pool_read(&v, sizeof(v));
    return v;
}
