/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootfile.h - files of an image's root, by their path: what vFile serves.
 *
 * What:      the image as it was built, not what the guest has changed since.
 * Ownership: the caller's struct; rootfile_close() unmaps the image.
 * Errors:    -errno as open(2) and friends have them; -EUCLEAN: the root is
 *            damaged. rootfile_open() has a fault.
 */
#ifndef CLI_GDB_ROOTFILE_H
#define CLI_GDB_ROOTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fault;

#define ROOTFILE_PATH_MAX 4096u

struct rootfile_info {
    uint64_t nid, size, mtime_s;
    uint32_t mode, nlink, uid, gid;
};

struct rootfiles;

/* *out NULL: a bare kernel. */
int rootfile_open(const char *image, struct rootfiles **out,
                  struct fault *fault);
void rootfile_close(struct rootfiles *r);
/* follow: where a symbolic link leads, if path is one. */
int rootfile_find(struct rootfiles *r, const char *path, bool follow,
                  struct rootfile_info *out);
ssize_t rootfile_read(struct rootfiles *r, uint64_t nid, void *data, size_t len,
                      uint64_t pos);

#endif
