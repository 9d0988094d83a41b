/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rt_sigaction.c - handlers, masks, flags, siginfo, queued signals.
 *
 * covers: rt_sigprocmask rt_sigreturn rt_sigpending rt_sigqueueinfo
 * covers: rt_tgsigqueueinfo kill tkill tgkill pause rt_sigsuspend
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>

static volatile int seen, order[8], depth, max_depth, raises;
static volatile siginfo_t last;

static void count(int sig)
{
    order[seen & 7] = sig;
    seen++;
}

static void keep(int sig, siginfo_t *info, void *context)
{
    (void)context;
    count(sig);
    memcpy((void *)&last, info, sizeof(last));
}

static void handle(int sig, int flags, void (*handler)(int))
{
    struct sigaction a = { .sa_handler = handler, .sa_flags = flags };

    sigemptyset(&a.sa_mask);
    CHECK_OK(sigaction(sig, &a, NULL));
    seen = 0;
}

static void handle_info(int sig, int flags)
{
    struct sigaction a = { .sa_sigaction = keep,
                           .sa_flags = SA_SIGINFO | flags };

    sigemptyset(&a.sa_mask);
    CHECK_OK(sigaction(sig, &a, NULL));
    seen = 0;
}

static sigset_t set_of(int a, int b)
{
    sigset_t s;

    sigemptyset(&s);
    sigaddset(&s, a);
    if (b)
        sigaddset(&s, b);
    return s;
}

TEST(a_handler_runs_at_once)
{
    handle(SIGUSR1, 0, count);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(seen, 1);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(seen, 2);
    CHECK_OK(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1));
    CHECK_EQ(seen, 3);
    CHECK_OK(syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1));
    CHECK_EQ(seen, 4);
}

TEST(ignored_signals_do_nothing)
{
    handle(SIGUSR1, 0, SIG_IGN);
    CHECK_OK(raise(SIGUSR1));
    handle(SIGUSR1, 0, SIG_DFL);
    handle(SIGCHLD, 0, SIG_DFL);
    CHECK_OK(raise(SIGCHLD)); /* ignored by default */
    CHECK_OK(raise(SIGWINCH));
}

TEST(blocked_signals_wait)
{
    sigset_t block = set_of(SIGUSR1, SIGUSR2), pending, old;

    handle(SIGUSR1, 0, count);
    handle(SIGUSR2, 0, count);
    CHECK_OK(sigprocmask(SIG_BLOCK, &block, &old));
    CHECK(!sigismember(&old, SIGUSR1));
    raise(SIGUSR1);
    raise(SIGUSR1); /* a plain signal is pending once */
    CHECK_EQ(seen, 0);
    CHECK_OK(sigpending(&pending));
    CHECK(sigismember(&pending, SIGUSR1));
    CHECK(!sigismember(&pending, SIGUSR2));
    CHECK_OK(sigprocmask(SIG_SETMASK, &old, NULL));
    CHECK_EQ(seen, 1);
    CHECK_OK(sigpending(&pending));
    CHECK(!sigismember(&pending, SIGUSR1));
}

TEST(kill_and_stop_cannot_be_caught_or_blocked)
{
    struct sigaction a = { .sa_handler = count };
    sigset_t all;

    CHECK_ERR(sigaction(SIGKILL, &a, NULL), EINVAL);
    CHECK_ERR(sigaction(SIGSTOP, &a, NULL), EINVAL);
    CHECK_OK(sigaction(SIGKILL, NULL, &a));
    sigfillset(&all);
    CHECK_OK(sigprocmask(SIG_BLOCK, &all, NULL));
    CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &all));
    CHECK(!sigismember(&all, SIGKILL));
    sigemptyset(&all);
    CHECK_OK(sigprocmask(SIG_SETMASK, &all, NULL));
}

TEST(realtime_signals_queue_in_order)
{
    union sigval v;
    sigset_t block = set_of(SIGRTMIN + 1, SIGRTMIN + 2);

    handle_info(SIGRTMIN + 1, 0);
    handle_info(SIGRTMIN + 2, 0);
    CHECK_OK(sigprocmask(SIG_BLOCK, &block, NULL));
    v.sival_int = 11;
    CHECK_OK(sigqueue(getpid(), SIGRTMIN + 2, v));
    for (v.sival_int = 1; v.sival_int <= 3; v.sival_int++)
        CHECK_OK(sigqueue(getpid(), SIGRTMIN + 1, v));
    CHECK_OK(sigprocmask(SIG_UNBLOCK, &block, NULL));
    CHECK_EQ(seen, 4);
    CHECK_EQ(last.si_code, SI_QUEUE);
    CHECK_EQ(last.si_pid, getpid());
    CHECK_EQ(last.si_uid, getuid());
}

