/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_kernel.c - the kernel's bytes by the directories of its sources.
 *
 * An image has symbols but no debug information, and its kernel may have been
 * linked for it alone. So names lead from its symbols to the debug information
 * of the installed kernel: local symbols stand behind the name of their file,
 * and the file's directory is the one in which most of them are known.
 */
#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/place.h"
#include "debug/map.h"
#include "host/fault.h"
#include "host/memory.h"
#include "host/path.h"
#include "image/image.h"
#include "image/symbols.h"

#define NAMELESS     "constants and padding without a name"
#define UNKNOWN      "not in the installed kernel"
#define NAME_MAX_LEN 256u

struct known { /* a function or variable of the installed kernel */
    char *name;
    char *file;      /* without its directory */
    const char *dir; /* of kernel_parts.dirs */
};

struct kernel_parts {
    struct known *known; /* by name */
    size_t count, room;
    struct list dirs;
};

/* ---- what the installed kernel says ---- */

static const char *dir_get(struct kernel_parts *k, const char *path)
{
    char *dir = strstr(path, "/lwip/") ? mem_strdup("lwip") : path_dir(path);
    size_t i;

    for (i = 0; i < k->dirs.count; i++)
        if (strcmp(k->dirs.item[i], dir) == 0) {
            free(dir);
            return k->dirs.item[i];
        }
    list_add_take(&k->dirs, dir);
    return dir;
}

/* Where it is, and not only that it exists. */
static bool is_definition(Dwarf_Die *die)
{
    int tag = dwarf_tag(die);

    if (tag == DW_TAG_subprogram)
        return dwarf_hasattr(die, DW_AT_low_pc) ||
               dwarf_hasattr(die, DW_AT_ranges);
    return tag == DW_TAG_variable && dwarf_hasattr(die, DW_AT_location);
}

static void known_add(struct kernel_parts *k, const char *name,
                      const char *path)
{
    if (k->count == k->room) {
        k->room = k->room * 2 + 1024;
        k->known = mem_resize(k->known, k->room * sizeof(k->known[0]));
    }
    k->known[k->count++] =
        (struct known){ mem_strdup(name), mem_strdup(path_base(path)),
                        dir_get(k, path) };
}

static void unit_read(struct kernel_parts *k, Dwarf_Die *unit)
{
    const char *path = dwarf_diename(unit);
    Dwarf_Die die;

    if (!path || dwarf_child(unit, &die) != 0)
        return;
    do {
        const char *name = is_definition(&die) ? dwarf_diename(&die) : NULL;

        if (name)
            known_add(k, name, path);
    } while (dwarf_siblingof(&die, &die) == 0);
}

static int compare_known(const void *a, const void *b)
{
    const struct known *x = a, *y = b;

    return strcmp(x->name, y->name);
}

struct kernel_parts *kernel_parts_open(void)
{
    struct kernel_parts *k = mem_alloc(sizeof(*k));
    struct fault ignored;
    char *path = place_kernel(&ignored);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    Dwarf *dw = fd >= 0 ? dwarf_begin(fd, DWARF_C_READ) : NULL;
    Dwarf_Off off = 0, next;
    size_t head;
    Dwarf_Die unit;

    for (; dw && dwarf_nextcu(dw, off, &next, &head, NULL, NULL, NULL) == 0;
         off = next)
        if (dwarf_offdie(dw, off + head, &unit))
            unit_read(k, &unit);
    dwarf_end(dw);
    if (fd >= 0)
        close(fd);
    free(path);
    if (k->count == 0) {
        kernel_parts_close(k);
        return NULL;
    }
    qsort(k->known, k->count, sizeof(k->known[0]), compare_known);
    return k;
}

void kernel_parts_close(struct kernel_parts *k)
{
    size_t i;

    if (!k)
        return;
    for (i = 0; i < k->count; i++) {
        free(k->known[i].name);
        free(k->known[i].file);
    }
    free(k->known);
    list_fini(&k->dirs);
    free(k);
}

/* ---- names to directories ---- */

