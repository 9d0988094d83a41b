/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.c - which system calls there are, and what their arguments are.
 *
 * Both come from the kernel's own table: a call that is added there is called
 * here from then on. A name that no rule knows is a number, or an address with
 * any words behind it, which finds most faults already. Hints are for values
 * that chance would not hit.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define FULL    false
#define PARTIAL false
#define NEVER   true
#define SYSCALL(nr, name, args, status, note) \
    { nr, status, false, 0, 0, #name, #args, 0, { 0 }, { 0 } },
#define SYSCALL_REGS SYSCALL

struct call calls[] = {
#include "kernel/syscall/table.def"
};

const unsigned calls_count = sizeof(calls) / sizeof(calls[0]);

struct rule {
    const char *name;
    enum kind kind;
};

/* What is not an address, by name. */
static const struct rule number_rules[] = {
    { "fd", KIND_FD },        { "in_fd", KIND_FD },
    { "out_fd", KIND_FD },    { "fd_in", KIND_FD },
    { "fd_out", KIND_FD },    { "epfd", KIND_FD },
    { "new_fd", KIND_FD },    { "dirfd", KIND_FD },
    { "old_dirfd", KIND_FD }, { "new_dirfd", KIND_FD },
    { "from", KIND_FD },      { "to", KIND_FD },
    { "mount_fd", KIND_FD },  { "pidfd", KIND_FD },
    { "first", KIND_FD },     { "last", KIND_FD },
    { "len", KIND_LEN },      { "buf_len", KIND_LEN },
    { "args_len", KIND_LEN }, { "arg_len", KIND_LEN },
    { "addr_len", KIND_LEN }, { "old_len", KIND_LEN },
    { "new_len", KIND_LEN },  { "set_len", KIND_LEN },
    { "mask_len", KIND_LEN }, { "sigmask_len", KIND_LEN },
    { "count", KIND_LEN },    { "max", KIND_LEN },
    { "off", KIND_OFFSET },   { "off_high", KIND_OFFSET },
    { "pid", KIND_PID },      { "tid", KIND_PID },
    { "tgid", KIND_PID },     { "who", KIND_PID },
    { "pgid", KIND_PID },     { "signo", KIND_SIGNAL },
    { "clock", KIND_CLOCK },  { "timeout_ms", KIND_MS },
    { "timeout", KIND_TIME }, { "arg", KIND_LEN },
    { NULL, KIND_NUMBER },
};

/* What is one, by name. */
static const struct rule address_rules[] = {
    { "path", KIND_PATH },        { "old_path", KIND_PATH },
    { "new_path", KIND_PATH },    { "target", KIND_PATH },
    { "from_path", KIND_PATH },   { "to_path", KIND_PATH },
    { "source", KIND_PATH },      { "new_root", KIND_PATH },
    { "name", KIND_PATH },        { "buf", KIND_ADDRESS },
    { "addr", KIND_ADDRESS },     { "addr2", KIND_ADDRESS },
    { "end", KIND_ADDRESS },      { "old", KIND_ADDRESS },
    { "new_addr", KIND_ADDRESS }, { "out", KIND_ADDRESS },
    { "old_out", KIND_ADDRESS },  { "req", KIND_TIME },
    { "rem", KIND_ADDRESS },      { "timeout", KIND_TIME },
    { "times", KIND_TIME },       { "tv", KIND_TIME },
    { "value", KIND_TIME },       { "new_time", KIND_TIME },
    { "limit", KIND_TIME },       { "new_limit", KIND_TIME },
    { "vec", KIND_VECTOR },       { "msg", KIND_VECTOR },
    { "msgs", KIND_VECTOR },      { "set", KIND_MASK },
    { "sigmask", KIND_MASK },     { "action", KIND_ACTION },
    { "stack", KIND_STACK },      { "head", KIND_CONSTANT },
    { "area", KIND_CONSTANT },    { NULL, KIND_WORDS },
};

/* Arguments that their name does not tell, and values that chance misses. */
struct hint {
    const char *call;
    int arg;
    enum kind kind;
    const uint64_t *values;
};

#define VALUES(...)                                                   \
    (const uint64_t[])                                                \
    {                                                                 \
        sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), \
            __VA_ARGS__                                               \
    }
