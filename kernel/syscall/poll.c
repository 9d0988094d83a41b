/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll.c - poll(2) and ppoll(2), select(2) and pselect6(2).
 */
#include <asm/resource.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/posix_types.h>
#include <linux/time.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/fdtable.h"
#include "fs/poll.h"
#include "mm/heap.h"
#include "process/signal.h"
#include "sched/process.h"
#include "syscall/deadline.h"
#include "syscall/syscall.h"
#include "time/clock.h"

#define POLL_FAST_COUNT 16u
#define WORD_BITS       64u
/* What select()'s three sets ask for. */
#define SELECT_IN     (EPOLLIN | EPOLLRDNORM | EPOLLHUP | EPOLLERR)
#define SELECT_OUT    (EPOLLOUT | EPOLLWRNORM | EPOLLERR)
#define SELECT_EXCEPT EPOLLPRI

/*
 * Look, and sleep until there is something to see or the time is over; then a
 * last look. look() gives what is ready, or an error, and registers with the
 * files' queues if is_first.
 */
static long wait_ready(long (*look)(struct poller *p, void *arg, bool is_first),
                       void *arg, uint64_t deadline)
{
    struct poller p;
    bool is_first = true, is_last = deadline == 0;
    long ready;

    poller_init(&p);
    for (;;) {
        int err;

        /* Wake-ups under other locks than ours are forgotten before the files
         * are looked at, on the other CPUs' view as well. */
        thread_wake_clear();
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        ready = look(&p, arg, is_first && !is_last);
        if (ready || is_last)
            break;
        is_first = false;
        err = p.error ? p.error : thread_sleep(deadline);
        is_last = err == -ETIMEDOUT;
        if (err && !is_last) {
            ready = err;
            break;
        }
    }
    poller_fini(&p);
    return ready;
}

/* ---- poll ---- */

struct poll_set {
    struct pollfd *fds;
    unsigned count;
};

static long poll_look(struct poller *p, void *arg, bool is_first)
{
    const struct poll_set *s = arg;
    struct pollfd *fds = s->fds;
    long ready = 0;

    for (unsigned i = 0; i < s->count; i++) {
        unsigned want = (uint16_t)fds[i].events | POLLERR | POLLHUP;
        struct file *f;

        fds[i].revents = 0;
        if (fds[i].fd < 0)
            continue;
        f = fd_get(fds[i].fd);
        if (f && !(f->flags & O_PATH)) {
            /* Once something is ready nobody will sleep. */
            fds[i].revents =
                (short)(poller_look(p, f, is_first && !ready) & want);
        } else {
            fds[i].revents = POLLNVAL;
        }
        if (f)
            file_put(f);
        if (fds[i].revents)
            ready++;
    }
    return ready;
}

static long poll_until(uaddr_t user, unsigned count, uint64_t deadline)
{
    struct pollfd fast[POLL_FAST_COUNT], *fds = fast;
    size_t len = count * sizeof(*fds);
    long ready = -EFAULT;

    if (count > process_current()->rlimits[RLIMIT_NOFILE].soft)
        return -EINVAL;
    if (count > POLL_FAST_COUNT) {
        fds = kmalloc_free(len);
        if (!fds)
            return -ENOMEM;
    }
    if (copy_from_user(fds, user, len) == 0) {
        struct poll_set set = { fds, count };

        ready = wait_ready(poll_look, &set, deadline);
        for (unsigned i = 0; i < count && ready >= 0; i++) {
            uaddr_t at =
                user + i * sizeof(*fds) + offsetof(struct pollfd, revents);

            if (copy_to_user(at, &fds[i].revents, sizeof(fds[i].revents)))
                ready = -EFAULT;
        }
    }
    if (fds != fast)
        kfree(fds);
    return ready;
}

static long poll_again(struct syscall_restart *r)
{
    long ready = poll_until(r->arg[0], (unsigned)r->arg[1], r->deadline_ns);

    return ready == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : ready;
}

long sys_poll(uaddr_t fds, unsigned count, int timeout_ms)
{
    struct syscall_restart *r = &thread_current()->restart;
    uint64_t deadline = deadline_of_ms(timeout_ms);
    long ready = poll_until(fds, count, deadline);

    if (ready != -ERESTARTSYS)
        return ready;
    r->fn = poll_again;
    r->deadline_ns = deadline;
    r->arg[0] = fds;
    r->arg[1] = count;
    return -ERESTART_RESTARTBLOCK;
}

/* A call that was interrupted: restarted only if no handler ran. */
static long interrupted(long result)
{
    return result == -ERESTARTSYS ? -ERESTARTNOHAND : result;
}

