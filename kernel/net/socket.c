/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.c - what sockets of all families share: life, open file, waiting.
 *
 * Readiness has two queues: what was sent or connected wakes `readable`, room
 * wakes `writable`, and a change of state wakes both. Each poller says which
 * of the two it means, so an edge-triggered watch for input sees no edge when
 * only room appears.
 */
#include "net/socket.h"

#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/panic.h"
#include "fs/dentry.h"
#include "net/netif.h"
#include "net/packet.h"
#include "sched/process.h"
#include "sched/thread.h"
#include "time/clock.h"

/* A part (parts.def): absent in kernels without the family. */
#pragma weak unix_create
#pragma weak netlink_create
#pragma weak netif_ioctl
#pragma weak inet_create
#pragma weak packet_create
#pragma weak packet_mmap

#define TYPE_MAX     11 /* Linux's SOCK_MAX */
#define SOCKFS_DEV   8
#define SOCKFS_MAGIC 0x534f434bu
#define POLL_IN      (EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLPRI)
#define POLL_OUT     (EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND)

/* ---- the family's lock, where it is seldom taken ---- */

COLD struct spinlock *socket_lock(const struct socket *s)
{
    if (s->lock)
        spin_lock(s->lock);
    return s->lock;
}

COLD void socket_unlock(struct spinlock *lock)
{
    if (lock)
        spin_unlock(lock);
}

/* ---- the inode: what fstat, fchmod, flock and friends act on ---- */

static COLD int sockfs_setattr(struct inode *i, unsigned valid,
                               const struct kstat *attr)
{
    inode_apply_attr(i, valid & ~(unsigned)ATTR_SIZE, attr);
    return 0;
}

/* Its file was the inode's only user, and this the file's hold on it. */
static void sockfs_evict(struct inode *i)
{
    struct socket *s = (struct socket *)(void *)i;
    struct spinlock *lock = socket_lock(s);

    socket_total--;
    socket_put(s);
    socket_unlock(lock);
}

static COLD void sockfs_statfs(struct superblock *sb, struct kstatfs *out)
{
    (void)sb;
    *out = (struct kstatfs){ .type = SOCKFS_MAGIC,
                             .bsize = PAGE_SIZE,
                             .namelen = NAME_MAX };
}

static const struct inode_ops sockfs_ops = {
    .setattr = sockfs_setattr,
    .evict = sockfs_evict,
};

static struct superblock sockfs = {
    .dev = SOCKFS_DEV,
    .type = "sockfs",
    .statfs = sockfs_statfs,
};

/* ---- life ---- */

unsigned socket_total;

COLD void socket_init(struct socket *s, int family, int type,
                      const struct socket_ops *ops)
{
    inode_init(&s->inode, &sockfs, &sockfs_ops, NULL, 0, S_IFSOCK | 0777);
    s->ops = ops;
    s->refs = 1;
    s->family = (uint16_t)family;
    s->type = (uint16_t)type;
    s->sndbuf = s->rcvbuf = SOCKET_BUF_DEFAULT;
    s->rcvlowat = 1;
    s->peek_off = -1;
    s->rcv_timeout_ns = s->snd_timeout_ns = WAIT_FOREVER;
    s->peer_cred = (struct socket_cred){ 0, UINT32_MAX, UINT32_MAX };
    waitq_init(&s->readable);
    waitq_init(&s->writable);
}

COLD void socket_lock_by(struct socket *s, struct spinlock *lock)
{
    s->lock = lock;
    waitq_init_locked(&s->readable, lock);
    waitq_init_locked(&s->writable, lock);
}

struct socket *socket_get(struct socket *s)
{
    s->refs++;
    return s;
}

void socket_put(struct socket *s)
{
    ASSERT(s->refs > 0);
    if (--s->refs == 0)
        s->ops->destroy(s);
}

unsigned socket_poll_ends(const struct socket *s)
{
    unsigned events = s->error ? EPOLLERR : 0;

    if (s->shutdown == SHUTDOWN_BOTH)
        events |= EPOLLHUP;
    if (s->shutdown & SHUTDOWN_RECEIVE)
        events |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
    return events;
}

