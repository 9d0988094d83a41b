/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp_sockets.c - threads on several CPUs send and receive over local sockets,
 * TCP and UDP, while others look, poll, pass descriptors, shut down and close.
 *
 * Method: what is sent is known. Of bytes that many threads send to many the
 * sum is kept, of messages each comes once, and where one sends to one their
 * order. Buffers are at times memory that was not touched yet.
 * covers: socketpair read write sendto recvfrom sendmsg recvmsg shutdown close
 * covers: poll epoll_wait accept4 getsockopt ioctl
 * run: --cpus 8 -m 64M
 */
#include "smp.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define SENDERS  3
#define PIECES   400u
#define LEN_MAX  9000u
#define MESSAGES 1500u
#define TURNS    600u
#define ENDS     150
#define PASSED   120

enum kind { STREAM, MESSAGE, PACKET, TCP, UDP, KINDS };

static const char *const names[] = { "stream", "datagram", "seqpacket", "tcp",
                                     "udp" };
static int ends[2]; /* of what many use */
static atomic_ulong sent_sum, sent_len, read_sum, read_len;
static atomic_uchar seen[SENDERS][MESSAGES];
static atomic_bool is_over;

static void pair_inet(int type, int fds[2])
{
    struct sockaddr_in a = { .sin_family = AF_INET }, b;
    socklen_t len = sizeof(a);
    int l = socket(AF_INET, type, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    b = a;
    CHECK_OK(bind(l, (void *)&a, sizeof(a)));
    CHECK_OK(getsockname(l, (void *)&a, &len));
    fds[1] = socket(AF_INET, type, 0);
    if (type == SOCK_STREAM) {
        CHECK_OK(listen(l, 1));
        CHECK_OK(connect(fds[1], (void *)&a, sizeof(a)));
        fds[0] = accept4(l, NULL, NULL, SOCK_CLOEXEC);
        CHECK_OK(fds[0]);
        close(l);
        return;
    }
    CHECK_OK(bind(fds[1], (void *)&b, sizeof(b)));
    CHECK_OK(getsockname(fds[1], (void *)&b, &len));
    CHECK_OK(connect(fds[1], (void *)&a, sizeof(a)));
    CHECK_OK(connect(l, (void *)&b, sizeof(b)));
    fds[0] = l;
}

static void make_pair(enum kind kind, int fds[2])
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET,
                                 SOCK_STREAM, SOCK_DGRAM };

    if (kind >= TCP)
        pair_inet(types[kind], fds);
    else
        CHECK_OK(socketpair(AF_UNIX, types[kind], 0, fds));
}

static void close_pair(const int fds[2])
{
    CHECK_OK(close(fds[0]));
    CHECK_OK(close(fds[1]));
}

/* ---- many to many ---- */

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 8;
}

static ssize_t send_some(int fd, const void *buf, size_t len, unsigned how)
{
    struct iovec v[2] = { { (void *)(uintptr_t)buf, len / 2 },
                          { (char *)(uintptr_t)buf + len / 2, len - len / 2 } };
    struct msghdr h = { .msg_iov = v, .msg_iovlen = 2 };

    switch (how % 4) {
    case 0:
        return write(fd, buf, len);
    case 1:
        return send(fd, buf, len, MSG_NOSIGNAL);
    case 2:
        return writev(fd, v, 2);
    default:
        return sendmsg(fd, &h, 0);
    }
}

static ssize_t receive_some(int fd, void *buf, size_t len, unsigned how)
{
    struct iovec v[2] = { { buf, len / 2 },
                          { (char *)buf + len / 2, len - len / 2 } };
    struct msghdr h = { .msg_iov = v, .msg_iovlen = 2 };

    switch (how % 4) {
    case 0:
        return read(fd, buf, len);
    case 1:
        return recv(fd, buf, len, 0);
    case 2:
        return readv(fd, v, 2);
    default:
        return recvmsg(fd, &h, 0);
    }
}

static unsigned long sum_of(const uint8_t *buf, size_t len)
{
    unsigned long sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += buf[i];
    return sum;
}

