/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c - a bad line between two interfaces, for lossy.py.
 *
 *   line INTERFACE TAP SEED [in|out WORD...]...
 *
 * What comes in by INTERFACE goes to TAP, a tap that this process attaches to,
 * and what TAP was sent goes out by INTERFACE. The words after `in` say what
 * happens on the way from INTERFACE to TAP, those after `out` on the way back:
 *
 *   loss=P        of a hundred packets, P are the first of some that are lost
 *   burst=N       ... and so many are, or all within 10 ms
 *   twice=P       come twice
 *   late=P        are overtaken by others
 *   behind=N      ... by so many
 *   late_ms=T     ... and by time, come so much later than others would
 *   delay_ms=T    all take so long
 *   jitter_ms=T   ... and up to so much longer, in order
 *
 * The dice depend on SEED and on how many packets have passed, on nothing else.
 * A line has packets: what an interface left to the device to cut up is cut up
 * here. Frames that are not IPv4 pass unharmed. The line ends with its standard
 * input, and prints for each way how many packets were carried, lost, doubled
 * and late.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX  (1u << 17)
#define BATCH      64
#define BUFFER_LEN (64 << 20)
/* Who waits for others to overtake it waits no longer than that. */
#define PATIENCE_NS 5000000ull
/* Who sends little would stand in a burst for long. */
#define BURST_NS  10000000ull
#define NS_PER_MS 1000000.0

struct packet {
    struct packet *next;
    uint64_t due_ns;
    uint64_t due_number; /* when so many have passed, if sooner */
    size_t len;
    uint8_t bytes[]; /* struct virtio_net_hdr, the frame */
};

struct way {
    const char *name;
    int in, out;
    double loss, burst, twice, late, behind, late_ms, delay_ms, jitter_ms;
    uint64_t random, number, last_due_ns;
    unsigned burst_left;
    uint64_t burst_end_ns;
    struct packet *queue, *last; /* in order of due_ns */
    struct packet *held;         /* wait to be overtaken */
    unsigned long carried, lost, doubled, was_late;
};

struct option {
    const char *name;
    size_t offset;
};

static const struct option options[] = {
    { "loss", offsetof(struct way, loss) },
    { "burst", offsetof(struct way, burst) },
    { "twice", offsetof(struct way, twice) },
    { "late", offsetof(struct way, late) },
    { "behind", offsetof(struct way, behind) },
    { "late_ms", offsetof(struct way, late_ms) },
    { "delay_ms", offsetof(struct way, delay_ms) },
    { "jitter_ms", offsetof(struct way, jitter_ms) },
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* From 0 up to, not including, 1: xorshift64*. */
static double dice(struct way *w)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (double)((w->random * 0x2545f4914f6cdd1dull) >> 11) / 0x1p53;
}

static bool falls(struct way *w, double percent)
{
    return percent > 0 && dice(w) * 100 < percent;
}

/* ---- one packet's way ---- */

static void put(struct way *w, const struct packet *p)
{
    /* A line whose end is full loses. */
    if (write(w->out, p->bytes, p->len) < 0 && errno != EAGAIN &&
        errno != ENOBUFS && errno != EIO && errno != ENETDOWN)
        err(1, "%s: write", w->name);
    w->carried++;
}

/* Later ones are at the end, so that is where most belong. */
static void enqueue(struct way *w, struct packet *p)
{
    struct packet **at = &w->queue;

    if (!w->queue)
        w->last = NULL;
    if (w->last && w->last->due_ns <= p->due_ns)
        at = &w->last->next;
    while (*at && (*at)->due_ns <= p->due_ns)
        at = &(*at)->next;
    p->next = *at;
    *at = p;
    if (!p->next)
        w->last = p;
}

static struct packet *copy_of(const uint8_t *bytes, size_t len)
{
    struct packet *p = malloc(sizeof(*p) + len);

    if (!p)
        err(1, "a packet");
    *p = (struct packet){ .len = len };
    memcpy(p->bytes, bytes, len);
    return p;
}

static void hold(struct way *w, struct packet *p)
{
    p->due_number = w->number + (uint64_t)w->behind;
    p->due_ns += (uint64_t)PATIENCE_NS;
    p->next = w->held;
    w->held = p;
}

/* Those that enough others have overtaken, or that waited for long enough. */
static void release_held(struct way *w, uint64_t now)
{
    struct packet **at = &w->held;

    while (*at) {
        struct packet *p = *at;

        if (p->due_number > w->number && p->due_ns > now) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        if (p->due_number <= w->number)
            p->due_ns -= PATIENCE_NS;
        if (p->due_ns < w->last_due_ns)
            p->due_ns = w->last_due_ns;
        enqueue(w, p);
    }
}

