/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfs_names.c - creating, linking, removing and renaming in memory.
 *
 * Each operation first gets every record it needs, which may fail, then binds
 * and unbinds, which cannot. The VFS has checked rights, types and loops.
 */
#include <linux/fs.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/memfs.h"
#include "mm/heap.h"

/* A record made by mem_dir_record() is not needed after all. */
static void record_undo(struct mem_inode *dir, struct mem_dirent *e, bool fresh)
{
    if (fresh)
        mem_dir_delete(dir, e);
}

static struct mem_inode *child_create(struct inode *dir, uint32_t mode)
{
    struct mem_inode *mi;

    if ((dir->mode & S_ISGID) && S_ISDIR(mode))
        mode |= S_ISGID;
    mi = mem_inode_create(mem_sb_of(dir), mode);
    if (mi && (dir->mode & S_ISGID))
        mi->inode.gid = dir->gid;
    return mi;
}

/* Give a fresh inode its name. Consumes it on failure. */
static int child_add(struct inode *dir, const char *name, size_t name_len,
                     struct mem_inode *mi, struct inode **out)
{
    struct mem_dirent *e;
    bool fresh;
    int err = mem_dir_record(mem_of(dir), name, name_len, &e, &fresh);

    if (err) {
        mi->inode.nlink = 0;
        inode_put(&mi->inode);
        return err;
    }
    ASSERT(!e->inode);
    mem_dir_bind(mem_of(dir), e, mi);
    mem_pin(mi);
    if (S_ISDIR(mi->inode.mode))
        dir->nlink++;
    inode_touch_mtime(dir);
    *out = &mi->inode;
    return 0;
}

int mem_create(struct inode *dir, const char *name, size_t name_len,
               uint32_t mode, uint64_t rdev, struct inode **out)
{
    struct mem_inode *mi = child_create(dir, mode);

    if (!mi)
        return -ENOSPC;
    mi->inode.rdev = rdev;
    return child_add(dir, name, name_len, mi, out);
}

int mem_symlink(struct inode *dir, const char *name, size_t name_len,
                const char *target, struct inode **out)
{
    size_t len = strlen(target);
    struct mem_inode *mi = child_create(dir, S_IFLNK | 0777);

    if (!mi)
        return -ENOSPC;
    mi->target = kmalloc(len + 1);
    if (!mi->target) {
        inode_put(&mi->inode);
        return -ENOSPC;
    }
    memcpy(mi->target, target, len + 1);
    mi->inode.size = len;
    return child_add(dir, name, name_len, mi, out);
}

int mem_tmpfile(struct inode *dir, uint32_t mode, struct inode **out)
{
    struct mem_inode *mi = child_create(dir, mode);

    if (!mi)
        return -ENOSPC;
    mi->inode.nlink = 0;
    mi->linkable = true;
    *out = &mi->inode;
    return 0;
}

int mem_link(struct inode *dir, const char *name, size_t name_len,
             struct inode *target)
{
    struct mem_inode *mi = mem_of(target);
    struct mem_dirent *e;
    bool fresh;
    int err;

    if (target->nlink == 0 && !mi->linkable)
        return -ENOENT;
    err = mem_dir_record(mem_of(dir), name, name_len, &e, &fresh);
    if (err)
        return err;
    ASSERT(!e->inode);
    mem_dir_bind(mem_of(dir), e, mi);
    target->nlink++;
    mi->linkable = false;
    mem_pin(mi);
    inode_touch_mtime(dir);
    target->ctime_ns = dir->ctime_ns;
    return 0;
}

/* One name of mi is gone. */
static void name_lost(struct inode *dir, struct mem_inode *mi)
{
    struct inode *i = &mi->inode;

    inode_touch_mtime(dir);
    i->ctime_ns = dir->ctime_ns;
    if (S_ISDIR(i->mode)) {
        i->nlink = 0;
        if (dir->nlink > 2)
            dir->nlink--;
    } else {
        i->nlink--;
    }
    if (i->nlink == 0)
        mem_unpin(mi);
    else
        mem_pin(mi); /* the count differs from the image's */
}