#define OPENS                                                              \
    VALUES(O_RDONLY, O_RDWR | O_CREAT, O_RDWR, O_RDWR | O_CREAT | O_TRUNC, \
           O_WRONLY | O_APPEND | O_CREAT, O_PATH, O_DIRECTORY,             \
           O_RDWR | O_NONBLOCK, O_TMPFILE | O_RDWR, O_RDWR | O_CREAT | O_EXCL)
#define MAPS                                                                \
    VALUES(MAP_PRIVATE, MAP_SHARED, MAP_PRIVATE | MAP_ANONYMOUS,            \
           MAP_SHARED | MAP_ANONYMOUS, MAP_FIXED | MAP_PRIVATE,             \
           MAP_FIXED | MAP_SHARED, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, \
           MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED_VALIDATE,     \
           MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS,               \
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE,      \
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN)
#define FAMILIES VALUES(AF_UNIX, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK)
#define TYPES                                                 \
    VALUES(SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW, \
           SOCK_STREAM | SOCK_NONBLOCK, SOCK_DGRAM | SOCK_CLOEXEC)
/* Private, shared and real-time variants of each futex operation come from the
 * flag bits; wait, wake, requeue, PI and bitset ones are 0 to 13. */
#define FUTEXES                                                                \
    VALUES(0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 128, 129, 131, 132, 133, \
           134, 135, 136, 137, 138, 139, 140, 141, 256, 265, 267, 393)
#define IOCTLS                                                                 \
    VALUES(0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5409, 0x540b, 0x540e,     \
           0x540f, 0x5410, 0x5411, 0x5413, 0x5414, 0x541b, 0x5420, 0x5421,     \
           0x5422, 0x5429, 0x5450, 0x5451, 0x5452, 0x5460, 0x80045430, 0x8901, \
           0x8902, 0x8903, 0x8904, 0x8905, 0x8910, 0x8912, 0x8913, 0x40086601, \
           0x80086601, 0x40049409, 0x80045200, 0x40085203)
#define CLONES                                                                 \
    VALUES(0x50f00, 0x3d0f00, 0x10f00, 0x250f00, 0x1050f00, 0x150f00, 0x50b00, \
           0x50d00)

