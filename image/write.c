/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write.c - image_write(): kernel + root + configuration -> one ELF file.
 *
 * The file:
 *     ELF header, program headers, in the room that the kernel leaves for them
 *     the rest of the kernel's text | its data | configuration
 *     on the next page: root
 *     on the next page: .symtab .strtab .shstrtab, section headers
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

#define WORD_LEN 8u /* where the parts begin that are not mapped */

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
    uint64_t root_len, root_file_len;
    int fd;
    char *temp;
    uint64_t pos; /* bytes written so far */
    struct fault *fault;
};

/* The first page of the kernel's text, as it is in the file. */
union first_page {
    uint8_t text[IMAGE_PAGE_LEN];
    struct {
        Elf64_Ehdr eh;
        Elf64_Phdr ph[PHDR_MAX];
    };
    struct {
        uint8_t room[KERNEL_HEADER_OFF];
        struct kernel_header header;
    };
};

_Static_assert(sizeof(Elf64_Ehdr) + PHDR_MAX * sizeof(Elf64_Phdr) <=
                   KERNEL_HEADER_OFF,
               "the headers fit before the kernel's");

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

/* Up to the offset, which is less than a page away. */
static int put_zeros(struct writer *w, uint64_t end)
{
    static const uint8_t zeros[IMAGE_PAGE_LEN];

    return put(w, zeros, end - w->pos);
}

static uint64_t round_word(uint64_t len)
{
    return (len + WORD_LEN - 1) & ~(uint64_t)(WORD_LEN - 1);
}

static Elf64_Phdr load(uint32_t flags, uint64_t off, uint64_t va, uint64_t pa)
{
    return (Elf64_Phdr){ .p_type = PT_LOAD,
                         .p_flags = flags,
                         .p_offset = off,
                         .p_vaddr = va,
                         .p_paddr = pa,
                         .p_align =
                             off % IMAGE_PAGE_LEN ? WORD_LEN : IMAGE_PAGE_LEN };
}

static void load_len_set(Elf64_Phdr *ph, uint64_t file_len, uint64_t mem_len)
{
    ph->p_filesz = file_len;
    ph->p_memsz = mem_len;
}

static void loads_fill(const struct writer *w, Elf64_Phdr *ph)
{
    const struct image *k = &w->kernel;
    uint64_t config_len = w->parts->config_len;
    uint64_t pa = KERNEL_PA + k->header.total_len, off;

    ph[LOAD_TEXT] = load(PF_R | PF_X, 0, 0, k->text.pa);
    load_len_set(&ph[LOAD_TEXT], k->text.file_len, k->text.mem_len);
    off = round_word(k->text.file_len);
    ph[LOAD_DATA] = load(PF_R | PF_W, off, k->data.pa - KERNEL_PA, k->data.pa);
    load_len_set(&ph[LOAD_DATA], k->data.file_len, k->data.mem_len);
    off = round_word(off + k->data.file_len);
    ph[LOAD_CONFIG] = load(PF_R, off, pa + w->root_len, pa + w->root_len);
    load_len_set(&ph[LOAD_CONFIG], config_len, round_page(config_len));
    off = round_page(off + config_len);
    ph[LOAD_ROOT] = load(PF_R, off, pa, pa);
    load_len_set(&ph[LOAD_ROOT], w->root_file_len, w->root_len);
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
    *low = load(PF_R | PF_X, 0, KERNEL_LOW_END, KERNEL_LOW_END);
    load_len_set(low++, IMAGE_PAGE_LEN, IMAGE_PAGE_LEN);
    for (unsigned i = 0; i < LOAD_COUNT; i++, low++) {
        *low = ph[i];
        low->p_paddr -= KERNEL_PA - KERNEL_LOW_PA;
        low->p_vaddr = low->p_paddr;
    }
    return 2 * LOAD_COUNT + 1;
}

/* A small image is entered in the first page's copy. The note is in the first
 * page itself. */
static void entry_move_low(const struct writer *w, union first_page *first)
{
    uint64_t at = w->kernel.entry_off - w->kernel.text.off;
    uint32_t entry = (uint32_t)(w->kernel.entry - KERNEL_PA + KERNEL_LOW_END);

    memcpy(first->text + at, &entry, sizeof(entry));
}

/* Find the program header of the kernel's notes, and move it to where they are
 * in the image: QEMU reads them by their place in the file. */
static int notes_find(struct writer *w, Elf64_Ehdr *eh, Elf64_Phdr *notes)
{
    const struct image *k = &w->kernel;
    const char *path = w->parts->kernel_path;
    int err = file_read_at(k->fd, eh, sizeof(*eh), 0, path, w->fault);

    for (unsigned i = 0; i < eh->e_phnum && err == 0; i++) {
        err = file_read_at(k->fd, notes, sizeof(*notes),
                           eh->e_phoff + i * sizeof(*notes), path, w->fault);
        if (err || notes->p_type != PT_NOTE)
            continue;
        if (notes->p_offset < k->text.off ||
            notes->p_offset - k->text.off > IMAGE_PAGE_LEN - notes->p_filesz)
            break;
        notes->p_offset -= k->text.off;
        notes->p_vaddr = notes->p_paddr = 0;
        return 0;
    }
    return err ? err
               : fault_set(w->fault, EINVAL,
                           "the notes of kernel '%s' are not in its first page",
                           path);
}

