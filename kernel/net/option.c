/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option.c - SOL_SOCKET's options, the same for every family.
 *
 * An option that is only a switch is a bit of socket.flags. Options that
 * would change nothing here are refused as unknown: a program has a way around
 * what it is refused, none around what silently does not happen.
 */
#include <linux/capability.h>
#include <linux/in.h>

#include "core/errno.h"
#include "core/string.h"
#include "net/filter.h"
#include "net/socket.h"
#include "sched/process.h"

#pragma weak filter_set_option /* a part */

#define BIT(option) (1ull << (option))
#define SWITCHES                                                 \
    (BIT(SO_DEBUG) | BIT(SO_REUSEADDR) | BIT(SO_DONTROUTE) |     \
     BIT(SO_BROADCAST) | BIT(SO_KEEPALIVE) | BIT(SO_OOBINLINE) | \
     BIT(SO_NO_CHECK) | BIT(SO_REUSEPORT) | BIT(SO_PASSCRED) |   \
     BIT(SO_PASSSEC) | SOCKET_STAMPS)
#define NS_PER_US         1000
#define PRIORITY_FREE_MAX 6 /* more takes CAP_NET_ADMIN */

static bool is_switch(int name)
{
    return name >= 0 && name < 64 && (SWITCHES & BIT(name));
}

static bool is_admin(void)
{
    return process_has_cap(process_current(), CAP_NET_ADMIN);
}

/* SO_PEEK_OFF is for AF_UNIX, TCP and UDP. */
static bool can_peek_on(const struct socket *s)
{
    return s->family == AF_UNIX || s->type == SOCK_STREAM ||
           (s->type == SOCK_DGRAM && s->protocol == IPPROTO_UDP);
}

/* ---- setting ---- */

static uint32_t buffer_len(int value, uint32_t min, bool is_forced)
{
    uint32_t len = (uint32_t)value;

    if (!is_forced)
        len = MIN(len, SOCKET_BUF_MAX);
    else
        len = MIN(len, (uint32_t)INT32_MAX / 2);
    return MAX(2 * len, min); /* twice, since Linux counts its overhead in */
}

