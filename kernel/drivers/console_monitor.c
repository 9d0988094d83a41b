/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console_monitor.c - the console by hypercall.
 *
 * Output goes straight from the program's pages: one exit hands over a list of
 * up to 64 physical pieces. Short lines are copied instead, which costs less
 * than finding their page.
 *
 * The monitor watches the host's descriptors for a CPU that sleeps, if that one
 * knew, when it went to sleep, of somebody who waits for them. Beside threads
 * that run, a timer asks now and then. Without any it is not armed: whoever
 * waits has made its CPU go to sleep, knowing.
 */
#include <linux/eventpoll.h>

#include "core/errno.h"
#include "core/string.h"
#include "drivers/console_backend.h"
#include "drivers/hypercall.h"
#include "mm/page.h"
#include "mm/space.h"
#include "sched/process.h"
#include "sched/thread.h"
#include "time/clock.h"

#define BOUNCE_LEN 512u
#define LOOK_NS    10000000ull

/* In static memory: its page is in use anyhow. */
static uint8_t bounce[BOUNCE_LEN];
static bool output_full[3];
/* The host said that there is input and nobody has looked since: asking again
 * would only get the same answer, at once, for ever. */
static bool input_noted;

uint32_t console_monitor_wanted(void)
{
    uint32_t wanted = 0;

    if (!input_noted && !list_is_empty(&console_waitq(false)->waiters))
        wanted |= HYPERCALL_EVENT_STDIN;
    if ((output_full[1] || output_full[2]) &&
        !list_is_empty(&console_waitq(true)->waiters))
        wanted |= HYPERCALL_EVENT_STDOUT;
    return wanted;
}

void console_monitor_note(uint32_t events)
{
    if (events & HYPERCALL_EVENT_STDIN) {
        input_noted = true;
        waitq_wake_all(console_waitq(false));
    }
    if (events & HYPERCALL_EVENT_STDOUT) {
        output_full[1] = false;
        output_full[2] = false;
        waitq_wake_all(console_waitq(true));
    }
}

static void look(struct timer *timer)
{
    uint32_t wanted = console_monitor_wanted();

    (void)timer;
    console_monitor_note(
        (uint32_t)hypercall_call(HYPERCALL_WAIT, 1, wanted, 0) & wanted);
}

void console_monitor_watch(size_t sleeping)
{
    static struct timer timer = { .expired = look };

    if (!timer_is_armed(&timer) && thread_ready_count() > sleeping)
        timer_arm(&timer, clock_mono_ns() + LOOK_NS);
}

/* Where the byte at va lies; faults its page in if need be. 0: nowhere. */
static uint64_t user_gpa(uaddr_t va)
{
    struct space *space = process_current()->space;
    paddr_t pa = space_resident(space, va);
    uint8_t byte;

    if (!pa) {
        if (copy_from_user(&byte, va, 1) != 0)
            return 0;
        pa = space_resident(space, va);
        if (!pa)
            return 0;
    }
    return ALIGN_DOWN(pa, PAGE_SIZE) + (va & PAGE_MASK);
}

/* List the pieces of io in the hypercall page. Result: their number. */
static unsigned list_pieces(const struct io *io)
{
    unsigned count = 0;
    size_t off = io->vec_off, left = io->left;
    uint64_t end_gpa = 0, last_len = 0;

    for (const struct io_vec *v = io->vec; left > 0; off = 0, v++) {
        while (off < v->len && left > 0) {
            uaddr_t va = v->base + off;
            size_t n = MIN(v->len - off, PAGE_SIZE - (va & PAGE_MASK));
            uint64_t gpa =
                io->is_kernel ? hypercall_gpa((void *)va) : user_gpa(va);

            if (!gpa)
                return count;
            n = MIN(n, left);
            if (count > 0 && gpa == end_gpa) {
                last_len += n;
                hypercall_set_iov(count - 1, gpa + n - last_len, last_len);
            } else {
                if (count == HYPERCALL_IOV_MAX)
                    return count;
                hypercall_set_iov(count++, gpa, n);
                last_len = n;
            }
            end_gpa = gpa + n;
            off += n;
            left -= n;
        }
    }
    return count;
}

/* What remains of io after `done` more bytes went. */
static void io_advance(struct io *io, size_t done)
{
    io->left -= done;
    while (done > 0) {
        size_t n = MIN(done, io->vec->len - io->vec_off);

        io->vec_off += n;
        done -= n;
        if (io->vec_off == io->vec->len && io->vec_count > 1) {
            io->vec++;
            io->vec_count--;
            io->vec_off = 0;
        }
    }
}

