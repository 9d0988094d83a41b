/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtq.h - one split queue of a virtio device (virtio 1.2, 2.7), as its
 * driver sees it.
 *
 * What:      chains of buffers are put into the queue, shown to the device all
 *            at once, and taken back with the token they were put with. Event
 *            indices (2.7.7, 2.7.10) where the device has them, so that both
 *            sides speak only when the other one waits. No indirect tables:
 *            they would give room for more chains, not fewer steps for each;
 *            no packed ring, which saves the device cache misses that a host
 *            thread beside the guest hardly has.
 * Ownership: buffers are lent to the device from virtq_show() to virtq_take().
 *            The queue's memory stays for good: a device that has been stopped
 *            may still know where it is.
 * Context:   under the kernel lock; never sleeps.
 * Errors:    -EIO from virtq_take(): the device lies, use it no more. What is
 *            read from the queue is read once and checked; chains are followed
 *            in our own memory, never in the descriptors.
 * Units:     lengths in bytes; indices count modulo 2^16.
 */
#ifndef DRIVERS_VIRTQ_H
#define DRIVERS_VIRTQ_H

#include <linux/virtio_ring.h>

#include "core/errno.h"
#include "core/types.h"

#define VIRTQ_LEN_MAX 256u /* descriptors; a power of two */

struct virtq_slot { /* of a descriptor */
    void *token;    /* the chain's that begins here */
    uint16_t next;  /* in its chain, or in the list of free ones */
    uint16_t last;  /* of the chain that begins here */
    uint16_t count; /* of its descriptors; 0: none begins here */
};

struct virtq {
    struct vring_desc *desc;
    struct vring_avail *avail; /* ours; behind it used_event */
    struct vring_used *used;   /* the device's; behind it avail_event */
    struct virtq_slot *slots;
    uint16_t len; /* 0: not made yet */
    uint16_t free_count, free_head;
    uint16_t put_idx;  /* of the next chain put ... */
    uint16_t told_idx; /* ... when the device was last told, or not */
    uint16_t used_idx; /* of the next chain to take back */
    bool has_event_idx;
};

/* Memory for a queue of len descriptors, which asks for no interrupt.
 * -ENOMEM */
MUST_CHECK int virtq_create(struct virtq *q, unsigned len, bool has_event_idx);

/* Chains that the device has. */
static inline uint16_t virtq_in_flight(const struct virtq *q)
{
    return (uint16_t)(q->put_idx - q->used_idx);
}

/* ---- to the device ---- */

/* A chain in the making: begin, add 1..free_count buffers, the last one with
 * more = false, end. */
struct virtq_chain {
    uint16_t head, at, last, count;
};

static inline struct virtq_chain virtq_begin(const struct virtq *q)
{
    return (struct virtq_chain){ .head = q->free_head, .at = q->free_head };
}

static inline void virtq_add(struct virtq *q, struct virtq_chain *c, paddr_t pa,
                             uint32_t len, unsigned flags)
{
    struct vring_desc *d = &q->desc[c->at];

    d->addr = pa;
    d->len = len;
    d->flags = (uint16_t)flags; /* VRING_DESC_F_WRITE, and _NEXT if not last */
    d->next = q->slots[c->at].next;
    c->last = c->at;
    c->at = q->slots[c->at].next;
    c->count++;
}

static inline void virtq_end(struct virtq *q, const struct virtq_chain *c,
                             void *token)
{
    struct virtq_slot *s = &q->slots[c->head];

    s->token = token;
    s->last = c->last;
    s->count = c->count;
    q->free_head = c->at;
    q->free_count = (uint16_t)(q->free_count - c->count);
    q->avail->ring[q->put_idx++ & (q->len - 1)] = c->head;
}

/* The device may use what was put. */
static inline void virtq_show(struct virtq *q)
{
    __atomic_store_n(&q->avail->idx, q->put_idx, __ATOMIC_RELEASE);
}

/* True when the device wants to be told of what was shown since the last
 * call. */
static inline bool virtq_must_tell(struct virtq *q)
{
    uint16_t told = q->told_idx, event;

    if (told == q->put_idx)
        return false;
    q->told_idx = q->put_idx;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!q->has_event_idx)
        return !(__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) &
                 VRING_USED_F_NO_NOTIFY);
    event = __atomic_load_n((uint16_t *)(void *)&q->used->ring[q->len],
                            __ATOMIC_RELAXED);
    return vring_need_event(event, q->put_idx, told);
}

/* ---- and back ---- */

static inline bool virtq_has_used(const struct virtq *q)
{
    return __atomic_load_n(&q->used->idx, __ATOMIC_RELAXED) != q->used_idx;
}

/*
 * Take back the next chain that the device has used: its token, and how many
 * bytes the device says that it has written. -> 1, 0 none, -EIO
 */
static inline int virtq_take(struct virtq *q, void **token_out,
                             uint32_t *len_out)
{
    uint16_t idx = __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE);
    const volatile struct vring_used_elem *e;
    struct virtq_slot *s;
    uint32_t id;

    if (idx == q->used_idx)
        return 0;
    e = &q->used->ring[q->used_idx & (q->len - 1)];
    id = e->id;
    *len_out = e->len;
    if (UNLIKELY(id >= q->len || q->slots[id].count == 0))
        return -EIO;
    s = &q->slots[id];
    *token_out = s->token;
    q->slots[s->last].next = q->free_head;
    q->free_head = (uint16_t)id;
    q->free_count = (uint16_t)(q->free_count + s->count);
    s->count = 0;
    q->used_idx++;
    return 1;
}

/* Take back all that the device still has, one by one, though it has not used
 * it: it has been stopped. False: nothing is left. */
bool virtq_recall(struct virtq *q, void **token_out);

/* Ask for an interrupt once `more` chains have been used besides the next.
 * False: they have been already, and none will come. */
static inline bool virtq_ask(struct virtq *q, uint16_t more)
{
    uint16_t done;

    if (q->has_event_idx)
        __atomic_store_n(&q->avail->ring[q->len],
                         (uint16_t)(q->used_idx + more), __ATOMIC_RELAXED);
    else
        __atomic_store_n(&q->avail->flags, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    done = (uint16_t)(__atomic_load_n(&q->used->idx, __ATOMIC_RELAXED) -
                      q->used_idx);
    return done <= more;
}

/* No more interrupts, but for a stray one, until the next virtq_ask(). An
 * event index that is far away asks for none; the one just passed would for a
 * device that looks at it once for several chains. */
static inline void virtq_ask_none(struct virtq *q)
{
    if (q->has_event_idx)
        __atomic_store_n(&q->avail->ring[q->len],
                         (uint16_t)(q->used_idx + 0x8000u), __ATOMIC_RELAXED);
    else
        __atomic_store_n(&q->avail->flags, VRING_AVAIL_F_NO_INTERRUPT,
                         __ATOMIC_RELAXED);
}

#endif
