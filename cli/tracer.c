/* SPDX-License-Identifier: BSD-2-Clause */
/* tracer.c - see tracer.h. */
#include "cli/tracer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/follow.h"
#include "cli/inside.h"
#include "cli/print.h"
#include "cli/registry.h"
#include "cli/trace_calls.h"
#include "cli/trace_show.h"
#include "cli/tracering.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/clock.h"
#include "host/fault.h"
#include "image/runconfig.h"

#define LOOK_NS        10000000ull
#define LOOK_SOON_NS   500000ull
#define TEXT_WORDS_MAX 32u

/* ---- options ---- */

static int set_tid(void *into, const char *value, struct fault *fault)
{
    return args_count("-p", value, INT32_MAX, &((struct tracer *)into)->tid,
                      fault);
}

static int set_time(void *into, const char *value, struct fault *fault)
{
    (void)value;
    (void)fault;
    ((struct tracer *)into)->line.time++;
    return 0;
}

static int set_string(void *into, const char *value, struct fault *fault)
{
    struct tracer *t = into;
    int err = args_count("-s", value, INT32_MAX, &t->line.string_max, fault);

    if (t->line.string_max > TRACE_STRING_MAX)
        t->line.string_max = TRACE_STRING_MAX;
    return err;
}

const struct arg_option options_trace[] = {
    { 'e', "filter", "CALLS", "only these: read,write,%file; !x: not x",
      ARG_TEXT(struct tracer, filter) },
    { 'p', "thread", "TID", "only this thread's", ARG_SET(set_tid) },
    { 'c', "summary", NULL, "count calls, errors and time instead",
      ARG_FLAG(struct tracer, summary) },
    { 'C', "summary-too", NULL, "the same, behind the calls themselves",
      ARG_FLAG(struct tracer, as_well) },
    { 'o', "output", "FILE", "write there", ARG_TEXT(struct tracer, output) },
    { 's', "string-limit", "BYTES", "show so much of data (32, at most 1024)",
      ARG_SET(set_string) },
    { 't', "time", NULL, "when; -tt: with microseconds; -ttt: since 1970",
      ARG_SET(set_time) },
    { 'r', "relative", NULL, "how long after the line before",
      ARG_FLAG(struct tracer, line.relative) },
    { 'T', "durations", NULL, "how long each call took",
      ARG_FLAG(struct tracer, line.spent) },
    { 'f', "all-threads", NULL, "as always", ARG_FLAG(struct tracer, all) },
    { 0, "json", NULL, "for programs: an object a line",
      ARG_FLAG(struct tracer, json) },
    ARG_HELP(struct tracer),
    ARG_END,
};

static bool word_means(const char *word, const struct trace_call *call)
{
    return word[0] == '%' ? trace_call_is(call, word + 1)
                          : strcmp(call->name, word) == 0;
}

/* One word of -e: a name, or a class behind "%". */
static int filter_word(struct tracer *t, const char *word, bool wanted,
                       struct fault *fault)
{
    bool found = false;
    unsigned i;

    for (i = 0; i < TRACE_CALL_MAX; i++) {
        const struct trace_call *call = trace_call_get(i);

        if (!call || !word_means(word, call))
            continue;
        t->shown[i] = wanted;
        found = true;
    }
    if (found)
        return 0;
    return fault_set(fault, EINVAL,
                     "option -e: '%s' is neither a system call nor one of the "
                     "classes %%file, %%desc, %%network, %%memory, %%signal, "
                     "%%process, %%ipc",
                     word);
}

/* The ends of threads are told of whatever is shown. */
static void select_calls(struct tracer *t)
{
    unsigned i;

    for (i = 0; i < TRACE_CALL_MAX; i++) {
        const struct trace_call *call = trace_call_get(i);

        t->ring.selected[i] =
            call && (t->shown[i] || (!t->summary && !trace_call_returns(call)));
    }
}

static int filter_apply(struct tracer *t, struct fault *fault)
{
    const char *list = t->filter;
    char *copy, *word, *rest;
    bool wanted = true;
    int err = 0;

    if (list && strncmp(list, "trace=", 6) == 0)
        list += 6;
    if (list && list[0] == '!') {
        wanted = false;
        list++;
    }
    memset(t->shown, !list || !wanted, sizeof(t->shown));
    copy = rest = list ? mem_strdup(list) : NULL;
    while (err == 0 && (word = strsep(&rest, ",")))
        err = filter_word(t, word, wanted, fault);
    free(copy);
    select_calls(t);
    return err;
}

int tracer_parse(struct tracer *t, int argc, char **argv, int *first_out,
                 struct fault *fault)
{
    int err;

    t->line.string_max = TRACE_STRING_DEFAULT;
    err = args_parse_anywhere(options_trace, t, argc, argv, first_out, fault);
    t->ring.string_max = t->line.string_max;
    return err || t->help ? err : filter_apply(t, fault);
}

