/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_sockets.c - see trace_show.h: addresses, vectors, messages. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "cli/trace_show.h"

#define F TRACE_FLAG
#define V TRACE_VALUE
#define M TRACE_FIELD

#define SOCKADDR_MAX 128u
#define VECTOR_MAX   16u
#define CONTROL_MAX  256u
#define MANY_MAX     3u /* of sendmmsg(), are captured */
#define MMSGHDR_LEN  64u

/* ---- addresses ---- */

static const struct trace_flag families[] = {
    V(AF_UNSPEC),    V(AF_UNIX),
    V(AF_INET),      V(AF_INET6),
    V(AF_NETLINK),   V(AF_PACKET),
    V(AF_VSOCK),     V(AF_ALG),
    V(AF_BLUETOOTH), TRACE_FLAGS_END("AF_???"),
};
static const struct trace_flag socket_types[] = {
    M(SOCK_STREAM, 0xf), M(SOCK_DGRAM, 0xf),          M(SOCK_RAW, 0xf),
    M(SOCK_RDM, 0xf),    M(SOCK_SEQPACKET, 0xf),      F(SOCK_CLOEXEC),
    F(SOCK_NONBLOCK),    TRACE_FLAGS_END("SOCK_???"),
};
static const struct trace_flag protocols[] = {
    V(IPPROTO_IP),   V(IPPROTO_ICMP),
    V(IPPROTO_TCP),  V(IPPROTO_UDP),
    V(IPPROTO_IPV6), V(IPPROTO_ICMPV6),
    V(IPPROTO_RAW),  TRACE_FLAGS_END("IPPROTO_???"),
};
static const struct trace_flag netlink_families[] = {
    V(NETLINK_ROUTE),
    V(NETLINK_SOCK_DIAG),
    V(NETLINK_KOBJECT_UEVENT),
    V(NETLINK_GENERIC),
    TRACE_FLAGS_END("NETLINK_???"),
};

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_nl nl;
    struct sockaddr_ll ll;
    uint8_t bytes[SOCKADDR_MAX];
};

static void show_unix(FILE *to, const union address *a, size_t len)
{
    const uint8_t *path = (const uint8_t *)a->un.sun_path;
    size_t path_len = len - offsetof(struct sockaddr_un, sun_path);

    if (path_len > sizeof(a->un.sun_path))
        path_len = sizeof(a->un.sun_path);
    if (path_len == 0)
        return;
    fputs(path[0] ? ", sun_path=" : ", sun_path=@", to);
    if (path[0])
        trace_show_bytes(to, path, strnlen((const char *)path, path_len));
    else
        trace_show_bytes(to, path + 1, path_len - 1);
}

static void show_family(FILE *to, const union address *a, size_t len)
{
    char text[INET6_ADDRSTRLEN];

    if (a->any.sa_family == AF_INET && len >= sizeof(a->in)) {
        inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
        fprintf(to, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")",
                ntohs(a->in.sin_port), text);
    } else if (a->any.sa_family == AF_INET6 && len >= sizeof(a->in6)) {
        inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
        fprintf(to,
                ", sin6_port=htons(%u), sin6_flowinfo=htonl(%u), "
                "inet_pton(AF_INET6, \"%s\", &sin6_addr), sin6_scope_id=%u",
                ntohs(a->in6.sin6_port), ntohl(a->in6.sin6_flowinfo), text,
                a->in6.sin6_scope_id);
    } else if (a->any.sa_family == AF_UNIX) {
        show_unix(to, a, len);
    } else if (a->any.sa_family == AF_NETLINK && len >= sizeof(a->nl)) {
        fprintf(to, ", nl_pid=%u, nl_groups=%08x", a->nl.nl_pid,
                a->nl.nl_groups);
    } else if (a->any.sa_family == AF_PACKET && len >= sizeof(a->ll)) {
        fprintf(to, ", sll_protocol=htons(%#x), sll_ifindex=%d, ...",
                ntohs(a->ll.sll_protocol), a->ll.sll_ifindex);
    } else {
        fputs(", sa_data=", to);
        trace_show_bytes(to, a->bytes + sizeof(sa_family_t),
                         len - sizeof(sa_family_t));
    }
}

