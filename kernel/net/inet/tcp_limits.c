/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_limits.c - what options make of a connection, and how long one may go on.
 *
 * lwIP counts retries, to limits that are the same for all. Here the time is
 * what counts, as on Linux: from the first packet that was sent again, or the
 * first probe of a closed window, until something gets through. lwIP's own
 * limits lie beyond.
 */
#include "core/errno.h"
#include "inet_hooks.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "net/inet/tcp.h"

#define RTO_MAX_TICKS (120000 / TCP_SLOW_INTERVAL)
/* The least that net.ipv4.tcp_retries2, 15, and tcp_orphan_retries, 8, take. */
#define RETRIES_MS 924600u
#define ORPHAN_MS  102200u
#define UNREAD_MS  3000u /* so long is patience while memory is short */

#define UNREAD_SEEN 256u /* of them are compared */
#define UNREAD_MAX  8u   /* are reset for one who wants in */

/* ---- options ---- */

/* With TCP_USER_TIMEOUT as many as that has time for. */
static uint32_t keep_count(const struct tcp_sock *t)
{
    uint32_t idle_ms = t->keep_idle_s * 1000, every_ms = t->keep_intvl_s * 1000;

    if (t->user_timeout_ms == 0)
        return t->keep_count;
    if (t->user_timeout_ms <= idle_ms)
        return 1;
    return (t->user_timeout_ms - idle_ms + every_ms - 1) / every_ms;
}

void tcp_apply_options(const struct tcp_sock *t, struct tcp_pcb *pcb)
{
    struct conn *c = pcb->ext_args[0].data;

    pcb->ttl = t->i.ttl;
    pcb->tos = t->i.tos;
    pcb->netif_idx = t->i.device_index;
    pcb->keep_idle = t->keep_idle_s * 1000;
    pcb->keep_intvl = t->keep_intvl_s * 1000;
    pcb->keep_cnt = keep_count(t);
    if (t->nodelay)
        tcp_nagle_disable(pcb);
    else
        tcp_nagle_enable(pcb);
    if (pcb->state < ESTABLISHED)
        pcb->rto = pcb->sv = TCP_RTO_INITIAL_TICKS;
    if (pcb->state == ESTABLISHED && t->max_seg > 0)
        pcb->mss = MIN(pcb->mss, (u16_t)t->max_seg);
    if (!c)
        return;
    c->keeps_alive = socket_flag(&t->i.s, SO_KEEPALIVE);
    c->user_timeout_ms = t->user_timeout_ms;
    c->fin_wait_s = t->linger2_s ? t->linger2_s : TCP_LINGER2_DEFAULT_S;
    c->syn_retries =
        (uint8_t)(t->syn_retries ? t->syn_retries : TCP_SYN_RETRIES);
    limits_prepare(c);
}

void inet_limit_mss(const struct tcp_pcb *pcb, struct tcp_hdr *h)
{
    const struct conn *c = pcb->ext_args[0].data;
    const struct tcp_sock *t = c ? c->sock ? c->sock : c->listener : NULL;
    uint8_t *mss = (uint8_t *)(h + 1) + 2; /* behind its kind and length */

    if (!t || t->max_seg == 0 || t->max_seg >= (mss[0] << 8 | mss[1]))
        return;
    mss[0] = (uint8_t)(t->max_seg >> 8);
    mss[1] = (uint8_t)t->max_seg;
}

void tcp_inherit_options(struct tcp_sock *t, const struct tcp_sock *l)
{
    t->i.ttl = l->i.ttl;
    t->i.tos = l->i.tos;
    t->i.wants = l->i.wants;
    t->i.v6_only = l->i.v6_only;
    t->i.device_index = l->i.device_index;
    t->i.s.flags = l->i.s.flags;
    t->i.s.sndbuf = l->i.s.sndbuf;
    t->i.s.rcvbuf = l->i.s.rcvbuf;
    t->i.s.rcvlowat = l->i.s.rcvlowat;
    t->i.s.priority = l->i.s.priority;
    t->i.s.rcv_timeout_ns = l->i.s.rcv_timeout_ns;
    t->i.s.snd_timeout_ns = l->i.s.snd_timeout_ns;
    memcpy(t->i.s.linger, l->i.s.linger, sizeof(t->i.s.linger));
    t->nodelay = l->nodelay;
    t->cork = l->cork;
    t->keep_idle_s = l->keep_idle_s;
    t->keep_intvl_s = l->keep_intvl_s;
    t->keep_count = l->keep_count;
    t->user_timeout_ms = l->user_timeout_ms;
    t->linger2_s = l->linger2_s;
    t->unsent_low = l->unsent_low;
    t->max_seg = l->max_seg;
    t->window_clamp = l->window_clamp;
    t->is_reno = l->is_reno;
}

