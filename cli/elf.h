/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf.h - what a dynamic loader needs to know of an ELF file.
 *
 * What:      class and machine, the interpreter, and the dynamic section's
 *            names. A reader of our own, 200 lines, because the command is
 *            linked statically and starts in a fraction of a millisecond:
 *            libelf and what it pulls in would cost more than all the rest.
 * Ownership: the struct owns its strings; elf_fini() frees them.
 * Errors:    -ENOEXEC with a fault that names the file and what is wrong with
 *            it; -errno of open() and read().
 */
#ifndef CLI_ELF_H
#define CLI_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "host/memory.h"

struct fault;

#define ELF_PHDR_MAX    128u
#define ELF_DYNAMIC_MAX 4096u /* entries */
#define ELF_NAME_MAX    4096u /* bytes of one name */

struct elf {
    bool is_program; /* ET_EXEC or ET_DYN with an entry point */
    uint16_t machine;
    uint64_t entry;
    char *interp; /* NULL: static */
    char *soname;
    char *rpath;
    char *runpath;
    struct list needed;
};

/* Does the file begin as an ELF of any kind does? False for what cannot be
 * read. */
bool elf_recognise(const char *path);

int elf_read(const char *path, struct elf *elf, struct fault *fault);
void elf_fini(struct elf *elf);

#endif
