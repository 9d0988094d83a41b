/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * copy.c - sendfile(2), copy_file_range(2), and the sync and advice calls.
 */
#include <linux/fadvise.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "fs/notify.h"
#include "fs/pipe.h"
#include "mm/page.h"
#include "syscall/at.h"
#include "syscall/syscall.h"

/* Absent in a kernel that makes no pipes. */
#pragma weak pipe_of
#pragma weak pipe_from_file

/* Bytes of a file: where they lie, or read into a page. */
struct source {
    const void *ptr;
    paddr_t page; /* to be put; 0: none */
};

static ssize_t source_get(struct source *s, struct file *in, uint64_t pos,
                          size_t len)
{
    struct io_vec one;
    struct io io;
    ssize_t n;

    if (in->ops->lend && file_can_read(in)) {
        n = (ssize_t)in->ops->lend(in, pos, len, &s->ptr, &s->page);
        if (n > 0) {
            notify_file(in, IN_ACCESS);
            return n;
        }
    }
    s->page = page_alloc();
    if (s->page == 0)
        return -ENOMEM;
    s->ptr = page_ptr(s->page);
    io_init_kernel(&io, &one, page_ptr(s->page), len);
    n = file_read(in, &io, &pos);
    if (n <= 0)
        page_put(s->page);
    return n;
}

/* By pages: short writes of the target set the pace. */
static COLD ssize_t copy_bytes(struct file *in, uint64_t *in_pos,
                               struct file *out, uint64_t *out_pos, size_t len)
{
    size_t done = 0;
    ssize_t n = 0;

    while (done < len) {
        struct source s;
        struct io_vec one;
        struct io io;
        ssize_t got;

        got = n = source_get(&s, in, *in_pos, MIN(len - done, PAGE_SIZE));
        if (n <= 0)
            break;
        io_init_kernel(&io, &one, (void *)(uintptr_t)s.ptr, (size_t)got);
        n = write_signals(out, file_write(out, &io, out_pos));
        if (s.page)
            page_put(s.page);
        if (n <= 0)
            break;
        done += (size_t)n;
        *in_pos += (uint64_t)n;
        if (n < got)
            break;
    }
    return done > 0 ? (ssize_t)done : n;
}

/* A pointer to an offset overrides the file's position, of which a copy is used
 * as on Linux: others may move it meanwhile. */
struct place {
    struct file *file;
    uaddr_t off_ptr;
    uint64_t pos;
};

static int place_get(struct place *p, int fd, uaddr_t off_ptr)
{
    p->off_ptr = off_ptr;
    p->file = fd_get(fd);
    if (!p->file)
        return -EBADF;
    p->pos = p->file->pos;
    if (off_ptr == 0)
        return 0;
    if (!p->file->ops->seek)
        return -ESPIPE;
    if (user_get64(&p->pos, off_ptr))
        return -EFAULT;
    return (int64_t)p->pos < 0 ? -EINVAL : 0;
}

static ssize_t place_put(struct place *p, ssize_t result)
{
    if (!p->file)
        return result;
    if (result > 0 && !p->off_ptr && p->file->ops->seek)
        file_pos_set(p->file, p->pos);
    if (result >= 0 && p->off_ptr && user_put64(p->off_ptr, p->pos))
        result = -EFAULT;
    file_put(p->file);
    return result;
}

long sys_sendfile(int out_fd, int in_fd, uaddr_t off, size_t len)
{
    struct place in = { 0 }, out = { 0 };
    ssize_t n = place_get(&in, in_fd, off);

    if (!n)
        n = place_get(&out, out_fd, 0);
    if (!n && (in.file->flags & O_ACCMODE) == O_WRONLY)
        n = -EBADF;
    if (!n && (out.file->flags & O_ACCMODE) == O_RDONLY)
        n = -EBADF;
    if (!n && (out.file->flags & O_APPEND))
        n = -EINVAL;
    if (!n && (!in.file->ops->seek ||
               (in.file->inode && S_ISDIR(in.file->inode->mode))))
        n = -EINVAL; /* what cannot be mapped or paged is no source */
    len = MIN(len, IO_LEN_MAX);
    if (!n && pipe_of && pipe_of(out.file)) /* as splice: what fits */
        n = write_signals(out.file,
                          pipe_from_file(pipe_of(out.file), in.file, &in.pos,
                                         len, out.file->flags & O_NONBLOCK));
    else if (!n)
        n = copy_bytes(in.file, &in.pos, out.file, &out.pos, len);
    n = place_put(&out, n);
    return place_put(&in, n);
}