static void *send_pieces(void *arg)
{
    unsigned seed = (unsigned)(long)arg;
    uint8_t *buf = malloc(LEN_MAX);

    for (unsigned i = 0; i < PIECES; i++) {
        size_t len = 1 + next(&seed) % (i % 4 ? 200u : LEN_MAX);
        ssize_t n;

        memset(buf, (int)(1 + next(&seed) % 255), len);
        n = send_some(ends[0], buf, len, next(&seed));
        if (n != (ssize_t)len)
            return fail("send");
        atomic_fetch_add(&sent_sum, sum_of(buf, len));
        atomic_fetch_add(&sent_len, len);
    }
    free(buf);
    return NULL;
}

static void *receive_pieces(void *arg)
{
    unsigned seed = 77 + (unsigned)(long)arg;
    uint8_t *buf = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (;;) {
        size_t len = 1 + next(&seed) % (4 * PAGE - 1);
        ssize_t n = receive_some(ends[1], buf, len, next(&seed));

        if (n < 0)
            return fail("receive");
        if (n == 0)
            break;
        atomic_fetch_add(&read_sum, sum_of(buf, (size_t)n));
        atomic_fetch_add(&read_len, (size_t)n);
        if (next(&seed) % 4 == 0)
            (void)!madvise(buf, 4 * PAGE, MADV_DONTNEED);
    }
    munmap(buf, 4 * PAGE);
    return NULL;
}

/* Whatever is asked meanwhile changes nothing. */
static void *look_around(void *arg)
{
    struct pollfd p = { .fd = ends[1], .events = POLLIN };
    struct epoll_event e = { .events = EPOLLIN | EPOLLET };
    int ep = epoll_create1(0);

    (void)arg;
    while (!atomic_load(&is_over)) {
        struct sockaddr_storage a;
        socklen_t len = sizeof(a), int_len = sizeof(int);
        int n;

        if (epoll_ctl(ep, EPOLL_CTL_ADD, ends[1], &e))
            return fail("epoll_ctl");
        if (poll(&p, 1, 1) < 0 || epoll_wait(ep, &e, 1, 1) < 0)
            return fail("poll");
        if (ioctl(ends[1], FIONREAD, &n) || n < 0)
            return fail("FIONREAD");
        if (getsockopt(ends[1], SOL_SOCKET, SO_ERROR, &n, &int_len) || n)
            return fail("SO_ERROR");
        if (getpeername(ends[1], (void *)&a, &len))
            return fail("getpeername");
        if (epoll_ctl(ep, EPOLL_CTL_DEL, ends[1], NULL))
            return fail("epoll_ctl");
    }
    close(ep);
    return NULL;
}

static void many_bytes(enum kind kind)
{
    pthread_t senders[SENDERS], receivers[SENDERS], looker;

    make_pair(kind, ends);
    sent_sum = sent_len = read_sum = read_len = 0;
    atomic_store(&is_over, false);
    start(&looker, look_around, 0);
    for (int i = 0; i < SENDERS; i++) {
        start(&senders[i], send_pieces, i);
        start(&receivers[i], receive_pieces, i);
    }
    for (int i = 0; i < SENDERS; i++)
        join(senders[i]);
    CHECK_OK(shutdown(ends[0], SHUT_WR));
    for (int i = 0; i < SENDERS; i++)
        join(receivers[i]);
    atomic_store(&is_over, true);
    join(looker);
    CHECK_EQ(read_len, sent_len);
    CHECK_EQ(read_sum, sent_sum);
    close_pair(ends);
}

TEST(bytes_of_many_to_many_over_local_streams)
{
    many_bytes(STREAM);
}

TEST(bytes_of_many_to_many_over_tcp)
{
    many_bytes(TCP);
}

/* ---- messages, each of which comes once ---- */

struct message {
    unsigned sender, number;
    char rest[56];
};

static void *send_messages(void *arg)
{
    struct message m = { .sender = (unsigned)(long)arg };

    for (m.number = 0; m.number < MESSAGES; m.number++) {
        size_t len = 8 + m.number % sizeof(m.rest);

        if (send_some(ends[0], &m, len, m.number) != (ssize_t)len)
            return fail("send");
    }
    return NULL;
}

static void *receive_messages(void *arg)
{
    unsigned how = (unsigned)(long)arg;
    struct message m;
    ssize_t n;

    while ((n = receive_some(ends[1], &m, sizeof(m), how++)) != 1) {
        if (n < 8)
            return fail("receive");
        if (m.sender >= SENDERS || m.number >= MESSAGES ||
            n != (ssize_t)(8 + m.number % sizeof(m.rest)))
            return fail("another message");
        atomic_fetch_add(&seen[m.sender][m.number], 1);
    }
    return NULL;
}