int socket_error_take(struct socket *s)
{
    int error = s->error;

    s->error = 0;
    return -error;
}

COLD int socket_error_take_locked(struct socket *s)
{
    struct spinlock *lock = socket_lock(s);
    int err = socket_error_take(s);

    socket_unlock(lock);
    return err;
}

struct socket_cred socket_cred_current(void)
{
    const struct process *p = process_current();

    return (struct socket_cred){ p->pid, p->euid, p->egid };
}

/* ---- waiting ---- */

static COLD NOINLINE int sleep_timed(struct waitq *q, struct socket_wait *w)
{
    int err;

    if (w->deadline_ns == 0) {
        uint64_t now = clock_mono_ns();

        w->deadline_ns = w->timeout_ns >= WAIT_FOREVER - now
                             ? WAIT_FOREVER
                             : now + w->timeout_ns;
    }
    err = waitq_sleep(q, w->deadline_ns);
    if (err == -ETIMEDOUT)
        return -EAGAIN;
    if (err == -ERESTARTSYS)
        return -EINTR; /* a restart would wait the whole time again */
    return err;
}

int socket_sleep(struct waitq *q, struct socket_wait *w)
{
    if (w->timeout_ns == 0)
        return -EAGAIN;
    return LIKELY(w->timeout_ns == WAIT_FOREVER) ? waitq_sleep(q, WAIT_FOREVER)
                                                 : sleep_timed(q, w);
}

COLD void socket_wake(struct socket *s)
{
    waitq_wake_all(&s->readable);
    waitq_wake_all(&s->writable);
}

void socket_msg_wait(const struct socket *s, struct socket_msg *m, bool is_send)
{
    bool nonblock = (s->file->flags & O_NONBLOCK) || (m->flags & MSG_DONTWAIT);

    m->wait.deadline_ns = 0;
    m->wait.timeout_ns = is_send ? s->snd_timeout_ns : s->rcv_timeout_ns;
    if (nonblock)
        m->wait.timeout_ns = 0;
}

COLD void socket_peek_step(struct socket *s, unsigned flags, size_t n)
{
    int off = s->peek_off;

    s->peek_off = flags & MSG_PEEK ? off + (int)n : MAX(off - (int)n, 0);
}

size_t socket_receive_target(const struct socket *s, const struct socket_msg *m)
{
    size_t len = m->io.left;

    if (!(m->flags & MSG_WAITALL))
        len = MIN(len, (size_t)s->rcvlowat);
    return MAX(len, (size_t)1);
}

/* Without the kernel lock too, if the family needs no more than its own. */
COLD int socket_connect(struct socket *s, struct socket_addr *a)
{
    bool was_taken = !s->ops->connects_free && kernel_lock_enter_seldom();
    struct socket_msg m = { 0 };
    struct spinlock *lock;
    int err;

    socket_msg_wait(s, &m, true);
    lock = socket_lock(s);
    err = s->ops->connect(s, a, &m.wait);
    socket_unlock(lock);
    kernel_lock_leave(was_taken);
    return err;
}

/* ---- moving data ---- */

typedef ssize_t transfer_fn(struct socket *s, struct socket_msg *m);

/* All that is left of m, with the kernel lock, after `done` bytes. These might
 * have been all: only MSG_WAITALL makes a receiver wait for more. */
static COLD ssize_t transfer_locked(transfer_fn *fn, struct socket *s,
                                    struct socket_msg *m, ssize_t done)
{
    bool was_taken = kernel_lock_enter_seldom();
    struct spinlock *lock;
    ssize_t n;

    m->is_free = m->is_cut = false;
    if (done > 0 && fn == s->ops->receive && !(m->flags & MSG_WAITALL))
        m->wait.timeout_ns = 0;
    lock = socket_lock(s);
    n = fn(s, m);
    socket_unlock(lock);
    kernel_lock_leave(was_taken);
    return done > 0 ? done + MAX(n, 0l) : n;
}

static COLD bool wants_kernel(const struct socket_msg *m, ssize_t n)
{
    return m->is_free && (m->is_cut || n == -EFAULT || n == -ENOBUFS ||
                          n == SOCKET_WANTS_KERNEL);
}

