/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c - the calls of signal(7): dispositions, masks, sending, waiting.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/time_types.h>

#include "core/errno.h"
#include "mm/user.h"
#include "process/signal.h"
#include "sched/process.h"
#include "syscall/syscall.h"
#include "time/clock.h"

#define SET_LEN 8u

static bool is_signo(int signo)
{
    return signo >= 1 && signo <= (int)SIGNAL_COUNT;
}

static bool is_kill_or_stop(int signo)
{
    return signo == SIGKILL || signo == SIGSTOP;
}

/* ---- dispositions and masks ---- */

/* Flags that mean something here; others are dropped, so that a program can
 * find out which are known, as on Linux since 5.11. */
#define ACTION_FLAGS                                                      \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | \
     SA_NODEFER | SA_RESETHAND | SA_RESTORER | SA_EXPOSE_TAGBITS)

long sys_rt_sigaction(int signo, uaddr_t action, uaddr_t old_out,
                      size_t set_len)
{
    struct signal_action old, next;

    if (set_len != SET_LEN || !is_signo(signo))
        return -EINVAL;
    if (action && is_kill_or_stop(signo))
        return -EINVAL;
    if (action && copy_from_user(&next, action, sizeof(next)) != 0)
        return -EFAULT;
    old = process_current()->signal->actions[signo - 1];
    if (action) {
        next.flags &= (uint32_t)ACTION_FLAGS;
        next.mask &= ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
        signal_action_set(signo, &next);
    }
    if (old_out && copy_to_user(old_out, &old, sizeof(old)) != 0)
        return -EFAULT;
    return 0;
}

long sys_rt_sigprocmask(int how, uaddr_t set, uaddr_t old_out, size_t set_len)
{
    uint64_t old = thread_current()->signal->blocked;
    uint64_t mask;

    if (set_len != SET_LEN)
        return -EINVAL;
    if (set) {
        if (user_get64_quick(&mask, set) != 0)
            return -EFAULT;
        if (how == SIG_BLOCK)
            mask |= old;
        else if (how == SIG_UNBLOCK)
            mask = old & ~mask;
        else if (how != SIG_SETMASK)
            return -EINVAL;
        signal_set_blocked_quick(mask);
    }
    return old_out ? user_put64_quick(old_out, old) : 0;
}

long sys_rt_sigpending(uaddr_t set_out, size_t set_len)
{
    uint64_t set = signal_pending_set() & signal_blocked();

    if (set_len > SET_LEN)
        return -EINVAL;
    return copy_to_user(set_out, &set, set_len);
}

struct user_stack { /* stack_t */
    uint64_t sp;
    uint32_t flags, pad;
    uint64_t len;
};

long sys_sigaltstack(uaddr_t stack, uaddr_t old_out)
{
    struct signal_thread *s = thread_current()->signal;
    uint64_t sp = arch_current_regs()->rsp;
    struct user_stack old = { .sp = s->alt_sp,
                              .flags = signal_stack_flags(s, sp),
                              .len = s->alt_len };
    struct user_stack next;
    int err;

    if (stack) {
        if (copy_from_user(&next, stack, sizeof(next)) != 0)
            return -EFAULT;
        err = signal_stack_set(s, next.sp, next.flags, next.len, sp);
        if (err)
            return err;
    }
    if (old_out && copy_to_user(old_out, &old, sizeof(old)) != 0)
        return -EFAULT;
    return 0;
}

long sys_rt_sigreturn(void)
{
    struct regs *regs = arch_current_regs();
    struct signal_info info = { .signo = SIGSEGV, .code = SI_KERNEL };

    if (signal_frame_pop(regs) != 0) {
        regs->orig_rax = UINT64_MAX;
        signal_force(&info);
    }
    arch_regs_changed();
    return (long)regs->rax; /* the exit path stores it there again */
}

long sys_restart_syscall(void)
{
    struct syscall_restart *r = &thread_current()->restart;

    return r->fn ? r->fn(r) : -EINTR;
}

/* ---- sending ---- */

static struct signal_info from_self(int signo, int code)
{
    const struct process *p = process_current();

    return (struct signal_info){
        .signo = signo, .code = code, .pid = p->pid, .uid = p->uid
    };
}

/* The one process, by any of its names: pid, 0, -pgid, -1 (all others: none
 * but us, whom Linux leaves out). */
static int process_find(int pid, struct process **out)
{
    struct process *p = process_current();

    *out = p;
    if (pid == p->pid || pid == 0)
        return 0;
    if (pid > 0 && thread_find(pid))
        return 0; /* a thread's id names its process, too */
    if (pid < -1 && -(int64_t)pid == p->pgid)
        return 0;
    return -ESRCH;
}

static long send_to_process(struct process *p, int signo,
                            const struct signal_info *info)
{
    if (signo == 0)
        return 0;
    return is_signo(signo) ? signal_send_process(p, info) : -EINVAL;
}

