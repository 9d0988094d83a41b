/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.h - the UNIX sockets in a guest's directory.
 *
 * Ownership: the descriptor is the caller's; it closes at exec.
 * Errors:    -errno with a fault.
 */
#ifndef CLI_SOCKET_H
#define CLI_SOCKET_H

struct fault;

/* Non-blocking, and listening. */
int socket_listen(const char *dir, const char *name, struct fault *fault);
/* -ECONNREFUSED: nobody listens there, or ever did. */
int socket_connect(const char *dir, const char *name, struct fault *fault);

#endif
