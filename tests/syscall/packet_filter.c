/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_filter.c - SO_ATTACH_FILTER and its like, of AF_PACKET, raw and UDP
 * sockets.
 *
 * covers: setsockopt recvmsg
 */
#include "check.h"

#include <linux/sockios.h>

#include "packet.h"

#define KEEP(n)    BPF_STMT(BPF_RET | BPF_K, n)
#define LOAD(s, k) BPF_STMT(BPF_LD | (s) | BPF_ABS, (uint32_t)(k))
#define EQUAL(k)   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(k), 0, 1)

static int attach(int fd, struct sock_filter *code, unsigned len)
{
    struct sock_fprog p = { (unsigned short)len, code };

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)) ? -errno
                                                                       : 0;
}

#define ATTACH(fd, ...)                             \
    ({                                              \
        struct sock_filter c_[] = { __VA_ARGS__ };  \
        attach(fd, c_, sizeof(c_) / sizeof(c_[0])); \
    })

TEST(refused)
{
    struct sock_fprog none = { 1, NULL };
    static struct sock_filter many[4097];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    for (unsigned i = 0; i < 4097; i++)
        many[i] = (struct sock_filter)KEEP(1);
    CHECK_EQ(attach(fd, many, 0), -EINVAL);
    CHECK_EQ(attach(fd, many, 4097), -EINVAL);
    CHECK_EQ(ATTACH(fd, LOAD(BPF_B, 0)), -EINVAL);
    CHECK_EQ(ATTACH(fd, BPF_STMT(BPF_JMP | BPF_JA, 5), KEEP(1)), -EINVAL);
    CHECK_EQ(ATTACH(fd, BPF_STMT(BPF_JMP | BPF_JA, -1u), KEEP(1)), -EINVAL);
    CHECK_EQ(ATTACH(fd, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), KEEP(1)),
             -EINVAL);
    CHECK_EQ(ATTACH(fd, BPF_STMT(BPF_LD | BPF_MEM, 1), KEEP(1)), -EINVAL);
    CHECK_EQ(ATTACH(fd, BPF_STMT(BPF_ST, 16), KEEP(1)), -EINVAL);
    CHECK_EQ(ATTACH(fd, LOAD(BPF_W, -1), KEEP(1)), -EINVAL);
    CHECK_EQ(ATTACH(fd, BPF_STMT(0x66, 0), KEEP(1)), -EINVAL);
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &none, sizeof(none)),
              EINVAL);
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &none, 8), EINVAL);
    CHECK_EQ(attach(fd, (void *)8, 1), -EFAULT);
    CHECK_EQ(set(fd, SOL_SOCKET, SO_DETACH_FILTER, 0), -ENOENT);
    CHECK_OK(close(fd));
}

TEST(locked)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    CHECK_EQ(ATTACH(fd, KEEP(1)), 0);
    CHECK_EQ(ATTACH(fd, KEEP(2)), 0);
    CHECK_EQ(set(fd, SOL_SOCKET, SO_LOCK_FILTER, 0), 0);
    CHECK_EQ(set(fd, SOL_SOCKET, SO_LOCK_FILTER, 1), 0);
    CHECK_EQ(set(fd, SOL_SOCKET, SO_LOCK_FILTER, 1), 0);
    CHECK_EQ(set(fd, SOL_SOCKET, SO_LOCK_FILTER, 0), -EPERM);
    CHECK_EQ(set(fd, SOL_SOCKET, SO_DETACH_FILTER, 0), -EPERM);
    CHECK_EQ(ATTACH(fd, KEEP(1)), -EPERM);
    CHECK_OK(close(fd));
}

/* UDP's header, and all of it is left. */
TEST(udp)
{
    char got[16];

    while (hear(got, sizeof(got)) >= 0)
        continue;
    CHECK_EQ(ATTACH(our_udp, LOAD(BPF_B, 8), EQUAL('a'), KEEP(-1), KEEP(0)), 0);
    CHECK_EQ(say("beta"), 4);
    CHECK_EQ(hear(got, sizeof(got)), -1);
    CHECK_EQ(say("alpha"), 5);
    CHECK_EQ(hear(got, sizeof(got)), 5);
    CHECK_EQ(
        ATTACH(our_udp, LOAD(BPF_H, 2), EQUAL(our_port()), KEEP(10), KEEP(0)),
        0);
    CHECK_EQ(say("beta"), 4);
    CHECK_EQ(hear(got, sizeof(got)), 2);
    CHECK_EQ(memcmp(got, "be", 2), 0);
    CHECK_EQ(ATTACH(our_udp, KEEP(1)), 0);
    CHECK_EQ(say("beta"), 4);
    CHECK_EQ(hear(got, sizeof(got)), 0);
    CHECK_EQ(set(our_udp, SOL_SOCKET, SO_DETACH_FILTER, 0), 0);
    CHECK_EQ(say("gamma"), 5);
    CHECK_EQ(hear(got, sizeof(got)), 5);
}

