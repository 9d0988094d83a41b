/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device.h - the network device as an interface of lwIP's.
 *
 * Context:   as inet.h.
 */
#ifndef NET_INET_DEVICE_H
#define NET_INET_DEVICE_H

void device_begin(void);
/* Tell the device what was queued since the last time. */
void device_flush(void);

#endif
