/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw_option.c - options that raw sockets alone have: raw(7), RFC 3542.
 *
 * Those of ICMP's filters, of IPv6's checksums, and whether the program makes
 * IP's header; all others are those of any internet socket (option.c).
 */
#include "core/errno.h"
#include "core/string.h"
#include "net/inet/dgram.h"
#include "net/inet/raw.h"

#define ICMP_FILTER_NAME  1 /* linux/icmp.h's ICMP_FILTER */
#define ICMP6_FILTER_NAME 1
#define IPV6_HEADER       36 /* IPV6_HDRINCL */
#define NOT_OURS          1
#define ICMP6_SUM_AT      2 /* where an ICMPv6 message has its checksum */

/* ---- ICMP's filters ---- */

/* Where it is, and how long. -EOPNOTSUPP, -ENOPROTOOPT; NOT_OURS */
static int filter_of(struct dgram_sock *d, int level, int name, void **at,
                     unsigned *len)
{
    bool is_v6 = inet_is_v6(&d->i);

    if (level != (is_v6 ? SOL_ICMPV6 : SOL_RAW))
        return NOT_OURS;
    if (name != (is_v6 ? ICMP6_FILTER_NAME : ICMP_FILTER_NAME))
        return -ENOPROTOOPT;
    if (d->i.s.protocol != (is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
        return -EOPNOTSUPP;
    *at = is_v6 ? (void *)d->filter6 : &d->filter;
    *len = is_v6 ? sizeof(d->filter6) : sizeof(d->filter);
    return 0;
}

/* ---- numbers ---- */

enum number { NUMBER_NONE, NUMBER_HEADER, NUMBER_CHECKSUM };

static enum number number_of(const struct dgram_sock *d, int level, int name)
{
    if (!inet_is_v6(&d->i))
        return level == IPPROTO_IP && name == IP_HDRINCL ? NUMBER_HEADER
                                                         : NUMBER_NONE;
    if (level != IPPROTO_IPV6 && level != SOL_RAW)
        return NUMBER_NONE;
    if (name == IPV6_HEADER)
        return NUMBER_HEADER;
    return name == IPV6_CHECKSUM ? NUMBER_CHECKSUM : NUMBER_NONE;
}

static int set_checksum(struct dgram_sock *d, int level, int offset)
{
    if (d->i.s.protocol == IPPROTO_ICMPV6 && level == IPPROTO_IPV6)
        return -EINVAL; /* RFC 3542, 3.1: it is the kernel's */
    if (offset > 0 && offset & 1)
        return -EINVAL;
    d->checksum_offset = MAX(offset, -1);
    return 0;
}

static int set(struct dgram_sock *d, int level, int name, uaddr_t value,
               unsigned len)
{
    enum number number = number_of(d, level, name);
    unsigned room;
    void *filter;
    uint32_t n;
    int err;

    if (!number) {
        err = filter_of(d, level, name, &filter, &room);
        return err ? err : copy_from_user(filter, value, MIN(len, room));
    }
    if (len < sizeof(n))
        return -EINVAL;
    if (user_get32(&n, value))
        return -EFAULT;
    if (number == NUMBER_CHECKSUM)
        return set_checksum(d, level, (int)n);
    d->header_included = n;
    return 0;
}

static int get(struct dgram_sock *d, int level, int name, uaddr_t value,
               unsigned *len)
{
    enum number number = number_of(d, level, name);
    int n = d->header_included;
    unsigned room = sizeof(n);
    void *at = &n;
    int err;

    if (number == NUMBER_CHECKSUM)
        n = d->i.s.protocol == IPPROTO_ICMPV6 ? ICMP6_SUM_AT
                                              : d->checksum_offset;
    if (!number) {
        err = filter_of(d, level, name, &at, &room);
        if (err)
            return err;
    }
    *len = MIN(*len, room);
    return copy_to_user(value, at, *len);
}

int raw_set_option(struct socket *s, int level, int name, uaddr_t value,
                   unsigned len)
{
    int err;

    inet_enter();
    err = set(dgram_of(s), level, name, value, len);
    inet_leave();
    return err == NOT_OURS ? inet_set_option(s, level, name, value, len) : err;
}

int raw_get_option(struct socket *s, int level, int name, uaddr_t value,
                   unsigned *len)
{
    int err;

    inet_enter();
    err = get(dgram_of(s), level, name, value, len);
    inet_leave();
    return err == NOT_OURS ? inet_get_option(s, level, name, value, len) : err;
}
