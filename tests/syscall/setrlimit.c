/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setrlimit.c - limits that bite: what each refuses, and how.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "check.h"

#define MIB (1ul << 20)

/* Lower a soft limit; the old one, to put back. */
static struct rlimit lower(int which, rlim_t soft)
{
    struct rlimit old, now;

    getrlimit(which, &old);
    now = old;
    now.rlim_cur = soft;
    CHECK_OK(setrlimit(which, &now));
    return old;
}

/* A figure of /proc/self/status in bytes. */
static size_t status_of(const char *name)
{
    FILE *f = fopen("/proc/self/status", "r");
    size_t kib = 0, len = strlen(name);
    char line[256];

    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, name, len) == 0)
            kib = strtoul(line + len, NULL, 10);
    if (f)
        fclose(f);
    return kib * 1024;
}

static void *map(size_t len, int prot, int flags)
{
    return mmap(NULL, len, prot, flags | MAP_ANONYMOUS, -1, 0);
}

TEST(address_space)
{
    char *small = map(MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    struct rlimit old = lower(RLIMIT_AS, status_of("VmSize:") + 4 * MIB);
    char *brk = sbrk(0);

    CHECK(map(16 * MIB, PROT_NONE, MAP_PRIVATE) == MAP_FAILED);
    CHECK_EQ(errno, ENOMEM);
    CHECK(map(16 * MIB, PROT_READ, MAP_SHARED) == MAP_FAILED);
    CHECK(mremap(small, MIB, 16 * MIB, MREMAP_MAYMOVE) == MAP_FAILED);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(syscall(SYS_brk, brk + 16 * MIB), (long)brk);
    CHECK_OK(setrlimit(RLIMIT_AS, &old));
    CHECK_OK(munmap(small, MIB));
}

TEST(data)
{
    char *file = map(8 * MIB, PROT_READ, MAP_PRIVATE), *shared, *none;
    struct rlimit old = lower(RLIMIT_DATA, status_of("VmData:") + 2 * MIB);
    char *brk = sbrk(0);

    CHECK(map(4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE) == MAP_FAILED);
    CHECK_EQ(errno, ENOMEM);
    shared = map(4 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED);
    CHECK(shared != MAP_FAILED); /* is not data, and neither is: */
    none = map(4 * MIB, PROT_NONE, MAP_PRIVATE);
    CHECK(none != MAP_FAILED);
    CHECK_ERR(mprotect(file, 8 * MIB, PROT_READ | PROT_WRITE), ENOMEM);
    CHECK_OK(mprotect(file, PAGE, PROT_READ | PROT_WRITE));
    CHECK_EQ(syscall(SYS_brk, brk + 4 * MIB), (long)brk);
    CHECK_OK(setrlimit(RLIMIT_DATA, &old));
    CHECK_OK(mprotect(file, 8 * MIB, PROT_READ | PROT_WRITE));
    CHECK_OK(munmap(file, 8 * MIB));
    CHECK_OK(munmap(shared, 4 * MIB));
    CHECK_OK(munmap(none, 4 * MIB));
}

static volatile sig_atomic_t came;

static void note(int signo)
{
    came = signo;
}

TEST(file_size)
{
    struct rlimit old = lower(RLIMIT_FSIZE, 1000);
    char buf[600] = { 0 };
    int fd = open("limited", O_CREAT | O_RDWR, 0600);

    signal(SIGXFSZ, note);
    CHECK_EQ(write(fd, buf, 600), 600);
    CHECK_EQ(write(fd, buf, 600), 400); /* as much as fits, silently */
    CHECK_EQ(came, 0);
    CHECK_ERR(write(fd, buf, 1), EFBIG);
    CHECK_EQ(came, SIGXFSZ);
    came = 0;
    CHECK_ERR(ftruncate(fd, 1001), EFBIG);
    CHECK_EQ(came, SIGXFSZ);
    came = 0;
    CHECK_ERR(pwrite(fd, buf, 10, 1000), EFBIG);
    CHECK_EQ(came, SIGXFSZ);
    came = 0;
    CHECK_ERR(fallocate(fd, 0, 0, 2000), EFBIG);
    CHECK_EQ(came, SIGXFSZ);
    signal(SIGXFSZ, SIG_DFL);
    CHECK_OK(ftruncate(fd, 10));
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &old));
    CHECK_OK(ftruncate(fd, 2000));
    close(fd);
    unlink("limited");
}

TEST(open_files)
{
    struct rlimit old;
    int first = dup(0), fds[2] = { -7, -7 };

    old = lower(RLIMIT_NOFILE, (rlim_t)first + 1);
    CHECK_ERR(open("/dev/null", O_RDONLY), EMFILE);
    CHECK_ERR(dup(0), EMFILE);
    CHECK_ERR(pipe(fds), EMFILE);
    CHECK_ERR(dup2(0, first + 1), EBADF);
    CHECK_ERR(fcntl(0, F_DUPFD, first + 1), EINVAL);
    CHECK_ERR(fcntl(0, F_DUPFD, 0), EMFILE);
    CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), EMFILE);
    close(first);
    CHECK_ERR(pipe(fds), EMFILE); /* room for one of two: none is left */
    CHECK_EQ(dup(0), first);
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &old));
    close(first);
    old.rlim_max = 1ul << 40;
    CHECK_ERR(setrlimit(RLIMIT_NOFILE, &old), EPERM);
}

static volatile unsigned spins;

