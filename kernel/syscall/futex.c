/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex.c - futex(2) and futex_waitv(2): operations, time-outs, restarts.
 */
#include <linux/futex.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "core/errno.h"
#include "mm/heap.h"
#include "mm/user.h"
#include "sched/futex.h"
#include "sched/process.h"
#include "sched/thread.h"
#include "syscall/syscall.h"
#include "time/clock.h"

/* A time-out as a deadline on CLOCK_MONOTONIC. Setting the clock meanwhile
 * does not move an absolute CLOCK_REALTIME one. */
static int deadline_of(uaddr_t timeout, bool is_relative, bool is_real,
                       uint64_t *deadline_out)
{
    struct __kernel_timespec ts;
    uint64_t ns, real_ns;

    *deadline_out = WAIT_FOREVER;
    if (timeout == 0)
        return 0;
    if (copy_from_user(&ts, timeout, sizeof(ts)) != 0)
        return -EFAULT;
    if (ts.tv_sec < 0 || (uint64_t)ts.tv_nsec >= NS_PER_SEC)
        return -EINVAL;
    if ((uint64_t)ts.tv_sec >= INT64_MAX / NS_PER_SEC)
        return 0; /* in 292 years */
    ns = (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
    if (is_relative) {
        ns += clock_mono_ns();
    } else if (is_real) {
        real_ns = clock_real_ns();
        ns = ns > real_ns ? ns - real_ns + clock_mono_ns() : 0;
    }
    *deadline_out = ns;
    return 0;
}

static long wait_again(struct syscall_restart *r)
{
    struct futex_word word = futex_word_at(r->arg[0], r->arg[3]);
    int err = futex_wait(&word, (uint32_t)r->arg[1], (uint32_t)r->arg[2],
                         r->deadline_ns);

    return err == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : err;
}

/* A relative time-out must not begin anew when a signal interrupts it, so the
 * restarted call gets the deadline, not its arguments. Linux treats absolute
 * ones alike: a handler ends them, whatever SA_RESTART says. */
static long wait(const struct futex_word *word, bool is_private,
                 uint32_t expected, uint32_t bitset, uint64_t deadline_ns)
{
    struct syscall_restart *r = &thread_current()->restart;
    int err = futex_wait(word, expected, bitset, deadline_ns);

    if (err != -ERESTARTSYS || deadline_ns == WAIT_FOREVER)
        return err;
    r->fn = wait_again;
    r->deadline_ns = deadline_ns;
    r->arg[0] = word->addr;
    r->arg[1] = expected;
    r->arg[2] = bitset;
    r->arg[3] = is_private;
    return -ERESTART_RESTARTBLOCK;
}

/* Linux knows a word that may be shared by its page, which has to be there. */
static int shared_check(uaddr_t addr, bool is_private)
{
    uint32_t value;

    return is_private || addr % 4 != 0 ? 0 : user_get32(&value, addr);
}

static long wake(const struct futex_word *word, bool is_private, uint32_t count,
                 uint32_t bitset)
{
    int woken = futex_wake(word, MAX(count, 1u), bitset); /* 0 wakes one, too */

    return woken ? woken : shared_check(word->addr, is_private);
}

static bool takes_timeout(int cmd)
{
    return cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET ||
           cmd == FUTEX_LOCK_PI || cmd == FUTEX_LOCK_PI2 ||
           cmd == FUTEX_WAIT_REQUEUE_PI;
}

/* What the operations with two words ask for. */
static long two_words(const struct futex_word *word, int op, uint32_t value,
                      unsigned count2, uaddr_t addr2, uint32_t value3)
{
    bool is_private = (op & FUTEX_PRIVATE_FLAG) != 0;
    struct futex_word word2 = futex_word_at(addr2, is_private);
    int cmd = op & FUTEX_CMD_MASK;
    int err;

    if (cmd == FUTEX_WAKE_OP)
        return futex_wake_op(word, &word2, value, count2, value3);
    if ((int)value < 0 || (int)count2 < 0)
        return -EINVAL;
    if (cmd == FUTEX_CMP_REQUEUE_PI)
        return value == 1 ? futex_requeue_pi(word, &word2, count2, value3)
                          : -EINVAL;
    err = shared_check(word->addr, is_private);
    if (!err)
        err = shared_check(addr2, is_private);
    if (err)
        return err;
    return futex_requeue(word, &word2, value, count2,
                         cmd == FUTEX_CMP_REQUEUE ? &value3 : NULL);
}

static long futex_any(uaddr_t addr, int op, uint32_t value, uint64_t timeout,
                      uaddr_t addr2, uint32_t value3)
{
    int cmd = op & FUTEX_CMD_MASK;
    bool is_real = (op & FUTEX_CLOCK_REALTIME) != 0;
    bool is_private = (op & FUTEX_PRIVATE_FLAG) != 0;
    struct futex_word word = futex_word_at(addr, is_private), word2;
    uint64_t deadline_ns = WAIT_FOREVER;
    int err;

    if (is_real && cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_WAIT_REQUEUE_PI &&
        cmd != FUTEX_LOCK_PI2)
        return -ENOSYS;
    if (takes_timeout(cmd)) {
        err = deadline_of(timeout, cmd == FUTEX_WAIT,
                          is_real || cmd == FUTEX_LOCK_PI, &deadline_ns);
        if (err)
            return err;
    }
    switch (cmd) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        return wait(&word, is_private, value,
                    cmd == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : value3,
                    deadline_ns);
    case FUTEX_WAKE:
        return wake(&word, is_private, value, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
        return wake(&word, is_private, value, value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
    case FUTEX_WAKE_OP:
        return two_words(&word, op, value, (unsigned)timeout, addr2, value3);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
        err = futex_lock_pi(&word, deadline_ns);
        return err == -ERESTARTSYS ? -ERESTARTNOINTR : err;
    case FUTEX_WAIT_REQUEUE_PI:
        word2 = futex_word_at(addr2, is_private);
        return futex_wait_requeue_pi(&word, &word2, value, deadline_ns);
    case FUTEX_TRYLOCK_PI:
        return futex_trylock_pi(&word);
    case FUTEX_UNLOCK_PI:
        return futex_unlock_pi(&word);
    default:
        return -ENOSYS;
    }
}

/* What mutexes and conditions of one program are made of: such a wait or wake
 * needs the queues' lock alone. */
static bool is_simple(int op)
{
    int cmd = op & FUTEX_CMD_MASK;

    if (!(op & FUTEX_PRIVATE_FLAG) || (op & FUTEX_CLOCK_REALTIME))
        return false;
    return cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_WAKE ||
           cmd == FUTEX_WAKE_BITSET;
}

static COLD long futex_locked(uaddr_t addr, int op, uint32_t value,
                              uint64_t timeout, uaddr_t addr2, uint32_t value3)
{
    bool was_taken = is_simple(op) ? false : kernel_lock_enter();
    long result = futex_any(addr, op, value, timeout, addr2, value3);

    kernel_lock_leave(was_taken);
    return result;
}

/* timeout is a count in the calls that wake. Counts are int on Linux. */
long sys_futex(uaddr_t addr, int op, uint32_t value, uint64_t timeout,
               uaddr_t addr2, uint32_t value3)
{
    struct futex_word word = { .addr = addr, .at = addr };

    /* By far the most. */
    word.owner = process_current()->space;
    if (op == FUTEX_WAKE_PRIVATE)
        return futex_wake(&word, MAX(value, 1u), FUTEX_BITSET_MATCH_ANY);
    if (op == FUTEX_WAIT_PRIVATE && !timeout)
        return wait(&word, true, value, FUTEX_BITSET_MATCH_ANY, WAIT_FOREVER);
    return futex_locked(addr, op, value, timeout, addr2, value3);
}

static COLD long waitv_checked(uaddr_t user, unsigned count,
                               uint64_t deadline_ns)
{
    struct futex_waiter *waiters = kmalloc(count * sizeof(*waiters));
    uint32_t expected[FUTEX_WAIT_MAX];
    struct futex_waitv one;
    long result;

    if (!waiters)
        return -ENOMEM;
    for (unsigned i = 0; i < count; i++) {
        result = -EFAULT;
        if (copy_from_user(&one, user + i * sizeof(one), sizeof(one)) != 0)
            goto free_waiters;
        result = -EINVAL;
        if ((one.flags & ~(uint32_t)FUTEX_PRIVATE_FLAG) != FUTEX_32 ||
            one.__reserved != 0)
            goto free_waiters;
        waiters[i].word =
            futex_word_at(one.uaddr, one.flags & FUTEX_PRIVATE_FLAG);
        expected[i] = (uint32_t)one.val;
    }
    result = futex_wait_many(waiters, expected, count, deadline_ns);

free_waiters:
    kfree(waiters);
    return result;
}

COLD long sys_futex_waitv(uaddr_t waiters, unsigned count, unsigned flags,
                          uaddr_t timeout, int clock)
{
    uint64_t deadline_ns = WAIT_FOREVER;
    int err;

    if (flags || count == 0 || count > FUTEX_WAIT_MAX || waiters == 0)
        return -EINVAL;
    if (timeout) {
        if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
            return -EINVAL;
        err =
            deadline_of(timeout, false, clock == CLOCK_REALTIME, &deadline_ns);
        if (err)
            return err;
    }
    return waitv_checked(waiters, count, deadline_ns);
}
