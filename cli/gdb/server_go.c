/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_go.c - how threads are to go on: vCont, and the older packets.
 */
#include <errno.h>

#include "cli/gdb/server.h"
#include "cli/gdb/signals.h"
#include "host/fault.h"

static void go(struct server *s, const struct target_go *how)
{
    int err;

    s->range_go = *how;
    err = target_go(&s->target, how, s->fault);
    if (err)
        server_error(s, err);
    else
        s->is_quiet = true; /* the reply is how it stops */
}

/* An action of vCont, or one of the old packets. */
struct action {
    char what; /* c, s, r */
    int32_t signo;
    int32_t tid; /* 0: all that no other is for */
    uint64_t start, end;
};

static bool parse_action(const char **at, struct action *out)
{
    uint64_t signo;

    *out = (struct action){ .what = *(*at)++ };
    switch (out->what) {
    case 'C':
    case 'S':
        if (!packet_number(at, &signo))
            return false;
        out->signo = (int32_t)signals_from_gdb((unsigned)signo);
        out->what = out->what == 'C' ? 'c' : 's';
        break;
    case 'r':
        if (!packet_number(at, &out->start) || *(*at)++ != ',' ||
            !packet_number(at, &out->end))
            return false;
        break;
    case 'c':
    case 's':
        break;
    default:
        return false;
    }
    if (**at == ':' && (++*at, !server_thread_id(at, &out->tid)))
        return false;
    if (out->tid < 0)
        out->tid = 0;
    return **at == '\0' || **at == ';';
}

/* The thread that an action is for: 0 is the one that is looked at. */
static uint64_t action_thread(struct server *s, const struct action *a)
{
    const struct inside_thread *t =
        a->tid ? target_thread(&s->target, a->tid) : server_thread(s);

    return t ? t->va : 0;
}

/* Actions for threads alone, none for the rest: the rest stays. */
void server_cont(struct server *s, const char *at)
{
    struct target_go how = { 0 };
    bool has_rest = false;
    uint64_t named = 0;
    struct action a;

    if (target_threads(&s->target, s->fault) != 0) {
        server_error(s, -s->fault->err);
        return;
    }
    s->range_start = s->range_end = 0;
    while (*at == ';') {
        at++;
        if (!parse_action(&at, &a) ||
            (a.tid != 0 && !target_thread(&s->target, a.tid))) {
            server_error(s, -EINVAL);
            return;
        }
        has_rest = has_rest || a.tid == 0;
        if (a.tid != 0)
            named = action_thread(s, &a);
        if (a.signo != 0) {
            how.signal = action_thread(s, &a);
            how.signo = a.signo;
        }
        if (a.what == 'c')
            continue;
        how.step = action_thread(s, &a);
        s->range_start = a.start;
        s->range_end = a.end;
    }
    how.only = has_rest ? 0 : named;
    go(s, &how);
}

/* c, s, C, S: of the one thread, the others go on as well. An address to go on
 * at is not among what gdb sends. */
void server_cont_old(struct server *s, const char *at)
{
    struct target_go how = { 0 };
    struct action a;
    const char *from = at;

    if (!parse_action(&from, &a)) {
        server_error(s, -EINVAL);
        return;
    }
    a.tid = s->tid > 0 ? s->tid : 0;
    if (a.what == 's')
        how.step = action_thread(s, &a);
    if (a.signo != 0) {
        how.signal = action_thread(s, &a);
        how.signo = a.signo;
    }
    s->range_start = s->range_end = 0;
    go(s, &how);
}

bool server_goes_on(struct server *s)
{
    const struct inside_thread *t;
    unsigned reason = s->target.reason;
    struct target_regs r;

    if (reason == DEBUG_START || (reason == DEBUG_ASKED && s->target.settles))
        return target_go(&s->target, &s->range_go, s->fault) == 0;
    if (s->target.is_ended || target_threads(&s->target, s->fault) != 0)
        return false;
    t = target_thread_at(&s->target, s->target.thread);
    if (!t || target_regs(&s->target, t, &r, s->fault) != 0)
        return false;
    if (reason == DEBUG_BREAK)
        return target_break_is_unwanted(&s->target, r.r.rip) &&
               target_go(&s->target, &s->range_go, s->fault) == 0;
    if ((reason != DEBUG_STEP && reason != DEBUG_KERNEL_STEP) ||
        s->range_end == 0 || r.r.rip < s->range_start ||
        r.r.rip >= s->range_end)
        return false;
    s->range_go.signo = 0;
    return target_go(&s->target, &s->range_go, s->fault) == 0;
}
