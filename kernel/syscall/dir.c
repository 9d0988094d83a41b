/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir.c - directories: getdents(2), chdir(2), getcwd(2), chroot(2).
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/notify.h"
#include "mm/heap.h"
#include "syscall/at.h"
#include "syscall/syscall.h"

#define OLD_BUF_LEN_MAX 32768u

/* Nothing was put: was it the end, or did the first entry not fit? */
static long why_nothing(struct file *f, size_t len)
{
    uint8_t record[DIRENT_LEN_MAX + 8];
    uint64_t pos = f->pos;
    struct io_vec one;
    struct io io;
    uint16_t need;
    int err;

    io_init_kernel(&io, &one, record, sizeof(record));
    err = f->ops->readdir(f, &io);
    if (err || io.left == sizeof(record))
        return err;
    f->pos = pos;
    memcpy(&need, record + 16, 2);
    return need > len ? -EINVAL : -EFAULT;
}

static long readdir_io(struct file *f, struct io *io)
{
    size_t len = io->left;
    int err;

    if (!f->inode || !S_ISDIR(f->inode->mode) || !f->ops->readdir)
        return -ENOTDIR;
    if (f->dentry)
        list_lazily(f->dentry);
    err = f->ops->readdir(f, io);
    notify_file(f, IN_ACCESS); /* at the end of the list too, as Linux */
    if (io->left < len)
        return (long)(len - io->left);
    return err ? err : why_nothing(f, len);
}

long sys_getdents64(int fd, uaddr_t buf, unsigned len)
{
    struct io_vec one = { buf, MIN(len, (unsigned)INT32_MAX) };
    struct at_target t;
    struct io io;
    long n = at_get_fd(fd, false, &t);

    if (n)
        return n;
    io_init(&io, &one, 1);
    n = readdir_io(t.file, &io);
    at_put(&t);
    return n;
}

/* The old records have the type last and the name one byte earlier: the same
 * length, so they are made in place. */
static void records_make_old(uint8_t *buf, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint8_t *record = buf + at;
        uint16_t record_len;
        uint8_t type = record[18];

        memcpy(&record_len, record + 16, 2);
        memmove(record + 18, record + DIRENT_HEADER_LEN,
                record_len - DIRENT_HEADER_LEN);
        record[record_len - 1] = type;
        at += record_len;
    }
}

long sys_getdents(int fd, uaddr_t buf, unsigned len)
{
    size_t cap = MIN(len, OLD_BUF_LEN_MAX);
    struct at_target t;
    struct io_vec one;
    struct io io;
    uint64_t pos;
    uint8_t *records;
    long n = at_get_fd(fd, false, &t);

    if (n)
        return n;
    records = kmalloc(cap + 1);
    if (!records) {
        at_put(&t);
        return -ENOMEM;
    }
    pos = t.file->pos;
    io_init_kernel(&io, &one, records, cap);
    n = readdir_io(t.file, &io);
    if (n > 0) {
        records_make_old(records, (size_t)n);
        if (copy_to_user(buf, records, (size_t)n)) {
            t.file->pos = pos;
            n = -EFAULT;
        }
    }
    kfree(records);
    at_put(&t);
    return n;
}

long sys_getcwd(uaddr_t buf, size_t len)
{
    struct dentry *cwd = thread_current()->fs->cwd;
    char *path;
    long n;

    if (cwd->removed)
        return -ENOENT;
    path = kmalloc(PATH_MAX);
    if (!path)
        return -ENOMEM;
    n = dentry_path(cwd, path, PATH_MAX);
    if (n >= 0) {
        n++; /* the NUL counts */
        if ((size_t)n > len)
            n = -ERANGE;
        else if (copy_to_user(buf, path, (size_t)n))
            n = -EFAULT;
    }
    kfree(path);
    return n;
}

/* Takes over d. */
static int context_set(struct dentry **place, struct dentry *d)
{
    int err = 0;

    if (!S_ISDIR(d->inode->mode))
        err = -ENOTDIR;
    else
        err = inode_access_mode(d->inode, MAY_EXEC);
    if (err) {
        dentry_put(d);
        return err;
    }
    dentry_put(*place);
    *place = d;
    return 0;
}

long sys_chdir(uaddr_t path)
{
    struct dentry *d;
    int err =
        path_lookup_user(AT_FDCWD, path, PATH_FOLLOW | PATH_DIRECTORY, &d);

    return err ? err : context_set(&thread_current()->fs->cwd, d);
}

long sys_fchdir(int fd)
{
    struct at_target t;
    int err = at_get_fd(fd, true, &t);

    if (err)
        return err;
    if (t.dentry)
        err = context_set(&thread_current()->fs->cwd, dentry_get(t.dentry));
    else
        err = -ENOTDIR;
    at_put(&t);
    return err;
}

long sys_chroot(uaddr_t path)
{
    struct dentry *d;
    int err =
        path_lookup_user(AT_FDCWD, path, PATH_FOLLOW | PATH_DIRECTORY, &d);

    if (err)
        return err;
    if (!cred_is_root()) {
        dentry_put(d);
        return -EPERM;
    }
    return context_set(&thread_current()->fs->root, d);
}