static void show_address(const struct trace_view *v, uint64_t va, uint64_t len)
{
    union address a = { 0 };
    size_t have = 0;
    const uint8_t *data = trace_find(v, va, &have);

    if (len > SOCKADDR_MAX)
        len = SOCKADDR_MAX;
    if (!data || len < sizeof(sa_family_t) || have < len) {
        trace_show_pointer(v, NULL, va, 0);
        return;
    }
    memcpy(&a, data, len);
    fputs("{sa_family=", v->to);
    trace_show_names(v->to, families, a.any.sa_family);
    show_family(v->to, &a, len);
    fputc('}', v->to);
}

static void show_sockaddr_in(const struct trace_view *v,
                             const struct trace_type *t, uint64_t value,
                             unsigned arg)
{
    (void)t;
    show_address(v, value,
                 arg + 1 < TRACE_ARG_MAX ? (uint32_t)v->e->arg[arg + 1] : 0);
}

static void show_sockaddr_out(const struct trace_view *v,
                              const struct trace_type *t, uint64_t value,
                              unsigned arg)
{
    uint32_t len = 0;

    (void)t;
    if (arg + 1 < TRACE_ARG_MAX)
        (void)trace_read(v, v->e->arg[arg + 1], &len, sizeof(len));
    show_address(v, value, len);
}

static void show_socklen(const struct trace_view *v, const struct trace_type *t,
                         uint64_t value, unsigned arg)
{
    struct trace_view before = *v;
    uint32_t from, to;

    before.phase = TRACE_OF_BEGIN;
    if (!trace_read(&before, value, &from, sizeof(from)))
        trace_show_pointer(v, t, value, arg);
    else if (!trace_read(v, value, &to, sizeof(to)) || from == to)
        fprintf(v->to, "[%u]", from);
    else
        fprintf(v->to, "[%u => %u]", from, to);
}

/* The protocol means something else in each family. */
static void show_protocol(const struct trace_view *v,
                          const struct trace_type *t, uint64_t value,
                          unsigned arg)
{
    uint32_t family = (uint32_t)v->e->arg[0];

    if (family == AF_INET || family == AF_INET6)
        trace_show_names(v->to, protocols, (uint32_t)value);
    else if (family == AF_NETLINK)
        trace_show_names(v->to, netlink_families, (uint32_t)value);
    else
        trace_show_int(v, t, value, arg);
}

/* ---- vectors ---- */

/* left: bytes of them that mean anything */
static void show_vector(const struct trace_view *v, uint64_t va, uint64_t count,
                        uint64_t left)
{
    size_t have = 0;
    uint64_t i;

    if (count == 0 && va != 0) {
        fputs("[]", v->to);
        return;
    }
    if (!trace_find(v, va, &have)) {
        trace_show_pointer(v, NULL, va, 0);
        return;
    }
    for (i = 0; i < count && 16 * (i + 1) <= have; i++) {
        uint64_t one[2], len;

        if (!trace_read(v, va + 16 * i, one, sizeof(one)))
            break;
        len = one[1] < left ? one[1] : left;
        left -= len;
        fputs(i > 0 ? ", {iov_base=" : "[{iov_base=", v->to);
        if (len == 0 && one[0] != 0 && v->e->result >= 0)
            fputs("\"\"", v->to);
        else
            trace_show_data(v, one[0], len);
        fprintf(v->to, ", iov_len=%llu}", (unsigned long long)one[1]);
    }
    fputs(i < count ? ", ...]" : "]", v->to);
}

static void show_vector_in(const struct trace_view *v,
                           const struct trace_type *t, uint64_t value,
                           unsigned arg)
{
    (void)t;
    show_vector(v, value, arg + 1 < TRACE_ARG_MAX ? v->e->arg[arg + 1] : 0,
                UINT64_MAX);
}

