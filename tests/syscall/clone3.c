/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clone3.c - a thousand threads alive at once, and what clone3(2) refuses.
 */
#include "check.h"

#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>

#define THREADS 1000

static pthread_barrier_t gate;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long sum;
static int tids[THREADS];

static void *meet(void *arg)
{
    long me = (long)(intptr_t)arg;

    tids[me] = (int)syscall(SYS_gettid);
    pthread_barrier_wait(&gate);
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&lock);
        sum += me;
        pthread_mutex_unlock(&lock);
    }
    pthread_barrier_wait(&gate);
    return arg;
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

TEST(a_thousand_threads_at_once)
{
    static pthread_t threads[THREADS];
    pthread_attr_t attr;
    int made = 0, joined = 0, twice = 0;

    pthread_barrier_init(&gate, NULL, THREADS + 1);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 64 * 1024);
    for (long i = 0; i < THREADS; i++)
        made += pthread_create(&threads[i], &attr, meet, (void *)i) == 0;
    if (!CHECK_EQ(made, THREADS))
        exit(1); /* the others wait for ever */
    pthread_barrier_wait(&gate);
    pthread_barrier_wait(&gate);
    for (long i = 0; i < THREADS; i++) {
        void *result = NULL;

        joined += pthread_join(threads[i], &result) == 0 && result == (void *)i;
    }
    CHECK_EQ(joined, THREADS);
    CHECK_EQ(sum, 20L * THREADS * (THREADS - 1) / 2);
    qsort(tids, THREADS, sizeof(tids[0]), compare);
    for (int i = 1; i < THREADS; i++)
        twice += tids[i] == tids[i - 1];
    CHECK_EQ(twice, 0);
}

static volatile int loop_ends;

static void *loop(void *arg)
{
    volatile long *n = arg;

    while (!loop_ends)
        ++*n;
    return NULL;
}

/* Threads that never give up the CPU all get some of it. */
TEST(busy_threads_share_the_cpu)
{
    struct timespec t = { 0, 10000000 };
    pthread_t threads[4];
    volatile long counts[4] = { 0 };

    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, loop,
                                (void *)(uintptr_t)&counts[i]),
                 0);
    /* A thread that starves would keep us here until the time limit. */
    while (!counts[0] || !counts[1] || !counts[2] || !counts[3])
        nanosleep(&t, NULL);
    loop_ends = 1;
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void *raise_there(void *arg)
{
    (void)arg;
    for (;;)
        pause();
    return NULL;
}

static volatile pthread_t hit;

static void note_thread(int sig)
{
    (void)sig;
    hit = pthread_self();
}

/* A busy thread takes the signal that another one sends it. */
static void *spin_for_signal(void *arg)
{
    while (!hit)
        continue;
    return arg;
}

TEST(a_signal_reaches_a_busy_thread)
{
    struct sigaction a = { .sa_handler = note_thread };
    struct timespec t = { 0, 5000000 };
    pthread_t thread, sleeper;

    sigemptyset(&a.sa_mask);
    sigaction(SIGUSR1, &a, NULL);
    pthread_create(&sleeper, NULL, raise_there, NULL);
    pthread_create(&thread, NULL, spin_for_signal, NULL);
    nanosleep(&t, NULL);
    CHECK_EQ(pthread_kill(thread, SIGUSR1), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK(pthread_equal(hit, thread));
    CHECK_EQ(pthread_cancel(sleeper), 0);
    CHECK_EQ(pthread_join(sleeper, NULL), 0);
}

TEST(clone3_errors)
{
    struct clone_args args = { .flags = CLONE_THREAD };
    char large[8192] = { 0 };

    CHECK_ERR(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
    args.flags = CLONE_SIGHAND;
    CHECK_ERR(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
    CHECK_ERR(syscall(SYS_clone3, &args, 8), EINVAL);
    CHECK_ERR(syscall(SYS_clone3, large, sizeof(large)), E2BIG);
    CHECK_ERR(syscall(SYS_clone3, bad_pointer(), sizeof(args)), EFAULT);
    args.flags = CLONE_DETACHED;
    CHECK_ERR(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
    args.flags = 0;
    args.exit_signal = 200;
    CHECK_ERR(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
    args.exit_signal = 0;
    args.stack_size = 4096; /* without a stack */
    CHECK_ERR(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
    args.stack_size = 0;
    args.stack = 4096; /* without a size */
    CHECK_ERR(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
    args.stack = 0;
    args.set_tid_size = 1; /* without the ids */
    CHECK_ERR(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
    memset(large, 0, sizeof(large));
    large[sizeof(args)] = 1; /* unknown to this kernel */
    CHECK_ERR(syscall(SYS_clone3, large, sizeof(args) + 8), E2BIG);
}
