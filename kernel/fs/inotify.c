/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inotify.c - watching files and directories, inotify(7).
 *
 * A watch hangs at its inode in a list that nearly every inode has empty, so
 * an event costs a look at two inodes, the file's and its directory's, and
 * that only while there are watches at all.
 */
#include "fs/inotify.h"

#include <asm/ioctls.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/notify.h"
#include "mm/heap.h"
#include "sched/wait.h"

#define KEPT_FLAGS (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK)

struct event {
    struct list link;
    struct inotify_event head; /* its len: padded; the name follows */
};

static char *event_name(struct event *e)
{
    return (char *)(e + 1);
}

struct inotify {
    struct waitq readable;
    struct list events;  /* struct event.link */
    struct list watches; /* struct inotify_watch.link */
    unsigned event_count;
    size_t event_bytes; /* as read() would give them */
    int last_wd;
    struct event overflow; /* here, so that it needs no memory */
};

struct inotify_watch {
    struct inotify_watch *next; /* of the same inode */
    struct list link;
    struct inotify *owner;
    struct inode *inode; /* referenced */
    int wd;
    uint32_t mask; /* KEPT_FLAGS */
};

static unsigned instance_count;

/* ---- events ---- */

static bool event_equal(struct event *e, const struct inotify_event *head,
                        const char *name, size_t name_len)
{
    return e->head.wd == head->wd && e->head.mask == head->mask &&
           e->head.mask != IN_IGNORED && e->head.len == head->len &&
           memcmp(event_name(e), name, name_len) == 0 &&
           (head->len == 0 || event_name(e)[name_len] == '\0');
}

static void event_push(struct inotify *n, struct event *e)
{
    list_push_back(&n->events, &e->link);
    n->event_count++;
    n->event_bytes += sizeof(e->head) + e->head.len;
    waitq_wake_all(&n->readable);
}

static void event_free(struct inotify *n, struct event *e)
{
    if (e != &n->overflow)
        kfree(e);
}

static void event_queue(struct inotify *n, struct inotify_event *head,
                        const char *name, size_t name_len)
{
    struct event *e;

    if (name_len > 0)
        head->len = (uint32_t)ALIGN_UP(name_len + 1, sizeof(*head));
    if (!list_is_empty(&n->events) &&
        event_equal(LIST_ENTRY(n->events.prev, struct event, link), head, name,
                    name_len))
        return;
    e = n->event_count < INOTIFY_EVENTS_MAX ? kzalloc(sizeof(*e) + head->len)
                                            : NULL;
    if (e) {
        e->head = *head;
        memcpy(event_name(e), name, name_len);
    } else { /* it is lost: the program hears that once */
        e = &n->overflow;
        if (!list_is_empty(&e->link))
            return;
    }
    event_push(n, e);
}

/* ---- watches ---- */

static void watch_free(struct inotify_watch *w)
{
    struct inotify_watch **at = &w->inode->watches;

    while (*at != w) {
        ASSERT(*at);
        at = &(*at)->next;
    }
    *at = w->next;
    list_remove(&w->link);
    notify_watch_count--;
    inode_put(w->inode);
    kfree(w);
}

static void watch_end(struct inotify_watch *w)
{
    struct inotify_event e = { .wd = w->wd, .mask = IN_IGNORED };

    event_queue(w->owner, &e, "", 0);
    watch_free(w);
}

/* Tell all who watch i; skip: watches with one of these flags do not care. */
static void tell(struct inode *i, uint32_t mask, const struct notify_name *n,
                 uint32_t skip)
{
    struct inotify_watch *next;

    for (struct inotify_watch *w = i->watches; w; w = next) {
        struct inotify_event e = { .wd = w->wd, .mask = mask };

        next = w->next;
        if (!(w->mask & mask & IN_ALL_EVENTS) || (w->mask & skip))
            continue;
        if (n)
            e.cookie = n->cookie;
        event_queue(w->owner, &e, n ? n->name : "", n ? n->name_len : 0);
        if (w->mask & IN_ONESHOT)
            watch_end(w);
    }
}

void notify_name_watched(const struct notify_name *n, uint32_t mask)
{
    tell(n->dir, mask, n, 0);
}

void notify_inode_watched(struct inode *i, uint32_t mask)
{
    tell(i, mask, NULL, 0);
}

static void tell_both(struct dentry *d, uint32_t mask, uint32_t skip)
{
    const struct notify_name n = { d->parent->inode, d->name, d->name_len, 0 };

    if (S_ISDIR(d->inode->mode))
        mask |= IN_ISDIR;
    if (d->parent != d)
        tell(d->parent->inode, mask, &n, skip);
    tell(d->inode, mask, NULL, 0);
}

void notify_dentry_watched(struct dentry *d, uint32_t mask)
{
    tell_both(d, mask, 0);
}

