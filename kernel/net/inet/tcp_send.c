/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_send.c - from the program into segments.
 *
 * tcp_write() copies from kernel memory, so a byte of the program's would be
 * copied twice. Here segments are built as lwIP builds them, and the program's
 * bytes are copied straight behind their headers. A segment that was not sent
 * yet is filled up by the next write.
 */
#include "core/errno.h"
#include "core/panic.h"
#include "inet_hooks.h"
#include "lwip/priv/tcp_priv.h"
#include "net/inet/device.h"
#include "net/inet/fast_open.h"
#include "net/inet/tcp.h"

/* A part (parts.def): absent in kernels without fast open. */
#pragma weak fast_send

#define HEADERS_LEN 160u /* pbuf, tcp_seg and all headers, about */
/* The most of one segment, so that the heap takes 64 KiB for it, or 16 where
 * it has no such piece. */
#define SEGMENT_MAX   (65536u - HEADERS_LEN)
#define SEGMENT_SMALL (16384u - HEADERS_LEN)
#define BUFFER_TAKEN  32768u
#define LARGE_SHARE   8u /* of the window, what is beyond SEGMENT_SMALL */
#define HELD_TICKS    2  /* 200 ms: as long as Linux holds a corked one back */

size_t tcp_unsent_bytes(const struct tcp_sock *t)
{
    const struct tcp_pcb *pcb = tcp_pcb_of(t);

    return pcb ? TCP_SND_BUF - pcb->snd_buf : 0;
}

/* Of a buffer whose size nobody has set, twice what may be under way: as much
 * again for the program to write while that is acknowledged. After a loss it
 * stays so large, as Linux's does: what has arrived behind a hole fills it. */
static uint32_t wanted_buffer(const struct tcp_sock *t)
{
    uint32_t limit = t->i.s.sndbuf;
    uint32_t most = t->conn ? t->conn->sender.cwnd_most : 0;

    if (limit != TCP_SNDBUF_DEFAULT)
        return limit;
    limit = TCP_SNDBUF_AUTO;
    if (most > limit / 2)
        limit = 2 * MIN(most, TCP_SNDBUF_AUTO_MAX / 2);
    return limit;
}

/* While memory is short, a peer that reads is trusted for half of what it has
 * taken before, as far as its window goes; one that does not keeps little. */
static size_t send_limit(const struct tcp_sock *t)
{
    const struct tcp_pcb *pcb = tcp_pcb_of(t);
    uint32_t wanted = wanted_buffer(t), limit = inet_buffer_limit(wanted);

    if (UNLIKELY(limit < BUFFER_TAKEN) && pcb) {
        uint64_t taken =
            t->bytes_sent - MIN(t->bytes_sent, tcp_unsent_bytes(t));
        uint32_t trusted = (uint32_t)MIN(taken / 2, (uint64_t)BUFFER_TAKEN);

        limit = MAX(limit, MIN(MIN(pcb->snd_wnd, wanted), trusted));
    }
    return limit;
}

/* So few that no limit is smaller: it need not be known. */
static bool is_little(const struct tcp_sock *t, size_t bytes)
{
    return bytes < MIN((uint32_t)t->i.s.sndbuf, INET_BUFFER_MIN);
}

/* What was not sent, once or twice, is as much as TCP_NOTSENT_LOWAT lets it. */
static bool is_unsent_full(const struct tcp_sock *t, unsigned times)
{
    const struct tcp_pcb *pcb = tcp_pcb_of(t);

    return UNLIKELY(t->unsent_low) && pcb &&
           times * (uint64_t)(pcb->snd_lbb - pcb->snd_nxt) >= t->unsent_low;
}

bool tcp_has_room(const struct tcp_sock *t)
{
    if (is_unsent_full(t, 2))
        return false;
    if (LIKELY(is_little(t, 2 * tcp_unsent_bytes(t))))
        return true;
    return 3 * tcp_unsent_bytes(t) <= 2 * send_limit(t);
}

/* ---- segments ---- */

static struct tcp_seg *last_unsent(const struct tcp_pcb *pcb)
{
    struct tcp_seg *seg = pcb->unsent;

    while (seg && seg->next)
        seg = seg->next;
    return seg;
}

unsigned tcp_packet_len(const struct tcp_pcb *pcb)
{
    unsigned opts = pcb->flags & TF_TIMESTAMP ? LWIP_TCP_OPT_LEN_TS_OUT : 0;

    return pcb->mss - opts;
}

/* Payload of a segment: several packets' where the device cuts it up, but not
 * more than half of what may be under way, so that something always is. The
 * largest are for large windows alone: on a line that loses packets a small
 * segment is less to send again. */
