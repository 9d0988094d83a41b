/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe_file.c - the files of a pipe, pipe(2), and FIFOs: all but the bytes.
 */
#include <asm/ioctls.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "fs/dentry.h"
#include "fs/pipe.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "sched/process.h"
#include "time/clock.h"

#define PIPE_SLOTS_MAX 256u /* 1 MiB, Linux's pipe-max-size */

static struct pipe *numbered_pipe(void)
{
    static uint64_t next_ino = 1;
    struct pipe *p = pipe_new();

    if (!p)
        return NULL;
    p->created_ns = clock_real_ns();
    p->ino = next_ino++;
    return p;
}

static size_t pipe_bytes(struct pipe *p)
{
    size_t len = 0;

    spin_lock(&p->lock);
    for (unsigned i = 0; i < p->count; i++)
        len += pipe_slot(p, i)->len;
    spin_unlock(&p->lock);
    return len;
}

/* Without a lock: who adds himself to a queue takes it, so that what changes
 * after wakes him, and what changed before is seen here. */
static unsigned pipe_poll(struct file *f, struct poll_table *table)
{
    struct pipe *p = f->private;
    unsigned events = 0;
    unsigned mode = f->flags & O_ACCMODE;

    if (mode != O_WRONLY) {
        poll_wait(table, &p->readable);
        if (p->count > 0)
            events |= EPOLLIN | EPOLLRDNORM;
        if (p->writers == 0 && p->writer_count != f->pos)
            events |= EPOLLHUP;
    }
    if (mode != O_RDONLY) {
        poll_wait(table, &p->writable);
        if (p->count < p->slot_max)
            events |= EPOLLOUT | EPOLLWRNORM;
        if (p->readers == 0)
            events |= EPOLLERR;
    }
    return events;
}

static long pipe_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    struct pipe *p = f->private;

    if (cmd == FIONREAD)
        return user_put32(arg, (uint32_t)pipe_bytes(p));
    return -ENOTTY;
}

/* Exchange the slots. Result: those to be freed. */
static struct pipe_slot *slots_replace(struct pipe *p, struct pipe_slot *slots,
                                       unsigned slot_max)
{
    struct pipe_slot *old = slots;

    spin_lock(&p->lock);
    if (slot_max >= p->count + (p->filling != PIPE_FREE)) {
        for (unsigned i = 0; i < p->count; i++)
            slots[i] = *pipe_slot(p, i);
        old = p->slots;
        p->slots = slots;
        p->slot_max = slot_max;
        p->head = 0;
        waitq_wake_all(&p->writable);
    }
    spin_unlock(&p->lock);
    return old;
}

static long pipe_resize(struct pipe *p, unsigned long len)
{
    struct pipe_slot *slots, *old;
    unsigned slot_max = 1;

    if (len > (1ul << 31))
        return -EINVAL;
    while (slot_max * PAGE_SIZE < len)
        slot_max *= 2;
    if (slot_max > PIPE_SLOTS_MAX && slot_max > p->slot_max && !cred_is_root())
        return -EPERM;
    slots = kzalloc(slot_max * sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    old = slots_replace(p, slots, slot_max);
    kfree(old);
    return old == slots ? -EBUSY : (long)(slot_max * PAGE_SIZE);
}

static long pipe_fcntl(struct file *f, unsigned cmd, unsigned long arg)
{
    struct pipe *p = f->private;

    if (cmd == F_GETPIPE_SZ)
        return (long)(p->slot_max * PAGE_SIZE);
    if (cmd == F_SETPIPE_SZ)
        return pipe_resize(p, (unsigned)arg);
    return -EINVAL;
}

static int pipe_fallocate(struct file *f, int mode, uint64_t off, uint64_t len)
{
    (void)f, (void)mode, (void)off, (void)len;
    return -ESPIPE;
}

static int pipe_stat(struct file *f, struct kstat *out)
{
    const struct pipe *p = f->private;
    const struct process *self = process_current();

    *out = (struct kstat){
        .dev = DEV_MAKE(0, 12),
        .ino = p->ino,
        .nlink = 1,
        .mode = S_IFIFO | 0600,
        .uid = self->euid,
        .gid = self->egid,
        .blksize = PAGE_SIZE,
        .atime_ns = p->created_ns,
        .mtime_ns = p->created_ns,
        .ctime_ns = p->created_ns,
    };
    return 0;
}

static const struct file_ops fifo_ops;

static void pipe_release(struct file *f)
{
    struct pipe *p = f->private;
    unsigned mode = f->flags & O_ACCMODE;
    bool is_last;

    if (!p)
        return; /* the open of a FIFO failed */
    spin_lock(&p->lock);
    p->readers -= mode != O_WRONLY;
    p->writers -= mode != O_RDONLY;
    is_last = p->readers == 0 && p->writers == 0;
    waitq_wake_all(&p->readable);
    waitq_wake_all(&p->writable);
    spin_unlock(&p->lock);
    if (!is_last)
        return;
    if (f->ops == &fifo_ops)
        f->inode->private = NULL;
    pipe_free(p);
}

static const struct file_ops pipe_ops;

struct pipe *pipe_of(const struct file *f)
{
    return f->ops == &pipe_ops || f->ops == &fifo_ops ? f->private : NULL;
}

static const struct file_ops pipe_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .read_plain = pipe_read_plain,
    .write_plain = pipe_write_plain,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .fcntl = pipe_fcntl,
    .fallocate = pipe_fallocate,
    .stat = pipe_stat,
    .release = pipe_release,
    .is_free = true,
    .kind = "pipe",
};

