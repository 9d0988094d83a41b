/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_sets.c - see trace_show.h: signals, what is waited for, sets. */
#include <asm-generic/siginfo.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "cli/trace_show.h"

#define V TRACE_VALUE

#define LIST_MAX     32u /* elements that are shown */
#define SET_LEN      128u
#define SIGNAL_IO    29u
#define SIGNAL_RTMIN 32u
#define SIGNAL_MAX   64u

/* ---- signals ---- */

const char *trace_signal_name(unsigned signo, char text[16])
{
    const char *name = sigabbrev_np((int)signo);

    if (signo == SIGNAL_IO)
        return "SIGIO"; /* SIGPOLL there */
    if (signo == SIGNAL_RTMIN)
        return "SIGRTMIN";
    if (name)
        snprintf(text, 16, "SIG%s", name);
    else if (signo > SIGNAL_RTMIN && signo <= SIGNAL_MAX)
        snprintf(text, 16, "SIGRT_%u", signo - SIGNAL_RTMIN);
    else
        snprintf(text, 16, "%d", (int)signo);
    return text;
}

static void show_signo(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    char text[16];

    (void)t;
    (void)arg;
    fputs(trace_signal_name((uint32_t)value, text), v->to);
}

/* Of a set that has most signals, those that are missing. */
static void show_sigset(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    const char *between = "";
    uint64_t set;
    unsigned i;
    char text[16];

    if (value == 0 || !trace_read(v, value, &set, sizeof(set))) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    if (__builtin_popcountll(set) > 42) {
        fputc('~', v->to);
        set = ~set;
    }
    fputc('[', v->to);
    for (i = 1; i <= SIGNAL_MAX; i++) {
        if (!(set >> (i - 1) & 1))
            continue;
        fprintf(v->to, "%s%s", between, trace_signal_name(i, text) + 3);
        between = " ";
    }
    fputc(']', v->to);
}

/* The mask that the handler's frame gives back: behind the program's rsp lies
 * struct ucontext, which ends with it. */
static void show_frame(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    const struct trace_memory *m = &v->e->memory[TRACE_OF_BEGIN];
    struct trace_chunk c = { 0 };

    (void)value;
    if (m->len >= sizeof(c))
        memcpy(&c, m->data, sizeof(c));
    fputs("{mask=", v->to);
    show_sigset(v, t, c.va, arg);
    fputc('}', v->to);
}

static const struct trace_flag codes_any[] = {
    { 0, UINT64_MAX, "SI_USER" },
    { 0x80, UINT64_MAX, "SI_KERNEL" },
    { (uint32_t)-1, UINT64_MAX, "SI_QUEUE" },
    { (uint32_t)-2, UINT64_MAX, "SI_TIMER" },
    { (uint32_t)-3, UINT64_MAX, "SI_MESGQ" },
    { (uint32_t)-4, UINT64_MAX, "SI_ASYNCIO" },
    { (uint32_t)-5, UINT64_MAX, "SI_SIGIO" },
    { (uint32_t)-6, UINT64_MAX, "SI_TKILL" },
    TRACE_FLAGS_END("SI_???"),
};
static const struct trace_flag codes_segv[] = {
    V(SEGV_MAPERR),
    V(SEGV_ACCERR),
    V(SEGV_PKUERR),
    TRACE_FLAGS_END(NULL),
};
static const struct trace_flag codes_ill[] = {
    V(ILL_ILLOPC), V(ILL_ILLOPN), V(ILL_ILLADR),
    V(ILL_ILLTRP), V(ILL_PRVOPC), TRACE_FLAGS_END(NULL),
};
static const struct trace_flag codes_fpe[] = {
    V(FPE_INTDIV), V(FPE_INTOVF), V(FPE_FLTDIV), V(FPE_FLTOVF),
    V(FPE_FLTUND), V(FPE_FLTRES), V(FPE_FLTINV), TRACE_FLAGS_END(NULL),
};
static const struct trace_flag codes_bus[] = {
    V(BUS_ADRALN),
    V(BUS_ADRERR),
    V(BUS_OBJERR),
    TRACE_FLAGS_END(NULL),
};
static const struct trace_flag codes_trap[] = {
    V(TRAP_BRKPT),
    V(TRAP_TRACE),
    TRACE_FLAGS_END(NULL),
};
static const struct trace_flag codes_child[] = {
    V(CLD_EXITED),  V(CLD_KILLED),    V(CLD_DUMPED),         V(CLD_TRAPPED),
    V(CLD_STOPPED), V(CLD_CONTINUED), TRACE_FLAGS_END(NULL),
};