static unsigned segment_len(const struct tcp_sock *t, const struct tcp_pcb *pcb)
{
    unsigned packet = tcp_packet_len(pcb), most = packet;

    if (!t->conn->is_local && device_cuts(IP_IS_V6_VAL(pcb->remote_ip))) {
        most = MIN(pcb->snd_wnd, t->conn->sender.cwnd);
        most = MIN(most / 2, MAX(most / LARGE_SHARE, SEGMENT_SMALL));
        most = MIN(most, (unsigned)send_limit(t));
        most = MIN(most, SEGMENT_MAX) / packet * packet;
    }
    /* Half the largest window that the peer ever had: a peer with a small one
     * could never be sent more at once (RFC 1122, 4.2.3.4). */
    if (most > pcb->snd_wnd_max / 2 && pcb->snd_wnd_max >= 2)
        most = pcb->snd_wnd_max / 2;
    return MIN(MAX(most, MIN(packet, pcb->snd_wnd_max / 2 + 1)), SEGMENT_MAX);
}

/* Is it to be cut up by the device, and into what? */
static void mark_packets(const struct tcp_pcb *pcb, struct tcp_seg *seg)
{
    if (seg->len <= tcp_packet_len(pcb)) {
        seg->p->flags &= (u8_t)~INET_PBUF_GSO;
        return;
    }
    seg->p->flags |= INET_PBUF_GSO;
    seg->p->gso_size = (u16_t)tcp_packet_len(pcb);
}

/* Copy up to room bytes behind those of seg. Bytes; 0: a fault */
static size_t segment_fill(const struct tcp_pcb *pcb, struct tcp_seg *seg,
                           struct socket_msg *m, size_t room)
{
    struct pbuf *p = seg->p;
    size_t n =
        io_get(&m->io, (uint8_t *)p->payload + p->len, MIN(m->io.left, room));

    p->len = p->tot_len = (u16_t)(p->len + n);
    seg->len = (u16_t)(seg->len + n);
    mark_packets(pcb, seg);
    return n;
}

static void account(struct tcp_pcb *pcb, size_t n)
{
    pcb->snd_lbb += (u32_t)n;
    pcb->snd_buf -= (tcpwnd_size_t)n;
}

/* Add to the last segment, if it has room. Bytes; 0: none; -EFAULT */
static ssize_t fill_last(struct tcp_pcb *pcb, struct tcp_seg *last,
                         struct socket_msg *m)
{
    size_t n;

    if (pcb->unsent_oversize == 0)
        return 0;
    n = segment_fill(pcb, last, m, pcb->unsent_oversize);
    if (n == 0)
        return -EFAULT;
    pcb->unsent_oversize = (u16_t)(pcb->unsent_oversize - n);
    account(pcb, n);
    return (ssize_t)n;
}

/* A segment of at most so many bytes, without much unused memory behind it:
 * the heap gives a power of two. */
static unsigned fit_heap(unsigned len, unsigned packet)
{
    unsigned block = SEGMENT_SMALL + HEADERS_LEN;

    if (len <= SEGMENT_SMALL)
        return len;
    while (block < len + HEADERS_LEN)
        block *= 2;
    if (len + HEADERS_LEN >= block - block / 4)
        return len;
    len = block / 2 - HEADERS_LEN;
    return packet < len ? len / packet * packet : len;
}

/* How large to make a segment for `left` bytes: larger only if more may come to
 * be in it before it is sent. */
static unsigned room_for(const struct tcp_sock *t, const struct tcp_pcb *pcb,
                         size_t left)
{
    unsigned packet = MIN(tcp_packet_len(pcb), SEGMENT_SMALL);

    if (pcb->snd_wnd_max / 2 < packet)
        packet = MAX(pcb->snd_wnd_max / 2, 1u);
    if (left >= packet)
        return fit_heap((unsigned)MIN(left, (size_t)segment_len(t, pcb)),
                        packet);
    if (t->cork || pcb->unsent || (pcb->unacked && !(pcb->flags & TF_NODELAY)))
        return packet;
    if (conn_may_defer(t->conn))
        return MIN(packet, MAX((unsigned)left, TCP_DEFER_ROOM));
    return (unsigned)left;
}

/* Behind *last, whose place it takes. Bytes; -EFAULT, -ENOBUFS */
static ssize_t add_segment(struct tcp_sock *t, struct tcp_pcb *pcb,
                           struct tcp_seg **last, struct socket_msg *m)
{
    unsigned room = room_for(t, pcb, m->io.left);
    struct tcp_seg *seg;
    size_t n;

