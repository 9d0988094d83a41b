/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dgram_error.c - errors that programs look at one by one: IP_RECVERR.
 *
 * Each has what was quoted of the packet, where that was to go, and who says
 * that it did not get there. They take room in the receive buffer like packets.
 */
#include "core/errno.h"
#include "core/string.h"
#include "lwip/ip.h"
#include "mm/heap.h"
#include "net/inet/dgram.h"
#include "net/inet/icmp.h"

#define ORIGIN_LOCAL 1 /* SO_EE_ORIGIN_*; its header wants a C library */
#define ORIGIN_ICMP  2
#define ORIGIN_ICMP6 3

struct sock_extended_err {
    uint32_t ee_errno;
    uint8_t ee_origin, ee_type, ee_code, ee_pad;
    uint32_t ee_info, ee_data;
};

struct dgram_error {
    struct dgram_error *next;
    struct sock_extended_err ee;
    ip_addr_t to, offender;
    uint16_t to_port;
    uint16_t len;
    uint8_t data[];
};

static size_t cost_of(const struct dgram_error *e)
{
    return e->len + PACKET_OVERHEAD;
}

/* In its place behind all others; NULL: no room. */
static struct dgram_error *add(struct dgram_sock *d, unsigned len)
{
    struct dgram_error **end = &d->errors, *e;

    if (d->cost + len + PACKET_OVERHEAD > d->i.s.rcvbuf)
        return NULL;
    e = kzalloc(sizeof(*e) + len);
    if (!e)
        return NULL;
    e->len = (uint16_t)len;
    d->cost += cost_of(e);
    while (*end)
        end = &(*end)->next;
    *end = e;
    return e;
}

static void drop_first(struct dgram_sock *d)
{
    struct dgram_error *e = d->errors;

    d->errors = e->next;
    d->cost -= cost_of(e);
    kfree(e);
}

void dgram_errors_drop(struct dgram_sock *d)
{
    while (d->errors)
        drop_first(d);
}

void dgram_error_queue(struct dgram_sock *d, const struct icmp_error *icmp,
                       unsigned header_len)
{
    unsigned at = MIN(icmp->at + header_len, (unsigned)icmp->p->tot_len);
    unsigned len = icmp->p->tot_len - at;
    struct dgram_error *e = add(d, len);

    if (!e)
        return;
    e->ee = (struct sock_extended_err){
        .ee_errno = (uint32_t)icmp->error,
        .ee_origin = IP_IS_V6_VAL(icmp->remote) ? ORIGIN_ICMP6 : ORIGIN_ICMP,
        .ee_type = icmp->type,
        .ee_code = icmp->code,
        .ee_info = icmp->info,
    };
    e->to = icmp->remote;
    e->to_port = icmp->remote_port;
    e->offender = *ip_current_src_addr();
    (void)pbuf_copy_partial(icmp->p, e->data, (u16_t)len, (u16_t)at);
}

void dgram_error_local(struct dgram_sock *d, const struct dgram_target *t,
                       uint32_t mtu)
{
    struct dgram_error *e = add(d, 0);

    if (!e)
        return;
    e->ee.ee_errno = EMSGSIZE;
    e->ee.ee_origin = ORIGIN_LOCAL;
    e->ee.ee_info = mtu;
    e->to = t->to;
    e->to_port = t->port;
    dgram_error(d, EMSGSIZE);
}

static void put_control(struct dgram_sock *d, struct socket_msg *m,
                        const struct dgram_error *e)
{
    bool is_v6 = inet_is_v6(&d->i);
    struct {
        struct sock_extended_err ee;
        uint8_t offender[sizeof(struct sockaddr_in6)];
    } out = { .ee = e->ee };
    size_t addr_len =
        is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    struct socket_addr a;

    if (e->ee.ee_origin != ORIGIN_LOCAL) {
        inet_addr_put(&d->i, &e->offender, 0, &a);
        memcpy(out.offender, a.bytes, addr_len);
    }
    (void)!socket_control_put(m, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                              is_v6 ? IPV6_RECVERR : IP_RECVERR, &out,
                              sizeof(out.ee) + addr_len);
}

ssize_t dgram_receive_error(struct dgram_sock *d, struct socket_msg *m)
{
    struct dgram_error *e = d->errors;
    size_t n = MIN(m->io.left, (size_t)e->len);

    if (io_put(&m->io, e->data, n) < n)
        return -EFAULT;
    if (n < e->len)
        m->out_flags |= MSG_TRUNC;
    m->out_flags |= MSG_ERRQUEUE;
    if (m->addr)
        inet_addr_put(&d->i, &e->to, e->to_port, m->addr);
    put_control(d, m, e);
    drop_first(d);
    /* SO_ERROR tells of the next one, or of none. */
    d->i.s.error = d->errors ? (int)d->errors->ee.ee_errno : 0;
    return (ssize_t)n;
}
