/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime.h - what well-known programs and libraries open at run time.
 *
 * What:      an ELF file names the libraries that it links, not the modules,
 *            tables and plug-ins it opens later. One table of rules names
 *            those for the run times that people use; everything else is
 *            --add's.
 */
#ifndef CLI_RUNTIME_H
#define CLI_RUNTIME_H

struct tree;
struct fault;

/* Add what the packed file at path is known to need. What this host does not
 * have is passed over: a rule lists every place that it may be in. */
int runtime_add(struct tree *tree, const char *path, struct fault *fault);

#endif
