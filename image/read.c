/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read.c - image_open(): nothing in the file is believed before it is checked.
 *
 * An image may come from anywhere, and the monitor maps what this returns. All
 * sums are of values below 2^48 (LIMIT), so none can wrap.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/config.h"
#include "host/fault.h"
#include "host/file.h"
#include "image/image.h"

#define LIMIT           (1ull << 48)
#define EROFS_SUPER_OFF 1024u
#define EROFS_MAGIC     0xe0f5e1e2u

struct reader {
    struct image *img;
    const char *path;
    struct fault *fault;
};

static int damaged(const struct reader *r, const char *why)
{
    return fault_set(r->fault, EINVAL,
                     "'%s' is damaged: %s; build or copy it again", r->path,
                     why);
}

static bool segment_inside(const struct reader *r, uint64_t off, uint64_t len)
{
    return off <= r->img->file_len && len <= r->img->file_len - off;
}

/* Does the ELF header describe what this library can read at all? */
static bool header_fits(const Elf64_Ehdr *eh)
{
    return memcmp(eh->e_ident, ELFMAG, SELFMAG) == 0 &&
           eh->e_ident[EI_CLASS] == ELFCLASS64 &&
           eh->e_ident[EI_DATA] == ELFDATA2LSB && eh->e_machine == EM_X86_64 &&
           eh->e_phentsize == sizeof(Elf64_Phdr) && eh->e_phnum > 0 &&
           eh->e_phnum <= IMAGE_PHDR_MAX && eh->e_phoff < LIMIT;
}

bool image_recognise(int fd)
{
    Elf64_Ehdr eh;
    Elf64_Phdr ph;

    /* No program has its first segment at virtual 0, physical 1 MiB. */
    return pread(fd, &eh, sizeof(eh), 0) == (ssize_t)sizeof(eh) &&
           header_fits(&eh) &&
           pread(fd, &ph, sizeof(ph), (off_t)eh.e_phoff) ==
               (ssize_t)sizeof(ph) &&
           ph.p_type == PT_LOAD && ph.p_vaddr == 0 && ph.p_paddr == KERNEL_PA;
}

/* How many segments a bare kernel has, an image, and a small image. */
enum { LOADS_KERNEL = 2, LOADS_WHOLE = 4, LOADS_WITH_LOW = 9 };

static int segment_take(const struct reader *r, const Elf64_Phdr *ph,
                        uint32_t flags, struct image_segment *seg)
{
    if (ph->p_offset >= LIMIT || ph->p_filesz >= LIMIT ||
        ph->p_memsz >= LIMIT || ph->p_paddr >= LIMIT)
        return damaged(r, "a segment's size is absurd");
    if (!segment_inside(r, ph->p_offset, ph->p_filesz))
        return damaged(r, "it is shorter than its segments (truncated?)");
    if (ph->p_memsz < ph->p_filesz)
        return damaged(r, "a segment is larger in the file than in memory");
    if (ph->p_paddr % IMAGE_PAGE_LEN != 0)
        return damaged(r, "a segment is not aligned to pages");
    if ((ph->p_flags & (PF_R | PF_W | PF_X)) != flags)
        return damaged(r, "a segment has wrong permissions");
    *seg = (struct image_segment){ ph->p_offset, ph->p_filesz, ph->p_memsz,
                                   ph->p_paddr };
    return 0;
}

/* One pass over a note segment for the PVH entry and the build-id. */
static int notes_take(const struct reader *r, const Elf64_Phdr *ph)
{
    struct image *img = r->img;
    uint8_t notes[IMAGE_NOTE_LEN_MAX];
    size_t at = 0;
    int err;

    if (ph->p_filesz > sizeof(notes) || ph->p_offset >= LIMIT ||
        !segment_inside(r, ph->p_offset, ph->p_filesz))
        return damaged(r, "its notes lie outside the file");
    err = file_read_at(img->fd, notes, ph->p_filesz, ph->p_offset, r->path,
                       r->fault);
    if (err)
        return err;
    while (at + sizeof(Elf64_Nhdr) <= ph->p_filesz) {
        Elf64_Nhdr nh;
        uint64_t name, desc;

        memcpy(&nh, notes + at, sizeof(nh));
        name = at + sizeof(nh);
        desc = name + (((uint64_t)nh.n_namesz + 3) & ~3ull);
        at = desc + (((uint64_t)nh.n_descsz + 3) & ~3ull);
        if (desc + nh.n_descsz > ph->p_filesz)
            return damaged(r, "a note is cut off");
        if (nh.n_namesz != 4)
            continue;
        if (memcmp(notes + name, "Xen", 4) == 0 && nh.n_type == 18 &&
            nh.n_descsz >= 4) {
            uint32_t entry;

            memcpy(&entry, notes + desc, sizeof(entry));
            img->entry = entry;
            img->entry_off = ph->p_offset + desc;
        }
        if (memcmp(notes + name, "GNU", 4) == 0 &&
            nh.n_type == NT_GNU_BUILD_ID &&
            nh.n_descsz <= sizeof(img->build_id)) {
            memcpy(img->build_id, notes + desc, nh.n_descsz);
            img->build_id_len = nh.n_descsz;
        }
    }
    return 0;
}