static int set_int(struct socket *s, int name, int value)
{
    struct spinlock *lock;

    switch (name) {
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
        if (name == SO_SNDBUFFORCE && !is_admin())
            return -EPERM;
        s->sndbuf =
            buffer_len(value, SOCKET_SNDBUF_MIN, name == SO_SNDBUFFORCE);
        lock = socket_lock(s);
        waitq_wake_all(&s->writable);
        socket_unlock(lock);
        return 0;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        if (name == SO_RCVBUFFORCE && !is_admin())
            return -EPERM;
        s->rcvbuf =
            buffer_len(value, SOCKET_RCVBUF_MIN, name == SO_RCVBUFFORCE);
        return 0;
    case SO_RCVLOWAT:
        s->rcvlowat = value < 0 ? INT32_MAX : MAX(value, 1);
        return 0;
    case SO_PRIORITY:
        if ((value < 0 || value > PRIORITY_FREE_MAX) && !is_admin())
            return -EPERM;
        s->priority = value;
        return 0;
    case SO_MARK:
        if (!is_admin())
            return -EPERM;
        s->mark = value;
        return 0;
    case SO_PEEK_OFF:
        if (!can_peek_on(s))
            return -EOPNOTSUPP;
        s->peek_off = value;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_switch(struct socket *s, int name, int value)
{
    if (name == SO_DEBUG && value && !is_admin())
        return -EACCES;
    if (name == SO_REUSEPORT && value && s->family == AF_UNIX)
        return -EOPNOTSUPP;
    if (BIT(name) & SOCKET_STAMPS) { /* one of the two, or none */
        if (!s->has_stamps)
            return -ENOPROTOOPT;
        s->flags &= ~SOCKET_STAMPS;
    }
    s->flags = (s->flags & ~BIT(name)) | (value ? BIT(name) : 0);
    return 0;
}

static int set_timeout(uint64_t *timeout, uaddr_t value, unsigned len)
{
    int64_t tv[2];

    if (len < sizeof(tv))
        return -EINVAL;
    if (copy_from_user(tv, value, sizeof(tv)))
        return -EFAULT;
    if (tv[1] < 0 || tv[1] >= 1000000)
        return -EDOM;
    if (tv[0] < 0)
        *timeout = 0;
    else if ((tv[0] == 0 && tv[1] == 0) ||
             tv[0] >= INT64_MAX / (int64_t)NS_PER_SEC)
        *timeout = WAIT_FOREVER;
    else
        *timeout = (uint64_t)tv[0] * NS_PER_SEC + (uint64_t)tv[1] * NS_PER_US;
    return 0;
}

/* Options of the family's: those of other levels, and of its interfaces. */
static bool is_familys(int level, int name)
{
    return level != SOL_SOCKET || name == SO_BINDTODEVICE;
}

static int set_option(struct socket *s, int level, int name, uaddr_t value,
                      unsigned len)
{
    uint32_t n;

    if (is_familys(level, name))
        return s->ops->set_option
                   ? s->ops->set_option(s, level, name, value, len)
                   : -EOPNOTSUPP;
    if (len < sizeof(n))
        return -EINVAL;
    if (user_get32(&n, value))
        return -EFAULT;
    switch (name) {
    case SO_RCVTIMEO_OLD:
    case SO_RCVTIMEO_NEW:
        return set_timeout(&s->rcv_timeout_ns, value, len);
    case SO_SNDTIMEO_OLD:
    case SO_SNDTIMEO_NEW:
        return set_timeout(&s->snd_timeout_ns, value, len);
    case SO_LINGER:
        if (len < sizeof(s->linger))
            return -EINVAL;
        return copy_from_user(s->linger, value, sizeof(s->linger));
    case SO_ATTACH_FILTER:
    case SO_DETACH_FILTER:
    case SO_LOCK_FILTER:
        return filter_set_option ? filter_set_option(s, name, value, len)
                                 : -ENOPROTOOPT;
    default:
        return is_switch(name) ? set_switch(s, name, (int)n)
                               : set_int(s, name, (int)n);
    }
}

int socket_set_option(struct socket *s, int level, int name, uaddr_t value,
                      unsigned len)
{
    int err = set_option(s, level, name, value, len);

    if (!err && s->ops->changed)
        s->ops->changed(s);
    return err;
}

/* ---- getting ---- */

static int get_int(struct socket *s, int name, int *out)
{
    switch (name) {
    case SO_TYPE:
        *out = s->type;
        return 0;
    case SO_DOMAIN:
        *out = s->family;
        return 0;
    case SO_PROTOCOL:
        *out = s->protocol;
        return 0;
    case SO_ERROR:
        *out = -socket_error_take_locked(s);
        return 0;
    case SO_ACCEPTCONN:
        *out = s->is_listening;
        return 0;
    case SO_SNDBUF:
        *out = (int)s->sndbuf;
        return 0;
    case SO_RCVBUF:
        *out = (int)s->rcvbuf;
        return 0;
    case SO_RCVLOWAT:
        *out = s->rcvlowat;
        return 0;
    case SO_SNDLOWAT:
        *out = 1;
        return 0;
    case SO_PRIORITY:
        *out = s->priority;
        return 0;
    case SO_MARK:
        *out = s->mark;
        return 0;
    case SO_PEEK_OFF:
        *out = s->peek_off;
        return can_peek_on(s) ? 0 : -EOPNOTSUPP;
    default:
        return -ENOPROTOOPT;
    }
}

static int get_groups(const struct socket *s, uaddr_t value, unsigned *len)
{
    const struct process *p = process_current();
    unsigned need = p->group_count * (unsigned)sizeof(p->groups[0]);
    bool fits = *len >= need;

    if (s->peer_cred.pid == 0)
        return -ENODATA;
    *len = need;
    if (!fits)
        return -ERANGE;
    return copy_to_user(value, p->groups, need);
}

struct answer {
    union {
        int number;
        uint64_t cookie;
        uint32_t linger[2];
        struct socket_cred cred;
        int64_t time[2];
    };
    unsigned len;
};

static void answer_timeout(struct answer *a, uint64_t timeout_ns)
{
    a->len = sizeof(a->time);
    if (timeout_ns == WAIT_FOREVER)
        timeout_ns = 0;
    a->time[0] = (int64_t)(timeout_ns / NS_PER_SEC);
    a->time[1] = (int64_t)(timeout_ns % NS_PER_SEC) / NS_PER_US;
}

static int get_answer(struct socket *s, int name, struct answer *a)
{
    switch (name) {
    case SO_RCVTIMEO_OLD:
    case SO_RCVTIMEO_NEW:
        answer_timeout(a, s->rcv_timeout_ns);
        return 0;
    case SO_SNDTIMEO_OLD:
    case SO_SNDTIMEO_NEW:
        answer_timeout(a, s->snd_timeout_ns);
        return 0;
    case SO_LINGER:
        a->len = sizeof(a->linger);
        memcpy(a->linger, s->linger, sizeof(a->linger));
        return 0;
    case SO_PEERCRED:
        a->len = sizeof(a->cred);
        a->cred = s->peer_cred;
        return 0;
    case SO_COOKIE:
        a->len = sizeof(a->cookie);
        a->cookie = s->inode.ino;
        return 0;
    default:
        a->len = sizeof(a->number);
        if (!is_switch(name))
            return get_int(s, name, &a->number);
        a->number = socket_flag(s, name);
        return 0;
    }
}

int socket_get_option(struct socket *s, int level, int name, uaddr_t value,
                      uaddr_t len_at)
{
    struct answer a = { 0 };
    uint32_t len;
    int err;

    if (user_get32(&len, len_at))
        return -EFAULT;
    if ((int)len < 0)
        return -EINVAL;
    if (is_familys(level, name)) {
        err = s->ops->get_option
                  ? s->ops->get_option(s, level, name, value, &len)
                  : -EOPNOTSUPP;
    } else if (name == SO_PEERGROUPS) {
        err = get_groups(s, value, &len);
        if (err == -ERANGE && user_put32(len_at, len))
            err = -EFAULT;
    } else {
        err = get_answer(s, name, &a);
        if (!err && name == SO_COOKIE && len < a.len)
            err = -EINVAL;
        len = MIN(len, a.len);
        if (!err && copy_to_user(value, &a, len))
            err = -EFAULT;
    }
    if (!err && user_put32(len_at, len))
        err = -EFAULT;
    return err;
}
