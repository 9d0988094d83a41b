/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * topview.c - see toplist.h: the pictures.
 *
 * A row is a guest or a thread; each has a number for each column, from which
 * text and order are made. Names come from guests and have been made printable
 * where they were read.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cli/toplist.h"
#include "host/clock.h"
#include "host/fault.h"

#define PAGE_LEN  4096u
#define NAME_LEN  18
#define INVERSE   "\033[7m"
#define BOLD      "\033[1m"
#define PLAIN     "\033[0m"
#define LINE_MAX_ 512u

enum column {
    NAME,
    STATE,
    CPU,
    KERNEL,
    HOST_CPU,
    CALLS,
    FAULTS,
    READY,
    THREADS,
    DESCRIPTORS,
    USED,
    RESIDENT,
    PRIVATE,
    RX,
    TX,
    READ,
    WRITTEN,
    COLUMN_COUNT,
};

enum kind { TEXT, PERCENT, COUNT, BYTES };

static const struct {
    const char *name;
    int width; /* negative: to the left */
    enum kind kind;
} columns[COLUMN_COUNT] = {
    [NAME] = { "NAME", -NAME_LEN, TEXT }, [STATE] = { "STATE", -14, TEXT },
    [CPU] = { "%CPU", 6, PERCENT },       [KERNEL] = { "%KERN", 6, PERCENT },
    [HOST_CPU] = { "%HOST", 6, PERCENT }, [CALLS] = { "CALLS/S", 7, COUNT },
    [FAULTS] = { "FAULT/S", 7, COUNT },   [READY] = { "READY", 5, COUNT },
    [THREADS] = { "THR", 4, COUNT },      [DESCRIPTORS] = { "FDS", 5, COUNT },
    [USED] = { "USED", 6, BYTES },        [RESIDENT] = { "HOST", 6, BYTES },
    [PRIVATE] = { "PRIV", 6, BYTES },     [RX] = { "RX/S", 6, BYTES },
    [TX] = { "TX/S", 6, BYTES },          [READ] = { "READ/S", 6, BYTES },
    [WRITTEN] = { "WRITE/S", 7, BYTES },
};

struct row {
    const struct toplist_guest *guest;
    const struct inside_thread *thread; /* NULL: the guest itself */
    char text[2][40];                   /* NAME, STATE */
    double value[COLUMN_COUNT];         /* NAN: nothing to show */
};

/* ---- values ---- */

static void row_init(struct row *r, const struct toplist_guest *g,
                     const struct inside_thread *t)
{
    unsigned i;

    *r = (struct row){ .guest = g, .thread = t };
    for (i = 0; i < COLUMN_COUNT; i++)
        r->value[i] = NAN;
}

static void guest_fill(struct row *r, const struct toplist_guest *g)
{
    const struct usage *u = &g->now;
    const struct usage_rates *rates = &g->rates;

    row_init(r, g, NULL);
    snprintf(r->text[NAME], sizeof(r->text[NAME]), "%s", g->guest->name);
    snprintf(r->text[STATE], sizeof(r->text[STATE]), "%s",
             guest_state_name(g->guest->state));
    r->value[HOST_CPU] = rates->host_cpu * 100;
    r->value[RESIDENT] = (double)u->host.rss_len;
    r->value[PRIVATE] = (double)u->host.private_len;
    if (!u->is_inside)
        return;
    r->value[CPU] = rates->cpu * 100;
    r->value[KERNEL] = rates->kernel * 100;
    r->value[CALLS] = rates->calls;
    r->value[FAULTS] = rates->faults;
    r->value[READY] = (double)u->ready;
    r->value[THREADS] = (double)u->process.thread_count;
    r->value[DESCRIPTORS] = (double)u->fd_count;
    r->value[USED] =
        ((double)u->process.all_pages - (double)u->process.free_pages) *
        PAGE_LEN;
    r->value[RX] = rates->rx_len;
    r->value[TX] = rates->tx_len;
    r->value[READ] = rates->file_len[USAGE_READ];
    r->value[WRITTEN] = rates->file_len[USAGE_WRITE];
}

/* What is running or ready says so; who sleeps, in which call. */
static void thread_text(struct row *r, const struct inside_thread *t)
{
    const char *call = usage_thread_call(t);

    snprintf(r->text[NAME], sizeof(r->text[NAME]), "%7d %s", t->tid, t->name);
    if (call[0] != '\0')
        snprintf(r->text[STATE], sizeof(r->text[STATE]), "in %s", call);
    else
        snprintf(r->text[STATE], sizeof(r->text[STATE]), "%s",
                 usage_thread_state(t));
}

