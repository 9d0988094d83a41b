/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_result.c - see trace_calls.h: arguments one by one, results, and what
 * stands behind them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>

#include "cli/trace_show.h"

static bool is(const struct trace_event *e, const char *name)
{
    return strcmp(e->info->name, name) == 0;
}

/* ---- arguments ---- */

static unsigned fcntl_count(uint32_t command)
{
    switch (command) {
    case F_GETFD:
    case F_GETFL:
    case F_GETOWN:
    case F_GETSIG:
    case F_GETLEASE:
    case F_GETPIPE_SZ:
    case F_GET_SEALS:
        return 2;
    default:
        return 3;
    }
}

static unsigned futex_count(uint32_t op)
{
    switch (op & (uint32_t)FUTEX_CMD_MASK) {
    case FUTEX_WAKE:
        return 3;
    case FUTEX_UNLOCK_PI:
    case FUTEX_TRYLOCK_PI:
        return 2;
    case FUTEX_WAIT:
    case FUTEX_LOCK_PI:
        return 4;
    case FUTEX_REQUEUE:
    case FUTEX_WAIT_REQUEUE_PI:
        return 5;
    default:
        return 6;
    }
}

static unsigned prctl_count(uint32_t option)
{
    switch (option) {
    case PR_GET_DUMPABLE:
    case PR_GET_KEEPCAPS:
    case PR_GET_SECCOMP:
    case PR_GET_SECUREBITS:
    case PR_GET_TIMERSLACK:
        return 1;
    case PR_SET_NAME:
    case PR_GET_NAME:
    case PR_SET_PDEATHSIG:
    case PR_GET_PDEATHSIG:
    case PR_SET_DUMPABLE:
    case PR_SET_KEEPCAPS:
    case PR_CAPBSET_READ:
    case PR_SET_TIMERSLACK:
    case PR_SET_CHILD_SUBREAPER:
    case PR_GET_CHILD_SUBREAPER:
        return 2;
    default:
        return 5;
    }
}

/* The last of some calls' arguments are not looked at. */
static unsigned arg_count(const struct trace_event *e)
{
    unsigned count = e->info->arg_count;
    const uint64_t *a = e->arg;

    if (is(e, "open") || is(e, "openat"))
        return a[count - 2] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
                   ? count
                   : count - 1;
    if (is(e, "mq_open"))
        return a[1] & O_CREAT ? 4 : 2;
    if (is(e, "mknod") || is(e, "mknodat"))
        return (a[count - 2] & 0170000) == 0020000 ||
                       (a[count - 2] & 0170000) == 0060000
                   ? count
                   : count - 1;
    if (is(e, "fcntl"))
        return fcntl_count((uint32_t)a[1]);
    if (is(e, "futex"))
        return futex_count((uint32_t)a[1]);
    if (is(e, "prctl"))
        return prctl_count((uint32_t)a[0]);
    if (is(e, "mremap"))
        return a[3] & MREMAP_FIXED ? 5 : 4;
    if (is(e, "ioctl") && (a[1] == 0x5451 || a[1] == 0x5450)) /* FIOCLEX */
        return 2;
    if (is(e, "membarrier"))
        return 2;
    return count;
}

/* strace leaves the fifth of a bit set's wait out. */
static bool is_left_out(const struct trace_event *e, unsigned i)
{
    uint32_t command = (uint32_t)e->arg[1] & (uint32_t)FUTEX_CMD_MASK;

    if (!is(e, "futex"))
        return false;
    return (command == FUTEX_WAIT_BITSET && i == 4) ||
           (command == FUTEX_WAKE_BITSET && (i == 3 || i == 4));
}

bool trace_arg_is_late(const struct trace_event *e, unsigned i)
{
    return i < arg_count(e) && e->info->type[i]->when & TRACE_AT_END;
}

bool trace_show_arg(FILE *to, const struct trace_event *e, unsigned i,
                    bool with_comma, unsigned string_max)
{
    const struct trace_type *t;
    struct trace_view v = { .to = to, .e = e, .string_max = string_max };

    if (i >= arg_count(e))
        return false;
    t = e->info->type[i];
    v.phase = t->when & TRACE_AT_END ? TRACE_OF_END : TRACE_OF_BEGIN;
    if (is_left_out(e, i))
        return true;
    if (with_comma)
        fputs(", ", to);
    t->show(&v, t, e->arg[i], i);
    return true;
}

void trace_show(const struct trace_view *v, const char *type, uint64_t value)
{
    const struct trace_type *t = trace_type_get(type, strlen(type));

    t->show(v, t, value, TRACE_ARG_MAX);
}

/* ---- results ---- */

/* [{fd=4, revents=POLLIN}], of those that have any */
static void show_ready(const struct trace_view *v)
{
    uint64_t i, count = (uint32_t)v->e->arg[1];
    const char *between = "";
    struct pollfd p;

    fputs(" ([", v->to);
    for (i = 0; i < count; i++) {
        if (!trace_read(v, v->e->arg[0] + sizeof(p) * i, &p, sizeof(p)))
            break;
        if (p.revents == 0)
            continue;
        fprintf(v->to, "%s{fd=%d, revents=", between, p.fd);
        trace_show(v, "poll_events", (uint16_t)p.revents);
        fputc('}', v->to);
        between = ", ";
    }
    fputc(']', v->to);
}

