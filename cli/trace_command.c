/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_command.c - see trace_show.h: arguments that mean what another says:
 * ioctl, fcntl, prctl, futex, clone. */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sem.h>

#include "cli/trace_show.h"

#define F TRACE_FLAG
#define V TRACE_VALUE

/* ---- ioctl ---- */

static const struct trace_flag requests[] = {
    V(TCGETS),       V(TCSETS),         V(TCSETSW),
    V(TCSETSF),      V(TCSBRK),         V(TCFLSH),
    V(TIOCGWINSZ),   V(TIOCSWINSZ),     V(TIOCGPGRP),
    V(TIOCSPGRP),    V(TIOCGSID),       V(TIOCSCTTY),
    V(TIOCNOTTY),    V(TIOCOUTQ),       V(TIOCGPTN),
    V(TIOCSPTLCK),   V(FIONREAD),       V(FIONBIO),
    V(FIOASYNC),     V(FIOCLEX),        V(FIONCLEX),
    V(FIOQSIZE),     V(SIOCGIFNAME),    V(SIOCGIFCONF),
    V(SIOCGIFFLAGS), V(SIOCSIFFLAGS),   V(SIOCGIFADDR),
    V(SIOCSIFADDR),  V(SIOCGIFNETMASK), V(SIOCGIFBRDADDR),
    V(SIOCGIFMTU),   V(SIOCSIFMTU),     V(SIOCGIFHWADDR),
    V(SIOCGIFINDEX), V(SIOCGIFTXQLEN),  V(SIOCATMARK),
    V(SIOCGPGRP),    V(SIOCSPGRP),      TRACE_FLAGS_END(NULL),
};

static void show_request(const struct trace_view *v, const struct trace_type *t,
                         uint64_t value, unsigned arg)
{
    const char *name = trace_name(requests, (uint32_t)value);

    (void)t;
    (void)arg;
    if (name)
        fputs(name, v->to);
    else
        fprintf(v->to, "_IOC(%#x, %#x, %#x, %#x)", (uint32_t)value >> 30,
                (uint32_t)value >> 8 & 0xff, (uint32_t)value & 0xff,
                (uint32_t)value >> 16 & 0x3fff);
}

static void show_ifreq(const struct trace_view *v, uint64_t va,
                       uint32_t request)
{
    struct trace_view before = *v;
    struct ifreq r;

    before.phase = TRACE_OF_BEGIN;
    if (!trace_read(v, va, &r, sizeof(r)) &&
        !trace_read(&before, va, &r, sizeof(r))) {
        trace_show_pointer(v, NULL, va, 0);
        return;
    }
    fputs("{ifr_name=", v->to);
    trace_show_bytes(v->to, (const uint8_t *)r.ifr_name,
                     strnlen(r.ifr_name, sizeof(r.ifr_name)));
    if (!v->e->is_over || v->e->result < 0)
        ;
    else if (request == SIOCGIFFLAGS)
        fprintf(v->to, ", ifr_flags=%#x", (uint16_t)r.ifr_flags);
    else if (request == SIOCGIFINDEX)
        fprintf(v->to, ", ifr_ifindex=%d", r.ifr_ifindex);
    else if (request == SIOCGIFMTU)
        fprintf(v->to, ", ifr_mtu=%d", r.ifr_mtu);
    else
        fputs(", ...", v->to);
    fputc('}', v->to);
}

static void show_request_arg(const struct trace_view *v,
                             const struct trace_type *t, uint64_t value,
                             unsigned arg)
{
    const uint32_t request = (uint32_t)v->e->arg[1];
    struct trace_view at = *v;
    uint16_t ws[4];
    int32_t n = 0;

    if (request == FIONBIO || request == FIOASYNC || request == TIOCSPGRP ||
        request == TIOCSWINSZ || request == TIOCSPTLCK)
        at.phase = TRACE_OF_BEGIN;
    if (request >= SIOCGIFNAME && request <= SIOCGIFTXQLEN)
        show_ifreq(v, value, request);
    else if ((request == TIOCGWINSZ || request == TIOCSWINSZ) &&
             trace_read(&at, value, ws, sizeof(ws)))
        fprintf(v->to, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}",
                ws[0], ws[1], ws[2], ws[3]);
    else if (request >= TCGETS && request <= TCSETSF && v->e->result >= 0 &&
             value != 0)
        fputs("{...}", v->to);
    else if (trace_name(requests, request) && request != TCSBRK &&
             request != TCFLSH && request > TCSETSF &&
             trace_read(&at, value, &n, sizeof(n)))
        fprintf(v->to, "[%d]", n);
    else if (request == TCFLSH || request == TCSBRK)
        trace_show_unsigned(v, t, value, arg);
    else
        trace_show_hex(v, t, value, arg);
}

