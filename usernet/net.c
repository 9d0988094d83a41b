/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net.c - frames between the guest's socket and slirp, which ends the guest's
 * connections and makes its own, as any program of this user could.
 *
 * Frames for the guest that its socket has no room for wait in a queue. As long
 * as some do, slirp's sockets are not read: the senders' own flow control then
 * holds them back, and nothing is lost. What else slirp sends, answering the
 * guest, is bounded by its buffers; beyond QUEUE_LEN_MAX frames are dropped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "host/usernet.h"
#include "usernet/usernet.h"

#define FRAME_LEN_MAX (14u + 65535u)
#define FRAME_BATCH   64u
#define QUEUE_LEN_MAX 512u
#define TIMER_MAX     4u
#define FD_LISTEN_MAX 2048 /* NET_FORWARD_MAX, and more */
#define NS_PER_MS     1000000
#define NS_PER_S      1000000000ll

typedef struct virtio_net_hdr_v1 header;

struct queued {
    struct queued *next;
    size_t len;
    uint8_t data[];
};

struct timer {
    SlirpTimerCb fn;
    void *arg;
    int64_t at_ms; /* 0: not set */
};

static struct {
    Slirp *slirp;
    int fd;
    bool is_over;
    struct queued *first, **last; /* frames that wait for room in the socket */
    unsigned queue_len;
    struct timer timers[TIMER_MAX];
    unsigned timer_count;
    struct pollfd *polls; /* 0: the socket */
    unsigned poll_count, poll_max;
} net = { .last = &net.first };

