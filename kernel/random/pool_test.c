/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_test.c - the random pool: the cipher against RFC 8439, then the pool's
 * promises: bytes depend on every seed byte, never repeat, and leave nothing
 * in the state from which they could be made again.
 */
#include "random/pool.c"
#include "tests/unit.h"

static bool have_random;
static uint64_t random_word;

bool arch_random(uint64_t *out)
{
    *out = random_word++;
    return have_random;
}

void panic(const char *format, ...)
{
    printf("# panic: %s\n", format);
    abort();
}

/* RFC 8439, 2.3.2 */
TEST(chacha20_block_of_the_rfc)
{
    static const uint8_t want[BLOCK_LEN] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd,
        0x1f, 0xa3, 0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0,
        0x68, 0x03, 0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2,
        0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09, 0x14, 0xc2, 0xd7, 0x05,
        0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e,
        0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e
    };
    const uint32_t tail[MIX_WORDS] = { 1, 0x09000000, 0x4a000000, 0 };
    uint32_t out[BLOCK_WORDS], key[KEY_WORDS];
    uint8_t bytes[KEY_LEN];

    for (unsigned i = 0; i < KEY_LEN; i++)
        bytes[i] = (uint8_t)i;
    memcpy(key, bytes, KEY_LEN);
    chacha20_block(key, tail, out);
    CHECK_MEM_EQ(out, want, BLOCK_LEN);
}

static void fixed_seed(uint8_t seed[SEED_LEN])
{
    for (unsigned i = 0; i < SEED_LEN; i++)
        seed[i] = (uint8_t)(i * 7 + 1);
}

/* The time-stamp counter differs from run to run: keep it out. */
static void first_bytes(const uint8_t seed[SEED_LEN], uint8_t out[KEY_LEN])
{
    const uint32_t mix[MIX_WORDS] = { 0 };
    uint32_t half[KEY_WORDS];

    pool_init(seed);
    memcpy(pool.key, seed, KEY_LEN);
    memcpy(half, seed + KEY_LEN, KEY_LEN);
    step(mix);
    for (unsigned i = 0; i < KEY_WORDS; i++)
        pool.key[i] ^= half[i];
    pool.left_len = 0;
    pool.is_seeded = true;
    pool_read(out, KEY_LEN);
}

TEST(every_seed_byte_counts)
{
    uint8_t seed[SEED_LEN], a[KEY_LEN], b[KEY_LEN];

    fixed_seed(seed);
    first_bytes(seed, a);
    first_bytes(seed, b);
    CHECK_MEM_EQ(a, b, KEY_LEN);
    for (unsigned i = 0; i < SEED_LEN; i++) {
        seed[i] ^= 1;
        first_bytes(seed, b);
        CHECK(memcmp(a, b, KEY_LEN) != 0);
        seed[i] ^= 1;
    }
}

TEST(the_seed_is_overwritten_and_time_goes_in)
{
    static const uint8_t zeros[SEED_LEN];
    uint8_t seed[SEED_LEN];
    uint64_t a, b;

    fixed_seed(seed);
    pool_init(seed);
    a = pool_u64();
    CHECK_MEM_EQ(pool.seed, zeros, SEED_LEN);
    pool_init(seed);
    b = pool_u64();
    CHECK_NE(a, b);
}

/* Nothing given out may be found in the state. */
TEST(bytes_given_are_gone)
{
    uint8_t seed[SEED_LEN], out[200];

    fixed_seed(seed);
    pool_init(seed);
    for (size_t len = 4; len <= sizeof(out); len++) {
        pool_read(out, len);
        for (size_t at = 0; at + 4 <= sizeof(pool); at++)
            CHECK(memcmp((const uint8_t *)&pool + at, out, 4) != 0);
    }
}

TEST(any_length_is_filled_and_not_more)
{
    static uint8_t buf[4096];
    uint8_t seed[SEED_LEN];
    unsigned seen[256] = { 0 };

    fixed_seed(seed);
    have_random = true;
    pool_init(seed);
    for (size_t len = 0; len < 700; len++) {
        memset(buf, 0xa5, sizeof(buf));
        pool_read(buf, len);
        for (size_t i = len; i < len + 16; i++)
            CHECK_EQ(buf[i], 0xa5);
        for (size_t i = 0; i < len; i++)
            seen[buf[i]]++;
    }
    /* 244,650 bytes: each value about 956 times, sigma 31. */
    for (unsigned i = 0; i < 256; i++)
        CHECK(seen[i] > 956 - 6 * 31 && seen[i] < 956 + 6 * 31);
}

TEST(the_cpu_is_asked_again)
{
    uint8_t seed[SEED_LEN];

    fixed_seed(seed);
    have_random = true;
    pool_init(seed);
    (void)pool_u64();
    random_word = 1000;
    for (unsigned i = 0; i < RESEED_BLOCKS * 4 + 8; i++)
        (void)pool_u64();
    CHECK(random_word > 1000);
}
