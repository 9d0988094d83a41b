/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_file.c - gathers what a core file consists of, and writes it.
 *
 * Headers, notes, then what is present of each piece at a page's offset; what
 * is zero is left out, and a hole in the file. The headers come last: until
 * then it is no core file.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/core.h"
#include "host/fault.h"
#include "host/file.h"

#define PAGE_LEN  4096u
#define CHUNK_LEN CONTROL_DATA_MAX

int core_word(struct core *c, uint64_t va, uint64_t *out, struct fault *fault)
{
    *out = 0;
    return inside_read(&c->in, va, out, sizeof(*out), fault);
}

int core_gather(struct core *c, struct fault *fault)
{
    const struct records *r = &c->in.records;
    uint64_t process;
    int err = inside_process(&c->in, &c->process, fault);

    if (err)
        return err;
    process = c->process.va;
    err = core_word(c, process + r->process_space, &c->space_va, fault);
    if (err == 0)
        err = inside_read(&c->in, process + r->process_auxv, c->auxv,
                          sizeof(c->auxv), fault);
    if (err == 0)
        err = core_edges_read(c, fault);
    if (err == 0)
        err = core_sites_read(c, fault);
    if (err == 0)
        err = core_regions_read(c, fault);
    if (err == 0)
        err = core_pages_find(c, fault);
    c->region_file = mem_alloc((c->region_count + 1) * sizeof(char *));
    return err;
}

void core_fini(struct core *c)
{
    size_t i;

    for (i = 0; c->region_file && i < c->region_count; i++)
        free(c->region_file[i]);
    free(c->region_file);
    free(c->region);
    free(c->run);
    free(c->piece);
    free(c->site);
    inside_process_fini(&c->process);
    c->region_file = NULL;
    c->region = NULL;
    c->run = NULL;
    c->piece = NULL;
    c->site = NULL;
    c->region_count = c->run_count = c->piece_count = c->site_count = 0;
}

/* ---- the file ---- */

struct out {
    struct core *core;
    int fd;
    const char *name;
    uint8_t data[CHUNK_LEN];
};

static int put(const struct out *o, const void *data, size_t len, uint64_t off,
               struct fault *fault)
{
    const uint8_t *at = data;
    uint64_t max = o->core->len_max;

    if (max != 0 && off + len > max) /* as Linux cuts it */
        len = off < max ? (size_t)(max - off) : 0;
    while (len > 0) {
        ssize_t n = pwrite(o->fd, at, len, (off_t)off);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return file_write_fault(fault, n < 0 ? errno : ENOSPC, o->name);
        at += n;
        off += (size_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE_LEN - 1) == 0;
}

/* Pages in a row that are not zero, in one write. */
static int put_pages(const struct out *o, size_t len, uint64_t off,
                     struct fault *fault)
{
    size_t at, from = 0;
    int err = 0;

    for (at = 0; err == 0 && at < len; at += PAGE_LEN) {
        if (!is_zero(o->data + at))
            continue;
        err = put(o, o->data + from, at - from, off + from, fault);
        from = at + PAGE_LEN;
    }
    return err ? err : put(o, o->data + from, len - from, off + from, fault);
}

/* off: of the run's first byte in the file. */
static int put_run(struct out *o, const struct core_run *run, uint64_t off,
                   struct fault *fault)
{
    uint64_t at = 0;
    int err = 0;

