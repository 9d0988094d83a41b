/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * defer.c - what connections send before anybody sleeps, not at once: data that
 * the program may add to, and acknowledgements that data may take along.
 */
#include "core/panic.h"
#include "inet_hooks.h"
#include "lwip/priv/tcp_priv.h"
#include "net/inet/conn.h"
#include "net/inet/device.h"
#include "net/inet/inet.h"
#include "net/inet/tcp.h"

#define ACK_SHARE 4u /* of the window: more is acknowledged at once */

struct list conn_deferred = LIST_INIT(conn_deferred);

void conn_defer(struct conn *c)
{
    if (list_is_empty(&c->defer_link))
        list_push_back(&conn_deferred, &c->defer_link);
}

void conn_defer_ack(struct conn *c)
{
    if (!(c->pcb->flags & TF_ACK_DELAY))
        c->unacked_from = c->pcb->rcv_nxt;
    c->owes_ack = true;
    tcp_set_flags(c->pcb, TF_ACK_DELAY);
    conn_defer(c);
}

bool conn_may_defer(const struct conn *c)
{
    return !c->is_local && device_may_defer();
}

void conn_send_all_deferred(void)
{
    struct list *link;

    inet_tick();
    while ((link = list_pop_front(&conn_deferred))) {
        struct conn *c = LIST_ENTRY(link, struct conn, defer_link);

        if (c->pcb->state == TIME_WAIT)
            continue;
        if (UNLIKELY(c->owes_ack) && (c->pcb->flags & TF_ACK_DELAY))
            tcp_ack_now(c->pcb);
        c->owes_ack = false;
        (void)inet_tcp_output(c->pcb);
        tcp_fit_window(c->pcb);
        conn_busy(c);
    }
}

/* Once the program has sent something in answer, and may do so again, an
 * acknowledgement goes with that, as on Linux. */
static bool is_quick(struct conn *c)
{
    if (LIKELY(!c->is_quick))
        return false;
    if (c->pcb->snd_lbb == c->quick_lbb)
        return true;
    c->is_quick = false;
    if (c->sock)
        c->sock->is_quick = !(c->sock->is_slow = true);
    return false;
}

/*
 * Every second segment is to be acknowledged (RFC 5681, 4.2). Of those that
 * come together the last one is enough, as on Linux, where they are one packet
 * by then; so that is left to conn_send_deferred(), by when the program may
 * have read, and written. lwIP, which alternates, is told of each that it is
 * the first. What may fill a hole, and much of the window, is acknowledged at
 * once.
 */
void conn_put_ack_off(struct conn *c, unsigned len)
{
    struct tcp_pcb *pcb = c->pcb;
    uint32_t bytes;

    if (UNLIKELY(pcb->ooseq || is_quick(c))) {
        tcp_set_flags(pcb, TF_ACK_DELAY);
        return;
    }
    if (LIKELY(!(pcb->flags & TF_ACK_DELAY))) {
        c->unacked_from = pcb->rcv_nxt;
        return;
    }
    bytes = pcb->rcv_nxt + len - c->unacked_from;
    if (!conn_may_defer(c) ||
        bytes > (pcb->rcv_ann_right_edge - c->unacked_from) / ACK_SHARE)
        return;
    conn_defer_ack(c);
    tcp_clear_flags(pcb, TF_ACK_DELAY);
}
