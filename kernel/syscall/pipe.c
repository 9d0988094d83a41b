/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe.c - pipe(2), splice(2), vmsplice(2); what socket(2) says without a net.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "syscall/at.h"
#include "syscall/fd.h"
#include "syscall/syscall.h"

#define SPLICE_ALL   0x0fu /* SPLICE_F_MOVE, _NONBLOCK, _MORE, _GIFT */
#define SPLICE_CHUNK 65536u

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

static bool is_pipe(struct file *f)
{
    struct kstat st;

    if (f->inode)
        return S_ISFIFO(f->inode->mode);
    return f->ops->stat && f->ops->stat(f, &st) == 0 && S_ISFIFO(st.mode);
}

/* One end's position: the program's word, or the file's own. */
static int offset_get(struct file *f, uaddr_t user, uint64_t *own,
                      uint64_t **pos_out)
{
    *pos_out = &f->pos;
    if (!user)
        return 0;
    if (is_pipe(f))
        return -ESPIPE;
    if (!f->ops->seek)
        return -EINVAL;
    *pos_out = own;
    if (user_get64(own, user) != 0)
        return -EFAULT;
    return (int64_t)*own < 0 ? -EINVAL : 0;
}

/* Read once, write all of it: what a pipe has given cannot be put back. */
static ssize_t copy_once(struct file *in, uint64_t *in_pos, struct file *out,
                         uint64_t *out_pos, size_t len)
{
    struct io_vec vec;
    struct io io;
    ssize_t got, done = 0;
    char *buf;

    len = MIN(len, (size_t)SPLICE_CHUNK);
    buf = kmalloc(len);
    if (!buf)
        return -ENOMEM;
    io_init_kernel(&io, &vec, buf, len);
    got = file_read(in, &io, in_pos);
    while (done < got) {
        ssize_t n;

        io_init_kernel(&io, &vec, buf + done, (size_t)(got - done));
        n = write_signals(out, file_write(out, &io, out_pos));
        if (n <= 0) {
            got = done ? done : n;
            break;
        }
        done += n;
    }
    kfree(buf);
    return got;
}

static ssize_t splice_files(struct file *in, uaddr_t off_in, struct file *out,
                            uaddr_t off_out, size_t len)
{
    uint64_t own_in, own_out, *in_pos, *out_pos;
    ssize_t n;
    int err;

    if (!is_pipe(in) && !is_pipe(out))
        return -EINVAL;
    if (out->flags & O_APPEND)
        return -EINVAL;
    err = offset_get(in, off_in, &own_in, &in_pos);
    if (!err)
        err = offset_get(out, off_out, &own_out, &out_pos);
    if (err)
        return err;
    n = copy_once(in, in_pos, out, out_pos, len);
    if (n > 0 && off_in && user_put64(off_in, own_in) != 0)
        return -EFAULT;
    if (n > 0 && off_out && user_put64(off_out, own_out) != 0)
        return -EFAULT;
    return n;
}

long sys_splice(int fd_in, uaddr_t off_in, int fd_out, uaddr_t off_out,
                size_t len, unsigned flags)
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
        n = splice_files(in, off_in, out, off_out, len);
    if (in)
        file_put(in);
    if (out)
        file_put(out);
    return n;
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
    n = is_pipe(f) ? io_vec_get(vec, count, fast, &copied) : -EBADF;
    if (n >= 0) {
        io_init(&io, copied, count);
        n = (f->flags & O_ACCMODE) == O_RDONLY
                ? file_read(f, &io, &f->pos)
                : write_signals(f, file_write(f, &io, &f->pos));
        io_vec_free(copied, fast);
    }
    file_put(f);
    return n;
}
