/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_fuzz.c - any frames, from anybody: the receive path from the network
 * driver's buffers through lwIP to the sockets, with timers and a program.
 *
 * An input is a row of steps. A step is a frame of the input's own bytes, or
 * one that is made plausible first (addresses, ports, sequence numbers near
 * those that are expected), so that more than the first checks is reached; or
 * time goes by; or the program does something with one of its sockets. At the
 * end everything is closed, hours go by, and the driver must have all of its
 * buffers back. Bytes of frames lie in memory of their very length: ASan sees
 * who reads beyond.
 */
#include "tests/fuzz/inet_stack.h"

#include "tests/fuzz/inet_input.h"
#include "tests/fuzz/inet_link.h"

#include <linux/tcp.h>
#include <linux/udp.h>

#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/tcp.h"
#include "lwip/prot/udp.h"
#include "net/inet/conn.h"
#include "net/inet/device.h"
#include "net/inet/fast_open.h"
#include "net/inet/icmp.h"
#include "net/inet/tcp.h"
#include "net/inet_info.h"

#define SOCKETS   8u
#define STEPS_MAX 200u
#define PORT      80u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct file *files[SOCKETS];

/* ---- steps ---- */

/* A segment near to what the connection from this port expects. */
static void step_tcp(struct input *in)
{
    uint8_t f[2048], options = (uint8_t)(byte(in) & 0x2c);
    unsigned from = 1000u + byte(in) % 4, flags = byte(in) & 0x3f;
    int seq_off = (int8_t)byte(in), ack_off = (int8_t)byte(in);
    size_t payload = (size_t)byte(in) * 4, at;
    struct tcp_hdr h = { 0 };
    ip_addr_t us = IPADDR4_INIT_BYTES(10, 0, 0, 2),
              peer = IPADDR4_INIT_BYTES(10, 0, 0, 1);
    struct conn *c = conn_find(&us, PORT, &peer, (uint16_t)from);

    at = header4(f, in, IP_PROTO_TCP, TCP_HLEN + options + payload);
    h.src = lwip_htons((u16_t)from);
    h.dest = lwip_htons(PORT);
    h.seqno = lwip_htonl((c ? c->pcb->rcv_nxt : 1000) + (u32_t)seq_off);
    h.ackno = lwip_htonl((c ? c->pcb->snd_nxt : 1) + (u32_t)ack_off);
    TCPH_HDRLEN_FLAGS_SET(&h, 5 + options / 4, flags);
    h.wnd = lwip_htons((u16_t)(byte(in) << 8));
    h.urgp = lwip_htons((u16_t)(payload / 2)); /* if the flag is there */
    memcpy(f + at, &h, TCP_HLEN);
    at += TCP_HLEN;
    memset(f + at, 1, options + payload);
    (void)bytes(in, f + at, options);
    deliver(f, at + options + payload, 2000);
}

/* A peer with SACK: its SYN, or an acknowledgement of some of what is under
 * way, with blocks. */
static void step_sack(struct input *in)
{
    uint8_t f[256], count = byte(in) % 4;
    unsigned from = 1000u + byte(in) % 4, what = byte(in);
    ip_addr_t us = IPADDR4_INIT_BYTES(10, 0, 0, 2),
              peer = IPADDR4_INIT_BYTES(10, 0, 0, 1);
    struct conn *c = conn_find(&us, PORT, &peer, (uint16_t)from);
    struct tcp_hdr h = { 0 };
    uint32_t words[8] = { PP_HTONL(0x020405b4), PP_HTONL(0x01010402) };
    size_t len = 8, at;

    h.src = lwip_htons((u16_t)from);
    h.dest = lwip_htons(PORT);
    h.wnd = 0xffff;
    h.seqno = lwip_htonl(c ? c->pcb->rcv_nxt : 1000);
    if (c) {
        h.ackno = lwip_htonl(what & 1 ? c->pcb->snd_nxt
                                      : c->pcb->lastack + what * 64u);
        words[0] = lwip_htonl(0x01010502u + count * 8u);
        for (unsigned n = 0; n < 2u * count; n++)
            words[1 + n] = lwip_htonl(c->pcb->lastack + byte(in) * 64u);
        len = count ? 4 + 8u * count : 0;
    }
    at = header4(f, in, IP_PROTO_TCP, TCP_HLEN + len);
    TCPH_HDRLEN_FLAGS_SET(&h, 5 + len / 4, c ? TCP_ACK : TCP_SYN);
    memcpy(f + at, &h, TCP_HLEN);
    memcpy(f + at + TCP_HLEN, words, len);
    deliver(f, at + TCP_HLEN + len, 2000);
}

