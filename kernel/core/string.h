/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * string.h - the C string functions that the kernel uses, as C defines them.
 * No vector registers: those hold the program's values.
 */
#ifndef CORE_STRING_H
#define CORE_STRING_H

#include "core/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
/* BSD's: always terminates, result is strlen(src). */
size_t strlcpy(char *dst, const char *src, size_t dst_len);

/* Of eight bytes in a word, the top bit of each that is c; above the first of
 * those others may be set. 0: none is. */
static inline uint64_t string_bytes_equal(uint64_t word, uint8_t c)
{
    const uint64_t ones = 0x0101010101010101ull;

    word ^= ones * c;
    return (word - ones) & ~word & ones << 7;
}

#endif
