/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_diag.c - NETLINK_SOCK_DIAG: internet sockets as ss(8) asks for them.
 *
 * Only lists. A filter in bytecode is refused, as are other families: ss reads
 * /proc/net then, and filters by itself.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "core/errno.h"
#include "core/string.h"
#include "net/inet_info.h"
#include "net/netlink.h"

#pragma weak inet_for_each

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_RAW 255

struct diag {
    struct nl_reply r;
    const struct inet_diag_req_v2 *want;
    uint8_t type; /* SOCK_* */
};

static uint8_t type_of(uint8_t protocol)
{
    switch (protocol) {
    case PROTOCOL_TCP:
        return SOCK_STREAM;
    case PROTOCOL_UDP:
        return SOCK_DGRAM;
    case PROTOCOL_RAW:
        return SOCK_RAW;
    default:
        return 0;
    }
}

static bool put_one(const struct inet_info *s, void *arg)
{
    struct diag *d = arg;
    struct inet_diag_msg *m;

    if (s->family != d->want->sdiag_family || s->type != d->type ||
        !(d->want->idiag_states & 1u << s->state))
        return true;
    m = reply_message(&d->r, SOCK_DIAG_BY_FAMILY, sizeof(*m));
    if (!m)
        return false;
    m->idiag_family = s->family;
    m->idiag_state = s->state;
    m->id.idiag_sport = __builtin_bswap16(s->local_port);
    m->id.idiag_dport = __builtin_bswap16(s->remote_port);
    memcpy(m->id.idiag_src, s->local, sizeof(s->local));
    memcpy(m->id.idiag_dst, s->remote, sizeof(s->remote));
    m->id.idiag_cookie[0] = (uint32_t)s->inode;
    m->idiag_rqueue = s->rx_queue;
    m->idiag_wqueue = s->tx_queue;
    m->idiag_uid = s->uid;
    m->idiag_inode = (uint32_t)s->inode;
    reply_message_end(&d->r);
    return true;
}

static int list(struct netlink_sock *n, const struct nlmsghdr *m)
{
    struct diag d = { .r = { .to = n,
                             .portid = n->portid,
                             .seq = m->nlmsg_seq,
                             .flags = NLM_F_MULTI },
                      .want = (const void *)(m + 1) };
    struct rt_attrs attrs;
    int *result;

    if (!rt_request_attrs(m, sizeof(*d.want), &attrs))
        return -EINVAL;
    if (rt_attr(&attrs, INET_DIAG_REQ_BYTECODE, 1))
        return -EOPNOTSUPP;
    d.type = type_of(d.want->sdiag_protocol);
    if (d.type != 0)
        inet_for_each(put_one, &d);
    result = reply_message(&d.r, NLMSG_DONE, sizeof(*result));
    if (result) {
        *result = d.type ? 0 : -ENOENT;
        reply_message_end(&d.r);
    }
    reply_end(&d.r);
    return 0;
}

int sock_diag_handle(struct netlink_sock *n, const struct nlmsghdr *m,
                     bool *answered_out)
{
    const struct sock_diag_req *r = (const void *)(m + 1);
    int err;

    if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        m->nlmsg_len < NLMSG_LENGTH(sizeof(*r)))
        return -EINVAL;
    if ((r->sdiag_family != AF_INET && r->sdiag_family != AF_INET6) ||
        !inet_for_each)
        return -ENOENT; /* as where the module is missing */
    if (!(m->nlmsg_flags & NLM_F_DUMP))
        return -EOPNOTSUPP;
    err = list(n, m);
    *answered_out = !err;
    return err;
}
