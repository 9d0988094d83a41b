/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper_clients.h - those who are attached to a guest in the background.
 *
 * What:      a listening socket and up to KEEPER_CLIENT_MAX connections, served
 *            from the keeper's poll() loop. All see all output from when they
 *            came; whoever does not read is let go rather than waited for.
 * Ownership: the caller's struct; clients_fini() closes everything.
 * Errors:    those of a client end its connection.
 */
#ifndef CLI_KEEPER_CLIENTS_H
#define CLI_KEEPER_CLIENTS_H

#include <poll.h>
#include <stddef.h>

#include "host/memory.h"

struct fault;

#define KEEPER_CLIENT_MAX  16u
#define KEEPER_BACKLOG_MAX (1u << 20) /* bytes a client may be behind */

struct client {
    int fd; /* -1: free */
    struct buf rx, tx;
};

struct clients {
    int listen_fd;
    struct client client[KEEPER_CLIENT_MAX];
};

/* What a client sends: type is a keeper_frame_type. */
typedef void client_frame_fn(void *arg, unsigned type, const void *data,
                             size_t len);

int clients_init(struct clients *c, const char *dir, struct fault *fault);
void clients_fini(struct clients *c);
/* Fills 1 + KEEPER_CLIENT_MAX entries. */
void clients_poll_fill(const struct clients *c, struct pollfd *p);
/* After poll(): take connections, frames, and send what waits. */
void clients_serve(struct clients *c, const struct pollfd *p,
                   client_frame_fn *frame, void *arg);
void clients_send(struct clients *c, unsigned type, const void *data,
                  size_t len);
/* Give those that still read a moment to take the rest. */
void clients_drain(struct clients *c);

#endif
