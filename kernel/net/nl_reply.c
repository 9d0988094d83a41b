/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nl_reply.c - messages of netlink, from the kernel to the program.
 *
 * Messages gather in a packet until the next one might not fit. When memory is
 * short everything else is dropped, and the socket's error says so.
 */
#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "net/netlink.h"

static struct netlink_packet *packet_new(size_t len)
{
    size_t cap = MAX(len, (size_t)NETLINK_PACKET_LEN);
    struct netlink_packet *p = kmalloc(sizeof(*p) + cap);

    if (p)
        *p = (struct netlink_packet){ .cap = (uint32_t)cap };
    return p;
}

/* Room for len bytes behind what is there. NULL: no memory. */
static uint8_t *room(struct nl_reply *r, size_t len)
{
    if (r->packet && r->packet->cap - r->packet->len < len)
        reply_end(r);
    if (!r->packet)
        r->packet = packet_new(len);
    if (r->packet)
        return r->packet->data + r->packet->len;
    r->err = -ENOBUFS;
    return NULL;
}

static struct nlmsghdr *begin(struct nl_reply *r, uint16_t type,
                              size_t body_len, size_t most)
{
    struct nlmsghdr *m;

    if (r->err)
        return NULL;
    ASSERT(!r->message);
    m = (struct nlmsghdr *)(void *)room(r, most);
    if (!m)
        return NULL;
    *m = (struct nlmsghdr){
        .nlmsg_len = NLMSG_HDRLEN + (uint32_t)NLMSG_ALIGN(body_len),
        .nlmsg_type = type,
        .nlmsg_flags = r->flags,
        .nlmsg_seq = r->seq,
        .nlmsg_pid = r->portid,
    };
    memset(m + 1, 0, NLMSG_ALIGN(body_len));
    r->message = m;
    return m;
}

void *reply_message(struct nl_reply *r, uint16_t type, size_t body_len)
{
    struct nlmsghdr *m = begin(r, type, body_len, NETLINK_MESSAGE_MAX);

    return m ? m + 1 : NULL;
}

void reply_attr(struct nl_reply *r, uint16_t type, const void *data, size_t len)
{
    struct nlmsghdr *m = r->message;
    size_t size = RTA_SPACE(len);
    struct rtattr *a;

    if (r->err)
        return;
    ASSERT_OP(m->nlmsg_len + size, <=, NETLINK_MESSAGE_MAX);
    a = (struct rtattr *)(void *)((uint8_t *)m + m->nlmsg_len);
    memset(a, 0, size);
    a->rta_type = type;
    a->rta_len = (uint16_t)RTA_LENGTH(len);
    memcpy(RTA_DATA(a), data, len);
    m->nlmsg_len += (uint32_t)size;
}

void reply_attr_u32(struct nl_reply *r, uint16_t type, uint32_t value)
{
    reply_attr(r, type, &value, sizeof(value));
}

void reply_attr_u8(struct nl_reply *r, uint16_t type, uint8_t value)
{
    reply_attr(r, type, &value, sizeof(value));
}

void reply_attr_string(struct nl_reply *r, uint16_t type, const char *text)
{
    reply_attr(r, type, text, strlen(text) + 1);
}

void reply_message_end(struct nl_reply *r)
{
    if (r->err)
        return;
    r->packet->len += r->message->nlmsg_len;
    r->message = NULL;
}

void reply_end(struct nl_reply *r)
{
    struct netlink_packet *p = r->packet;

    r->packet = NULL;
    if (r->to && r->err) {
        r->to->s.error = -r->err;
        socket_wake(&r->to->s);
    }
    if (!p)
        return;
    p->group = r->group;
    if (r->to)
        netlink_deliver_take(r->to, p);
    else
        netlink_multicast_take(p);
}

/* A failed request comes back whole, unless the program wants but its
 * header. */
void reply_ack(struct netlink_sock *n, const struct nlmsghdr *request, int err)
{
    bool is_whole = err && !netlink_option(n, NETLINK_CAP_ACK);
    size_t copied = is_whole ? request->nlmsg_len : sizeof(*request);
    size_t body_len = sizeof(struct nlmsgerr) - sizeof(*request) + copied;
    struct nl_reply r = {
        .to = n,
        .portid = n->portid,
        .seq = request->nlmsg_seq,
        .flags = is_whole ? 0 : NLM_F_CAPPED,
    };
    struct nlmsghdr *m =
        begin(&r, NLMSG_ERROR, body_len, NLMSG_HDRLEN + NLMSG_ALIGN(body_len));
    struct nlmsgerr *e;

    if (m) {
        e = (struct nlmsgerr *)(void *)(m + 1);
        e->error = err;
        memcpy(&e->msg, request, copied);
        reply_message_end(&r);
    }
    reply_end(&r);
}
