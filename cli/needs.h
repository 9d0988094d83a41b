/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * needs.h - completing a tree: interpreters, libraries, run-time files.
 *
 * Errors:    0 or -errno with a fault that names the missing library, who
 *            needs it and what to do.
 */
#ifndef CLI_NEEDS_H
#define CLI_NEEDS_H

#include <stdbool.h>

struct fault;
struct source;

/*
 * Add the host's program at path with all that it needs. A missing library of
 * the program is an error; one that only a module needs is passed over.
 */
int needs_add_program(struct source *src, const char *path,
                      struct fault *fault);

/* Go through all files packed from this host at their own paths, and add what
 * they need, until nothing new comes. */
int needs_complete(struct source *src, struct fault *fault);

#endif
