/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rseq.c - restartable sequences.
 *
 * The program reads in its struct rseq on which CPU it runs: written before it
 * runs on another one. And a critical section which was preempted, or is left
 * by a signal handler, continues at its abort address.
 */
#include <linux/rseq.h>

#include "mm/user.h"
#include "sched/thread.h"

/* The section described at cs holds ip: where to go instead, else 0. */
static uint64_t abort_address(const struct thread *t, uint64_t cs, uint64_t ip)
{
    struct rseq_cs section;
    uint32_t signature;

    if (copy_from_user(&section, cs, sizeof(section)) != 0)
        return 0;
    if (section.version != 0 || section.abort_ip >= ARCH_USER_MAX)
        return 0;
    if (ip - section.start_ip >= section.post_commit_offset)
        return 0;
    /* The word before the abort code vouches for it: else a stray pointer
     * here could send the program anywhere. */
    if (user_get32(&signature, section.abort_ip - 4) != 0 ||
        signature != t->rseq_sig)
        return 0;
    return section.abort_ip;
}

void rseq_abort(struct regs *regs)
{
    struct thread *t = thread_current();
    uaddr_t field = t->rseq + offsetof(struct rseq, rseq_cs);
    uint64_t cs, to;

    if (!t->rseq || user_get64(&cs, field) != 0 || cs == 0)
        return;
    to = abort_address(t, cs, arch_linux_rip(regs->rip));
    /* Outside of the section the field is stale: Linux clears it as well. */
    if (user_put64(field, 0) == 0 && to)
        regs->rip = arch_real_rip(to);
}

void rseq_moved(void)
{
    struct thread *t = thread_current();
    uint32_t number = arch_cpu_number();

    t->rseq_cpu = number;
    /* Where the program has unmapped its struct, there is nothing to tell. */
    if (user_put32(t->rseq + offsetof(struct rseq, cpu_id_start), number - 1) !=
            0 ||
        user_put32(t->rseq + offsetof(struct rseq, cpu_id), number - 1) != 0)
        return;
}
