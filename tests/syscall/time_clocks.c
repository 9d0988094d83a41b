/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * time_clocks.c - every clock there is, by system call and through libc's
 * vDSO; who slept and who worked; timers on each clock.
 *
 * covers: clock_gettime clock_getres clock_nanosleep gettimeofday time
 * covers: adjtimex clock_adjtime times getrusage timer_create timer_settime
 * covers: timer_gettime timer_getoverrun timer_delete timerfd_create
 * covers: timerfd_settime timerfd_gettime setitimer getitimer alarm
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>

#define NS 1000000000ll

static int64_t call_ns(clockid_t clock)
{
    struct timespec t = { 0, 0 };

    CHECK_OK(syscall(SYS_clock_gettime, clock, &t));
    return t.tv_sec * NS + t.tv_nsec;
}

static const clockid_t wall[] = { CLOCK_REALTIME, CLOCK_REALTIME_COARSE };
static const clockid_t since_boot[] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
                                        CLOCK_MONOTONIC_COARSE,
                                        CLOCK_BOOTTIME };

/* Another clock of the same kind, read in between: a coarse one may be a tick
 * of 10 ms behind, the raw one drifts. */
static void agrees(clockid_t exact, clockid_t other, int64_t slack)
{
    int64_t before = now_ns(exact), it = call_ns(other);
    int64_t vdso = now_ns(other), after = now_ns(exact);

    CHECK(it >= before - slack && it <= after + slack);
    CHECK(vdso >= before - slack && vdso <= after + slack);
    CHECK(vdso >= it);
}

TEST(clocks_agree)
{
    struct timeval tv;
    int64_t before, after;
    time_t sec;

    for (unsigned i = 0; i < 2; i++)
        agrees(CLOCK_REALTIME, wall[i], 20000000);
    agrees(CLOCK_MONOTONIC, CLOCK_MONOTONIC, 0);
    agrees(CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, 20000000);
    agrees(CLOCK_REALTIME, CLOCK_TAI, 60 * NS); /* offset 0 or 37 s */
    before = now_ns(CLOCK_REALTIME) / 1000;
    gettimeofday(&tv, NULL);
    after = now_ns(CLOCK_REALTIME) / 1000;
    CHECK(tv.tv_sec * 1000000ll + tv.tv_usec >= before);
    CHECK(tv.tv_sec * 1000000ll + tv.tv_usec <= after);
    CHECK_OK(syscall(SYS_gettimeofday, &tv, NULL));
    CHECK(tv.tv_sec * 1000000ll + tv.tv_usec >= before);
    sec = time(NULL); /* the coarse clock's second */
    CHECK(sec >= before / 1000000 - 1 && sec <= after / 1000000 + 1);
    CHECK(syscall(SYS_time, NULL) >= sec);
}

TEST(resolutions)
{
    struct timespec r;

    for (unsigned i = 0; i < 4; i++) {
        CHECK_OK(clock_getres(since_boot[i], &r));
        CHECK(r.tv_sec == 0 && r.tv_nsec > 0);
        CHECK_OK(syscall(SYS_clock_getres, since_boot[i], NULL));
    }
    CHECK_OK(syscall(SYS_clock_getres, CLOCK_REALTIME, &r));
    CHECK_EQ(r.tv_nsec, 1);
    CHECK_OK(syscall(SYS_clock_getres, CLOCK_PROCESS_CPUTIME_ID, &r));
    CHECK_EQ(r.tv_nsec, 1);
    CHECK_ERR(syscall(SYS_clock_getres, 99, &r), EINVAL);
    CHECK_ERR(syscall(SYS_clock_gettime, 99, &r), EINVAL);
    CHECK_ERR(syscall(SYS_clock_gettime, 10, &r), EINVAL); /* SGI's of old */
    CHECK_ERR(syscall(SYS_clock_gettime, CLOCK_REALTIME, bad_pointer()),
              EFAULT);
}

static void burn_ns(clockid_t clock, int64_t ns)
{
    int64_t until = now_ns(clock) + ns;

    while (now_ns(clock) < until)
        ;
}

