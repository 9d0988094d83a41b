/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * string.c - see string.h. Written for few instructions: words where both
 * sides allow, `rep` for long runs, which a real CPU does fastest.
 */
#include "core/string.h"

#define REP_MIN 256u

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    if (n >= REP_MIN) {
        size_t words = n / 8;

        __asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(words)::"memory");
        n &= 7;
    }
    for (; n >= 8; n -= 8, d += 8, s += 8) {
        uint64_t w;

        __builtin_memcpy(&w, s, 8);
        __builtin_memcpy(d, &w, 8);
    }
    for (; n > 0; n--)
        *d++ = *s++;
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    if (d <= s || d >= s + n) {
        for (; n >= 8 && (d <= s - 8 || d >= s + n); n -= 8, d += 8, s += 8) {
            uint64_t w;

            __builtin_memcpy(&w, s, 8);
            __builtin_memcpy(d, &w, 8);
        }
        for (; n > 0; n--) {
            *d++ = *s++;
            __asm__("" ::: "memory"); /* not to become memmove again */
        }
        return dst;
    }
    while (n > 0) {
        n--;
        d[n] = s[n];
        __asm__("" ::: "memory");
    }
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    uint8_t *d = dst;
    uint64_t w = 0x0101010101010101ull * (uint8_t)c;

    if (n >= REP_MIN) {
        size_t words = n / 8;

        __asm__ volatile("rep stosq"
                         : "+D"(d), "+c"(words)
                         : "a"(w)
                         : "memory");
        n &= 7;
    }
    for (; n >= 8; n -= 8, d += 8)
        __builtin_memcpy(d, &w, 8);
    for (; n > 0; n--) {
        *d++ = (uint8_t)c;
        __asm__("" ::: "memory");
    }
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;

    for (; n >= 8; n -= 8, p += 8, q += 8) {
        uint64_t v, w;

        __builtin_memcpy(&v, p, 8);
        __builtin_memcpy(&w, q, 8);
        if (v != w)
            break;
    }
    for (; n > 0; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    const uint8_t *p = s;

    for (; n >= 8; n -= 8, p += 8) {
        uint64_t w, found;

        __builtin_memcpy(&w, p, 8);
        found = string_bytes_equal(w, (uint8_t)c);
        if (found)
            return (void *)(uintptr_t)(p + __builtin_ctzll(found) / 8);
    }
    for (; n > 0; n--, p++)
        if (*p == (uint8_t)c)
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *p = s;

    while (*p)
        p++;
    return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && s[i])
        i++;
    return i;
}

int strcmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++)
        if (*a != *b || !*a)
            return (uint8_t)*a - (uint8_t)*b;
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)(uintptr_t)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;

    for (;; s++) {
        if (*s == (char)c)
            last = s;
        if (!*s)
            return (char *)(uintptr_t)last;
    }
}

size_t strlcpy(char *dst, const char *src, size_t dst_len)
{
    size_t n = strlen(src);

    if (dst_len > 0) {
        size_t copy = MIN(n, dst_len - 1);

        memcpy(dst, src, copy);
        dst[copy] = 0;
    }
    return n;
}
