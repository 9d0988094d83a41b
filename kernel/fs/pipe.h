/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe.h - the inside of pipes, and moving bytes through them: splice, tee.
 *
 * What:      a pipe is a ring of slots, each with some bytes of one page.
 * Ownership: a pipe belongs to the files that are open on it. A slot holds a
 *            reference of its page.
 * Context:   a thread's system call; those that wait sleep.
 * Errors:    -EPIPE no reader, -EAGAIN, -ERESTARTSYS, -ENOMEM; those of the
 *            other file.
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/file.h"
#include "sched/wait.h"

struct pipe_slot {
    uint8_t *page;
    uint16_t off, len;
    bool is_packet;
    bool is_shared; /* the page is another slot's too: nothing may be added */
};

struct pipe {
    struct waitq readable, writable;
    unsigned readers, writers; /* open files */
    /* Ever opened, so that open() of a FIFO sees who came and left. */
    unsigned reader_count, writer_count;
    struct pipe_slot *slots;
    unsigned slot_max; /* a power of two */
    unsigned head, count;
    /* A splice is at work and may sleep: others leave that end alone. */
    bool draining, filling;
    uint8_t *spare;
    uint64_t created_ns;
    uint64_t ino;
};

/* The pipe behind a file; NULL: it is none. */
struct pipe *pipe_of(const struct file *f);
static inline struct pipe_slot *pipe_slot(const struct pipe *p, unsigned idx)
{
    return &p->slots[(p->head + idx) & (p->slot_max - 1)];
}
/* Wait for something to read. 0; 1: the end, nobody will write. */
MUST_CHECK int pipe_wait_data(struct pipe *p, bool nonblock);
/* Wait for an empty slot. */
MUST_CHECK int pipe_wait_room(struct pipe *p, bool nonblock);
/* len bytes at the front were used: drop them. */
void pipe_consume(struct pipe *p, size_t len);

/* splice(2), and tee(2) with `keep`. -> bytes; 0: at the end */
MUST_CHECK ssize_t pipe_to_pipe(struct pipe *in, struct pipe *out, size_t len,
                                bool nonblock, bool keep);
MUST_CHECK ssize_t pipe_to_file(struct pipe *in, struct file *out,
                                uint64_t *out_pos, size_t len, bool nonblock);
MUST_CHECK ssize_t pipe_from_file(struct pipe *out, struct file *in,
                                  uint64_t *in_pos, size_t len, bool nonblock);

#endif
