/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.c - see queue.h.
 *
 * A chain is followed for as many steps as the queue has descriptors: longer
 * ones are loops. Buffers of no bytes count as steps and are left out.
 */
#include "monitor/devices/queue.h"

#include <errno.h>
#include <string.h>

#include "abi/monitor_net.h"
#include "monitor/check.h"

#define DESC_ALIGN  16u /* 2.7 */
#define AVAIL_ALIGN 2u
#define USED_ALIGN  4u
#define EVENT_LEN   2u /* used_event, avail_event */
#define FAR_AWAY    0x8000u

static int map(struct queue *q, gpa_t pa, uint64_t len, unsigned align,
               void *out)
{
    struct iovec at;
    int err;

    if (pa % align != 0)
        return -EINVAL;
    err = gmem_iovec(q->mem, pa, len, true, &at);
    if (err == 0)
        memcpy(out, &at.iov_base, sizeof(at.iov_base));
    return err;
}

int queue_init(struct queue *q, const struct gmem *mem,
               const struct monitor_net_queue *where, bool has_event_idx)
{
    uint64_t len = where->len;
    int err;

    if (len == 0 || len > QUEUE_LEN_MAX || (len & (len - 1)) != 0)
        return -EINVAL;
    *q = (struct queue){ .mem = mem,
                         .len = (uint16_t)len,
                         .has_event_idx = has_event_idx };
    err = map(q, where->desc_pa, len * sizeof(*q->desc), DESC_ALIGN, &q->desc);
    if (err == 0)
        err =
            map(q, where->avail_pa,
                sizeof(*q->avail) + len * sizeof(q->avail->ring[0]) + EVENT_LEN,
                AVAIL_ALIGN, &q->avail);
    if (err == 0)
        err = map(q, where->used_pa,
                  sizeof(*q->used) + len * sizeof(q->used->ring[0]) + EVENT_LEN,
                  USED_ALIGN, &q->used);
    return err;
}

/* 1: there is a chain, and its head may be read; 0: none. */
static int look(const struct queue *q)
{
    uint16_t idx = __atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE);
    uint16_t count = (uint16_t)(idx - q->avail_idx);

    if (count > q->len)
        return -EINVAL;
    return count > 0;
}

static struct vring_desc desc_get(const struct queue *q, uint16_t idx)
{
    const struct vring_desc *d = &q->desc[idx];

    return (struct vring_desc){
        .addr = __atomic_load_n(&d->addr, __ATOMIC_RELAXED),
        .len = __atomic_load_n(&d->len, __ATOMIC_RELAXED),
        .flags = __atomic_load_n(&d->flags, __ATOMIC_RELAXED),
        .next = __atomic_load_n(&d->next, __ATOMIC_RELAXED),
    };
}

static int follow(const struct queue *q, uint16_t head, bool writable,
                  struct iovec *iov, unsigned iov_max)
{
    uint16_t wanted = writable ? VRING_DESC_F_WRITE : 0;
    uint16_t at = head;
    unsigned count = 0;

    for (unsigned steps = 0; steps < q->len; steps++) {
        struct vring_desc d;

        if (at >= q->len)
            return -EINVAL;
        d = desc_get(q, at);
        if ((d.flags & ~VRING_DESC_F_NEXT) != wanted)
            return -EINVAL;
        if (d.len > 0) {
            if (count == iov_max ||
                gmem_iovec(q->mem, d.addr, d.len, writable, &iov[count]) != 0)
                return -EINVAL;
            count++;
        }
        if (!(d.flags & VRING_DESC_F_NEXT))
            return count > 0 ? (int)count : -EINVAL;
        at = d.next;
    }
    return -EINVAL;
}

int queue_take(struct queue *q, bool writable, struct iovec *iov,
               unsigned iov_max, uint16_t *head_out)
{
    int count = look(q);

    if (count <= 0)
        return count;
    *head_out = __atomic_load_n(&q->avail->ring[q->avail_idx & (q->len - 1)],
                                __ATOMIC_RELAXED);
    count = follow(q, *head_out, writable, iov, iov_max);
    if (count > 0)
        q->avail_idx++;
    return count;
}

void queue_untake(struct queue *q, unsigned count)
{
    ASSERT(count <= q->len);
    q->avail_idx = (uint16_t)(q->avail_idx - count);
}

void queue_put(struct queue *q, uint16_t head, uint32_t len)
{
    struct vring_used_elem *e = &q->used->ring[q->used_idx & (q->len - 1)];

    ASSERT(head < q->len);
    __atomic_store_n(&e->id, head, __ATOMIC_RELAXED);
    __atomic_store_n(&e->len, len, __ATOMIC_RELAXED);
    q->used_idx++;
}

/* Behind each ring lies the index at which its reader wants to be told. */
static uint16_t *used_event(const struct queue *q)
{
    return &q->avail->ring[q->len];
}

static uint16_t *avail_event(const struct queue *q)
{
    return (uint16_t *)(void *)&q->used->ring[q->len];
}

bool queue_show(struct queue *q)
{
    uint16_t told = q->told_idx;

    if (q->shown_idx != q->used_idx) {
        __atomic_store_n(&q->used->idx, q->used_idx, __ATOMIC_RELEASE);
        q->shown_idx = q->used_idx;
    }
    if (told == q->used_idx)
        return false;
    q->told_idx = q->used_idx;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* 2.7.7: first used, then look */
    if (!q->has_event_idx)
        return !(__atomic_load_n(&q->avail->flags, __ATOMIC_RELAXED) &
                 VRING_AVAIL_F_NO_INTERRUPT);
    return vring_need_event(__atomic_load_n(used_event(q), __ATOMIC_RELAXED),
                            q->used_idx, told);
}

bool queue_ask(struct queue *q)
{
    if (q->has_event_idx)
        __atomic_store_n(avail_event(q), q->avail_idx, __ATOMIC_RELAXED);
    else
        __atomic_store_n(&q->used->flags, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&q->avail->idx, __ATOMIC_RELAXED) == q->avail_idx;
}

/*
 * An event index that is far away asks for nothing. The one before avail_idx
 * would do if the guest looked at it for each chain; but it may look for
 * several at once, of which some have been taken meanwhile.
 */
void queue_ask_none(struct queue *q)
{
    if (q->has_event_idx)
        __atomic_store_n(avail_event(q), (uint16_t)(q->avail_idx + FAR_AWAY),
                         __ATOMIC_RELAXED);
    else
        __atomic_store_n(&q->used->flags, VRING_USED_F_NO_NOTIFY,
                         __ATOMIC_RELAXED);
}