/* What failed has filled nothing in: the addresses are those of the begin. */
static void show_vector_out(const struct trace_view *v,
                            const struct trace_type *t, uint64_t value,
                            unsigned arg)
{
    struct trace_view before = *v;
    uint64_t count = arg + 1 < TRACE_ARG_MAX ? v->e->arg[arg + 1] : 0;

    (void)t;
    before.phase = TRACE_OF_BEGIN;
    if (v->e->is_over && v->e->result >= 0)
        show_vector(v, value, count, (uint64_t)v->e->result);
    else
        show_vector(&before, value, count, UINT64_MAX);
}

/* ---- messages ---- */

static const struct trace_flag message_flags[] = {
    F(MSG_OOB),      F(MSG_PEEK),         F(MSG_DONTROUTE),
    F(MSG_CTRUNC),   F(MSG_PROXY),        F(MSG_TRUNC),
    F(MSG_DONTWAIT), F(MSG_EOR),          F(MSG_WAITALL),
    F(MSG_FIN),      F(MSG_SYN),          F(MSG_CONFIRM),
    F(MSG_RST),      F(MSG_ERRQUEUE),     F(MSG_NOSIGNAL),
    F(MSG_MORE),     F(MSG_WAITFORONE),   F(MSG_BATCH),
    F(MSG_FASTOPEN), F(MSG_CMSG_CLOEXEC), TRACE_FLAGS_END("MSG_???"),
};
static const struct trace_flag levels[] = {
    V(SOL_SOCKET),
    { 0, UINT64_MAX, "SOL_IP" },
    { IPPROTO_TCP, UINT64_MAX, "SOL_TCP" },
    { IPPROTO_UDP, UINT64_MAX, "SOL_UDP" },
    { IPPROTO_IPV6, UINT64_MAX, "SOL_IPV6" },
    { IPPROTO_ICMPV6, UINT64_MAX, "SOL_ICMPV6" },
    { 255, UINT64_MAX, "SOL_RAW" },
    { 263, UINT64_MAX, "SOL_PACKET" },
    { 270, UINT64_MAX, "SOL_NETLINK" },
    TRACE_FLAGS_END("SOL_??"),
};
static const struct trace_flag control_types[] = {
    V(SCM_RIGHTS),
    V(SCM_CREDENTIALS),
    { SO_TIMESTAMP, UINT64_MAX, "SO_TIMESTAMP_OLD" },
    TRACE_FLAGS_END("SCM_???"),
};

static void show_rights(const struct trace_view *v, uint64_t va, uint64_t len)
{
    uint64_t i;

    for (i = 0; i < len / 4; i++) {
        int32_t fd = 0;

        (void)trace_read(v, va + 4 * i, &fd, sizeof(fd));
        fprintf(v->to, i > 0 ? ", %d" : "[%d", fd);
    }
    fputc(']', v->to);
}

static void show_credentials(const struct trace_view *v, uint64_t va)
{
    uint32_t c[3] = { 0 };

    (void)trace_read(v, va, c, sizeof(c));
    fprintf(v->to, "{pid=%u, uid=%u, gid=%u}", c[0], c[1], c[2]);
}

/* One control message of at most len bytes. -> its length with padding, 0: it
 * was no message, or the last */
static uint64_t show_cmsg(const struct trace_view *v, uint64_t va, uint64_t len)
{
    struct cmsghdr c;
    uint64_t data, data_len;

    if (len < sizeof(c) || !trace_read(v, va, &c, sizeof(c)) ||
        c.cmsg_len < sizeof(c) || c.cmsg_len > len)
        return 0;
    data = va + sizeof(c);
    data_len = c.cmsg_len - sizeof(c);
    fprintf(v->to, "{cmsg_len=%zu, cmsg_level=", (size_t)c.cmsg_len);
    trace_show_names(v->to, levels, (uint32_t)c.cmsg_level);
    fputs(", cmsg_type=", v->to);
    if (c.cmsg_level == SOL_SOCKET)
        trace_show_names(v->to, control_types, (uint32_t)c.cmsg_type);
    else
        fprintf(v->to, "%#x", (unsigned)c.cmsg_type);
    if (data_len > 0)
        fputs(", cmsg_data=", v->to);
    if (c.cmsg_level == SOL_SOCKET && c.cmsg_type == SCM_RIGHTS && data_len > 3)
        show_rights(v, data, data_len < CONTROL_MAX ? data_len : CONTROL_MAX);
    else if (c.cmsg_level == SOL_SOCKET && c.cmsg_type == SCM_CREDENTIALS)
        show_credentials(v, data);
    else if (data_len > 0)
        trace_show_data(v, data, data_len);
    fputc('}', v->to);
    return (c.cmsg_len + 7) & ~7ull;
}

