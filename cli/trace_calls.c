/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_calls.c - see trace_calls.h: what each call's arguments are. */
#include "cli/trace_calls.h"

#include <stdlib.h>
#include <string.h>

#include "cli/trace_show.h"

/* The types of arguments, for calls of which table.def does not say enough: its
 * own are numbers and addresses. A name behind which stands ">" is shown when
 * the call is over. */
static const struct {
    const char *call, *types;
} signatures[] = {
    { "read", "d data> lu" },
    { "write", "d data lu" },
    { "open", "path open_flags o" },
    { "stat", "path stat>" },
    { "fstat", "d stat>" },
    { "lstat", "path stat>" },
    { "poll", "pollfds u d" },
    { "lseek", "d ld whence" },
    { "mmap", "p lu prot_flags map_flags d x" },
    { "mprotect", "p lu prot_flags" },
    { "rt_sigaction", "signo sigaction sigaction> lu" },
    { "rt_sigprocmask", "mask_hows sigset sigset> lu" },
    { "rt_sigreturn", "frame" },
    { "ioctl", "d request request_arg" },
    { "pread64", "d data> lu ld" },
    { "pwrite64", "d data lu ld" },
    { "readv", "d vector> d" },
    { "writev", "d vector d" },
    { "access", "path access_modes" },
    { "pipe", "pair>" },
    { "select", "d fdset fdset fdset wait_timeval" },
    { "mremap", "p lu lu mremap_flags p" },
    { "msync", "p lu msync_flags" },
    { "mincore", "p lu resident>" },
    { "madvise", "p lu advice" },
    { "shmget", "x lu ipc_flags" },
    { "shmat", "d p shmat_flags" },
    { "shmctl", "d ipc_commands p" },
    { "nanosleep", "timespec remain>" },
    { "getitimer", "itimers itimerval>" },
    { "setitimer", "itimers itimerval itimerval>" },
    { "sendfile", "d d offset* lu" },
    { "socket", "families socket_types protocol" },
    { "connect", "d address d" },
    { "accept", "d address> socklen>" },
    { "sendto", "d data lu message_flags address d" },
    { "recvfrom", "d data> lu message_flags address> socklen>" },
    { "sendmsg", "d message message_flags" },
    { "recvmsg", "d message> message_flags" },
    { "shutdown", "d shut_hows" },
    { "bind", "d address d" },
    { "getsockname", "d address> socklen>" },
    { "getpeername", "d address> socklen>" },
    { "socketpair", "families socket_types protocol pair>" },
    { "setsockopt", "d levels option value d" },
    { "getsockopt", "d levels option value> socklen>" },
    { "clone", "clone" },
    { "execve", "path p p" },
    { "wait4", "d status> wait_options rusage>" },
    { "kill", "d signo" },
    { "uname", "utsname>" },
    { "semget", "x d ipc_flags" },
    { "semop", "d sembufs lu" },
    { "semctl", "d d ipc_commands x" },
    { "msgget", "x ipc_flags" },
    { "msgsnd", "d p lu ipc_flags" },
    { "msgrcv", "d p lu ld ipc_flags" },
    { "msgctl", "d ipc_commands p" },
    { "fcntl", "d fcntl_commands fcntl_arg" },
    { "flock", "d flock_ops" },
    { "truncate", "path ld" },
    { "ftruncate", "d ld" },
    { "getdents", "d entries> u" },
    { "getcwd", "path> lu" },
    { "chdir", "path" },
    { "rename", "path path" },
    { "mkdir", "path o" },
    { "rmdir", "path" },
    { "creat", "path o" },
    { "link", "path path" },
    { "unlink", "path" },
    { "symlink", "path path" },
    { "readlink", "path data> d" },
    { "chmod", "path o" },
    { "fchmod", "d o" },
    { "chown", "path id id" },
    { "fchown", "d id id" },
    { "lchown", "path id id" },
    { "umask", "o" },
    { "gettimeofday", "timeval> p" },
    { "getrlimit", "rlimits rlimit>" },
    { "getrusage", "usage_whos rusage>" },
    { "sysinfo", "sysinfo>" },
    { "times", "tms>" },
    { "setreuid", "id id" },
    { "setregid", "id id" },
    { "getgroups", "d groups>" },
    { "setgroups", "lu groups" },
    { "setresuid", "id id id" },
    { "getresuid", "uid> uid> uid>" },
    { "setresgid", "id id id" },
    { "getresgid", "uid> uid> uid>" },
    { "capget", "cap_header caps>" },
    { "capset", "cap_header caps" },
    { "rt_sigpending", "sigset> lu" },
    { "rt_sigtimedwait", "sigset siginfo> timespec lu" },
    { "rt_sigqueueinfo", "d signo siginfo" },
    { "rt_sigsuspend", "sigset lu" },
    { "sigaltstack", "stack stack>" },
    { "utime", "path utimbuf" },
    { "mknod", "path file_mode device" },
    { "personality", "x" },
    { "statfs", "path statfs>" },
    { "fstatfs", "d statfs>" },
    { "getpriority", "priorities d" },
    { "setpriority", "priorities d d" },
    { "sched_setparam", "d sched_param" },
    { "sched_getparam", "d sched_param>" },
    { "sched_setscheduler", "d policies sched_param" },
    { "sched_get_priority_max", "policies" },
    { "sched_get_priority_min", "policies" },
    { "sched_rr_get_interval", "d timespec>" },
    { "mlockall", "mlock_flags" },
    { "pivot_root", "path path" },
    { "prctl", "prctl_options prctl_arg x x x" },
    { "arch_prctl", "arch_codes arch_addr" },
    { "setrlimit", "rlimits rlimit" },
    { "chroot", "path" },
    { "acct", "path" },
    { "settimeofday", "timeval p" },
    { "mount", "path path path x p" },
    { "umount2", "path x" },
    { "sethostname", "data d" },
    { "setdomainname", "data d" },
    { "readahead", "d ld lu" },
    { "setxattr", "path string data lu xattr_flags" },
    { "lsetxattr", "path string data lu xattr_flags" },
    { "fsetxattr", "d string data lu xattr_flags" },
    { "getxattr", "path string data> lu" },
    { "lgetxattr", "path string data> lu" },
    { "fgetxattr", "d string data> lu" },
    { "listxattr", "path data> lu" },
    { "llistxattr", "path data> lu" },
    { "flistxattr", "d data> lu" },
    { "removexattr", "path string" },
    { "lremovexattr", "path string" },
    { "fremovexattr", "d string" },
    { "tkill", "d signo" },
    { "time", "long>" },
    { "futex", "p futex_op u futex_time p futex_last" },
    { "sched_setaffinity", "d lu cpus" },
    { "sched_getaffinity", "d lu cpus>" },
    { "getdents64", "d entries> u" },
    { "semtimedop", "d sembufs lu timespec" },
    { "fadvise64", "d ld lu fadvice" },
    { "timer_create", "clocks sigevent int>" },
    { "timer_settime", "d timer_flags itimerspec itimerspec>" },
    { "timer_gettime", "d itimerspec>" },
    { "clock_settime", "clocks timespec" },
    { "clock_gettime", "clocks timespec>" },
    { "clock_getres", "clocks timespec>" },
    { "clock_nanosleep", "clocks timer_flags timespec remain>" },
    { "epoll_wait", "d epoll_events> d d" },
    { "epoll_ctl", "d epoll_ops d epoll_event" },
    { "tgkill", "d d signo" },
    { "utimes", "path timevals" },
    { "mq_open", "path open_flags o mq_attr" },
    { "mq_unlink", "path" },
    { "mq_timedsend", "d data lu u timespec" },
    { "mq_timedreceive", "d data> lu uid> timespec" },
    { "mq_notify", "d sigevent" },
    { "mq_getsetattr", "d mq_attr mq_attr>" },
    { "waitid", "u d siginfo> wait_options rusage>" },
    { "inotify_add_watch", "d path inotify_mask" },
    { "openat", "dirfd path open_flags o" },
    { "mkdirat", "dirfd path o" },
    { "mknodat", "dirfd path file_mode device" },
    { "fchownat", "dirfd path id id at_flags" },
    { "futimesat", "dirfd path timevals" },
    { "newfstatat", "dirfd path stat> at_flags" },
    { "unlinkat", "dirfd path at_flags" },
    { "renameat", "dirfd path dirfd path" },
    { "linkat", "dirfd path dirfd path at_flags" },
    { "symlinkat", "path dirfd path" },
    { "readlinkat", "dirfd path data> d" },
    { "fchmodat", "dirfd path o" },
    { "faccessat", "dirfd path access_modes" },
    { "pselect6", "d fdset fdset fdset wait_timespec maskpair" },
    { "ppoll", "pollfds u wait_timespec sigset lu" },
    { "unshare", "clone_flags" },
    { "get_robust_list", "d pointer> long>" },
    { "splice", "d offset d offset lu splice_flags" },
    { "tee", "d d lu splice_flags" },
    { "sync_file_range", "d ld ld x" },
    { "vmsplice", "d vector lu splice_flags" },
    { "utimensat", "dirfd path times at_flags" },
    { "epoll_pwait", "d epoll_events> d d sigset lu" },
    { "signalfd", "d sigset lu" },
    { "timerfd_create", "clocks timerfd_flags" },
    { "fallocate", "d fallocate_modes ld ld" },
    { "timerfd_settime", "d timerfd_settime_flags itimerspec itimerspec>" },
    { "timerfd_gettime", "d itimerspec>" },
    { "accept4", "d address> socklen> accept_flags" },
    { "signalfd4", "d sigset lu signalfd_flags" },
    { "eventfd2", "u eventfd_flags" },
    { "epoll_create1", "epoll_flags" },
    { "dup3", "d d dup_flags" },
    { "pipe2", "pair> pipe_flags" },
    { "inotify_init1", "inotify_init_flags" },
    { "preadv", "d vector> d ld" },
    { "pwritev", "d vector d ld" },
    { "rt_tgsigqueueinfo", "d d signo siginfo" },
    { "recvmmsg", "d messages> u message_flags timespec" },
    { "prlimit64", "d rlimits rlimit rlimit>" },
    { "sendmmsg", "d messages> u message_flags" },
    { "getcpu", "uid> uid> p" },
    { "renameat2", "dirfd path dirfd path rename_flags" },
    { "getrandom", "random> lu random_flags" },
    { "memfd_create", "string memfd_flags" },
    { "execveat", "dirfd path p p at_flags" },
    { "membarrier", "barriers x" },
    { "copy_file_range", "d offset d offset lu x" },
    { "preadv2", "d vector> d ld lu rwf_flags" },
    { "pwritev2", "d vector d ld lu rwf_flags" },
    { "pkey_mprotect", "p lu prot_flags d" },
    { "pkey_alloc", "x pkey_rights" },
    { "statx", "dirfd path statx_flags statx_mask statx>" },
    { "rseq", "p x x x" },
    { "clone3", "clone3 lu" },
    { "openat2", "dirfd path open_how lu" },
    { "close_range", "u u close_range_flags" },
    { "faccessat2", "dirfd path access_modes eaccess_flags" },
    { "epoll_pwait2", "d epoll_events> d timespec sigset lu" },
    { "fchmodat2", "dirfd path o at_flags" },
};

