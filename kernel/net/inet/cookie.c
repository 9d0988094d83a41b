/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cookie.c - connections that are not remembered before they are made.
 *
 *   sequence number   3 bits: the time, in steps of 64 s
 *                     3 bits: the peer's MSS, by a table
 *                    26 bits: a keyed hash of these, both ends, the peer's
 *                             sequence number
 *   time stamp        its low 6 bits: SACK, whether there is a window scale,
 *                     the scale
 *
 * A peer without time stamps gets neither SACK nor a scale. For the one that
 * answers, lwIP is given the SYN again, made up from this, with its SYN|ACK
 * going nowhere, and then the answer.
 */
#include "net/inet/cookie.h"

#include "core/string.h"
#include "inet_hooks.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "net/inet/conn.h"
#include "net/inet/tcp.h"

#define STEP_MS     65536u
#define STEPS       8u
#define HASH_BITS   26
#define HASH_MASK   ((1u << HASH_BITS) - 1)
#define STAMP_BITS  63u
#define STAMP_SACK  32u
#define STAMP_SCALE 16u /* the scale is below */
#define OPTIONS_MAX 24u

struct syn_options {
    uint16_t mss;
    bool has_stamp;
    uint32_t stamp, echo;
    uint8_t bits; /* STAMP_*, as they go into a time stamp */
};

static const uint16_t sizes[] = {
    216, 536, 1220, 1300, 1400, 1440, 1460, 8960
};

static struct {
    bool any_sent;
    uint32_t last_ms; /* when the last one was sent */
    uint32_t isn;     /* while one is accepted */
} cookies;

uint32_t cookie_sequence(void)
{
    return cookies.isn;
}

/* ---- options ---- */

static uint32_t word_at(const uint8_t *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof(word));
    return lwip_ntohl(word);
}

static void read_option(const uint8_t *o, struct syn_options *out)
{
    switch (o[0]) {
    case LWIP_TCP_OPT_MSS:
        if (o[1] == LWIP_TCP_OPT_LEN_MSS)
            out->mss = (uint16_t)(o[2] << 8 | o[3]);
        break;
    case LWIP_TCP_OPT_WS:
        if (o[1] == LWIP_TCP_OPT_LEN_WS)
            out->bits |= (uint8_t)(STAMP_SCALE | MIN(o[2], (uint8_t)14));
        break;
    case LWIP_TCP_OPT_SACK_PERM:
        out->bits |= STAMP_SACK;
        break;
    case LWIP_TCP_OPT_TS:
        if (o[1] != LWIP_TCP_OPT_LEN_TS)
            break;
        out->has_stamp = true;
        out->stamp = word_at(o + 2);
        out->echo = word_at(o + 6);
        break;
    default:
        break;
    }
}

/* conn_input() has seen that each ends within the header. */
static void read_options(const struct pbuf *p, struct syn_options *out)
{
    const uint8_t *h = p->payload;
    unsigned len = TCPH_HDRLEN_BYTES((const struct tcp_hdr *)p->payload);
    unsigned at = TCP_HLEN;

    *out = (struct syn_options){ .mss = 536 };
    while (at < len && h[at] != LWIP_TCP_OPT_EOL) {
        if (h[at] == LWIP_TCP_OPT_NOP) {
            at++;
            continue;
        }
        read_option(h + at, out);
        at += h[at + 1];
    }
}

/* Bytes of them, a multiple of four. */
static unsigned write_options(uint8_t *at, const struct syn_options *o)
{
    uint32_t words[OPTIONS_MAX / 4];
    unsigned n = 0;

    words[n++] = TCP_BUILD_MSS_OPTION(o->mss);
    if (o->has_stamp) {
        words[n++] = PP_HTONL(0x0101080a);
        words[n++] = lwip_htonl(o->stamp);
        words[n++] = lwip_htonl(o->echo);
        if (o->bits & STAMP_SCALE)
            words[n++] = lwip_htonl(0x01030300u | (o->bits & 15u));
        if (o->bits & STAMP_SACK)
            words[n++] = PP_HTONL(0x01010402);
    }
    memcpy(at, words, n * 4);
    return n * 4;
}

/* A segment of a SYN: header, options, nothing else. NULL: no memory */
static struct pbuf *make_syn(const struct syn_options *o, struct tcp_hdr **h)
{
    struct pbuf *p = pbuf_alloc(PBUF_IP, TCP_HLEN + OPTIONS_MAX, PBUF_RAM);
    unsigned len;

    if (!p)
        return NULL;
    *h = p->payload;
    memset(*h, 0, TCP_HLEN);
    len = TCP_HLEN + write_options((uint8_t *)p->payload + TCP_HLEN, o);
    pbuf_realloc(p, (u16_t)len);
    TCPH_HDRLEN_FLAGS_SET(*h, len / 4, TCP_SYN);
    return p;
}

/* ---- the number ---- */

static bool is_sound(struct pbuf *p, const struct netif *inp)
{
    const ip_addr_t *to = ip_current_dest_addr();

    if (ip_addr_ismulticast(to) || ip_addr_isbroadcast(to, inp))
        return false;
    return !(inp->chksum_flags & NETIF_CHECKSUM_CHECK_TCP) ||
           ip_chksum_pseudo(p, IP_PROTO_TCP, p->tot_len, ip_current_src_addr(),
                            to) == 0;
}

