/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn.c - TCP connections: the table by which segments find them.
 *
 * ip4.c and ip6.c are compiled to call conn_input() where they call
 * tcp_input(). It finds whom a segment is for and shows lwIP nothing else:
 *
 *   tcp_active_pcbs   the connection, or nothing
 *   tcp_tw_pcbs       the connection, if it is in TIME-WAIT
 *   listen_pcbs       the listener, chosen by port.c's rules
 *
 * Between two calls all of lwIP's lists are empty.
 */
#include "net/inet/conn.h"

#include "core/panic.h"
#include "inet_hooks.h"
#include "lwip/priv/tcp_priv.h"
#include "net/inet/cookie.h"
#include "net/inet/device.h"
#include "net/inet/fast_open.h"
#include "net/inet/inet.h"
#include "net/inet/tcp.h"
#include "net/inet/timers.h"

/* A part (parts.def): absent in kernels without MSG_OOB. */
#pragma weak tcp_urgent_mark
/* So is TCP fast open. */
#pragma weak fast_note
#pragma weak fast_noted
#pragma weak fast_syn
#pragma weak fast_segment
#pragma weak fast_conn_died

#define BUCKETS_MIN 64u

static struct {
    struct conn **buckets; /* NULL: none yet */
    unsigned bucket_count; /* a power of two */
    unsigned count;
    uint64_t secret;
    struct list busy, later, time_wait;
    unsigned time_wait_count;
    struct conn *current; /* whose segment is in lwIP; NULL when it has died */
} table = {
    .busy = LIST_INIT(table.busy),
    .later = LIST_INIT(table.later),
    .time_wait = LIST_INIT(table.time_wait),
};

/* ---- the table ---- */

static uint32_t addr_word(const ip_addr_t *a)
{
    if (IP_IS_V6(a))
        return ip_2_ip6(a)->addr[3] ^ ip_2_ip6(a)->addr[2] ^
               ip_2_ip6(a)->addr[1];
    return ip_2_ip4(a)->addr;
}

static uint32_t hash_of(uint16_t local_port, const ip_addr_t *remote,
                        uint16_t remote_port)
{
    uint64_t key = (uint64_t)addr_word(remote) << 32 |
                   (uint32_t)local_port << 16 | remote_port;

    key = (key ^ table.secret) * 0x9e3779b97f4a7c15ull;
    key ^= key >> 32;
    key *= table.secret | 1;
    return (uint32_t)(key >> 32);
}

static struct conn **bucket_of(uint32_t hash)
{
    return &table.buckets[hash & (table.bucket_count - 1)];
}

struct conn *conn_find(const ip_addr_t *local, uint16_t local_port,
                       const ip_addr_t *remote, uint16_t remote_port)
{
    struct conn *c;

    if (!table.buckets)
        return NULL;
    for (c = *bucket_of(hash_of(local_port, remote, remote_port)); c;
         c = c->hash_next) {
        const struct tcp_pcb *pcb = c->pcb;

        if (pcb->remote_port == remote_port && pcb->local_port == local_port &&
            ip_addr_cmp(&pcb->remote_ip, remote) &&
            ip_addr_cmp(&pcb->local_ip, local))
            return c;
    }
    return NULL;
}

static void table_insert(struct conn *c)
{
    struct conn **b = bucket_of(c->hash);

    c->hash_next = *b;
    *b = c;
}

static bool table_grow(void)
{
    unsigned old_count = table.bucket_count;
    struct conn **old = table.buckets;

    if (old && table.count < 2 * old_count)
        return true;
    if (!old)
        table.secret = inet_random();
    table.bucket_count = old ? 4 * old_count : BUCKETS_MIN;
    table.buckets = kzalloc(table.bucket_count * sizeof(*table.buckets));
    if (!table.buckets) {
        table.buckets = old;
        table.bucket_count = old_count;
        return old; /* longer chains will do */
    }
    for (unsigned i = 0; i < old_count; i++) {
        for (struct conn *c = old[i], *next; c; c = next) {
            next = c->hash_next;
            table_insert(c);
        }
    }
    kfree(old);
    return true;
}