/* strace's classes; "*" ends a name that others begin with. A call with a path
 * is also of "file". */
static const struct {
    const char *kind;
    const char *calls[30];
} kinds[] = {
    { "desc",
      { "read",      "write",     "close",     "fcntl",  "ioctl",    "dup",
        "dup2",      "dup3",      "poll",      "ppoll",  "select",   "pselect6",
        "epoll_*",   "eventfd*",  "timerfd_*", "pipe*",  "readv",    "writev",
        "pread*",    "pwrite*",   "fstat",     "lseek",  "sendfile", "splice",
        "getdents*", "signalfd*", "inotify_*", "openat", "mmap",     NULL } },
    { "network",
      { "socket*", "bind", "connect", "listen", "accept*", "sendto", "sendmsg",
        "sendmmsg", "sendfile", "recvfrom", "recvmsg", "recvmmsg", "shutdown",
        "getsock*", "getpeername", "setsockopt", NULL } },
    { "memory",
      { "mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "mlock*",
        "munlock*", "mincore", "msync", "pkey_*", "shmat", "shmdt", NULL } },
    { "signal",
      { "rt_sig*", "kill", "tkill", "tgkill", "sigaltstack", "signalfd*",
        "pause", NULL } },
    { "process",
      { "clone*", "fork", "vfork", "exec*", "exit*", "wait*", "kill", "tkill",
        "tgkill", "rt_sigqueueinfo", NULL } },
    { "ipc", { "shm*", "sem*", "msg*", "mq_*", NULL } },
    { "file", { "chdir", "getcwd", "fchdir", NULL } },
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

static const struct trace_type *type_search(const struct trace_type *t,
                                            const char *name, size_t len)
{
    for (; t->name; t++)
        if (strncmp(t->name, name, len) == 0 && t->name[len] == '\0')
            return t;
    return NULL;
}

const struct trace_type *trace_type_get(const char *name, size_t len)
{
    static const struct trace_type *const all[] = {
        trace_types_plain,   trace_types_structs, trace_types_names,
        trace_types_sockets, trace_types_sets,    trace_types_command,
        trace_types_sockopt,
    };
    const struct trace_type *t = NULL;
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(all[0]) && !t; i++)
        t = type_search(all[i], name, len);
    return t;
}

