/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.c - AF_PACKET: names, frames as they come and go, on the loopback.
 *
 * covers: socket bind sendto recvfrom recvmsg getsockname setsockopt ioctl poll
 */
#include "check.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "packet.h"

TEST(kinds)
{
    NEEDS_ROOT;
    CHECK_ERR(socket(AF_PACKET, SOCK_STREAM, htons(ETH_P_ALL)),
              ESOCKTNOSUPPORT);
    CHECK_ERR(socketpair(AF_PACKET, SOCK_RAW, 0, (int[2]){ 0 }), EOPNOTSUPP);
}

TEST(names)
{
    struct sockaddr_ll a = lo(ETH_P_IP);
    socklen_t len = sizeof(a);
    int fd;

    NEEDS_ROOT;
    fd = socket(AF_PACKET, SOCK_RAW, 0);
    memset(&a, 0xff, sizeof(a));
    CHECK_OK(getsockname(fd, (void *)&a, &len));
    CHECK_EQ(len, 12);
    CHECK_EQ(a.sll_ifindex, 0);
    CHECK_EQ(a.sll_protocol, 0);
    a = lo(ETH_P_IP);
    CHECK_ERR(bind(fd, (void *)&a, 12), EINVAL);
    a.sll_ifindex = 200;
    CHECK_ERR(bind(fd, (void *)&a, sizeof(a)), ENODEV);
    a.sll_ifindex = -1;
    CHECK_ERR(bind(fd, (void *)&a, sizeof(a)), ENODEV);
    a = lo(ETH_P_IP);
    a.sll_family = AF_INET;
    CHECK_ERR(bind(fd, (void *)&a, sizeof(a)), EINVAL);
    a.sll_family = AF_PACKET;
    CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
    len = sizeof(a);
    memset(&a, 0xff, sizeof(a));
    CHECK_OK(getsockname(fd, (void *)&a, &len));
    CHECK_EQ(len, 18);
    CHECK_EQ(a.sll_family, AF_PACKET);
    CHECK_EQ(a.sll_ifindex, 1);
    CHECK_EQ(ntohs(a.sll_protocol), ETH_P_IP);
    CHECK_EQ(a.sll_hatype, ARPHRD_LOOPBACK);
    CHECK_EQ(a.sll_halen, 6);
    CHECK_ERR(getpeername(fd, (void *)&a, &len), EOPNOTSUPP);
    CHECK_ERR(connect(fd, (void *)&a, sizeof(a)), EOPNOTSUPP);
    CHECK_ERR(listen(fd, 1), EOPNOTSUPP);
    CHECK_ERR(shutdown(fd, SHUT_RD), EOPNOTSUPP);
    CHECK_OK(close(fd));
}

/* A UDP datagram on the loopback goes out, and comes in. */
TEST(both_ways)
{
    struct frame f;
    int fd;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_ALL);
    CHECK_EQ(say("hello"), 5);
    CHECK(next_of_ours(fd, &f, 14));
    CHECK_EQ(f.from.sll_pkttype, PACKET_OUTGOING);
    CHECK_EQ(f.from.sll_ifindex, 1);
    CHECK_EQ(f.from.sll_hatype, ARPHRD_LOOPBACK);
    CHECK_EQ(f.from.sll_halen, 6);
    CHECK_EQ(ntohs(f.from.sll_protocol), ETH_P_IP);
    CHECK_EQ(f.from_len, sizeof(f.from));
    CHECK_EQ(f.len, 14 + 20 + 8 + 5);
    CHECK_EQ(memcmp(f.bytes, "\0\0\0\0\0\0\0\0\0\0\0\0\x08\0", 14), 0);
    CHECK_EQ(memcmp(f.bytes + 42, "hello", 5), 0);
    CHECK(next_of_ours(fd, &f, 14));
    CHECK_EQ(f.from.sll_pkttype, PACKET_HOST);
    CHECK_EQ(f.len, 14 + 20 + 8 + 5);
    CHECK(!next_of_ours(fd, &f, 14));
    CHECK_OK(close(fd));
}

/* One protocol: only what comes in. */
TEST(one_protocol)
{
    struct frame f;
    int fd, other;

    NEEDS_ROOT;
    fd = tap(SOCK_DGRAM, ETH_P_IP);
    other = tap(SOCK_RAW, ETH_P_IPV6);
    CHECK_EQ(say("abc"), 3);
    CHECK(next_of_ours(fd, &f, 0));
    CHECK_EQ(f.from.sll_pkttype, PACKET_HOST);
    CHECK_EQ(f.len, 31);
    CHECK_EQ(f.bytes[0], 0x45);
    CHECK(!next_of_ours(fd, &f, 0));
    CHECK(!next_of_ours(other, &f, 14));
    CHECK_OK(close(fd) | close(other));
}

