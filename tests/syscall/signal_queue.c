/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_queue.c - pending signals: how many, in which order, for whom, and
 * what is told of them.
 *
 * covers: rt_sigqueueinfo rt_tgsigqueueinfo kill tgkill rt_sigpending signalfd4
 * covers: prlimit64 timer_create
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

static int order[64];
static siginfo_t infos[64];
static volatile int count;

static void record(int signo, siginfo_t *info, void *context)
{
    (void)context;
    if (count < 64) {
        order[count] = signo;
        infos[count] = *info;
    }
    count++;
}

static void on(int signo, int flags)
{
    struct sigaction a = { .sa_sigaction = record,
                           .sa_flags = SA_SIGINFO | flags };

    sigfillset(&a.sa_mask); /* one after the other */
    CHECK_OK(sigaction(signo, &a, NULL));
}

static void block(int how, int signo)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signo);
    CHECK_EQ(pthread_sigmask(how, &set, NULL), 0);
}

static long queue(int signo, int code, int value)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_code = code;
    info.si_pid = getpid();
    info.si_value.sival_int = value;
    return syscall(SYS_rt_sigqueueinfo, getpid(), signo, &info);
}

TEST(the_lowest_goes_first_and_equals_in_order)
{
    const int sent[] = { SIGRTMIN + 2, SIGUSR2, SIGRTMIN + 1, SIGUSR1,
                         SIGRTMIN + 1 };

    count = 0;
    for (unsigned i = 0; i < 5; i++) {
        on(sent[i], 0);
        block(SIG_BLOCK, sent[i]);
    }
    for (unsigned i = 0; i < 5; i++)
        CHECK_OK(queue(sent[i], SI_QUEUE, (int)i));
    for (unsigned i = 0; i < 5; i++)
        CHECK_OK(queue(sent[i], SI_QUEUE, 10 + (int)i));
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Each frame goes on top of the one before: the last that is set up runs
     * first. With all blocked in handlers they run one by one, in order. */
    CHECK_EQ(count, 8);
    CHECK_EQ(order[0], SIGUSR1);
    CHECK_EQ(infos[0].si_value.sival_int, 3);
    CHECK_EQ(order[1], SIGUSR2);
    CHECK_EQ(infos[1].si_value.sival_int, 1);
    CHECK_EQ(order[2], SIGRTMIN + 1);
    CHECK_EQ(infos[2].si_value.sival_int, 2);
    CHECK_EQ(infos[3].si_value.sival_int, 4);
    CHECK_EQ(infos[4].si_value.sival_int, 12);
    CHECK_EQ(infos[5].si_value.sival_int, 14);
    CHECK_EQ(order[6], SIGRTMIN + 2);
    CHECK_EQ(infos[7].si_value.sival_int, 10);
}

TEST(the_queue_has_a_limit)
{
    struct rlimit old, ten = { 10, 10 };
    int signo = SIGRTMIN + 5, queued = 0;

    CHECK_OK(getrlimit(RLIMIT_SIGPENDING, &old));
    ten.rlim_max = old.rlim_max;
    on(signo, 0);
    on(SIGUSR1, 0);
    block(SIG_BLOCK, signo);
    block(SIG_BLOCK, SIGUSR1);
    CHECK_OK(setrlimit(RLIMIT_SIGPENDING, &ten));
    while (queued < 100 && queue(signo, SI_QUEUE, queued) == 0)
        queued++;
    CHECK_EQ(errno, EAGAIN);
    CHECK(queued <= 10); /* other processes of the user count on Linux */
    CHECK_ERR(queue(signo, SI_QUEUE, 0), EAGAIN);
    CHECK_OK(queue(signo, SI_USER, 0)); /* goes without its info */
    CHECK_OK(kill(getpid(), signo));
    CHECK_OK(queue(SIGUSR1, SI_QUEUE, 77)); /* the same for standard ones */
    CHECK_OK(setrlimit(RLIMIT_SIGPENDING, &old));
    count = 0;
    block(SIG_UNBLOCK, SIGUSR1);
    CHECK_EQ(count, 1);
    CHECK_EQ(infos[0].si_value.sival_int, 0);
    CHECK_EQ(infos[0].si_code, SI_USER);
    count = 0;
    block(SIG_UNBLOCK, signo);
    CHECK(count == queued || (queued == 0 && count == 1));
}

