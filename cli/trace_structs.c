/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_structs.c - see trace_show.h: structures of fixed length. */
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>

#include "cli/trace_show.h"

#define AT(type, member) offsetof(type, member)
#define MORE              \
    {                     \
        "...", 0, 0, NULL \
    }

static const struct trace_member timespec[] = {
    { "tv_sec", 0, 8, "ld" },
    { "tv_nsec", 8, 8, "lu" },
    { 0 },
};
static const struct trace_member timeval[] = {
    { "tv_sec", 0, 8, "ld" },
    { "tv_usec", 8, 8, "ld" },
    { 0 },
};
static const struct trace_member itimerspec[] = {
    { "it_interval", 0, 0, "timespec" },
    { "it_value", 16, 0, "timespec" },
    { 0 },
};
static const struct trace_member itimerval[] = {
    { "it_interval", 0, 0, "timeval" },
    { "it_value", 16, 0, "timeval" },
    { 0 },
};
static const struct trace_member utimbuf[] = {
    { "actime", 0, 8, "ld" },
    { "modtime", 8, 8, "ld" },
    { 0 },
};
static const struct trace_member rlimit[] = {
    { "rlim_cur", 0, 8, "rlim" },
    { "rlim_max", 8, 8, "rlim" },
    { 0 },
};
static const struct trace_member rusage[] = {
    { "ru_utime", 0, 0, "timeval" },
    { "ru_stime", 16, 0, "timeval" },
    MORE,
    { 0 },
};
static const struct trace_member tms[] = {
    { "tms_utime", 0, 8, "ticks" },
    { "tms_stime", 8, 8, "ticks" },
    { "tms_cutime", 16, 8, "ld" },
    { "tms_cstime", 24, 8, "ld" },
    { 0 },
};
static const struct trace_member stat_file[] = {
    { "st_mode", AT(struct stat, st_mode), 4, "file_mode" },
    { "st_size", AT(struct stat, st_size), 8, "ld" },
    MORE,
    { 0 },
};
static const struct trace_member stat_device[] = {
    { "st_mode", AT(struct stat, st_mode), 4, "file_mode" },
    { "st_rdev", AT(struct stat, st_rdev), 8, "device" },
    MORE,
    { 0 },
};
static const struct trace_member statx_file[] = {
    { "stx_mask", 0, 4, "statx_mask" },
    { "stx_attributes", 8, 8, "statx_attributes" },
    { "stx_mode", 28, 2, "file_mode" },
    { "stx_size", 40, 8, "lu" },
    MORE,
    { 0 },
};
static const struct trace_member statfs_members[] = {
    { "f_type", 0, 8, "fs_types" },   { "f_bsize", 8, 8, "lu" },
    { "f_blocks", 16, 8, "lu" },      { "f_bfree", 24, 8, "lu" },
    { "f_bavail", 32, 8, "lu" },      { "f_files", 40, 8, "lu" },
    { "f_ffree", 48, 8, "lu" },       { "f_fsid", 56, 0, "fsid" },
    { "f_namelen", 64, 8, "lu" },     { "f_frsize", 72, 8, "lu" },
    { "f_flags", 80, 8, "fs_flags" }, { 0 },
};
static const struct trace_member utsname[] = {
    { "sysname", AT(struct utsname, sysname), 0, "string" },
    { "nodename", AT(struct utsname, nodename), 0, "string" },
    MORE,
    { 0 },
};
static const struct trace_member sysinfo_members[] = {
    { "uptime", AT(struct sysinfo, uptime), 8, "ld" },
    { "loads", AT(struct sysinfo, loads), 0, "three" },
    { "totalram", AT(struct sysinfo, totalram), 8, "lu" },
    { "freeram", AT(struct sysinfo, freeram), 8, "lu" },
    { "sharedram", AT(struct sysinfo, sharedram), 8, "lu" },
    { "bufferram", AT(struct sysinfo, bufferram), 8, "lu" },
    { "totalswap", AT(struct sysinfo, totalswap), 8, "lu" },
    { "freeswap", AT(struct sysinfo, freeswap), 8, "lu" },
    { "procs", AT(struct sysinfo, procs), 2, "u" },
    { "totalhigh", AT(struct sysinfo, totalhigh), 8, "lu" },
    { "freehigh", AT(struct sysinfo, freehigh), 8, "lu" },
    { "mem_unit", AT(struct sysinfo, mem_unit), 4, "u" },
    { 0 },
};
static const struct trace_member sched_param[] = {
    { "sched_priority", 0, 4, "d" },
    { 0 },
};
static const struct trace_member sembuf[] = {
    { "sem_num", 0, 2, "u" },
    { "sem_op", 2, 2, "short" },
    { "sem_flg", 4, 2, "ipc_flags" },
    { 0 },
};
static const struct trace_member mq_attr[] = {
    { "mq_flags", 0, 8, "open_flags" },
    { "mq_maxmsg", 8, 8, "ld" },
    { "mq_msgsize", 16, 8, "ld" },
    { "mq_curmsgs", 24, 8, "ld" },
    { 0 },
};
static const struct trace_member sigevent_members[] = {
    { "sigev_value", 0, 0, "sigval" },
    { "sigev_signo", 8, 4, "signo" },
    { "sigev_notify", 12, 4, "notifies" },
    { 0 },
};
static const struct trace_member sigaction_members[] = {
    { "sa_handler", 0, 8, "handler" },
    { "sa_mask", 24, 0, "sigset" },
    { "sa_flags", 8, 8, "action_flags" },
    { "sa_restorer", 16, 8, "p" },
    { 0 },
};
static const struct trace_member sigaction_plain[] = {
    { "sa_handler", 0, 8, "handler" },
    { "sa_mask", 24, 0, "sigset" },
    { "sa_flags", 8, 8, "action_flags" },
    { 0 },
};
static const struct trace_member stack_members[] = {
    { "ss_sp", 0, 8, "p" },
    { "ss_flags", 8, 4, "stack_flags" },
    { "ss_size", 16, 8, "lu" },
    { 0 },
};
static const struct trace_member cap_header[] = {
    { "version", 0, 4, "cap_versions" },
    { "pid", 4, 4, "d" },
    { 0 },
};
static const struct trace_flag cap_versions[] = {
    { 0x19980330, UINT64_MAX, "_LINUX_CAPABILITY_VERSION_1" },
    { 0x20071026, UINT64_MAX, "_LINUX_CAPABILITY_VERSION_2" },
    { 0x20080522, UINT64_MAX, "_LINUX_CAPABILITY_VERSION_3" },
    TRACE_FLAGS_END("_LINUX_CAPABILITY_VERSION_???"),
};
static const struct trace_member open_how[] = {
    { "flags", 0, 8, "open_flags" },
    { "mode", 8, 8, "o" },
    { "resolve", 16, 8, "x" },
    { 0 },
};