static void many_messages(enum kind kind)
{
    pthread_t senders[SENDERS], receivers[SENDERS];
    unsigned others = 0;

    make_pair(kind, ends);
    memset(seen, 0, sizeof(seen));
    for (int i = 0; i < SENDERS; i++) {
        start(&senders[i], send_messages, i);
        start(&receivers[i], receive_messages, i);
    }
    for (int i = 0; i < SENDERS; i++)
        join(senders[i]);
    for (int i = 0; i < SENDERS; i++)
        CHECK_EQ(send(ends[0], "", 1, 0), 1); /* the end for one of them */
    for (int i = 0; i < SENDERS; i++)
        join(receivers[i]);
    for (int i = 0; i < SENDERS; i++)
        for (unsigned n = 0; n < MESSAGES; n++)
            others += seen[i][n] != 1;
    CHECK_EQ(others, 0);
    close_pair(ends);
}

TEST(each_local_datagram_comes_once)
{
    many_messages(MESSAGE);
}

TEST(each_local_packet_comes_once)
{
    many_messages(PACKET);
}

/* ---- many pairs at once, taking turns ---- */

struct turns {
    enum kind kind;
    int fd;
    bool begins;
    int way; /* of waiting: 0 none, 1 poll, 2 epoll */
};

static const char *wait_for_input(const struct turns *t, int ep)
{
    struct pollfd p = { .fd = t->fd, .events = POLLIN };
    struct epoll_event e;

    if (t->way == 1 && poll(&p, 1, 20000) != 1)
        return "poll";
    if (t->way == 2 && epoll_wait(ep, &e, 1, 20000) != 1)
        return "epoll_wait";
    return NULL;
}

static void *take_turns(void *arg)
{
    const struct turns *t = arg;
    struct epoll_event e = { .events = EPOLLIN };
    int ep = epoll_create1(0);
    unsigned n = 0;

    if (epoll_ctl(ep, EPOLL_CTL_ADD, t->fd, &e))
        return fail("epoll_ctl");
    if (t->begins && send(t->fd, &n, sizeof(n), 0) != sizeof(n))
        return fail("first send");
    for (unsigned i = 0; i < TURNS; i++) {
        const char *error = wait_for_input(t, ep);

        if (error)
            return fail(error);
        if (recv(t->fd, &n, sizeof(n), 0) != sizeof(n))
            return fail("recv");
        if (n != 2 * i + t->begins)
            return fail(names[t->kind]);
        n++;
        if (t->begins && i == TURNS - 1)
            break;
        if (send(t->fd, &n, sizeof(n), 0) != sizeof(n))
            return fail("send");
    }
    close(ep);
    return NULL;
}

TEST(pairs_that_take_turns_at_once)
{
    struct turns turns[KINDS][2];
    pthread_t threads[KINDS][2];

    for (int way = 0; way < 3; way++) {
        for (int kind = 0; kind < KINDS; kind++) {
            int fds[2];

            make_pair((enum kind)kind, fds);
            for (int i = 0; i < 2; i++) {
                turns[kind][i] =
                    (struct turns){ (enum kind)kind, fds[i], i, way };
                CHECK_EQ(pthread_create(&threads[kind][i], NULL, take_turns,
                                        &turns[kind][i]),
                         0);
            }
        }
        for (int kind = 0; kind < KINDS; kind++)
            for (int i = 0; i < 2; i++) {
                join(threads[kind][i]);
                close(turns[kind][i].fd);
            }
    }
}

/* ---- the end ---- */

static void *read_to_the_end(void *arg)
{
    int fd = (int)(long)arg;
    unsigned long len = 0;
    char buf[64];
    ssize_t n;

    while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
        len += (unsigned long)n;
    if (n < 0)
        return fail("recv");
    atomic_store(&read_len, len);
    close(fd);
    return NULL;
}

