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
    struct spinlock lock; /* of all here; none but this is wanted */
    uint64_t count;
    bool is_semaphore;
    struct waitq changed;
};

/* Until the count has changed, if f may wait. */
static int sleep(struct eventfd *e, const struct file *f)
{
    if (f->flags & O_NONBLOCK)
        return -EAGAIN;
    return waitq_sleep(&e->changed, WAIT_FOREVER);
}

static ssize_t eventfd_read(struct file *f, struct io *io, uint64_t *pos)
{
    struct eventfd *e = f->private;
    uint64_t value;
    int err = 0;

    (void)pos;
    if (io->left < sizeof(value))
        return -EINVAL;
    spin_lock(&e->lock);
    while (e->count == 0 && !err)
        err = sleep(e, f);
    if (!err) {
        value = e->is_semaphore ? 1 : e->count;
        e->count -= value;
        waitq_wake_all(&e->changed);
    }
    spin_unlock(&e->lock);
    if (err)
        return err;
    if (io_put(io, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    return sizeof(value);
}

static ssize_t eventfd_write(struct file *f, struct io *io, uint64_t *pos)
{
    struct eventfd *e = f->private;
    uint64_t value;
    int err = 0;

    (void)pos;
    if (io->left < sizeof(value))
        return -EINVAL;
    if (io_get(io, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    if (value == UINT64_MAX)
        return -EINVAL;
    spin_lock(&e->lock);
    while (COUNT_MAX - e->count < value && !err)
        err = sleep(e, f);
    if (!err) {
        e->count += value;
        waitq_wake_all(&e->changed);
    }
    spin_unlock(&e->lock);
    return err ? err : (ssize_t)sizeof(value);
}

static unsigned eventfd_poll(struct file *f, struct poll_table *table)
{
    struct eventfd *e = f->private;
    uint64_t count;

    poll_wait(table, &e->changed);
    count = __atomic_load_n(&e->count, __ATOMIC_ACQUIRE);
    return (count > 0 ? EPOLLIN | EPOLLRDNORM : 0) |
           (count < COUNT_MAX ? EPOLLOUT | EPOLLWRNORM : 0);
}

static void eventfd_release(struct file *f)
{
    kfree(f->private);
}

static const struct file_ops eventfd_ops = {
    .read = eventfd_read,
    .write = eventfd_write,
    .read_plain = file_read_free,
    .write_plain = file_write_free,
    .poll = eventfd_poll,
    .release = eventfd_release,
    .is_free = true,
    .kind = "anon_inode:[eventfd]",
};

int eventfd_create(uint32_t count, unsigned flags, struct file **out)
{
    struct eventfd *e = kzalloc(sizeof(*e));

    if (!e)
        return -ENOMEM;
    e->count = count;
    e->is_semaphore = flags & EFD_SEMAPHORE;
    spin_init(&e->lock, LOCK_FILE);
    waitq_init_locked(&e->changed, &e->lock);
    *out = file_create(&eventfd_ops, O_RDWR | (flags & O_NONBLOCK), e);
    if (!*out) {
        kfree(e);
        return -ENOMEM;
    }
    return 0;
}
