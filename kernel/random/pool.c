/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c - a ChaCha20 generator with fast key erasure.
 *
 * The state is a key. Each request runs ChaCha20 (RFC 8439, 2.3) under it;
 * the first half of the first block becomes the next key before anything is
 * handed out, so what was given cannot be computed from a later state. Small
 * requests take the other half, large ones run the cipher under a key of
 * their own.
 *
 * A boot only remembers where the seed lies. The first request makes the key
 * from it, the CPU's random instruction and the time-stamp counter, in one
 * block, and overwrites the seed.
 */
#include "random/pool.h"

#include "arch/arch.h"
#include "core/panic.h"
#include "core/string.h"

#define KEY_WORDS     8u
#define BLOCK_WORDS   16u
#define BLOCK_LEN     64u
#define KEY_LEN       32u
#define SEED_LEN      64u
#define MIX_WORDS     4u /* counter and nonce of the first block */
#define RESEED_BLOCKS 4096u

static struct {
    uint32_t key[KEY_WORDS];
    uint8_t left[KEY_LEN]; /* the last `left_len` bytes are unused */
    uint32_t left_len;
    uint32_t blocks; /* since the CPU was last asked */
    bool is_seeded;
    uint8_t seed[SEED_LEN];
} pool;

/* memset() that stays although nothing reads the bytes again. */
static void wipe(void *p, size_t len)
{
    memset(p, 0, len);
    __asm__ volatile("" ::"r"(p) : "memory");
}

static inline uint32_t rotate(uint32_t v, unsigned bits)
{
    return v << bits | v >> (32 - bits);
}

#define QUARTER(a, b, c, d)             \
    do {                                \
        x[a] += x[b];                   \
        x[d] = rotate(x[d] ^ x[a], 16); \
        x[c] += x[d];                   \
        x[b] = rotate(x[b] ^ x[c], 12); \
        x[a] += x[b];                   \
        x[d] = rotate(x[d] ^ x[a], 8);  \
        x[c] += x[d];                   \
        x[b] = rotate(x[b] ^ x[c], 7);  \
    } while (0)

/* One block: words 12..15 are counter and nonce. */
static void chacha20_block(const uint32_t key[KEY_WORDS],
                           const uint32_t tail[MIX_WORDS],
                           uint32_t out[BLOCK_WORDS])
{
    uint32_t x[BLOCK_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32,
                                0x6b206574 };

    memcpy(x + 4, key, KEY_LEN);
    memcpy(x + 12, tail, MIX_WORDS * sizeof(uint32_t));
    memcpy(out, x, BLOCK_LEN);
    for (unsigned i = 0; i < 10; i++) {
        QUARTER(0, 4, 8, 12);
        QUARTER(1, 5, 9, 13);
        QUARTER(2, 6, 10, 14);
        QUARTER(3, 7, 11, 15);
        QUARTER(0, 5, 10, 15);
        QUARTER(1, 6, 11, 12);
        QUARTER(2, 7, 8, 13);
        QUARTER(3, 4, 9, 14);
    }
    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        out[i] += x[i];
    wipe(x, sizeof(x));
}

/* What only this moment and this CPU know. */
static void gather(uint32_t mix[MIX_WORDS])
{
    uint64_t cycles = arch_cycles(), word;

    if (arch_random(&word))
        memcpy(mix + 2, &word, sizeof(word));
    memcpy(mix, &cycles, sizeof(cycles));
}

/* A block under the present key and `mix`; half of it replaces the key. */
static void step(const uint32_t mix[MIX_WORDS])
{
    uint32_t block[BLOCK_WORDS];

    chacha20_block(pool.key, mix, block);
    memcpy(pool.key, block, KEY_LEN);
    memcpy(pool.left, block + KEY_WORDS, KEY_LEN);
    pool.left_len = KEY_LEN;
    wipe(block, sizeof(block));
}

static void first_seed(void)
{
    uint32_t mix[MIX_WORDS], half[KEY_WORDS];

    memcpy(pool.key, pool.seed, KEY_LEN);
    memcpy(half, pool.seed + KEY_LEN, KEY_LEN);
    memcpy(mix, half, sizeof(mix));
    gather(mix); /* over a part of the seed, which still goes in below */
    step(mix);
    for (unsigned i = 0; i < KEY_WORDS; i++)
        pool.key[i] ^= half[i];
    wipe(pool.seed, sizeof(pool.seed));
    wipe(half, sizeof(half));
    /* These bytes were made before the second half of the seed went in. */
    pool.left_len = 0;
    pool.is_seeded = true;
}

static void refill(void)
{
    uint32_t mix[MIX_WORDS] = { 0 };

    if (!pool.is_seeded)
        first_seed();
    else if (++pool.blocks >= RESEED_BLOCKS) {
        pool.blocks = 0;
        gather(mix);
    }
    step(mix);
}

void pool_init(const uint8_t seed[64])
{
    memcpy(pool.seed, seed, SEED_LEN);
    pool.is_seeded = false;
    pool.left_len = 0;
}

/* Whole blocks under a key of their own, for more than a few words. */
static void read_large(uint8_t *out, size_t len)
{
    uint32_t key[KEY_WORDS], tail[MIX_WORDS] = { 0 }, block[BLOCK_WORDS];

    refill();
    memcpy(key, pool.left, KEY_LEN);
    wipe(pool.left, KEY_LEN);
    pool.left_len = 0;
    while (len > 0) {
        size_t n = MIN(len, (size_t)BLOCK_LEN);

        chacha20_block(key, tail, block);
        if (++tail[0] == 0)
            tail[1]++;
        memcpy(out, block, n);
        out += n;
        len -= n;
    }
    wipe(key, sizeof(key));
    wipe(block, sizeof(block));
}

void pool_read(void *buf, size_t len)
{
    uint8_t *out = buf;

    if (len > BLOCK_LEN) {
        read_large(out, len);
        return;
    }
    while (len > 0) {
        size_t n;

        if (pool.left_len == 0)
            refill();
        ASSERT_OP(pool.left_len, <=, KEY_LEN);
        n = MIN(len, (size_t)pool.left_len);
        memcpy(out, pool.left + KEY_LEN - pool.left_len, n);
        wipe(pool.left + KEY_LEN - pool.left_len, n);
        pool.left_len -= (uint32_t)n;
        out += n;
        len -= n;
    }
}

uint64_t pool_u64(void)
{
    uint64_t word;

    pool_read(&word, sizeof(word));
    return word;
}
