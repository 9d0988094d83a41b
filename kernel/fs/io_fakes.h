/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io_fakes.h - fakes.h with files and wait queues that work, for the tests of
 * pipes, eventfd and epoll.
 *
 * What:      one thread. A sleep runs fake_while_asleep once, which plays the
 *            other side; without it a signal "comes": -ERESTARTSYS.
 */
#ifndef FS_IO_FAKES_H
#define FS_IO_FAKES_H

#define waitq_init         unused_waitq_init
#define waitq_sleep        unused_waitq_sleep
#define waitq_wake_waiters unused_waitq_wake_all
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "fs/fakes.h"
#pragma GCC diagnostic pop
#undef waitq_init
#undef waitq_sleep
#undef waitq_wake_waiters

#include "core/errno.h"
#include "fs/epoll.h"
#include "fs/special.h"

#pragma weak inode_put /* where the test has inodes */

static void (*fake_while_asleep)(void);
static unsigned fake_sleeps;
static uint64_t fake_mono_ns = 1000;
static uint64_t fake_look_ns; /* each look at the clock takes that long */

bool (*wait_look_hook)(void);

size_t user_copy_bytes(uint64_t dst, uint64_t src, size_t len)
{
    memcpy((void *)dst, (const void *)src, len);
    return 0;
}

int zero_user(uaddr_t dst, size_t len)
{
    (void)len;
    return dst < PAGE_SIZE ? -EFAULT : 0;
}

/* fakes.h was told of other names: here are the prototypes again. */
void waitq_init(struct waitq *q);
void waitq_init_locked(struct waitq *q, struct spinlock *lock);
int waitq_sleep(struct waitq *q, uint64_t deadline_ns);
void waitq_wake_waiters(struct waitq *q);

void waitq_init(struct waitq *q)
{
    waitq_init_locked(q, NULL);
}

void waitq_init_locked(struct waitq *q, struct spinlock *lock)
{
    list_init(&q->waiters);
    q->lock = lock;
}

int waitq_sleep(struct waitq *q, uint64_t deadline_ns)
{
    void (*other)(void) = fake_while_asleep;

    fake_sleeps++;
    fake_while_asleep = NULL;
    if (other) {
        if (q->lock)
            spin_unlock(q->lock);
        other();
        if (q->lock)
            spin_lock(q->lock);
        return 0;
    }
    if (deadline_ns != WAIT_FOREVER) {
        fake_mono_ns = deadline_ns;
        return -ETIMEDOUT;
    }
    return -ERESTARTSYS;
}

void thread_wake(struct thread *t)
{
    (void)t; /* it is the one thread */
}

void waitq_wake_waiters(struct waitq *q)
{
    bool taken = false;

    LIST_FOR_EACH(it, &q->waiters)
    {
        struct waiter *w = LIST_ENTRY(it, struct waiter, link);

        if (w->notify)
            taken |= w->notify(w, taken);
    }
}

void waitq_wake_one(struct waitq *q)
{
    waitq_wake_waiters(q);
}

void waiter_init(struct waiter *w)
{
    *w = (struct waiter){ .thread = NULL };
    list_init(&w->link);
}

void waiter_add(struct waitq *q, struct waiter *w)
{
    list_push_back(&q->waiters, &w->link);
}

void waiter_remove(struct waiter *w)
{
    list_remove(&w->link);
}

uint64_t clock_mono_ns(void)
{
    uint64_t now = fake_mono_ns;

    fake_mono_ns += fake_look_ns;
    return now;
}

static struct clock_watch *fake_watch;

void clock_watch_add(struct clock_watch *w)
{
    fake_watch = w;
}

struct file *file_create(const struct file_ops *ops, unsigned flags,
                         void *private)
{
    struct file *f = calloc(1, sizeof(*f));

    f->ops = ops;
    f->refs = 1;
    f->flags = flags;
    f->private = private;
    list_init(&f->epoll_watches);
    return f;
}

void file_put(struct file *f)
{
    if (--f->refs > 0)
        return;
    epoll_file_released(f);
    if (f->ops->release)
        f->ops->release(f);
    if (f->inode && inode_put)
        inode_put(f->inode);
    free(f);
}

unsigned file_poll(struct file *f, struct poll_table *table)
{
    return f->ops->poll ? f->ops->poll(f, table) : EPOLLIN | EPOLLOUT;
}

ssize_t file_read_free(struct file *f, uaddr_t buf, size_t len)
{
    struct io_vec vec = { buf, len };
    struct io io;

    io_init(&io, &vec, 1);
    return f->ops->read(f, &io, &f->pos);
}

ssize_t file_write_free(struct file *f, uaddr_t buf, size_t len)
{
    struct io_vec vec = { buf, len };
    struct io io;

    io_init(&io, &vec, 1);
    return f->ops->write(f, &io, &f->pos);
}

/* read() and write() of the test's own memory. */
__attribute__((unused)) static ssize_t file_take(struct file *f, void *buf,
                                                 size_t len)
{
    struct io_vec vec;
    struct io io;

    io_init_kernel(&io, &vec, buf, len);
    return f->ops->read(f, &io, &f->pos);
}

__attribute__((unused)) static ssize_t file_give(struct file *f,
                                                 const void *buf, size_t len)
{
    struct io_vec vec = { (uaddr_t)buf, len };
    struct io io;

    io_init(&io, &vec, 1);
    return f->ops->write(f, &io, &f->pos);
}

#endif
