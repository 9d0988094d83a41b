/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe.h - the inside of pipes, and moving bytes through them: splice, tee.
 *
 * What:      a pipe is a ring of slots, each with some bytes of one page.
 * Ownership: a pipe belongs to the files that are open on it. A slot holds a
 *            reference of its page.
 * Locks:     a pipe has one, for all but its name and its time; its queues are
 *            under it too. Who opens, closes or resizes has the kernel lock as
 *            well; reading and writing want none. Under it nothing sleeps or
 *            touches the program's memory: who copies more than a little has
 *            the end to himself meanwhile, without the lock (enum pipe_claim).
 * Context:   a thread's system call; those that wait sleep.
 * Errors:    -EPIPE no reader, -EAGAIN, -ERESTARTSYS, -ENOMEM; those of the
 *            other file.
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/file.h"
#include "mm/page.h"
#include "sched/wait.h"

struct pipe_slot {
    uint8_t *page;
    uint16_t off, len;
    bool is_packet;
    bool is_shared; /* the page is another slot's too: nothing may be added */
};

/* Who has an end to himself. */
enum pipe_claim {
    PIPE_FREE,
    PIPE_COPIED, /* read() or write(), for a moment: all others wait */
    PIPE_SPLICED /* splice(), which may sleep: who must not wait need not */
};

struct pipe {
    struct spinlock lock;
    struct waitq readable, writable;
    struct waitq turn;         /* until an end is free again */
    unsigned readers, writers; /* open files */
    /* Ever opened, so that open() of a FIFO sees who came and left. */
    unsigned reader_count, writer_count;
    struct pipe_slot *slots;
    unsigned slot_max; /* a power of two */
    unsigned head, count;
    enum pipe_claim draining, filling;
    uint8_t *spare;
    uint64_t created_ns;
    uint64_t ino;
};

/* The pipe behind a file; NULL: it is none. */
struct pipe *pipe_of(const struct file *f);

/* ---- for pipe_file.c and splice.c ---- */

#define PIPE_SLOTS_DEFAULT 16u

/* Without readers, writers or a number. NULL: out of memory. */
struct pipe *pipe_new(void) MUST_CHECK;
void pipe_free(struct pipe *p);
/* Of a pipe that is locked. Wait for data: 0; 1: the end. Wait until a slot is
 * empty, or `joining` bytes have room in the last. */
MUST_CHECK int pipe_data_locked(struct pipe *p, bool nonblock);
MUST_CHECK int pipe_room_locked(struct pipe *p, size_t joining, bool nonblock);
void pipe_consume_locked(struct pipe *p, size_t len);
/* Others may have an end now, which the caller had. */
static inline void pipe_claim_end(struct pipe *p, enum pipe_claim *claim)
{
    *claim = PIPE_FREE;
    waitq_wake_all(&p->turn);
}
/* What read() and write() of its files do. */
ssize_t pipe_read(struct file *f, struct io *io, uint64_t *pos);
ssize_t pipe_write(struct file *f, struct io *io, uint64_t *pos);
ssize_t pipe_read_plain(struct file *f, uaddr_t buf, size_t len);
ssize_t pipe_write_plain(struct file *f, uaddr_t buf, size_t len);
static inline struct pipe_slot *pipe_slot(const struct pipe *p, unsigned idx)
{
    return &p->slots[(p->head + idx) & (p->slot_max - 1)];
}

/* ---- without the lock ---- */

/* Wait for something to read. 0; 1: the end, nobody will write. */
MUST_CHECK int pipe_wait_data(struct pipe *p, bool nonblock);
/* Wait for an empty slot. */
MUST_CHECK int pipe_wait_room(struct pipe *p, bool nonblock);
/* ---- the ring, for pipe.c and pipe_io.c ---- */

/* A page that no slot has any more. */
static inline void pipe_page_drop(struct pipe *p, uint8_t *page)
{
    if (!p->spare)
        p->spare = page;
    else
        page_put(page_pa(page));
}

static inline void pipe_slot_release(struct pipe *p, struct pipe_slot *s)
{
    if (UNLIKELY(s->is_shared))
        page_put(page_pa(s->page));
    else
        pipe_page_drop(p, s->page);
    s->page = NULL;
}

/* s, the first slot, is done with. */
static inline void pipe_slot_pop(struct pipe *p, struct pipe_slot *s)
{
    pipe_slot_release(p, s);
    p->head = (p->head + 1) & (p->slot_max - 1);
    p->count--;
}

/* len bytes of s, the first slot, are. */
static inline void pipe_slot_consume(struct pipe *p, struct pipe_slot *s,
                                     size_t len)
{
    s->off = (uint16_t)(s->off + len);
    s->len = (uint16_t)(s->len - len);
    if (s->len == 0)
        pipe_slot_pop(p, s);
}

/* splice(2), and tee(2) with `keep`. -> bytes; 0: at the end */
MUST_CHECK ssize_t pipe_to_pipe(struct pipe *in, struct pipe *out, size_t len,
                                bool nonblock, bool keep);
MUST_CHECK ssize_t pipe_to_file(struct pipe *in, struct file *out,
                                uint64_t *out_pos, size_t len, bool nonblock);
MUST_CHECK ssize_t pipe_from_file(struct pipe *out, struct file *in,
                                  uint64_t *in_pos, size_t len, bool nonblock);

#endif
