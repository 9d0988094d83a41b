/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * library.h - finding shared libraries as the dynamic loader would.
 *
 * What:      glibc's order (ld.so(8)): DT_RPATH of the file and of those that
 *            loaded it, DT_RUNPATH, /etc/ld.so.cache, the default directories;
 *            musl's: the paths of /etc/ld-musl-x86_64.path or its defaults.
 *            LD_LIBRARY_PATH is not looked at: the guest would not have it.
 * Ownership: library_fini() frees; returned paths are the caller's.
 */
#ifndef CLI_LIBRARY_H
#define CLI_LIBRARY_H

#include <stdbool.h>

#include "host/memory.h"

struct elf;

struct library_search {
    struct buf cache; /* /etc/ld.so.cache */
    bool cache_read;
    bool cache_used; /* a library was found through it alone */
    bool is_musl;
    struct list defaults;
};

void library_init(struct library_search *ls, const char *interp);
void library_fini(struct library_search *ls);

/*
 * Where `name`, needed by the file at path, is; NULL when nowhere. rpaths is
 * the DT_RPATHs of the files that loaded it, colon-separated, or NULL.
 */
char *library_find(struct library_search *ls, const char *name,
                   const char *path, const struct elf *elf, const char *rpaths);

/* A search path with $ORIGIN and $LIB put in. */
char *library_expand(const char *search, const char *path);

#endif
