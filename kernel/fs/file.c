/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.c - open file descriptions: life, reading, writing, polling.
 */
#include "fs/file.h"

#include <asm/resource.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/lock.h"
#include "core/panic.h"
#include "fs/dentry.h"
#include "fs/locks.h"
#include "fs/notify.h"
#include "mm/heap.h"
#include "sched/process.h"

/* Tells epoll that a description is gone; absent in kernels without epoll. */
#pragma weak epoll_file_released
void epoll_file_released(struct file *f);

#define FILE_POS_MAX ((uint64_t)INT64_MAX)

/* What was closed last: servers open and close in turn. */
static struct file *spare;

static void file_free(struct file *f)
{
    struct file *none = NULL;

    if (!__atomic_compare_exchange_n(&spare, &none, f, false, __ATOMIC_RELEASE,
                                     __ATOMIC_RELAXED))
        kfree(f);
}

struct file *file_create(const struct file_ops *ops, unsigned flags,
                         void *private)
{
    struct file *f = __atomic_exchange_n(&spare, NULL, __ATOMIC_ACQUIRE);

    if (!f)
        f = kmalloc(sizeof(*f));
    if (!f)
        return NULL;
    *f = (struct file){
        .refs = 1,
        .flags = flags,
        .ops = ops,
        .private = private,
        .polls_free = ops && ops->is_free,
    };
    return f;
}

/* Nobody could find it now but by a watch of epoll's. */
void file_end(struct file *f)
{
    bool was_taken = kernel_lock_enter();

    ASSERT_OP(f->refs, ==, 0u);
    notify_file(f, (f->flags & O_ACCMODE) == O_RDONLY ? IN_CLOSE_NOWRITE
                                                      : IN_CLOSE_WRITE);
    if (UNLIKELY(f->epoll_watches.next != NULL) && epoll_file_released)
        epoll_file_released(f);
    if (f->inode && !list_is_empty(&f->inode->locks))
        locks_release(f->inode, f);
    if (f->ops->release)
        f->ops->release(f);
    if (f->dentry)
        dentry_put(f->dentry);
    if (f->inode)
        inode_put(f->inode);
    file_free(f);
    kernel_lock_leave(was_taken);
}

void file_put(struct file *f)
{
    file_put_quick(f);
}

static bool claim_try(bool *flag)
{
    return !__atomic_exchange_n(flag, true, __ATOMIC_ACQUIRE);
}

/* Who has it may be about to take the kernel lock, for a fault or a time. */
static NOINLINE void claim_wait(bool *flag)
{
    bool was_mine = kernel_lock_drop();

    while (!claim_try(flag))
        arch_spin_wait();
    if (was_mine)
        (void)kernel_lock_enter_seldom();
}

void file_pos_take(struct file *f)
{
    if (LOCK_CHECKS)
        lock_check_asleep(NULL);
    if (UNLIKELY(!claim_try(&f->pos_is_taken)))
        claim_wait(&f->pos_is_taken);
    if (LOCK_CHECKS)
        lock_check_claim(1);
}

void inode_claim(struct inode *i)
{
    if (LOCK_CHECKS)
        lock_check_below(LOCK_KERNEL);
    if (UNLIKELY(!claim_try(&i->is_claimed)))
        claim_wait(&i->is_claimed);
    if (LOCK_CHECKS)
        lock_check_claim(1);
}

void file_pos_set(struct file *f, uint64_t pos)
{
    file_pos_enter(f);
    f->pos = pos;
    file_pos_leave(f);
}

bool file_can_read(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_WRONLY && !(f->flags & O_PATH);
}

bool file_can_write(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_RDONLY && !(f->flags & O_PATH);
}

typedef ssize_t (*transfer_fn)(struct file *f, struct io *io, uint64_t *pos);

static NOINLINE ssize_t transfer_long(transfer_fn fn, struct file *f,
                                      struct io *io, uint64_t *pos)
{
    uint64_t began = cputime_long_begin(io->left);
    ssize_t done = fn(f, io, pos);

    cputime_long_end(began);
    return done;
}

static inline ssize_t transfer(transfer_fn fn, struct file *f, struct io *io,
                               uint64_t *pos)
{
    return LIKELY(io->left < CPUTIME_LONG_LEN) ? fn(f, io, pos)
                                               : transfer_long(fn, f, io, pos);
}

static inline ssize_t read_any(struct file *f, struct io *io, uint64_t *pos)
{
    ssize_t done;

    if (UNLIKELY(!file_can_read(f)))
        return -EBADF;
    if (UNLIKELY(!f->ops->read))
        return -EINVAL;
    done = transfer(f->ops->read, f, io, pos);
    if (done > 0)
        notify_file(f, IN_ACCESS);
    return done;
}

NOINLINE ssize_t file_read(struct file *f, struct io *io, uint64_t *pos)
{
    return read_any(f, io, pos);
}