static void table_remove(struct conn *c)
{
    struct conn **at = bucket_of(c->hash);

    while (*at != c)
        at = &(*at)->hash_next;
    *at = c->hash_next;
    table.count--;
}

void conn_for_each(bool (*fn)(struct conn *c, void *arg), void *arg)
{
    for (unsigned i = 0; i < table.bucket_count; i++)
        for (struct conn *c = table.buckets[i]; c; c = c->hash_next)
            if (!fn(c, arg))
                return;
}

/* A closed one of fast open keeps its socket until the handshake has ended. */
static bool is_owned(const struct conn *c)
{
    return c->sock && !(c->fast && c->fast->is_closed);
}

/* The first with a socket, in this bucket and those behind it. */
static struct conn *next_owned(unsigned *bucket)
{
    for (; *bucket < table.bucket_count; ++*bucket)
        for (struct conn *c = table.buckets[*bucket]; c; c = c->hash_next)
            if (is_owned(c))
                return c;
    return NULL;
}

void conn_end_all(void)
{
    struct tcp_pcb_listen *l;
    unsigned bucket = 0;
    struct conn *c;

    while ((l = tcp_listen_pcbs.listen_pcbs) != NULL)
        tcp_stop_listening(l->ext_args[0].data);
    while ((c = next_owned(&bucket)) != NULL)
        tcp_let_go(c->sock);
}

/* ---- birth and death ---- */

static void list_leave(struct conn *c)
{
    if (c->in_time_wait)
        table.time_wait_count--;
    c->in_time_wait = c->is_busy = false;
    list_remove(&c->link);
}

/* lwIP frees the pcb now. */
static void pcb_destroyed(u8_t id, void *data)
{
    struct conn *c = data;

    (void)id;
    if (table.current == c)
        table.current = NULL;
    if (tcp_input_pcb == c->pcb)
        tcp_input_pcb = NULL; /* nobody waits for its output any more */
    if (UNLIKELY(c->fast))
        fast_conn_died(c);
    sender_end(c);
    table_remove(c);
    list_leave(c);
    list_remove(&c->syn_link);
    list_remove(&c->defer_link);
    if (c->listener && !c->sock) {
        inet_counters.failed++;
        tcp_syn_gone(c->listener);
    }
    c->pcb = NULL;
    if (!c->sock)
        kfree(c);
}

static err_t passive_open(u8_t id, struct tcp_pcb_listen *lpcb,
                          struct tcp_pcb *pcb)
{
    struct tcp_sock *listener = lpcb->ext_args[0].data;
    struct conn *c;

    (void)id;
    pcb->mss = (u16_t)MAX(pcb->mss, TCP_MSS_LEAST);
    if (!tcp_syn_came(listener))
        return ERR_MEM;
    c = conn_create(pcb);
    if (!c) {
        tcp_syn_gone(listener);
        return ERR_MEM;
    }
    c->listener = listener;
    tcp_syn_add(listener, c);
    if (UNLIKELY(listener->fastopen_queue) && fast_syn)
        fast_syn(c);
    return ERR_OK;
}

static const struct tcp_ext_arg_callbacks pcb_callbacks = {
    .destroy = pcb_destroyed,
};
static const struct tcp_ext_arg_callbacks listener_callbacks = {
    .passive_open = passive_open,
};

/* The listener is not its pcb's callback_arg: a new pcb inherits that, and what
 * is told of one that came to nothing would be told of the listener. */
void conn_listen(struct tcp_pcb_listen *lpcb, struct tcp_sock *listener)
{
    lpcb->ext_args[0].callbacks = &listener_callbacks;
    lpcb->ext_args[0].data = listener;
}

