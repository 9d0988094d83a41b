/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf.c - load ELF64 x86-64 files as Linux's binfmt_elf does.
 *
 * Every field of the file is foreign: elf_open() checks all headers before
 * anything is mapped, so that elf_map() meets no surprise but lack of memory.
 * Beyond Linux's checks, a segment whose bytes lie beyond the end of the file
 * is refused: the file is truncated, and a line that says so helps more than
 * SIGBUS in the middle of the run. An executable stack (PT_GNU_STACK with
 * PF_X) is not granted: no page is writable and executable.
 */
#include "process/elf.h"

#include <linux/mman.h>

#include "arch/arch.h"
#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "mm/user.h"

static int refuse(struct elf *e, int err, const char *why)
{
    e->why = why;
    return err;
}

static int check_header(struct elf *e)
{
    const Elf64_Ehdr *h = &e->ehdr;

    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return refuse(e, -ENOEXEC, "is not an ELF program");
    if (h->e_ident[EI_CLASS] == ELFCLASS32)
        return refuse(e, -ENOEXEC,
                      "is a 32-bit program; only 64-bit x86-64 ones run");
    if (h->e_ident[EI_CLASS] != ELFCLASS64 ||
        h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64) {
        snprintf(e->why_text, sizeof(e->why_text),
                 "is for another CPU (ELF machine %u); only x86-64 programs "
                 "run",
                 h->e_machine);
        return refuse(e, -ENOEXEC, e->why_text);
    }
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return refuse(e, -ENOEXEC,
                      "is an ELF file, but no program (an object or a core)");
    if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 ||
        h->e_phnum > ELF_PHDRS_MAX)
        return refuse(e, -ENOEXEC, "is corrupted: bad program headers");
    return 0;
}

/* Point phdrs at the program headers, read separately if they lie far off. */
static int find_phdrs(struct elf *e, const void *head, size_t head_len)
{
    size_t len = e->ehdr.e_phnum * sizeof(Elf64_Phdr);
    uint64_t off = e->ehdr.e_phoff;
    ssize_t got;

    if (off <= head_len && len <= head_len - off && off % 8 == 0) {
        e->phdrs = (const void *)((const uint8_t *)head + off);
        return 0;
    }
    if (off > INT64_MAX - len)
        return refuse(e, -ENOEXEC, "is corrupted: bad program headers");
    e->phdrs_allocated = kmalloc(len);
    if (!e->phdrs_allocated)
        return refuse(e, -ENOMEM, "does not fit into memory; raise -m");
    e->phdrs = e->phdrs_allocated;
    got = file_read_kernel(e->file, e->phdrs_allocated, len, off);
    if (got < 0)
        return refuse(e, (int)got, "cannot be read");
    if ((size_t)got < len)
        return refuse(e, -ENOEXEC, "is truncated: its headers are cut off");
    return 0;
}

/* Check a PT_LOAD and widen [start, end) to cover it. */
static int check_segment(struct elf *e, const Elf64_Phdr *p)
{
    uint64_t file_len = e->file->inode ? e->file->inode->size : 0;
    uint64_t end;

    if (p->p_filesz > p->p_memsz || p->p_memsz > ARCH_USER_MAX ||
        p->p_vaddr > ARCH_USER_MAX - p->p_memsz ||
        ((p->p_vaddr ^ p->p_offset) & PAGE_MASK && p->p_filesz))
        return refuse(e, -EINVAL, "is corrupted: a segment makes no sense");
    if (p->p_filesz > file_len || p->p_offset > file_len - p->p_filesz)
        return refuse(e, -ENOEXEC, "is truncated: a segment is cut off");
    if (p->p_memsz == 0)
        return 0;
    end = ALIGN_UP(p->p_vaddr + p->p_memsz, PAGE_SIZE);
    if (e->end == 0 || p->p_vaddr < e->start)
        e->start = ALIGN_DOWN(p->p_vaddr, PAGE_SIZE);
    if (end > e->end)
        e->end = end;
    /* Linux leaves alignments that are no power of two aside, too. */
    if ((p->p_align & (p->p_align - 1)) == 0 && p->p_align > e->align)
        e->align = p->p_align;
    return 0;
}

static int check_phdrs(struct elf *e)
{
    for (unsigned i = 0; i < e->ehdr.e_phnum; i++) {
        const Elf64_Phdr *p = &e->phdrs[i];
        int err = 0;

        if (p->p_type == PT_LOAD)
            err = check_segment(e, p);
        if (p->p_type == PT_INTERP && !e->has_interp) {
            e->has_interp = true;
            e->interp_off = p->p_offset;
            e->interp_len = p->p_filesz;
        }
        if (err)
            return err;
    }
    if (e->end == 0)
        return refuse(e, -EINVAL, "has nothing to load");
    if (e->align > ELF_ALIGN_MAX)
        return refuse(e, -EINVAL, "asks for an absurd alignment");
    if (e->ehdr.e_type == ET_EXEC && e->start < ARCH_USER_MIN)
        return refuse(e, -EPERM,
                      "wants the lowest 64 KiB, which are kept unmapped");
    if (e->ehdr.e_entry >= ARCH_USER_MAX)
        return refuse(e, -EINVAL, "is corrupted: bad entry point");
    return 0;
}

int elf_open(struct elf *e, struct file *file, const void *head,
             size_t head_len)
{
    int err;

    memset(e, 0, offsetof(struct elf, why_text));
    e->file = file;
    e->align = PAGE_SIZE;
    if (head_len < sizeof(e->ehdr))
        return refuse(e, -ENOEXEC,
                      head_len ? "is not an ELF program" : "is empty");
    memcpy(&e->ehdr, head, sizeof(e->ehdr));
    err = check_header(e);
    if (!err)
        err = find_phdrs(e, head, head_len);
    if (!err)
        err = check_phdrs(e);
    return err;
}

