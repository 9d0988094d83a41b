/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls_auto.h - --calls auto: the system calls that a program can make.
 *
 * What:      each syscall instruction's number is followed backwards, over
 *            jumps and from functions to all that call them, to constants. If
 *            that succeeds for every one, the program can make no other calls,
 *            provided that it makes no code while it runs and its compiler's
 *            tables of jumps are of the usual kinds.
 * Errors:    0 or -errno with a fault; that nothing can be proven is no error.
 */
#ifndef CLI_CALLS_AUTO_H
#define CLI_CALLS_AUTO_H

#include <stdbool.h>

#include "cli/calls.h"

/*
 * The calls of the program at path, a static one, and the parts that go with
 * them. *proven_out false: then *why_out says at which place it failed; the
 * caller frees it.
 */
int calls_find(const char *path, struct call_set *set, bool *proven_out,
               char **why_out, struct fault *fault);

#endif
