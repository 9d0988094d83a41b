/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names.c - creating and removing names: mknod, mkdir, link, unlink, rename.
 */
#include <linux/fs.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/notify.h"
#include "fs/path.h"
#include "mm/heap.h"

int may_create(const struct dentry *dir)
{
    if (dir->removed || dir->inode->nlink == 0)
        return -ENOENT;
    return inode_permission(dir->inode, MAY_WRITE | MAY_EXEC);
}

/* unlink, rmdir, rename's old name: rights, and the sticky bit's rule. */
static int may_remove(const struct dentry *dir, const struct dentry *d,
                      bool want_dir)
{
    int err = inode_permission(dir->inode, MAY_WRITE | MAY_EXEC);

    if (err)
        return err;
    if ((dir->inode->mode & S_ISVTX) && !inode_is_owner(d->inode) &&
        !inode_is_owner(dir->inode))
        return -EPERM;
    if (want_dir && !S_ISDIR(d->inode->mode))
        return -ENOTDIR;
    if (!want_dir && S_ISDIR(d->inode->mode))
        return -EISDIR;
    if (d->parent == d || d->mounted)
        return -EBUSY;
    return 0;
}

/* Walk to a name that must not exist yet. *out is then negative. */
static int walk_to_new(struct walk *w, int dirfd, const char *path, bool is_dir,
                       struct dentry **out)
{
    int err = walk_init(w, dirfd, path, 0, 0);

    if (!err)
        err = walk_to_last(w);
    if (!err && w->last_len == 0)
        err = -EEXIST; /* "/", "." or ".." */
    if (!err)
        err = walk_last(w, out);
    if (err)
        return err;
    if ((*out)->inode)
        err = -EEXIST;
    else if (w->last_slash && !is_dir)
        err = -ENOENT;
    else
        err = may_create(w->at);
    if (err)
        dentry_put(*out);
    return err;
}

static uint32_t dir_mask(const struct inode *i)
{
    return S_ISDIR(i->mode) ? IN_ISDIR : 0;
}

/* The inode op made *i: bind it to the name. */
static void name_created(const struct walk *w, struct dentry *d,
                         struct inode *i)
{
    dentry_set_inode(d, inode_get(i));
    inode_put(i);
    notify_name(w->at->inode, w->last, w->last_len, IN_CREATE | dir_mask(i));
}

int vfs_mknod(int dirfd, const char *path, uint32_t mode, uint64_t rdev)
{
    struct walk w;
    struct dentry *d;
    struct inode *i;
    int err = walk_to_new(&w, dirfd, path, S_ISDIR(mode), &d);

    if (err)
        goto out;
    mode &= ~thread_current()->fs->umask;
    err = -EPERM;
    if (w.at->inode->ops->create)
        err = w.at->inode->ops->create(w.at->inode, w.last, w.last_len, mode,
                                       rdev, &i);
    if (!err)
        name_created(&w, d, i);
    dentry_put(d);
out:
    walk_fini(&w);
    return err;
}

int vfs_symlink(const char *target, int dirfd, const char *path)
{
    struct walk w;
    struct dentry *d;
    struct inode *i;
    int err;

    if (*target == '\0')
        return -ENOENT;
    err = walk_to_new(&w, dirfd, path, false, &d);
    if (err)
        goto out;
    err = -EPERM;
    if (w.at->inode->ops->symlink)
        err = w.at->inode->ops->symlink(w.at->inode, w.last, w.last_len, target,
                                        &i);
    if (!err)
        name_created(&w, d, i);
    dentry_put(d);
out:
    walk_fini(&w);
    return err;
}

/* Distributions set fs.protected_hardlinks: another's file only when it could
 * be written anyway, and never one that would lend its owner's rights. */
static int may_link(const struct inode *i)
{
    if (inode_is_owner(i))
        return 0;
    if (!S_ISREG(i->mode) || (i->mode & S_ISUID) ||
        (i->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) ||
        inode_access_mode(i, MAY_READ | MAY_WRITE))
        return -EPERM;
    return 0;
}

