/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe_io.c - what is in a pipe: life, waiting, transfers of all kinds.
 *
 * A pipe is a ring of slots, each a page that fills from the front and drains
 * from the front. A page is allocated when bytes arrive and freed when they
 * have been read, but for one that is kept for the next write. In packet mode
 * (O_DIRECT) each write begins a slot of its own and a read takes one slot.
 *
 * Who reads claims the front and copies from it without the lock; who writes
 * claims the back, and copies into a page that is not in the ring yet.
 */
#include <linux/fcntl.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/pipe.h"
#include "mm/heap.h"
#include "mm/page.h"

#define PIPE_ATOMIC_LEN 4096u /* PIPE_BUF */

struct pipe *pipe_new(void)
{
    struct pipe *p = kzalloc(sizeof(*p));

    if (!p)
        return NULL;
    p->slots = kzalloc(PIPE_SLOTS_DEFAULT * sizeof(*p->slots));
    if (!p->slots) {
        kfree(p);
        return NULL;
    }
    spin_init(&p->lock, LOCK_FILE);
    waitq_init_locked(&p->readable, &p->lock);
    waitq_init_locked(&p->writable, &p->lock);
    waitq_init_locked(&p->turn, &p->lock);
    p->slot_max = PIPE_SLOTS_DEFAULT;
    return p;
}

void pipe_free(struct pipe *p)
{
    for (unsigned i = 0; i < p->count; i++)
        page_put(page_pa(pipe_slot(p, i)->page));
    if (p->spare)
        page_put(page_pa(p->spare));
    kfree(p->slots);
    kfree(p);
}

/* ---- reading ---- */

int pipe_data_locked(struct pipe *p, bool nonblock)
{
    while (p->count == 0 || p->draining) {
        int err;

        if (p->count == 0 && p->writers == 0)
            return 1;
        if (nonblock && p->draining != PIPE_COPIED)
            return -EAGAIN;
        err = waitq_sleep(p->draining ? &p->turn : &p->readable, WAIT_FOREVER);
        if (err)
            return err;
    }
    return 0;
}

void pipe_consume_locked(struct pipe *p, size_t len)
{
    if (len == 0)
        return;
    ASSERT_OP(len, <=, pipe_slot(p, 0)->len);
    pipe_slot_consume(p, pipe_slot(p, 0), len);
    waitq_wake_all(&p->writable);
}

/* Move what is there out of a locked pipe, unlocked meanwhile: its data is
 * claimed. -EFAULT when the first byte cannot be moved. */
static ssize_t pipe_take(struct pipe *p, struct io *io)
{
    size_t done = 0, want, moved;
    struct pipe_slot s;

    do {
        s = *pipe_slot(p, 0);
        want = MIN((size_t)s.len, io->left);
        spin_unlock(&p->lock);
        moved = io_put(io, s.page + s.off, want);
        spin_lock(&p->lock);
        done += moved;
        /* Of a packet what did not fit is lost. */
        pipe_consume_locked(p, s.is_packet ? s.len : moved);
    } while (moved == want && !s.is_packet && io->left > 0 && p->count > 0);
    return moved < want && done == 0 ? -EFAULT : (ssize_t)done;
}

ssize_t pipe_read(struct file *f, struct io *io, uint64_t *pos)
{
    struct pipe *p = f->private;
    bool at_end;
    ssize_t n;

    (void)pos;
    if (io->left == 0)
        return 0;
    spin_lock(&p->lock);
    n = pipe_data_locked(p, f->flags & O_NONBLOCK);
    at_end = n == 1;
    if (n == 0) {
        p->draining = PIPE_COPIED;
        n = pipe_take(p, io);
        pipe_claim_end(p, &p->draining);
    }
    spin_unlock(&p->lock);
    return at_end ? 0 : n;
}

/* ---- writing ---- */

/* Room in the last slot, for bytes that may join it. */
static size_t tail_room(const struct pipe *p)
{
    const struct pipe_slot *s;

    if (p->count == 0)
        return 0;
    s = pipe_slot(p, p->count - 1);
    return s->is_packet || s->is_shared ? 0 : PAGE_SIZE - s->off - s->len;
}

