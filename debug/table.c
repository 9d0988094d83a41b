/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - a profile as a table, as JSON, and as folded stacks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "debug/profile.h"
#include "host/memory.h"
#include "host/path.h"

#define ROWS     40u /* functions that are worth a line */
#define NS_PER_S 1e9

static const struct profile *sorting; /* qsort() passes nothing on */

static int compare_functions(const void *a, const void *b)
{
    size_t x, y;
    const struct profile_function *f, *g;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    f = &sorting->function[x];
    g = &sorting->function[y];
    if (f->self != g->self)
        return f->self > g->self ? -1 : 1;
    if (f->total != g->total)
        return f->total > g->total ? -1 : 1;
    return strcmp(f->name, g->name);
}

size_t *profile_order(const struct profile *p)
{
    size_t *order = mem_alloc((p->function_count + 1) * sizeof(*order));
    size_t i;

    for (i = 0; i < p->function_count; i++)
        order[i] = i;
    sorting = p;
    qsort(order, p->function_count, sizeof(*order), compare_functions);
    return order;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void put_head(const struct profile *p)
{
    printf("%llu samples of '%s' in %.1f s, %u a second%s\n",
           (unsigned long long)p->stacks.samples, p->guest,
           (double)p->duration_ns / NS_PER_S, p->rate,
           p->off_cpu ? ", of threads that sleep" : "");
    if (p->idle)
        printf("%llu times a CPU was idle\n", (unsigned long long)p->idle);
    if (p->away)
        printf("%llu times a CPU was not to be had: it waited for the host\n",
               (unsigned long long)p->away);
    if (p->missed)
        printf("%llu samples were not taken in time\n",
               (unsigned long long)p->missed);
    if (p->stacks.lost)
        printf("%llu samples are missing: too many different stacks\n",
               (unsigned long long)p->stacks.lost);
}

void profile_table(const struct profile *p)
{
    size_t *order = profile_order(p);
    uint64_t all = p->stacks.samples;
    size_t i;

    put_head(p);
    printf("%8s %6s %8s %6s  %s\n", "SELF", "%", "TOTAL", "%", "FUNCTION");
    for (i = 0; i < p->function_count && i < ROWS; i++) {
        const struct profile_function *f = &p->function[order[i]];

        printf("%8llu %6.2f %8llu %6.2f  %s (%s)\n",
               (unsigned long long)f->self, percent(f->self, all),
               (unsigned long long)f->total, percent(f->total, all), f->name,
               path_base(p->object[f->object]));
    }
    if (i < p->function_count)
        printf("%zu functions more\n", p->function_count - i);
    free(order);
}

static void json_function(const struct profile *p,
                          const struct profile_function *f)
{
    printf("{\"function\": ");
    print_json_string(stdout, f->name);
    printf(", \"object\": ");
    print_json_string(stdout, p->object[f->object]);
    if (f->file) {
        printf(", \"file\": ");
        print_json_string(stdout, f->file);
    }
    printf(", \"self\": %llu, \"total\": %llu}", (unsigned long long)f->self,
           (unsigned long long)f->total);
}

void profile_json(const struct profile *p)
{
    size_t *order = profile_order(p);
    size_t i;

    printf("{\"guest\": ");
    print_json_string(stdout, p->guest);
    printf(",\n \"seconds\": %.3f, \"rate\": %u, \"samples\": %llu,\n"
           " \"idle\": %llu, \"away\": %llu, \"missed\": %llu, "
           "\"lost\": %llu, \"cut\": %llu,\n \"functions\": [",
           (double)p->duration_ns / NS_PER_S, p->rate,
           (unsigned long long)p->stacks.samples, (unsigned long long)p->idle,
           (unsigned long long)p->away, (unsigned long long)p->missed,
           (unsigned long long)p->stacks.lost, (unsigned long long)p->cut);
    for (i = 0; i < p->function_count; i++) {
        fputs(i > 0 ? ",\n  " : "\n  ", stdout);
        json_function(p, &p->function[order[i]]);
    }
    printf("]}\n");
    free(order);
}

static void put_row(const struct profile *p, const struct stacks *rows,
                    const struct stack_seen *seen, struct buf *out)
{
    char *end = mem_printf(" %llu\n", (unsigned long long)seen->samples);
    unsigned k;

    for (k = 0; k < seen->count; k++) {
        const char *name = p->function[rows->pc[seen->first + k]].name;

        if (k > 0)
            buf_add(out, ";", 1);
        buf_add(out, name, strlen(name));
    }
    buf_add(out, end, strlen(end));
    free(end);
}

/* Stacks that differ in addresses alone are one. */
void profile_folded(const struct profile *p, struct buf *out)
{
    static size_t row[PROFILE_DEPTH_MAX];
    static uint64_t functions[PROFILE_DEPTH_MAX];
    struct stacks rows = { 0 };
    size_t i;

    for (i = 0; i < p->stacks.stack_count; i++) {
        unsigned k, count = profile_row(p, &p->stacks.stack[i], row);

        for (k = 0; k < count; k++)
            functions[k] = row[k];
        stacks_add(&rows, 0, functions, count, p->stacks.stack[i].samples);
    }
    for (i = 0; i < rows.stack_count; i++)
        put_row(p, &rows, &rows.stack[i], out);
    stacks_fini(&rows);
}
