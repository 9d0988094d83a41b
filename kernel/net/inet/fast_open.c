/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fast_open.c - TCP fast open of listeners: SYNs with cookies and data.
 *
 * As on Linux: net.ipv4.tcp_fastopen allows it (by default it does not), and
 * TCP_FASTOPEN says how many connections of a listener may wait for the end of
 * their handshake. A cookie is a keyed hash of both addresses, the one that
 * Linux makes of the same key, so that servers behind one address may share it.
 * A SYN without a cookie, with a wrong one or one too many is an ordinary SYN:
 * its data are not acknowledged, and come again.
 */
#include "net/inet/fast_open.h"

#include "core/errno.h"
#include "core/panic.h"
#include "inet_hooks.h"
#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "mm/heap.h"
#include "net/inet/device.h"
#include "net/inet/tcp.h"

#define OPTION_KIND     34u
#define OPTION_HEAD     2u
#define HEADER_MAX      60u
#define INITIAL_PACKETS 10u /* RFC 6928 */

uint32_t fast_mode = FAST_CLIENT;

/* The SYN that lwIP looks at. */
static struct {
    const struct pbuf *p; /* NULL: none */
    struct fast_option o;
    struct conn *conn; /* its answer waits for an option */
    struct fast_option answer;
} note;

struct fast *fast_of(struct tcp_sock *t)
{
    if (!t->fast) {
        t->fast = kzalloc(sizeof(*t->fast));
        if (t->fast)
            list_init(&t->fast->halves);
    }
    return t->fast;
}

/* ---- the option ---- */

void fast_option_read(const uint8_t *o, unsigned len, struct fast_option *out)
{
    unsigned at = 0;

    out->len = -1;
    while (at + 1 < len && o[at] != LWIP_TCP_OPT_EOL) {
        unsigned n = o[at + 1], cookie_len = n - OPTION_HEAD;

        if (o[at] == LWIP_TCP_OPT_NOP) {
            at++;
            continue;
        }
        if (n < OPTION_HEAD || n > len - at)
            return;
        if (o[at] == OPTION_KIND && cookie_len % 2 == 0) {
            bool is_cookie =
                cookie_len >= FAST_COOKIE_MIN && cookie_len <= FAST_COOKIE_MAX;

            out->len = -1;
            if (is_cookie || cookie_len == 0) {
                out->len = (int8_t)cookie_len;
                memcpy(out->cookie, o + at + OPTION_HEAD, cookie_len);
            }
        }
        at += n;
    }
}

/* Bytes of it, a multiple of four. */
static unsigned option_write(uint8_t at[FAST_COOKIE_MAX + OPTION_HEAD + 2],
                             const struct fast_option *o)
{
    unsigned len;

    if (o->len < 0)
        return 0;
    len = OPTION_HEAD + (unsigned)o->len;
    at[0] = OPTION_KIND;
    at[1] = (uint8_t)len;
    memcpy(at + OPTION_HEAD, o->cookie, (size_t)o->len);
    for (; len % 4; len++)
        at[len] = LWIP_TCP_OPT_NOP;
    return len;
}

/* The segment as it is on the wire the first time. NULL: no memory, or no room
 * for the option. */
static struct pbuf *whole_of(const struct tcp_seg *seg,
                             const struct fast_option *o,
                             const struct pbuf *data)
{
    uint8_t option[FAST_COOKIE_MAX + OPTION_HEAD + 2], *at;
    unsigned head = TCPH_HDRLEN_BYTES(seg->tcphdr), n = option_write(option, o);
    struct pbuf *p;

    if (head + n > HEADER_MAX)
        return NULL;
    p = pbuf_alloc(PBUF_IP, (u16_t)(head + n + (data ? data->len : 0)),
                   PBUF_RAM);
    if (!p)
        return NULL;
    at = p->payload;
    memcpy(at, seg->tcphdr, head);
    memcpy(at + head, option, n);
    if (data)
        memcpy(at + head + n, data->payload, data->len);
    TCPH_HDRLEN_SET((struct tcp_hdr *)p->payload, (head + n) / 4);
    return p;
}

void fast_send_syn(struct tcp_pcb *pcb, const struct fast_option *o,
                   const struct pbuf *data)
{
    struct tcp_seg *seg = pcb->unsent;
    struct pbuf *plain = seg->p, *whole = whole_of(seg, o, data);
    struct tcp_hdr *h = seg->tcphdr;

    if (!whole) {
        (void)tcp_output(pcb);
        return;
    }
    seg->p = whole;
    seg->tcphdr = whole->payload;
    (void)tcp_output(pcb); /* without memory the tick tries again */
    plain->sent_us = whole->sent_us;
    seg->p = plain;
    seg->tcphdr = h;
    pbuf_free(whole);
}