int tracer_parse_text(struct tracer *t, char *text, struct fault *fault)
{
    static char verb[] = "--trace";
    char *argv[TEXT_WORDS_MAX + 1] = { verb };
    int argc = 1, first, err;
    char *word;

    while ((word = strsep(&text, " ")))
        if (word[0] != '\0' && argc < (int)TEXT_WORDS_MAX)
            argv[argc++] = word;
    err = tracer_parse(t, argc, argv, &first, fault);
    if (err == 0 && (first < argc || t->help))
        err = fault_set(fault, EINVAL,
                        "option --trace takes the options of samara trace, as "
                        "--trace='-e %%network -o FILE', not '%s'",
                        argv[first < argc ? first : 1]);
    return err;
}

/* ---- showing ---- */

static double seconds(const struct tracer *t, uint64_t cycles)
{
    uint64_t khz = t->ring.inside.hello.tsc_khz;

    return khz ? (double)cycles / ((double)khz * 1000) : 0;
}

static void show_json_args(struct tracer *t, const struct trace_event *e)
{
    unsigned i;

    for (i = 0; i < e->info->arg_count; i++) {
        char *text = NULL;
        size_t len = 0;
        FILE *to = open_memstream(&text, &len);
        bool more;

        if (!to)
            return;
        more = trace_show_arg(to, e, i, false, t->line.string_max);
        fclose(to);
        if (more && i > 0)
            fputs(", ", t->to);
        if (more)
            print_json_string(t->to, text);
        free(text);
    }
}

static void show_json(struct tracer *t, const struct trace_event *e)
{
    if (e->what != TRACE_IS_CALL) {
        char text[16];

        fprintf(t->to, "{\"tid\": %d, \"%s\": \"%s\", \"begin\": %.9f}\n",
                e->tid, e->what == TRACE_IS_SIGNAL ? "signal" : "killed",
                trace_signal_name(e->signo, text), seconds(t, e->begin_tsc));
        return;
    }
    fprintf(t->to, "{\"tid\": %d, \"cpu\": %u, \"call\": \"%s\", \"args\": [",
            e->tid, e->cpu, e->info->name);
    show_json_args(t, e);
    fprintf(t->to, "], \"begin\": %.9f", seconds(t, e->begin_tsc));
    if (e->is_over)
        fprintf(t->to, ", \"result\": %lld, \"seconds\": %.9f",
                (long long)e->result, seconds(t, e->end_tsc - e->begin_tsc));
    fputs("}\n", t->to);
}

static bool is_shown(const struct tracer *t, const struct trace_event *e)
{
    return e->what != TRACE_IS_CALL || t->shown[e->number];
}

static void show(void *arg, const struct trace_event *e)
{
    struct tracer *t = arg;

    if (t->tid != 0 && (unsigned)e->tid != t->tid)
        return;
    if (t->json) {
        if (is_shown(t, e) &&
            (t->is_left || e->is_over || e->what != TRACE_IS_CALL))
            show_json(t, e);
    } else if (t->is_left) {
        trace_line_left(&t->line, e, is_shown(t, e));
    } else {
        trace_line_event(&t->line, e, is_shown(t, e));
    }
}

/* ---- the summary ---- */

struct row {
    const char *name;
    const struct trace_count *count;
};

static int compare_cycles(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    return x->count->cycles < y->count->cycles   ? 1
           : x->count->cycles > y->count->cycles ? -1
                                                 : 0;
}

static void summary_text(const struct tracer *t, const struct row *rows,
                         size_t count, uint64_t all_cycles)
{
    struct trace_count total = { 0 };
    size_t i;

    fprintf(t->to, "%6s %11s %11s %9s %9s %s\n", "% time", "seconds",
            "usecs/call", "calls", "errors", "syscall");
    for (i = 0; i < count; i++) {
        const struct trace_count *c = rows[i].count;

        fprintf(t->to, "%6.2f %11.6f %11.3f %9llu %9llu %s\n",
                all_cycles ? 100.0 * (double)c->cycles / (double)all_cycles : 0,
                seconds(t, c->cycles),
                seconds(t, c->cycles) * 1e6 / (double)c->calls,
                (unsigned long long)c->calls, (unsigned long long)c->errors,
                rows[i].name);
        total.calls += c->calls;
        total.errors += c->errors;
    }
    fprintf(t->to, "%6s %11.6f %11s %9llu %9llu total\n", "100.00",
            seconds(t, all_cycles), "", (unsigned long long)total.calls,
            (unsigned long long)total.errors);
}

static void show_summary(const struct tracer *t)
{
    static struct row rows[TRACE_CALL_MAX];
    uint64_t all = 0;
    size_t count = 0;
    unsigned i;

    for (i = 0; i < TRACE_CALL_MAX; i++) {
        const struct trace_call *call = trace_call_get(i);

        if (!call || !t->shown[i] || t->ring.count[i].calls == 0)
            continue;
        rows[count++] = (struct row){ call->name, &t->ring.count[i] };
        all += t->ring.count[i].cycles;
    }
    qsort(rows, count, sizeof(rows[0]), compare_cycles);
    if (!t->json) {
        summary_text(t, rows, count, all);
        return;
    }
    for (i = 0; i < count; i++)
        fprintf(t->to,
                "{\"call\": \"%s\", \"calls\": %llu, \"errors\": %llu, "
                "\"seconds\": %.9f}\n",
                rows[i].name, (unsigned long long)rows[i].count->calls,
                (unsigned long long)rows[i].count->errors,
                seconds(t, rows[i].count->cycles));
}

