/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink.c - AF_NETLINK sockets.
 *
 * The kernel is the other end of all of them: what is sent to port 0 is
 * answered at once, into the sender's own queue. Programs do not send to each
 * other. Protocols are ROUTE, SOCK_DIAG and, since nothing ever happens there,
 * KOBJECT_UEVENT, which device managers listen to.
 */
#include "net/netlink.h"

#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/eventpoll.h>
#include <linux/mqueue.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/user.h"
#include "net/etc.h"
#include "sched/process.h"

#pragma weak inet_wait_configured

#define SOL_NETLINK   270
#define SENT_OVERHEAD 32u         /* of SO_SNDBUF, no message's */
#define PORTID_OTHER  0xffffefffu /* where numbers begin that are no pid */
#define SWITCHES                                             \
    (1u << NETLINK_PKTINFO | 1u << NETLINK_BROADCAST_ERROR | \
     1u << NETLINK_NO_ENOBUFS | 1u << NETLINK_CAP_ACK |      \
     1u << NETLINK_EXT_ACK | 1u << NETLINK_GET_STRICT_CHK)

static struct list netlink_all = LIST_INIT(netlink_all);

/* ---- queues ---- */

static struct netlink_packet *first_packet(const struct netlink_sock *n)
{
    return list_is_empty(&n->packets)
               ? NULL
               : LIST_ENTRY(n->packets.next, struct netlink_packet, link);
}

void netlink_deliver_take(struct netlink_sock *n, struct netlink_packet *p)
{
    struct netlink_packet *fitting = krealloc(p, sizeof(*p) + p->len);

    if (fitting)
        p = fitting;
    p->cap = p->len;
    if (n->queued_bytes + p->len > n->s.rcvbuf) {
        kfree(p);
        if (!netlink_option(n, NETLINK_NO_ENOBUFS)) {
            n->s.error = ENOBUFS;
            socket_wake(&n->s);
        }
        return;
    }
    n->queued_bytes += p->len;
    list_push_back(&n->packets, &p->link);
    waitq_wake_all(&n->s.readable);
}

void netlink_multicast_take(struct netlink_packet *p)
{
    LIST_FOR_EACH(it, &netlink_all)
    {
        struct netlink_sock *n = LIST_ENTRY(it, struct netlink_sock, all_link);
        struct netlink_packet *copy;

        if (n->s.protocol != NETLINK_ROUTE ||
            !(n->groups & 1ull << (p->group - 1)))
            continue;
        copy = kmalloc(sizeof(*p) + p->len);
        if (copy) {
            memcpy(copy, p, sizeof(*p) + p->len);
            netlink_deliver_take(n, copy);
        } else {
            n->s.error = ENOBUFS;
            socket_wake(&n->s);
        }
    }
    kfree(p);
}

/* ---- names ---- */

static bool portid_is_free(const struct netlink_sock *n, uint32_t portid)
{
    LIST_FOR_EACH(it, &netlink_all)
    {
        const struct netlink_sock *other =
            LIST_ENTRY(it, struct netlink_sock, all_link);

        if (other != n && other->s.protocol == n->s.protocol &&
            other->portid == portid)
            return false;
    }
    return true;
}

/* The process's number, or another when a socket has that already. */
static void autobind(struct netlink_sock *n)
{
    uint32_t portid = (uint32_t)process_current()->pid;
    uint32_t other = PORTID_OTHER;

    if (n->portid)
        return;
    while (!portid_is_free(n, portid))
        portid = other--;
    n->portid = portid;
}

static int check_name(const struct socket_addr *a, struct sockaddr_nl *out)
{
    if (a->len < sizeof(*out) || a->family != AF_NETLINK)
        return -EINVAL;
    memcpy(out, a->bytes, sizeof(*out));
    return 0;
}

