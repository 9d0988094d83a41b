/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_option.c - IPPROTO_TCP's options.
 *
 * What is not implemented (MD5 signatures, repair) is refused. Fast open's are
 * a part of their own. Without it a listener may be told how many of its
 * connections may begin so, and none does; whoever wants to connect so is
 * refused: a Linux whose net.ipv4.tcp_fastopen is 0.
 */
#include <linux/tcp.h>

#include "core/errno.h"
#include "core/string.h"
#include "lwip/priv/tcp_priv.h"
#include "net/inet/fast_open.h"
#include "net/inet/tcp.h"

/* A part (parts.def): absent in kernels without fast open. */
#pragma weak fast_set_option
#pragma weak fast_get_option
#pragma weak fast_set_keys
#pragma weak fast_get_keys

#define CUBIC          "cubic"
#define RENO           "reno"
#define CA_NAME_MAX    16 /* what Linux gives, zeros behind the name */
#define KEEP_MAX_S     32767
#define KEEP_COUNT_MAX 127
#define MSS_MIN        88
#define LINGER2_MAX_S  120
#define RTO_MAX_S      120

/* ---- setting ---- */

static int set_keep(uint32_t *out, int value, int max)
{
    if (value < 1 || value > max)
        return -EINVAL;
    *out = (uint32_t)value;
    return 0;
}

static int set_max_seg(struct tcp_sock *t, int value)
{
    if (value && (value < MSS_MIN || value > 65535))
        return -EINVAL;
    t->max_seg = value;
    return 0;
}

/* Acknowledge at once what comes, until the program answers; 0: not so. */
static void set_quick(struct tcp_sock *t, int value)
{
    struct tcp_pcb *pcb = tcp_pcb_of(t);

    t->is_quick = value & 1;
    t->is_slow = !t->is_quick;
    if (!pcb)
        return;
    t->conn->is_quick = t->is_quick;
    t->conn->quick_lbb = pcb->snd_lbb;
    if (value == 0 || !(pcb->flags & TF_ACK_DELAY))
        return;
    inet_tick();
    tcp_ack_now(pcb);
    (void)tcp_output(pcb);
    inet_flush();
}

/* Linux counts how often a SYN|ACK is sent again meanwhile, at distances that
 * double, and tells the time that this takes. */
static int whole_retries(int seconds)
{
    int step = 1, sum = seconds > 0;

    for (int n = 1; seconds > sum && n < 255; n++) {
        step = MIN(2 * step, RTO_MAX_S);
        sum += step;
    }
    return sum;
}