/* What table.def says of an argument: "unsigned count" */
static const struct trace_type *declared(const char *text, size_t len)
{
    const char *name = "lu";

    if (len > 8 && memcmp(text, "uaddr_t ", 8) == 0)
        name = "p";
    else if (len > 4 && memcmp(text, "int ", 4) == 0)
        name = "d";
    else if (len > 9 && (memcmp(text, "uint32_t ", 9) == 0 ||
                         (memcmp(text, "unsigned ", 9) == 0 &&
                          strncmp(text + 9, "long", 4) != 0)))
        name = "u";
    return trace_type_get(name, strlen(name));
}

static void by_declaration(struct trace_call *call, const char *args)
{
    const char *at = args + 1; /* behind "(" */

    while (strncmp(at, "void", 4) != 0 && call->arg_count < TRACE_ARG_MAX) {
        size_t len = strcspn(at, ",)");

        call->type[call->arg_count++] = declared(at, len);
        at += len;
        if (*at != ',')
            break;
        at += 1 + strspn(at + 1, " ");
    }
}

static void by_signature(struct trace_call *call, const char *types)
{
    while (*types != '\0' && call->arg_count < TRACE_ARG_MAX) {
        size_t len = strcspn(types, " ");

        call->type[call->arg_count] = trace_type_get(types, len);
        if (!call->type[call->arg_count])
            abort(); /* the table above is wrong: no call is shown then */
        call->arg_count++;
        types += len;
        types += strspn(types, " ");
    }
}