/* With the family's lock alone if it has one, as far as that goes. */
static NOINLINE ssize_t transfer(transfer_fn *fn, struct socket *s,
                                 struct socket_msg *m)
{
    struct spinlock *lock = s->lock;
    bool is_free, was_taken;
    ssize_t n;

    if (!lock) {
        was_taken = kernel_lock_enter();
        n = fn(s, m);
        kernel_lock_leave(was_taken);
        return n;
    }
    is_free = !spin_is_mine(&kernel_lock);
    m->is_free = is_free;
    spin_lock(lock);
    thread_current()->must_not_fault = is_free;
    n = fn(s, m);
    thread_current()->must_not_fault = false;
    spin_unlock(lock);
    if (UNLIKELY(n < 0 || m->is_cut) && wants_kernel(m, n))
        return transfer_locked(fn, s, m, n);
    return n;
}

ssize_t socket_send(struct socket *s, struct socket_msg *m)
{
    return transfer(s->ops->send, s, m);
}

ssize_t socket_receive(struct socket *s, struct socket_msg *m)
{
    return transfer(s->ops->receive, s, m);
}

/* ---- the open file ---- */

static NOINLINE ssize_t move(struct file *f, struct io *io, bool is_send)
{
    struct socket *s = f->private;
    struct socket_msg m;
    ssize_t n;

    m.io = *io;
    socket_msg_clear(&m, 0);
    socket_msg_wait(s, &m, is_send);
    n = transfer(is_send ? s->ops->send : s->ops->receive, s, &m);
    *io = m.io;
    return n;
}

static ssize_t socket_read(struct file *f, struct io *io, uint64_t *pos)
{
    (void)pos;
    return io->left > 0 ? move(f, io, false) : 0;
}

static ssize_t socket_write(struct file *f, struct io *io, uint64_t *pos)
{
    (void)pos;
    return move(f, io, true);
}

/* read() and write(): the same, but for what the general ones check. */
static NOINLINE ssize_t move_plain(struct file *f, uaddr_t buf, size_t len,
                                   bool is_send)
{
    struct socket *s = f->private;
    struct io_vec one = { buf, len };
    struct socket_msg m;

    m.io = (struct io){ &one, 1, 0, len, false };
    socket_msg_clear(&m, 0);
    socket_msg_wait(s, &m, is_send);
    return transfer(is_send ? s->ops->send : s->ops->receive, s, &m);
}

static ssize_t socket_read_plain(struct file *f, uaddr_t buf, size_t len)
{
    return move_plain(f, buf, len, false);
}

static ssize_t socket_write_plain(struct file *f, uaddr_t buf, size_t len)
{
    return move_plain(f, buf, len, true);
}

static unsigned socket_poll(struct file *f, struct poll_table *table)
{
    struct socket *s = f->private;
    unsigned events;
    bool was_taken;

    poll_wait_for(table, &s->readable, POLL_IN);
    poll_wait_for(table, &s->writable, POLL_OUT);
    was_taken = s->lock && spin_enter(s->lock);
    events = s->ops->poll(s);
    spin_leave(s->lock, was_taken);
    return events;
}

static COLD long socket_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    struct socket *s = f->private;
    struct spinlock *lock = socket_lock(s);
    long err = s->ops->ioctl ? s->ops->ioctl(s, cmd, arg) : -ENOTTY;

    socket_unlock(lock);
    if (err == -ENOTTY)
        err = file_owner_ioctl(f, cmd, arg);
    return err == -ENOTTY && netif_ioctl ? netif_ioctl(s->family, cmd, arg)
                                         : err;
}

static int socket_stat(struct file *f, struct kstat *out)
{
    inode_fill_kstat(f->inode, out);
    return 0;
}

static COLD void socket_release(struct file *f)
{
    struct socket *s = f->private;
    struct spinlock *lock;

    if (!s)
        return; /* accept() found none */
    s->file = NULL;
    lock = socket_lock(s);
    s->ops->release(s); /* the reference goes with the inode */
    socket_unlock(lock);
}

