/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open.c - opening: open(2)'s flags, creation, O_TMPFILE, memory files.
 */
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/memfs.h"
#include "fs/notify.h"
#include "fs/path.h"
#include "fs/special.h"
#include "mm/heap.h"

#pragma weak chrdev_open
#pragma weak fifo_open

#define FLAGS_DROPPED (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)
#define PATH_FLAGS    (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define TMPFILE_BIT   (O_TMPFILE & ~O_DIRECTORY)

static const struct file_ops path_ops = { .kind = NULL };

static int open_special(struct inode *i, struct file *f)
{
    if (S_ISFIFO(i->mode))
        return fifo_open ? fifo_open(i, f) : -ENXIO;
    if (S_ISCHR(i->mode))
        return chrdev_open ? chrdev_open(i, f) : -ENXIO;
    return -ENXIO; /* block devices, sockets */
}

int vfs_open_dentry(struct dentry *d, unsigned flags, struct file **out)
{
    struct inode *i = d->inode;
    struct file *f = file_create(i->file_ops, flags & ~FLAGS_DROPPED, NULL);
    int err = 0;

    if (!f)
        return -ENOMEM;
    f->inode = inode_get(i);
    f->dentry = dentry_get(d);
    if (flags & O_PATH)
        f->ops = &path_ops;
    else if (i->ops->open)
        err = i->ops->open(i, f);
    else if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
        err = open_special(i, f);
    if (err) {
        f->ops = &path_ops; /* nothing to release, nothing to tell */
        f->flags |= O_PATH;
        file_put(f);
        return err;
    }
    notify_file(f, IN_OPEN);
    *out = f;
    return 0;
}

static unsigned may_of(unsigned flags)
{
    switch (flags & O_ACCMODE) {
    case O_RDONLY:
        return MAY_READ | ((flags & O_TRUNC) ? MAY_WRITE : 0);
    case O_WRONLY:
        return MAY_WRITE;
    default:
        return MAY_READ | MAY_WRITE;
    }
}

int inode_truncate(struct inode *i, uint64_t len)
{
    struct kstat attr = { .size = len };

    return inode_setattr(i, ATTR_SIZE, &attr);
}

int inode_may_be_written(const struct inode *i)
{
    const struct process *p = process_current();

    return p->exe && p->exe->inode == i ? -ETXTBSY : 0;
}

/* The dentry is the one to open: check and make the description. */
static int open_found(struct dentry *d, unsigned flags, bool created,
                      struct file **out)
{
    struct inode *i = d->inode;
    unsigned may = may_of(flags);
    int err = 0;

    if (flags & O_PATH)
        return vfs_open_dentry(d, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW),
                               out);
    if (S_ISLNK(i->mode))
        return -ELOOP;
    if (S_ISDIR(i->mode) &&
        ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC))))
        return -EISDIR;
    if (!created)
        err = inode_permission(i, may);
    if (!err && (flags & O_NOATIME) && !inode_is_owner(i))
        err = -EPERM;
    if (!err && (may & MAY_WRITE))
        err = inode_may_be_written(i);
    if (!err && (flags & O_TRUNC) && S_ISREG(i->mode) && !created) {
        err = inode_truncate(i, 0);
        if (!err)
            notify_dentry(d, IN_MODIFY);
    }
    return err ? err : vfs_open_dentry(d, flags, out);
}

int vfs_open_known(struct dentry *d, unsigned flags, struct file **out)
{
    if (flags & O_PATH)
        flags &= PATH_FLAGS;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if ((flags & O_DIRECTORY) && !S_ISDIR(d->inode->mode))
        return -ENOTDIR;
    return open_found(d, flags, false, out);
}

static int create_last(struct walk *w, struct dentry *d, uint32_t mode)
{
    struct inode *dir = w->at->inode, *i;
    int err = may_create(w->at);

    if (err)
        return err;
    if (!dir->ops->create)
        return -EACCES;
    mode = (mode & 07777 & ~thread_current()->fs->umask) | S_IFREG;
    err = dir->ops->create(dir, w->last, w->last_len, mode, 0, &i);
    if (err)
        return err;
    dentry_set_inode(d, inode_get(i));
    inode_put(i);
    notify_name(dir, w->last, w->last_len, IN_CREATE);
    return 0;
}

