/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.c - AF_PACKET sockets: packet(7).
 *
 * SOCK_RAW gets frames with the link's header, SOCK_DGRAM what comes behind it.
 * A socket without a protocol, or whose interface is down, gets nothing.
 */
#include "net/inet/packet.h"

#include <linux/capability.h>
#include <linux/eventpoll.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "net/inet/device.h"
#include "sched/process.h"

#define RECEIVE_FLAGS                                                    \
    (MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_ERRQUEUE | MSG_NOSIGNAL | \
     MSG_WAITFORONE)

struct list packet_all = LIST_INIT(packet_all);

/* ---- the queue ---- */

struct tpacket_auxdata packet_aux(const struct packet_view *v, uint32_t len)
{
    return (struct tpacket_auxdata){
        .tp_status = TP_STATUS_USER | v->status,
        .tp_len = v->f.end - v->f.start,
        .tp_snaplen = len,
        .tp_net = (uint16_t)(v->f.network - v->f.start),
        .tp_vlan_tci = v->f.vlan_tci,
        .tp_vlan_tpid = v->f.vlan_tpid,
    };
}

void packet_queue(struct packet_sock *ps, const struct packet_view *v,
                  uint32_t len)
{
    struct packet_frame *f = NULL;

    if (ps->cost < ps->s.rcvbuf)
        f = kmalloc(sizeof(*f) + len);
    if (!f || !filter_load(&v->f, v->f.start, f->data, len)) {
        ps->stats.tp_drops++;
        ps->dropped++;
        kfree(f);
        return;
    }
    f->next = NULL;
    f->from = v->from;
    f->aux = packet_aux(v, len);
    f->stamp_ns = v->stamp_ns;
    f->len = len;
    *ps->end = f;
    ps->end = &f->next;
    ps->cost += len + FRAME_OVERHEAD;
    ps->stats.tp_packets++;
    waitq_wake_all(&ps->s.readable);
}

static void drop_first(struct packet_sock *ps)
{
    struct packet_frame *f = ps->first;

    ps->first = f->next;
    if (!ps->first)
        ps->end = &ps->first;
    ps->cost -= f->len + FRAME_OVERHEAD;
    kfree(f);
}

void packet_queue_drop(struct packet_sock *ps)
{
    while (ps->first)
        drop_first(ps);
}

/* ---- receiving ---- */

static void put_control(const struct packet_sock *ps, struct socket_msg *m,
                        const struct packet_frame *f)
{
    if (ps->s.flags & SOCKET_STAMPS)
        socket_stamp_put(&ps->s, m, f->stamp_ns);
    if (ps->wants_aux)
        (void)!socket_control_put(m, SOL_PACKET, PACKET_AUXDATA, &f->aux,
                                  sizeof(f->aux));
}

static ssize_t copy_out(struct packet_sock *ps, struct socket_msg *m,
                        const struct packet_frame *f)
{
    size_t n = MIN(m->io.left, (size_t)f->len);

    if (io_put(&m->io, f->data, n) < n)
        return -EFAULT;
    if (n < f->len)
        m->out_flags |= MSG_TRUNC;
    if (m->addr) {
        memcpy(m->addr->bytes, &f->from, sizeof(f->from));
        m->addr->len = sizeof(f->from);
    }
    put_control(ps, m, f);
    ps->stamp_ns = f->stamp_ns;
    return m->flags & MSG_TRUNC ? (ssize_t)f->len : (ssize_t)n;
}

static ssize_t receive(struct socket *s, struct socket_msg *m)
{
    struct packet_sock *ps = packet_of(s);
    ssize_t n;

    if (m->is_free)
        return SOCKET_WANTS_KERNEL;
    if (m->flags & ~RECEIVE_FLAGS)
        return -EINVAL;
    if (m->flags & MSG_ERRQUEUE)
        return -EAGAIN;
    while (!ps->first) {
        int err = socket_error_take(s);

        if (!err)
            err = inet_sleep(&s->readable, &m->wait);
        if (err)
            return err;
    }
    n = copy_out(ps, m, ps->first);
    if (!(m->flags & MSG_PEEK))
        drop_first(ps);
    return n;
}

static unsigned poll(struct socket *s)
{
    const struct packet_sock *ps = packet_of(s);
    unsigned events = socket_poll_ends(s);

    if (!device_is_full())
        events |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    if (ps->first || (ps->ring && packet_ring_has(ps)))
        events |= EPOLLIN | EPOLLRDNORM;
    return events;
}

void packet_tell_room(void)
{
    LIST_FOR_EACH(it, &packet_all)
    {
        waitq_wake_all(
            &LIST_ENTRY(it, struct packet_sock, all_link)->s.writable);
    }
}