static const struct trace_flag fs_types[] = {
    { 0xe0f5e1e2, UINT64_MAX, "EROFS_SUPER_MAGIC_V1" },
    { 0x01021994, UINT64_MAX, "TMPFS_MAGIC" },
    { 0x9fa0, UINT64_MAX, "PROC_SUPER_MAGIC" },
    { 0x62656572, UINT64_MAX, "SYSFS_MAGIC" },
    { 0x794c7630, UINT64_MAX, "OVERLAYFS_SUPER_MAGIC" },
    { 0xef53, UINT64_MAX, "EXT2_SUPER_MAGIC" },
    TRACE_FLAGS_END(NULL),
};

/* ---- members that are more than a number ---- */

static void show_rlim(const struct trace_view *v, const struct trace_type *t,
                      uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    if (value == UINT64_MAX)
        fputs("RLIM64_INFINITY", v->to);
    else if (value > 1024 && value % 1024 == 0)
        fprintf(v->to, "%llu*1024", (unsigned long long)(value / 1024));
    else
        fprintf(v->to, "%llu", (unsigned long long)value);
}

static const struct trace_flag mode_bits[] = {
    TRACE_FLAG(S_ISUID),
    TRACE_FLAG(S_ISGID),
    TRACE_FLAG(S_ISVTX),
    TRACE_FLAGS_END(NULL),
};

