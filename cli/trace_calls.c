/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_calls.c - see trace_calls.h: the table of calls. */
#include "cli/trace_calls.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLAG(name)  \
    {               \
        name, #name \
    }
#define FLAGS_END \
    {             \
        0, NULL   \
    }

static const struct trace_flag open_flags[] = {
    FLAG(O_WRONLY),    FLAG(O_RDWR),      FLAG(O_CREAT),   FLAG(O_EXCL),
    FLAG(O_NOCTTY),    FLAG(O_TRUNC),     FLAG(O_APPEND),  FLAG(O_NONBLOCK),
    FLAG(O_DIRECTORY), FLAG(O_NOFOLLOW),  FLAG(O_CLOEXEC), FLAG(O_PATH),
    FLAG(O_DSYNC),     { 0, "O_RDONLY" }, FLAGS_END,
};
static const struct trace_flag access_flags[] = {
    FLAG(R_OK), FLAG(W_OK), FLAG(X_OK), { F_OK, "F_OK" }, FLAGS_END,
};
static const struct trace_flag arch_values[] = {
    { 0x1001, "ARCH_SET_GS" },
    { 0x1002, "ARCH_SET_FS" },
    { 0x1003, "ARCH_GET_FS" },
    { 0x1004, "ARCH_GET_GS" },
    FLAGS_END,
};
static const struct trace_flag prot_flags[] = {
    FLAG(PROT_READ),    FLAG(PROT_WRITE), FLAG(PROT_EXEC),
    { 0, "PROT_NONE" }, FLAGS_END,
};
static const struct trace_flag map_flags[] = {
    FLAG(MAP_SHARED),    FLAG(MAP_PRIVATE),   FLAG(MAP_FIXED),
    FLAG(MAP_ANONYMOUS), FLAG(MAP_GROWSDOWN), FLAG(MAP_LOCKED),
    FLAG(MAP_NORESERVE), FLAG(MAP_POPULATE),  FLAG(MAP_STACK),
    FLAG(MAP_HUGETLB),   FLAG(MAP_DENYWRITE), FLAGS_END,
};
static const struct trace_flag at_flags[] = {
    FLAG(AT_SYMLINK_NOFOLLOW), FLAG(AT_REMOVEDIR), FLAG(AT_SYMLINK_FOLLOW),
    FLAG(AT_EMPTY_PATH),       FLAGS_END,
};
static const struct trace_flag fd_flags[] = {
    FLAG(O_CLOEXEC),
    FLAG(O_NONBLOCK),
    FLAG(O_DIRECT),
    FLAGS_END,
};
static const struct trace_flag msg_flags[] = {
    FLAG(MSG_OOB),     FLAG(MSG_PEEK),       FLAG(MSG_DONTROUTE),
    FLAG(MSG_CTRUNC),  FLAG(MSG_TRUNC),      FLAG(MSG_DONTWAIT),
    FLAG(MSG_WAITALL), FLAG(MSG_CONFIRM),    FLAG(MSG_NOSIGNAL),
    FLAG(MSG_MORE),    FLAG(MSG_WAITFORONE), FLAG(MSG_CMSG_CLOEXEC),
    FLAGS_END,
};

