/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer.c - the positioned and vectored forms of read(2) and write(2), and
 * lseek(2). They run without the kernel lock, but for those with flags, and
 * take it for files that want it.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "core/errno.h"
#include "syscall/at.h"
#include "syscall/syscall.h"
#include "syscall/transfer.h"

#define RWF_KNOWN (RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND)

struct transfer {
    int fd;
    bool is_write;
    bool is_positioned;
    off_t pos;
    unsigned flags; /* RWF_* */
};

static ssize_t write_at(const struct transfer *t, struct file *f, struct io *io,
                        uint64_t *pos)
{
    unsigned saved = f->flags;
    ssize_t done;

    if (UNLIKELY(t->flags & RWF_APPEND))
        f->flags |= O_APPEND;
    done = file_write(f, io, pos);
    if (UNLIKELY(t->flags & RWF_APPEND) && !(saved & O_APPEND))
        f->flags &= ~(unsigned)O_APPEND;
    return write_signals(f, done);
}

static ssize_t transfer_do(const struct transfer *t, struct file *f,
                           struct io *io)
{
    uint64_t own = (uint64_t)t->pos;
    uint64_t *pos = t->is_positioned ? &own : &f->pos;
    ssize_t done;

    if (!t->is_positioned)
        file_pos_enter(f);
    done = t->is_write ? write_at(t, f, io, pos) : file_read(f, io, pos);
    if (!t->is_positioned)
        file_pos_leave(f);
    return done;
}

static ssize_t transfer(const struct transfer *t, const struct io_vec *vec,
                        size_t count)
{
    struct file *f = fd_get(t->fd);
    bool was_taken;
    struct io io;
    ssize_t done;

    if (!f)
        return -EBADF;
    io_init(&io, vec, count);
    was_taken = !(t->is_write ? f->ops->write_plain : f->ops->read_plain) &&
                kernel_lock_enter();
    if (t->is_positioned && !f->ops->seek)
        done = (f->flags & O_PATH) ? -EBADF : -ESPIPE;
    else
        done = transfer_do(t, f, &io);
    kernel_lock_leave(was_taken);
    transfer_account(t->is_write, done);
    file_put(f);
    return done;
}

static ssize_t transfer_one(const struct transfer *t, uaddr_t buf, size_t len)
{
    struct io_vec one = { buf, MIN(len, IO_LEN_MAX) };

    if (t->is_positioned && t->pos < 0)
        return -EINVAL;
    if (UNLIKELY((ssize_t)len < 0)) {
        struct file *f = fd_get(t->fd);

        if (!f)
            return -EBADF;
        file_put(f);
        return -EFAULT;
    }
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
    const struct transfer t = { fd, false, false, 0, 0 };

    return transfer_vec(&t, vec, count);
}

long sys_writev(int fd, uaddr_t vec, unsigned long count)
{
    const struct transfer t = { fd, true, false, 0, 0 };

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

/* A function of its own, which has registers to lose. */
static NOINLINE off_t seek(int fd, off_t off, int whence)
{
    struct file *f = fd_get(fd);
    off_t pos = -ESPIPE;
    bool was_taken;

    if (!f)
        return -EBADF;
    was_taken = !f->ops->read_plain && kernel_lock_enter_seldom();
    if (f->flags & O_PATH) {
        pos = -EBADF;
    } else if (f->ops->seek) {
        file_pos_enter(f);
        pos = f->ops->seek(f, off, whence);
        file_pos_leave(f);
    }
    kernel_lock_leave(was_taken);
    file_put(f);
    return pos;
}

long sys_lseek(int fd, off_t off, int whence)
{
    return seek(fd, off, whence);
}
