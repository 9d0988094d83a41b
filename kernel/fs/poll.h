/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll.h - sleeping until one of several files is ready: poll and select.
 *
 * What:      a poller registers on the wait queues of the files it looks at,
 *            and its thread sleeps until one of them is woken.
 * Ownership: the poller is the caller's, on its stack; it holds a reference of
 *            every file that it waits on, until poller_fini().
 * Context:   a thread's system call, with or without the kernel lock.
 * Errors:    -ENOMEM (in error), and thread_sleep()'s.
 */
#ifndef FS_POLL_H
#define FS_POLL_H

#include "fs/file.h"
#include "sched/wait.h"

#define POLLER_INLINE_COUNT 4u

struct poller_entry {
    struct waiter waiter;
    struct file *file;
};

struct poller_chunk;

struct poller {
    struct poll_table table; /* first */
    struct file *file;       /* being looked at */
    unsigned count;          /* of inline entries used */
    int error;               /* -ENOMEM: not every queue is waited on */
    struct poller_chunk *chunks;
    struct poller_entry entries[POLLER_INLINE_COUNT];
};

void poller_init(struct poller *p);
/* Ready EPOLL* bits of f. Registers on its queues if is_first. */
unsigned poller_look(struct poller *p, struct file *f, bool is_first);
void poller_fini(struct poller *p);

#endif
