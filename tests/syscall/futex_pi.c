/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex_pi.c - futex(2): locks with owners, priority inheritance, conditions
 * that requeue to them, owners that die.
 *
 * covers: futex
 */
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

static uint32_t word, word2;

static long futex(uint32_t *addr, int op, uint32_t val, const void *timeout,
                  uint32_t *addr2, uint32_t val3)
{
    return syscall(SYS_futex, addr, op, val, timeout, addr2, val3);
}

static uint32_t tid(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

static void pause_ms(int ms)
{
    struct timespec t = { 0, ms * 1000000 };

    nanosleep(&t, NULL);
}

/* The word gets FUTEX_WAITERS a moment before its waiter sleeps. */
static void await_waiter(uint32_t *addr)
{
    while (!(__atomic_load_n(addr, __ATOMIC_SEQ_CST) & FUTEX_WAITERS))
        pause_ms(1);
    pause_ms(20);
}

static struct timespec in_ms(clockid_t clock, int ms)
{
    int64_t at = now_ns(clock) + ms * 1000000ll;

    return (struct timespec){ at / 1000000000, at % 1000000000 };
}

TEST(an_uncontended_lock)
{
    word = 0;
    CHECK_EQ(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, tid());
    CHECK_ERR(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
    CHECK_ERR(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0),
              EDEADLK);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, 0);
    CHECK_EQ(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, tid());
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
    CHECK_ERR(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM);
    word = FUTEX_OWNER_DIED | FUTEX_WAITERS;
    CHECK_EQ(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, tid() | FUTEX_OWNER_DIED);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, 0);
}

TEST(errors)
{
    uint32_t *odd = (uint32_t *)((char *)&word + 2);
    struct timespec bad = { 0, 1000000000 };

    word = 0x1fffffff; /* nobody's id */
    CHECK_ERR(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), ESRCH);
    word = 0;
    CHECK_ERR(futex(odd, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EINVAL);
    CHECK_ERR(futex(odd, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
    CHECK_ERR(futex(NULL, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERR(futex(NULL, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERR(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, &bad, NULL, 0), EINVAL);
    CHECK_ERR(
        futex(&word, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0),
        ENOSYS);
    CHECK_ERR(futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0),
              ENOSYS);
    CHECK_ERR(
        futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 2, (void *)1, &word2, 0),
        EINVAL);
    CHECK_ERR(
        futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)1, &word, 0),
        EINVAL);
    CHECK_ERR(
        futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)1, &word2, 9),
        EAGAIN);
    CHECK_EQ(
        futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)1, &word2, 0), 0);
    CHECK_ERR(futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &word, 0),
              EINVAL);
    CHECK_ERR(futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 7, NULL, &word2, 0),
              EAGAIN);
}

static volatile uint32_t taker_word, taker_tid;
static volatile int taker_errno;

static void *taker(void *arg)
{
    uint32_t *addr = arg;

    taker_tid = tid();
    taker_errno = 0;
    if (futex(addr, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) != 0) {
        taker_errno = errno;
        return NULL;
    }
    taker_word = *addr;
    if (futex(addr, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0) != 0)
        taker_errno = errno;
    return NULL;
}

TEST(unlocking_passes_the_lock_on)
{
    pthread_t t;

    word = tid();
    pthread_create(&t, NULL, taker, &word);
    await_waiter(&word);
    CHECK_EQ(word, tid() | FUTEX_WAITERS);
    CHECK_ERR(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), EINVAL);
    CHECK_ERR(futex(&word, FUTEX_REQUEUE_PRIVATE, 0, (void *)1, &word2, 0),
              EINVAL);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK(word != tid());
    pthread_join(t, NULL);
    CHECK_EQ(taker_errno, 0);
    CHECK_EQ(taker_word, taker_tid | FUTEX_WAITERS);
    CHECK_EQ(word, 0);
}

static void *holder(void *arg)
{
    word = tid();
    __atomic_store_n((int *)arg, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n((int *)arg, __ATOMIC_SEQ_CST) == 1)
        pause_ms(1);
    futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}

TEST(waiting_for_a_lock_ends_in_time)
{
    struct timespec at = in_ms(CLOCK_REALTIME, 20);
    int stage = 0;
    pthread_t t;

    pthread_create(&t, NULL, holder, &stage);
    while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) == 0)
        pause_ms(1);
    CHECK_ERR(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EAGAIN);
    CHECK_ERR(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, &at, NULL, 0), ETIMEDOUT);
    CHECK(now_ns(CLOCK_REALTIME) >= at.tv_sec * 1000000000ll + at.tv_nsec);
    at = in_ms(CLOCK_MONOTONIC, 20);
    CHECK_ERR(
        futex(&word, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0, &at, NULL, 0),
        ETIMEDOUT);
    CHECK_ERR(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
    __atomic_store_n(&stage, 2, __ATOMIC_SEQ_CST);
    pthread_join(t, NULL);
    CHECK_EQ(word, 0);
}

