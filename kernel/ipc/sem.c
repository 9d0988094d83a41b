/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sem.c - System V semaphores.
 *
 * Who changes a value carries out the operations of the sleepers that may go
 * on now, first come first served, before it wakes them: nobody overtakes.
 *
 * SEM_UNDO keeps its books, for ERANGE and what SETVAL clears, but the process
 * whose end would apply them is the last that could see it.
 */
#include "ipc/sem.h"

#include <linux/sem.h>

#include "core/errno.h"
#include "core/list.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/user.h"
#include "sched/process.h"
#include "sched/wait.h"

#define WOULD_SLEEP 1 /* not an error: the operations do not fit yet */

struct sem {
    uint16_t value;
    int16_t undo;
    int pid; /* who changed it last */
};

struct sem_set {
    struct ipc_object ipc; /* first */
    struct list sleepers;  /* struct sleeper, in order */
    int64_t otime;
    unsigned count;
    struct sem sems[];
};

struct sleeper {
    struct list link;
    struct thread *thread;
    const struct sembuf *ops;
    unsigned count;
    const struct sembuf *blocking;
    int result; /* WOULD_SLEEP while it does */
};

static struct sem_set *set_of(struct ipc_object *o)
{
    return (struct sem_set *)o;
}

/* ---- operations ---- */

/* One operation. 0, WOULD_SLEEP, -ERANGE */
static int op_apply(struct sem *s, const struct sembuf *op)
{
    int value = s->value + op->sem_op;
    int undo = s->undo - op->sem_op;

    if (op->sem_op == 0)
        return s->value ? WOULD_SLEEP : 0;
    if (value < 0)
        return WOULD_SLEEP;
    if (value > SEM_VALUE_MAX)
        return -ERANGE;
    if (op->sem_flg & SEM_UNDO) {
        if (undo < -SEMAEM - 1 || undo > SEMAEM)
            return -ERANGE;
        s->undo = (int16_t)undo;
    }
    s->value = (uint16_t)value;
    return 0;
}

/* All or nothing. 0, WOULD_SLEEP, -ERANGE, -EAGAIN */
static int ops_apply(struct sem_set *set, struct sleeper *w)
{
    const struct sembuf *op = w->ops, *end = w->ops + w->count;
    int result = 0;

    for (; op < end && !result; op++)
        result = op_apply(&set->sems[op->sem_num], op);
    if (!result) {
        for (op = w->ops; op < end; op++)
            set->sems[op->sem_num].pid = w->thread->process->pid;
        set->otime = ipc_now();
        return 0;
    }
    w->blocking = --op;
    while (op-- > w->ops) {
        struct sem *s = &set->sems[op->sem_num];

        s->value = (uint16_t)(s->value - op->sem_op);
        if (op->sem_flg & SEM_UNDO)
            s->undo = (int16_t)(s->undo + op->sem_op);
    }
    if (result == WOULD_SLEEP && (w->blocking->sem_flg & IPC_NOWAIT))
        return -EAGAIN;
    return result;
}

static void sleeper_wake(struct sleeper *w, int result)
{
    list_remove(&w->link);
    w->result = result;
    thread_wake(w->thread);
}

static bool changes_values(const struct sleeper *w)
{
    for (unsigned i = 0; i < w->count; i++)
        if (w->ops[i].sem_op)
            return true;
    return false;
}

/* Values have changed: who can go on? Each that does may let others. */
static void set_changed(struct sem_set *set)
{
    struct list *it = set->sleepers.next;

    while (it != &set->sleepers) {
        struct sleeper *w = LIST_ENTRY(it, struct sleeper, link);
        int result = ops_apply(set, w);

        it = it->next;
        if (result == WOULD_SLEEP)
            continue;
        sleeper_wake(w, result);
        if (result == 0 && changes_values(w))
            it = set->sleepers.next;
    }
}

static int ops_sleep(struct sem_set *set, struct sleeper *w, uint64_t deadline)
{
    int err;

    if (deadline == 0)
        return -EAGAIN;
    set->ipc.refs++;
    list_push_back(&set->sleepers, &w->link);
    do {
        thread_wake_clear();
        err = thread_sleep(deadline);
    } while (!err && w->result == WOULD_SLEEP);
    list_remove(&w->link);
    ipc_put(&sem_kind, &set->ipc);
    if (w->result != WOULD_SLEEP)
        return w->result;
    return err == -ETIMEDOUT ? -EAGAIN : -EINTR; /* never restarted */
}

long sem_operate(int id, const struct sembuf *ops, unsigned count,
                 uint64_t deadline_ns)
{
    struct sleeper w = { .thread = thread_current(),
                         .ops = ops,
                         .count = count };
    bool changes = changes_values(&w);
    struct ipc_object *o;
    struct sem_set *set;
    int err = ipc_find(&sem_kind, id, 0, &o);

    if (err)
        return err;
    set = set_of(o);
    for (unsigned i = 0; i < count; i++)
        if (ops[i].sem_num >= set->count)
            return -EFBIG;
    err = ipc_find(&sem_kind, id, changes ? IPC_WRITE : IPC_READ, &o);
    if (err)
        return err;
    list_init(&w.link);
    w.result = ops_apply(set, &w);
    if (w.result == WOULD_SLEEP)
        return ops_sleep(set, &w, deadline_ns);
    if (w.result == 0 && changes)
        set_changed(set);
    return w.result;
}

