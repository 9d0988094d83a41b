/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage.h - from a tree to an EROFS file, with mkfs.erofs.
 *
 * What:      lays the tree out in a directory (sharing blocks where the file
 *            system can), runs mkfs.erofs on it. The same tree gives the same
 *            bytes: times are the files' own, the owner is root, the file
 *            system's identity is fixed.
 * Ownership: everything lies in the caller's `dir`, which the caller removes.
 * Errors:    0 or -errno; a full disk and a missing mkfs.erofs are told apart.
 */
#ifndef CLI_STAGE_H
#define CLI_STAGE_H

struct fault;
struct tree;

/* dir exists and is empty; the result is at `erofs`. */
int stage_root(const struct tree *tree, const char *dir, const char *erofs,
               struct fault *fault);

#endif
