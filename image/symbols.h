/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbols.h - names for addresses of the kernel inside an image.
 *
 * What:      reads the .symtab that an image carries for reports. Everything
 *            in it is checked: a damaged table only yields no names.
 * Ownership: symbols_fini() frees.
 * Units:     off in bytes from the kernel's first byte.
 */
#ifndef IMAGE_SYMBOLS_H
#define IMAGE_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct image;

struct symbols {
    uint8_t *table; /* Elf64_Sym, unaligned */
    size_t table_count;
    char *names;
    size_t names_len;
};

void symbols_load(const struct image *img, struct symbols *symbols);
void symbols_fini(struct symbols *symbols);

/* The function or object that off lies in, NULL when unknown. */
const char *symbols_find(const struct symbols *symbols, uint64_t off,
                         uint64_t *within_out);

#endif
