/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex.c - futex(2): waiting, waking, requeueing, timeouts, robust lists.
 *
 * covers: set_robust_list get_robust_list
 */
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

static uint32_t word;

static long futex(uint32_t *addr, int op, uint32_t val, const void *timeout,
                  uint32_t *addr2, uint32_t val3)
{
    return syscall(SYS_futex, addr, op, val, timeout, addr2, val3);
}

TEST(a_changed_word_does_not_wait)
{
    word = 5;
    CHECK_ERR(futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
    CHECK_ERR(futex(&word, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0), EAGAIN);
}

TEST(waiting_times_out)
{
    struct timespec t = { 0, 20000000 };
    int64_t began = now_ns(CLOCK_MONOTONIC);

    CHECK_ERR(futex(&word, FUTEX_WAIT_PRIVATE, 5, &t, NULL, 0), ETIMEDOUT);
    CHECK(now_ns(CLOCK_MONOTONIC) - began >= 20000000);
    began += 50000000; /* absolute, on the monotonic clock */
    t.tv_sec = began / 1000000000;
    t.tv_nsec = began % 1000000000;
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET, 5, &t, NULL, ~0u), ETIMEDOUT);
    CHECK(now_ns(CLOCK_MONOTONIC) >= began);
    t.tv_nsec = -1;
    CHECK_ERR(futex(&word, FUTEX_WAIT, 5, &t, NULL, 0), EINVAL);
}

TEST(nobody_to_wake)
{
    CHECK_EQ(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0), 0);
}

/* A waiter comes while its waker does, at each of many words that nobody has
 * slept at yet. What is lost is waited for for ever: the runner ends that. */
#define FRESH_COUNT 4096

static uint32_t fresh[FRESH_COUNT];
static volatile int fresh_at = -1, fresh_left = -1;

static void *fresh_waiter(void *arg)
{
    for (int i = 0; i < FRESH_COUNT; i++) {
        fresh[i] = 1;
        __atomic_store_n(&fresh_at, i, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&fresh[i], __ATOMIC_SEQ_CST) == 1)
            futex(&fresh[i], FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
        __atomic_store_n(&fresh_left, i, __ATOMIC_SEQ_CST);
    }
    return arg;
}

static void until(const volatile int *seen, int i)
{
    while (__atomic_load_n(seen, __ATOMIC_SEQ_CST) != i)
        sched_yield();
}

