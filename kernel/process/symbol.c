/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbol.c - see symbol.h. ELF-64 gABI, chapters 4 and 5.
 */
#include "process/symbol.h"

#include <linux/elf.h>
#include <linux/fcntl.h>

#include "core/string.h"
#include "fs/vfs.h"

#define SHT_SYMTAB_ 2u /* the UAPI header does not name it everywhere */
#define CHUNK       16u
#define SECTION_MAX 256u
#define SYMBOL_MAX  (1u << 20) /* of a table: beyond, no name */
#define STT_FUNC_   2u

struct table {
    uint64_t off, len, names_off, names_len;
};

static bool read_at(struct file *f, void *buf, size_t len, uint64_t off)
{
    return file_read_kernel(f, buf, len, off) == (ssize_t)len;
}

/* The address that the linker gave to a byte of the file. */
static bool link_address(struct file *f, const Elf64_Ehdr *h, uint64_t file_off,
                         uint64_t *va_out)
{
    Elf64_Phdr p;

    for (unsigned i = 0; i < h->e_phnum; i++) {
        if (!read_at(f, &p, sizeof(p), h->e_phoff + i * sizeof(p)))
            return false;
        if (p.p_type == PT_LOAD && file_off - p.p_offset < p.p_filesz) {
            *va_out = file_off - p.p_offset + p.p_vaddr;
            return true;
        }
    }
    return false;
}

static bool find_table(struct file *f, const Elf64_Ehdr *h, uint32_t type,
                       struct table *out)
{
    Elf64_Shdr s, names;

    for (unsigned i = 0; i < MIN(h->e_shnum, SECTION_MAX); i++) {
        if (!read_at(f, &s, sizeof(s), h->e_shoff + i * sizeof(s)))
            return false;
        if (s.sh_type != type || s.sh_link >= h->e_shnum)
            continue;
        if (!read_at(f, &names, sizeof(names),
                     h->e_shoff + s.sh_link * sizeof(names)))
            return false;
        *out = (struct table){ s.sh_offset, s.sh_size, names.sh_offset,
                               names.sh_size };
        return true;
    }
    return false;
}

/* The function nearest below va. */
static bool nearest(struct file *f, const struct table *t, uint64_t va,
                    Elf64_Sym *best)
{
    uint64_t count = MIN(t->len / sizeof(Elf64_Sym), (uint64_t)SYMBOL_MAX);
    Elf64_Sym syms[CHUNK];
    bool found = false;

    for (uint64_t i = 0; i < count; i += CHUNK) {
        size_t n = MIN(count - i, (uint64_t)CHUNK);

        if (!read_at(f, syms, n * sizeof(syms[0]),
                     t->off + i * sizeof(syms[0])))
            break;
        for (size_t k = 0; k < n; k++) {
            const Elf64_Sym *s = &syms[k];

            if ((s->st_info & 15) != STT_FUNC_ || s->st_shndx == 0 ||
                s->st_value > va ||
                (s->st_size && va - s->st_value >= s->st_size))
                continue;
            if (found && s->st_value <= best->st_value)
                continue;
            *best = *s;
            found = true;
        }
    }
    return found;
}

static bool name_read(struct file *f, const struct table *t,
                      const Elf64_Sym *sym, char name[SYMBOL_NAME_MAX])
{
    ssize_t n;

    if (sym->st_name >= t->names_len)
        return false;
    n = file_read_kernel(f, name,
                         MIN(SYMBOL_NAME_MAX - 1, t->names_len - sym->st_name),
                         t->names_off + sym->st_name);
    if (n <= 0)
        return false;
    name[n] = '\0';
    for (char *c = name; *c; c++) /* a report is text */
        if (*c < ' ' || *c > '~')
            *c = '?';
    return name[0] != '\0';
}

bool symbol_find(const char *path, uint64_t file_off,
                 char name_out[SYMBOL_NAME_MAX], uint64_t *offset_out)
{
    static const uint32_t types[] = { SHT_SYMTAB_, SHT_DYNSYM };
    bool found = false;
    struct file *f;
    struct table t;
    Elf64_Ehdr h;
    Elf64_Sym sym;
    uint64_t va;

    if (vfs_open(AT_FDCWD, path, O_RDONLY, 0, &f) != 0)
        return false;
    if (read_at(f, &h, sizeof(h), 0) &&
        memcmp(h.e_ident, ELFMAG, SELFMAG) == 0 &&
        h.e_ident[EI_CLASS] == ELFCLASS64 && link_address(f, &h, file_off, &va))
        for (unsigned i = 0; i < ARRAY_LEN(types) && !found; i++)
            if (find_table(f, &h, types[i], &t) && nearest(f, &t, va, &sym))
                found = name_read(f, &t, &sym, name_out);
    if (found)
        *offset_out = va - sym.st_value;
    file_put(f);
    return found;
}
