/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard.c - refuses what would end the program as on Linux: the end itself,
 * signals that cannot be caught, changes of the memory that it runs from, and
 * the closing of the descriptor that it reports to.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define OWN_MAX 64u

static struct {
    uint64_t start, end;
} own[OWN_MAX];
static unsigned own_count;

static char text[32768];

/* Read a hexadecimal number, and step over it and what follows. */
static uint64_t read_hex(const char **at)
{
    uint64_t value = 0;
    const char *p = *at;

    for (;; p++) {
        if (*p >= '0' && *p <= '9')
            value = value * 16 + (uint64_t)(*p - '0');
        else if (*p >= 'a' && *p <= 'f')
            value = value * 16 + (uint64_t)(*p - 'a' + 10);
        else
            break;
    }
    *at = p + 1;
    return value;
}

void guard_init(void)
{
    long fd = call3(SYS_open, (long)"/proc/self/maps", O_RDONLY, 0);
    long len = 0, got;
    const char *p = text;

    while (len < (long)sizeof(text) - 1 &&
           (got = call3(SYS_read, fd, (long)text + len,
                        (long)sizeof(text) - 1 - len)) > 0)
        len += got;
    call3(SYS_close, fd, 0, 0);
    while (*p && own_count < OWN_MAX) {
        own[own_count].start = read_hex(&p);
        own[own_count].end = read_hex(&p);
        /* The main stack grows downwards, and the heap upwards. */
        own[own_count].start -= 16 * PAGE_LEN;
        own[own_count++].end += 16 * PAGE_LEN;
        while (*p && *p++ != '\n')
            ;
    }
}

/* Does the range, at most 2^64 long, touch what the program runs from? */
static bool is_own(long addr, long len)
{
    uint64_t start = (uint64_t)addr & ~(uint64_t)(PAGE_LEN - 1);
    uint64_t end = (uint64_t)addr + (uint64_t)len + PAGE_LEN;

    if (end < start)
        end = ~0ull;
    for (unsigned i = 0; i < own_count; i++) {
        if (start < own[i].end && end > own[i].start)
            return true;
    }
    return false;
}

/* KILL and STOP cannot be caught, a fault's and the kick's handlers must
 * stay. The kernel sees an int. */
static bool is_deadly(long signo)
{
    return (int)signo == SIGKILL || (int)signo == SIGSTOP;
}

static bool is_needed(long signo)
{
    switch ((int)signo) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
    case SIGSYS:
    case KICK_SIGNAL:
        return true;
    default:
        return is_deadly(signo);
    }
}

static bool mapping_allowed(const struct call *call, const long *a)
{
    switch (call->nr) {
    case SYS_mmap:
        return !(a[3] & MAP_FIXED) || !is_own(a[0], a[1]);
    case SYS_mremap:
        return !is_own(a[0], a[1]) && !is_own(a[0], a[2]) &&
               !is_own(a[4], a[2]);
    case SYS_shmat:
        return !is_own(a[1], ARENA_LEN);
    case SYS_brk:
        return !is_own(a[0], 0);
    case SYS_munmap:
    case SYS_mprotect:
    case SYS_pkey_mprotect:
    case SYS_madvise:
    case SYS_remap_file_pages:
        return !is_own(a[0], a[1]);
    default:
        return true;
    }
}

static bool signal_allowed(const struct call *call, const long *a)
{
    switch (call->nr) {
    case SYS_kill:
    case SYS_tkill:
    case SYS_rt_sigqueueinfo:
    case SYS_pidfd_send_signal:
        return !is_deadly(a[1]);
    case SYS_tgkill:
    case SYS_rt_tgsigqueueinfo:
        return !is_deadly(a[2]);
    case SYS_rt_sigaction:
        return !is_needed(a[0]) || !a[1];
    case SYS_fcntl:
        return (int)a[1] != F_SETSIG || !is_deadly(a[2]);
    case SYS_prctl:
        return (int)a[0] != PR_SET_PDEATHSIG && (int)a[0] != PR_SET_MM &&
               (int)a[0] != PR_SET_SECCOMP;
    default:
        return true;
    }
}

/* Limits whose excess is SIGKILL. */
static bool limit_allowed(const struct call *call, const long *a)
{
    unsigned which = (unsigned)a[call->nr == SYS_prlimit64];

    if (call->nr != SYS_prlimit64 && call->nr != SYS_setrlimit)
        return true;
    return which != RLIMIT_CPU && which != RLIMIT_RTTIME;
}

static bool descriptor_allowed(const struct call *call, const long *a)
{
    if (call->nr == SYS_close_range)
        return (unsigned)a[1] < REPORT_FD || (unsigned)a[0] > REPORT_FD;
    for (unsigned i = 0; i < call->count; i++) {
        if (call->kind[i] == KIND_FD && (int)a[i] == REPORT_FD)
            return false;
    }
    return true;
}

bool guard_allows(const struct call *call, const long *args)
{
    switch (call->nr) {
    case SYS_exit_group:
    case SYS_rt_sigreturn: /* worker.c makes frames for it */
    case SYS_seccomp:
    case SYS_ptrace:
        return false;
    default:
        return mapping_allowed(call, args) && signal_allowed(call, args) &&
               limit_allowed(call, args) && descriptor_allowed(call, args);
    }
}
