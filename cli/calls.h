/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.h - --calls: which system calls and parts an image's kernel has.
 *
 * What:      reads the option's value: NAME,... or @FILE, with a name on each
 *            line and comments from # on. A name is a system call's or that
 *            of a part (kernel/syscall/parts.def).
 * Errors:    -EINVAL with a fault that says which name, and in which line.
 */
#ifndef CLI_CALLS_H
#define CLI_CALLS_H

#include <stdbool.h>

#include "host/calls.h"

struct fault;

#define CALL_PART_MAX      64u
#define CALLS_FILE_LEN_MAX (1u << 20)

struct call_set {
    bool call[CALL_MAX];
    bool part[CALL_PART_MAX]; /* as in call_parts[] */
};

int calls_parse(const char *value, struct call_set *set, struct fault *fault);

/* The names, on stderr, for -v. */
void calls_print(const struct call_set *set);

#endif