/* All may listen to ROUTE; to anything else, who is root. */
static int may_listen(const struct netlink_sock *n)
{
    bool may = n->s.protocol == NETLINK_ROUTE ||
               n->s.protocol == NETLINK_KOBJECT_UEVENT ||
               process_has_cap(process_current(), CAP_NET_ADMIN);

    return may ? 0 : -EPERM;
}

static int netlink_bind(struct socket *s, struct socket_addr *a)
{
    struct netlink_sock *n = netlink_of(s);
    struct sockaddr_nl name;
    int err = check_name(a, &name);

    if (err)
        return err;
    if (name.nl_groups) {
        err = may_listen(n);
        if (err)
            return err;
    }
    if (n->portid && name.nl_pid != n->portid)
        return -EINVAL;
    if (!n->portid && name.nl_pid) {
        if (!portid_is_free(n, name.nl_pid))
            return -EADDRINUSE;
        n->portid = name.nl_pid;
    }
    autobind(n);
    n->groups = (n->groups & ~(uint64_t)UINT32_MAX) | name.nl_groups;
    return 0;
}

/* Only root may address others than the kernel. */
static int check_target(uint32_t portid, uint32_t groups)
{
    bool may = (!portid && !groups) ||
               process_has_cap(process_current(), CAP_NET_ADMIN);

    return may ? 0 : -EPERM;
}

static int netlink_connect(struct socket *s, struct socket_addr *a,
                           struct socket_wait *w)
{
    struct netlink_sock *n = netlink_of(s);
    struct sockaddr_nl name = { 0 };
    int err;

    (void)w;
    if (a->len < sizeof(a->family))
        return -EINVAL;
    if (a->family != AF_UNSPEC) {
        err = check_name(a, &name);
        if (!err)
            err = check_target(name.nl_pid, name.nl_groups);
        if (err)
            return err;
        autobind(n);
    }
    n->to_portid = name.nl_pid;
    n->to_groups = name.nl_groups;
    return 0;
}

static void put_name(struct socket_addr *out, uint32_t portid, uint32_t groups)
{
    const struct sockaddr_nl name = { .nl_family = AF_NETLINK,
                                      .nl_pid = portid,
                                      .nl_groups = groups };

    out->len = sizeof(name);
    memcpy(out->bytes, &name, sizeof(name));
}

static int netlink_name(struct socket *s, enum socket_end end,
                        struct socket_addr *out)
{
    const struct netlink_sock *n = netlink_of(s);

    if (end != SOCKET_END_OWN)
        put_name(out, n->to_portid, n->to_groups);
    else
        put_name(out, n->portid, (uint32_t)n->groups);
    return 0;
}

/* ---- messages ---- */

/* Where it goes: 0 to the kernel. */
static int find_target(struct netlink_sock *n, const struct socket_msg *m)
{
    uint32_t portid = n->to_portid, groups = n->to_groups;
    struct sockaddr_nl name;
    int err;

    if (m->addr && m->addr->len) {
        err = check_name(m->addr, &name);
        if (err)
            return err;
        portid = name.nl_pid;
        groups = name.nl_groups;
        err = check_target(portid, groups);
        if (err)
            return err;
    }
    autobind(n);
    return portid ? -ECONNREFUSED : 0;
}

static ssize_t netlink_send(struct socket *s, struct socket_msg *m)
{
    struct netlink_sock *n = netlink_of(s);
    size_t len = m->io.left;
    uint8_t *data;
    int err;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (len == 0)
        return -ENODATA;
    err = find_target(n, m);
    if (err)
        return err;
    if (len > s->sndbuf - SENT_OVERHEAD)
        return -EMSGSIZE;
    if (s->protocol == NETLINK_KOBJECT_UEVENT)
        return -ECONNREFUSED;
    if (inet_wait_configured)
        inet_wait_configured(); /* what is listed next shall be complete */
    data = kmalloc(len);
    if (!data)
        return -ENOBUFS;
    if (io_get(&m->io, data, len) == len)
        netlink_requests(n, data, len,
                         s->protocol == NETLINK_ROUTE ? rtnetlink_handle
                                                      : sock_diag_handle);
    else
        err = -EFAULT;
    kfree(data);
    return err ? err : (ssize_t)len;
}

