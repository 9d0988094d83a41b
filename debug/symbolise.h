/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbolise.h - what lies at an address of a guest: file, function, line.
 *
 * What:      files are read out of the guest's image, since the host may have
 *            others or none; debug information comes from the file itself, from
 *            the host's /usr/lib/debug by build-id, or from the host's file of
 *            the same name and build-id. The kernel's names are those in the
 *            image, its lines those of the installed kernel if it is the same.
 *            All by libdw, which is why this is not linked into `samara`.
 * Use:       open; say where the kernel and the regions are, and say the
 *            regions again whenever they may have changed; find. What was
 *            there before stays known unless something else is there now.
 * Ownership: strings of a place are good until the next symbolise_regions()
 *            or symbolise_close().
 * Errors:    0 or -errno with a fault. What cannot be found out is NULL or 0
 *            in a place, and no error. The image and the guest may lie: ranges
 *            are checked, files are parsed by libdw.
 * Units:     va: the guest's virtual addresses; _len and offsets in bytes.
 */
#ifndef DEBUG_SYMBOLISE_H
#define DEBUG_SYMBOLISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Dwfl;
struct fault;
struct symbolise;

#define SYMBOLISE_BUILD_ID_LEN 20u

struct symbolise_region {
    uint64_t start, end; /* sorted, without overlaps */
    uint64_t offset;     /* in the file */
    uint64_t ino;        /* of the image's root; 0: no file of it */
    uint32_t prot;       /* PROT_* */
};

struct symbolise_place {
    const char *object;   /* path in the image, "[kernel]"; NULL: no file */
    uint64_t object_off;  /* from where the object was loaded (as in ELF) */
    const char *function; /* as linked: C++ is mangled; NULL: not known */
    uint64_t function_off;
    const char *file; /* of the source; NULL: not known */
    int line;         /* 0: not known */
    bool is_kernel, is_mapped;
};

/* path: of the guest's image. */
int symbolise_open(const char *path, struct symbolise **out,
                   struct fault *fault);
void symbolise_close(struct symbolise *s);

/* The kernel's range, and its build-id or NULL. */
void symbolise_kernel(struct symbolise *s, uint64_t va, uint64_t len,
                      const uint8_t *build_id);
void symbolise_regions(struct symbolise *s, const struct symbolise_region *r,
                       size_t count);

/* True if va is in the kernel or in a region. For a return address ask for
 * the byte before it. */
bool symbolise_find(struct symbolise *s, uint64_t va,
                    struct symbolise_place *out);
/* Is it code of the program, as far as the regions said? */
bool symbolise_is_code(const struct symbolise *s, uint64_t va);

/* For unwinding: every file with code as a module. NULL: none has come. */
struct Dwfl *symbolise_dwfl(struct symbolise *s);

/* A readable name of a C++ or Rust function, which the caller frees. */
char *symbolise_demangle(const char *name);

#endif
