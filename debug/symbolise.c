/* SPDX-License-Identifier: BSD-2-Clause */
/* symbolise.c - see symbolise.h. */
#include "debug/symbolise.h"

#include <dlfcn.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/place.h"
#include "cli/rootlist.h"
#include "debug/rootfile.h"
#include "host/fault.h"
#include "host/memory.h"
#include "image/image.h"
#include "image/symbols.h"

#define PAGE_MASK   4095ull
#define OBJECT_MAX  4096u
#define KERNEL_NAME "[kernel]"

struct object { /* a file of the image that has code somewhere */
    uint64_t ino;
    char *path;     /* in the image; NULL: no name leads to it */
    uint64_t bias;  /* added to the file's addresses */
    bool is_module; /* libdw knows it */
};

struct symbolise {
    Dwfl *dwfl;
    Dwfl_Callbacks callbacks;
    char *debug_path;
    char *path;
    struct image img;
    struct symbols names; /* the kernel's, of the image */
    uint64_t kernel_va, kernel_len;
    bool has_kernel_module;
    struct symbolise_region *region; /* all that were ever there, by start */
    size_t region_count;
    struct object *object;
    size_t object_count;
};

/* ---- debug information ---- */

static bool has_build_id(int fd, const unsigned char *id, int len)
{
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    const void *have;
    bool is_same = false;

    if (elf)
        is_same = dwelf_elf_gnu_build_id(elf, &have) == len &&
                  memcmp(have, id, (size_t)len) == 0;
    elf_end(elf);
    return is_same;
}

/* An image may have been stripped of what the host's file has still. */
static int find_debuginfo(Dwfl_Module *mod, void **user, const char *name,
                          Dwarf_Addr base, const char *file, const char *link,
                          GElf_Word crc, char **found)
{
    const unsigned char *id;
    GElf_Addr at;
    int len = dwfl_module_build_id(mod, &id, &at);
    int fd = dwfl_standard_find_debuginfo(mod, user, name, base, file, link,
                                          crc, found);

    if (fd >= 0 || len <= 0 || name[0] != '/')
        return fd;
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && has_build_id(fd, id, len))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Every module is given with its file. */
static int find_elf(Dwfl_Module *mod, void **user, const char *name,
                    Dwarf_Addr base, char **file, Elf **elf)
{
    (void)mod;
    (void)user;
    (void)name;
    (void)base;
    (void)file;
    (void)elf;
    return -1;
}

/* ---- open and close ---- */

int symbolise_open(const char *path, struct symbolise **out,
                   struct fault *fault)
{
    struct symbolise *s = mem_alloc(sizeof(*s));
    int err;

    *out = NULL;
    err = image_open(path, &s->img, fault);
    if (err) {
        free(s);
        return err;
    }
    /* Nothing is to be asked of a server in the network on the way. */
    unsetenv("DEBUGINFOD_URLS");
    elf_version(EV_CURRENT);
    s->path = mem_strdup(path);
    s->debug_path = mem_strdup("-:/usr/lib/debug");
    s->callbacks = (Dwfl_Callbacks){ .find_elf = find_elf,
                                     .find_debuginfo = find_debuginfo,
                                     .debuginfo_path = &s->debug_path };
    symbols_load(&s->img, &s->names);
    s->dwfl = dwfl_begin(&s->callbacks);
    *out = s;
    return 0;
}

void symbolise_close(struct symbolise *s)
{
    size_t i;

    if (!s)
        return;
    dwfl_end(s->dwfl);
    symbols_fini(&s->names);
    image_close(&s->img);
    for (i = 0; i < s->object_count; i++)
        free(s->object[i].path);
    free(s->object);
    free(s->region);
    free(s->debug_path);
    free(s->path);
    free(s);
}

/* ---- what is where ---- */

void symbolise_kernel(struct symbolise *s, uint64_t va, uint64_t len,
                      const uint8_t *build_id)
{
    struct fault ignored;
    char *path = place_kernel(&ignored);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    s->kernel_va = va;
    s->kernel_len = len;
    if (fd >= 0 && build_id &&
        has_build_id(fd, build_id, SYMBOLISE_BUILD_ID_LEN)) {
        dwfl_report_begin_add(s->dwfl);
        s->has_kernel_module =
            dwfl_report_elf(s->dwfl, KERNEL_NAME, path, -1, va, true) != NULL;
        dwfl_report_end(s->dwfl, NULL, NULL);
    }
    if (fd >= 0)
        close(fd);
    free(path);
}

