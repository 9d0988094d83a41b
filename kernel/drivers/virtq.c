/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtq.c - making queues, and what seldom happens to them; the rest is inline
 * in virtq.h.
 */
#include "drivers/virtq.h"

#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/page.h"

/* virtio 1.2, 2.7: the parts, each with its event index behind it. */
static size_t avail_off(unsigned len)
{
    return len * sizeof(struct vring_desc);
}

static size_t used_off(unsigned len)
{
    return ALIGN_UP(avail_off(len) + sizeof(struct vring_avail) +
                        (len + 1) * sizeof(uint16_t),
                    VRING_USED_ALIGN_SIZE);
}

static size_t memory_len(unsigned len)
{
    return used_off(len) + sizeof(struct vring_used) +
           len * sizeof(struct vring_used_elem) + sizeof(uint16_t);
}

int virtq_create(struct virtq *q, unsigned len, bool has_event_idx)
{
    unsigned order = 0;
    paddr_t pa;
    uint8_t *p;

    ASSERT(len > 0 && len <= VIRTQ_LEN_MAX && (len & (len - 1)) == 0);
    while (PAGE_SIZE << order < memory_len(len))
        order++;
    pa = page_alloc_order(order);
    if (!pa)
        return -ENOMEM;
    page_set_kind(pa, RECORDS_PAGE_RING);
    q->slots = kmalloc(len * sizeof(*q->slots));
    if (!q->slots) {
        page_free_order(pa, order);
        return -ENOMEM;
    }
    p = page_ptr(pa);
    memset(p, 0, memory_len(len));
    q->desc = (struct vring_desc *)(void *)p;
    q->avail = (struct vring_avail *)(void *)(p + avail_off(len));
    q->used = (struct vring_used *)(void *)(p + used_off(len));
    for (unsigned i = 0; i < len; i++)
        q->slots[i] = (struct virtq_slot){ .next = (uint16_t)(i + 1) };
    q->len = (uint16_t)len;
    q->free_count = q->len;
    q->free_head = q->put_idx = q->told_idx = q->used_idx = 0;
    q->has_event_idx = has_event_idx;
    virtq_ask_none(q);
    return 0;
}

bool virtq_recall(struct virtq *q, void **token_out)
{
    for (unsigned i = 0; i < q->len; i++) {
        if (q->slots[i].count == 0)
            continue;
        *token_out = q->slots[i].token;
        q->slots[i].count = 0;
        return true;
    }
    return false;
}