void elf_close(struct elf *e)
{
    kfree(e->phdrs_allocated);
    e->phdrs_allocated = NULL;
}

int elf_interp(struct elf *e, char *path)
{
    ssize_t got;

    if (e->interp_len < 2 || e->interp_len > PATH_MAX ||
        e->interp_off > INT64_MAX)
        return refuse(e, -ENOEXEC, "is corrupted: bad interpreter path");
    got = file_read_kernel(e->file, path, e->interp_len, e->interp_off);
    if (got < 0)
        return refuse(e, (int)got, "cannot be read");
    if ((size_t)got != e->interp_len || path[e->interp_len - 1] != '\0')
        return refuse(e, -ENOEXEC, "is corrupted: bad interpreter path");
    return 0;
}

/* ---- mapping ---- */

static int segment_prot(const Elf64_Phdr *p)
{
    return (p->p_flags & PF_R ? PROT_READ : 0) |
           (p->p_flags & PF_W ? PROT_WRITE : 0) |
           (p->p_flags & PF_X ? PROT_EXEC : 0);
}

/* File pages first, then zeros: the rest of the last file page (of writable
 * segments, as Linux 6.7 on; others cannot be meant) and whole pages. */
static int map_segment(struct space *s, struct vm_object *obj,
                       const Elf64_Phdr *p, uaddr_t bias, int fixed)
{
    uaddr_t va = bias + p->p_vaddr, start = ALIGN_DOWN(va, PAGE_SIZE);
    uaddr_t file_end = va + p->p_filesz, mem_end = va + p->p_memsz;
    uaddr_t zero_start = p->p_filesz ? ALIGN_UP(file_end, PAGE_SIZE) : start;
    int prot = segment_prot(p);
    long at = 0;

    if (p->p_filesz)
        at = space_map(s, start, zero_start - start, prot,
                       MAP_PRIVATE | MAP_DENYWRITE | fixed, obj,
                       p->p_offset - (va - start));
    if (at >= 0 && p->p_filesz && p->p_memsz > p->p_filesz &&
        (prot & PROT_WRITE))
        at = zero_user(file_end, zero_start - file_end);
    if (at >= 0 && mem_end > zero_start)
        at = space_map(s, zero_start, ALIGN_UP(mem_end, PAGE_SIZE) - zero_start,
                       prot, MAP_PRIVATE | MAP_ANONYMOUS | fixed, NULL, 0);
    return at < 0 ? (int)at : 0;
}

/* Room for the whole file where the space likes it: ask for it, with slack to
 * align, and give it back for the segments to take. */
static long find_room(const struct elf *e, struct space *s)
{
    size_t len = e->end - e->start + e->align - PAGE_SIZE;
    long at = space_map(s, 0, len, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NULL, 0);
    int err;

    if (at < 0)
        return at;
    err = space_unmap(s, (uaddr_t)at, len);
    return err ? err : at;
}

/* What to add to the file's addresses. */
static int choose_bias(struct elf *e, struct space *s, uaddr_t base,
                       uaddr_t *bias_out)
{
    long room;

    *bias_out = 0;
    if (e->ehdr.e_type == ET_EXEC)
        return 0;
    if (base == 0) {
        room = find_room(e, s);
        if (room < 0)
            return refuse(e, (int)room, "does not fit into memory; raise -m");
        base = (uaddr_t)room;
    }
    /* The bias is aligned, so that each address keeps its own alignment. */
    *bias_out = ALIGN_UP(base - MIN(base, e->start), e->align);
    if (e->end > ARCH_USER_MAX - *bias_out)
        return refuse(e, -ENOMEM, "does not fit into the address space");
    return 0;
}

static uaddr_t find_phdr_va(const struct elf *e, uaddr_t bias)
{
    uint64_t off = e->ehdr.e_phoff;

    for (unsigned i = 0; i < e->ehdr.e_phnum; i++) {
        const Elf64_Phdr *p = &e->phdrs[i];

        if (p->p_type == PT_LOAD && p->p_offset <= off &&
            off - p->p_offset < p->p_filesz)
            return bias + p->p_vaddr + (off - p->p_offset);
    }
    return 0;
}

int elf_map(struct elf *e, struct space *s, uaddr_t base, struct elf_place *out)
{
    struct vm_object *obj = NULL;
    int fixed = MAP_FIXED_NOREPLACE; /* later ones may overlap the first */
    uaddr_t bias;
    int err;

    if (!e->file->ops->mmap)
        return refuse(e, -ENODEV, "lies on a file system without mmap");
    err = e->file->ops->mmap(e->file, PROT_READ | PROT_EXEC, MAP_PRIVATE, &obj);
    if (err)
        return refuse(e, err, "cannot be mapped");
    err = choose_bias(e, s, base, &bias);
    for (unsigned i = 0; !err && i < e->ehdr.e_phnum; i++) {
        const Elf64_Phdr *p = &e->phdrs[i];

        if (p->p_type != PT_LOAD || p->p_memsz == 0)
            continue;
        err = map_segment(s, obj, p, bias, fixed);
        fixed = MAP_FIXED;
    }
    if (err)
        return e->why ? err
                      : refuse(e, err, "does not fit into memory; raise -m");
    out->bias = bias;
    out->entry = bias + e->ehdr.e_entry;
    out->phdr = find_phdr_va(e, bias);
    out->end = bias + e->end;
    return 0;
}
