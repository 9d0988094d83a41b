/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify.h - telling who watches that something happened to a file.
 *
 * What:      hooks for the places where files are opened, changed, renamed.
 *            While nobody watches anything each is a load and a test.
 * Ownership: arguments are borrowed; a hook keeps none of them.
 * Context:   a thread's system call, after the deed.
 * Errors:    none: an event that finds no memory is an overflow.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include <linux/inotify.h>

#include "fs/dentry.h"

extern unsigned notify_watch_count; /* watches on all inodes */

/* Weak: a kernel without inotify has no watches and never calls them. */
#pragma weak notify_dentry_watched
#pragma weak notify_file_watched
#pragma weak notify_name_watched
#pragma weak notify_inode_watched
#pragma weak notify_inode_gone
void notify_dentry_watched(struct dentry *d, uint32_t mask);
void notify_file_watched(struct file *f, uint32_t mask);
void notify_inode_watched(struct inode *i, uint32_t mask);

/* A name in a directory; IN_ISDIR says what it names. */
struct notify_name {
    struct inode *dir;
    const char *name;
    size_t name_len;
    uint32_t cookie; /* pairs IN_MOVED_FROM and IN_MOVED_TO */
};
void notify_name_watched(const struct notify_name *n, uint32_t mask);
/* The last name of i and the last file open on it are gone. */
void notify_inode_gone(struct inode *i);

/* The file d names was changed: d's directory hears it, and the file. */
static inline void notify_dentry(struct dentry *d, uint32_t mask)
{
    if (UNLIKELY(notify_watch_count))
        notify_dentry_watched(d, mask);
}

/* The same through an open file; none of O_PATH. */
static inline void notify_file(struct file *f, uint32_t mask)
{
    if (UNLIKELY(notify_watch_count))
        notify_file_watched(f, mask);
}

/* The file itself, whatever its names. */
static inline void notify_inode(struct inode *i, uint32_t mask)
{
    if (UNLIKELY(notify_watch_count))
        notify_inode_watched(i, mask);
}

/* A name was made or removed in dir. */
static inline void notify_name(struct inode *dir, const char *name,
                               size_t name_len, uint32_t mask)
{
    const struct notify_name n = { dir, name, name_len, 0 };

    if (UNLIKELY(notify_watch_count))
        notify_name_watched(&n, mask);
}

#endif
