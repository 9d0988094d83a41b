/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script.h - the first line of a #! script.
 *
 * The guest's kernel gets the interpreter as the program, so that an image can
 * be complete; "#!/usr/bin/env NAME" becomes NAME itself, since env would have
 * to start a second program.
 */
#ifndef CLI_SCRIPT_H
#define CLI_SCRIPT_H

#include <stdbool.h>

#include "host/memory.h"

/* Does the file begin with #!? Then words gets the interpreter and, perhaps,
 * its arguments. A word without a slash is to be searched for in PATH. */
bool script_read(const char *path, struct list *words);

#endif
