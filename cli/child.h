/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * child.h - running another program of this host and keeping what it says.
 *
 * Ownership: the strings of struct child are lent for the call.
 * Errors:    -errno with a fault when it cannot be started; how it ended is
 *            in the struct.
 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <stddef.h>

struct buf;
struct fault;

#define CHILD_TEXT_MAX 1024u /* bytes of its output that are kept */

struct child {
    const char *path;
    const char *const *argv;
    const char *env;           /* NAME=VALUE to add, or NULL */
    int status;                /* as a shell has it: 128 + n for a signal */
    char text[CHILD_TEXT_MAX]; /* stdout and stderr, on one line; or */
    struct buf *out;           /* all of stdout goes here */
    size_t out_len_max;        /* more of it is an error */
};

/* Run it to its end. */
int child_run(struct child *c, struct fault *fault);

#endif