static void show_file_mode(const struct trace_view *v,
                           const struct trace_type *t, uint64_t value,
                           unsigned arg)
{
    (void)t;
    (void)arg;
    if (value & S_IFMT) {
        trace_show(v, "file_types", value & S_IFMT);
        fputc('|', v->to);
    }
    if (value & ~(uint64_t)(S_IFMT | 0777))
        trace_show_names(v->to, mode_bits, value & ~(uint64_t)(S_IFMT | 0777));
    if (value & ~(uint64_t)(S_IFMT | 0777))
        fputc('|', v->to);
    fprintf(v->to, "%#03o", (uint32_t)(value & 0777));
}

static void show_ticks(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    trace_show_long(v, t, value, arg);
    if (value != 0)
        fprintf(v->to, " /* %.2f s */", (double)value / 100);
}

static void show_device(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    fprintf(v->to, "makedev(%#x, %#x)", gnu_dev_major(value),
            gnu_dev_minor(value));
}

static void show_stat(const struct trace_view *v, const struct trace_type *t,
                      uint64_t value, unsigned arg)
{
    uint32_t mode;

    if (!trace_read(v, value + AT(struct stat, st_mode), &mode, sizeof(mode)))
        trace_show_pointer(v, t, value, arg);
    else if ((mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK)
        trace_show_members(v, stat_device, value);
    else
        trace_show_members(v, stat_file, value);
}

static void show_three(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    uint64_t n[3] = { 0 };

    (void)t;
    (void)arg;
    (void)trace_read(v, value, n, sizeof(n));
    fprintf(v->to, "[%llu, %llu, %llu]", (unsigned long long)n[0],
            (unsigned long long)n[1], (unsigned long long)n[2]);
}

static void show_fsid(const struct trace_view *v, const struct trace_type *t,
                      uint64_t value, unsigned arg)
{
    uint32_t n[2] = { 0 };

    (void)t;
    (void)arg;
    (void)trace_read(v, value, n, sizeof(n));
    fprintf(v->to, "{val=[%#x, %#x]}", n[0], n[1]);
}

static void show_sigval(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    uint64_t n = 0;

    (void)t;
    (void)arg;
    (void)trace_read(v, value, &n, sizeof(n));
    fprintf(v->to, "{sival_int=%d, sival_ptr=%#llx}", (int32_t)n,
            (unsigned long long)n);
}

static void show_short(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    fprintf(v->to, "%d", (int16_t)value);
}

static void show_handler(const struct trace_view *v, const struct trace_type *t,
                         uint64_t value, unsigned arg)
{
    if (value <= 1)
        fputs(value ? "SIG_IGN" : "SIG_DFL", v->to);
    else
        trace_show_pointer(v, t, value, arg);
}

static void show_sigaction(const struct trace_view *v,
                           const struct trace_type *t, uint64_t value,
                           unsigned arg)
{
    uint64_t flags;

    if (!trace_read(v, value + 8, &flags, sizeof(flags)))
        trace_show_pointer(v, t, value, arg);
    else
        trace_show_members(
            v, flags & 0x4000000 ? sigaction_members : sigaction_plain, value);
}

/* What is left of a sleep, if a signal came before its end. */
static void show_remain(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    struct trace_view failed = *v;

    failed.even_failed = true;
    if (v->e->result < 0)
        trace_show_struct(&failed, t, value, arg);
    else
        trace_show_pointer(v, t, value, arg);
}

/* As a date, for people. */
static void show_date(FILE *to, int64_t seconds, int64_t ns)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    char day[32], zone[8];

    if (!localtime_r(&t, &tm) || (seconds == 0 && ns == 0))
        return;
    strftime(day, sizeof(day), "%FT%T", &tm);
    strftime(zone, sizeof(zone), "%z", &tm);
    if (ns != 0)
        fprintf(to, " /* %s.%09lld%s */", day, (long long)ns, zone);
    else
        fprintf(to, " /* %s%s */", day, zone);
}