/* Values, not bits: an entry matches whole. */
static const struct trace_flag whence_values[] = {
    { SEEK_SET, "SEEK_SET" },   { SEEK_CUR, "SEEK_CUR" },
    { SEEK_END, "SEEK_END" },   { SEEK_DATA, "SEEK_DATA" },
    { SEEK_HOLE, "SEEK_HOLE" }, FLAGS_END,
};
static const struct trace_flag family_values[] = {
    FLAG(AF_UNIX),    FLAG(AF_INET),   FLAG(AF_INET6),
    FLAG(AF_NETLINK), FLAG(AF_PACKET), FLAGS_END,
};
static const struct trace_flag epoll_values[] = {
    FLAG(EPOLL_CTL_ADD),
    FLAG(EPOLL_CTL_DEL),
    FLAG(EPOLL_CTL_MOD),
    FLAGS_END,
};
static const struct trace_flag how_values[] = {
    { SHUT_RD, "SHUT_RD" },
    { SHUT_WR, "SHUT_WR" },
    { SHUT_RDWR, "SHUT_RDWR" },
    FLAGS_END,
};
static const struct trace_flag fcntl_values[] = {
    { F_DUPFD, "F_DUPFD" }, FLAG(F_GETFD),      FLAG(F_SETFD),
    FLAG(F_GETFL),          FLAG(F_SETFL),      FLAG(F_GETLK),
    FLAG(F_SETLK),          FLAG(F_SETLKW),     FLAG(F_DUPFD_CLOEXEC),
    FLAG(F_GETPIPE_SZ),     FLAG(F_SETPIPE_SZ), FLAG(F_ADD_SEALS),
    FLAG(F_GET_SEALS),      FLAGS_END,
};
static const struct trace_flag futex_values[] = {
    { FUTEX_WAIT, "FUTEX_WAIT" },
    FLAG(FUTEX_WAKE),
    FLAG(FUTEX_REQUEUE),
    FLAG(FUTEX_CMP_REQUEUE),
    FLAG(FUTEX_WAIT_PRIVATE),
    FLAG(FUTEX_WAKE_PRIVATE),
    FLAG(FUTEX_REQUEUE_PRIVATE),
    FLAG(FUTEX_CMP_REQUEUE_PRIVATE),
    FLAG(FUTEX_LOCK_PI_PRIVATE),
    FLAG(FUTEX_UNLOCK_PI_PRIVATE),
    { FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME,
      "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME" },
    FLAG(FUTEX_WAIT_BITSET_PRIVATE),
    FLAG(FUTEX_WAKE_BITSET_PRIVATE),
    FLAGS_END,
};
static const struct trace_flag clock_values[] = {
    { 0, "CLOCK_REALTIME" },           { 1, "CLOCK_MONOTONIC" },
    { 2, "CLOCK_PROCESS_CPUTIME_ID" }, { 3, "CLOCK_THREAD_CPUTIME_ID" },
    { 7, "CLOCK_BOOTTIME" },           FLAGS_END,
};
static const struct trace_flag advice_values[] = {
    { 0, "MADV_NORMAL" },    { 3, "MADV_WILLNEED" },
    { 4, "MADV_DONTNEED" },  { 8, "MADV_FREE" },
    { 14, "MADV_HUGEPAGE" }, { 15, "MADV_NOHUGEPAGE" },
    { 16, "MADV_DONTDUMP" }, FLAGS_END,
};