static void *crossed(void *arg)
{
    (void)arg;
    taker_errno = 0;
    word2 = tid();
    if (futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) != 0)
        taker_errno = errno;
    futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    futex(&word2, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}

TEST(a_ring_of_locks_is_refused)
{
    pthread_t t;

    word = tid();
    word2 = 0;
    pthread_create(&t, NULL, crossed, NULL);
    await_waiter(&word);
    CHECK_ERR(futex(&word2, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    pthread_join(t, NULL);
    CHECK_EQ(taker_errno, 0);
    CHECK_EQ(word, 0);
    CHECK_EQ(word2, 0);
}

static void *dies_owning(void *arg)
{
    word = tid();
    __atomic_store_n((int *)arg, 1, __ATOMIC_SEQ_CST);
    await_waiter(&word);
    return NULL;
}

TEST(a_dead_owners_lock_goes_to_a_waiter)
{
    int stage = 0;
    pthread_t t;

    pthread_create(&t, NULL, dies_owning, &stage);
    while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) == 0)
        pause_ms(1);
    CHECK_EQ(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, tid() | FUTEX_WAITERS | FUTEX_OWNER_DIED);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, 0);
    pthread_join(t, NULL);
}

static void *plain_waiter(void *arg)
{
    futex(arg, FUTEX_WAIT_PRIVATE, 0x12345678, NULL, NULL, 0);
    return NULL;
}

TEST(a_word_is_one_or_the_other)
{
    pthread_t t;

    word = 0x12345678;
    pthread_create(&t, NULL, plain_waiter, &word);
    pause_ms(50);
    CHECK_ERR(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EINVAL);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
    pthread_join(t, NULL);
}

/* ---- pthread's mutexes ---- */

static pthread_mutex_t robust;

static void *leaves_locked(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&robust);
    return NULL;
}

static void robust_case(int protocol)
{
    pthread_mutexattr_t a;
    pthread_t t;

    pthread_mutexattr_init(&a);
    CHECK_EQ(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST), 0);
    CHECK_EQ(pthread_mutexattr_setprotocol(&a, protocol), 0);
    CHECK_EQ(pthread_mutex_init(&robust, &a), 0);
    pthread_create(&t, NULL, leaves_locked, NULL);
    pthread_join(t, NULL);
    CHECK_EQ(pthread_mutex_lock(&robust), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(&robust), 0);
    CHECK_EQ(pthread_mutex_unlock(&robust), 0);
    CHECK_EQ(pthread_mutex_lock(&robust), 0);
    CHECK_EQ(pthread_mutex_unlock(&robust), 0);
    pthread_create(&t, NULL, leaves_locked, NULL);
    pthread_join(t, NULL);
    CHECK_EQ(pthread_mutex_trylock(&robust), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_unlock(&robust), 0); /* not made consistent */
    CHECK_EQ(pthread_mutex_lock(&robust), ENOTRECOVERABLE);
    pthread_mutex_destroy(&robust);
    pthread_mutexattr_destroy(&a);
}

TEST(robust_mutexes)
{
    robust_case(PTHREAD_PRIO_NONE);
}

TEST(robust_mutexes_that_inherit)
{
    robust_case(PTHREAD_PRIO_INHERIT);
}

static pthread_mutex_t inheriting;
static int counter;

static void *adder(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&inheriting);
        counter++;
        if (i % 64 == 0)
            sched_yield();
        pthread_mutex_unlock(&inheriting);
    }
    return NULL;
}

TEST(inheriting_mutexes_exclude)
{
    pthread_mutexattr_t a;
    pthread_t t[4];

    pthread_mutexattr_init(&a);
    pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&inheriting, &a);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, adder, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CHECK_EQ(counter, 8000);
}

/* ---- conditions ---- */

static volatile int requeued;

static void *requeue_waiter(void *arg)
{
    long result =
        futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, arg, &word2, 0);

    if (result != 0) {
        taker_errno = errno;
        return NULL;
    }
    if ((word2 & FUTEX_TID_MASK) != tid())
        taker_errno = EINVAL;
    __atomic_add_fetch(&requeued, 1, __ATOMIC_SEQ_CST);
    futex(&word2, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}

