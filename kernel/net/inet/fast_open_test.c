/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fast_open_test.c - TCP fast open, packet by packet, both halves.
 *
 * Method: lwIP and the sockets on the host, with a peer that is made of single
 * frames: what a handshake looks like before it has ended cannot be seen on the
 * loopback of a guest, where it ends at once. At each test's end everything is
 * closed, and the driver must have its buffers back.
 */
#include "tests/unit.h"

#include "tests/fuzz/inet_peer.h"
#include "tests/fuzz/inet_stack.h"

#include <linux/tcp.h>

#include "net/inet/fast_open.h"
#include "net/inet/tcp.h"
#include "net/inet_info.h"

#define PORT   80u
#define PEER   1000u
#define ISN    5000u
#define OPTION 34u

static struct file *server;

/* ---- the peer ---- */

/* The option's length byte in a frame; 0: it is not there. */
static unsigned option_in(const struct frame *f, uint8_t *cookie)
{
    unsigned at = 0;

    while (at < f->options_len && f->options[at] != 0) {
        if (f->options[at] == 1) {
            at++;
            continue;
        }
        if (f->options[at] == OPTION) {
            if (cookie)
                memcpy(cookie, f->options + at + 2, FAST_COOKIE_LEN);
            return f->options[at + 1];
        }
        at += f->options[at + 1];
    }
    return 0;
}

static void segment(unsigned from, unsigned flags, uint32_t seq, uint32_t ack,
                    const char *data)
{
    segment_on(from, PORT, flags, seq, ack, NULL, 0, data);
}

/* A SYN with the option: without a cookie it asks for one. */
static void syn(unsigned from, const uint8_t *cookie, const char *data)
{
    uint8_t o[12] = { OPTION, 2, 1, 1 };

    if (cookie) {
        o[1] = 10;
        memcpy(o + 2, cookie, FAST_COOKIE_LEN);
        o[10] = o[11] = 1;
    }
    segment_on(from, PORT, TCP_SYN, ISN, 0, o, cookie ? 12 : 4, data);
}

/* What the peer has to acknowledge: behind all that came. */
static uint32_t next_of(const struct frame *f)
{
    return f->seq + f->data_len + !!(f->flags & (TCP_SYN | TCP_FIN));
}

/* ---- the program ---- */

static struct file *new_socket(void)
{
    struct file *f;

    if (socket_create(AF_INET, SOCK_STREAM, 0, 04000, &f))
        abort();
    return f;
}

static void begin(int queue)
{
    server = listen_on(PORT);
    fast_mode = FAST_CLIENT | FAST_SERVER;
    CHECK_EQ(fast_set_option(tcp_of(socket_of(server)), TCP_FASTOPEN, queue),
             0);
}

static void end(void)
{
    if (server)
        file_put(server);
    all_is_over();
}

static struct file *accepted(void)
{
    struct file *f = NULL;

    return socket_accept(socket_of(server), 04000, &f) ? NULL : f;
}

static void give(struct file *f, const char *text)
{
    frame_count = 0;
    CHECK_EQ(file_give(f, text, strlen(text)), (ssize_t)strlen(text));
    conn_send_deferred();
    inet_flush();
    (void)device_poll();
}

static bool brings(struct file *f, const char *text)
{
    char buf[100] = "";

    return file_take(f, buf, sizeof(buf)) == (ssize_t)strlen(text) &&
           strcmp(buf, text) == 0;
}

static void close_it(struct file *f)
{
    frame_count = 0;
    file_put(f);
    conn_send_deferred();
    (void)device_poll();
}

/* A cookie as it is given to the peer. */
static void get_cookie(uint8_t cookie[FAST_COOKIE_LEN])
{
    syn(PEER - 1, NULL, "");
    CHECK_EQ(frame_count, 1);
    CHECK_EQ(frames[0].flags, TCP_SYN | TCP_ACK);
    CHECK_EQ(frames[0].ack, ISN + 1);
    CHECK_EQ(option_in(&frames[0], cookie), 10);
    segment(PEER - 1, TCP_RST, ISN + 1, 0, "");
}

/* A connection that begins with "hello", and waits for its acknowledgement. */
static struct file *half_open(unsigned from, uint32_t *seq)
{
    uint8_t cookie[FAST_COOKIE_LEN];
    struct file *f;

    get_cookie(cookie);
    syn(from, cookie, "hello");
    CHECK_EQ(frame_count, 1);
    CHECK_EQ(frames[0].flags, TCP_SYN | TCP_ACK);
    CHECK_EQ(frames[0].ack, ISN + 6);
    CHECK_EQ(option_in(&frames[0], NULL), 0);
    *seq = next_of(&frames[0]);
    f = accepted();
    REQUIRE(f != NULL);
    CHECK(brings(f, "hello"));
    return f;
}

/* ---- listeners ---- */