static int name_remove(struct inode *dir, const char *name, size_t name_len)
{
    struct mem_dirent *e;
    struct inode *i;
    bool fresh;
    int err = mem_lookup(dir, name, name_len, &i);

    if (err)
        return err;
    if (S_ISDIR(i->mode) && !mem_dir_is_empty(mem_of(i)))
        err = -ENOTEMPTY;
    if (!err)
        err = mem_dir_record(mem_of(dir), name, name_len, &e, &fresh);
    if (!err) {
        mem_dir_unbind(mem_of(dir), e);
        name_lost(dir, mem_of(i));
    }
    inode_put(i);
    return err;
}

int mem_unlink(struct inode *dir, const char *name, size_t name_len)
{
    return name_remove(dir, name, name_len);
}

int mem_rmdir(struct inode *dir, const char *name, size_t name_len)
{
    return name_remove(dir, name, name_len);
}

/* A directory moved from one directory to another: ".." counts. */
static void dir_moved(const struct inode *i, struct inode *from,
                      struct inode *to)
{
    if (!S_ISDIR(i->mode) || from == to)
        return;
    if (from->nlink > 2)
        from->nlink--;
    to->nlink++;
}

struct rename {
    struct inode *old_dir, *new_dir;
    struct mem_dirent *old_entry, *new_entry;
    struct inode *source, *target; /* target NULL: none */
};

static void rename_apply(const struct rename *r, bool exchange)
{
    struct mem_inode *source = mem_of(r->source);

    mem_pin(source);
    if (exchange) {
        struct mem_inode *target = mem_of(r->target);

        mem_pin(target);
        mem_dir_bind(mem_of(r->old_dir), r->old_entry, target);
        mem_dir_bind(mem_of(r->new_dir), r->new_entry, source);
        dir_moved(r->target, r->new_dir, r->old_dir);
    } else {
        mem_dir_bind(mem_of(r->new_dir), r->new_entry, source);
        mem_dir_unbind(mem_of(r->old_dir), r->old_entry);
        if (r->target)
            name_lost(r->new_dir, mem_of(r->target));
    }
    dir_moved(r->source, r->old_dir, r->new_dir);
    inode_touch_mtime(r->old_dir);
    inode_touch_mtime(r->new_dir);
    r->source->ctime_ns = r->new_dir->ctime_ns;
    if (exchange)
        r->target->ctime_ns = r->new_dir->ctime_ns;
}

int mem_rename(struct inode *old_dir, const char *old_name, size_t old_len,
               struct inode *new_dir, const char *new_name, size_t new_len,
               unsigned flags)
{
    bool exchange = flags & RENAME_EXCHANGE;
    struct rename r = { .old_dir = old_dir, .new_dir = new_dir };
    bool old_fresh, new_fresh;
    int err = mem_lookup(old_dir, old_name, old_len, &r.source);

    if (err)
        return err;
    err = mem_lookup(new_dir, new_name, new_len, &r.target);
    if (err == -ENOENT && !exchange)
        err = 0; /* r.target stays NULL */
    if (err)
        goto put_source;
    if (!exchange && r.target && S_ISDIR(r.target->mode) &&
        !mem_dir_is_empty(mem_of(r.target)))
        err = -ENOTEMPTY;
    if (!err)
        err = mem_dir_record(mem_of(old_dir), old_name, old_len, &r.old_entry,
                             &old_fresh);
    if (err)
        goto put_target;
    err = mem_dir_record(mem_of(new_dir), new_name, new_len, &r.new_entry,
                         &new_fresh);
    if (err) {
        record_undo(mem_of(old_dir), r.old_entry, old_fresh);
        goto put_target;
    }
    rename_apply(&r, exchange);

put_target:
    if (r.target)
        inode_put(r.target);
put_source:
    inode_put(r.source);
    return err;
}
