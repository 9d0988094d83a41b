/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * membership_filter.c - IP_MSFILTER and MCAST_MSFILTER: the mode and all the
 * senders of a group at once, to set and to get.
 */
#include "core/string.h"
#include "mm/heap.h"
#include "mm/user.h"
#include "net/inet/membership.h"

/* Of IP_MSFILTER or MCAST_MSFILTER, without the list: that is `count` times
 * `each_len` bytes from `list_off` on. */
struct filter {
    struct membership_request r; /* netif_index 0: matches nothing */
    uint32_t mode, count;
    bool by_group; /* MCAST_MSFILTER */
    unsigned list_off, each_len;
};

static int read_filter4(struct filter *f, uaddr_t value, unsigned len)
{
    struct ip_msfilter m;
    int err = membership_take(&m, IP_MSFILTER_SIZE(0), value, len);

    if (err)
        return err;
    ip_addr_set_ip4_u32(&f->r.group, m.imsf_multiaddr);
    membership_take_netif(&f->r, m.imsf_interface, 0);
    f->mode = m.imsf_fmode;
    f->count = m.imsf_numsrc;
    f->list_off = IP_MSFILTER_SIZE(0);
    f->each_len = sizeof(m.imsf_slist[0]);
    return 0;
}

/* Whose group has another family gets wrong_family. */
static int read_filter(struct filter *f, int name, bool is_v6, uaddr_t value,
                       unsigned len, int wrong_family)
{
    struct group_filter g;
    int err;

    if (name == IP_MSFILTER && !is_v6)
        return read_filter4(f, value, len);
    if (name != MCAST_MSFILTER)
        return -ENOPROTOOPT;
    err = membership_take(&g, GROUP_FILTER_SIZE(0), value, len);
    if (err)
        return err;
    f->by_group = true;
    f->mode = g.gf_fmode;
    f->count = g.gf_numsrc;
    f->list_off = GROUP_FILTER_SIZE(0);
    f->each_len = sizeof(g.gf_slist[0]);
    f->r.netif_index = (uint8_t)MIN(g.gf_interface, MEMBERSHIP_NETIF_NONE);
    return membership_take_addr(&f->r.group, is_v6, &g.gf_group) ? 0
                                                                 : wrong_family;
}

static struct inet_group **filtered_group(struct inet_sock *i,
                                          const struct filter *f)
{
    static struct inet_group *none;

    return f->r.netif_index ? membership_find(i, &f->r) : &none;
}

static void drop_sources(struct inet_source **list)
{
    while (*list)
        membership_drop_source(list);
}

/* The list of senders that the program's filter at `value` has. */
static int read_sources(const struct filter *f, bool is_v6, uaddr_t value,
                        struct inet_source **list_out)
{
    struct __kernel_sockaddr_storage addr;
    struct inet_source **end = list_out;
    uint32_t addr4;

    *list_out = NULL;
    for (unsigned n = 0; n < f->count; n++) {
        uaddr_t from = value + f->list_off + n * f->each_len;
        int err = f->by_group ? copy_from_user(&addr, from, sizeof(addr))
                              : copy_from_user(&addr4, from, sizeof(addr4));
        struct inet_source *s = err ? NULL : kzalloc(sizeof(*s));

        if (!s) {
            drop_sources(list_out);
            return err ? -EFAULT : -ENOMEM;
        }
        *end = s;
        end = &s->next;
        if (!f->by_group) {
            ip_addr_set_ip4_u32(&s->addr, addr4);
        } else if (!membership_take_addr(&s->addr, is_v6, &addr)) {
            drop_sources(list_out);
            return -EADDRNOTAVAIL;
        }
    }
    return 0;
}

static int apply_filter(struct inet_sock *i, const struct filter *f,
                        struct inet_source **list)
{
    struct inet_group **at = filtered_group(i, f);

