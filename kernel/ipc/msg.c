/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msg.c - System V message queues.
 *
 * A message that a sleeping receiver waits for is handed to it by the sender,
 * first come first served, and never enters the queue.
 */
#include "ipc/msg.h"

#include <linux/capability.h>
#include <linux/msg.h>

#include "core/errno.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/user.h"
#include "sched/process.h"

struct message {
    struct list link;
    long type;
    size_t len;
    uint8_t text[];
};

/* What a receiver wants; on its stack while it sleeps. */
struct receiver {
    struct list link;
    struct thread *thread;
    long type;
    int flags;
    size_t len;              /* room for text */
    struct message *message; /* what it got */
    int result;              /* 1: nothing yet */
};

static struct msg_queue *queue_of(struct ipc_object *o)
{
    return (struct msg_queue *)o;
}

static bool is_wanted(const struct receiver *r, const struct message *m)
{
    if (r->type == 0)
        return true;
    if (r->type < 0)
        return m->type <= (r->type == INT64_MIN ? INT64_MAX : -r->type);
    return (m->type == r->type) == !(r->flags & MSG_EXCEPT);
}

/* 0, or -E2BIG: it does not fit, and must not be cut. */
static int fits(const struct receiver *r, const struct message *m)
{
    return m->len > r->len && !(r->flags & MSG_NOERROR) ? -E2BIG : 0;
}

static void receiver_wake(struct receiver *r, int result)
{
    list_remove(&r->link);
    r->result = result;
    thread_wake(r->thread);
}

/* True when a sleeper took it. Those for whom it is too big hear so. */
static bool hand_over(struct msg_queue *q, struct message *m)
{
    LIST_FOR_EACH(it, &q->receivers)
    {
        struct receiver *r = LIST_ENTRY(it, struct receiver, link);

        if (!is_wanted(r, m))
            continue;
        receiver_wake(r, fits(r, m));
        if (r->result)
            continue;
        r->message = m;
        q->rtime = ipc_now();
        q->lrpid = r->thread->process->pid;
        return true;
    }
    return false;
}

/* ---- sending ---- */

/* Wait for room, with a reference of q held. -EIDRM: q is gone */
static int room_wait(struct msg_queue *q, size_t len, int flags)
{
    while (len + q->bytes > q->bytes_max || q->count + 1 > q->bytes_max) {
        int err;

        if (flags & IPC_NOWAIT)
            return -EAGAIN;
        err = waitq_sleep(&q->senders, WAIT_FOREVER);
        if (q->ipc.removed)
            return -EIDRM;
        if (err)
            return -ERESTARTNOHAND;
    }
    return 0;
}

static void message_add(struct msg_queue *q, struct message *m)
{
    q->lspid = process_current()->pid;
    q->stime = ipc_now();
    if (hand_over(q, m))
        return;
    list_push_back(&q->messages, &m->link);
    q->bytes += m->len;
    q->count++;
}

long msg_send(int id, long type, uaddr_t text, size_t len, int flags)
{
    struct ipc_object *o;
    struct message *m;
    int err;

    if (len > MSG_LEN_MAX || id < 0 || type < 1)
        return -EINVAL;
    m = kmalloc(sizeof(*m) + len);
    if (!m)
        return -ENOMEM;
    list_init(&m->link);
    m->type = type;
    m->len = len;
    err = copy_from_user(m->text, text, len);
    if (!err)
        err = ipc_find(&msg_kind, id, IPC_WRITE, &o);
    if (!err) {
        o->refs++;
        err = room_wait(queue_of(o), len, flags);
        if (!err)
            message_add(queue_of(o), m);
        ipc_put(&msg_kind, o);
    }
    if (err)
        kfree(m);
    return err;
}

/* ---- receiving ---- */

/* The message that r should get now, or NULL. With MSG_COPY type is a place in
 * the queue. */
static struct message *message_find(struct msg_queue *q,
                                    const struct receiver *r)
{
    struct message *found = NULL;
    long place = 0;

    LIST_FOR_EACH(it, &q->messages)
    {
        struct message *m = LIST_ENTRY(it, struct message, link);

        if (r->flags & MSG_COPY) {
            if (place++ == r->type)
                return m;
        } else if (is_wanted(r, m)) {
            if (r->type >= 0)
                return m;
            if (!found || m->type < found->type) /* the lowest of them */
                found = m;
        }
    }
    return found;
}

static void message_take(struct msg_queue *q, struct message *m)
{
    list_remove(&m->link);
    q->bytes -= m->len;
    q->count--;
    q->rtime = ipc_now();
    q->lrpid = process_current()->pid;
    waitq_wake_all(&q->senders);
}

static int receiver_sleep(struct msg_queue *q, struct receiver *r)
{
    int err;

    q->ipc.refs++;
    r->result = 1;
    list_push_back(&q->receivers, &r->link);
    do {
        thread_wake_clear();
        err = thread_sleep(WAIT_FOREVER);
    } while (!err && r->result == 1);
    list_remove(&r->link);
    ipc_put(&msg_kind, &q->ipc);
    return r->result == 1 ? -ERESTARTNOHAND : r->result;
}

