/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pageframes.h - every page of a guest's memory, and what it is for.
 *
 * What:      a guest's writable memory as a row of pages, each of one kind. The
 *            kinds come from the page allocator (abi/records.h), page tables,
 *            regions and threads; a later answer replaces an earlier one.
 * Ownership: frames_map_fini() frees.
 * Context:   the guest is stopped. What it says is checked to lie in its
 *            memory, and changes nothing but the kinds.
 * Errors:    0 or -errno with a fault.
 * Units:     gpa guest-physical bytes.
 */
#ifndef DEBUG_PAGEFRAMES_H
#define DEBUG_PAGEFRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "cli/core.h"

struct fault;

#define FRAME_LEN 4096u

enum frame_kind {
    FRAME_BOOT,
    FRAME_ROOT,
    FRAME_TEXT,
    FRAME_KERNEL,
    FRAME_DESCRIPTIONS,
    FRAME_FRESH,
    FRAME_FREE,
    FRAME_PROGRAM, /* the allocator's kinds from here on */
    FRAME_TABLE,
    FRAME_HEAP,
    FRAME_BLOCK,
    FRAME_FILE,
    FRAME_SHARED,
    FRAME_PIPE,
    FRAME_NET,
    FRAME_RING, /* to here */
    FRAME_KSTACK,
    FRAME_ANONYMOUS,
    FRAME_BRK,
    FRAME_STACK,
    FRAME_PRIVATE,
    FRAME_KIND_COUNT,
};

struct frame_range {
    uint64_t gpa, len;
    size_t first; /* index of its first page */
};

struct frames_map {
    struct core *core;
    struct frame_range range[CONTROL_RANGE_MAX];
    unsigned range_count;
    uint8_t *kind; /* enum frame_kind */
    size_t count;
};

/* As the monitor gave it its memory; all are FRAME_BOOT. is_loaded: what the
 * guest may not write is memory of its own, too, as under QEMU. */
int frames_map_init(struct frames_map *m, struct core *core, bool is_loaded,
                    struct fault *fault);
void frames_map_fini(struct frames_map *m);
/* What lies outside of memory is left out. */
void frames_map_set(struct frames_map *m, uint64_t gpa, uint64_t len,
                    enum frame_kind kind);
/* SIZE_MAX: that is no such memory. */
size_t frames_map_index(const struct frames_map *m, uint64_t gpa);
uint64_t frames_map_gpa(const struct frames_map *m, size_t index);

/* The kernel's data, and what its allocator says of each page. */
int frames_map_allocator(struct frames_map *m, struct fault *fault);
/* The program's pages, by the regions that map them, and kernel stacks. */
int frames_map_program(struct frames_map *m, struct fault *fault);

#endif