/* ---- fcntl ---- */

static const struct trace_flag fcntl_commands[] = {
    V(F_DUPFD),      V(F_GETFD),
    V(F_SETFD),      V(F_GETFL),
    V(F_SETFL),      V(F_GETLK),
    V(F_SETLK),      V(F_SETLKW),
    V(F_SETOWN),     V(F_GETOWN),
    V(F_SETSIG),     V(F_GETSIG),
    V(F_SETLEASE),   V(F_GETLEASE),
    V(F_NOTIFY),     V(F_DUPFD_CLOEXEC),
    V(F_SETPIPE_SZ), V(F_GETPIPE_SZ),
    V(F_ADD_SEALS),  V(F_GET_SEALS),
    V(F_OFD_GETLK),  V(F_OFD_SETLK),
    V(F_OFD_SETLKW), V(F_SETOWN_EX),
    V(F_GETOWN_EX),  TRACE_FLAGS_END("F_???"),
};
static const struct trace_flag fd_flags[] = {
    F(FD_CLOEXEC),
    TRACE_FLAGS_END(NULL),
};
static const struct trace_flag seals[] = {
    F(F_SEAL_SEAL),  F(F_SEAL_SHRINK),       F(F_SEAL_GROW),
    F(F_SEAL_WRITE), F(F_SEAL_FUTURE_WRITE), TRACE_FLAGS_END("F_SEAL_???"),
};
static const struct trace_flag lock_types[] = {
    V(F_RDLCK),
    V(F_WRLCK),
    V(F_UNLCK),
    TRACE_FLAGS_END("F_???"),
};
static const struct trace_member flock_set[] = {
    { "l_type", 0, 2, "lock_types" },
    { "l_whence", 2, 2, "whence" },
    { "l_start", 8, 8, "ld" },
    { "l_len", 16, 8, "ld" },
    { 0 },
};
static const struct trace_member flock_get[] = {
    { "l_type", 0, 2, "lock_types" }, { "l_whence", 2, 2, "whence" },
    { "l_start", 8, 8, "ld" },        { "l_len", 16, 8, "ld" },
    { "l_pid", 24, 4, "d" },          { 0 },
};

static void show_lock(const struct trace_view *v, uint64_t va, bool is_get)
{
    struct trace_view at = *v;
    size_t have;

    if (!is_get || v->e->result < 0)
        at.phase = TRACE_OF_BEGIN;
    if (!trace_find(&at, va, &have) || have < 32)
        trace_show_pointer(v, NULL, va, 0);
    else
        trace_show_members(&at, is_get ? flock_get : flock_set, va);
}

static void show_fcntl_arg(const struct trace_view *v,
                           const struct trace_type *t, uint64_t value,
                           unsigned arg)
{
    switch ((uint32_t)v->e->arg[1]) {
    case F_SETFD:
        trace_show_names(v->to, fd_flags, (uint32_t)value);
        break;
    case F_SETFL:
        trace_show(v, "open_flags", value);
        break;
    case F_GETLK:
    case F_OFD_GETLK:
        show_lock(v, value, true);
        break;
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        show_lock(v, value, false);
        break;
    case F_ADD_SEALS:
        trace_show_names(v->to, seals, (uint32_t)value);
        break;
    case F_SETSIG:
        trace_show(v, "signo", value);
        break;
    default:
        trace_show_int(v, t, value, arg);
        break;
    }
}

/* ---- prctl ---- */

static const struct trace_flag prctl_options[] = {
    V(PR_SET_PDEATHSIG),
    V(PR_GET_PDEATHSIG),
    V(PR_GET_DUMPABLE),
    V(PR_SET_DUMPABLE),
    V(PR_GET_KEEPCAPS),
    V(PR_SET_KEEPCAPS),
    V(PR_SET_NAME),
    V(PR_GET_NAME),
    V(PR_GET_SECCOMP),
    V(PR_SET_SECCOMP),
    V(PR_CAPBSET_READ),
    V(PR_CAPBSET_DROP),
    V(PR_GET_TSC),
    V(PR_SET_TSC),
    V(PR_GET_SECUREBITS),
    V(PR_SET_TIMERSLACK),
    V(PR_GET_TIMERSLACK),
    V(PR_SET_MM),
    V(PR_SET_CHILD_SUBREAPER),
    V(PR_GET_CHILD_SUBREAPER),
    V(PR_SET_NO_NEW_PRIVS),
    V(PR_GET_NO_NEW_PRIVS),
    V(PR_GET_TID_ADDRESS),
    V(PR_SET_THP_DISABLE),
    V(PR_GET_THP_DISABLE),
    V(PR_CAP_AMBIENT),
    V(PR_SET_PTRACER),
    { 0x53564d41, UINT64_MAX, "PR_SET_VMA" },
    TRACE_FLAGS_END("PR_???"),
};

