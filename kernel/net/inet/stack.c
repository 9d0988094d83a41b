/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack.c - lwIP in the kernel: its beginning, its questions, creating sockets.
 */
#include "core/errno.h"
#include "core/panic.h"
#include "inet_hooks.h"
#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/ip6.h"
#include "lwip/priv/raw_priv.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "net/inet/conn.h"
#include "net/inet/cookie.h"
#include "net/inet/device.h"
#include "net/inet/dgram.h"
#include "net/inet/ifconfig.h"
#include "net/inet/inet.h"
#include "net/inet/loop.h"
#include "random/pool.h"
#include "sched/process.h"
#include "time/clock.h"

/* Of the parts IPPROTO_IP, without which nobody is in a group, and SOCK_RAW. */
#pragma weak inet_groups_leave
#pragma weak raw_take
#pragma weak raw_create

#define SHORT_SHARE  8u    /* of all pages: with fewer free, memory is short */
#define HELD_SHARE   4u    /* of all memory, what lwIP may hold */
#define BUFFER_SHARE 8u    /* ... and of what it may yet, one socket */
#define SPARE_SHARE  16u   /* of all memory, which connections leave free */
#define SOCKET_LEN   1400u /* beside a pcb: conn, socket, file, watch */

struct inet_counters inet_counters;

/* ---- memory ---- */

size_t inet_memory_held;

void *inet_malloc(size_t len)
{
    void *p = kmalloc(len);

    while (!p && conn_drop_time_wait())
        p = kmalloc(len);
    if (p)
        inet_memory_held += kmalloc_len(p);
    return p;
}

void *inet_calloc(size_t count, size_t len)
{
    void *p = inet_malloc(count * len);

    if (p)
        memset(p, 0, count * len);
    return p;
}

void inet_free(void *p)
{
    inet_memory_held -= kmalloc_len(p);
    kfree(p);
}

static size_t may_hold(void)
{
    return page_total_count() * PAGE_SIZE / HELD_SHARE;
}

bool inet_memory_is_full(void)
{
    return inet_memory_held >= may_hold();
}

bool inet_is_crowded(unsigned waiting)
{
    size_t share = page_total_count() / SPARE_SHARE;

    return page_free_count() < share + waiting &&
           inet_memory_held + conn_count() * SOCKET_LEN >= share * PAGE_SIZE;
}

/* Read at each use: the program's memory comes first. What was accepted for
 * sending cannot be taken back, so the more is held, the less each socket may
 * have beside it. */
uint32_t inet_buffer_limit(uint32_t wanted)
{
    size_t all = may_hold(), share;

    if (UNLIKELY(page_free_count() < page_total_count() / SHORT_SHARE) ||
        UNLIKELY(inet_memory_held >= all))
        return MIN(wanted, INET_BUFFER_MIN);
    share =
        MAX((all - inet_memory_held) / BUFFER_SHARE, (size_t)INET_BUFFER_MIN);
    return (uint32_t)MIN((size_t)wanted, share);
}

/* ---- checksums ---- */

static uint64_t add(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word);
}

/* Eight bytes at a time, carries collected: the sum is the same in any order
 * of the two bytes of a word, but for their order in the result. */
