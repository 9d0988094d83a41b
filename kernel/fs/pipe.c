/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe.c - pipes and FIFOs.
 *
 * A pipe is a ring of slots, each a page that fills from the front and drains
 * from the front. A page is allocated when bytes arrive and freed when they
 * have been read, but for one that is kept for the next write. In packet mode
 * (O_DIRECT) each write begins a slot of its own and a read takes one slot.
 */
#include <asm/ioctls.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/panic.h"
#include "fs/dentry.h"
#include "fs/pipe.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "sched/process.h"
#include "time/clock.h"

#define PIPE_SLOTS_DEFAULT 16u
#define PIPE_SLOTS_MAX     256u  /* 1 MiB, Linux's pipe-max-size */
#define PIPE_ATOMIC_LEN    4096u /* PIPE_BUF */

static struct pipe *pipe_new(void)
{
    static uint64_t next_ino = 1;
    struct pipe *p = kzalloc(sizeof(*p));

    if (!p)
        return NULL;
    p->slots = kzalloc(PIPE_SLOTS_DEFAULT * sizeof(*p->slots));
    if (!p->slots) {
        kfree(p);
        return NULL;
    }
    waitq_init(&p->readable);
    waitq_init(&p->writable);
    p->slot_max = PIPE_SLOTS_DEFAULT;
    p->created_ns = clock_real_ns();
    p->ino = next_ino++;
    return p;
}

static inline void slot_release(struct pipe *p, struct pipe_slot *s)
{
    if (!p->spare && !s->is_shared)
        p->spare = s->page;
    else
        page_put(page_pa(s->page));
    s->page = NULL;
}

static void pipe_free(struct pipe *p)
{
    for (unsigned i = 0; i < p->count; i++)
        page_put(page_pa(pipe_slot(p, i)->page));
    if (p->spare)
        page_put(page_pa(p->spare));
    kfree(p->slots);
    kfree(p);
}

static size_t pipe_bytes(const struct pipe *p)
{
    size_t len = 0;

    for (unsigned i = 0; i < p->count; i++)
        len += pipe_slot(p, i)->len;
    return len;
}

/* ---- reading ---- */

/* s, the first slot, is done with. */
static inline void slot_pop(struct pipe *p, struct pipe_slot *s)
{
    slot_release(p, s);
    p->head = (p->head + 1) & (p->slot_max - 1);
    p->count--;
}

/* len bytes of s, the first slot, are. */
static inline void slot_consume(struct pipe *p, struct pipe_slot *s, size_t len)
{
    s->off = (uint16_t)(s->off + len);
    s->len = (uint16_t)(s->len - len);
    if (s->len == 0)
        slot_pop(p, s);
}

void pipe_consume(struct pipe *p, size_t len)
{
    struct pipe_slot *s = &p->slots[p->head];

    ASSERT_OP(len, <=, s->len);
    slot_consume(p, s, len);
}

int pipe_wait_data(struct pipe *p, bool nonblock)
{
    while (p->count == 0 || p->draining) {
        int err;

        if (p->writers == 0 && p->count == 0)
            return 1;
        if (nonblock)
            return -EAGAIN;
        err = waitq_sleep(&p->readable, WAIT_FOREVER);
        if (err)
            return err;
    }
    return 0;
}

/* Move what is there. -EFAULT when the first byte cannot be moved. */
static ssize_t pipe_take(struct pipe *p, struct io *io)
{
    size_t done = 0;

    while (p->count > 0 && io->left > 0) {
        struct pipe_slot *s = &p->slots[p->head];
        size_t want = MIN((size_t)s->len, io->left);
        size_t moved = io_put(io, s->page + s->off, want);
        bool is_packet = s->is_packet;

        done += moved;
        if (moved == s->len || is_packet) { /* what did not fit is lost */
            slot_pop(p, s);
        } else {
            s->off = (uint16_t)(s->off + moved);
            s->len = (uint16_t)(s->len - moved);
        }
        if (UNLIKELY(moved < want))
            return done ? (ssize_t)done : -EFAULT;
        if (is_packet)
            break;
    }
    return (ssize_t)done;
}

