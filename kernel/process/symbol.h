/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbol.h - names for addresses of the program, for crash reports.
 *
 * What:      looks into the ELF file that is mapped there: its symbol table, or
 *            the dynamic one where it was stripped. Read at a crash only.
 * Context:   a dying thread's system call or fault. Allocates nothing.
 * Errors:    every field of the file is foreign: false when there is no name.
 */
#ifndef PROCESS_SYMBOL_H
#define PROCESS_SYMBOL_H

#include "core/types.h"

#define SYMBOL_NAME_MAX 64u

/* The function that holds the byte at file_off of the file at path, and how
 * far into it that byte lies. */
MUST_CHECK bool symbol_find(const char *path, uint64_t file_off,
                            char name_out[SYMBOL_NAME_MAX],
                            uint64_t *offset_out);

#endif
