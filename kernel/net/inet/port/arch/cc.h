/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cc.h - what lwIP wants to know of compiler and machine.
 *
 * What:      included by lwIP's arch.h. lwIP's own assertions stay: each is a
 *            panic, as ours are, that tells its place: their texts are 6 KB.
 */
#ifndef INET_ARCH_CC_H
#define INET_ARCH_CC_H

#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"

#define LWIP_NO_INTTYPES_H 1 /* nothing is printed */
#define LWIP_NO_LIMITS_H   1
#define LWIP_NO_UNISTD_H   1
#define LWIP_NO_CTYPE_H    1
#define SSIZE_MAX          INT64_MAX /* ssize_t is core/types.h's */

#define LWIP_RAND()               ((u32_t)inet_random())
#define LWIP_PLATFORM_DIAG(x)     ((void)0)
#define LWIP_PLATFORM_ASSERT(why) assert_failed(PANIC_PLACE)
#define lwip_htons(x)             __builtin_bswap16(x)
#define lwip_htonl(x)             __builtin_bswap32(x)
/* Of constant length, so inline. */
#define SMEMCPY(dst, src, len) __builtin_memcpy(dst, src, len)

uint64_t inet_random(void); /* inet.h */
/* kmalloc() that gives up connections in TIME-WAIT before it fails, and counts
 * (inet.h, inet_memory_held). */
void *inet_malloc(size_t len);
void *inet_calloc(size_t count, size_t len);
void inet_free(void *p);
/* The Internet checksum, complemented, in the machine's byte order. */
uint16_t inet_checksum(const void *data, int len);

#endif