TEST(answers_before_the_handshake_has_ended)
{
    struct file *f;
    uint32_t seq;

    begin(5);
    f = half_open(PEER, &seq);
    give(f, "world");
    CHECK_EQ(frame_count, 1);
    CHECK_EQ(frames[0].seq, seq);
    CHECK_EQ(frames[0].data_len, 5);
    CHECK_EQ(frames[0].ack, ISN + 6);
    segment(PEER, TCP_ACK, ISN + 6, seq + 5, "more");
    CHECK(brings(f, "more"));
    CHECK(tcp_of(socket_of(f))->conn->is_syn_taken);
    close_it(f);
    CHECK_EQ(frame_count, 1);
    CHECK_EQ(frames[0].flags & TCP_FIN, TCP_FIN);
    segment(PEER, TCP_ACK | TCP_FIN, ISN + 10, seq + 6, "");
    end();
}

TEST(closes_before_the_handshake_has_ended)
{
    struct file *f;
    uint32_t seq;

    begin(5);
    f = half_open(PEER, &seq);
    give(f, "bye");
    close_it(f);
    CHECK_EQ(frame_count, 0); /* the end waits */
    segment(PEER, TCP_ACK, ISN + 6, seq + 3, "");
    CHECK_EQ(frame_count, 1);
    CHECK_EQ(frames[0].flags & TCP_FIN, TCP_FIN);
    CHECK_EQ(frames[0].seq, seq + 3);
    segment(PEER, TCP_ACK | TCP_FIN, ISN + 6, seq + 4, "");
    end();

    /* The same, and the peer is never heard of again, or resets it. */
    begin(5);
    f = half_open(PEER, &seq);
    close_it(f);
    end();
    begin(5);
    f = half_open(PEER, &seq);
    close_it(f);
    segment(PEER, TCP_RST, ISN + 6, 0, "");
    end();
    /* Or the program ends, and waits for nobody here. */
    begin(5);
    f = half_open(PEER, &seq);
    close_it(f);
    conn_end_all();
    segment(PEER, TCP_RST, ISN + 6, 0, "");
    end();
    /* Or sends what nobody reads any more. */
    begin(5);
    f = half_open(PEER, &seq);
    close_it(f);
    segment(PEER, TCP_ACK, ISN + 6, seq, "too late");
    CHECK_EQ(last()->flags & TCP_RST, TCP_RST);
    end();
}

TEST(shuts_down_before_the_handshake_has_ended)
{
    struct file *f;
    struct socket *s;
    uint32_t seq;

    begin(5);
    f = half_open(PEER, &seq);
    s = socket_of(f);
    frame_count = 0;
    CHECK_EQ(s->ops->shutdown(s, SHUTDOWN_SEND), 0);
    CHECK_EQ(frame_count, 0);
    segment(PEER, TCP_ACK, ISN + 6, seq, "rest");
    CHECK_EQ(last()->flags & TCP_FIN, TCP_FIN);
    CHECK(brings(f, "rest"));
    file_put(f);
    end();
}

TEST(a_syn_comes_twice)
{
    uint8_t cookie[FAST_COOKIE_LEN];
    struct file *f;
    uint32_t seq;

    begin(5);
    f = half_open(PEER, &seq);
    segment(PEER, TCP_SYN, ISN, 0, "");
    CHECK_EQ(frame_count, 1);
    CHECK_EQ(frames[0].flags, TCP_SYN | TCP_ACK);
    CHECK_EQ(frames[0].ack, ISN + 6);
    memset(cookie, 0, sizeof(cookie));
    syn(PEER, cookie, "hello");
    CHECK_EQ(frame_count, 1);
    CHECK_EQ(frames[0].ack, ISN + 6);
    segment(PEER, TCP_ACK, ISN + 6, seq, "");
    CHECK(!brings(f, "hello"));
    file_put(f);
    end();
}

TEST(a_wrong_cookie)
{
    uint8_t cookie[FAST_COOKIE_LEN], fresh[FAST_COOKIE_LEN];

    begin(5);
    get_cookie(cookie);
    cookie[3] ^= 1;
    syn(PEER, cookie, "hello");
    CHECK_EQ(frame_count, 1);
    CHECK_EQ(frames[0].ack, ISN + 1);
    CHECK_EQ(option_in(&frames[0], fresh), 10);
    cookie[3] ^= 1;
    CHECK_MEM_EQ(cookie, fresh, FAST_COOKIE_LEN);
    CHECK(!accepted());
    end();
}

