/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fast_connect.c - TCP fast open of clients: data with a SYN.
 *
 * A server's cookie comes in the answer to a SYN that asks for one, and is kept
 * with the size of its segments. The next SYN brings it, with as many data as
 * fit. They are in none of lwIP's queues: its pcb is moved on by what the
 * SYN|ACK acknowledges of them, before lwIP sees that, and the rest is sent as
 * any other data once the connection is there. A SYN that is sent again has
 * neither option nor data (RFC 7413, 4.2.1).
 */
#include "net/inet/fast_open.h"

#include "core/errno.h"
#include "core/panic.h"
#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "mm/heap.h"
#include "net/inet/tcp.h"

#define OPTIONS_LEN 40u /* a header's at most: as Linux, leave room for them */
#define MSS_LEAST   88u

struct served {
    ip_addr_t by;
    uint16_t mss;
    struct fast_option cookie; /* len 0: none */
};

static struct served cache[FAST_CACHE_MAX];
static unsigned cache_next; /* whose place a new server's is */

/* ---- cookies ---- */

static struct served *find(const ip_addr_t *to)
{
    for (unsigned n = 0; n < FAST_CACHE_MAX; n++)
        if (cache[n].cookie.len > 0 && ip_addr_cmp(&cache[n].by, to))
            return &cache[n];
    return NULL;
}

static void remember(const struct tcp_pcb *pcb, const struct fast_option *o)
{
    struct served *s = find(&pcb->remote_ip);

    if (!s) {
        s = &cache[cache_next];
        cache_next = (cache_next + 1) % FAST_CACHE_MAX;
        ip_addr_copy(s->by, pcb->remote_ip);
    }
    s->mss = pcb->mss;
    s->cookie = *o;
}

/* The path, or the server, does not let a SYN with it through (4.1.3.1). */
static void forget(const ip_addr_t *to)
{
    struct served *s = find(to);

    if (s)
        s->cookie.len = 0;
}

static bool needs_no_cookie(const struct fast *f)
{
    return (fast_mode & FAST_CLIENT_NO_COOKIE) || f->has_no_cookie;
}

bool fast_defers(struct tcp_sock *t, const ip_addr_t *to)
{
    struct fast *f = t->fast;

    f->is_deferred = f->connects && !f->m && (needs_no_cookie(f) || find(to));
    return f->is_deferred;
}

/* ---- the SYN ---- */

/* The first bytes of a message, as many as may go with a SYN. NULL: none */
static struct pbuf *take_data(struct tcp_sock *t, struct socket_msg *m,
                              unsigned mss)
{
    size_t n = MIN(m->io.left, (size_t)MIN(mss - OPTIONS_LEN, FAST_DATA_MAX));
    struct pbuf *p;

    if (n == 0)
        return NULL;
    p = pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_RAM);
    if (!p)
        return NULL;
    n = io_get(&m->io, p->payload, n);
    if (n == 0) { /* whoever sends the rest tells of the fault */
        pbuf_free(p);
        return NULL;
    }
    pbuf_realloc(p, (u16_t)n);
    t->fast->sent = n;
    return p;
}

static void send_syn(struct tcp_sock *t, struct socket_msg *m)
{
    struct conn *c = t->conn;
    struct tcp_pcb *pcb = c->pcb;
    const struct served *s = find(&pcb->remote_ip);
    struct fast_option o = { .len = 0 };
    unsigned mss = tcp_eff_send_mss(TCP_MSS, &pcb->local_ip, &pcb->remote_ip);
    bool may_bring = true;

    if (t->max_seg > 0)
        mss = MIN(mss, (unsigned)t->max_seg);
    if (needs_no_cookie(t->fast)) {
        o.len = -1;
    } else if (s) {
        o = s->cookie;
        mss = MIN(mss, s->mss);
    } else {
        c->fast_failure = FAST_UNAVAILABLE;
        may_bring = false;
    }
    c->fast->has_asked = o.len >= 0;
    if (may_bring && m)
        c->fast->data = take_data(t, m, MAX(mss, MSS_LEAST));
    fast_send_syn(pcb, &o, c->fast->data);
}