TEST(who_may_say_what)
{
    pid_t pid = getpid();
    int tid = (int)syscall(SYS_gettid);
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    on(SIGUSR1, 0);
    count = 0;
    CHECK_OK(queue(SIGUSR1, SI_USER, 1)); /* to oneself: anything */
    CHECK_EQ(infos[0].si_code, SI_USER);
    CHECK_OK(queue(SIGUSR1, SI_KERNEL, 1));
    CHECK_EQ(infos[1].si_code, SI_KERNEL);
    CHECK_OK(queue(SIGUSR1, -60, 1234));
    CHECK_EQ(infos[2].si_code, -60);
    CHECK_EQ(infos[2].si_value.sival_int, 1234);
    info.si_code = SI_USER;
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, 0, SIGUSR1, &info), EPERM);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, 999999, SIGUSR1, &info), EPERM);
    info.si_code = SI_QUEUE;
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, 0, SIGUSR1, &info), ESRCH);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, -pid, SIGUSR1, &info), ESRCH);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, 999999, 99, &info), ESRCH);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, pid, 99, &info), EINVAL);
    info.si_code = SI_TKILL;
    CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, pid, 999999, SIGUSR1, &info),
              EPERM);
    CHECK_OK(syscall(SYS_rt_tgsigqueueinfo, pid, tid, SIGUSR1, &info));
    CHECK_ERR(kill(999999, 99), ESRCH);
    CHECK_ERR(kill(pid, 99), EINVAL);
    CHECK_ERR(kill(-(1 << 30), 0), ESRCH);
    CHECK_ERR(kill(INT_MIN, 0), ESRCH);
    CHECK_ERR(syscall(SYS_tgkill, pid, 999999, 99), ESRCH);
    CHECK_ERR(syscall(SYS_tgkill, pid, tid, 99), EINVAL);
}

TEST(who_sent_it)
{
    int pipes[2];
    char c = 0;

    on(SIGUSR1, 0);
    on(SIGPIPE, 0);
    count = 0;
    kill(getpid(), SIGUSR1);
    CHECK_EQ(infos[0].si_code, SI_USER);
    CHECK_EQ(infos[0].si_pid, getpid());
    CHECK_EQ(infos[0].si_uid, getuid());
    raise(SIGUSR1);
    CHECK_EQ(infos[1].si_code, SI_TKILL);
    CHECK_EQ(infos[1].si_pid, getpid());
    CHECK_OK(pipe(pipes));
    close(pipes[0]);
    CHECK_ERR(write(pipes[1], &c, 1), EPIPE);
    CHECK_EQ(order[2], SIGPIPE);
    CHECK_EQ(infos[2].si_code, SI_USER);
    CHECK_EQ(infos[2].si_pid, getpid());
    close(pipes[1]);
}

TEST(flags_that_are_kept)
{
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        unsigned long mask;
    } a = { SIG_IGN, ~0ul, NULL, ~0ul }, b;

    CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR2, &a, NULL, 8));
    CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR2, NULL, &b, 8));
    CHECK_EQ(b.flags, SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK |
                          SA_RESTART | SA_NODEFER | SA_RESETHAND | 0x04000000 |
                          0x800);
    CHECK_EQ(b.mask, ~(1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1)));
    on(SIGUSR2, SA_RESETHAND);
    raise(SIGUSR2);
    CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR2, NULL, &b, 8));
    CHECK(b.handler == SIG_DFL);
    CHECK(b.flags & SA_RESETHAND);
    CHECK(b.mask != 0);
}