/* One round at the last component. *out stays NULL when a symlink was found
 * and the walk goes on. */
static int open_last(struct walk *w, unsigned flags, uint32_t mode,
                     struct file **out)
{
    struct dentry *d;
    bool created = false, done = false;
    int err;

    if ((flags & O_CREAT) && w->last_slash)
        return -EISDIR; /* whatever is there */
    err = walk_last(w, &d);
    if (err)
        return err;
    if (!d->inode) {
        err = (flags & O_CREAT) ? create_last(w, d, mode) : -ENOENT;
        created = !err;
    } else if ((flags & O_CREAT) && (flags & O_EXCL)) {
        err = -EEXIST;
    } else if (S_ISLNK(d->inode->mode) && w->last_len > 0 &&
               (!(flags & O_NOFOLLOW) || w->last_slash)) {
        err = walk_follow(w, d, &done);
        if (err || !done)
            return err;
        d = dentry_get(w->at);
    }
    if (!err && ((flags & O_DIRECTORY) || w->last_slash) &&
        !S_ISDIR(d->inode->mode))
        err = S_ISLNK(d->inode->mode) && !(flags & O_DIRECTORY) ? -ELOOP
                                                                : -ENOTDIR;
    if (!err)
        err = open_found(d, flags, created, out);
    dentry_put(d);
    return err;
}

static int open_tmpfile(struct walk *w, unsigned flags, uint32_t mode,
                        struct file **out)
{
    struct dentry *dir, *d;
    struct inode *i;
    int err;

    if ((flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    err = walk_path(w, PATH_FOLLOW | PATH_DIRECTORY, &dir);
    if (err)
        return err;
    err = may_create(dir);
    if (!err && !dir->inode->ops->tmpfile)
        err = -EOPNOTSUPP;
    mode = (mode & 07777 & ~thread_current()->fs->umask) | S_IFREG;
    if (!err)
        err = dir->inode->ops->tmpfile(dir->inode, mode, &i);
    if (err)
        goto put_dir;
    if (flags & O_EXCL)
        memfs_forbid_link(i);
    err = -ENOMEM;
    d = dentry_create_unnamed(dir->sb, "tmpfile", i);
    if (!d) {
        inode_put(i);
        goto put_dir;
    }
    err = vfs_open_dentry(d, flags, out);
    dentry_put(d);
put_dir:
    dentry_put(dir);
    return err;
}

int vfs_open_how(int dirfd, const char *path, unsigned flags, uint32_t mode,
                 uint64_t resolve, struct file **out)
{
    struct walk w;
    int err = walk_init(&w, dirfd, path, 0, resolve);

    *out = NULL;
    if (flags & O_PATH)
        flags &= PATH_FLAGS;
    if (!err && (flags & TMPFILE_BIT)) {
        err = open_tmpfile(&w, flags, mode, out);
    } else {
        while (!err && !*out) {
            err = walk_to_last(&w);
            if (!err)
                err = open_last(&w, flags, mode, out);
        }
    }
    walk_fini(&w);
    return err;
}

int vfs_open(int dirfd, const char *path, unsigned flags, uint32_t mode,
             struct file **out)
{
    return vfs_open_how(dirfd, path, flags, mode, 0, out);
}

int vfs_memory_file(const char *name, uint32_t mode, unsigned flags,
                    unsigned seals, struct file **out)
{
    static struct mem_sb *sb; /* made at first use */
    struct mem_inode *mi;
    struct dentry *d;
    int err = sb ? 0 : memfs_create(NULL, 0, 0700, &sb);

    if (err)
        return err;
    mi = mem_inode_create(sb, S_IFREG | mode);
    if (!mi)
        return -ENOMEM;
    mi->inode.nlink = 0;
    mi->seals = seals;
    d = dentry_create_unnamed(&sb->sb, name, &mi->inode);
    if (!d) {
        inode_put(&mi->inode);
        return -ENOMEM;
    }
    err = vfs_open_dentry(d, flags, out);
    dentry_put(d);
    return err;
}