/* A SYN with fast open's option, of any length, cookie and data: the cookie is
 * the right one where the input wants it. */
static void step_fast_syn(struct input *in)
{
    static char keys[] = "1-2-3-4";
    const uint64_t key[2] = { 2ull << 32 | 1, 4ull << 32 | 3 };
    const uint64_t words[2] = { 0x0200000a0100000aull, 8ull << 56 };
    uint8_t f[2048] = { 0 }, o[40], what = byte(in);
    size_t payload = (size_t)byte(in) * 4, options = (what & 7) * 4u + 4, at;
    struct tcp_hdr h = { 0 };
    uint64_t cookie = inet_sip_hash(key, words, 2);

    fast_mode =
        FAST_CLIENT | FAST_SERVER | (what & 0x80 ? FAST_SERVER_NO_COOKIE : 0);
    (void)!fast_store_keys(NULL, keys);
    memset(o, 1, sizeof(o));
    o[0] = 34;
    o[1] = (uint8_t)(what & 0x40 ? byte(in) % 24 : 10);
    if (what & 0x40)
        (void)bytes(in, o + 2, options - 2);
    else
        memcpy(o + 2, &cookie, sizeof(cookie));
    at = header4(f, in, IP_PROTO_TCP, TCP_HLEN + options + payload);
    h.src = lwip_htons((u16_t)(1000u + byte(in) % 4));
    h.dest = lwip_htons(PORT);
    h.seqno = lwip_htonl(1000);
    h.wnd = 0xffff;
    TCPH_HDRLEN_FLAGS_SET(&h, 5 + options / 4, TCP_SYN);
    memcpy(f + at, &h, TCP_HLEN);
    memcpy(f + at + TCP_HLEN, o, options);
    deliver(f, at + TCP_HLEN + options + payload, 2000);
}

/* ---- a peer that knows where the edges are ---- */

/* Options as an input's bits ask for them. Bytes, a multiple of four. */
static unsigned edge_options(struct input *in, unsigned which, uint8_t o[40])
{
    unsigned n = 0;

    if (which & 1) {
        memcpy(o + n, "\2\4\0", 3);
        o[n + 3] = byte(in);
        n += 4;
    }
    if (which & 2) {
        memcpy(o + n, "\1\3\3", 3);
        o[n + 3] = byte(in) % 16;
        n += 4;
    }
    if (which & 4) {
        memcpy(o + n, "\1\1\10\12\0\0\0\1\0\0\0", 12);
        n += 12;
    }
    if (which & 8) {
        memcpy(o + n, "\1\1\4\2", 4);
        n += 4;
    }
    return n;
}

/* The connection of one of the sockets, or that from a port of the peer's. */
static struct conn *some_conn(struct input *in)
{
    ip_addr_t us = IPADDR4_INIT_BYTES(10, 0, 0, 2),
              peer = IPADDR4_INIT_BYTES(10, 0, 0, 1);
    unsigned which = byte(in);
    struct file *f = files[which % SOCKETS];
    struct socket *s = f ? socket_of(f) : NULL;

    if ((which & 0x80) && s && s->type == SOCK_STREAM)
        return tcp_of(s)->conn;
    return conn_find(&us, PORT, &peer, (uint16_t)(1000u + which % 4));
}

/* A segment at one of the edges that matter: of what came, of the window, of
 * what is under way. */
static void step_edge(struct input *in)
{
    struct conn *c = some_conn(in);
    const struct tcp_pcb *pcb = c ? c->pcb : NULL;
    unsigned where = byte(in), flags = byte(in) & 0x3f, n;
    int seq_off = (int8_t)byte(in) * (where & 0x10 ? 8 : 1);
    int ack_off = (int8_t)byte(in);
    unsigned wnd = (unsigned)byte(in) << (where & 0x20 ? 8 : 3);
    size_t payload = (size_t)byte(in) * (where & 0x40 ? 5 : 1), at;
    uint8_t f[2048], o[40];
    struct tcp_hdr h = { 0 };

    if (!pcb || pcb->state == LISTEN)
        return;
    n = edge_options(in, where & 0x80 ? byte(in) : 0, o);
    at = header4(f, &(struct input){ NULL, 0 }, IP_PROTO_TCP,
                 TCP_HLEN + n + payload);
    h.src = lwip_htons(pcb->remote_port);
    h.dest = lwip_htons(pcb->local_port);
    h.seqno = lwip_htonl(pcb->rcv_nxt + (where & 1 ? pcb->rcv_wnd : 0) +
                         (u32_t)seq_off);
    h.ackno = lwip_htonl((where & 2   ? pcb->lastack
                          : where & 4 ? pcb->snd_lbb
                                      : pcb->snd_nxt) +
                         (u32_t)ack_off);
    TCPH_HDRLEN_FLAGS_SET(&h, 5 + n / 4, flags);
    h.wnd = lwip_htons((u16_t)wnd);
    memcpy(f + at, &h, TCP_HLEN);
    memcpy(f + at + TCP_HLEN, o, n);
    memset(f + at + TCP_HLEN + n, 1, payload);
    deliver(f, at + TCP_HLEN + n + payload, 2000);
}