TEST(protocols_change)
{
    struct sockaddr_ll a = lo(ETH_P_IP);
    struct frame f;
    int fd;

    NEEDS_ROOT;
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
    CHECK_EQ(say("1"), 1);
    CHECK(!next_of_ours(fd, &f, 14));
    CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
    CHECK_EQ(say("2"), 1);
    CHECK(next_of_ours(fd, &f, 14));
    CHECK_EQ(f.bytes[42], '2');
    a.sll_protocol = htons(ETH_P_ARP);
    CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
    CHECK_EQ(say("3"), 1);
    CHECK(!next_of_ours(fd, &f, 14));
    a.sll_protocol = 0; /* as before */
    CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
    CHECK_EQ(say("4"), 1);
    CHECK(!next_of_ours(fd, &f, 14));
    CHECK_OK(close(fd));
}

TEST(reading)
{
    struct pollfd p = { .events = POLLIN | POLLOUT };
    struct frame f;
    uint8_t b[64];
    int fd, left = 0;

    NEEDS_ROOT;
    fd = p.fd = tap(SOCK_RAW, ETH_P_IP);
    only_ours(fd);
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLOUT);
    CHECK_EQ(say("0123456789"), 10);
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN | POLLOUT);
    CHECK_OK(ioctl(fd, FIONREAD, &left));
    CHECK_EQ(left, 52);
    CHECK_EQ(recv(fd, b, 20, MSG_PEEK), 20);
    CHECK_EQ(recv(fd, b, 20, MSG_PEEK | MSG_TRUNC), 52);
    CHECK_ERR(recv(fd, b, 20, MSG_OOB), EINVAL);
    CHECK_ERR(recv(fd, b, 20, MSG_WAITALL), EINVAL);
    CHECK_EQ(recv(fd, b, sizeof(b), 0), 52);
    CHECK_ERR(recv(fd, b, sizeof(b), 0), EAGAIN);
    CHECK(!next_of_ours(fd, &f, 14));
    CHECK_OK(close(fd));
}

/* What a socket sends itself it does not see go out; on the loopback it comes
 * back in. */
TEST(sending)
{
    struct sockaddr_ll to = lo(EXPERIMENT);
    struct frame f;
    uint8_t raw[20] = { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 7, 0x88, 0xb5, 'x' };
    int fd, other;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_ALL);
    other = tap(SOCK_RAW, ETH_P_ALL);
    put_number(raw + 15);
    CHECK_EQ(send(fd, raw, sizeof(raw), 0), sizeof(raw));
    CHECK(next_with(other, &f, raw + 14));
    CHECK_EQ(f.from.sll_pkttype, PACKET_OUTGOING);
    CHECK_EQ(ntohs(f.from.sll_protocol), EXPERIMENT);
    CHECK_EQ(memcmp(f.from.sll_addr, raw + 6, 6), 0);
    CHECK_EQ(f.len, sizeof(raw));
    CHECK_EQ(memcmp(f.bytes, raw, sizeof(raw)), 0);
    CHECK(next_with(other, &f, raw + 14));
    CHECK_EQ(f.from.sll_pkttype, PACKET_OTHERHOST);
    CHECK(next_with(fd, &f, raw + 14));
    CHECK_EQ(f.from.sll_pkttype, PACKET_OTHERHOST);
    CHECK(!next_with(fd, &f, raw + 14));
    raw[0] = 0xff;
    CHECK_EQ(send(fd, raw, sizeof(raw), 0), sizeof(raw));
    CHECK(next_with(fd, &f, raw + 14));
    CHECK_EQ(f.from.sll_pkttype, PACKET_MULTICAST);
    memset(raw, 0xff, 6);
    CHECK_EQ(sendto(fd, raw, sizeof(raw), 0, (void *)&to, sizeof(to)),
             sizeof(raw));
    CHECK(next_with(fd, &f, raw + 14));
    CHECK_EQ(f.from.sll_pkttype, PACKET_MULTICAST); /* lo has no broadcast */
    CHECK_ERR(send(fd, raw, 13, 0), EINVAL);
    CHECK_ERR(sendto(fd, raw, sizeof(raw), 0, (void *)&to, 10), EINVAL);
    to.sll_ifindex = 200;
    CHECK_ERR(sendto(fd, raw, sizeof(raw), 0, (void *)&to, sizeof(to)), ENXIO);
    CHECK_OK(close(fd) | close(other));
}

