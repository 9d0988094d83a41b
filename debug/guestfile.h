/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guestfile.h - a file that the guest has written, read from outside.
 *
 * What:      of a file system in memory, as /tmp is; through the kernel's
 *            structures (abi/records.h), while the guest runs or stands.
 * Errors:    -ENOENT there is none; -EFBIG; -EUCLEAN, -EFAULT what is there
 *            makes no sense, perhaps since it changes. All with a fault.
 */
#ifndef DEBUG_GUESTFILE_H
#define DEBUG_GUESTFILE_H

struct buf;
struct fault;
struct inside;

#define GUESTFILE_LEN_MAX (64u << 20)

/* NAME of the mount on a directory DIR, appended to out. */
int guestfile_read(struct inside *in, const char *dir, const char *name,
                   struct buf *out, struct fault *fault);

#endif