/* ---- the kind ---- */

static unsigned sems_total;

static int set_create(size_t count, struct ipc_object **out)
{
    struct sem_set *set;

    if (count == 0)
        return -EINVAL;
    if (sems_total + count > SEMMNS)
        return -ENOSPC;
    set = kzalloc(sizeof(*set) + count * sizeof(set->sems[0]));
    if (!set)
        return -ENOMEM;
    list_init(&set->sleepers);
    set->count = (unsigned)count;
    sems_total += set->count;
    *out = &set->ipc;
    return 0;
}

unsigned sem_set_count(const struct ipc_object *o)
{
    return ((const struct sem_set *)o)->count;
}

int64_t sem_operate_time(const struct ipc_object *o)
{
    return ((const struct sem_set *)o)->otime;
}

static bool set_has_size(const struct ipc_object *o, size_t count)
{
    return count <= sem_set_count(o);
}

static void set_stat(const struct ipc_object *o, void *out)
{
    struct semid64_ds *ds = out;

    ds->sem_otime = sem_operate_time(o);
    ds->sem_ctime = o->ctime;
    ds->sem_nsems = sem_set_count(o);
}

static bool set_remove(struct ipc_object *o)
{
    struct sem_set *set = set_of(o);

    LIST_FOR_EACH(it, &set->sleepers)
    sleeper_wake(LIST_ENTRY(it, struct sleeper, link), -EIDRM);
    return true;
}

static void set_free(struct ipc_object *o)
{
    sems_total -= set_of(o)->count;
    kfree(o);
}

static size_t set_info(bool is_usage, void *out)
{
    const struct seminfo all = {
        .semmap = SEMMAP,
        .semmni = SEMMNI,
        .semmns = SEMMNS,
        .semmnu = SEMMNU,
        .semmsl = SEMMSL,
        .semopm = SEMOPM,
        .semume = SEMUME,
        .semusz = is_usage ? (int)sem_kind.count : SEMUSZ,
        .semvmx = SEMVMX,
        .semaem = is_usage ? (int)sems_total : SEMAEM,
    };

    memcpy(out, &all, sizeof(all));
    return sizeof(all);
}

struct ipc_kind sem_kind = {
    .count_max = SEM_SETS_MAX,
    .stat_cmd = SEM_STAT,
    .stat_len = sizeof(struct semid64_ds),
    .create = set_create,
    .has_size = set_has_size,
    .stat = set_stat,
    .remove = set_remove,
    .free = set_free,
    .info = set_info,
    .last_idx = -1,
};

/* ---- control ---- */

static void value_set(struct sem_set *set, unsigned num, uint16_t value)
{
    set->sems[num].value = value;
    set->sems[num].undo = 0;
    set->sems[num].pid = process_current()->pid;
}

static long values_move(struct sem_set *set, bool is_set, uaddr_t user)
{
    size_t len = set->count * sizeof(uint16_t);
    uint16_t *values = kmalloc(len);
    long err = 0;

    if (!values)
        return -ENOMEM;
    for (unsigned i = 0; i < set->count; i++)
        values[i] = set->sems[i].value;
    if (!is_set) {
        err = copy_to_user(user, values, len);
        goto out;
    }
    err = copy_from_user(values, user, len);
    for (unsigned i = 0; i < set->count && !err; i++)
        err = values[i] > SEM_VALUE_MAX ? -ERANGE : 0;
    if (err)
        goto out;
    for (unsigned i = 0; i < set->count; i++)
        value_set(set, i, values[i]);
    set->ipc.ctime = ipc_now();
    set_changed(set);
out:
    kfree(values);
    return err;
}

static long sleepers_count(struct sem_set *set, unsigned num, bool for_zero)
{
    long count = 0;

    LIST_FOR_EACH(it, &set->sleepers)
    {
        const struct sembuf *op =
            LIST_ENTRY(it, struct sleeper, link)->blocking;

        count += op->sem_num == num && (op->sem_op == 0) == for_zero;
    }
    return count;
}

static long sem_one(struct sem_set *set, int num, int cmd, uint16_t value)
{
    if (num < 0 || (unsigned)num >= set->count)
        return -EINVAL;
    switch (cmd) {
    case GETVAL:
        return set->sems[num].value;
    case GETPID:
        return set->sems[num].pid;
    case GETNCNT:
    case GETZCNT:
        return sleepers_count(set, (unsigned)num, cmd == GETZCNT);
    default: /* SETVAL */
        value_set(set, (unsigned)num, value);
        set->ipc.ctime = ipc_now();
        set_changed(set);
        return 0;
    }
}

long sem_control(int id, int num, int cmd, uint64_t arg)
{
    bool changes = cmd == SETVAL || cmd == SETALL;
    struct ipc_object *o;
    int err;

    if (cmd < GETPID || cmd > SETALL)
        return ipc_control(&sem_kind, id, cmd, arg);
    if (id < 0)
        return -EINVAL;
    if (cmd == SETVAL && ((int)arg < 0 || (int)arg > SEM_VALUE_MAX))
        return -ERANGE;
    err = ipc_find(&sem_kind, id, changes ? IPC_WRITE : IPC_READ, &o);
    if (err)
        return err;
    if (cmd == GETALL || cmd == SETALL)
        return values_move(set_of(o), changes, arg);
    return sem_one(set_of(o), num, cmd, (uint16_t)arg);
}
