/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mqueue.c - POSIX message queues, mq_overview(7).
 *
 * Queues have names of their own, beside the file system's. As with System V's
 * messages nobody overtakes: a message goes straight to who sleeps for one, and
 * who takes one from a full queue puts the first sleeping sender's in.
 *
 * The files live here, not in kernel/fs, since signals are above that layer.
 */
#include <asm/resource.h>
#include <asm/siginfo.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/mqueue.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/dentry.h"
#include "fs/special.h"
#include "mm/heap.h"
#include "net/netlink.h"
#include "process/signal.h"
#include "syscall/deadline.h"
#include "syscall/fd.h"
#include "syscall/syscall.h"
#include "time/clock.h"

/* A part (parts.def): without it SIGEV_THREAD gives -ENOTSOCK. */
#pragma weak netlink_cookie_get
#pragma weak netlink_cookie_send

#define MQ_QUEUES_MAX    256u /* Linux's queues_max; root: as many as fit */
#define MQ_MESSAGES      10   /* msg_default, and msg_max for others */
#define MQ_LEN           8192 /* msgsize_default, msgsize_max for others */
#define MQ_ROOT_MESSAGES 65536
#define MQ_ROOT_LEN      (16 * 1024 * 1024)
#define MQ_PRIORITIES    32768u
#define MQ_MESSAGE_COST  96u /* what Linux counts beside the text */
#define MQ_STAT_LEN      80

struct message {
    struct list link;
    unsigned priority;
    size_t len;
    uint8_t text[];
};

/* Asleep for a message, or with one for which there is no room. */
struct sleeper {
    struct list link; /* empty: it was served */
    struct thread *thread;
    struct message *message;
};

struct mqueue {
    struct list link;   /* empty: it has no name any more */
    struct inode owner; /* rights and times only */
    unsigned refs;      /* open files, and the name */
    struct mq_attr attr;
    struct list messages; /* highest priority first */
    struct list receivers, senders;
    struct waitq changed; /* pollers */
    uint64_t charge;      /* against RLIMIT_MSGQUEUE */
    bool has_notify;
    int notify_signal; /* 0: SIGEV_NONE */
    uint64_t notify_value;
    struct netlink_cookie notify_cookie; /* SIGEV_THREAD's */
    char name[NAME_MAX + 1];
};

static struct list queues = LIST_INIT(queues);
static unsigned queue_count;
static uint64_t charged;
static const struct file_ops mqueue_ops;

static struct mqueue *queue_find(const char *name)
{
    LIST_FOR_EACH(it, &queues)
    {
        struct mqueue *q = LIST_ENTRY(it, struct mqueue, link);

        if (strcmp(q->name, name) == 0)
            return q;
    }
    return NULL;
}

static void queue_put(struct mqueue *q)
{
    struct list *link;

    if (--q->refs > 0)
        return;
    while ((link = list_pop_front(&q->messages)))
        kfree(LIST_ENTRY(link, struct message, link));
    charged -= q->charge;
    queue_count--;
    kfree(q);
}

/* ---- opening ---- */

static int attr_check(const struct mq_attr *a)
{
    bool is_root = cred_is_root();

    if (a->mq_maxmsg <= 0 || a->mq_msgsize <= 0 ||
        a->mq_maxmsg > (is_root ? MQ_ROOT_MESSAGES : MQ_MESSAGES) ||
        a->mq_msgsize > (is_root ? MQ_ROOT_LEN : MQ_LEN))
        return -EINVAL;
    return 0;
}

static int queue_create(const char *name, unsigned mode,
                        const struct mq_attr *attr, struct mqueue **out)
{
    const struct process *p = process_current();
    uint64_t charge = (uint64_t)attr->mq_maxmsg * (uint64_t)(attr->mq_msgsize) +
                      (uint64_t)attr->mq_maxmsg * MQ_MESSAGE_COST;
    struct mqueue *q;
    int err = attr_check(attr);

    if (err)
        return err;
    if (queue_count >= MQ_QUEUES_MAX && !cred_is_root())
        return -ENOSPC;
    if (charged + charge > p->rlimits[RLIMIT_MSGQUEUE].soft)
        return -EMFILE;
    q = kzalloc(sizeof(*q));
    if (!q)
        return -ENOMEM;
    q->owner.mode = S_IFREG | (mode & 0777 & ~thread_current()->fs->umask);
    q->owner.uid = p->fsuid;
    q->owner.gid = p->fsgid;
    inode_stamp(&q->owner);
    q->refs = 1;
    q->attr.mq_maxmsg = attr->mq_maxmsg;
    q->attr.mq_msgsize = attr->mq_msgsize;
    list_init(&q->messages);
    list_init(&q->receivers);
    list_init(&q->senders);
    waitq_init(&q->changed);
    strlcpy(q->name, name, sizeof(q->name));
    list_push_back(&queues, &q->link);
    q->charge = charge;
    charged += charge;
    queue_count++;
    *out = q;
    return 0;
}

