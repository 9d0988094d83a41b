/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.h - where each byte went, of an image and of a guest's memory.
 *
 * What:      a tally is a whole and the parts that it falls into; whoever fills
 *            one gives every byte to exactly one part, so that the parts'
 *            sum is the whole. What nobody claims is a part as well.
 * Ownership: tally_fini() frees what hangs on a struct tally; all zero is an
 *            empty one.
 * Errors:    0 or -errno with a fault.
 * Units:     bytes.
 */
#ifndef DEBUG_MAP_H
#define DEBUG_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct guest;
struct image;
struct kernel_parts;

struct tally_part {
    char *name;
    uint64_t len;
    uint64_t count; /* of what it consists of; 0: that has no meaning */
};

struct tally {
    const char *name, *title;
    uint64_t total;
    struct tally_part *part;
    size_t part_count, part_room;
    uint32_t *bucket; /* index + 1; open addressing */
    size_t bucket_count;
};

/* len bytes more for the part of that name, in `count` pieces. */
void tally_add(struct tally *t, const char *name, uint64_t len, uint64_t count);
void tally_fini(struct tally *t);
/* all: every part, not the largest alone. Sorts them. */
void tally_print(struct tally *t, bool all);
/* As a member of an object, behind another. */
void tally_print_json(struct tally *t);

/* ---- the image: map_image.c ---- */

struct map_image {
    struct tally file;   /* the whole file */
    struct tally kernel; /* text and data in it, by directory of the source */
    struct tally data;   /* of the kernel in memory, the same way */
    struct tally root;   /* by file */
};

int map_image(const char *path, struct map_image *out, struct fault *fault);
void map_image_fini(struct map_image *m);

/* ---- the kernel by its sources: map_kernel.c ---- */

/* By the installed kernel's debug information; NULL: it has none, or there is
 * no installed one. */
struct kernel_parts *kernel_parts_open(void);
void kernel_parts_close(struct kernel_parts *k);
/* Give the kernel's bytes [from, end), counted from its first, to the
 * directories that they come from, by the symbols in the image. */
void kernel_parts_tally(const struct kernel_parts *k, const struct image *img,
                        uint64_t from, uint64_t end, struct tally *out);

/* ---- a guest's memory: map_memory.c ---- */

struct map_memory {
    struct tally memory; /* all of -m */
    struct tally heap;   /* small pieces of the kernel's memory, by kind */
};

int map_memory(const struct guest *g, struct map_memory *out,
               struct fault *fault);
void map_memory_fini(struct map_memory *m);

#endif