static const struct hint hints[] = {
    { "setxattr", 1, KIND_NAME, NULL },
    { "lsetxattr", 1, KIND_NAME, NULL },
    { "fsetxattr", 1, KIND_NAME, NULL },
    { "getxattr", 1, KIND_NAME, NULL },
    { "lgetxattr", 1, KIND_NAME, NULL },
    { "fgetxattr", 1, KIND_NAME, NULL },
    { "removexattr", 1, KIND_NAME, NULL },
    { "lremovexattr", 1, KIND_NAME, NULL },
    { "fremovexattr", 1, KIND_NAME, NULL },
    { "lsetxattr", 2, KIND_ADDRESS, NULL },
    { "fsetxattr", 2, KIND_ADDRESS, NULL },
    { "setxattr", 4, KIND_NUMBER, VALUES(0, 1, 2) },
    { "fsetxattr", 4, KIND_NUMBER, VALUES(0, 1, 2) },
    { "mq_open", 0, KIND_QUEUE, NULL },
    { "mq_open", 1, KIND_NUMBER, OPENS },
    { "mq_unlink", 0, KIND_QUEUE, NULL },
    { "connect", 1, KIND_SOCKADDR, NULL },
    { "bind", 1, KIND_SOCKADDR, NULL },
    { "sendto", 4, KIND_SOCKADDR, NULL },
    { "connect", 2, KIND_LEN, VALUES(16, 28, 110, 5, 2) },
    { "bind", 2, KIND_LEN, VALUES(16, 28, 110, 5, 2) },
    { "sendto", 5, KIND_LEN, VALUES(0, 16, 110, 5) },
    { "accept", 2, KIND_WORDS, NULL },
    { "accept4", 2, KIND_WORDS, NULL },
    { "getsockname", 2, KIND_WORDS, NULL },
    { "getpeername", 2, KIND_WORDS, NULL },
    { "recvfrom", 5, KIND_WORDS, NULL },
    { "sendmsg", 1, KIND_MESSAGE, NULL },
    { "recvmsg", 1, KIND_MESSAGE, NULL },
    { "sendmmsg", 1, KIND_MESSAGE, NULL },
    { "recvmmsg", 1, KIND_MESSAGE, NULL },
    { "setsockopt", 2, KIND_NUMBER, NULL },
    { "setsockopt", 4, KIND_LEN, VALUES(4, 8, 16, 1) },
    { "open", 1, KIND_NUMBER, OPENS },
    { "openat", 2, KIND_NUMBER, OPENS },
    { "mmap", 3, KIND_NUMBER, MAPS },
    { "mremap", 3, KIND_NUMBER, VALUES(0, 1, 3, 5, 7) },
    { "socket", 0, KIND_NUMBER, FAMILIES },
    { "socketpair", 0, KIND_NUMBER, FAMILIES },
    { "socket", 1, KIND_NUMBER, TYPES },
    { "socketpair", 1, KIND_NUMBER, TYPES },
    { "socket", 2, KIND_NUMBER, VALUES(0, 0, 0, 1, 6, 17, 58) },
    { "setsockopt", 1, KIND_NUMBER, VALUES(1, 0, 6, 17, 41) },
    { "getsockopt", 1, KIND_NUMBER, VALUES(1, 0, 6, 17, 41) },
    { "futex", 1, KIND_NUMBER, FUTEXES },
    { "ioctl", 1, KIND_NUMBER, IOCTLS },
    { "fcntl", 1, KIND_NUMBER,
      VALUES(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 36, 37, 38, 1024,
             1025, 1026, 1030, 1031, 1032, 1033, 1034, 1036, 1037, 1038) },
    { "fcntl", 2, KIND_WORDS, NULL },
    { "clone", 0, KIND_NUMBER, CLONES },
    { "clone", 1, KIND_ADDRESS, NULL },
    { "prctl", 1, KIND_WORDS, NULL },
    { "mknod", 1, KIND_NUMBER, VALUES(0010666, 0100666, 0140666, 0020666) },
    { "mknodat", 2, KIND_NUMBER, VALUES(0010666, 0100666, 0140666, 0020666) },
    { "timer_create", 1, KIND_EVENT, NULL },
    { "mq_notify", 1, KIND_EVENT, NULL },
    { "epoll_ctl", 1, KIND_NUMBER, VALUES(1, 2, 3) },
    { "pselect6", 5, KIND_MASK_PAIR, NULL },
    { "rt_sigprocmask", 3, KIND_LEN, VALUES(8) },
    { "rt_sigaction", 3, KIND_LEN, VALUES(8) },
    { "rt_sigsuspend", 1, KIND_LEN, VALUES(8) },
    { "rt_sigtimedwait", 3, KIND_LEN, VALUES(8) },
    { "ppoll", 4, KIND_LEN, VALUES(8) },
    { "epoll_pwait", 5, KIND_LEN, VALUES(8) },
    { "epoll_pwait2", 5, KIND_LEN, VALUES(8) },
    { "signalfd", 2, KIND_LEN, VALUES(8) },
    { "signalfd4", 2, KIND_LEN, VALUES(8) },
    { "signalfd", 1, KIND_WORDS, NULL },
    { "setsockopt", 3, KIND_WORDS, NULL },
    { "setxattr", 2, KIND_ADDRESS, NULL },
    { "clone3", 1, KIND_LEN, VALUES(64, 80, 88, 96) },
    { "openat2", 3, KIND_LEN, VALUES(24, 32) },
    { "shmget", 0, KIND_NUMBER, VALUES(0, 1, 2) },
    { "semget", 0, KIND_NUMBER, VALUES(0, 1, 2) },
    { "msgget", 0, KIND_NUMBER, VALUES(0, 1, 2) },
    { "semctl", 2, KIND_NUMBER,
      VALUES(0, 1, 2, 3, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20) },
    { "shmctl", 1, KIND_NUMBER, VALUES(0, 1, 2, 3, 11, 12, 13, 14, 15) },
    { "msgctl", 1, KIND_NUMBER, VALUES(0, 1, 2, 3, 11, 12, 13) },
};