#define SOCKET_FILE_OPS                                                 \
    .read = socket_read, .write = socket_write,                         \
    .read_plain = socket_read_plain, .write_plain = socket_write_plain, \
    .poll = socket_poll, .ioctl = socket_ioctl, .stat = socket_stat,    \
    .mmap = OPERATION(packet_mmap), .release = socket_release,          \
    .kind = "socket"

static const struct file_ops stream_file_ops = { SOCKET_FILE_OPS };
/* Only a broken stream is worth SIGPIPE. */
static const struct file_ops message_file_ops = { SOCKET_FILE_OPS,
                                                  .no_sigpipe = true };

struct socket *socket_of(const struct file *f)
{
    if (f->ops == &stream_file_ops || f->ops == &message_file_ops)
        return f->private;
    return NULL;
}

static COLD NOINLINE struct file *file_for(int type, unsigned flags)
{
    return file_create(type == SOCK_STREAM ? &stream_file_ops
                                           : &message_file_ops,
                       O_RDWR | (flags & O_NONBLOCK), NULL);
}

/* Takes over the reference of s. What is the kernel lock's of an inode comes
 * with the file: a family may make sockets without that lock. */
static void file_bind(struct file *f, struct socket *s)
{
    static uint64_t next_ino = 1;
    const struct process *p = process_current();

    s->inode.ino = next_ino++;
    s->inode.uid = p->fsuid;
    s->inode.gid = p->fsgid;
    inode_stamp(&s->inode);
    socket_total++;
    f->private = s;
    f->inode = &s->inode;
    f->polls_free = s->lock; /* which poll() takes */
    s->file = f;
}

/* ---- creating ---- */

static int create(int family, int type, int protocol, struct socket **out)
{
    if (family < 0 || (unsigned)family >= SOCKET_FAMILY_MAX)
        return -EAFNOSUPPORT;
    if (type < 0 || type >= TYPE_MAX)
        return -EINVAL;
    if (family == AF_UNIX && unix_create)
        return unix_create(type, protocol, out);
    if (family == AF_NETLINK && netlink_create)
        return netlink_create(type, protocol, out);
    if ((family == AF_INET || family == AF_INET6) && inet_create)
        return inet_create(family, type, protocol, out);
    if (family == AF_PACKET && packet_create)
        return packet_create(type, protocol, out);
    return -EAFNOSUPPORT;
}

COLD int socket_create(int family, int type, int protocol, unsigned flags,
                       struct file **out)
{
    struct spinlock *lock;
    struct socket *s;
    int err = create(family, type, protocol, &s);

    if (err)
        return err;
    *out = file_for(s->type, flags);
    if (!*out) {
        lock = socket_lock(s);
        s->ops->release(s);
        socket_put(s);
        socket_unlock(lock);
        return -ENOMEM;
    }
    file_bind(*out, s);
    return 0;
}

COLD int socket_create_pair(int family, int type, int protocol, unsigned flags,
                            struct file *out[2])
{
    struct spinlock *lock;
    struct socket *a;
    int err = socket_create(family, type, protocol, flags, &out[0]);

    if (err)
        return err;
    err = socket_create(family, type, protocol, flags, &out[1]);
    if (err)
        goto put_first;
    a = out[0]->private;
    lock = socket_lock(a);
    err = a->ops->pair ? a->ops->pair(a, out[1]->private) : -EOPNOTSUPP;
    socket_unlock(lock);
    if (!err)
        return 0;
    file_put(out[1]);
put_first:
    file_put(out[0]);
    return err;
}

COLD int socket_accept(struct socket *s, unsigned flags, struct file **out)
{
    struct socket_msg m = { 0 };
    struct socket *connected;
    struct spinlock *lock;
    int err;

    if (!s->ops->accept)
        return -EOPNOTSUPP;
    /* Whatever may fail comes first: a connection that was taken from the
     * queue and has no descriptor would be lost. */
    if (!fd_has_room())
        return -EMFILE;
    *out = file_for(s->type, flags);
    if (!*out)
        return -ENOMEM;
    socket_msg_wait(s, &m, false);
    lock = socket_lock(s);
    err = s->ops->accept(s, &m.wait, &connected);
    socket_unlock(lock);
    if (err) {
        file_put(*out);
        return err;
    }
    file_bind(*out, connected);
    return 0;
}
