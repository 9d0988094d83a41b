/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_program.h - the fuzzer's program with sockets of IPv6, raw ones and
 * ping's: groups, options, errors.
 *
 * What:      a step of inet_link.h.
 * Context:   included once, behind inet_input.h.
 */
#ifndef TESTS_FUZZ_INET_PROGRAM_H
#define TESTS_FUZZ_INET_PROGRAM_H

#include "tests/fuzz/inet_input.h"

#define LINK_SOCKETS 4u
#define FUZZ_PORT    80u

static struct file *link_files[LINK_SOCKETS];

static void join_groups(struct socket *s)
{
    const struct {
        uint32_t group, own;
    } four = { lwip_htonl(0xef010203), lwip_htonl(0x0a000002) };
    struct {
        uint8_t group[16];
        uint32_t index;
    } six = { { 0xff, 2 }, netif_get_index(&inet_device) };

    six.group[15] = 0x99;
    (void)!socket_set_option(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, (uaddr_t)&four,
                             sizeof(four));
    (void)!socket_set_option(s, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP,
                             (uaddr_t)&six, sizeof(six));
}

static void send_to_neighbour(struct socket *s, struct input *in)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6,
                               .sin6_port = lwip_htons(1000) };
    struct socket_msg m = { 0 };
    struct socket_addr a = { .len = sizeof(to) };
    static char buf[3000];
    struct io_vec one;

    to.sin6_addr.s6_addr[0] = 0xfd;
    to.sin6_addr.s6_addr[15] = byte(in) & 0x3f;
    if (byte(in) & 1)
        memcpy(to.sin6_addr.s6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\12\0\0", 15);
    memcpy(a.bytes, &to, sizeof(to));
    m.addr = &a;
    io_init_kernel(&m.io, &one, buf, byte(in) * 8u + 1);
    (void)s->ops->send(s, &m);
}

static void set_link_option(struct socket *s, struct input *in)
{
    static const struct {
        int level, name;
    } options[] = {
        { IPPROTO_IP, IP_RECVERR },
        { IPPROTO_IPV6, IPV6_RECVERR },
        { IPPROTO_IP, IP_PKTINFO },
        { IPPROTO_IPV6, IPV6_RECVPKTINFO },
        { IPPROTO_IP, IP_RECVTTL },
        { IPPROTO_IPV6, IPV6_RECVTCLASS },
        { IPPROTO_IP, IP_MTU_DISCOVER },
        { IPPROTO_IPV6, IPV6_MTU_DISCOVER },
        { IPPROTO_IP, IP_MULTICAST_ALL },
        { SOL_SOCKET, SO_RCVBUF },
        { IPPROTO_IPV6, IPV6_RECVHOPLIMIT },
        { IPPROTO_IP, IP_RECVTOS },
    };
    unsigned n = byte(in) % ARRAY_LEN(options);
    uint32_t value = byte(in) % 4;

    (void)!socket_set_option(s, options[n].level, options[n].name,
                             (uaddr_t)&value, sizeof(value));
}

/* A message with what comes with it. */
static void receive_link(struct socket *s, struct input *in)
{
    static const unsigned flags[] = { 0, MSG_ERRQUEUE, MSG_PEEK, MSG_TRUNC };
    struct socket_msg m = { .flags = flags[byte(in) % ARRAY_LEN(flags)] };
    static char buf[2000], control[512];
    struct socket_addr from;
    struct io_vec one;

    m.addr = &from;
    m.control_at = (uaddr_t)control;
    m.control_len = byte(in) * 2u;
    io_init_kernel(&m.io, &one, buf, byte(in) * 8u);
    (void)s->ops->receive(s, &m);
}

static void connect_link(struct socket *s, struct input *in)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6,
                               .sin6_port = lwip_htons(1000) };
    struct socket_addr a = { .len = sizeof(to) };
    struct socket_wait w = { 0 };

    to.sin6_addr.s6_addr[0] = 0xfd;
    to.sin6_addr.s6_addr[15] = byte(in) & 0x3f;
    memcpy(a.bytes, &to, sizeof(to));
    (void)s->ops->connect(s, &a, &w);
}

static void new_socket(struct input *in, struct file **out)
{
    static const struct {
        int family, type, protocol;
    } kinds[] = { { AF_INET6, SOCK_DGRAM, 0 }, { AF_INET6, SOCK_RAW, 58 },
                  { AF_INET, SOCK_RAW, 1 },    { AF_INET, SOCK_RAW, 17 },
                  { AF_INET, SOCK_DGRAM, 1 },  { AF_INET6, SOCK_DGRAM, 58 },
                  { AF_INET6, SOCK_RAW, 17 } };
    struct sockaddr_in6 any = { .sin6_family = AF_INET6,
                                .sin6_port = lwip_htons(FUZZ_PORT + 1) };
    struct socket_addr a = { .len = sizeof(any) };
    unsigned kind = byte(in) % ARRAY_LEN(kinds);

    memcpy(a.bytes, &any, sizeof(any));
    if (socket_create(kinds[kind].family, kinds[kind].type,
                      kinds[kind].protocol, 04000, out))
        *out = NULL;
    else if (kind == 0)
        (void)!socket_of(*out)->ops->bind(socket_of(*out), &a);
}

static void step_socket(struct input *in)
{
    unsigned what = byte(in), which = what % LINK_SOCKETS;
    struct file *f = link_files[which];
    static char buf[2000];

    if (!f) {
        new_socket(in, &link_files[which]);
        return;
    }
    switch (what >> 4 & 7) {
    case 0:
        join_groups(socket_of(f));
        break;
    case 1:
        send_to_neighbour(socket_of(f), in);
        break;
    case 2:
        (void)!file_take(f, buf, sizeof(buf));
        break;
    case 3:
        set_link_option(socket_of(f), in);
        break;
    case 4:
    case 5:
        receive_link(socket_of(f), in);
        break;
    case 6:
        connect_link(socket_of(f), in);
        break;
    default:
        file_put(f);
        link_files[which] = NULL;
        break;
    }
}

#endif
