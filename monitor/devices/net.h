/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net.h - the guest's network device (abi/monitor_net.h).
 *
 * What:      frames go between the queues in the guest's memory and one
 *            descriptor of the host's, without being looked at or copied on
 *            the way. Who moves them:
 *              - the thread of CPU 0, when the guest sleeps on it
 *                (events.c): that one has the time, and nobody need be woken;
 *                another CPU's as well, but that only sends;
 *              - whichever CPU's thread the guest notifies the device on;
 *              - a watcher's thread, every WATCH_NS while there is traffic,
 *                so that a guest that is busy sends and receives without an
 *                exit. Meanwhile the guest is asked for no notifications.
 *                While frames are brief it leaves out the looks before which
 *                CPU 0's thread has looked.
 * Ownership: static state; there is one guest.
 * Context:   net_init() and net_create_thread() before the sandbox closes, the
 *            others from any thread; a lock of its own.
 * Errors:    a guest that breaks its queues loses its network, with a message,
 *            and nothing else.
 */
#ifndef MONITOR_DEVICES_NET_H
#define MONITOR_DEVICES_NET_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "monitor/gmem.h"

struct fault;
struct monitor_net;
struct vm;

/* Of the command line. */
struct net_options {
    int fd;       /* -1: no network */
    unsigned mtu; /* of the interface */
};

#define NET_MTU_DEFAULT 1500u
#define NET_MTU_MIN     68u
#define NET_MTU_MAX     65535u

MUST_CHECK int net_init(struct vm *vm, const struct net_options *options,
                        struct fault *fault);
/* The watcher; nothing without a network. */
MUST_CHECK int net_create_thread(struct fault *fault);
/* The descriptor, which is to stay open; -1: there is no network. */
int net_fd(void);
/* Before the guest runs: what it finds in its record, which stays there. */
void net_fill_record(struct monitor_net *record, const uint8_t mac[6]);

/* HYPERCALL_NET_START: its result. */
int64_t net_start(void);
/* MONITOR_NET_PORT was written to. */
void net_notified(void);
/* By the thread of a CPU that is about to sleep: CPU 0's (is_first) moves what
 * there is and sleeps until *p is ready, another's only sends, and *p is
 * nothing. True: the guest is to be told. */
bool net_pump(bool is_first, struct pollfd *p);

struct control_counters;
void net_counters(struct control_counters *out);
/* --dump-exits: what was counted. */
void net_dump(void);

#endif
