/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf.h - ELF64 programs and interpreters: check, then map.
 *
 * What:      elf_open() reads and checks the headers of a file, elf_map() puts
 *            its segments into an address space.
 * Ownership: struct elf is the caller's; it borrows the file. elf_close()
 *            after elf_open(), whatever that returned.
 * Context:   a thread of the process that owns the space; may fault pages in.
 * Errors:    -errno as Linux's execve gives; elf.why then says what is wrong
 *            in words that complete "cannot run 'x': it ...".
 * Units:     addresses and lengths in bytes.
 */
#ifndef PROCESS_ELF_H
#define PROCESS_ELF_H

#include <linux/elf.h>

#include "core/types.h"

struct file;
struct space;

/* Enough for the header and 16 program headers: one read for most files. */
#define ELF_HEAD_LEN    1024u
#define ELF_PHDRS_MAX   1170u /* 64 KiB of them, as Linux */
#define ELF_ALIGN_MAX   (1ul << 30)
#define ELF_MESSAGE_LEN 96u

struct elf {
    struct file *file;
    const char *why; /* of a failure */
    Elf64_Ehdr ehdr;
    const Elf64_Phdr *phdrs; /* in head, or allocated */
    Elf64_Phdr *phdrs_allocated;
    uint64_t start, end; /* of all segments, whole pages, before the bias */
    uint64_t align;      /* the largest p_align, at least a page */
    bool has_interp;
    uint64_t interp_off, interp_len;
    char why_text[ELF_MESSAGE_LEN];
};

/* Where elf_map() put things. */
struct elf_place {
    uaddr_t bias;  /* added to the addresses in the file */
    uaddr_t entry; /* bias included */
    uaddr_t phdr;  /* of the program headers; 0: in no segment */
    uaddr_t end;   /* first page after the last segment */
};

/* head: the file's first head_len bytes, aligned to 8, kept until the close.
 *   -ENOEXEC  not for us, or malformed     -EINVAL  a segment makes no sense
 *   -ENOMEM, -EIO */
MUST_CHECK int elf_open(struct elf *e, struct file *file, const void *head,
                        size_t head_len);
/* The interpreter's path, with its NUL, into path (PATH_MAX bytes).
 *   -ENOEXEC  it is not a path */
MUST_CHECK int elf_interp(struct elf *e, char *path);
/* Map at the address in the file, at `base` if it can move, or, if base is 0,
 * where the space has room. After an error parts may stay mapped: the space
 * is no longer good for a program.
 *   -ENOMEM, -EEXIST (it overlaps something), -EINVAL, -ENODEV */
MUST_CHECK int elf_map(struct elf *e, struct space *s, uaddr_t base,
                       struct elf_place *out);
void elf_close(struct elf *e);

#endif