TEST(raw)
{
    int protocol = 143 + getpid() % 100;
    struct sockaddr_in a = loopback(0);
    uint8_t got[64];
    int fd;

    NEEDS_ROOT;
    fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, protocol);
    CHECK_EQ(ATTACH(fd, LOAD(BPF_B, 20), EQUAL('x'), KEEP(22), KEEP(0)), 0);
    CHECK_EQ(sendto(fd, "yes", 3, 0, (void *)&a, sizeof(a)), 3);
    CHECK_EQ(sendto(fd, "xyz", 3, 0, (void *)&a, sizeof(a)), 3);
    CHECK_EQ(recv(fd, got, sizeof(got), 0), 22);
    CHECK_EQ(memcmp(got + 20, "xy", 2), 0);
    CHECK_ERR(recv(fd, got, sizeof(got), 0), EAGAIN);
    CHECK_OK(close(fd));
}

/* As tcpdump makes them for "udp port N", and cut to 40 bytes. */
TEST(frames)
{
    struct frame f;
    int fd;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_IP);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_AUXDATA, 1), 0);
    CHECK_EQ(ATTACH(fd, LOAD(BPF_B, 14 + 9), EQUAL(IPPROTO_UDP),
                    BPF_STMT(BPF_JMP | BPF_JA, 1), KEEP(0),
                    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
                    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 14 + 2),
                    EQUAL(our_port()), KEEP(43), KEEP(0)),
             0);
    CHECK_EQ(say("cut"), 3);
    CHECK(next_of_ours(fd, &f, 14));
    CHECK_EQ(f.len, 43);
    CHECK_EQ(f.aux.tp_len, 45);
    CHECK_EQ(f.aux.tp_snaplen, 43);
    CHECK_EQ(f.bytes[42], 'c');
    CHECK_OK(close(fd));
}

/* Which is not in the frame. */
TEST(what_is_beside_a_frame)
{
    struct frame f;
    int fd;

    NEEDS_ROOT;
    fd = tap(SOCK_DGRAM, ETH_P_ALL);
    CHECK_EQ(ATTACH(fd, LOAD(BPF_B, SKF_AD_OFF + SKF_AD_PKTTYPE),
                    EQUAL(PACKET_OUTGOING), KEEP(-1), KEEP(0)),
             0);
    CHECK_EQ(say("out"), 3);
    CHECK(next_of_ours(fd, &f, 0));
    CHECK_EQ(f.from.sll_pkttype, PACKET_OUTGOING);
    CHECK(!next_of_ours(fd, &f, 0));
    CHECK_EQ(ATTACH(fd, LOAD(BPF_H, SKF_AD_OFF + SKF_AD_PROTOCOL),
                    EQUAL(ETH_P_IP), KEEP(-1), KEEP(0)),
             0);
    CHECK_EQ(say("ip"), 2);
    CHECK(next_of_ours(fd, &f, 0));
    CHECK_EQ(ATTACH(fd, LOAD(BPF_W, SKF_AD_OFF + SKF_AD_IFINDEX), EQUAL(7),
                    KEEP(-1), KEEP(0)),
             0);
    while (next_frame(fd, &f))
        continue;
    CHECK_EQ(say("seven"), 5);
    CHECK(!next_of_ours(fd, &f, 0));
    CHECK_EQ(ATTACH(fd, LOAD(BPF_B, SKF_LL_OFF + 12), EQUAL(8),
                    LOAD(BPF_B, SKF_NET_OFF), EQUAL(0x45), KEEP(-1), KEEP(0)),
             0);
    CHECK_EQ(say("offsets"), 7);
    CHECK(next_of_ours(fd, &f, 0));
    CHECK_OK(close(fd));
}