static void show_prctl_arg(const struct trace_view *v,
                           const struct trace_type *t, uint64_t value,
                           unsigned arg)
{
    struct trace_view at = *v;
    uint32_t n;

    switch ((uint32_t)v->e->arg[0]) {
    case PR_SET_NAME:
        at.phase = TRACE_OF_BEGIN;
        trace_show_string(&at, t, value, arg);
        break;
    case PR_GET_NAME:
        trace_show_string(v, t, value, arg);
        break;
    case PR_SET_PDEATHSIG:
        trace_show(v, "signo", value);
        break;
    case PR_SET_DUMPABLE:
        fputs(value == 0   ? "SUID_DUMP_DISABLE"
              : value == 1 ? "SUID_DUMP_USER"
                           : "SUID_DUMP_ROOT",
              v->to);
        break;
    case PR_GET_PDEATHSIG:
    case PR_GET_CHILD_SUBREAPER:
        if (trace_read(v, value, &n, sizeof(n)))
            fprintf(v->to, "[%u]", n);
        else
            trace_show_pointer(v, t, value, arg);
        break;
    default:
        fprintf(v->to, value > 9 ? "%#llx" : "%llu", (unsigned long long)value);
        break;
    }
}

static void show_arch_addr(const struct trace_view *v,
                           const struct trace_type *t, uint64_t value,
                           unsigned arg)
{
    uint64_t base;

    if ((v->e->arg[0] == 0x1003 || v->e->arg[0] == 0x1004) &&
        trace_read(v, value, &base, sizeof(base)))
        fprintf(v->to, "[%#llx]", (unsigned long long)base);
    else
        trace_show_hex(v, t, value, arg);
}

/* ---- futex ---- */

static const struct trace_flag futex_ops[] = {
    V(FUTEX_WAIT),           V(FUTEX_WAKE),        V(FUTEX_FD),
    V(FUTEX_REQUEUE),        V(FUTEX_CMP_REQUEUE), V(FUTEX_WAKE_OP),
    V(FUTEX_LOCK_PI),        V(FUTEX_UNLOCK_PI),   V(FUTEX_TRYLOCK_PI),
    V(FUTEX_WAIT_BITSET),    V(FUTEX_WAKE_BITSET), V(FUTEX_WAIT_REQUEUE_PI),
    V(FUTEX_CMP_REQUEUE_PI), V(FUTEX_LOCK_PI2),    TRACE_FLAGS_END(NULL),
};

static void show_futex_op(const struct trace_view *v,
                          const struct trace_type *t, uint64_t value,
                          unsigned arg)
{
    uint32_t op = (uint32_t)value;
    const char *name = trace_name(futex_ops, op & (uint32_t)FUTEX_CMD_MASK);

    (void)t;
    (void)arg;
    if (!name) {
        fprintf(v->to, "%#x /* FUTEX_??? */", op);
        return;
    }
    fprintf(v->to, "%s%s%s", name, op & FUTEX_PRIVATE_FLAG ? "_PRIVATE" : "",
            op & FUTEX_CLOCK_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "");
}

/* The fourth: a time, or how many to move. */
static void show_futex_time(const struct trace_view *v,
                            const struct trace_type *t, uint64_t value,
                            unsigned arg)
{
    switch ((uint32_t)v->e->arg[1] & (uint32_t)FUTEX_CMD_MASK) {
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
    case FUTEX_WAKE_OP:
        trace_show_unsigned(v, t, value, arg);
        break;
    default:
        trace_show(v, "timespec", value);
        break;
    }
}

static void show_futex_last(const struct trace_view *v,
                            const struct trace_type *t, uint64_t value,
                            unsigned arg)
{
    uint32_t command = (uint32_t)v->e->arg[1] & (uint32_t)FUTEX_CMD_MASK;

    if (command != FUTEX_WAIT_BITSET && command != FUTEX_WAKE_BITSET)
        trace_show_unsigned(v, t, value, arg);
    else if ((uint32_t)value == UINT32_MAX)
        fputs("FUTEX_BITSET_MATCH_ANY", v->to);
    else
        fprintf(v->to, "%#x", (uint32_t)value);
}

/* ---- clone ---- */

static void show_clone_flags(const struct trace_view *v, uint64_t flags)
{
    char text[16];
    unsigned signo = flags & CSIGNAL;

    if (flags & ~(uint64_t)CSIGNAL || signo == 0)
        trace_show(v, "clone_flags", flags & ~(uint64_t)CSIGNAL);
    if (signo != 0)
        fprintf(v->to, "%s%s", flags & ~(uint64_t)CSIGNAL ? "|" : "",
                trace_signal_name(signo, text));
}

