/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer.h - what read(2), write(2) and their forms count. */
#ifndef SYSCALL_TRANSFER_H
#define SYSCALL_TRANSFER_H

#include "sched/process.h"

/* One call that moved so many bytes, or failed. */
static inline void transfer_account(bool is_write, ssize_t done)
{
    struct thread *t = thread_current();

    t->io[2 + is_write]++;
    if (done > 0)
        t->io[is_write] += (size_t)done;
}

#endif