static int64_t now_ns(void *opaque)
{
    struct timespec t;

    (void)opaque;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ---- to the guest ---- */

/* slirp has computed all checksums, and checked those that it was sent. */
static const header to_guest = { .flags = VIRTIO_NET_HDR_F_DATA_VALID };

/* 0, -EAGAIN, or -EPIPE */
static int frame_send(const void *frame, size_t len)
{
    struct iovec iov[2] = {
        { (void *)(uintptr_t)&to_guest, sizeof(to_guest) },
        { (void *)(uintptr_t)frame, len },
    };
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

    if (sendmsg(net.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return 0;
    return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? -EAGAIN
                                                                 : -EPIPE;
}

static void enqueue(const void *frame, size_t len)
{
    struct queued *q;

    if (net.queue_len == QUEUE_LEN_MAX)
        return;
    q = malloc(sizeof(*q) + len);
    if (!q)
        return;
    q->next = NULL;
    q->len = len;
    memcpy(q->data, frame, len);
    *net.last = q;
    net.last = &q->next;
    net.queue_len++;
}

static void queue_flush(void)
{
    while (net.first) {
        struct queued *q = net.first;

        if (frame_send(q->data, q->len) == -EAGAIN)
            return;
        net.first = q->next;
        if (!net.first)
            net.last = &net.first;
        net.queue_len--;
        free(q);
    }
}

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
    (void)opaque;
    if (net.first || frame_send(buf, len) == -EAGAIN)
        enqueue(buf, len);
    return (ssize_t)len;
}

/* ---- from the guest ---- */

/* What the guest left to its device: the sum from csum_start to the end, with
 * the pseudo header's already in its place (virtio 1.2, 5.1.6.2). */
static bool checksum_complete(const header *h, uint8_t *frame, size_t len)
{
    size_t at = (size_t)h->csum_start + h->csum_offset, i;
    uint32_t sum = 0;

    if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
        return true;
    if (h->csum_start >= len || at + 2 > len)
        return false;
    for (i = h->csum_start; i + 1 < len; i += 2) {
        uint16_t word;

        memcpy(&word, frame + i, sizeof(word));
        sum += word; /* 32,768 of them fit */
    }
    if (i < len)
        sum += frame[i]; /* the first byte of a little-endian word */
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~sum & 0xffff;
    /* UDP has 0 for "no checksum", and all ones are the same number. */
    frame[at] = (uint8_t)(sum ? sum : 0xffff);
    frame[at + 1] = (uint8_t)((sum ? sum : 0xffff) >> 8);
    return true;
}

/* False: there was none. */
static bool frame_receive(void)
{
    static uint8_t frame[FRAME_LEN_MAX];
    header h;
    struct iovec iov[2] = { { &h, sizeof(h) }, { frame, sizeof(frame) } };
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
    ssize_t n = recvmsg(net.fd, &msg, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        net.is_over = true;
        return false;
    }
    if (n <= (ssize_t)sizeof(h) || msg.msg_flags & MSG_TRUNC)
        return true;
    n -= (ssize_t)sizeof(h);
    if (checksum_complete(&h, frame, (size_t)n))
        slirp_input(net.slirp, frame, (int)n);
    return true;
}

/* ---- slirp's surroundings ---- */

static void guest_error(const char *msg, void *opaque)
{
    (void)msg;
    (void)opaque;
}

static void *timer_new(SlirpTimerCb fn, void *arg, void *opaque)
{
    struct timer *t;

    (void)opaque;
    if (net.timer_count == TIMER_MAX)
        abort(); /* slirp has one */
    t = &net.timers[net.timer_count++];
    *t = (struct timer){ .fn = fn, .arg = arg };
    return t;
}

static void timer_free(void *timer, void *opaque)
{
    (void)opaque;
    ((struct timer *)timer)->at_ms = 0;
}

static void timer_mod(void *timer, int64_t at_ms, void *opaque)
{
    (void)opaque;
    ((struct timer *)timer)->at_ms = at_ms;
}

static void timers_run(void)
{
    int64_t now_ms = now_ns(NULL) / NS_PER_MS;

    for (unsigned i = 0; i < net.timer_count; i++) {
        struct timer *t = &net.timers[i];

        if (t->at_ms == 0 || t->at_ms > now_ms)
            continue;
        t->at_ms = 0;
        t->fn(t->arg);
    }
}

static void timers_limit(uint32_t *timeout_ms)
{
    int64_t now_ms = now_ns(NULL) / NS_PER_MS;

    for (unsigned i = 0; i < net.timer_count; i++) {
        int64_t at_ms = net.timers[i].at_ms;
        int64_t left = at_ms > now_ms ? at_ms - now_ms : 0;

        if (at_ms != 0 && left < *timeout_ms)
            *timeout_ms = (uint32_t)left;
    }
}

static void fd_unused(int fd, void *opaque)
{
    (void)fd;
    (void)opaque;
}

static void notify_unused(void *opaque)
{
    (void)opaque;
}

static const struct SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = now_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = fd_unused,
    .unregister_poll_fd = fd_unused,
    .notify = notify_unused,
};

static const struct {
    int ours;
    short theirs;
} events[] = {
    { SLIRP_POLL_IN, POLLIN },   { SLIRP_POLL_OUT, POLLOUT },
    { SLIRP_POLL_PRI, POLLPRI }, { SLIRP_POLL_ERR, POLLERR },
    { SLIRP_POLL_HUP, POLLHUP },
};
#define EVENT_COUNT (sizeof(events) / sizeof(events[0]))

static void poll_add(int fd, short what)
{
    if (net.poll_count == net.poll_max) {
        unsigned max = net.poll_max ? 2 * net.poll_max : 16;
        struct pollfd *more = realloc(net.polls, max * sizeof(*more));

        if (!more)
            abort();
        net.polls = more;
        net.poll_max = max;
    }
    net.polls[net.poll_count++] = (struct pollfd){ .fd = fd, .events = what };
}

static int add_poll(int fd, int wanted, void *opaque)
{
    short what = 0;

    (void)opaque;
    if (net.first)
        wanted &= ~SLIRP_POLL_IN; /* the guest comes first */
    for (unsigned i = 0; i < EVENT_COUNT; i++)
        if (wanted & events[i].ours)
            what |= events[i].theirs;
    poll_add(fd, what);
    return (int)net.poll_count - 1;
}

static int get_revents(int idx, void *opaque)
{
    int found = 0;

    (void)opaque;
    for (unsigned i = 0; i < EVENT_COUNT; i++)
        if (net.polls[idx].revents & events[i].theirs)
            found |= events[i].ours;
    return found;
}

/* ---- the program's ---- */

static struct in_addr address(const char *text)
{
    struct in_addr a = { 0 };

    inet_pton(AF_INET, text, &a);
    return a;
}

static struct in6_addr address_6(const char *text)
{
    struct in6_addr a = { 0 };

    inet_pton(AF_INET6, text, &a);
    return a;
}

int net_init(int socket_fd)
{
    SlirpConfig c = {
        .version = 1,
        .in_enabled = true,
        .vnetwork = address(USERNET_NETWORK),
        .vnetmask = address(USERNET_MASK),
        .vhost = address(USERNET_GATEWAY),
        .vdhcp_start = address(USERNET_GUEST),
        .vnameserver = address(USERNET_DNS),
        .in6_enabled = true,
        .vprefix_addr6 = address_6(USERNET_NETWORK_6),
        .vprefix_len = USERNET_PREFIX_6,
        .vhost6 = address_6(USERNET_GATEWAY_6),
        .vnameserver6 = address_6(USERNET_DNS_6),
        .if_mtu = USERNET_MTU,
        .if_mru = USERNET_MTU,
    };

    net.fd = socket_fd;
    net.slirp = slirp_new(&c, &callbacks, NULL);
    return net.slirp ? 0 : -ENOMEM;
}

int net_forward(const struct forward *f)
{
    struct sockaddr_in guest = { .sin_family = AF_INET,
                                 .sin_addr = address(USERNET_GUEST),
                                 .sin_port = htons(f->guest_port) };
    struct sockaddr_in6 guest_6 = { .sin6_family = AF_INET6,
                                    .sin6_addr = address_6(USERNET_GUEST_6),
                                    .sin6_port = htons(f->guest_port) };
    bool is_4 = f->host.ss_family == AF_INET;
    int flags =
        (f->is_udp ? SLIRP_HOSTFWD_UDP : 0) | (is_4 ? 0 : SLIRP_HOSTFWD_V6ONLY);

    errno = 0;
    if (slirp_add_hostxfwd(net.slirp, (const struct sockaddr *)&f->host,
                           is_4 ? sizeof(guest) : sizeof(guest_6),
                           is_4 ? (const struct sockaddr *)&guest
                                : (const struct sockaddr *)&guest_6,
                           is_4 ? sizeof(guest) : sizeof(guest_6), flags) == 0)
        return 0;
    return errno ? -errno : -EINVAL;
}

/* slirp lets one connection wait to be accepted, and tells nobody which its
 * sockets are. */
void net_deepen_queues(void)
{
    for (int fd = 0; fd < FD_LISTEN_MAX; fd++) {
        int is_listening = 0;
        socklen_t len = sizeof(is_listening);

        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) ==
                0 &&
            is_listening)
            (void)!listen(fd, SOMAXCONN);
    }
}

/* slirp comes before the guest's frames: it reads its clock there, ends a UDP
 * socket by it, and takes the last reading for a frame's time. That of minutes
 * ago, or none, would end a new socket before its answer comes. */
void net_serve(void)
{
    while (!net.is_over) {
        uint32_t timeout_ms = INT32_MAX;
        int n;

        net.poll_count = 0;
        poll_add(net.fd, (short)(POLLIN | (net.first ? POLLOUT : 0)));
        slirp_pollfds_fill(net.slirp, &timeout_ms, add_poll, NULL);
        timers_limit(&timeout_ms);
        n = poll(net.polls, net.poll_count,
                 timeout_ms == INT32_MAX ? -1 : (int)timeout_ms);
        queue_flush();
        slirp_pollfds_poll(net.slirp, n < 0, get_revents, NULL);
        if (n > 0 && net.polls[0].revents & ~POLLOUT)
            for (unsigned i = 0; i < FRAME_BATCH && frame_receive(); i++)
                continue;
        timers_run();
    }
}
