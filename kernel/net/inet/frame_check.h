/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame_check.h - whether a frame is what lwIP takes it for.
 *
 * What:      lwIP reads the headers of ARP and IP before it has looked whether
 *            they are there, options and all; it trusts fragments to add up to
 *            a packet, and senders not to have our name. Frames that would have
 *            it err do not reach it.
 * Context:   anywhere.
 */
#ifndef NET_INET_FRAME_CHECK_H
#define NET_INET_FRAME_CHECK_H

#include "core/types.h"

/* The frame's first len bytes, which all headers must be in; `own` is our IPv4
 * address in network order, 0: none. */
bool frame_is_sound(const uint8_t *frame, size_t len, uint32_t own);
/* The same for an IPv6 packet, of which these are the first len bytes. */
bool ip6_is_sound(const uint8_t *packet, size_t len);

#endif