/* ---- cookies ---- */

/* For both ends of the packet that is being received: SipHash of their
 * addresses, with the length that ends it. */
static void make_cookie(const uint64_t key[2], uint8_t out[FAST_COOKIE_LEN])
{
    const ip_addr_t *from = ip_current_src_addr(), *to = ip_current_dest_addr();
    uint64_t words[5], hash;
    unsigned count = 1;

    if (IP_IS_V6(from)) {
        memcpy(&words[0], ip_2_ip6(from)->addr, 16);
        memcpy(&words[2], ip_2_ip6(to)->addr, 16);
        count = 4;
    } else {
        words[0] = (uint64_t)ip_2_ip4(to)->addr << 32 | ip_2_ip4(from)->addr;
    }
    words[count] = (uint64_t)count * sizeof(words[0]) << 56;
    hash = inet_sip_hash(key, words, count + 1);
    memcpy(out, &hash, FAST_COOKIE_LEN);
}

static void give_cookie(const struct fast_keys *keys, struct fast_option *out)
{
    out->len = FAST_COOKIE_LEN;
    make_cookie(keys->key[0], out->cookie);
}

/* Which key it is of: 1, 2, or 0: none. */
static unsigned key_of(const struct fast_keys *keys,
                       const struct fast_option *o)
{
    uint8_t cookie[FAST_COOKIE_LEN];

    if (o->len != FAST_COOKIE_LEN)
        return 0;
    for (unsigned n = 0; n < keys->count; n++) {
        make_cookie(keys->key[n], cookie);
        if (memcmp(cookie, o->cookie, FAST_COOKIE_LEN) == 0)
            return n + 1;
    }
    return 0;
}

/* ---- SYNs ---- */

void fast_note(const struct pbuf *p)
{
    const struct tcp_hdr *h = p->payload;
    unsigned len = TCPH_HDRLEN_BYTES(h);

    if (len < TCP_HLEN || (TCPH_FLAGS(h) & (TCP_FIN | TCP_URG)))
        return;
    note.p = p;
    fast_option_read((const uint8_t *)(h + 1), len - TCP_HLEN, &note.o);
}

void fast_noted(void)
{
    struct conn *c = note.conn;

    note.p = NULL;
    note.conn = NULL;
    if (!c || !tcp_input_pcb)
        return; /* it came to nothing: out of memory */
    tcp_input_pcb = NULL;
    if (c->pcb->unsent)
        fast_send_syn(c->pcb, &note.answer, NULL);
}

static bool has_room(const struct tcp_sock *l, struct fast *f)
{
    uint32_t since_ms = sys_now() - f->reset_since_ms;

    if (since_ms >= FAST_RESET_MS) {
        f->reset_before = since_ms < 2 * FAST_RESET_MS ? f->reset_now : 0;
        f->reset_now = 0;
        f->reset_since_ms = sys_now();
    }
    if (f->half_count + f->reset_now + f->reset_before <
        (unsigned)l->fastopen_queue)
        return true;
    inet_counters.fast_overflows++;
    return false;
}

/* A socket for the connection, and what the SYN brought. */
static bool open(struct conn *c)
{
    struct tcp_sock *l = c->listener, *t;
    struct tcp_pcb *pcb = c->pcb;
    uint32_t len = note.p->tot_len;

    if (len > pcb->rcv_wnd || device_is_short() || inet_memory_is_full())
        return false;
    c->fast = kzalloc(sizeof(*c->fast));
    if (!c->fast)
        return false;
    list_init(&c->fast->link);
    t = tcp_adopt(c);
    if (!t) {
        kfree(c->fast);
        c->fast = NULL;
        return false;
    }
    c->fast->listener = l;
    c->fast->syn_len = len;
    list_push_back(&l->fast->halves, &c->fast->link);
    l->fast->half_count++;
    pcb->cwnd = INITIAL_PACKETS * pcb->mss;
    tcp_nagle_disable(pcb); /* the SYN|ACK under way is no reason to wait */
    if (len > 0) {
        struct pbuf *p = (struct pbuf *)(uintptr_t)note.p;

        pcb->rcv_nxt += len;
        pcb->rcv_wnd -= len;
        pcb->rcv_ann_wnd -= len;
        c->is_syn_taken = true;
        pbuf_ref(p); /* lwIP frees its own */
        tcp_received(t, p);
    }
    tcp_offer(t);
    return true;
}