static long message_put(const struct message *m, uaddr_t buf, size_t len)
{
    len = MIN(len, m->len);
    if (user_put64(buf, (uint64_t)m->type) != 0 ||
        copy_to_user(buf + sizeof(m->type), m->text, len) != 0)
        return -EFAULT;
    return (long)len;
}

/* Find r's message, or sleep until there is one: r->message. */
static int receive(struct msg_queue *q, struct receiver *r)
{
    struct message *m = message_find(q, r);
    int err;

    if (!m) {
        if (r->flags & IPC_NOWAIT)
            return -ENOMSG;
        return receiver_sleep(q, r);
    }
    err = fits(r, m);
    if (err)
        return err;
    if (!(r->flags & MSG_COPY))
        message_take(q, m);
    r->message = m;
    return 0;
}

long msg_receive(int id, uaddr_t buf, size_t len, long type, int flags)
{
    struct receiver r = {
        .thread = thread_current(), .type = type, .flags = flags, .len = len
    };
    struct ipc_object *o;
    long result;

    if (id < 0 || (ssize_t)len < 0)
        return -EINVAL;
    if ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
        return -EINVAL;
    result = ipc_find(&msg_kind, id, IPC_READ, &o);
    if (result)
        return result;
    list_init(&r.link);
    result = receive(queue_of(o), &r);
    if (result)
        return result;
    result = message_put(r.message, buf, len);
    if (!(flags & MSG_COPY))
        kfree(r.message);
    return result;
}

/* ---- the kind ---- */

static int queue_create(size_t size, struct ipc_object **out)
{
    struct msg_queue *q = kzalloc(sizeof(*q));

    (void)size;
    if (!q)
        return -ENOMEM;
    list_init(&q->messages);
    list_init(&q->receivers);
    waitq_init(&q->senders);
    q->bytes_max = MSG_QUEUE_LEN_MAX;
    *out = &q->ipc;
    return 0;
}

static void queue_stat(const struct ipc_object *o, void *out)
{
    const struct msg_queue *q = (const struct msg_queue *)o;
    struct msqid64_ds *ds = out;

    ds->msg_stime = q->stime;
    ds->msg_rtime = q->rtime;
    ds->msg_ctime = o->ctime;
    ds->msg_cbytes = q->bytes;
    ds->msg_qnum = q->count;
    ds->msg_qbytes = q->bytes_max;
    ds->msg_lspid = q->lspid;
    ds->msg_lrpid = q->lrpid;
}

static int queue_set(struct ipc_object *o, const void *in)
{
    const struct msqid64_ds *ds = in;

    if (ds->msg_qbytes > MSG_QUEUE_LEN_MAX &&
        !process_has_cap(process_current(), CAP_SYS_RESOURCE))
        return -EPERM;
    queue_of(o)->bytes_max = ds->msg_qbytes;
    waitq_wake_all(&queue_of(o)->senders);
    return 0;
}

static bool queue_remove(struct ipc_object *o)
{
    struct msg_queue *q = queue_of(o);

    LIST_FOR_EACH(it, &q->receivers)
    receiver_wake(LIST_ENTRY(it, struct receiver, link), -EIDRM);
    waitq_wake_all(&q->senders);
    return true;
}

static void queue_free(struct ipc_object *o)
{
    struct list *link;

    while ((link = list_pop_front(&queue_of(o)->messages)))
        kfree(LIST_ENTRY(link, struct message, link));
    kfree(o);
}

static size_t queue_info(bool is_usage, void *out)
{
    struct msginfo all = { .msgpool = MSGPOOL,
                           .msgmap = MSGMAP,
                           .msgmax = MSGMAX,
                           .msgmnb = MSGMNB,
                           .msgmni = MSGMNI,
                           .msgssz = MSGSSZ,
                           .msgtql = MSGTQL,
                           .msgseg = 0xffff };
    struct ipc_object *o;
    unsigned idx = 0;

    if (is_usage) {
        all.msgpool = (int)msg_kind.count;
        all.msgmap = all.msgtql = 0;
    }
    while (is_usage && (o = ipc_next(&msg_kind, &idx))) {
        all.msgmap += (int)queue_of(o)->count;
        all.msgtql += (int)queue_of(o)->bytes;
    }
    memcpy(out, &all, sizeof(all));
    return sizeof(all);
}

struct ipc_kind msg_kind = {
    .count_max = MSG_QUEUES_MAX,
    .stat_cmd = MSG_STAT,
    .stat_len = sizeof(struct msqid64_ds),
    .create = queue_create,
    .stat = queue_stat,
    .set = queue_set,
    .remove = queue_remove,
    .free = queue_free,
    .info = queue_info,
    .last_idx = -1,
};