/* Of each length that its own byte may say, and each that it has. */
TEST(malformed_options)
{
    uint8_t good[FAST_COOKIE_LEN], o[24];
    unsigned from = PEER;

    begin(100);
    get_cookie(good);
    for (unsigned said = 0; said <= 20; said++) {
        for (unsigned room = 4; room <= 24; room += 4) {
            bool is_whole = said >= 2 && said <= room;

            memset(o, 1, sizeof(o)); /* NOPs */
            o[0] = OPTION;
            o[1] = (uint8_t)said;
            memcpy(o + 2, good, said < 3 ? 0 : MIN(said - 2, FAST_COOKIE_LEN));
            segment_on(from, PORT, TCP_SYN, ISN, 0, o, room, "hello");
            CHECK_EQ(frame_count, is_whole);
            if (frame_count == 1) {
                bool is_right = said == 10;

                CHECK_EQ(frames[0].ack, is_right ? ISN + 6 : ISN + 1);
                CHECK_EQ(option_in(&frames[0], NULL),
                         !is_right && said % 2 == 0 && said != 4 && said < 17
                             ? 10
                             : 0);
            }
            segment(from++, TCP_RST, ISN + (said == 10 ? 6 : 1), 0, "");
            if (said == 10 && is_whole)
                file_put(accepted());
        }
    }
    end();
}

/* What is out of bounds is an ordinary SYN, and who resets still counts. */
TEST(the_queue_is_bounded)
{
    uint8_t cookie[FAST_COOKIE_LEN];

    begin(2);
    get_cookie(cookie);
    syn(PEER, cookie, "hello");
    CHECK_EQ(frames[0].ack, ISN + 6);
    syn(PEER + 1, cookie, "hello");
    CHECK_EQ(frames[0].ack, ISN + 6);
    syn(PEER + 2, cookie, "hello");
    CHECK_EQ(frames[0].ack, ISN + 1);
    CHECK_EQ(option_in(&frames[0], NULL), 0);
    CHECK_EQ(inet_counters.fast_overflows, 1);
    segment(PEER, TCP_RST, ISN + 6, 0, "");
    segment(PEER + 1, TCP_RST, ISN + 6, 0, "");
    syn(PEER + 3, cookie, "hello");
    CHECK_EQ(frames[0].ack, ISN + 1);
    advance(2ull * FAST_RESET_MS * 1000000 + NS_PER_SEC);
    syn(PEER + 4, cookie, "hello");
    CHECK_EQ(frames[0].ack, ISN + 6);
    end();
}

TEST(the_peer_resets_or_is_gone)
{
    struct file *f;
    char buf[10];
    uint32_t seq;

    begin(5);
    f = half_open(PEER, &seq);
    segment(PEER, TCP_RST, ISN + 6, 0, "");
    CHECK_EQ(file_take(f, buf, sizeof(buf)), -ECONNRESET);
    file_put(f);
    end();
    begin(5);
    f = half_open(PEER, &seq);
    give(f, "unheard");
    frame_count = 0;
    advance(5 * NS_PER_SEC);
    CHECK(frame_count > 0); /* once more, and more */
    CHECK_EQ(frames[0].flags, TCP_SYN | TCP_ACK);
    advance(60 * NS_PER_SEC);
    CHECK_EQ(file_take(f, buf, sizeof(buf)), -ETIMEDOUT);
    file_put(f);
    end();
}

TEST(the_listener_ends_first)
{
    uint8_t cookie[FAST_COOKIE_LEN];
    struct file *f;
    uint32_t seq;

    begin(5);
    f = half_open(PEER, &seq);
    get_cookie(cookie);
    syn(PEER + 1, cookie, "never read");
    close_it(server);
    server = NULL;
    CHECK_EQ(frames[0].flags & TCP_RST, TCP_RST); /* it was in the queue */
    give(f, "still here");
    CHECK_EQ(frames[0].data_len, 10);
    segment(PEER, TCP_ACK, ISN + 6, seq + 10, "");
    file_put(f);
    end();
}

/* ---- clients ---- */

static ssize_t send_fast(struct file *f, const char *text)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr.s_addr = lwip_htonl(0x0a000001),
                              .sin_port = lwip_htons(PORT) };
    struct socket_addr a = { .len = sizeof(to) };
    struct socket_msg m = { .flags = MSG_FASTOPEN, .addr = &a };
    struct io_vec one;
    ssize_t n;

    memcpy(a.bytes, &to, sizeof(to));
    io_init_kernel(&m.io, &one, (void *)(uintptr_t)text, strlen(text));
    frame_count = 0;
    n = socket_of(f)->ops->send(socket_of(f), &m);
    (void)device_poll();
    return n;
}

static void answer(const struct file *f, unsigned flags, uint32_t ack,
                   bool has_cookie)
{
    uint8_t o[12] = { OPTION, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1 };
    unsigned port = inet_of(socket_of(f))->local_port;

    segment_on(PORT, port, flags, 900, ack, o, has_cookie ? 12 : 0, "");
}