TEST(sleepers_are_moved_to_a_lock)
{
    pthread_t t[3];

    word = word2 = 0;
    taker_errno = 0;
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, requeue_waiter, NULL);
    pause_ms(100);
    CHECK_ERR(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), EINVAL);
    word2 = tid(); /* held: all three are moved */
    CHECK_EQ(
        futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)10, &word2, 0),
        3);
    CHECK_EQ(word2, tid() | FUTEX_WAITERS);
    CHECK_EQ(requeued, 0);
    CHECK_EQ(futex(&word2, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    CHECK_EQ(requeued, 3);
    CHECK_EQ(taker_errno, 0);
    CHECK_EQ(word2, 0);
}

TEST(a_free_lock_is_given_at_once)
{
    pthread_t t;

    word = word2 = 0;
    requeued = 0;
    pthread_create(&t, NULL, requeue_waiter, NULL);
    pause_ms(50);
    CHECK_EQ(
        futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)0, &word2, 0), 1);
    pthread_join(t, NULL);
    CHECK_EQ(requeued, 1);
    CHECK_EQ(word2, 0);
}

TEST(waiting_to_be_moved_ends_in_time)
{
    struct timespec at = in_ms(CLOCK_MONOTONIC, 30);
    pthread_t t;

    word = word2 = 0;
    CHECK_ERR(futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &at, &word2, 0),
              ETIMEDOUT);
    word2 = tid(); /* moved, and then out of time */
    taker_errno = 0;
    at = in_ms(CLOCK_MONOTONIC, 200);
    pthread_create(&t, NULL, requeue_waiter, &at);
    pause_ms(50);
    CHECK_EQ(
        futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)0, &word2, 0), 1);
    pthread_join(t, NULL);
    CHECK_EQ(taker_errno, ETIMEDOUT);
    CHECK_EQ(futex(&word2, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word2, 0);
}

static volatile int handled;

static void on_signal(int signo)
{
    handled = signo;
}

TEST(a_signal_interrupts_no_lock)
{
    struct sigaction sa = { .sa_handler = on_signal };
    pthread_t t;

    sigaction(SIGUSR1, &sa, NULL); /* not SA_RESTART: it does not matter */
    word = tid();
    pthread_create(&t, NULL, taker, &word);
    await_waiter(&word);
    pthread_kill(t, SIGUSR1);
    while (!handled)
        pause_ms(1);
    pause_ms(20);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    pthread_join(t, NULL);
    CHECK_EQ(taker_errno, 0);
    CHECK_EQ(word, 0);
}

/* ---- priorities, on one CPU ---- */

static volatile int high_is_done, mid_runs;
static volatile uint32_t chain_ready;

static bool become(int priority)
{
    struct sched_param p = { .sched_priority = priority };

    return syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p) == 0;
}

static void *low(void *arg)
{
    become(10);
    futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    __atomic_store_n(&chain_ready, 1, __ATOMIC_SEQ_CST);
    while (!mid_runs) /* asleep, so that the others can come */
        pause_ms(1);
    futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return arg;
}

/* Holds word2 and waits for word: a link of the chain. */
static void *link_between(void *arg)
{
    become(11);
    futex(&word2, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    __atomic_store_n(&chain_ready, 2, __ATOMIC_SEQ_CST);
    futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    futex(&word2, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return arg;
}

static void *high(void *arg)
{
    become(30);
    futex(&word2, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    futex(&word2, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    high_is_done = 1;
    return arg;
}

/* Above low and the link, below high: without inheritance, for ever. */
static void *mid(void *arg)
{
    become(20);
    mid_runs = 1;
    while (!high_is_done)
        ;
    return arg;
}

static void await_stage(uint32_t stage)
{
    while (__atomic_load_n(&chain_ready, __ATOMIC_SEQ_CST) < stage)
        pause_ms(1);
}

TEST(priorities_are_inherited_along_a_chain)
{
    cpu_set_t one, before;
    pthread_t t[4];

    sched_getaffinity(0, sizeof(before), &before);
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    if (sched_setaffinity(0, sizeof(one), &one) != 0 || !become(40))
        SKIP("no realtime priorities");
    word = word2 = 0;
    pthread_create(&t[0], NULL, low, NULL);
    await_stage(1);
    pthread_create(&t[1], NULL, link_between, NULL);
    await_stage(2);
    await_waiter(&word);
    pthread_create(&t[2], NULL, high, NULL);
    await_waiter(&word2);
    pthread_create(&t[3], NULL, mid, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CHECK(high_is_done);
    syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &(struct sched_param){ 0 });
    sched_setaffinity(0, sizeof(before), &before);
}