static ssize_t pipe_read(struct file *f, struct io *io, uint64_t *pos)
{
    struct pipe *p = f->private;
    ssize_t n;

    (void)pos;
    if (io->left == 0)
        return 0;
    if (p->count == 0 || UNLIKELY(p->draining)) {
        n = pipe_wait_data(p, f->flags & O_NONBLOCK);
        if (n)
            return MIN(n, 0);
    }
    n = pipe_take(p, io);
    if (n != -EFAULT)
        waitq_wake_all(&p->writable);
    return n;
}

/* From one slot that has enough, or all that there is. */
static ssize_t pipe_read_plain(struct file *f, uaddr_t buf, size_t len)
{
    struct pipe *p = f->private;
    struct pipe_slot *s;

    if ((f->flags & O_ACCMODE) == O_WRONLY)
        return -EAGAIN;
    while (p->count == 0) {
        if (p->writers == 0 || f->flags & O_NONBLOCK ||
            waitq_sleep(&p->readable, WAIT_FOREVER) != 0)
            return -EAGAIN;
    }
    s = &p->slots[p->head];
    if (p->draining || s->is_packet)
        return -EAGAIN;
    if (s->len <= len) {
        if (p->count > 1 && s->len < len)
            return -EAGAIN;
        len = s->len;
    }
    if (copy_to_user_partial(buf, s->page + s->off, len) != 0)
        return -EAGAIN;
    slot_consume(p, s, len);
    waitq_wake_all(&p->writable);
    return (ssize_t)len;
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

/* An empty slot at the end, with a page. NULL: no memory. */
static struct pipe_slot *slot_push(struct pipe *p, bool is_packet)
{
    struct pipe_slot *s = pipe_slot(p, p->count);
    paddr_t pa;

    ASSERT_OP(p->count, <, p->slot_max);
    s->page = p->spare;
    p->spare = NULL;
    if (!s->page) {
        pa = page_alloc();
        if (!pa)
            return NULL;
        page_set_kind(pa, RECORDS_PAGE_PIPE);
        s->page = page_ptr(pa);
    }
    s->off = 0;
    s->len = 0;
    s->is_packet = is_packet;
    s->is_shared = false;
    p->count++;
    return s;
}

/* Fill one slot's rest or a new one. Bytes; 0: no room; -EFAULT, -ENOMEM */
static ssize_t pipe_give(struct pipe *p, struct io *io, bool is_packet)
{
    size_t room = is_packet ? 0 : tail_room(p);
    struct pipe_slot *s;
    size_t want, moved;

    if (room > 0) {
        s = pipe_slot(p, p->count - 1);
    } else {
        if (p->count == p->slot_max)
            return 0;
        s = slot_push(p, is_packet);
        if (!s)
            return -ENOMEM;
        room = PAGE_SIZE;
    }
    want = MIN(room, io->left);
    moved = io_get(io, s->page + s->off + s->len, want);
    s->len = (uint16_t)(s->len + moved);
    if (s->len == 0) { /* nothing arrived: take the new slot back */
        p->count--;
        slot_release(p, s);
    }
    return moved ? (ssize_t)moved : -EFAULT;
}

/* True when the next piece may be written now: small writes go whole or not
 * at all. */
static bool may_write(const struct pipe *p, const struct file *f, size_t left,
                      bool is_first)
{
    size_t slots = p->slot_max - p->count;

    if (p->filling)
        return false;
    if (f->flags & O_DIRECT)
        return slots > 0;
    if (is_first && left <= PIPE_ATOMIC_LEN)
        return slots > 0 || tail_room(p) >= left;
    return slots > 0 || tail_room(p) > 0;
}

int pipe_wait_room(struct pipe *p, bool nonblock)
{
    for (;;) {
        int err;

        if (p->readers == 0)
            return -EPIPE;
        if (p->count < p->slot_max && !p->filling)
            return 0;
        if (nonblock)
            return -EAGAIN;
        err = waitq_sleep(&p->writable, WAIT_FOREVER);
        if (err)
            return err;
    }
}

static ssize_t pipe_write(struct file *f, struct io *io, uint64_t *pos)
{
    struct pipe *p = f->private;
    size_t done = 0;
    ssize_t n = 0;

    (void)pos;
    if (io->left == 0)
        return 0;
    while (io->left > 0) {
        if (p->readers == 0)
            return done ? (ssize_t)done : -EPIPE;
        if (may_write(p, f, io->left, done == 0)) {
            do {
                n = pipe_give(p, io, f->flags & O_DIRECT);
                done += n > 0 ? (size_t)n : 0;
            } while (n > 0 && io->left > 0);
            waitq_wake_all(&p->readable);
            if (n < 0)
                return done ? (ssize_t)done : n;
            continue;
        }
        if (f->flags & O_NONBLOCK)
            return done ? (ssize_t)done : -EAGAIN;
        n = waitq_sleep(&p->writable, WAIT_FOREVER);
        if (n)
            return done ? (ssize_t)done : n;
    }
    return (ssize_t)done;
}

/* Into an empty pipe, on the page that it keeps. */
static ssize_t pipe_write_plain(struct file *f, uaddr_t buf, size_t len)
{
    struct pipe *p = f->private;

    if (p->count > 0 || !p->spare || p->filling || p->readers == 0 ||
        f->flags & O_DIRECT || (f->flags & O_ACCMODE) == O_RDONLY ||
        copy_from_user_partial(p->spare, buf, len) != 0)
        return -EAGAIN;
    p->slots[p->head] =
        (struct pipe_slot){ .page = p->spare, .len = (uint16_t)len };
    p->spare = NULL;
    p->count = 1;
    waitq_wake_all(&p->readable);
    return (ssize_t)len;
}

/* ---- the rest ---- */

static unsigned pipe_poll(struct file *f, struct poll_table *table)
{
    struct pipe *p = f->private;
    unsigned events = 0;
    unsigned mode = f->flags & O_ACCMODE;

    if (mode != O_WRONLY) {
        poll_wait(table, &p->readable);
        if (p->count > 0)
            events |= EPOLLIN | EPOLLRDNORM;
        if (p->writers == 0 && p->writer_count != f->pos)
            events |= EPOLLHUP;
    }
    if (mode != O_RDONLY) {
        poll_wait(table, &p->writable);
        if (p->count < p->slot_max)
            events |= EPOLLOUT | EPOLLWRNORM;
        if (p->readers == 0)
            events |= EPOLLERR;
    }
    return events;
}

static long pipe_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    struct pipe *p = f->private;

    if (cmd == FIONREAD)
        return user_put32(arg, (uint32_t)pipe_bytes(p));
    return -ENOTTY;
}