void tcp_options_changed(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = tcp_pcb_of(t);

    if (!pcb || pcb->state == TIME_WAIT)
        return;
    inet_tick();
    tcp_apply_options(t, pcb);
    conn_busy(t->conn);
}

/* ---- the clock ---- */

/* Linux probes whether the peer is alive only while nothing else asks it. */
void limits_prepare(struct conn *c)
{
    struct tcp_pcb *pcb = c->pcb;

    pcb->persist_probe = 0;
    /* A peer may take the byte of a probe, and have nothing left to probe for:
     * lwIP asserts that there is. */
    if (!pcb->unsent || pcb->unacked)
        pcb->persist_backoff = 0;
    if (c->keeps_alive && !pcb->unacked && !pcb->unsent)
        ip_set_option(pcb, SOF_KEEPALIVE);
    else
        ip_reset_option(pcb, SOF_KEEPALIVE);
}

uint32_t limits_next_tick(const struct conn *c)
{
    const struct tcp_pcb *pcb = c->pcb;
    const unsigned pending =
        TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND | TF_NAGLEMEMERR;
    uint32_t keep;

    if (pcb->unacked || pcb->unsent || pcb->ooseq || pcb->refused_data ||
        (pcb->flags & pending) || (c->sock && c->sock->defer_until_ms))
        return 0;
    switch (pcb->state) {
    case ESTABLISHED:
    case CLOSE_WAIT:
        if (!c->keeps_alive)
            return UINT32_MAX;
        keep = pcb->keep_idle + pcb->keep_cnt_sent * pcb->keep_intvl;
        return pcb->tmr + keep / TCP_SLOW_INTERVAL + 1;
    case FIN_WAIT_2:
        return pcb->flags & TF_RXCLOSED ? c->fin_due : UINT32_MAX;
    default:
        return 0;
    }
}

/* lwIP sends a SYN again at even distances, six times; Linux at distances that
 * double, as often as TCP_SYNCNT says. So lwIP sees one of them. */
static void space_syns(struct conn *c)
{
    struct tcp_pcb *pcb = c->pcb;
    uint8_t seen = c->syns_resent > 0;

    if (pcb->nrtx > seen) {
        inet_counters.resent += (uint32_t)(pcb->nrtx - seen);
        c->syns_resent = (uint8_t)(c->syns_resent + pcb->nrtx - seen);
        pcb->nrtx = 1;
    }
    pcb->rto = (s16_t)MIN(TCP_RTO_INITIAL_TICKS << MIN(c->syns_resent, 7),
                          RTO_MAX_TICKS);
}

/* lwIP sends a SYN|ACK again by itself. */
static void count_resent(struct conn *c)
{
    inet_counters.resent += (uint32_t)(c->pcb->nrtx - c->syns_resent);
    c->syns_resent = c->pcb->nrtx;
}

static bool is_syn_spent(const struct conn *c, uint32_t waited_ms)
{
    const struct tcp_pcb *pcb = c->pcb;

    if (c->syns_resent == 0)
        return false;
    if (c->user_timeout_ms && waited_ms >= c->user_timeout_ms)
        return true;
    return c->syns_resent >= c->syn_retries && pcb->rtime + 1 >= pcb->rto;
}

static bool is_stuck(const struct conn *c)
{
    const struct tcp_pcb *pcb = c->pcb;

    return pcb->state == SYN_SENT || pcb->nrtx > 0 ||
           pcb->persist_backoff > 1 || c->sender.backoff > 0;
}

/* A peer whose window is closed may take its time as long as it answers, but
 * not for longer than TCP_USER_TIMEOUT, nor for ever if nobody waits. */
static bool is_spent(const struct conn *c, uint32_t waited_ms)
{
    const struct tcp_pcb *pcb = c->pcb;
    bool is_window = pcb->nrtx == 0;
    uint32_t silent_ms = (tcp_ticks - pcb->tmr) * (uint32_t)TCP_SLOW_INTERVAL;

    if (pcb->state == SYN_SENT)
        return is_syn_spent(c, waited_ms);
    if (c->user_timeout_ms && waited_ms >= c->user_timeout_ms)
        return true;
    if (!c->sock && !c->listener)
        return waited_ms >= ORPHAN_MS << is_window;
    return (is_window ? MIN(waited_ms, silent_ms) : waited_ms) >= RETRIES_MS;
}

/* Nobody reads what a peer may still send: it has so much time to say that it
 * is done (TCP_LINGER2). */
static bool end_fin_wait(struct conn *c)
{
    if (c->pcb->state != FIN_WAIT_2 || !(c->pcb->flags & TF_RXCLOSED))
        return false;
    if (c->fin_wait_s < 0) {
        tcp_abort(c->pcb);
        return true;
    }
    if (!c->fin_due)
        c->fin_due =
            (tcp_ticks + (uint32_t)c->fin_wait_s * 1000 / TCP_SLOW_INTERVAL) |
            1;
    if ((int32_t)(tcp_ticks - c->fin_due) < 0)
        return false;
    conn_abandon(c);
    return true;
}