static void show_control(const struct trace_view *v, uint64_t va, uint64_t len)
{
    uint64_t step, at = 0;

    while (at < len && at < CONTROL_MAX) {
        fputs(at > 0 ? ", " : "[", v->to);
        step = show_cmsg(v, va + at, len - at);
        if (step == 0)
            break;
        at += step;
    }
    if (at == 0)
        trace_show_pointer(v, NULL, va, 0);
    else
        fputc(']', v->to);
}

/* left: bytes of its vector that mean anything; name_len: as the call got it */
static void show_message(const struct trace_view *v, uint64_t va, uint64_t left,
                         uint32_t name_len)
{
    struct msghdr m;

    if (!trace_read(v, va, &m, sizeof(m))) {
        trace_show_pointer(v, NULL, va, 0);
        return;
    }
    fputs("{msg_name=", v->to);
    show_address(v, (uint64_t)m.msg_name, m.msg_namelen);
    if (name_len == m.msg_namelen)
        fprintf(v->to, ", msg_namelen=%u, msg_iov=", name_len);
    else
        fprintf(v->to, ", msg_namelen=%u => %u, msg_iov=", name_len,
                m.msg_namelen);
    show_vector(v, (uint64_t)m.msg_iov, m.msg_iovlen, left);
    fprintf(v->to, ", msg_iovlen=%zu", m.msg_iovlen);
    if (m.msg_controllen > 0) {
        fputs(", msg_control=", v->to);
        show_control(v, (uint64_t)m.msg_control, m.msg_controllen);
    }
    fprintf(v->to, ", msg_controllen=%zu, msg_flags=", m.msg_controllen);
    trace_show_names(v->to, message_flags, (uint32_t)m.msg_flags);
    fputc('}', v->to);
}

static void show_message_in(const struct trace_view *v,
                            const struct trace_type *t, uint64_t value,
                            unsigned arg)
{
    struct msghdr m = { 0 };

    (void)t;
    (void)arg;
    (void)trace_read(v, value, &m, sizeof(m));
    show_message(v, value, UINT64_MAX, m.msg_namelen);
}

static void show_message_out(const struct trace_view *v,
                             const struct trace_type *t, uint64_t value,
                             unsigned arg)
{
    struct trace_view before = *v;
    struct msghdr m;

    before.phase = TRACE_OF_BEGIN;
    if (!trace_read(&before, value, &m, sizeof(m)))
        trace_show_pointer(v, t, value, arg);
    else if (!v->e->is_over || v->e->result < 0)
        fprintf(v->to, "{msg_namelen=%u}", m.msg_namelen);
    else
        show_message(v, value, (uint64_t)v->e->result, m.msg_namelen);
}

/* As many as were sent or received. */
static void show_messages(const struct trace_view *v,
                          const struct trace_type *t, uint64_t value,
                          unsigned arg)
{
    uint64_t count = v->e->is_over && v->e->result > 0 ? v->e->result : 0;
    uint64_t i;

    if (count == 0) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    for (i = 0; i < count && i < MANY_MAX; i++) {
        uint64_t at = value + MMSGHDR_LEN * i;
        struct msghdr m = { 0 };
        uint32_t len = 0;

        (void)trace_read(v, at, &m, sizeof(m));
        (void)trace_read(v, at + sizeof(m), &len, sizeof(len));
        fputs(i > 0 ? ", {msg_hdr=" : "[{msg_hdr=", v->to);
        show_message(v, at, len, m.msg_namelen);
        fprintf(v->to, ", msg_len=%u}", len);
    }
    fputs(i < count ? ", ...]" : "]", v->to);
}

