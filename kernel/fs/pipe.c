/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe.c - small transfers through a pipe.
 *
 * They copy under the pipe's lock, which fails where the program's memory is
 * not there. Whatever is not as usual is left to the general ones, pipe_io.c.
 */
#include "fs/pipe.h"

#include <linux/fcntl.h>

#include "sched/thread.h"

/* A page and no more: is it the program's? */
static inline bool may_be_copied(uaddr_t buf)
{
    return LIKELY(buf <= ARCH_USER_MAX - PAGE_SIZE);
}

/* Of the program's memory nothing is waited for: the pipe is locked. */
static inline size_t copy_quick(uint64_t dst, uint64_t src, size_t len)
{
    struct thread *t = thread_current();
    size_t left;

    t->must_not_fault = true;
    left = user_copy_bytes(dst, src, len);
    t->must_not_fault = false;
    return left;
}

/* From one slot that has enough, or all that there is. 0: it is no such case */
static inline size_t take_plain(struct pipe *p, uaddr_t buf, size_t len)
{
    struct pipe_slot *s = &p->slots[p->head];

    if (p->draining || s->is_packet)
        return 0;
    if (s->len <= len) {
        if (p->count > 1 && s->len < len)
            return 0;
        len = s->len;
    }
    if (UNLIKELY(copy_quick(buf, (uint64_t)s->page + s->off, len)))
        return 0;
    pipe_slot_consume(p, s, len);
    waitq_wake_all(&p->writable);
    return len;
}

ssize_t pipe_read_plain(struct file *f, uaddr_t buf, size_t len)
{
    struct pipe *p = f->private;
    size_t n;

    if ((f->flags & O_ACCMODE) == O_WRONLY || !may_be_copied(buf))
        return file_read_free(f, buf, len);
    spin_lock(&p->lock);
    while (p->count == 0) {
        if (p->writers == 0 || f->flags & O_NONBLOCK ||
            waitq_sleep(&p->readable, WAIT_FOREVER) != 0)
            goto unlock;
    }
    n = take_plain(p, buf, len);
    if (LIKELY(n)) {
        spin_unlock(&p->lock);
        return (ssize_t)n;
    }
unlock:
    spin_unlock(&p->lock);
    return file_read_free(f, buf, len);
}

/* Into an empty pipe, on the page that it keeps. */
ssize_t pipe_write_plain(struct file *f, uaddr_t buf, size_t len)
{
    struct pipe *p = f->private;

    if (f->flags & O_DIRECT || (f->flags & O_ACCMODE) == O_RDONLY ||
        !may_be_copied(buf))
        return file_write_free(f, buf, len);
    spin_lock(&p->lock);
    if (p->count > 0 || !p->spare || p->filling || p->readers == 0 ||
        UNLIKELY(copy_quick((uint64_t)p->spare, buf, len))) {
        spin_unlock(&p->lock);
        return file_write_free(f, buf, len);
    }
    p->slots[p->head] =
        (struct pipe_slot){ .page = p->spare, .len = (uint16_t)len };
    p->spare = NULL;
    p->count = 1;
    waitq_wake_all(&p->readable);
    spin_unlock(&p->lock);
    return (ssize_t)len;
}
