/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_peer.h - a peer of TCP that is made of single frames.
 *
 * What:      10.0.0.1, which sends what a test says, and keeps what comes.
 * Context:   included once, after tests/unit.h.
 */
#ifndef TESTS_FUZZ_INET_PEER_H
#define TESTS_FUZZ_INET_PEER_H

#include "tests/fuzz/inet_stack.h"

#include "lwip/etharp.h"
#include "lwip/inet_chksum.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"

#define HEADS_LEN  54u /* Ethernet's, IP's, TCP's */
#define FRAMES_MAX 32u

struct frame {
    unsigned flags;
    uint32_t seq, ack;
    uint8_t options[40];
    unsigned options_len, data_len;
    uint8_t data[4000];
};

static struct frame frames[FRAMES_MAX];
static unsigned frame_count;
static const struct frame none;
static uint16_t peer_wnd = 0xffff; /* that it announces, as on the wire */

static uint32_t word_at(const uint8_t *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof(word));
    return lwip_ntohl(word);
}

static void keep(const uint8_t *f, size_t len)
{
    struct frame *out = &frames[frame_count];
    const uint8_t *h = f + 34;
    unsigned head = h[12] >> 4 << 2;

    if (len < HEADS_LEN || f[12] != 8 || f[13] || f[23] != IP_PROTO_TCP ||
        frame_count == FRAMES_MAX)
        return;
    out->seq = word_at(h + 4);
    out->ack = word_at(h + 8);
    out->flags = h[13] & 0x3f;
    out->options_len = head - TCP_HLEN;
    memcpy(out->options, h + TCP_HLEN, head - TCP_HLEN);
    out->data_len = (unsigned)(f[16] << 8 | f[17]) - IP_HLEN - head;
    memcpy(out->data, h + head, out->data_len);
    frame_count++;
}

static const struct frame *last(void)
{
    return frame_count ? &frames[frame_count - 1] : &none;
}

static void segment_on(unsigned from, unsigned to, unsigned flags, uint32_t seq,
                       uint32_t ack, const uint8_t *options,
                       unsigned options_len, const char *data)
{
    uint8_t f[2000] = { 0 };
    size_t data_len = strlen(data), at = 14 + IP_HLEN + TCP_HLEN;
    struct ip_hdr ip = { 0 };
    struct tcp_hdr h = { 0 };

    memcpy(f, dev.mac, 6);
    f[12] = 8;
    IPH_VHL_SET(&ip, 4, 5);
    IPH_LEN_SET(
        &ip, lwip_htons((u16_t)(IP_HLEN + TCP_HLEN + options_len + data_len)));
    IPH_TTL_SET(&ip, 64);
    IPH_PROTO_SET(&ip, IP_PROTO_TCP);
    ip.src.addr = lwip_htonl(0x0a000001);
    ip.dest.addr = lwip_htonl(0x0a000002);
    IPH_CHKSUM_SET(&ip, inet_chksum(&ip, IP_HLEN));
    memcpy(f + 14, &ip, IP_HLEN);
    h.src = lwip_htons((u16_t)from);
    h.dest = lwip_htons((u16_t)to);
    h.seqno = lwip_htonl(seq);
    h.ackno = lwip_htonl(ack);
    h.wnd = peer_wnd;
    TCPH_HDRLEN_FLAGS_SET(&h, 5 + options_len / 4, flags);
    memcpy(f + 14 + IP_HLEN, &h, TCP_HLEN);
    if (options)
        memcpy(f + at, options, options_len);
    memcpy(f + at + options_len, data, data_len);
    frame_count = 0;
    deliver(f, at + options_len + data_len, sizeof(f));
    conn_send_deferred();
    inet_flush();
    (void)device_poll();
}

/* A program's listener, to which the peer's Ethernet address is known. */
static struct file *listen_on(unsigned port)
{
    static const struct eth_addr peer_mac = { { 2, 0, 0, 0, 0, 1 } };
    ip4_addr_t peer = { lwip_htonl(0x0a000001) };
    struct sockaddr_in any = { .sin_family = AF_INET,
                               .sin_port = lwip_htons((u16_t)port) };
    struct socket_addr a = { .len = sizeof(any) };
    struct file *server;
    struct socket *s;

    thread_current_ptr = &fake_thread;
    if (socket_create(AF_INET, SOCK_STREAM, 0, 04000, &server))
        abort();
    s = socket_of(server);
    memcpy(a.bytes, &any, sizeof(any));
    if (s->ops->bind(s, &a) || s->ops->listen(s, 16))
        abort();
    etharp_add_static_entry(&peer, (struct eth_addr *)(uintptr_t)&peer_mac);
    on_sent = keep;
    return server;
}

/* What was closed is over in 40 minutes, and the driver has its buffers. */
static void all_is_over(void)
{
    for (unsigned i = 0; i < 40; i++) {
        advance(60 * NS_PER_SEC);
        (void)device_poll();
    }
    CHECK_EQ(bufs_out, 0);
}

#endif
