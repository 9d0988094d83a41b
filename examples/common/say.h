/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.h - one line on standard error, from pieces.
 *
 * What:      say("a ", path, " b") and die(...), which ends the program with
 *            status 1. printf() would be half of a small program.
 */
#ifndef EXAMPLES_SAY_H
#define EXAMPLES_SAY_H

#include <stddef.h>

extern const char *program_name; /* begins each line */

void say_pieces(const char *const pieces[]); /* up to a NULL */
_Noreturn void die_pieces(const char *const pieces[]);
/* A number as text; the last four stay good. */
const char *decimal(unsigned value);

#define say(...) say_pieces((const char *const[]){ __VA_ARGS__, NULL })
#define die(...) die_pieces((const char *const[]){ __VA_ARGS__, NULL })

#endif
