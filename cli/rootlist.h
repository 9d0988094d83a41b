/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootlist.h - the names in an image's root, as `ls -lR` shows them.
 *
 * What:      one line for each file, with its type and rights, owner, size,
 *            path, and where a symbolic link leads; or the path alone. Or the
 *            paths of certain inodes.
 * Errors:    -EUCLEAN  the root is damaged, or deeper or larger than any that
 *                      this version makes; the fault says so
 *            -errno    of mapping the file
 */
#ifndef CLI_ROOTLIST_H
#define CLI_ROOTLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct image;
struct list;

#define ROOTLIST_NAMES_MAX (4u << 20)
#define ROOTLIST_DEPTH_MAX 256u

/* Append to `lines`. path: the image's, for the fault. */
int rootlist_get(const struct image *img, const char *path, bool is_long,
                 struct list *lines, uint64_t *bytes_out, struct fault *fault);

struct erofs;
struct erofs_node;

/* Called for everything in the root but itself; -errno ends the walk. */
typedef int rootlist_fn(void *arg, struct erofs *e, const struct erofs_node *n,
                        const char *path);
int rootlist_walk(const struct image *img, const char *path, rootlist_fn *fn,
                  void *arg, struct fault *fault);

struct rootlist_name {
    uint64_t ino;
    char *path; /* the caller frees; NULL: no file has it */
};

/* Find a path of each file of names, which are sorted by ino. */
int rootlist_find(const struct image *img, const char *path,
                  struct rootlist_name *names, size_t count,
                  struct fault *fault);

#endif