/* A first connection, which brings the cookie. */
static void learn(void)
{
    struct file *f = new_socket();

    CHECK_EQ(send_fast(f, "hello"), -EINPROGRESS);
    CHECK_EQ(frame_count, 1);
    CHECK_EQ(frames[0].flags, TCP_SYN);
    CHECK_EQ(option_in(&frames[0], NULL), 2);
    CHECK_EQ(frames[0].data_len, 0);
    answer(f, TCP_SYN | TCP_ACK, frames[0].seq + 1, true);
    CHECK_EQ(frames[0].flags, TCP_ACK);
    close_it(f);
}

/* A second one, with "hello". */
static struct file *connect_fast(uint32_t *seq)
{
    struct file *f = new_socket();
    uint8_t cookie[FAST_COOKIE_LEN];

    CHECK_EQ(send_fast(f, "hello"), 5);
    CHECK_EQ(frame_count, 1);
    CHECK_EQ(frames[0].flags, TCP_SYN);
    CHECK_EQ(option_in(&frames[0], cookie), 10);
    CHECK_MEM_EQ(cookie, "\1\2\3\4\5\6\7\10", FAST_COOKIE_LEN);
    CHECK_EQ(frames[0].data_len, 5);
    CHECK_MEM_EQ(frames[0].data, "hello", 5);
    *seq = frames[0].seq;
    return f;
}

TEST(a_server_takes_all_some_or_none)
{
    begin(0);
    learn();
    for (unsigned taken = 0; taken <= 5; taken++) {
        uint32_t seq;
        struct file *f = connect_fast(&seq);

        answer(f, TCP_SYN | TCP_ACK, seq + 1 + taken, false);
        CHECK_EQ(last()->data_len, 5 - taken);
        CHECK_EQ(last()->seq, seq + 1 + taken);
        CHECK_MEM_EQ(last()->data, "hello" + taken, 5 - taken);
        CHECK_EQ(tcp_of(socket_of(f))->conn->is_syn_taken, taken == 5);
        give(f, "!");
        CHECK_EQ(last()->data_len == 0 || last()->seq == seq + 6, 1);
        close_it(f);
    }
    end();
}

TEST(a_server_refuses)
{
    struct file *f;
    uint32_t seq;

    begin(0);
    learn();
    f = connect_fast(&seq);
    answer(f, TCP_RST | TCP_ACK, seq + 6, false);
    CHECK_EQ(socket_error_take(socket_of(f)), -ECONNREFUSED);
    file_put(f);
    f = connect_fast(&seq);
    answer(f, TCP_RST | TCP_ACK, seq + 7, false); /* not an answer to it */
    CHECK_EQ(socket_error_take(socket_of(f)), 0);
    answer(f, TCP_RST | TCP_ACK, seq + 1, false);
    CHECK_EQ(socket_error_take(socket_of(f)), -ECONNREFUSED);
    file_put(f);
    end();
}

/* A SYN that is lost comes again without data, and they follow: the next one
 * asks again. */
TEST(a_syn_is_lost)
{
    struct file *f;
    uint32_t seq;

    begin(0);
    learn();
    f = connect_fast(&seq);
    frame_count = 0;
    advance(1500000000);
    (void)device_poll();
    if (frames[0].flags != TCP_SYN)
        frames[0] = frames[1]; /* the first connection's end comes again, too */
    CHECK_EQ(frames[0].flags, TCP_SYN);
    CHECK_EQ(frames[0].seq, seq);
    CHECK_EQ(frames[0].data_len, 0);
    CHECK_EQ(option_in(&frames[0], NULL), 0);
    answer(f, TCP_SYN | TCP_ACK, seq + 1, false);
    CHECK_EQ(last()->data_len, 5);
    close_it(f);
    f = new_socket();
    CHECK_EQ(send_fast(f, "hello"), -EINPROGRESS);
    CHECK_EQ(option_in(&frames[0], NULL), 2);
    file_put(f);
    end();
}

/* The server's data overtake its SYN|ACK. */
TEST(data_come_before_the_answer)
{
    struct file *f;
    uint32_t seq;

    begin(0);
    learn();
    f = connect_fast(&seq);
    segment_on(PORT, inet_of(socket_of(f))->local_port, TCP_ACK, 901, seq + 6,
               NULL, 0, "early");
    CHECK_EQ(frame_count, 0);
    answer(f, TCP_SYN | TCP_ACK, seq + 6, false);
    segment_on(PORT, inet_of(socket_of(f))->local_port, TCP_ACK, 901, seq + 6,
               NULL, 0, "early");
    CHECK(brings(f, "early"));
    file_put(f);
    end();
}

/* SipHash-2-4's own example of eight bytes, as Linux makes cookies. */
TEST(the_hash_is_the_standard_one)
{
    const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
    const uint64_t words[2] = { 0x0706050403020100, 8ull << 56 };

    CHECK_EQ(inet_sip_hash(key, words, 2), 0x93f5f5799a932462);
}
