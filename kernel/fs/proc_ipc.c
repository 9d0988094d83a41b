/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_ipc.c - /proc/sysvipc, which ipcs(1) reads.
 */
#include "fs/proc.h"
#include "ipc/msg.h"
#include "ipc/sem.h"
#include "ipc/shm.h"
#include "mm/shared.h"

/* Absent in kernels without the calls: then there are none of them. */
#pragma weak shm_kind
#pragma weak shm_attach_count
#pragma weak sem_kind
#pragma weak sem_set_count
#pragma weak sem_operate_time
#pragma weak msg_kind

static struct ipc_object *next(struct ipc_kind *kind, unsigned *idx)
{
    return kind ? ipc_next(kind, idx) : NULL;
}

static int show_head(struct text_file *t, const struct ipc_object *o)
{
    return text_printf(t, "%10d %10d  %4o", o->key, o->id, o->mode);
}

static int show_ids(struct text_file *t, const struct ipc_object *o)
{
    return text_printf(t, " %5u %5u %5u %5u", o->uid, o->gid, o->cuid, o->cgid);
}

static int show_shm(struct text_file *t, void *inode)
{
    struct ipc_object *o;
    unsigned idx = 0;
    int err =
        text_printf(t, "       key      shmid perms                  size "
                       " cpid  lpid nattch   uid   gid  cuid  cgid      "
                       "atime      dtime      ctime                   "
                       "rss                  swap\n");

    (void)inode;
    while (!err && (o = next(&shm_kind, &idx))) {
        const struct shm *s = (const struct shm *)o;

        err = show_head(t, o);
        if (!err)
            err =
                text_printf(t, " %21lu %5u %5u  %5u", s->len, (unsigned)s->cpid,
                            (unsigned)s->lpid, shm_attach_count(s));
        if (!err)
            err = show_ids(t, o);
        if (!err)
            err = text_printf(t, " %10ld %10ld %10ld %21lu %21u\n", s->atime,
                              s->dtime, o->ctime,
                              shared_page_count(s->memory) * PAGE_SIZE, 0);
    }
    return err;
}

static int show_sem(struct text_file *t, void *inode)
{
    struct ipc_object *o;
    unsigned idx = 0;
    int err = text_printf(t, "       key      semid perms      nsems   uid   "
                             "gid  cuid  cgid      otime      ctime\n");

    (void)inode;
    while (!err && (o = next(&sem_kind, &idx))) {
        err = show_head(t, o);
        if (!err)
            err = text_printf(t, " %10u", sem_set_count(o));
        if (!err)
            err = show_ids(t, o);
        if (!err)
            err =
                text_printf(t, " %10ld %10ld\n", sem_operate_time(o), o->ctime);
    }
    return err;
}

static int show_msg(struct text_file *t, void *inode)
{
    struct ipc_object *o;
    unsigned idx = 0;
    int err = text_printf(t, "       key      msqid perms      cbytes       "
                             "qnum lspid lrpid   uid   gid  cuid  cgid      "
                             "stime      rtime      ctime\n");

    (void)inode;
    while (!err && (o = next(&msg_kind, &idx))) {
        const struct msg_queue *q = (const struct msg_queue *)o;

        err = show_head(t, o);
        if (!err)
            err = text_printf(t, "  %10lu %10lu %5u %5u", q->bytes, q->count,
                              (unsigned)q->lspid, (unsigned)q->lrpid);
        if (!err)
            err = show_ids(t, o);
        if (!err)
            err = text_printf(t, " %10ld %10ld %10ld\n", q->stime, q->rtime,
                              o->ctime);
    }
    return err;
}

const struct pseudo_node proc_ipc_nodes[PROC_IPC_COUNT] = {
    PSEUDO_FILE("msg", show_msg),
    PSEUDO_FILE("sem", show_sem),
    PSEUDO_FILE("shm", show_shm),
};
