/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll.h - epoll instances, epoll(7).
 *
 * Ownership: an instance belongs to its file. A watch belongs to the instance
 *            and ends with the watched file's last reference.
 * Context:   a thread's system call, with or without the kernel lock;
 *            epoll_wait_events() sleeps.
 * Errors:    those of epoll_ctl(2) and epoll_wait(2).
 */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H

#include <linux/eventpoll.h>

#include "fs/file.h"

#define EPOLL_DEPTH_MAX 5u /* instances watching instances, as Linux */
#define EPOLL_FLAGS     (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

MUST_CHECK int epoll_create_file(struct file **out);
/* True when f is an instance. */
bool epoll_is(const struct file *f);
/* epoll_ctl(2), with a copy of the event (NULL for EPOLL_CTL_DEL). */
MUST_CHECK int epoll_control(struct file *ep, int op, struct file *target,
                             int fd, const struct epoll_event *event);
/* Put at most max events at `out`. -> their number, 0 at the deadline. */
MUST_CHECK long epoll_wait_events(struct file *ep, uaddr_t out, unsigned max,
                                  uint64_t deadline_ns);
/* A watched file's last reference is gone (called by file_put). */
void epoll_file_released(struct file *f);

#endif
