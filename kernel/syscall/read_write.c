/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_write.c - read(2), write(2) and their positioned and vectored forms.
 *
 * read() and write() run without the kernel lock, which they take for files
 * that want it.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "core/errno.h"
#include "fs/fdtable.h"
#include "fs/notify.h"
#include "sched/process.h"
#include "syscall/at.h"
#include "syscall/syscall.h"

#define RWF_KNOWN (RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND)

struct transfer {
    int fd;
    bool is_write;
    bool is_positioned;
    off_t pos;
    unsigned flags; /* RWF_* */
};

static ssize_t transfer_do(const struct transfer *t, struct file *f,
                           struct io *io)
{
    uint64_t own = (uint64_t)t->pos;
    uint64_t *pos = t->is_positioned ? &own : &f->pos;
    unsigned saved = f->flags;
    ssize_t done;

    if (!t->is_write)
        return file_read(f, io, pos);
    if (UNLIKELY(t->flags & RWF_APPEND))
        f->flags |= O_APPEND;
    done = file_write(f, io, pos);
    if (UNLIKELY(t->flags & RWF_APPEND) && !(saved & O_APPEND))
        f->flags &= ~(unsigned)O_APPEND;
    return write_signals(f, done);
}

static inline void account(bool is_write, ssize_t done)
{
    struct thread *t = thread_current();

    t->io[2 + is_write]++;
    if (done > 0)
        t->io[is_write] += (size_t)done;
}

static ssize_t transfer(const struct transfer *t, const struct io_vec *vec,
                        size_t count)
{
    struct file *f = fd_get(t->fd);
    struct io io;
    ssize_t done;

    if (!f)
        return -EBADF;
    io_init(&io, vec, count);
    if (t->is_positioned && !f->ops->seek)
        done = (f->flags & O_PATH) ? -EBADF : -ESPIPE;
    else
        done = transfer_do(t, f, &io);
    account(t->is_write, done);
    file_put(f);
    return done;
}

static ssize_t transfer_one(const struct transfer *t, uaddr_t buf, size_t len)
{
    struct io_vec one = { buf, MIN(len, IO_LEN_MAX) };

    if (t->is_positioned && t->pos < 0)
        return -EINVAL;
    if (len > 0 && (ssize_t)len < 0)
        return fd_next(t->fd) == t->fd ? -EFAULT : -EBADF;
    return transfer(t, &one, 1);
}

static ssize_t transfer_vec(const struct transfer *t, uaddr_t vec,
                            unsigned long count)
{
    struct io_vec fast[IO_VEC_FAST_COUNT], *v;
    ssize_t done;
    int err;

    if (t->flags & ~(unsigned)RWF_KNOWN)
        return -EOPNOTSUPP;
    if (t->is_positioned && t->pos < 0)
        return -EINVAL;
    err = io_vec_get(vec, count, fast, &v);
    if (err)
        return err;
    done = transfer(t, v, count);
    io_vec_free(v, fast);
    return done;
}

static inline bool is_usual(size_t len)
{
    return len - 1 < PAGE_SIZE && LIKELY(!notify_watch_count);
}

/* Nothing but a buffer at the file's own position, as nearly all are. */
long sys_read(int fd, uaddr_t buf, size_t len)
{
    struct file *f = fd_get_quick(fd);
    ssize_t done;

    if (UNLIKELY(!f))
        return -EBADF;
    if (!f->ops->read_plain)
        done = file_read_locked(f, buf, len);
    else if (is_usual(len))
        done = f->ops->read_plain(f, buf, len);
    else
        done = file_read_free(f, buf, len);
    account(false, done);
    file_put_quick(f);
    return done;
}

long sys_write(int fd, uaddr_t buf, size_t len)
{
    struct file *f = fd_get_quick(fd);
    ssize_t done;

    if (UNLIKELY(!f))
        return -EBADF;
    if (!f->ops->write_plain)
        done = file_write_locked(f, buf, len);
    else if (is_usual(len))
        done = f->ops->write_plain(f, buf, len);
    else
        done = file_write_free(f, buf, len);
    done = write_signals(f, done);
    account(true, done);
    file_put_quick(f);
    return done;
}

long sys_pread64(int fd, uaddr_t buf, size_t len, off_t off)
{
    const struct transfer t = { .fd = fd, .is_positioned = true, .pos = off };

    return transfer_one(&t, buf, len);
}

long sys_pwrite64(int fd, uaddr_t buf, size_t len, off_t off)
{
    const struct transfer t = {
        .fd = fd, .is_write = true, .is_positioned = true, .pos = off
    };

    return transfer_one(&t, buf, len);
}

long sys_readv(int fd, uaddr_t vec, unsigned long count)
{
    const struct transfer t = { .fd = fd };

    return transfer_vec(&t, vec, count);
}

long sys_writev(int fd, uaddr_t vec, unsigned long count)
{
    const struct transfer t = { .fd = fd, .is_write = true };

    return transfer_vec(&t, vec, count);
}

long sys_preadv(int fd, uaddr_t vec, unsigned long count, off_t off)
{
    const struct transfer t = { .fd = fd, .is_positioned = true, .pos = off };

    return transfer_vec(&t, vec, count);
}

long sys_pwritev(int fd, uaddr_t vec, unsigned long count, off_t off)
{
    const struct transfer t = {
        .fd = fd, .is_write = true, .is_positioned = true, .pos = off
    };

    return transfer_vec(&t, vec, count);
}

/* Offset -1 means the file's position; the high half is for 32-bit callers. */
long sys_preadv2(int fd, uaddr_t vec, unsigned long count, off_t off,
                 unsigned long off_high, int flags)
{
    const struct transfer t = { .fd = fd,
                                .is_positioned = off != -1,
                                .pos = off,
                                .flags = (unsigned)flags };

    (void)off_high;
    return transfer_vec(&t, vec, count);
}

long sys_pwritev2(int fd, uaddr_t vec, unsigned long count, off_t off,
                  unsigned long off_high, int flags)
{
    const struct transfer t = { .fd = fd,
                                .is_write = true,
                                .is_positioned = off != -1,
                                .pos = off,
                                .flags = (unsigned)flags };

    (void)off_high;
    return transfer_vec(&t, vec, count);
}

long sys_lseek(int fd, off_t off, int whence)
{
    struct file *f = fd_get(fd);
    off_t pos;

    if (!f)
        return -EBADF;
    if (f->flags & O_PATH)
        pos = -EBADF;
    else
        pos = f->ops->seek ? f->ops->seek(f, off, whence) : -ESPIPE;
    file_put(f);
    return pos;
}
