/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_watch.h - looks after the network device while there is traffic.
 *
 * What:      one thread, which looks every WATCH_NS from net_watch_begin() on
 *            until it has seen no frame move for a while; then it sleeps.
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

/* net.c: one look. is_last: from now on nobody looks. -> a number that differs
 * from the last one if a frame was moved by anybody since. */
uint64_t net_watched(bool is_last);

#endif