static void show_left(const struct trace_view *v, const char *type, uint64_t va)
{
    size_t have;

    if (va == 0 || !trace_find(v, va, &have))
        return;
    fputs(", left ", v->to);
    trace_show(v, type, va);
}

static void show_selected(const struct trace_view *v)
{
    static const char *const names[] = { "in ", "out ", "except " };
    const char *between = " (";
    unsigned i, k;

    for (i = 0; i < 3; i++) {
        size_t have = 0;
        const uint8_t *set = trace_find(v, v->e->arg[1 + i], &have);
        bool any = false;

        for (k = 0; set && k < (uint32_t)v->e->arg[0] && k / 8 < have; k++)
            any |= set[k / 8] >> (k % 8) & 1;
        if (!any)
            continue;
        fprintf(v->to, "%s%s", between, names[i]);
        trace_show(v, "fdset", v->e->arg[1 + i]);
        between = ", ";
    }
    show_left(v, is(v->e, "select") ? "timeval" : "timespec", v->e->arg[4]);
    fputc(')', v->to);
}

static void show_flags_got(const struct trace_view *v, const char *kind,
                           const char *type)
{
    fprintf(v->to, " (%s ", kind);
    trace_show(v, type, (uint64_t)v->e->result);
    fputc(')', v->to);
}

static void show_ready_calls(const struct trace_view *v)
{
    const struct trace_event *e = v->e;

    if (e->result == 0) {
        fputs(" (Timeout)", v->to);
    } else if (is(e, "poll") || is(e, "ppoll")) {
        show_ready(v);
        if (is(e, "ppoll"))
            show_left(v, "timespec", e->arg[2]);
        fputc(')', v->to);
    } else {
        show_selected(v);
    }
}

static void show_extra(const struct trace_view *v)
{
    const struct trace_event *e = v->e;
    char text[16];

    if (is(e, "poll") || is(e, "ppoll") || is(e, "select") || is(e, "pselect6"))
        show_ready_calls(v);
    else if (is(e, "fcntl") && e->arg[1] == F_GETFL)
        show_flags_got(v, "flags", "open_flags");
    else if (is(e, "fcntl") && e->arg[1] == F_GETFD && e->result > 0)
        show_flags_got(v, "flags", "fd_flags");
    else if (is(e, "fcntl") && e->arg[1] == F_GET_SEALS && e->result > 0)
        show_flags_got(v, "seals", "seals");
    else if (is(e, "rt_sigtimedwait"))
        fprintf(v->to, " (%s)", trace_signal_name((uint32_t)e->result, text));
    else if (is(e, "prctl") && e->arg[0] == PR_GET_DUMPABLE)
        fprintf(v->to, " (%s)",
                e->result == 1 ? "SUID_DUMP_USER"
                : e->result    ? "SUID_DUMP_ROOT"
                               : "SUID_DUMP_DISABLE");
    else if (is(e, "sched_getscheduler")) {
        fputs(" (", v->to);
        trace_show(v, "policies", (uint64_t)e->result);
        fputc(')', v->to);
    }
}

static bool result_is_hex(const struct trace_event *e)
{
    return is(e, "brk") || is(e, "mmap") || is(e, "mremap") || is(e, "shmat") ||
           (is(e, "fcntl") && e->result > 0 &&
            (e->arg[1] == F_GETFD || e->arg[1] == F_GETFL ||
             e->arg[1] == F_GET_SEALS));
}

/* What only the kernel sees: the call begins again, or ends with EINTR. */
static const char *restart(int64_t result)
{
    switch (result) {
    case -512:
        return "? ERESTARTSYS (To be restarted if SA_RESTART is set)";
    case -513:
        return "? ERESTARTNOINTR (To be restarted)";
    case -514:
        return "? ERESTARTNOHAND (To be restarted if no handler)";
    case -516:
        return "? ERESTART_RESTARTBLOCK (Interrupted by signal)";
    default:
        return NULL;
    }
}

void trace_show_result(FILE *to, const struct trace_event *e,
                       unsigned string_max)
{
    const struct trace_view v = {
        .to = to, .e = e, .phase = TRACE_OF_END, .string_max = string_max
    };
    const char *name;

    if (e->result >= 0 || e->result < -4095) {
        if (result_is_hex(e))
            fprintf(to, "%#llx", (unsigned long long)e->result);
        else if (is(e, "umask"))
            fprintf(to, "%#03o", (unsigned)e->result);
        else
            fprintf(to, "%lld", (long long)e->result);
        show_extra(&v);
        return;
    }
    name = restart(e->result);
    if (name) {
        fputs(name, to);
        return;
    }
    name = strerrorname_np((int)-e->result);
    fprintf(to, "-1 %s (%s)", name ? name : "?", strerror((int)-e->result));
}

void trace_show_signal(FILE *to, const struct trace_event *e)
{
    char text[16];

    if (e->what == TRACE_IS_KILLED) {
        fprintf(to, "+++ killed by %s +++", trace_signal_name(e->signo, text));
        return;
    }
    fprintf(to, "--- %s ", trace_signal_name(e->signo, text));
    trace_show_siginfo(to, e->arg);
    fputs(" ---", to);
}
