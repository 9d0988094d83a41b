/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ip_option.c - IPPROTO_IP's, IPPROTO_IPV6's and IPPROTO_UDP's options, but for
 * multicast groups (membership.c).
 *
 * What would change nothing here is refused, as option.c of net/ has it; a few
 * are taken although they change nothing, because whoever sets them relies on
 * nothing and ends if they are refused: they are named in set_v6().
 * SO_BINDTODEVICE is here, too.
 */
#include <linux/capability.h>
#include <linux/udp.h>

#include "core/errno.h"
#include "core/string.h"
#include "net/inet/dgram.h"
#include "net/netif.h"
#include "sched/process.h"

#define IPV6_MTU_MIN 1280 /* RFC 8200, section 5 */
#define ECN_BITS     3    /* of IP_TOS: TCP's own */

/* ---- values ---- */

/* IPv4's options may come as a byte, and without one they are 0. */
static int get_value(int level, int name, uaddr_t value, unsigned len, int *out)
{
    uint8_t byte;

    *out = 0;
    if (len >= sizeof(*out))
        return user_get32((uint32_t *)out, value);
    if (level != IPPROTO_IP)
        return -EINVAL;
    if (len == 0)
        return name < IP_MULTICAST_IF ? 0 : -EINVAL;
    if (copy_from_user(&byte, value, 1))
        return -EFAULT;
    *out = byte;
    return 0;
}

static int set_want(struct inet_sock *i, unsigned bit, int value)
{
    if (!value && (bit & (INET_WANT_ERRORS | INET_WANT_ERRORS6)) &&
        i->s.type != SOCK_STREAM)
        dgram_errors_drop(dgram_of(&i->s));
    i->wants = (uint16_t)(value ? i->wants | bit : i->wants & ~bit);
    return 0;
}

static const struct {
    int level, name;
    unsigned bit;
} want_options[] = {
    { IPPROTO_IP, IP_PKTINFO, INET_WANT_PKTINFO },
    { IPPROTO_IP, IP_RECVTTL, INET_WANT_TTL },
    { IPPROTO_IP, IP_RECVTOS, INET_WANT_TOS },
    { IPPROTO_IP, IP_RECVERR, INET_WANT_ERRORS },
    { IPPROTO_IP, IP_RECVORIGDSTADDR, INET_WANT_ORIGDST },
    { IPPROTO_IPV6, IPV6_RECVPKTINFO, INET_WANT_PKTINFO6 },
    { IPPROTO_IPV6, IPV6_RECVHOPLIMIT, INET_WANT_HOPLIMIT6 },
    { IPPROTO_IPV6, IPV6_RECVTCLASS, INET_WANT_TCLASS6 },
    { IPPROTO_IPV6, IPV6_RECVERR, INET_WANT_ERRORS6 },
    { IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, INET_WANT_ORIGDST6 },
};

static unsigned want_bit(int level, int name)
{
    for (unsigned n = 0; n < ARRAY_LEN(want_options); n++)
        if (want_options[n].level == level && want_options[n].name == name)
            return want_options[n].bit;
    return 0;
}

/* -1 stands for the default. */
static int set_byte(uint8_t *out, int value, int low, uint8_t normal)
{
    if (value == -1)
        value = normal;
    if (value < low || value > 255)
        return -EINVAL;
    *out = (uint8_t)value;
    return 0;
}

static int set_tos(struct inet_sock *i, int value)
{
    if (i->s.type == SOCK_STREAM)
        value = (value & ~ECN_BITS) | (i->tos & ECN_BITS);
    return set_byte(&i->tos, value, 0, 0);
}

static int set_exact_switch(bool *out, int value)
{
    if (value != 0 && value != 1)
        return -EINVAL;
    *out = value;
    return 0;
}

static int set_mcast_all(struct inet_sock *i, int value)
{
    if (value != 0 && value != 1)
        return -EINVAL;
    i->mcast_joined_only[0] = !value;
    return 0;
}

static int set_discover(struct inet_sock *i, int value)
{
    bool forbids = value == IP_PMTUDISC_DO || value == IP_PMTUDISC_PROBE;

    if (value < IP_PMTUDISC_DONT || value > IP_PMTUDISC_OMIT)
        return -EINVAL;
    /* lwIP's TCP lets routers cut up its packets. */
    if (forbids && i->s.type == SOCK_STREAM && !inet_is_v6(i))
        return -EOPNOTSUPP;
    i->pmtu_discover = (uint8_t)value;
    return 0;
}