/* Two of utimensat()'s, which may be words. */
static void show_times(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    int64_t at[2][2];
    unsigned i;

    if (!trace_read(v, value, at, sizeof(at))) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    for (i = 0; i < 2; i++) {
        fputs(i > 0 ? ", " : "[", v->to);
        if (at[i][1] == UTIME_NOW || at[i][1] == UTIME_OMIT)
            fputs(at[i][1] == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT", v->to);
        else {
            trace_show(v, "timespec", value + 16 * i);
            show_date(v->to, at[i][0], at[i][1]);
        }
    }
    fputc(']', v->to);
}

static void show_timevals(const struct trace_view *v,
                          const struct trace_type *t, uint64_t value,
                          unsigned arg)
{
    size_t have;

    if (!trace_find(v, value, &have) || have < 32) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    fputc('[', v->to);
    trace_show(v, "timeval", value);
    fputs(", ", v->to);
    trace_show(v, "timeval", value + 16);
    fputc(']', v->to);
}

/* Of version 3: effective, permitted, inheritable, the lower halves, then the
 * upper ones. */
static void show_caps(const struct trace_view *v, const struct trace_type *t,
                      uint64_t value, unsigned arg)
{
    static const char *const sets[] = { "{effective=", ", permitted=",
                                        ", inheritable=" };
    static const char *const names[] = {
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "KILL",
        "SETGID",
        "SETUID",
        "SETPCAP",
        "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_ADMIN",
        "NET_RAW",
        "IPC_LOCK",
        "IPC_OWNER",
        "SYS_MODULE",
        "SYS_RAWIO",
        "SYS_CHROOT",
        "SYS_PTRACE",
        "SYS_PACCT",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_NICE",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "MKNOD",
        "LEASE",
        "AUDIT_WRITE",
        "AUDIT_CONTROL",
        "SETFCAP",
        "MAC_OVERRIDE",
        "MAC_ADMIN",
        "SYSLOG",
        "WAKE_ALARM",
        "BLOCK_SUSPEND",
        "AUDIT_READ",
        "PERFMON",
        "BPF",
        "CHECKPOINT_RESTORE",
    };
    uint32_t half[6];
    unsigned i, k;

    if (value == 0 || !trace_read(v, value, half, sizeof(half))) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    for (i = 0; i < 3; i++) {
        uint64_t set = half[i] | (uint64_t)half[i + 3] << 32;
        const char *between = "";

        fprintf(v->to, set ? "%s" : "%s0", sets[i]);
        for (k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            if (!(set >> k & 1))
                continue;
            fprintf(v->to, "%s1<<CAP_%s", between, names[k]);
            between = "|";
        }
    }
    fputc('}', v->to);
}

/* As many structures as the next argument says. */
static void show_sembufs(const struct trace_view *v, const struct trace_type *t,
                         uint64_t value, unsigned arg)
{
    uint64_t count = arg + 1 < TRACE_ARG_MAX ? v->e->arg[arg + 1] : 0;
    size_t have;
    uint64_t i;

    if (!trace_find(v, value, &have)) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    for (i = 0; i < count && 6 * (i + 1) <= have; i++) {
        fputs(i > 0 ? ", " : "[", v->to);
        trace_show_members(v, sembuf, value + 6 * i);
    }
    fputs(i < count ? ", ...]" : "]", v->to);
}

static const struct trace_op sembufs_in[] = {
    { TRACE_AT_BEGIN | TRACE_LAST, 0, 1, TRACE_BYTES, 6, 16 },
};
static const struct trace_flag notifies[] = {
    { 0, UINT64_MAX, "SIGEV_SIGNAL" }, { 1, UINT64_MAX, "SIGEV_NONE" },
    { 2, UINT64_MAX, "SIGEV_THREAD" }, { 4, UINT64_MAX, "SIGEV_THREAD_ID" },
    TRACE_FLAGS_END("SIGEV_???"),
};
static const struct trace_flag statx_attributes[] = {
    { 0x2000, 0x2000, "STATX_ATTR_MOUNT_ROOT" },
    TRACE_FLAGS_END("STATX_ATTR_???"),
};
static const struct trace_flag fs_flags[] = {
    { 0x20, 0x20, "ST_VALID" },
    { 1, 1, "ST_RDONLY" },
    { 2, 2, "ST_NOSUID" },
    { 4, 4, "ST_NODEV" },
    { 8, 8, "ST_NOEXEC" },
    { 0x400, 0x400, "ST_NOATIME" },
    { 0x800, 0x800, "ST_NODIRATIME" },
    { 0x1000, 0x1000, "ST_RELATIME" },
    TRACE_FLAGS_END("ST_???"),
};

#define IN(name, members, len)                                      \
    {                                                               \
        name, trace_show_struct, members, len, TRACE_AT_BEGIN, NULL \
    }
#define OUT(name, members, len)                                       \
    {                                                                 \
        name ">", trace_show_struct, members, len, TRACE_AT_END, NULL \
    }

const struct trace_type trace_types_structs[] = {
    IN("timespec", timespec, 16),
    OUT("timespec", timespec, 16),
    IN("timeval", timeval, 16),
    OUT("timeval", timeval, 16),
    IN("itimerspec", itimerspec, 32),
    OUT("itimerspec", itimerspec, 32),
    IN("itimerval", itimerval, 32),
    OUT("itimerval", itimerval, 32),
    IN("utimbuf", utimbuf, 16),
    IN("rlimit", rlimit, 16),
    OUT("rlimit", rlimit, 16),
    OUT("rusage", rusage, 32),
    OUT("tms", tms, 32),
    OUT("statfs", statfs_members, 88),
    OUT("statx", statx_file, 56),
    OUT("utsname", utsname, 130),
    OUT("sysinfo", sysinfo_members, AT(struct sysinfo, mem_unit) + 4),
    IN("sched_param", sched_param, 4),
    OUT("sched_param", sched_param, 4),
    IN("mq_attr", mq_attr, 32),
    OUT("mq_attr", mq_attr, 32),
    IN("sigevent", sigevent_members, 16),
    IN("stack", stack_members, 24),
    OUT("stack", stack_members, 24),
    IN("cap_header", cap_header, 8),
    { "cap_versions", trace_show_flags, cap_versions, 0, 0, NULL },
    { "caps", show_caps, NULL, 24, TRACE_AT_BEGIN, NULL },
    { "caps>", show_caps, NULL, 24, TRACE_AT_END, NULL },
    IN("open_how", open_how, 24),
    { "remain>", show_remain, timespec, 16, TRACE_AT_END, NULL },
    { "sigaction", show_sigaction, NULL, 32, TRACE_AT_BEGIN, NULL },
    { "sigaction>", show_sigaction, NULL, 32, TRACE_AT_END, NULL },
    { "stat>", show_stat, NULL, 64, TRACE_AT_END, NULL },
    { "times", show_times, NULL, 32, TRACE_AT_BEGIN, NULL },
    { "timevals", show_timevals, NULL, 32, TRACE_AT_BEGIN, NULL },
    { "sembufs", show_sembufs, NULL, 0, TRACE_AT_BEGIN, sembufs_in },
    { .name = "rlim", .show = show_rlim },
    { .name = "file_mode", .show = show_file_mode },
    { .name = "ticks", .show = show_ticks },
    { .name = "device", .show = show_device },
    { .name = "three", .show = show_three },
    { .name = "fsid", .show = show_fsid },
    { .name = "sigval", .show = show_sigval },
    { .name = "short", .show = show_short },
    { .name = "handler", .show = show_handler },
    { "fs_types", trace_show_flags64, fs_types, 0, 0, NULL },
    { "fs_flags", trace_show_flags64, fs_flags, 0, 0, NULL },
    { "notifies", trace_show_flags, notifies, 0, 0, NULL },
    { "statx_attributes", trace_show_flags64, statx_attributes, 0, 0, NULL },
    { 0 },
};