static ssize_t write_short(unsigned fd, struct io *io)
{
    struct io start = *io;
    size_t n = io_get(io, bounce, io->left);
    int64_t done;

    if (n == 0)
        return -EFAULT;
    hypercall_set_iov(0, hypercall_gpa(bounce), n);
    done = hypercall_call(HYPERCALL_WRITE, fd, 1, 0);
    if (done == (int64_t)n)
        return done;
    *io = start;
    if (done > (int64_t)n)
        return -EIO;
    if (done > 0)
        io_advance(io, (size_t)done);
    return done;
}

static ssize_t monitor_write(unsigned fd, struct io *io)
{
    unsigned count;
    int64_t done;

    if (io->left == 0)
        return 0;
    if (io->left <= BOUNCE_LEN) {
        done = write_short(fd, io);
    } else {
        count = list_pieces(io);
        if (count == 0)
            return -EFAULT;
        done = hypercall_call(HYPERCALL_WRITE, fd, count, 0);
        if (done > (int64_t)io->left)
            return -EIO; /* the host claims more than it was given */
        if (done > 0)
            io_advance(io, (size_t)done);
    }
    output_full[fd] = done == -EAGAIN;
    return done;
}

static ssize_t monitor_read(struct io *io)
{
    size_t len = MIN(io->left, PAGE_SIZE);
    uint8_t *buf = bounce;
    paddr_t page = 0;
    int64_t done;

    if (len == 0)
        return 0;
    input_noted = false;
    /* Through a page of ours: what the host writes must land in the
     * program's memory by its own rules, copy on write included. */
    if (len > BOUNCE_LEN) {
        page = page_alloc();
        if (page)
            buf = page_ptr(page);
        else
            len = BOUNCE_LEN;
    }
    hypercall_set_iov(0, hypercall_gpa(buf), len);
    done = hypercall_call(HYPERCALL_READ, 0, 1, 0);
    if (done > (int64_t)len)
        done = -EIO;
    if (done > 0) {
        done = (int64_t)io_put(io, buf, (size_t)done);
        if (done == 0)
            done = -EFAULT;
    }
    if (page)
        page_put(page);
    return done;
}

static void monitor_write_text(const char *text, size_t len)
{
    while (len > 0) {
        size_t n = MIN(len, (size_t)BOUNCE_LEN);
        int64_t done;

        memcpy(bounce, text, n);
        hypercall_set_iov(0, hypercall_gpa(bounce), n);
        done = hypercall_call(HYPERCALL_WRITE, 2, 1, 0);
        if (done <= 0)
            return;
        n = MIN(n, (size_t)done);
        text += n;
        len -= n;
    }
}

static unsigned monitor_poll(unsigned fd)
{
    if (fd == 0) {
        int64_t events =
            hypercall_call(HYPERCALL_WAIT, 1, HYPERCALL_EVENT_STDIN, 0);

        input_noted = false;
        return events > 0 && (events & HYPERCALL_EVENT_STDIN)
                   ? EPOLLIN | EPOLLRDNORM
                   : 0;
    }
    return output_full[fd] ? 0 : EPOLLOUT | EPOLLWRNORM;
}

static void monitor_stat(struct hypercall_stat out[3])
{
    hypercall_set_iov(0, hypercall_gpa(out), 3 * sizeof(*out));
    if (hypercall_call(HYPERCALL_FDSTAT, 0, 1, 0) < 0)
        memset(out, 0, 3 * sizeof(*out));
}

static int monitor_tty(unsigned fd, uint32_t cmd, void *buf, size_t len)
{
    hypercall_set_iov(0, hypercall_gpa(buf), len);
    return (int)hypercall_call(HYPERCALL_TTY, fd, cmd, 0);
}

static void monitor_report(const char *text,
                           const struct hypercall_report *report, bool is_panic,
                           int signo)
{
    hypercall_set_iov(0, hypercall_gpa(text), strlen(text) + 1);
    hypercall_set_iov(1, report ? hypercall_gpa(report) : 0,
                      report ? sizeof(*report) : 0);
    (void)hypercall_call(is_panic ? HYPERCALL_PANIC : HYPERCALL_CRASH,
                         (uint64_t)signo, 2, 0);
}

static bool monitor_left_out(unsigned nr)
{
    return hypercall_call(HYPERCALL_LEFT_OUT, nr, 0, 0) == 0;
}

static void monitor_power_off(int status)
{
    (void)hypercall_call(HYPERCALL_EXIT, (uint64_t)status, 0, 0);
}

const struct console_backend console_monitor = {
    .write = monitor_write,
    .read = monitor_read,
    .write_text = monitor_write_text,
    .poll = monitor_poll,
    .stat = monitor_stat,
    .tty = monitor_tty,
    .report = monitor_report,
    .left_out = monitor_left_out,
    .power_off = monitor_power_off,
};