/* Where the file that is mapped from this offset at va was linked to. */
static bool bias_of(int fd, uint64_t offset, uint64_t va, uint64_t *bias_out)
{
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    size_t i, count = 0;
    bool found = false;
    GElf_Phdr ph;

    if (elf && elf_getphdrnum(elf, &count) == 0)
        for (i = 0; !found && i < count && gelf_getphdr(elf, (int)i, &ph); i++)
            found =
                ph.p_type == PT_LOAD && (ph.p_flags & PF_X) &&
                offset >= (ph.p_offset & ~PAGE_MASK) &&
                offset - (ph.p_offset & ~PAGE_MASK) <= ph.p_filesz + PAGE_MASK;
    if (found)
        *bias_out = va - (ph.p_vaddr + (offset - ph.p_offset));
    elf_end(elf);
    return found;
}

static struct object *object_find(struct symbolise *s, uint64_t ino)
{
    size_t i;

    for (i = 0; i < s->object_count; i++)
        if (s->object[i].ino == ino)
            return &s->object[i];
    return NULL;
}

/* The same file again elsewhere, as with dlmopen(), has its names only at the
 * first place. */
static void module_add(struct symbolise *s, struct object *o,
                       const struct symbolise_region *r)
{
    struct fault ignored;
    int fd = rootfile_open(&s->img, s->path, o->ino, &ignored);

    if (fd < 0)
        return;
    if (bias_of(fd, r->offset, r->start, &o->bias))
        o->is_module = dwfl_report_elf(s->dwfl, o->path ? o->path : "[file]",
                                       o->path, fd, o->bias, true) != NULL;
    if (!o->is_module) /* else it is libdw's */
        close(fd);
}

