/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rt_sigqueueinfo.c - the raw signal calls: what they check, in which order,
 * and what arrives.
 *
 * covers: rt_tgsigqueueinfo tkill tgkill rt_sigpending rt_sigsuspend
 * covers: rt_sigprocmask rt_sigtimedwait set_tid_address restart_syscall
 */
#include "check.h"

#include <signal.h>

#define SET_LEN 8
#define MASK(s) (1ull << ((s)-1))

static long procmask(int how, const uint64_t *set, uint64_t *old)
{
    return syscall(SYS_rt_sigprocmask, how, set, old, SET_LEN);
}

static long timedwait(uint64_t set, siginfo_t *info)
{
    struct timespec now = { 0, 0 };

    return syscall(SYS_rt_sigtimedwait, &set, info, &now, SET_LEN);
}

TEST(info_travels_unchanged)
{
    uint64_t set = MASK(SIGRTMIN), old;
    siginfo_t info, got;

    CHECK_OK(procmask(SIG_BLOCK, &set, &old));
    memset(&info, 0, sizeof(info));
    info.si_code = SI_QUEUE;
    info.si_pid = 77;
    info.si_uid = 88;
    info.si_value.sival_ptr = (void *)0x123456789abcul;
    CHECK_OK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info));
    info.si_value.sival_int = 2;
    CHECK_OK(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid),
                     SIGRTMIN, &info));
    /* One's own thread goes before the process. */
    CHECK_EQ(timedwait(set, &got), SIGRTMIN);
    CHECK_EQ(got.si_value.sival_int, 2);
    CHECK_EQ(timedwait(set, &got), SIGRTMIN);
    CHECK_EQ(got.si_signo, SIGRTMIN);
    CHECK_EQ(got.si_code, SI_QUEUE);
    CHECK_EQ(got.si_pid, 77);
    CHECK_EQ(got.si_uid, 88);
    CHECK(got.si_value.sival_ptr == (void *)0x123456789abcul);
    CHECK_ERR(timedwait(set, &got), EAGAIN);
    CHECK_OK(procmask(SIG_SETMASK, &old, NULL));
}

TEST(queueing_errors)
{
    siginfo_t info;
    pid_t pid = getpid();
    long tid = syscall(SYS_gettid);

    memset(&info, 0, sizeof(info));
    info.si_code = SI_QUEUE;
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, pid, 65, &info), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, 999999, SIGUSR1, &info), ESRCH);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, bad_pointer()),
              EFAULT);
    CHECK_OK(syscall(SYS_rt_sigqueueinfo, pid, 0, &info));
    CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, 0, tid, SIGUSR1, &info), EINVAL);
    CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, pid, 0, SIGUSR1, &info), EINVAL);
    CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, pid, 999999, 0, &info), ESRCH);
    CHECK_ERR(syscall(SYS_tkill, 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_tkill, -1, 0), EINVAL);
    CHECK_ERR(syscall(SYS_tkill, 999999, 0), ESRCH);
    CHECK_ERR(syscall(SYS_tkill, tid, 65), EINVAL);
    CHECK_OK(syscall(SYS_tkill, tid, 0));
    CHECK_ERR(syscall(SYS_tgkill, 0, tid, 0), EINVAL);
    CHECK_ERR(syscall(SYS_tgkill, 999999, tid, 0), ESRCH);
    CHECK_ERR(syscall(SYS_tgkill, pid, tid, -1), EINVAL);
    CHECK_OK(syscall(SYS_tgkill, pid, tid, 0));
    CHECK_ERR(kill(999999, 0), ESRCH);
    CHECK_ERR(kill(pid, 65), EINVAL);
    CHECK_OK(kill(pid, 0));
    CHECK_OK(kill(0, 0)); /* our group */
}

TEST(sets_have_one_length)
{
    uint64_t set = 0;
    struct timespec t = { 0, 0 };

    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 16), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, 9, &set, NULL, SET_LEN), EINVAL);
    CHECK_OK(syscall(SYS_rt_sigprocmask, 9, NULL, &set, SET_LEN));
    CHECK_ERR(syscall(SYS_rt_sigprocmask, 0, bad_pointer(), NULL, SET_LEN),
              EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, 0, NULL, bad_pointer(), SET_LEN),
              EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigpending, &set, 16), EINVAL);
    CHECK_OK(syscall(SYS_rt_sigpending, &set, 8));
    CHECK_ERR(syscall(SYS_rt_sigpending, bad_pointer(), 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigsuspend, &set, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigsuspend, bad_pointer(), 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, &t, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, bad_pointer(), NULL, &t, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, bad_pointer(), 8),
              EFAULT);
    t.tv_nsec = -1;
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, &t, 8), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigaction, 0, NULL, NULL, 8), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8), EINVAL);
    CHECK_OK(syscall(SYS_rt_sigaction, SIGKILL, NULL, NULL, 8));
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, bad_pointer(), NULL, 8),
              EFAULT);
}

static volatile int order[4], calls;

static void note(int sig)
{
    if (calls < 4)
        order[calls] = sig;
    calls++;
}

TEST(suspend_swaps_the_mask_and_brings_it_back)
{
    struct sigaction a = { .sa_handler = note };
    uint64_t both = MASK(SIGUSR1) | MASK(SIGUSR2), old, now;
    uint64_t one = ~MASK(SIGUSR2);

    sigfillset(&a.sa_mask);
    sigaction(SIGUSR1, &a, NULL);
    sigaction(SIGUSR2, &a, NULL);
    CHECK_OK(procmask(SIG_BLOCK, &both, &old));
    raise(SIGUSR1);
    raise(SIGUSR2);
    CHECK_OK(syscall(SYS_rt_sigpending, &now, 8));
    CHECK_EQ(now & both, both);
    CHECK_ERR(syscall(SYS_rt_sigsuspend, &one, SET_LEN), EINTR);
    CHECK_EQ(calls, 1);
    CHECK_EQ(order[0], SIGUSR2);
    CHECK_OK(procmask(SIG_BLOCK, NULL, &now));
    CHECK_EQ(now & both, both);
    CHECK_OK(procmask(SIG_SETMASK, &old, NULL)); /* delivers the other */
    CHECK_EQ(calls, 2);
    CHECK_EQ(order[1], SIGUSR1);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
}

TEST(the_unblockable_stay_open)
{
    uint64_t all = ~0ull, now, old;

    CHECK_OK(procmask(SIG_SETMASK, &all, &old));
    CHECK_OK(procmask(SIG_SETMASK, NULL, &now));
    CHECK_EQ(now, all & ~(MASK(SIGKILL) | MASK(SIGSTOP)));
    CHECK_OK(procmask(SIG_SETMASK, &old, NULL));
}

TEST(small_ones)
{
    int word = 0;

    CHECK_EQ(syscall(SYS_set_tid_address, &word), syscall(SYS_gettid));
    CHECK_EQ(syscall(SYS_set_tid_address, NULL), syscall(SYS_gettid));
    CHECK_ERR(syscall(SYS_restart_syscall), EINTR); /* nothing to restart */
}
