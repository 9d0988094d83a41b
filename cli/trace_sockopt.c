/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_sockopt.c - see trace_show.h: options of sockets. */
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "cli/trace_show.h"

#define V TRACE_VALUE

#define VALUE_MAX 128u

static const struct trace_flag socket_options[] = {
    V(SO_DEBUG),
    V(SO_REUSEADDR),
    V(SO_TYPE),
    V(SO_ERROR),
    V(SO_DONTROUTE),
    V(SO_BROADCAST),
    V(SO_SNDBUF),
    V(SO_RCVBUF),
    V(SO_KEEPALIVE),
    V(SO_OOBINLINE),
    V(SO_NO_CHECK),
    V(SO_PRIORITY),
    V(SO_LINGER),
    V(SO_REUSEPORT),
    V(SO_PASSCRED),
    V(SO_PEERCRED),
    V(SO_RCVLOWAT),
    V(SO_SNDLOWAT),
    V(SO_ACCEPTCONN),
    V(SO_PEERNAME),
    V(SO_SNDBUFFORCE),
    V(SO_RCVBUFFORCE),
    V(SO_PROTOCOL),
    V(SO_DOMAIN),
    V(SO_BINDTODEVICE),
    V(SO_ATTACH_FILTER),
    V(SO_DETACH_FILTER),
    V(SO_LOCK_FILTER),
    V(SO_INCOMING_CPU),
    V(SO_BUSY_POLL),
    V(SO_MARK),
    V(SO_PEEK_OFF),
    V(SO_ZEROCOPY),
    { SO_RCVTIMEO, UINT64_MAX, "SO_RCVTIMEO_OLD" },
    { SO_SNDTIMEO, UINT64_MAX, "SO_SNDTIMEO_OLD" },
    { SO_TIMESTAMP, UINT64_MAX, "SO_TIMESTAMP_OLD" },
    TRACE_FLAGS_END("SO_???"),
};
static const struct trace_flag ip_options[] = {
    V(IP_TOS),
    V(IP_TTL),
    V(IP_HDRINCL),
    V(IP_RECVOPTS),
    V(IP_PKTINFO),
    V(IP_MTU_DISCOVER),
    V(IP_RECVERR),
    V(IP_RECVTTL),
    V(IP_RECVTOS),
    V(IP_MTU),
    V(IP_FREEBIND),
    V(IP_TRANSPARENT),
    V(IP_MULTICAST_IF),
    V(IP_MULTICAST_TTL),
    V(IP_MULTICAST_LOOP),
    V(IP_ADD_MEMBERSHIP),
    V(IP_DROP_MEMBERSHIP),
    V(IP_ADD_SOURCE_MEMBERSHIP),
    V(IP_DROP_SOURCE_MEMBERSHIP),
    V(IP_BLOCK_SOURCE),
    V(IP_UNBLOCK_SOURCE),
    V(MCAST_JOIN_GROUP),
    V(MCAST_LEAVE_GROUP),
    V(MCAST_JOIN_SOURCE_GROUP),
    V(MCAST_LEAVE_SOURCE_GROUP),
    V(MCAST_BLOCK_SOURCE),
    V(MCAST_UNBLOCK_SOURCE),
    V(IP_MULTICAST_ALL),
    V(IP_BIND_ADDRESS_NO_PORT),
    TRACE_FLAGS_END("IP_???"),
};
static const struct trace_flag ipv6_options[] = {
    V(IPV6_V6ONLY),
    V(IPV6_UNICAST_HOPS),
    V(IPV6_MULTICAST_IF),
    V(IPV6_MULTICAST_HOPS),
    V(IPV6_MULTICAST_LOOP),
    V(IPV6_MTU_DISCOVER),
    V(IPV6_MTU),
    V(IPV6_RECVERR),
    V(IPV6_RECVPKTINFO),
    V(IPV6_PKTINFO),
    V(IPV6_TCLASS),
    V(IPV6_RECVTCLASS),
    V(IPV6_RECVHOPLIMIT),
    V(IPV6_JOIN_GROUP),
    V(IPV6_LEAVE_GROUP),
    V(IPV6_MULTICAST_ALL),
    V(MCAST_JOIN_GROUP),
    V(MCAST_LEAVE_GROUP),
    V(MCAST_JOIN_SOURCE_GROUP),
    V(MCAST_LEAVE_SOURCE_GROUP),
    V(MCAST_BLOCK_SOURCE),
    V(MCAST_UNBLOCK_SOURCE),
    TRACE_FLAGS_END("IPV6_???"),
};
static const struct trace_flag tcp_options[] = {
    V(TCP_NODELAY),
    V(TCP_MAXSEG),
    V(TCP_CORK),
    V(TCP_KEEPIDLE),
    V(TCP_KEEPINTVL),
    V(TCP_KEEPCNT),
    V(TCP_SYNCNT),
    V(TCP_LINGER2),
    V(TCP_DEFER_ACCEPT),
    V(TCP_WINDOW_CLAMP),
    V(TCP_INFO),
    V(TCP_QUICKACK),
    V(TCP_CONGESTION),
    V(TCP_USER_TIMEOUT),
    V(TCP_FASTOPEN),
    V(TCP_NOTSENT_LOWAT),
    V(TCP_FASTOPEN_CONNECT),
    TRACE_FLAGS_END("TCP_???"),
};

