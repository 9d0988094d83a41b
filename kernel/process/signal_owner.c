/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_owner.c - signals for whom F_SETOWN names, about a file.
 */
#include "fs/file.h"
#include "process/signal.h"
#include "sched/process.h"
#include "sched/thread.h"

#define SI_KERNEL 128

void file_signal_owner(const struct file *f, int signo)
{
    struct signal_info info = { .signo = signo, .code = SI_KERNEL };
    struct thread *t = f->owner_pid > 0 ? thread_find(f->owner_pid) : NULL;

    if (!f->owner_pid)
        return;
    /* A group has but one process; so has this kernel. */
    if (t && t->tid != t->process->pid)
        (void)signal_send_thread(t, &info);
    else if (t || f->owner_pid < 0)
        (void)signal_send_process(process_current(), &info);
}