static long pipe_resize(struct pipe *p, unsigned long len)
{
    struct pipe_slot *slots;
    unsigned slot_max = 1;

    if (len > (1ul << 31))
        return -EINVAL;
    while (slot_max * PAGE_SIZE < len)
        slot_max *= 2;
    if (slot_max > PIPE_SLOTS_MAX && slot_max > p->slot_max && !cred_is_root())
        return -EPERM;
    if (slot_max < p->count + p->filling)
        return -EBUSY;
    slots = kzalloc(slot_max * sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    for (unsigned i = 0; i < p->count; i++)
        slots[i] = *pipe_slot(p, i);
    kfree(p->slots);
    p->slots = slots;
    p->slot_max = slot_max;
    p->head = 0;
    waitq_wake_all(&p->writable);
    return (long)(slot_max * PAGE_SIZE);
}

static long pipe_fcntl(struct file *f, unsigned cmd, unsigned long arg)
{
    struct pipe *p = f->private;

    if (cmd == F_GETPIPE_SZ)
        return (long)(p->slot_max * PAGE_SIZE);
    if (cmd == F_SETPIPE_SZ)
        return pipe_resize(p, (unsigned)arg);
    return -EINVAL;
}

static int pipe_fallocate(struct file *f, int mode, uint64_t off, uint64_t len)
{
    (void)f, (void)mode, (void)off, (void)len;
    return -ESPIPE;
}

static int pipe_stat(struct file *f, struct kstat *out)
{
    const struct pipe *p = f->private;
    const struct process *self = process_current();

    *out = (struct kstat){
        .dev = DEV_MAKE(0, 12),
        .ino = p->ino,
        .nlink = 1,
        .mode = S_IFIFO | 0600,
        .uid = self->euid,
        .gid = self->egid,
        .blksize = PAGE_SIZE,
        .atime_ns = p->created_ns,
        .mtime_ns = p->created_ns,
        .ctime_ns = p->created_ns,
    };
    return 0;
}

static const struct file_ops fifo_ops;

static void pipe_release(struct file *f)
{
    struct pipe *p = f->private;
    unsigned mode = f->flags & O_ACCMODE;

    if (!p)
        return; /* the open of a FIFO failed */
    if (mode != O_WRONLY)
        p->readers--;
    if (mode != O_RDONLY)
        p->writers--;
    if (p->readers == 0 && p->writers == 0) {
        if (f->ops == &fifo_ops)
            f->inode->private = NULL;
        pipe_free(p);
        return;
    }
    waitq_wake_all(&p->readable);
    waitq_wake_all(&p->writable);
}

static const struct file_ops pipe_ops;

struct pipe *pipe_of(const struct file *f)
{
    return f->ops == &pipe_ops || f->ops == &fifo_ops ? f->private : NULL;
}

static const struct file_ops pipe_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .read_plain = pipe_read_plain,
    .write_plain = pipe_write_plain,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .fcntl = pipe_fcntl,
    .fallocate = pipe_fallocate,
    .stat = pipe_stat,
    .release = pipe_release,
    .kind = "pipe",
};