/* top: time and MSS, the number's upper six bits. */
static uint32_t cookie_for(const struct tcp_hdr *h, uint32_t peer_seq,
                           uint32_t top)
{
    uint64_t hash = inet_hash_ends(ip_current_dest_addr(), lwip_ntohs(h->dest),
                                   ip_current_src_addr(), lwip_ntohs(h->src),
                                   (uint64_t)peer_seq << 32 | (top + 1));

    return top << HASH_BITS | ((uint32_t)hash & HASH_MASK);
}

static uint32_t size_index(uint16_t mss)
{
    uint32_t n = ARRAY_LEN(sizes) - 1;

    while (n > 0 && sizes[n] > mss)
        n--;
    return n;
}

static uint32_t steps_now(void)
{
    return sys_now() / STEP_MS % STEPS;
}

/* ---- both halves ---- */

void cookie_answer(struct tcp_sock *listener, struct pbuf *p, struct netif *inp)
{
    const struct tcp_hdr *syn = p->payload;
    uint32_t seq = lwip_ntohl(syn->seqno), now_ms = sys_now();
    struct syn_options o;
    struct tcp_hdr *h;
    struct pbuf *answer;
    uint32_t top;

    if (!is_sound(p, inp))
        return;
    read_options(p, &o);
    top = steps_now() << 3 | size_index(o.mss);
    o.echo = o.stamp;
    o.stamp = (now_ms & ~STAMP_BITS) | o.bits;
    if ((int32_t)(o.stamp - now_ms) > 0)
        o.stamp -= STAMP_BITS + 1;
    o.mss = tcp_eff_send_mss_netif(TCP_MSS, inp, ip_current_src_addr());
    if (listener->max_seg > 0)
        o.mss = (uint16_t)MIN(o.mss, listener->max_seg);
    o.bits = (uint8_t)((o.bits & ~15u) | TCP_RCV_SCALE);
    answer = make_syn(&o, &h);
    if (!answer)
        return;
    h->src = syn->dest;
    h->dest = syn->src;
    h->seqno = lwip_htonl(cookie_for(syn, seq, top));
    h->ackno = lwip_htonl(seq + 1);
    TCPH_SET_FLAG(h, TCP_ACK);
    h->wnd = lwip_htons((u16_t)MIN(tcp_rx_limit(listener), 65535u));
    if (inp->chksum_flags & NETIF_CHECKSUM_GEN_TCP)
        h->chksum =
            ip_chksum_pseudo(answer, IP_PROTO_TCP, answer->tot_len,
                             ip_current_dest_addr(), ip_current_src_addr());
    (void)ip_output_if(answer, ip_current_dest_addr(), ip_current_src_addr(),
                       listener->i.ttl, listener->i.tos, IP_PROTO_TCP, inp);
    pbuf_free(answer);
    cookies.any_sent = true;
    inet_counters.cookies_sent++;
    cookies.last_ms = now_ms;
}

bool cookie_is_sound(struct pbuf *p, struct netif *inp)
{
    const struct tcp_hdr *h = p->payload;
    uint32_t cookie = lwip_ntohl(h->ackno) - 1;
    uint32_t top = cookie >> HASH_BITS;
    uint32_t age = (steps_now() - (top >> 3)) % STEPS;

    return cookies.any_sent && sys_now() - cookies.last_ms < 2 * STEP_MS &&
           age < 2 && cookie_for(h, lwip_ntohl(h->seqno) - 1, top) == cookie &&
           is_sound(p, inp);
}

static err_t nowhere4(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
    (void)n;
    (void)p;
    (void)to;
    return ERR_OK;
}

static err_t nowhere6(struct netif *n, struct pbuf *p, const ip6_addr_t *to)
{
    (void)n;
    (void)p;
    (void)to;
    return ERR_OK;
}

/* Have lwIP receive it, which answers, and the answer go nowhere. */
static void receive_quietly(struct pbuf *p, struct netif *inp)
{
    netif_output_fn output4 = inp->output;
    netif_output_ip6_fn output6 = inp->output_ip6;
    u16_t checks = inp->chksum_flags;

    inp->output = nowhere4;
    inp->output_ip6 = nowhere6;
    inp->chksum_flags &= (u16_t)~NETIF_CHECKSUM_CHECK_TCP;
    tcp_input(p, inp);
    inp->output = output4;
    inp->output_ip6 = output6;
    inp->chksum_flags = checks;
}

bool cookie_accept(struct pbuf *p, struct netif *inp)
{
    const struct tcp_hdr *ack = p->payload;
    struct syn_options o;
    struct tcp_hdr *h;
    struct pbuf *syn;
    struct conn *c;

    read_options(p, &o);
    o.mss = sizes[(lwip_ntohl(ack->ackno) - 1) >> HASH_BITS & 7];
    o.bits = o.has_stamp ? o.echo & STAMP_BITS : 0;
    o.echo = 0;
    syn = make_syn(&o, &h);
    if (!syn)
        return false;
    h->src = ack->src;
    h->dest = ack->dest;
    h->seqno = lwip_htonl(lwip_ntohl(ack->seqno) - 1);
    h->wnd = ack->wnd;
    cookies.isn = lwip_ntohl(ack->ackno) - 1;
    receive_quietly(syn, inp);
    cookies.isn = 0;
    c = conn_find(ip_current_dest_addr(), lwip_ntohs(ack->dest),
                  ip_current_src_addr(), lwip_ntohs(ack->src));
    if (!c)
        return false;
    inet_counters.cookies_taken++;
    c->pcb->nrtx = 1; /* the time it took is not known */
    return true;
}
