/* SPDX-License-Identifier: BSD-2-Clause */
/* debug_options.c - see debug.h. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "cli/debug.h"
#include "host/fault.h"

static int set_rate(void *into, const char *value, struct fault *fault)
{
    return args_count("-F", value, DEBUG_RATE_MAX,
                      &((struct debug_profile *)into)->rate, fault);
}

static int set_seconds(void *into, const char *value, struct fault *fault)
{
    return args_count("-s", value, INT32_MAX,
                      &((struct debug_profile *)into)->seconds, fault);
}

static int set_tid(void *into, const char *value, struct fault *fault)
{
    return args_count("-p", value, INT32_MAX,
                      &((struct debug_profile *)into)->tid, fault);
}

static bool ends_in(const char *s, const char *end)
{
    size_t len = strlen(s), end_len = strlen(end);

    return len > end_len && strcmp(s + len - end_len, end) == 0;
}

static int set_output(void *into, const char *value, struct fault *fault)
{
    if (!ends_in(value, ".svg") && !ends_in(value, ".folded") &&
        !ends_in(value, ".pb.gz"))
        return fault_set(fault, EINVAL,
                         "option -o: '%s' does not say what it shall be; end "
                         "it in .svg (flame graph), .folded (stacks) or .pb.gz "
                         "(pprof)",
                         value);
    list_add(&((struct debug_profile *)into)->outputs, value);
    return 0;
}

#define FLAG(member) ARG_FLAG(struct debug_profile, member)

const struct arg_option options_profile[] = {
    { 'F', "rate", "HZ", "samples a second of each CPU (99)",
      ARG_SET(set_rate) },
    { 's', "seconds", "N", "for so long (until ^C)", ARG_SET(set_seconds) },
    { 'o', "output", "FILE",
      "also write FILE.svg, FILE.folded or FILE.pb.gz; may be repeated",
      ARG_SET(set_output) },
    { 'p', "thread", "TID", "only this thread's", ARG_SET(set_tid) },
    { 't', "threads", NULL, "tell threads apart", FLAG(threads) },
    { 'k', "kernel", NULL, "only what happens in the kernel", FLAG(kernel) },
    { 'u', "user", NULL, "leave the kernel's functions out", FLAG(user) },
    { 0, "off-cpu", NULL, "threads that sleep, by what they wait in",
      FLAG(off_cpu) },
    { 0, "json", NULL, "for programs: a JSON object", FLAG(json) },
    ARG_HELP(struct debug_profile),
    ARG_END,
};

const struct arg_option options_map[] = {
    { 'a', "all", NULL, "every file and every kind, not the largest alone",
      ARG_FLAG(struct debug_map, all) },
    { 0, "json", NULL, "for programs: a JSON object",
      ARG_FLAG(struct debug_map, json) },
    ARG_HELP(struct debug_map),
    ARG_END,
};

int debug_profile_parse(struct debug_profile *o, int argc, char **argv,
                        int *first_out, struct fault *fault)
{
    int err;

    memset(o, 0, sizeof(*o));
    err = args_parse_anywhere(options_profile, o, argc, argv, first_out, fault);
    if (err == 0 && o->kernel && o->user)
        err = fault_set(fault, EINVAL,
                        "--kernel and --user leave nothing; give one of them");
    return err;
}

void debug_profile_fini(struct debug_profile *o)
{
    list_fini(&o->outputs);
}