int vfs_link(struct dentry *old, int dirfd, const char *path)
{
    struct inode *i = old->inode;
    struct walk w;
    struct dentry *d;
    int err = walk_to_new(&w, dirfd, path, false, &d);

    if (err)
        goto out;
    err = may_link(i);
    if (err)
        goto put;
    if (w.at->sb != old->sb)
        err = -EXDEV;
    else if (S_ISDIR(i->mode) || !w.at->inode->ops->link)
        err = -EPERM;
    else
        err = w.at->inode->ops->link(w.at->inode, w.last, w.last_len, i);
    if (!err) {
        notify_inode(i, IN_ATTRIB);
        name_created(&w, d, inode_get(i));
    }
put:
    dentry_put(d);
out:
    walk_fini(&w);
    return err;
}

/* rmdir's three special endings; the walk has forgotten the text. */
static int rmdir_special(const char *path)
{
    size_t len = strlen(path);

    while (len > 0 && path[len - 1] == '/')
        len--;
    if (len == 0)
        return -EBUSY;
    if (len >= 2 && path[len - 1] == '.' && path[len - 2] == '.')
        return -ENOTEMPTY;
    return -EINVAL;
}

/* Linux's order: the file hears of its end before the directory does. */
static void name_removed(const struct walk *w, struct dentry *d_take)
{
    uint32_t mask = dir_mask(d_take->inode);

    if (!mask)
        notify_inode(d_take->inode, IN_ATTRIB);
    dentry_remove(d_take);
    dentry_put(d_take);
    notify_name(w->at->inode, w->last, w->last_len, IN_DELETE | mask);
}

int vfs_unlink(int dirfd, const char *path, bool is_rmdir)
{
    struct walk w;
    struct dentry *d;
    struct inode *dir;
    int err = walk_init(&w, dirfd, path, 0, 0);

    if (!err)
        err = walk_to_last(&w);
    if (!err && w.last_len == 0)
        err = is_rmdir ? rmdir_special(path) : -EISDIR;
    if (!err)
        err = walk_last(&w, &d);
    if (err)
        goto out;
    dir = w.at->inode;
    if (!d->inode)
        err = -ENOENT;
    else if (!is_rmdir && w.last_slash)
        err = S_ISDIR(d->inode->mode) ? -EISDIR : -ENOTDIR;
    else
        err = may_remove(w.at, d, is_rmdir);
    if (!err && !(is_rmdir ? dir->ops->rmdir : dir->ops->unlink))
        err = -EPERM;
    if (!err)
        err = (is_rmdir ? dir->ops->rmdir : dir->ops->unlink)(dir, w.last,
                                                              w.last_len);
    if (err)
        dentry_put(d);
    else
        name_removed(&w, d);
out:
    walk_fini(&w);
    return err;
}

struct rename_walk {
    struct walk old, new;
    struct dentry *source, *target;
    unsigned flags;
};

static int rename_check_types(const struct rename_walk *r)
{
    const struct inode *source = r->source->inode;
    const struct inode *target = r->target->inode;
    bool exchange = r->flags & RENAME_EXCHANGE;

    if (!S_ISDIR(source->mode) &&
        (r->old.last_slash || (!exchange && r->new.last_slash)))
        return -ENOTDIR;
    if (exchange && r->new.last_slash &&target && !S_ISDIR(target->mode))
        return -ENOTDIR;
    if (dentry_is_ancestor(r->source, r->new.at))
        return -EINVAL;
    if (exchange)
        return dentry_is_ancestor(r->target, r->old.at) ? -EINVAL : 0;
    return dentry_is_ancestor(r->target, r->old.at) ? -ENOTEMPTY : 0;
}

