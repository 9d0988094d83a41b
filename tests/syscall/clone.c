/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clone.c - threads: pthreads of either libc, on clone(2) and what it needs.
 *
 * covers: set_tid_address gettid exit sched_yield clone3
 */
#include "check.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#define THREADS 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long counter;
static __thread int local = 7;

static void *add(void *arg)
{
    for (int i = 0; i < 5000; i++) {
        pthread_mutex_lock(&lock);
        counter += (long)(intptr_t)arg;
        pthread_mutex_unlock(&lock);
        if (i % 1000 == 0)
            sched_yield();
    }
    local++;
    return (void *)(intptr_t)local;
}

TEST(mutexes_exclude_and_joins_return)
{
    pthread_t t[THREADS];
    long sum = 0;

    for (long i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_create(&t[i], NULL, add, (void *)i), 0);
        sum += i * 5000;
    }
    for (int i = 0; i < THREADS; i++) {
        void *result;

        CHECK_EQ(pthread_join(t[i], &result), 0);
        CHECK_EQ((intptr_t)result, 8); /* thread-local: from 7 each */
    }
    CHECK_EQ(counter, sum);
    CHECK_EQ(local, 7);
}

static int turn;

static void *ping(void *arg)
{
    int me = (int)(intptr_t)arg;

    pthread_mutex_lock(&lock);
    for (int i = 0; i < 500; i++) {
        while (turn % 2 != me)
            pthread_cond_wait(&cond, &lock);
        turn++;
        pthread_cond_broadcast(&cond);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

TEST(condition_variables_take_turns)
{
    pthread_t a, b;

    turn = 0;
    pthread_create(&a, NULL, ping, (void *)0);
    pthread_create(&b, NULL, ping, (void *)1);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    CHECK_EQ(turn, 1000);
}

TEST(a_condition_times_out)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += 20000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_mutex_lock(&lock);
    CHECK_EQ(pthread_cond_timedwait(&cond, &lock, &t), ETIMEDOUT);
    pthread_mutex_unlock(&lock);
}

static void *spin(void *arg)
{
    while (!__atomic_load_n((int *)arg, __ATOMIC_RELAXED))
        continue;
    return NULL;
}

TEST(a_spinning_thread_is_preempted)
{
    static int stop;
    struct timespec pause = { 0, 5000000 };
    pthread_t t;

    pthread_create(&t, NULL, spin, &stop);
    nanosleep(&pause, NULL);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    CHECK_EQ(pthread_join(t, NULL), 0);
}

static sem_t full, empty;
static int ring[4];

static void *produce(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        sem_wait(&empty);
        ring[i % 4] = i;
        sem_post(&full);
    }
    return NULL;
}

TEST(semaphores_carry_a_ring)
{
    pthread_t t;
    bool good = true;

    sem_init(&full, 0, 0);
    sem_init(&empty, 0, 4);
    pthread_create(&t, NULL, produce, NULL);
    for (int i = 0; i < 2000; i++) {
        sem_wait(&full);
        good = good && ring[i % 4] == i;
        sem_post(&empty);
    }
    pthread_join(t, NULL);
    CHECK(good);
}

static void *tell_tid(void *arg)
{
    *(long *)arg = syscall(SYS_gettid);
    return NULL;
}

TEST(threads_have_ids_of_their_own)
{
    long tid = 0;
    pthread_t t;

    CHECK_EQ(syscall(SYS_gettid), getpid());
    pthread_create(&t, NULL, tell_tid, &tid);
    pthread_join(t, NULL);
    CHECK(tid > 0 && tid != getpid());
    /* A join ends a moment before the thread is gone. */
    for (int i = 0; i < 1000 && syscall(SYS_tgkill, getpid(), tid, 0) == 0; i++)
        usleep(1000);
    CHECK_ERR(syscall(SYS_tgkill, getpid(), tid, 0), ESRCH);
}

static void *cancel_me(void *arg)
{
    struct timespec t = { 30, 0 };

    (void)arg;
    nanosleep(&t, NULL);
    return NULL;
}

TEST(cancelling_a_sleeper)
{
    struct timespec pause = { 0, 10000000 };
    pthread_t t;
    void *result;

    pthread_create(&t, NULL, cancel_me, NULL);
    nanosleep(&pause, NULL);
    CHECK_EQ(pthread_cancel(t), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
}

static volatile long handled_by;

static void note_thread(int sig)
{
    (void)sig;
    handled_by = syscall(SYS_gettid);
}

static void *wait_for_signal(void *arg)
{
    struct timespec t = { 0, 2000000 };

    *(volatile long *)arg = syscall(SYS_gettid);
    for (int i = 0; i < 2000 && handled_by == 0; i++)
        nanosleep(&t, NULL);
    return NULL;
}

TEST(a_signal_to_a_thread_runs_there)
{
    static volatile long tid;
    struct sigaction a = { .sa_handler = note_thread };
    struct timespec pause = { 0, 10000000 };
    pthread_t t;

    sigaction(SIGUSR1, &a, NULL);
    pthread_create(&t, NULL, wait_for_signal, (void *)&tid);
    nanosleep(&pause, NULL);
    CHECK_EQ(pthread_kill(t, SIGUSR1), 0);
    pthread_join(t, NULL);
    CHECK(tid != 0);
    CHECK_EQ(handled_by, tid);
}

static void *nothing(void *arg)
{
    return arg;
}

TEST(many_threads_after_each_other)
{
    pthread_t t;
    int made = 0;

    for (int i = 0; i < 500; i++) {
        if (pthread_create(&t, NULL, nothing, NULL) != 0)
            break;
        pthread_join(t, NULL);
        made++;
    }
    CHECK_EQ(made, 500);
}

TEST(detached_threads_clean_up_after_themselves)
{
    pthread_attr_t attr;
    pthread_t t;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 64 * 1024);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(pthread_create(&t, &attr, nothing, NULL), 0);
}

/* A thread that needs no stack: it calls until it ends, with a stack pointer
 * that is no address. */
static long thread_on(unsigned long sp)
{
    register long none __asm__("r10") = 0;
    register long tls __asm__("r8") = 0;
    long result = SYS_clone;

    __asm__ volatile("syscall\n"
                     "test %%rax, %%rax\n jne 1f\n"
                     "mov $24, %%eax\n syscall\n" /* sched_yield */
                     "mov $60, %%eax\n syscall\n" /* exit */
                     "1:\n"
                     : "+a"(result)
                     : "D"(0x50f00l), "S"(sp), "d"(0l), "r"(none), "r"(tls)
                     : "rcx", "r11", "cc", "memory");
    return result;
}

TEST(stack_pointers_that_are_no_addresses)
{
    for (int i = 0; i < 4; i++) {
        CHECK(thread_on(0x800000000000) > 0);
        CHECK(thread_on(0x4141414141414141) > 0);
        CHECK(thread_on(~0ul) > 0);
        CHECK_OK(sched_yield());
    }
}

TEST(bad_flags)
{
    CHECK_ERR(syscall(SYS_clone, 0x10000, 0, 0, 0, 0), EINVAL); /* THREAD */
    CHECK_ERR(syscall(SYS_clone, 0x800, 0, 0, 0, 0), EINVAL);   /* SIGHAND */
}
