/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread_exit.c - exit_group() from a thread while others sleep, or run,
 * wherever they can.
 *
 * covers: exit_group
 * status: 23
 */
#include "check.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/timerfd.h>

static int pipes[2];
static uint32_t word;
static pthread_mutex_t locked = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static volatile int begun;

static void sleep_somehow(int how)
{
    static struct timespec long_time = { 1000, 0 };
    struct pollfd p = { .fd = pipes[0], .events = POLLIN };
    struct epoll_event e;
    uint64_t n;
    fd_set in;
    int fd;

    switch (how) {
    case 0:
        (void)!read(pipes[0], &n, 8);
        break;
    case 1:
        poll(&p, 1, -1);
        break;
    case 2:
        epoll_wait(epoll_create1(0), &e, 1, -1);
        break;
    case 3:
        nanosleep(&long_time, NULL);
        break;
    case 4:
        syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL);
        break;
    case 5:
        pause();
        break;
    case 6:
        (void)!read(eventfd(0, 0), &n, 8);
        break;
    case 7:
        (void)!read(timerfd_create(CLOCK_MONOTONIC, 0), &n, 8);
        break;
    case 8:
        pthread_mutex_lock(&locked);
        break;
    case 9:
        for (;;)
            ;
    case 10:
        for (;;)
            syscall(SYS_getppid);
    case 11:
        for (;;) {
            char *m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

            *m = 1;
            munmap(m, PAGE);
        }
    case 12:
        FD_ZERO(&in);
        FD_SET(pipes[0], &in);
        select(pipes[0] + 1, &in, NULL, NULL, NULL);
        break;
    case 13:
        fd = open("lock", O_RDWR);
        flock(fd, LOCK_EX);
        break;
    case 14:

        syscall(SYS_rt_sigtimedwait, &(uint64_t){ 1 }, NULL, NULL, 8);
        break;
    default:
        pthread_mutex_lock(&locked);
        pthread_cond_wait(&never, &locked);
    }
}

static void *sleeper(void *arg)
{
    __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
    sleep_somehow((int)(long)arg);
    return NULL;
}

static void *ender(void *arg)
{
    struct timespec t = { 0, 100000000 };

    (void)arg;
    nanosleep(&t, NULL);
    printf("ending\n");
    syscall(SYS_exit_group, 23);
    return NULL;
}

TEST(everywhere)
{
    pthread_t t;
    int lock;

    CHECK_OK(pipe(pipes));
    make_file("lock", "");
    lock = open("lock", O_RDWR);
    CHECK_OK(flock(lock, LOCK_EX));
    pthread_mutex_lock(&locked);
    for (long how = 0; how < 16; how++)
        CHECK_EQ(pthread_create(&t, NULL, sleeper, (void *)how), 0);
    while (begun < 16)
        sched_yield();
    pthread_create(&t, NULL, ender, NULL);
    pthread_exit(NULL); /* the first thread goes before all others */
}
