/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.c - what machine this is: uname(2), sysinfo(2), getcpu(2), names.
 */
#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/fdtable.h"
#include "fs/proc.h"
#include "fs/release.h"
#include "mm/page.h"
#include "sched/process.h"
#include "syscall/syscall.h"
#include "time/clock.h"

#define HOSTNAME_MAX      64
#define SYSLOG_TYPE_MAX   10
#define PERSONALITY_QUERY 0xffffffffu
#define LOAD_SHIFT        16 /* sysinfo's fixed point */

long sys_uname(uaddr_t out)
{
    const struct process *p = process_current();
    struct new_utsname u;

    memset(&u, 0, sizeof(u));
    strlcpy(u.sysname, RELEASE_SYSNAME, sizeof(u.sysname));
    strlcpy(u.nodename, p->hostname, sizeof(u.nodename));
    strlcpy(u.release, RELEASE_NUMBER, sizeof(u.release));
    strlcpy(u.version, RELEASE_VERSION, sizeof(u.version));
    strlcpy(u.machine, RELEASE_MACHINE, sizeof(u.machine));
    strlcpy(u.domainname, p->domainname[0] ? p->domainname : "(none)",
            sizeof(u.domainname));
    return copy_to_user(out, &u, sizeof(u));
}

static long set_name(char name[HOSTNAME_MAX + 1], uaddr_t user, int len)
{
    char copy[HOSTNAME_MAX + 1] = { 0 };

    if (!process_has_cap(process_current(), CAP_SYS_ADMIN))
        return -EPERM;
    if (len < 0 || len > HOSTNAME_MAX)
        return -EINVAL;
    if (copy_from_user(copy, user, (size_t)len) != 0)
        return -EFAULT;
    memcpy(name, copy, sizeof(copy));
    return 0;
}

long sys_sethostname(uaddr_t name, int len)
{
    return set_name(process_current()->hostname, name, len);
}

long sys_setdomainname(uaddr_t name, int len)
{
    return set_name(process_current()->domainname, name, len);
}

long sys_sysinfo(uaddr_t out)
{
    struct sysinfo s;
    uint64_t load[3];

    memset(&s, 0, sizeof(s));
    s.uptime = (long)(clock_mono_ns() / NS_PER_SEC);
    proc_load(load);
    for (unsigned i = 0; i < ARRAY_LEN(load); i++)
        s.loads[i] = load[i] << (LOAD_SHIFT - PROC_LOAD_SHIFT);
    s.totalram = page_total_count() * PAGE_SIZE;
    s.freeram = page_free_count() * PAGE_SIZE;
    s.procs = (uint16_t)MIN(process_current()->thread_count, UINT16_MAX);
    s.mem_unit = 1;
    return copy_to_user(out, &s, sizeof(s));
}

long sys_getcpu(uaddr_t cpu, uaddr_t node)
{
    if (cpu && user_put32(cpu, arch_cpu_number() - 1) != 0)
        return -EFAULT;
    if (node && user_put32(node, 0) != 0)
        return -EFAULT;
    return 0;
}

long sys_syslog(int type, uaddr_t buf, int len)
{
    enum { READ = 2, READ_ALL = 3, READ_CLEAR = 4, LEVEL = 8 };

    if (type < 0 || type > SYSLOG_TYPE_MAX)
        return -EINVAL;
    if (type != READ_ALL && type != SYSLOG_TYPE_MAX &&
        !process_has_cap(process_current(), CAP_SYSLOG))
        return -EPERM;
    if (type >= READ && type <= READ_CLEAR && (!buf || len < 0))
        return -EINVAL;
    if (type == LEVEL && (len < 1 || len > 8))
        return -EINVAL;
    return 0;
}

long sys_personality(uint64_t persona)
{
    struct process *p = process_current();
    uint32_t old = (uint32_t)p->personality;

    if ((uint32_t)persona != PERSONALITY_QUERY)
        p->personality = (uint32_t)persona;
    return old;
}

long sys_unshare(int flags)
{
    const int known = CLONE_THREAD | CLONE_FS | CLONE_NEWNS | CLONE_SIGHAND |
                      CLONE_VM | CLONE_FILES | CLONE_SYSVSEM | CLONE_NEWUTS |
                      CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUSER |
                      CLONE_NEWPID | CLONE_NEWCGROUP | CLONE_NEWTIME;

    if (flags & ~known)
        return -EINVAL;
    if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) &&
        process_current()->thread_count > 1)
        return -EINVAL;
    if (flags & ~(CLONE_FILES | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM))
        return -EPERM;
    return (flags & CLONE_FILES) ? fdtable_unshare() : 0;
}

/* ---- ioprio ---- */

#define IOPRIO_CLASS(prio) ((prio) >> 13)
#define IOPRIO_CLASS_BE    2
#define IOPRIO_CLASS_MAX   3
#define IOPRIO_LEVEL_MASK  0x1fff
#define IOPRIO_LEVELS      8

/* The thread that is asked about; which: a process or thread (1), a group (2)
 * or a user (3), of which there is one each: its first thread stands for it. */
static int ioprio_thread(int which, int who, struct thread **out)
{
    const struct process *p = process_current();
    bool is_here = which == 1   ? who == 0 || thread_find(who)
                   : which == 2 ? who == 0 || who == p->pgid
                                : who == (int)p->uid;

    if (which < 1 || which > 3)
        return -EINVAL;
    if (!is_here)
        return -ESRCH;
    *out = which == 1 ? thread_find(who) : thread_current();
    return 0;
}

long sys_ioprio_set(int which, int who, int prio)
{
    int class = IOPRIO_CLASS(prio), err;
    struct thread *t;

    if (class < 0 || class > IOPRIO_CLASS_MAX)
        return -EINVAL;
    if ((class == 0 && (prio & IOPRIO_LEVEL_MASK)) ||
        (prio & IOPRIO_LEVEL_MASK) >= IOPRIO_LEVELS)
        return -EINVAL;
    if (class == 1 && !process_has_cap(process_current(), CAP_SYS_NICE))
        return -EPERM;
    err = ioprio_thread(which, who, &t);
    if (!err)
        t->ioprio = (uint16_t)prio;
    return err;
}

/* Without one of its own a thread has the level that its nice value gives. */
long sys_ioprio_get(int which, int who)
{
    struct thread *t;
    int err = ioprio_thread(which, who, &t);

    if (err)
        return err;
    return t->ioprio ? t->ioprio : IOPRIO_CLASS_BE << 13 | (t->nice + 20) / 5;
}
