/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signalfd.c - signals read from a descriptor, signalfd(2).
 *
 * The file lives here, not in kernel/fs, since signals are above that layer.
 */
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/signalfd.h>

#include "core/errno.h"
#include "mm/heap.h"
#include "process/signal.h"
#include "syscall/fd.h"
#include "syscall/syscall.h"

#define SIGKILL_NR 9
#define SIGSTOP_NR 19

struct signalfd {
    uint64_t mask;
};

static int put_one(struct io *io, const struct signal_info *s)
{
    struct signalfd_siginfo out = {
        .ssi_signo = (uint32_t)s->signo,
        .ssi_errno = s->err,
        .ssi_code = s->code,
        .ssi_pid = (uint32_t)s->pid,
        .ssi_uid = s->uid,
        .ssi_tid = (uint32_t)s->timer_id,
        .ssi_overrun = (uint32_t)s->overrun,
        .ssi_int = (int32_t)s->value,
        .ssi_ptr = s->value,
        .ssi_addr = s->addr,
    };

    return io_put(io, &out, sizeof(out)) == sizeof(out) ? 0 : -EFAULT;
}

static ssize_t signalfd_read(struct file *f, struct io *io, uint64_t *pos)
{
    const struct signalfd *s = f->private;
    struct signal_info info;
    ssize_t done = 0;

    (void)pos;
    if (io->left < sizeof(struct signalfd_siginfo))
        return -EINVAL;
    while (io->left >= sizeof(struct signalfd_siginfo)) {
        int err = 0;

        if (signal_dequeue(s->mask, &info)) {
            err = put_one(io, &info);
            if (err)
                return done ? done : err;
            done += (ssize_t)sizeof(struct signalfd_siginfo);
            continue;
        }
        if (done)
            break;
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        err = waitq_sleep(signal_watchers(), WAIT_FOREVER);
        if (err)
            return err;
    }
    return done;
}

static unsigned signalfd_poll(struct file *f, struct poll_table *table)
{
    const struct signalfd *s = f->private;

    poll_wait(table, signal_watchers());
    return signal_pending_set() & s->mask ? EPOLLIN | EPOLLRDNORM : 0;
}

static void signalfd_release(struct file *f)
{
    kfree(f->private);
}

static const struct file_ops signalfd_ops = {
    .read = signalfd_read,
    .poll = signalfd_poll,
    .release = signalfd_release,
    .kind = "anon_inode:[signalfd]",
};

static long signalfd_change(int fd, uint64_t mask)
{
    struct file *f = fd_get(fd);
    bool is_ours;

    if (!f)
        return -EBADF;
    is_ours = f->ops == &signalfd_ops;
    if (is_ours)
        ((struct signalfd *)f->private)->mask = mask;
    file_put(f);
    if (!is_ours)
        return -EINVAL;
    waitq_wake_all(signal_watchers());
    return fd;
}

long sys_signalfd4(int fd, uaddr_t user_mask, size_t mask_len, int flags)
{
    struct signalfd *s;
    struct file *f;
    uint64_t mask;

    if ((flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) || mask_len != sizeof(mask))
        return -EINVAL;
    if (user_get64(&mask, user_mask) != 0)
        return -EFAULT;
    mask &= ~(SIGNAL_BIT(SIGKILL_NR) | SIGNAL_BIT(SIGSTOP_NR));
    if (fd != -1)
        return signalfd_change(fd, mask);
    s = kmalloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->mask = mask;
    f = file_create(&signalfd_ops, O_RDWR | ((unsigned)flags & SFD_NONBLOCK),
                    s);
    if (!f) {
        kfree(s);
        return -ENOMEM;
    }
    return fd_give(f, flags & SFD_CLOEXEC);
}

long sys_signalfd(int fd, uaddr_t mask, size_t mask_len)
{
    return sys_signalfd4(fd, mask, mask_len, 0);
}
