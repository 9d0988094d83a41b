/* SPDX-License-Identifier: BSD-2-Clause */
/* ps.c - samara ps: the guests, a line each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/print.h"
#include "cli/registry.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"

#define COMMAND_SHOWN 40 /* characters; --no-trunc shows all */

struct ps {
    bool all, quiet, json, no_trunc, help;
};

const struct arg_option options_ps[] = {
    { 'a', "all", NULL, "those that have ended, too",
      ARG_FLAG(struct ps, all) },
    { 'q', "quiet", NULL, "ids alone", ARG_FLAG(struct ps, quiet) },
    { 0, "no-trunc", NULL, "commands in full", ARG_FLAG(struct ps, no_trunc) },
    { 0, "json", NULL, "for programs: a JSON object a line",
      ARG_FLAG(struct ps, json) },
    ARG_HELP(struct ps),
    ARG_END,
};

static char *duration(uint64_t seconds)
{
    static const struct {
        uint64_t seconds;
        const char *unit;
    } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };
    size_t i = 0;

    while (i < 3 && seconds < 2 * units[i].seconds)
        i++;
    return mem_printf("%llu%s",
                      (unsigned long long)(seconds / units[i].seconds),
                      units[i].unit);
}

static uint64_t seconds_since(uint64_t ns)
{
    uint64_t now = (uint64_t)time(NULL);
    uint64_t then = ns / 1000000000u;

    return now > then ? now - then : 0;
}

/* "running 5m", "exited (0) 2h ago" */
static char *status_text(const struct guest *g)
{
    uint64_t from = g->state < GUEST_EXITED ? g->start_ns : g->end_ns;
    char *since = duration(seconds_since(from));
    char *text;

    if (g->state < GUEST_EXITED)
        text = mem_printf("%s %s", guest_state_name(g->state), since);
    else if (g->state == GUEST_EXITED)
        text = mem_printf("exited (%d) %s ago", g->exit_status, since);
    else
        text = mem_printf("dead %s ago", since);
    free(since);
    return text;
}

static char *size_text(uint64_t bytes)
{
    if (bytes >= 1u << 30 && bytes % (1u << 30) == 0)
        return mem_printf("%lluG", (unsigned long long)(bytes >> 30));
    if (bytes >= 1u << 20 && bytes % (1u << 20) == 0)
        return mem_printf("%lluM", (unsigned long long)(bytes >> 20));
    return mem_printf("%lluK", (unsigned long long)(bytes >> 10));
}

static void show_line(const struct guest *g, const struct ps *o)
{
    char *status = status_text(g);
    char *size = size_text(g->ram_len);
    char *command =
        mem_strndup(g->command, o->no_trunc ? SIZE_MAX / 2 : COMMAND_SHOWN);

    printf("%-12s  %-20s  %-20s  %6s  %s  %s\n", g->id, g->name, status, size,
           g->ports ? g->ports : "-", command);
    free(command);
    free(size);
    free(status);
}

static void show_json(const struct guest *g)
{
    printf("{\"id\": \"%s\", \"name\": ", g->id);
    print_json_string(stdout, g->name);
    printf(", \"state\": \"%s\", \"pid\": %ld", guest_state_name(g->state),
           g->state < GUEST_EXITED ? (long)g->pid : 0l);
    if (g->state == GUEST_EXITED)
        printf(", \"exit_status\": %d", g->exit_status);
    printf(", \"started_ns\": %llu, \"memory\": %llu, \"cpus\": %u",
           (unsigned long long)g->start_ns, (unsigned long long)g->ram_len,
           g->cpu_count);
    printf(", \"machine\": \"%s\", \"ports\": ", g->machine);
    print_json_string(stdout, g->ports ? g->ports : "");
    printf(", \"command\": ");
    print_json_string(stdout, g->command);
    puts("}");
}

int verb_ps(int argc, char **argv, struct fault *fault)
{
    struct ps o = { 0 };
    struct guests all;
    size_t i;
    int first,
        err = args_parse_anywhere(options_ps, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("ps");
    if (err == 0 && first < argc)
        return fault_set(fault, EINVAL,
                         "ps takes no names; samara inspect '%s' shows one",
                         argv[first]);
    if (err == 0)
        err = registry_list(&all, fault);
    if (err)
        return err;
    if (!o.quiet && !o.json)
        printf("%-12s  %-20s  %-20s  %6s  %s  %s\n", "ID", "NAME", "STATUS",
               "MEMORY", "PORTS", "COMMAND");
    for (i = 0; i < all.count; i++) {
        const struct guest *g = &all.guest[i];

        if (!o.all && g->state >= GUEST_EXITED)
            continue;
        if (o.quiet)
            puts(g->id);
        else if (o.json)
            show_json(g);
        else
            show_line(g, &o);
    }
    guests_fini(&all);
    return 0;
}
