/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe.c - pipe(2), splice(2), tee(2), vmsplice(2).
 */
#include <linux/fcntl.h>

#include "core/errno.h"
#include "fs/pipe.h"
#include "fs/special.h"
#include "syscall/at.h"
#include "syscall/fd.h"
#include "syscall/syscall.h"

#define SPLICE_ALL      0x0fu /* SPLICE_F_MOVE, _NONBLOCK, _MORE, _GIFT */
#define SPLICE_NONBLOCK 0x02u

long sys_pipe2(uaddr_t fds, int flags)
{
    struct file *ends[2];
    int fd[2], err;

    if (flags & ~(O_CLOEXEC | O_DIRECT | O_NONBLOCK))
        return -EINVAL;
    err = pipe_create((unsigned)flags, ends);
    if (err)
        return err;
    fd[0] = (int)fd_give(ends[0], flags & O_CLOEXEC);
    if (fd[0] < 0) {
        file_put(ends[1]);
        return fd[0];
    }
    fd[1] = (int)fd_give(ends[1], flags & O_CLOEXEC);
    if (fd[1] < 0) {
        err = fd_close(fd[0]);
        return err ? err : fd[1];
    }
    if (copy_to_user(fds, fd, sizeof(fd)) == 0)
        return 0;
    for (unsigned i = 0; i < 2; i++)
        err = fd_close(fd[i]);
    return err ? err : -EFAULT;
}

long sys_pipe(uaddr_t fds)
{
    return sys_pipe2(fds, 0);
}

/* One end's position: the program's word, or the file's own, a copy as on
 * Linux: others may move that meanwhile. */
static int offset_get(struct file *f, uaddr_t user, uint64_t *pos)
{
    *pos = f->pos;
    if (!user)
        return 0;
    if (pipe_of(f))
        return -ESPIPE;
    if (!f->ops->seek)
        return -EINVAL;
    if (user_get64(pos, user) != 0)
        return -EFAULT;
    return (int64_t)*pos < 0 ? -EINVAL : 0;
}

static int offset_put(struct file *f, uaddr_t user, uint64_t pos)
{
    if (user)
        return user_put64(user, pos);
    if (!pipe_of(f))
        file_pos_set(f, pos);
    return 0;
}

static ssize_t splice_pos(struct file *in, uint64_t *in_pos, struct file *out,
                          uint64_t *out_pos, size_t len, bool nonblock)
{
    struct pipe *from = pipe_of(in), *to = pipe_of(out);

    if (from && to) {
        nonblock |= ((in->flags | out->flags) & O_NONBLOCK) != 0;
        return from == to ? -EINVAL
                          : pipe_to_pipe(from, to, len, nonblock, false);
    }
    if (from) {
        nonblock |= (in->flags & O_NONBLOCK) != 0;
        return out->flags & O_APPEND
                   ? -EINVAL
                   : pipe_to_file(from, out, out_pos, len, nonblock);
    }
    nonblock |= (out->flags & O_NONBLOCK) != 0;
    return to ? pipe_from_file(to, in, in_pos, len, nonblock) : -EINVAL;
}

static ssize_t splice_files(struct file *in, uaddr_t off_in, struct file *out,
                            uaddr_t off_out, size_t len, unsigned flags)
{
    uint64_t in_pos, out_pos;
    ssize_t n;
    int err;

    if (!file_can_read(in) || !file_can_write(out))
        return -EBADF;
    err = offset_get(in, off_in, &in_pos);
    if (!err)
        err = offset_get(out, off_out, &out_pos);
    if (err)
        return err;
    n = splice_pos(in, &in_pos, out, &out_pos, MIN(len, IO_LEN_MAX),
                   flags & SPLICE_NONBLOCK);
    if (n > 0 && (offset_put(in, off_in, in_pos) != 0 ||
                  offset_put(out, off_out, out_pos) != 0))
        return -EFAULT;
    return write_signals(out, n);
}

long sys_splice(int fd_in, uaddr_t off_in, int fd_out, uaddr_t off_out,
                size_t len, unsigned flags)
{
    struct file *in, *out;
    long n = -EBADF;

    if (len == 0)
        return 0;
    if (flags & ~SPLICE_ALL)
        return -EINVAL;
    in = fd_get(fd_in);
    out = fd_get(fd_out);
    if (in && out)
        n = splice_files(in, off_in, out, off_out, len, flags);
    if (in)
        file_put(in);
    if (out)
        file_put(out);
    return n;
}

static ssize_t tee_files(struct file *in, struct file *out, size_t len,
                         unsigned flags)
{
    struct pipe *from = pipe_of(in), *to = pipe_of(out);

    if (!file_can_read(in) || !file_can_write(out))
        return -EBADF;
    if (!from || !to || from == to)
        return -EINVAL;
    flags |= (in->flags | out->flags) & O_NONBLOCK ? SPLICE_NONBLOCK : 0;
    return write_signals(
        out, pipe_to_pipe(from, to, len, flags & SPLICE_NONBLOCK, true));
}

long sys_tee(int fd_in, int fd_out, size_t len, unsigned flags)
{
    struct file *in, *out;
    long n = -EBADF;

    if (flags & ~SPLICE_ALL)
        return -EINVAL;
    if (len == 0)
        return 0;
    in = fd_get(fd_in);
    out = fd_get(fd_out);
    if (in && out)
        n = tee_files(in, out, len, flags);
    if (in)
        file_put(in);
    if (out)
        file_put(out);
    return n;
}

/* Waits for the first byte at most: what does not fit is not written. */
static ssize_t vmsplice(struct file *f, struct io *io, bool nonblock)
{
    struct pipe *p = pipe_of(f);
    ssize_t n;

    if (!file_can_write(f)) {
        n = pipe_wait_data(p, nonblock);
        return n ? MIN(n, 0) : file_read(f, io, &f->pos);
    }
    n = pipe_wait_room(p, nonblock);
    if (!n) {
        io->left = MIN(io->left, (p->slot_max - p->count) * PAGE_SIZE);
        n = file_write(f, io, &f->pos);
    }
    return write_signals(f, n);
}

long sys_vmsplice(int fd, uaddr_t vec, size_t count, unsigned flags)
{
    struct io_vec fast[IO_VEC_FAST_COUNT], *copied;
    struct file *f;
    struct io io;
    long n;

    if (flags & ~SPLICE_ALL)
        return -EINVAL;
    f = fd_get(fd);
    if (!f)
        return -EBADF;
    n = pipe_of(f) ? io_vec_get(vec, count, fast, &copied) : -EBADF;
    if (!n) {
        io_init(&io, copied, count);
        n = io.left ? vmsplice(f, &io, flags & SPLICE_NONBLOCK) : 0;
        io_vec_free(copied, fast);
    }
    file_put(f);
    return n;
}
