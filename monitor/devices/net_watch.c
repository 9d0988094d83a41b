/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_watch.c - see net_watch.h.
 *
 * The period bounds how long a frame waits for a guest that computes, and what
 * the watcher costs: a look takes some microseconds.
 */
#include "monitor/devices/net_watch.h"

#include <errno.h>
#include <linux/futex.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/fault.h"
#include "monitor/events.h"

#define WATCH_NS    250000
#define QUIET_LOOKS 40u
#define STACK_LEN   (64u << 10)

/* Atomic futexes. A thread's first calls are libc's, and the sandbox would not
 * have them: it is waited for. */
static uint32_t is_on, is_born;

static void wait_for(uint32_t *word)
{
    while (!__atomic_load_n(word, __ATOMIC_SEQ_CST))
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL);
}

static void post(uint32_t *word)
{
    if (__atomic_exchange_n(word, 1, __ATOMIC_SEQ_CST) == 0)
        syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

static void *watch(void *arg)
{
    uint64_t seen = 0;
    unsigned quiet = 0;

    post(&is_born);
    for (;;) {
        struct timespec period = { .tv_nsec = WATCH_NS };
        uint64_t now;

        wait_for(&is_on);
        ppoll(NULL, 0, &period, NULL);
        now = net_watched(false);
        quiet = now == seen ? quiet + 1 : 0;
        seen = now;
        if (quiet < QUIET_LOOKS)
            continue;
        quiet = 0;
        __atomic_store_n(&is_on, 0, __ATOMIC_SEQ_CST);
        (void)net_watched(true);
    }
    return arg;
}

int net_watch_create(struct fault *fault)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t old;
    int err;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_LEN);
    sigprocmask(SIG_SETMASK, NULL, &old);
    /* A heap of its own would take calls that the sandbox forbids. */
    mallopt(M_ARENA_MAX, 1);
    events_block_signals(); /* inherited by the thread, as the next is */
    prctl(PR_SET_TIMERSLACK, 1);
    err = pthread_create(&thread, &attr, watch, NULL);
    prctl(PR_SET_TIMERSLACK, 0); /* back to what it was */
    sigprocmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (err)
        return fault_sys(fault, err,
                         "cannot start a thread for the network; raise "
                         "ulimit -u, or use --net none");
    wait_for(&is_born);
    return 0;
}

void net_watch_begin(void)
{
    post(&is_on);
}

bool net_watch_is_on(void)
{
    return __atomic_load_n(&is_on, __ATOMIC_SEQ_CST) != 0;
}
