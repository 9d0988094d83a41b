/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lazy_file.c - files of /etc that the kernel makes for a program that looks.
 *
 * They belong to the machine, not to the image, whose files of the same names
 * they hide; made, they are ordinary files of the overlay. A directory that
 * may get some has its dentry marked; a name that is not cached is then
 * compared with theirs. The text comes first, which may take its time, and
 * only then the name: so nobody sees the image's file and has it changed under
 * him.
 */
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/notify.h"
#include "fs/path.h"
#include "fs/special.h"
#include "mm/heap.h"

/* Absent in kernels without them. */
#pragma weak etc_files

#define LAZY_FILE_MODE (S_IFREG | 0644)

bool lazy_file_dir(const char *name)
{
    return etc_files && strcmp(name, "etc") == 0;
}

static int file_rewrite(struct inode *i, const struct text_file *t)
{
    struct file f = { .ops = i->file_ops, .inode = i, .flags = O_RDWR };
    uint64_t pos = 0;
    struct io_vec one;
    struct io io;
    ssize_t n;
    int err = f.ops->truncate(&f, 0);

    if (err)
        return err;
    io_init_kernel(&io, &one, t->text, t->len);
    inode_claim(i);
    n = t->len ? f.ops->write(&f, &io, &pos) : 0;
    inode_unclaim(i);
    i->mtime_ns -= NS_PER_SEC; /* so that the next change shows */
    return n < 0 ? (int)n : 0;
}

static int show(const struct lazy_file *file, struct text_file *t)
{
    *t = (struct text_file){ 0 };
    return file->show(t, NULL);
}

/* A read-only root does not forbid this: the kernel makes it, not the
 * program. */
static int file_make(struct inode *dir, struct lazy_file *file,
                     const struct text_file *t)
{
    struct inode *i;
    int err = dir->ops->create(dir, file->name, strlen(file->name),
                               LAZY_FILE_MODE, 0, &i);

    if (err)
        return err;
    file->is_made = true;
    i->uid = 0;
    i->gid = 0;
    err = file_rewrite(i, t);
    file->inode = i; /* with the reference: nobody else gets its place */
    file->mtime_ns = i->mtime_ns;
    return err;
}

static int make(struct inode *dir, struct lazy_file *file)
{
    struct text_file t;
    int err = show(file, &t);

    /* It may have slept, and another thread been faster. */
    if (!err && !file->is_made)
        err = file_make(dir, file, &t);
    kfree(t.text);
    if (err != -ENOENT)
        return err;
    file->is_made = true; /* the image's stays */
    return 0;
}

int lazy_file_lookup(struct inode *dir, const char *name, size_t name_len)
{
    for (struct lazy_file *file = etc_files; file->name; file++) {
        if (!file->is_made && strlen(file->name) == name_len &&
            memcmp(file->name, name, name_len) == 0)
            return make(dir, file);
    }
    return 0;
}

int lazy_file_all(struct inode *dir)
{
    int err = 0;

    for (struct lazy_file *file = etc_files; !err && file->name; file++)
        if (!file->is_made)
            err = make(dir, file);
    return err;
}

void lazy_file_changed(struct lazy_file *file)
{
    struct inode *i = file->inode;
    struct text_file t;

    if (!i || i->nlink == 0 || i->mtime_ns != file->mtime_ns)
        return; /* nobody looked, or it is the program's by now */
    if (show(file, &t) == 0 && file_rewrite(i, &t) == 0) {
        file->mtime_ns = i->mtime_ns;
        notify_inode(i, IN_MODIFY);
    }
    kfree(t.text);
}
