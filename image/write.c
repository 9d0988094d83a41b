/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write.c - image_write(): kernel + root + configuration -> one ELF file.
 *
 * The file, every part on a page of its own:
 *     0x0000  ELF header, program headers, notes
 *     0x1000  kernel text | kernel data | root | configuration
 *             .symtab .strtab .shstrtab, section headers
 * In memory the root follows the kernel's bss, and the configuration the root,
 * so that a small machine can hold them. What fits into low memory is described
 * a second time, for a machine without memory beyond it.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/fault.h"
#include "host/file.h"
#include "host/memory.h"
#include "image/image.h"

enum { LOAD_TEXT, LOAD_DATA, LOAD_ROOT, LOAD_CONFIG, LOAD_COUNT };
#define PHDR_MAX (2u * LOAD_COUNT + 2) /* the first page, all twice, notes */

/* Names of the sections, and where each begins in the table of names. */
static const char section_names[] = "\0.symtab\0.strtab\0.shstrtab";
enum { NAME_SYMTAB = 1, NAME_STRTAB = 9, NAME_SHSTRTAB = 17 };
enum { SECT_NULL, SECT_SYMTAB, SECT_STRTAB, SECT_NAMES, SECT_COUNT };

struct writer {
    const struct image_parts *parts;
    struct image kernel;
    int root_fd;
    uint64_t root_len;
    int fd;
    char *temp;
    uint64_t pos; /* bytes written so far */
    struct fault *fault;
};

struct first_page {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[PHDR_MAX];
    uint8_t notes[IMAGE_PAGE_LEN - sizeof(Elf64_Ehdr) -
                  PHDR_MAX * sizeof(Elf64_Phdr)];
};

_Static_assert(sizeof(struct first_page) == IMAGE_PAGE_LEN, "one page");

static uint64_t round_page(uint64_t len)
{
    return (len + IMAGE_PAGE_LEN - 1) & ~(uint64_t)(IMAGE_PAGE_LEN - 1);
}

static int put(struct writer *w, const void *data, size_t len)
{
    w->pos += len;
    return file_write_all(w->fd, data, len, w->temp, w->fault);
}

static int put_copy(struct writer *w, int from, uint64_t off, uint64_t len)
{
    w->pos += len;
    return file_copy(from, off, w->fd, len, w->temp, w->fault);
}

static int put_padding(struct writer *w)
{
    static const uint8_t zeros[IMAGE_PAGE_LEN];

    return put(w, zeros, round_page(w->pos) - w->pos);
}

static void load_set(Elf64_Phdr *ph, uint32_t flags, uint64_t off, uint64_t va,
                     uint64_t pa, uint64_t file_len, uint64_t mem_len)
{
    *ph = (Elf64_Phdr){ .p_type = PT_LOAD,
                        .p_flags = flags,
                        .p_offset = off,
                        .p_vaddr = va,
                        .p_paddr = pa,
                        .p_filesz = file_len,
                        .p_memsz = mem_len,
                        .p_align = IMAGE_PAGE_LEN };
}

static void loads_fill(const struct writer *w, Elf64_Phdr *ph)
{
    const struct image *k = &w->kernel;
    uint64_t off = IMAGE_PAGE_LEN;
    uint64_t pa = KERNEL_PA + k->header.total_len;

    load_set(&ph[LOAD_TEXT], PF_R | PF_X, off, 0, k->text.pa, k->text.file_len,
             k->text.mem_len);
    off += round_page(k->text.file_len);
    load_set(&ph[LOAD_DATA], PF_R | PF_W, off, k->data.pa - KERNEL_PA,
             k->data.pa, k->data.file_len, k->data.mem_len);
    off += round_page(k->data.file_len);
    load_set(&ph[LOAD_ROOT], PF_R, off, pa, pa, w->root_len, w->root_len);
    off += w->root_len;
    pa += w->root_len;
    load_set(&ph[LOAD_CONFIG], PF_R, off, pa, pa, w->parts->config_len,
             round_page(w->parts->config_len));
}

/* More segments, if the image is small enough for low memory and the code of
 * its entry in the first page. Result: how many there are in all. */