/* Those whose peers take nothing, by syn_link: who began first before the
 * others. What the program sends to itself is its own affair. */
static struct list unread = LIST_INIT(unread);

/* Accepted, or never a listener's: nothing else has its syn_link. */
static bool may_be_unread(const struct conn *c)
{
    return c->sock && !c->sock->listener && !c->is_local &&
           c->pcb->state >= ESTABLISHED && c->pcb->state != TIME_WAIT;
}

static void begin_stuck(struct conn *c, uint32_t now_ms)
{
    c->stuck_since_ms = now_ms;
    if (may_be_unread(c)) {
        list_remove(&c->syn_link);
        list_push_back(&unread, &c->syn_link);
    }
}

static void end_stuck(struct conn *c)
{
    c->stuck_since_ms = 0;
    if (c->sock && !c->sock->listener)
        list_remove(&c->syn_link);
}

bool limits_end(struct conn *c)
{
    uint32_t now_ms = sys_now() | 1; /* 0 stands for none */

    if (c->pcb->state == SYN_SENT)
        space_syns(c);
    else if (c->pcb->state == SYN_RCVD)
        count_resent(c);
    if (end_fin_wait(c))
        return true;
    if (c->sock && c->sock->defer_until_ms &&
        (int32_t)(now_ms - c->sock->defer_until_ms) >= 0)
        tcp_undefer(c->sock);
    if (LIKELY(!is_stuck(c))) {
        if (UNLIKELY(c->stuck_since_ms))
            end_stuck(c);
        return false;
    }
    if (!c->stuck_since_ms)
        begin_stuck(c, now_ms);
    if (!is_spent(c, now_ms - c->stuck_since_ms))
        return false;
    inet_counters.timed_out++;
    if (c->sock)
        tcp_over(c->sock, ETIMEDOUT);
    conn_abandon(c);
    return true;
}

void tcp_unreachable(struct conn *c, int error)
{
    struct tcp_sock *t = c->sock;

    if (!t)
        return;
    if (c->pcb->state != SYN_SENT) {
        /* RFC 1122, 4.2.3.9: a soft error, which IP_RECVERR asks for. */
        if (t->i.wants & (INET_WANT_ERRORS | INET_WANT_ERRORS6)) {
            t->i.s.error = error;
            socket_wake(&t->i.s);
        }
        return;
    }
    tcp_over(t, error);
    conn_abandon(c);
}

/* ---- those without a program ---- */

/* By syn_link, who was closed first before the others. */
static struct list orphans = LIST_INIT(orphans);

void limits_orphan(struct conn *c)
{
    list_remove(&c->syn_link);
    if (c->pcb->state == TIME_WAIT)
        return;
    list_push_back(&orphans, &c->syn_link);
}

/* As Linux has it when there are too many, or memory is out. */
void limits_drop_orphans(unsigned waiting)
{
    while (UNLIKELY(inet_is_crowded(waiting)) && !list_is_empty(&orphans))
        tcp_abort(LIST_ENTRY(orphans.next, struct conn, syn_link)->pcb);
}

/* ---- those with one, whose peers do not read ---- */

/* Of those that wait longest the one with most to be sent. NULL: none has
 * waited for UNREAD_MS. */
static struct conn *find_unread(void)
{
    uint32_t now_ms = sys_now() | 1, most = 0;
    struct conn *found = NULL;
    unsigned n = 0;

    LIST_FOR_EACH(it, &unread)
    {
        struct conn *c = LIST_ENTRY(it, struct conn, syn_link);
        uint32_t held = (uint32_t)(TCP_SND_BUF - c->pcb->snd_buf);

        if (n++ == UNREAD_SEEN || now_ms - c->stuck_since_ms < UNREAD_MS)
            break;
        if (!may_be_unread(c) || !is_stuck(c)) {
            end_stuck(c); /* since the last tick */
        } else if (held >= most) {
            most = held;
            found = c;
        }
    }
    return found;
}

/*
 * What a program has for a connection is often more than what waits to be sent
 * in it, so smaller buffers alone let nobody in. One that has got nothing
 * through for UNREAD_MS is reset: Linux would keep it as long as its peer
 * answers, and has memory for that. With most first few are, and whole pages
 * become free.
 */
static void drop_unread(unsigned waiting)
{
    struct conn *c;

    for (unsigned n = 0; n < UNREAD_MAX && inet_is_crowded(waiting); n++) {
        c = find_unread();
        if (!c)
            return;
        inet_counters.timed_out++;
        tcp_over(c->sock, ETIMEDOUT);
        c->pcb->callback_arg = NULL;
        tcp_abort(c->pcb);
    }
}

void limits_make_room(unsigned waiting)
{
    limits_drop_orphans(waiting);
    if (UNLIKELY(!list_is_empty(&unread)))
        drop_unread(waiting);
}
