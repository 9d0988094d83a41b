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
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "host/fault.h"
#include "monitor/events.h"

#define WATCH_NS    250000
#define QUIET_LOOKS 40u
#define STACK_LEN   (64u << 10)

static uint32_t is_on;   /* atomic: it will look again by itself */
static uint32_t is_born; /* atomic; a futex */
static int wake_fd = -1; /* eventfd */

/* The thread's first calls are libc's, and the sandbox would not have them. */
static void wait_for_birth(void)
{
    while (!__atomic_load_n(&is_born, __ATOMIC_ACQUIRE))
        syscall(SYS_futex, &is_born, FUTEX_WAIT_PRIVATE, 0, NULL);
}

static void be_born(void)
{
    __atomic_store_n(&is_born, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &is_born, FUTEX_WAKE_PRIVATE, 1);
}

/* Until somebody begins, or there is something for a guest that is busy. */
static void sleep_long(void)
{
    struct pollfd fds[2] = { { .fd = wake_fd, .events = POLLIN } };
    uint64_t count;
    struct iovec iov = { &count, sizeof(count) };

    __atomic_store_n(&is_on, 0, __ATOMIC_SEQ_CST);
    (void)net_watched(true, &fds[1]);
    ppoll(fds, 2, NULL, NULL);
    __atomic_store_n(&is_on, 1, __ATOMIC_SEQ_CST);
    if (fds[0].revents)
        (void)!readv(wake_fd, &iov, 1);
}

static void *watch(void *arg)
{
    const struct timespec period = { .tv_nsec = WATCH_NS };
    struct pollfd unused;
    uint64_t seen = 0;
    unsigned quiet = 0;

    be_born();
    sleep_long();
    for (;;) {
        uint64_t now = net_watched(false, &unused);

        quiet = now == seen ? quiet + 1 : 0;
        seen = now;
        if (quiet < QUIET_LOOKS) {
            ppoll(NULL, 0, &period, NULL);
        } else {
            sleep_long();
            quiet = 0;
        }
    }
    return arg;
}

int net_watch_create(struct fault *fault)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t old;
    int err;

    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0)
        return fault_sys(fault, errno, "cannot make an eventfd");
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
    wait_for_birth();
    return 0;
}

int net_watch_fd(void)
{
    return wake_fd;
}

void net_watch_begin(void)
{
    const uint64_t one = 1;

    if (__atomic_exchange_n(&is_on, 1, __ATOMIC_SEQ_CST) == 0)
        (void)!write(wake_fd, &one, sizeof(one));
}

bool net_watch_is_on(void)
{
    return __atomic_load_n(&is_on, __ATOMIC_SEQ_CST) != 0;
}