static int range_check(const struct place *in, const struct place *out,
                       size_t *len_io)
{
    const struct inode *from = in->file->inode, *to = out->file->inode;
    size_t len = *len_io;

    if ((in->file->flags | out->file->flags) & O_PATH)
        return -EBADF;
    if ((from && S_ISDIR(from->mode)) || (to && S_ISDIR(to->mode)))
        return -EISDIR;
    if (!from || !to || !S_ISREG(from->mode) || !S_ISREG(to->mode))
        return -EINVAL;
    if (!file_can_read(in->file) || !file_can_write(out->file) ||
        (out->file->flags & O_APPEND))
        return -EBADF;
    if (from->sb != to->sb)
        return -EXDEV;
    if (in->pos + len < in->pos || out->pos + len < out->pos)
        return -EOVERFLOW;
    len = *len_io = in->pos < from->size ? MIN(len, from->size - in->pos) : 0;
    if (from == to && in->pos < out->pos + len && out->pos < in->pos + len)
        return -EINVAL;
    return 0;
}

COLD long sys_copy_file_range(int in_fd, uaddr_t in_off, int out_fd,
                              uaddr_t out_off, size_t len, unsigned flags)
{
    struct place in = { 0 }, out = { 0 };
    ssize_t n;

    if (flags != 0)
        return -EINVAL;
    len = MIN(len, IO_LEN_MAX);
    n = place_get(&in, in_fd, in_off);
    if (!n)
        n = place_get(&out, out_fd, out_off);
    if (!n)
        n = range_check(&in, &out, &len);
    if (!n)
        n = copy_bytes(in.file, &in.pos, out.file, &out.pos, len);
    n = place_put(&out, n);
    return place_put(&in, n);
}

static long sync_fd(int fd)
{
    struct at_target t;
    int err = at_get_fd(fd, false, &t);

    if (err)
        return err;
    err = t.file->ops->sync ? t.file->ops->sync(t.file) : -EINVAL;
    at_put(&t);
    return err;
}

long sys_fsync(int fd)
{
    return sync_fd(fd);
}

long sys_fdatasync(int fd)
{
    return sync_fd(fd);
}

long sys_sync(void)
{
    return 0; /* nothing outlives the guest yet */
}

long sys_syncfs(int fd)
{
    struct at_target t;
    int err = at_get_fd(fd, false, &t);

    if (!err)
        at_put(&t);
    return err;
}

/* Calls that only look at the descriptor: what kind of file is it? */
static int need_regular(int fd, int pipe_err, int other_err)
{
    struct at_target t;
    int err = at_get_fd(fd, false, &t);

    if (err)
        return err;
    if (!t.file->ops->seek)
        err = pipe_err;
    else if (!t.inode || (!S_ISREG(t.inode->mode) && !S_ISDIR(t.inode->mode)))
        err = other_err;
    at_put(&t);
    return err;
}

long sys_sync_file_range(int fd, off_t off, off_t len, unsigned flags)
{
    off_t end;

    if (flags & ~7u || off < 0 || len < 0 ||
        __builtin_add_overflow(off, len, &end))
        return -EINVAL;
    return need_regular(fd, -ESPIPE, -ESPIPE);
}

long sys_fadvise64(int fd, off_t off, size_t len, int advice)
{
    (void)off;
    if ((ssize_t)len < 0)
        return -EINVAL;
    if (advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
        return need_regular(fd, -ESPIPE, -EINVAL) ?: -EINVAL;
    return need_regular(fd, -ESPIPE, 0);
}

long sys_readahead(int fd, off_t off, size_t len)
{
    struct at_target t;
    int err = at_get_fd(fd, false, &t);

    (void)off, (void)len;
    if (err)
        return err;
    if ((t.file->flags & O_ACCMODE) == O_WRONLY)
        err = -EBADF;
    else if (!t.inode || !S_ISREG(t.inode->mode))
        err = -EINVAL;
    at_put(&t);
    return err;
}

/* File handles would have to stay valid across eviction; nobody who runs in a
 * guest of one program exports files. */
long sys_name_to_handle_at(int dirfd, uaddr_t path, uaddr_t handle,
                           uaddr_t mount_id, int flags)
{
    (void)dirfd, (void)path, (void)handle, (void)mount_id, (void)flags;
    return -EOPNOTSUPP;
}

long sys_open_by_handle_at(int mount_fd, uaddr_t handle, int flags)
{
    (void)mount_fd, (void)handle, (void)flags;
    return -EOPNOTSUPP;
}
