/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.c - what a process is told of itself, of others, and of exec.
 *
 * There is one process: ids are checked as Linux checks them, and others are
 * not found.
 */
#include <linux/wait.h>

#include "core/errno.h"
#include "core/printf.h"
#include "fs/file.h"
#include "sched/process.h"
#include "syscall/syscall.h"

#define WAIT4_FLAGS \
    (WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL)
#define WAITID_EVENTS (WEXITED | WSTOPPED | WCONTINUED)
#define WAITID_FLAGS \
    (WAITID_EVENTS | WNOHANG | WNOWAIT | __WNOTHREAD | __WCLONE | __WALL)

/* Once: a program that tries for ever should not fill a log. */
static long no_exec(const char *call, uaddr_t path, bool *told)
{
    char name[128];

    if (*told)
        return -ENOSYS;
    *told = true;
    if (user_string(name, path, sizeof(name)) < 0)
        name[0] = '\0';
    kprintf("%s of '%s': several processes are not supported yet, the call "
            "fails with ENOSYS; run one program per guest",
            call, name);
    return -ENOSYS;
}

long sys_execve(uaddr_t path, uaddr_t argv, uaddr_t envp)
{
    static bool told;

    (void)argv, (void)envp;
    return no_exec("execve", path, &told);
}

long sys_execveat(int dirfd, uaddr_t path, uaddr_t argv, uaddr_t envp,
                  int flags)
{
    static bool told;

    (void)dirfd, (void)argv, (void)envp, (void)flags;
    return no_exec("execveat", path, &told);
}

long sys_wait4(int pid, uaddr_t status, int options, uaddr_t usage)
{
    (void)status, (void)usage;
    if (options & ~(int)WAIT4_FLAGS)
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    return -ECHILD;
}

long sys_waitid(int which, int id, uaddr_t info, int options, uaddr_t usage)
{
    struct file *f;

    (void)info, (void)usage;
    if ((options & ~(int)WAITID_FLAGS) || !(options & WAITID_EVENTS))
        return -EINVAL;
    switch (which) {
    case P_ALL:
        return -ECHILD;
    case P_PID:
        return id <= 0 ? -EINVAL : -ECHILD;
    case P_PGID:
        return id < 0 ? -EINVAL : -ECHILD;
    case P_PIDFD:
        if (id < 0)
            return -EINVAL;
        f = fd_get(id);
        if (!f)
            return -EBADF;
        file_put(f);
        return -ECHILD;
    default:
        return -EINVAL;
    }
}

long sys_getpid(void)
{
    return process_current()->pid;
}

long sys_getppid(void)
{
    return process_current()->ppid;
}

long sys_getpgrp(void)
{
    return process_current()->pgid;
}

/* Linux takes the id of any thread where it asks for a process. */
static bool is_self(int pid)
{
    return pid >= 0 && thread_find(pid) != NULL;
}

long sys_getpgid(int pid)
{
    return is_self(pid) ? process_current()->pgid : -ESRCH;
}

long sys_getsid(int pid)
{
    return is_self(pid) ? process_current()->sid : -ESRCH;
}

long sys_setpgid(int pid, int pgid)
{
    struct process *p = process_current();

    if (pgid < 0 || (pgid == 0 && pid < 0))
        return -EINVAL;
    if (!is_self(pid))
        return -ESRCH;
    if (pid != 0 && pid != p->pid)
        return -EINVAL; /* a thread, but not the first one */
    if (p->sid == p->pid)
        return -EPERM; /* it leads its session */
    if (pgid != 0 && pgid != p->pid && pgid != p->pgid)
        return -EPERM; /* no such group in the session */
    if (pgid != p->pgid)
        p->pgid = p->pid;
    return 0;
}

long sys_setsid(void)
{
    struct process *p = process_current();

    if (p->pgid == p->pid)
        return -EPERM;
    p->pgid = p->sid = p->pid;
    return p->sid;
}