static int put_control(const struct netlink_sock *n, struct socket_msg *m,
                       const struct netlink_packet *p)
{
    const struct nl_pktinfo info = { .group = p->group };
    const struct socket_cred kernel = { 0, 0, 0 };
    int err = 0;

    if (netlink_option(n, NETLINK_PKTINFO))
        err = socket_control_put(m, SOL_NETLINK, NETLINK_PKTINFO, &info,
                                 sizeof(info));
    if (!err && socket_flag(&n->s, SO_PASSCRED))
        err = socket_control_put(m, SOL_SOCKET, SCM_CREDENTIALS, &kernel,
                                 sizeof(kernel));
    return err;
}

/* Result: as recvmsg(). The packet stays where it is. */
static ssize_t packet_read(struct netlink_sock *n, struct socket_msg *m,
                           const struct netlink_packet *p)
{
    size_t len = MIN(m->io.left, (size_t)p->len);
    int err;

    if (io_put(&m->io, p->data, len) != len)
        return -EFAULT;
    if (len < p->len)
        m->out_flags |= MSG_TRUNC;
    if (m->addr)
        put_name(m->addr, 0,
                 p->group && p->group <= 32 ? 1u << (p->group - 1) : 0);
    err = put_control(n, m, p);
    if (err)
        return err;
    return (ssize_t)(m->flags & MSG_TRUNC ? p->len : len);
}

static ssize_t netlink_receive(struct socket *s, struct socket_msg *m)
{
    struct netlink_sock *n = netlink_of(s);
    struct netlink_packet *p;
    ssize_t result;
    int err;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    while (!(p = first_packet(n))) {
        err = socket_error_take(s);
        if (!err && (s->shutdown & SHUTDOWN_RECEIVE))
            return 0;
        if (!err)
            err = socket_sleep(&s->readable, &m->wait);
        if (err)
            return err;
    }
    err = socket_error_take(s);
    if (err)
        return err;
    result = packet_read(n, m, p);
    if (!(m->flags & MSG_PEEK)) {
        list_remove(&p->link);
        n->queued_bytes -= p->len;
        kfree(p);
    }
    return result;
}

static unsigned netlink_poll(struct socket *s)
{
    unsigned events = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;

    if (s->error)
        events |= EPOLLERR;
    if (first_packet(netlink_of(s)))
        events |= EPOLLIN | EPOLLRDNORM;
    return events;
}

static int netlink_shutdown(struct socket *s, unsigned how)
{
    (void)s, (void)how;
    return -EOPNOTSUPP;
}

/* ---- options ---- */

static int set_membership(struct netlink_sock *n, uint32_t group, bool on)
{
    int err = may_listen(n);

    if (err)
        return err;
    if (group == 0 || group > NETLINK_GROUP_MAX)
        return -EINVAL;
    n->groups &= ~(1ull << (group - 1));
    n->groups |= (uint64_t)on << (group - 1);
    return 0;
}

static int netlink_set_option(struct socket *s, int level, int name,
                              uaddr_t value, unsigned len)
{
    struct netlink_sock *n = netlink_of(s);
    uint32_t v = 0; /* too short a value is this, as on Linux */

    if (level != SOL_NETLINK)
        return -ENOPROTOOPT;
    if (len >= sizeof(v) && copy_from_user(&v, value, sizeof(v)))
        return -EFAULT;
    if (name == NETLINK_ADD_MEMBERSHIP || name == NETLINK_DROP_MEMBERSHIP)
        return set_membership(n, v, name == NETLINK_ADD_MEMBERSHIP);
    if (name < 0 || name >= 32 || !(SWITCHES & 1u << name))
        return -ENOPROTOOPT;
    n->options &= ~(1u << name);
    n->options |= (uint32_t)(v != 0) << name;
    return 0;
}