TEST(cpu_time)
{
    struct rlimit old, now;
    struct rusage usage;
    time_t used;

    getrusage(RUSAGE_SELF, &usage);
    used = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
    came = 0;
    signal(SIGXCPU, note);
    old = lower(RLIMIT_CPU, (rlim_t)used + 1);
    while (came == 0)
        spins++;
    CHECK_EQ(came, SIGXCPU);
    getrlimit(RLIMIT_CPU, &now);
    CHECK_EQ(now.rlim_cur, used + 2); /* and then each second */
    CHECK_OK(setrlimit(RLIMIT_CPU, &old));
    signal(SIGXCPU, SIG_DFL);
}

static void *nothing(void *arg)
{
    return arg;
}

TEST(threads)
{
    struct rlimit old;
    pthread_t thread;
    int err;

    if (geteuid() != 0)
        SKIP("needs root");
    old = lower(RLIMIT_NPROC, 1);
    err = pthread_create(&thread, NULL, nothing, NULL);
    CHECK_EQ(err, 0); /* root may */
    if (err == 0)
        pthread_join(thread, NULL);
    CHECK_OK(setresuid(54321, 54321, 0));
    CHECK_EQ(pthread_create(&thread, NULL, nothing, NULL), EAGAIN);
    CHECK_OK(setresuid(0, 0, 0));
    CHECK_OK(setrlimit(RLIMIT_NPROC, &old));
}

TEST(who_may)
{
    struct rlimit core, nice = { 0, 0 }, now;

    if (geteuid() != 0)
        SKIP("needs root");
    getrlimit(RLIMIT_CORE, &core);
    core.rlim_cur = 0;
    core.rlim_max = 1000;
    CHECK_OK(setrlimit(RLIMIT_CORE, &core));
    CHECK_OK(setrlimit(RLIMIT_NICE, &nice));
    CHECK_OK(setrlimit(RLIMIT_RTPRIO, &nice));
    CHECK_OK(setresuid(54321, 54321, 0));
    core.rlim_max = 2000;
    CHECK_ERR(setrlimit(RLIMIT_CORE, &core), EPERM);
    core.rlim_max = 500;
    CHECK_OK(setrlimit(RLIMIT_CORE, &core));
    CHECK_ERR(setpriority(PRIO_PROCESS, 0, -1), EACCES);
    CHECK_OK(setresuid(0, 0, 0));
    CHECK_OK(getrlimit(RLIMIT_CORE, &now));
    CHECK_EQ(now.rlim_max, 500);
}

TEST(capabilities_by_prctl)
{
    if (geteuid() != 0)
        SKIP("needs root");
    CHECK_EQ(prctl(PR_GET_SECCOMP), 0);
    CHECK_EQ(prctl(PR_CAPBSET_READ, 30), 1);
    CHECK_OK(prctl(PR_CAPBSET_DROP, 30));
    CHECK_EQ(prctl(PR_CAPBSET_READ, 30), 0);
    CHECK_ERR(prctl(PR_CAPBSET_READ, 64), EINVAL);
    CHECK_ERR(prctl(PR_CAPBSET_DROP, 64), EINVAL);
    CHECK_EQ(prctl(PR_GET_SECUREBITS), 0);
    CHECK_OK(prctl(PR_SET_SECUREBITS, 1 << 2)); /* SECBIT_NO_SETUID_FIXUP */
    CHECK_EQ(prctl(PR_GET_SECUREBITS), 1 << 2);
    CHECK_OK(prctl(PR_SET_SECUREBITS, 0));
    CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 10, 0, 0), 0);
    CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 10, 0, 0), EPERM);
    CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 99, 0, 0), EINVAL);
    CHECK_OK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 1, 0), EINVAL);
    CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 1), EINVAL);
    CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 10, 1, 0), EINVAL);
    CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, 10, 0, 1), EINVAL);
    CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 10, 0, 1), EINVAL);
    CHECK_OK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, 10, 0, 0));
    CHECK_ERR(prctl(PR_CAP_AMBIENT, 9, 10, 0, 0), EINVAL);
}

static int mce_kill(unsigned long verb, unsigned long policy)
{
    return prctl(PR_MCE_KILL, verb, policy, 0, 0);
}

TEST(machine_checks_by_prctl)
{
    CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
    CHECK_OK(mce_kill(PR_MCE_KILL_SET, PR_MCE_KILL_EARLY));
    CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY);
    CHECK_OK(mce_kill(PR_MCE_KILL_SET, PR_MCE_KILL_LATE));
    CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_LATE);
    CHECK_OK(mce_kill(PR_MCE_KILL_SET, PR_MCE_KILL_DEFAULT));
    CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
    CHECK_OK(mce_kill(PR_MCE_KILL_SET, PR_MCE_KILL_LATE));
    CHECK_ERR(mce_kill(PR_MCE_KILL_SET, 3), EINVAL);
    CHECK_ERR(mce_kill(PR_MCE_KILL_CLEAR, 1), EINVAL);
    CHECK_ERR(mce_kill(2, 0), EINVAL);
    CHECK_ERR(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 1, 0), EINVAL);
    CHECK_ERR(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 1), EINVAL);
    CHECK_OK(mce_kill(PR_MCE_KILL_CLEAR, 0));
    CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
    CHECK_ERR(prctl(PR_MCE_KILL_GET, 1, 0, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_MCE_KILL_GET, 0, 1, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_MCE_KILL_GET, 0, 0, 1, 0), EINVAL);
    CHECK_ERR(prctl(PR_MCE_KILL_GET, 0, 0, 0, 1), EINVAL);
}
