/* SPDX-License-Identifier: BSD-2-Clause */
/* tty.h - the console's files, between tty.c and dev.c. */
#ifndef FS_TTY_H
#define FS_TTY_H

#include "fs/file.h"

extern const struct file_ops tty_ops, tty_named_ops;

/* Make f a file of the console (stderr) or of the terminal, whichever of the
 * host's descriptors that is. -ENXIO: there is none */
MUST_CHECK int tty_open(struct file *f, bool is_console);

#endif
