/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_watch.h - looks after the network device while there is traffic.
 *
 * What:      one thread, which looks every WATCH_NS from net_watch_begin() on
 *            until it has seen no frame move for a while. Then it sleeps until
 *            somebody begins again, or a frame comes for a guest that is busy:
 *            one that waits sees it itself.
 * Context:   net_watch_begin() from any thread; one system call where the
 *            watcher sleeps, none otherwise.
 * Errors:    -errno and a fault.
 */
#ifndef MONITOR_DEVICES_NET_WATCH_H
#define MONITOR_DEVICES_NET_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/gmem.h"

struct fault;

/* Before the sandbox closes. */
MUST_CHECK int net_watch_create(struct fault *fault);
void net_watch_begin(void);
/* It will look again. */
bool net_watch_is_on(void);

/* The descriptor that is to stay open; -1: there is no watcher. */
int net_watch_fd(void);

struct pollfd;

/* net.c: one look. is_last: from now on nobody looks until *p is ready. -> a
 * number that differs from the last one if a frame was moved by anybody. */
uint64_t net_watched(bool is_last, struct pollfd *p);

#endif