TEST(processor_clocks)
{
    clockid_t process, thread;
    int64_t before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    int64_t thread_before = now_ns(CLOCK_THREAD_CPUTIME_ID);
    struct timespec t;

    burn_ns(CLOCK_THREAD_CPUTIME_ID, 20000000);
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - before >= 20000000);
    CHECK(now_ns(CLOCK_THREAD_CPUTIME_ID) - thread_before >= 20000000);
    CHECK_EQ(clock_getcpuclockid(0, &process), 0);
    CHECK(now_ns(process) >= before + 20000000);
    CHECK_EQ(clock_getcpuclockid(getpid(), &process), 0);
    CHECK(now_ns(process) >= before + 20000000);
    CHECK_EQ(pthread_getcpuclockid(pthread_self(), &thread), 0);
    CHECK(now_ns(thread) >= thread_before + 20000000);
    /* ~pid << 3, and which of three times: all, user's, all in ns */
    CHECK_OK(syscall(SYS_clock_gettime, (int)(~0u << 3), &t));
    CHECK_OK(syscall(SYS_clock_gettime, (int)(~0u << 3 | 1), &t));
    CHECK_OK(syscall(SYS_clock_gettime, (int)(~0u << 3 | 4 | 2), &t));
    CHECK_ERR(syscall(SYS_clock_gettime, (int)(~999999u << 3 | 2), &t), EINVAL);
    CHECK_ERR(syscall(SYS_clock_gettime, (int)(~0u << 3 | 3), &t), EINVAL);
    CHECK_ERR(syscall(SYS_clock_getres, (int)(~999999u << 3 | 2), &t), EINVAL);
}

/* ---- user and system time ---- */

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static struct rusage usage(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u;
}

TEST(user_and_system_time_are_told_apart)
{
    struct rusage before = usage(), between, after;
    struct tms clicks;
    double user, system;

    burn_ns(CLOCK_PROCESS_CPUTIME_ID, 300000000); /* mostly system calls */
    between = usage();
    for (volatile long i = 0; i < 300000000; i++)
        if (i % 1000000 == 0 &&
            usage().ru_utime.tv_sec * 1000000 + usage().ru_utime.tv_usec >=
                between.ru_utime.tv_sec * 1000000 + between.ru_utime.tv_usec +
                    300000)
            break;
    after = usage();
    user = seconds(after.ru_utime) - seconds(between.ru_utime);
    system = seconds(after.ru_stime) - seconds(between.ru_stime);
    CHECK(user >= 0.1);
    CHECK(system < user);
    CHECK(seconds(after.ru_stime) > seconds(before.ru_stime));
    CHECK_OK(times(&clicks));
    CHECK((double)clicks.tms_utime / (double)sysconf(_SC_CLK_TCK) >=
          seconds(after.ru_utime) - 0.02);
}

TEST(system_time_is_that_of_calls)
{
    static char buf[1 << 20];
    struct rusage before = usage(), after;
    int fd = open("/dev/zero", O_RDONLY);
    double user, system;

    do {
        for (int i = 0; i < 50; i++)
            CHECK_EQ(read(fd, buf, sizeof(buf)), sizeof(buf));
        after = usage();
        user = seconds(after.ru_utime) - seconds(before.ru_utime);
        system = seconds(after.ru_stime) - seconds(before.ru_stime);
    } while (user + system < 1);
    CHECK(system > user / 2); /* nearly all; a tick samples badly */
    close(fd);
}

TEST(neither_time_falls)
{
    struct rusage last = usage();

    for (int i = 0; i < 20000; i++) {
        struct rusage u = usage();

        if (seconds(u.ru_utime) < seconds(last.ru_utime) ||
            seconds(u.ru_stime) < seconds(last.ru_stime)) {
            CHECK(false);
            break;
        }
        last = u;
    }
}

/* ---- timers ---- */

static volatile int fired;

static void on_fire(int signo)
{
    (void)signo;
    fired++;
}