uint16_t inet_checksum(const void *data, int len)
{
    const uint8_t *p = data;
    unsigned left = (unsigned)len;
    uint64_t sum = 0, word;
    uint32_t half;

    for (; left >= 8; left -= 8, p += 8) {
        __builtin_memcpy(&word, p, 8);
        sum = add(sum, word);
    }
    if (left >= 4) {
        __builtin_memcpy(&half, p, 4);
        sum = add(sum, half);
        left -= 4;
        p += 4;
    }
    for (unsigned i = 0; i < left; i++)
        sum = add(sum, (uint64_t)p[i] << (8 * i));
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* ---- sequence numbers ---- */

static uint64_t secret[2];

/* One round of SipHash. */
static void sip_round(uint64_t v[4])
{
#define ROTATE(x, n) ((x) << (n) | (x) >> (64 - (n)))
    v[0] += v[1];
    v[1] = ROTATE(v[1], 13) ^ v[0];
    v[0] = ROTATE(v[0], 32);
    v[2] += v[3];
    v[3] = ROTATE(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = ROTATE(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = ROTATE(v[1], 17) ^ v[2];
    v[2] = ROTATE(v[2], 32);
#undef ROTATE
}

uint64_t inet_sip_hash(const uint64_t key[2], const uint64_t *words,
                       unsigned count)
{
    uint64_t v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                      key[0] ^ 0x6c7967656e657261,
                      key[1] ^ 0x7465646279746573 };

    for (unsigned i = 0; i < count; i++) {
        v[3] ^= words[i];
        sip_round(v);
        sip_round(v);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t inet_hash_ends(const ip_addr_t *local, uint16_t local_port,
                        const ip_addr_t *remote, uint16_t remote_port,
                        uint64_t more)
{
    uint64_t words[6];

    memcpy(&words[0], ip_2_ip6(local)->addr, 16);
    memcpy(&words[2], ip_2_ip6(remote)->addr, 16);
    if (!IP_IS_V6(local)) { /* the rest of the union may hold anything */
        words[0] = ip_2_ip4(local)->addr;
        words[2] = ip_2_ip4(remote)->addr;
        words[1] = words[3] = 0;
    }
    words[4] = (uint64_t)local_port << 16 | remote_port;
    words[5] = more;
    return inet_sip_hash(secret, words, ARRAY_LEN(words));
}

/* Of another number of words than two ends have. */
uint64_t inet_random(void)
{
    static uint64_t words[2] = { 0, 2ull * sizeof(uint64_t) << 56 };

    words[0]++;
    return inet_sip_hash(secret, words, ARRAY_LEN(words));
}

u32_t inet_initial_sequence(const ip_addr_t *local, u16_t local_port,
                            const ip_addr_t *remote, u16_t remote_port)
{
    u32_t cookie = cookie_sequence();

    if (cookie)
        return cookie;
    return (u32_t)(inet_hash_ends(local, local_port, remote, remote_port, 0) +
                   clock_mono_ns() / 4096);
}

/* ---- routes ---- */

static bool is_local4(const ip4_addr_t *a)
{
    struct netif *n;

    if (ip4_addr_isloopback(a))
        return true;
    NETIF_FOREACH(n)
    {
        if (ip4_addr_cmp(a, netif_ip4_addr(n)))
            return true;
    }
    return false;
}

static bool is_local6(const ip6_addr_t *a)
{
    struct netif *n;

    NETIF_FOREACH(n)
    {
        for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
            if (ip6_addr_isvalid(netif_ip6_addr_state(n, i)) &&
                ip6_addr_cmp_zoneless(a, netif_ip6_addr(n, i)))
                return true;
    }
    return false;
}

bool inet_is_local(const ip_addr_t *a)
{
    return IP_IS_V6(a) ? is_local6(ip_2_ip6(a)) : is_local4(ip_2_ip4(a));
}

struct netif *inet_route4(const ip4_addr_t *src, const ip4_addr_t *dest)
{
    (void)src;
    return is_local4(dest) ? &inet_loop : NULL;
}

struct netif *inet_route6(const ip6_addr_t *src, const ip6_addr_t *dest)
{
    (void)src;
    if (is_local6(dest))
        return &inet_loop;
    /* lwIP looks for a router that advertised itself; one may be given. */
    return device_exists() && inet_gateway6(&inet_device, dest) &&
                   netif_is_up(&inet_device)
               ? &inet_device
               : NULL;
}

static const ip_addr_t *source_for(struct netif *netif, const ip_addr_t *to)
{
    static ip_addr_t same;

    /* To ourselves from the very address, as Linux has it, which takes
     * 127.0.0.1 for all of 127.0.0.0/8. */
    if (netif == &inet_loop && inet_is_local(to) && !ip_addr_isloopback(to)) {
        same = *to;
        return &same;
    }
    return ip_netif_get_local_ip(netif, to);
}

static int find_route(const struct inet_sock *i, const ip_addr_t *to,
                      unsigned index, struct netif **netif_out,
                      ip_addr_t *from_out)
{
    bool is_bound =
        !ip_addr_isany(&i->local) && IP_GET_TYPE(&i->local) != IPADDR_TYPE_ANY;
    const ip_addr_t *from;
    struct netif *netif;

    if (is_bound && IP_GET_TYPE(&i->local) != IP_GET_TYPE(to))
        return -ENETUNREACH;
    if (UNLIKELY(i->free_bind) && is_bound && !inet_is_local(&i->local))
        return -ENETUNREACH; /* nothing is sent from others' addresses */
    if (index)
        netif = netif_get_by_index((u8_t)index);
    else if (UNLIKELY(i->mcast_index) && ip_addr_ismulticast(to))
        netif = netif_get_by_index(i->mcast_index);
    else if (inet_is_local(to))
        netif = &inet_loop;
    else
        netif =
            ip_route(is_bound ? &i->local : IP46_ADDR_ANY(IP_GET_TYPE(to)), to);
    /* lwIP gives the only interface there is for whatever it is asked. */
    if (!netif || !netif_is_up(netif) ||
        (netif == &inet_loop && !inet_is_local(to) && !ip_addr_ismulticast(to)))
        return -ENETUNREACH;
    *netif_out = netif;
    from = is_bound ? &i->local : source_for(netif, to);
    if (UNLIKELY(i->mcast_from) && !is_bound && !IP_IS_V6(to) &&
        ip_addr_ismulticast(to)) {
        ip_addr_set_ip4_u32(from_out, i->mcast_from);
        return inet_is_local(from_out) ? 0 : -EINVAL;
    }
    if (!from)
        return -ENETUNREACH;
    *from_out = *from;
    return 0;
}

/* Reached by IPv6 alone, and without a router. Who tries an address farther off
 * has others to try, and would rather not wait. */
static bool is_near(const ip_addr_t *to)
{
    return IP_IS_V6_VAL(*to) && (ip6_addr_ismulticast(ip_2_ip6(to)) ||
                                 ip6_addr_islinklocal(ip_2_ip6(to)));
}

int inet_route_on(const struct inet_sock *i, const ip_addr_t *to,
                  unsigned index, struct netif **netif_out, ip_addr_t *from_out)
{
    int err;

    *netif_out = NULL;
    err = find_route(i, to, index, netif_out, from_out);
    /* Elsewhere the network is up before a program is started. */
    if (err && (ifconfig_wait() || (*netif_out == &inet_device && is_near(to) &&
                                    ifconfig_wait_asked())))
        err = find_route(i, to, index, netif_out, from_out);
    return err;
}

int inet_route(const struct inet_sock *i, const ip_addr_t *to,
               struct netif **netif_out, ip_addr_t *from_out)
{
    return inet_route_on(i, to, i->device_index, netif_out, from_out);
}

/* ---- raw sockets, which are a part ---- */

struct list raw_all = LIST_INIT(raw_all);

/* The packet's header comes first in it. lwIP leaves that of the last fragment
 * for a packet's own, which may be gone with what nobody needs of it. */
raw_input_state_t raw_input(struct pbuf *p, struct netif *inp)
{
    (void)inp;
    if (ip_current_is_v6())
        ip_data.current_ip6_header = p->payload;
    return raw_take ? raw_take(p) : RAW_INPUT_NONE;
}

/* lwIP tells its raw pcbs, of which there are none. */
void raw_netif_ip_addr_changed(const ip_addr_t *old_addr,
                               const ip_addr_t *new_addr)
{
    (void)old_addr;
    (void)new_addr;
}

/* ---- entering ---- */

void inet_flush(void)
{
    loop_deliver();
    device_flush();
}

void inet_begin(void)
{
    static bool has_begun;

    if (has_begun)
        return;
    has_begun = true;
    secret[0] = pool_u64();
    secret[1] = pool_u64();
    process_end_hook = inet_end;
    inet_tick();
    lwip_init();
    loop_begin();
    device_begin();
    if (device_exists())
        ifconfig_begin();
    inet_flush();
}

int inet_error(err_t err)
{
    switch (err) {
    case ERR_OK:
        return 0;
    case ERR_MEM:
    case ERR_BUF:
        return -ENOBUFS;
    case ERR_RTE:
        return -ENETUNREACH;
    case ERR_USE:
        return -EADDRINUSE;
    default:
        return -EINVAL;
    }
}

/* ---- creating ---- */

void inet_init(struct inet_sock *i, int family, int type, int protocol,
               const struct socket_ops *ops)
{
    socket_init(&i->s, family, type, ops);
    socket_lock_by(&i->s, &inet_lock);
    i->s.protocol = (uint16_t)protocol;
    list_init(&i->ports);
    i->ttl = IP_DEFAULT_TTL;
    i->mcast_ttl = 1;
    i->mcast_loop = true;
    inet_addr_any(i, &i->local);
}

void inet_fini(struct inet_sock *i)
{
    inet_port_drop(i);
    if (i->groups)
        inet_groups_leave(i);
}

static int create(int family, int type, int protocol, struct socket **out)
{
    int ping = family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;

    if (type == SOCK_RAW || (type == SOCK_DGRAM && protocol == ping))
        return raw_create ? raw_create(family, type, protocol, out)
                          : -EPROTONOSUPPORT;
    if (type == SOCK_STREAM)
        return protocol == 0 || protocol == IPPROTO_TCP
                   ? tcp_create(family, out)
                   : -EPROTONOSUPPORT;
    return protocol == 0 || protocol == IPPROTO_UDP ? udp_create(family, out)
                                                    : -EPROTONOSUPPORT;
}

int inet_create(int family, int type, int protocol, struct socket **out)
{
    int err;

    if (protocol < 0 || protocol > IPPROTO_MPTCP)
        return -EINVAL;
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_RAW)
        return -ESOCKTNOSUPPORT;
    if (protocol > (int)UINT8_MAX) /* none that has a number in packets */
        return -EPROTONOSUPPORT;
    inet_enter();
    inet_begin();
    err = create(family, type, protocol, out);
    inet_leave();
    inet_tell();
    return err;
}
