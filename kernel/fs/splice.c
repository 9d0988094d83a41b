/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splice.c - moving bytes between a pipe and another file, splice(2), tee(2).
 *
 * Between two pipes pages change places or are shared; to and from other files
 * bytes are copied, page by page, straight from or into the pipe's page: what
 * the other side does not take stays in the pipe.
 */
#include <linux/eventpoll.h>

#include "core/errno.h"
#include "core/panic.h"
#include "fs/pipe.h"
#include "mm/page.h"

/* One slot's bytes, at most len, from `in` to the end of `out`. */
static size_t slot_move(struct pipe *in, unsigned idx, struct pipe *out,
                        size_t len, bool keep)
{
    struct pipe_slot *from = pipe_slot(in, idx);
    struct pipe_slot *to = pipe_slot(out, out->count++);

    len = MIN(len, (size_t)from->len);
    page_get(page_pa(from->page));
    from->is_shared = true;
    *to = *from;
    to->len = (uint16_t)len;
    if (keep)
        return len;
    pipe_consume(in, len);
    if (page_refs(page_pa(to->page)) == 1)
        to->is_shared = false;
    return len;
}

/* Until `in` has data and `out` room, both at once. 1: the end of `in` */
static int wait_both(struct pipe *in, struct pipe *out, bool nonblock)
{
    int err;

    do {
        err = pipe_wait_data(in, nonblock);
        if (!err)
            err = pipe_wait_room(out, nonblock);
    } while (!err && (in->count == 0 || in->draining));
    return err;
}

ssize_t pipe_to_pipe(struct pipe *in, struct pipe *out, size_t len,
                     bool nonblock, bool keep)
{
    unsigned idx = 0;
    size_t done = 0;
    int err = wait_both(in, out, nonblock);

    if (err)
        return MIN(err, 0);
    while (done < len && idx < in->count && out->count < out->slot_max) {
        done += slot_move(in, idx, out, len - done, keep);
        idx += keep;
    }
    waitq_wake_all(&out->readable);
    if (!keep)
        waitq_wake_all(&in->writable);
    return (ssize_t)done;
}

/* Write out the first slot, or its first len bytes. */
static ssize_t slot_write(struct pipe *p, struct file *out, uint64_t *out_pos,
                          size_t len)
{
    const struct pipe_slot *s = pipe_slot(p, 0);
    struct io_vec one;
    struct io io;
    ssize_t n;

    io_init_kernel(&io, &one, s->page + s->off, len);
    p->draining = true;
    n = file_write(out, &io, out_pos);
    p->draining = false;
    if (n > 0)
        pipe_consume(p, (size_t)n);
    waitq_wake_all(&p->writable);
    waitq_wake_all(&p->readable);
    return n;
}

ssize_t pipe_to_file(struct pipe *in, struct file *out, uint64_t *out_pos,
                     size_t len, bool nonblock)
{
    size_t done = 0;
    int err = pipe_wait_data(in, nonblock);

    if (err)
        return MIN(err, 0);
    while (done < len && in->count > 0 && !in->draining) {
        size_t want = MIN(len - done, (size_t)pipe_slot(in, 0)->len);
        ssize_t n = slot_write(in, out, out_pos, want);

        if (n <= 0)
            return done ? (ssize_t)done : n;
        done += (size_t)n;
        if ((size_t)n < want)
            break;
    }
    return (ssize_t)done;
}

/* Fill one new slot. -> bytes; 0: the end of `in` */
static ssize_t slot_read(struct pipe *p, struct file *in, uint64_t *in_pos,
                         size_t len)
{
    paddr_t page = page_alloc();
    struct io_vec one;
    struct io io;
    ssize_t n;

    if (!page)
        return -ENOMEM;
    io_init_kernel(&io, &one, page_ptr(page), len);
    p->filling = true;
    n = file_read(in, &io, in_pos);
    p->filling = false;
    if (n > 0) {
        ASSERT_OP(p->count, <, p->slot_max);
        *pipe_slot(p, p->count++) =
            (struct pipe_slot){ .page = page_ptr(page), .len = (uint16_t)n };
    } else {
        page_put(page);
    }
    waitq_wake_all(&p->readable);
    waitq_wake_all(&p->writable);
    return n;
}

/* A socket or a terminal without anything to read. */
static bool would_wait(struct file *in)
{
    return in->ops->poll &&
           !(file_poll(in, NULL) & (EPOLLIN | EPOLLHUP | EPOLLERR));
}

ssize_t pipe_from_file(struct pipe *out, struct file *in, uint64_t *in_pos,
                       size_t len, bool nonblock)
{
    size_t done = 0;
    int err = pipe_wait_room(out, nonblock);

    if (err)
        return err;
    while (done < len && out->count < out->slot_max && !out->filling) {
        size_t want = MIN(len - done, PAGE_SIZE);
        ssize_t n;

        /* What came is not kept waiting for more. */
        if ((done > 0 || nonblock) && would_wait(in))
            return done ? (ssize_t)done : -EAGAIN;
        n = slot_read(out, in, in_pos, want);
        if (n <= 0)
            return done ? (ssize_t)done : n;
        done += (size_t)n;
        if ((size_t)n < want)
            break;
    }
    return (ssize_t)done;
}