static int queue_open(const char *name, int flags, unsigned mode,
                      const struct mq_attr *attr, struct mqueue **out)
{
    static const unsigned may[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE };

    *out = queue_find(name);
    if (!*out)
        return flags & O_CREAT ? queue_create(name, mode, attr, out) : -ENOENT;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if ((flags & O_ACCMODE) == O_ACCMODE)
        return -EINVAL;
    return inode_access_mode(&(*out)->owner, may[flags & O_ACCMODE]);
}

/* A name as the calls get it: without the slash that the library took off. */
static int name_get(char name[NAME_MAX + 1], uaddr_t user)
{
    ssize_t len = user_string(name, user, NAME_MAX + 1);

    if (len <= 0)
        return len ? (int)len : -ENOENT;
    return strchr(name, '/') ? -EACCES : 0;
}

long sys_mq_open(uaddr_t user_name, int flags, unsigned mode, uaddr_t user_attr)
{
    struct mq_attr attr = { .mq_maxmsg = MQ_MESSAGES, .mq_msgsize = MQ_LEN };
    char name[NAME_MAX + 1];
    struct mqueue *q;
    struct file *f;
    int err = 0;

    if (user_attr)
        err = copy_from_user(&attr, user_attr, sizeof(attr));
    if (!err)
        err = name_get(name, user_name);
    if (!err)
        err = queue_open(name, flags, mode, &attr, &q);
    if (err)
        return err;
    f = file_create(&mqueue_ops, (unsigned)flags & (O_ACCMODE | O_NONBLOCK), q);
    if (!f)
        return -ENOMEM;
    q->refs++;
    return fd_give(f, true);
}

long sys_mq_unlink(uaddr_t user_name)
{
    char name[NAME_MAX + 1];
    struct mqueue *q;
    int err = name_get(name, user_name);

    if (err)
        return err;
    q = queue_find(name);
    if (!q)
        return -ENOENT;
    if (!inode_is_owner(&q->owner))
        return -EPERM; /* their directory is sticky */
    list_remove(&q->link);
    queue_put(q);
    return 0;
}

/* ---- messages ---- */

/* Real-time threads are served before others. */
static int queue_sleep(struct list *sleepers, struct sleeper *w,
                       uint64_t deadline)
{
    struct list *at = sleepers->prev;
    int err;

    while (at != sleepers &&
           LIST_ENTRY(at, struct sleeper, link)->thread->rt_priority <
               w->thread->rt_priority)
        at = at->prev;
    list_insert_before(at->next, &w->link);
    do {
        thread_wake_clear();
        err = thread_sleep(deadline);
    } while (!err && !list_is_empty(&w->link));
    if (list_is_empty(&w->link))
        return 0;
    list_remove(&w->link);
    return err;
}

static struct sleeper *sleeper_serve(struct list *sleepers)
{
    struct list *link = list_pop_front(sleepers);
    struct sleeper *w;

    if (!link)
        return NULL;
    w = LIST_ENTRY(link, struct sleeper, link);
    thread_wake(w->thread);
    return w;
}

static void notify_end(struct mqueue *q, uint8_t how)
{
    q->has_notify = false;
    if (netlink_cookie_send)
        netlink_cookie_send(&q->notify_cookie, how);
}

/* The queue was empty and nobody slept: tell who asked for it, once. */
static void queue_notify(struct mqueue *q)
{
    const struct process *p = process_current();
    const struct signal_info info = {
        .signo = q->notify_signal,
        .code = SI_MESGQ,
        .pid = p->pid,
        .uid = p->uid,
        .value = q->notify_value,
    };

    if (!q->has_notify)
        return;
    notify_end(q, NOTIFY_WOKENUP);
    if (info.signo)
        (void)signal_send_process(process_current(), &info);
}