/* The segments of a small image for low memory are the first page, and then
 * the others once more (abi/image.h). */
static int low_segment_check(const struct reader *r, const Elf64_Phdr *ph,
                             const Elf64_Phdr *loads, unsigned number)
{
    Elf64_Phdr want = loads[0];

    if (number >= LOADS_WITH_LOW)
        return damaged(r, "it has more than nine segments");
    if (number == LOADS_WHOLE) {
        want.p_paddr = KERNEL_LOW_END;
        want.p_filesz = want.p_memsz = IMAGE_PAGE_LEN;
    } else {
        want = loads[number - LOADS_WHOLE - 1];
        want.p_paddr -= KERNEL_PA - KERNEL_LOW_PA;
    }
    if (ph->p_offset != want.p_offset || ph->p_filesz != want.p_filesz ||
        ph->p_memsz != want.p_memsz || ph->p_paddr != want.p_paddr)
        return damaged(r, "a segment for low memory is not a copy");
    return 0;
}

/* Take or check the segment of this number; load[] keeps the first ones. */
static int load_take(const struct reader *r, const Elf64_Phdr *ph,
                     Elf64_Phdr *load, unsigned number)
{
    static const uint32_t flags[LOADS_WHOLE] = { PF_R | PF_X, PF_R | PF_W, PF_R,
                                                 PF_R };
    struct image *img = r->img;
    struct image_segment *const into[LOADS_WHOLE] = { &img->text, &img->data,
                                                      &img->root,
                                                      &img->config };

    if (number >= LOADS_WHOLE)
        return low_segment_check(r, ph, load, number);
    load[number] = *ph;
    return segment_take(r, ph, flags[number], into[number]);
}

static int segments_read(const struct reader *r, const Elf64_Ehdr *eh)
{
    struct image *img = r->img;
    Elf64_Phdr ph[IMAGE_PHDR_MAX], load[LOADS_WHOLE];
    unsigned loads = 0, i;
    int err;

    err = file_read_at(img->fd, ph, eh->e_phnum * sizeof(ph[0]), eh->e_phoff,
                       r->path, r->fault);
    for (i = 0; i < eh->e_phnum && err == 0; i++) {
        if (ph[i].p_type == PT_NOTE) {
            err = notes_take(r, &ph[i]);
        } else if (ph[i].p_type == PT_LOAD) {
            err = load_take(r, &ph[i], load, loads);
            loads++;
        }
    }
    if (err == 0 && loads != LOADS_KERNEL && loads != LOADS_WHOLE &&
        loads != LOADS_WITH_LOW)
        err = damaged(r, "segments are missing");
    if (err == 0 && img->entry == 0)
        err = damaged(r, "the PVH note is missing");
    return err;
}

/* The kernel's own header must agree with the ELF's and with itself. */
static int kernel_check(const struct reader *r)
{
    struct image *img = r->img;
    const struct kernel_header *h = &img->header;
    int err;

    if (img->text.file_len < IMAGE_PAGE_LEN ||
        img->text.off % IMAGE_PAGE_LEN != 0)
        return damaged(r, "the kernel's text is missing");
    err = file_read_at(img->fd, &img->header, sizeof(img->header),
                       img->text.off + KERNEL_HEADER_OFF, r->path, r->fault);
    if (err)
        return err;
    if (h->magic != KERNEL_MAGIC)
        return damaged(r, "the kernel's header is missing");
    if (h->abi != KERNEL_ABI)
        return fault_set(r->fault, EINVAL,
                         "'%s' has a kernel of ABI %u, and this is ABI %u; "
                         "build the image again with this version",
                         r->path, h->abi, KERNEL_ABI);
    if (h->total_len > IMAGE_KERNEL_LEN_MAX ||
        h->total_len % IMAGE_PAGE_LEN != 0 ||
        h->text_len % IMAGE_PAGE_LEN != 0 ||
        h->data_off % IMAGE_PAGE_LEN != 0 || h->text_len > h->data_off ||
        h->data_off > h->total_len ||
        h->data_file_len > h->total_len - h->data_off)
        return damaged(r, "the kernel's sizes contradict each other");
    if (img->text.pa != KERNEL_PA || img->text.mem_len > h->text_len ||
        img->text.mem_len != img->text.file_len ||
        img->data.pa != KERNEL_PA + h->data_off ||
        img->data.file_len > h->data_file_len ||
        img->data.mem_len > h->total_len - h->data_off)
        return damaged(r, "the kernel is not where its header says");
    if (h->entry >= h->text_len || h->syscall_entry >= h->text_len ||
        h->fault_entry >= h->text_len || h->stub_off >= h->text_len ||
        h->stub_off % IMAGE_PAGE_LEN != 0 || h->vectors >= h->text_len ||
        KERNEL_VECTOR_MAX * 16 > h->text_len - h->vectors)
        return damaged(r, "the kernel's entry points lie outside its text");
    if (h->stub_syscall >= IMAGE_PAGE_LEN || h->stub_fault >= IMAGE_PAGE_LEN ||
        h->stub_gate >= IMAGE_PAGE_LEN ||
        h->stub_halt_irq > IMAGE_PAGE_LEN - 16 * 16)
        return damaged(r, "the stub's entry points lie outside its page");
    if (h->percpu < h->data_off || h->percpu >= h->total_len ||
        h->stacks < h->data_off || h->stacks > h->total_len ||
        h->stack_len > (h->total_len - h->stacks) / 4 ||
        h->boot_stack < h->data_off || h->boot_stack > h->total_len)
        return damaged(r, "the kernel's stacks lie outside its data");
    return 0;
}

