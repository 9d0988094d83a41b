/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp_sigmask.c - a signal that comes while masks change is taken by a thread
 * that lets it in, whichever of the two was first.
 *
 * The threads change their masks once in a round and then wait without a call,
 * so a signal that nobody looked for again stays pending for good.
 * covers: rt_sigprocmask tgkill kill
 * run: --cpus 2
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define ROUNDS   500
#define LIMIT_NS (30 * 1000000000ll)

static atomic_int handled, ready, at_round, is_late;
static pthread_barrier_t both;

static void on_signal(int sig)
{
    (void)sig;
    atomic_fetch_add(&handled, 1);
}

static void mask(int how)
{
    sigset_t s;

    sigemptyset(&s);
    sigaddset(&s, SIGUSR1);
    CHECK_EQ(pthread_sigmask(how, &s, NULL), 0);
}

/* Some time that is different in each round. */
static void dawdle(int round)
{
    for (volatile int i = 0; i < round * 7 % 400; i++)
        continue;
}

/* False: not within the limit, which one in trouble takes for all. */
static bool await(atomic_int *count, int value)
{
    int64_t end = now_ns(CLOCK_MONOTONIC) + LIMIT_NS;

    while (atomic_load(count) < value && !atomic_load(&is_late))
        if (now_ns(CLOCK_MONOTONIC) > end) /* by the vDSO */
            atomic_store(&is_late, 1);
    return !atomic_load(&is_late);
}

/* Shut, and open again as the signal comes. */
static void *open_once(void *arg)
{
    (void)arg;
    for (int round = 1; round <= ROUNDS; round++) {
        mask(SIG_BLOCK);
        atomic_store(&ready, round);
        dawdle(ROUNDS - round);
        mask(SIG_UNBLOCK);
        if (!await(&handled, round))
            break;
    }
    return NULL;
}

TEST(one_opens_as_the_signal_comes)
{
    pthread_t t;

    atomic_store(&handled, 0);
    signal(SIGUSR1, on_signal);
    CHECK_EQ(pthread_create(&t, NULL, open_once, NULL), 0);
    for (int round = 1; round <= ROUNDS && await(&ready, round); round++) {
        dawdle(round);
        CHECK_EQ(pthread_kill(t, SIGUSR1), 0);
        await(&handled, round);
    }
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(atomic_load(&is_late), 0);
    CHECK_EQ(atomic_load(&handled), ROUNDS);
}

/* One of the two is open at the end of each round, the other shuts. */
static void *change_places(void *arg)
{
    bool is_first = arg != NULL;

    for (int round = 1; round <= ROUNDS && !atomic_load(&is_late); round++) {
        mask(SIG_BLOCK);
        if (is_first == (round % 2 == 0))
            mask(SIG_UNBLOCK);
        pthread_barrier_wait(&both);
        atomic_store(&at_round, round);
        dawdle(is_first ? round : ROUNDS - round);
        mask(is_first == (round % 2 == 0) ? SIG_BLOCK : SIG_UNBLOCK);
        await(&handled, round);
        pthread_barrier_wait(&both);
    }
    return NULL;
}

TEST(one_opens_as_the_other_shuts)
{
    pthread_t t[2];

    atomic_store(&handled, 0);
    atomic_store(&at_round, 0);
    mask(SIG_BLOCK); /* this thread does not take it */
    CHECK_EQ(pthread_barrier_init(&both, NULL, 2), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, change_places, i ? t : NULL), 0);
    for (int round = 1; round <= ROUNDS && await(&at_round, round); round++) {
        dawdle(round / 3);
        CHECK_OK(kill(getpid(), SIGUSR1));
        await(&handled, round);
    }
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
    CHECK_EQ(atomic_load(&is_late), 0);
    CHECK_EQ(atomic_load(&handled), ROUNDS);
    mask(SIG_UNBLOCK);
}
