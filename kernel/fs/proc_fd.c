/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_fd.c - /proc/PID/fd and fdinfo: the current thread's descriptors.
 *
 * A link of fd leads to the open file itself. Files without a name (pipes, the
 * console) get an inode for the occasion whose open() opens the thing anew,
 * as Linux does: /dev/stdin on a pipe works.
 */
#include <linux/fcntl.h>

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/dentry.h"
#include "fs/fdtable.h"
#include "fs/proc.h"
#include "fs/special.h"
#include "fs/tty.h"
#include "mm/heap.h"

/* Absent in a kernel that makes no pipes. */
#pragma weak pipe_reopen

#define LINK_TEXT_MAX 96u

/* ---- opening a nameless file anew ---- */

struct reopen_inode {
    struct inode inode; /* first */
    struct file *file;  /* referenced */
};

static int reopen_open(struct inode *i, struct file *f)
{
    struct file *old = ((struct reopen_inode *)(void *)i)->file;

    if (old->ops == &tty_ops || old->ops == &tty_named_ops) {
        f->ops = old->ops;
        f->private = old->private;
        return 0;
    }
    return pipe_reopen ? pipe_reopen(old, f) : -ENXIO;
}

static int reopen_getattr(struct inode *i, struct kstat *out)
{
    struct file *f = ((struct reopen_inode *)(void *)i)->file;

    if (f->ops->stat)
        return f->ops->stat(f, out);
    inode_fill_kstat(i, out);
    return 0;
}

static void reopen_evict(struct inode *i)
{
    file_put(((struct reopen_inode *)(void *)i)->file);
    kfree(i);
}

static const struct inode_ops reopen_ops = {
    .open = reopen_open,
    .getattr = reopen_getattr,
    .evict = reopen_evict,
};

static int reopen_dentry(struct superblock *sb, struct file *f, int fd,
                         struct dentry **out)
{
    struct reopen_inode *r = kzalloc(sizeof(*r));
    struct kstat st = { .mode = S_IFCHR | 0600 };

    if (!r)
        return -ENOMEM;
    if (f->ops->stat)
        (void)f->ops->stat(f, &st);
    inode_init(&r->inode, sb, &reopen_ops, NULL, (uint64_t)fd + 1, st.mode);
    inode_stamp(&r->inode);
    r->file = file_get(f);
    *out = dentry_create_unnamed(sb, f->ops->kind ? f->ops->kind : "file",
                                 &r->inode);
    if (!*out) {
        inode_put(&r->inode);
        return -ENOMEM;
    }
    return 0;
}

/* ---- fd ---- */

static ssize_t link_text(struct file *f, char *buf, size_t buf_len)
{
    const char *text = tty_link_text(f);
    const char *kind = f->ops->kind ? f->ops->kind : "file";
    struct kstat st = { 0 };
    int len;

    if (text || strchr(kind, ':')) {
        text = text ? text : kind;
        len = (int)MIN(strlen(text), buf_len);
        memcpy(buf, text, (size_t)len);
        return len;
    }
    if (f->ops->stat)
        (void)f->ops->stat(f, &st);
    len = snprintf(buf, buf_len, "%s:[%lu]", kind, st.ino);
    return len;
}

static ssize_t read_fd(struct pseudo_inode *i, char *buf, size_t buf_len)
{
    char text[LINK_TEXT_MAX], *path;
    struct file *f = fd_get(i->id);
    ssize_t len;

    if (!f)
        return -ENOENT;
    if (!f->dentry) {
        len = link_text(f, text, sizeof(text));
        len = MIN(len, (ssize_t)buf_len);
        memcpy(buf, text, (size_t)len);
    } else {
        path = kmalloc(PATH_MAX);
        len = path ? dentry_path(f->dentry, path, PATH_MAX) : -ENOMEM;
        if (len > 0) {
            len = MIN(len, (ssize_t)buf_len);
            memcpy(buf, path, (size_t)len);
        }
        kfree(path);
    }
    file_put(f);
    return len;
}

static int follow_fd(struct pseudo_inode *i, struct dentry **out)
{
    struct file *f = fd_get(i->id);
    int err = 0;

    if (!f)
        return -ENOENT;
    if (f->dentry)
        *out = dentry_get(f->dentry);
    else
        err = reopen_dentry(i->inode.sb, f, i->id, out);
    file_put(f);
    return err;
}

static const struct pseudo_node fd_link = PSEUDO_SPECIAL(
    "fd", S_IFLNK | 0700, .readlink = read_fd, .follow = follow_fd);

static int show_fdinfo(struct text_file *t, void *inode)
{
    int fd = ((struct pseudo_inode *)inode)->id;
    struct file *f = fd_get(fd);
    unsigned cloexec = fd_get_cloexec(fd) > 0 ? O_CLOEXEC : 0;
    int err;

    if (!f)
        return -ENOENT;
    err = text_printf(t, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n",
                      f->pos, f->flags | cloexec,
                      vfs_mount_id(f->dentry ? f->dentry->sb : NULL),
                      f->inode ? f->inode->ino : 0);
    file_put(f);
    return err;
}

static const struct pseudo_node fdinfo_file =
    PSEUDO_FILE("fdinfo", show_fdinfo);

static int lookup_in(struct pseudo_inode *dir, const struct pseudo_node *node,
                     const char *name, size_t name_len, struct inode **out)
{
    int fd = pseudo_number(name, name_len);

    if (fd < 0 || !fd_peek(fd))
        return -ENOENT;
    return pseudo_inode(dir->inode.sb, node, fd, out);
}

int proc_fd_lookup(struct pseudo_inode *dir, const char *name, size_t name_len,
                   struct inode **out)
{
    return lookup_in(dir, &fd_link, name, name_len, out);
}

int proc_fdinfo_lookup(struct pseudo_inode *dir, const char *name,
                       size_t name_len, struct inode **out)
{
    return lookup_in(dir, &fdinfo_file, name, name_len, out);
}

static size_t next_fd(uint64_t *pos, char *name)
{
    int fd = *pos < FD_MAX ? fd_next((int)*pos) : -1;

    if (fd < 0)
        return 0;
    *pos = (uint64_t)fd + 1;
    return pseudo_put_number(name, (uint64_t)fd);
}

size_t proc_fd_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                    uint8_t *type_out)
{
    (void)dir;
    *type_out = S_IFLNK >> 12;
    return next_fd(pos, name);
}

size_t proc_fdinfo_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                        uint8_t *type_out)
{
    (void)dir;
    *type_out = S_IFREG >> 12;
    return next_fd(pos, name);
}
