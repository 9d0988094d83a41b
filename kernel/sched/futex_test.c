/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex_test.c - futexes, locks that know their owner, and what a dying thread
 * leaves behind, run on the host.
 */
#include "kernel/sched/fake_machine.h"

/* ---- futexes ---- */

#define ADDR(word) ((uaddr_t)(uintptr_t) & (word))

/* The word at an address, in a row of as many as a test has calls. */
static const struct futex_word *at(uaddr_t addr)
{
    static struct futex_word words[4];
    static unsigned next;

    next = (next + 1) % 4;
    words[next] = futex_word_at(addr, true);
    return &words[next];
}

static uint32_t word, word2;

static const struct futex_word *shared_at(uaddr_t addr)
{
    static struct futex_word shared;

    shared = futex_word_at(addr, false);
    return &shared;
}

static void shared_waiter(uint64_t name)
{
    int err = futex_wait(shared_at(ADDR(word)), 0, 1, WAIT_FOREVER);

    note(err ? '!' : (char)name);
}

static void futex_waiter(uint64_t name)
{
    int err =
        futex_wait(at(ADDR(word)), 0, FUTEX_BITSET_MATCH_ANY, WAIT_FOREVER);

    note(err ? '!' : (char)name);
}

TEST(futex_refuses_bad_arguments)
{
    boot();
    CHECK_EQ(futex_wait(at(ADDR(word) + 1), 0, 1, 0), -EINVAL);
    CHECK_EQ(futex_wait(at(ADDR(word)), 0, 0, 0), -EINVAL);
    CHECK_EQ(futex_wait(at(ADDR(word)), 1, 1, 0), -EAGAIN);
    CHECK_EQ(futex_wait(at(16), 0, 1, 0), -EFAULT);
    CHECK_EQ(futex_wait(at(ADDR(word)), 0, 1, fake_now + 9), -ETIMEDOUT);
    CHECK_EQ(futex_wake(at(ARCH_USER_MAX), 1, 1), -EFAULT);
    CHECK_EQ(futex_wake(at(ADDR(word)), 1, 1), 0);
}

TEST(futex_wakes_in_order_and_counts)
{
    boot();
    for (int i = 0; i < 4; i++)
        spawn(futex_waiter, (uint64_t)('a' + i));
    thread_yield();
    CHECK_EQ(futex_wake(at(ADDR(word)), 2, FUTEX_BITSET_MATCH_ANY), 2);
    thread_yield();
    CHECK_STR_EQ(trace, "ab");
    CHECK_EQ(futex_wake(at(ADDR(word)), 9, FUTEX_BITSET_MATCH_ANY), 2);
    thread_yield();
    CHECK_STR_EQ(trace, "abcd");
}

TEST(futex_requeue_moves_sleepers)
{
    uint32_t wrong = 7, right = 0;

    boot();
    for (int i = 0; i < 4; i++)
        spawn(futex_waiter, (uint64_t)('a' + i));
    thread_yield();
    CHECK_EQ(futex_requeue(at(ADDR(word)), at(ADDR(word2)), 1, 9, &wrong),
             -EAGAIN);
    CHECK_EQ(futex_requeue(at(ADDR(word)), at(ADDR(word2)), 1, 2, &right), 3);
    thread_yield();
    CHECK_STR_EQ(trace, "a");
    CHECK_EQ(futex_wake(at(ADDR(word2)), 9, FUTEX_BITSET_MATCH_ANY), 2);
    CHECK_EQ(futex_wake(at(ADDR(word)), 9, FUTEX_BITSET_MATCH_ANY), 1);
    thread_yield();
    CHECK_STR_EQ(trace, "abcd");
}

TEST(futex_wake_op_computes_and_compares)
{
    uint32_t op = FUTEX_OP(FUTEX_OP_ADD, 0xfff, FUTEX_OP_CMP_GT, 4);

    boot();
    word2 = 5;
    spawn(futex_waiter, 'a');
    thread_yield();
    CHECK_EQ(futex_wake_op(at(ADDR(word2)), at(ADDR(word2)), 1, 1, op), 0);
    CHECK_EQ(word2, 4); /* the argument is signed: -1 */
    CHECK_EQ(futex_wake_op(at(ADDR(word)), at(ADDR(word2)), 1, 1, op), 1);
    CHECK_EQ(word2, 3);
    thread_yield();
    CHECK_STR_EQ(trace, "a");
}