/* What was sent before it comes, whoever is first. */
static void end_often(enum kind kind)
{
    for (int i = 0; i < ENDS; i++) {
        pthread_t t;
        int fds[2];

        make_pair(kind, fds);
        start(&t, read_to_the_end, fds[1]);
        for (int k = 0; k < i % 4; k++)
            CHECK_EQ(send(fds[0], "some bytes", 10, 0), 10);
        if (i % 3 == 0)
            CHECK_OK(shutdown(fds[0], SHUT_WR));
        if (i % 3 != 1)
            CHECK_OK(close(fds[0]));
        else
            CHECK_OK(shutdown(fds[0], SHUT_RDWR));
        join(t);
        CHECK_EQ(read_len, 10ul * (unsigned long)(i % 4));
        if (i % 3 == 1)
            close(fds[0]);
    }
}

static void *end_streams(void *arg)
{
    (void)arg;
    while (!atomic_load(&is_over)) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) ||
            write(fds[0], "", 1) != 1)
            return fail("socketpair");
        close(fds[1]);
        close(fds[0]);
    }
    return NULL;
}

TEST(streams_that_end_while_they_are_read)
{
    pthread_t others[2];

    atomic_store(&is_over, false);
    for (int i = 0; i < 2; i++)
        start(&others[i], end_streams, i);
    end_often(STREAM);
    end_often(TCP);
    end_often(PACKET);
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++)
        join(others[i]);
}

/* ---- descriptors among bytes ---- */

static void *pass_descriptors(void *arg)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } c;
    struct iovec v = { "d", 1 };
    struct msghdr h = { .msg_iov = &v,
                        .msg_iovlen = 1,
                        .msg_control = &c,
                        .msg_controllen = sizeof(c) };
    int pipe_end = (int)(long)arg;

    for (int i = 0; i < PASSED; i++) {
        h.msg_controllen = sizeof(c);
        c.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
                                     .cmsg_level = SOL_SOCKET,
                                     .cmsg_type = SCM_RIGHTS };
        memcpy(CMSG_DATA(&c.header), &pipe_end, sizeof(int));
        if (sendmsg(ends[0], &h, 0) != 1)
            return fail("sendmsg");
    }
    return NULL;
}

static void *send_letters(void *arg)
{
    (void)arg;
    for (int i = 0; i < PASSED; i++)
        if (write(ends[0], "xyz", 3) != 3)
            return fail("write");
    return NULL;
}

/* Each descriptor that comes is the pipe's: a byte goes through it. */
static void *take_descriptors(void *arg)
{
    unsigned long len = 0;
    char buf[16];

    (void)arg;
    for (;;) {
        union {
            char bytes[CMSG_SPACE(sizeof(int))];
            struct cmsghdr header;
        } c;
        struct iovec v = { buf, sizeof(buf) };
        struct msghdr h = { .msg_iov = &v,
                            .msg_iovlen = 1,
                            .msg_control = &c,
                            .msg_controllen = sizeof(c) };
        ssize_t n = recvmsg(ends[1], &h, MSG_CMSG_CLOEXEC);
        int fd;

        if (n < 0)
            return fail("recvmsg");
        if (n == 0)
            break;
        len += (unsigned long)n;
        if (!CMSG_FIRSTHDR(&h))
            continue;
        memcpy(&fd, CMSG_DATA(&c.header), sizeof(fd));
        if (write(fd, "p", 1) != 1 || close(fd))
            return fail("a descriptor that came");
    }
    atomic_fetch_add(&read_len, len);
    return NULL;
}

TEST(descriptors_pass_among_bytes)
{
    pthread_t passers[2], writers[2], takers[2];
    int p[2], n;

    CHECK_OK(pipe(p));
    make_pair(STREAM, ends);
    atomic_store(&read_len, 0);
    for (int i = 0; i < 2; i++) {
        start(&takers[i], take_descriptors, i);
        start(&passers[i], pass_descriptors, p[1]);
        start(&writers[i], send_letters, i);
    }
    for (int i = 0; i < 2; i++) {
        join(passers[i]);
        join(writers[i]);
    }
    CHECK_OK(shutdown(ends[0], SHUT_WR));
    for (int i = 0; i < 2; i++)
        join(takers[i]);
    CHECK_EQ(read_len, 2 * PASSED * 4);
    CHECK_OK(ioctl(p[0], FIONREAD, &n));
    CHECK_EQ(n, 2 * PASSED);
    close_pair(ends);
    close_pair(p);
}