long sys_kill(int pid, int signo)
{
    struct signal_info info = from_self(signo, SI_USER);
    struct process *p;
    int err = process_find(pid, &p);

    return err ? err : send_to_process(p, signo, &info);
}

static long send_to_thread(int tid, int signo, const struct signal_info *info)
{
    struct thread *t = thread_find(tid);

    if (!t)
        return -ESRCH;
    if (signo == 0)
        return 0;
    return is_signo(signo) ? signal_send_thread(t, info) : -EINVAL;
}

long sys_tgkill(int tgid, int tid, int signo)
{
    struct signal_info info = from_self(signo, SI_TKILL);

    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    if (tgid != process_current()->pid)
        return -ESRCH;
    return send_to_thread(tid, signo, &info);
}

long sys_tkill(int tid, int signo)
{
    if (tid <= 0)
        return -EINVAL;
    return sys_tgkill(process_current()->pid, tid, signo);
}

/* What the program says of its signal to `tid`. Only to itself may a thread
 * claim to be the kernel, or kill(). */
static int info_get(uaddr_t from, int signo, int tid, struct signal_info *out)
{
    uint8_t raw[SIGNAL_INFO_LEN];

    if (copy_from_user(raw, from, sizeof(raw)) != 0)
        return -EFAULT;
    signal_info_decode(raw, out);
    out->signo = signo;
    if ((out->code >= 0 || out->code == SI_TKILL) &&
        tid != thread_current()->tid)
        return -EPERM;
    return 0;
}

long sys_rt_sigqueueinfo(int pid, int signo, uaddr_t user_info)
{
    struct signal_info info;
    struct process *p;
    int err = info_get(user_info, signo, pid, &info);

    if (err)
        return err;
    if (pid <= 0 || process_find(pid, &p) != 0)
        return -ESRCH;
    return send_to_process(p, signo, &info);
}

long sys_rt_tgsigqueueinfo(int tgid, int tid, int signo, uaddr_t user_info)
{
    struct signal_info info;
    int err;

    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    err = info_get(user_info, signo, tid, &info);
    if (err)
        return err;
    if (tgid != process_current()->pid)
        return -ESRCH;
    return send_to_thread(tid, signo, &info);
}

/* ---- waiting ---- */

static long sleep_for_signal(void)
{
    int err = 0;

    while (err == 0) {
        thread_wake_clear();
        err = thread_sleep(WAIT_FOREVER);
    }
    return -ERESTARTNOHAND;
}

long sys_pause(void)
{
    return sleep_for_signal();
}

long sys_rt_sigsuspend(uaddr_t set, size_t set_len)
{
    uint64_t mask;

    if (set_len != SET_LEN)
        return -EINVAL;
    if (user_get64(&mask, set) != 0)
        return -EFAULT;
    signal_mask_swap(mask);
    return signal_mask_restore(sleep_for_signal());
}

static int timeout_get(uaddr_t from, uint64_t *deadline_out)
{
    struct __kernel_timespec ts;

    *deadline_out = WAIT_FOREVER;
    if (from == 0)
        return 0;
    if (copy_from_user(&ts, from, sizeof(ts)) != 0)
        return -EFAULT;
    if (ts.tv_sec < 0 || (uint64_t)ts.tv_nsec >= NS_PER_SEC)
        return -EINVAL;
    if ((uint64_t)ts.tv_sec < INT64_MAX / NS_PER_SEC)
        *deadline_out = clock_mono_ns() + (uint64_t)ts.tv_sec * NS_PER_SEC +
                        (uint64_t)ts.tv_nsec;
    return 0;
}

/* Take a signal of the set, or sleep until one comes. 0, -EAGAIN, -EINTR */
static int wait_for(uint64_t set, uint64_t deadline_ns,
                    struct signal_info *info)
{
    struct signal_thread *s = thread_current()->signal;
    int err = 0;

    while (!signal_dequeue(set, info)) {
        if (err)
            return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
        thread_wake_clear();
        s->waiting = set;
        err = thread_sleep(deadline_ns);
        s->waiting = 0;
    }
    return 0;
}

long sys_rt_sigtimedwait(uaddr_t user_set, uaddr_t info_out, uaddr_t timeout,
                         size_t set_len)
{
    uint8_t raw[SIGNAL_INFO_LEN];
    struct signal_info info;
    uint64_t set, deadline_ns;
    int err;

    if (set_len != SET_LEN)
        return -EINVAL;
    if (user_get64(&set, user_set) != 0)
        return -EFAULT;
    set &= ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    err = timeout_get(timeout, &deadline_ns);
    if (!err)
        err = wait_for(set, deadline_ns, &info);
    if (err)
        return err;
    signal_recalc(); /* it may have been the one that was deliverable */
    if (info_out) {
        signal_info_encode(&info, raw);
        if (copy_to_user(info_out, raw, sizeof(raw)) != 0)
            return -EFAULT;
    }
    return info.signo;
}
