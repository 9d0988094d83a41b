/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - from SOURCE and the options to a root and a run configuration.
 *
 * What:      SOURCE is an image, a program or script of this host, or a path
 *            inside --root DIR. For the last two, source_open() lists all
 *            files that the image needs.
 * Ownership: source_fini() frees.
 * Errors:    0 or -errno; the fault's exit status is a shell's: 127 for a
 *            SOURCE that is not found, 126 for one that cannot be run.
 */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include <stdbool.h>

#include "cli/tree.h"
#include "image/runconfig.h"

struct call_set;
struct fault;
struct options;

#define EXIT_NOT_RUNNABLE 126
#define EXIT_NOT_FOUND    127

struct source {
    bool is_image;
    char *image;      /* the image's path; when made, from cache.h */
    struct tree tree; /* empty for an image */
    struct run_config config;
    struct list libraries;  /* paths, in the order found */
    char *interp;           /* NULL: static */
    bool strip;             /* no symbols of the kernel in the image */
    struct call_set *calls; /* what the kernel has; NULL: everything */
};

int source_open(const struct options *o, struct source *src,
                struct fault *fault);
void source_fini(struct source *src);

#endif