static unsigned low_loads_fill(const struct writer *w, Elf64_Phdr *ph)
{
    uint64_t len =
        ph[LOAD_CONFIG].p_paddr + ph[LOAD_CONFIG].p_memsz - KERNEL_PA;
    Elf64_Phdr *low = &ph[LOAD_COUNT];

    if (len > KERNEL_LOW_END - KERNEL_LOW_PA ||
        w->kernel.entry - KERNEL_PA >= IMAGE_PAGE_LEN)
        return LOAD_COUNT;
    load_set(low++, PF_R | PF_X, IMAGE_PAGE_LEN, KERNEL_LOW_END, KERNEL_LOW_END,
             IMAGE_PAGE_LEN, IMAGE_PAGE_LEN);
    for (unsigned i = 0; i < LOAD_COUNT; i++, low++) {
        *low = ph[i];
        low->p_paddr -= KERNEL_PA - KERNEL_LOW_PA;
        low->p_vaddr = low->p_paddr;
    }
    return 2 * LOAD_COUNT + 1;
}

/* In notes that lay at off: the first page's copy is where to enter. */
static void entry_move_low(const struct writer *w, uint8_t *notes, uint64_t off,
                           uint64_t len)
{
    uint64_t at = w->kernel.entry_off - off;
    uint32_t entry = (uint32_t)(w->kernel.entry - KERNEL_PA + KERNEL_LOW_END);

    if (at < len)
        memcpy(notes + at, &entry, sizeof(entry));
}

/* The kernel's notes go into the first page: QEMU reads them by file offset. */
static int notes_fill(struct writer *w, unsigned loads,
                      struct first_page *first)
{
    const struct image *k = &w->kernel;
    Elf64_Ehdr eh;
    Elf64_Phdr ph;
    unsigned i;
    int err;

    err = file_read_at(k->fd, &eh, sizeof(eh), 0, w->parts->kernel_path,
                       w->fault);
    for (i = 0; i < eh.e_phnum && err == 0; i++) {
        err = file_read_at(k->fd, &ph, sizeof(ph), eh.e_phoff + i * sizeof(ph),
                           w->parts->kernel_path, w->fault);
        if (err == 0 && ph.p_type == PT_NOTE) {
            if (ph.p_filesz > IMAGE_NOTE_LEN_MAX)
                return fault_set(w->fault, EINVAL,
                                 "the notes of kernel '%s' are too long",
                                 w->parts->kernel_path);
            err = file_read_at(k->fd, first->notes, ph.p_filesz, ph.p_offset,
                               w->parts->kernel_path, w->fault);
            if (loads > LOAD_COUNT)
                entry_move_low(w, first->notes, ph.p_offset, ph.p_filesz);
            ph.p_offset = offsetof(struct first_page, notes);
            ph.p_vaddr = 0;
            ph.p_paddr = 0;
            ph.p_align = 4;
            first->ph[loads] = ph;
        }
    }
    first->eh = eh;
    return err;
}

static int first_page_put(struct writer *w, Elf64_Phdr *loads_out)
{
    struct first_page first = { 0 };
    unsigned loads;
    uint64_t end;
    int err;

    loads_fill(w, first.ph);
    loads = low_loads_fill(w, first.ph);
    err = notes_fill(w, loads, &first);
    if (err)
        return err;
    end = first.ph[LOAD_CONFIG].p_offset + first.ph[LOAD_CONFIG].p_memsz;
    first.eh.e_type = ET_EXEC;
    first.eh.e_phoff = offsetof(struct first_page, ph);
    first.eh.e_phnum = (uint16_t)(loads + 1);
    first.eh.e_shoff = w->parts->strip ? 0 : end;
    first.eh.e_shentsize = sizeof(Elf64_Shdr);
    first.eh.e_shnum = w->parts->strip ? 0 : SECT_COUNT;
    first.eh.e_shstrndx = w->parts->strip ? SHN_UNDEF : SECT_NAMES;
    memcpy(loads_out, first.ph, LOAD_COUNT * sizeof(first.ph[0]));
    return put(w, &first, sizeof(first));
}

static int kernel_put(struct writer *w, const Elf64_Phdr *loads)
{
    const struct image *k = &w->kernel;
    struct kernel_header header = k->header;
    int err;

    header.root_pa = loads[LOAD_ROOT].p_paddr;
    header.root_len = loads[LOAD_ROOT].p_filesz;
    header.config_pa = loads[LOAD_CONFIG].p_paddr;
    header.config_len = w->parts->config_len;
    err = put(w, &header, sizeof(header));
    if (err == 0)
        err = put_copy(w, k->fd, k->text.off + sizeof(header),
                       k->text.file_len - sizeof(header));
    if (err == 0)
        err = put_padding(w);
    if (err == 0)
        err = put_copy(w, k->fd, k->data.off, k->data.file_len);
    if (err == 0)
        err = put_padding(w);
    return err;
}

