/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_send.c - frames that programs make: to the device as they are, or back
 * by the loopback.
 */
#include "core/errno.h"
#include "core/string.h"
#include "net/inet/device.h"
#include "net/inet/frame_check.h"
#include "net/inet/packet.h"

#define FRAME_MAX 65535u /* a pbuf's */

struct target {
    struct netif *netif;
    uint16_t protocol;    /* as the header has it */
    uint8_t to[ETH_ALEN]; /* SOCK_DGRAM */
    bool has_to;
};

/* -EINVAL, -ENXIO, -ENETDOWN */
static int find_target(const struct packet_sock *ps, const struct socket_msg *m,
                       struct target *out)
{
    const unsigned named = offsetof(struct sockaddr_ll, sll_addr) + ETH_ALEN;
    int index = (int)ps->index;
    struct sockaddr_ll ll;

    *out = (struct target){ .protocol = lwip_htons(ps->number) };
    if (m->addr && m->addr->len) {
        if (m->addr->len < named || m->addr->family != AF_PACKET)
            return -EINVAL;
        memset(&ll, 0, sizeof(ll));
        memcpy(&ll, m->addr->bytes, MIN(m->addr->len, (unsigned)sizeof(ll)));
        if (m->addr->len < sizeof(ll) && ps->s.type != SOCK_DGRAM)
            return -EINVAL;
        if (ll.sll_halen >
            m->addr->len - offsetof(struct sockaddr_ll, sll_addr))
            return -EINVAL;
        index = ll.sll_ifindex;
        out->protocol = ll.sll_protocol;
        out->has_to = ll.sll_halen != 0;
        memcpy(out->to, ll.sll_addr, ETH_ALEN);
    }
    if (index > 0 && index <= (int)UINT8_MAX)
        out->netif = netif_get_by_index((u8_t)index);
    if (!out->netif)
        return -ENXIO;
    return netif_is_up(out->netif) ? 0 : -ENETDOWN;
}

/* -EMSGSIZE, -EINVAL */
static int check_len(const struct packet_sock *ps, const struct target *t,
                     size_t len)
{
    size_t room = t->netif->mtu;

    if (ps->s.type == SOCK_DGRAM) {
        if (len > room || len > FRAME_MAX - PACKET_HEADER_LEN)
            return -EMSGSIZE;
        return t->has_to || t->netif == &inet_loop ? 0 : -EINVAL;
    }
    if (len > room + PACKET_HEADER_LEN + PACKET_TAG_LEN || len > FRAME_MAX)
        return -EMSGSIZE;
    return len < PACKET_HEADER_LEN ? -EINVAL : 0;
}

/* Longer by a tag, if it has one. */
static bool is_too_long(const struct target *t, const struct pbuf *p)
{
    const uint8_t *f = p->payload;
    bool has_tag =
        (f[12] == 0x81 && f[13] == 0) || (f[12] == 0x88 && f[13] == 0xa8);

    return p->tot_len >
           t->netif->mtu + PACKET_HEADER_LEN + (has_tag ? PACKET_TAG_LEN : 0);
}

static void put_header(const struct target *t, uint8_t *f)
{
    memcpy(f, t->to, ETH_ALEN); /* zeros, if the loopback is not told */
    memcpy(f + ETH_ALEN, t->netif->hwaddr, ETH_ALEN);
    memcpy(f + 2 * ETH_ALEN, &t->protocol, sizeof(t->protocol));
}

/* The frame of a message. -EMSGSIZE, -EINVAL, -ENOBUFS, -EFAULT */
static int make_frame(const struct packet_sock *ps, const struct target *t,
                      struct socket_msg *m, struct pbuf **out)
{
    bool is_raw = ps->s.type == SOCK_RAW;
    size_t len = m->io.left, skip = is_raw ? 0 : PACKET_HEADER_LEN;
    int err = check_len(ps, t, len);
    struct pbuf *p;

    if (err)
        return err;
    p = pbuf_alloc(PBUF_RAW, (u16_t)(len + skip), PBUF_RAM);
    if (!p)
        return -ENOBUFS;
    if (!is_raw)
        put_header(t, p->payload);
    if (io_get(&m->io, (uint8_t *)p->payload + skip, len) < len)
        err = -EFAULT;
    else if (is_too_long(t, p))
        err = -EMSGSIZE;
    if (err)
        pbuf_free(p);
    else
        *out = p;
    return err;
}

/* Out and in again, as any frame there. The protocols get IPv6's, if it is what
 * lwIP takes for granted of what comes in; of IPv4 what could come in there has
 * a source that no frame may have, on Linux either. */
static int loop_frame(struct packet_sock *ps, struct pbuf *p)
{
    struct netdev_part part = { p->payload, p->len };
    struct packet_view v = { .f.parts = &part,
                             .f.part_count = 1,
                             .f.end = p->len };
    bool is_ours;

    packet_view_init(&v, &inet_loop, p->payload, true);
    v.sender = ps->id;
    packet_deliver(&v);
    packet_view_init(&v, &inet_loop, p->payload, false);
    packet_deliver(&v);
    is_ours = v.f.packet_type != PACKET_OTHERHOST;
    pbuf_remove_header(p, PACKET_HEADER_LEN);
    if (is_ours && v.f.protocol == ETH_P_IPV6 &&
        ip6_is_sound(p->payload, p->len))
        (void)packet_loop6(p);
    return 0;
}

static int send_frame(struct packet_sock *ps, const struct target *t,
                      struct pbuf *p)
{
    int err;

    inet_tick();
    p->flags |= INET_PBUF_AS_IS;
    p->sent_us = ps->id;
    if (t->netif == &inet_loop)
        err = loop_frame(ps, p);
    else
        err = inet_error(t->netif->linkoutput(t->netif, p));
    pbuf_free(p);
    inet_flush();
    return err;
}

ssize_t packet_send(struct socket *s, struct socket_msg *m)
{
    struct packet_sock *ps = packet_of(s);
    size_t len = m->io.left;
    struct target t;
    struct pbuf *p;
    int err;

    if (m->is_free)
        return SOCKET_WANTS_KERNEL;
    err = find_target(ps, m, &t);
    if (!err)
        err = device_await_room(t.netif, s, &m->wait);
    if (!err)
        err = make_frame(ps, &t, m, &p);
    if (!err)
        err = send_frame(ps, &t, p);
    return err ? err : (ssize_t)len;
}
