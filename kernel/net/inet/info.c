/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * info.c - all internet sockets, for /proc/net.
 *
 * Those that Linux has in its tables: connections, listeners, whoever has a
 * port, raw sockets. One that is neither bound nor connected is in none.
 */
#include "net/inet_info.h"

#include "core/string.h"
#include "lwip/tcp.h"
#include "net/inet/conn.h"
#include "net/inet/dgram.h"
#include "net/inet/tcp.h"

enum { STATE_ESTABLISHED = 1, STATE_CLOSE = 7, STATE_LISTEN = 10 };

struct walk {
    bool (*each)(const struct inet_info *s, void *arg);
    void *arg;
    bool is_over;
};

/* lwIP's states as Linux numbers them. */
static uint8_t state_of(const struct tcp_pcb *pcb)
{
    static const uint8_t states[] = {
        [CLOSED] = 7,      [LISTEN] = 10,    [SYN_SENT] = 2,   [SYN_RCVD] = 3,
        [ESTABLISHED] = 1, [FIN_WAIT_1] = 4, [FIN_WAIT_2] = 5, [CLOSE_WAIT] = 8,
        [CLOSING] = 11,    [LAST_ACK] = 9,   [TIME_WAIT] = 6,
    };

    return states[pcb->state];
}

/* An address as a socket of this family sees it. */
static void put_addr(uint8_t family, const ip_addr_t *a, uint8_t out[16])
{
    if (IP_IS_V6(a)) {
        memcpy(out, ip_2_ip6(a)->addr, 16);
        return;
    }
    if (family == AF_INET || IP_IS_ANY_TYPE_VAL(*a)) {
        if (family == AF_INET)
            memcpy(out, &ip_2_ip4(a)->addr, 4);
        return;
    }
    out[10] = out[11] = 0xff; /* ::ffff:a.b.c.d */
    memcpy(out + 12, &ip_2_ip4(a)->addr, 4);
}

static struct inet_info info_of(const struct socket *s)
{
    return (struct inet_info){
        .family = (uint8_t)s->family,
        .type = (uint8_t)s->type,
        .state = STATE_CLOSE,
        .uid = s->inode.uid,
        .inode = s->file ? s->inode.ino : 0,
        .refs = s->refs,
    };
}

static bool tell(struct walk *w, const struct inet_info *s)
{
    w->is_over = !w->each(s, w->arg);
    return !w->is_over;
}

/* ---- TCP ---- */

static bool tell_connection(struct conn *c, void *arg)
{
    const struct tcp_pcb *pcb = c->pcb;
    struct inet_info s = { 0 };

    if (!pcb)
        return true;
    if (c->sock)
        s = info_of(&c->sock->i.s);
    else
        s.family = IP_IS_V6(&pcb->local_ip) ? AF_INET6 : AF_INET;
    s.type = SOCK_STREAM;
    s.state = state_of(pcb);
    s.is_time_wait = pcb->state == TIME_WAIT;
    s.is_orphan = !c->sock && !c->listener && !s.is_time_wait;
    put_addr(s.family, &pcb->local_ip, s.local);
    put_addr(s.family, &pcb->remote_ip, s.remote);
    s.local_port = pcb->local_port;
    s.remote_port = pcb->remote_port;
    s.tx_queue = pcb->snd_lbb - pcb->lastack;
    s.rx_queue = c->sock ? (uint32_t)c->sock->rx_bytes : 0;
    return tell(arg, &s);
}

/* ---- sockets with a port ---- */

static bool tell_bound(struct inet_sock *i, struct walk *w)
{
    struct inet_info s = info_of(&i->s);

    if (i->s.protocol == IPPROTO_TCP) {
        const struct tcp_sock *t = tcp_of(&i->s);

        if (t->state != TCP_SOCK_LISTENING)
            return true; /* connections are told as such */
        s.state = STATE_LISTEN;
        s.rx_queue = t->queue_count;
    } else if (i->s.protocol == IPPROTO_UDP) {
        const struct dgram_sock *d = dgram_of(&i->s);

        if (i->remote_port)
            s.state = STATE_ESTABLISHED;
        s.rx_queue = (uint32_t)d->cost;
        s.drops = d->dropped;
    } else {
        return true; /* ping's */
    }
    put_addr(s.family, &i->local, s.local);
    if (i->remote_port && i->s.protocol == IPPROTO_UDP)
        put_addr(s.family, &i->remote, s.remote);
    s.local_port = i->local_port;
    s.remote_port = i->remote_port;
    return tell(w, &s);
}

static bool tell_raw(struct dgram_sock *d, struct walk *w)
{
    struct inet_info s = info_of(&d->i.s);

    put_addr(s.family, &d->i.local, s.local);
    put_addr(s.family, &d->i.remote, s.remote);
    s.local_port = d->i.s.protocol;
    s.rx_queue = (uint32_t)d->cost;
    s.drops = d->dropped;
    return tell(w, &s);
}

static void walk_all(struct walk *w)
{
    for (uint16_t b = 0; b < INET_PORT_BUCKETS; b++) {
        LIST_FOR_EACH(it, inet_port_list(b))
        {
            if (!tell_bound(LIST_ENTRY(it, struct inet_sock, ports), w))
                return;
        }
    }
    conn_for_each(tell_connection, w);
    LIST_FOR_EACH(it, &raw_all)
    {
        if (w->is_over ||
            !tell_raw(LIST_ENTRY(it, struct dgram_sock, all_link), w))
            return;
    }
}

void inet_for_each(bool (*each)(const struct inet_info *s, void *arg),
                   void *arg)
{
    struct walk w = { .each = each, .arg = arg };

    inet_enter();
    walk_all(&w);
    inet_leave();
}
