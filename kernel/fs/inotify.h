/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inotify.h - inotify instances, inotify(7).
 *
 * Ownership: an instance belongs to its file and owns its watches; a watch
 *            holds its inode.
 * Context:   a thread's system call.
 * Errors:    those of inotify_init1(2), inotify_add_watch(2) and
 *            inotify_rm_watch(2).
 */
#ifndef FS_INOTIFY_H
#define FS_INOTIFY_H

#include "fs/vfs.h"

#define INOTIFY_INSTANCES_MAX 128u   /* Linux's max_user_instances */
#define INOTIFY_WATCHES_MAX   8192u  /* max_user_watches of a small machine */
#define INOTIFY_EVENTS_MAX    16384u /* max_queued_events */

/* flags: O_NONBLOCK. */
MUST_CHECK int inotify_create(unsigned flags, struct file **out);
bool inotify_is(const struct file *f);
/* -> the watch's number. mask is checked but for what needs the inode. */
MUST_CHECK int inotify_add(struct file *f, struct inode *i, uint32_t mask);
MUST_CHECK int inotify_remove(struct file *f, int wd);

#endif
