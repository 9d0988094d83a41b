/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - AF_PACKET sockets on the loopback, for more than one test.
 *
 * Others use the loopback at the same time where these tests run: what is ours
 * is known by a UDP port of this process, or a number in the frame.
 */
#ifndef SYSCALL_PACKET_H
#define SYSCALL_PACKET_H

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "inet.h"

#define EXPERIMENT 0x88b5 /* IEEE 802: for local experiments */
#ifndef SOL_PACKET
#define SOL_PACKET 263
#endif
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

struct frame {
    uint8_t bytes[2048];
    long len;
    struct sockaddr_ll from;
    socklen_t from_len;
    bool has_aux;
    struct tpacket_auxdata aux;
    struct timespec when;
};

static inline bool is_refused(void)
{
    int fd = socket(AF_PACKET, SOCK_RAW, 0);

    if (fd >= 0)
        CHECK_OK(close(fd));
    return fd < 0;
}

#define NEEDS_ROOT    \
    if (is_refused()) \
    SKIP("packet sockets take root")

static inline struct sockaddr_ll lo(unsigned protocol)
{
    return (struct sockaddr_ll){ .sll_family = AF_PACKET,
                                 .sll_protocol = htons((uint16_t)protocol),
                                 .sll_ifindex = 1 };
}

/* A socket that sees the loopback's frames from now on. */
static inline int tap(int type, unsigned protocol)
{
    struct sockaddr_ll a = lo(protocol);
    int fd = socket(AF_PACKET, type | SOCK_NONBLOCK, 0);

    CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
    return fd;
}

static inline int set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

/* ---- a UDP socket that sends to itself ---- */

static int our_udp = -1;

static inline unsigned our_port(void)
{
    struct sockaddr_in a = loopback(0);

    if (our_udp < 0) {
        our_udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        CHECK_OK(bind(our_udp, (void *)&a, sizeof(a)));
        a = loopback(port_of(our_udp));
        CHECK_OK(connect(our_udp, (void *)&a, sizeof(a)));
    }
    return port_of(our_udp);
}

static inline long say(const char *text)
{
    return our_port() ? send(our_udp, text, strlen(text), 0) : -1;
}

static inline long hear(char *out, size_t room)
{
    return our_port() ? recv(our_udp, out, room, 0) : -1;
}

/* ---- frames ---- */

static inline void take_control(struct msghdr *m, struct frame *f)
{
    f->has_aux = false;
    f->when = (struct timespec){ 0 };
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
            memcpy(&f->aux, CMSG_DATA(c), sizeof(f->aux));
            f->has_aux = true;
        } else if (c->cmsg_level == SOL_SOCKET) {
            memcpy(&f->when, CMSG_DATA(c), sizeof(f->when));
        }
    }
}

static inline bool next_frame(int fd, struct frame *f)
{
    uint64_t control[32];
    struct iovec v = { f->bytes, sizeof(f->bytes) };
    struct msghdr m = { .msg_name = &f->from,
                        .msg_namelen = sizeof(f->from),
                        .msg_iov = &v,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control) };

    memset(f, 0, sizeof(*f));
    f->len = recvmsg(fd, &m, 0);
    f->from_len = m.msg_namelen;
    take_control(&m, f);
    return f->len >= 0;
}

/* The next one of UDP's to our port; IP's header is at `at`. */
static inline bool next_of_ours(int fd, struct frame *f, unsigned at)
{
    unsigned port = our_port();

    while (next_frame(fd, f)) {
        const uint8_t *ip = f->bytes + at;

        if (f->len >= (long)at + 28 && ip[0] == 0x45 && ip[9] == IPPROTO_UDP &&
            (unsigned)(ip[22] << 8 | ip[23]) == port)
            return true;
    }
    return false;
}

/* A number of this process, and another each time, for a frame's data. */
static inline void put_number(uint8_t out[4])
{
    static uint8_t n;
    uint32_t id = (uint32_t)getpid() << 8 | n++;

    memcpy(out, &id, sizeof(id));
}

/* The next frame with these five bytes of data behind its header. */
static inline bool next_with(int fd, struct frame *f, const uint8_t *data)
{
    while (next_frame(fd, f))
        if (f->len >= 19 && memcmp(f->bytes + 14, data, 5) == 0)
            return true;
    return false;
}

/* Only what is of UDP to our port, of a tap of frames. */
static inline void only_ours(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 14 + 22),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, our_port(), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog p = { 4, code };
    struct frame f;

    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)));
    while (next_frame(fd, &f)) /* what came before */
        continue;
}

#endif