/* ---- following ---- */

/* What is missing, as far as it was said. */
struct loss {
    uint64_t records;
    unsigned lapses;
};

static struct loss loss_tell(const struct tracer *t, struct loss told)
{
    if (t->ring.lost > told.records && !t->summary)
        fprintf(stderr,
                "samara: %llu records were overwritten before they could be "
                "read; -e chooses fewer calls, -c counts all\n",
                (unsigned long long)(t->ring.lost - told.records));
    if (t->ring.lapses > told.lapses)
        fprintf(stderr, "samara: the guest had ended the trace, which nobody "
                        "had read for seconds; it begins again\n");
    return (struct loss){ t->ring.lost, t->ring.lapses };
}

static int follow(struct tracer *t, struct fault *fault)
{
    struct loss told = { 0 };
    uint64_t nap_ns = LOOK_SOON_NS;
    int err = 0;

    while (!follow_is_over() && err == 0 && !ferror(t->to)) {
        const struct timespec nap = { 0, (long)nap_ns };
        uint64_t before = t->ring.position;

        nanosleep(&nap, NULL);
        err = tracering_poll(&t->ring, show, t, fault);
        /* Calls come in bursts: sooner again while the ring fills. */
        nap_ns = t->ring.position - before > TRACE_RING_LEN / 8 ? LOOK_SOON_NS
                                                                : 2 * nap_ns;
        nap_ns = nap_ns < LOOK_NS ? nap_ns : LOOK_NS;
        told = loss_tell(t, told);
        fflush(t->to);
    }
    return err == -ESHUTDOWN ? 0 : err; /* the guest's end is ours */
}

static int output_open(struct tracer *t, FILE *otherwise, struct fault *fault)
{
    t->to = t->output ? fopen(t->output, "we") : otherwise;
    if (!t->to)
        return fault_sys(fault, errno, "cannot write '%s'", t->output);
    t->line.to = t->to;
    t->line.is_file = t->output != NULL;
    return 0;
}

/* What is left: calls that are not over, threads that end, sums. */
static void rest_show(struct tracer *t)
{
    t->is_left = true;
    tracering_end(&t->ring, show, t);
    if (!t->summary && !t->json)
        trace_line_end(&t->line, t->ring.inside.hello.is_ended);
    if (t->summary || t->as_well)
        show_summary(t);
}

/* The ring is open, or err says why not. All is written when the guest may
 * go: who waits for it finds it. */
static int finish(struct tracer *t, int err, struct fault *fault)
{
    bool is_open = err == 0;

    if (is_open) {
        err = follow(t, fault);
        rest_show(t);
    }
    if ((t->output ? fclose(t->to) : fflush(t->to)) != 0 && err == 0)
        err = fault_sys(fault, errno, "cannot write '%s'",
                        t->output ? t->output : "the trace");
    if (is_open)
        tracering_close(&t->ring);
    return err;
}

/* Which time it is, in both clocks. */
static void clocks_read(struct tracer *t)
{
    t->line.khz = t->ring.inside.hello.tsc_khz;
    t->line.tsc_0 = t->ring.inside.hello.tsc;
    t->line.real_ns_0 = clock_ns(CLOCK_REALTIME);
}

/* How many threads there are says how lines begin. */
static void threads_read(struct tracer *t)
{
    struct inside_process p;
    struct fault ignored; /* then they show when they make calls */
    size_t i;

    if (inside_process(&t->ring.inside, &p, &ignored) != 0)
        return;
    for (i = 0; i < p.thread_count; i++)
        trace_line_thread(&t->line, p.thread[i].tid);
    inside_process_fini(&p);
}

static enum trace_mode mode_of(const struct tracer *t)
{
    return t->summary ? TRACE_COUNTS : TRACE_RECORDS;
}

int tracer_run(struct tracer *t, const struct guest *g, struct fault *fault)
{
    int err = output_open(t, stdout, fault);

    if (err)
        return err;
    follow_begin();
    err = tracering_open(&t->ring, g, mode_of(t), fault);
    if (err == 0) {
        clocks_read(t);
        threads_read(t);
        fprintf(stderr, "samara: tracing '%s'; Ctrl-C ends that\n", g->name);
    }
    return finish(t, err, fault);
}

static void show_start(struct tracer *t, const struct run_config *how)
{
    if (t->summary || t->json || !how->exe)
        return;
    trace_line_begin(&t->line, how->exe, (const char *const *)how->args.item,
                     how->args.count, how->env.count);
}

int tracer_run_first(struct tracer *t, int fd, const char *name,
                     const struct run_config *how, struct fault *fault)
{
    int err = output_open(t, stderr, fault);

    if (err)
        return err;
    follow_begin();
    err = tracering_open_first(&t->ring, fd, name, mode_of(t), fault);
    if (err == 0) {
        clocks_read(t);
        trace_line_thread(&t->line, 1);
        show_start(t, how);
    }
    return finish(t, err, fault);
}
