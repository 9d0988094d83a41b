/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache.h - images that `run` made, by what they were made of.
 *
 * What:      ${XDG_CACHE_HOME:-~/.cache}/samara/KEY.img, or /tmp/samara-UID
 *            where there is no home that can be written. The key covers the
 *            kernel and every packed file's path, mode, size, times and inode,
 *            so a changed file gives another image. Entries appear by rename,
 *            complete; two that build the same both win. The oldest go when
 *            the whole exceeds a limit.
 * Errors:    0 or -errno with a fault.
 */
#ifndef CLI_CACHE_H
#define CLI_CACHE_H

struct fault;
struct source;

#define CACHE_LEN_DEFAULT (4ull << 30) /* bytes; SAMARA_CACHE_SIZE changes it */

/* Make src's image, or find it: src->image is its path. */
int cache_image(struct source *src, int verbose, struct fault *fault);

/* Make src's image at path, without the cache. */
int cache_build(const struct source *src, const char *path,
                struct fault *fault);

#endif
