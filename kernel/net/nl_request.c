/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nl_request.c - taking apart what a program sends over netlink.
 *
 * Requests come in order; each is answered before the next is looked at. Bytes
 * that are no whole message end the packet, as on Linux.
 */
#include "core/string.h"
#include "net/netlink.h"

bool rt_request_attrs(const struct nlmsghdr *m, size_t fixed_len,
                      struct rt_attrs *out)
{
    size_t used = NLMSG_HDRLEN + NLMSG_ALIGN(fixed_len);

    if (m->nlmsg_len < NLMSG_HDRLEN + fixed_len)
        return false;
    out->data = (const uint8_t *)m + used;
    out->len = m->nlmsg_len > used ? m->nlmsg_len - used : 0;
    return true;
}

const void *rt_attr(const struct rt_attrs *attrs, uint16_t type, size_t min_len)
{
    const uint8_t *at = attrs->data;
    size_t left = attrs->len;

    while (left >= sizeof(struct rtattr)) {
        const struct rtattr *a = (const struct rtattr *)(const void *)at;
        size_t step = RTA_ALIGN((size_t)a->rta_len);

        if (a->rta_len < sizeof(*a) || a->rta_len > left)
            break;
        if ((a->rta_type & NLA_TYPE_MASK) == type &&
            a->rta_len >= RTA_LENGTH(min_len))
            return at + RTA_LENGTH(0);
        at += MIN(step, left);
        left -= MIN(step, left);
    }
    return NULL;
}

size_t rt_attr_len(const void *payload)
{
    const struct rtattr *a = payload;

    return a[-1].rta_len - RTA_LENGTH(0);
}

/* The kernel serves requests, and nothing that netlink itself is made of. */
static bool is_request(const struct nlmsghdr *m)
{
    return (m->nlmsg_flags & NLM_F_REQUEST) && m->nlmsg_type >= NLMSG_MIN_TYPE;
}

void netlink_requests(struct netlink_sock *n, const uint8_t *data, size_t len,
                      netlink_handler handle)
{
    while (len >= NLMSG_HDRLEN) {
        const struct nlmsghdr *m = (const void *)data;
        bool answered = false;
        size_t step;
        int err;

        if (m->nlmsg_len < NLMSG_HDRLEN || m->nlmsg_len > len)
            return;
        err = is_request(m) ? handle(n, m, &answered) : 0;
        if (err || ((m->nlmsg_flags & NLM_F_ACK) && !answered))
            reply_ack(n, m, err);
        step = MIN(NLMSG_ALIGN((size_t)m->nlmsg_len), len);
        data += step;
        len -= step;
    }
}
