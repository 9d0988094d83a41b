/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket_msg.c - sending and receiving: sendto(2), recvfrom(2), sendmsg(2),
 * recvmsg(2), sendmmsg(2), recvmmsg(2).
 */
#include "core/errno.h"
#include "mm/heap.h"
#include "syscall/at.h"
#include "syscall/deadline.h"
#include "syscall/socket.h"
#include "syscall/syscall.h"
#include "time/clock.h"

#define MESSAGES_MAX 1024u /* of one sendmmsg(), recvmmsg() */
#define VEC_MAX      1024u /* more pieces: EMSGSIZE */

/* ---- one buffer ---- */

static ssize_t send_msg(struct file *f, struct socket *s, struct socket_msg *m)
{
    ssize_t n;

    socket_msg_wait(s, m, true);
    n = socket_send(s, m);
    return (m->flags & MSG_NOSIGNAL) ? n : write_signals(f, n);
}

static ssize_t receive_msg(struct socket *s, struct socket_msg *m)
{
    socket_msg_wait(s, m, false);
    return socket_receive(s, m);
}

long sys_sendto(int fd, uaddr_t buf, size_t len, int flags, uaddr_t addr,
                unsigned addr_len)
{
    struct io_vec one = { buf, MIN(len, IO_LEN_MAX) };
    struct socket_msg m = { .flags = (unsigned)flags };
    struct socket_addr a;
    struct socket *s;
    struct file *f;
    ssize_t n = user_range_ok(buf, one.len) ? 0 : -EFAULT;

    if (!n)
        n = sock_get(fd, &f, &s);
    if (n)
        return n;
    if (addr) {
        n = addr_get(&a, addr, addr_len);
        m.addr = addr_len ? &a : NULL;
    }
    io_init(&m.io, &one, 1);
    if (!n)
        n = send_msg(f, s, &m);
    file_put(f);
    return n;
}

long sys_recvfrom(int fd, uaddr_t buf, size_t len, int flags, uaddr_t addr,
                  uaddr_t addr_len)
{
    struct io_vec one = { buf, MIN(len, IO_LEN_MAX) };
    struct socket_msg m;
    struct socket_addr a;
    struct socket *s;
    struct file *f;
    ssize_t n = user_range_ok(buf, one.len) ? 0 : -EFAULT;

    if (!n)
        n = sock_get(fd, &f, &s);
    if (n)
        return n;
    a.len = 0;
    socket_msg_clear(&m, (unsigned)flags);
    m.addr = addr ? &a : NULL;
    io_init(&m.io, &one, 1);
    n = receive_msg(s, &m);
    if (n >= 0 && addr) {
        int err = addr_put(&a, addr, addr_len);

        n = err ? err : n;
    }
    file_put(f);
    return n;
}

/* ---- struct msghdr ---- */

/* One message, copied in from struct msghdr. */
struct msg_call {
    struct abi_msghdr h;
    struct io_vec fast[IO_VEC_FAST_COUNT], *vec;
    struct socket_addr addr;
    struct socket_msg m;
};

static int header_get(struct msg_call *c, uaddr_t user, unsigned flags)
{
    struct abi_msghdr *h = &c->h;
    int err;

    if (copy_from_user(h, user, sizeof(*h)))
        return -EFAULT;
    c->m = (struct socket_msg){ .flags = flags };
    if (h->name == 0)
        h->name_len = 0;
    if ((int)h->name_len < 0)
        return -EINVAL;
    if (h->iov_count > VEC_MAX)
        return -EMSGSIZE;
    err = io_vec_get(h->iov, h->iov_count, c->fast, &c->vec);
    if (!err)
        io_init(&c->m.io, c->vec, h->iov_count);
    return err;
}

static int control_get(struct msg_call *c)
{
    if (c->h.control_len == 0)
        return 0;
    if (c->h.control_len > SOCKET_CONTROL_MAX)
        return -ENOBUFS;
    c->m.control_len = c->h.control_len;
    c->m.control = kmalloc(c->m.control_len);
    if (!c->m.control)
        return -ENOBUFS;
    return copy_from_user(c->m.control, c->h.control, c->m.control_len);
}

static ssize_t send_one(struct file *f, struct socket *s, uaddr_t user,
                        unsigned flags)
{
    struct msg_call c;
    ssize_t n = header_get(&c, user, flags);

    if (n)
        return n;
    if (c.h.name_len > 0) {
        n = addr_get(&c.addr, c.h.name,
                     MIN(c.h.name_len, (unsigned)sizeof(c.addr.bytes)));
        c.m.addr = &c.addr;
    }
    if (!n)
        n = control_get(&c);
    if (!n)
        n = send_msg(f, s, &c.m);
    kfree(c.m.control);
    io_vec_free(c.vec, c.fast);
    return n;
}