enum { ILL = 4, TRAP = 5, BUS = 7, FPE = 8, SEGV = 11, CHILD = 17, IO = 29 };

static const struct trace_flag *codes_of(uint32_t signo)
{
    switch (signo) {
    case SEGV:
        return codes_segv;
    case ILL:
        return codes_ill;
    case FPE:
        return codes_fpe;
    case BUS:
        return codes_bus;
    case TRAP:
        return codes_trap;
    case CHILD:
        return codes_child;
    default:
        return codes_any;
    }
}

/* siginfo_t: signo, errno, code, nothing; then by what it is about. */
void trace_show_siginfo(FILE *to, const uint64_t words[TRACE_ARG_MAX])
{
    const struct trace_flag *own = codes_of((uint32_t)words[0]);
    uint32_t code = (uint32_t)words[1];
    bool is_fault = (int32_t)code > 0 && code != 0x80 && own != codes_any &&
                    own != codes_child;
    const char *name = trace_name(codes_any, code);
    char text[16];

    if (!name && (int32_t)code > 0)
        name = trace_name(own, code);
    fprintf(to, "{si_signo=%s, si_code=",
            trace_signal_name((uint32_t)words[0], text));
    if (name)
        fputs(name, to);
    else
        fprintf(to, "%#x", code);
    if (is_fault && words[2] == 0)
        fputs(", si_addr=NULL", to);
    else if (is_fault)
        fprintf(to, ", si_addr=%#llx", (unsigned long long)words[2]);
    else if ((int32_t)code == -2)
        fprintf(to, ", si_timerid=%#x, si_overrun=%d", (uint32_t)words[2],
                (int32_t)(words[2] >> 32));
    else if (code != 0x80)
        fprintf(to, ", si_pid=%d, si_uid=%u", (int32_t)words[2],
                (uint32_t)(words[2] >> 32));
    if (own == codes_child && (int32_t)code > 0)
        fprintf(to, ", si_status=%d, si_utime=0, si_stime=0",
                (int32_t)words[3]);
    if (((int32_t)code == -1 || (int32_t)code == -2 || (int32_t)code == -3))
        fprintf(to, ", si_value={int=%d, ptr=%#llx}", (int32_t)words[3],
                (unsigned long long)words[3]);
    fputc('}', to);
}

static void show_siginfo(const struct trace_view *v, const struct trace_type *t,
                         uint64_t value, unsigned arg)
{
    uint64_t words[TRACE_ARG_MAX];

    if (value == 0 || !trace_read(v, value, words, sizeof(words)))
        trace_show_pointer(v, t, value, arg);
    else
        trace_show_siginfo(v->to, words);
}

/* wait4()'s status word. */
static void show_status(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    uint32_t s;
    char text[16];

    if (value == 0 || !trace_read(v, value, &s, sizeof(s)))
        trace_show_pointer(v, t, value, arg);
    else if ((s & 0x7f) == 0)
        fprintf(v->to, "[{WIFEXITED(s) && WEXITSTATUS(s) == %u}]",
                s >> 8 & 0xff);
    else
        fprintf(v->to, "[{WIFSIGNALED(s) && WTERMSIG(s) == %s}]",
                trace_signal_name(s & 0x7f, text));
}

/* ---- poll, select ---- */

