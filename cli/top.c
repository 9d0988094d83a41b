/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top.c - samara top: what guests use now, again and again.
 *
 * Each look is toplist.c's, each picture topshow.c's; here are the options and
 * the keys.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/screen.h"
#include "cli/table.h"
#include "cli/toplist.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/clock.h"
#include "host/fault.h"

#define DELAY_S     1.0
#define DELAY_S_MIN 0.1
#define DELAY_S_MAX 86400.0
#define ROUNDS_MAX  1000000000u

struct top {
    struct topview view;
    double delay_s;
    unsigned rounds; /* 0: without end */
    bool batch, help;
};

static int set_delay(void *into, const char *value, struct fault *fault)
{
    struct top *t = into;
    char *end;

    t->delay_s = strtod(value, &end);
    if (end != value && *end == '\0' && t->delay_s >= DELAY_S_MIN &&
        t->delay_s <= DELAY_S_MAX)
        return 0;
    return fault_set(fault, EINVAL,
                     "option -d: '%s' is not a number of seconds from %.1f to "
                     "%.0f",
                     value, DELAY_S_MIN, DELAY_S_MAX);
}

static int set_rounds(void *into, const char *value, struct fault *fault)
{
    return args_count("-n", value, ROUNDS_MAX, &((struct top *)into)->rounds,
                      fault);
}

static int set_sort(void *into, const char *value, struct fault *fault)
{
    return topview_sort(&((struct top *)into)->view, value, fault);
}

const struct arg_option options_top[] = {
    { 'b', "batch", NULL, "print plain text, without keys",
      ARG_FLAG(struct top, batch) },
    { 'd', "delay", "SECONDS", "from one look to the next (1)",
      ARG_SET(set_delay) },
    { 'n', "rounds", "N", "end after so many looks", ARG_SET(set_rounds) },
    { 's', "sort", "COLUMN", "by this one, as it is called (%CPU)",
      ARG_SET(set_sort) },
    { 0, "threads", NULL, "each thread, too",
      ARG_FLAG(struct top, view.threads) },
    ARG_HELP(struct top),
    ARG_END,
};

static uint64_t delay_ns(const struct top *t)
{
    return (uint64_t)(t->delay_s * (double)NS_PER_S);
}

/* ---- without a terminal ---- */

static int run_batch(struct top *t, struct toplist *list, struct fault *fault)
{
    uint64_t next = clock_ns(CLOCK_MONOTONIC);
    unsigned i;
    int err = 0;

    t->view.columns = 0;
    for (i = 0; err == 0 && (t->rounds == 0 || i < t->rounds); i++) {
        const struct timespec until = { (time_t)(next / NS_PER_S),
                                        (long)(next % NS_PER_S) };
        char *text;

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
               EINTR)
            ;
        next += delay_ns(t);
        err = toplist_look(list, fault);
        if (err)
            return err;
        text = topview_text(&t->view, list);
        printf("%s%s", i > 0 ? "\n" : "", text);
        free(text);
        if (fflush(stdout) != 0)
            err = fault_sys(fault, errno, "cannot write");
    }
    return err;
}

/* ---- with one ---- */

/* False: it is to end. */
static bool key_take(struct top *t, const struct toplist *list, int key)
{
    struct topview *v = &t->view;

    switch (key) {
    case 'q':
    case SCREEN_END:
        return false;
    case 't':
        v->threads = !v->threads;
        break;
    case 'r':
        v->reverse = !v->reverse;
        break;
    case 'h':
    case '?':
        v->help = !v->help;
        break;
    case '<':
    case SCREEN_LEFT:
        topview_sort_next(v, -1);
        break;
    case '>':
    case SCREEN_RIGHT:
        topview_sort_next(v, 1);
        break;
    case 'k':
    case SCREEN_UP:
        topview_select(v, list, -1);
        break;
    case 'j':
    case SCREEN_DOWN:
        topview_select(v, list, 1);
        break;
    case '\r':
    case '\n':
        v->only = v->selected[0] != '\0' && !v->only;
        break;
    case '+':
        if (t->delay_s * 2 <= DELAY_S_MAX)
            t->delay_s *= 2;
        break;
    case '-':
        if (t->delay_s / 2 >= DELAY_S_MIN)
            t->delay_s /= 2;
        break;
    default:
        break;
    }
    return true;
}

static void draw(struct topview *v, const struct toplist *list)
{
    unsigned lines;
    char *text;

    screen_size(&v->columns, &lines);
    text = topview_text(v, list);
    screen_show(text);
    free(text);
}

/* Keys until it is time to look again. False: it is to end. */
static bool wait_keys(struct top *t, const struct toplist *list)
{
    uint64_t from = clock_ns(CLOCK_MONOTONIC);

    for (;;) {
        int key = screen_key(from + delay_ns(t));

        if (key == SCREEN_NONE)
            return true;
        if (!key_take(t, list, key))
            return false;
        draw(&t->view, list);
    }
}

static int run_screen(struct top *t, struct toplist *list, struct fault *fault)
{
    int err = screen_open(fault);
    unsigned i;

    if (err)
        return err;
    for (i = 0; t->rounds == 0 || i < t->rounds; i++) {
        err = toplist_look(list, fault);
        if (err)
            break;
        draw(&t->view, list);
        if (!wait_keys(t, list))
            break;
    }
    screen_close();
    return err;
}

int verb_top(int argc, char **argv, struct fault *fault)
{
    struct top t = { .delay_s = DELAY_S, .view = TOPVIEW_DEFAULT };
    struct toplist list = { 0 };
    int first,
        err = args_parse_anywhere(options_top, &t, argc, argv, &first, fault);

    if (err == 0 && t.help)
        return verb_show_help("top");
    if (err)
        return err;
    list.names = argv + first;
    list.name_count = (size_t)(argc - first);
    err = t.batch ? run_batch(&t, &list, fault) : run_screen(&t, &list, fault);
    toplist_fini(&list);
    return err;
}
