/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_line.c - see trace_line.h. */
#include "cli/trace_line.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/trace_show.h"
#include "host/clock.h"
#include "host/memory.h"

#define RESULT_COLUMN 40u

/* ---- text whose width is counted ---- */

struct text {
    FILE *to;
    char *data;
    size_t len;
};

static void text_begin(struct text *t)
{
    *t = (struct text){ 0 };
    t->to = open_memstream(&t->data, &t->len);
    if (!t->to)
        abort(); /* no memory */
}

static void text_end(struct text *t, struct trace_line *l)
{
    fclose(t->to);
    fwrite(t->data, 1, t->len, l->to);
    l->column += (unsigned)t->len;
    free(t->data);
}

static __attribute__((format(printf, 2, 3))) void say(struct trace_line *l,
                                                      const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vfprintf(l->to, format, args);
    va_end(args);
    l->column += n > 0 ? (unsigned)n : 0;
}

static void end_line(struct trace_line *l)
{
    fputc('\n', l->to);
    l->column = 0;
}

/* ---- threads ---- */

void trace_line_thread(struct trace_line *l, int32_t tid)
{
    unsigned i;

    for (i = 0; i < l->thread_count; i++)
        if (l->thread[i] == tid)
            return;
    if (l->thread_count < TRACE_THREAD_MAX)
        l->thread[l->thread_count++] = tid;
}

static void thread_forget(struct trace_line *l, int32_t tid)
{
    unsigned i;

    for (i = 0; i < l->thread_count; i++)
        if (l->thread[i] == tid) {
            l->thread[i] = l->thread[--l->thread_count];
            return;
        }
}

/* ---- how a line begins ---- */

static double seconds(const struct trace_line *l, uint64_t cycles)
{
    return l->khz ? (double)cycles / ((double)l->khz * 1000) : 0;
}

static void show_time(struct trace_line *l, uint64_t tsc)
{
    int64_t ns = (int64_t)(seconds(l, tsc - l->tsc_0) * (double)NS_PER_S);
    uint64_t now;
    time_t s;
    struct tm tm;
    char text[16];

    if ((int64_t)(tsc - l->tsc_0) < 0)
        ns = -(int64_t)(seconds(l, l->tsc_0 - tsc) * (double)NS_PER_S);
    now = l->real_ns_0 + (uint64_t)ns;
    s = (time_t)(now / NS_PER_S);
    if (l->time > 2) {
        say(l, "%lld.%06u ", (long long)s, (unsigned)(now % NS_PER_S / 1000));
        return;
    }
    localtime_r(&s, &tm);
    strftime(text, sizeof(text), "%H:%M:%S", &tm);
    if (l->time > 1)
        say(l, "%s.%06u ", text, (unsigned)(now % NS_PER_S / 1000));
    else
        say(l, "%s ", text);
}

static void begin_line(struct trace_line *l, int32_t tid, uint64_t tsc)
{
    if (l->open) {
        fputs(" <unfinished ...>", l->to);
        end_line(l);
        l->open = 0;
    }
    if (l->is_file)
        say(l, "%-5d ", tid);
    else if (l->thread_count > 1)
        say(l, "[pid %5d] ", tid);
    if (l->relative)
        say(l, "%6.6f ", l->last_tsc ? seconds(l, tsc - l->last_tsc) : 0.0);
    l->last_tsc = tsc;
    if (l->time > 0)
        show_time(l, tsc);
}

/* ---- calls ---- */

/* Those of the begin, or from there on the rest: strace writes the comma when
 * what stands before it is there. */
static void show_args(struct trace_line *l, const struct trace_event *e,
                      bool is_rest)
{
    unsigned i = 0, first;
    struct text t;

    while (is_rest && i < e->info->arg_count && !trace_arg_is_late(e, i))
        i++;
    first = i;
    text_begin(&t);
    while ((is_rest || !trace_arg_is_late(e, i)) &&
           trace_show_arg(t.to, e, i, i > first, l->string_max))
        i++;
    if (!is_rest && i > 0 && trace_arg_is_late(e, i))
        fputs(", ", t.to);
    text_end(&t, l);
}

static void show_begin(struct trace_line *l, const struct trace_event *e)
{
    begin_line(l, e->tid, e->begin_tsc);
    say(l, "%s(", e->info->name);
    show_args(l, e, false);
    l->open = e->tid;
}

static void pad(struct trace_line *l)
{
    say(l, " ");
    if (l->column < RESULT_COLUMN)
        say(l, "%*s", (int)(RESULT_COLUMN - l->column), "");
}

