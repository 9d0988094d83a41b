/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clone.c - new threads, and what thread libraries register for them.
 */
#include <linux/rseq.h>
#include <linux/sched.h>

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "mm/user.h"
#include "process/exec.h"
#include "process/signal.h"
#include "syscall/syscall.h"

#define ROBUST_HEAD_LEN 24u
#define RSEQ_ALIGN      32u
#define RSEQ_LEN_MIN    32u
#define ARGS_LEN_MIN    64u /* CLONE_ARGS_SIZE_VER0 */
#define CLONE_LEGACY    0xffffffffull

/* What must come together to be a thread of this process ... */
#define THREAD_FLAGS (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
/* ... and what else may be there. */
#define THREAD_OPTIONS                                                 \
    (CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SETTLS |           \
     CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | \
     CLONE_DETACHED | CLONE_PARENT | CLONE_IO | CLONE_UNTRACED |       \
     CLONE_PTRACE | CLONE_VFORK)
#define NAMESPACES                                                 \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

struct clone_request {
    uint64_t flags; /* without the exit signal */
    uint64_t stack; /* 0: the caller's */
    uint64_t tls;
    uaddr_t parent_tid, child_tid;
};

static long refuse_process(const char *call, bool *told)
{
    if (!*told)
        kprintf("%s: several processes are not supported yet, the call fails "
                "with ENOSYS; run one program per guest",
                call);
    *told = true;
    return -ENOSYS;
}

static bool is_nonsense(uint64_t flags)
{
    /* Nothing but a thread: what pthread libraries ask for. */
    if ((flags & (THREAD_FLAGS | NAMESPACES | CLONE_CLEAR_SIGHAND)) ==
        THREAD_FLAGS)
        return false;
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return true;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return true;
    if ((flags & CLONE_FS) && (flags & (CLONE_NEWNS | CLONE_NEWUSER)))
        return true;
    if ((flags & CLONE_NEWIPC) && (flags & CLONE_SYSVSEM))
        return true;
    if ((flags & CLONE_THREAD) && (flags & (CLONE_NEWUSER | CLONE_NEWPID)))
        return true;
    return (flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND);
}

/* Files and working directory are always shared between threads: a thread
 * with its own would be the beginnings of a process, which nobody asks for. */
static long thread_clone(const struct clone_request *r)
{
    struct regs *child;
    struct thread *t;
    int err;

    if (!(r->flags & CLONE_FS) || !(r->flags & CLONE_FILES))
        return -ENOSYS;
    if (r->flags & ~(THREAD_FLAGS | THREAD_OPTIONS))
        return -EINVAL; /* namespaces, pidfd: Linux refuses most as well */
    if ((r->flags & CLONE_SETTLS) && r->tls >= ARCH_USER_MAX)
        return -EPERM;
    err = thread_create(arch_current_regs(), &t);
    if (err)
        return err;
    child = arch_thread_regs(&t->arch);
    child->rax = 0;
    if (r->stack)
        child->rsp = r->stack;
    t->arch.fs_base = thread_current()->arch.fs_base;
    if (r->flags & CLONE_SETTLS)
        t->arch.fs_base = r->tls;
    if ((r->flags & CLONE_PARENT_SETTID) &&
        user_put32(r->parent_tid, (uint32_t)t->tid) != 0) {
        thread_discard(t);
        return -EFAULT;
    }
    /* Linux ignores a bad pointer here: the child would find out. */
    if (r->flags & CLONE_CHILD_SETTID)
        (void)!user_put32(r->child_tid, (uint32_t)t->tid);
    if (r->flags & CLONE_CHILD_CLEARTID)
        t->clear_child_tid = r->child_tid;
    thread_wake(t);
    return t->tid;
}

long sys_clone(uint64_t flags, uaddr_t stack, uaddr_t parent_tid,
               uaddr_t child_tid, uint64_t tls)
{
    static bool told;
    struct clone_request r = {
        .flags = flags & CLONE_LEGACY & ~(uint64_t)CSIGNAL,
        .stack = stack,
        .tls = tls,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
    };

    if (is_nonsense(r.flags))
        return -EINVAL;
    /* One pointer would be told both the descriptor and the id. */
    if ((r.flags & CLONE_PIDFD) &&
        (r.flags & (CLONE_PARENT_SETTID | CLONE_DETACHED)))
        return -EINVAL;
    /* Qt's QProcess has the call fail unseen, and waits for what this says. */
    if (r.flags & CLONE_PIDFD)
        (void)!user_put32(r.parent_tid, UINT32_MAX);
    if (!(r.flags & CLONE_THREAD))
        return refuse_process("clone", &told);
    return thread_clone(&r);
}

