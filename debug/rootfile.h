/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootfile.h - the contents of a file in an image's root.
 *
 * What:      the host may have no such file, or another one of that name; the
 *            image has what the guest runs.
 * Errors:    -errno with a fault; -EUCLEAN: the root is damaged.
 */
#ifndef DEBUG_ROOTFILE_H
#define DEBUG_ROOTFILE_H

#include <stdint.h>

struct fault;
struct image;

#define ROOTFILE_LEN_MAX (1ull << 32) /* bytes; larger files are not read */

/* A descriptor of a copy in memory, which the caller closes. path: the
 * image's, for the fault. */
int rootfile_open(const struct image *img, const char *path, uint64_t ino,
                  struct fault *fault);

#endif
