/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.h - one virtio split queue (virtio 1.2, 2.7), as its device sees it.
 *
 * What:      takes the chains of buffers that the guest has made available,
 *            and gives them back used. The queue lies in the guest's memory,
 *            whose CPUs may write anything there at any time: each field is
 *            read once and checked, and what must be known again is kept here.
 * Ownership: the memory is the guest's. A chain that was taken is the device's
 *            until queue_put() or queue_untake().
 * Context:   one thread at a time; the caller's lock.
 * Errors:    -EINVAL: the guest has broken the queue. It is not to be used any
 *            more.
 * Units:     lengths in bytes; indices count modulo 2^16.
 */
#ifndef MONITOR_DEVICES_QUEUE_H
#define MONITOR_DEVICES_QUEUE_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "monitor/gmem.h"

#define QUEUE_LEN_MAX 256u /* descriptors; a chain has no more */

struct monitor_net_queue;

struct queue {
    const struct gmem *mem;
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
    uint16_t len;
    uint16_t avail_idx; /* of the next chain to take */
    uint16_t used_idx;  /* of the next one to give back */
    uint16_t shown_idx; /* so far the guest knows */
    uint16_t told_idx;  /* so far it was asked whether it wants to be told */
    bool has_event_idx;
};

/* Where the guest says that the queue is.
 *   -EINVAL  a length or an alignment that 2.7 forbids
 *   -EFAULT  not in the guest's RAM */
MUST_CHECK int queue_init(struct queue *q, const struct gmem *mem,
                          const struct monitor_net_queue *where,
                          bool has_event_idx);

/*
 * Take the next chain: its buffers go to iov[0..iov_max), and what names it
 * to *head_out. `writable`: the device writes to all of them, or reads all.
 * -> the number of buffers in iov; 0: no chain
 *   -EINVAL  broken, or a chain of more than iov_max buffers
 */
MUST_CHECK int queue_take(struct queue *q, bool writable, struct iovec *iov,
                          unsigned iov_max, uint16_t *head_out);
/* The last `count` chains taken were not taken. */
void queue_untake(struct queue *q, unsigned count);
/* Give a chain back, with `len` bytes written to it; not shown yet. */
void queue_put(struct queue *q, uint16_t head, uint32_t len);
/* Show the guest what was put. -> true when it wants to be told. */
bool queue_show(struct queue *q);

/* Ask for a notification when the guest makes more available. False: it has
 * already, and none will come. */
bool queue_ask(struct queue *q);
/* No more notifications, but for a stray one, until queue_ask(). */
void queue_ask_none(struct queue *q);

#endif