long sys_ppoll(uaddr_t fds, unsigned count, uaddr_t timeout, uaddr_t sigmask,
               size_t sigmask_len)
{
    uint64_t deadline;
    long ready;
    int err = deadline_of_timespec(timeout, &deadline);

    if (!err)
        err = signal_mask_swap_user(sigmask, sigmask_len);
    if (err)
        return err;
    ready = interrupted(poll_until(fds, count, deadline));
    if (sigmask)
        ready = signal_mask_restore(ready);
    deadline_put_left(timeout, deadline);
    return ready;
}

/* ---- select ---- */

enum select_set { SET_IN, SET_OUT, SET_EXCEPT, SET_COUNT };

/* The three sets asked for, then the three results, `words` words each. */
struct select_sets {
    unsigned fd_count, words;
    uint64_t *bits;
};

static long select_look_fd(struct poller *p, struct select_sets *s, unsigned fd,
                           bool is_first)
{
    static const unsigned kinds[SET_COUNT] = { SELECT_IN, SELECT_OUT,
                                               SELECT_EXCEPT };
    uint64_t bit = 1ull << (fd % WORD_BITS);
    unsigned word = fd / WORD_BITS, ready;
    struct file *f;
    long count = 0;

    if (!((s->bits[word] | s->bits[s->words + word] |
           s->bits[2 * s->words + word]) &
          bit))
        return 0;
    f = fd_get((int)fd);
    if (!f)
        return -EBADF;
    ready = f->flags & O_PATH ? ~0u : poller_look(p, f, is_first);
    file_put(f);
    for (unsigned k = 0; k < SET_COUNT; k++) {
        if (!(s->bits[k * s->words + word] & bit) || !(ready & kinds[k]))
            continue;
        s->bits[(SET_COUNT + k) * s->words + word] |= bit;
        count++;
    }
    return count;
}

static COLD long select_look(struct poller *p, void *arg, bool is_first)
{
    struct select_sets *s = arg;
    long ready = 0;

    for (unsigned fd = 0; fd < s->fd_count; fd++) {
        long n = select_look_fd(p, s, fd, is_first && !ready);

        if (n < 0)
            return n;
        ready += n;
    }
    return ready;
}

static COLD long select_until(int count, const uaddr_t user[SET_COUNT],
                              uint64_t deadline)
{
    uint64_t fast[2 * SET_COUNT * 2] = { 0 };
    struct select_sets s = { .bits = fast };
    long ready = 0;
    size_t len;

    if (count < 0)
        return -EINVAL;
    /* As Linux: sets need not reach beyond what can be open. */
    s.fd_count = MIN((unsigned)count, MAX(fd_table_size(), WORD_BITS));
    s.words = (s.fd_count + WORD_BITS - 1) / WORD_BITS;
    len = s.words * sizeof(uint64_t);
    if (s.words > 2) {
        s.bits = kmalloc_free(2 * SET_COUNT * len);
        if (!s.bits)
            return -ENOMEM;
        memset(s.bits, 0, 2 * SET_COUNT * len);
    }
    for (unsigned k = 0; k < SET_COUNT && !ready; k++)
        if (user[k])
            ready = copy_from_user(s.bits + k * s.words, user[k], len);
    if (!ready)
        ready = wait_ready(select_look, &s, deadline);
    for (unsigned k = 0; k < SET_COUNT && ready >= 0; k++)
        if (user[k] &&
            copy_to_user(user[k], s.bits + (SET_COUNT + k) * s.words, len))
            ready = -EFAULT;
    if (s.bits != fast)
        kfree(s.bits);
    return ready;
}

COLD long sys_select(int count, uaddr_t in, uaddr_t out, uaddr_t except,
                     uaddr_t timeout)
{
    const uaddr_t sets[SET_COUNT] = { in, out, except };
    uint64_t deadline;
    long ready;
    int err = deadline_of_timeval(timeout, &deadline);

    if (err)
        return err;
    ready = interrupted(select_until(count, sets, deadline));
    deadline_put_left_timeval(timeout, deadline);
    return ready;
}

COLD long sys_pselect6(int count, uaddr_t in, uaddr_t out, uaddr_t except,
                       uaddr_t timeout, uaddr_t sigmask)
{
    const uaddr_t sets[SET_COUNT] = { in, out, except };
    uint64_t mask[2] = { 0, 0 }; /* its address, its length */
    uint64_t deadline;
    long ready;
    int err = deadline_of_timespec(timeout, &deadline);

    if (!err && sigmask)
        err = copy_from_user(mask, sigmask, sizeof(mask));
    if (!err)
        err = signal_mask_swap_user(mask[0], mask[1]);
    if (err)
        return err;
    ready = interrupted(select_until(count, sets, deadline));
    if (mask[0])
        ready = signal_mask_restore(ready);
    deadline_put_left(timeout, deadline);
    return ready;
}
