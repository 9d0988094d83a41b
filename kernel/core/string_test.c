/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * string_test.c - the functions that look at eight bytes at a time, against
 * the C library's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's under other names: the library's stay what they are. */
#define memcpy  kernel_memcpy
#define memmove kernel_memmove
#define memset  kernel_memset
#define memcmp  kernel_memcmp
#define memchr  kernel_memchr
#define strlen  kernel_strlen
#define strnlen kernel_strnlen
#define strcmp  kernel_strcmp
#define strncmp kernel_strncmp
#define strchr  kernel_strchr
#define strrchr kernel_strrchr
#define strlcpy kernel_strlcpy
#include "core/string.c"
#undef memcmp
#undef memchr

#include "tests/unit.h"

#define LEN_MAX 40u

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

TEST(memcmp_wherever_they_differ)
{
    uint8_t a[LEN_MAX], b[LEN_MAX];

    for (size_t len = 0; len < LEN_MAX; len++) {
        for (size_t at = 0; at < len; at++) {
            for (size_t i = 0; i < len; i++)
                a[i] = b[i] = (uint8_t)(i * 37);
            CHECK_EQ(kernel_memcmp(a, b, len), 0);
            b[at] ^= 0x80;
            CHECK_EQ(sign(kernel_memcmp(a, b, len)), sign(memcmp(a, b, len)));
            b[len - 1] ^= 1; /* the first difference counts */
            CHECK_EQ(sign(kernel_memcmp(a, b, len)), sign(memcmp(a, b, len)));
        }
    }
}

TEST(memchr_finds_the_first)
{
    /* Bytes that a search by words takes for one another. */
    static const uint8_t bytes[] = { 0x00, 0x01, 0x7f, 0x80, 0x81, 0xff };
    uint8_t s[LEN_MAX];

    srand(4);
    for (unsigned round = 0; round < 20000; round++) {
        size_t len = (size_t)rand() % LEN_MAX;
        int c = bytes[(size_t)rand() % sizeof(bytes)];

        for (size_t i = 0; i < len; i++)
            s[i] = bytes[(size_t)rand() % sizeof(bytes)];
        REQUIRE(kernel_memchr(s, c, len) == memchr(s, c, len));
    }
}

TEST(bytes_equal_names_the_first)
{
    for (unsigned at = 0; at < 8; at++) {
        uint64_t word =
            ~0ull << 8 * at << 8 | 0x0101010101010101ull >> 8 * (8 - at) % 64;

        if (at == 0)
            word = ~0ull << 8;
        CHECK_EQ(__builtin_ctzll(string_bytes_equal(word, 0)) / 8, at);
    }
    CHECK_EQ(string_bytes_equal(~0ull, 0), 0);
}
