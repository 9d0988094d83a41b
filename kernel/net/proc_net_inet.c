/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_net_inet.c - /proc/net/tcp and its like: internet sockets as netstat,
 * ss and lsof parse them.
 */
#include "core/string.h"
#include "fs/vfs.h"
#include "net/abi.h"
#include "net/inet_info.h"
#include "net/socket.h"

#pragma weak inet_for_each

#define TCP_LINE_LEN 149 /* of the files for IPv4: programs seek in them */
#define UDP_LINE_LEN 127
#define STATE_LISTEN 10

/* What one file shows, and how far it is. */
struct listing {
    struct text_file *t;
    uint8_t family, type;
    unsigned line;
    int err;
};

/* Words as they lie in memory, each in hexadecimal: that is the format. */
static int put_end(struct listing *l, const uint8_t *addr, uint16_t port)
{
    unsigned words = l->family == AF_INET ? 1 : 4;
    int err = 0;

    for (unsigned i = 0; !err && i < words; i++) {
        uint32_t word;

        memcpy(&word, addr + 4 * i, sizeof(word));
        err = text_printf(l->t, "%08X", word);
    }
    return err ? err : text_printf(l->t, ":%04X ", port);
}

/* Blanks up to the length of all lines, which some files have. */
static int put_line_end(struct listing *l, size_t start)
{
    size_t len = l->t->len - start, want = 0;

    if (l->family == AF_INET && l->type == SOCK_STREAM)
        want = TCP_LINE_LEN;
    else if (l->family == AF_INET && l->type == SOCK_DGRAM)
        want = UDP_LINE_LEN;
    return text_printf(l->t, "%*s\n", (int)(want - MIN(len, want)), "");
}

static int put_socket(struct listing *l, const struct inet_info *s)
{
    size_t start = l->t->len;
    bool is_stream = s->type == SOCK_STREAM;
    int err =
        text_printf(l->t, s->type == SOCK_DGRAM ? "%5u: " : "%4u: ", l->line++);

    if (!err)
        err = put_end(l, s->local, s->local_port);
    if (!err)
        err = put_end(l, s->remote, s->remote_port);
    if (!err)
        err = text_printf(l->t, "%02X %08X:%08X %02X:%08lX %08X %5u %8d %lu %u",
                          s->state, s->tx_queue, s->rx_queue, 0, 0ul, 0, s->uid,
                          0, s->inode, s->refs);
    if (!err && is_stream && s->state != STATE_LISTEN)
        err = text_printf(l->t, " %016x 20 4 30 10 -1", 0);
    else if (!err && is_stream)
        err = text_printf(l->t, " %016x 100 0 0 10 0", 0);
    else if (!err)
        err = text_printf(l->t, " %016x %u", 0, s->drops);
    return err ? err : put_line_end(l, start);
}

static bool list_one(const struct inet_info *s, void *arg)
{
    struct listing *l = arg;

    if (s->family == l->family && s->type == l->type)
        l->err = put_socket(l, s);
    return !l->err;
}

#define COLUMNS \
    "  st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define PACKET_COLUMNS " ref pointer drops"
#define ADDRESSES_4    "local_address rem_address "
#define ADDRESSES_6                          \
    "local_address                         " \
    "remote_address                      "

static const char *header_of(uint8_t family, uint8_t type)
{
    if (family == AF_INET6)
        return type == SOCK_STREAM
                   ? "  sl  " ADDRESSES_6 COLUMNS
                   : "  sl  " ADDRESSES_6 COLUMNS PACKET_COLUMNS;
    if (type == SOCK_STREAM)
        return "  sl  " ADDRESSES_4 COLUMNS;
    return type == SOCK_DGRAM ? "   sl  " ADDRESSES_4 COLUMNS PACKET_COLUMNS
                              : "  sl  " ADDRESSES_4 COLUMNS PACKET_COLUMNS;
}

static int show(struct text_file *t, uint8_t family, uint8_t type)
{
    struct listing l = { .t = t, .family = family, .type = type };
    size_t start = t->len;

    l.err = text_printf(t, "%s", header_of(family, type));
    if (!l.err)
        l.err = put_line_end(&l, start);
    if (!l.err && inet_for_each)
        inet_for_each(list_one, &l);
    return l.err;
}

int proc_net_show_tcp(struct text_file *t, void *inode)
{
    (void)inode;
    return show(t, AF_INET, SOCK_STREAM);
}

int proc_net_show_tcp6(struct text_file *t, void *inode)
{
    (void)inode;
    return show(t, AF_INET6, SOCK_STREAM);
}

int proc_net_show_udp(struct text_file *t, void *inode)
{
    (void)inode;
    return show(t, AF_INET, SOCK_DGRAM);
}

int proc_net_show_udp6(struct text_file *t, void *inode)
{
    (void)inode;
    return show(t, AF_INET6, SOCK_DGRAM);
}

int proc_net_show_raw(struct text_file *t, void *inode)
{
    (void)inode;
    return show(t, AF_INET, SOCK_RAW);
}

int proc_net_show_raw6(struct text_file *t, void *inode)
{
    (void)inode;
    return show(t, AF_INET6, SOCK_RAW);
}

/* ---- sums ---- */

struct sums {
    uint8_t family;
    unsigned tcp, orphan, time_wait, allocated, udp, raw;
    uint64_t tcp_bytes, udp_bytes; /* that wait */
};

static bool add_one(const struct inet_info *s, void *arg)
{
    struct sums *sum = arg;

    sum->orphan += s->is_orphan;
    sum->time_wait += s->is_time_wait;
    sum->allocated += s->type == SOCK_STREAM && !s->is_time_wait;
    if (s->type == SOCK_STREAM && s->state != STATE_LISTEN)
        sum->tcp_bytes += s->tx_queue + s->rx_queue;
    if (s->type == SOCK_DGRAM)
        sum->udp_bytes += s->rx_queue;
    if (s->family != sum->family)
        return true;
    sum->tcp += s->type == SOCK_STREAM && !s->is_time_wait && !s->is_orphan;
    sum->udp += s->type == SOCK_DGRAM;
    sum->raw += s->type == SOCK_RAW;
    return true;
}

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
}

int proc_net_show_sockstat(struct text_file *t, void *inode)
{
    struct sums sum = { .family = AF_INET };

    (void)inode;
    if (inet_for_each)
        inet_for_each(add_one, &sum);
    return text_printf(t,
                       "sockets: used %u\n"
                       "TCP: inuse %u orphan %u tw %u alloc %u mem %lu\n"
                       "UDP: inuse %u mem %lu\nUDPLITE: inuse 0\n"
                       "RAW: inuse %u\nFRAG: inuse 0 memory 0\n",
                       socket_total, sum.tcp, sum.orphan, sum.time_wait,
                       sum.allocated, pages_of(sum.tcp_bytes), sum.udp,
                       pages_of(sum.udp_bytes), sum.raw);
}

int proc_net_show_sockstat6(struct text_file *t, void *inode)
{
    struct sums sum = { .family = AF_INET6 };

    (void)inode;
    if (inet_for_each)
        inet_for_each(add_one, &sum);
    return text_printf(t,
                       "TCP6: inuse %u\nUDP6: inuse %u\nUDPLITE6: inuse 0\n"
                       "RAW6: inuse %u\nFRAG6: inuse 0 memory 0\n",
                       sum.tcp, sum.udp, sum.raw);
}
