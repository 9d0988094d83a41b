/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * types.h - the words every file of the kernel uses.
 *
 * What:      integer types, address spaces, small macros.
 * Units:     paddr_t guest-physical, uaddr_t an address that the program
 *            chose: never dereferenced, only given to mm/user.h.
 */
#ifndef CORE_TYPES_H
#define CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t;
typedef uint64_t uaddr_t;
typedef int64_t ssize_t;
typedef int64_t off_t;

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (PAGE_SIZE - 1)

#define MUST_CHECK        __attribute__((warn_unused_result))
#define NORETURN          __attribute__((noreturn))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_LEN(a)      (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)         ((a) < (b) ? (a) : (b))
#define MAX(a, b)         ((a) > (b) ? (a) : (b))
#define ALIGN_DOWN(x, a)  ((x) & ~((__typeof__(x))(a)-1))
#define ALIGN_UP(x, a)    ALIGN_DOWN((x) + (__typeof__(x))(a)-1, a)
#define NOINLINE          __attribute__((noinline))
/* Runs seldom, in a file that is compiled for speed: this one is for size. */
#define COLD __attribute__((cold))
/* What a breakpoint in the kernel needs before it can be told from one inside
 * of itself: none may be here. */
#define STOP_CODE     __attribute__((section(".text.stop"), noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define LIKELY(x)     __builtin_expect(!!(x), 1)
#define UNLIKELY(x)   __builtin_expect(!!(x), 0)
#define CONTAINER_OF(p, type, member) \
    ((type *)((char *)(p)-offsetof(type, member)))

#define NS_PER_SEC 1000000000ull

#endif
