/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootdir.h - finding a program inside a directory that will be the root.
 *
 * Symbolic links inside are followed as the guest will follow them: an
 * absolute one starts at the directory, never at this host's root.
 */
#ifndef CLI_ROOTDIR_H
#define CLI_ROOTDIR_H

#include "host/memory.h"

struct fault;

/*
 * Find `source` in the root at `dir`, along `search` when it has no slash. Sets
 * *exe_out to the ELF file's path in the guest and adds to args what comes
 * before the user's arguments: argv[0], or a #! script's words.
 */
int rootdir_find(const char *dir, const char *source, const char *search,
                 char **exe_out, struct list *args, struct fault *fault);

#endif
