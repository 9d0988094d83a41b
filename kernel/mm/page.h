/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.h - physical pages.
 *
 * What:      a buddy allocator over the free ranges of bootinfo, with one
 *            reference count per page. Pages that were never handed out lie
 *            beyond a frontier: they cost nothing at boot, are not touched
 *            until used, and are known to hold zeros where the platform says
 *            so. Low addresses first, so that a small guest stays dense;
 *            large pages (2 MiB) from the top, where the host backs them with
 *            pages of that size.
 * Ownership: alloc gives one reference; page_put() of the last one frees.
 *            Addresses outside of RAM (image pages) are ignored by get and put.
 *            A page that was mapped is freed only after the flush that takes
 *            its translation out of every TLB: until then it waits on a chain.
 * Context:   never sleeps. On any CPU, with or without the kernel lock: what
 *            is free has a lock of its own, held for a few list operations and
 *            never while memory is zeroed or reclaim() asked. A page's count is
 *            changed in one atomic step by those who have a reference of it, so
 *            that who reads 1 and has it is the only one.
 * Errors:    0 means out of memory (physical page 0 is never handed out).
 * Units:     order n is 2^n pages.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "abi/records.h"
#include "core/types.h"

struct bootinfo;

#define PAGE_ORDER_MAX   11u /* a table of FD_MAX descriptors */
#define PAGE_ORDER_LARGE 9u  /* what one entry of a page directory maps */
#define PAGE_LARGE_SIZE  (PAGE_SIZE << PAGE_ORDER_LARGE)

void page_init(const struct bootinfo *boot);
/* What to ask when nothing is left: true if it freed some. It allocates
 * nothing, and whatever allocates must bear that untouched pages vanish. It is
 * called with the locks of whoever allocates, none of which may come after
 * those that it takes. */
void page_set_reclaim(bool (*reclaim)(void));
MUST_CHECK paddr_t page_alloc(void);        /* contents undefined */
MUST_CHECK paddr_t page_alloc_zeroed(void); /* one page of zeros */
MUST_CHECK paddr_t page_alloc_order(unsigned order);
/* A large page, while there is plenty of memory: at least a quarter stays for
 * pages of 4 KiB. Unless it is zeroed already page_zero_large() must follow,
 * which takes as long as many faults: better without a lock. */
MUST_CHECK paddr_t page_alloc_large(bool *is_zeroed);
void page_zero_large(paddr_t pa);
/* A block with one reference becomes single pages with one each. */
void page_split(paddr_t pa);
void page_get(paddr_t pa);
void page_put(paddr_t pa);
unsigned page_refs(paddr_t pa); /* 0 for addresses outside of RAM */
/* What the kernel uses it for, for who looks from outside; a page that was not
 * said to be anything is the program's. */
void page_set_kind(paddr_t pa, enum records_page_kind kind);
/* Pages to be freed together, linked through what describes them. 0: none.
 * Each has one reference, which goes to the chain. */
void page_chain_add(paddr_t *chain, paddr_t pa);
void page_chain_free(paddr_t *chain);
void page_free_order(paddr_t pa, unsigned order); /* refs must be 1 */
unsigned page_order(paddr_t pa);                  /* as it was handed out */
size_t page_free_count(void);
extern const size_t *const page_counters; /* free, all: for records.c */
size_t page_total_count(void);

/* The kernel's view of a physical address: RAM, image, all mapped. */
extern uint64_t page_direct_va;
static inline void *page_ptr(paddr_t pa)
{
    return (void *)(page_direct_va + pa);
}
static inline paddr_t page_pa(const void *ptr)
{
    return (uint64_t)ptr - page_direct_va;
}

#endif
