/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port.c - who has which port.
 *
 * One table for all protocols that have ports; the identifiers of ping sockets
 * are ports, too. The rules for sharing one are Linux's.
 */
#include "core/errno.h"
#include "net/inet/dgram.h"
#include "net/inet/inet.h"
#include "net/inet/tcp.h"
#include "net/packet.h"

#pragma weak packet_tell_room /* a part */

#define TRIES 16u /* ports that are looked for one by one */

static struct list buckets[INET_PORT_BUCKETS];
static uint8_t used[(INET_PORT_COUNT + 7) / 8]; /* bits, by inet_port_nth() */

struct list *inet_port_list(uint16_t port)
{
    struct list *b = &buckets[port % INET_PORT_BUCKETS];

    if (!b->next)
        list_init(b);
    return b;
}

static bool is_listener(const struct inet_sock *i)
{
    return i->s.protocol == IPPROTO_TCP &&
           ((const struct tcp_sock *)i)->state == TCP_SOCK_LISTENING;
}

/* Are there packets that both would take? */
static bool overlaps(const ip_addr_t *a, const ip_addr_t *b)
{
    if (IP_GET_TYPE(a) == IPADDR_TYPE_ANY || IP_GET_TYPE(b) == IPADDR_TYPE_ANY)
        return true;
    if (IP_GET_TYPE(a) != IP_GET_TYPE(b))
        return false;
    return ip_addr_isany(a) || ip_addr_isany(b) || ip_addr_cmp(a, b);
}

static bool may_share(const struct inet_sock *a, const struct inet_sock *b)
{
    if (a->device_index && b->device_index &&
        a->device_index != b->device_index)
        return true;
    if (socket_flag(&a->s, SO_REUSEPORT) && socket_flag(&b->s, SO_REUSEPORT))
        return true;
    if (socket_flag(&a->s, SO_REUSEADDR) && socket_flag(&b->s, SO_REUSEADDR) &&
        !is_listener(a) && !is_listener(b))
        return true;
    return !overlaps(&a->local, &b->local);
}

static bool is_free(const struct inet_sock *i, uint16_t port)
{
    LIST_FOR_EACH(it, inet_port_list(port))
    {
        const struct inet_sock *other = LIST_ENTRY(it, struct inet_sock, ports);

        if (other != i && inet_port_is(other, i->s.protocol, port) &&
            !may_share(i, other))
            return false;
    }
    return true;
}

static bool is_unused(const struct inet_sock *i, uint16_t port)
{
    LIST_FOR_EACH(it, inet_port_list(port))
    if (inet_port_is(LIST_ENTRY(it, struct inet_sock, ports), i->s.protocol,
                     port))
        return false;
    return true;
}

static void find_used(int protocol)
{
    memset(used, 0, sizeof(used));
    for (uint16_t b = 0; b < INET_PORT_BUCKETS; b++) {
        LIST_FOR_EACH(it, inet_port_list(b))
        {
            const struct inet_sock *i = LIST_ENTRY(it, struct inet_sock, ports);
            unsigned n = i->local_port - INET_PORT_FIRST;

            if (i->s.protocol == protocol && n < INET_PORT_COUNT)
                used[n / 8] |= (uint8_t)(1u << n % 8);
        }
    }
}

/* For one search, whose nth try this is. After some one look at each socket
 * tells of all ports: with most of them taken a search by lists would take
 * seconds, and nobody else could send meanwhile. */
static bool is_unused_nth(const struct inet_sock *i, uint16_t port, unsigned n)
{
    unsigned bit = port - INET_PORT_FIRST;

    if (LIKELY(n < TRIES))
        return is_unused(i, port);
    if (n == TRIES)
        find_used(i->s.protocol);
    return !(used[bit / 8] >> bit % 8 & 1);
}

/* From a random one on (RFC 6056), so that nobody guesses the next. 0: none */
static uint16_t find_unused(const struct inet_sock *i)
{
    unsigned start = (unsigned)(inet_random() % INET_PORT_COUNT);

    for (unsigned n = 0; n < INET_PORT_COUNT; n++) {
        uint16_t port = inet_port_nth(start + n);

        if (is_unused_nth(i, port, n))
            return port;
    }
    return 0;
}

static void take(struct inet_sock *i, uint16_t port)
{
    i->local_port = port;
    list_push_back(inet_port_list(port), &i->ports);
}

int inet_port_take(struct inet_sock *i, uint16_t port)
{
    if (port == 0) {
        port = find_unused(i);
        if (port == 0)
            return -EADDRINUSE;
    } else if (!is_free(i, port)) {
        return -EADDRINUSE;
    }
    take(i, port);
    return 0;
}

bool inet_port_take_unused(struct inet_sock *i, uint16_t port, unsigned n)
{
    if (!is_unused_nth(i, port, n))
        return false;
    take(i, port);
    return true;
}

void inet_port_drop(struct inet_sock *i)
{
    list_remove(&i->ports);
    i->local_port = 0;
}

bool inet_port_may_listen(const struct inet_sock *i)
{
    LIST_FOR_EACH(it, inet_port_list(i->local_port))
    {
        const struct inet_sock *other = LIST_ENTRY(it, struct inet_sock, ports);

        if (other != i && inet_port_is(other, IPPROTO_TCP, i->local_port) &&
            is_listener(other) && !may_share(i, other))
            return false;
    }
    return true;
}

unsigned inet_port_match(const struct inet_sock *i, const ip_addr_t *to)
{
    unsigned score = i->device_index ? 2 : 0;

    if (i->device_index &&
        i->device_index != netif_get_index(ip_current_input_netif()))
        return 0;
    if (IP_GET_TYPE(&i->local) == IPADDR_TYPE_ANY)
        return score + 1;
    if (IP_GET_TYPE(&i->local) != IP_GET_TYPE(to))
        return 0;
    if (ip_addr_isany(&i->local))
        return score + 1;
    return ip_addr_cmp(&i->local, to) ? score + 4 : 0;
}

COLD void inet_tell_room(void)
{
    if (packet_tell_room)
        packet_tell_room();
    for (uint16_t b = 0; b < INET_PORT_BUCKETS; b++) {
        LIST_FOR_EACH(it, inet_port_list(b))
        {
            struct inet_sock *i = LIST_ENTRY(it, struct inet_sock, ports);

            if (i->s.protocol != IPPROTO_TCP)
                waitq_wake_all(&i->s.writable);
        }
    }
    LIST_FOR_EACH(it, &raw_all)
    {
        waitq_wake_all(
            &LIST_ENTRY(it, struct dgram_sock, all_link)->i.s.writable);
    }
}

bool inet_port_takes_over(const ip_addr_t *from, uint16_t from_port,
                          unsigned nth)
{
    const uint32_t *words = ip_2_ip6(from)->addr;
    uint32_t h = words[0] ^ (uint32_t)from_port << 16 ^ from_port;

    if (IP_IS_V6(from))
        h ^= words[1] ^ words[2] ^ words[3];
    /* Another number for each nth: those of one alone would favour some. */
    h = (h + nth * 0x85ebca77u) * 0x9e3779b1u;
    h = (h ^ h >> 15) * 0x85ebca77u;
    return (h >> 8) % nth == 0;
}