    if (pcb->snd_queuelen >= TCP_SND_QUEUELEN)
        return -ENOBUFS;
    seg = tcp_segment_new(pcb, pcb->snd_lbb, room);
    if (!seg && room > SEGMENT_SMALL) {
        room = SEGMENT_SMALL;
        seg = tcp_segment_new(pcb, pcb->snd_lbb, room);
    }
    if (!seg)
        return -ENOBUFS;
    n = segment_fill(pcb, seg, m, room);
    if (n == 0) {
        tcp_seg_free(seg);
        return -EFAULT;
    }
    if (*last)
        (*last)->next = seg;
    else
        pcb->unsent = seg;
    *last = seg;
    pcb->unsent_oversize = (u16_t)(room - n);
    pcb->snd_queuelen++;
    account(pcb, n);
    return (ssize_t)n;
}

/* As much as the send buffer takes. Where a peer's window has never been more
 * than some bytes, segments are so short that there may be 65,000: their end is
 * looked for once. Bytes; -EFAULT, -ENOBUFS */
static ssize_t enqueue(struct tcp_sock *t, struct tcp_pcb *pcb,
                       struct socket_msg *m)
{
    struct tcp_seg *last = last_unsent(pcb);
    size_t limit = SIZE_MAX, done = 0;
    ssize_t n = 0;

    if (!is_little(t, tcp_unsent_bytes(t) + m->io.left))
        limit = send_limit(t);
    while (m->io.left > 0 && tcp_unsent_bytes(t) < limit &&
           !is_unsent_full(t, 1)) {
        n = fill_last(pcb, last, m);
        if (n == 0)
            n = add_segment(t, pcb, &last, m);
        if (n < 0)
            break;
        done += (size_t)n;
    }
    return done ? (ssize_t)done : n;
}

int tcp_send_kernel(struct tcp_sock *t, void *data, size_t len)
{
    struct tcp_pcb *pcb = tcp_pcb_of(t);
    struct tcp_seg *last = last_unsent(pcb);
    struct socket_msg m = { .flags = 0 };
    struct io_vec vec;

    io_init_kernel(&m.io, &vec, data, len);
    while (m.io.left > 0) {
        ssize_t n = fill_last(pcb, last, &m);

        if (n == 0)
            n = add_segment(t, pcb, &last, &m);
        if (n < 0)
            return (int)n;
    }
    (void)tcp_output(pcb); /* without memory the tick tries again */
    conn_busy(t->conn);
    return 0;
}

/* ---- output ---- */

/* Cut a segment that was not sent in two, the first with `len` bytes. False:
 * out of memory. */
static bool cut(struct tcp_pcb *pcb, struct tcp_seg *seg, unsigned len)
{
    unsigned left = seg->len - len, head = seg->p->tot_len - seg->len;
    uint32_t seq = lwip_ntohl(seg->tcphdr->seqno) + len;
    struct tcp_seg *rest = tcp_segment_new(pcb, seq, left);
    struct pbuf *p;

    if (!rest)
        return false;
    p = rest->p;
    (void)pbuf_copy_partial(seg->p, (uint8_t *)p->payload + p->len, (u16_t)left,
                            (u16_t)(head + len));
    p->len = p->tot_len = (u16_t)(p->len + left);
    rest->len = (u16_t)left;
    TCPH_SET_FLAG(rest->tcphdr, TCPH_FLAGS(seg->tcphdr) & TCP_FIN);
    TCPH_UNSET_FLAG(seg->tcphdr, TCP_FIN | TCP_PSH);
    pcb->snd_queuelen = (u16_t)(pcb->snd_queuelen - pbuf_clen(seg->p));
    pbuf_realloc(seg->p, (u16_t)(head + len));
    pcb->snd_queuelen = (u16_t)(pcb->snd_queuelen + pbuf_clen(seg->p) + 1);
    seg->len = (u16_t)len;
    mark_packets(pcb, seg);
    mark_packets(pcb, rest);
    rest->next = seg->next;
    seg->next = rest;
    if (!rest->next)
        pcb->unsent_oversize = 0;
    return true;
}

/* What is under way may be lost, or have arrived: what makes room are new
 * packets, perhaps few. */
static bool is_recovering(const struct tcp_pcb *pcb)
{
    const struct conn *c = pcb->ext_args[0].data;

    return c && c->sender.board;
}

/* Cut the first unsent segment until it is no longer than `room`, by halves:
 * what is left over is then copied once for each doubling, not for each
 * packet. */
