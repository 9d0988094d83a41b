/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers.h - when lwIP's timers run: while something needs them, else never.
 *
 * What:      TCP's tick of 50 ms runs while a connection has something under
 *            way; keep-alives and TIME-WAIT have a timer that is armed for the
 *            first of them; ARP, neighbours, fragments and DHCP have a tick
 *            that runs while one of them waits for something.
 * Context:   as inet.h.
 */
#ifndef NET_INET_TIMERS_H
#define NET_INET_TIMERS_H

#include "core/types.h"

/* A connection has become busy. */
void timers_tcp_needed(void);
/* There is something to do at this tick (of TCP_SLOW_INTERVAL). */
void timers_later_needed(uint32_t tick);
/* Something below TCP waits for time to pass, for so many seconds. */
void timers_link_needed(unsigned seconds);
/* Frames have come after a while without: let lwIP see the time go by. */
void timers_link_catch_up(void);
/* A multicast group is joined or left. */
void timers_groups_needed(void);
/* DHCP has asked, and repeats it for so long; a lease has to be renewed. */
void timers_dhcp_needed(unsigned seconds);

#endif