static int compare_ino(const void *a, const void *b)
{
    const struct rootlist_name *x = a, *y = b;

    return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static bool is_code(const struct symbolise_region *r)
{
    return r->ino != 0 && r->prot & PROT_EXEC;
}

/* New files with code, and their names: all in one walk over the root. */
static void objects_name(struct symbolise *s, const struct symbolise_region *r,
                         size_t count)
{
    struct rootlist_name *names = mem_alloc((count + 1) * sizeof(names[0]));
    struct fault ignored;
    size_t i, n = 0;

    for (i = 0; i < count; i++)
        if (is_code(&r[i]) && !object_find(s, r[i].ino))
            names[n++].ino = r[i].ino;
    qsort(names, n, sizeof(names[0]), compare_ino);
    if (n > 0)
        (void)rootlist_find(&s->img, s->path, names, n, &ignored);
    for (i = 0; i < n; i++) {
        if (object_find(s, names[i].ino) || s->object_count == OBJECT_MAX) {
            free(names[i].path);
            continue;
        }
        s->object =
            mem_resize(s->object, (s->object_count + 1) * sizeof(s->object[0]));
        s->object[s->object_count++] =
            (struct object){ .ino = names[i].ino, .path = names[i].path };
    }
    free(names);
}

/* The first region that ends above va. */
static size_t region_after(const struct symbolise *s, uint64_t va)
{
    size_t low = 0, high = s->region_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (s->region[middle].end <= va)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The new ones, and of the old ones those that none of them touches. */
static void regions_merge(struct symbolise *s, const struct symbolise_region *r,
                          size_t count)
{
    struct symbolise_region *all =
        mem_alloc((s->region_count + count + 1) * sizeof(all[0]));
    size_t i, old = 0, n = 0;

    for (i = 0; i < count; i++) {
        for (; old < s->region_count && s->region[old].end <= r[i].start; old++)
            all[n++] = s->region[old];
        while (old < s->region_count && s->region[old].start < r[i].end)
            old++;
        all[n++] = r[i];
    }
    for (; old < s->region_count; old++)
        all[n++] = s->region[old];
    free(s->region);
    s->region = all;
    s->region_count = n;
}

void symbolise_regions(struct symbolise *s, const struct symbolise_region *r,
                       size_t count)
{
    size_t i;

    regions_merge(s, r, count);
    objects_name(s, r, count);
    dwfl_report_begin_add(s->dwfl);
    for (i = 0; i < count; i++) {
        struct object *o = is_code(&r[i]) ? object_find(s, r[i].ino) : NULL;

        if (o && !o->is_module)
            module_add(s, o, &r[i]);
    }
    dwfl_report_end(s->dwfl, NULL, NULL);
}

struct Dwfl *symbolise_dwfl(struct symbolise *s)
{
    size_t i;

    for (i = 0; i < s->object_count; i++)
        if (s->object[i].is_module)
            return s->dwfl;
    return s->has_kernel_module ? s->dwfl : NULL;
}

/* ---- finding ---- */

static bool in_kernel(const struct symbolise *s, uint64_t va)
{
    return va - s->kernel_va < s->kernel_len;
}

static const struct symbolise_region *region_at(const struct symbolise *s,
                                                uint64_t va)
{
    size_t i = region_after(s, va);

    return i < s->region_count && s->region[i].start <= va ? &s->region[i]
                                                           : NULL;
}

bool symbolise_is_code(const struct symbolise *s, uint64_t va)
{
    const struct symbolise_region *r = region_at(s, va);

    return r && r->prot & PROT_EXEC;
}

static void module_find(struct symbolise *s, uint64_t va,
                        struct symbolise_place *out)
{
    Dwfl_Module *mod = dwfl_addrmodule(s->dwfl, va);
    Dwfl_Line *line;
    GElf_Off off;
    GElf_Sym sym;

    if (!mod)
        return;
    out->function = dwfl_module_addrinfo(mod, va, &off, &sym, NULL, NULL, NULL);
    out->function_off = out->function ? off : 0;
    line = dwfl_module_getsrc(mod, va);
    if (line)
        out->file = dwfl_lineinfo(line, NULL, &out->line, NULL, NULL, NULL);
}

static void kernel_find(struct symbolise *s, uint64_t va,
                        struct symbolise_place *out)
{
    out->object = KERNEL_NAME;
    out->object_off = va - s->kernel_va;
    out->is_kernel = true;
    if (s->has_kernel_module)
        module_find(s, va, out);
    if (!out->function)
        out->function =
            symbols_find(&s->names, out->object_off, &out->function_off);
}

bool symbolise_find(struct symbolise *s, uint64_t va,
                    struct symbolise_place *out)
{
    const struct symbolise_region *r;
    const struct object *o;

    *out = (struct symbolise_place){ 0 };
    if (in_kernel(s, va)) {
        kernel_find(s, va, out);
        out->is_mapped = true;
        return true;
    }
    if (va >> 47 != 0) { /* ring 0's few instructions lie elsewhere */
        *out = (struct symbolise_place){ .object = KERNEL_NAME,
                                         .function = "(ring 0)",
                                         .is_kernel = true };
        return true;
    }
    r = region_at(s, va);
    out->is_mapped = r != NULL;
    o = r && r->ino != 0 ? object_find(s, r->ino) : NULL;
    if (!o)
        return out->is_mapped;
    out->object = o->path;
    out->object_off = o->is_module ? va - o->bias : va - r->start + r->offset;
    if (o->is_module)
        module_find(s, va, out);
    return true;
}

/* ---- names ---- */

typedef char *demangle_fn(const char *name, char *buf, size_t *len,
                          int *status);

/* The C++ library is on most hosts; nothing else here needs it. */
char *symbolise_demangle(const char *name)
{
    static demangle_fn *demangle;
    static bool is_tried;
    char *text;
    int status;

    if (!is_tried) {
        void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
        void *symbol = library ? dlsym(library, "__cxa_demangle") : NULL;

        memcpy(&demangle, &symbol, sizeof(demangle));
        is_tried = true;
    }
    if (demangle && strncmp(name, "_Z", 2) == 0) {
        text = demangle(name, NULL, NULL, &status);
        if (text)
            return text;
    }
    return mem_strdup(name);
}