static double per_second(uint64_t now, uint64_t before, double seconds)
{
    return now > before && seconds > 0 ? (double)(now - before) / seconds : 0;
}

static void thread_fill(struct row *r, const struct toplist_guest *g,
                        const struct inside_thread *t)
{
    const struct inside_thread none = { 0 }, *b = NULL;
    const struct usage *u = &g->now;
    double s;

    row_init(r, g, t);
    thread_text(r, t);
    if (g->has_before) {
        b = usage_thread(&g->before, t->tid);
        s = (double)(u->at_ns - g->before.at_ns) / 1e9;
    } else {
        s = (double)clock_ns(CLOCK_REALTIME) / 1e9 -
            (double)g->guest->start_ns / 1e9;
    }
    b = b && b->va == t->va ? b : &none;
    r->value[CPU] =
        per_second(usage_ns(u, t->cycles), usage_ns(u, b->cycles), s) / 1e7;
    r->value[KERNEL] = per_second(usage_ns(u, t->kernel_cycles),
                                  usage_ns(u, b->kernel_cycles), s) /
                       1e7;
    r->value[CALLS] = per_second(t->calls, b->calls, s);
}

/* ---- order ---- */

static const struct topview *sorting; /* qsort() takes no argument */

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    unsigned by = sorting->sort;
    int order;

    if (columns[by].kind == TEXT) {
        order = strcmp(x->text[by], y->text[by]);
    } else {
        double v = isnan(x->value[by]) ? -1 : x->value[by];
        double w = isnan(y->value[by]) ? -1 : y->value[by];

        order = v < w ? 1 : v > w ? -1 : 0;
    }
    if (order == 0)
        order = x->thread && y->thread
                    ? (x->thread->tid > y->thread->tid) * 2 - 1
                    : strcmp(x->text[NAME], y->text[NAME]);
    return sorting->reverse ? -order : order;
}

static struct row *guest_rows(const struct topview *v,
                              const struct toplist *list)
{
    struct row *rows = mem_alloc((list->count + 1) * sizeof(rows[0]));
    size_t i;

    for (i = 0; i < list->count; i++)
        guest_fill(&rows[i], &list->guest[i]);
    sorting = v;
    qsort(rows, list->count, sizeof(rows[0]), compare);
    return rows;
}

int topview_sort(struct topview *v, const char *name, struct fault *fault)
{
    unsigned i;

    for (i = 0; i < COLUMN_COUNT; i++) {
        const char *is = columns[i].name;

        if (strcasecmp(name, is) != 0 &&
            (is[0] != '%' || strcasecmp(name, is + 1) != 0))
            continue;
        v->sort = i;
        return 0;
    }
    return fault_set(fault, EINVAL,
                     "option -s: there is no column '%s'; samara top -b -n 1 "
                     "shows them",
                     name);
}

void topview_sort_next(struct topview *v, int step)
{
    v->sort = (v->sort + COLUMN_COUNT + (unsigned)step) % COLUMN_COUNT;
}

void topview_select(struct topview *v, const struct toplist *list, int step)
{
    struct row *rows = guest_rows(v, list);
    size_t i;

    for (i = 0; i < list->count; i++)
        if (strcmp(rows[i].guest->guest->id, v->selected) == 0)
            break;
    if (list->count == 0) {
        v->selected[0] = '\0';
    } else {
        if (i == list->count)
            i = step > 0 ? 0 : list->count - 1;
        else
            i = (i + list->count + (size_t)(ptrdiff_t)step) % list->count;
        strcpy(v->selected, rows[i].guest->guest->id);
    }
    free(rows);
}

/* ---- text ---- */