/* Section headers come first, then what they describe. */
static int symbols_put(struct writer *w)
{
    const struct image *k = &w->kernel;
    uint64_t at = w->pos + SECT_COUNT * sizeof(Elf64_Shdr);
    Elf64_Shdr sh[SECT_COUNT] = {
        [SECT_SYMTAB] = { .sh_name = NAME_SYMTAB,
                          .sh_type = SHT_SYMTAB,
                          .sh_offset = at,
                          .sh_size = k->symtab_len,
                          .sh_link = SECT_STRTAB,
                          .sh_info = k->symtab_locals,
                          .sh_addralign = 8,
                          .sh_entsize = sizeof(Elf64_Sym) },
        [SECT_STRTAB] = { .sh_name = NAME_STRTAB,
                          .sh_type = SHT_STRTAB,
                          .sh_offset = at + k->symtab_len,
                          .sh_size = k->strtab_len,
                          .sh_addralign = 1 },
        [SECT_NAMES] = { .sh_name = NAME_SHSTRTAB,
                         .sh_type = SHT_STRTAB,
                         .sh_offset = at + k->symtab_len + k->strtab_len,
                         .sh_size = sizeof(section_names),
                         .sh_addralign = 1 },
    };
    int err = put(w, sh, sizeof(sh));

    if (err == 0)
        err = put_copy(w, k->fd, k->symtab_off, k->symtab_len);
    if (err == 0)
        err = put_copy(w, k->fd, k->strtab_off, k->strtab_len);
    if (err == 0)
        err = put(w, section_names, sizeof(section_names));
    return err;
}

static int everything_put(struct writer *w)
{
    Elf64_Phdr loads[LOAD_COUNT];
    int err = first_page_put(w, loads);

    if (err == 0)
        err = kernel_put(w, loads);
    if (err == 0)
        err = put_copy(w, w->root_fd, 0, w->root_len);
    if (err == 0)
        err = put(w, w->parts->config, w->parts->config_len);
    if (err == 0 && !w->parts->strip)
        err = put_padding(w);
    if (err == 0 && !w->parts->strip)
        err = symbols_put(w);
    return err;
}

static int inputs_open(struct writer *w)
{
    const struct image_parts *parts = w->parts;
    struct stat st;
    int err = image_open(parts->kernel_path, &w->kernel, w->fault);

    if (err)
        return err;
    if (w->kernel.root.file_len != 0)
        return fault_set(w->fault, EINVAL,
                         "'%s' is a complete image, not a kernel",
                         parts->kernel_path);
    w->root_fd = open(parts->root_path, O_RDONLY | O_CLOEXEC);
    if (w->root_fd < 0 || fstat(w->root_fd, &st) != 0)
        return fault_sys(w->fault, errno, "cannot open '%s'", parts->root_path);
    w->root_len = (uint64_t)st.st_size;
    if (w->root_len == 0 || w->root_len % IMAGE_PAGE_LEN != 0)
        return fault_set(w->fault, EINVAL,
                         "'%s' is no EROFS file of whole pages",
                         parts->root_path);
    return 0;
}

/* mkstemp() makes a file only for its owner; an image is like any file. */
static int temp_create(struct writer *w, const char *path)
{
    mode_t mask = umask(0);

    umask(mask);
    w->temp = mem_printf("%s.tmp-XXXXXX", path);
    w->fd = mkostemp(w->temp, O_CLOEXEC);
    if (w->fd < 0)
        return fault_sys(w->fault, errno, "cannot create '%s'", path);
    if (fchmod(w->fd, 0666 & ~mask) != 0)
        return fault_sys(w->fault, errno, "cannot set the mode of '%s'",
                         w->temp);
    return 0;
}

int image_write(const struct image_parts *parts, const char *path,
                struct fault *fault)
{
    struct writer w = {
        .parts = parts, .kernel.fd = -1, .root_fd = -1, .fd = -1, .fault = fault
    };
    int err = inputs_open(&w);

    if (err == 0)
        err = temp_create(&w, path);
    if (err == 0)
        err = everything_put(&w);
    /* close() tells of a full disk on some network file systems. */
    if (w.fd >= 0 && close(w.fd) != 0 && err == 0)
        err = file_write_fault(fault, errno, path);
    if (err == 0 && rename(w.temp, path) != 0)
        err = file_write_fault(fault, errno, path);
    if (err != 0 && w.fd >= 0)
        unlink(w.temp);
    free(w.temp);
    if (w.root_fd >= 0)
        close(w.root_fd);
    image_close(&w.kernel);
    return err;
}