/* The dice are thrown for each packet alike, whatever becomes of it. */
static void toss(struct way *w, const uint8_t *bytes, size_t len, bool is_ip)
{
    bool begins = falls(w, w->loss), twice = falls(w, w->twice);
    bool late = falls(w, w->late);
    double ms = w->delay_ms + (w->jitter_ms > 0 ? dice(w) * w->jitter_ms : 0);
    struct packet *p;

    w->number++;
    if (is_ip && begins && w->burst_left == 0) {
        w->burst_left = (unsigned)w->burst;
        w->burst_end_ns = now_ns() + BURST_NS;
    }
    if (is_ip && w->burst_left > 0 && now_ns() > w->burst_end_ns)
        w->burst_left = 0;
    if (is_ip && w->burst_left > 0) {
        w->burst_left--;
        w->lost++;
        return;
    }
    p = copy_of(bytes, len);
    p->due_ns = now_ns() + (uint64_t)(ms * NS_PER_MS);
    p->due_ns = p->due_ns < w->last_due_ns ? w->last_due_ns : p->due_ns;
    w->last_due_ns = p->due_ns;
    if (is_ip && late) {
        w->was_late++;
        p->due_ns += (uint64_t)(w->late_ms * NS_PER_MS);
        if (w->behind > 0) {
            hold(w, p);
            return;
        }
    }
    enqueue(w, p);
    if (is_ip && twice) {
        struct packet *again = copy_of(bytes, len);

        w->doubled++;
        again->due_ns = p->due_ns;
        enqueue(w, again);
    }
}

/* Who is late by so many is not late by all that are read together. */
static void carry(struct way *w, const uint8_t *bytes, size_t len, bool is_ip)
{
    toss(w, bytes, len, is_ip);
    if (w->held)
        release_held(w, now_ns());
}

static void deliver(struct way *w)
{
    uint64_t now = now_ns();

    release_held(w, now);
    while (w->queue && w->queue->due_ns <= now) {
        struct packet *p = w->queue;

        w->queue = p->next;
        put(w, p);
        free(p);
    }
}

/* ---- segments of several packets ---- */

static uint32_t sum_of(const void *p, size_t len, uint32_t sum)
{
    const uint8_t *bytes = p;

    for (size_t n = 0; n + 1 < len; n += 2)
        sum += (uint32_t)(bytes[n] << 8 | bytes[n + 1]);
    if (len % 2)
        sum += (uint32_t)(bytes[len - 1] << 8);
    return sum;
}

