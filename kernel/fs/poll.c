/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll.c - the waiters of one poll() or select() call.
 *
 * Four waiters live on the caller's stack, which serves nearly every program;
 * more come from the heap in chunks.
 */
#include "fs/poll.h"

#include "core/errno.h"
#include "mm/heap.h"

#define CHUNK_COUNT 32u

struct poller_chunk {
    struct poller_chunk *next;
    unsigned count;
    struct poller_entry entries[CHUNK_COUNT];
};

static struct poller_entry *entry_new(struct poller *p)
{
    struct poller_chunk *c = p->chunks;

    if (p->count < POLLER_INLINE_COUNT)
        return &p->entries[p->count++];
    if (!c || c->count == CHUNK_COUNT) {
        c = kmalloc_free(sizeof(*c));
        if (!c)
            return NULL;
        c->count = 0;
        c->next = p->chunks;
        p->chunks = c;
    }
    return &c->entries[c->count++];
}

static void queue_add(struct poll_table *table, struct waitq *q)
{
    struct poller *p = CONTAINER_OF(table, struct poller, table);
    struct poller_entry *e = entry_new(p);

    if (!e) {
        p->error = -ENOMEM;
        return;
    }
    waiter_init(&e->waiter);
    e->file = file_get(p->file);
    waiter_add(q, &e->waiter);
}

void poller_init(struct poller *p)
{
    p->table.queue = queue_add;
    p->count = 0;
    p->error = 0;
    p->chunks = NULL;
}

unsigned poller_look(struct poller *p, struct file *f, bool is_first)
{
    p->file = f;
    return file_poll(f, is_first ? &p->table : NULL);
}

static void entry_fini(struct poller_entry *e)
{
    waiter_remove(&e->waiter);
    file_put(e->file);
}

void poller_fini(struct poller *p)
{
    for (unsigned i = 0; i < p->count; i++)
        entry_fini(&p->entries[i]);
    while (p->chunks) {
        struct poller_chunk *c = p->chunks;

        p->chunks = c->next;
        for (unsigned i = 0; i < c->count; i++)
            entry_fini(&c->entries[i]);
        kfree(c);
    }
}