void conn_abandon(struct conn *c)
{
    c->pcb->callback_arg = NULL;
    tcp_abandon(c->pcb, 0);
}

struct conn *conn_create(struct tcp_pcb *pcb)
{
    struct conn *c;

    if (!table_grow())
        return NULL;
    c = kzalloc(sizeof(*c));
    if (!c)
        return NULL;
    c->pcb = pcb;
    list_init(&c->link);
    list_init(&c->syn_link);
    list_init(&c->defer_link);
    c->is_local = inet_is_local(&pcb->remote_ip);
    c->hash = hash_of(pcb->local_port, &pcb->remote_ip, pcb->remote_port);
    table_insert(c);
    table.count++;
    pcb->callback_arg = c;
    pcb->ext_args[0].callbacks = &pcb_callbacks;
    pcb->ext_args[0].data = c;
    conn_busy(c);
    return c;
}

void conn_orphan(struct conn *c)
{
    if (!c)
        return;
    c->sock = NULL;
    if (!c->pcb) {
        kfree(c);
        return;
    }
    /* Nobody is told of its end: the conn goes with the pcb. */
    c->pcb->callback_arg = NULL;
    limits_orphan(c);
}

/* ---- the clock ---- */

void conn_busy(struct conn *c)
{
    sender_watch(c);
    if (c->in_time_wait || c->is_busy)
        return;
    list_remove(&c->link);
    list_push_front(&table.busy, &c->link);
    c->is_busy = true;
    timers_tcp_needed();
}

static void chain_busy(void)
{
    struct tcp_pcb **end = &tcp_active_pcbs;

    LIST_FOR_EACH(it, &table.busy)
    {
        *end = LIST_ENTRY(it, struct conn, link)->pcb;
        end = &(*end)->next;
    }
    *end = NULL;
}

static void settle(struct conn *c)
{
    uint32_t due;

    if (limits_end(c))
        return;
    sender_watch(c); /* a tick may have sent something */
    due = limits_next_tick(c);
    if (due == 0)
        return;
    list_remove(&c->link);
    c->is_busy = false;
    c->due = due;
    if (due == UINT32_MAX)
        return;
    list_push_back(&table.later, &c->link);
    timers_later_needed(due);
}

void conn_timer_run(bool is_slow)
{
    LIST_FOR_EACH(it, &table.busy)
    {
        struct conn *c = LIST_ENTRY(it, struct conn, link);

        tcp_fit_window(c->pcb);
        limits_prepare(c);
    }
    chain_busy();
    tcp_fasttmr();
    if (is_slow) {
        tcp_ticks--; /* the clock has set it; tcp_slowtmr() counts */
        tcp_slowtmr();
    }
    tcp_active_pcbs = NULL;
    LIST_FOR_EACH(it, &table.busy)
    settle(LIST_ENTRY(it, struct conn, link));
}

bool conn_timer_wanted(void)
{
    return !list_is_empty(&table.busy);
}

bool conn_later_first(uint32_t *tick_out)
{
    bool found = false;

    LIST_FOR_EACH(it, &table.later)
    {
        uint32_t due = LIST_ENTRY(it, struct conn, link)->due;

        if (!found || (int32_t)(due - *tick_out) < 0)
            *tick_out = due;
        found = true;
    }
    if (!list_is_empty(&table.time_wait)) {
        uint32_t due = LIST_ENTRY(table.time_wait.next, struct conn, link)->due;

        if (!found || (int32_t)(due - *tick_out) < 0)
            *tick_out = due;
        found = true;
    }
    return found;
}

void conn_later_run(void)
{
    LIST_FOR_EACH(it, &table.later)
    {
        struct conn *c = LIST_ENTRY(it, struct conn, link);

        if ((int32_t)(c->due - tcp_ticks) <= 0)
            conn_busy(c);
    }
    while (!list_is_empty(&table.time_wait)) {
        struct conn *c = LIST_ENTRY(table.time_wait.next, struct conn, link);

        if ((int32_t)(c->due - tcp_ticks) > 0)
            break;
        tcp_abort(c->pcb); /* silent, in this state */
    }
}

