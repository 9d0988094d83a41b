/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c - memory, time, limits and the process: tools/run-trace. */
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/trace/trace.h"

static void memory(void)
{
    char *at = (char *)CALL(mmap, NULL, 65536, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char there[4];

    CALL(mmap, at, 4096, PROT_NONE,
         MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    CALL(mmap, NULL, 1, PROT_EXEC, MAP_PRIVATE | MAP_STACK, 3, 0x1000);
    CALL(mprotect, at, 8192, PROT_READ | PROT_EXEC);
    CALL(madvise, at, 4096, MADV_DONTNEED);
    CALL(madvise, at, 4096, MADV_WILLNEED);
    CALL(mincore, at + 8192, 4096, there);
    CALL(mremap, at + 32768, 4096, 8192, 0);
    CALL(mremap, at + 32768, 32768, 4096, MREMAP_MAYMOVE);
    CALL(msync, at, 4096, MS_SYNC);
    CALL(mlock, at + 8192, 4096);
    CALL(munlock, at + 8192, 4096);
    CALL(munmap, at, 65536);
    CALL(brk, NULL);
}

static void time_of(void)
{
    struct timespec ts = { 0, 1000000 };
    struct timeval tv = { 0, 0 };
    struct itimerval it = { { 0, 0 }, { 1000, 0 } };
    struct itimerspec its = { { 0, 5 }, { 1000, 7 } };

    CALL(nanosleep, &ts, NULL);
    ts.tv_nsec = -1;
    CALL(nanosleep, &ts, &ts);
    ts = (struct timespec){ 0, 1000 };
    CALL(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
    CALL(clock_nanosleep, CLOCK_REALTIME, 0, &ts, &ts);
    CALL(clock_gettime, 77, &ts);
    CALL(clock_getres, CLOCK_MONOTONIC, &ts);
    CALL(gettimeofday, NULL, NULL);
    CALL(settimeofday, NULL, NULL);
    CALL(setitimer, ITIMER_REAL, &it, NULL);
    it.it_value.tv_sec = 0;
    CALL(setitimer, ITIMER_VIRTUAL, &it, &it);
    CALL(getitimer, ITIMER_PROF, &it);
    CALL(alarm, 0);
    CALL(timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    CALL(timerfd_settime, 3, TFD_TIMER_ABSTIME, &its, NULL);
    CALL(timerfd_settime, 99, 0, &its, &its);
    CALL(close, 3);
    CALL(select, 0, NULL, NULL, NULL, &tv);
}

static void limits(void)
{
    struct rlimit lim = { 100, 200 };
    struct rusage usage;
    cpu_set_t set;

    CALL(prlimit64, 0, RLIMIT_CORE, &lim, NULL);
    CALL(prlimit64, 0, RLIMIT_CORE, NULL, &lim);
    CALL(getrlimit, RLIMIT_CORE, &lim);
    lim = (struct rlimit){ 8 << 20, RLIM_INFINITY };
    CALL(setrlimit, RLIMIT_STACK, &lim);
    CALL(prlimit64, 0, 99, NULL, &lim);
    CALL(getrusage, 99, &usage);
    CALL(getpriority, PRIO_PROCESS, 0);
    CALL(sched_getscheduler, 0);
    CALL(sched_get_priority_max, SCHED_FIFO);
    CALL(sched_yield);
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    CALL(sched_setaffinity, 0, 8, &set);
    CALL(sched_getaffinity, 0, 8, &set);
    CALL(getgroups, -1, NULL);
    CALL(getuid);
    CALL(setuid, 0);
    CALL(getresuid, &lim, (char *)&lim + 4, (char *)&lim + 8);
    CALL(prctl, PR_SET_NAME, "new name");
    CALL(prctl, PR_GET_NAME, &usage);
    CALL(prctl, PR_GET_DUMPABLE);
    CALL(prctl, PR_SET_PDEATHSIG, 15);
    CALL(arch_prctl, 0x1003, &lim);
    CALL(membarrier, MEMBARRIER_CMD_QUERY + 77, 0);
    CALL(wait4, -1, NULL, WNOHANG, NULL);
    CALL(getrandom, NULL, 0, GRND_NONBLOCK);
    CALL(uname, NULL);
}

static void futexes(void)
{
    const struct timespec soon = { 0, 1000 };
    static unsigned word = 1;

    CALL(futex, &word, FUTEX_WAKE_PRIVATE, 1);
    CALL(futex, &word, FUTEX_WAKE, 0x7fffffff);
    CALL(futex, &word, FUTEX_WAIT_PRIVATE, 2, NULL);
    CALL(futex, &word, FUTEX_WAIT, 1, &soon);
    CALL(futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 1,
         &soon, NULL, FUTEX_BITSET_MATCH_ANY);
    CALL(futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 5);
    CALL(futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &word, 7);
    CALL(set_robust_list, &word, 24);
    CALL(rseq, &word, 31, 0, 0x53053053);
}

int main(void)
{
    begin();
    memory();
    time_of();
    limits();
    futexes();
    CALL(exit_group, 0);
}
