/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.h - raw sockets, between their files.
 *
 * Context:   as inet.h; the options take inet_lock themselves.
 */
#ifndef NET_INET_RAW_H
#define NET_INET_RAW_H

#include "core/operation.h"
#include "net/socket.h"

int raw_set_option(struct socket *s, int level, int name, uaddr_t value,
                   unsigned len);
int raw_get_option(struct socket *s, int level, int name, uaddr_t value,
                   unsigned *len);
OPERATION_OF(raw_get_option);

#endif
