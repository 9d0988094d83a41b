/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path.h - file names: joining, cleaning, searching.
 *
 * Ownership: every char * returned is the caller's to free.
 * Errors:    0 or -errno as said per function.
 */
#ifndef HOST_PATH_H
#define HOST_PATH_H

#include <stdbool.h>

/* Join, with exactly one slash between the two. */
char *path_join(const char *dir, const char *name);

/* Absolute, without ".", ".." and double slashes; by the text alone, symbolic
 * links are not looked at. A relative path is taken from the directory cwd. */
char *path_clean(const char *cwd, const char *path);

/* The same, from this process's working directory. */
char *path_absolute(const char *path);

/* The part after the last slash; points into path. */
const char *path_base(const char *path);

/* The part before the last slash: "/" for "/x", "." for "x". */
char *path_dir(const char *path);

/* Is path the directory dir or below it? Both clean and absolute. */
bool path_below(const char *dir, const char *path);

/*
 * Find an executable file as a shell does: as it is when name has a slash,
 * else in each directory of the colon-separated list. NULL in the list's
 * place: $PATH. The result is NULL when there is none; then *err_out is
 * ENOENT, or EACCES when one was found that may not be executed.
 */
char *path_search(const char *name, const char *list, int *err_out);

#endif
