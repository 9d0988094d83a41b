/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_net.c - /proc/net: interfaces, addresses, routes and neighbours, in the
 * columns that net-tools and run times parse.
 */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/pseudo.h"
#include "net/abi.h"
#include "net/address.h"
#include "net/if_abi.h"
#include "net/inet_info.h"
#include "net/netif.h"
#include "net/packet.h"

#define ROUTE_LINE_LEN 127 /* of /proc/net/route: programs seek in it */
#define ATF_COM        2   /* an ARP entry is complete */
#define RTF_LOCAL      0x80000000u
#define RTF_NONEXTHOP  0x00200000u

static int show_dev(struct text_file *t, void *inode)
{
    struct netif_link l;
    int err = text_printf(
        t, "Inter-|   Receive                                                "
           "|  Transmit\n"
           " face |bytes    packets errs drop fifo frame compressed multicast|"
           "bytes    packets errs drop fifo colls carrier compressed\n");

    (void)inode;
    for (unsigned n = 0; !err && netif_link(n, &l); n++) {
        const struct netif_stats *s = &l.stats;

        err =
            text_printf(t,
                        "%6s: %7lu %7lu %4lu %4lu %4u %5u %10u %9lu "
                        "%8lu %7lu %4lu %4lu %4u %5u %7u %10u\n",
                        l.name, s->rx_bytes, s->rx_packets, s->rx_errors,
                        s->rx_dropped, 0, 0, 0, s->rx_multicast, s->tx_bytes,
                        s->tx_packets, s->tx_errors, s->tx_dropped, 0, 0, 0, 0);
    }
    return err;
}

/* ---- IPv4 ---- */

static uint32_t word_of(const uint8_t *addr)
{
    uint32_t word;

    memcpy(&word, addr, sizeof(word));
    return word; /* as it lies in memory: that is the format */
}

static uint32_t mask_of(unsigned prefix_len)
{
    uint32_t mask = prefix_len ? ~0u << (32 - prefix_len) : 0;

    return __builtin_bswap32(mask);
}

/* A line and blanks up to the length that all have. */
static int put_padded(struct text_file *t, size_t start)
{
    size_t len = t->len - start;

    return text_printf(t, "%*s\n", (int)(ROUTE_LINE_LEN - MIN(len, 127u)), "");
}

static int put_route(struct text_file *t, const struct netif_route *r)
{
    size_t start = t->len;
    struct netif_link l;
    int err;

    if (!netif_link_by_index(r->index, &l))
        return 0;
    err = text_printf(t, "%s\t%08X\t%08X\t%04X\t%d\t%u\t%d\t%08X\t%d\t%u\t%u",
                      l.name, word_of(r->dst),
                      r->has_gateway ? word_of(r->gateway) : 0,
                      RTF_UP | (r->has_gateway ? RTF_GATEWAY : 0) |
                          (r->dst_len == 32 ? RTF_HOST : 0),
                      0, 0, (int)r->metric, mask_of(r->dst_len), 0, 0, 0);
    return err ? err : put_padded(t, start);
}

static int show_route(struct text_file *t, void *inode)
{
    struct netif_route r;
    unsigned at = 0;
    size_t start = t->len;
    int err = text_printf(t, "Iface\tDestination\tGateway \tFlags\tRefCnt\t"
                             "Use\tMetric\tMask\t\tMTU\tWindow\tIRTT");

    (void)inode;
    if (!err)
        err = put_padded(t, start);
    while (!err && netif_route_next(&at, &r))
        if (r.family == AF_INET && r.table == RT_TABLE_MAIN)
            err = put_route(t, &r);
    return err;
}

static int show_arp(struct text_file *t, void *inode)
{
    struct netif_neighbour n;
    struct netif_link l;
    char ip[ADDRESS_TEXT_LEN];
    int err = text_printf(t, "IP address       HW type     Flags       "
                             "HW address            Mask     Device\n");

    (void)inode;
    for (unsigned i = 0; !err && netif_neighbour(i, &n); i++) {
        if (n.family != AF_INET || !netif_link_by_index(n.index, &l))
            continue;
        err = text_printf(
            t,
            "%-16s 0x%-10x0x%-10x%02x:%02x:%02x:%02x:%02x:%02x     *        "
            "%s\n",
            address_format(ip, AF_INET, n.addr), l.type,
            n.state & (NUD_INCOMPLETE | NUD_FAILED) ? 0 : ATF_COM, n.mac[0],
            n.mac[1], n.mac[2], n.mac[3], n.mac[4], n.mac[5], l.name);
    }
    return err;
}

/* ---- IPv6 ---- */

static int put_hex(struct text_file *t, const uint8_t *addr)
{
    int err = 0;

    for (unsigned i = 0; !err && i < 16; i++)
        err = text_printf(t, "%02x", addr[i]);
    return err;
}

/* IPV6_ADDR_* of an address, which is not rtnetlink's scope. */
static unsigned scope_of(const struct netif_addr *a)
{
    switch (a->scope) {
    case RT_SCOPE_HOST:
        return 0x10;
    case RT_SCOPE_LINK:
        return 0x20;
    case RT_SCOPE_SITE:
        return 0x40;
    default:
        return 0;
    }
}

