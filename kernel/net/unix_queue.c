/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_queue.c - what is under way between AF_UNIX sockets.
 *
 * A packet is a message, or a piece of a stream that grows while there is room
 * behind it. Large messages are chains of packets, since the heap has no large
 * blocks in a small guest. The memory counts against the sender's SO_SNDBUF
 * until the receiver has read it; as on Linux the sender is woken when three
 * quarters are free, so that the two do not take turns for every packet.
 */
#include "core/errno.h"
#include "core/panic.h"
#include "mm/heap.h"
#include "net/unix.h"

#define DATA_MAX (UNIX_PACKET_MAX - sizeof(struct unix_packet))

static struct list waste = LIST_INIT(waste);

struct unix_packet *unix_packet_new(struct unix_sock *sender, size_t len)
{
    struct unix_packet *first = NULL, **next = &first;

    do {
        size_t cap = MIN(len, DATA_MAX);
        struct unix_packet *p = kmalloc(sizeof(*p) + cap);

        if (!p) {
            if (first)
                unix_packet_free(first);
            return NULL;
        }
        *p = (struct unix_packet){ .cap = (uint16_t)cap };
        list_init(&p->link);
        if (!first) {
            socket_get(&sender->s);
            p->sender = sender;
        }
        *next = p;
        next = &p->more;
        len -= cap;
    } while (len > 0);
    return first;
}

void unix_packet_free(struct unix_packet *p)
{
    struct unix_packet *more;

    unix_packet_uncharge(p);
    unix_extra_fini(&p->extra);
    socket_put(&p->sender->s);
    for (; p; p = more) {
        more = p->more;
        kfree(p);
    }
}

size_t unix_packet_len(const struct unix_packet *p)
{
    size_t len = 0;

    for (; p; p = p->more)
        len += p->len;
    return len;
}

void unix_packet_charge(struct unix_packet *p)
{
    ASSERT(p->cost == 0);
    for (const struct unix_packet *q = p; q; q = q->more)
        p->cost += sizeof(*q) + q->cap;
    p->sender->sent_cost += p->cost;
}

void unix_packet_uncharge(struct unix_packet *p)
{
    struct unix_sock *sender = p->sender;

    if (p->cost == 0)
        return;
    ASSERT(sender->sent_cost >= p->cost);
    sender->sent_cost -= p->cost;
    p->cost = 0;
    if (unix_is_writable(sender))
        waitq_wake_all(&sender->s.writable);
}

void unix_push(struct unix_sock *u, struct unix_packet *p)
{
    unix_packet_charge(p);
    if (p->extra.rights)
        unix_rights_enter(p->extra.rights);
    list_push_back(&u->queue, &p->link);
    u->queue_count++;
    u->queue_bytes += unix_packet_len(p);
}

/* A datagram queue that was full is not any more. */
static void room_appeared(struct unix_sock *u)
{
    waitq_wake_all(&u->room);
    LIST_FOR_EACH(it, &u->senders)
    {
        struct unix_sock *sender = LIST_ENTRY(it, struct unix_sock, peer_link);

        waitq_wake_all(&sender->s.writable);
    }
}

void unix_pop(struct unix_sock *u, struct unix_packet *p)
{
    bool was_full = unix_is_full(u);

    list_remove(&p->link);
    u->queue_count--;
    u->queue_bytes -= unix_packet_len(p);
    if (p->extra.rights)
        unix_rights_leave(p->extra.rights);
    if (was_full)
        room_appeared(u);
}

void unix_queue_waste(struct unix_sock *u)
{
    u->oob = NULL;
    u->mark_count = 0;
    while (!list_is_empty(&u->queue)) {
        struct unix_packet *p =
            LIST_ENTRY(u->queue.next, struct unix_packet, link);

        unix_pop(u, p);
        list_push_back(&waste, &p->link);
    }
}

/*
 * Freeing a packet may close a socket, whose queue holds packets that close
 * sockets ... The outermost call frees them all, one after the other.
 */
void unix_waste_empty(void)
{
    static bool is_busy;
    struct spinlock *own, *lock;
    struct list *link;

    if (is_busy)
        return;
    is_busy = true;
    own = unix_pause();
    do {
        while ((link = list_pop_front(&waste))) {
            struct unix_packet *p = LIST_ENTRY(link, struct unix_packet, link);

            lock = socket_lock(&p->sender->s);
            unix_packet_free(p);
            socket_unlock(lock);
        }
    } while (unix_collect());
    unix_resume(own);
    is_busy = false;
}
