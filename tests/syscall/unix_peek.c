/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_peek.c - SO_PEEK_OFF: peeking goes on where it stopped.
 *
 * covers: setsockopt getsockopt recvmsg
 */
#include "check.h"
#include "peek.h"

#include <sys/socket.h>

static void make(int type)
{
    CHECK_OK(socketpair(AF_UNIX, type, 0, fds));
}

static void done(void)
{
    close(fds[0]);
    close(fds[1]);
}

TEST(bytes_of_a_stream)
{
    make(SOCK_STREAM);
    check_stream();
    set(-5);
    give("end");
    CHECK_STR(peek(2), "en");
    CHECK_EQ(get(), -5);
    done();
}

static void check_messages(int type)
{
    make(type);
    CHECK_EQ(get(), -1);
    give("abc");
    give("defgh");
    set(0);
    CHECK_STR(peek(2), "ab");
    CHECK_STR(peek(2), "c");
    CHECK_STR(peek(2), "de");
    CHECK_STR(peek(9), "fgh");
    CHECK_EQ(get(), 8);
    CHECK_STR(peek(9), "EAGAIN");
    CHECK_STR(receive(2, 0), "ab"); /* and the rest of its message is gone */
    CHECK_EQ(get(), 5);
    give("XYZ");
    CHECK_STR(peek(9), "XYZ");
    set(2);
    CHECK_EQ(recv(fds[1], (char[1]){ 0 }, 1, MSG_PEEK | MSG_TRUNC), 3);
    CHECK_EQ(get(), 3);
    CHECK_STR(receive(9, 0), "defgh");
    CHECK_EQ(get(), 0);
    CHECK_STR(receive(9, 0), "XYZ");
    done();
}

TEST(messages)
{
    check_messages(SOCK_DGRAM);
    check_messages(SOCK_SEQPACKET);
}

TEST(messages_without_bytes_are_seen_once)
{
    make(SOCK_DGRAM);
    check_empty_messages();
    done();
}

/* A message larger than the heap's largest block is in pieces. */
TEST(a_long_message)
{
    static char in[10000], out[10000];

    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (char)(i * 7 + i / 256);
    make(SOCK_DGRAM);
    CHECK_EQ(send(fds[0], in, sizeof(in), 0), sizeof(in));
    set(0);
    for (size_t at = 0; at < sizeof(out); at += 2500)
        CHECK_EQ(recv(fds[1], out + at, 2500, MSG_PEEK), 2500);
    CHECK(memcmp(in, out, sizeof(in)) == 0);
    CHECK_EQ(get(), sizeof(in));
    done();
}

/* There is no more to peek at: MSG_WAITALL does not wait for it. */
TEST(peeking_for_all_takes_what_is_there)
{
    char buf[8];

    make(SOCK_STREAM);
    give("abc");
    CHECK_EQ(recv(fds[1], buf, sizeof(buf), MSG_PEEK | MSG_WAITALL), 3);
    CHECK_EQ(get(), -1);
    done();
}
