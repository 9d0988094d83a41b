/* SPDX-License-Identifier: BSD-2-Clause */
/* symbols.c - see symbols.h. */
#include "image/symbols.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/memory.h"
#include "image/image.h"

#define SYMBOLS_LEN_MAX (64u << 20) /* bytes; more is not a kernel's */

static void *load(const struct image *img, uint64_t off, uint64_t len)
{
    void *data;

    if (len == 0 || len > SYMBOLS_LEN_MAX)
        return NULL;
    data = mem_alloc(len);
    if (pread(img->fd, data, len, (off_t)off) == (ssize_t)len)
        return data;
    free(data);
    return NULL;
}

void symbols_load(const struct image *img, struct symbols *symbols)
{
    memset(symbols, 0, sizeof(*symbols));
    symbols->table = load(img, img->symtab_off, img->symtab_len);
    symbols->names = load(img, img->strtab_off, img->strtab_len);
    if (!symbols->table || !symbols->names ||
        symbols->names[img->strtab_len - 1] != '\0') {
        symbols_fini(symbols);
        return;
    }
    symbols->table_count = img->symtab_len / sizeof(Elf64_Sym);
    symbols->names_len = img->strtab_len;
}

void symbols_fini(struct symbols *symbols)
{
    free(symbols->table);
    free(symbols->names);
    memset(symbols, 0, sizeof(*symbols));
}

const char *symbols_find(const struct symbols *symbols, uint64_t off,
                         uint64_t *within_out)
{
    const char *best = NULL;
    uint64_t best_value = 0;
    size_t i;

    for (i = 0; i < symbols->table_count; i++) {
        Elf64_Sym sym;

        memcpy(&sym, symbols->table + i * sizeof(sym), sizeof(sym));
        if (ELF64_ST_TYPE(sym.st_info) > STT_FUNC || sym.st_shndx == 0 ||
            sym.st_shndx >= SHN_LORESERVE || sym.st_value > off ||
            sym.st_name >= symbols->names_len ||
            symbols->names[sym.st_name] == '\0')
            continue;
        if (sym.st_size != 0 && off - sym.st_value >= sym.st_size)
            continue;
        if (!best || sym.st_value >= best_value) {
            best = symbols->names + sym.st_name;
            best_value = sym.st_value;
        }
    }
    *within_out = off - best_value;
    return best;
}
