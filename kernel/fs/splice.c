/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splice.c - moving bytes between a pipe and another file, splice(2), tee(2).
 *
 * Between two pipes pages change places or are shared; to and from other files
 * bytes are copied, page by page, straight from or into the pipe's page: what
 * the other side does not take stays in the pipe. The end that bytes leave or
 * enter is claimed, since the other file may sleep.
 */
#include <linux/eventpoll.h>

#include "core/errno.h"
#include "core/panic.h"
#include "fs/pipe.h"
#include "mm/page.h"

int pipe_wait_data(struct pipe *p, bool nonblock)
{
    int err;

    spin_lock(&p->lock);
    err = pipe_data_locked(p, nonblock);
    spin_unlock(&p->lock);
    return err;
}

int pipe_wait_room(struct pipe *p, bool nonblock)
{
    int err;

    spin_lock(&p->lock);
    err = pipe_room_locked(p, SIZE_MAX, nonblock);
    spin_unlock(&p->lock);
    return err;
}

/* pipe_wait_data(), and have the end for oneself then: until drained(). */
static int claim_data(struct pipe *p, bool nonblock)
{
    int err;

    spin_lock(&p->lock);
    err = pipe_data_locked(p, nonblock);
    if (!err)
        p->draining = PIPE_SPLICED;
    spin_unlock(&p->lock);
    return err;
}

/* pipe_wait_room(), until filled(). */
static int claim_room(struct pipe *p, bool nonblock)
{
    int err;

    spin_lock(&p->lock);
    err = pipe_room_locked(p, SIZE_MAX, nonblock);
    if (!err)
        p->filling = PIPE_SPLICED;
    spin_unlock(&p->lock);
    return err;
}

/* Who did not wait was told that it is not ready: now it may be. */
static void give_back(struct pipe *p, enum pipe_claim *claim, struct waitq *q)
{
    spin_lock(&p->lock);
    pipe_claim_end(p, claim);
    waitq_wake_all(q);
    spin_unlock(&p->lock);
}

static void drained(struct pipe *p)
{
    give_back(p, &p->draining, &p->readable);
}

static void filled(struct pipe *p)
{
    give_back(p, &p->filling, &p->writable);
}

/* Slot idx, of a pipe whose data is claimed. False: there are not so many.
 * share: with a reference of the page for another slot. */
static bool look(struct pipe *p, unsigned idx, bool share,
                 struct pipe_slot *out)
{
    bool is_there;

    spin_lock(&p->lock);
    is_there = idx < p->count;
    if (is_there) {
        pipe_slot(p, idx)->is_shared |= share;
        *out = *pipe_slot(p, idx);
        if (share)
            page_get(page_pa(out->page));
    }
    spin_unlock(&p->lock);
    return is_there;
}

/* len bytes of the first slot were used: drop them. */
static void consume(struct pipe *p, size_t len)
{
    spin_lock(&p->lock);
    pipe_consume_locked(p, len);
    spin_unlock(&p->lock);
}

/* Into an empty slot of a pipe whose room is claimed; takes the page over. */
static void append_take(struct pipe *p, const struct pipe_slot *s)
{
    spin_lock(&p->lock);
    ASSERT_OP(p->count, <, p->slot_max);
    *pipe_slot(p, p->count++) = *s;
    waitq_wake_all(&p->readable);
    spin_unlock(&p->lock);
}

static bool is_full(struct pipe *p)
{
    bool full;

    spin_lock(&p->lock);
    full = p->count == p->slot_max;
    spin_unlock(&p->lock);
    return full;
}

/* Slot idx of `in`, at most len bytes of it, to the end of `out`; both are
 * claimed. 0: there is no such slot. */
static size_t slot_move(struct pipe *in, unsigned idx, struct pipe *out,
                        size_t len, bool keep)
{
    struct pipe_slot s;

    if (!look(in, idx, true, &s))
        return 0;
    s.len = (uint16_t)MIN(len, (size_t)s.len);
    if (!keep) {
        consume(in, s.len);
        s.is_shared = page_refs(page_pa(s.page)) > 1;
    }
    append_take(out, &s);
    return s.len;
}

/* Claim data of `in` and room of `out`, both at once. 1: the end of `in` */
static int claim_both(struct pipe *in, struct pipe *out, bool nonblock)
{
    int err;

    do {
        err = claim_data(in, nonblock);
        if (err)
            return err;
        err = claim_room(out, true);
        if (!err)
            return 0;
        drained(in);
        if (err == -EAGAIN && !nonblock)
            err = pipe_wait_room(out, false);
    } while (!err);
    return err;
}

ssize_t pipe_to_pipe(struct pipe *in, struct pipe *out, size_t len,
                     bool nonblock, bool keep)
{
    unsigned idx = 0;
    size_t done = 0, n;
    int err = claim_both(in, out, nonblock);

    if (err)
        return MIN(err, 0);
    do {
        n = slot_move(in, idx, out, len - done, keep);
        done += n;
        idx += keep;
    } while (n > 0 && done < len && !is_full(out));
    filled(out);
    drained(in);
    return (ssize_t)done;
}

ssize_t pipe_to_file(struct pipe *in, struct file *out, uint64_t *out_pos,
                     size_t len, bool nonblock)
{
    struct pipe_slot s;
    struct io_vec one;
    size_t done = 0;
    ssize_t n = 0;
    struct io io;
    int err = claim_data(in, nonblock);

    if (err)
        return MIN(err, 0);
    while (done < len && look(in, 0, false, &s)) {
        s.len = (uint16_t)MIN(len - done, (size_t)s.len);
        io_init_kernel(&io, &one, s.page + s.off, s.len);
        n = file_write(out, &io, out_pos);
        if (n <= 0)
            break;
        consume(in, (size_t)n);
        done += (size_t)n;
        if (n < s.len)
            break;
    }
    drained(in);
    return done ? (ssize_t)done : n;
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
    n = file_read(in, &io, in_pos);
    if (n > 0) {
        const struct pipe_slot s = { .page = page_ptr(page),
                                     .len = (uint16_t)n };

        append_take(p, &s);
    } else {
        page_put(page);
    }
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
    ssize_t n = 0;
    int err = claim_room(out, nonblock);

    if (err)
        return err;
    while (done < len && !is_full(out)) {
        size_t want = MIN(len - done, PAGE_SIZE);

        /* What came is not kept waiting for more. */
        n = -EAGAIN;
        if ((done > 0 || nonblock) && would_wait(in))
            break;
        n = slot_read(out, in, in_pos, want);
        if (n <= 0)
            break;
        done += (size_t)n;
        if ((size_t)n < want)
            break;
    }
    filled(out);
    return done ? (ssize_t)done : n;
}