TEST(virtual_time_stands_still_in_sleep)
{
    struct itimerval soon = { { 0, 0 }, { 0, 30000 } }, left;
    struct timespec t = { 0, 60000000 };

    signal(SIGVTALRM, on_fire);
    fired = 0;
    CHECK_OK(setitimer(ITIMER_VIRTUAL, &soon, NULL));
    nanosleep(&t, NULL);
    CHECK_EQ(fired, 0);
    CHECK_OK(getitimer(ITIMER_VIRTUAL, &left));
    CHECK(left.it_value.tv_usec > 0);
    CHECK(left.it_value.tv_usec <= 45000); /* Linux may add a tick */
    while (!fired)
        ;
    CHECK_OK(getitimer(ITIMER_VIRTUAL, &left));
    CHECK_EQ(left.it_value.tv_usec, 0);
}

TEST(timers_on_each_clock)
{
    static const clockid_t clocks[] = {
        CLOCK_REALTIME, CLOCK_MONOTONIC,          CLOCK_BOOTTIME,
        CLOCK_TAI,      CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID
    };
    struct itimerspec soon = { { 0, 0 }, { 0, 10000000 } }, left;

    signal(SIGALRM, on_fire);
    for (unsigned i = 0; i < 6; i++) {
        for (int flags = 0; flags <= TIMER_ABSTIME; flags += TIMER_ABSTIME) {
            struct itimerspec at = soon;
            timer_t timer;

            fired = 0;
            CHECK_OK(timer_create(clocks[i], NULL, &timer));
            if (flags) {
                int64_t ns = now_ns(clocks[i]) + 10000000;

                at.it_value.tv_sec = ns / NS;
                at.it_value.tv_nsec = ns % NS;
            }
            CHECK_OK(timer_settime(timer, flags, &at, NULL));
            CHECK_OK(timer_gettime(timer, &left));
            CHECK(left.it_value.tv_sec == 0 &&
                  left.it_value.tv_nsec <= 10000000);
            while (!fired)
                ;
            CHECK_OK(timer_delete(timer));
        }
    }
    CHECK_ERR(
        syscall(SYS_timer_create, CLOCK_MONOTONIC_COARSE, NULL, &(int){ 0 }),
        EOPNOTSUPP);
    CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC_RAW, NULL, &(int){ 0 }),
              EOPNOTSUPP);
    CHECK_ERR(syscall(SYS_timer_create, 77, NULL, &(int){ 0 }), EINVAL);
}

static volatile int event_thread;
static volatile long event_value;

static void on_event(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)context;
    event_thread = (int)syscall(SYS_gettid);
    event_value = (long)info->si_value.sival_ptr;
}

static void *with_event(void *arg)
{
    volatile int *tid = arg;

    *tid = (int)syscall(SYS_gettid);
    while (!event_thread)
        usleep(1000);
    return NULL;
}

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

TEST(a_timer_for_one_thread)
{
    struct sigaction a = { .sa_sigaction = on_event, .sa_flags = SA_SIGINFO };
    struct itimerspec soon = { { 0, 0 }, { 0, 10000000 } };
    struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
                              .sigev_signo = SIGRTMIN + 3,
                              .sigev_value.sival_ptr = (void *)4711 };
    volatile int tid = 0;
    timer_t timer;
    pthread_t t;

    sigaction(SIGRTMIN + 3, &a, NULL);
    pthread_create(&t, NULL, with_event, (void *)&tid);
    while (!tid)
        usleep(1000);
    event.sigev_notify_thread_id = tid;
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CHECK_OK(timer_settime(timer, 0, &soon, NULL));
    pthread_join(t, NULL);
    CHECK_EQ(event_thread, tid);
    CHECK_EQ(event_value, 4711);
    timer_delete(timer);
    event.sigev_notify_thread_id = 999999;
    CHECK_ERR(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
}

TEST(a_timer_that_tells_nobody)
{
    struct sigevent event = { .sigev_notify = SIGEV_NONE };
    struct itimerspec soon = { { 0, 5000000 }, { 0, 5000000 } }, left;
    struct timespec t = { 0, 12000000 };
    timer_t timer;

    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CHECK_OK(timer_settime(timer, 0, &soon, NULL));
    nanosleep(&t, NULL);
    CHECK_OK(timer_gettime(timer, &left));
    CHECK(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 5000000);
    CHECK_EQ(left.it_interval.tv_nsec, 5000000);
    timer_delete(timer);
}