static int show_if_inet6(struct text_file *t, void *inode)
{
    struct netif_addr a;
    struct netif_link l;
    int err = 0;

    (void)inode;
    for (unsigned n = 0; !err && netif_addr(n, &a); n++) {
        if (a.family != AF_INET6 || !netif_link_by_index(a.index, &l))
            continue;
        err = put_hex(t, a.addr);
        if (!err)
            err =
                text_printf(t, " %02x %02x %02x %02x %8s\n", a.index,
                            a.prefix_len, scope_of(&a), a.flags & 0xff, l.name);
    }
    return err;
}

static int put_route_6(struct text_file *t, const struct netif_route *r)
{
    static const uint8_t none[16];
    struct netif_link l;
    unsigned flags = RTF_UP;
    int err;

    if (!netif_link_by_index(r->index, &l))
        return 0;
    if (r->has_gateway)
        flags |= RTF_GATEWAY;
    if (r->type == RTN_LOCAL)
        flags |= RTF_LOCAL | RTF_NONEXTHOP;
    err = put_hex(t, r->dst);
    if (!err)
        err = text_printf(t, " %02x ", r->dst_len);
    if (!err)
        err = put_hex(t, none);
    if (!err)
        err = text_printf(t, " 00 ");
    if (!err)
        err = put_hex(t, r->has_gateway ? r->gateway : none);
    return err ? err
               : text_printf(t, " %08x %08x %08x %08x %8s\n", r->metric, 1, 0,
                             flags, l.name);
}

static int show_ipv6_route(struct text_file *t, void *inode)
{
    struct netif_route r;
    unsigned at = 0;
    int err = 0;

    (void)inode;
    while (!err && netif_route_next(&at, &r))
        if (r.family == AF_INET6)
            err = put_route_6(t, &r);
    return err;
}

/* ---- counters ---- */

/* A part (parts.def): absent in kernels without what the protocols count. */
#pragma weak packet_show
#pragma weak proc_net_show_snmp
#pragma weak proc_net_show_snmp6
#pragma weak proc_net_show_netstat

static int show_snmp(struct text_file *t, void *inode)
{
    return proc_net_show_snmp ? proc_net_show_snmp(t, inode) : 0;
}

static int show_snmp6(struct text_file *t, void *inode)
{
    return proc_net_show_snmp6 ? proc_net_show_snmp6(t, inode) : 0;
}

static int show_netstat(struct text_file *t, void *inode)
{
    return proc_net_show_netstat ? proc_net_show_netstat(t, inode) : 0;
}

/* The first CPU receives all. Nothing is squeezed, steered or limited here. */
static int show_softnet(struct text_file *t, void *inode)
{
    struct netif_link l;
    uint64_t packets = 0, dropped = 0;

    (void)inode;
    for (unsigned n = 0; netif_link(n, &l); n++) {
        packets += l.stats.rx_packets;
        dropped += l.stats.rx_dropped;
    }
    return text_printf(t,
                       "%08x %08x %08x %08x %08x %08x %08x %08x %08x %08x "
                       "%08x %08x %08x %08x %08x\n",
                       (uint32_t)packets, (uint32_t)dropped, 0, 0, 0, 0, 0, 0,
                       0, 0, 0, 0, 0, 0, 0);
}

/* ---- all of them ---- */

static int show_packet(struct text_file *t, void *inode)
{
    int err = text_printf(t, "sk               RefCnt Type Proto  Iface R Rmem "
                             "  User   Inode\n");

    (void)inode;
    return err || !packet_show ? err : packet_show(t);
}

const struct pseudo_node net_proc_nodes[] = {
    PSEUDO_FILE("arp", show_arp),
    PSEUDO_FILE("dev", show_dev),
    PSEUDO_FILE("if_inet6", show_if_inet6),
    PSEUDO_FILE("igmp", proc_net_show_igmp),
    PSEUDO_FILE("igmp6", proc_net_show_igmp6),
    PSEUDO_FILE("ipv6_route", show_ipv6_route),
    PSEUDO_FILE("netstat", show_netstat),
    PSEUDO_FILE("packet", show_packet),
    PSEUDO_FILE("raw", proc_net_show_raw),
    PSEUDO_FILE("raw6", proc_net_show_raw6),
    PSEUDO_FILE("route", show_route),
    PSEUDO_FILE("snmp", show_snmp),
    PSEUDO_FILE("snmp6", show_snmp6),
    PSEUDO_FILE("sockstat", proc_net_show_sockstat),
    PSEUDO_FILE("sockstat6", proc_net_show_sockstat6),
    PSEUDO_FILE("softnet_stat", show_softnet),
    PSEUDO_FILE("tcp", proc_net_show_tcp),
    PSEUDO_FILE("tcp6", proc_net_show_tcp6),
    PSEUDO_FILE("udp", proc_net_show_udp),
    PSEUDO_FILE("udp6", proc_net_show_udp6),
    { .name = NULL },
};