/* Have the answer wait until it has the option. */
static void answer_with_cookie(struct conn *c, const struct fast_keys *keys)
{
    give_cookie(keys, &note.answer);
    note.conn = c;
    tcp_input_pcb = c->pcb; /* to whose output lwIP comes back later */
}

void fast_syn(struct conn *c)
{
    struct tcp_sock *l = c->listener;
    struct fast *f = fast_of(l);
    const struct fast_keys *keys;
    bool is_free;
    unsigned which = 0;

    if (!note.p || !f)
        return;
    inet_counters.fast_asked += note.o.len == 0;
    if (!(fast_mode & FAST_SERVER) ||
        (note.p->tot_len == 0 && note.o.len < 0) || !has_room(l, f))
        return;
    is_free = (fast_mode & FAST_SERVER_NO_COOKIE) || f->has_no_cookie;
    if (!is_free && note.o.len < 0)
        return;
    keys = fast_keys_of(l);
    if (!is_free && note.o.len > 0)
        which = key_of(keys, &note.o);
    if ((is_free || which > 0) && open(c)) {
        inet_counters.fast_passive++;
        if (which < 2)
            return;
        inet_counters.fast_other_key++;
    } else if (is_free || note.o.len > 0) {
        inet_counters.fast_passive_failed++;
    }
    if (note.o.len >= 0)
        answer_with_cookie(c, keys);
}

err_t fast_segment(struct conn *c, const struct tcp_hdr *h,
                   const uint8_t *options, unsigned options_len)
{
    struct tcp_pcb *pcb = c->pcb;

    if (pcb->state == SYN_SENT)
        return fast_answered(c, h, options, options_len);
    if ((TCPH_FLAGS(h) & TCP_RST) && h->seqno == pcb->rcv_nxt)
        c->fast->was_reset = true;
    /* The same SYN once more, with data or without. */
    if ((TCPH_FLAGS(h) & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN ||
        h->seqno + 1 + c->fast->syn_len != pcb->rcv_nxt)
        return ERR_OK;
    if (pcb->unacked && tcp_rexmit(pcb) == ERR_OK)
        (void)tcp_output(pcb);
    return ERR_ABRT;
}

/* ---- the end of the handshake ---- */

void fast_conn_end(struct conn *c)
{
    struct fast_conn *fc = c->fast;

    c->fast = NULL;
    if (fc->listener) {
        struct fast *f = fc->listener->fast;

        list_remove(&fc->link);
        f->half_count--;
        f->reset_now += fc->was_reset;
    }
    if (fc->data)
        pbuf_free(fc->data);
    kfree(fc);
}

void fast_conn_died(struct conn *c)
{
    bool is_client = c->fast->is_client, was_reset = c->fast->was_reset;
    struct tcp_sock *t = c->sock;

    fast_conn_end(c);
    if (t && !is_client && t->state != TCP_SOCK_CLOSED)
        tcp_over(t, was_reset ? ECONNRESET : ETIMEDOUT);
}

void fast_established(struct tcp_sock *t)
{
    struct conn *c = t->conn;
    bool wants_fin, is_closed;

    t->look &= (uint8_t)~TCP_LOOK_FAST;
    if (!c || !c->pcb || !c->fast)
        return;
    if (c->fast->is_client) {
        fast_connected(t);
        return;
    }
    wants_fin = c->fast->wants_fin;
    is_closed = c->fast->is_closed;
    fast_conn_end(c);
    if (is_closed) {
        tcp_let_go(t);
        socket_put(&t->i.s);
    } else if (wants_fin) {
        tcp_end_sending(t);
    }
}

bool fast_close(struct tcp_sock *t)
{
    struct fast_conn *fc = t->conn->fast;

    if (fc->is_client)
        return false;
    fc->is_closed = true;
    t->look |= TCP_LOOK_CLOSED;
    (void)socket_get(&t->i.s);
    return true;
}

void fast_closed(struct tcp_sock *t)
{
    struct conn *c = t->conn;

    t->conn = NULL;
    t->state = TCP_SOCK_CLOSED;
    t->look = 0;
    tcp_rx_drop(t);
    conn_orphan(c);
    socket_put(&t->i.s);
}

void fast_listen(struct tcp_sock *l)
{
    const unsigned both = FAST_SERVER | FAST_SERVER_ALL;

    if ((fast_mode & both) == both && l->fastopen_queue == 0)
        l->fastopen_queue = (int)MIN(l->backlog, SOCKET_BACKLOG_MAX);
}

void fast_stop_listening(struct tcp_sock *l)
{
    struct list *link;

    while ((link = list_pop_front(&l->fast->halves)))
        LIST_ENTRY(link, struct fast_conn, link)->listener = NULL;
    l->fast->half_count = 0;
}