struct family_rule {
    const char *call;
    enum family makes, wants;
};

static const struct family_rule families[] = {
    { "open", FAMILY_FILE, FAMILY_ANY },
    { "openat", FAMILY_FILE, FAMILY_DIR },
    { "openat2", FAMILY_FILE, FAMILY_DIR },
    { "creat", FAMILY_FILE, FAMILY_ANY },
    { "memfd_create", FAMILY_FILE, FAMILY_ANY },
    { "eventfd", FAMILY_FILE, FAMILY_ANY },
    { "eventfd2", FAMILY_FILE, FAMILY_ANY },
    { "signalfd4", FAMILY_FILE, FAMILY_ANY },
    { "socket", FAMILY_SOCKET, FAMILY_ANY },
    { "accept", FAMILY_SOCKET, FAMILY_SOCKET },
    { "accept4", FAMILY_SOCKET, FAMILY_SOCKET },
    { "epoll_create1", FAMILY_EPOLL, FAMILY_ANY },
    { "epoll_create", FAMILY_EPOLL, FAMILY_ANY },
    { "timerfd_create", FAMILY_TIMER, FAMILY_ANY },
    { "inotify_init1", FAMILY_NOTIFY, FAMILY_ANY },
    { "inotify_init", FAMILY_NOTIFY, FAMILY_ANY },
    { "mq_open", FAMILY_QUEUE, FAMILY_ANY },
    { "getdents", FAMILY_ANY, FAMILY_DIR },
    { "getdents64", FAMILY_ANY, FAMILY_DIR },
    { "fchdir", FAMILY_ANY, FAMILY_DIR },
    { "mkdirat", FAMILY_ANY, FAMILY_DIR },
    { "mknodat", FAMILY_ANY, FAMILY_DIR },
    { "renameat", FAMILY_ANY, FAMILY_DIR },
    { "renameat2", FAMILY_ANY, FAMILY_DIR },
    { "linkat", FAMILY_ANY, FAMILY_DIR },
    { "unlinkat", FAMILY_ANY, FAMILY_DIR },
    { "symlinkat", FAMILY_ANY, FAMILY_DIR },
    { "lseek", FAMILY_ANY, FAMILY_FILE },
    { "mmap", FAMILY_ANY, FAMILY_FILE },
    { "pread64", FAMILY_ANY, FAMILY_FILE },
    { "pwrite64", FAMILY_ANY, FAMILY_FILE },
    { "preadv", FAMILY_ANY, FAMILY_FILE },
    { "pwritev", FAMILY_ANY, FAMILY_FILE },
    { "preadv2", FAMILY_ANY, FAMILY_FILE },
    { "pwritev2", FAMILY_ANY, FAMILY_FILE },
    { "ftruncate", FAMILY_ANY, FAMILY_FILE },
    { "fallocate", FAMILY_ANY, FAMILY_FILE },
    { "flock", FAMILY_ANY, FAMILY_FILE },
    { "sendfile", FAMILY_ANY, FAMILY_FILE },
    { "copy_file_range", FAMILY_ANY, FAMILY_FILE },
    { "fsetxattr", FAMILY_ANY, FAMILY_FILE },
    { "splice", FAMILY_ANY, FAMILY_PIPE },
    { "tee", FAMILY_ANY, FAMILY_PIPE },
    { "vmsplice", FAMILY_ANY, FAMILY_PIPE },
    { "connect", FAMILY_ANY, FAMILY_SOCKET },
    { "bind", FAMILY_ANY, FAMILY_SOCKET },
    { "listen", FAMILY_ANY, FAMILY_SOCKET },
    { "sendto", FAMILY_ANY, FAMILY_SOCKET },
    { "recvfrom", FAMILY_ANY, FAMILY_SOCKET },
    { "sendmsg", FAMILY_ANY, FAMILY_SOCKET },
    { "recvmsg", FAMILY_ANY, FAMILY_SOCKET },
    { "sendmmsg", FAMILY_ANY, FAMILY_SOCKET },
    { "recvmmsg", FAMILY_ANY, FAMILY_SOCKET },
    { "shutdown", FAMILY_ANY, FAMILY_SOCKET },
    { "getsockname", FAMILY_ANY, FAMILY_SOCKET },
    { "getpeername", FAMILY_ANY, FAMILY_SOCKET },
    { "setsockopt", FAMILY_ANY, FAMILY_SOCKET },
    { "getsockopt", FAMILY_ANY, FAMILY_SOCKET },
    { "epoll_ctl", FAMILY_ANY, FAMILY_EPOLL },
    { "epoll_wait", FAMILY_ANY, FAMILY_EPOLL },
    { "epoll_pwait", FAMILY_ANY, FAMILY_EPOLL },
    { "epoll_pwait2", FAMILY_ANY, FAMILY_EPOLL },
    { "timerfd_settime", FAMILY_ANY, FAMILY_TIMER },
    { "timerfd_gettime", FAMILY_ANY, FAMILY_TIMER },
    { "inotify_add_watch", FAMILY_ANY, FAMILY_NOTIFY },
    { "inotify_rm_watch", FAMILY_ANY, FAMILY_NOTIFY },
    { "mq_timedsend", FAMILY_ANY, FAMILY_QUEUE },
    { "mq_timedreceive", FAMILY_ANY, FAMILY_QUEUE },
    { "mq_notify", FAMILY_ANY, FAMILY_QUEUE },
    { "mq_getsetattr", FAMILY_ANY, FAMILY_QUEUE },
};