/* The groups, as many words as fit; *len is what all would take. */
static int get_memberships(const struct netlink_sock *n, uaddr_t value,
                           unsigned *len)
{
    size_t fits = MIN(ALIGN_DOWN(*len, 4u), (unsigned)sizeof(n->groups));

    if (copy_to_user(value, &n->groups, fits))
        return -EFAULT;
    *len = sizeof(n->groups);
    return 0;
}

static int netlink_get_option(struct socket *s, int level, int name,
                              uaddr_t value, unsigned *len)
{
    const struct netlink_sock *n = netlink_of(s);
    uint32_t v;

    if (level != SOL_NETLINK)
        return -ENOPROTOOPT;
    if (name == NETLINK_LIST_MEMBERSHIPS)
        return get_memberships(n, value, len);
    if (name < 0 || name >= 32 || !(SWITCHES & 1u << name))
        return -ENOPROTOOPT;
    if (*len < sizeof(v))
        return -EINVAL;
    v = netlink_option(n, name);
    *len = sizeof(v);
    return copy_to_user(value, &v, sizeof(v)) ? -EFAULT : 0;
}

/* ---- life ---- */

static void netlink_release(struct socket *s)
{
    list_remove(&netlink_of(s)->all_link);
}

static void netlink_destroy(struct socket *s)
{
    struct netlink_sock *n = netlink_of(s);

    while (!list_is_empty(&n->packets))
        kfree(LIST_ENTRY(list_pop_front(&n->packets), struct netlink_packet,
                         link));
    kfree(n);
}

static const struct socket_ops netlink_ops = {
    .bind = netlink_bind,
    .connect = netlink_connect,
    .name = netlink_name,
    .send = netlink_send,
    .receive = netlink_receive,
    .shutdown = netlink_shutdown,
    .poll = netlink_poll,
    .set_option = netlink_set_option,
    .get_option = netlink_get_option,
    .release = netlink_release,
    .destroy = netlink_destroy,
};

int netlink_create(int type, int protocol, struct socket **out)
{
    struct netlink_sock *n;

    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol != NETLINK_ROUTE && protocol != NETLINK_SOCK_DIAG &&
        protocol != NETLINK_KOBJECT_UEVENT)
        return -EPROTONOSUPPORT;
    n = kzalloc(sizeof(*n));
    if (!n)
        return -ENOMEM;
    socket_init(&n->s, AF_NETLINK, type, &netlink_ops);
    n->s.protocol = (uint16_t)protocol;
    list_init(&n->packets);
    list_push_back(&netlink_all, &n->all_link);
    *out = &n->s;
    return 0;
}

/* ---- mq_notify(2) ---- */

int netlink_cookie_get(int fd, uaddr_t bytes, struct netlink_cookie *out)
{
    struct netlink_packet *p = kzalloc(sizeof(*p) + NOTIFY_COOKIE_LEN);
    struct file *f = NULL;
    const struct socket *s;
    int err = p ? copy_from_user(p->data, bytes, NOTIFY_COOKIE_LEN) : -ENOMEM;

    if (err)
        goto free_packet;
    f = fd_get(fd);
    s = f ? socket_of(f) : NULL;
    if (!s || s->family != AF_NETLINK) {
        err = s ? -EINVAL : f ? -ENOTSOCK : -EBADF;
        goto put_file;
    }
    p->len = NOTIFY_COOKIE_LEN;
    *out = (struct netlink_cookie){ .file = f, .packet = p };
    return 0;

put_file:
    if (f)
        file_put(f);
free_packet:
    kfree(p);
    return err;
}

void netlink_cookie_send(struct netlink_cookie *c, uint8_t how)
{
    struct file *f = c->file;

    if (!f)
        return;
    c->file = NULL;
    c->packet->data[NOTIFY_COOKIE_LEN - 1] = how;
    if (how == NOTIFY_NONE)
        kfree(c->packet);
    else
        netlink_deliver_take(netlink_of(socket_of(f)), c->packet);
    file_put(f);
}
