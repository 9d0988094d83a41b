/* SPDX-License-Identifier: BSD-2-Clause */
/* tracer.c - see tracer.h. */
#include "cli/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/follow.h"
#include "cli/print.h"
#include "cli/registry.h"
#include "cli/trace_calls.h"
#include "cli/tracering.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"

#define LOOK_NS        10000000
#define TEXT_WORDS_MAX 32u

/* ---- options ---- */

static int set_tid(void *into, const char *value, struct fault *fault)
{
    return args_count("-p", value, INT32_MAX, &((struct tracer *)into)->tid,
                      fault);
}

const struct arg_option options_trace[] = {
    { 'e', "filter", "CALLS", "only these: read,write,%file; !x: not x",
      ARG_TEXT(struct tracer, filter) },
    { 'p', "thread", "TID", "only this thread's", ARG_SET(set_tid) },
    { 'c', "summary", NULL, "count calls, errors and time instead",
      ARG_FLAG(struct tracer, summary) },
    { 'o', "output", "FILE", "write there", ARG_TEXT(struct tracer, output) },
    { 0, "json", NULL, "for programs: an object a line",
      ARG_FLAG(struct tracer, json) },
    ARG_HELP(struct tracer),
    ARG_END,
};

/* One word of -e: a name, or a class behind "%". */
static int filter_word(struct tracer *t, const char *word, bool wanted,
                       struct fault *fault)
{
    bool found = false;
    unsigned i;

    for (i = 0; i < TRACE_CALL_MAX; i++) {
        const struct trace_call *call = trace_call_get(i);

        if (!call || strcmp(word[0] == '%' ? call->kind : call->name,
                            word + (word[0] == '%')) != 0)
            continue;
        t->ring.selected[i] = wanted;
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
    memset(t->ring.selected, !list || !wanted, sizeof(t->ring.selected));
    if (!list)
        return 0;
    copy = rest = mem_strdup(list);
    while (err == 0 && (word = strsep(&rest, ",")))
        err = filter_word(t, word, wanted, fault);
    free(copy);
    return err;
}

int tracer_parse(struct tracer *t, int argc, char **argv, int *first_out,
                 struct fault *fault)
{
    int err = args_parse(options_trace, t, argc, argv, first_out, fault);

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

/* How much of a buffer means anything: what was returned, or asked for. */
static uint64_t data_len(const struct tracering_call *c, unsigned i)
{
    if (c->info->capture & TRACE_OUT(i))
        return c->result > 0 ? (uint64_t)c->result : 0;
    return i + 1 < c->info->arg_count ? c->arg[i + 1] : 0;
}

static void show_args(FILE *to, const struct tracering_call *c)
{
    unsigned i;

    for (i = 0; i < c->info->arg_count; i++) {
        if (c->info->arg[i].type == TRACE_OPEN_MODE && i > 0 &&
            !(c->arg[i - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
            continue; /* it is not looked at */
        if (i > 0)
            fputs(", ", to);
        trace_show_arg(to, &c->info->arg[i], c->arg[i], &c->bytes[i],
                       data_len(c, i));
    }
}

static void show_line(struct tracer *t, const struct tracering_call *c)
{
    fprintf(t->to, "[%d] %s(", c->tid, c->info->name);
    show_args(t->to, c);
    if (!c->is_over) {
        fputs(trace_call_returns(c->info) ? " <unfinished ...>\n" : ") = ?\n",
              t->to);
        return;
    }
    fputs(") ", t->to);
    trace_show_result(t->to, c->info, c->result);
    fprintf(t->to, " <%.6f>\n", seconds(t, c->end_tsc - c->begin_tsc));
}

static void show_json(struct tracer *t, const struct tracering_call *c)
{
    char *text = NULL;
    size_t len = 0;
    unsigned i;

    fprintf(t->to, "{\"tid\": %d, \"cpu\": %u, \"call\": \"%s\", \"args\": [",
            c->tid, c->cpu, c->info->name);
    for (i = 0; i < c->info->arg_count; i++) {
        FILE *to = open_memstream(&text, &len);

        if (!to)
            break;
        trace_show_arg(to, &c->info->arg[i], c->arg[i], &c->bytes[i],
                       data_len(c, i));
        fclose(to);
        fputs(i > 0 ? ", " : "", t->to);
        print_json_string(t->to, text);
        free(text);
        text = NULL;
    }
    fprintf(t->to, "], \"begin\": %.9f", seconds(t, c->begin_tsc));
    if (c->is_over)
        fprintf(t->to, ", \"result\": %lld, \"seconds\": %.9f",
                (long long)c->result, seconds(t, c->end_tsc - c->begin_tsc));
    fputs("}\n", t->to);
}

static void show(void *arg, const struct tracering_call *c)
{
    struct tracer *t = arg;

    if (t->tid != 0 && (unsigned)c->tid != t->tid)
        return;
    if (t->json)
        show_json(t, c);
    else
        show_line(t, c);
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

        if (!call || t->ring.count[i].calls == 0)
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

static int follow(struct tracer *t, struct fault *fault)
{
    const struct timespec nap = { 0, LOOK_NS };
    uint64_t lost = 0;
    int err = 0;

    while (!follow_is_over() && err == 0 && !ferror(t->to)) {
        nanosleep(&nap, NULL);
        err = tracering_poll(&t->ring, show, t, fault);
        if (t->ring.lost > lost && !t->summary) {
            fprintf(stderr,
                    "samara: %llu records were overwritten before "
                    "they could be read; -e chooses fewer calls, -c "
                    "counts all\n",
                    (unsigned long long)(t->ring.lost - lost));
            lost = t->ring.lost;
        }
        fflush(t->to);
    }
    return err == -ESHUTDOWN ? 0 : err; /* the guest's end is ours */
}

static int output_open(struct tracer *t, FILE *otherwise, struct fault *fault)
{
    t->to = t->output ? fopen(t->output, "we") : otherwise;
    if (!t->to)
        return fault_sys(fault, errno, "cannot write '%s'", t->output);
    return 0;
}

/* The ring is open, or err says why not. All is written when the guest may
 * go: who waits for it finds it. */
static int finish(struct tracer *t, int err, struct fault *fault)
{
    bool is_open = err == 0;

    if (is_open) {
        err = follow(t, fault);
        tracering_end(&t->ring, show, t);
        if (t->summary && err == 0)
            show_summary(t);
    }
    if ((t->output ? fclose(t->to) : fflush(t->to)) != 0 && err == 0)
        err = fault_sys(fault, errno, "cannot write '%s'",
                        t->output ? t->output : "the trace");
    if (is_open)
        tracering_close(&t->ring);
    return err;
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
    if (err == 0)
        fprintf(stderr, "samara: tracing '%s'; Ctrl-C ends that\n", g->name);
    return finish(t, err, fault);
}

int tracer_run_first(struct tracer *t, int fd, const char *name,
                     struct fault *fault)
{
    int err = output_open(t, stderr, fault);

    if (err)
        return err;
    follow_begin();
    return finish(
        t, tracering_open_first(&t->ring, fd, name, mode_of(t), fault), fault);
}