    while (err == 0 && at < run->len) {
        size_t part =
            run->len - at < CHUNK_LEN ? (size_t)(run->len - at) : CHUNK_LEN;

        err = inside_read_pa(&o->core->in, run->gpa + at, o->data, part, fault);
        if (err)
            break;
        core_sites_restore(o->core, run->va + at, o->data, part);
        err = put_pages(o, part, off + at, fault);
        at += part;
    }
    return err;
}

static Elf64_Phdr header_of(const struct core_piece *p, uint64_t off)
{
    return (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = (p->prot & PROT_READ ? PF_R : 0u) |
                   (p->prot & PROT_WRITE ? PF_W : 0u) |
                   (p->prot & PROT_EXEC ? PF_X : 0u),
        .p_offset = off,
        .p_vaddr = p->va,
        .p_filesz = p->has_data ? p->len : 0,
        .p_memsz = p->len,
        .p_align = PAGE_LEN,
    };
}

/* More headers than e_phnum can say stand in section 0 (elf(5), PN_XNUM). */
static int put_headers(const struct out *o, const Elf64_Phdr *headers,
                       size_t count, uint64_t section_off, struct fault *fault)
{
    const bool is_many = count >= PN_XNUM;
    const Elf64_Shdr section = { .sh_size = 1, .sh_info = (Elf64_Word)count };
    const Elf64_Ehdr head = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
                     ELFDATA2LSB, EV_CURRENT, ELFOSABI_NONE },
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(head),
        .e_shoff = is_many ? section_off : 0,
        .e_ehsize = sizeof(head),
        .e_phentsize = sizeof(headers[0]),
        .e_phnum = is_many ? PN_XNUM : (Elf64_Half)count,
        .e_shentsize = is_many ? sizeof(section) : 0,
        .e_shnum = is_many,
    };
    int err = put(o, &section, sizeof(section), section_off, fault);

    if (err == 0)
        err = put(o, headers, count * sizeof(headers[0]), sizeof(head), fault);
    return err ? err : put(o, &head, sizeof(head), 0, fault);
}

/* Runs are in the order of the pieces, and none is in two of them. */
static int put_pieces(struct out *o, const Elf64_Phdr *headers,
                      struct fault *fault)
{
    const struct core *c = o->core;
    size_t i, piece = 0;
    int err = 0;

    for (i = 0; err == 0 && i < c->run_count; i++) {
        const struct core_run *run = &c->run[i];
        const Elf64_Phdr *h;

        while (piece < c->piece_count &&
               run->va - c->piece[piece].va >= c->piece[piece].len)
            piece++;
        if (piece == c->piece_count)
            break;
        h = &headers[piece];
        err = put_run(o, run, h->p_offset + (run->va - h->p_vaddr), fault);
    }
    return err;
}

int core_write(struct core *c, int fd, const char *name, struct fault *fault)
{
    struct out *o = mem_alloc(sizeof(*o));
    size_t i, count = c->piece_count + 1;
    Elf64_Phdr *headers = mem_alloc(count * sizeof(headers[0]));
    const uint64_t notes_off =
        sizeof(Elf64_Ehdr) + count * sizeof(headers[0]) + sizeof(Elf64_Shdr);
    struct buf notes = { 0 };
    uint64_t off;
    int err = core_notes(c, &notes, fault);

    *o = (struct out){ .core = c, .fd = fd, .name = name };
    headers[0] = (Elf64_Phdr){ .p_type = PT_NOTE,
                               .p_offset = notes_off,
                               .p_filesz = notes.len,
                               .p_align = 4 };
    off = (notes_off + notes.len + PAGE_LEN - 1) & ~(uint64_t)(PAGE_LEN - 1);
    for (i = 0; i < c->piece_count; i++) {
        headers[i + 1] = header_of(&c->piece[i], off);
        off += headers[i + 1].p_filesz;
    }
    c->file_len = off;
    if (c->len_max != 0 && off > c->len_max)
        off = c->len_max;
    if (err == 0 && ftruncate(fd, (off_t)off) != 0)
        err = file_write_fault(fault, errno, name);
    if (err == 0)
        err = put(o, notes.data, notes.len, notes_off, fault);
    if (err == 0)
        err = put_pieces(o, headers + 1, fault);
    if (err == 0)
        err = put_headers(o, headers, count, notes_off - sizeof(Elf64_Shdr),
                          fault);
    buf_fini(&notes);
    free(headers);
    free(o);
    return err;
}
