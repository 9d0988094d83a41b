/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp_realtime.c - a SCHED_FIFO thread keeps its CPU for as long as it likes,
 * but not the threads that another CPU could run.
 *
 * Two threads that hand work to and fro stay together on one CPU. When the one
 * with priority then goes on without sleeping, the other must be taken by the
 * CPU that has nothing to do.
 * covers: sched_setscheduler
 * run: --cpus 2
 */
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define ROUNDS  300
#define LIMIT_S 60

static atomic_int turn, answer;

static void post(atomic_int *word, int value)
{
    atomic_store(word, value);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void wait_for(atomic_int *word, int value)
{
    int seen;

    while ((seen = atomic_load(word)) != value)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void *answer_all(void *arg)
{
    (void)arg;
    for (int i = 1; i <= 2 * ROUNDS + 1; i++) {
        wait_for(&turn, i);
        post(&answer, i);
    }
    return NULL;
}

static void ask(int first)
{
    for (int i = first; i < first + ROUNDS; i++) {
        post(&turn, i);
        wait_for(&answer, i);
    }
}

/* The calling thread and the other: on the first CPU alone, or on any. */
static void allow(pthread_t other, const cpu_set_t *set)
{
    CHECK_EQ(pthread_setaffinity_np(other, sizeof(*set), set), 0);
    CHECK_EQ(sched_setaffinity(0, sizeof(*set), set), 0);
}

/* musl has no such call. */
static long set_policy(int policy, int priority)
{
    struct sched_param param = { .sched_priority = priority };

    return syscall(SYS_sched_setscheduler, 0, policy, &param);
}

static bool answered(int value)
{
    time_t end = time(NULL) + LIMIT_S;

    while (atomic_load(&answer) != value)
        if (time(NULL) >= end)
            return false;
    return true;
}

/* Wake a thread on this CPU, with priority, and go on until it has answered. */
static void wake_and_spin(void)
{
    cpu_set_t all, one;
    pthread_t other;
    int cpu = 0;

    atomic_store(&turn, 0);
    atomic_store(&answer, 0);
    CHECK_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    while (!CPU_ISSET(cpu, &all))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK_EQ(pthread_create(&other, NULL, answer_all, NULL), 0);
    allow(other, &one);
    ask(1);
    allow(other, &all);
    CHECK_EQ(set_policy(SCHED_FIFO, 1), 0);
    usleep(20000); /* the other CPU finds nothing to do */
    ask(ROUNDS + 1);
    post(&turn, 2 * ROUNDS + 1);
    CHECK(answered(2 * ROUNDS + 1));
    CHECK_EQ(set_policy(SCHED_OTHER, 0), 0);
    CHECK_EQ(pthread_join(other, NULL), 0);
}

TEST(an_idle_cpu_takes_what_a_fifo_thread_woke)
{
    wake_and_spin();
}

static void *spin(void *arg)
{
    while (!atomic_load((atomic_int *)arg))
        continue;
    return NULL;
}

TEST(a_busy_cpu_is_given_what_a_fifo_thread_woke)
{
    atomic_int stop = 0;
    pthread_t busy;

    CHECK_EQ(pthread_create(&busy, NULL, spin, &stop), 0);
    wake_and_spin();
    atomic_store(&stop, 1);
    CHECK_EQ(pthread_join(busy, NULL), 0);
}