static void call_make(struct trace_call *call, const char *name,
                      const char *args)
{
    size_t i;

    call->name = name;
    for (i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
        if (strcmp(signatures[i].call, name) == 0) {
            by_signature(call, signatures[i].types);
            return;
        }
    by_declaration(call, args);
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

static bool match(const char *pattern, const char *name)
{
    size_t len = strcspn(pattern, "*");

    return strncmp(pattern, name, len) == 0 &&
           (pattern[len] == '*' || name[len] == '\0');
}

bool trace_call_is(const struct trace_call *call, const char *kind)
{
    size_t i, k;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        for (k = 0; strcmp(kinds[i].kind, kind) == 0 && kinds[i].calls[k]; k++)
            if (match(kinds[i].calls[k], call->name))
                return true;
    for (i = 0; strcmp(kind, "file") == 0 && i < call->arg_count; i++)
        if (strcmp(call->type[i]->name, "path") == 0)
            return true;
    return false;
}

/* ---- what is captured ---- */

static bool op_is_data(const struct trace_op *op)
{
    return op->max == 0 && (op->len < TRACE_ALL || op->how == TRACE_VECTOR);
}

/* A type's op, for the argument arg. */
static struct trace_op op_of(const struct trace_op *op, unsigned arg,
                             unsigned string_max)
{
    struct trace_op o = *op;

    o.when &= (uint8_t)~TRACE_LAST;
    if (o.from < TRACE_ARG_MAX)
        o.from = (uint8_t)(o.from + arg);
    if (o.len < TRACE_ARG_MAX)
        o.len = (uint8_t)(o.len + arg);
    if (op_is_data(op))
        o.max = (uint16_t)string_max;
    return o;
}

static unsigned type_ops(const struct trace_type *t, unsigned arg,
                         unsigned string_max, struct trace_op *out)
{
    const struct trace_op whole = { t->when,     TRACE_ARG, TRACE_ALL,
                                    TRACE_BYTES, 1,         t->len };
    const struct trace_op *op = t->ops;
    unsigned count = 0;

    if (!op && t->len > 0 && t->when != 0)
        out[count++] = op_of(&whole, arg, string_max);
    while (op) {
        out[count++] = op_of(op, arg, string_max);
        op = op->when & TRACE_LAST ? NULL : op + 1;
    }
    return count;
}

#define ROW_MAX 48u

/* Where the row is, or has been added; 0: it is empty, or there is no room. */
static unsigned row_place(struct trace_control *c, unsigned *used,
                          const struct trace_op *row, unsigned len)
{
    unsigned at;

    if (len == 0)
        return 0;
    for (at = 0; at + len <= *used; at++)
        if (memcmp(&c->op[at], row, len * sizeof(*row)) == 0)
            return at + 1;
    if (len > TRACE_OP_MAX - *used)
        return 0;
    memcpy(&c->op[*used], row, len * sizeof(*row));
    *used += len;
    return *used - len + 1;
}

void trace_calls_capture(struct trace_control *c, unsigned string_max)
{
    struct trace_op row[ROW_MAX];
    unsigned number, used = 0;

    for (number = 0; number < TRACE_CALL_MAX; number++) {
        const struct trace_call *call = trace_call_get(number);
        unsigned i, len = 0;

        for (i = 0; call && i < call->arg_count; i++)
            len += type_ops(call->type[i], i, string_max, row + len);
        if (len > 0)
            row[len - 1].when |= TRACE_LAST;
        c->row[number] = (uint8_t)row_place(c, &used, row, len);
    }
}
