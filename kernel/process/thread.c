/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.c - a thread's birth and death: what the scheduler, files, signals
 * and futexes each have to do with it.
 */
#include "sched/thread.h"

#include "core/errno.h"
#include "core/panic.h"
#include "fs/file.h"
#include "fs/vfs.h"
#include "process/exec.h"
#include "process/signal.h"
#include "sched/futex.h"

#define RLIMIT_NPROC_IDX 6

static struct thread first_thread; /* on the boot stack, beside our data */

struct thread *thread_init_first(struct process *p)
{
    struct thread *t = &first_thread;

    t->process = p;
    t->tid = p->pid;
    p->last_tid = p->pid;
    thread_sched_init(t, NULL);
    list_init(&p->threads);
    list_push_back(&p->threads, &t->process_link);
    p->thread_count = 1;
    if (signal_process_init(p) != 0 || signal_thread_init(t, NULL) != 0)
        return NULL;
    thread_signal_hook = signal_deliver;
    return t;
}

struct thread *thread_find(int tid)
{
    struct thread *self = thread_current();

    if (tid == 0 || tid == self->tid)
        return self;
    LIST_FOR_EACH(it, &self->process->threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, process_link);

        if (t->tid == tid)
            return t;
    }
    return NULL;
}

/* Ids count up and begin again, as Linux's do. There is a free one, since
 * THREAD_MAX is checked; new ones are free but after a wrap. */
static int tid_pick(struct process *p)
{
    bool has_wrapped = p->last_tid >= (int)THREAD_MAX;

    do {
        if (++p->last_tid > (int)(2 * THREAD_MAX))
            p->last_tid = p->pid + 1;
    } while (has_wrapped && thread_find(p->last_tid));
    return p->last_tid;
}

int thread_create(const struct regs *regs, struct thread **out)
{
    struct thread *self = thread_current();
    struct process *p = self->process;
    struct thread *t;

    if (p->thread_count >= THREAD_MAX)
        return -EAGAIN;
    if (p->euid != 0 && p->thread_count >= p->rlimits[RLIMIT_NPROC_IDX].soft)
        return -EAGAIN;
    t = thread_alloc(regs);
    if (!t)
        return -ENOMEM;
    thread_sched_init(t, self);
    t->process = p;
    t->tid = tid_pick(p);
    __builtin_memcpy(t->name, self->name, sizeof(t->name));
    if (signal_thread_init(t, self) != 0)
        goto free_thread;
    t->files = fdtable_get(self->files);
    t->fs = fs_context_get(self->fs);
    list_push_back(&p->threads, &t->process_link);
    p->thread_count++;
    *out = t;
    return 0;

free_thread:
    thread_free(t);
    return -ENOMEM;
}

static void thread_release(struct thread *t)
{
    fdtable_put(t->files);
    fs_context_put(t->fs);
    t->files = NULL;
    t->fs = NULL;
    signal_thread_fini(t);
}

void thread_discard(struct thread *t)
{
    ASSERT(t->state == THREAD_SLEEPING);
    thread_release(t);
    list_remove(&t->process_link);
    t->process->thread_count--;
    thread_free(t);
}

void thread_exit(void)
{
    struct thread *t = thread_current();
    struct process *p = t->process;

    if (p->thread_count == 1)
        process_exit_group(p->exit_status);
    if (!p->exiting)
        futex_thread_exit();
    thread_release(t);
    thread_die();
}