void notify_file_watched(struct file *f, uint32_t mask)
{
    struct dentry *d = f->dentry;
    bool was_taken;

    if (!d || f->flags & O_PATH)
        return;
    was_taken = kernel_lock_enter_seldom(); /* a FIFO is used without */
    tell_both(d, mask, d->removed ? IN_EXCL_UNLINK : 0);
    kernel_lock_leave(was_taken);
}

void notify_inode_gone(struct inode *i)
{
    tell(i, IN_DELETE_SELF, NULL, 0);
    while (i->watches)
        watch_end(i->watches);
}

/* ---- the file ---- */

static ssize_t inotify_read(struct file *f, struct io *io, uint64_t *pos)
{
    struct inotify *n = f->private;
    ssize_t done = 0;

    (void)pos;
    for (;;) {
        struct event *e = LIST_ENTRY(n->events.next, struct event, link);
        size_t len = sizeof(e->head), moved;
        int err;

        if (list_is_empty(&n->events)) {
            if (done || (f->flags & O_NONBLOCK))
                return done ? done : -EAGAIN;
            err = waitq_sleep(&n->readable, WAIT_FOREVER);
            if (err)
                return err;
            continue;
        }
        len += e->head.len;
        if (len > io->left)
            return done ? done : -EINVAL;
        list_remove(&e->link);
        n->event_count--;
        n->event_bytes -= len;
        moved = io_put(io, &e->head, len);
        event_free(n, e);
        if (moved != len)
            return -EFAULT; /* as Linux, whatever came before it */
        done += (ssize_t)len;
    }
}

static unsigned inotify_poll(struct file *f, struct poll_table *table)
{
    struct inotify *n = f->private;

    poll_wait(table, &n->readable);
    return list_is_empty(&n->events) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static long inotify_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    struct inotify *n = f->private;

    return cmd == FIONREAD ? user_put32(arg, (uint32_t)n->event_bytes)
                           : -ENOTTY;
}

static void inotify_release(struct file *f)
{
    struct inotify *n = f->private;
    struct list *link;

    while (!list_is_empty(&n->watches))
        watch_free(LIST_ENTRY(n->watches.next, struct inotify_watch, link));
    while ((link = list_pop_front(&n->events)))
        event_free(n, LIST_ENTRY(link, struct event, link));
    kfree(n);
    instance_count--;
}

static const struct file_ops inotify_ops = {
    .read = inotify_read,
    .poll = inotify_poll,
    .ioctl = inotify_ioctl,
    .release = inotify_release,
    .kind = "anon_inode:inotify",
};

bool inotify_is(const struct file *f)
{
    return f->ops == &inotify_ops;
}

int inotify_create(unsigned flags, struct file **out)
{
    struct inotify *n;

    if (instance_count >= INOTIFY_INSTANCES_MAX)
        return -EMFILE;
    n = kzalloc(sizeof(*n));
    if (!n)
        return -ENOMEM;
    waitq_init(&n->readable);
    list_init(&n->events);
    list_init(&n->watches);
    list_init(&n->overflow.link);
    n->overflow.head =
        (struct inotify_event){ .wd = -1, .mask = IN_Q_OVERFLOW };
    *out = file_create(&inotify_ops, O_RDONLY | (flags & O_NONBLOCK), n);
    if (!*out) {
        kfree(n);
        return -ENOMEM;
    }
    instance_count++;
    return 0;
}

int inotify_add(struct file *f, struct inode *i, uint32_t mask)
{
    struct inotify *n = f->private;
    struct inotify_watch *w = i->watches;

    while (w && w->owner != n)
        w = w->next;
    if (w) {
        if (mask & IN_MASK_CREATE)
            return -EEXIST;
        w->mask = (mask & KEPT_FLAGS) | (mask & IN_MASK_ADD ? w->mask : 0);
        return w->wd;
    }
    if (notify_watch_count >= INOTIFY_WATCHES_MAX)
        return -ENOSPC;
    w = kmalloc(sizeof(*w));
    if (!w)
        return -ENOMEM;
    *w = (struct inotify_watch){
        .next = i->watches,
        .owner = n,
        .inode = inode_get(i),
        .wd = ++n->last_wd,
        .mask = mask & KEPT_FLAGS,
    };
    i->watches = w;
    list_push_front(&n->watches, &w->link);
    notify_watch_count++;
    return w->wd;
}

int inotify_remove(struct file *f, int wd)
{
    struct inotify *n = f->private;

    LIST_FOR_EACH(it, &n->watches)
    {
        struct inotify_watch *w = LIST_ENTRY(it, struct inotify_watch, link);

        if (w->wd != wd)
            continue;
        watch_end(w);
        return 0;
    }
    return -EINVAL;
}