TEST(siginfo_tells_who_sent)
{
    handle_info(SIGUSR1, 0);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(last.si_signo, SIGUSR1);
    CHECK_EQ(last.si_code, SI_USER);
    CHECK_EQ(last.si_pid, getpid());
    CHECK_OK(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1));
    CHECK_EQ(last.si_code, SI_TKILL);
}

static void nest(int sig)
{
    depth++;
    if (depth > max_depth)
        max_depth = depth;
    if (depth < 3 && raises++ < 3)
        raise(sig);
    depth--;
}

TEST(a_handler_blocks_its_own_signal_unless_told)
{
    depth = max_depth = raises = 0;
    handle(SIGUSR1, 0, nest);
    raise(SIGUSR1);
    CHECK_EQ(max_depth, 1);
    depth = max_depth = raises = 0;
    handle(SIGUSR1, SA_NODEFER, nest);
    raise(SIGUSR1);
    CHECK_EQ(max_depth, 3);
}

TEST(reset_hand)
{
    struct sigaction now;

    handle(SIGUSR1, SA_RESETHAND, count);
    raise(SIGUSR1);
    CHECK_EQ(seen, 1);
    CHECK_OK(sigaction(SIGUSR1, NULL, &now));
    CHECK(now.sa_handler == SIG_DFL);
}

static volatile sigset_t inside;

static void look_at_mask(int sig)
{
    (void)sig;
    sigprocmask(SIG_BLOCK, NULL, (sigset_t *)&inside);
}

TEST(sa_mask_holds_in_the_handler_only)
{
    struct sigaction a = { .sa_handler = look_at_mask };
    sigset_t after;

    sigemptyset(&a.sa_mask);
    sigaddset(&a.sa_mask, SIGUSR2);
    CHECK_OK(sigaction(SIGUSR1, &a, NULL));
    raise(SIGUSR1);
    CHECK(sigismember((sigset_t *)&inside, SIGUSR1));
    CHECK(sigismember((sigset_t *)&inside, SIGUSR2));
    sigprocmask(SIG_BLOCK, NULL, &after);
    CHECK(!sigismember(&after, SIGUSR1));
    CHECK(!sigismember(&after, SIGUSR2));
}

TEST(sigsuspend_swaps_the_mask_and_gives_it_back)
{
    sigset_t block = set_of(SIGUSR1, 0), none, now;

    handle(SIGUSR1, 0, count);
    sigemptyset(&none);
    CHECK_OK(sigprocmask(SIG_BLOCK, &block, NULL));
    raise(SIGUSR1);
    CHECK_EQ(seen, 0);
    CHECK_ERR(sigsuspend(&none), EINTR);
    CHECK_EQ(seen, 1);
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &block, NULL);
}

TEST(floating_point_and_registers_survive)
{
    volatile double x = 1.25;
    double sum = 0;

    handle(SIGUSR1, 0, count);
    for (int i = 0; i < 100; i++) {
        sum += x * i;
        raise(SIGUSR1);
    }
    CHECK(sum == 1.25 * 4950);
    CHECK_EQ(seen, 100);
}

TEST(errors)
{
    struct sigaction a = { .sa_handler = count };
    siginfo_t info = { .si_code = SI_USER };

    CHECK_ERR(sigaction(0, &a, NULL), EINVAL);
    CHECK_ERR(sigaction(65, &a, NULL), EINVAL);
    CHECK_ERR(kill(getpid(), 65), EINVAL);
    CHECK_OK(kill(getpid(), 0));
    CHECK_ERR(kill(999999, 0), ESRCH);
    CHECK_ERR(syscall(SYS_tgkill, getpid(), 999999, 0), ESRCH);
    CHECK_ERR(syscall(SYS_tgkill, -1, 1, 0), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, 9, &info, NULL, 8), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, bad_pointer(), NULL, 8),
              EFAULT);
}