static int root_check(const struct reader *r)
{
    const struct image *img = r->img;
    const struct kernel_header *h = &img->header;
    uint32_t magic;
    int err;

    if (h->root_pa != img->root.pa || h->root_len != img->root.mem_len ||
        h->config_pa != img->config.pa || h->config_len > img->config.file_len)
        return damaged(r, "header and segments disagree about the root");
    if (img->root.file_len == 0)
        return 0;
    if (img->root.pa < KERNEL_PA + h->total_len ||
        img->config.pa < img->root.pa + img->root.mem_len)
        return damaged(r, "segments overlap");
    if (img->root.file_len < EROFS_SUPER_OFF + sizeof(magic) ||
        img->root.off % IMAGE_PAGE_LEN != 0 ||
        img->root.mem_len % IMAGE_PAGE_LEN != 0 ||
        img->root.mem_len - img->root.file_len >= IMAGE_PAGE_LEN)
        return damaged(r, "the root file system has an odd size");
    err = file_read_at(img->fd, &magic, sizeof(magic),
                       img->root.off + EROFS_SUPER_OFF, r->path, r->fault);
    if (err)
        return err;
    if (magic != EROFS_MAGIC)
        return damaged(r, "the root is not an EROFS file system");
    if (h->config_len < sizeof(struct config_header) ||
        h->config_len > IMAGE_CONFIG_LEN_MAX)
        return damaged(r, "the run configuration has an odd size");
    return 0;
}

/* Symbols are for reports only: what is odd about them is left out. */
static void symbols_find(struct image *img, const Elf64_Ehdr *eh)
{
    struct reader r = { img, "", NULL };
    Elf64_Shdr sh[IMAGE_SHDR_MAX];
    size_t len = eh->e_shnum * sizeof(sh[0]);
    unsigned i;

    if (eh->e_shentsize != sizeof(sh[0]) || eh->e_shnum > IMAGE_SHDR_MAX ||
        eh->e_shoff >= LIMIT ||
        pread(img->fd, sh, len, (off_t)eh->e_shoff) != (ssize_t)len)
        return;
    for (i = 0; i < eh->e_shnum; i++) {
        const Elf64_Shdr *str;

        if (sh[i].sh_type != SHT_SYMTAB || sh[i].sh_link >= eh->e_shnum)
            continue;
        str = &sh[sh[i].sh_link];
        if (!segment_inside(&r, sh[i].sh_offset, sh[i].sh_size) ||
            !segment_inside(&r, str->sh_offset, str->sh_size))
            continue;
        img->symtab_off = sh[i].sh_offset;
        img->symtab_len = sh[i].sh_size;
        img->symtab_locals = sh[i].sh_info;
        img->strtab_off = str->sh_offset;
        img->strtab_len = str->sh_size;
        return;
    }
}

int image_open_fd_take(int fd, const char *path, struct image *img,
                       struct fault *fault)
{
    const struct reader r = { img, path, fault };
    struct stat st;
    Elf64_Ehdr eh;
    int err;

    memset(img, 0, sizeof(*img));
    img->fd = fd;
    if (fstat(fd, &st) != 0) {
        err = fault_sys(fault, errno, "cannot examine '%s'", path);
        goto close_fd;
    }
    if (!S_ISREG(st.st_mode)) {
        err = fault_set(fault, EINVAL, "'%s' is not a regular file", path);
        goto close_fd;
    }
    img->file_len = (uint64_t)st.st_size;
    err = file_read_at(fd, &eh, sizeof(eh), 0, path, fault);
    if (err)
        goto close_fd;
    if (!header_fits(&eh)) {
        err = fault_set(fault, EINVAL, "'%s' is not a Samara image", path);
        goto close_fd;
    }
    err = segments_read(&r, &eh);
    if (err == 0)
        err = kernel_check(&r);
    if (err == 0)
        err = root_check(&r);
    if (err)
        goto close_fd;
    symbols_find(img, &eh);
    return 0;

close_fd:
    image_close(img);
    return err;
}

int image_open(const char *path, struct image *img, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    img->fd = -1;
    if (fd < 0)
        return fault_sys(fault, errno, "cannot open '%s'", path);
    return image_open_fd_take(fd, path, img, fault);
}

void image_close(struct image *img)
{
    if (img->fd >= 0)
        close(img->fd);
    img->fd = -1;
}

uint64_t image_loaded_len(const struct image *img)
{
    const struct image_segment *last =
        img->config.file_len != 0 ? &img->config : &img->data;

    return last->pa + last->mem_len - KERNEL_PA;
}