TEST(ignoring_drops_what_is_pending)
{
    sigset_t set;

    on(SIGUSR1, 0);
    block(SIG_BLOCK, SIGUSR1);
    kill(getpid(), SIGUSR1);
    raise(SIGUSR1);
    sigpending(&set);
    CHECK_EQ(sigismember(&set, SIGUSR1), 1);
    signal(SIGUSR1, SIG_IGN);
    sigpending(&set);
    CHECK_EQ(sigismember(&set, SIGUSR1), 0);
    raise(SIGUSR1); /* ignored and blocked: kept, it may be wanted later */
    sigpending(&set);
    CHECK_EQ(sigismember(&set, SIGUSR1), 1);
    on(SIGUSR1, 0);
    count = 0;
    block(SIG_UNBLOCK, SIGUSR1);
    CHECK_EQ(count, 1);
}

TEST(a_descriptor_tells_all_of_it)
{
    struct signalfd_siginfo got[3];
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_NONBLOCK);
    CHECK_OK(fd);
    CHECK_ERR(read(fd, got, sizeof(got)), EAGAIN);
    CHECK_ERR(read(fd, got, sizeof(got[0]) - 1), EINVAL);
    queue(SIGRTMIN, SI_QUEUE, 5);
    queue(SIGRTMIN, SI_QUEUE, 6);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(read(fd, got, sizeof(got)), sizeof(got));
    CHECK_EQ(got[0].ssi_signo, SIGUSR1);
    CHECK_EQ(got[0].ssi_pid, getpid());
    CHECK_EQ(got[0].ssi_code, SI_USER);
    CHECK_EQ(got[1].ssi_int, 5);
    CHECK_EQ(got[2].ssi_int, 6);
    CHECK_EQ(got[2].ssi_code, SI_QUEUE);
    close(fd);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- threads ---- */

static volatile int where;
static volatile bool stop;

static void which_thread(int signo)
{
    (void)signo;
    where = (int)syscall(SYS_gettid);
}

static void *open_thread(void *arg)
{
    sigset_t none;

    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    *(int *)arg = (int)syscall(SYS_gettid);
    while (!stop)
        usleep(1000);
    return NULL;
}

TEST(a_thread_that_does_not_block_it_takes_it)
{
    volatile int tid = 0;
    pthread_t t;

    signal(SIGUSR1, which_thread);
    block(SIG_BLOCK, SIGUSR1);
    pthread_create(&t, NULL, open_thread, (void *)&tid);
    while (!tid)
        usleep(1000);
    kill(getpid(), SIGUSR1);
    while (!where)
        usleep(1000);
    CHECK_EQ(where, tid);
    where = 0;
    kill(tid, SIGUSR1); /* a thread's id names the process */
    while (!where)
        usleep(1000);
    CHECK_EQ(where, tid);
    stop = true;
    pthread_join(t, NULL);
    block(SIG_UNBLOCK, SIGUSR1);
}

/* ---- job control ---- */

TEST(a_stopped_program_continues)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
                              .sigev_signo = SIGCONT };
    struct itimerspec soon = { { 0, 0 }, { 0, 50000000 } };
    int64_t began = now_ns(CLOCK_MONOTONIC);
    timer_t timer;

    on(SIGCONT, 0);
    count = 0;
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CHECK_OK(timer_settime(timer, 0, &soon, NULL));
    raise(SIGSTOP);
    CHECK(now_ns(CLOCK_MONOTONIC) - began >= 50000000);
    CHECK_EQ(count, 1);
    CHECK_EQ(order[0], SIGCONT);
    timer_delete(timer);
    block(SIG_BLOCK, SIGTSTP);
    raise(SIGTSTP);
    kill(getpid(), SIGCONT); /* takes a waiting stop away */
    sigset_t set;
    sigpending(&set);
    CHECK_EQ(sigismember(&set, SIGTSTP), 0);
    block(SIG_UNBLOCK, SIGTSTP);
}