/* All of clone()'s arguments, in strace's order, stand in the place of its
 * first. */
static void show_clone(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    const uint64_t *a = v->e->arg;
    int32_t tid;

    (void)t;
    (void)arg;
    fputs("child_stack=", v->to);
    trace_show_pointer(v, NULL, a[1], 0);
    fputs(", flags=", v->to);
    show_clone_flags(v, value);
    if (value & CLONE_PARENT_SETTID) {
        fputs(", parent_tid=", v->to);
        if (trace_read(v, a[2], &tid, sizeof(tid)))
            fprintf(v->to, "[%d]", tid);
        else
            trace_show_pointer(v, NULL, a[2], 0);
    }
    if (value & CLONE_SETTLS)
        fprintf(v->to, ", tls=%#llx", (unsigned long long)a[4]);
    if (value & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) {
        fputs(", child_tidptr=", v->to);
        trace_show_pointer(v, NULL, a[3], 0);
    }
}

enum { FLAGS, PIDFD, CHILD_TID, PARENT_TID, EXIT_SIGNAL, STACK, SIZE, TLS };

static void show_clone3(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    struct trace_view before = *v;
    uint64_t a[8];
    int32_t tid;

    before.phase = TRACE_OF_BEGIN;
    if (!trace_read(&before, value, a, sizeof(a))) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    fputs("{flags=", v->to);
    trace_show(v, "clone_flags", a[FLAGS]);
    if (a[FLAGS] & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID))
        fprintf(v->to, ", child_tid=%#llx", (unsigned long long)a[CHILD_TID]);
    if (a[FLAGS] & CLONE_PARENT_SETTID)
        fprintf(v->to, ", parent_tid=%#llx", (unsigned long long)a[PARENT_TID]);
    fputs(", exit_signal=", v->to);
    trace_show(v, "signo", a[EXIT_SIGNAL]);
    fputs(", stack=", v->to);
    trace_show_pointer(v, NULL, a[STACK], 0);
    fprintf(v->to, ", stack_size=%#llx", (unsigned long long)a[SIZE]);
    if (a[FLAGS] & CLONE_SETTLS)
        fprintf(v->to, ", tls=%#llx", (unsigned long long)a[TLS]);
    fputc('}', v->to);
    if (a[FLAGS] & CLONE_PARENT_SETTID &&
        trace_read(v, a[PARENT_TID], &tid, sizeof(tid)))
        fprintf(v->to, " => {parent_tid=[%d]}", tid);
}

/* ---- what is captured ---- */

#define B  TRACE_AT_BEGIN
#define E  TRACE_AT_END
#define BL (TRACE_AT_BEGIN | TRACE_LAST)
#define EL (TRACE_AT_END | TRACE_LAST)

static const struct trace_op either[] = {
    { B, 0, TRACE_ALL, TRACE_BYTES, 1, 40 },
    { EL, 0, TRACE_ALL, TRACE_BYTES, 1, 40 },
};
static const struct trace_op names[] = {
    { B, 0, TRACE_ALL, TRACE_STRING, 1, 16 },
    { EL, 0, TRACE_ALL, TRACE_STRING, 1, 16 },
};
static const struct trace_op clone_out[] = {
    { EL, 2, TRACE_ALL, TRACE_BYTES, 1, 4 },
};
static const struct trace_op clone3_args[] = {
    { B, 0, TRACE_ALL, TRACE_BYTES, 1, 64 },
    { E, 0, TRACE_ALL, TRACE_BYTES, 1, 64 },
    { EL, TRACE_WORD + PARENT_TID, TRACE_ALL, TRACE_BYTES, 1, 4 },
};

const struct trace_type trace_types_command[] = {
    { .name = "request", .show = show_request },
    { "request_arg", show_request_arg, NULL, 0, B | E, either },
    { "fcntl_commands", trace_show_flags, fcntl_commands, 0, 0, NULL },
    { "fcntl_arg", show_fcntl_arg, NULL, 0, B | E, either },
    { "fd_flags", trace_show_flags, fd_flags, 0, 0, NULL },
    { "seals", trace_show_flags, seals, 0, 0, NULL },
    { "lock_types", trace_show_flags, lock_types, 0, 0, NULL },
    { "prctl_options", trace_show_flags, prctl_options, 0, 0, NULL },
    { "prctl_arg", show_prctl_arg, NULL, 0, B | E, names },
    { "arch_addr", show_arch_addr, NULL, 8, E, NULL },
    { .name = "futex_op", .show = show_futex_op },
    { "futex_time", show_futex_time, NULL, 16, B, NULL },
    { .name = "futex_last", .show = show_futex_last },
    { "clone", show_clone, NULL, 0, E, clone_out },
    { "clone3", show_clone3, NULL, 0, E, clone3_args },
    { 0 },
};
