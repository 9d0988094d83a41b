/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.c - socket(2), socketpair(2), names, connections, options.
 */
#include "syscall/socket.h"

#include <linux/fcntl.h>

#include "core/errno.h"
#include "syscall/fd.h"
#include "syscall/syscall.h"

#define ADDR_LEN_MAX sizeof(struct __kernel_sockaddr_storage)
#define TYPE_FLAGS   (SOCK_CLOEXEC | SOCK_NONBLOCK)

_Static_assert(SOCK_CLOEXEC == O_CLOEXEC && SOCK_NONBLOCK == O_NONBLOCK,
               "the flags of type are open()'s");

int sock_get(int fd, struct file **file_out, struct socket **sock_out)
{
    struct file *f = fd_get(fd);
    int err;

    if (!f)
        return -EBADF;
    *file_out = f;
    *sock_out = socket_of(f);
    if (*sock_out)
        return 0;
    err = (f->flags & O_PATH) ? -EBADF : -ENOTSOCK;
    file_put(f);
    return err;
}

int addr_get(struct socket_addr *a, uaddr_t user, unsigned len)
{
    if (len > ADDR_LEN_MAX)
        return -EINVAL;
    a->len = len;
    return copy_from_user(a->bytes, user, len);
}

int addr_put(const struct socket_addr *a, uaddr_t user, uaddr_t len_at)
{
    uint32_t len;

    if (user_get32(&len, len_at))
        return -EFAULT;
    if ((int)len < 0)
        return -EINVAL;
    if (copy_to_user(user, a->bytes, MIN(len, a->len)))
        return -EFAULT;
    return user_put32(len_at, a->len);
}

/* ---- creating ---- */

long sys_socket(int family, int type, int protocol)
{
    unsigned flags = (unsigned)type & ~SOCK_TYPE_BITS;
    struct file *f;
    int err;

    if (flags & ~TYPE_FLAGS)
        return -EINVAL;
    err = socket_create(family, type & SOCK_TYPE_BITS, protocol, flags, &f);
    return err ? err : fd_give(f, flags & SOCK_CLOEXEC);
}

long sys_socketpair(int family, int type, int protocol, uaddr_t fds_at)
{
    unsigned flags = (unsigned)type & ~SOCK_TYPE_BITS;
    bool cloexec = flags & SOCK_CLOEXEC;
    struct file *ends[2];
    int fds[2], err;

    if (flags & ~TYPE_FLAGS)
        return -EINVAL;
    err = socket_create_pair(family, type & SOCK_TYPE_BITS, protocol, flags,
                             ends);
    if (err)
        return err;
    fds[0] = (int)fd_give(ends[0], cloexec);
    if (fds[0] < 0) {
        file_put(ends[1]);
        return fds[0];
    }
    fds[1] = (int)fd_give(ends[1], cloexec);
    if (fds[1] < 0) {
        (void)!fd_close(fds[0]);
        return fds[1];
    }
    if (copy_to_user(fds_at, fds, sizeof(fds)) == 0)
        return 0;
    (void)!fd_close(fds[0]);
    (void)!fd_close(fds[1]);
    return -EFAULT;
}

/* ---- names and connections ---- */

long sys_bind(int fd, uaddr_t addr, unsigned len)
{
    struct socket_addr a;
    struct socket *s;
    struct file *f;
    int err = sock_get(fd, &f, &s);

    if (err)
        return err;
    err = addr_get(&a, addr, len);
    if (!err)
        err = s->ops->bind(s, &a);
    file_put(f);
    return err;
}

long sys_connect(int fd, uaddr_t addr, unsigned len)
{
    struct socket_addr a;
    struct socket *s;
    struct file *f;
    int err = sock_get(fd, &f, &s);

    if (err)
        return err;
    err = addr_get(&a, addr, len);
    if (!err)
        err = socket_connect(s, &a);
    file_put(f);
    return err;
}

long sys_listen(int fd, int backlog)
{
    struct spinlock *lock;
    struct socket *s;
    struct file *f;
    int err = sock_get(fd, &f, &s);

    if (err)
        return err;
    err = -EOPNOTSUPP;
    if (s->ops->listen) {
        lock = socket_lock(s);
        err = s->ops->listen(s, MIN((unsigned)backlog, SOCKET_BACKLOG_MAX));
        socket_unlock(lock);
    }
    file_put(f);
    return err;
}

/* Takes over the connection. */
static long accepted(struct file *f, uaddr_t addr, uaddr_t len_at, bool cloexec)
{
    struct socket *s = socket_of(f);
    struct socket_addr peer = { 0 };
    int err = 0;

    if (addr) {
        err = s->ops->name(s, SOCKET_END_ACCEPTED, &peer) ? -ECONNABORTED : 0;
        if (!err)
            err = addr_put(&peer, addr, len_at);
    }
    if (!err)
        return fd_give(f, cloexec);
    file_put(f);
    return err;
}

long sys_accept4(int fd, uaddr_t addr, uaddr_t len, int flags)
{
    struct file *f, *connection;
    struct socket *s;
    int err;

    if (flags & ~TYPE_FLAGS)
        return -EINVAL;
    err = sock_get(fd, &f, &s);
    if (err)
        return err;
    err = socket_accept(s, (unsigned)flags, &connection);
    file_put(f);
    return err ? err : accepted(connection, addr, len, flags & SOCK_CLOEXEC);
}

long sys_accept(int fd, uaddr_t addr, uaddr_t len)
{
    return sys_accept4(fd, addr, len, 0);
}

static long put_name(int fd, enum socket_end end, uaddr_t addr, uaddr_t len)
{
    struct socket_addr a;
    struct socket *s;
    struct file *f;
    int err = sock_get(fd, &f, &s);

    if (err)
        return err;
    err = s->ops->name(s, end, &a);
    file_put(f);
    return err ? err : addr_put(&a, addr, len);
}

long sys_getsockname(int fd, uaddr_t addr, uaddr_t len)
{
    return put_name(fd, SOCKET_END_OWN, addr, len);
}

long sys_getpeername(int fd, uaddr_t addr, uaddr_t len)
{
    return put_name(fd, SOCKET_END_PEER, addr, len);
}

long sys_shutdown(int fd, int how)
{
    struct spinlock *lock;
    struct socket *s;
    struct file *f;
    int err = sock_get(fd, &f, &s);

    if (err)
        return err;
    err = -EINVAL;
    if (how >= 0 && how <= 2) {
        lock = socket_lock(s);
        err = s->ops->shutdown(s, (unsigned)how + 1);
        socket_unlock(lock);
    }
    file_put(f);
    return err;
}

/* ---- options ---- */

long sys_setsockopt(int fd, int level, int name, uaddr_t value, unsigned len)
{
    struct socket *s;
    struct file *f;
    int err;

    if ((int)len < 0)
        return -EINVAL;
    err = sock_get(fd, &f, &s);
    if (err)
        return err;
    err = socket_set_option(s, level, name, value, len);
    file_put(f);
    return err;
}

long sys_getsockopt(int fd, int level, int name, uaddr_t value, uaddr_t len)
{
    struct socket *s;
    struct file *f;
    int err = sock_get(fd, &f, &s);

    if (err)
        return err;
    err = socket_get_option(s, level, name, value, len);
    file_put(f);
    return err;
}