TEST(sending_without_a_header)
{
    struct sockaddr_ll to = lo(EXPERIMENT);
    uint8_t data[8] = { 'y' };
    struct frame f;
    int fd, in;

    NEEDS_ROOT;
    fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    in = tap(SOCK_RAW, EXPERIMENT);
    put_number(data + 1);
    memcpy(to.sll_addr, "\2\0\0\0\0\5", 6);
    to.sll_halen = 6;
    CHECK_EQ(sendto(fd, data, sizeof(data), 0, (void *)&to, sizeof(to)), 8);
    CHECK(next_with(in, &f, data));
    CHECK_EQ(f.len, 22);
    CHECK_EQ(memcmp(f.bytes, "\2\0\0\0\0\5\0\0\0\0\0\0\x88\xb5", 14), 0);
    CHECK_ERR(send(fd, data, sizeof(data), 0), ENXIO);
    CHECK_OK(close(fd) | close(in));
}

/* An IPv4 packet whose source is this machine is a Martian, and nobody's. */
TEST(martians)
{
    struct frame f;
    char got[8] = "";
    int fd, again;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_IP);
    again = tap(SOCK_RAW, 0);
    while (hear(got, sizeof(got)) >= 0)
        continue;
    CHECK_EQ(say("again"), 5);
    CHECK(next_of_ours(fd, &f, 14));
    CHECK_EQ(hear(got, sizeof(got)), 5);
    CHECK_EQ(send(again, f.bytes, (size_t)f.len, 0), f.len);
    CHECK_EQ(hear(got, sizeof(got)), -1);
    CHECK_OK(close(fd) | close(again));
}

/* UDP's checksum of an IPv6 frame from and to ::1, which devices make. */
static void put_sum(struct frame *f)
{
    const uint8_t *p = f->bytes + 54;
    unsigned len = (unsigned)f->len - 54, sum = 2 + len + IPPROTO_UDP;

    f->bytes[60] = f->bytes[61] = 0;
    for (unsigned i = 0; i < len; i++)
        sum += (unsigned)p[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    f->bytes[60] = (uint8_t)(~sum >> 8);
    f->bytes[61] = (uint8_t)~sum;
}

/* One of IPv6 that a program makes whole comes to UDP. */
TEST(to_the_protocols)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6,
                              .sin6_addr = in6addr_loopback };
    socklen_t len = sizeof(a);
    uint8_t data[5] = { 'z' };
    char got[8] = "";
    struct frame f;
    int fd, again, udp;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_IPV6);
    again = tap(SOCK_RAW, 0);
    udp = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    put_number(data + 1);
    CHECK_OK(bind(udp, (void *)&a, sizeof(a)));
    CHECK_OK(getsockname(udp, (void *)&a, &len));
    CHECK_EQ(sendto(udp, data, 5, 0, (void *)&a, sizeof(a)), 5);
    CHECK_EQ(recv(udp, got, sizeof(got), 0), 5);
    do {
        CHECK_OK(next_frame(fd, &f) ? 0 : -1);
    } while (f.len >= 0 && (f.len != 67 || memcmp(f.bytes + 62, data, 5) != 0));
    put_sum(&f);
    CHECK_EQ(send(again, f.bytes, (size_t)f.len, 0), f.len);
    CHECK_EQ(recv(udp, got, sizeof(got), 0), 5);
    CHECK_EQ(memcmp(got, data, 5), 0);
    f.bytes[0] = 2; /* for another machine */
    CHECK_EQ(send(again, f.bytes, (size_t)f.len, 0), f.len);
    CHECK_ERR(recv(udp, got, sizeof(got), 0), EAGAIN);
    CHECK_OK(close(fd) | close(again) | close(udp));
}

TEST(drops_are_counted)
{
    struct tpacket_stats st;
    socklen_t len = sizeof(st);
    int fd, least = 1, n = 0;
    uint8_t b[2048];

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_IP);
    only_ours(fd);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)));
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQ(say("much"), 4);
    while (recv(fd, b, sizeof(b), 0) > 0)
        n++;
    CHECK(n > 0 && n < 100);
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len));
    CHECK_EQ(len, sizeof(st));
    CHECK_EQ(st.tp_packets, 100);
    CHECK_EQ(st.tp_drops, 100 - n);
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len));
    CHECK_EQ(st.tp_packets, 0);
    CHECK_OK(close(fd));
}