static bool cut_small(struct tcp_pcb *pcb, unsigned room)
{
    unsigned packet = tcp_packet_len(pcb), half;

    while (pcb->unsent->len > room) {
        half = pcb->unsent->len / 2 / packet * packet;
        if (!cut(pcb, pcb->unsent, MAX(half, packet)))
            return false;
    }
    return true;
}

/*
 * A segment that was built for a larger window than there is now. lwIP splits
 * it for a small window of the peer's after a while, for a small congestion
 * window never. While something is under way more room will come: then half a
 * segment, or half a window, is worth the copy, and less is not.
 */
static void fit_unsent(struct tcp_pcb *pcb)
{
    uint32_t wnd = MIN(pcb->snd_wnd, pcb->cwnd), packet = tcp_packet_len(pcb);
    struct tcp_seg *seg = pcb->unsent;
    /* -1 if the peer has taken the byte of a probe */
    int32_t used = (int32_t)(lwip_ntohl(seg->tcphdr->seqno) - pcb->lastack);
    uint32_t room = (int32_t)wnd > used ? wnd - (uint32_t)used : 0;

    if (seg->len <= room || room < pcb->mss / 2u || room == 0)
        return;
    if (room >= packet)
        room = room / packet * packet;
    if (pcb->unacked && room < packet)
        return;
    if (pcb->unacked && 2 * room < MIN((uint32_t)seg->len, wnd)) {
        if (!is_recovering(pcb))
            return;
        if (!cut_small(pcb, room / packet * packet))
            return;
        room = seg->len;
    }
    if (seg->len <= room || cut(pcb, seg, room))
        (void)tcp_output(pcb);
}

void tcp_fit_unsent(struct tcp_pcb *pcb)
{
    if (pcb->state < ESTABLISHED)
        return;
    fit_unsent(pcb);
    /* lwIP splits for a window of less than a packet, and expects no other:
     * without memory this is tried again at the next tick. */
    if (pcb->persist_backoff > 0 && pcb->snd_wnd > pcb->mss)
        pcb->persist_backoff = 0;
}

/* The last segment may wait for more: not full, and corked. */
static bool is_held(const struct tcp_sock *t, const struct tcp_pcb *pcb,
                    bool more)
{
    return (t->cork || more) && pcb->unsent && !pcb->unsent->next &&
           pcb->unsent_oversize > 0;
}

/* One segment that is not full may wait until somebody sleeps: servers write a
 * head and then a body, and answer many before they wait again. */
static bool may_grow(const struct tcp_sock *t, const struct tcp_pcb *pcb)
{
    return pcb->unsent && !pcb->unsent->next && pcb->unsent_oversize > 0 &&
           conn_may_defer(t->conn);
}

static void output(struct tcp_sock *t, struct tcp_pcb *pcb, bool more)
{
    if (may_grow(t, pcb) && !more && !t->cork) {
        conn_defer(t->conn);
        return;
    }
    inet_tick();
    t->conn->held_ticks = is_held(t, pcb, more) ? HELD_TICKS : 0;
    if (t->conn->held_ticks == 0) {
        (void)inet_tcp_output(pcb); /* without memory the tick tries again */
        tcp_fit_window(pcb);
    }
    conn_busy(t->conn);
    inet_flush();
}

void tcp_push(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = tcp_pcb_of(t);

    if (!pcb || pcb->state < SYN_RCVD || pcb->state == TIME_WAIT)
        return;
    t->conn->held_ticks = 0;
    conn_defer(t->conn);
    conn_send_deferred();
    inet_flush();
}

/* ---- sending ---- */

/* Nothing is in the way, and so little waits that no limit counts. */
static inline bool may_send_little(const struct tcp_sock *t)
{
    const struct socket *s = &t->i.s;

    return !s->error && !(s->shutdown & SHUTDOWN_SEND) &&
           t->state == TCP_SOCK_CONNECTED && !t->unsent_low &&
           is_little(t, tcp_unsent_bytes(t));
}

/* Until the connection may be written to. An error of the socket's is left
 * there. -EINPROGRESS: it begins with what is written, fast_send(). */