/* ---- TIME-WAIT ---- */

unsigned conn_count(void)
{
    return table.count - table.time_wait_count;
}

bool conn_drop_time_wait(void)
{
    if (list_is_empty(&table.time_wait))
        return false;
    tcp_abort(LIST_ENTRY(table.time_wait.next, struct conn, link)->pcb);
    return true;
}

static void enter_time_wait(struct conn *c)
{
    bool is_new = !c->in_time_wait;

    sender_end(c); /* our FIN has arrived, and with it all else */
    list_remove(&c->link);
    list_remove(&c->syn_link); /* it is no orphan any more */
    c->due = c->pcb->tmr + 2 * TCP_MSL / TCP_SLOW_INTERVAL;
    list_push_back(&table.time_wait, &c->link);
    c->in_time_wait = true;
    c->is_busy = false;
    table.time_wait_count += is_new;
    if (table.time_wait_count > CONN_TIME_WAIT_MAX)
        conn_drop_time_wait();
    timers_later_needed(c->due);
}

/* A SYN that begins a new life of a connection in TIME-WAIT (RFC 1122,
 * 4.2.2.13): its number lies beyond what the old one received. */
static bool is_reincarnation(const struct conn *c, const struct tcp_hdr *h)
{
    unsigned flags = TCPH_FLAGS(h);

    return (flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
           (int32_t)(lwip_ntohl(h->seqno) - c->pcb->rcv_nxt) > 0;
}

/* ---- segments ---- */

/* Show lwIP whom the segment is for. */
static void select_pcb(const struct tcp_hdr *h)
{
    const ip_addr_t *to = ip_current_dest_addr(), *from = ip_current_src_addr();
    uint16_t to_port = lwip_ntohs(h->dest), from_port = lwip_ntohs(h->src);
    struct conn *c = conn_find(to, to_port, from, from_port);

    if (c && c->in_time_wait && is_reincarnation(c, h)) {
        tcp_abort(c->pcb);
        c = NULL;
    }
    table.current = c;
    if (!c) {
        tcp_listen_pcbs.listen_pcbs =
            tcp_listener_for(to, to_port, from, from_port);
        return;
    }
    c->pcb->next = NULL;
    if (c->in_time_wait)
        tcp_tw_pcbs = c->pcb;
    else
        tcp_active_pcbs = c->pcb;
}

/* Data for somebody who has not read what came before, or out of order, while
 * the device runs out of buffers: as if it were lost, it comes again. Else
 * connections that nobody reads would silence all others. */
static bool must_come_again(const struct conn *c, const struct pbuf *p)
{
    const struct tcp_hdr *h = p->payload;

    if (!c || p->tot_len <= TCPH_HDRLEN_BYTES(h))
        return false;
    return c->pcb->rcv_nxt != lwip_ntohl(h->seqno) || c->pcb->refused_data ||
           (c->sock && c->sock->rx_bytes > 0);
}

/* Each option ends within the header, which lwIP reads on trust. */
static bool options_fit(const struct pbuf *p)
{
    const uint8_t *h = p->payload;
    unsigned len = TCPH_HDRLEN_BYTES((const struct tcp_hdr *)p->payload);
    unsigned at = TCP_HLEN;

    if (len > p->len)
        return false;
    if (LIKELY(len == TCP_HLEN + LWIP_TCP_OPT_LEN_TS_OUT && h[at] == 1 &&
               h[at + 1] == 1 && h[at + 2] == LWIP_TCP_OPT_TS))
        return h[at + 3] == LWIP_TCP_OPT_LEN_TS;
    while (at < len && h[at] != LWIP_TCP_OPT_EOL) {
        if (h[at] == LWIP_TCP_OPT_NOP) {
            at++;
            continue;
        }
        if (at + 1 == len || h[at + 1] < 2)
            return false;
        at += h[at + 1];
    }
    return at <= len;
}

/* For a listener, not lwIP's business: a SYN that is not to be kept. What ends
 * such a one is, once there is a connection for it. */
static bool is_answered(struct pbuf *p, struct netif *inp)
{
    const struct tcp_hdr *h = p->payload;
    unsigned flags = TCPH_FLAGS(h) & (TCP_SYN | TCP_ACK | TCP_RST);
    struct tcp_sock *l;

    if (!tcp_listen_pcbs.listen_pcbs)
        return false;
    l = tcp_listen_pcbs.listen_pcbs->ext_args[0].data;
    limits_make_room(tcp_waiting(l));
    if (flags == TCP_SYN && tcp_is_flooded(l) && !tcp_is_full(l))
        cookie_answer(l, p, inp);
    else if (flags == TCP_SYN) {
        if (UNLIKELY(l->fastopen_queue) && fast_note)
            fast_note(p);
        return false;
    } else if (flags != TCP_ACK || !cookie_is_sound(p, inp))
        return false;
    else if (!tcp_is_full(l) && cookie_accept(p, inp)) {
        tcp_active_pcbs = NULL;
        tcp_listen_pcbs.listen_pcbs = NULL;
        select_pcb(h);
        return false;
    }
    return true; /* it comes again */
}

err_t inet_segment(struct tcp_pcb *pcb, const struct tcp_hdr *h,
                   u16_t options_len, struct pbuf *p)
{
    struct conn *c = pcb->ext_args[0].data;
    bool is_bare = p->tot_len == 0 && !(TCPH_FLAGS(h) & (TCP_FIN | TCP_URG));

    if (UNLIKELY(pcb->state < ESTABLISHED)) {
        if (pcb->state > LISTEN && c->fast &&
            fast_segment(c, h, (const uint8_t *)(h + 1), options_len))
            return ERR_ABRT;
        return pcb->state == SYN_RCVD ? tcp_syn_again(pcb, h) : ERR_OK;
    }
    if (pcb->state == TIME_WAIT)
        return ERR_OK;
    if (UNLIKELY(h->seqno != pcb->rcv_nxt) &&
        disorder_take(c, h, options_len, p))
        return ERR_ABRT;
    if (!is_bare)
        conn_put_ack_off(c, p->tot_len);
    if (UNLIKELY(TCPH_FLAGS(h) & TCP_URG) && tcp_urgent_mark)
        tcp_urgent_mark(c, h);
    sender_acked(c, h, (const uint8_t *)(h + 1), options_len, is_bare);
    return ERR_OK;
}

void conn_settle(struct conn *c)
{
    if (c->pcb->state == TIME_WAIT) {
        enter_time_wait(c);
    } else {
        sender_settle(c);
        tcp_fit_window(c->pcb);
        conn_busy(c);
    }
    if (c->sock)
        tcp_after_input(c->sock);
}

void conn_input(struct pbuf *p, struct netif *inp)
{
    struct conn *c;

    if (p->len < TCP_HLEN || !options_fit(p)) {
        pbuf_free(p);
        return;
    }
    select_pcb(p->payload);
    if ((!table.current && is_answered(p, inp)) ||
        (inp == &inet_device &&
         UNLIKELY(device_is_short() || inet_memory_is_full()) &&
         must_come_again(table.current, p)))
        pbuf_free(p);
    else
        tcp_input(p, inp);
    if (tcp_listen_pcbs.listen_pcbs && fast_noted)
        fast_noted();
    tcp_active_pcbs = NULL;
    tcp_tw_pcbs = NULL;
    tcp_listen_pcbs.listen_pcbs = NULL;
    c = table.current;
    table.current = NULL;
    if (c)
        conn_settle(c);
}
