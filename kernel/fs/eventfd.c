/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eventfd.c - a counter to wait on, eventfd(2).
 */
#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#include "core/errno.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "sched/wait.h"

#define EFD_SEMAPHORE 1u /* <sys/eventfd.h>: UAPI has none */
#define COUNT_MAX     (UINT64_MAX - 1)

struct eventfd {
    uint64_t count;
    bool is_semaphore;
    struct waitq changed;
};

static ssize_t eventfd_read(struct file *f, struct io *io, uint64_t *pos)
{
    struct eventfd *e = f->private;
    uint64_t value;

    (void)pos;
    if (io->left < sizeof(value))
        return -EINVAL;
    while (e->count == 0) {
        int err;

        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        err = waitq_sleep(&e->changed, WAIT_FOREVER);
        if (err)
            return err;
    }
    value = e->is_semaphore ? 1 : e->count;
    e->count -= value;
    waitq_wake_all(&e->changed);
    if (io_put(io, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    return sizeof(value);
}

static ssize_t eventfd_write(struct file *f, struct io *io, uint64_t *pos)
{
    struct eventfd *e = f->private;
    uint64_t value;

    (void)pos;
    if (io->left < sizeof(value))
        return -EINVAL;
    if (io_get(io, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    if (value == UINT64_MAX)
        return -EINVAL;
    while (COUNT_MAX - e->count < value) {
        int err;

        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        err = waitq_sleep(&e->changed, WAIT_FOREVER);
        if (err)
            return err;
    }
    e->count += value;
    waitq_wake_all(&e->changed);
    return sizeof(value);
}

static unsigned eventfd_poll(struct file *f, struct poll_table *table)
{
    struct eventfd *e = f->private;

    poll_wait(table, &e->changed);
    return (e->count > 0 ? EPOLLIN | EPOLLRDNORM : 0) |
           (e->count < COUNT_MAX ? EPOLLOUT | EPOLLWRNORM : 0);
}

static void eventfd_release(struct file *f)
{
    kfree(f->private);
}

static const struct file_ops eventfd_ops = {
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .release = eventfd_release,
    .kind = "anon_inode:[eventfd]",
};

int eventfd_create(uint32_t count, unsigned flags, struct file **out)
{
    struct eventfd *e = kzalloc(sizeof(*e));

    if (!e)
        return -ENOMEM;
    e->count = count;
    e->is_semaphore = flags & EFD_SEMAPHORE;
    waitq_init(&e->changed);
    *out = file_create(&eventfd_ops, O_RDWR | (flags & O_NONBLOCK), e);
    if (!*out) {
        kfree(e);
        return -ENOMEM;
    }
    return 0;
}
