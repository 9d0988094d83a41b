/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.h - what the socket calls share, for kernel/syscall.
 *
 * Ownership: sock_get() gives a reference of the file; file_put().
 * Errors:    -EBADF, -ENOTSOCK; -EFAULT, -EINVAL from addresses.
 */
#ifndef SYSCALL_SOCKET_H
#define SYSCALL_SOCKET_H

#include "net/socket.h"

MUST_CHECK int sock_get(int fd, struct file **file_out,
                        struct socket **sock_out);
MUST_CHECK int addr_get(struct socket_addr *a, uaddr_t user, unsigned len);
/* As much as there is room for, and the whole length. */
MUST_CHECK int addr_put(const struct socket_addr *a, uaddr_t user,
                        uaddr_t len_at);

#endif