static void message_insert(struct mqueue *q, struct message *m)
{
    struct list *at = q->messages.prev;

    while (at != &q->messages &&
           LIST_ENTRY(at, struct message, link)->priority < m->priority)
        at = at->prev;
    list_insert_before(at->next, &m->link);
    q->attr.mq_curmsgs++;
}

static void message_give(struct mqueue *q, struct message *m)
{
    struct sleeper *w = sleeper_serve(&q->receivers);

    if (w) {
        w->message = m;
        return;
    }
    message_insert(q, m);
    if (q->attr.mq_curmsgs == 1)
        queue_notify(q);
    waitq_wake_all(&q->changed);
}

static struct message *message_take(struct mqueue *q)
{
    struct list *link = list_pop_front(&q->messages);
    struct sleeper *w;

    if (!link)
        return NULL;
    q->attr.mq_curmsgs--;
    w = sleeper_serve(&q->senders);
    if (w)
        message_insert(q, w->message);
    waitq_wake_all(&q->changed);
    return LIST_ENTRY(link, struct message, link);
}

/* An absolute time, or the end of patience for O_NONBLOCK. */
static int sleep_or_not(struct file *f, struct list *sleepers,
                        struct sleeper *w, uint64_t deadline)
{
    if (f->flags & O_NONBLOCK)
        return -EAGAIN;
    return queue_sleep(sleepers, w, deadline);
}

static int message_send(struct file *f, struct sleeper *w, uint64_t deadline)
{
    struct mqueue *q = f->private;

    if (q->attr.mq_curmsgs >= q->attr.mq_maxmsg)
        return sleep_or_not(f, &q->senders, w, deadline);
    message_give(q, w->message);
    return 0;
}

static long send(struct file *f, uaddr_t text, size_t len, unsigned priority,
                 uint64_t deadline)
{
    const struct mqueue *q = f->private;
    struct sleeper w = { .thread = thread_current() };
    struct message *m;
    int err;

    if (len > (size_t)q->attr.mq_msgsize)
        return -EMSGSIZE;
    m = kmalloc(sizeof(*m) + len);
    if (!m)
        return -ENOMEM;
    m->priority = priority;
    m->len = len;
    w.message = m;
    err = copy_from_user(m->text, text, len);
    if (!err)
        err = message_send(f, &w, deadline);
    if (err)
        kfree(m);
    return err;
}

static long receive(struct file *f, uaddr_t buf, size_t len, uaddr_t priority,
                    uint64_t deadline)
{
    struct mqueue *q = f->private;
    struct sleeper w = { .thread = thread_current() };
    long result;

    if (len < (size_t)q->attr.mq_msgsize)
        return -EMSGSIZE;
    w.message = message_take(q);
    if (!w.message) {
        result = sleep_or_not(f, &q->receivers, &w, deadline);
        if (result)
            return result;
    }
    result = (long)w.message->len;
    if ((priority && user_put32(priority, w.message->priority) != 0) ||
        copy_to_user(buf, w.message->text, w.message->len) != 0)
        result = -EFAULT;
    kfree(w.message);
    return result;
}

/* A queue that is open for this; -> NULL: -EBADF. */
static struct file *queue_file(int fd, unsigned wrong_mode)
{
    struct file *f = fd_get(fd);

    if (f && f->ops == &mqueue_ops && (f->flags & O_ACCMODE) != wrong_mode)
        return f;
    if (f)
        file_put(f);
    return NULL;
}

long sys_mq_timedsend(int fd, uaddr_t text, size_t len, unsigned priority,
                      uaddr_t timeout)
{
    uint64_t deadline;
    struct file *f;
    long err = deadline_of_real(timeout, &deadline);

    if (err)
        return err;
    if (priority >= MQ_PRIORITIES)
        return -EINVAL;
    f = queue_file(fd, O_RDONLY);
    if (!f)
        return -EBADF;
    err = send(f, text, len, priority, deadline);
    file_put(f);
    return err;
}

long sys_mq_timedreceive(int fd, uaddr_t buf, size_t len, uaddr_t priority,
                         uaddr_t timeout)
{
    uint64_t deadline;
    struct file *f;
    long result = deadline_of_real(timeout, &deadline);

    if (result)
        return result;
    f = queue_file(fd, O_WRONLY);
    if (!f)
        return -EBADF;
    result = receive(f, buf, len, priority, deadline);
    file_put(f);
    return result;
}