static const struct trace_flag packet_options[] = {
    V(PACKET_ADD_MEMBERSHIP),  V(PACKET_DROP_MEMBERSHIP),
    V(PACKET_RX_RING),         V(PACKET_STATISTICS),
    V(PACKET_COPY_THRESH),     V(PACKET_AUXDATA),
    V(PACKET_ORIGDEV),         V(PACKET_VERSION),
    V(PACKET_HDRLEN),          V(PACKET_RESERVE),
    V(PACKET_TX_RING),         V(PACKET_LOSS),
    V(PACKET_VNET_HDR),        V(PACKET_TX_TIMESTAMP),
    V(PACKET_TIMESTAMP),       V(PACKET_FANOUT),
    V(PACKET_TX_HAS_OFF),      V(PACKET_QDISC_BYPASS),
    V(PACKET_IGNORE_OUTGOING), TRACE_FLAGS_END("PACKET_???"),
};

static void show_option(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    const uint32_t name = (uint32_t)value;

    switch ((uint32_t)v->e->arg[1]) {
    case SOL_SOCKET:
        trace_show_names(v->to, socket_options, name);
        break;
    case IPPROTO_IP:
        trace_show_names(v->to, ip_options, name);
        break;
    case IPPROTO_IPV6:
        trace_show_names(v->to, ipv6_options, name);
        break;
    case IPPROTO_TCP:
        trace_show_names(v->to, tcp_options, name);
        break;
    case SOL_PACKET:
        trace_show_names(v->to, packet_options, name);
        break;
    default:
        trace_show_int(v, t, value, arg);
        break;
    }
}

/* len bytes of a value: mostly a number. */
static void show_value(const struct trace_view *v, uint64_t va, uint32_t len)
{
    const bool is_socket = (uint32_t)v->e->arg[1] == SOL_SOCKET;
    const uint32_t name = (uint32_t)v->e->arg[2];
    int32_t n[4];

    if (is_socket && name == SO_LINGER && len >= 8 && trace_read(v, va, n, 8))
        fprintf(v->to, "{l_onoff=%d, l_linger=%d}", n[0], n[1]);
    else if (is_socket && name == SO_PEERCRED && len >= 12 &&
             trace_read(v, va, n, 12))
        fprintf(v->to, "{pid=%d, uid=%d, gid=%d}", n[0], n[1], n[2]);
    else if (len == 4 && trace_read(v, va, n, 4))
        fprintf(v->to, "[%d]", n[0]);
    else
        trace_show_data(v, va, len);
}

static void show_value_in(const struct trace_view *v,
                          const struct trace_type *t, uint64_t value,
                          unsigned arg)
{
    size_t have;

    if (!trace_find(v, value, &have))
        trace_show_pointer(v, t, value, arg);
    else
        show_value(v, value, (uint32_t)v->e->arg[4]);
}

static void show_value_out(const struct trace_view *v,
                           const struct trace_type *t, uint64_t value,
                           unsigned arg)
{
    uint32_t len;
    size_t have;

    if (!trace_read(v, v->e->arg[4], &len, sizeof(len)) ||
        !trace_find(v, value, &have))
        trace_show_pointer(v, t, value, arg);
    else
        show_value(v, value, len);
}

static const struct trace_op value_in[] = {
    { TRACE_AT_BEGIN | TRACE_LAST, 0, 1, TRACE_BYTES, 1, VALUE_MAX },
};
static const struct trace_op value_out[] = {
    { TRACE_AT_END | TRACE_LAST, 0, 1, TRACE_POINTED, 1, VALUE_MAX },
};

const struct trace_type trace_types_sockopt[] = {
    { .name = "option", .show = show_option },
    { "value", show_value_in, NULL, 0, TRACE_AT_BEGIN, value_in },
    { "value>", show_value_out, NULL, 0, TRACE_AT_END, value_out },
    { 0 },
};