/* After one of these, many others fail for a dull reason. */
static const char *const rare_calls[] = {
    "setuid",    "setgid",    "setreuid",  "setregid", "setresuid",
    "setresgid", "setfsuid",  "setfsgid",  "capset",   "chroot",
    "setrlimit", "prlimit64", "setgroups", "exit",     "close_range",
    "umask",     "unshare",
};

bool text_equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

unsigned call_find(const char *name)
{
    for (unsigned i = 0; i < calls_count; i++) {
        if (text_equal(calls[i].name, name))
            return i;
    }
    return 0;
}

static bool begins_with(const char *text, const char *start)
{
    while (*start && *text == *start) {
        text++;
        start++;
    }
    return !*start;
}

/* Is the word that ends before `end` the name? */
static bool is_name(const char *start, const char *end, const char *name)
{
    while (start < end && *name && *start == *name) {
        start++;
        name++;
    }
    return start == end && !*name;
}

/* The kind of "int fd", which lies from `start` to `end`. */
static enum kind kind_of(const char *start, const char *end)
{
    const struct rule *rule =
        begins_with(start, "uaddr_t") ? address_rules : number_rules;
    const char *name = end;

    while (name > start && name[-1] != ' ')
        name--;
    while (rule->name && !is_name(name, end, rule->name))
        rule++;
    return rule->kind;
}

static void call_init(struct call *call)
{
    const char *p = call->text + 1;

    if (begins_with(p, "void"))
        return;
    while (call->count < ARGS_MAX) {
        const char *end = p;

        while (*end != ',' && *end != ')')
            end++;
        call->kind[call->count++] = (uint8_t)kind_of(p, end);
        if (*end == ')')
            return;
        for (p = end + 1; *p == ' ';)
            p++;
    }
}

static struct call *call_or_null(const char *name)
{
    struct call *call = &calls[call_find(name)];

    return text_equal(call->name, name) ? call : NULL;
}

static void families_init(void)
{
    for (unsigned i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        struct call *call = call_or_null(families[i].call);

        if (call) {
            call->makes = (uint8_t)families[i].makes;
            call->wants = (uint8_t)families[i].wants;
        }
    }
    for (unsigned i = 0; i < sizeof(rare_calls) / sizeof(rare_calls[0]); i++) {
        struct call *call = call_or_null(rare_calls[i]);

        if (call)
            call->rare = true;
    }
}

void calls_init(void)
{
    families_init();
    for (unsigned i = 0; i < calls_count; i++)
        call_init(&calls[i]);
    for (unsigned i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        struct call *call = call_or_null(hints[i].call);

        if (!call)
            continue;
        call->kind[hints[i].arg] = (uint8_t)hints[i].kind;
        call->hint[hints[i].arg] = hints[i].values;
    }
}