static int set_v4(struct inet_sock *i, int name, int value)
{
    switch (name) {
    case IP_TTL:
        return set_byte(&i->ttl, value, 1, IP_DEFAULT_TTL);
    case IP_TOS:
        return set_tos(i, value & 0xff);
    case IP_MULTICAST_TTL:
        return set_byte(&i->mcast_ttl, value, 0, 1);
    case IP_MULTICAST_LOOP:
        i->mcast_loop = value;
        return 0;
    case IP_MULTICAST_ALL:
        return set_mcast_all(i, value);
    case IP_MTU_DISCOVER:
        return set_discover(i, value);
    case IP_FREEBIND:
        i->free_bind = value;
        return 0;
    case IP_BIND_ADDRESS_NO_PORT:
        i->binds_no_port = value;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_v6(struct inet_sock *i, int name, int value)
{
    switch (name) {
    case IPV6_UNICAST_HOPS:
        return set_byte(&i->ttl, value, 0, IP_DEFAULT_TTL);
    case IPV6_TCLASS:
        return value < -1 || value > 255 ? -EINVAL : set_tos(i, value);
    case IPV6_MULTICAST_HOPS:
        return set_byte(&i->mcast_ttl, value, 0, 1);
    case IPV6_MULTICAST_LOOP:
        return set_exact_switch(&i->mcast_loop, value);
    case IPV6_MULTICAST_ALL:
        i->mcast_joined_only[1] = !value;
        return 0;
    case IPV6_MULTICAST_IF:
        if (value &&
            ((unsigned)value > UINT8_MAX || !netif_get_by_index((u8_t)value)))
            return -ENODEV;
        i->mcast_index = (uint8_t)value;
        return 0;
    case IPV6_MTU_DISCOVER:
        return set_discover(i, value);
    /* Ours are as long as the link allows, which any receiver takes. */
    case IPV6_MTU:
        return value && value < IPV6_MTU_MIN ? -EINVAL : 0;
    case IPV6_DONTFRAG:
        i->dont_frag = value;
        return 0;
    case IPV6_FREEBIND:
        i->free_bind = value;
        return 0;
    /* Labels are not sent. */
    case IPV6_AUTOFLOWLABEL:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int inet_set_ip_option(struct socket *s, int level, int name, uaddr_t value,
                       unsigned len)
{
    struct inet_sock *i = inet_of(s);
    unsigned bit = want_bit(level, name);
    int n, err;

    if (level == IPPROTO_UDP && s->protocol == IPPROTO_UDP)
        return udp_set_option(dgram_of(s), name, value, len);
    if (level != IPPROTO_IP && (level != IPPROTO_IPV6 || !inet_is_v6(i)))
        return -ENOPROTOOPT;
    if (level == IPPROTO_IP && name == IP_MULTICAST_IF)
        return inet_set_mcast_if(i, value, len);
    err = inet_set_group(i, level, name, value, len);
    if (err == -ENOPROTOOPT)
        err = inet_set_group_filter(i, level, name, value, len);
    if (err != -ENOPROTOOPT)
        return err;
    err = get_value(level, name, value, len, &n);
    if (err)
        return err;
    if (bit)
        return set_want(i, bit, n);
    return level == IPPROTO_IP ? set_v4(i, name, n) : set_v6(i, name, n);
}

/* ---- getting ---- */

static int mtu_of(const struct inet_sock *i, int *out)
{
    struct netif *netif;
    ip_addr_t from;

    if (!i->remote_port)
        return -ENOTCONN;
    if (inet_route(i, &i->remote, &netif, &from))
        return -ENOTCONN;
    *out = i->path_mtu ? MIN(i->path_mtu, netif->mtu) : netif->mtu;
    return 0;
}

static int get_v4(const struct inet_sock *i, int name, int *out)
{
    switch (name) {
    case IP_TTL:
        *out = i->ttl;
        return 0;
    case IP_TOS:
        *out = i->tos;
        return 0;
    case IP_MULTICAST_TTL:
        *out = i->mcast_ttl;
        return 0;
    case IP_MULTICAST_LOOP:
        *out = i->mcast_loop;
        return 0;
    case IP_MULTICAST_IF:
        *out = (int)i->mcast_from;
        return 0;
    case IP_MULTICAST_ALL:
        *out = !i->mcast_joined_only[0];
        return 0;
    case IP_MTU_DISCOVER:
        *out = i->pmtu_discover;
        return 0;
    case IP_MTU:
        return mtu_of(i, out);
    case IP_FREEBIND:
        *out = i->free_bind;
        return 0;
    case IP_BIND_ADDRESS_NO_PORT:
        *out = i->binds_no_port;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int get_v6(const struct inet_sock *i, int name, int *out)
{
    switch (name) {
    case IPV6_FREEBIND:
        *out = i->free_bind;
        return 0;
    case IPV6_UNICAST_HOPS:
        *out = i->ttl;
        return 0;
    case IPV6_TCLASS:
        *out = i->tos;
        return 0;
    case IPV6_MULTICAST_HOPS:
        *out = i->mcast_ttl;
        return 0;
    case IPV6_MULTICAST_LOOP:
        *out = i->mcast_loop;
        return 0;
    case IPV6_MULTICAST_ALL:
        *out = !i->mcast_joined_only[1];
        return 0;
    case IPV6_MULTICAST_IF:
        *out = i->mcast_index;
        return 0;
    case IPV6_MTU_DISCOVER:
        *out = i->pmtu_discover;
        return 0;
    case IPV6_DONTFRAG:
        *out = i->dont_frag;
        return 0;
    case IPV6_MTU:
        return mtu_of(i, out);
    default:
        return -ENOPROTOOPT;
    }
}

static int get_any(struct socket *s, int level, int name, int *out)
{
    struct inet_sock *i = inet_of(s);
    unsigned bit = want_bit(level, name);

    if (level == IPPROTO_UDP && s->protocol == IPPROTO_UDP && name == UDP_CORK)
        return udp_get_cork(dgram_of(s), out);
    if (level != IPPROTO_IP && (level != IPPROTO_IPV6 || !inet_is_v6(i)))
        return -ENOPROTOOPT;
    if (!bit)
        return level == IPPROTO_IP ? get_v4(i, name, out)
                                   : get_v6(i, name, out);
    *out = (i->wants & bit) != 0;
    return 0;
}

/* IPv4's as a byte to those who have no room for more. */
static int put_value(int level, uaddr_t value, unsigned *len, int n)
{
    if (level == IPPROTO_IP && *len > 0 && *len < sizeof(n) && n >= 0 &&
        n <= (int)UINT8_MAX)
        *len = 1;
    *len = MIN(*len, (unsigned)sizeof(n));
    return copy_to_user(value, &n, *len);
}

int inet_get_ip_option(struct socket *s, int level, int name, uaddr_t value,
                       unsigned *len)
{
    int n, err;

    if (level == IPPROTO_IP && name == IP_OPTIONS) {
        *len = 0; /* none were set or came */
        return 0;
    }
    err = get_any(s, level, name, &n);
    if (err == -ENOPROTOOPT && (level == IPPROTO_IP || level == IPPROTO_IPV6) &&
        (level == IPPROTO_IP || inet_is_v6(inet_of(s))))
        return inet_get_group_filter(inet_of(s), level, name, value, len);
    return err ? err : put_value(level, value, len, n);
}

/* ---- the interface that a socket is bound to ---- */

/* By its name; none: by any. Leaving one again takes CAP_NET_RAW. */
int inet_set_device(struct inet_sock *i, uaddr_t value, unsigned len)
{
    char name[NETIF_NAME_LEN] = { 0 };
    struct netif_link l = { 0 };

    if (copy_from_user(name, value, MIN(len, NETIF_NAME_LEN - 1)))
        return -EFAULT;
    if (name[0] && !netif_link_by_name(name, &l))
        return -ENODEV;
    if (i->device_index && !process_has_cap(process_current(), CAP_NET_RAW))
        return -EPERM;
    inet_enter();
    i->device_index = (uint8_t)l.index;
    inet_leave();
    return 0;
}

int inet_get_device(const struct inet_sock *i, uaddr_t value, unsigned *len)
{
    struct netif_link l;

    if (!i->device_index) {
        *len = 0;
        return 0;
    }
    if (*len < NETIF_NAME_LEN)
        return -EINVAL;
    if (!netif_link_by_index(i->device_index, &l))
        return -ENODEV;
    *len = (unsigned)strlen(l.name) + 1;
    return copy_to_user(value, l.name, *len);
}