/* A FIFO has a name: its inode answers fstat. */
static const struct file_ops fifo_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .read_plain = pipe_read_plain,
    .write_plain = pipe_write_plain,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .fcntl = pipe_fcntl,
    .fallocate = pipe_fallocate,
    .release = pipe_release,
    .kind = "fifo",
};

int pipe_create(unsigned flags, struct file *ends_out[2])
{
    struct pipe *p = numbered_pipe();

    if (!p)
        return -ENOMEM;
    flags &= O_NONBLOCK | O_DIRECT;
    ends_out[0] = file_create(&pipe_ops, O_RDONLY | (flags & ~O_DIRECT), p);
    if (!ends_out[0])
        goto free_pipe;
    ends_out[1] = file_create(&pipe_ops, O_WRONLY | flags, p);
    if (!ends_out[1])
        goto put_reader;
    p->readers = p->reader_count = 1;
    p->writers = p->writer_count = 1;
    return 0;

put_reader:
    ends_out[0]->private = NULL; /* the pipe is freed below */
    file_put(ends_out[0]);
free_pipe:
    pipe_free(p);
    return -ENOMEM;
}

/* Wait until the count of the other end's opens moves on. */
static int wait_for_partner(const unsigned *count, struct waitq *q)
{
    unsigned seen = *count;

    while (*count == seen) {
        int err = waitq_sleep(q, WAIT_FOREVER);

        if (err)
            return err;
    }
    return 0;
}

int pipe_reopen(struct file *old, struct file *f)
{
    unsigned mode = f->flags & O_ACCMODE;
    struct pipe *p = old->private;

    if (old->ops != &pipe_ops)
        return -ENXIO;
    f->ops = &pipe_ops;
    f->private = p;
    spin_lock(&p->lock);
    p->readers += mode != O_WRONLY;
    p->writers += mode != O_RDONLY;
    spin_unlock(&p->lock);
    return 0;
}

/* One more is open; sleep until the other end is, if that is to be. */
static int fifo_join(struct pipe *p, struct file *f, unsigned mode)
{
    int err = 0;

    spin_lock(&p->lock);
    if (mode != O_WRONLY) {
        p->readers++;
        p->reader_count++;
        waitq_wake_all(&p->writable);
    }
    if (mode != O_RDONLY) {
        p->writers++;
        p->writer_count++;
        waitq_wake_all(&p->readable);
    }
    /* Opened too early to know of a writer: no hang-up before one came. */
    if (mode == O_RDONLY && p->writers == 0 && (f->flags & O_NONBLOCK))
        f->pos = p->writer_count;
    else if (mode == O_RDONLY && p->writers == 0)
        err = wait_for_partner(&p->writer_count, &p->readable);
    else if (mode == O_WRONLY && p->readers == 0)
        err = wait_for_partner(&p->reader_count, &p->writable);
    spin_unlock(&p->lock);
    return err;
}

int fifo_open(struct inode *i, struct file *f)
{
    struct pipe *p = i->private;
    unsigned mode = f->flags & O_ACCMODE;
    int err;

    if (mode == O_WRONLY && (f->flags & O_NONBLOCK) && (!p || p->readers == 0))
        return -ENXIO;
    if (!p) {
        p = numbered_pipe();
        if (!p)
            return -ENOMEM;
        i->private = p;
    }
    f->ops = &fifo_ops;
    f->private = p;
    err = fifo_join(p, f, mode);
    if (err) { /* the VFS does not release a file that did not open */
        pipe_release(f);
        f->private = NULL;
    }
    return err;
}