/* The first of that name; compilers put a dot behind what they made of one. */
static size_t known_find(const struct kernel_parts *k, const char *symbol,
                         char name[NAME_MAX_LEN])
{
    size_t low = 0, high = k->count;

    snprintf(name, NAME_MAX_LEN, "%.*s", (int)strcspn(symbol, "."), symbol);
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (strcmp(k->known[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* file NULL: it is global. */
static const char *dir_of(const struct kernel_parts *k, const char *symbol,
                          const char *file)
{
    char name[NAME_MAX_LEN];
    size_t i;

    for (i = known_find(k, symbol, name);
         i < k->count && strcmp(k->known[i].name, name) == 0; i++)
        if (!file || strcmp(k->known[i].file, file) == 0)
            return k->known[i].dir;
    return NULL;
}

/* ---- the image's symbols ---- */

struct span {
    uint64_t from, end; /* the same: to the next one */
    const char *dir;
};

struct symtab {
    const struct kernel_parts *k;
    struct symbols symbols;
    struct span *span;
    size_t count;
};

static Elf64_Sym symbol_get(const struct symtab *t, size_t i)
{
    Elf64_Sym sym;

    memcpy(&sym, t->symbols.table + i * sizeof(sym), sizeof(sym));
    return sym;
}

static const char *name_get(const struct symtab *t, const Elf64_Sym *sym)
{
    return sym->st_name < t->symbols.names_len ? t->symbols.names + sym->st_name
                                               : "";
}

static bool is_place(const Elf64_Sym *sym)
{
    return ELF64_ST_TYPE(sym->st_info) <= STT_FUNC && sym->st_shndx != 0 &&
           sym->st_shndx < SHN_LORESERVE;
}

static bool is_local(const Elf64_Sym *sym)
{
    return ELF64_ST_BIND(sym->st_info) == STB_LOCAL;
}

/* Where most of a file's symbols, [first, end), are known to be. */
static const char *file_dir(const struct symtab *t, const char *file,
                            size_t first, size_t end)
{
    const char *best = NULL;
    size_t i, d, best_votes = 0;
    size_t *votes = mem_alloc((t->k->dirs.count + 1) * sizeof(*votes));

    for (i = first; i < end; i++) {
        Elf64_Sym sym = symbol_get(t, i);
        const char *dir =
            is_place(&sym) ? dir_of(t->k, name_get(t, &sym), file) : NULL;

        for (d = 0; dir && d < t->k->dirs.count; d++) {
            if (t->k->dirs.item[d] != dir || ++votes[d] <= best_votes)
                continue;
            best_votes = votes[d];
            best = dir;
        }
    }
    free(votes);
    return best;
}

static void span_add(struct symtab *t, const Elf64_Sym *sym, const char *dir)
{
    if (is_place(sym) && dir && sym->st_size < (1ull << 40) &&
        sym->st_value < (1ull << 40))
        t->span[t->count++] =
            (struct span){ sym->st_value, sym->st_value + sym->st_size, dir };
}

/* Without a file that is known: a hidden symbol, which ld has made local. */
static const char *lone_dir(const struct symtab *t, const Elf64_Sym *sym)
{
    const char *dir = dir_of(t->k, name_get(t, sym), NULL);

    return dir || sym->st_size == 0 ? dir : UNKNOWN;
}

/* Global symbols are behind all local ones, which are sorted by their files.
 * Those of the linker's own have no size and no directory. */
static void spans_make(struct symtab *t)
{
    size_t i = 0, end, all = t->symbols.table_count;

    t->span = mem_alloc((all + 1) * sizeof(t->span[0]));
    while (i < all) {
        Elf64_Sym sym = symbol_get(t, i);
        const char *file, *dir;

        if (!is_local(&sym) || ELF64_ST_TYPE(sym.st_info) != STT_FILE) {
            span_add(t, &sym, dir_of(t->k, name_get(t, &sym), NULL));
            i++;
            continue;
        }
        file = name_get(t, &sym);
        for (end = i + 1; end < all; end++) {
            sym = symbol_get(t, end);
            if (!is_local(&sym) || ELF64_ST_TYPE(sym.st_info) == STT_FILE)
                break;
        }
        dir = file_dir(t, path_base(file), i + 1, end);
        for (i++; i < end; i++) {
            sym = symbol_get(t, i);
            span_add(t, &sym, dir ? dir : lone_dir(t, &sym));
        }
    }
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->end > y->end ? -1 : x->end < y->end;
}

void kernel_parts_tally(const struct kernel_parts *k, const struct image *img,
                        uint64_t from, uint64_t end, struct tally *out)
{
    struct symtab t = { .k = k };
    uint64_t at = from;
    size_t i;

    symbols_load(img, &t.symbols);
    if (k && t.symbols.table_count > 0)
        spans_make(&t);
    if (t.count > 0)
        qsort(t.span, t.count, sizeof(t.span[0]), compare_spans);
    for (i = 0; i < t.count && at < end; i++) {
        struct span s = t.span[i];

        if (s.from >= end)
            break;
        if (s.from == s.end && i + 1 < t.count) /* assembly: to the next */
            s.end = t.span[i + 1].from;
        if (s.end > end)
            s.end = end;
        if (s.from > at) {
            tally_add(out, NAMELESS, s.from - at, 0);
            at = s.from;
        }
        if (s.end > at) {
            tally_add(out, s.dir, s.end - at, 0);
            at = s.end;
        }
    }
    tally_add(out, t.count > 0 ? NAMELESS : "the kernel, without symbols",
              end > at ? end - at : 0, 0);
    symbols_fini(&t.symbols);
    free(t.span);
}