static int header_put(const struct msg_call *c, uaddr_t user)
{
    uint32_t out = c->m.out_flags | (c->m.flags & MSG_CMSG_CLOEXEC);
    int err = 0;

    if (c->h.name)
        err = addr_put(&c->addr, c->h.name,
                       user + offsetof(struct abi_msghdr, name_len));
    if (!err)
        err = user_put32(user + offsetof(struct abi_msghdr, flags), out);
    if (!err)
        err = user_put64(user + offsetof(struct abi_msghdr, control_len),
                         c->m.control_at - c->h.control);
    return err;
}

static ssize_t receive_one(struct socket *s, uaddr_t user, unsigned flags)
{
    struct msg_call c;
    ssize_t n = header_get(&c, user, flags);

    if (n)
        return n;
    c.addr.len = 0;
    c.m.addr = c.h.name ? &c.addr : NULL;
    c.m.control_at = c.h.control;
    c.m.control_len = c.h.control_len;
    n = receive_msg(s, &c.m);
    if (n >= 0) {
        int err = header_put(&c, user);

        n = err ? err : n;
    }
    io_vec_free(c.vec, c.fast);
    return n;
}

long sys_sendmsg(int fd, uaddr_t msg, int flags)
{
    struct socket *s;
    struct file *f;
    ssize_t n = sock_get(fd, &f, &s);

    if (n)
        return n;
    n = send_one(f, s, msg, (unsigned)flags);
    file_put(f);
    return n;
}

long sys_recvmsg(int fd, uaddr_t msg, int flags)
{
    struct socket *s;
    struct file *f;
    ssize_t n = sock_get(fd, &f, &s);

    if (n)
        return n;
    n = receive_one(s, msg, (unsigned)flags);
    file_put(f);
    return n;
}

/* ---- several messages ---- */

static uaddr_t message_at(uaddr_t msgs, unsigned i)
{
    return msgs + i * sizeof(struct abi_mmsghdr);
}

static int message_len_put(uaddr_t msg, ssize_t len)
{
    return user_put32(msg + offsetof(struct abi_mmsghdr, len), (uint32_t)len);
}

COLD long sys_sendmmsg(int fd, uaddr_t msgs, unsigned count, int flags)
{
    struct socket *s;
    struct file *f;
    unsigned done = 0;
    ssize_t n = sock_get(fd, &f, &s);

    if (n)
        return n;
    count = MIN(count, MESSAGES_MAX);
    while (n >= 0 && done < count) {
        n = send_one(f, s, message_at(msgs, done), (unsigned)flags);
        if (n >= 0)
            n = message_len_put(message_at(msgs, done), n);
        done += n >= 0;
    }
    file_put(f);
    return done ? (long)done : n;
}

/* An error behind messages that came is for the next call to report. */
static long receive_many(struct socket *s, uaddr_t msgs, unsigned count,
                         unsigned flags, uint64_t deadline)
{
    unsigned done = 0;
    ssize_t n = (flags & MSG_ERRQUEUE) ? 0 : socket_error_take_locked(s);

    while (n >= 0 && done < count) {
        n = receive_one(s, message_at(msgs, done), flags & ~MSG_WAITFORONE);
        if (n >= 0)
            n = message_len_put(message_at(msgs, done), n);
        if (n < 0)
            break;
        done++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (deadline != WAIT_FOREVER && clock_mono_ns() >= deadline)
            break;
    }
    if (done == 0)
        return n;
    if (n < 0 && n != -EAGAIN && n != -ERESTARTSYS && n != -EINTR)
        s->error = (int)-n; /* the last of those that come at once stays */
    return done;
}

/* The time limit is looked at between messages only, as on Linux. */
COLD long sys_recvmmsg(int fd, uaddr_t msgs, unsigned count, int flags,
                       uaddr_t timeout)
{
    uint64_t deadline;
    struct socket *s;
    struct file *f;
    long n = deadline_of_timespec(timeout, &deadline);

    if (!n)
        n = sock_get(fd, &f, &s);
    if (n)
        return n;
    n = receive_many(s, msgs, MIN(count, MESSAGES_MAX), (unsigned)flags,
                     deadline);
    file_put(f);
    if (n > 0)
        deadline_put_left(timeout, deadline);
    return n;
}