static void step_udp(struct input *in)
{
    uint8_t f[2048];
    size_t len = (size_t)byte(in) * 4, at;
    bool is_v6 = byte(in) & 1;
    struct udp_hdr h = { 0 };

    at = is_v6 ? header6(f, in, IP_PROTO_UDP, UDP_HLEN + len)
               : header4(f, in, IP_PROTO_UDP, UDP_HLEN + len);
    h.src = lwip_htons(53);
    h.dest = lwip_htons(byte(in) & 1 ? PORT : 68);
    h.len = lwip_htons((u16_t)(UDP_HLEN + len + (byte(in) & 3) - 1));
    h.chksum = 1;
    memcpy(f + at, &h, UDP_HLEN);
    at += UDP_HLEN;
    memset(f + at, 0, len);
    (void)bytes(in, f + at, len);
    deliver(f, at + len, 300);
}

/* The input's own bytes behind a header that is right. */
static void step_ip(struct input *in)
{
    static const uint8_t protocols[] = {
        IP_PROTO_ICMP, IP_PROTO_IGMP, IP_PROTO_TCP, IP_PROTO_UDP, 58, 44, 0, 60
    };
    unsigned protocol = protocols[byte(in) % ARRAY_LEN(protocols)];
    size_t len = byte(in), at;
    uint8_t f[2048];
    bool is_v6 = byte(in) & 1;
    uint16_t sum;

    at = is_v6 ? header6(f, in, protocol, len) : header4(f, in, protocol, len);
    memset(f + at, 0, len);
    (void)bytes(in, f + at, len);
    if (len >= 4 && protocol == IP_PROTO_ICMP) {
        f[at + 2] = f[at + 3] = 0;
        sum = inet_chksum(f + at, (u16_t)len);
        memcpy(f + at + 2, &sum, sizeof(sum));
    }
    if (protocol == 58)
        inet_device.chksum_flags &= (u16_t)~NETIF_CHECKSUM_CHECK_ICMP6;
    deliver(f, at + len, byte(in) % 64 + 1);
}

static void step_raw(struct input *in)
{
    uint8_t f[256];
    size_t n = byte(in);

    n = bytes(in, f, n);
    if (byte(in) & 1 && n >= 6)
        memcpy(f, dev.mac, 6);
    deliver(f, n, byte(in) + 1u);
}

static void set_some_option(struct socket *s, struct input *in)
{
    static const struct {
        int level, name;
    } options[] = {
        { IPPROTO_TCP, TCP_USER_TIMEOUT },  { IPPROTO_TCP, TCP_DEFER_ACCEPT },
        { IPPROTO_TCP, TCP_QUICKACK },      { IPPROTO_TCP, TCP_LINGER2 },
        { IPPROTO_TCP, TCP_NOTSENT_LOWAT }, { IPPROTO_IP, IP_RECVERR },
        { IPPROTO_IP, IP_MTU_DISCOVER },    { IPPROTO_UDP, UDP_CORK },
        { IPPROTO_TCP, TCP_FASTOPEN },      { SOL_SOCKET, SO_RCVBUF },
        { SOL_SOCKET, SO_SNDBUF },          { IPPROTO_TCP, TCP_WINDOW_CLAMP },
        { IPPROTO_TCP, TCP_MAXSEG },        { IPPROTO_TCP, TCP_CORK },
    };
    unsigned n = byte(in) % ARRAY_LEN(options);
    uint32_t value = byte(in) * 16u;

    (void)!socket_set_option(s, options[n].level, options[n].name,
                             (uaddr_t)&value, sizeof(value));
}

static void receive_with_flags(struct socket *s, struct input *in)
{
    static const unsigned flags[] = { MSG_OOB, MSG_ERRQUEUE, MSG_PEEK,
                                      MSG_OOB | MSG_PEEK };
    struct socket_msg m = { .flags = flags[byte(in) % ARRAY_LEN(flags)] };
    struct socket_addr from;
    static char buf[2000];
    struct io_vec one;

    m.addr = &from;
    io_init_kernel(&m.io, &one, buf, byte(in) * 8u);
    (void)s->ops->receive(s, &m);
}