static uint8_t *new_page(void)
{
    bool was_taken;
    paddr_t pa = page_alloc();

    if (UNLIKELY(!pa)) { /* what can be reclaimed is only under this lock */
        was_taken = kernel_lock_enter_seldom();
        pa = page_alloc();
        kernel_lock_leave(was_taken);
    }
    if (!pa)
        return NULL;
    page_set_kind(pa, RECORDS_PAGE_PIPE);
    return page_ptr(pa);
}

/* All len bytes of the page, which becomes the pipe's, or none. */
static bool append(struct pipe *p, uint8_t *page, size_t len, bool is_packet)
{
    size_t joins = is_packet ? 0 : MIN(tail_room(p), len);

    if (joins < len && p->count == p->slot_max)
        return false;
    if (joins > 0) {
        struct pipe_slot *s = pipe_slot(p, p->count - 1);

        memcpy(s->page + s->off + s->len, page, joins);
        s->len = (uint16_t)(s->len + joins);
    }
    if (joins == len)
        pipe_page_drop(p, page);
    else
        *pipe_slot(p, p->count++) =
            (struct pipe_slot){ .page = page,
                                .off = (uint16_t)joins,
                                .len = (uint16_t)(len - joins),
                                .is_packet = is_packet };
    return true;
}

int pipe_room_locked(struct pipe *p, size_t joining, bool nonblock)
{
    for (;;) {
        int err;

        if (p->readers == 0)
            return -EPIPE;
        if (!p->filling && (p->count < p->slot_max || tail_room(p) >= joining))
            return 0;
        if (nonblock && p->filling != PIPE_COPIED)
            return -EAGAIN;
        err = waitq_sleep(p->filling ? &p->turn : &p->writable, WAIT_FOREVER);
        if (err)
            return err;
    }
}

/* One piece into a locked pipe, unlocked meanwhile: its room is claimed. Bytes;
 * 0: no room; -EFAULT, -ENOMEM */
static ssize_t pipe_give(struct pipe *p, struct io *io, bool is_packet)
{
    size_t room = p->count < p->slot_max ? PAGE_SIZE
                  : is_packet            ? 0
                                         : tail_room(p);
    uint8_t *page = p->spare;
    size_t moved = 0;
    ssize_t n;

    if (room == 0)
        return 0;
    p->spare = NULL;
    spin_unlock(&p->lock);
    if (!page)
        page = new_page();
    if (page)
        moved = io_get(io, page, MIN(room, io->left));
    spin_lock(&p->lock);
    if (!page)
        return -ENOMEM;
    n = moved ? (ssize_t)moved : -EFAULT;
    if (moved && append(p, page, moved, is_packet))
        return n;
    pipe_page_drop(p, page);
    return moved ? 0 : n;
}

/* As much as there is room for: all was copied, or *err says why not. */
static size_t fill(struct pipe *p, struct io *io, bool is_packet, ssize_t *err)
{
    struct io before;
    size_t done = 0;
    ssize_t n;

    p->filling = PIPE_COPIED;
    do {
        before = *io;
        n = pipe_give(p, io, is_packet);
        done += n > 0 ? (size_t)n : 0;
    } while (n > 0 && io->left > 0);
    if (n == 0)
        *io = before; /* the room was lost while it was copied */
    *err = MIN(n, 0);
    pipe_claim_end(p, &p->filling);
    waitq_wake_all(&p->readable);
    return done;
}

/* How many bytes must have room behind others, if there is no empty slot:
 * small writes go whole or not at all. */
static size_t joining(const struct file *f, size_t left, bool is_first)
{
    if (f->flags & O_DIRECT)
        return SIZE_MAX;
    return is_first && left <= PIPE_ATOMIC_LEN ? left : 1;
}

ssize_t pipe_write(struct file *f, struct io *io, uint64_t *pos)
{
    struct pipe *p = f->private;
    size_t done = 0;
    ssize_t err = 0;

    (void)pos;
    spin_lock(&p->lock);
    while (io->left > 0 && !err) {
        err = pipe_room_locked(p, joining(f, io->left, done == 0),
                               f->flags & O_NONBLOCK);
        if (!err)
            done += fill(p, io, f->flags & O_DIRECT, &err);
    }
    spin_unlock(&p->lock);
    return done ? (ssize_t)done : err;
}