TEST(descriptors_on_each_clock)
{
    static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC,
                                        CLOCK_BOOTTIME };
    struct itimerspec soon = { { 0, 10000000 }, { 0, 10000000 } }, left;
    uint64_t n;

    for (unsigned i = 0; i < 3; i++) {
        int fd = timerfd_create(clocks[i], 0);
        int64_t ns;

        CHECK_OK(timerfd_settime(fd, 0, &soon, NULL));
        CHECK_EQ(read(fd, &n, 8), 8);
        CHECK(n >= 1);
        ns = now_ns(clocks[i]) - NS;
        left = soon;
        left.it_value.tv_sec = ns / NS;
        left.it_value.tv_nsec = ns % NS;
        /* Since a second ago, each 10 ms. */
        CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &left, NULL));
        CHECK_EQ(read(fd, &n, 8), 8);
        CHECK(n >= 100);
        CHECK_OK(timerfd_gettime(fd, &left));
        CHECK(left.it_value.tv_nsec <= 10000000);
        CHECK_EQ(left.it_interval.tv_nsec, 10000000);
        close(fd);
    }
    CHECK_ERR(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
    CHECK_ERR(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
    CHECK_ERR(timerfd_settime(0, 0, &soon, NULL), EINVAL);
}

TEST(a_descriptor_that_watches_the_clock)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    int64_t ns = now_ns(CLOCK_REALTIME) + 100 * NS;
    struct itimerspec far = { { 0, 0 }, { ns / NS, 0 } };
    uint64_t n;

    CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
                             &far, NULL));
    CHECK_ERR(read(fd, &n, 8), EAGAIN);
    CHECK_ERR(timerfd_settime(fd, 4, &far, NULL), EINVAL);
    close(fd);
}

/* ---- sleeping ---- */

TEST(sleeping_on_each_clock)
{
    static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC,
                                        CLOCK_BOOTTIME, CLOCK_TAI };
    struct timespec t = { 0, 5000000 };

    for (unsigned i = 0; i < 4; i++) {
        int64_t began = now_ns(clocks[i]);
        struct timespec at = { (began + 8000000) / NS, (began + 8000000) % NS };

        CHECK_OK(syscall(SYS_clock_nanosleep, clocks[i], 0, &t, NULL));
        CHECK(now_ns(clocks[i]) - began >= 5000000);
        CHECK_OK(
            syscall(SYS_clock_nanosleep, clocks[i], TIMER_ABSTIME, &at, NULL));
        CHECK(now_ns(clocks[i]) - began >= 8000000);
    }
    CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &t, NULL),
              EOPNOTSUPP);
    CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &t, NULL),
              EOPNOTSUPP);
    CHECK_ERR(syscall(SYS_clock_nanosleep, 77, 0, &t, NULL), EINVAL);
}

static volatile bool stop_burning;

static void *burner(void *arg)
{
    while (!stop_burning)
        ;
    return arg;
}

/* Asleep on the process's time: another thread makes it pass. */
TEST(sleeping_until_others_have_worked)
{
    struct timespec t = { 0, 20000000 };
    int64_t began = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    pthread_t other;

    pthread_create(&other, NULL, burner, NULL);
    CHECK_OK(
        syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &t, NULL));
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - began >= 20000000);
    stop_burning = true;
    pthread_join(other, NULL);
}

TEST(adjusting_is_only_read)
{
    struct timex t = { .modes = 0 };
    int state = adjtimex(&t);

    CHECK(state >= TIME_OK && state <= TIME_ERROR);
    CHECK(t.tick >= 9000 && t.tick <= 11000);
    CHECK(t.time.tv_sec > 1500000000);
    CHECK(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t) >= 0);
    CHECK_ERR(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &t), EOPNOTSUPP);
    CHECK_ERR(adjtimex(bad_pointer()), EFAULT);
}
