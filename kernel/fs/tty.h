/* SPDX-License-Identifier: BSD-2-Clause */
/* tty.h - the console's files, between tty.c and dev.c. */
#ifndef FS_TTY_H
#define FS_TTY_H

#include "core/operation.h"
#include "fs/file.h"

/* /dev's st_dev; a terminal's inode in it lies at this number plus its own. */
#define TTY_DEVFS_DEV 6u
#define TTY_PTS_INO   3u

/* The host's terminal N of /dev/pts/N; -1: not a terminal of that kind. */
int tty_pts(unsigned fd);

extern const struct file_ops tty_ops, tty_named_ops;

/* Make f a file of the console (stderr) or of the terminal, whichever of the
 * host's descriptors that is. -ENXIO: there is none */
MUST_CHECK int tty_open(struct file *f, bool is_console);

/* In its table of operations. */
long tty_ioctl(struct file *f, unsigned cmd, uaddr_t arg);
OPERATION_OF(tty_ioctl);

#endif
