/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ip6_check.h - whether an IPv6 packet's extension headers are sound.
 *
 * What:      lwIP reads an extension header's options before it has looked how
 *            long they are, a few bytes beyond the packet's end. Packets that
 *            would have it do so do not reach it.
 * Context:   anywhere.
 */
#ifndef NET_INET_IP6_CHECK_H
#define NET_INET_IP6_CHECK_H

#include "core/types.h"

/* The packet's first len bytes, which all headers must be in. */
bool ip6_is_sound(const uint8_t *packet, size_t len);

#endif
