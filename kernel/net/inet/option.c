/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option.c - options of internet sockets: who has those of a level.
 *
 * Each protocol's are a part (parts.def), which a kernel may do without.
 * IPV6_V6ONLY, which every server sets that wants both families, is here.
 */
#include "core/errno.h"
#include "net/inet/dgram.h"
#include "net/inet/tcp.h"

#pragma weak tcp_set_option
#pragma weak tcp_get_option
#pragma weak inet_set_ip_option
#pragma weak inet_get_ip_option
#pragma weak inet_set_device
#pragma weak inet_get_device

static bool is_v6_only(const struct inet_sock *i, int level, int name)
{
    return level == IPPROTO_IPV6 && name == IPV6_V6ONLY && inet_is_v6(i);
}

static int set_v6_only(struct inet_sock *i, uaddr_t value, unsigned len)
{
    uint32_t n;

    if (len < sizeof(n))
        return -EINVAL;
    if (user_get32(&n, value))
        return -EFAULT;
    if (i->local_port || i->is_bound)
        return -EINVAL;
    i->v6_only = n;
    inet_addr_any(i, &i->local);
    return 0;
}

static int set(struct socket *s, int level, int name, uaddr_t value,
               unsigned len)
{
    if (is_v6_only(inet_of(s), level, name))
        return set_v6_only(inet_of(s), value, len);
    if (level == IPPROTO_TCP)
        return s->protocol == IPPROTO_TCP && tcp_set_option
                   ? tcp_set_option(s, level, name, value, len)
                   : -ENOPROTOOPT;
    return inet_set_ip_option ? inet_set_ip_option(s, level, name, value, len)
                              : -ENOPROTOOPT;
}

static int get(struct socket *s, int level, int name, uaddr_t value,
               unsigned *len)
{
    int n;

    if (is_v6_only(inet_of(s), level, name)) {
        n = inet_of(s)->v6_only;
        *len = MIN(*len, (unsigned)sizeof(n));
        return copy_to_user(value, &n, *len);
    }
    if (level == IPPROTO_TCP)
        return s->protocol == IPPROTO_TCP && tcp_get_option
                   ? tcp_get_option(s, level, name, value, len)
                   : -ENOPROTOOPT;
    return inet_get_ip_option ? inet_get_ip_option(s, level, name, value, len)
                              : -ENOPROTOOPT;
}

int inet_set_option(struct socket *s, int level, int name, uaddr_t value,
                    unsigned len)
{
    int err;

    if (level == SOL_SOCKET)
        return inet_set_device ? inet_set_device(inet_of(s), value, len)
                               : -ENOPROTOOPT;
    inet_enter();
    err = set(s, level, name, value, len);
    inet_leave();
    return err;
}

int inet_get_option(struct socket *s, int level, int name, uaddr_t value,
                    unsigned *len)
{
    int err;

    if (level == SOL_SOCKET)
        return inet_get_device ? inet_get_device(inet_of(s), value, len)
                               : -ENOPROTOOPT;
    inet_enter();
    err = get(s, level, name, value, len);
    inet_leave();
    return err;
}