    if (!ip_addr_ismulticast(&f->r.group) ||
        (f->mode != MCAST_INCLUDE && f->mode != MCAST_EXCLUDE))
        return -EINVAL;
    if (f->r.netif_index && !netif_get_by_index(f->r.netif_index))
        return -ENODEV;
    if (f->mode == MCAST_INCLUDE && !f->count)
        return membership_leave(at); /* nobody is wanted */
    if (!*at)
        return -EINVAL;
    drop_sources(&(*at)->sources);
    (*at)->sources = *list;
    (*at)->mode = (uint8_t)f->mode;
    (*at)->had_sources = *list;
    *list = NULL;
    return 0;
}

int inet_set_group_filter(struct inet_sock *i, int level, int name,
                          uaddr_t value, unsigned len)
{
    bool is_v6 = level == IPPROTO_IPV6;
    struct filter f = { 0 };
    struct inet_source *list;
    int err = read_filter(&f, name, is_v6, value, len, -EADDRNOTAVAIL);

    if (err == -ENOPROTOOPT || err == -EINVAL || err == -EFAULT)
        return err;
    if (f.count > (is_v6 ? MEMBERSHIP_SOURCES_MAX6 : MEMBERSHIP_SOURCES_MAX4))
        return -ENOBUFS;
    if (f.list_off + f.count * f.each_len > len)
        return -EINVAL;
    if (err)
        return err;
    if (f.by_group && !is_v6 && !f.r.netif_index)
        membership_take_netif(&f.r, 0, 0);
    err = read_sources(&f, is_v6, value, &list);
    if (err)
        return err;
    err = apply_filter(i, &f, &list);
    drop_sources(&list);
    return err;
}

static int put_source(const struct filter *f, const ip_addr_t *addr, uaddr_t to)
{
    struct __kernel_sockaddr_storage out = { 0 };
    struct sockaddr_in6 *in6 = (void *)&out;
    struct sockaddr_in *in = (void *)&out;

    if (!f->by_group)
        return copy_to_user(to, &ip_2_ip4(addr)->addr, sizeof(uint32_t));
    if (IP_IS_V6(addr)) {
        in6->sin6_family = AF_INET6;
        memcpy(&in6->sin6_addr, ip_2_ip6(addr)->addr, 16);
    } else {
        in->sin_family = AF_INET;
        in->sin_addr.s_addr = ip_2_ip4(addr)->addr;
    }
    return copy_to_user(to, &out, sizeof(out));
}

/* The mode, and how many there are: where each form has them. */
static int put_filter_head(const struct filter *f, uaddr_t value, uint32_t mode,
                           uint32_t count)
{
    size_t mode_off = f->by_group ? offsetof(struct group_filter, gf_fmode)
                                  : offsetof(struct ip_msfilter, imsf_fmode);

    return user_put32(value + mode_off, mode) ||
                   user_put32(value + mode_off + sizeof(mode), count)
               ? -EFAULT
               : 0;
}

int inet_get_group_filter(struct inet_sock *i, int level, int name,
                          uaddr_t value, unsigned *len)
{
    bool is_v6 = level == IPPROTO_IPV6;
    struct filter f = { 0 };
    uint32_t count = 0;
    const struct inet_group *g;
    int err = read_filter(&f, name, is_v6, value, *len,
                          is_v6 ? -EADDRNOTAVAIL : -EINVAL);

    if (err)
        return err;
    if (!ip_addr_ismulticast(&f.r.group))
        return -EINVAL;
    if (!f.by_group && !netif_get_by_index(f.r.netif_index))
        return -ENODEV;
    g = *filtered_group(i, &f);
    if (!g)
        return -EADDRNOTAVAIL;
    for (const struct inet_source *s = g->sources; s && !err;
         s = s->next, count++)
        if (count < f.count)
            err = put_source(&f, &s->addr,
                             value + f.list_off + count * f.each_len);
    *len = f.list_off + MIN(count, f.count) * f.each_len;
    return err ? err : put_filter_head(&f, value, g->mode, count);
}