/* What an argument's name says, whatever the call: `*` ends a prefix. */
static const struct {
    const char *call, *arg;
    enum trace_type type;
    const struct trace_flag *flags;
} rules[] = {
    { "open", "flags", TRACE_FLAGS, open_flags },
    { "openat", "flags", TRACE_FLAGS, open_flags },
    { "mmap", "flags", TRACE_FLAGS, map_flags },
    { "mmap", "off*", TRACE_OFFSET, NULL },
    { "open", "mode", TRACE_OPEN_MODE, NULL },
    { "openat", "mode", TRACE_OPEN_MODE, NULL },
    { "access", "mode", TRACE_FLAGS, access_flags },
    { "faccessat*", "mode", TRACE_FLAGS, access_flags },
    { "arch_prctl", "code", TRACE_FLAGS, arch_values },
    { "stat", "buf", TRACE_STAT, NULL },
    { "fstat", "buf", TRACE_STAT, NULL },
    { "lstat", "buf", TRACE_STAT, NULL },
    { "newfstatat", "buf", TRACE_STAT, NULL },
    { "accept4", "flags", TRACE_FLAGS, fd_flags },
    { "pipe2", "flags", TRACE_FLAGS, fd_flags },
    { "dup3", "flags", TRACE_FLAGS, fd_flags },
    { "eventfd2", "flags", TRACE_FLAGS, fd_flags },
    { "epoll_create1", "flags", TRACE_FLAGS, fd_flags },
    { "timerfd_create", "flags", TRACE_FLAGS, fd_flags },
    { "inotify_init1", "flags", TRACE_FLAGS, fd_flags },
    { "sendto", "flags", TRACE_FLAGS, msg_flags },
    { "recvfrom", "flags", TRACE_FLAGS, msg_flags },
    { "sendm*", "flags", TRACE_FLAGS, msg_flags },
    { "recvm*", "flags", TRACE_FLAGS, msg_flags },
    { "newfstatat", "flags", TRACE_FLAGS, at_flags },
    { "statx", "flags", TRACE_FLAGS, at_flags },
    { "unlinkat", "flags", TRACE_FLAGS, at_flags },
    { "linkat", "flags", TRACE_FLAGS, at_flags },
    { "fchownat", "flags", TRACE_FLAGS, at_flags },
    { "lseek", "whence", TRACE_FLAGS, whence_values },
    { "epoll_ctl", "op", TRACE_FLAGS, epoll_values },
    { "epoll_ctl", "event", TRACE_EPOLL, NULL },
    { "epoll_*", "events", TRACE_EPOLL, NULL },
    { "fcntl", "cmd", TRACE_FLAGS, fcntl_values },
    { "futex", "op", TRACE_FLAGS, futex_values },
    { "shutdown", "how", TRACE_FLAGS, how_values },
    { "madvise", "advice", TRACE_FLAGS, advice_values },
    { "poll", "fds", TRACE_POLL, NULL },
    { "ppoll", "fds", TRACE_POLL, NULL },
    { "pipe*", "fds", TRACE_FD_PAIR, NULL },
    { "socketpair", "fds", TRACE_FD_PAIR, NULL },
    { "bind", "addr", TRACE_SOCKADDR, NULL },
    { "connect", "addr", TRACE_SOCKADDR, NULL },
    { "accept*", "addr", TRACE_SOCKADDR, NULL },
    { "get*name", "addr", TRACE_SOCKADDR, NULL },
    { "sendto", "addr", TRACE_SOCKADDR, NULL },
    { "recvfrom", "addr", TRACE_SOCKADDR, NULL },
    { "socket*", "family", TRACE_FLAGS, family_values },
    { "read", "buf", TRACE_BYTES, NULL },
    { "pread64", "buf", TRACE_BYTES, NULL },
    { "write", "buf", TRACE_BYTES, NULL },
    { "pwrite64", "buf", TRACE_BYTES, NULL },
    { "sendto", "buf", TRACE_BYTES, NULL },
    { "recvfrom", "buf", TRACE_BYTES, NULL },
    { "getcwd", "buf", TRACE_TEXT, NULL },
    { "readlink*", "buf", TRACE_BYTES, NULL },
    { "getrandom", "buf", TRACE_BYTES, NULL },
    { "clock_gettime", "out", TRACE_TIME, NULL },
    { "nanosleep", "req", TRACE_TIME, NULL },
    { "clock_nanosleep", "req", TRACE_TIME, NULL },
    { "poll", "timeout*", TRACE_INT, NULL },
    { "epoll_wait", "timeout*", TRACE_INT, NULL },
    { "epoll_pwait", "timeout*", TRACE_INT, NULL },
    { "*", "*prot", TRACE_FLAGS, prot_flags },
    { "*", "clock", TRACE_FLAGS, clock_values },
    { "*", "*dirfd", TRACE_DIRFD, NULL },
    { "*", "*path", TRACE_TEXT, NULL },
    { "*", "name", TRACE_TEXT, NULL },
    { "*", "mode", TRACE_MODE, NULL },
    { "*", "timeout", TRACE_TIME, NULL },
};

/* Calls that write what these types show; all others read it. */
static const char *const writers[] = {
    "read",        "pread64",      "recvfrom",      "getrandom",   "getcwd",
    "readlink",    "readlinkat",   "pipe",          "pipe2",       "socketpair",
    "accept",      "accept4",      "getsockname",   "getpeername", "epoll_wait",
    "epoll_pwait", "epoll_pwait2", "clock_gettime", "poll",        "ppoll",
    NULL,
};

static const struct {
    const char *kind;
    const char *calls[24];
} kinds[] = {
    { "desc", { "read",     "write",     "close", "fcntl", "ioctl",  "dup",
                "dup2",     "dup3",      "poll",  "ppoll", "select", "epoll_*",
                "eventfd*", "timerfd_*", "pipe*", "readv", "writev", "pread*",
                "pwrite*",  "fstat",     "lseek", NULL } },
    { "network",
      { "socket*", "bind", "connect", "listen", "accept*", "send*", "recv*",
        "shutdown", "getsock*", "getpeername", "setsockopt", NULL } },
    { "memory",
      { "mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "mlock*",
        "munlock*", "mincore", "msync", "pkey_*", NULL } },
    { "signal",
      { "rt_sig*", "kill", "tkill", "tgkill", "sigaltstack", "signalfd*",
        "pause", NULL } },
    { "process",
      { "clone*", "fork", "vfork", "exec*", "exit*", "wait*", NULL } },
    { "ipc", { "shm*", "sem*", "msg*", "mq_*", NULL } },
};