err_t fast_connect(struct tcp_sock *t, const ip_addr_t *to, uint16_t port)
{
    struct fast *f = t->fast;
    struct conn *c = t->conn;
    struct socket_msg *m = f->m;
    struct fast_conn *fc = NULL;
    err_t err;

    f->m = NULL;
    f->sent = 0;
    f->is_deferred = false;
    if (m || f->connects)
        fc = kzalloc(sizeof(*fc));
    if (!fc) /* without memory, an ordinary one */
        return tcp_connect(c->pcb, to, port, NULL);
    list_init(&fc->link);
    fc->is_client = true;
    c->fast = fc;
    tcp_input_pcb = c->pcb; /* holds the SYN back */
    err = tcp_connect(c->pcb, to, port, NULL);
    tcp_input_pcb = NULL;
    if (err == ERR_OK)
        send_syn(t, m);
    return err;
}

/* ---- the answer ---- */

err_t fast_answered(struct conn *c, const struct tcp_hdr *h,
                    const uint8_t *options, unsigned options_len)
{
    unsigned flags = TCPH_FLAGS(h) & (TCP_SYN | TCP_ACK | TCP_RST);
    struct fast_conn *fc = c->fast;
    struct tcp_pcb *pcb = c->pcb;
    uint32_t acked = h->ackno - (pcb->lastack + 1);

    if (!(flags & TCP_ACK) || acked > (fc->data ? fc->data->tot_len : 0u))
        return ERR_OK;
    if (!(flags & (TCP_SYN | TCP_RST)))
        return ERR_ABRT; /* data that have overtaken the SYN|ACK (RFC 9293) */
    fc->acked = acked;
    pcb->lastack += acked;
    pcb->snd_wl2 += acked;
    pcb->snd_nxt += acked;
    pcb->snd_lbb += acked;
    if (flags & TCP_SYN)
        fast_option_read(options, options_len, &fc->got);
    return ERR_OK;
}

void fast_connected(struct tcp_sock *t)
{
    struct conn *c = t->conn;
    struct fast_conn *fc = c->fast;
    unsigned len = fc->data ? fc->data->len : 0;
    int err = 0;

    if (fc->has_asked && fc->got.len > 0)
        remember(c->pcb, &fc->got);
    else if (c->syns_resent > 0 && len > fc->acked)
        forget(&c->pcb->remote_ip);
    if (len > 0 && fc->acked == len) {
        c->is_syn_taken = true;
        inet_counters.fast_active++;
    } else if (len > 0) {
        c->fast_failure = c->syns_resent > 0 ? FAST_RESENT : FAST_NOT_ACKED;
        inet_counters.fast_active_failed++;
        err = tcp_send_kernel(t, (uint8_t *)fc->data->payload + fc->acked,
                              len - fc->acked);
    }
    fast_conn_end(c);
    if (!err)
        return;
    /* The program was told that these bytes are on their way. */
    tcp_over(t, -err);
    tcp_reset(t);
}

/* ---- what programs call ---- */

int fast_send(struct tcp_sock *t, struct socket_msg *m, size_t *sent)
{
    struct socket_addr to = { .len = 0 };
    struct fast *f = fast_of(t);
    int err;

    *sent = 0;
    if (!f)
        return -ENOBUFS;
    if (f->is_deferred) {
        inet_addr_put(&t->i, &t->i.remote, t->i.remote_port, &to);
        t->state = TCP_SOCK_CLOSED;
        f->is_deferred = false;
    } else {
        if (m->addr)
            to = *m->addr;
        if (!(fast_mode & FAST_CLIENT) ||
            (to.len >= sizeof(to.family) && to.family == AF_UNSPEC))
            return -EOPNOTSUPP;
    }
    f->sent = 0;
    f->m = m;
    err = tcp_connect_op(&t->i.s, &to, &m->wait);
    f->m = NULL;
    *sent = f->sent;
    f->sent = 0;
    return err;
}