static void show_pollfds(const struct trace_view *v, const struct trace_type *t,
                         uint64_t value, unsigned arg)
{
    uint64_t count = (uint32_t)v->e->arg[1], i;
    struct pollfd p;
    size_t have;

    if (count == 0 || !trace_find(v, value, &have)) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    for (i = 0; i < count && i < LIST_MAX; i++) {
        if (!trace_read(v, value + sizeof(p) * i, &p, sizeof(p)))
            break;
        fprintf(v->to, i > 0 ? ", {fd=%d" : "[{fd=%d", p.fd);
        if (p.fd >= 0) {
            fputs(", events=", v->to);
            trace_show(v, "poll_events", (uint16_t)p.events);
        }
        fputc('}', v->to);
    }
    fputs(i < count ? ", ...]" : "]", v->to);
}

static void show_fdset(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    uint64_t count = (uint32_t)v->e->arg[0], i;
    const char *between = "";
    uint8_t set[SET_LEN];
    size_t have;
    const uint8_t *data = trace_find(v, value, &have);

    if (!data) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    have = have < sizeof(set) ? have : sizeof(set);
    memcpy(set, data, have);
    fputc('[', v->to);
    for (i = 0; i < count && i / 8 < have; i++) {
        if (!(set[i / 8] >> (i % 8) & 1))
            continue;
        fprintf(v->to, "%s%u", between, (unsigned)i);
        between = " ";
    }
    fputc(']', v->to);
}

/* What is left of it is shown behind the result. */
static void show_wait(const struct trace_view *v, const struct trace_type *t,
                      uint64_t value, unsigned arg)
{
    size_t have;

    if (!trace_find(v, value, &have))
        trace_show_pointer(v, t, value, arg);
    else
        trace_show(v, t->table, value);
}

/* pselect6()'s last: a pointer to a set, and a length. */
static void show_maskpair(const struct trace_view *v,
                          const struct trace_type *t, uint64_t value,
                          unsigned arg)
{
    uint64_t pair[2];

    if (value == 0 || !trace_read(v, value, pair, sizeof(pair))) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    fputs("{sigmask=", v->to);
    show_sigset(v, t, pair[0], arg);
    fprintf(v->to, ", sigsetsize=%llu}", (unsigned long long)pair[1]);
}

/* ---- epoll ---- */

static bool show_event(const struct trace_view *v, uint64_t va)
{
    struct epoll_event e;

    if (!trace_read(v, va, &e, sizeof(e)))
        return false;
    fputs("{events=", v->to);
    trace_show(v, "epoll_events", e.events);
    fprintf(v->to, ", data={u32=%u, u64=%llu}}", e.data.u32,
            (unsigned long long)e.data.u64);
    return true;
}

static void show_epoll_event(const struct trace_view *v,
                             const struct trace_type *t, uint64_t value,
                             unsigned arg)
{
    if ((uint32_t)v->e->arg[1] == EPOLL_CTL_DEL || !show_event(v, value))
        trace_show_pointer(v, t, value, arg);
}

static void show_epoll_events(const struct trace_view *v,
                              const struct trace_type *t, uint64_t value,
                              unsigned arg)
{
    uint64_t i, count = v->e->result > 0 ? (uint64_t)v->e->result : 0;

    if (!v->e->is_over || v->e->result < 0) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    fputc('[', v->to);
    for (i = 0; i < count && i < LIST_MAX; i++) {
        fputs(i > 0 ? ", " : "", v->to);
        if (!show_event(v, value + sizeof(struct epoll_event) * i))
            break;
    }
    fputs(i < count ? ", ...]" : "]", v->to);
}

/* ---- CPUs ---- */

static void show_cpus(const struct trace_view *v, const struct trace_type *t,
                      uint64_t value, unsigned arg)
{
    uint64_t len =
        v->phase == TRACE_OF_END ? (uint64_t)v->e->result : v->e->arg[1];
    const char *between = "";
    size_t have, i;
    const uint8_t *data = trace_find(v, value, &have);

    if (!data) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    have = have < len ? have : (size_t)len;
    fputc('[', v->to);
    for (i = 0; i < 8 * have; i++) {
        if (!(data[i / 8] >> (i % 8) & 1))
            continue;
        fprintf(v->to, "%s%zu", between, i);
        between = " ";
    }
    fputc(']', v->to);
}