static int first_page_put(struct writer *w, Elf64_Phdr *loads_out)
{
    union first_page first;
    const struct image *k = &w->kernel;
    Elf64_Phdr notes;
    Elf64_Ehdr eh;
    unsigned loads;
    int err;

    err = notes_find(w, &eh, &notes);
    if (err == 0)
        err = file_read_at(k->fd, &first, sizeof(first), k->text.off,
                           w->parts->kernel_path, w->fault);
    if (err)
        return err;
    memset(first.room, 0, sizeof(first.room));
    loads_fill(w, first.ph);
    loads = low_loads_fill(w, first.ph);
    if (loads > LOAD_COUNT)
        entry_move_low(w, &first);
    first.ph[loads] = notes;
    memcpy(loads_out, first.ph, LOAD_COUNT * sizeof(first.ph[0]));

    first.eh = eh;
    first.eh.e_type = ET_EXEC;
    first.eh.e_phoff = offsetof(union first_page, ph);
    first.eh.e_phnum = (uint16_t)(loads + 1);
    first.eh.e_shoff = 0;
    if (!w->parts->strip)
        first.eh.e_shoff = loads_out[LOAD_ROOT].p_offset + w->root_len;
    first.eh.e_shentsize = sizeof(Elf64_Shdr);
    first.eh.e_shnum = w->parts->strip ? 0 : SECT_COUNT;
    first.eh.e_shstrndx = w->parts->strip ? SHN_UNDEF : SECT_NAMES;
    first.header.root_pa = loads_out[LOAD_ROOT].p_paddr;
    first.header.root_len = loads_out[LOAD_ROOT].p_memsz;
    first.header.config_pa = loads_out[LOAD_CONFIG].p_paddr;
    first.header.config_len = w->parts->config_len;
    return put(w, &first, sizeof(first));
}

static int loads_put(struct writer *w, const Elf64_Phdr *loads)
{
    const struct image *k = &w->kernel;
    int err = put_copy(w, k->fd, k->text.off + IMAGE_PAGE_LEN,
                       k->text.file_len - IMAGE_PAGE_LEN);

    if (err == 0)
        err = put_zeros(w, loads[LOAD_DATA].p_offset);
    if (err == 0)
        err = put_copy(w, k->fd, k->data.off, k->data.file_len);
    if (err == 0)
        err = put_zeros(w, loads[LOAD_CONFIG].p_offset);
    if (err == 0)
        err = put(w, w->parts->config, w->parts->config_len);
    if (err == 0)
        err = put_zeros(w, loads[LOAD_ROOT].p_offset);
    if (err == 0)
        err = put_copy(w, w->root_fd, 0, w->root_file_len);
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
        err = loads_put(w, loads);
    if (err == 0 && !w->parts->strip)
        err = symbols_put(w);
    return err;
}

/* Where the root ends the file, the zeros of its last page need not be in it:
 * memory beyond the end of a file that is mapped is zeros. */
static int root_measure(struct writer *w)
{
    const char *path = w->parts->root_path;
    uint8_t last[IMAGE_PAGE_LEN];
    size_t n = sizeof(last);
    struct stat st;
    int err;

    if (fstat(w->root_fd, &st) != 0)
        return fault_sys(w->fault, errno, "cannot examine '%s'", path);
    w->root_len = (uint64_t)st.st_size;
    if (w->root_len == 0 || w->root_len % IMAGE_PAGE_LEN != 0)
        return fault_set(w->fault, EINVAL,
                         "'%s' is no EROFS file of whole pages", path);
    w->root_file_len = w->root_len;
    if (!w->parts->strip)
        return 0;
    err = file_read_at(w->root_fd, last, n, w->root_len - n, path, w->fault);
    if (err)
        return err;
    while (n > 1 && last[n - 1] == 0)
        n--;
    w->root_file_len -= sizeof(last) - n;
    return 0;
}

static int inputs_open(struct writer *w)
{
    const struct image_parts *parts = w->parts;
    int err = image_open(parts->kernel_path, &w->kernel, w->fault);

    if (err)
        return err;
    if (w->kernel.root.file_len != 0)
        return fault_set(w->fault, EINVAL,
                         "'%s' is a complete image, not a kernel",
                         parts->kernel_path);
    w->root_fd = open(parts->root_path, O_RDONLY | O_CLOEXEC);
    if (w->root_fd < 0)
        return fault_sys(w->fault, errno, "cannot open '%s'", parts->root_path);
    return root_measure(w);
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