/* ---- the rest ---- */

/* SIGEV_THREAD is the C library's: a thread of its reads a netlink socket. */
static int notify_check(const struct sigevent *e, struct netlink_cookie *cookie)
{
    switch (e->sigev_notify) {
    case SIGEV_NONE:
        return 0;
    case SIGEV_SIGNAL:
        return (unsigned)e->sigev_signo > SIGNAL_COUNT ? -EINVAL : 0;
    case SIGEV_THREAD:
        return netlink_cookie_get
                   ? netlink_cookie_get(e->sigev_signo,
                                        (uaddr_t)e->sigev_value.sival_ptr,
                                        cookie)
                   : -ENOTSOCK;
    default:
        return -EINVAL;
    }
}

long sys_mq_notify(int fd, uaddr_t event)
{
    struct netlink_cookie cookie = { 0 };
    struct sigevent e = { 0 };
    struct mqueue *q;
    struct file *f;
    int err = 0;

    if (event) {
        err = copy_from_user(&e, event, sizeof(e));
        if (!err)
            err = notify_check(&e, &cookie);
        if (err)
            return err;
    }
    f = queue_file(fd, O_ACCMODE);
    q = f ? f->private : NULL;
    if (!q || (event && q->has_notify)) {
        err = q ? -EBUSY : -EBADF;
        if (netlink_cookie_send)
            netlink_cookie_send(&cookie, NOTIFY_NONE);
    } else {
        notify_end(q, NOTIFY_REMOVED);
        q->has_notify = event != 0;
        q->notify_cookie = cookie;
        q->notify_signal = e.sigev_notify == SIGEV_SIGNAL ? e.sigev_signo : 0;
        q->notify_value = (uint64_t)e.sigev_value.sival_ptr;
    }
    if (f)
        file_put(f);
    return err;
}

long sys_mq_getsetattr(int fd, uaddr_t new_attr, uaddr_t old)
{
    struct mq_attr set = { 0 }, got;
    struct file *f;

    if (new_attr && copy_from_user(&set, new_attr, sizeof(set)) != 0)
        return -EFAULT;
    if (set.mq_flags & ~(long)O_NONBLOCK)
        return -EINVAL;
    f = queue_file(fd, O_ACCMODE);
    if (!f)
        return -EBADF;
    got = ((struct mqueue *)f->private)->attr;
    got.mq_flags = f->flags & O_NONBLOCK;
    if (new_attr)
        f->flags = (f->flags & ~(unsigned)O_NONBLOCK) | (unsigned)set.mq_flags;
    file_put(f);
    return old ? copy_to_user(old, &got, sizeof(got)) : 0;
}

static unsigned mqueue_poll(struct file *f, struct poll_table *table)
{
    struct mqueue *q = f->private;

    poll_wait(table, &q->changed);
    return (q->attr.mq_curmsgs > 0 ? EPOLLIN | EPOLLRDNORM : 0) |
           (q->attr.mq_curmsgs < q->attr.mq_maxmsg ? EPOLLOUT | EPOLLWRNORM
                                                   : 0);
}

static int mqueue_stat(struct file *f, struct kstat *out)
{
    const struct mqueue *q = f->private;

    *out = (struct kstat){
        .dev = DEV_MAKE(0, 19),
        .ino = (uintptr_t)q >> 4 & UINT32_MAX,
        .nlink = q->link.next != &q->link,
        .mode = q->owner.mode,
        .uid = q->owner.uid,
        .gid = q->owner.gid,
        .size = MQ_STAT_LEN,
        .blksize = PAGE_SIZE,
        .atime_ns = q->owner.atime_ns,
        .mtime_ns = q->owner.mtime_ns,
        .ctime_ns = q->owner.ctime_ns,
    };
    return 0;
}

/* Any close of the queue by the process takes its notification back. */
static int mqueue_flush(struct file *f)
{
    notify_end(f->private, NOTIFY_REMOVED);
    return 0;
}

static void mqueue_release(struct file *f)
{
    queue_put(f->private);
}

static const struct file_ops mqueue_ops = {
    .poll = mqueue_poll,
    .stat = mqueue_stat,
    .flush = mqueue_flush,
    .release = mqueue_release,
    .kind = "mqueue",
};
