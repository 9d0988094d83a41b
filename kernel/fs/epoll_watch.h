/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll_watch.h - watches, between epoll's two files.
 *
 * What:      epoll.c has the instances, what is ready and who waits;
 *            epoll_watch.c has which watches there are, and epoll_ctl().
 * Ownership: as in epoll.h.
 * Locks:     epoll.c tells of them.
 * Context:   a thread's system call; epoll_watch_notify() anywhere.
 */
#ifndef FS_EPOLL_WATCH_H
#define FS_EPOLL_WATCH_H

#include "fs/epoll.h"
#include "sched/wait.h"
#include "time/clock.h"

#define BUCKETS_MIN           16u
#define QUEUES_MAX            2u /* wait queues that one file's poll names */
#define EPOLL_ALWAYS_REPORTED (EPOLLERR | EPOLLHUP)

struct epoll {
    struct spinlock *asking; /* its own, or epoll_watch_lock for good */
    struct spinlock lock;
    struct file *file;     /* its own; not referenced */
    struct waitq waiting;  /* threads in epoll_wait */
    struct waitq outer;    /* instances that watch this one, pollers */
    struct list ready;     /* struct epoll_watch.ready_link */
    struct thread *timed;  /* is woken by timer; goes under ready_lock */
    struct timer timer;    /* stays armed when its sleep is over */
    struct list *buckets;  /* watches by descriptor */
    unsigned bucket_count; /* a power of two */
    unsigned watch_count;
    struct list first_buckets[BUCKETS_MIN];
};

struct epoll_watch;

struct watch_waiter {
    struct waiter waiter; /* first */
    struct epoll_watch *watch;
    unsigned events; /* what a wake of the queue may be about */
};

struct epoll_watch {
    struct list bucket_link;
    struct list file_link;  /* in file.epoll_watches */
    struct list ready_link; /* empty: not ready */
    struct epoll *owner;
    struct file *file; /* not referenced: its last put ends the watch */
    int fd;
    /* These two change under both locks, the instance's and ready_lock. */
    uint32_t events; /* asked for, flags included; 0 after EPOLLONESHOT */
    uint64_t data;
    unsigned waiter_count;
    struct watch_waiter waiters[QUEUES_MAX];
};

/* Watches come and go under this and their instance's. */
extern struct spinlock epoll_watch_lock;

/* Ready lists, what watches ask for, who sleeps. */
void epoll_ready_enter(void);
void epoll_ready_leave(void);
/* With that lock: the watch is ready, whoever waits is woken. */
void epoll_watch_make_ready(struct epoll_watch *w);
/* A queue of the file was woken: struct waiter.notify. */
bool epoll_watch_notify(struct waiter *waiter, bool taken);
/* With both locks, or when its instance's file has no user. */
void epoll_watch_free(struct epoll_watch *w);

#endif
