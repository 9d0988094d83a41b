/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_owner.c - signals for whom F_SETOWN names, about a file.
 */
#include <asm/sockios.h>

#include "core/errno.h"
#include "fs/file.h"
#include "mm/user.h"
#include "process/signal.h"
#include "sched/process.h"
#include "sched/thread.h"

#define SI_KERNEL 128

int file_set_owner(struct file *f, int who)
{
    if (who < 0 ? -who != process_current()->pgid : who && !thread_find(who))
        return -ESRCH;
    f->owner_pid = who;
    return 0;
}

long file_owner_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    uint32_t who;

    /* FIOSETOWN, SIOCSPGRP, FIOGETOWN and SIOCGPGRP follow each other. */
    if (cmd < FIOSETOWN || cmd > SIOCGPGRP)
        return -ENOTTY;
    if (cmd >= FIOGETOWN)
        return user_put32(arg, (uint32_t)f->owner_pid);
    return user_get32(&who, arg) ? -EFAULT : file_set_owner(f, (int)who);
}

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