/* ---- the table, made at the first question ---- */

static const struct {
    unsigned number;
    const char *name;
    const char *args;
} source[] = {
#define SYSCALL(number, name, args, status, note) { number, #name, #args },
#define SYSCALL_REGS                              SYSCALL
#include "syscall/table.def"
};

static struct trace_call table[TRACE_CALL_MAX];

/* Patterns have one `*`, at the beginning, at the end, or inside. */
static bool match(const char *pattern, const char *name, size_t len)
{
    const char *star = strchr(pattern, '*');
    size_t before = star ? (size_t)(star - pattern) : strlen(pattern);
    size_t after = star ? strlen(star + 1) : 0;

    if (!star)
        return len == before && memcmp(pattern, name, len) == 0;
    return len >= before + after && memcmp(pattern, name, before) == 0 &&
           memcmp(star + 1, name + len - after, after) == 0;
}

static enum trace_type type_of(const char *text, size_t len)
{
    if (len >= 7 && memcmp(text, "uaddr_t", 7) == 0)
        return TRACE_POINTER;
    if (len >= 4 && memcmp(text, "int ", 4) == 0)
        return TRACE_INT;
    if ((len >= 9 && memcmp(text, "unsigned ", 9) == 0 &&
         memcmp(text, "unsigned long", len < 13 ? len : 13) != 0) ||
        (len >= 9 && memcmp(text, "uint32_t ", 9) == 0))
        return TRACE_UNSIGNED;
    return TRACE_LONG;
}

static struct trace_arg arg_make(const char *call, const char *text, size_t len)
{
    struct trace_arg arg = { type_of(text, len), NULL };
    size_t name_len = 0;
    size_t i;

    while (name_len < len && text[len - name_len - 1] != ' ')
        name_len++;
    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        bool shows_memory =
            rules[i].type >= TRACE_TEXT && rules[i].type <= TRACE_EPOLL;

        if (!match(rules[i].call, call, strlen(call)) ||
            !match(rules[i].arg, text + len - name_len, name_len) ||
            shows_memory != (arg.type == TRACE_POINTER))
            continue;
        arg = (struct trace_arg){ rules[i].type, rules[i].flags };
        break;
    }
    return arg;
}

static bool is_writer(const char *name)
{
    size_t i;

    for (i = 0; writers[i]; i++)
        if (strcmp(writers[i], name) == 0)
            return true;
    return false;
}

static const char *kind_of(const struct trace_call *call)
{
    size_t i, k;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        for (k = 0; kinds[i].calls[k]; k++)
            if (match(kinds[i].calls[k], call->name, strlen(call->name)))
                return kinds[i].kind;
    for (i = 0; i < call->arg_count; i++)
        if (call->arg[i].type == TRACE_TEXT)
            return "file";
    return "";
}

static void call_make(struct trace_call *call, const char *name,
                      const char *args)
{
    const char *at = args + 1; /* behind "(" */

    call->name = name;
    while (strncmp(at, "void", 4) != 0 && call->arg_count < TRACE_ARG_MAX) {
        size_t len = strcspn(at, ",)");

        call->arg[call->arg_count] = arg_make(name, at, len);
        call->arg_count++;
        at += len;
        if (*at != ',')
            break;
        at += 1 + strspn(at + 1, " ");
    }
    for (unsigned i = 0; i < call->arg_count; i++)
        if (call->arg[i].type >= TRACE_TEXT && call->arg[i].type <= TRACE_EPOLL)
            call->capture |=
                (uint16_t)(is_writer(name) || call->arg[i].type == TRACE_STAT
                               ? TRACE_OUT(i)
                               : TRACE_IN(i));
    call->kind = kind_of(call);
}

static void table_make(void)
{
    size_t i;

    for (i = 0; i < sizeof(source) / sizeof(source[0]); i++)
        if (source[i].number < TRACE_CALL_MAX)
            call_make(&table[source[i].number], source[i].name, source[i].args);
}

const struct trace_call *trace_call_get(unsigned number)
{
    if (!table[0].name)
        table_make();
    if (number >= TRACE_CALL_MAX || !table[number].name)
        return NULL;
    return &table[number];
}

bool trace_call_returns(const struct trace_call *call)
{
    return strcmp(call->name, "exit_group") != 0 &&
           strcmp(call->name, "exit") != 0;
}