/* A FIFO has a name: its inode answers fstat. */
static const struct file_ops fifo_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .read_plain = pipe_read_plain,
    .write_plain = pipe_write_plain,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .fcntl = pipe_fcntl,
    .fallocate = pipe_fallocate,
    .release = pipe_release,
    .kind = "fifo",
};

int pipe_create(unsigned flags, struct file *ends_out[2])
{
    struct pipe *p = pipe_new();

    if (!p)
        return -ENOMEM;
    flags &= O_NONBLOCK | O_DIRECT;
    ends_out[0] = file_create(&pipe_ops, O_RDONLY | (flags & ~O_DIRECT), p);
    if (!ends_out[0])
        goto free_pipe;
    ends_out[1] = file_create(&pipe_ops, O_WRONLY | flags, p);
    if (!ends_out[1])
        goto put_reader;
    p->readers = p->reader_count = 1;
    p->writers = p->writer_count = 1;
    return 0;

put_reader:
    ends_out[0]->private = NULL; /* the pipe is freed below */
    file_put(ends_out[0]);
free_pipe:
    pipe_free(p);
    return -ENOMEM;
}

/* Wait until the count of the other end's opens moves on. */
static int wait_for_partner(const unsigned *count, struct waitq *q)
{
    unsigned seen = *count;

    while (*count == seen) {
        int err = waitq_sleep(q, WAIT_FOREVER);

        if (err)
            return err;
    }
    return 0;
}

int pipe_reopen(struct file *old, struct file *f)
{
    unsigned mode = f->flags & O_ACCMODE;
    struct pipe *p = old->private;

    if (old->ops != &pipe_ops)
        return -ENXIO;
    f->ops = &pipe_ops;
    f->private = p;
    p->readers += mode != O_WRONLY;
    p->writers += mode != O_RDONLY;
    return 0;
}

int fifo_open(struct inode *i, struct file *f)
{
    struct pipe *p = i->private;
    unsigned mode = f->flags & O_ACCMODE;
    int err = 0;

    if (mode == O_WRONLY && (f->flags & O_NONBLOCK) && (!p || p->readers == 0))
        return -ENXIO;
    if (!p) {
        p = pipe_new();
        if (!p)
            return -ENOMEM;
        i->private = p;
    }
    f->ops = &fifo_ops;
    f->private = p;
    if (mode != O_WRONLY) {
        p->readers++;
        p->reader_count++;
        waitq_wake_all(&p->writable);
    }
    if (mode != O_RDONLY) {
        p->writers++;
        p->writer_count++;
        waitq_wake_all(&p->readable);
    }
    /* Opened too early to know of a writer: no hang-up before one came. */
    if (mode == O_RDONLY && p->writers == 0 && (f->flags & O_NONBLOCK))
        f->pos = p->writer_count;
    else if (mode == O_RDONLY && p->writers == 0)
        err = wait_for_partner(&p->writer_count, &p->readable);
    else if (mode == O_WRONLY && p->readers == 0)
        err = wait_for_partner(&p->reader_count, &p->writable);
    if (err) { /* the VFS does not release a file that did not open */
        pipe_release(f);
        f->private = NULL;
    }
    return err;
}
