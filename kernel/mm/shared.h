/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared.h - memory of MAP_SHARED | MAP_ANONYMOUS.
 *
 * What:      an object of zeros with a fixed length, like Linux's nameless
 *            file behind such a mapping: a second mapping of it (mremap) shows
 *            the same bytes, beyond its end there is SIGBUS.
 * Ownership: created with one reference; mappings take their own.
 * Errors:    NULL: out of memory.
 * Units:     pages.
 */
#ifndef MM_SHARED_H
#define MM_SHARED_H

#include "mm/object.h"

struct vm_object *shared_create(uint64_t page_count) MUST_CHECK;
/* Pages of it that exist. */
uint64_t shared_page_count(struct vm_object *obj);

#endif
