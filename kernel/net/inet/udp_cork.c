/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udp_cork.c - datagrams made of what several calls send: UDP_CORK, MSG_MORE.
 *
 * Where it goes is what the first of the calls says. Without MSG_MORE and cork
 * the last one sends it.
 */
#include <linux/udp.h>

#include "core/errno.h"
#include "core/string.h"
#include "mm/heap.h"
#include "net/inet/dgram.h"

struct udp_cork {
    bool is_set; /* UDP_CORK */
    bool has_target;
    struct dgram_target target;
    uint32_t len, room;
    uint8_t *data; /* NULL: nothing yet */
};

static void empty(struct udp_cork *c)
{
    kfree(c->data);
    c->data = NULL;
    c->len = c->room = 0;
    c->has_target = false;
}

static void give_up(struct dgram_sock *d)
{
    empty(d->cork);
    if (d->cork->is_set)
        return;
    kfree(d->cork);
    d->cork = NULL;
}

void udp_cork_drop(struct dgram_sock *d)
{
    d->cork->is_set = false;
    give_up(d);
}

static int begin(struct dgram_sock *d)
{
    if (!d->cork)
        d->cork = kzalloc(sizeof(*d->cork));
    return d->cork ? 0 : -ENOBUFS;
}

/* Bytes of m behind what there is. -EMSGSIZE, -ENOBUFS, -EFAULT */
static int append(struct udp_cork *c, struct socket_msg *m)
{
    size_t n = m->io.left, len = c->len + n;
    uint8_t *data;

    if (len > UDP_PAYLOAD_MAX)
        return -EMSGSIZE;
    if (len > c->room) {
        data = krealloc(c->data, MIN(2 * len, (size_t)UDP_PAYLOAD_MAX));
        if (!data)
            return -ENOBUFS;
        c->data = data;
        c->room = (uint32_t)MIN(2 * len, (size_t)UDP_PAYLOAD_MAX);
    }
    if (n > 0 && io_get(&m->io, c->data + c->len, n) < n)
        return -EFAULT;
    c->len = (uint32_t)len;
    return 0;
}

static int push(struct dgram_sock *d)
{
    struct dgram_target t = d->cork->target;
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)d->cork->len, PBUF_RAM);

    if (p)
        memcpy(p->payload, d->cork->data, d->cork->len);
    give_up(d);
    return p ? udp_output(d, p, &t) : -ENOBUFS;
}

ssize_t udp_cork_send(struct dgram_sock *d, struct socket_msg *m)
{
    size_t n = m->io.left;
    int err = begin(d);

    if (err)
        return err;
    if (!d->cork->has_target)
        err = udp_target(d, m, &d->cork->target);
    if (!err) {
        d->cork->has_target = true;
        err = append(d->cork, m);
    }
    if (err)
        give_up(d);
    else if (!d->cork->is_set && !(m->flags & MSG_MORE))
        err = push(d);
    return err ? err : (ssize_t)n;
}

int udp_set_option(struct dgram_sock *d, int name, uaddr_t value, unsigned len)
{
    uint32_t n;
    int err;

    if (len < sizeof(n))
        return -EINVAL;
    if (user_get32(&n, value))
        return -EFAULT;
    if (name != UDP_CORK)
        return -ENOPROTOOPT;
    if (n) {
        err = begin(d);
        if (!err)
            d->cork->is_set = true;
        return err;
    }
    if (!d->cork)
        return 0;
    d->cork->is_set = false;
    if (!d->cork->has_target) {
        give_up(d);
        return 0;
    }
    (void)!push(d); /* Linux does not tell either */
    return 0;
}

int udp_get_cork(const struct dgram_sock *d, int *out)
{
    *out = d->cork && d->cork->is_set;
    return 0;
}