/* ---- names ---- */

static int bind_to(struct packet_sock *ps, const struct sockaddr_ll *a)
{
    struct netif *n = NULL;

    if (a->sll_ifindex) {
        if (a->sll_ifindex < 0 || a->sll_ifindex > (int)UINT8_MAX ||
            !(n = netif_get_by_index((u8_t)a->sll_ifindex)))
            return -ENODEV;
    }
    ps->index = (unsigned)a->sll_ifindex;
    if (a->sll_protocol)
        ps->number = lwip_ntohs(a->sll_protocol);
    if (n && ps->number && !netif_is_up(n)) {
        ps->s.error = ENETDOWN;
        socket_wake(&ps->s);
    }
    packet_tap_update();
    return 0;
}

static int bind(struct socket *s, struct socket_addr *a)
{
    struct sockaddr_ll ll;
    int err;

    if (a->len < sizeof(ll) || a->family != AF_PACKET)
        return -EINVAL;
    memcpy(&ll, a->bytes, sizeof(ll));
    inet_enter();
    err = bind_to(packet_of(s), &ll);
    inet_leave();
    return err;
}

static int name(struct socket *s, enum socket_end end, struct socket_addr *out)
{
    const struct packet_sock *ps = packet_of(s);
    struct sockaddr_ll ll = { .sll_family = AF_PACKET };
    const struct netif *n;

    if (end != SOCKET_END_OWN)
        return -EOPNOTSUPP;
    inet_enter();
    ll.sll_ifindex = (int)ps->index;
    ll.sll_protocol = lwip_htons(ps->number);
    n = ps->index ? netif_get_by_index((u8_t)ps->index) : NULL;
    if (n) {
        ll.sll_hatype = n == &inet_loop ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
        ll.sll_halen = ETH_ALEN;
        memcpy(ll.sll_addr, n->hwaddr, ETH_ALEN);
    }
    inet_leave();
    memcpy(out->bytes, &ll, sizeof(ll));
    out->len = (unsigned)offsetof(struct sockaddr_ll, sll_addr) + ll.sll_halen;
    return 0;
}

static int connect(struct socket *s, struct socket_addr *a,
                   struct socket_wait *w)
{
    (void)s;
    (void)a;
    (void)w;
    return -EOPNOTSUPP;
}

static int shutdown(struct socket *s, unsigned how)
{
    (void)s;
    (void)how;
    return -EOPNOTSUPP;
}

/* ---- life ---- */

static void release(struct socket *s)
{
    struct packet_sock *ps = packet_of(s);

    list_remove(&ps->all_link);
    ps->number = 0;
    packet_tap_update();
    packet_queue_drop(ps);
    packet_ring_drop(ps);
}

static void destroy(struct socket *s)
{
    kfree(s->filter);
    kfree(packet_of(s));
}

static const struct socket_ops ops = {
    .bind = bind,
    .connect = connect,
    .name = name,
    .send = packet_send,
    .receive = receive,
    .shutdown = shutdown,
    .poll = poll,
    .ioctl = OPERATION(packet_ioctl),
    .set_option = packet_set_option,
    .get_option = OPERATION(packet_get_option),
    .release = release,
    .destroy = destroy,
};

int packet_create(int type, int protocol, struct socket **out)
{
    static uint32_t last_id;
    struct packet_sock *ps;

    if (!process_has_cap(process_current(), CAP_NET_RAW))
        return -EPERM;
    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    ps = kzalloc(sizeof(*ps));
    if (!ps)
        return -ENOMEM;
    socket_init(&ps->s, AF_PACKET, type, &ops);
    socket_lock_by(&ps->s, &inet_lock);
    ps->s.has_stamps = true;
    ps->end = &ps->first;
    inet_enter();
    inet_begin();
    ps->id = ++last_id;
    ps->number = lwip_ntohs((uint16_t)protocol);
    list_push_back(&packet_all, &ps->all_link);
    packet_tap_update();
    inet_leave();
    inet_tell();
    *out = &ps->s;
    return 0;
}

/* ---- /proc/net/packet ---- */

int packet_show(struct text_file *t)
{
    int err = 0;

    LIST_FOR_EACH(it, &packet_all)
    {
        const struct packet_sock *ps =
            LIST_ENTRY(it, struct packet_sock, all_link);

        if (!err)
            err = text_printf(
                t, "%016x %-6u %-4u %04x   %-5u %1u %-6u %-6u %-6lu\n", 0,
                ps->s.refs + 1, ps->s.type, ps->number, ps->index,
                ps->number != 0, (unsigned)ps->cost, ps->s.inode.uid,
                ps->s.inode.ino);
    }
    return err;
}
