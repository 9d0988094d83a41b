/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usernet.h (samara-net) - the parts of the program.
 *
 * What:      main.c takes the command line, net.c moves frames between the
 *            socket and slirp, sandbox.c gives up what that does not need.
 * Ownership: static state: one process serves one guest.
 * Context:   one thread; never sleeps but in the one poll of net_serve().
 * Errors:    -errno, and a text for the command where one is passed.
 */
#ifndef USERNET_USERNET_H
#define USERNET_USERNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define MUST_CHECK __attribute__((warn_unused_result))

struct forward {
    struct sockaddr_storage host; /* where it listens */
    uint16_t guest_port;
    bool is_udp;
};

/* Make the network; nothing is read from the socket yet. -ENOMEM */
MUST_CHECK int net_init(int socket_fd);
/* Listen. -errno, as bind() and listen() have it */
MUST_CHECK int net_forward(const struct forward *f);
/* Once all listen: as many may wait to be accepted as the host allows. */
void net_deepen_queues(void);
/* Until the other end of the socket is closed. */
void net_serve(void);

/* As little as serving needs: no privileges, no files but those that DNS
 * needs, few system calls. What the host cannot do is left out. -errno: the
 * filter of system calls, which is not */
MUST_CHECK int sandbox_enter(void);

#endif