TEST(a_wake_finds_who_has_just_come)
{
    pthread_t thread;
    volatile int spins;

    CHECK_EQ(pthread_create(&thread, NULL, fresh_waiter, NULL), 0);
    for (int i = 0; i < FRESH_COUNT; i++) {
        until(&fresh_at, i);
        spins = i * 7 % 97; /* at another point of its way each time */
        while (spins > 0)
            spins--;
        __atomic_store_n(&fresh[i], 0, __ATOMIC_SEQ_CST);
        CHECK(futex(&fresh[i], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) >= 0);
        until(&fresh_left, i);
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static volatile int woken;

static void *waiter(void *arg)
{
    uint32_t *addr = arg;

    while (futex(addr, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) != 0)
        if (errno != EINTR)
            break;
    __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void pause_ms(int ms)
{
    struct timespec t = { 0, ms * 1000000 };

    nanosleep(&t, NULL);
}

/* Wake until n in all were woken; the waiters may not be there yet. */
static int wake_all(uint32_t *addr, int n)
{
    int total = 0;

    for (int i = 0; i < 1000 && total < n; i++) {
        total += (int)futex(addr, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        if (total < n)
            pause_ms(2);
    }
    return total;
}

TEST(each_wake_wakes_one)
{
    static uint32_t f;
    pthread_t threads[4];

    woken = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, waiter, &f);
    CHECK_EQ(wake_all(&f, 4), 4);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(woken, 4);
}

TEST(requeue_moves_waiters)
{
    static uint32_t from, to;
    pthread_t threads[3];
    int moved = 0;

    woken = 0;
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, waiter, &from);
    for (int i = 0; i < 1000 && moved < 3; i++) {
        moved += (int)futex(&from, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)3ul,
                            &to, 0);
        pause_ms(2);
    }
    CHECK_EQ(moved, 3);
    CHECK_EQ(woken, 0);
    CHECK_EQ(futex(&from, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 0);
    CHECK_EQ(futex(&to, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 3);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    CHECK_ERR(futex(&from, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)1ul, &to, 9),
              EAGAIN);
}

TEST(wake_op_changes_and_wakes)
{
    uint32_t a = 0, b = 5;

    CHECK_EQ(futex(&a, FUTEX_WAKE_OP, 1, (void *)1ul, &b,
                   FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5)),
             0);
    CHECK_EQ(b, 8);
}

TEST(bad_arguments)
{
    CHECK_ERR(
        futex((uint32_t *)((char *)&word + 1), FUTEX_WAKE, 1, NULL, NULL, 0),
        EINVAL);
    CHECK_ERR(futex(&word, 99, 0, NULL, NULL, 0), ENOSYS);
    CHECK_ERR(futex(bad_pointer(), FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0), EINVAL);
}

/* A word that may be shared has to be there even if nobody sleeps on it. */
TEST(words_that_are_not_mapped)
{
    uint32_t *none =
        mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK_ERR(futex(none, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
    CHECK_ERR(futex(none, FUTEX_WAKE_BITSET, 1, NULL, NULL, ~0u), EFAULT);
    CHECK_ERR(futex(none, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
    CHECK_EQ(futex(none, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
    CHECK_ERR(futex(none, FUTEX_REQUEUE, 1, (void *)1ul, &word, 0), EFAULT);
    CHECK_ERR(futex(&word, FUTEX_REQUEUE, 1, (void *)1ul, none, 0), EFAULT);
    CHECK_ERR(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1ul, none, word),
              EFAULT);
    CHECK_EQ(futex(none, FUTEX_REQUEUE_PRIVATE, 1, (void *)1ul, &word, 0), 0);
    munmap(none, PAGE);
    CHECK_ERR(futex(none, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
}

static void *die_with_a_lock(void *arg)
{
    CHECK_EQ(pthread_mutex_lock(arg), 0);
    return NULL;
}

TEST(a_dead_owner_is_reported_to_the_next)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;
    pthread_t t;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&m, &attr);
    pthread_create(&t, NULL, die_with_a_lock, &m);
    pthread_join(t, NULL);
    CHECK_EQ(pthread_mutex_lock(&m), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(&m), 0);
    CHECK_EQ(pthread_mutex_unlock(&m), 0);
}

TEST(robust_lists_are_kept)
{
    void *head = NULL, *mine[3] = { mine, NULL, NULL };
    size_t len = 0;
    void *old = NULL;

    CHECK_OK(syscall(SYS_get_robust_list, 0, &old, &len));
    CHECK_EQ(len, 24);
    CHECK_OK(syscall(SYS_set_robust_list, mine, 24));
    CHECK_OK(syscall(SYS_get_robust_list, 0, &head, &len));
    CHECK(head == (void *)mine);
    CHECK_ERR(syscall(SYS_set_robust_list, mine, 23), EINVAL);
    CHECK_OK(syscall(SYS_set_robust_list, old, 24));
}

/* ---- one page at two addresses ---- */

static void *waits_shared(void *arg)
{
    uint32_t *addr = arg;

    while (futex(addr, FUTEX_WAIT, 0, NULL, NULL, 0) != 0)
        if (errno != EINTR)
            break;
    __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void check_two_mappings(int fd, int flags)
{
    uint32_t *a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
    uint32_t *b;
    pthread_t id;

    CHECK(a != MAP_FAILED);
    if (fd >= 0)
        b = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
    else
        b = mremap(a, 0, PAGE, MREMAP_MAYMOVE);
    CHECK(b != MAP_FAILED);
    woken = 0;
    CHECK_EQ(pthread_create(&id, NULL, waits_shared, a + 3), 0);
    while (futex(b + 3, FUTEX_WAKE, 1, NULL, NULL, 0) != 1)
        sched_yield();
    pthread_join(id, NULL);
    CHECK_EQ(woken, 1);
    CHECK_EQ(pthread_create(&id, NULL, waits_shared, a + 3), 0);
    while (futex(b + 3, FUTEX_CMP_REQUEUE, 0, (void *)1, a + 5, 0) != 1)
        sched_yield();
    CHECK_EQ(futex(b + 4, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_EQ(futex(a + 3, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_EQ(futex(b + 5, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    pthread_join(id, NULL);
    CHECK_EQ(woken, 2);
    munmap(a, PAGE);
    munmap(b, PAGE);
}

TEST(a_file_mapped_twice_is_one_futex)
{
    int fd = open("shared", O_RDWR | O_CREAT, 0600);

    CHECK_OK(fd);
    CHECK_OK(ftruncate(fd, PAGE));
    check_two_mappings(fd, MAP_SHARED);
    close(fd);
}

TEST(shared_anonymous_memory_mapped_twice_is_one_futex)
{
    check_two_mappings(-1, MAP_SHARED | MAP_ANONYMOUS);
}