/* -E2BIG when a newer program wants what we do not know. */
static int args_copy(struct clone_args *args, uaddr_t from, size_t len)
{
    uint8_t beyond;

    if (len < ARGS_LEN_MIN)
        return -EINVAL;
    if (len > PAGE_SIZE)
        return -E2BIG;
    memset(args, 0, sizeof(*args));
    if (copy_from_user(args, from, MIN(len, sizeof(*args))) != 0)
        return -EFAULT;
    for (size_t i = sizeof(*args); i < len; i++) {
        if (copy_from_user(&beyond, from + i, 1) != 0)
            return -EFAULT;
        if (beyond)
            return -E2BIG;
    }
    return 0;
}

static bool args_are_bad(const struct clone_args *args)
{
    uint64_t known = CLONE_LEGACY | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP;

    if (args->flags & ~known || args->flags & (CLONE_DETACHED | CSIGNAL))
        return true;
    if (args->exit_signal > SIGNAL_COUNT)
        return true;
    if ((args->flags & (CLONE_THREAD | CLONE_PARENT)) && args->exit_signal)
        return true;
    if ((args->set_tid == 0) != (args->set_tid_size == 0))
        return true;
    if ((args->stack == 0) != (args->stack_size == 0))
        return true;
    return args->stack && !user_range_ok(args->stack, args->stack_size);
}

long sys_clone3(uaddr_t user_args, size_t args_len)
{
    static bool told;
    struct clone_args args;
    struct clone_request r;
    int err = args_copy(&args, user_args, args_len);

    if (err)
        return err;
    if (args_are_bad(&args) || is_nonsense(args.flags))
        return -EINVAL;
    if (!(args.flags & CLONE_THREAD))
        return refuse_process("clone3", &told);
    if (args.set_tid)
        return -EPERM; /* only for who may checkpoint and restore */
    r.flags = args.flags;
    r.stack = args.stack ? args.stack + args.stack_size : 0;
    r.tls = args.tls;
    r.parent_tid = args.parent_tid;
    r.child_tid = args.child_tid;
    return thread_clone(&r);
}

long sys_fork(void)
{
    static bool told;

    return refuse_process("fork", &told);
}

long sys_vfork(void)
{
    static bool told;

    return refuse_process("vfork", &told);
}

long sys_exit(int status)
{
    struct thread *t = thread_current();

    /* When all threads end like this, the first one's status counts. */
    if (t->tid == t->process->pid)
        t->process->exit_status = status & 0xff;
    thread_exit();
}

long sys_exit_group(int status)
{
    process_exit_group(status & 0xff);
}

long sys_gettid(void)
{
    return thread_current()->tid;
}

long sys_set_tid_address(uaddr_t addr)
{
    thread_current()->clear_child_tid = addr;
    return thread_current()->tid;
}

long sys_set_robust_list(uaddr_t head, size_t len)
{
    if (len != ROBUST_HEAD_LEN)
        return -EINVAL;
    thread_current()->robust_list = head;
    return 0;
}

long sys_get_robust_list(int tid, uaddr_t head_out, uaddr_t len_out)
{
    struct thread *t = thread_find(tid);

    if (!t)
        return -ESRCH;
    if (user_put64(len_out, ROBUST_HEAD_LEN) != 0)
        return -EFAULT;
    return user_put64(head_out, t->robust_list);
}

static long rseq_unregister(struct thread *t, uaddr_t area, uint32_t len,
                            int flags, uint32_t signature)
{
    if (flags != RSEQ_FLAG_UNREGISTER || t->rseq != area || !area ||
        t->rseq_len != len)
        return -EINVAL;
    if (t->rseq_sig != signature)
        return -EPERM;
    t->rseq = 0;
    if (user_put32(area, 0) != 0 ||
        user_put32(area + 4, (uint32_t)RSEQ_CPU_ID_UNINITIALIZED) != 0)
        return -EFAULT;
    return 0;
}

long sys_rseq(uaddr_t area, uint32_t len, int flags, uint32_t signature)
{
    struct thread *t = thread_current();

    if (flags)
        return rseq_unregister(t, area, len, flags, signature);
    if (t->rseq) {
        if (t->rseq != area || t->rseq_len != len)
            return -EINVAL;
        return t->rseq_sig == signature ? -EBUSY : -EPERM;
    }
    if (len < RSEQ_LEN_MIN || area % RSEQ_ALIGN != 0)
        return -EINVAL;
    if (!user_range_ok(area, len) || user_put32(area, 0) != 0)
        return -EFAULT;
    t->rseq = area;
    t->rseq_len = len;
    t->rseq_sig = signature;
    rseq_moved();
    return 0;
}