/* Four digits at most, and a letter. */
static void number_text(char out[16], double value, enum kind kind)
{
    static const char units[] = " KMGTP";
    double step = kind == BYTES ? 1024 : 1000;
    unsigned unit = 0;

    if (isnan(value)) {
        strcpy(out, "-");
        return;
    }
    if (kind == PERCENT) {
        snprintf(out, 16, "%.1f", value);
        return;
    }
    while (value >= (unit == 0 && kind == COUNT ? 100000 : step) &&
           unit < sizeof(units) - 2) {
        value /= step;
        unit++;
    }
    if (unit == 0)
        snprintf(out, 16, "%.0f", value);
    else
        snprintf(out, 16, value < 10 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}

/* A line that is not wider than the screen; its colours do not count. */
static void put_line(FILE *to, const struct topview *v, const char *text,
                     const char *colour)
{
    int width = v->columns > 0 ? (int)v->columns : (int)LINE_MAX_;
    int len = (int)strlen(text);

    while (v->columns == 0 && len > 0 && text[len - 1] == ' ')
        len--;
    if (v->columns == 0 || colour[0] == '\0')
        fprintf(to, "%.*s\n", len < width ? len : width, text);
    else
        fprintf(to, "%s%-*.*s" PLAIN "\n", colour, width, width, text);
}

static void put_row(FILE *to, const struct topview *v, const struct row *r)
{
    bool is_selected =
        !r->thread && strcmp(v->selected, r->guest->guest->id) == 0;
    char line[LINE_MAX_];
    size_t len = 0;
    unsigned i;

    for (i = 0; i < COLUMN_COUNT && len < sizeof(line) - 1; i++) {
        char number[16];
        const char *text = number;

        if (columns[i].kind == TEXT)
            text = r->text[i];
        else if (r->thread && isnan(r->value[i]))
            text = "";
        else
            number_text(number, r->value[i], columns[i].kind);
        len += (size_t)snprintf(line + len, sizeof(line) - len, "%*.*s ",
                                columns[i].width, abs(columns[i].width), text);
    }
    put_line(to, v, line, is_selected ? INVERSE : "");
}

static void put_head(FILE *to, const struct topview *v)
{
    char line[LINE_MAX_];
    size_t len = 0;
    unsigned i;

    for (i = 0; i < COLUMN_COUNT && len < sizeof(line) - 1; i++) {
        char name[16];

        snprintf(name, sizeof(name), "%s%s", columns[i].name,
                 v->sort == i && v->columns > 0 ? "*" : "");
        len += (size_t)snprintf(line + len, sizeof(line) - len, "%*s ",
                                columns[i].width, name);
    }
    put_line(to, v, line, BOLD);
}

static void put_sum(FILE *to, const struct topview *v,
                    const struct toplist *list)
{
    double cpu = 0, host = 0, calls = 0;
    uint64_t threads = 0, running = 0, ready = 0;
    char line[LINE_MAX_], clock[16], calls_text[16];
    time_t now = time(NULL);
    struct tm tm;
    size_t i;

    for (i = 0; i < list->count; i++) {
        const struct toplist_guest *g = &list->guest[i];

        cpu += g->rates.cpu;
        host += g->rates.host_cpu;
        calls += g->rates.calls;
        threads += g->now.process.thread_count;
        running += g->now.running;
        ready += g->now.ready;
    }
    localtime_r(&now, &tm);
    strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
    number_text(calls_text, calls, COUNT);
    snprintf(line, sizeof(line),
             "samara top %s  %zu guests, %llu threads: %llu running, %llu "
             "ready  CPU %.1f %%, host's %.1f %%  %s calls/s",
             clock, list->count, (unsigned long long)threads,
             (unsigned long long)running, (unsigned long long)ready, cpu * 100,
             host * 100, calls_text);
    put_line(to, v, line, "");
}

static void put_help(FILE *to, const struct topview *v)
{
    static const char *const lines[] = {
        "q quit   t threads   < > sort by the column before, behind   "
        "r the other way round",
        "up down select a guest   Enter that one alone, all again   "
        "+ - longer, shorter delay",
    };
    size_t i;

    if (!v->help)
        put_line(to, v, "h help", "");
    for (i = 0; v->help && i < sizeof(lines) / sizeof(lines[0]); i++)
        put_line(to, v, lines[i], "");
}

static void put_threads(FILE *to, const struct topview *v,
                        const struct toplist_guest *g)
{
    size_t i, count = g->now.process.thread_count;
    struct row *rows = mem_alloc((count + 1) * sizeof(rows[0]));

    for (i = 0; i < count; i++)
        thread_fill(&rows[i], g, &g->now.process.thread[i]);
    qsort(rows, count, sizeof(rows[0]), compare);
    for (i = 0; i < count; i++)
        put_row(to, v, &rows[i]);
    free(rows);
}

char *topview_text(const struct topview *v, const struct toplist *list)
{
    struct row *rows = guest_rows(v, list);
    char *text = NULL;
    size_t i, len;
    FILE *to = open_memstream(&text, &len);

    if (!to)
        abort(); /* out of memory, as mem_alloc() ends it */
    put_sum(to, v, list);
    if (v->columns > 0)
        put_help(to, v);
    put_head(to, v);
    for (i = 0; i < list->count; i++) {
        if (v->only && strcmp(rows[i].guest->guest->id, v->selected) != 0)
            continue;
        put_row(to, v, &rows[i]);
        if (v->threads)
            put_threads(to, v, rows[i].guest);
    }
    fclose(to);
    free(rows);
    return text;
}
