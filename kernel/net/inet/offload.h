/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * offload.h - what the device does of a frame to send: TCP's and UDP's sums,
 * and cutting segments up.
 *
 * What:      fills in what a driver is told with a frame (drivers/netdev.h),
 *            and the sum of the pseudo header, to which the device adds the
 *            rest. Only for devices that have NETDEV_TX_CSUM.
 * Context:   as inet.h.
 */
#ifndef NET_INET_OFFLOAD_H
#define NET_INET_OFFLOAD_H

#include "drivers/netdev.h"
#include "lwip/pbuf.h"

/* A whole frame, of whatever kind. */
void offload_sums(struct pbuf *p, struct netdev_offload *o);
/* One whose TCP header, of so many bytes, begins at `at`, and has the sum of
 * the pseudo header in it. */
void offload_segment(const struct pbuf *p, unsigned at, unsigned header_len,
                     struct netdev_offload *o);

/* The Internet checksum's last step, not complemented. */
static inline uint16_t offload_fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

#endif