static int set_number(struct tcp_sock *t, int name, int value)
{
    int err = fast_set_option ? fast_set_option(t, name, value) : -ENOPROTOOPT;

    if (err != -ENOPROTOOPT)
        return err;
    switch (name) {
    case TCP_NODELAY:
        t->nodelay = value;
        return 0;
    case TCP_CORK:
        t->cork = value;
        return 0;
    case TCP_QUICKACK:
        set_quick(t, value);
        return 0;
    case TCP_KEEPIDLE:
        return set_keep(&t->keep_idle_s, value, KEEP_MAX_S);
    case TCP_KEEPINTVL:
        return set_keep(&t->keep_intvl_s, value, KEEP_MAX_S);
    case TCP_KEEPCNT:
        return set_keep(&t->keep_count, value, KEEP_COUNT_MAX);
    case TCP_SYNCNT:
        if (value < 1 || value > KEEP_COUNT_MAX)
            return -EINVAL;
        t->syn_retries = value;
        return 0;
    case TCP_LINGER2:
        t->linger2_s = value < 0 ? -1 : MIN(value, LINGER2_MAX_S);
        return 0;
    case TCP_DEFER_ACCEPT:
        t->defer_accept_s = whole_retries(value);
        return 0;
    case TCP_MAXSEG:
        return set_max_seg(t, value);
    case TCP_USER_TIMEOUT:
        if (value < 0)
            return -EINVAL;
        t->user_timeout_ms = (uint32_t)value;
        return 0;
    case TCP_WINDOW_CLAMP:
        if (value == 0 && t->state != TCP_SOCK_CLOSED)
            return -EINVAL;
        t->window_clamp = value ? MAX(value, (int)SOCKET_RCVBUF_MIN / 2) : 0;
        return 0;
    case TCP_FASTOPEN:
        if (value < 0 ||
            (t->state != TCP_SOCK_CLOSED && t->state != TCP_SOCK_LISTENING))
            return -EINVAL;
        t->fastopen_queue = value;
        return 0;
    case TCP_FASTOPEN_CONNECT:
        return value < 0 || value > 1 ? -EINVAL : -EOPNOTSUPP;
    case TCP_NOTSENT_LOWAT:
        t->unsent_low = (uint32_t)value;
        waitq_wake_all(&t->i.s.writable);
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

/* Linux's, by default: cubic and reno. */
static int set_congestion(struct tcp_sock *t, uaddr_t value, unsigned len)
{
    char name[16] = { 0 };
    bool is_reno;

    if (len < 1)
        return -EINVAL;
    if (copy_from_user(name, value, MIN(len, sizeof(name) - 1)))
        return -EFAULT;
    is_reno = strcmp(name, RENO) == 0;
    if (!is_reno && strcmp(name, CUBIC) != 0)
        return -ENOENT;
    t->is_reno = is_reno;
    if (t->conn)
        t->conn->sender.is_reno = is_reno;
    return 0;
}

int tcp_set_option(struct socket *s, int level, int name, uaddr_t value,
                   unsigned len)
{
    struct tcp_sock *t = tcp_of(s);
    uint32_t n;
    int err;

    if (level != IPPROTO_TCP)
        return -ENOPROTOOPT;
    if (name == TCP_CONGESTION)
        return set_congestion(t, value, len);
    if (name == TCP_ULP)
        return -ENOENT; /* a Linux that has none */
    if (name == TCP_FASTOPEN_KEY && fast_set_keys)
        return fast_set_keys(t, value, len);
    if (len < sizeof(n))
        return -EINVAL;
    if (user_get32(&n, value))
        return -EFAULT;
    err = set_number(t, name, (int)n);
    if (err)
        return err;
    tcp_options_changed(t);
    if ((name == TCP_NODELAY && n) || (name == TCP_CORK && !n))
        tcp_push(t);
    return 0;
}

/* ---- getting ---- */

/* Linux's numbers of the states. */
static uint8_t state_of(const struct tcp_sock *t)
{
    static const uint8_t states[] = {
        [CLOSED] = 7,      [LISTEN] = 10,    [SYN_SENT] = 2,   [SYN_RCVD] = 3,
        [ESTABLISHED] = 1, [FIN_WAIT_1] = 4, [FIN_WAIT_2] = 5, [CLOSE_WAIT] = 8,
        [CLOSING] = 11,    [LAST_ACK] = 9,   [TIME_WAIT] = 6,
    };
    const struct tcp_pcb *pcb = tcp_pcb_of(t);

    if (t->state == TCP_SOCK_LISTENING)
        return states[LISTEN];
    if (t->state == TCP_SOCK_CONNECTING)
        return states[SYN_SENT]; /* fast open has no pcb yet */
    return pcb ? states[pcb->state] : states[CLOSED];
}

static unsigned seg_count(const struct tcp_seg *seg)
{
    unsigned n = 0;

    for (; seg; seg = seg->next)
        n++;
    return n;
}

static void fill_sender(const struct conn *c, struct tcp_info *info)
{
    const struct sender *s = &c->sender;
    unsigned mss = MAX(c->pcb->mss, (u16_t)1);

    info->tcpi_ca_state = s->state == SENDER_OPEN       ? TCP_CA_Open
                          : s->state == SENDER_RECOVERY ? TCP_CA_Recovery
                                                        : TCP_CA_Loss;
    info->tcpi_backoff = s->backoff;
    info->tcpi_rto = s->rto_us;
    info->tcpi_rtt = s->srtt_us;
    info->tcpi_rttvar = s->rttvar_us;
    info->tcpi_min_rtt = s->min_rtt_us;
    info->tcpi_snd_ssthresh = s->ssthresh / mss;
    info->tcpi_snd_cwnd = s->cwnd / mss;
    info->tcpi_total_retrans = s->resent_total;
}

static void fill_info(const struct tcp_sock *t, struct tcp_info *info)
{
    const struct tcp_pcb *pcb = tcp_pcb_of(t);

    info->tcpi_state = state_of(t);
    info->tcpi_bytes_sent = t->bytes_sent;
    info->tcpi_bytes_received = t->bytes_received;
    info->tcpi_rcv_space = tcp_rx_limit(t);
    if (t->state == TCP_SOCK_LISTENING) {
        info->tcpi_unacked = t->queue_count;
        info->tcpi_sacked = t->backlog;
    }
    if (!pcb)
        return;
    info->tcpi_retransmits =
        pcb->state == SYN_SENT ? t->conn->syns_resent : t->conn->sender.backoff;
    info->tcpi_options =
        (uint8_t)((pcb->flags & TF_TIMESTAMP ? TCPI_OPT_TIMESTAMPS : 0) |
                  (pcb->flags & TF_SACK ? TCPI_OPT_SACK : 0) |
                  (pcb->flags & TF_WND_SCALE ? TCPI_OPT_WSCALE : 0) |
                  (t->conn->is_syn_taken ? TCPI_OPT_SYN_DATA : 0));
    info->tcpi_fastopen_client_fail = t->conn->fast_failure & 3;
    info->tcpi_snd_wscale = pcb->snd_scale & 0xf;
    info->tcpi_rcv_wscale = pcb->rcv_scale & 0xf;
    fill_sender(t->conn, info);
    info->tcpi_advmss = pcb->mss;
    info->tcpi_snd_mss = info->tcpi_rcv_mss = tcp_packet_len(pcb);
    info->tcpi_pmtu = pcb->mss + 40u;
    info->tcpi_unacked = seg_count(pcb->unacked);
    info->tcpi_notsent_bytes = pcb->snd_lbb - pcb->snd_nxt;
    info->tcpi_snd_wnd = pcb->snd_wnd;
    info->tcpi_last_data_recv =
        (tcp_ticks - pcb->tmr) * (uint32_t)TCP_SLOW_INTERVAL;
}

static int get_number(const struct tcp_sock *t, int name, int *out)
{
    const struct tcp_pcb *pcb = tcp_pcb_of(t);

    if (fast_get_option && fast_get_option(t, name, out) == 0)
        return 0;
    switch (name) {
    case TCP_NODELAY:
        *out = t->nodelay;
        return 0;
    case TCP_CORK:
        *out = t->cork;
        return 0;
    case TCP_QUICKACK:
        *out = !t->is_slow;
        return 0;
    case TCP_KEEPIDLE:
        *out = (int)t->keep_idle_s;
        return 0;
    case TCP_KEEPINTVL:
        *out = (int)t->keep_intvl_s;
        return 0;
    case TCP_KEEPCNT:
        *out = (int)t->keep_count;
        return 0;
    case TCP_SYNCNT:
        *out = t->syn_retries ? t->syn_retries : TCP_SYN_RETRIES;
        return 0;
    case TCP_LINGER2:
        *out = t->linger2_s ? t->linger2_s : TCP_LINGER2_DEFAULT_S;
        return 0;
    case TCP_DEFER_ACCEPT:
        *out = t->defer_accept_s;
        return 0;
    case TCP_MAXSEG:
        *out = pcb ? (int)tcp_packet_len(pcb) : t->max_seg ? t->max_seg : 536;
        return 0;
    case TCP_FASTOPEN:
        *out = t->fastopen_queue;
        return 0;
    case TCP_FASTOPEN_CONNECT:
        *out = 0;
        return 0;
    case TCP_NOTSENT_LOWAT:
        *out = (int)t->unsent_low;
        return 0;
    case TCP_USER_TIMEOUT:
        *out = (int)t->user_timeout_ms;
        return 0;
    case TCP_WINDOW_CLAMP:
        *out = t->window_clamp ? t->window_clamp : (int)tcp_rx_limit(t);
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int tcp_get_option(struct socket *s, int level, int name, uaddr_t value,
                   unsigned *len)
{
    const struct tcp_sock *t = tcp_of(s);
    struct tcp_info info = { 0 };
    char ca[CA_NAME_MAX] = { 0 };
    int n, err;

    if (level != IPPROTO_TCP)
        return -ENOPROTOOPT;
    if (name == TCP_INFO) {
        fill_info(t, &info);
        *len = MIN(*len, (unsigned)sizeof(info));
        return copy_to_user(value, &info, *len);
    }
    if (name == TCP_CONGESTION) {
        *len = MIN(*len, (unsigned)sizeof(ca));
        memcpy(ca, t->is_reno ? RENO : CUBIC, sizeof(CUBIC) - t->is_reno);
        return copy_to_user(value, ca, *len);
    }
    if (name == TCP_ULP || name == TCP_CC_INFO) {
        *len = 0; /* none; cubic and reno have nothing to tell */
        return 0;
    }
    if (name == TCP_FASTOPEN_KEY && fast_get_keys)
        return fast_get_keys(t, value, len);
    err = get_number(t, name, &n);
    if (err)
        return err;
    *len = MIN(*len, (unsigned)sizeof(n));
    return copy_to_user(value, &n, *len);
}