static uint16_t folded(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* The lengths and sums of a packet with so many bytes of data; the device is
 * left the sum of the data, as it was that of all. */
static void fix(uint8_t *bytes, size_t header_len, size_t data_len)
{
    struct virtio_net_hdr *v = (void *)bytes;
    struct iphdr *ip = (void *)(bytes + sizeof(*v) + ETH_HLEN);
    struct tcphdr *tcp = (void *)((uint8_t *)ip + ip->ihl * 4);
    size_t len = header_len - sizeof(*v) - ETH_HLEN + data_len;
    uint32_t sum;

    v->gso_type = VIRTIO_NET_HDR_GSO_NONE;
    v->gso_size = v->hdr_len = 0;
    ip->tot_len = htons((uint16_t)len);
    ip->check = 0;
    ip->check = htons((uint16_t)~folded(sum_of(ip, ip->ihl * 4u, 0)));
    len -= ip->ihl * 4u;
    sum = sum_of(&ip->saddr, 8, IPPROTO_TCP + (uint32_t)len);
    tcp->check = htons(folded(sum));
}

static void cut_up(struct way *w, const uint8_t *bytes, size_t len)
{
    static uint8_t piece[FRAME_MAX];
    const struct virtio_net_hdr *v = (const void *)bytes;
    size_t at = sizeof(*v) + ETH_HLEN, header_len, size = v->gso_size;
    struct iphdr *ip = (void *)(piece + at);
    struct tcphdr *tcp;
    uint32_t seq;
    uint16_t id;
    bool fin, psh;

    memcpy(piece, bytes, len);
    tcp = (void *)((uint8_t *)ip + ip->ihl * 4);
    header_len = at + ip->ihl * 4u + tcp->doff * 4u;
    seq = ntohl(tcp->seq);
    id = ntohs(ip->id);
    fin = tcp->fin;
    psh = tcp->psh;
    for (at = header_len; at < len; at += size) {
        size_t n = len - at < size ? len - at : size;
        bool is_last = at + n == len;

        tcp->seq = htonl(seq + (uint32_t)(at - header_len));
        tcp->fin = fin && is_last;
        tcp->psh = psh && is_last;
        ip->id = htons(id++);
        memcpy(piece + header_len, bytes + at, n);
        fix(piece, header_len, n);
        carry(w, piece, header_len + n, true);
    }
}

static void take(struct way *w, const uint8_t *bytes, size_t len)
{
    const struct virtio_net_hdr *v = (const void *)bytes;
    uint16_t kind;

    if (len < sizeof(*v) + ETH_HLEN)
        return;
    memcpy(&kind, bytes + sizeof(*v) + ETH_HLEN - 2, sizeof(kind));
    if ((v->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) == VIRTIO_NET_HDR_GSO_TCPV4 &&
        v->gso_size > 0)
        cut_up(w, bytes, len);
    else
        carry(w, bytes, len, kind == htons(ETH_P_IP));
}

/* ---- both ways ---- */

static void read_some(struct way *w)
{
    static uint8_t bytes[FRAME_MAX];

    for (unsigned n = 0; n < BATCH; n++) {
        ssize_t len = read(w->in, bytes, sizeof(bytes));

        if (len <= 0)
            return;
        take(w, bytes, (size_t)len);
    }
}

static uint64_t next_due_ns(const struct way *w)
{
    uint64_t due = w->queue ? w->queue->due_ns : UINT64_MAX;

    for (const struct packet *p = w->held; p; p = p->next)
        due = p->due_ns < due ? p->due_ns : due;
    return due;
}

static void run(struct way *ways)
{
    struct pollfd fds[] = { { ways[0].in, POLLIN, 0 },
                            { ways[1].in, POLLIN, 0 },
                            { STDIN_FILENO, POLLIN, 0 } };

    while (!fds[2].revents) {
        uint64_t a = next_due_ns(&ways[0]), b = next_due_ns(&ways[1]);
        uint64_t due = a < b ? a : b, now = now_ns();
        uint64_t wait = due > now ? due - now : 0;
        struct timespec t = { (time_t)(wait / 1000000000u),
                              (long)(wait % 1000000000u) };

        if (ppoll(fds, 3, due == UINT64_MAX ? NULL : &t, NULL) < 0)
            err(1, "poll");
        for (unsigned n = 0; n < 2; n++) {
            if (fds[n].revents)
                read_some(&ways[n]);
            deliver(&ways[n]);
        }
    }
    for (unsigned n = 0; n < 2; n++)
        printf("%s %lu %lu %lu %lu\n", ways[n].name, ways[n].carried,
               ways[n].lost, ways[n].doubled, ways[n].was_late);
}

static int open_interface(const char *name)
{
    struct sockaddr_ll at = { .sll_family = AF_PACKET,
                              .sll_protocol = htons(ETH_P_ALL),
                              .sll_ifindex = (int)if_nametoindex(name) };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
    const int one = 1, len = BUFFER_LEN;

    if (fd < 0 || !at.sll_ifindex ||
        setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)))
        err(1, "%s", name);
    /* What this buffer cannot hold would be lost by chance. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof(len)) &&
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof(len)))
        err(1, "%s: its buffer", name);
    return fd;
}

static int open_tap(const char *name)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNSETOFFLOAD, 0))
        err(1, "%s", name);
    return fd;
}

static void set(struct way *w, const char *word)
{
    for (size_t n = 0; n < sizeof(options) / sizeof(options[0]); n++) {
        size_t len = strlen(options[n].name);
        char *end;

        if (strncmp(word, options[n].name, len) || word[len] != '=')
            continue;
        *(double *)(void *)((char *)w + options[n].offset) =
            strtod(word + len + 1, &end);
        if (!*end)
            return;
    }
    errx(2, "what is '%s'?", word);
}

int main(int argc, char **argv)
{
    struct way ways[2] = { { .name = "in", .burst = 1 },
                           { .name = "out", .burst = 1 } };
    struct way *w = NULL;

    if (argc < 4)
        errx(2, "usage: line INTERFACE TAP SEED [in|out WORD...]...");
    for (unsigned n = 0; n < 2; n++)
        ways[n].random = (strtoull(argv[3], NULL, 0) * 2 + n) * 2654435761u + 1;
    for (int n = 4; n < argc; n++) {
        if (!strcmp(argv[n], "in") || !strcmp(argv[n], "out"))
            w = &ways[argv[n][0] == 'o'];
        else if (w)
            set(w, argv[n]);
        else
            errx(2, "'%s' on which way?", argv[n]);
    }
    ways[0].in = ways[1].out = open_interface(argv[1]);
    ways[0].out = ways[1].in = open_tap(argv[2]);
    puts("ready");
    fflush(stdout);
    run(ways);
    return 0;
}