/* The rest of a call's line, which may have been broken off. */
static void show_rest(struct trace_line *l, const struct trace_event *e)
{
    if (l->open != e->tid) {
        begin_line(l, e->tid, e->end_tsc ? e->end_tsc : e->begin_tsc);
        say(l, "<... %s resumed>", e->info->name);
    }
    if (e->is_over)
        show_args(l, e, true);
    say(l, ")");
    pad(l);
    l->open = 0;
}

static void show_end(struct trace_line *l, const struct trace_event *e)
{
    struct text t;

    show_rest(l, e);
    text_begin(&t);
    fputs("= ", t.to);
    trace_show_result(t.to, e, l->string_max);
    if (l->spent)
        fprintf(t.to, " <%.6f>", seconds(l, e->end_tsc - e->begin_tsc));
    text_end(&t, l);
    end_line(l);
}

static void show_exited(struct trace_line *l, int32_t tid, uint64_t tsc,
                        int status)
{
    begin_line(l, tid, tsc);
    if (l->signo != 0) {
        char text[16];

        say(l, "+++ killed by %s +++",
            trace_signal_name((unsigned)l->signo, text));
    } else {
        say(l, "+++ exited with %d +++", status);
    }
    end_line(l);
}

/* The thread's last call, or the program's: whoever else is left is told of
 * at the end. */
static void show_exit(struct trace_line *l, const struct trace_event *e,
                      bool is_shown)
{
    int status = (int)e->arg[0] & 0xff;

    if (is_shown) {
        begin_line(l, e->tid, e->begin_tsc);
        say(l, "%s(", e->info->name);
        show_args(l, e, false);
        say(l, ")");
        pad(l);
        say(l, "= ?");
        end_line(l);
    }
    if (strcmp(e->info->name, "exit_group") == 0) {
        l->is_exiting = true;
        l->status = status;
        return;
    }
    if (l->thread_count > 1)
        show_exited(l, e->tid, e->begin_tsc, status);
    else
        l->status = status;
    if (l->thread_count > 1)
        thread_forget(l, e->tid);
}

static void show_signal(struct trace_line *l, const struct trace_event *e)
{
    struct text t;

    if (e->what == TRACE_IS_KILLED) {
        l->signo = (int)e->signo;
        return;
    }
    begin_line(l, e->tid, e->begin_tsc);
    text_begin(&t);
    trace_show_signal(t.to, e);
    text_end(&t, l);
    end_line(l);
}

static bool makes_thread(const struct trace_event *e)
{
    return e->is_over && e->result > 0 &&
           (strcmp(e->info->name, "clone") == 0 ||
            strcmp(e->info->name, "clone3") == 0);
}

void trace_line_event(struct trace_line *l, const struct trace_event *e,
                      bool is_shown)
{
    trace_line_thread(l, e->tid);
    if (e->what != TRACE_IS_CALL) {
        show_signal(l, e);
        return;
    }
    if (!trace_call_returns(e->info)) {
        show_exit(l, e, is_shown);
        return;
    }
    if (is_shown && e->is_over)
        show_end(l, e);
    else if (is_shown)
        show_begin(l, e);
    if (makes_thread(e))
        trace_line_thread(l, (int32_t)e->result);
}

void trace_line_left(struct trace_line *l, const struct trace_event *e,
                     bool is_shown)
{
    if (!is_shown || !trace_call_returns(e->info) ||
        (!l->is_exiting && l->signo == 0))
        return;
    show_rest(l, e);
    say(l, "= ?");
    end_line(l);
}

void trace_line_end(struct trace_line *l, bool is_over)
{
    unsigned i;

    if (l->open && !is_over) {
        fputs(" <detached ...>", l->to);
        end_line(l);
        l->open = 0;
    }
    if (!is_over)
        return;
    /* The first thread is the last to go. */
    for (i = l->thread_count; i > 0; i--)
        show_exited(l, l->thread[i - 1], l->last_tsc, l->status);
}

void trace_line_begin(struct trace_line *l, const char *exe,
                      const char *const *argv, size_t argc, size_t envc)
{
    struct text t;
    size_t i;

    begin_line(l, 1, l->tsc_0);
    text_begin(&t);
    fputs("execve(", t.to);
    trace_show_bytes(t.to, (const uint8_t *)exe, strlen(exe));
    for (i = 0; i < argc; i++) {
        size_t len = strlen(argv[i]);

        fputs(i > 0 ? ", " : ", [", t.to);
        trace_show_bytes(t.to, (const uint8_t *)argv[i],
                         len < l->string_max ? len : l->string_max);
        if (len > l->string_max)
            fputs("...", t.to);
    }
    fprintf(t.to, "], [/* %zu vars */])", envc);
    text_end(&t, l);
    pad(l);
    say(l, "= 0");
    end_line(l);
}
