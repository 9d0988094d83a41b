/* SPDX-License-Identifier: BSD-2-Clause */
/* logs.c - samara logs: what a guest in the background has written. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/guestlog.h"
#include "cli/registry.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/clock.h"
#include "host/fault.h"

#define TAIL_MAX 1000000000u

struct logs {
    struct guestlog_view view;
    bool help;
};

/* "1h30m", "90s": so long ago. False: it is not of this form. */
static bool parse_ago(const char *value, uint64_t *ns_out)
{
    uint64_t total_s = 0;
    const char *p = value;

    if (*p == '\0')
        return false;
    while (*p != '\0') {
        char *end;
        unsigned long n = strtoul(p, &end, 10);
        unsigned long unit_s = *end == 's'   ? 1
                               : *end == 'm' ? 60
                               : *end == 'h' ? 3600
                               : *end == 'd' ? 86400
                                             : 0;

        if (end == p || unit_s == 0 || n > UINT32_MAX)
            return false;
        total_s += n * unit_s;
        p = end + 1;
    }
    *ns_out = clock_ns(CLOCK_REALTIME) - total_s * NS_PER_S;
    return true;
}

/* "2026-01-31T12:00:00", local, or with a Z, or seconds since 1970. */
static bool parse_moment(const char *value, uint64_t *ns_out)
{
    struct tm tm = { .tm_isdst = -1 };
    char *end;
    unsigned long long n = strtoull(value, &end, 10);
    const char *rest;

    if (end != value && *end == '\0') {
        *ns_out = n * NS_PER_S;
        return n < UINT64_MAX / NS_PER_S;
    }
    rest = strptime(value, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest)
        rest = strptime(value, "%Y-%m-%d", &tm);
    if (!rest)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (strcmp(rest, "Z") == 0)
        *ns_out = (uint64_t)timegm(&tm) * NS_PER_S;
    else
        *ns_out = (uint64_t)mktime(&tm) * NS_PER_S;
    return *rest == '\0' || strcmp(rest, "Z") == 0;
}

static int set_moment(const char *option, const char *value, uint64_t *ns_out,
                      struct fault *fault)
{
    if (parse_ago(value, ns_out) || parse_moment(value, ns_out))
        return 0;
    return fault_set(fault, EINVAL,
                     "option %s: '%s' is no time; give 10m, 1h30m, or "
                     "2026-01-31T12:00:00",
                     option, value);
}

static int set_since(void *into, const char *value, struct fault *fault)
{
    return set_moment("--since", value, &((struct logs *)into)->view.since_ns,
                      fault);
}

static int set_until(void *into, const char *value, struct fault *fault)
{
    return set_moment("--until", value, &((struct logs *)into)->view.until_ns,
                      fault);
}

static int set_tail(void *into, const char *value, struct fault *fault)
{
    struct logs *o = into;
    unsigned n = 0;
    int err = 0;

    if (strcmp(value, "all") == 0)
        return 0;
    if (strcmp(value, "0") != 0)
        err = args_count("--tail", value, TAIL_MAX, &n, fault);
    o->view.tail = n;
    return err;
}

const struct arg_option options_logs[] = {
    { 'f', "follow", NULL, "go on until the guest ends",
      ARG_FLAG(struct logs, view.follow) },
    { 'n', "tail", "N", "only the last lines (all)", ARG_SET(set_tail) },
    { 0, "since", "TIME", "from then on: 10m, or 2026-01-31T12:00:00",
      ARG_SET(set_since) },
    { 0, "until", "TIME", "up to then", ARG_SET(set_until) },
    { 't', "timestamps", NULL, "when each line came",
      ARG_FLAG(struct logs, view.timestamps) },
    ARG_HELP(struct logs),
    ARG_END,
};

int verb_logs(int argc, char **argv, struct fault *fault)
{
    struct logs o = { .view = { .tail = UINT64_MAX } };
    struct guest g;
    int first,
        err = args_parse_anywhere(options_logs, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("logs");
    if (err == 0)
        err = verb_guest(argc, argv, first, &g, fault);
    if (err)
        return err;
    if (g.is_detached)
        err = guestlog_show(&g, &o.view, fault);
    else
        err = fault_set(fault, ENOENT,
                        "the guest '%s' runs in the foreground: what it writes "
                        "goes there, and is not kept",
                        g.name);
    guest_fini(&g);
    return err;
}
