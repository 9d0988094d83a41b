/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_files.c - /proc and /sys as run times and tools parse them.
 *
 * Each file is read with the patterns that procps, psutil, the JVM and glibc
 * use, and its figures are compared with what a system call says.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "check.h"

#define TEXT_MAX (1u << 20)

static char text[TEXT_MAX];

/* Read all of a file; its length, or -1. */
static ssize_t slurp(const char *path)
{
    int fd = open(path, O_RDONLY);
    size_t len = 0;
    ssize_t n = 0;

    text[0] = '\0';
    if (fd < 0)
        return -1;
    while (len < TEXT_MAX - 1 && (n = read(fd, text + len, 4096)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = '\0';
    return n < 0 ? -1 : (ssize_t)len;
}

/* The figure behind "name" at the beginning of a line of text, or -1. */
static long figure(const char *name)
{
    size_t len = strlen(name);

    for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
        if (strncmp(p, name, len) == 0)
            return strtol(p + len, NULL, 0);
    return -1;
}

static bool has_line(const char *name)
{
    return strstr(text, name) != NULL;
}

TEST(stat_fields)
{
    char comm[32], state;
    int pid, ppid, pgrp, session, tty, tpgid, fields;
    unsigned long flags, minflt, utime, vsize;
    long rss, threads;
    char *end;

    prctl(PR_SET_NAME, "a (b) c");
    CHECK(slurp("/proc/self/stat") > 0);
    end = strrchr(text, ')');
    CHECK(end && sscanf(text, "%d (%31[^)]", &pid, comm) == 2);
    CHECK_EQ(pid, getpid());
    CHECK(strncmp(strchr(text, '('), "(a (b) c) ", 10) == 0);
    fields = sscanf(end + 2,
                    "%c %d %d %d %d %d %lu %lu %*u %*u %*u %lu %*u %*d %*d "
                    "%*d %*d %ld %*d %*u %lu %ld",
                    &state, &ppid, &pgrp, &session, &tty, &tpgid, &flags,
                    &minflt, &utime, &threads, &vsize, &rss);
    CHECK_EQ(fields, 12);
    CHECK_EQ(state, 'R');
    CHECK_EQ(ppid, getppid());
    CHECK_EQ(pgrp, getpgrp());
    CHECK_EQ(session, getsid(0));
    CHECK_EQ(threads, 1);
    CHECK(rss >= 0 && vsize > (unsigned long)rss); /* Linux may round to 0 */
    fields = 2;
    for (char *p = end; *p; p++)
        fields += *p == ' ';
    CHECK_EQ(fields, 52);
}

TEST(status_fields)
{
    static const char *const names[] = {
        "Name:\t",
        "Umask:\t",
        "State:\tR (running)",
        "Tgid:\t",
        "Ngid:\t",
        "Pid:\t",
        "PPid:\t",
        "TracerPid:\t0",
        "Uid:\t",
        "Gid:\t",
        "FDSize:\t",
        "Groups:\t",
        "VmPeak:\t",
        "VmSize:\t",
        "VmLck:\t",
        "VmHWM:\t",
        "VmRSS:\t",
        "RssAnon:\t",
        "RssFile:\t",
        "VmData:\t",
        "VmStk:\t",
        "VmExe:\t",
        "VmLib:\t",
        "VmPTE:\t",
        "VmSwap:\t",
        "Threads:\t",
        "SigQ:\t",
        "SigPnd:\t",
        "ShdPnd:\t",
        "SigBlk:\t",
        "SigIgn:\t",
        "SigCgt:\t",
        "CapInh:\t",
        "CapPrm:\t",
        "CapEff:\t",
        "CapBnd:\t",
        "NoNewPrivs:\t",
        "Seccomp:\t",
        "Cpus_allowed:\t",
        "Cpus_allowed_list:\t",
        "Mems_allowed_list:\t",
        "voluntary_ctxt_switches:\t",
        "nonvoluntary_ctxt_switches:\t",
    };

    CHECK(slurp("/proc/self/status") > 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!CHECK(has_line(names[i])))
            printf("# %s\n", names[i]);
    CHECK_EQ(figure("Pid:"), getpid());
    CHECK_EQ(figure("Threads:"), 1);
    CHECK(figure("VmRSS:") > 0);
    CHECK(figure("VmRSS:") <= figure("VmHWM:"));
    CHECK_EQ(figure("Uid:"), (long)getuid());
}

static void on_signal(int signo)
{
    (void)signo;
}

static unsigned long mask_of(const char *name)
{
    char *at = strstr(text, name);

    return at ? strtoul(at + strlen(name), NULL, 16) : 0;
}

TEST(signal_sets)
{
    sigset_t set, old;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, &old);
    signal(SIGUSR2, on_signal);
    signal(SIGHUP, SIG_IGN);
    kill(getpid(), SIGUSR1);
    raise(SIGRTMIN + 1);
    CHECK(slurp("/proc/self/status") > 0);
    CHECK(mask_of("SigBlk:\t") & 1ul << (SIGUSR1 - 1));
    CHECK(mask_of("ShdPnd:\t") & 1ul << (SIGUSR1 - 1));
    CHECK(mask_of("SigPnd:\t") & 1ul << SIGRTMIN);
    CHECK(mask_of("SigCgt:\t") & 1ul << (SIGUSR2 - 1));
    CHECK(mask_of("SigIgn:\t") & 1ul << (SIGHUP - 1));
    signal(SIGUSR1, SIG_IGN);
    signal(SIGRTMIN + 1, SIG_IGN);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

TEST(memory_of_the_process)
{
    size_t len = 64 * PAGE;
    unsigned long size, resident, shared, start, end;
    char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *at, range[64];
    long anonymous;

    memset(p, 1, len / 2);
    CHECK(slurp("/proc/self/statm") > 0);
    CHECK_EQ(sscanf(text, "%lu %lu %lu", &size, &resident, &shared), 3);
    CHECK(size > resident && resident > shared && resident - shared >= 32);
    snprintf(range, sizeof(range), "%lx-", (unsigned long)p);
    CHECK(slurp("/proc/self/maps") > 0);
    CHECK(has_line(" rw-p "));
    CHECK(has_line("[stack]") && has_line("[vdso]"));
    CHECK(slurp("/proc/self/smaps") > 0);
    at = strstr(text, " rw-p ");
    CHECK(at != NULL);
    CHECK_EQ(sscanf(text, "%lx-%lx ", &start, &end), 2);
    CHECK_EQ(figure("Size:"), (long)(end - start) / 1024);
    CHECK_EQ(figure("KernelPageSize:"), 4);
    CHECK(has_line("\nPss:") && has_line("\nPrivate_Dirty:") &&
          has_line("\nShared_Clean:") && has_line("\nReferenced:") &&
          has_line("\nAnonymous:") && has_line("\nLocked:") &&
          has_line("\nTHPeligible:") && has_line("\nVmFlags: rd "));
    CHECK(slurp("/proc/self/smaps_rollup") > 0);
    CHECK(has_line("---p 00000000 00:00 0") && has_line("[rollup]\n"));
    anonymous = figure("Anonymous:");
    CHECK(anonymous >= 32 * 4 && figure("Rss:") >= anonymous);
    CHECK(figure("Private_Dirty:") >= 32 * 4);
    munmap(p, len);
}

TEST(strings_and_links)
{
    char link[256], cwd[256];
    ssize_t n;

    CHECK(slurp("/proc/self/cmdline") > 1);
    CHECK(strlen(text) > 0);
    setenv("LATER", "1", 1);
    CHECK(slurp("/proc/self/environ") >= 0);
    CHECK(!has_line("LATER"));
    n = readlink("/proc/self/exe", link, sizeof(link) - 1);
    CHECK(n > 0 && link[0] == '/');
    n = readlink("/proc/self/cwd", link, sizeof(link) - 1);
    CHECK(n > 0 && getcwd(cwd, sizeof(cwd)));
    link[n > 0 ? n : 0] = '\0';
    CHECK(strcmp(link, cwd) == 0);
    n = readlink("/proc/self/root", link, sizeof(link));
    CHECK(n == 1 && link[0] == '/');
    n = readlink("/proc/self/ns/pid", link, sizeof(link) - 1);
    CHECK(n > 5 && strncmp(link, "pid:[", 5) == 0);
    n = readlink("/proc/self", link, sizeof(link) - 1);
    link[n > 0 ? n : 0] = '\0';
    CHECK_EQ(atoi(link), getpid());
}

TEST(auxiliary_vector)
{
    unsigned long *entry = (unsigned long *)(void *)text;
    ssize_t n = slurp("/proc/self/auxv");
    unsigned found = 0;

    CHECK(n > 0 && n % 16 == 0);
    for (; n > 0 && entry[0] != AT_NULL; entry += 2)
        if (entry[0] == AT_PAGESZ || entry[0] == AT_PHDR)
            found += entry[1] == getauxval(entry[0]);
    CHECK_EQ(found, 2);
}

TEST(descriptors)
{
    char path[64], link[128];
    int fd = open("some file", O_CREAT | O_RDWR | O_CLOEXEC, 0600), n;
    unsigned seen = 0;
    struct dirent *e;
    DIR *dir;

    CHECK_EQ(write(fd, "0123456789", 10), 10);
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    CHECK(slurp(path) > 0);
    CHECK_EQ(figure("pos:"), 10);
    CHECK_EQ(figure("flags:"), O_RDWR | O_CLOEXEC | 0100000);
    CHECK(figure("mnt_id:") > 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    n = (int)readlink(path, link, sizeof(link) - 1);
    link[n > 0 ? n : 0] = '\0';
    CHECK(n > 10 && strcmp(link + n - 10, "/some file") == 0);
    dir = opendir("/proc/self/fd");
    while (dir && (e = readdir(dir)))
        seen += atoi(e->d_name) == fd;
    CHECK_EQ(seen, 1);
    closedir(dir);
    unlink("some file");
    n = (int)readlink(path, link, sizeof(link) - 1);
    CHECK(n > 10 && memcmp(link + n - 10, " (deleted)", 10) == 0);
    close(fd);
    CHECK_ERR(open(path, O_RDONLY), ENOENT);
}

static pthread_barrier_t barrier;

static void *waiter(void *arg)
{
    *(int *)arg = (int)syscall(SYS_gettid);
    prctl(PR_SET_NAME, "waiter");
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

TEST(threads_have_directories)
{
    char path[96], name[32] = "";
    int tid = 0, count = 0, fd;
    struct dirent *e;
    pthread_t thread;
    DIR *dir;

    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, waiter, &tid);
    pthread_barrier_wait(&barrier);
    dir = opendir("/proc/self/task");
    while (dir && (e = readdir(dir)))
        count += e->d_name[0] != '.';
    closedir(dir);
    CHECK_EQ(count, 2);
    snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
    CHECK(slurp(path) > 0 && strcmp(text, "waiter\n") == 0);
    fd = open(path, O_WRONLY);
    CHECK_EQ(write(fd, "renamed by another", 18), 18);
    close(fd);
    CHECK(slurp(path) > 0 && strcmp(text, "renamed by anot\n") == 0);
    CHECK_EQ(pthread_setname_np(thread, "by glibc"), 0);
    CHECK_EQ(pthread_getname_np(thread, name, sizeof(name)), 0);
    CHECK(strcmp(name, "by glibc") == 0);
    snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
    CHECK(slurp(path) > 0);
    CHECK_EQ(figure("Pid:"), tid);
    CHECK_EQ(figure("Tgid:"), getpid());
    CHECK_EQ(figure("Threads:"), 2);
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", getpid(), tid);
    CHECK_EQ(slurp(path), 0);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
}

TEST(written_files)
{
    int fd = open("/proc/self/oom_score_adj", O_RDWR | O_TRUNC);

    CHECK_EQ(write(fd, "100\n", 4), 4);
    CHECK_ERR(write(fd, "abc", 3), EINVAL);
    CHECK_ERR(write(fd, "1001", 4), EINVAL);
    close(fd);
    CHECK(slurp("/proc/self/oom_score_adj") > 0);
    CHECK(strcmp(text, "100\n") == 0);
    fd = open("/proc/self/comm", O_WRONLY | O_TRUNC);
    CHECK_EQ(write(fd, "mine\n", 5), 5);
    close(fd);
    CHECK(slurp("/proc/self/comm") > 0 && strcmp(text, "mine\n\n") == 0);
}

TEST(limits_table)
{
    struct rlimit limit;
    char soft[24], hard[24], *line;

    CHECK(slurp("/proc/self/limits") > 0);
    CHECK(strncmp(text, "Limit                     Soft Limit           ",
                  47) == 0);
    line = strstr(text, "Max open files ");
    CHECK(line != NULL);
    CHECK_EQ(line ? sscanf(line + 14, "%23s %23s files", soft, hard) : 0, 2);
    getrlimit(RLIMIT_NOFILE, &limit);
    CHECK_EQ(strtoul(soft, NULL, 10), limit.rlim_cur);
    CHECK(has_line("Max cpu time ") && has_line("Max realtime timeout "));
}

TEST(input_and_output)
{
    long before, after;
    char buf[100];
    int fd;

    CHECK(slurp("/proc/self/io") > 0);
    before = figure("rchar:");
    CHECK(has_line("syscr: ") && has_line("cancelled_write_bytes: "));
    fd = open("/dev/zero", O_RDONLY);
    CHECK_EQ(read(fd, buf, sizeof(buf)), 100);
    close(fd);
    CHECK(slurp("/proc/self/io") > 0);
    after = figure("rchar:");
    CHECK(after - before >= 100);
}

TEST(machine_memory)
{
    struct sysinfo info;

    CHECK_EQ(sysinfo(&info), 0);
    CHECK(slurp("/proc/meminfo") > 0);
    CHECK_EQ(figure("MemTotal:"), (long)(info.totalram * info.mem_unit / 1024));
    CHECK(strncmp(text, "MemTotal: ", 10) == 0);
    CHECK_EQ((int)(strchr(text, '\n') - text), 27);
    CHECK(figure("MemFree:") > 0 && figure("MemAvailable:") > 0);
    CHECK(has_line("\nBuffers: ") && has_line("\nCached: ") &&
          has_line("\nSwapTotal: ") && has_line("\nSwapFree: ") &&
          has_line("\nShmem: ") && has_line("\nSReclaimable: ") &&
          has_line("\nCommitted_AS: ") && has_line("\nHugePages_Total: ") &&
          has_line("\nHugepagesize:       2048 kB\n") && has_line("\nSlab: ") &&
          has_line("\nAnonPages: "));
    CHECK(slurp("/proc/vmstat") > 0);
    CHECK(figure("nr_free_pages ") > 0 && figure("pgfault ") > 0 &&
          figure("pswpin ") >= 0 && figure("pgpgin ") >= 0);
}

TEST(machine_time)
{
    double up, idle, load[3];
    unsigned long cpu[10];
    int running, total, last;

    CHECK(slurp("/proc/uptime") > 0);
    CHECK_EQ(sscanf(text, "%lf %lf", &up, &idle), 2);
    /* libevent's cached time, for one, is in 1970 as long as this is not so. */
    CHECK(up > 5);
    CHECK(slurp("/proc/loadavg") > 0);
    CHECK_EQ(sscanf(text, "%lf %lf %lf %d/%d %d", &load[0], &load[1], &load[2],
                    &running, &total, &last),
             6);
    CHECK(running >= 1 && total >= running && last >= 1);
    CHECK(slurp("/proc/stat") > 0);
    CHECK_EQ(sscanf(text, "cpu  %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu",
                    &cpu[0], &cpu[1], &cpu[2], &cpu[3], &cpu[4], &cpu[5],
                    &cpu[6], &cpu[7], &cpu[8], &cpu[9]),
             10);
    CHECK(has_line("\ncpu0 ") && has_line("\nintr ") && has_line("\nctxt ") &&
          has_line("\nsoftirq "));
    CHECK(figure("btime ") > 0 && figure("processes ") > 0 &&
          figure("procs_running ") > 0 && figure("procs_blocked ") >= 0);
}

TEST(machine_cpus)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN), seen = 0, last = 0;
    char *p;
    DIR *dir;
    struct dirent *e;

    CHECK(slurp("/proc/cpuinfo") > 0);
    for (p = text; (p = strstr(p, "processor\t: ")); p++)
        seen++;
    CHECK_EQ(seen, online);
    CHECK(has_line("\nflags\t\t: fpu ") && has_line("\nmodel name\t: ") &&
          has_line("\ncpu cores\t: ") && has_line("\nbogomips\t: "));
    p = strstr(text, "\ncache size\t: ");
    CHECK(p && atol(p + 14) > 0);
    CHECK(p && !strncmp(strchr(p + 14, ' '), " KB\n", 4));
    CHECK(slurp("/sys/devices/system/cpu/online") > 0);
    p = strchr(text, '-');
    last = strtol(p ? p + 1 : text, NULL, 10);
    CHECK_EQ(last, online - 1);
    CHECK(slurp("/sys/devices/system/cpu/possible") > 0);
    CHECK(slurp("/sys/devices/system/cpu/present") > 0);
    CHECK(slurp("/sys/devices/system/cpu/offline") > 0);
    seen = 0;
    dir = opendir("/sys/devices/system/cpu");
    while (dir && (e = readdir(dir)))
        seen += strncmp(e->d_name, "cpu", 3) == 0 && e->d_name[3] >= '0' &&
                e->d_name[3] <= '9';
    closedir(dir);
    CHECK_EQ(seen, online);
    CHECK(slurp("/sys/devices/system/cpu/cpu0/topology/core_id") > 0);
    CHECK(slurp("/sys/devices/system/cpu/cpu0/topology/thread_siblings") > 0);
    CHECK(slurp("/sys/devices/system/node/node0/cpulist") > 0);
    CHECK(slurp("/sys/kernel/mm/transparent_hugepage/enabled") > 0);
    CHECK(has_line("always") && has_line("[") && has_line("never"));
}

TEST(names_and_versions)
{
    struct utsname u;
    char kind[16], release[65];

    uname(&u);
    CHECK(slurp("/proc/version") > 0);
    CHECK_EQ(sscanf(text, "%15s version %64s ", kind, release), 2);
    CHECK(strcmp(release, u.release) == 0);
    CHECK(slurp("/proc/sys/kernel/osrelease") > 0);
    text[strcspn(text, "\n")] = '\0';
    CHECK(strcmp(text, u.release) == 0);
    CHECK(slurp("/proc/sys/kernel/hostname") > 0);
    text[strcspn(text, "\n")] = '\0';
    CHECK(strcmp(text, u.nodename) == 0);
    CHECK(slurp("/proc/sys/kernel/pid_max") > 0 && atoi(text) >= 32768);
    CHECK(slurp("/proc/sys/kernel/threads-max") > 0 && atoi(text) > 1000);
    CHECK_EQ(slurp("/proc/sys/kernel/random/boot_id"), 37);
    CHECK(slurp("/proc/sys/kernel/random/entropy_avail") > 0);
    CHECK(slurp("/proc/sys/kernel/cap_last_cap") > 0 && atoi(text) >= 39);
    CHECK(slurp("/proc/sys/vm/overcommit_memory") > 0);
    CHECK(slurp("/proc/sys/vm/max_map_count") > 0 && atoi(text) >= 65530);
    CHECK(slurp("/proc/sys/fs/nr_open") > 0 && atoi(text) >= 1048576);
    CHECK(slurp("/proc/filesystems") > 0);
    CHECK(has_line("nodev\tproc\n") && has_line("nodev\ttmpfs\n"));
}

/* "36 35 98:0 / /mnt rw,relatime [optional...] - type source options" */
TEST(mounts)
{
    int id, parent, major, minor;
    char root[64], point[256], *dash;
    bool has_proc = false;

    CHECK(slurp("/proc/self/mountinfo") > 0);
    for (char *p = text; *p; p = strchr(p, '\n') + 1) {
        CHECK_EQ(sscanf(p, "%d %d %d:%d %63s %255s ", &id, &parent, &major,
                        &minor, root, point),
                 6);
        dash = strstr(p, " - ");
        CHECK(dash != NULL);
        has_proc |=
            strcmp(point, "/proc") == 0 && strncmp(dash, " - proc ", 8) == 0;
    }
    CHECK(has_proc);
    CHECK(slurp("/proc/mounts") > 0);
    CHECK(has_line(" /proc proc rw"));
    CHECK(slurp("/proc/self/cgroup") > 0);
    CHECK(has_line("0::/"));
}

/* Only where the second version is mounted at the usual place. */
TEST(control_group)
{
    char quota[16];
    long period;

    CHECK(slurp("/sys/fs/cgroup/cgroup.controllers") > -2);
    if (access("/sys/fs/cgroup/memory.max", R_OK) != 0)
        return;
    CHECK(slurp("/sys/fs/cgroup/memory.max") > 0);
    CHECK(slurp("/sys/fs/cgroup/cpu.max") > 0);
    CHECK_EQ(sscanf(text, "%15s %ld", quota, &period), 2);
    CHECK(slurp("/sys/fs/cgroup/memory.current") > 0 && atol(text) > 0);
    CHECK(slurp("/sys/fs/cgroup/cgroup.procs") > 0);
    CHECK(slurp("/sys/fs/cgroup/cpu.stat") > 0);
    CHECK(figure("usage_usec ") >= 0);
}
