/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_fake.h - what lies below the signal code in its unit test: the
 * program's memory is ours, vector state is a pattern, death is a jump back.
 */
#ifndef PROCESS_SIGNAL_FAKE_H
#define PROCESS_SIGNAL_FAKE_H

#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

#include "tests/unit.h"

#include "arch/arch.h"
#include "core/errno.h"
#include "core/lock.h"
#include "process/exec.h"
#include "process/signal.h"
#include "sched/process.h"

static struct process process;
static struct thread first, second;
static struct regs regs;
static bool was_kicked;
static int exit_status;
static jmp_buf exit_jump;
static unsigned reports;

struct spinlock kernel_lock = { 1, LOCK_KERNEL };
struct thread *thread_current_ptr;
struct debug_control debug_control;

void panic(const char *format, ...)
{
    printf("# panic: %s\n", format);
    abort();
}
void *kmalloc(size_t len)
{
    return len >= 4096 ? aligned_alloc(4096, (len + 4095) & ~4095ul)
                       : malloc(len);
}
void *kzalloc(size_t len)
{
    return calloc(1, len);
}
void kfree(void *p)
{
    free(p);
}
int copy_to_user(uaddr_t dst, const void *src, size_t len)
{
    if (dst < 4096)
        return -EFAULT;
    memcpy((void *)dst, src, len);
    return 0;
}
int copy_from_user(void *dst, uaddr_t src, size_t len)
{
    if (src < 4096)
        return -EFAULT;
    memcpy(dst, (void *)src, len);
    return 0;
}
int user_get32(uint32_t *dst, uaddr_t src)
{
    return copy_from_user(dst, src, sizeof(*dst));
}
int user_get64(uint64_t *dst, uaddr_t src)
{
    return copy_from_user(dst, src, sizeof(*dst));
}
int user_put32(uaddr_t dst, uint32_t value)
{
    return copy_to_user(dst, &value, sizeof(value));
}
void thread_kick(struct thread *t)
{
    t->kicked = true;
    was_kicked = true;
}
void thread_interrupt(struct thread *t)
{
    t->interrupted = true;
    thread_kick(t);
}
void thread_wake(struct thread *t)
{
    t->woken = true;
}
int thread_sleep(uint64_t deadline_ns)
{
    (void)deadline_ns;
    return -ERESTARTSYS;
}
/* The program is stopped: the host continues it. */
int thread_sleep_deaf(uint64_t deadline_ns)
{
    (void)deadline_ns;
    signal_from_host(SIGCONT);
    return 0;
}
void rseq_abort(struct regs *r)
{
    (void)r;
}
uint64_t arch_linux_rip(uint64_t rip)
{
    return rip;
}
uint64_t arch_real_rip(uint64_t rip)
{
    return rip;
}
size_t arch_xstate_len(void)
{
    return 832;
}
uint64_t arch_xstate_mask(void)
{
    return 7;
}
void arch_xstate_save(void *area)
{
    CHECK_EQ((uintptr_t)area % 64, 0);
    memset(area, 0xa5, 832);
}
static uint8_t loaded[832];
int arch_xstate_load(const void *area)
{
    memcpy(loaded, area, sizeof(loaded));
    return 0;
}
void arch_xstate_reset(void)
{
    memset(loaded, 0, sizeof(loaded));
}
void process_exit_group(int status)
{
    exit_status = status;
    longjmp(exit_jump, 1);
}
void signal_report_crash(const struct regs *r, const struct signal_info *info)
{
    (void)r, (void)info;
    reports++;
}

#endif