static void send_fast(struct socket *s, struct socket_addr *to,
                      struct input *in)
{
    struct socket_msg m = { .flags = MSG_FASTOPEN, .addr = to };
    static char buf[256 * 8];
    struct io_vec one;

    io_init_kernel(&m.io, &one, buf, byte(in) * 8u);
    (void)s->ops->send(s, &m);
}

static void step_program(struct input *in)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_addr.s_addr = lwip_htonl(0x0a000001),
                             .sin_port = lwip_htons(1000) };
    unsigned what = byte(in), which = byte(in) % SOCKETS;
    struct file *f = files[which], *out;
    struct socket_addr sa = { .len = sizeof(a) };
    struct socket_wait w = { 0 };
    struct socket *s = f ? socket_of(f) : NULL;
    static char buf[20000];

    memcpy(sa.bytes, &a, sizeof(a));
    switch (what % 8) {
    case 0:
        if (!f)
            (void)!socket_create(AF_INET, what & 8 ? SOCK_STREAM : SOCK_DGRAM,
                                 0, 04000, &files[which]);
        break;
    case 1:
        if (s && what & 8)
            send_fast(s, &sa, in);
        else if (s)
            (void)s->ops->connect(s, &sa, &w);
        break;
    case 2:
        if (f)
            (void)!file_take(f, buf, 1u + byte(in) * 64u);
        break;
    case 3:
        if (f)
            (void)!file_give(f, buf, 1u + byte(in) * 64u);
        break;
    case 4:
        if (s)
            (void)s->ops->shutdown(s, byte(in) % 3 + 1u);
        break;
    case 5:
        if (f)
            file_put(f);
        files[which] = NULL;
        break;
    case 6: /* files[0] is a listener */
        if (!f && files[0] &&
            socket_accept(socket_of(files[0]), 04000, &out) == 0)
            files[which] = out;
        break;
    default:
        if (s && (what & 0x18) == 0x08)
            set_some_option(s, in);
        else if (s && (what & 0x18) == 0x10)
            receive_with_flags(s, in);
        else if ((what & 0x18) == 0x18)
            step_fast_syn(in);
        else if ((what & 0xc0) == 0xc0)
            step_dhcp(in);
        else if (what & 0x80)
            step_fragment(in);
        else if (what & 0x60)
            step_edge(in);
        else if (s)
            (void)s->ops->poll(s);
        break;
    }
}

static void one_step(struct input *in)
{
    unsigned what = byte(in);

    if (what >= LINK_STEP_FIRST) {
        link_step(in, what);
        return;
    }
    switch (what % 8) {
    case 0:
        step_raw(in);
        break;
    case 1:
        step_tcp(in);
        break;
    case 2:
        step_sack(in);
        break;
    case 3:
        step_udp(in);
        break;
    case 4:
        step_ip(in);
        break;
    case 5:
        advance((uint64_t)byte(in) * byte(in) * 10000000);
        break;
    default:
        step_program(in);
        break;
    }
}

/* ---- one input ---- */

static struct file *bound_to_port(int type)
{
    struct sockaddr_in any = { .sin_family = AF_INET,
                               .sin_port = lwip_htons(PORT) };
    struct socket_addr a = { .len = sizeof(any) };
    struct file *f;
    struct socket *s;

    if (socket_create(AF_INET, type, 0, 04000, &f))
        abort();
    s = socket_of(f);
    memcpy(a.bytes, &any, sizeof(any));
    if (s->ops->bind(s, &a))
        abort();
    if (type == SOCK_STREAM && s->ops->listen(s, 4))
        abort();
    return f;
}

/* Whatever is left must go by itself. */
static void end(void)
{
    for (unsigned i = 0; i < SOCKETS; i++) {
        if (files[i])
            file_put(files[i]);
        files[i] = NULL;
    }
    link_close();
    (void)device_poll();
    for (unsigned i = 0; i < 40; i++) {
        advance(60 * NS_PER_SEC);
        (void)device_poll();
    }
    if (bufs_out != 0) {
        fprintf(stderr, "%u buffers were not given back\n", bufs_out);
        abort();
    }
    link_end();
}

static void begin(void)
{
    thread_current_ptr = &fake_thread;
    files[0] = bound_to_port(SOCK_STREAM);
    tcp_of(socket_of(files[0]))->fastopen_queue = 3;
    files[1] = bound_to_port(SOCK_DGRAM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static bool has_begun;
    struct input in = { data, len };

    if (!has_begun) { /* what is held from now on is the input's */
        begin();
        end();
        has_begun = true;
    }
    begin();
    for (unsigned n = 0; in.left > 0 && n < STEPS_MAX; n++)
        one_step(&in);
    end();
    return 0;
}