static int wait_to_send(struct tcp_sock *t, struct socket_wait *w)
{
    struct socket *s = &t->i.s;
    int err;

    for (;;) {
        if (s->error)
            return -s->error;
        if ((s->shutdown & SHUTDOWN_SEND) ||
            (t->state != TCP_SOCK_CONNECTED && t->state != TCP_SOCK_CONNECTING))
            return -EPIPE;
        if (t->state == TCP_SOCK_CONNECTED && !is_unsent_full(t, 1) &&
            (is_little(t, tcp_unsent_bytes(t)) ||
             tcp_unsent_bytes(t) < send_limit(t)))
            return 0;
        if (UNLIKELY(t->fast) && t->fast->is_deferred)
            return -EINPROGRESS;
        t->look |= TCP_LOOK_ROOM;
        err = inet_sleep(&s->writable, w);
        if (err)
            return err;
    }
}

/* A call returns n: if that is the socket's error, it is told. */
static ssize_t error_take(struct tcp_sock *t, ssize_t n)
{
    if (n < 0 && n == -t->i.s.error)
        (void)socket_error_take(&t->i.s);
    return n;
}

/* The last byte goes by itself, so that no device has to cut up a segment with
 * an urgent pointer. It does not wait for more, nor for an acknowledgement. */
static ssize_t send_urgent_byte(struct tcp_sock *t, struct socket_msg *m)
{
    struct tcp_pcb *pcb;
    struct tcp_seg *last;
    bool may_wait;
    ssize_t n = wait_to_send(t, &m->wait);

    if (n)
        return error_take(t, n);
    pcb = tcp_pcb_of(t);
    pcb->unsent_oversize = 0;
    last = last_unsent(pcb);
    n = add_segment(t, pcb, &last, m);
    if (n < 0)
        return n;
    pcb->unsent_oversize = 0;
    TCPH_SET_FLAG(last->tcphdr, TCP_URG);
    last->tcphdr->urgp = PP_HTONS(1);
    may_wait = !(pcb->flags & TF_NODELAY);
    tcp_nagle_disable(pcb);
    output(t, pcb, false);
    if (may_wait)
        tcp_nagle_enable(pcb);
    t->bytes_sent++;
    return n;
}

static ssize_t send_urgent(struct tcp_sock *t, struct socket_msg *m)
{
    size_t len = m->io.left;
    ssize_t n = 0, last;

    m->flags &= ~MSG_OOB;
    if (len == 0)
        return 0;
    if (len > 1) {
        m->io.left = len - 1;
        n = tcp_send(&t->i.s, m);
        if (n < (ssize_t)len - 1)
            return n;
        m->io.left = 1;
    }
    last = send_urgent_byte(t, m);
    return last < 0 && n == 0 ? last : n + MAX(last, 0l);
}

/* Connect, if need be, and send what did not go with the SYN. */
static ssize_t send_fast(struct tcp_sock *t, struct socket_msg *m)
{
    size_t sent;
    ssize_t n;
    int err;

    if (!fast_send)
        return -EOPNOTSUPP;
    err = fast_send(t, m, &sent);
    t->bytes_sent += sent;
    if (err)
        return err == -EINPROGRESS && sent > 0 ? (ssize_t)sent : err;
    if (m->io.left == 0)
        return (ssize_t)sent;
    m->flags &= ~MSG_FASTOPEN;
    n = tcp_send(&t->i.s, m);
    return n < 0 && sent == 0 ? n : (ssize_t)sent + MAX(n, 0l);
}

ssize_t tcp_send(struct socket *s, struct socket_msg *m)
{
    struct tcp_sock *t = tcp_of(s);
    size_t done = 0;
    ssize_t n;

    if (UNLIKELY(m->flags & (MSG_OOB | MSG_FASTOPEN)))
        return m->is_free                ? SOCKET_WANTS_KERNEL
               : m->flags & MSG_FASTOPEN ? send_fast(t, m)
                                         : send_urgent(t, m);
    do {
        n = LIKELY(may_send_little(t)) ? 0 : wait_to_send(t, &m->wait);
        if (n == -EINPROGRESS)
            return m->is_free ? SOCKET_WANTS_KERNEL : send_fast(t, m);
        if (n)
            break;
        n = enqueue(t, tcp_pcb_of(t), m);
        if (n > 0) {
            done += (size_t)n;
            output(t, tcp_pcb_of(t), m->flags & MSG_MORE);
        }
        if (n == -ENOBUFS && !m->is_free && tcp_unsent_bytes(t) > 0) {
            /* What is under way will free memory. */
            t->look |= TCP_LOOK_ROOM;
            n = inet_sleep(&s->writable, &m->wait);
            if (n)
                break;
        }
    } while (n >= 0 && m->io.left > 0);
    t->bytes_sent += done;
    m->is_cut = n == -EFAULT || n == -ENOBUFS;
    if (done > 0)
        return (ssize_t)done; /* an error is the next call's */
    return error_take(t, n);
}