TEST(data_beside)
{
    struct frame f;
    int fd;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_IP);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_AUXDATA, 1), 0);
    CHECK_EQ(set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1), 0);
    CHECK_EQ(say("beside"), 6);
    CHECK(next_of_ours(fd, &f, 14));
    CHECK(f.has_aux);
    CHECK_EQ(f.aux.tp_len, 48);
    CHECK_EQ(f.aux.tp_snaplen, 48);
    CHECK_EQ(f.aux.tp_mac, 0);
    CHECK_EQ(f.aux.tp_net, 14);
    CHECK(f.aux.tp_status & TP_STATUS_USER);
    CHECK(f.when.tv_sec > 1700000000);
    CHECK_OK(close(fd));
}

TEST(options)
{
    struct packet_mreq m = { .mr_ifindex = 1, .mr_type = PACKET_MR_PROMISC };
    int fd;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_ALL);
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m)));
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &m, sizeof(m)));
    CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, 4), EINVAL);
    m.mr_ifindex = 200;
    CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m)),
              ENODEV);
    CHECK_EQ(option_get(fd, SOL_PACKET, PACKET_AUXDATA), 0);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_AUXDATA, 3), 0);
    CHECK_EQ(option_get(fd, SOL_PACKET, PACKET_AUXDATA), 1);
    CHECK_EQ(option_get(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING), 0);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 2), -EINVAL);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1), 0);
    CHECK_EQ(option_get(fd, SOL_PACKET, PACKET_VERSION), TPACKET_V1);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_VERSION, 9), -EINVAL);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2), 0);
    CHECK_EQ(option_get(fd, SOL_PACKET, PACKET_VERSION), TPACKET_V2);
    CHECK_EQ(set(fd, SOL_PACKET, 99, 1), -ENOPROTOOPT);
    CHECK_EQ(option_get(fd, SOL_PACKET, 99), -ENOPROTOOPT);
    CHECK_EQ(option_get(fd, IPPROTO_IP, IP_TTL), -ENOPROTOOPT);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_DOMAIN), AF_PACKET);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_TYPE), SOCK_RAW);
    CHECK_OK(close(fd));
}

TEST(outgoing_is_ignored)
{
    struct frame f;
    int fd;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_ALL);
    CHECK_EQ(set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1), 0);
    CHECK_EQ(say("in"), 2);
    CHECK(next_of_ours(fd, &f, 14));
    CHECK_EQ(f.from.sll_pkttype, PACKET_HOST);
    CHECK(!next_of_ours(fd, &f, 14));
    CHECK_OK(close(fd));
}

TEST(ioctls)
{
    struct ifreq r = { .ifr_name = "lo" };
    struct frame f;
    struct timeval t;
    int fd;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, ETH_P_IP);
    CHECK_OK(ioctl(fd, SIOCGIFINDEX, &r));
    CHECK_EQ(r.ifr_ifindex, 1);
    CHECK_OK(ioctl(fd, SIOCGIFHWADDR, &r));
    CHECK_EQ(r.ifr_hwaddr.sa_family, ARPHRD_LOOPBACK);
    CHECK_OK(ioctl(fd, SIOCGIFADDR, &r));
    CHECK_EQ(((struct sockaddr_in *)(void *)&r.ifr_addr)->sin_addr.s_addr,
             htonl(INADDR_LOOPBACK));
    CHECK_EQ(say("stamp"), 5);
    CHECK(next_of_ours(fd, &f, 14));
    CHECK_OK(ioctl(fd, SIOCGSTAMP, &t));
    CHECK(t.tv_sec > 1700000000);
    CHECK_OK(close(fd));
}

TEST(proc_net_packet)
{
    char text[4096] = "", *at;
    unsigned protocol = 0, index = 0, type = 0;
    struct stat st;
    int fd, in;

    NEEDS_ROOT;
    fd = tap(SOCK_RAW, EXPERIMENT);
    in = open("/proc/net/packet", O_RDONLY);
    CHECK_OK(fstat(fd, &st));
    CHECK(read(in, text, sizeof(text) - 1) > 0);
    CHECK_EQ(strncmp(text,
                     "sk               RefCnt Type Proto  Iface R Rmem   ", 51),
             0);
    at = strstr(text, " 88b5 ");
    CHECK(at != NULL);
    while (at && at > text && at[-1] != '\n')
        at--;
    CHECK_EQ(sscanf(at ? at : "", "%*x %*u %u %x %u", &type, &protocol, &index),
             3);
    CHECK_EQ(type, SOCK_RAW);
    CHECK_EQ(protocol, EXPERIMENT);
    CHECK_EQ(index, 1);
    CHECK_OK(close(fd) | close(in));
}