/* getgroups(): numbers. */
static void show_groups(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    int64_t count =
        v->phase == TRACE_OF_END ? v->e->result : (int64_t)v->e->arg[0];
    int64_t i;
    uint32_t id;
    size_t have;

    if (!trace_find(v, value, &have)) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    for (i = 0; i < count && i < (int64_t)LIST_MAX; i++) {
        if (!trace_read(v, value + 4 * (uint64_t)i, &id, sizeof(id)))
            break;
        fprintf(v->to, i > 0 ? ", %u" : "[%u", id);
    }
    fputs(i < count ? ", ...]" : "]", v->to);
}

#define B  TRACE_AT_BEGIN
#define E  TRACE_AT_END
#define BL (TRACE_AT_BEGIN | TRACE_LAST)
#define EL (TRACE_AT_END | TRACE_LAST)

static const struct trace_op frame_mask[] = {
    { BL, TRACE_MASK, TRACE_ALL, TRACE_BYTES, 1, 8 },
};
static const struct trace_op pollfds[] = {
    { B, 0, 1, TRACE_BYTES, 8, LIST_MAX },
    { EL, 0, 1, TRACE_BYTES, 8, LIST_MAX },
};
static const struct trace_op fdset[] = {
    { B, 0, TRACE_ALL, TRACE_BYTES, 1, SET_LEN },
    { EL, 0, TRACE_ALL, TRACE_BYTES, 1, SET_LEN },
};
static const struct trace_op wait_left[] = {
    { B, 0, TRACE_ALL, TRACE_BYTES, 1, 16 },
    { EL, 0, TRACE_ALL, TRACE_BYTES, 1, 16 },
};
static const struct trace_op maskpair[] = {
    { B, 0, TRACE_ALL, TRACE_BYTES, 1, 16 },
    { BL, TRACE_WORD, TRACE_ALL, TRACE_BYTES, 1, 8 },
};
static const struct trace_op events_out[] = {
    { EL, 0, TRACE_RESULT, TRACE_BYTES, sizeof(struct epoll_event), LIST_MAX },
};
static const struct trace_op cpus_in[] = {
    { BL, 0, TRACE_ALL, TRACE_BYTES, 1, SET_LEN },
};
static const struct trace_op groups_out[] = {
    { EL, 0, TRACE_RESULT, TRACE_BYTES, 4, LIST_MAX },
};
static const struct trace_op groups_in[] = {
    { BL, 0, TRACE_ALL, TRACE_BYTES, 1, 4 * LIST_MAX },
};
static const struct trace_op cpus_out[] = {
    { EL, 0, TRACE_RESULT, TRACE_BYTES, 1, SET_LEN },
};

const struct trace_type trace_types_sets[] = {
    { .name = "signo", .show = show_signo },
    { "frame", show_frame, NULL, 0, B, frame_mask },
    { "sigset", show_sigset, NULL, 8, B, NULL },
    { "sigset>", show_sigset, NULL, 8, E, NULL },
    { "siginfo", show_siginfo, NULL, 48, B, NULL },
    { "siginfo>", show_siginfo, NULL, 48, E, NULL },
    { "status>", show_status, NULL, 4, E, NULL },
    { "pollfds", show_pollfds, NULL, 0, B, pollfds },
    { "fdset", show_fdset, NULL, 0, B, fdset },
    { "wait_timespec", show_wait, "timespec", 0, B, wait_left },
    { "wait_timeval", show_wait, "timeval", 0, B, wait_left },
    { "maskpair", show_maskpair, NULL, 0, B, maskpair },
    { "epoll_event", show_epoll_event, NULL, 12, B, NULL },
    { "epoll_events>", show_epoll_events, NULL, 0, E, events_out },
    { "cpus", show_cpus, NULL, 0, B, cpus_in },
    { "cpus>", show_cpus, NULL, 0, E, cpus_out },
    { "groups", show_groups, NULL, 0, B, groups_in },
    { "groups>", show_groups, NULL, 0, E, groups_out },
    { 0 },
};