static const struct trace_flag shut_hows[] = {
    V(SHUT_RD),
    V(SHUT_WR),
    V(SHUT_RDWR),
    TRACE_FLAGS_END("SHUT_???"),
};

/* ---- what is captured ---- */

#define B  TRACE_AT_BEGIN
#define E  TRACE_AT_END
#define BL (TRACE_AT_BEGIN | TRACE_LAST)
#define EL (TRACE_AT_END | TRACE_LAST)
#define W  TRACE_WORD

static const struct trace_op address_in[] = {
    { BL, 0, 1, TRACE_BYTES, 1, SOCKADDR_MAX },
};
static const struct trace_op address_out[] = {
    { EL, 0, 1, TRACE_POINTED, 1, SOCKADDR_MAX },
};
static const struct trace_op vector_in[] = {
    { B, 0, 1, TRACE_BYTES, 16, VECTOR_MAX },
    { BL, 0, TRACE_ALL, TRACE_VECTOR, 1, 0 },
};
static const struct trace_op vector_out[] = {
    { B, 0, 1, TRACE_BYTES, 16, VECTOR_MAX },
    { E, 0, 1, TRACE_BYTES, 16, VECTOR_MAX },
    { EL, 0, TRACE_ALL, TRACE_VECTOR, 1, 0 },
};
/* A struct msghdr that begins with this word of the frame */
#define MESSAGE(when, word)                                                    \
    { when, W + (word), W + (word) + 1, TRACE_INT, 1, SOCKADDR_MAX },          \
        { when, W + (word) + 2, W + (word) + 3, TRACE_BYTES, 16, VECTOR_MAX }, \
        { when, W, TRACE_ALL, TRACE_VECTOR, 1, 0 },                            \
    {                                                                          \
        when, W + (word) + 4, W + (word) + 5, TRACE_BYTES, 1, CONTROL_MAX      \
    }
static const struct trace_op message_in[] = {
    { B, 0, TRACE_ALL, TRACE_BYTES, 1, 56 },
    MESSAGE(B, 0),
    { BL, 0, TRACE_ALL, TRACE_BYTES, 1, 0 },
};
static const struct trace_op message_out[] = {
    { B, 0, TRACE_ALL, TRACE_BYTES, 1, 56 },
    { E, 0, TRACE_ALL, TRACE_BYTES, 1, 56 },
    MESSAGE(E, 0),
    { EL, 0, TRACE_ALL, TRACE_BYTES, 1, 0 },
};
static const struct trace_op messages_out[] = {
    { E, 0, TRACE_RESULT, TRACE_BYTES, MMSGHDR_LEN, MANY_MAX },
    MESSAGE(E, 0),
    MESSAGE(E, 8),
    MESSAGE(E, 16),
    { EL, 0, TRACE_ALL, TRACE_BYTES, 1, 0 },
};

const struct trace_type trace_types_sockets[] = {
    { "families", trace_show_flags, families, 0, 0, NULL },
    { "socket_types", trace_show_flags, socket_types, 0, 0, NULL },
    { .name = "protocol", .show = show_protocol },
    { "message_flags", trace_show_flags, message_flags, 0, 0, NULL },
    { "shut_hows", trace_show_flags, shut_hows, 0, 0, NULL },
    { "levels", trace_show_flags, levels, 0, 0, NULL },
    { "address", show_sockaddr_in, NULL, 0, TRACE_AT_BEGIN, address_in },
    { "address>", show_sockaddr_out, NULL, 0, TRACE_AT_END, address_out },
    { "socklen>", show_socklen, NULL, 4, TRACE_AT_BEGIN | TRACE_AT_END, NULL },
    { "vector", show_vector_in, NULL, 0, TRACE_AT_BEGIN, vector_in },
    { "vector>", show_vector_out, NULL, 0, TRACE_AT_END, vector_out },
    { "message", show_message_in, NULL, 0, TRACE_AT_BEGIN, message_in },
    { "message>", show_message_out, NULL, 0, TRACE_AT_END, message_out },
    { "messages>", show_messages, NULL, 0, TRACE_AT_END, messages_out },
    { 0 },
};
