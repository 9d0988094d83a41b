/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap.h - kernel memory in any size.
 *
 * Ownership: the caller owns what it gets and calls kfree() (NULL is fine).
 * Context:   never sleeps; not from interrupts. With or without the kernel
 *            lock, without which nothing is reclaimed.
 * Errors:    NULL: out of memory. 16-byte aligned; >= PAGE_SIZE page-aligned.
 */
#ifndef MM_HEAP_H
#define MM_HEAP_H

#include "core/types.h"

void *kmalloc(size_t len) MUST_CHECK;
void *kzalloc(size_t len) MUST_CHECK;
void *krealloc(void *old, size_t len) MUST_CHECK;
void kfree(void *p);
/* kmalloc() for who may be without the kernel lock and has no other: it takes
 * that when memory must be reclaimed. */
void *kmalloc_free(size_t len) MUST_CHECK;
/* What p takes up, which is more than was asked for. */
size_t kmalloc_len(void *p);

#endif