/* RLIMIT_FSIZE and the largest offset: clip, or -EFBIG at the very end. */
static int write_limit(struct io *io, uint64_t pos)
{
    uint64_t limit = process_current()->rlimits[RLIMIT_FSIZE].soft;

    limit = MIN(limit, FILE_POS_MAX);
    if (pos >= limit)
        return -EFBIG;
    io->left = MIN(io->left, limit - pos);
    return 0;
}

/* A write by another than root takes set-user-ID away. */
static void drop_suid(struct inode *i)
{
    unsigned drop = i->mode & S_ISUID;

    if ((i->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
        drop |= S_ISGID;
    if (UNLIKELY(drop) && !cred_is_root()) {
        bool was_taken = kernel_lock_enter_seldom();

        i->mode &= ~drop;
        kernel_lock_leave(was_taken);
    }
}

static inline ssize_t write_any(struct file *f, struct io *io, uint64_t *pos)
{
    ssize_t done = transfer(f->ops->write, f, io, pos);

    if (done > 0)
        notify_file(f, IN_MODIFY);
    return done;
}

static ssize_t write_regular_alone(struct file *f, struct io *io, uint64_t *pos)
{
    ssize_t done;
    int err;

    if (io->left > 0) {
        if (f->flags & O_APPEND)
            *pos = f->inode->size;
        err = write_limit(io, *pos);
        if (err)
            return err;
    }
    done = write_any(f, io, pos);
    if (done > 0)
        drop_suid(f->inode);
    return done;
}

/* Others than those in memory want the kernel lock. */
static NOINLINE ssize_t write_regular(struct file *f, struct io *io,
                                      uint64_t *pos)
{
    bool was_taken;
    ssize_t done;

    if (f->ops->guards_pos) {
        inode_claim(f->inode);
        done = write_regular_alone(f, io, pos);
        inode_unclaim(f->inode);
    } else {
        was_taken = kernel_lock_enter_seldom();
        done = write_regular_alone(f, io, pos);
        kernel_lock_leave(was_taken);
    }
    return done;
}

static inline ssize_t write_checked(struct file *f, struct io *io,
                                    uint64_t *pos)
{
    if (UNLIKELY(!file_can_write(f)))
        return -EBADF;
    if (UNLIKELY(!f->ops->write))
        return -EINVAL;
    if (f->inode && S_ISREG(f->inode->mode))
        return write_regular(f, io, pos);
    return write_any(f, io, pos);
}

NOINLINE ssize_t file_write(struct file *f, struct io *io, uint64_t *pos)
{
    return write_checked(f, io, pos);
}

static inline ssize_t transfer_buf(transfer_fn fn, struct file *f, uaddr_t buf,
                                   size_t len)
{
    struct io_vec one = { buf, len };
    struct io io = { .vec = &one, .vec_count = 1, .left = len };

    if (UNLIKELY(len > IO_LEN_MAX)) {
        if ((ssize_t)len < 0)
            return -EFAULT;
        one.len = io.left = IO_LEN_MAX;
    }
    return fn(f, &io, &f->pos);
}

ssize_t file_read_free(struct file *f, uaddr_t buf, size_t len)
{
    ssize_t done;

    file_pos_enter(f);
    done = transfer_buf(file_read, f, buf, len);
    file_pos_leave(f);
    return done;
}

ssize_t file_write_free(struct file *f, uaddr_t buf, size_t len)
{
    ssize_t done;

    file_pos_enter(f);
    done = transfer_buf(file_write, f, buf, len);
    file_pos_leave(f);
    return done;
}

COLD ssize_t file_read_locked(struct file *f, uaddr_t buf, size_t len)
{
    bool was_taken = kernel_lock_enter_seldom();
    ssize_t done = file_read_free(f, buf, len);

    kernel_lock_leave(was_taken);
    return done;
}

COLD ssize_t file_write_locked(struct file *f, uaddr_t buf, size_t len)
{
    bool was_taken = kernel_lock_enter_seldom();
    ssize_t done = file_write_free(f, buf, len);

    kernel_lock_leave(was_taken);
    return done;
}

COLD ssize_t file_read_kernel(struct file *f, void *buf, size_t len,
                              uint64_t off)
{
    size_t done = 0;

    while (done < len) {
        struct io_vec one;
        struct io io;
        uint64_t pos = off + done;
        ssize_t n;

        io_init_kernel(&io, &one, (uint8_t *)buf + done, len - done);
        n = file_read(f, &io, &pos);
        if (n < 0)
            return n;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* Any other file, or one that is always ready. */
static NOINLINE unsigned poll_locked(struct file *f, struct poll_table *table)
{
    unsigned events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    bool was_taken;

    if (!f->ops->poll)
        return events;
    was_taken = kernel_lock_enter_seldom();
    events = f->ops->poll(f, table);
    kernel_lock_leave(was_taken);
    return events;
}

unsigned file_poll(struct file *f, struct poll_table *table)
{
    return f->polls_free ? f->ops->poll(f, table) : poll_locked(f, table);
}