static void many_waiter(uint64_t name)
{
    struct futex_waiter w[2] = { { .word = *at(ADDR(word)) },
                                 { .word = *at(ADDR(word2)) } };
    uint32_t expected[2] = { 0, 0 };

    note((char)('0' + futex_wait_many(w, expected, 2, WAIT_FOREVER)));
    note((char)name);
}

TEST(futex_wait_many_tells_which)
{
    boot();
    spawn(many_waiter, 'm');
    thread_yield();
    CHECK_EQ(futex_wake(at(ADDR(word2)), 1, FUTEX_BITSET_MATCH_ANY), 1);
    thread_yield();
    CHECK_STR_EQ(trace, "1m");
    CHECK_EQ(futex_wake(at(ADDR(word)), 1, FUTEX_BITSET_MATCH_ANY), 0);
}

TEST(a_shared_word_has_one_queue_wherever_it_is_mapped)
{
    const struct futex_word *here, *there;

    boot();
    fake_object_start = ADDR(word);
    here = at(ADDR(word));
    CHECK(!here->obj);
    spawn(shared_waiter, 's');
    thread_yield();
    CHECK_EQ(fake_object_refs, 1);
    CHECK_EQ(futex_wake(here, 1, FUTEX_BITSET_MATCH_ANY), 0);
    fake_object_start = ADDR(word2);
    there = at(ADDR(word2));
    CHECK_EQ(futex_wake(there, 1, FUTEX_BITSET_MATCH_ANY), 0);
    here = shared_at(ADDR(word2));
    CHECK_EQ(futex_wake(here, 1, FUTEX_BITSET_MATCH_ANY), 1);
    thread_yield();
    CHECK_STR_EQ(trace, "s");
    CHECK_EQ(fake_object_refs, 0);
}

static void pi_taker(uint64_t name)
{
    CHECK_EQ(futex_lock_pi(at(ADDR(word)), WAIT_FOREVER), 0);
    note((char)name);
    CHECK_EQ(futex_unlock_pi(at(ADDR(word))), 0);
}

TEST(pi_lock_goes_to_the_highest_priority)
{
    boot();
    CHECK_EQ(futex_lock_pi(at(ADDR(word)), WAIT_FOREVER), 0);
    CHECK_EQ(word, 1);
    CHECK_EQ(futex_lock_pi(at(ADDR(word)), WAIT_FOREVER), -EDEADLK);
    spawn(pi_taker, 'n');
    thread_set_policy(spawn(pi_taker, 'r'), SCHED_RR, 10);
    burn(1);
    thread_yield();
    CHECK_EQ(word, 1 | FUTEX_WAITERS);
    CHECK_EQ(futex_unlock_pi(at(ADDR(word))), 0);
    CHECK_EQ(word & FUTEX_TID_MASK, 3);
    burn(1);
    thread_yield();
    CHECK_STR_EQ(trace, "rn");
    CHECK_EQ(word, 0);
    CHECK_EQ(futex_unlock_pi(at(ADDR(word))), -EPERM);
}

static struct {
    uint64_t head, offset, pending;
} robust;
static struct {
    uint64_t next;
    uint32_t lock;
} node;

static void dies_with_lock(uint64_t name)
{
    struct thread *t = thread_current();

    (void)name;
    robust.head = ADDR(node);
    robust.offset = (uint64_t)((char *)&node.lock - (char *)&node);
    node.next = ADDR(robust);
    node.lock = (uint32_t)t->tid | FUTEX_WAITERS;
    t->robust_list = ADDR(robust);
    t->clear_child_tid = ADDR(word);
    word = 77;
}

TEST(a_dying_thread_gives_its_locks_and_tid_back)
{
    boot();
    spawn(dies_with_lock, 0);
    thread_yield();
    CHECK_EQ(node.lock, FUTEX_WAITERS | FUTEX_OWNER_DIED);
    CHECK_EQ(word, 0);
    CHECK_EQ(process.thread_count, 1);
}

TEST(a_circular_robust_list_ends)
{
    boot();
    robust.head = ADDR(node);
    robust.offset = (uint64_t)((char *)&node.lock - (char *)&node);
    node.next = ADDR(node); /* never comes back to the head */
    first.robust_list = ADDR(robust);
    futex_thread_exit();
    CHECK_EQ(first.robust_list, 0);
}
