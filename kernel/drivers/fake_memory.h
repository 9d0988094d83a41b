/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_memory.h - memory, console and the like for tests of drivers.
 *
 * What:      pages and heap from the host's; kprintf()'s lines are counted;
 *            a panic ends the test. Physical addresses are pointers.
 * Context:   unit tests and fuzz harnesses, included once by each.
 */
#ifndef DRIVERS_FAKE_MEMORY_H
#define DRIVERS_FAKE_MEMORY_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/panic.h"
#include "core/printf.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "random/pool.h"

#define FAKE_PAGES_MAX 1024u

uint64_t page_direct_va; /* 0 */

/* ---- memory ---- */

static struct {
    uint8_t *p;
    unsigned refs;
} fake_pages[FAKE_PAGES_MAX];
static unsigned fake_page_count, fake_pages_left = FAKE_PAGES_MAX;
static unsigned fake_pages_total = FAKE_PAGES_MAX;
static bool fake_no_orders; /* there are single pages alone */

static inline unsigned fake_page(paddr_t pa)
{
    for (unsigned i = 0; i < fake_page_count; i++)
        if ((paddr_t)fake_pages[i].p == pa)
            return i;
    printf("# no page at 0x%lx\n", pa);
    abort();
}

paddr_t page_alloc_order(unsigned order)
{
    uint8_t *p;

    if (fake_pages_left == 0 || (order > 0 && fake_no_orders))
        return 0;
    if (fake_page_count == FAKE_PAGES_MAX)
        abort();
    fake_pages_left--;
    p = aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
    memset(p, 0xa5, PAGE_SIZE << order);
    fake_pages[fake_page_count].p = p;
    fake_pages[fake_page_count++].refs = 1;
    return (paddr_t)p;
}

paddr_t page_alloc(void)
{
    return page_alloc_order(0);
}

void page_set_kind(paddr_t pa, enum records_page_kind kind)
{
    (void)pa;
    (void)kind;
}

void page_get(paddr_t pa)
{
    fake_pages[fake_page(pa)].refs++;
}

void page_put(paddr_t pa)
{
    unsigned i = fake_page(pa);

    if (--fake_pages[i].refs > 0)
        return;
    free(fake_pages[i].p);
    fake_pages[i] = fake_pages[--fake_page_count];
    fake_pages_left++;
}

void page_free_order(paddr_t pa, unsigned order)
{
    (void)order;
    page_put(pa);
}

size_t page_total_count(void)
{
    return fake_pages_total;
}

void *kmalloc(size_t len)
{
    return malloc(len);
}

void *kzalloc(size_t len)
{
    return calloc(1, len);
}

void kfree(void *p)
{
    free(p);
}

/* ---- the rest of the kernel ---- */

static unsigned fake_lines;

void kprintf(const char *format, ...)
{
    va_list args;
    char text[256];

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fake_lines++;
}

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    printf("\n");
    fflush(stdout);
    abort();
}

uint64_t arch_kernel_va(void)
{
    return 0;
}

uint64_t arch_kernel_pa(void)
{
    return 0;
}

void pool_read(void *buf, size_t len)
{
    memset(buf, 0xff, len);
}

#endif
