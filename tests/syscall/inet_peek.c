/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_peek.c - SO_PEEK_OFF of UDP and TCP: peeking goes on where it stopped.
 *
 * covers: setsockopt getsockopt recvmsg
 */
#include "check.h"
#include "inet.h"
#include "peek.h"

static void make_udp(void)
{
    struct sockaddr_in a = loopback(0);

    fds[0] = socket(AF_INET, SOCK_DGRAM, 0);
    fds[1] = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_OK(bind(fds[1], (struct sockaddr *)&a, sizeof(a)));
    a = loopback(port_of(fds[1]));
    CHECK_OK(connect(fds[0], (struct sockaddr *)&a, sizeof(a)));
}

TEST(datagrams)
{
    make_udp();
    CHECK_EQ(get(), -1);
    give("abc");
    give("defgh");
    CHECK_STR(peek(2), "ab");
    CHECK_STR(peek(2), "ab");
    CHECK_EQ(get(), -1);
    set(0);
    CHECK_STR(peek(2), "ab");
    CHECK_STR(peek(2), "c");
    CHECK_STR(peek(2), "de");
    CHECK_STR(peek(9), "fgh");
    CHECK_EQ(get(), 8);
    CHECK_STR(peek(9), "EAGAIN");
    CHECK_STR(receive(2, 0), "ab"); /* and the rest of it is gone */
    CHECK_EQ(get(), 6);
    give("XYZ");
    CHECK_STR(peek(9), "YZ");
    set(2);
    CHECK_EQ(recv(fds[1], (char[1]){ 0 }, 1, MSG_PEEK | MSG_TRUNC), 5);
    CHECK_EQ(get(), 7);
    CHECK_STR(receive(9, 0), "defgh");
    CHECK_EQ(get(), 2);
    CHECK_STR(receive(9, 0), "XYZ");
    CHECK_EQ(get(), 0);
    close_pair(fds);
}

TEST(datagrams_without_bytes_are_seen_once)
{
    make_udp();
    check_empty_messages();
    close_pair(fds);
}

TEST(a_long_datagram)
{
    static char in[10000], out[10000];

    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (char)(i * 7 + i / 256);
    make_udp();
    CHECK_EQ(send(fds[0], in, sizeof(in), 0), sizeof(in));
    set(0);
    for (size_t at = 0; at < sizeof(out); at += 2500)
        CHECK_EQ(recv(fds[1], out + at, 2500, MSG_PEEK), 2500);
    CHECK(memcmp(in, out, sizeof(in)) == 0);
    CHECK_EQ(get(), sizeof(in));
    close_pair(fds);
}

TEST(bytes_of_a_stream)
{
    CHECK(make_pair(fds));
    if (option_set(fds[1], SOL_SOCKET, SO_PEEK_OFF, -1) != 0) {
        close_pair(fds);
        SKIP("TCP has it from Linux 6.9 on");
    }
    check_stream();
    close_pair(fds);
}

TEST(others_have_none)
{
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

    if (fd < 0)
        SKIP("no raw sockets here");
    CHECK_ERR(option_set(fd, SOL_SOCKET, SO_PEEK_OFF, 0), EOPNOTSUPP);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_PEEK_OFF), -EOPNOTSUPP);
    close(fd);
}