static int rename_check(const struct rename_walk *r)
{
    const struct inode *source = r->source->inode;
    const struct inode *target = r->target->inode;
    int err;

    if (!source)
        return -ENOENT;
    if (target && (r->flags & RENAME_NOREPLACE))
        return -EEXIST;
    if (!target && (r->flags & RENAME_EXCHANGE))
        return -ENOENT;
    err = rename_check_types(r);
    if (err)
        return err;
    if (source == target)
        return 0;
    err = may_remove(r->old.at, r->source, S_ISDIR(source->mode));
    if (err)
        return err;
    if (!target)
        err = may_create(r->new.at);
    else
        err = may_remove(r->new.at, r->target,
                         (r->flags & RENAME_EXCHANGE) ? S_ISDIR(target->mode)
                                                      : S_ISDIR(source->mode));
    /* Moving a directory rewrites its "..". */
    if (!err && S_ISDIR(source->mode) && r->old.at != r->new.at)
        err = inode_access_mode(source, MAY_WRITE);
    return err;
}

/* source has moved from one name to the other. */
static void notify_moved(const struct walk *from, const struct walk *to,
                         struct inode *source)
{
    static uint32_t last_cookie;
    struct notify_name n = { from->at->inode, from->last, from->last_len,
                             ++last_cookie };

    notify_name_watched(&n, IN_MOVED_FROM | dir_mask(source));
    n.dir = to->at->inode;
    n.name = to->last;
    n.name_len = to->last_len;
    notify_name_watched(&n, IN_MOVED_TO | dir_mask(source));
}

static void rename_notify(const struct rename_walk *r)
{
    struct inode *target = r->target->inode;

    notify_moved(&r->old, &r->new, r->source->inode);
    if (target && !(r->flags & RENAME_EXCHANGE))
        notify_inode(target, IN_ATTRIB);
    notify_inode(r->source->inode, IN_MOVE_SELF);
    if (r->flags & RENAME_EXCHANGE) {
        notify_moved(&r->new, &r->old, target);
        notify_inode(target, IN_MOVE_SELF);
    }
}

static int rename_do(struct rename_walk *r)
{
    struct inode *old_dir = r->old.at->inode, *new_dir = r->new.at->inode;
    char *name;
    int err;

    if (!old_dir->ops->rename)
        return -EPERM;
    name = kmalloc(r->new.last_len + 1);
    if (!name)
        return -ENOMEM;
    memcpy(name, r->new.last, r->new.last_len);
    name[r->new.last_len] = '\0';
    err = old_dir->ops->rename(old_dir, r->old.last, r->old.last_len, new_dir,
                               r->new.last, r->new.last_len, r->flags);
    if (err) {
        kfree(name);
        return err;
    }
    if (r->flags & RENAME_EXCHANGE) {
        dentry_exchange(r->source, r->target);
        kfree(name);
        return 0;
    }
    if (r->target->inode)
        dentry_remove(r->target);
    else
        dentry_drop(r->target);
    dentry_move(r->source, r->new.at, name, r->new.last_len);
    return 0;
}

static int rename_walk(struct rename_walk *r)
{
    int err;

    if (r->old.at->sb != r->new.at->sb)
        return -EXDEV;
    if (r->old.last_len == 0)
        return -EBUSY;
    if (r->new.last_len == 0)
        return (r->flags & RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
    err = walk_last(&r->old, &r->source);
    if (err)
        return err;
    err = walk_last(&r->new, &r->target);
    if (err)
        return err;
    return 0;
}

int vfs_rename(int old_dirfd, const char *old_path, int new_dirfd,
               const char *new_path, unsigned flags)
{
    struct rename_walk r = { .flags = flags };
    int err;

    if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    if (flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    err = walk_init(&r.old, old_dirfd, old_path, 0, 0);
    if (!err)
        err = walk_to_last(&r.old);
    if (!err)
        err = walk_init(&r.new, new_dirfd, new_path, 0, 0);
    if (!err)
        err = walk_to_last(&r.new);
    if (!err)
        err = rename_walk(&r);
    if (!err)
        err = rename_check(&r);
    /* Two names of one file: nothing happens (POSIX). */
    if (!err && r.source->inode != r.target->inode) {
        err = rename_do(&r);
        if (!err && UNLIKELY(notify_watch_count))
            rename_notify(&r);
    }
    dentry_put(r.source);
    dentry_put(r.target);
    walk_fini(&r.old);
    walk_fini(&r.new);
    return err;
}
