/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c - ancillary data: struct cmsghdr on the way in and out.
 */
#include "core/errno.h"
#include "core/string.h"
#include "net/socket.h"
#include "time/clock.h"

#define CMSG_ALIGN_LEN(len) ALIGN_UP((len), 8ul)
#define NS_PER_US           1000

int socket_control_next(const struct socket_msg *m, size_t *off,
                        struct socket_control *out)
{
    const struct abi_cmsghdr *c;

    if (!m->control || *off + sizeof(*c) > m->control_len)
        return 0;
    c = (const void *)(m->control + *off);
    if (c->len < sizeof(*c) || c->len > m->control_len - *off)
        return -EINVAL;
    out->level = c->level;
    out->type = c->type;
    out->data = (const uint8_t *)(c + 1);
    out->len = c->len - sizeof(*c);
    *off += CMSG_ALIGN_LEN(c->len);
    return 1;
}

int socket_control_put(struct socket_msg *m, int level, int type,
                       const void *data, size_t len)
{
    struct abi_cmsghdr c = { sizeof(c) + len, level, type };

    if (!m->control_at || m->control_len < sizeof(c)) {
        m->out_flags |= MSG_CTRUNC;
        return 0;
    }
    if (c.len > m->control_len) {
        m->out_flags |= MSG_CTRUNC;
        c.len = m->control_len;
    }
    if (copy_to_user(m->control_at, &c, sizeof(c)) ||
        copy_to_user(m->control_at + sizeof(c), data, c.len - sizeof(c)))
        return -EFAULT;
    len = MIN(CMSG_ALIGN_LEN(c.len), m->control_len);
    m->control_at += len;
    m->control_len -= len;
    return 0;
}

void socket_stamp_put(const struct socket *s, struct socket_msg *m,
                      uint64_t real_ns)
{
    bool is_ns = socket_flag(s, SO_TIMESTAMPNS_OLD);
    int64_t when[2];

    if (real_ns == 0)
        real_ns = clock_real_ns();
    when[0] = (int64_t)(real_ns / NS_PER_SEC);
    when[1] = (int64_t)(real_ns % NS_PER_SEC) / (is_ns ? 1 : NS_PER_US);
    (void)!socket_control_put(m, SOL_SOCKET,
                              is_ns ? SO_TIMESTAMPNS_OLD : SO_TIMESTAMP_OLD,
                              when, sizeof(when));
}
