/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_option.c - SO_ATTACH_FILTER and its like: a socket's filter.
 *
 * For sockets that get whole packets of the network: AF_PACKET's, raw ones and
 * UDP's. Not for TCP's, whose connections would have to die of it, nor for
 * those that nobody outside sends to. A filter sees what Linux shows it: UDP's
 * header and what follows, IPv4's of raw sockets, and of IPv6's what comes
 * behind the header.
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "core/errno.h"
#include "lwip/udp.h"
#include "mm/heap.h"
#include "net/filter.h"
#include "net/inet/dgram.h"

#define PARTS_MAX 64u

/* ---- of raw sockets and UDP's ---- */

/* What lies before is not there any more, so loads of it find nothing. */
bool dgram_let_in(const struct dgram_sock *d, struct pbuf *p)
{
    struct netdev_part parts[PARTS_MAX];
    int header = d->i.s.protocol == IPPROTO_UDP ? UDP_HLEN : 0;
    struct filter_view v = {
        .parts = parts,
        .protocol = inet_is_v6(&d->i) ? ETH_P_IPV6 : ETH_P_IP,
        .packet_type = PACKET_HOST,
        .if_index = netif_get_index(ip_current_input_netif()),
    };
    uint32_t len;

    inet_pbuf_move(p, -header);
    for (const struct pbuf *q = p; q && v.part_count < PARTS_MAX; q = q->next)
        parts[v.part_count++] = (struct netdev_part){ q->payload, q->len };
    v.end = p->tot_len;
    if (header || inet_is_v6(&d->i))
        v.network = v.end;
    len = filter_run(d->i.s.filter, &v);
    if (len && len < v.end)
        pbuf_realloc(p, (u16_t)MAX(len, (uint32_t)header));
    inet_pbuf_move(p, header);
    return len;
}

/* ---- the options ---- */

static bool may_filter(const struct socket *s)
{
    return s->family == AF_PACKET ||
           ((s->family == AF_INET || s->family == AF_INET6) &&
            s->type != SOCK_STREAM);
}

/* -EFAULT, -ENOMEM, -EINVAL */
static int fetch(uaddr_t at, unsigned len, struct filter **out)
{
    struct filter *f = kmalloc(sizeof(*f) + len * sizeof(f->code[0]));
    uint16_t *room = kmalloc(len * sizeof(*room));
    int err = 0;

    if (!f || !room)
        err = -ENOMEM;
    else if (copy_from_user(f->code, at, len * sizeof(f->code[0])))
        err = -EFAULT;
    else if (!filter_is_sound(f->code, len, room))
        err = -EINVAL;
    kfree(room);
    if (err) {
        kfree(f);
        return err;
    }
    f->len = len;
    *out = f;
    return 0;
}

static void put(struct socket *s, struct filter *f)
{
    struct spinlock *lock = socket_lock(s);
    struct filter *was = s->filter;

    s->filter = f;
    socket_unlock(lock);
    kfree(was);
}

static int attach(struct socket *s, uaddr_t value, unsigned len)
{
    struct sock_fprog program;
    struct filter *f;
    int err;

    if (len != sizeof(program))
        return -EINVAL;
    if (copy_from_user(&program, value, sizeof(program)))
        return -EFAULT;
    if (s->is_filter_locked)
        return -EPERM;
    if (!program.filter || program.len == 0 || program.len > FILTER_LEN_MAX)
        return -EINVAL;
    err = fetch((uaddr_t)program.filter, program.len, &f);
    if (!err)
        put(s, f);
    return err;
}

int filter_set_option(struct socket *s, int name, uaddr_t value, unsigned len)
{
    uint32_t n;

    if (!may_filter(s))
        return -ENOPROTOOPT;
    if (name == SO_ATTACH_FILTER)
        return attach(s, value, len);
    if (name == SO_LOCK_FILTER) {
        if (user_get32(&n, value))
            return -EFAULT;
        if (s->is_filter_locked && !n)
            return -EPERM;
        s->is_filter_locked = n;
        return 0;
    }
    if (s->is_filter_locked)
        return -EPERM;
    if (!s->filter)
        return -ENOENT;
    put(s, NULL);
    return 0;
}
