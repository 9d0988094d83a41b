/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile_test.c - peers that break TCP's rules: no frame of theirs may make an
 * assertion false.
 *
 * Method: lwIP and the sockets on the host, with a peer that is made of single
 * frames. At each test's end everything is closed, and the driver must have its
 * buffers back.
 */
#include "tests/unit.h"

#include "tests/fuzz/inet_peer.h"
#include "tests/fuzz/inet_stack.h"

#include "net/inet/tcp.h"

#define PORT    80u
#define ISN     5000u
#define RCVBUF  1200u /* of a listener with a small window */
#define MS      (NS_PER_SEC / 1000)
#define NO_DATA ""

static struct file *server, *f;
static uint32_t ours; /* the number of our first byte */
static char bytes[8192];

static const char *data(unsigned len)
{
    static char text[2000];

    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

static void from_peer(unsigned flags, uint32_t seq, uint32_t ack,
                      const char *text)
{
    segment_on(1000, PORT, flags, ISN + seq, ours + ack, NULL, 0, text);
}

static void listener(int rcvbuf)
{
    server = listen_on(PORT);
    if (rcvbuf && socket_set_option(socket_of(server), SOL_SOCKET, SO_RCVBUF,
                                    (uaddr_t)&rcvbuf, sizeof(rcvbuf)))
        abort();
}

static void established(const uint8_t *options, unsigned len)
{
    peer_wnd = 0xffff;
    segment_on(1000, PORT, TCP_SYN, ISN, 0, options, len, NO_DATA);
    ours = last()->seq + 1;
    from_peer(TCP_ACK, 1, 0, NO_DATA);
    if (socket_accept(socket_of(server), 04000, &f))
        abort();
}

static void end(void)
{
    file_put(f);
    file_put(server);
    all_is_over();
}

static uint32_t window(void)
{
    return tcp_of(socket_of(f))->conn->pcb->rcv_wnd;
}

/* The peer's bytes from `done` up to `end`, in order. */
static void fill(unsigned done, unsigned end)
{
    while (done < end) {
        unsigned n = MIN(end - done, 1400u);

        from_peer(TCP_ACK, 1 + done, 0, data(n));
        done += n;
    }
}

TEST(early_data_beyond_the_window)
{
    uint32_t wnd;

    listener(RCVBUF);
    established(NULL, 0);
    wnd = window();
    CHECK(wnd < 2 * 1400);
    from_peer(TCP_ACK, 1 + wnd - 10, 0, data(100));
    fill(0, wnd - 10);
    CHECK_EQ(file_take(f, bytes, sizeof(bytes)), (ssize_t)wnd);
    end();
}

/* The handshake ends by what comes early. */
TEST(early_data_beyond_the_window_at_once)
{
    ip_addr_t us = IPADDR4_INIT_BYTES(10, 0, 0, 2),
              peer = IPADDR4_INIT_BYTES(10, 0, 0, 1);
    uint32_t wnd;

    listener(RCVBUF);
    segment_on(1000, PORT, TCP_SYN, ISN, 0, NULL, 0, NO_DATA);
    ours = last()->seq + 1;
    wnd = conn_find(&us, PORT, &peer, 1000)->pcb->rcv_wnd;
    from_peer(TCP_ACK, 1 + wnd - 10, 0, data(100));
    if (socket_accept(socket_of(server), 04000, &f))
        abort();
    fill(0, wnd - 10);
    CHECK_EQ(file_take(f, bytes, sizeof(bytes)), (ssize_t)wnd);
    end();
}

TEST(early_end_beyond_the_window)
{
    uint32_t wnd;

    listener(RCVBUF);
    established(NULL, 0);
    wnd = window();
    from_peer(TCP_ACK | TCP_FIN, 1 + wnd - 10, 0, data(10));
    fill(0, wnd - 10);
    CHECK_EQ(file_take(f, bytes, sizeof(bytes)), (ssize_t)wnd);
    end();
}

TEST(early_data_that_grows_beyond_the_window)
{
    uint32_t wnd;

    listener(RCVBUF);
    established(NULL, 0);
    wnd = window();
    from_peer(TCP_ACK, 1 + wnd - 10, 0, data(5));
    from_peer(TCP_ACK, 1 + wnd - 10, 0, data(100));
    fill(0, wnd - 10);
    CHECK_EQ(file_take(f, bytes, sizeof(bytes)), (ssize_t)wnd);
    end();
}

TEST(early_data_in_a_window_that_shrinks)
{
    int small = 1;
    uint32_t wnd;

    listener(8192);
    established(NULL, 0);
    wnd = window();
    from_peer(TCP_ACK, 1, 0, data(1000));
    CHECK_EQ(file_take(f, bytes, 600), 600); /* not worth an update */
    from_peer(TCP_ACK, 1 + wnd - 100, 0, data(200));
    if (socket_set_option(socket_of(f), SOL_SOCKET, SO_RCVBUF, (uaddr_t)&small,
                          sizeof(small)))
        abort();
    CHECK_EQ(file_take(f, bytes, 10), 10);
    fill(1000, wnd - 100);
    (void)!file_take(f, bytes, sizeof(bytes));
    end();
}

static void tiny(unsigned mss)
{
    const uint8_t options[] = {
        2, 4, (uint8_t)(mss >> 8), (uint8_t)mss, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0,
        0, 0
    };

    listener(0);
    established(options, sizeof(options));
    CHECK(file_give(f, bytes, 3000) > 0);
    conn_send_deferred();
    advance(NS_PER_SEC);
    from_peer(TCP_ACK, 1, 1, NO_DATA);
    advance(NS_PER_SEC);
    end();
}

TEST(segments_of_no_room)
{
    for (unsigned mss = 1; mss < 16; mss++)
        tiny(mss);
}

/* The peer closes its window, or leaves so much of it. */
static void close_window(unsigned left)
{
    from_peer(TCP_ACK, 1, 0, data(1));
    peer_wnd = lwip_htons((u16_t)left);
    from_peer(TCP_ACK, 2, 0, NO_DATA);
}

static void pass(unsigned halves)
{
    for (unsigned n = 0; n < halves; n++)
        advance(500 * MS);
}

/* What waits was meant for a larger window: a segment of several packets. */
static void takes_probe_of_many(unsigned wnd)
{
    const struct tcp_pcb *pcb;

    listener(0);
    established(NULL, 0);
    pcb = tcp_of(socket_of(f))->conn->pcb;
    CHECK(file_give(f, bytes, sizeof(bytes)) > 0);
    conn_send_deferred();
    CHECK(pcb->unsent && pcb->unsent->len > pcb->mss);
    peer_wnd = 0;
    from_peer(TCP_ACK, 1, pcb->snd_nxt - ours, data(1));
    pass(10);
    from_peer(TCP_ACK, 2, pcb->snd_nxt - ours, NO_DATA);
    CHECK_EQ(lwip_ntohl(pcb->unsent->tcphdr->seqno), pcb->lastack - 1);
    peer_wnd = lwip_htons((u16_t)wnd);
    from_peer(TCP_ACK, 3, pcb->snd_nxt - ours, NO_DATA);
    pass(20);
    end();
}

/* The peer takes the byte of a probe, and opens its window that far. */
static void takes_probe(unsigned len, bool ends, unsigned wnd, unsigned ms)
{
    listener(0);
    established(NULL, 0);
    close_window(0);
    if (len)
        CHECK(file_give(f, bytes, len) > 0);
    if (ends)
        (void)socket_of(f)->ops->shutdown(socket_of(f), SHUTDOWN_SEND);
    conn_send_deferred();
    pass(10);
    advance(ms * MS);
    from_peer(TCP_ACK, 2, 1, NO_DATA);
    pass(4);
    peer_wnd = lwip_htons((u16_t)wnd);
    from_peer(TCP_ACK, 2, 1, NO_DATA);
    pass(20);
    end();
}

TEST(takes_a_probe_and_stays_closed)
{
    for (unsigned ms = 0; ms < 200; ms += 10) {
        takes_probe(1, false, 0, ms);
        takes_probe(0, true, 0, ms);
    }
    takes_probe(2, false, 0, 0);
    takes_probe(1, true, 0, 0);
}

TEST(takes_a_probe_and_opens_a_little)
{
    for (unsigned wnd = 500; wnd < 5000; wnd += 500)
        takes_probe_of_many(wnd);
}

/* What a timer sent, a packet that was cut for the window, is sent again. */
TEST(opens_a_little_and_is_silent)
{
    uint64_t timeouts;

    listener(0);
    established(NULL, 0);
    close_window(100);
    CHECK(file_give(f, bytes, 3000) > 0);
    conn_send_deferred();
    timeouts = inet_counters.timeouts;
    pass(40);
    CHECK(tcp_of(socket_of(f))->conn->pcb->unacked);
    CHECK(inet_counters.timeouts > timeouts);
    file_put(f);
    pass(2 * 60 * 20);
    CHECK(!conn_timer_wanted());
    file_put(server);
    all_is_over();
}

TEST(smaller_segments_while_it_is_probed)
{
    static const uint8_t options[] = { 2, 4, 0, 50 };

    for (unsigned wnd = 1; wnd < 1400; wnd += 100) {
        listener(0);
        established(NULL, 0);
        close_window(wnd);
        CHECK(file_give(f, bytes, 3000) > 0);
        conn_send_deferred();
        segment_on(1000, PORT, TCP_ACK, ISN + 2, ours, options, sizeof(options),
                   NO_DATA);
        pass(100);
        end();
    }
}

TEST(larger_segments_later)
{
    static const uint8_t options[] = { 2, 4, 0xff, 0xff };

    listener(0);
    established(NULL, 0);
    segment_on(1000, PORT, TCP_ACK, ISN + 1, ours, options, sizeof(options),
               NO_DATA);
    CHECK_EQ(tcp_of(socket_of(f))->conn->pcb->mss, 536);
    CHECK(file_give(f, bytes, 8000) > 0);
    conn_send_deferred();
    pass(10);
    end();
}

/* A program connects; the peer's SYN comes first, then its answer. */
static void crossing(const uint8_t *first, unsigned first_len,
                     const uint8_t *then, unsigned then_len, int rcvbuf)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr.s_addr = lwip_htonl(0x0a000001),
                              .sin_port = lwip_htons(1000) };
    struct socket_addr a = { .len = sizeof(to) };
    struct socket_wait w = { 0 };
    struct socket *s;
    unsigned port;

    peer_wnd = 0xffff;
    server = listen_on(PORT);
    if (socket_create(AF_INET, SOCK_STREAM, 0, 04000, &f))
        abort();
    s = socket_of(f);
    if (rcvbuf && socket_set_option(s, SOL_SOCKET, SO_RCVBUF, (uaddr_t)&rcvbuf,
                                    sizeof(rcvbuf)))
        abort();
    memcpy(a.bytes, &to, sizeof(to));
    CHECK_EQ(s->ops->connect(s, &a, &w), -EINPROGRESS);
    ours = last()->seq + 1;
    port = tcp_of(s)->i.local_port;
    segment_on(1000, port, TCP_SYN, ISN, 0, first, first_len, NO_DATA);
    advance(3 * NS_PER_SEC);
    segment_on(1000, port, TCP_SYN, ISN + 7, 0, then, then_len, NO_DATA);
    segment_on(1000, port, TCP_ACK, ISN + 7, ours + 9, first, first_len,
               NO_DATA);
    advance(3 * NS_PER_SEC);
    segment_on(1000, port, TCP_SYN | TCP_ACK, ISN, ours, then, then_len,
               NO_DATA);
    segment_on(1000, port, TCP_SYN | TCP_ACK, ISN, ours, first, first_len,
               NO_DATA);
    segment_on(1000, port, TCP_ACK, ISN + 1, ours, NULL, 0, data(100));
    CHECK_EQ(file_take(f, bytes, sizeof(bytes)), 100);
    end();
}

TEST(two_syns_cross)
{
    static const uint8_t scaled[] = { 2, 4, 5, 0xb4, 1, 3, 3, 7 };
    static const uint8_t tiny_mss[] = { 2, 4, 0, 1 };

    for (int rcvbuf = 0; rcvbuf <= 2400; rcvbuf += 1200) {
        crossing(NULL, 0, scaled, sizeof(scaled), rcvbuf);
        crossing(scaled, sizeof(scaled), NULL, 0, rcvbuf);
        crossing(scaled, sizeof(scaled), scaled, sizeof(scaled), rcvbuf);
        crossing(tiny_mss, sizeof(tiny_mss), scaled, sizeof(scaled), rcvbuf);
    }
}
